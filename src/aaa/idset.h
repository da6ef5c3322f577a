/* A set of small numbers with "the next one at or after x" in a few steps, whatever the size: the free addresses of a
 * pool. Three levels of bits above the numbers; each bit says that the word below it is not empty. 16 million at
 * most. */
#ifndef ADIT_AAA_IDSET_H
#define ADIT_AAA_IDSET_H

#include "base/err.h"

#include <stdint.h>

enum { IDSET_LEVELS = 4, IDSET_MAX = 1 << 24 };

struct idset {
    uint64_t *level[IDSET_LEVELS]; /* [0]: a bit for each number */
    uint32_t size;                 /* numbers 0 .. size-1 */
};

/* Empty. ERR_NOMEM, ERR_VALUE (size is 0 or beyond IDSET_MAX). */
int idset_init(struct idset *s, uint32_t size) MUST_CHECK;
void idset_done(struct idset *s);
bool idset_has(const struct idset *s, uint32_t id);
void idset_add(struct idset *s, uint32_t id);
void idset_remove(struct idset *s, uint32_t id);
/* The least member >= from, else the least of all; false if the set is empty. */
bool idset_next(const struct idset *s, uint32_t from, uint32_t *ret);

#endif

/* Handles instead of pointers: an index with a generation, so that a late answer for a session that is gone finds nothing.
 *
 * The slab holds pointers to things that others allocate; handle 0 is never given out. */
#ifndef ADIT_SERVER_SLAB_H
#define ADIT_SERVER_SLAB_H

#include <stdint.h>

struct slab_slot {
    void *thing;         /* NULL: free */
    uint32_t generation; /* of the thing, or of the last one */
    uint32_t next_free;  /* index + 1 */
};

struct slab {
    struct slab_slot *slots;
    uint32_t n, cap, first_free, live, seed;
};

/* `seed`: the generation to begin with; a random one, so that no handle means something to the next process. */
void slab_init(struct slab *s, uint32_t seed);
void slab_done(struct slab *s);                        /* the things are not touched */
uint64_t slab_add(struct slab *s, void *thing);        /* 0: no memory */
void *slab_get(const struct slab *s, uint64_t handle); /* NULL: gone */
void slab_remove(struct slab *s, uint64_t handle);
/* Calls fn for each live thing; fn may remove it, and only it. */
void slab_each(struct slab *s, void (*fn)(void *ctx, void *thing), void *ctx);

static inline uint32_t slab_index(uint64_t handle)
{
    return (uint32_t)handle;
}

#endif

/* What a pure machine may ask of its host, and nothing else: random bytes, primitives, a sink for notes.
 *
 * All three are called during a call into the machine and must not call back into it. */
#ifndef ADIT_BASE_ENV_H
#define ADIT_BASE_ENV_H

#include "base/note.h"
#include "base/slice.h"

struct prim; /* crypto/prim.h */

struct env {
    void *ctx;                                         /* handed to random and note */
    void (*random)(void *ctx, uint8_t *dst, size_t n); /* cryptographically strong; cannot fail */
    void (*note)(void *ctx, const struct note *);      /* may be NULL */
    const struct prim *prim;
};

static inline void env_note(const struct env *e, enum note_id id, uint32_t a, uint32_t b, struct slice text)
{
    if (e->note) {
        struct note n = { id, a, b, text };
        e->note(e->ctx, &n);
    }
}

#endif

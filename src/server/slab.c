/* See slab.h. */
#include "server/slab.h"

#include <stdlib.h>

void slab_init(struct slab *s, uint32_t seed)
{
    *s = (struct slab){ .seed = seed };
}

void slab_done(struct slab *s)
{
    free(s->slots);
    *s = (struct slab){ 0 };
}

static int grow(struct slab *s)
{
    uint32_t cap = s->cap ? s->cap * 2 : 64;
    struct slab_slot *slots = realloc(s->slots, cap * sizeof(*slots));
    if (!slots)
        return -1;
    s->slots = slots;
    s->cap = cap;
    return 0;
}

uint64_t slab_add(struct slab *s, void *thing)
{
    uint32_t i;
    if (s->first_free) {
        i = s->first_free - 1;
        s->first_free = s->slots[i].next_free;
    } else {
        if (s->n == s->cap && grow(s) < 0)
            return 0;
        i = s->n++;
        s->slots[i].generation = s->seed;
    }
    struct slab_slot *slot = &s->slots[i];
    slot->thing = thing;
    if (++slot->generation == 0)
        slot->generation = 1;
    s->live++;
    return (uint64_t)slot->generation << 32 | i;
}

void *slab_get(const struct slab *s, uint64_t handle)
{
    uint32_t i = slab_index(handle);
    if (i >= s->n || s->slots[i].generation != (uint32_t)(handle >> 32))
        return NULL;
    return s->slots[i].thing;
}

void slab_remove(struct slab *s, uint64_t handle)
{
    if (!slab_get(s, handle))
        return;
    uint32_t i = slab_index(handle);
    s->slots[i].thing = NULL;
    s->slots[i].next_free = s->first_free;
    s->first_free = i + 1;
    s->live--;
}

void slab_each(struct slab *s, void (*fn)(void *ctx, void *thing), void *ctx)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->slots[i].thing)
            fn(ctx, s->slots[i].thing);
}

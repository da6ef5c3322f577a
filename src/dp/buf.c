/* Memory of the data path: arenas for batches, blocks for what must wait. See buf.h. */
#include "dp/buf.h"

#include <stdlib.h>

int arena_init(struct arena *a, size_t cap)
{
    uint8_t *mem = malloc(cap);
    if (!mem)
        return ERR_NOMEM;
    *a = (struct arena){ mem, cap, 0 };
    return 0;
}

void arena_done(struct arena *a)
{
    free(a->mem);
    *a = (struct arena){ 0 };
}

void blocks_init(struct blocks *b, size_t size, unsigned keep)
{
    *b = (struct blocks){ .size = size < sizeof(void *) ? sizeof(void *) : size, .keep = keep };
}

void blocks_done(struct blocks *b)
{
    while (b->free) {
        void *next;
        memcpy(&next, b->free, sizeof(next));
        free(b->free);
        b->free = next;
    }
    b->n_free = 0;
}

uint8_t *blocks_get(struct blocks *b)
{
    if (!b->free)
        return malloc(b->size);
    void *block = b->free;
    memcpy(&b->free, block, sizeof(b->free));
    b->n_free--;
    return block;
}

void blocks_put(struct blocks *b, uint8_t *block)
{
    if (!block)
        return;
    if (b->n_free >= b->keep) {
        free(block);
        return;
    }
    memcpy(block, &b->free, sizeof(b->free));
    b->free = block;
    b->n_free++;
}

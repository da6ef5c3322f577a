/* The chain of blocks behind a queue; see fq_store.h. */
#include "dp/fq_store.h"

static uint32_t capacity(const struct blocks *from)
{
    return (uint32_t)(from->size - sizeof(struct fq_block));
}

static bool grow(struct fq_store *s, struct blocks *from)
{
    struct fq_block *b = (struct fq_block *)(void *)blocks_get(from);
    if (!b)
        return false;
    *b = (struct fq_block){ .next = s->first };
    s->first = b;
    s->blocks++;
    return true;
}

/* Room for an entry of `size` bytes in the first block. */
static struct fq_entry *place(struct fq_store *s, struct blocks *from, uint32_t size)
{
    struct fq_block *b = s->first;
    if ((!b || capacity(from) - b->used < size) && !grow(s, from))
        return NULL;
    b = s->first;
    struct fq_entry *e = (struct fq_entry *)(void *)((uint8_t *)(b + 1) + b->used);
    b->used += size;
    b->live += size;
    s->live += size;
    e->home = b;
    return e;
}

/* Copies what waits into new blocks, list by list; the old ones go as they run empty. Stops where memory ends: what was
 * not moved is where it was. */
static void tidy(struct fq_store *s, struct blocks *from, struct fq_list *lists, unsigned n_lists)
{
    if (!grow(s, from))
        return;
    for (unsigned i = 0; i < n_lists; i++) {
        struct fq_list old = lists[i], moved = { 0 };
        while (old.head) {
            struct fq_entry *e = old.head, *copy = place(s, from, fq_entry_size(e->n));
            if (!copy)
                break;
            struct fq_block *home = copy->home;
            memcpy(copy, e, sizeof(*e) + e->n);
            copy->home = home;
            old.head = e->next;
            fq_list_add(&moved, copy);
            fq_store_drop(s, from, e);
        }
        if (old.head && moved.tail)
            moved.tail->next = old.head;
        lists[i].head = moved.head ? moved.head : old.head;
        lists[i].tail = old.head ? old.tail : moved.tail;
        if (old.head)
            break;
    }
}

struct fq_entry *fq_store_put(struct fq_store *s, struct blocks *from, const struct packet *p, struct fq_list *lists,
                              unsigned n_lists)
{
    if (!fq_store_takes(from, p->n))
        return NULL;
    uint32_t size = fq_entry_size(p->n);
    bool full = !s->first || capacity(from) - s->first->used < size;
    if (full && s->blocks >= 2 && s->blocks >= s->tidy_at && s->live < s->blocks * (uint64_t)capacity(from) / 2) {
        tidy(s, from, lists, n_lists);
        s->tidy_at = 2 * s->blocks;
    }
    struct fq_entry *e = place(s, from, size);
    if (!e)
        return NULL;
    struct fq_block *home = e->home;
    *e = (struct fq_entry){ .home = home, .n = p->n };
    memcpy(e->vnet, p->vnet, sizeof(e->vnet));
    if (p->n)
        memcpy(e->bytes, p->p, p->n);
    return e;
}

static void unlink_block(struct fq_store *s, const struct fq_block *b)
{
    struct fq_block **at = &s->first;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    s->blocks--;
    if (s->blocks == 1)
        s->tidy_at = 0;
}

void fq_store_drop(struct fq_store *s, struct blocks *from, struct fq_entry *e)
{
    struct fq_block *b = e->home;
    uint32_t size = fq_entry_size(e->n);
    b->live -= size;
    s->live -= size;
    if (b->live)
        return;
    b->used = 0;
    if (b == s->first)
        return;
    unlink_block(s, b);
    blocks_put(from, (uint8_t *)b);
}

void fq_store_done(struct fq_store *s, struct blocks *from)
{
    while (s->first) {
        struct fq_block *b = s->first;
        s->first = b->next;
        blocks_put(from, (uint8_t *)b);
    }
    *s = (struct fq_store){ 0 };
}

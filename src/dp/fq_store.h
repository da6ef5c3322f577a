/* Where the packets of a queue lie: copies, in a chain of blocks that exist only while something is in them.
 *
 * A packet is written behind the last one; a block is given back when the last packet in it has gone. Flows take turns,
 * so a packet of a slow flow can keep a block alive alone: when more than half of the chain is dead the live packets
 * are moved together, which costs less than was written since the last time. So the chain is at most about four times
 * what waits, nearly always no more than what waits and a block. */
#ifndef ADIT_DP_FQ_STORE_H
#define ADIT_DP_FQ_STORE_H

#include "dp/buf.h"
#include "dp/fq_codel.h"

struct fq_block {
    struct fq_block *next;
    uint32_t used, live; /* bytes behind this header: written, and of packets that still wait */
};

struct fq_entry {
    struct fq_entry *next; /* of its flow */
    struct fq_block *home;
    usec at; /* when it came */
    uint32_t n;
    uint32_t sent; /* bytes of it that are on their way already */
    bool judged;   /* CoDel let it pass, or marked it */
    uint8_t vnet[TUN_VNET_HDR];
    _Alignas(8) uint8_t bytes[];
};

/* All zeros is an empty store. */
struct fq_store {
    struct fq_block *first; /* the one that is being filled; then younger before older */
    uint32_t blocks;
    uint32_t live;    /* bytes of all entries */
    uint32_t tidy_at; /* blocks: not worth looking before */
};

/* A list of entries, oldest first. */
struct fq_list {
    struct fq_entry *head, *tail;
};

static inline uint32_t fq_entry_size(uint32_t n)
{
    return (uint32_t)((sizeof(struct fq_entry) + n + 7) & ~(size_t)7);
}

/* Whether a packet of n bytes fits into one of these blocks at all. */
static inline bool fq_store_takes(const struct blocks *from, size_t n)
{
    return n <= PACKET_MAX && sizeof(struct fq_block) + fq_entry_size((uint32_t)n) <= from->size;
}

/* A copy of the packet, in no list; NULL: no memory, or it does not fit into a block. May move all entries that are in
 * the n_lists `lists`, which must be all that there are. */
struct fq_entry *fq_store_put(struct fq_store *s, struct blocks *from, const struct packet *p, struct fq_list *lists,
                              unsigned n_lists);

/* Forgets an entry that is in no list any more. */
void fq_store_drop(struct fq_store *s, struct blocks *from, struct fq_entry *e);

/* Gives all blocks back, whatever is in them. */
void fq_store_done(struct fq_store *s, struct blocks *from);

static inline void fq_list_add(struct fq_list *l, struct fq_entry *e)
{
    e->next = NULL;
    if (l->tail)
        l->tail->next = e;
    else
        l->head = e;
    l->tail = e;
}

/* The oldest entry, out of the list; the list is not empty. */
static inline struct fq_entry *fq_list_pop(struct fq_list *l)
{
    struct fq_entry *e = l->head;
    l->head = e->next;
    if (!l->head)
        l->tail = NULL;
    return e;
}

#endif

/* Packets on their way between a TUN queue and tunnels: one packet, a batch of them, and the memory behind a batch.
 *
 * A batch is the interface between TUN queues, tunnels and the hand-over between workers. A packet travels with its
 * virtio_net_hdr beside it: one that was read with offloads may be up to 64 KB of one flow, to be cut (seg/gso.h) where it
 * leaves. Nothing here owns bytes but `struct arena`, and nothing allocates per
 * packet. */
#ifndef ADIT_DP_BUF_H
#define ADIT_DP_BUF_H

#include "base/err.h"
#include "base/slice.h"
#include "net/tun.h"

enum {
    PACKET_MAX = 65536, /* an IP packet of the largest size, and one more */
    PACKET_HEAD = 64,   /* writable bytes before a packet that came from a TUN queue: vnet header, SSTP and PPP heads */
    BATCH_MAX = 192,
};

struct packet {
    uint8_t *p; /* first byte of the IP header; borrowed */
    uint32_t n;
    uint8_t vnet[TUN_VNET_HDR]; /* struct virtio_net_hdr as read, or to be written */
};

struct batch {
    struct packet at[BATCH_MAX];
    unsigned n;
};

static inline void batch_clear(struct batch *b)
{
    b->n = 0;
}

static inline bool batch_full(const struct batch *b)
{
    return b->n == BATCH_MAX;
}

/* Adds a packet with an empty vnet header; the caller has checked batch_full(). */
static inline void batch_add(struct batch *b, uint8_t *p, size_t n)
{
    b->at[b->n++] = (struct packet){ .p = p, .n = (uint32_t)n };
}

/* Memory that the packets of one batch share; one a worker, used anew for each batch. */
struct arena {
    uint8_t *mem;
    size_t cap, used;
};

int arena_init(struct arena *a, size_t cap) MUST_CHECK; /* ERR_NOMEM */
void arena_done(struct arena *a);

static inline void arena_clear(struct arena *a)
{
    a->used = 0;
}

/* Room for a packet of up to `n` bytes, PACKET_HEAD writable bytes before it; NULL if there is none. Nothing is taken yet. */
static inline uint8_t *arena_room(struct arena *a, size_t n)
{
    return a->cap - a->used < PACKET_HEAD + n ? NULL : a->mem + a->used + PACKET_HEAD;
}

/* Takes the n bytes that were written into the room. The next packet begins on a multiple of 8. */
static inline void arena_take(struct arena *a, size_t n)
{
    size_t used = a->used + PACKET_HEAD + n;
    used = (used + 7) & ~(size_t)7;
    a->used = used < a->cap ? used : a->cap;
}

/* Blocks of one size that come and go with congestion: a few are kept for the next one, so that a busy worker does not
 * go to the allocator for each partial frame. */
struct blocks {
    size_t size;
    unsigned keep, n_free; /* at most `keep` wait in the list */
    void *free;
};

void blocks_init(struct blocks *b, size_t size, unsigned keep);
void blocks_done(struct blocks *b);
uint8_t *blocks_get(struct blocks *b);             /* NULL: no memory */
void blocks_put(struct blocks *b, uint8_t *block); /* NULL is fine */

#endif

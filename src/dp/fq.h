/* What a session has to send and its socket does not take: packets in flows, byte-fair turns between the flows, and a
 * standing delay kept near 5 ms by dropping or ECN-marking (FQ-CoDel: RFC 8290 over RFC 8289).
 *
 * It is used only while something waits. With an empty queue (fq_empty) and a socket that takes bytes, packets go past
 * it; `struct fq` itself is 64 bytes and holds no memory then. Packets are copied in and lent out where they lie. Time
 * is an argument. What follows the queue (TLS record, socket) must be short, or the delay stands there and is not seen
 * here: RFC 8290 5.6.
 *
 * A packet may be a super-packet of up to 64 KB with its virtio_net_hdr. It counts by its bytes, and it can be sent
 * piece by piece while other flows take their turns between the pieces:
 *
 *     while (room in the record && fq_next(q, b, now, &turn)) {
 *         ... put the bytes from turn.sent up to `end` into the record; stop after turn.share bytes if it is cut ...
 *         fq_sent(q, b, end);
 *     }
 *
 * Order within a flow is always kept. */
#ifndef ADIT_DP_FQ_H
#define ADIT_DP_FQ_H

#include "dp/fq_store.h"

enum {
    FQ_FLOWS = 32,
    FQ_BYTES = 131072,    /* default limit: two super-packets, and 20 ms of 50 Mbit/s; a fast socket may have more */
    FQ_PACKETS = 2048,    /* default limit: what FQ_BYTES of acknowledgements may count */
    FQ_QUANTUM = 1514,    /* RFC 8290 5.2.4 */
    FQ_QUANTUM_MIN = 256, /* a flow that sent 64 KB at once is passed over until its turns have paid for it */
    FQ_BLOCK = 66 * 1024, /* holds a super-packet */
};

struct fq_conf {
    uint32_t bytes, packets; /* a packet is admitted while fewer wait: one more than the limit can be there */
    uint32_t quantum;        /* bytes of one turn, at least FQ_QUANTUM_MIN */
    bool ecn;                /* mark what can be marked */
    bool plain;              /* neither flows nor CoDel: first in, first out */
    uint32_t block;          /* size of a block; longer packets than it can hold are not queued */
    struct codel_conf codel;
};

extern const struct fq_conf fq_defaults;

/* What a worker lends to all of its queues. */
struct fq_bench {
    struct fq_conf conf;
    uint64_t seed;
    struct blocks tables, blocks;
};

/* `seed`: random, drawn once a boot. `keep`: how many blocks wait for the next congestion. Allocates nothing. */
void fq_bench_init(struct fq_bench *b, const struct fq_conf *conf, uint64_t seed, unsigned keep);
/* After fq_done() of all queues. */
void fq_bench_done(struct fq_bench *b);

struct fq_table;

/* All zeros is an empty queue. */
struct fq {
    struct fq_table *table;  /* NULL while nothing waits */
    uint32_t bytes, packets; /* waiting */
    uint32_t sojourn;        /* microseconds that the last packet of fq_next() waited */
    uint32_t past_count;     /* how hard CoDel pressed the flow that ran empty last, where and until when: see fq.c */
    usec past_next;
    uint64_t dropped, marked, overflowed; /* packets: dropped by CoDel, CE-marked, dropped for want of room */
    uint8_t past_flow;
};

static inline bool fq_empty(const struct fq *q)
{
    return !q->packets;
}

/* Copies a packet to the end of its flow. Where the limit is reached, the flow with the most bytes loses its oldest
 * packets (RFC 8290 4.1; counted in `overflowed`). False: this packet itself was dropped, for want of memory or because
 * a block does not hold it (counted there too). Bytes lent before are gone. */
bool fq_push(struct fq *q, struct fq_bench *b, const struct packet *p, usec now) MUST_CHECK;

/* A packet whose turn it is. */
struct fq_turn {
    struct packet packet; /* all of it, whatever was sent; the bytes may be changed in place, and cut from */
    uint32_t sent;        /* its first bytes that fq_sent() has accounted for; 0 for a fresh packet */
    uint32_t share;       /* bytes after which another flow is due; UINT32_MAX if no other waits */
};

/* Chooses the packet that is to go next; CoDel may drop packets before it, or mark it. False: nothing waits. It may be
 * asked again, with the same answer unless time passed or fq_push() came between; nothing is taken until fq_sent(). The
 * bytes are lent until the next call. */
bool fq_next(struct fq *q, struct fq_bench *b, usec now, struct fq_turn *ret_turn) MUST_CHECK;

/* The packet of the last fq_next(), after which nothing else was called, is sent up to byte `end` of it; at its length
 * it is taken off the queue. */
void fq_sent(struct fq *q, struct fq_bench *b, uint32_t end);

/* Forgets what waits and gives the memory back; the counters stay. Not counted as drops. */
void fq_done(struct fq *q, struct fq_bench *b);

/* Bytes of memory that the queue holds now. */
size_t fq_memory(const struct fq *q, const struct fq_bench *b);

#endif

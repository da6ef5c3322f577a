/* A TUN queue as a source and a sink of batches.
 *
 * With offloads, what is read may be super-packets (seg/gso.h cuts them), and what is written is joined first: the packets
 * of a batch become one write a flow. Without, a read and a write a packet. */
#ifndef ADIT_DP_TUNQ_H
#define ADIT_DP_TUNQ_H

#include "dp/buf.h"
#include "dp/drops.h"
#include "seg/gro.h"

/* About 30 KB. */
struct tunq {
    int fd;           /* -1: none; not owned */
    unsigned offload; /* what tun_offload() switched on */
    struct gro gro;
};

void tunq_init(struct tunq *q, int fd, unsigned offload);

enum {
    TUNQ_ARENA = 4 * (PACKET_HEAD + PACKET_MAX)
}; /* for one batch: what stays in a processor's second-level cache */

/* Reads packets into `arena` until the queue is empty, the batch or the arena is full. Clears both first. Returns how
 * many, or ERR_SYSTEM when the queue is gone; *ret_more tells whether there may be more to read. */
int tunq_read(struct tunq *q, struct arena *arena, struct batch *out, bool *ret_more) MUST_CHECK;

/* Writes all packets, none of them a super-packet; those that the kernel does not take are counted. */
void tunq_write(struct tunq *q, const struct batch *packets, struct drops *drops);

#endif

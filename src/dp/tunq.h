/* A TUN queue as a source and a sink of batches.
 *
 * With offloads, what is read may be super-packets (seg/gso.h cuts them), and what is written is joined first: the packets
 * of a batch become one write a flow. Without, a read and a write a packet. */
#ifndef ADIT_DP_TUNQ_H
#define ADIT_DP_TUNQ_H

#include "base/tick.h"
#include "dp/buf.h"
#include "dp/drops.h"
#include "seg/gro.h"

/* About 38 KB. */
struct tunq {
    int fd;           /* -1: none; not owned */
    unsigned offload; /* what tun_offload() switched on */
    msec standing;    /* since when it was never found empty; NEVER: it was */
    struct gro gro;
};

void tunq_init(struct tunq *q, int fd, unsigned offload);

/* Packets that have stood in the kernel's queue for longer than this are taken in, all of them, into the sessions' queues,
 * where flows take turns and CoDel judges; before that they go straight from one into the other, which is cheaper. */
enum { TUNQ_STANDING = 5 /* ms */, TUNQ_TURN = 4, TUNQ_TURN_STANDING = 24 /* batches of one turn of the loop */ };

/* Once a turn, before its first tunq_read(): whether the queue stands. */
bool tunq_stands(const struct tunq *q, msec now);
/* After its last one: `more` as tunq_read() said. */
void tunq_note(struct tunq *q, bool more, msec now);

enum {
    TUNQ_ARENA = 4 * (PACKET_HEAD + PACKET_MAX)
}; /* for one batch: what stays in a processor's second-level cache */

/* Reads packets into `arena` until the queue is empty, the batch or the arena is full. Clears both first. Returns how
 * many, or ERR_SYSTEM when the queue is gone; *ret_more tells whether there may be more to read. */
int tunq_read(struct tunq *q, struct arena *arena, struct batch *out, bool *ret_more) MUST_CHECK;

/* Writes all packets, none of them a super-packet; those that the kernel does not take are counted. */
void tunq_write(struct tunq *q, const struct batch *packets, struct drops *drops);

#endif

/* A TUN queue as a source and a sink of batches. */
#ifndef ADIT_DP_TUNQ_H
#define ADIT_DP_TUNQ_H

#include "dp/buf.h"
#include "dp/drops.h"

/* Reads packets into `arena` until the queue is empty, the batch or the arena is full. Clears both first. Returns how
 * many, or ERR_SYSTEM when the queue is gone. */
int tunq_read(int fd, struct arena *arena, struct batch *out) MUST_CHECK;

/* Writes all packets; those that the kernel does not take are counted. Overwrites the TUN_VNET_HDR bytes before each
 * packet, in order: what lies there belongs to a packet before it, or to nobody. */
void tunq_write(int fd, const struct batch *packets, struct drops *drops);

#endif

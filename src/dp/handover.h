/* Batches between workers: packets that the kernel gave to a worker that does not own them.
 *
 * One datagram on the bounded socketpair carries several packets: 32-bit length, vnet header, bytes, each. The receiver
 * delivers to its own sessions only and never passes on again, so that nothing can go in circles. */
#ifndef ADIT_DP_HANDOVER_H
#define ADIT_DP_HANDOVER_H

#include "dp/buf.h"
#include "dp/drops.h"

enum { HANDOVER_MAX = 65536 + 64 }; /* a datagram: at least one packet of the largest size */

/* A connected pair of datagram sockets with bounded buffers, non-blocking, close-on-exec. */
int handover_pair(int fds[2]) MUST_CHECK;
/* Sends the packets in as few datagrams as hold them, built in buf (HANDOVER_MAX); what the socket does not take is counted. */
void handover_send(int fd, const struct batch *packets, uint8_t *buf, struct drops *drops);
/* One datagram into buf (HANDOVER_MAX), as a batch that borrows it. Returns packets, 0: nothing there; ERR_LENGTH:
 * malformed (the batch is empty then); ERR_LOST: the other worker is gone. */
int handover_recv(int fd, uint8_t *buf, struct batch *out) MUST_CHECK;

#endif

/* What a queue must know of a packet: which flow it belongs to, and whether it may be marked instead of dropped. */
#ifndef ADIT_DP_FQ_CLASS_H
#define ADIT_DP_FQ_CLASS_H

#include "base/slice.h"

/* A number that is the same for all packets of one flow: of the addresses, the protocol and (TCP, UDP, UDP-Lite, SCTP,
 * DCCP) the ports. All fragments of a datagram have one number, by addresses and identification. What is not IP is one
 * flow. `seed` is drawn once a boot, so that nobody outside can choose who shares a bucket with whom (RFC 8290 4.1). */
uint64_t fq_class(struct slice packet, uint64_t seed);

/* RFC 3168 5: sets Congestion Experienced where the packet says that its transport understands it, and keeps the IPv4
 * header checksum right; all segments that are cut from a super-packet inherit it. False, and nothing changed, for a
 * packet that is not ECN-capable (or no IP). True also if it was marked already. */
bool fq_mark(uint8_t *packet, size_t n);

#endif

/* TCP connections that go through a tunnel learn its MTU from the first packet: the MSS option of SYNs is lowered.
 *
 * Works in place, on packets in either direction; never raises what the ends have said. */
#ifndef ADIT_SEG_MSS_H
#define ADIT_SEG_MSS_H

#include "base/slice.h"

/* Lowers the MSS option of a TCP SYN or SYN-ACK to what fits into `mtu` bytes: the MTU without the fixed IP and TCP
 * headers (RFC 9293 3.7.1, RFC 6691 2). Everything else is left alone: no SYN, no option, options that do not add up,
 * fragments without the TCP header, an MTU smaller than the headers. `partial`: the packet came from a TUN queue with
 * VNET_NEEDS_CSUM, so its checksum field holds the sum of the pseudo header, in which the options have no part. Otherwise
 * the checksum follows (RFC 1624 3), and a wrong one stays wrong. True if the packet was changed. */
bool mss_clamp(uint8_t *packet, size_t n, unsigned mtu, bool partial);

#endif

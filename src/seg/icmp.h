/* The answer to a packet that does not fit into a tunnel: ICMP "fragmentation needed" and ICMPv6 "packet too big".
 *
 * Made here, sent by whoever has the TUN, who also limits how many there are in a second (RFC 1812 4.3.2.8, RFC 4443
 * 2.4 (f)): nothing here has a clock. Packets without DF are fragmented instead, see frag.h. */
#ifndef ADIT_SEG_ICMP_H
#define ADIT_SEG_ICMP_H

#include "base/slice.h"

enum {
    ICMP4_ANSWER_MAX = 576,  /* RFC 1812 4.3.2.3 */
    ICMP6_ANSWER_MAX = 1280, /* RFC 4443 2.4 (c), 3.2: the minimum IPv6 MTU */
};

/* Writes what tells the source of `packet` that at most `mtu` bytes fit; returns its length, or 0 if it does not fit into
 * cap (ICMP6_ANSWER_MAX always suffices) or if there is to be no answer: to ICMP errors, to fragments other than the
 * first, to sources that are not one host, to what is no IP packet; in IPv4 where DF is not set, and to packets for
 * broadcast and multicast addresses (a directed broadcast the caller has to know). IPv6 answers multicast, too (RFC 4443
 * 2.4 (e.3)). `own`: the tunnel's address of the packet's family; v4-mapped for IPv4, as everywhere 16 bytes. dst must
 * not overlap the packet.
 * Of a super-packet, the first packet that is cut off it (gso_next) is what does not fit: answer that one. */
size_t icmp_too_big(uint8_t *dst, size_t cap, struct slice packet, unsigned mtu, const uint8_t own[16]);

#endif

/* IP packets that carry UDP, whole: what session/inform and session/inform_client send and take beside neighbour
 * discovery. No fragments, no options. */
#ifndef ADIT_SESSION_INFORM_PKT_H
#define ADIT_SESSION_INFORM_PKT_H

#include "base/wr.h"
#include "wire/ip.h"

enum {
    INFORM_PACKET_MAX = 1500, /* no packet made here is longer */
    INFORM_IP6_MAX = 1280,    /* nor an IPv6 packet: every link takes this (RFC 8200 5) */
};

extern const uint8_t inform_all_nodes[16];   /* ff02::1 */
extern const uint8_t inform_all_routers[16]; /* ff02::2 */
extern const uint8_t inform_all_dhcp6[16];   /* ff02::1:2 */

/* fe80::/64 and the interface identifier (RFC 5072 5). */
void inform_link_local(const uint8_t id[8], uint8_t out[16]);
bool inform_is_link_local(struct slice addr);
/* The 16 bytes of an IPv6 address; false for another length. */
bool inform_addr_is(struct slice addr, const uint8_t addr16[16]);
/* A 4-byte address as a host-order number. */
uint32_t inform_addr4(struct slice addr);

/* Head of IP and UDP; addresses in host order, or 16 bytes. Returns where the packet begins, for inform_udp_end(). */
size_t inform_udp4_begin(struct wr *w, uint32_t src, uint32_t dst, uint16_t src_port, uint16_t dst_port);
size_t inform_udp6_begin(struct wr *w, const uint8_t src[16], const uint8_t dst[16], uint16_t src_port,
                         uint16_t dst_port);
/* Lengths and checksums. */
void inform_udp_end(struct wr *w, size_t start);

/* The datagram of a whole packet. ERR_UNKNOWN: not UDP, or a fragment; ERR_SECURITY: a checksum does not hold;
 * or an error of udp_parse(). */
int inform_udp_read(const struct ip_view *ip, struct udp_view *ret_udp) MUST_CHECK;

#endif

/* What the files of this folder share: offsets in the headers that they rewrite, and numbers at those offsets.
 *
 * Only for bytes that ip_parse(), tcp_parse() or udp_parse() have measured already; nothing is checked here. */
#ifndef ADIT_SEG_HEAD_H
#define ADIT_SEG_HEAD_H

#include "wire/ip.h"

enum {
    IP4_TOS = 1,
    IP4_TOTAL = 2,
    IP4_ID = 4,
    IP4_FRAG = 6,
    IP4_TTL = 8,
    IP4_PROTO = 9,
    IP4_CHECK = 10,
    IP4_SRC = 12,
    IP6_PAYLOAD = 4,
    IP6_NEXT = 6,
    IP6_HOPS = 7,
    IP6_SRC = 8,
    TCP_SEQ = 4,
    TCP_ACK_SEQ = 8,
    TCP_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_WINDOW = 14,
    TCP_CHECK = 16,
    TCP_URGENT = 18,
    UDP_LEN = 4,
    UDP_CHECK = 6,
};

enum { IP4_RESERVED = 0x8000, IP4_DF = 0x4000, IP4_MF = 0x2000, IP4_OFFSET = 0x1fff };

enum { TCP_ECE = 0x40, TCP_CWR = 0x80 }; /* RFC 3168 6.1 */

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

/* The IP header may be repeated before each of several packets: not a fragment, and of IPv6 extension headers only
 * those that say the same to every packet (not Fragment, not AH, whose check value covers the one packet). */
bool head_repeats(const struct ip_view *ip);

/* IPv6: `whole` is 40 bytes more than the payload length says. */
static inline void put_ip6_total(uint8_t *ip, size_t whole)
{
    put16(ip + IP6_PAYLOAD, (unsigned)(whole - IP6_HEAD));
}

/* IPv4: total length, and the header's checksum (RFC 791 3.1) anew. */
void put_ip4_total(uint8_t *ip, size_t head_len, size_t whole);

#endif

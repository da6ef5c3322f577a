/* IPv4, IPv6, TCP, UDP and ICMP headers: views into a packet, and the checksums over them.
 *
 * What the data path needs to know of a tunnelled packet: whose it is, where it goes, how long it is, whether it is a
 * fragment, which ports it has, which MSS a SYN offers. It changes nothing and judges nothing; a checksum is computed
 * but never verified. Lengths inside the packet are checked against the bytes that are there; bytes after the length
 * that the IP header states are padding of the link (RFC 1661 2) and are left out of the view. */
#ifndef ADIT_WIRE_IP_H
#define ADIT_WIRE_IP_H

#include "base/err.h"
#include "base/rd.h"

enum {
    IP4_HEAD = 20,
    IP6_HEAD = 40,
    TCP_HEAD = 20,
    UDP_HEAD = 8,
    ICMP_HEAD = 8,
    IP6_EXTENSIONS_MAX = 8, /* extension headers that are walked; a packet with more is refused */
};

enum { /* protocol numbers: next header in IPv6 */
       IP_HOP_BY_HOP = 0,
       IP_ICMP = 1,
       IP_IGMP = 2,
       IP_TCP = 6,
       IP_UDP = 17,
       IP_ROUTING = 43,
       IP_FRAGMENT = 44,
       IP_ESP = 50,
       IP_AH = 51,
       IP_ICMP6 = 58,
       IP_NO_NEXT = 59,
       IP_DEST_OPTIONS = 60,
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

struct ip_view {
    uint8_t version;      /* 4 or 6 */
    uint8_t proto;        /* what `payload` is: in IPv6 after the extension headers */
    uint8_t tos, ttl;     /* traffic class and hop limit in IPv6 */
    bool dont_fragment;   /* IPv6: always */
    bool fragment;        /* one piece of several */
    bool first;           /* the transport header is here: a whole packet, or the fragment at offset 0 */
    uint16_t frag_offset; /* bytes */
    uint32_t frag_id;
    struct slice whole;   /* the packet, as long as its header says */
    struct slice head;    /* IP header with options or extension headers */
    struct slice payload; /* what follows */
    struct slice src;     /* 4 or 16 bytes */
    struct slice dst;
};

/* Looks at a packet of either family (RFC 791 3.1, RFC 8200 3 and 4). Returns 0 or
 *   ERR_TRUNCATED  fewer bytes than the headers or the total length need;
 *   ERR_VERSION    neither 4 nor 6;
 *   ERR_LENGTH     a header length that contradicts the total length, or is smaller than a header;
 *   ERR_VALUE      more than IP6_EXTENSIONS_MAX extension headers.
 * The view borrows the bytes; untouched on failure. */
int ip_parse(struct slice packet, struct ip_view *ret_ip) MUST_CHECK;

struct tcp_view {
    uint16_t src_port, dst_port, window, check, urgent;
    uint32_t seq, ack;
    uint8_t flags;        /* TCP_* */
    struct slice options; /* between the fixed header and the data */
    struct slice payload;
};

/* RFC 9293 3.1. `bytes` begins with the TCP header (ip_view.payload of a packet that is `first`). */
int tcp_parse(struct slice bytes, struct tcp_view *ret_tcp) MUST_CHECK;

/* The MSS option: its value, and where in `bytes` (as given to tcp_parse) it stands, so that it can be changed with
 * csum_update16(). ERR_MISSING if there is none; another error if the options do not add up before one is found. */
int tcp_mss(struct slice bytes, uint16_t *ret_mss, size_t *ret_at) MUST_CHECK;

struct udp_view {
    uint16_t src_port, dst_port, check;
    struct slice payload; /* as long as the UDP header says */
};

/* RFC 768. A fragment's datagram is longer than its bytes: ERR_LENGTH. */
int udp_parse(struct slice bytes, struct udp_view *ret_udp) MUST_CHECK;

struct icmp_view {
    uint8_t type, code;
    uint16_t check;
    uint32_t rest; /* the second word: identifier and sequence, MTU, pointer … */
    struct slice payload;
};

/* RFC 792, RFC 4443 2.1; the fixed eight bytes that ICMP and ICMPv6 have in common. */
int icmp_parse(struct slice bytes, struct icmp_view *ret_icmp) MUST_CHECK;

/* The addresses as 16 bytes (v4-mapped for IPv4), for anti-spoofing and steering: no more of the packet is looked at
 * than the version and the address. False, and `out` untouched, if it is not IP or too short. */
bool ip_source16(struct slice packet, uint8_t out[16]);
bool ip_dest16(struct slice packet, uint8_t out[16]);

/* What kind of destination these 16 bytes are. A directed broadcast cannot be seen without its network. */
bool ip_is_multicast(const uint8_t addr16[16]); /* RFC 1112 4, RFC 4291 2.7 */
bool ip_is_broadcast(const uint8_t addr16[16]); /* 255.255.255.255 only (RFC 919 7) */

/* The Internet checksum (RFC 1071): a running sum of 16-bit words, then its folded complement. A piece of odd length
 * may only come last. */
uint64_t csum_add(uint64_t sum, struct slice bytes);
/* As csum_add(), and copies the bytes to dst in the same pass, which costs little more than the copy alone. dst must not
 * overlap them. */
uint64_t csum_copy(uint64_t sum, uint8_t *dst, struct slice bytes);
uint16_t csum_fold(uint64_t sum);
/* The pseudo header of either family (RFC 9293 3.1, RFC 8200 8.1) for `proto` and `len` bytes of transport. */
uint64_t csum_pseudo(const struct ip_view *ip, uint8_t proto, uint32_t len);
/* A checksum after one 16-bit word under it changed (RFC 1624 3, equation 3). */
uint16_t csum_update16(uint16_t check, uint16_t old_word, uint16_t new_word);
/* What the checksum field of the transport header should hold: over pseudo header and payload, with the field at
 * `check_at` of the payload counted as zero. A UDP result of 0 is returned as 0xffff (RFC 768). Only for a packet
 * that is not a fragment, and check_at even. ICMP (not v6) and IGMP have no pseudo header. */
uint16_t csum_transport(const struct ip_view *ip, size_t check_at);

#endif

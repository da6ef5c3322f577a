/* Packets made to order for the tests of seg, slowly and obviously: one description, one packet, checksums byte by byte.
 *
 * Also the reference for cutting: the packets that a super-packet stands for are made one by one from the changed
 * description, with no code of src/seg in it. */
#ifndef ADIT_TESTS_SEG_MADE_H
#define ADIT_TESTS_SEG_MADE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/slice.h"

enum { MADE_MAX = 65536 + 256 };

struct made {
    int version;
    uint8_t tos, ttl;
    bool df, mf, reserved;
    uint16_t id;
    uint32_t label;     /* IPv6 flow label */
    uint8_t host;       /* last byte of the source address */
    uint8_t ip_options; /* IPv4: bytes, a multiple of 4 */
    uint8_t extensions; /* IPv6: destination options headers of 8 bytes */
    uint8_t proto;      /* 6 or 17 */
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint8_t flags;
    uint8_t tcp_low; /* the four bits beside the data offset */
    uint16_t window, urgent;
    uint8_t tcp_options[40];
    uint8_t tcp_options_len;
    const uint8_t *data;
    size_t n;
};

static inline struct made made_tcp(int version, const uint8_t *data, size_t n)
{
    return (struct made){ .version = version,
                          .ttl = 64,
                          .df = true,
                          .id = 100,
                          .host = 1,
                          .proto = 6,
                          .sport = 40000,
                          .dport = 443,
                          .seq = 1000,
                          .ack = 77,
                          .flags = 0x10,
                          .window = 500,
                          .data = data,
                          .n = n };
}

static inline struct made made_udp(int version, const uint8_t *data, size_t n)
{
    struct made m = made_tcp(version, data, n);
    m.proto = 17;
    return m;
}

static inline void made_u16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void made_u32(uint8_t *p, uint32_t v)
{
    made_u16(p, v >> 16);
    made_u16(p + 2, v & 0xffff);
}

/* RFC 1071 1, word by word. */
static inline uint32_t made_sum(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static inline size_t made_ip_len(const struct made *m)
{
    return m->version == 4 ? 20u + m->ip_options : 40u + 8u * m->extensions;
}

static inline size_t made_head_len(const struct made *m)
{
    return made_ip_len(m) + (m->proto == 6 ? 20u + m->tcp_options_len : 8u);
}

static inline void made_ip(const struct made *m, uint8_t *p, size_t whole)
{
    size_t ip = made_ip_len(m);
    memset(p, 0, ip);
    if (m->version == 4) {
        p[0] = (uint8_t)(0x40 | ip / 4);
        p[1] = m->tos;
        made_u16(p + 2, (unsigned)whole);
        made_u16(p + 4, m->id);
        made_u16(p + 6, (m->df ? 0x4000u : 0) | (m->mf ? 0x2000u : 0) | (m->reserved ? 0x8000u : 0));
        p[8] = m->ttl;
        p[9] = m->proto;
        memcpy(p + 12, (uint8_t[]){ 198, 18, 1, m->host, 198, 18, 2, 1 }, 8);
        memset(p + 20, 1, m->ip_options); /* no operation */
        made_u16(p + 10, ~made_sum(0, p, ip));
        return;
    }
    made_u32(p, 6u << 28 | (uint32_t)m->tos << 20 | m->label);
    made_u16(p + 4, (unsigned)(whole - 40));
    p[6] = m->extensions ? 60 : m->proto;
    p[7] = m->ttl;
    memcpy(p + 8, (uint8_t[]){ 0xfd, 0, 0, 0x18, 0, 1, [15] = m->host }, 16);
    memcpy(p + 24, (uint8_t[]){ 0xfd, 0, 0, 0x18, 0, 2, [15] = 1 }, 16);
    for (unsigned i = 0; i < m->extensions; i++) /* next header, length, PadN of 4 */
        memcpy(p + 40 + 8 * i, (uint8_t[]){ i + 1 < m->extensions ? 60 : m->proto, 0, 1, 4, 0, 0, 0, 0 }, 8);
}

static inline uint32_t made_pseudo(const struct made *m, const uint8_t *ip, size_t len)
{
    uint32_t sum = m->version == 4 ? made_sum(0, ip + 12, 8) : made_sum(0, ip + 8, 32);
    sum += m->proto + (uint32_t)len;
    return (sum & 0xffff) + (sum >> 16);
}

/* Writes the packet; `partial`: only the sum of the pseudo header in the checksum field. Returns its length. */
static inline size_t made_packet(const struct made *m, uint8_t *p, bool partial)
{
    size_t ip = made_ip_len(m), head = made_head_len(m), whole = head + m->n, len = whole - ip;
    made_ip(m, p, whole);
    uint8_t *t = p + ip;
    memset(t, 0, head - ip);
    made_u16(t, m->sport);
    made_u16(t + 2, m->dport);
    size_t check = m->proto == 6 ? 16 : 6;
    if (m->proto == 6) {
        made_u32(t + 4, m->seq);
        made_u32(t + 8, m->ack);
        t[12] = (uint8_t)((head - ip) / 4 << 4 | m->tcp_low);
        t[13] = m->flags;
        made_u16(t + 14, m->window);
        made_u16(t + 18, m->urgent);
        memcpy(t + 20, m->tcp_options, m->tcp_options_len);
    } else {
        made_u16(t + 4, (unsigned)len);
    }
    if (m->n)
        memcpy(p + head, m->data, m->n);
    uint32_t pseudo = made_pseudo(m, p, len);
    uint16_t sum = (uint16_t)~made_sum(pseudo, t, len);
    if (m->proto == 17 && sum == 0)
        sum = 0xffff;
    made_u16(t + check, partial ? pseudo : sum);
    return whole;
}

/* Describes packet i of those that m stands for when cut into pieces of `size` bytes; false behind the last. */
static inline bool made_piece(const struct made *m, size_t size, size_t i, struct made *ret)
{
    size_t at = i * size;
    if (at >= m->n)
        return false;
    struct made p = *m;
    p.data += at;
    p.n = m->n - at < size ? m->n - at : size;
    p.seq += (uint32_t)at;
    p.id = (uint16_t)(p.id + i);
    if (at + p.n < m->n)
        p.flags &= (uint8_t)~0x09; /* FIN, PSH */
    if (i)
        p.flags &= (uint8_t)~0x80; /* CWR */
    *ret = p;
    return true;
}

/* The virtio_net_hdr of a super-packet that m describes (this machine's byte order). */
static inline void made_vnet(const struct made *m, size_t size, uint8_t vnet[10])
{
    uint16_t v[4] = { (uint16_t)made_head_len(m), (uint16_t)size, (uint16_t)made_ip_len(m), m->proto == 6 ? 16 : 6 };
    vnet[0] = 1;
    vnet[1] = m->proto == 17 ? 5 : m->version == 4 ? 1 : 4;
    if (m->proto == 6 && m->flags & 0x80)
        vnet[1] |= 0x80;
    memcpy(vnet + 2, v, 8);
}

/* A small generator with a seed (xorshift): a failure is repeated with the seed it prints. */
static uint64_t made_state;
static unsigned made_seed;

static inline void made_start(unsigned seed)
{
    made_seed = seed;
    made_state = 0x9e3779b97f4a7c15u * (seed + 1u);
}

static inline uint32_t made_random(uint32_t below)
{
    made_state ^= made_state << 13;
    made_state ^= made_state >> 7;
    made_state ^= made_state << 17;
    return (uint32_t)((made_state >> 20) % below);
}

/* An assertion that names the seed. */
static inline void made_need(bool holds, const char *words)
{
    if (holds)
        return;
    print_error("seed %u: %s\n", made_seed, words);
    fail();
}

#define need(condition) made_need((condition), #condition)

#endif

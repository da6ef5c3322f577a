/* Packets for the tests of the queue: IPv4 with UDP, their flow in the port, a serial number in the payload. */
#ifndef ADIT_TEST_FQ_PACKETS_H
#define ADIT_TEST_FQ_PACKETS_H

#include "base/wr.h"
#include "dp/buf.h"
#include "wire/ip.h"

enum { NOT_ECT = 0, ECT1 = 1, ECT0 = 2, CE = 3, PACKET_MIN = 36 };

/* At least PACKET_MIN bytes. */
static inline struct packet packet_of(uint8_t *buf, unsigned flow, uint64_t serial, uint32_t n, unsigned tos)
{
    struct wr w = wr_of(buf, n);
    wr_u8(&w, 0x45);
    wr_u8(&w, tos);
    wr_u16(&w, n);
    wr_u32(&w, 0);
    wr_u8(&w, 64);
    wr_u8(&w, IP_UDP);
    wr_u16(&w, 0);
    wr_u32(&w, 0x0a000001);
    wr_u32(&w, 0x0a000002);
    wr_u16(&w, 1000 + flow);
    wr_u16(&w, 53);
    wr_u16(&w, n - IP4_HEAD);
    wr_u16(&w, 0);
    wr_u64(&w, serial);
    for (uint32_t i = PACKET_MIN; i < n; i++)
        buf[i] = (uint8_t)(serial + i);
    uint16_t check = csum_fold(csum_add(0, slice_of(buf, IP4_HEAD)));
    buf[10] = (uint8_t)(check >> 8);
    buf[11] = (uint8_t)check;
    return (struct packet){ .p = buf, .n = n };
}

static inline unsigned packet_flow(const struct packet *p)
{
    struct rd r = rd_of(p->p, p->n);
    rd_skip(&r, IP4_HEAD);
    return rd_u16(&r) - 1000u;
}

static inline uint64_t packet_serial(const struct packet *p)
{
    struct rd r = rd_of(p->p, p->n);
    rd_skip(&r, IP4_HEAD + UDP_HEAD);
    return rd_u64(&r);
}

/* The IPv4 header adds up, and every byte of the payload is the one that packet_of() wrote. */
static inline bool packet_intact(const struct packet *p)
{
    uint64_t serial = packet_serial(p);
    if (csum_fold(csum_add(0, slice_of(p->p, IP4_HEAD))) != 0)
        return false;
    for (uint32_t i = PACKET_MIN; i < p->n; i++) {
        if (p->p[i] != (uint8_t)(serial + i))
            return false;
    }
    return true;
}

/* A generator whose seed can be printed (splitmix64). */
static inline uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif

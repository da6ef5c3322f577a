/* Flow numbers and ECN marks; see fq_class.h. */
#include "dp/fq_class.h"

#include "base/wr.h"
#include "wire/ip.h"

enum { IP_DCCP = 33, IP_SCTP = 132, IP_UDP_LITE = 136 };

/* One word into the number. Not a cryptographic hash: a peer that finds collisions slows its own flows only. */
static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t mix_slice(uint64_t h, struct slice s)
{
    struct rd r = rd_slice(s);
    while (rd_left(&r) >= 8)
        h = mix(h, rd_u64(&r));
    return rd_left(&r) >= 4 ? mix(h, rd_u32(&r)) : h;
}

static bool has_ports(uint8_t proto)
{
    return proto == IP_TCP || proto == IP_UDP || proto == IP_UDP_LITE || proto == IP_SCTP || proto == IP_DCCP;
}

uint64_t fq_class(struct slice packet, uint64_t seed)
{
    struct ip_view ip;
    if (ip_parse(packet, &ip) < 0)
        return mix(seed, 0);
    uint64_t h = mix_slice(mix_slice(mix(seed, ip.version), ip.src), ip.dst);
    uint32_t ports = 0;
    if (!ip.fragment && has_ports(ip.proto)) {
        struct rd r = rd_slice(ip.payload);
        ports = rd_u32(&r);
    }
    /* RFC 8200 4.5: an IPv6 fragment is identified without its protocol, which later fragments may not show. */
    if (ip.fragment)
        h = mix(h, UINT64_C(1) << 40 | ip.frag_id);
    else
        h = mix(h, (uint64_t)ip.proto << 32 | ports);
    return mix(h, h >> 32);
}

static bool mark_v4(uint8_t *packet)
{
    struct rd r = rd_of(packet, IP4_HEAD);
    uint16_t before = rd_u16(&r);
    rd_skip(&r, 8);
    uint16_t check = rd_u16(&r);
    if (!(before & 3))
        return false;
    uint16_t after = before | 3;
    struct wr w = wr_of(packet, 2);
    wr_u16(&w, after);
    w = wr_of(packet + 10, 2);
    wr_u16(&w, csum_update16(check, before, after));
    return true;
}

/* The traffic class stands across the first two bytes (RFC 8200 3); no checksum covers it. */
static bool mark_v6(uint8_t *packet)
{
    if (!(packet[1] & 0x30))
        return false;
    packet[1] |= 0x30;
    return true;
}

bool fq_mark(uint8_t *packet, size_t n)
{
    unsigned version = n ? packet[0] >> 4 : 0;
    if (version == 4 && n >= IP4_HEAD)
        return mark_v4(packet);
    return version == 6 && n >= IP6_HEAD && mark_v6(packet);
}

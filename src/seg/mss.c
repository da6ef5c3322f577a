/* MSS clamping; see mss.h. */
#include "seg/mss.h"

#include "seg/head.h"

/* Almost every packet is no SYN: a look at the common headers, so that only the rest is parsed. */
static bool may_be_syn(const uint8_t *p, size_t n)
{
    if (n < IP4_HEAD + TCP_HEAD)
        return false;
    if (p[0] >> 4 == 4) {
        size_t head = (p[0] & 0xfu) * 4;
        return p[IP4_PROTO] == IP_TCP && head + TCP_HEAD <= n && p[head + TCP_FLAGS] & TCP_SYN;
    }
    if (n < IP6_HEAD + TCP_HEAD)
        return false;
    if (p[IP6_NEXT] == IP_TCP)
        return p[IP6_HEAD + TCP_FLAGS] & TCP_SYN;
    return p[IP6_NEXT] != IP_UDP; /* extension headers, perhaps */
}

static uint16_t swapped(uint16_t v)
{
    return (uint16_t)(v << 8 | v >> 8);
}

bool mss_clamp(uint8_t *packet, size_t n, unsigned mtu, bool partial)
{
    struct ip_view ip;
    struct tcp_view tcp;
    uint16_t mss;
    size_t at;
    if (!may_be_syn(packet, n) || ip_parse(slice_of(packet, n), &ip) < 0)
        return false;
    if (!ip.first || ip.proto != IP_TCP || tcp_parse(ip.payload, &tcp) < 0 || !(tcp.flags & TCP_SYN))
        return false;
    unsigned heads = (ip.version == 4 ? (unsigned)IP4_HEAD : (unsigned)IP6_HEAD) + TCP_HEAD;
    if (tcp_mss(ip.payload, &mss, &at) < 0 || mtu <= heads || mss <= mtu - heads)
        return false;
    uint16_t lower = (uint16_t)(mtu - heads);
    uint8_t *t = packet + ip.head.n;
    put16(t + at, lower);
    /* At an odd place the value lies across two words of the sum, which is as if its bytes were swapped. */
    bool odd = at & 1;
    if (!partial)
        put16(t + TCP_CHECK, csum_update16(tcp.check, odd ? swapped(mss) : mss, odd ? swapped(lower) : lower));
    return true;
}

/* ICMP errors for packets that are too big; see icmp.h. */
#include "seg/icmp.h"

#include "base/wr.h"
#include "seg/head.h"

enum { ICMP_UNREACHABLE = 3, ICMP_FRAGMENTATION_NEEDED = 4, ICMP6_TOO_BIG = 2, ICMP6_REDIRECT = 137, HOPS = 64 };

/* RFC 1122 3.2.2: which ICMP messages are errors. One whose type is missing is taken for one. */
static bool is_error4(const struct ip_view *ip)
{
    if (ip->proto != IP_ICMP)
        return false;
    if (ip->payload.n == 0)
        return true;
    uint8_t type = ip->payload.p[0];
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* RFC 4443 2.1: errors have a type below 128; RFC 4443 2.4 (e.2): nor may a redirect be answered. */
static bool is_error6(const struct ip_view *ip)
{
    if (ip->proto != IP_ICMP6)
        return false;
    return ip->payload.n == 0 || ip->payload.p[0] < 128 || ip->payload.p[0] == ICMP6_REDIRECT;
}

/* RFC 1122 3.2.2, RFC 1812 4.3.2.7: never about an ICMP error, a broadcast or multicast, a fragment that is not the
 * first, nor to a source that is not one host: network 0, loopback, multicast, class E and broadcast. RFC 1191 4: only
 * where DF is set. */
static bool answers4(const struct ip_view *ip)
{
    uint8_t src = ip->src.p[0], dst = ip->dst.p[0];
    return ip->dont_fragment && ip->first && !is_error4(ip) && src != 0 && src != 127 && src < 224 && dst < 224;
}

/* RFC 4443 2.4 (e): never about an ICMPv6 error or redirect, nor to a source that does not identify one node. */
static bool answers6(const struct ip_view *ip)
{
    static const uint8_t unspecified[16];
    static const uint8_t loopback[16] = { [15] = 1 };
    const uint8_t *src = ip->src.p;
    return ip->first && !is_error6(ip) && src[0] != 0xff && memcmp(src, unspecified, 16) != 0 &&
           memcmp(src, loopback, 16) != 0;
}

static size_t too_big4(uint8_t *dst, size_t cap, const struct ip_view *ip, unsigned mtu, const uint8_t own[16])
{
    struct wr w = wr_of(dst, cap);
    size_t room = ICMP4_ANSWER_MAX - IP4_HEAD - ICMP_HEAD;
    struct slice quote = slice_of(ip->whole.p, ip->whole.n < room ? ip->whole.n : room);
    size_t len = ICMP_HEAD + quote.n;
    if (cap < IP4_HEAD + len)
        return 0;
    wr_u8(&w, 0x45);
    wr_u8(&w, 0xc0u | (ip->tos & 0x1c)); /* RFC 1812 4.3.2.5: internetwork control, and the same type of service */
    wr_u16(&w, 0);                       /* the length, later */
    wr_u16(&w, 0);                       /* RFC 6864 4.1: with DF the identification means nothing */
    wr_u16(&w, IP4_DF);
    wr_u8(&w, HOPS);
    wr_u8(&w, IP_ICMP);
    wr_u16(&w, 0);
    wr_bytes(&w, own + 12, 4);
    wr_put(&w, ip->src);
    /* RFC 1191 4: the MTU in the low 16 bits of what RFC 792 calls unused. */
    wr_u8(&w, ICMP_UNREACHABLE);
    wr_u8(&w, ICMP_FRAGMENTATION_NEEDED);
    size_t check = wr_mark_u16(&w);
    wr_u16(&w, 0);
    wr_u16(&w, mtu);
    wr_put(&w, quote);
    wr_patch_u16(&w, check, csum_fold(csum_add(0, slice_of(dst + IP4_HEAD, len))));
    put_ip4_total(dst, IP4_HEAD, wr_len(&w));
    return wr_len(&w);
}

static size_t too_big6(uint8_t *dst, size_t cap, const struct ip_view *ip, unsigned mtu, const uint8_t own[16])
{
    struct wr w = wr_of(dst, cap);
    size_t room = ICMP6_ANSWER_MAX - IP6_HEAD - ICMP_HEAD;
    struct slice quote = slice_of(ip->whole.p, ip->whole.n < room ? ip->whole.n : room);
    size_t len = ICMP_HEAD + quote.n;
    if (cap < IP6_HEAD + len)
        return 0;
    wr_u32(&w, (uint32_t)6 << 28);
    wr_u16(&w, (unsigned)len);
    wr_u8(&w, IP_ICMP6);
    wr_u8(&w, HOPS);
    wr_bytes(&w, own, 16);
    wr_put(&w, ip->src);
    /* RFC 4443 3.2 */
    wr_u8(&w, ICMP6_TOO_BIG);
    wr_u8(&w, 0);
    size_t check = wr_mark_u16(&w);
    wr_u32(&w, mtu);
    wr_put(&w, quote);
    uint64_t pseudo = csum_add(IP_ICMP6 + len, slice_of(dst + IP6_SRC, 32));
    wr_patch_u16(&w, check, csum_fold(csum_add(pseudo, slice_of(dst + IP6_HEAD, len))));
    return wr_len(&w);
}

size_t icmp_too_big(uint8_t *dst, size_t cap, struct slice packet, unsigned mtu, const uint8_t own[16])
{
    struct ip_view ip;
    if (ip_parse(packet, &ip) < 0)
        return 0;
    if (ip.version == 4)
        return answers4(&ip) ? too_big4(dst, cap, &ip, mtu, own) : 0;
    return answers6(&ip) ? too_big6(dst, cap, &ip, mtu, own) : 0;
}

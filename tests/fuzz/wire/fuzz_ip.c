/* Any bytes as an IP packet, and what lies in it; the views stay inside the bytes and agree with each other. */
#include <stdlib.h>

#include "fuzz.h"
#include "wire/ip.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool inside(struct slice part, struct slice whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void transport(const struct ip_view *ip)
{
    struct tcp_view t;
    struct udp_view u;
    struct icmp_view i;
    uint16_t mss = 0;
    size_t at = 0;
    if (ip->proto == IP_TCP && tcp_parse(ip->payload, &t) == 0) {
        check(inside(t.options, ip->payload) && inside(t.payload, ip->payload));
        if (tcp_mss(ip->payload, &mss, &at) == 0) {
            check(at + 2 <= ip->payload.n && ip->payload.p[at] == mss >> 8);
            FUZZ_REACHED();
        }
    }
    if (ip->proto == IP_UDP && udp_parse(ip->payload, &u) == 0)
        check(inside(u.payload, ip->payload) && csum_transport(ip, 6) != 0);
    if (ip->proto == IP_ICMP6 && icmp_parse(ip->payload, &i) == 0)
        check(inside(i.payload, ip->payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice packet = slice_of(data, size);
    struct ip_view ip;
    uint8_t src[16], dst[16];
    bool has_src = ip_source16(packet, src), has_dst = ip_dest16(packet, dst);
    check(has_src || !has_dst);
    if (ip_parse(packet, &ip) < 0)
        return 0;
    size_t n = ip.version == 4 ? 4 : 16;
    check(has_src && has_dst && ip.src.n == n && ip.dst.n == n);
    check(memcmp(src + 16 - n, ip.src.p, n) == 0 && memcmp(dst + 16 - n, ip.dst.p, n) == 0);
    check(!(ip_is_multicast(dst) && ip_is_broadcast(dst)));
    check(inside(ip.whole, packet) && ip.head.n + ip.payload.n == ip.whole.n);
    check(ip.first || ip.fragment);
    if (ip.first)
        transport(&ip);
    return 0;
}

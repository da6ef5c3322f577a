/* MSS clamping; see mss.h. */
#include "seg/mss.h"

#include "base/wr.h"

enum { TCP_CHECK_AT = 16 };

static uint16_t swapped(uint16_t v)
{
    return (uint16_t)(v << 8 | v >> 8);
}

bool mss_clamp(uint8_t *packet, size_t n, uint16_t mtu, bool partial)
{
    struct ip_view ip;
    struct tcp_view tcp;
    uint16_t was = 0;
    size_t at = 0;
    if (ip_parse(slice_of(packet, n), &ip) < 0 || ip.proto != IP_TCP || !ip.first)
        return false;
    if (tcp_parse(ip.payload, &tcp) < 0 || !(tcp.flags & TCP_SYN) || tcp_mss(ip.payload, &was, &at) < 0)
        return false;
    unsigned fixed = (ip.version == 4 ? IP4_HEAD : IP6_HEAD) + TCP_HEAD;
    if (mtu <= fixed || was <= mtu - fixed)
        return false;

    uint16_t mss = (uint16_t)(mtu - fixed);
    size_t tcp_at = ip.head.n;
    struct wr option = wr_of(packet + tcp_at + at, 2), check = wr_of(packet + tcp_at + TCP_CHECK_AT, 2);
    wr_u16(&option, mss);
    if (partial)
        return true;
    /* RFC 1624 3. An option at an odd offset stands across two words of the sum, which is the same as its bytes
     * swapped within one (RFC 1071 2). */
    wr_u16(&check, at & 1 ? csum_update16(tcp.check, swapped(was), swapped(mss)) : csum_update16(tcp.check, was, mss));
    return true;
}

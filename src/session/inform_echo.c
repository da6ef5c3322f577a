/* ICMPv6 echo to the server's end of the link (RFC 4443 4.2): its link-local address, all nodes, all routers. The kernel
 * does not know that address, because it belongs to one session and not to the interface; so the answer is made here.
 * Pings of the server's other addresses go to the kernel like every packet. */
#include "session/inform_parts.h"

enum {
    ECHO_REQUEST = 128,
    ECHO_REPLY = 129,
    ECHO_GAP = 50, /* ms; RFC 4443 2.4 f speaks of errors, but a router need not answer a flood either */
    ICMP_CHECK_AT = 2,
    ICMP_FIRST = 4, /* type, code, checksum */
};

/* The address that answers: the one that was asked, or ours for a group that we are in. NULL: none of ours. */
static const uint8_t *answering(const struct inform *i, struct slice dst)
{
    bool ours = inform_addr_is(dst, i->our_ll) || inform_addr_is(dst, inform_all_nodes) ||
                inform_addr_is(dst, inform_all_routers);
    return ours ? i->our_ll : NULL;
}

bool inform_echo_packet(struct inform *i, const struct ip_view *ip, msec now)
{
    static const uint8_t unspecified[16];
    struct icmp_view icmp;
    if (ip->fragment || icmp_parse(ip->payload, &icmp) < 0 || icmp.type != ECHO_REQUEST || !answering(i, ip->dst))
        return false;
    size_t n = ip->payload.n - ICMP_FIRST;
    bool odd = inform_addr_is(ip->src, unspecified) || ip->src.p[0] == 0xff; /* RFC 4443 4.2: a unicast address asks */
    if (odd || icmp.code != 0 || n > INFORM_ECHO_MAX || now < i->echo_soonest)
        return true;
    if (icmp.check != csum_transport(ip, ICMP_CHECK_AT))
        return true;
    i->echo.wanted = true;
    i->echo.n = (uint16_t)n;
    memcpy(i->echo.to, ip->src.p, sizeof i->echo.to);
    memcpy(i->echo.bytes, ip->payload.p + ICMP_FIRST, n);
    i->echo_soonest = tick_after(now, ECHO_GAP);
    return true;
}

void inform_echo_put(const struct inform *i, struct wr *w)
{
    size_t start = nd_begin(w, ECHO_REPLY, i->our_ll, i->echo.to);
    wr_bytes(w, i->echo.bytes, i->echo.n);
    nd_end(w, start);
}

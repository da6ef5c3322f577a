/* Neighbours on the session's link; see inform_nd.h. */
#include "session/inform_nd.h"

bool inform_nd_is(const struct ip_view *ip, uint8_t *ret_type)
{
    if (!nd_is(ip))
        return false;
    *ret_type = 0;
    if (nd_check(ip, ret_type) < 0)
        *ret_type = 0;
    return true;
}

void inform_nd_target(const struct ip_view *ip, uint8_t out[16])
{
    struct nd_neighbour n;
    nd_read_neighbour(ip, &n);
    memcpy(out, n.target, sizeof n.target);
}

/* RFC 4861 7.2.4. Who asks from nowhere is about to take our address (RFC 4862 5.4.3): all are told. */
void inform_nd_ask(const struct ip_view *ip, struct inform_ask_nd *ret_a)
{
    static const uint8_t unspecified[16];
    struct inform_ask_nd a = { .wanted = true, .solicited = !inform_addr_is(ip->src, unspecified) };
    memcpy(a.to, a.solicited ? ip->src.p : inform_all_nodes, sizeof a.to);
    inform_nd_target(ip, a.target);
    *ret_a = a;
}

void inform_nd_answer(const struct inform_ask_nd *a, bool router, struct wr *w)
{
    struct nd_neighbour n = { .router = router, .solicited = a->solicited, .override = true };
    memcpy(n.target, a->target, sizeof n.target);
    size_t start = nd_begin(w, ND_NA, a->target, a->to);
    nd_put_neighbour(w, ND_NA, &n);
    nd_end(w, start);
}

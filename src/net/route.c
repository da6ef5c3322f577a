/* Routes of both families, through rtnetlink: adding and deleting ours, asking how the host reaches an address. */
#include "net/link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "net/mnl.h"
#include "net/text.h"

/* "10.0.0.0/8 via 192.0.2.1 dev eth0" for messages. */
static void route_text(const struct nl_route *r, char text[160])
{
    char dst[PREFIX_TEXT], via[PREFIX_TEXT];
    bool bare = r->dst.len == 0;

    if (!net_print(text, 160, "%s%s%s%s%s%s%s", r->unreachable ? "unreachable " : "",
                   bare ? "default" : prefix_text(&r->dst, dst), r->via.family ? " via " : "",
                   r->via.family ? prefix_text(&r->via, via) : "", r->dev[0] ? " dev " : "", r->dev,
                   bare && r->dst.family == 6 ? " (IPv6)" : ""))
        text[159] = 0;
}

static void put_via(union nl_request *q, const struct nl_route *r)
{
    if (r->via.family == r->dst.family) {
        nl_put_addr(q, RTA_GATEWAY, &r->via);
    } else {                                   /* RFC 8950: an IPv4 destination behind an IPv6 router */
        uint8_t via[2 + 16] = { AF_INET6, 0 }; /* struct rtvia: family in host order, address */
        uint16_t family = nl_family(&r->via);
        memcpy(via, &family, sizeof(family));
        memcpy(via + 2, r->via.addr, 16);
        mnl_attr_put(&q->head, RTA_VIA, sizeof(via), via);
    }
}

/* The request that adds or deletes r; both name the route in the same words. */
static int route_request(union nl_request *q, const struct nl_route *r, uint16_t type, uint16_t flags, int index)
{
    struct rtmsg *m = nl_begin(q, type, flags, sizeof(*m));
    bool del = type == RTM_DELROUTE;

    m->rtm_family = nl_family(&r->dst);
    m->rtm_dst_len = r->dst.len;
    m->rtm_table = RT_TABLE_UNSPEC;
    m->rtm_protocol = NL_ROUTE_PROTOCOL;
    m->rtm_type = r->unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
    m->rtm_scope = del ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
    if (!del && r->via.family == 0 && r->dst.family == 4 && !r->unreachable)
        m->rtm_scope = RT_SCOPE_LINK;
    mnl_attr_put_u32(&q->head, RTA_TABLE, r->table ? r->table : RT_TABLE_MAIN);
    nl_put_addr(q, RTA_DST, &r->dst);
    if (r->via.family)
        put_via(q, r);
    if (index > 0 && !r->unreachable)
        mnl_attr_put_u32(&q->head, RTA_OIF, (uint32_t)index);
    if (r->src.family)
        nl_put_addr(q, RTA_PREFSRC, &r->src);
    if (r->metric)
        mnl_attr_put_u32(&q->head, RTA_PRIORITY, r->metric);
    return nl_exchange(q, NULL, NULL);
}

/* The index of r's interface into *ret_index (0 if it names none); false: it names one that does not exist. */
static bool route_index(const struct nl_route *r, int *ret_index)
{
    *ret_index = r->dev[0] ? nl_link_index(r->dev) : 0;
    return !r->dev[0] || *ret_index > 0;
}

int nl_route_add(const struct nl_route *r, char err[256])
{
    union nl_request q;
    char text[160];
    int index;

    route_text(r, text);
    if (!route_index(r, &index))
        return net_fail(err, ERR_MISSING, "cannot add route %s: there is no such interface", text);
    int e = route_request(&q, r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, index);
    if (e != 0)
        return net_fail(err, e == EEXIST ? ERR_DUPLICATE : ERR_SYSTEM, "cannot add route %s: %s", text, strerror(e));
    return 0;
}

int nl_route_del(const struct nl_route *r, char err[256])
{
    union nl_request q;
    char text[160];
    int index;

    route_text(r, text);
    if (!route_index(r, &index))
        return net_fail(err, ERR_MISSING, "route %s went with its interface", text);
    int e = route_request(&q, r, RTM_DELROUTE, 0, index);
    if (e == ESRCH)
        return net_fail(err, ERR_MISSING, "there is no route %s of ours", text);
    if (e != 0)
        return net_fail(err, ERR_SYSTEM, "cannot delete route %s: %s", text, strerror(e));
    return 0;
}

static unsigned full_length(const struct nl_route *r)
{
    return r->dst.family == 4 ? 32 : 128;
}

static int af_of(const struct nl_route *r)
{
    return nl_family(&r->dst);
}

static void read_via(const struct nlattr *a, struct nl_route *r)
{
    const uint8_t *p = mnl_attr_get_payload(a);
    uint16_t family;

    if (mnl_attr_get_payload_len(a) != 2 + 16)
        return;
    memcpy(&family, p, sizeof(family));
    if (family == AF_INET6)
        r->via = prefix_v6(p + 2, 128);
}

static int read_hop_attr(const struct nlattr *a, void *arg)
{
    struct nl_route *r = arg;

    if (mnl_attr_get_type(a) == RTA_GATEWAY)
        (void)nl_get_addr(a, af_of(r), full_length(r), &r->via);
    return MNL_CB_OK;
}

/* The first hop of a multipath route stands for all. */
static int read_multipath(const struct nlattr *a, struct nl_route *r)
{
    const struct rtnexthop *hop = mnl_attr_get_payload(a);
    size_t n = mnl_attr_get_payload_len(a);

    if (n < sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > n)
        return MNL_CB_OK;
    if_indextoname((unsigned)hop->rtnh_ifindex, r->dev);
    return mnl_attr_parse_payload(hop + 1, hop->rtnh_len - sizeof(*hop), read_hop_attr, r);
}

/* One attribute of a route; what is not understood is left out. */
static int read_route_attr(const struct nlattr *a, void *arg)
{
    struct nl_route *r = arg;
    unsigned type = mnl_attr_get_type(a);
    bool number = mnl_attr_validate(a, MNL_TYPE_U32) == 0;

    if (type == RTA_DST)
        (void)nl_get_addr(a, af_of(r), r->dst.len, &r->dst);
    else if (type == RTA_GATEWAY)
        (void)nl_get_addr(a, af_of(r), full_length(r), &r->via);
    else if (type == RTA_PREFSRC)
        (void)nl_get_addr(a, af_of(r), full_length(r), &r->src);
    else if (type == RTA_VIA)
        read_via(a, r);
    else if (type == RTA_MULTIPATH)
        return read_multipath(a, r);
    else if (type == RTA_OIF && number)
        if_indextoname(mnl_attr_get_u32(a), r->dev);
    else if (type == RTA_PRIORITY && number)
        r->metric = mnl_attr_get_u32(a);
    else if (type == RTA_TABLE && number)
        r->table = mnl_attr_get_u32(a);
    return MNL_CB_OK;
}

static void read_route(const struct nlmsghdr *h, struct nl_route *r)
{
    const struct rtmsg *m = mnl_nlmsg_get_payload(h);
    static const uint8_t any[16];

    r->dst = m->rtm_family == AF_INET ? prefix_v4(0, m->rtm_dst_len) : prefix_v6(any, m->rtm_dst_len);
    r->table = m->rtm_table;
    r->local = m->rtm_type == RTN_LOCAL;
    r->unreachable = m->rtm_type != RTN_UNICAST && !r->local;
    mnl_attr_parse(h, sizeof(*m), read_route_attr, r);
    if (r->table == RT_TABLE_MAIN)
        r->table = 0;
}

static int answer_get(const struct nlmsghdr *h, void *arg)
{
    if (h->nlmsg_type == RTM_NEWROUTE)
        read_route(h, arg);
    return MNL_CB_OK;
}

int nl_route_get(const struct prefix *dst, struct nl_route *ret_r, char err[256])
{
    union nl_request q;
    struct nl_route r = { 0 };
    char text[PREFIX_TEXT];

    struct rtmsg *m = nl_begin(&q, RTM_GETROUTE, 0, sizeof(*m));
    m->rtm_family = nl_family(dst);
    m->rtm_dst_len = dst->len;
    nl_put_addr(&q, RTA_DST, dst);
    int e = nl_exchange(&q, answer_get, &r);
    prefix_text(dst, text);
    if (e == ENETUNREACH || e == EHOSTUNREACH || e == EACCES || (e == 0 && r.unreachable))
        return net_fail(err, ERR_MISSING, "no route to %s: %s", text, strerror(e ? e : ENETUNREACH));
    if (e != 0)
        return net_fail(err, ERR_SYSTEM, "cannot ask for the route to %s: %s", text, strerror(e));
    *ret_r = r;
    return 0;
}

static int answer_default(const struct nlmsghdr *h, void *arg)
{
    struct nl_route *best = arg;
    const struct rtmsg *m = mnl_nlmsg_get_payload(h);
    struct nl_route r = { 0 };

    if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_dst_len != 0 || m->rtm_type != RTN_UNICAST)
        return MNL_CB_OK;
    if (m->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN | RTM_F_CLONED))
        return MNL_CB_OK;
    read_route(h, &r);
    if (r.table == 0 && r.dev[0] && (best->dst.family == 0 || r.metric < best->metric))
        *best = r;
    return MNL_CB_OK;
}

int nl_route_default(int family, struct nl_route *ret_r)
{
    union nl_request q;
    struct nl_route best = { 0 };

    struct rtmsg *m = nl_begin(&q, RTM_GETROUTE, NLM_F_DUMP, sizeof(*m));
    m->rtm_family = family == 4 ? AF_INET : AF_INET6;
    if (nl_exchange(&q, answer_default, &best) != 0)
        return ERR_SYSTEM;
    if (best.dst.family == 0)
        return ERR_MISSING;
    *ret_r = best;
    return 0;
}

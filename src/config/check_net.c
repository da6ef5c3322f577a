/* What must hold between pools, groups, users and the host's own networks. */
#include "config/values_parts.h"

#include <net/if.h>

/* ---- pools ---- */

static bool in_net(const struct prefix *net, const struct config_range *r)
{
    struct prefix first = prefix_v4(r->first, 32), last = prefix_v4(r->last, 32);
    return net->family == 4 && prefix_has(net, first.addr) && prefix_has(net, last.addr);
}

static void check_ranges(struct build *b, unsigned i, const struct config_list *l, const char *what)
{
    const struct config_pool *p = &b->c.pools[i];
    char first[PREFIX_TEXT], last[PREFIX_TEXT];
    for (unsigned k = 0; k < l->n; k++) {
        const struct config_range *r = &b->c.ranges[l->at + k];
        struct prefix from = prefix_v4(r->first, 32), until = prefix_v4(r->last, 32);
        if (!in_net(&p->ipv4, r))
            complain(b->r, b->pool_line[i], "pool \"%s\": %s %s-%s does not lie in its ipv4", p->name, what,
                     prefix_text(&from, first), prefix_text(&until, last));
    }
}

static void check_ipv6(struct build *b, unsigned i)
{
    const struct config_pool *p = &b->c.pools[i];
    unsigned line = b->pool_line[i];
    if (p->ipv6.family && p->ipv6_shared && p->ipv6.len < 64)
        complain(b->r, line, "pool \"%s\": with ipv6_shared ipv6 is a /64, or a part of one up to a /112", p->name);
    if ((p->ipv6_shared || p->ndp_proxy[0]) && !p->ipv6.family)
        complain(b->r, line, "pool \"%s\": %s needs ipv6", p->name, p->ipv6_shared ? "ipv6_shared" : "ndp_proxy");
    if (p->ndp_proxy[0] && strcmp(p->ndp_proxy, b->c.interface) == 0)
        complain(b->r, line, "pool \"%s\": ndp_proxy is the tunnel's own interface", p->name);
    if (p->ipv6.family && !p->ipv6_shared && p->ipv6.len > 62)
        complain(b->r, line, "pool \"%s\": ipv6 has no room for a /64 a session: take a /62 or larger, or ipv6_shared",
                 p->name);
    if ((p->delegate != 0) != (p->delegate_from.family != 0))
        complain(b->r, line, "pool \"%s\": delegate and ipv6_delegate need each other", p->name);
    else if (p->delegate && (p->delegate < p->delegate_from.len || p->delegate - p->delegate_from.len > 20))
        complain(b->r, line, "pool \"%s\": delegate must be as long as ipv6_delegate or up to 20 bits longer", p->name);
    if (p->delegate && !p->ipv6.family)
        complain(b->r, line, "pool \"%s\": ipv6_delegate needs ipv6 as well", p->name);
}

/* Addresses of somebody else's network: that one says which, and needs no translation of them. */
static void check_dhcp(struct build *b, unsigned i)
{
    const struct config_pool *p = &b->c.pools[i];
    unsigned line = b->pool_line[i];
    if (!p->dhcp[0])
        return;
    if (p->ipv4.family)
        complain(b->r, line, "pool \"%s\" has both ipv4 and dhcp: its addresses come from one of them", p->name);
    else if (p->ranges.set || p->exclude.set)
        complain(b->r, line, "pool \"%s\": range and exclude say nothing with dhcp: its server chooses", p->name);
    bool six = p->ipv6.family != 0; /* which may be translated */
    if (p->nat_to[0].family || (!six && (p->nat != CONFIG_UNSET || p->outer[0])))
        complain(b->r, line,
                 "pool \"%s\": nat, outer and nat_to say nothing with dhcp: its IPv4 addresses are never translated",
                 p->name);
    if (strcmp(p->dhcp, b->c.interface) == 0)
        complain(b->r, line, "pool \"%s\": dhcp is the tunnel interface itself", p->name);
}

/* The networks of a pool, one after the other; family 0: it has no such. */
static const struct prefix *net_of(const struct config_pool *p, unsigned k)
{
    return k == 0 ? &p->ipv4 : k == 1 ? &p->ipv6 : &p->delegate_from;
}

static bool overlap(const struct prefix *a, const struct prefix *b)
{
    return a->family && a->family == b->family && prefix_overlaps(a, b);
}

static void check_pool_against(struct build *b, unsigned i, unsigned other)
{
    const struct config_pool *p = &b->c.pools[i], *o = &b->c.pools[other];
    char text[PREFIX_TEXT];
    for (unsigned k = 0; k < 3; k++)
        for (unsigned m = 0; m < (i == other ? k : 3); m++)
            if (overlap(net_of(p, k), net_of(o, m))) {
                complain(b->r, b->pool_line[i], "pool \"%s\" (%s) overlaps pool \"%s\"", p->name,
                         prefix_text(net_of(p, k), text), o->name);
                return;
            }
}

void check_pools(struct build *b)
{
    struct config *c = &b->c;
    if (c->n_pools == 0)
        complain(b->r, 0, "there is no pool block: add pool \"default\" { ipv4 = \"10.80.0.0/24\" }");
    for (unsigned i = 0; i < c->n_pools; i++) {
        const struct config_pool *p = &c->pools[i];
        if (!p->ipv4.family && !p->ipv6.family && !p->dhcp[0] && b->r->errors == 0)
            complain(b->r, b->pool_line[i], "pool \"%s\" has neither ipv4 nor ipv6 nor dhcp", p->name);
        check_dhcp(b, i);
        if (!p->dhcp[0]) {
            check_ranges(b, i, &p->ranges, "range");
            check_ranges(b, i, &p->exclude, "exclude");
        }
        check_ipv6(b, i);
        for (unsigned k = 0; k <= i; k++)
            check_pool_against(b, i, k);
    }
}

/* ---- users ---- */

/* Of IPv6 a session has a /64, or an address of a shared one. */
static bool shape_fits(const struct config_pool *p, const struct prefix *fixed)
{
    return fixed->family == 4 || (fixed->len == 128) == p->ipv6_shared;
}

static void check_fixed(struct build *b, unsigned i)
{
    const struct config_user *u = &b->c.user_blocks[i];
    const struct prefix *fixed[2] = { &u->ipv4, &u->ipv6 };
    char text[PREFIX_TEXT];
    for (unsigned k = 0; k < 2; k++) {
        bool found = fixed[k]->family == 0;
        for (unsigned m = 0; m < b->c.n_pools && !found; m++)
            found = overlap(net_of(&b->c.pools[m], k), fixed[k]) && shape_fits(&b->c.pools[m], fixed[k]);
        if (!found)
            complain(b->r, b->user_line[i], "user \"%s\": %s lies in none of the pools", u->name,
                     prefix_text(fixed[k], text));
        for (unsigned m = 0; m < i; m++)
            if (overlap(fixed[k], k ? &b->c.user_blocks[m].ipv6 : &b->c.user_blocks[m].ipv4))
                complain(b->r, b->user_line[i], "user \"%s\": %s is user \"%s\"'s", u->name,
                         prefix_text(fixed[k], text), b->c.user_blocks[m].name);
    }
}

/* at: which one of the user's own. */
static void check_routed_against(struct build *b, unsigned i, unsigned at)
{
    const struct prefix *net = &b->c.nets[b->c.user_blocks[i].routed.at + at];
    const struct config_user *u = &b->c.user_blocks[i];
    char text[PREFIX_TEXT], other[PREFIX_TEXT];
    for (unsigned m = 0; m <= i; m++) {
        const struct config_user *o = &b->c.user_blocks[m];
        for (unsigned k = 0; k < (m == i ? at : o->routed.n); k++)
            if (overlap(net, &b->c.nets[o->routed.at + k]))
                complain(b->r, b->user_line[i], "user \"%s\": routed %s overlaps %s of user \"%s\"", u->name,
                         prefix_text(net, text), prefix_text(&b->c.nets[o->routed.at + k], other), o->name);
    }
    for (unsigned m = 0; m < b->c.n_pools; m++)
        for (unsigned k = 0; k < 3; k++)
            if (overlap(net, net_of(&b->c.pools[m], k)))
                complain(b->r, b->user_line[i], "user \"%s\": routed %s overlaps pool \"%s\"", u->name,
                         prefix_text(net, text), b->c.pools[m].name);
}

void check_users(struct build *b)
{
    for (unsigned i = 0; i < b->c.n_user_blocks; i++) {
        const struct config_user *u = &b->c.user_blocks[i];
        check_fixed(b, i);
        for (unsigned k = 0; k < u->routed.n; k++)
            check_routed_against(b, i, k);
    }
}

/* ---- the host ---- */

/* A part of the network of that interface, on purpose: the rest of it stays where it is. */
static bool proxied(const struct config_pool *p, unsigned k, const char *interface, const struct prefix *net)
{
    const struct prefix *own = net_of(p, k);
    return own->family == 6 && strcmp(p->ndp_proxy, interface) == 0 && own->len > net->len &&
           prefix_has(net, own->addr);
}

static void check_against_host(struct build *b, const char *interface, const struct prefix *net)
{
    const struct config *c = &b->c;
    char text[PREFIX_TEXT];
    for (unsigned i = 0; i < c->n_pools; i++)
        for (unsigned k = 0; k < 3; k++)
            if (overlap(net_of(&c->pools[i], k), net) && !proxied(&c->pools[i], k, interface, net))
                complain(b->r, b->pool_line[i], "pool \"%s\" overlaps %s, the network of this host's interface %s",
                         c->pools[i].name, prefix_text(net, text), interface);
    for (unsigned i = 0; i < c->n_user_blocks; i++)
        for (unsigned k = 0; k < c->user_blocks[i].routed.n; k++)
            if (overlap(&c->nets[c->user_blocks[i].routed.at + k], net))
                complain(b->r, b->user_line[i],
                         "user \"%s\": routed overlaps %s, the network of this host's interface %s",
                         c->user_blocks[i].name, prefix_text(net, text), interface);
}

static void check_one(void *ctx, const char *interface, const struct prefix *net)
{
    struct build *b = ctx;
    if (strcmp(interface, b->c.interface) != 0 && strcmp(interface, b->own_interface) != 0)
        check_against_host(b, interface, net);
}

void check_host_links(struct build *b)
{
    for (unsigned i = 0; i < b->c.n_pools; i++) {
        const struct config_pool *p = &b->c.pools[i];
        if (p->dhcp[0] && if_nametoindex(p->dhcp) == 0)
            complain(b->r, b->pool_line[i], "pool \"%s\": dhcp: there is no interface \"%s\" on this host", p->name,
                     p->dhcp);
    }
}

void check_host_nets(struct build *b)
{
    config_host_nets(check_one, b);
}

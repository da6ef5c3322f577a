/* Networks of the host: the server's addresses in the pools, routes into the tunnel, what is translated. See host.h. */
#include "server/host_parts.h"

#include "events/events.h"
#include "net/dns.h"
#include "net/link.h"
#include "net/sysctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pools ---- */

static bool is_delegated(const struct config *c, const struct prefix *net)
{
    for (unsigned i = 0; i < c->n_pools; i++)
        if (prefix_eq(&c->pools[i].delegate_from, net))
            return true;
    return false;
}

/* A host may have IPv6 switched off for new interfaces; this one is ours. */
static void switch_on_ipv6(const char *interface)
{
    char path[64];
    snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", interface);
    (void)!sysctl_write(path, "0");
}

static int add_route(const char *interface, const struct prefix *net, char err[256])
{
    struct nl_route r = { .dst = *net };
    snprintf(r.dev, sizeof(r.dev), "%s", interface);
    int e = nl_route_add(&r, err); /* no note: it goes with the interface */
    return e == ERR_DUPLICATE ? 0 : e;
}

/* The first address of a pool is the server's own (aditd.conf(5)); the kernel makes the route of the whole of it. Of
 * delegated networks there is a route alone. */
static int add_net(const struct config *c, const struct prefix *net, char err[256])
{
    static const struct prefix none;
    struct prefix own = *net;
    if (net->family == 6)
        switch_on_ipv6(c->interface);
    if (is_delegated(c, net))
        return add_route(c->interface, net, err);
    own.addr[15] |= 1;
    int r = nl_addr_add(c->interface, &own, &none, err);
    return r == ERR_DUPLICATE ? 0 : r;
}

static int add_new(struct host *h, const struct config *c, const struct prefix *net, char err[256])
{
    if (net->family == 0)
        return 0;
    for (unsigned k = 0; k < h->n_nets; k++)
        if (prefix_eq(net, &h->nets[k]))
            return 0;
    if (h->n_nets == NAT_POOLS_MAX) {
        snprintf(err, 256, "too many different pools since the start; restart the server");
        return ERR_NOBUF;
    }
    int r = add_net(c, net, err);
    if (r == 0)
        h->nets[h->n_nets++] = *net;
    return r;
}

int host_nets_add(struct host *h, const struct config *c, char err[256])
{
    int r = 0;
    for (unsigned i = 0; r == 0 && i < c->n_pools; i++) {
        r = add_new(h, c, &c->pools[i].ipv4, err);
        if (r == 0)
            r = add_new(h, c, &c->pools[i].ipv6, err);
        if (r == 0)
            r = add_new(h, c, &c->pools[i].delegate_from, err);
    }
    return r;
}

int host_nets_again(struct host *h, const struct config *c, char err[256])
{
    int r = 0;
    for (unsigned i = 0; r == 0 && i < h->n_nets; i++)
        r = add_net(c, &h->nets[i], err);
    for (unsigned i = 0; r == 0 && i < h->n_routed; i++)
        r = h->routed[i].led ? add_route(c->interface, &h->routed[i].net, err) : 0;
    for (unsigned i = 0; r == 0 && i < h->n_leased; i++)
        r = add_route(c->interface, &h->leased[i], err);
    return r;
}

/* ---- IPv6 ---- */

bool host_has_ipv6(const struct host *h)
{
    bool any = false;
    for (unsigned i = 0; i < h->n_nets; i++)
        any |= h->nets[i].family == 6;
    return any;
}

static int forward6_all(struct host *h, const struct config *c, char err[256])
{
    int r = forward6_up(h->undo, c->interface, err);
    if (r == 0 && h->outer6[0])
        r = forward6_up(h->undo, h->outer6, err);
    for (unsigned i = 0; r == 0 && i < c->n_pools; i++)
        if (c->pools[i].outer[0] && c->pools[i].ipv6.family)
            r = forward6_up(h->undo, c->pools[i].outer, err);
    return r;
}

bool host_forward6(struct host *h, const struct config *c)
{
    char err[256];
    if (!host_has_ipv6(h))
        return true;
    if (forward6_all(h, c, err) < 0) {
        event(EV_FORWARDING_FAILED, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
        return false;
    }
    for (unsigned i = 0; i < c->n_pools; i++)
        if (c->pools[i].ndp_proxy[0] && forward6_up(h->undo, c->pools[i].ndp_proxy, err) < 0) {
            event(EV_FORWARDING_FAILED, NULL, F_TEXT("interface", c->pools[i].ndp_proxy), F_TEXT("cause", err));
            return false;
        }
    if (!h->forwards6)
        event(EV_FORWARDING_ON, NULL, F_TEXT("interface", c->interface), F_TEXT("family", "IPv6"));
    h->forwards6 = true;
    return true;
}

/* ---- NAT ---- */

/* Its pool; NULL: one of an older configuration. */
static const struct config_pool *pool_with(const struct config *c, const struct prefix *net)
{
    for (unsigned i = 0; i < c->n_pools; i++)
        if (prefix_eq(&c->pools[i].ipv4, net) || prefix_eq(&c->pools[i].ipv6, net) ||
            prefix_eq(&c->pools[i].delegate_from, net))
            return &c->pools[i];
    return NULL;
}

static bool is_on(enum config_switch own, bool all)
{
    return own == CONFIG_UNSET ? all : own == CONFIG_YES;
}

/* A client's own: nobody outside may begin a conversation with it, which is not so for a network behind a client. */
static bool is_address(const struct prefix *p)
{
    return p->family == 6 && p->len == 128;
}

/* A pool of an older configuration is treated as the file says. */
static void own_way(const struct host *h, const struct config *c, const struct prefix *net, struct nat_pool *ret)
{
    static const struct config_pool gone;
    const struct config_pool *p = pool_with(c, net);
    bool six = net->family == 6;
    if (!p)
        p = &gone;
    bool on = is_on(p->nat, c->nat);
    if (six)
        on = on && (is_on(p->nat66, c->nat66) || p->nat_to[1].family);
    *ret = (struct nat_pool){ .net = *net, .to = p->nat_to[six] };
    if (on)
        snprintf(ret->outer, sizeof(ret->outer), "%s", p->outer[0] ? p->outer : six ? h->outer6 : h->outer);
}

/* The network of that interface that the pool is a part of. */
struct surroundings {
    const struct config_pool *pool;
    struct prefix net;
};

static void compare(void *ctx, const char *interface, const struct prefix *net)
{
    struct surroundings *s = ctx;
    if (strcmp(interface, s->pool->ndp_proxy) == 0 && net->family == 6 && net->len < s->pool->ipv6.len &&
        prefix_has(net, s->pool->ipv6.addr))
        s->net = *net;
}

/* What is only asked there for clients' addresses, and is no part of a network of that interface, stays closed. */
static void fill_near(const struct config *c, struct nat_conf *ret)
{
    _Static_assert((int)NAT_NEAR_MAX >= (int)CONFIG_POOLS, "one for each pool");
    for (unsigned i = 0; i < c->n_pools; i++) {
        struct surroundings s = { .pool = &c->pools[i] };
        struct nat_near *near = &ret->near[ret->n_near];
        if (!s.pool->ndp_proxy[0])
            continue;
        config_host_nets(compare, &s);
        if (!s.net.family)
            continue;
        snprintf(near->dev, sizeof(near->dev), "%s", s.pool->ndp_proxy);
        near->from = s.net;
        near->to = config_pool_ipv6(s.pool);
        ret->n_near++;
    }
}

void host_nat_conf(const struct host *h, const struct config *c, struct prefix *routed, struct nat_conf *ret)
{
    *ret = (struct nat_conf){
        .interface = c->interface, .n_pools = h->n_nets, .routed = routed, .leased = h->leased, .n_leased = h->n_leased
    };
    fill_near(c, ret);
    host_limits_conf(c, ret);
    for (unsigned i = 0; i < h->n_nets; i++)
        own_way(h, c, &h->nets[i], &ret->pools[i]);
    for (unsigned i = 0; i < h->n_routed; i++)
        if (h->routed[i].led && !is_address(&h->routed[i].net))
            routed[ret->n_routed++] = h->routed[i].net;
}

/* ---- networks behind clients ---- */

static struct host_routed *find_routed(struct host *h, const struct prefix *net)
{
    for (unsigned i = 0; i < h->n_routed; i++)
        if (prefix_eq(&h->routed[i].net, net))
            return &h->routed[i];
    return NULL;
}

static void tell_failure(const struct prefix *net, const char *err)
{
    char text[PREFIX_TEXT];
    event(EV_ROUTED_FAILED, NULL, F_TEXT("network", prefix_text(net, text)), F_TEXT("cause", err));
}

/* The way into the tunnel, unless it is the host's own: a network of an interface, a route of somebody else. */
static bool lead(const struct config *c, const struct prefix *net, char err[256])
{
    struct nl_route r = { .dst = *net };
    snprintf(r.dev, sizeof(r.dev), "%s", c->interface);
    if (is_address(net))
        return nl_route_add(&r, err) == 0;
    if (config_host_clash(c, net, err) || nl_route_add(&r, err) < 0)
        return false;
    if (nat_routed(c->interface, net, true, err) == 0)
        return true;
    char ignored[256];
    (void)!nl_route_del(&r, ignored);
    return false;
}

static void add_one(struct host *h, const struct config *c, const struct prefix *net, uint32_t worker, uint64_t session)
{
    char err[256], text[PREFIX_TEXT];
    struct host_routed *r = find_routed(h, net), *more;
    if (r) { /* a newer session of the same user; or authd is a new one */
        r->worker = worker;
        r->session = session;
        r->stale = false;
        return;
    }
    more = realloc(h->routed, (h->n_routed + 1) * sizeof(*more));
    if (!more) {
        event(EV_NO_MEMORY, NULL, F_TEXT("for", "a network behind a client"));
        return;
    }
    h->routed = more;
    r = &h->routed[h->n_routed++];
    *r = (struct host_routed){ .net = *net, .worker = worker, .session = session };
    r->led = lead(c, net, err);
    if (!r->led)
        tell_failure(net, err);
    else
        event(EV_ROUTED_UP, NULL, F_TEXT("network", prefix_text(net, text)));
}

static void drop_one(struct host *h, const struct config *c, unsigned i)
{
    char err[256], text[PREFIX_TEXT];
    struct prefix net = h->routed[i].net;
    bool led = h->routed[i].led;
    struct nl_route route = { .dst = net };
    snprintf(route.dev, sizeof(route.dev), "%s", c->interface);
    h->routed[i] = h->routed[--h->n_routed];
    if (!led)
        return;
    int r = nl_route_del(&route, err);
    if (r == ERR_MISSING)
        r = 0;
    if (r < 0 || (!is_address(&net) && nat_routed(c->interface, &net, false, err) < 0))
        tell_failure(&net, err);
    else
        event(EV_ROUTED_DOWN, NULL, F_TEXT("network", prefix_text(&net, text)));
}

void host_routed_up(struct host *h, const struct config *c, const struct prefix *nets, unsigned n, uint32_t worker,
                    uint64_t session)
{
    for (unsigned i = 0; i < n; i++)
        add_one(h, c, &nets[i], worker, session);
}

void host_routed_down(struct host *h, const struct config *c, uint32_t worker, uint64_t session)
{
    for (unsigned i = h->n_routed; i-- > 0;)
        if (h->routed[i].worker == worker && h->routed[i].session == session)
            drop_one(h, c, i);
}

void host_routed_drop(struct host *h, const struct config *c, const struct prefix *nets, unsigned n, uint32_t worker,
                      uint64_t session)
{
    for (unsigned i = h->n_routed; i-- > 0;)
        for (unsigned k = 0; k < n; k++)
            if (i < h->n_routed && prefix_eq(&h->routed[i].net, &nets[k]) && h->routed[i].worker == worker &&
                h->routed[i].session == session) {
                drop_one(h, c, i);
                break;
            }
}

void host_tell_again(struct host *h)
{
    for (unsigned i = 0; i < h->n_routed; i++)
        h->routed[i].stale = true;
    for (unsigned i = 0; i < h->n_leased; i++)
        h->leases[i].stale = true;
    host_limits_begin(h);
}

void host_told_all(struct host *h, const struct config *c)
{
    host_leased_sweep(h, c);
    host_limits_sweep(h);
    host_limits_sync(h, c);
    for (unsigned i = h->n_routed; i-- > 0;)
        if (h->routed[i].stale)
            drop_one(h, c, i);
}

/* ---- resolvers ---- */

bool host_resolvers_changed(struct config *c)
{
    struct prefix found[16];
    unsigned n = c->dns_system ? dns_system(found, 16) : 0;
    n = n < CONFIG_DNS ? n : CONFIG_DNS;
    bool same = n == c->n_dns;
    for (unsigned i = 0; same && i < n; i++)
        same = prefix_eq(&found[i], &c->dns[i]);
    if (!c->dns_system || same || n == 0) /* an empty file is one that is being written */
        return false;
    memcpy(c->dns, found, n * sizeof(found[0]));
    c->n_dns = n;
    return true;
}

/* See conn_inform.h. The machine decides what is said; here are its settings, and its packets in and out. */
#include "server/conn_inform.h"

#include "server/conn.h"

#include <stdlib.h>

/* RFC 8415 11.5: a DUID that stays as long as the server's name. It tells servers apart to a router that has several. */
static void make_duid(uint8_t duid[18], const struct config *c)
{
    uint64_t h[2] = { 0xcbf29ce484222325u, 0x84222325cbf29ce4u };
    for (unsigned k = 0; k < 2; k++)
        for (const char *s = c->certificate.name; *s; s++)
            h[k] = (h[k] ^ (uint8_t)*s) * 0x100000001b3u;
    struct wr w = wr_of(duid, 18);
    wr_u16(&w, 4); /* DUID-UUID */
    wr_u64(&w, h[0]);
    wr_u64(&w, h[1]);
}

static bool has_v4(const struct config_told *t)
{
    for (unsigned i = 0; i < t->n_routes; i++)
        if (t->routes[i].family == 4)
            return true;
    return false;
}

static const struct config_pool *pool_of(const struct conn_inform *i, unsigned pool)
{
    const struct config *c = &i->snapshot->config;
    return pool && pool <= c->n_pools ? &c->pools[pool - 1] : NULL;
}

/* The client's /64; of a shared one also our address in it, which it must not take. RFC 4861 4.6.2: a shared one is not on the
 * link, so that talk between clients comes to us. */
static void fill_prefix(const struct params *p, const struct config_pool *own, struct inform_conf *conf)
{
    conf->prefix = p->link6;
    if (!params_shares(p))
        return;
    memset(conf->prefix.addr + 8, 0, 8);
    conf->prefix.len = 64;
    if (own && own->ipv6_shared)
        memcpy(conf->router6, config_server_ipv6(own).addr, sizeof(conf->router6));
}

/* RFC 3442: whoever gets classless routes heeds no router; so a default route that is wished for stands among them. And
 * where none is wished for and none is listed, the pool's own network says that there are routes, and no default. */
static unsigned fill_routes(const struct conn_inform *i, const struct config_pool *own,
                            struct prefix routes[CONFIG_LIST + 2])
{
    const struct config_told *t = &i->told;
    unsigned n = 0;
    if (t->default_route && has_v4(t))
        routes[n++] = prefix_v4(0, 0);
    if (!t->default_route && !has_v4(t) && own && own->ipv4.family)
        routes[n++] = own->ipv4;
    if (!t->default_route && own &&
        own->ipv6.family) /* the client's own /64 does not lead to us, nor does a shared one */
        routes[n++] = own->ipv6_shared ? config_pool_ipv6(own) : config_server_ipv6(own);
    for (unsigned k = 0; k < t->n_routes && k < CONFIG_LIST; k++) /* two more have room */
        routes[n++] = t->routes[k];
    return n;
}

/* Without memory none is told. */
static unsigned keep_routes(struct conn_inform *i, const struct prefix *routes, unsigned n)
{
    i->routes = reallocarray(NULL, n ? n : 1, sizeof(*i->routes));
    if (!i->routes)
        return 0;
    memcpy(i->routes, routes, n * sizeof(*i->routes));
    return n;
}

static void fill_servers(const struct config_told *t, struct inform_conf *conf)
{
    unsigned n = 0;
    for (unsigned k = 0; k < t->n_dns; k++)
        if (t->dns[k].family == 4 && n < INFORM_DNS4)
            conf->dns[n++] = prefix_v4_addr(&t->dns[k]);
        else if (t->dns[k].family == 6 && conf->n_dns6 < INFORM_DNS6)
            conf->dns6[conf->n_dns6++] = t->dns[k];
    for (unsigned k = 0; k < t->n_nbns && k < 2; k++)
        if (t->nbns[k].family == 4)
            conf->nbns[k] = prefix_v4_addr(&t->nbns[k]);
}

/* What came with the lease of its address, where the configuration says nothing. */
static void fill_leased(const struct params *p, struct inform_conf *conf)
{
    if (!conf->dns[0])
        memcpy(conf->dns, p->dns, sizeof(p->dns));
    if (!conf->nbns[0])
        memcpy(conf->nbns, p->nbns, sizeof(p->nbns));
}

static struct inform_conf conf_of(struct conn *c, struct conn_inform *i)
{
    const struct params *p = &c->params;
    struct inform_conf conf = {
        .search = i->told.search,
        .n_search = i->told.n_search,
        .mtu = c->mtu,
        .server_ipv4 = p->server_ipv4,
        .domain = i->told.domain,
        .wpad = i->told.wpad,
        .on_link = p->link6.family == 6 && !params_shares(p),
        .shared = params_shares(p),
        .default_route = i->told.default_route && p->link6.family == 6,
        .delegated = p->delegated6,
        .duid = slice_of(i->duid, sizeof(i->duid)),
    };
    struct prefix routes[CONFIG_LIST + 2];
    const struct config_pool *own = pool_of(i, p->pool);
    unsigned n = fill_routes(i, own, routes);
    fill_prefix(p, own, &conf);
    conf.n_routes = keep_routes(i, routes, n);
    conf.routes = i->routes;
    fill_servers(&i->told, &conf);
    fill_leased(p, &conf);
    return conf;
}

static void read_config(struct conn *c, struct conn_inform *i)
{
    const struct config *conf = &i->snapshot->config;
    config_tell(conf, c->params.pool, c->params.group, c->params.user, &i->told);
    make_duid(i->duid, conf);
    c->rules = (struct plane_rules){ .isolate = i->told.isolate,
                                     .limited = i->told.allow_set,
                                     .allow = i->told.allow,
                                     .n_allow = i->told.n_allow,
                                     .dns = i->told.dns,
                                     .n_dns = i->told.n_dns };
}

/* The address in the tunnel that answers what does not fit; that of IPv4 the stream knows by IPCP. */
static void answer_from(struct conn *c, const struct config *conf)
{
    struct prefix own = { 0 };
    if (c->params.pool && c->params.pool <= conf->n_pools)
        own = config_server_ipv6(&conf->pools[c->params.pool - 1]);
    if (own.family == 6)
        memcpy(c->stream.tunnel6, own.addr, sizeof(own.addr));
}

static struct conn_inform *make(struct conn *c)
{
    struct conn_inform *i = calloc(1, sizeof(*i));
    if (!i)
        return NULL;
    i->snapshot = snapshot_enter(c->snapshot);
    read_config(c, i);
    answer_from(c, &i->snapshot->config);
    struct inform_conf conf = conf_of(c, i);
    inform_init(&i->machine, &conf, &c->env);
    return i;
}

bool conn_inform_up(struct conn *c, const struct tunnel_event *ev)
{
    struct conn_inform *i = c->inform ? c->inform : make(c);
    if (!i)
        return false;
    c->inform = i;
    if (ev->ipv4 && !i->ipv4)
        inform_ipv4_up(&i->machine, params_ipv4(&c->params));
    if (ev->ipv6 && !i->ipv6)
        inform_ipv6_up(&i->machine, ev->ip6.our_id, loop_now(c->w->loop));
    i->ipv4 = ev->ipv4;
    i->ipv6 = ev->ipv6;
    i->work = true;
    return true;
}

void conn_inform_take(struct conn *c, struct batch *b)
{
    struct conn_inform *i = c->inform;
    unsigned n = 0;
    for (unsigned k = 0; i && k < b->n; k++) {
        struct slice packet = slice_of(b->at[k].p, b->at[k].n);
        if (!inform_maybe(packet) || !inform_packet(&i->machine, packet, loop_now(c->w->loop))) {
            b->at[n++] = b->at[k];
            continue;
        }
        uint8_t addr[16];
        i->work = true;
        if (inform_claim(&i->machine, addr))
            conn_claim(c, addr, true);
    }
    if (i)
        b->n = n;
}

static uint8_t room[PACKET_HEAD + INFORM_PACKET_MAX]; /* one thread */

/* The packet that stands in the room. */
static void send_one(struct conn *c, size_t n)
{
    struct batch b;
    batch_clear(&b);
    batch_add(&b, room + PACKET_HEAD, n);
    stream_send(&c->stream, &b, loop_now(c->w->loop));
}

void conn_inform_turn(struct conn *c)
{
    struct conn_inform *i = c->inform;
    size_t n;
    msec now = loop_now(c->w->loop);
    if (!i || c->over)
        return;
    if (inform_due(&i->machine) <= now) {
        inform_tick(&i->machine, now);
        i->work = true;
    }
    if (!i->work)
        return;
    i->work = false;
    while ((n = inform_pull(&i->machine, room + PACKET_HEAD, INFORM_PACKET_MAX)) > 0)
        send_one(c, n);
}

msec conn_inform_due(const struct conn *c)
{
    return c->inform && !c->over ? inform_due(&c->inform->machine) : NEVER;
}

/* The pool and the group of these names in another snapshot; false: they are no more. */
static bool follow(const struct config *old, const struct config *new, struct params *p)
{
    unsigned pool =
        p->pool && p->pool <= old->n_pools ? config_pool_named(new, slice_str(old->pools[p->pool - 1].name)) : 0;
    unsigned group =
        p->group && p->group <= old->n_groups ? config_group_named(new, slice_str(old->groups[p->group - 1].name)) : 0;
    if ((p->pool && !pool) || (p->group && !group))
        return false;
    p->pool = (uint8_t)pool;
    p->group = (uint8_t)group;
    if (p->user && p->user <= old->n_user_blocks)
        p->user = (uint8_t)config_user_named(new, slice_str(old->user_blocks[p->user - 1].name));
    return true;
}

void conn_inform_renew(struct conn *c, struct snapshot *s)
{
    struct conn_inform *i = c->inform;
    if (!i || c->over || !follow(&i->snapshot->config, &s->config, &c->params))
        return; /* it keeps what it was told */
    struct snapshot *old = i->snapshot;
    struct prefix *old_routes = i->routes;
    struct inform_conf before = i->machine.conf; /* its names are in the old snapshot, its routes in `old_routes` */
    i->snapshot = snapshot_enter(s);
    read_config(c, i);
    struct inform_conf conf = conf_of(c, i);
    inform_update(&i->machine, &conf, loop_now(c->w->loop));
    i->work = true;
    conn_inform_turn(c);
    size_t n = inform_withdraw(&i->machine, &before, room + PACKET_HEAD, INFORM_PACKET_MAX);
    if (n)
        send_one(c, n);
    free(old_routes);
    snapshot_leave(old);
}

void conn_inform_free(struct conn *c)
{
    if (!c->inform)
        return;
    snapshot_leave(c->inform->snapshot);
    free(c->inform->routes);
    free(c->inform);
    c->inform = NULL;
}

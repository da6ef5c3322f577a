/* See pool.h. Each kind of each pool is a range of numbered leases. */
#include "aaa/pool.h"

#include "aaa/pool_parts.h"

#include <stdlib.h>

static uint64_t half(const uint8_t *eight)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | eight[i];
    return v;
}

/* Network, server, broadcast; of IPv6 the first /64, where the server's own address is; of a shared /64 the address of all
 * routers (RFC 4291 2.6.1) and the server's. */
static bool own(const struct range *r, uint32_t id)
{
    if (r->kind == POOL_IPV4)
        return id <= 1 || id == r->size - 1;
    return r->kind == POOL_LINK6 && id <= (r->unit == 128);
}

/* Leases of IPv6 are numbered by the last bits of their length, which all lie in one half of the address. */
static struct prefix lease6_of(const struct range *r, uint32_t id)
{
    struct prefix p = prefix_v6(r->net.addr, r->unit);
    unsigned at = r->unit > 64 ? 8 : 0;
    uint64_t v = half(p.addr + at) | (uint64_t)id << (at * 8 + 64 - r->unit);
    for (unsigned i = 0; i < 8; i++)
        p.addr[at + i] = (uint8_t)(v >> (56 - 8 * i));
    return p;
}

static uint64_t id6_of(const struct range *r, const struct prefix *lease)
{
    unsigned at = r->unit > 64 ? 8 : 0;
    return (half(lease->addr + at) - half(r->net.addr + at)) >> (at * 8 + 64 - r->unit);
}

static struct prefix lease_of(const struct range *r, uint32_t id)
{
    if (r->kind == POOL_IPV4)
        return prefix_v4(prefix_v4_addr(&r->net) + id, 32);
    return lease6_of(r, id);
}

/* The range that could hold such a lease, and the lease's number there; NULL if none. */
static struct range *locate(const struct pool *p, const struct prefix *lease, uint32_t *ret_id)
{
    for (unsigned i = 0; i < p->n_ranges; i++) {
        const struct range *r = &p->ranges[i];
        if (lease->family != r->net.family || lease->len != r->unit || !prefix_has(&r->net, lease->addr))
            continue;
        uint64_t id = r->kind == POOL_IPV4 ? prefix_v4_addr(lease) - prefix_v4_addr(&r->net) : id6_of(r, lease);
        if (id >= r->size)
            continue;
        *ret_id = (uint32_t)id;
        return (struct range *)r;
    }
    return NULL;
}

/* ---- making them ---- */

static bool within(const struct config *c, const struct config_list *l, uint32_t ipv4)
{
    for (unsigned i = 0; i < l->n; i++)
        if (ipv4 >= c->ranges[l->at + i].first && ipv4 <= c->ranges[l->at + i].last)
            return true;
    return false;
}

/* Not for everybody: it may still be somebody's fixed address. */
static bool kept_back(const struct config *c, const struct range *r, uint32_t id)
{
    const struct config_pool *x = &c->pools[r->pool - 1];
    uint32_t ipv4 = prefix_v4_addr(&r->net) + id;
    return r->kind == POOL_IPV4 && ((x->ranges.n && !within(c, &x->ranges, ipv4)) || within(c, &x->exclude, ipv4));
}

static int range_init(struct range *r, const struct config *c)
{
    unsigned bits = r->unit - r->net.len;
    r->size = 1u << (bits < POOL_BITS_MAX || r->kind == POOL_IPV4 ? bits : POOL_BITS_MAX);
    if (idset_init(&r->free, r->size) < 0 || idset_init(&r->given, r->size) < 0 ||
        idset_init(&r->reserved, r->size) < 0 || idset_init(&r->never, r->size) < 0)
        return ERR_NOMEM;
    for (uint32_t id = 0; id < r->size; id++)
        if (own(r, id) || kept_back(c, r, id))
            idset_add(&r->never, id);
        else
            idset_add(&r->free, id);
    return 0;
}

static void range_done(struct range *r)
{
    idset_done(&r->free);
    idset_done(&r->given);
    idset_done(&r->reserved);
    idset_done(&r->never);
}

static int add_range(struct pool *p, const struct config *c, unsigned pool, enum pool_kind kind,
                     const struct prefix *net, unsigned unit)
{
    if (net->family == 0 || net->len > unit || (kind == POOL_IPV4 && (net->len < 8 || net->len > 30)))
        return 0;
    struct range *r = &p->ranges[p->n_ranges++];
    *r = (struct range){ .pool = pool, .kind = kind, .net = *net, .unit = (uint8_t)unit };
    return range_init(r, c);
}

struct pool *pool_new(const struct config *c)
{
    struct pool *p = calloc(1, sizeof(*p));
    int r = 0;
    for (unsigned i = 0; p && r == 0 && i < c->n_pools; i++) {
        const struct config_pool *x = &c->pools[i];
        r = add_range(p, c, i + 1, POOL_IPV4, &x->ipv4, 32);
        if (r == 0)
            r = add_range(p, c, i + 1, POOL_LINK6, &x->ipv6, x->ipv6_shared ? 128 : 64);
        if (r == 0 && x->delegate)
            r = add_range(p, c, i + 1, POOL_DELEGATED6, &x->delegate_from, x->delegate);
        p->n_pools = i + 1;
        p->lan |= x->dhcp[0] ? 1u << i : 0;
    }
    if (r == 0)
        return p;
    pool_free(p);
    return NULL;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->n_ranges; i++)
        range_done(&p->ranges[i]);
    free(p);
}

void pool_inherit(struct pool *p, const struct pool *before)
{
    memcpy(p->memory, before->memory, sizeof(p->memory));
    p->version = before->version + 1;
    for (unsigned i = 0; i < p->n_ranges; i++)
        for (unsigned k = 0; k < before->n_ranges; k++)
            if (prefix_eq(&p->ranges[i].net, &before->ranges[k].net) && p->ranges[i].size == before->ranges[k].size)
                p->ranges[i].cursor = before->ranges[k].cursor;
}

uint64_t pool_version(const struct pool *p)
{
    return p->version;
}

/* ---- fixed ones ---- */

static const char *fixed6_fault(const struct config_pool *x, const struct prefix *fixed)
{
    if (!x->ipv6_shared && fixed->len != 64)
        return "its pool gives each session a /64";
    if (!x->ipv6_shared)
        return half(fixed->addr) == half(x->ipv6.addr) ? "it is the server's own /64 of the pool" : NULL;
    if (fixed->len != 128)
        return "its pool shares one /64, so that a session has single addresses";
    return half(fixed->addr + 8) - half(x->ipv6.addr + 8) <= 1 ? "it is the server's own address in the tunnel" : NULL;
}

const char *pool_fixed_fault(const struct config *c, const struct prefix *fixed)
{
    for (unsigned i = 0; i < c->n_pools; i++) {
        const struct config_pool *x = &c->pools[i];
        const struct prefix *net = fixed->family == 4 ? &x->ipv4 : &x->ipv6;
        if (net->family != fixed->family || !prefix_has(net, fixed->addr))
            continue;
        if (fixed->family == 6)
            return fixed6_fault(x, fixed);
        uint32_t id = prefix_v4_addr(fixed) - prefix_v4_addr(net);
        if (id == 1)
            return "it is the server's own address in the tunnel";
        return id == 0 || id == (0xffffffffu >> net->len) ? "it is the network's or the broadcast address of its pool"
                                                          : NULL;
    }
    return "it lies in none of the pools, so nothing would lead its packets into the tunnel";
}

/* Free for everybody again, unless there is a reason against it. */
static void set_free(struct range *r, uint32_t id)
{
    if (!idset_has(&r->given, id) && !idset_has(&r->reserved, id) && !idset_has(&r->never, id))
        idset_add(&r->free, id);
}

void pool_reserve_begin(struct pool *p)
{
    for (unsigned i = 0; i < p->n_ranges; i++) {
        struct range *r = &p->ranges[i];
        uint32_t id;
        while (idset_next(&r->reserved, 0, &id)) {
            idset_remove(&r->reserved, id);
            set_free(r, id);
        }
    }
}

void pool_reserve(struct pool *p, const struct prefix *fixed)
{
    uint32_t id;
    struct range *r = locate(p, fixed, &id);
    if (!r || own(r, id))
        return;
    idset_add(&r->reserved, id);
    idset_remove(&r->free, id);
}

/* ---- leases ---- */

/* FNV-1a over the lower-case name, never 0. */
static uint64_t hash_of(struct slice user)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < user.n; i++) {
        uint8_t c = user.p[i];
        h = (h ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) * 0x100000001b3u;
    }
    return h ? h : 1;
}

static void give(struct range *r, uint32_t id)
{
    idset_remove(&r->free, id);
    idset_add(&r->given, id);
}

/* The one that the user had, if it is of this range and free; else the next free one. */
static bool lease_one(struct pool *p, struct range *r, const struct prefix *last, struct prefix *ret)
{
    uint32_t id;
    bool again = last && locate(p, last, &id) == r && idset_has(&r->free, id);
    if (!again && !idset_next(&r->free, r->cursor, &id))
        return false;
    give(r, id);
    if (!again)
        r->cursor = id + 1;
    *ret = lease_of(r, id);
    return true;
}

static struct prefix *kind_in(struct pool_lease *l, enum pool_kind kind)
{
    return kind == POOL_IPV4 ? &l->ipv4 : kind == POOL_LINK6 ? &l->link6 : &l->delegated6;
}

/* All kinds of one pool, or none. */
static bool lease_all(struct pool *p, unsigned pool, const struct pool_lease *fixed, struct memory *m, uint64_t user,
                      struct pool_lease *ret)
{
    struct pool_lease l = *fixed;
    struct prefix taken[POOL_KINDS];
    unsigned n = 0;
    bool any = p->lan >> (pool - 1) & 1;
    for (unsigned i = 0; i < p->n_ranges; i++) {
        struct range *r = &p->ranges[i];
        struct prefix *to = kind_in(&l, r->kind);
        if (r->pool != pool)
            continue;
        any = true;
        if (to->family)
            continue;
        if (!lease_one(p, r, m->user == user ? &m->last[r->kind] : NULL, to)) {
            while (n)
                (void)pool_give_back(p, &taken[--n]);
            return false;
        }
        taken[n++] = *to;
    }
    l.pool = pool;
    if (any)
        *ret = l;
    return any;
}

int pool_lease(struct pool *p, uint32_t pools, const struct pool_lease *fixed, struct slice user,
               struct pool_lease *ret_l)
{
    uint64_t h = hash_of(user);
    struct memory *m = &p->memory[(h ^ h >> 32) % POOL_REMEMBERED];
    unsigned must = fixed->ipv4.family ? pool_of(p, &fixed->ipv4) : pool_of(p, &fixed->link6);
    bool done = must && lease_all(p, must, fixed, m, h, ret_l);
    unsigned last = m->user == h ? pool_of(p, &m->last[POOL_IPV4]) : 0;
    last = m->user == h && !last ? pool_of(p, &m->last[POOL_LINK6]) : last;
    if (!must && last && pools & 1u << (last - 1))
        done = lease_all(p, last, fixed, m, h, ret_l);
    for (unsigned i = 0; !must && !done && i < p->n_pools; i++) /* the first is used up before the second is touched */
        if (pools & 1u << i && i + 1 != last)
            done = lease_all(p, i + 1, fixed, m, h, ret_l);
    if (!done)
        return ERR_REFUSED;
    p->version++;
    m->user = h;
    for (unsigned k = 0; k < POOL_KINDS; k++)
        m->last[k] = *kind_in(ret_l, (enum pool_kind)k);
    return 0;
}

int pool_take(struct pool *p, const struct prefix *lease)
{
    uint32_t id;
    struct range *r = locate(p, lease, &id);
    if (!r || own(r, id))
        return ERR_VALUE;
    if (idset_has(&r->given, id))
        return ERR_STATE;
    give(r, id);
    return 0;
}

bool pool_give_back(struct pool *p, const struct prefix *lease)
{
    uint32_t id;
    struct range *r = locate(p, lease, &id);
    if (!r || !idset_has(&r->given, id))
        return false;
    idset_remove(&r->given, id);
    set_free(r, id);
    return true;
}

bool pool_in_use(const struct pool *p, const struct prefix *lease)
{
    uint32_t id;
    const struct range *r = locate(p, lease, &id);
    return r && idset_has(&r->given, id);
}

unsigned pool_of(const struct pool *p, const struct prefix *lease)
{
    uint32_t id;
    const struct range *r = lease->family ? locate(p, lease, &id) : NULL;
    return r ? r->pool : 0;
}

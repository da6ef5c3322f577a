/* See pool.h. */
#include "aaa/pool.h"

#include "aaa/idset.h"

#include <stdlib.h>

enum { REMEMBERED = 1 << 14 }; /* last addresses of users; a power of two */

struct range {
    uint32_t base, size;
    uint32_t cursor;   /* where the next search begins */
    struct idset free; /* neither given nor reserved nor the pool's own */
    struct idset given;
    struct idset reserved;
};

/* Who had which address last. One place for each hash: a clash forgets the older user, which costs it a new address. */
struct memory {
    uint64_t user;
    uint32_t ipv4;
};

struct pool {
    struct range ranges[CONFIG_POOLS];
    unsigned n_ranges;
    struct memory memory[REMEMBERED];
};

static bool own(uint32_t size, uint32_t id)
{
    return id <= 1 || id == size - 1; /* network, server, broadcast */
}

static int range_init(struct range *r, const struct prefix *p)
{
    r->base = prefix_v4_addr(p);
    r->size = 1u << (32 - p->len);
    if (idset_init(&r->free, r->size) < 0 || idset_init(&r->given, r->size) < 0 ||
        idset_init(&r->reserved, r->size) < 0)
        return ERR_NOMEM;
    for (uint32_t id = 0; id < r->size; id++)
        if (!own(r->size, id))
            idset_add(&r->free, id);
    return 0;
}

static void range_done(struct range *r)
{
    idset_done(&r->free);
    idset_done(&r->given);
    idset_done(&r->reserved);
}

struct pool *pool_new(const struct config *c)
{
    struct pool *p = calloc(1, sizeof(*p));
    for (unsigned i = 0; p && i < c->n_pools; i++) {
        if (c->pools[i].ipv4.family != 4 || c->pools[i].ipv4.len < 8 || c->pools[i].ipv4.len > 30)
            continue;
        if (range_init(&p->ranges[p->n_ranges++], &c->pools[i].ipv4) < 0) {
            pool_free(p);
            return NULL;
        }
    }
    return p;
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
    for (unsigned i = 0; i < p->n_ranges; i++)
        for (unsigned k = 0; k < before->n_ranges; k++)
            if (p->ranges[i].base == before->ranges[k].base && p->ranges[i].size == before->ranges[k].size)
                p->ranges[i].cursor = before->ranges[k].cursor;
}

const char *pool_fixed_fault(const struct config *c, uint32_t ipv4)
{
    for (unsigned i = 0; i < c->n_pools; i++) {
        const struct prefix *x = &c->pools[i].ipv4;
        if (x->family != 4 || x->len > 30 || x->len < 8 || (ipv4 ^ prefix_v4_addr(x)) >> (32 - x->len))
            continue;
        uint32_t id = ipv4 - prefix_v4_addr(x), size = 1u << (32 - x->len);
        if (id == 1)
            return "it is the server's own address in the tunnel";
        return own(size, id) ? "it is the network's or the broadcast address of its pool" : NULL;
    }
    return "it lies in none of the pools, so nothing would lead its packets into the tunnel";
}

/* The range that holds the address and its number there; NULL if none. */
static struct range *locate(const struct pool *p, uint32_t ipv4, uint32_t *ret_id)
{
    for (unsigned i = 0; i < p->n_ranges; i++) {
        const struct range *r = &p->ranges[i];
        if (ipv4 - r->base < r->size) {
            *ret_id = ipv4 - r->base;
            return (struct range *)r;
        }
    }
    return NULL;
}

void pool_reserve_begin(struct pool *p)
{
    for (unsigned i = 0; i < p->n_ranges; i++) {
        struct range *r = &p->ranges[i];
        uint32_t id;
        while (idset_next(&r->reserved, 0, &id)) {
            idset_remove(&r->reserved, id);
            if (!idset_has(&r->given, id))
                idset_add(&r->free, id);
        }
    }
}

void pool_reserve(struct pool *p, uint32_t ipv4)
{
    uint32_t id;
    struct range *r = locate(p, ipv4, &id);
    if (!r || own(r->size, id))
        return;
    idset_add(&r->reserved, id);
    idset_remove(&r->free, id);
}

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

static bool lease_remembered(struct pool *p, const struct memory *m, uint64_t user, uint32_t *ret)
{
    uint32_t id;
    struct range *r = m->user == user ? locate(p, m->ipv4, &id) : NULL;
    if (!r || !idset_has(&r->free, id))
        return false;
    give(r, id);
    *ret = m->ipv4;
    return true;
}

static bool lease_next(struct pool *p, uint32_t *ret)
{
    for (unsigned i = 0; i < p->n_ranges; i++) {
        struct range *r = &p->ranges[i]; /* the first pool is used up before the second is touched */
        uint32_t id;
        if (!idset_next(&r->free, r->cursor, &id))
            continue;
        give(r, id);
        r->cursor = id + 1;
        *ret = r->base + id;
        return true;
    }
    return false;
}

int pool_lease(struct pool *p, struct slice user, uint32_t *ret_ipv4)
{
    uint64_t h = hash_of(user);
    struct memory *m = &p->memory[(h ^ h >> 32) % REMEMBERED];
    if (!lease_remembered(p, m, h, ret_ipv4) && !lease_next(p, ret_ipv4))
        return ERR_REFUSED;
    *m = (struct memory){ h, *ret_ipv4 };
    return 0;
}

int pool_take(struct pool *p, uint32_t ipv4)
{
    uint32_t id;
    struct range *r = locate(p, ipv4, &id);
    if (!r || own(r->size, id))
        return ERR_VALUE;
    if (idset_has(&r->given, id))
        return ERR_STATE;
    give(r, id);
    return 0;
}

bool pool_give_back(struct pool *p, uint32_t ipv4)
{
    uint32_t id;
    struct range *r = locate(p, ipv4, &id);
    if (!r || !idset_has(&r->given, id))
        return false;
    idset_remove(&r->given, id);
    if (!idset_has(&r->reserved, id))
        idset_add(&r->free, id);
    return true;
}

bool pool_in_use(const struct pool *p, uint32_t ipv4)
{
    uint32_t id;
    const struct range *r = locate(p, ipv4, &id);
    return r && idset_has(&r->given, id);
}

uint32_t pool_server_of(const struct pool *p, uint32_t ipv4)
{
    uint32_t id;
    const struct range *r = locate(p, ipv4, &id);
    return r ? r->base + 1 : 0;
}

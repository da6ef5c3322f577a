/* What users are entitled to, and who holds what: addresses, /64s, delegated networks, networks behind clients.
 *
 * Whatever a session holds stands in one table by prefix, so that nothing is ever held twice, and in the pool where it is
 * of one. Addresses that clients of a shared /64 make for themselves are in judge_claim.c. */
#include "aaa/judge_priv.h"

#include <stdio.h>

/* ---- what is wanted ---- */

/* A user block of the configuration hides what the database says. */
void judge_entitle(struct judge *j, const struct user *u, struct entitled *ret)
{
    const struct config_user *block = config_user_block(&j->c, slice_str(u->name));
    memset(ret, 0, sizeof(*ret)); /* compared as bytes */
    ret->group = block && block->group ? block->group : config_group_named(&j->c, slice_str(u->group));
    if (block && block->ipv4.family)
        ret->fixed[0] = block->ipv4;
    else if (u->ipv4)
        ret->fixed[0] = prefix_v4(u->ipv4, 32);
    ret->fixed[1] = block && block->ipv6.family ? block->ipv6 : u->ipv6;
    if (block && block->routed.set) {
        ret->n_routed = block->routed.n;
        memcpy(ret->routed, &j->c.nets[block->routed.at], ret->n_routed * sizeof(ret->routed[0]));
    } else {
        ret->n_routed = u->n_routed;
        memcpy(ret->routed, u->routed, sizeof(ret->routed));
    }
}

uint32_t judge_pools_for(const struct judge *j, unsigned group)
{
    uint32_t all = (1u << j->c.n_pools) - 1, named = 0;
    _Static_assert(CONFIG_POOLS < 32, "a bit for each pool");
    if (group && group <= j->c.n_groups && j->c.groups[group - 1].pool)
        return 1u << (j->c.groups[group - 1].pool - 1);
    for (unsigned i = 0; i < j->c.n_groups; i++)
        if (j->c.groups[i].pool)
            named |= 1u << (j->c.groups[i].pool - 1);
    return all & ~named;
}

/* ---- who holds it ---- */

static struct sess *holder_of(struct judge *j, const struct prefix *p)
{
    struct owner who;
    return owners_get(&j->held, p, &who) ? judge_find(j, who.worker, who.session) : NULL;
}

struct sess *judge_holder(struct judge *j, const struct sess *s, unsigned *at)
{
    for (unsigned i = *at; i < 2 + s->want.n_routed; i++) {
        const struct prefix *claim = i < 2 ? &s->want.fixed[i] : &s->want.routed[i - 2];
        struct sess *o = claim->family ? holder_of(j, claim) : NULL;
        *at = i + 1;
        if (o && o != s)
            return o;
    }
    return NULL;
}

bool judge_held_up(struct judge *j, const struct sess *s)
{
    unsigned at = 0;
    return judge_holder(j, s, &at) != NULL;
}

bool judge_claims(const struct sess *s)
{
    return s->want.fixed[0].family || s->want.fixed[1].family || s->want.n_routed;
}

bool judge_same_claim(const struct sess *a, const struct sess *b)
{
    for (unsigned i = 0; i < 2; i++)
        if (a->want.fixed[i].family && prefix_eq(&a->want.fixed[i], &b->want.fixed[i]))
            return true;
    for (unsigned i = 0; i < a->want.n_routed; i++)
        for (unsigned k = 0; k < b->want.n_routed; k++)
            if (prefix_overlaps(&a->want.routed[i], &b->want.routed[k]))
                return true;
    return false;
}

static bool routed_meets(const struct sess *s, const struct prefix *p)
{
    for (unsigned i = 0; i < s->want.n_routed; i++)
        if (s->want.routed[i].family == p->family && prefix_overlaps(&s->want.routed[i], p))
            return true;
    return false;
}

/* Looks at all sessions: few users have networks behind them. */
const struct sess *judge_clash(const struct judge *j, const struct sess *s)
{
    for (unsigned i = 0; s->want.n_routed && i < JUDGE_BUCKETS; i++)
        for (const struct sess *o = j->buckets[i]; o; o = o->next)
            for (unsigned k = 0; o != s && strcmp(o->user, s->user) != 0 && k < o->n_held; k++)
                if (routed_meets(s, &o->held[k]))
                    return o;
    return NULL;
}

/* ---- taking and giving back ---- */

static void release_pools(struct judge *j, struct sess *s)
{
    struct owner me = { s->who.worker, s->who.session };
    for (unsigned i = 0; i < s->n_held; i++) {
        (void)pool_give_back(j->pool, &s->held[i]);
        (void)owners_clear(&j->held, &s->held[i], me);
    }
    s->n_held = s->n_routed = 0;
    s->leased = false;
    memset(&s->lease, 0, sizeof(s->lease));
    memset(&s->given, 0, sizeof(s->given));
}

void judge_release(struct judge *j, struct sess *s)
{
    release_pools(j, s);
    if (j->lan)
        lan_give_back(j->lan, s->who.worker, s->who.session, j->now);
}

/* Writes down that s holds p. */
static int hold_one(struct judge *j, struct sess *s, const struct prefix *p)
{
    if (p->family == 0)
        return 0;
    if (s->n_held == PARAMS_PREFIXES || owners_set(&j->held, p, (struct owner){ s->who.worker, s->who.session }) < 0)
        return ERR_NOMEM;
    s->held[s->n_held++] = *p;
    return 0;
}

int judge_set_lease(struct judge *j, struct sess *s, const struct pool_lease *l)
{
    _Static_assert(PARAMS_PREFIXES >= POOL_LEASES + USER_ROUTED + PARAMS_CLAIMS, "all of it");
    if (judge_lease_on(j, l))
        release_pools(j, s); /* a lease that it has, or waits for, may be the same again: lan_ask() */
    else
        judge_release(j, s);
    s->lease = *l;
    s->has = s->want;
    s->leased = true;
    int r = hold_one(j, s, &l->ipv4);
    if (r == 0)
        r = hold_one(j, s, &l->link6);
    if (r == 0)
        r = hold_one(j, s, &l->delegated6);
    for (unsigned i = 0; r == 0 && i < s->want.n_routed; i++)
        r = hold_one(j, s, &s->want.routed[i]);
    s->n_routed = s->want.n_routed;
    if (r < 0)
        judge_release(j, s);
    return r;
}

const char *judge_lease_on(const struct judge *j, const struct pool_lease *l)
{
    const struct config_pool *pool = l->pool && l->pool <= j->c.n_pools ? &j->c.pools[l->pool - 1] : NULL;
    return pool && pool->dhcp[0] && !l->ipv4.family ? pool->dhcp : NULL;
}

int judge_add_given(struct judge *j, struct sess *s, const struct lan_given *given)
{
    struct prefix addr = prefix_v4(given->addr, 32);
    struct owner other;
    if (owners_get(&j->held, &addr, &other) || pool_take(j->pool, &addr) == ERR_STATE)
        return ERR_STATE;
    if (hold_one(j, s, &addr) < 0)
        return ERR_NOMEM;
    memmove(&s->held[1], &s->held[0], (s->n_held - 1) * sizeof(s->held[0]));
    s->held[0] = addr; /* params.h: the first one */
    s->lease.ipv4 = addr;
    s->given = *given;
    return 0;
}

/* Its address may be one of a LAN: that lease goes on, or is asked for again. */
static int hold_given(struct judge *j, struct sess *s, const struct prefix *addr, unsigned pool)
{
    const struct config_pool *x = pool && pool <= j->c.n_pools ? &j->c.pools[pool - 1] : NULL;
    struct lan_who who = { .worker = s->who.worker, .session = s->who.session, .call = s->who.call, .user = s->user };
    int r = j->lan ? lan_hold(j->lan, &who, x && x->dhcp[0] ? x->dhcp : NULL, prefix_v4_addr(addr), &s->given, j->now)
                   : ERR_MISSING;
    return r == ERR_MISSING ? 0 : r; /* of a pool that is no more: nobody else can get it */
}

/* Which of the prefixes is what: by the pool that they are of. */
static void sort_out(const struct judge *j, struct sess *s, unsigned pool)
{
    const struct config_pool *x = pool && pool <= j->c.n_pools ? &j->c.pools[pool - 1] : NULL;
    s->lease.pool = pool;
    for (unsigned i = 0; i < s->n_held - s->n_routed; i++) {
        const struct prefix *p = &s->held[i];
        if (p->family == 4 && p->len == 32 && !s->lease.ipv4.family)
            s->lease.ipv4 = *p;
        else if (x && x->ipv6.family && p->len == (x->ipv6_shared ? 128 : 64) && prefix_has(&x->ipv6, p->addr) &&
                 !s->lease.link6.family) /* what was claimed stands behind it */
            s->lease.link6 = *p;
        else if (x && x->delegate_from.family && p->len == x->delegate && prefix_has(&x->delegate_from, p->addr))
            s->lease.delegated6 = *p;
    }
}

int judge_hold_all(struct judge *j, struct sess *s, const struct params *p)
{
    struct owner other;
    int r = 0;
    for (unsigned i = 0; r == 0 && i < p->n_prefixes; i++) {
        const struct prefix *at = &p->prefixes[i];
        int took = pool_take(j->pool, at); /* ERR_VALUE: of no pool */
        if (took == ERR_STATE || owners_get(&j->held, at, &other))
            r = ERR_STATE;
        else
            r = hold_one(j, s, at);
        if (r == 0 && took < 0 && i == 0 && p->n_prefixes > p->n_routed && at->family == 4 && at->len == 32)
            r = hold_given(j, s, at, p->pool);
    }
    if (r < 0) {
        judge_release(j, s);
        return r;
    }
    s->n_routed = p->n_routed;
    sort_out(j, s, p->pool);
    s->leased = true;
    return 0;
}

void judge_repool(struct judge *j, struct pool *pool)
{
    for (unsigned i = 0; i < JUDGE_BUCKETS; i++)
        for (struct sess *s = j->buckets[i]; s; s = s->next) {
            for (unsigned k = 0; k < s->n_held; k++)
                (void)!pool_take(pool, &s->held[k]);
            s->lease.pool = s->lease.ipv4.family ? pool_of(pool, &s->lease.ipv4) : pool_of(pool, &s->lease.link6);
        }
}

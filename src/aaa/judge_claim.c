/* Addresses that a client makes for itself in a /64 that all sessions of its pool share.
 *
 * The session's leased address is its own from the beginning; of the rest of the /64 an address is the session's that uses it
 * first, until the session ends or has claimed too many others since: RFC 6620 (FCFS SAVI), with one book for all instead of
 * questions on the link. The part of the /64 that the pool leases from is nobody's to claim. */
#include "aaa/judge_priv.h"

static bool is_claim(const struct sess *s, const struct prefix *p)
{
    return p->family == 6 && p->len == 128 && memcmp(p->addr, s->lease.link6.addr, 8) == 0 &&
           !prefix_eq(p, &s->lease.link6);
}

/* RFC 5453 3: identifiers that stand for all routers (RFC 4291 2.6.1) and for anycast (RFC 2526 2). */
static bool reserved(const uint8_t id[8])
{
    static const uint8_t zero[8], anycast[7] = { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    return memcmp(id, zero, 8) == 0 || (memcmp(id, anycast, 7) == 0 && id[7] & 0x80);
}

/* The oldest of its claims, if it has as many as it may; or NULL. */
static const struct prefix *too_many(const struct sess *s)
{
    const struct prefix *oldest = NULL;
    unsigned n = 0;
    for (unsigned i = 0; i < s->n_held; i++)
        if (is_claim(s, &s->held[i]) && n++ == 0)
            oldest = &s->held[i];
    return n >= PARAMS_CLAIMS ? oldest : NULL;
}

static void drop(struct judge *j, struct sess *s, const struct prefix *p)
{
    (void)owners_clear(&j->held, p, (struct owner){ s->who.worker, s->who.session });
    params_drop(s->held, &s->n_held, p);
}

int judge_claim(struct judge *j, uint32_t worker, uint64_t session, const struct prefix *addr, struct prefix *ret_gone)
{
    struct sess *s = judge_find(j, worker, session);
    struct prefix gone = { 0 };
    struct owner who;
    if (!s || s->state != SESS_ACCEPTED || !s->leased)
        return ERR_STATE;
    if (s->lease.link6.family != 6 || s->lease.link6.len != 128 ||
        (!is_claim(s, addr) && !prefix_eq(addr, &s->lease.link6)))
        return ERR_VALUE;
    if (owners_find(&j->held, addr->addr, &who)) {
        bool its = who.worker == worker && who.session == session;
        *ret_gone = its ? gone : *ret_gone;
        return its ? 0 : ERR_DUPLICATE;
    }
    if (reserved(addr->addr + 8) || pool_of(j->pool, addr))
        return ERR_VALUE;
    const struct prefix *oldest = too_many(s);
    if (oldest) {
        gone = *oldest;
        drop(j, s, &gone);
    }
    *ret_gone = gone;
    if (owners_set(&j->held, addr, (struct owner){ worker, session }) < 0)
        return ERR_NOMEM;
    return params_add(s->held, &s->n_held, s->n_routed, addr) ? 0 : ERR_NOMEM;
}

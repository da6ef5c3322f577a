/* authd and addresses that clients make for themselves in a /64 that all share (aaa/judge_claim.c has the book).
 *
 * Where the pool has a part of the /64 only, the rest of it is the outer network's: whether a host there has the address is
 * asked on its link first (ndp.h), by the worker that listens there. Without one, nothing beside the part is given. */
#include "server/authd_parts.h"

#include "events/events.h"

enum { PROBE_LOST = 3000 }; /* ms: nobody has asked; the client may claim it again */

static void answer(struct authd *a, uint32_t worker, struct role_claim *c)
{
    uint8_t buf[64];
    struct wr w = wr_of(buf, sizeof(buf));
    role_put_claim(&w, c);
    authd_send(a, worker, ROLE_CLAIMED, 0, &w);
}

static void decide(struct authd *a, uint32_t worker, struct role_claim *c)
{
    c->gone = (struct prefix){ 0 };
    c->granted = judge_claim(a->judge, worker, c->session, &c->addr, &c->gone) == 0 &&
                 registry_claim(&a->registry, worker, c->session, &c->addr, &c->gone) == 0;
    authd_tell_one(a, ROLE_DISOWN, worker, c->session, &c->gone);
    if (c->granted)
        authd_tell_one(a, ROLE_OWN, worker, c->session, &c->addr);
    answer(a, worker, c);
}

static void refuse(struct authd *a, uint32_t worker, struct role_claim *c)
{
    c->granted = false;
    c->gone = (struct prefix){ 0 };
    answer(a, worker, c);
}

/* The one about this address; or a free one (`free`), NULL if there is none. */
static struct authd_probe *find(struct authd *a, const struct prefix *addr, bool free)
{
    msec now = loop_now(a->loop);
    for (unsigned i = 0; i < AUTHD_PROBES; i++) {
        struct authd_probe *p = &a->probes[i];
        bool waits = p->until > now;
        if (free ? !waits : waits && prefix_eq(&p->claim.addr, addr))
            return p;
    }
    return NULL;
}

/* Every worker is asked: only the one that listens there answers. */
static void probe(struct authd *a, uint32_t worker, struct role_claim *c)
{
    uint8_t buf[32];
    struct wr w = wr_of(buf, sizeof(buf));
    struct authd_probe *p = find(a, &c->addr, false);
    if (p && p->worker == worker && p->claim.session == c->session)
        return; /* under way */
    p = p ? NULL : find(a, &c->addr, true);
    if (!p) {
        refuse(a, worker, c);
        return;
    }
    *p = (struct authd_probe){ worker, *c, loop_now(a->loop) + PROBE_LOST };
    prefix_put(&w, &c->addr);
    for (uint32_t i = 0; i < REGISTRY_WORKERS; i++)
        authd_send(a, i, ROLE_PROBE, 0, &w);
}

/* Does anybody listen where the address would be of? */
static bool can_ask(const struct config *c, const struct prefix *addr)
{
    for (unsigned i = 0; i < c->n_pools; i++) {
        struct prefix all = config_pool_ipv6(&c->pools[i]);
        if (c->pools[i].ipv6_shared && c->pools[i].ndp_proxy[0] && prefix_has(&all, addr->addr))
            return true;
    }
    return false;
}

/* A session that we do not know is told to end elsewhere. */
int authd_on_claim(struct authd *a, uint32_t worker, const struct imsg *m)
{
    struct role_claim c;
    struct owner who;
    int r = role_get_claim(m->body, &c);
    if (r < 0)
        return r;
    if (!authd_beside_a_pool(&a->config, &c.addr) || owners_find(&a->registry.owners, c.addr.addr, &who))
        decide(a, worker, &c);
    else if (can_ask(&a->config, &c.addr))
        probe(a, worker, &c);
    else
        refuse(a, worker, &c);
    return 0;
}

int authd_on_probed(struct authd *a, const struct imsg *m)
{
    struct rd r = rd_slice(m->body);
    struct prefix addr;
    prefix_get(&r, &addr);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    struct authd_probe *p = find(a, &addr, false);
    if (!p)
        return 0;
    struct authd_probe done = *p;
    p->until = 0;
    if (m->id == ROLE_PROBED_FREE)
        decide(a, done.worker, &done.claim);
    else
        refuse(a, done.worker, &done.claim);
    return 0;
}

/* Addresses that a client makes for itself in a /64 that all sessions of its pool share: asked of authd, which has the book
 * (aaa/judge_claim.c), when the client asks whether one is free (RFC 4862 5.4), and when a packet comes from one (RFC 6620
 * 3.2.3: links without duplicate address detection, such as PPP on Linux, never ask).
 *
 * Until the answer is there packets from it are dropped. How often one client may ask is bounded. See conn_inform.h. */
#include "server/conn.h"

#include "events/events.h"
#include "wire/ip.h"

enum {
    CLAIM_EVERY = 2000, /* ms between claims in the long run; PARAMS_CLAIMS may come at once */
    CLAIM_AGAIN = 1000, /* the same address once more */
};

static bool has(const struct params *p, const uint8_t addr[16])
{
    for (unsigned i = 0; i < p->n_prefixes; i++)
        if (p->prefixes[i].family == 6 && prefix_has(&p->prefixes[i], addr))
            return true;
    return false;
}

/* A leaky bucket: claims_until is when everything asked so far will have been allowed. */
static bool may_ask(struct conn_inform *i, const uint8_t addr[16], msec now)
{
    bool again = memcmp(i->claimed, addr, sizeof(i->claimed)) == 0 && now < i->claimed_at + CLAIM_AGAIN;
    msec from = i->claims_until > now ? i->claims_until : now;
    if (again || from >= now + PARAMS_CLAIMS * CLAIM_EVERY)
        return false;
    memcpy(i->claimed, addr, sizeof(i->claimed));
    i->claimed_at = now;
    i->claims_until = from + CLAIM_EVERY;
    return true;
}

void conn_claim(struct conn *c, const uint8_t addr[16], bool asked)
{
    uint8_t buf[64];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_claim claim = { .session = c->handle, .addr = prefix_v6(addr, 128), .asked = asked };
    if (!c->inform || !c->w->authd_open || has(&c->params, addr) || !may_ask(c->inform, addr, loop_now(c->w->loop)))
        return;
    role_put_claim(&w, &claim);
    worker_tell_authd(c->w, ROLE_CLAIM, 0, &w);
}

bool conn_claim_sources(struct conn *c, const struct batch *b)
{
    bool any = false;
    for (unsigned i = 0; params_shares(&c->params) && i < b->n; i++) {
        uint8_t from[16];
        if (!ip_source16(slice_of(b->at[i].p, b->at[i].n), from) || !params_may_claim(&c->params, from) ||
            has(&c->params, from))
            continue;
        any = true;
        conn_claim(c, from, false);
    }
    return any;
}

static void let_go(struct conn *c, const struct prefix *gone)
{
    struct params one = { .n_prefixes = 1 };
    one.prefixes[0] = *gone;
    plane_disown(&c->w->plane, c->handle, &one);
    params_drop(c->params.prefixes, &c->params.n_prefixes, gone);
}

static bool take(struct conn *c, const struct prefix *addr)
{
    struct params one = { .n_prefixes = 1 };
    one.prefixes[0] = *addr;
    if (has(&c->params, addr->addr))
        return true;
    if (c->params.n_prefixes == PARAMS_PREFIXES || plane_own(&c->w->plane, c->handle, &one) < 0)
        return false;
    return params_add(c->params.prefixes, &c->params.n_prefixes, c->params.n_routed, addr);
}

void conn_claimed(struct conn *c, const struct role_claim *claim)
{
    char text[PREFIX_TEXT];
    if (claim->gone.family)
        let_go(c, &claim->gone);
    if (claim->granted && take(c, &claim->addr)) {
        event(EV_ADDRESS_CLAIMED, c->call, F_BYTES("user", slice_str(conn_user(c))),
              F_TEXT("address", prefix_text(&claim->addr, text)));
        return;
    }
    event(EV_ADDRESS_TAKEN, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text),
          F_TEXT("address", prefix_text(&claim->addr, text)));
    if (!claim->asked || !c->inform)
        return;
    inform_defend(&c->inform->machine, claim->addr.addr);
    c->inform->work = true;
    conn_settle(c);
}

/* authd's talk with the workers: questions, sessions up and down, who owns which prefix, and what sessions there are that
 * an authd before this one accepted.
 *
 * A worker is believed nothing but what it asks: its sessions' prefixes come from the verdicts. The one exception are
 * the sessions that it holds already when authd starts anew: they are taken as they are, if nobody else has the address,
 * and only before anything else is said. A worker that says what it may not say loses its channel. */
#include "server/authd_parts.h"

#include "events/events.h"

#include <stdio.h>
#include <string.h>

void authd_send(struct authd *a, uint32_t worker, enum role_msg type, uint32_t id, const struct wr *body)
{
    struct imsg m = { .type = type, .id = id, .body = wr_slice(body) };
    if (!wr_ok(body))
        event(EV_INTERNAL, NULL, F_TEXT("cause", "a message to a worker did not fit"), F_NUM("type", type));
    else if (worker < REGISTRY_WORKERS && a->peers[worker].chan)
        chan_send(a->peers[worker].chan, &m);
}

void authd_end(struct authd *a, uint32_t worker, uint64_t session, enum role_end why, const char *reason)
{
    uint8_t buf[256];
    struct wr w = wr_of(buf, sizeof(buf));
    char cut[ROLE_REASON];
    snprintf(cut, sizeof(cut), "%s", reason);
    role_put_end(&w, session, cut);
    authd_send(a, worker, ROLE_END, why, &w);
}

/* ---- networks behind clients, which master leads into the tunnel ---- */

/* An address that a client made in a /64 of which the pool has a part only: nothing else leads it into the tunnel. */
bool authd_beside_a_pool(const struct config *c, const struct prefix *p)
{
    for (unsigned i = 0; i < c->n_pools; i++) {
        struct prefix all = config_pool_ipv6(&c->pools[i]);
        if (c->pools[i].ipv6_shared && p->family == 6 && p->len == 128 && prefix_has(&all, p->addr))
            return !prefix_has(&c->pools[i].ipv6, p->addr);
    }
    return false;
}

static void tell_master(struct authd *a, enum role_msg type, uint32_t worker, const struct registered *s, bool all)
{
    uint8_t buf[ROLE_OWN_MAX];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_own o = { .worker = worker, .session = s->session };
    for (unsigned i = 0; i < s->n_prefixes; i++)
        if (i >= s->n_prefixes - s->n_routed || authd_beside_a_pool(&a->config, &s->prefixes[i]))
            o.prefixes[o.n_prefixes++] = s->prefixes[i];
    if (o.n_prefixes == 0)
        return;
    if (type == ROLE_NET_DOWN && all)
        o.n_prefixes = 0;
    role_put_own(&w, &o);
    chan_send(a->master, &(struct imsg){ .type = type, .body = wr_slice(&w) });
}

/* ---- owners, made known to the other workers ---- */

static void tell_owner(struct authd *a, enum role_msg type, uint32_t worker, const struct registered *s, uint32_t to)
{
    uint8_t buf[ROLE_OWN_MAX];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_own o = { .worker = worker, .session = s->session, .n_prefixes = s->n_prefixes };
    memcpy(o.prefixes, s->prefixes, sizeof(o.prefixes));
    role_put_own(&w, &o);
    authd_send(a, to, type, 0, &w);
}

/* `all`: that is all that the session has. */
static void tell_some(struct authd *a, enum role_msg type, uint32_t worker, const struct registered *s, bool all)
{
    tell_master(a, type == ROLE_OWN ? ROLE_NET_UP : ROLE_NET_DOWN, worker, s, all);
    authd_limit(a, worker, s->session, type == ROLE_DISOWN && all);
    for (uint32_t i = 0; i < REGISTRY_WORKERS; i++)
        if (i != worker && a->peers[i].chan)
            tell_owner(a, type, worker, s, i);
}

static void tell_others(struct authd *a, enum role_msg type, uint32_t worker, const struct registered *s)
{
    tell_some(a, type, worker, s, true);
}

/* The end of an old session came late: its worker may have taken the newer one's steering entries away. */
static void assert_owner(void *ctx, struct owner newer)
{
    uint8_t buf[8];
    struct wr w = wr_of(buf, sizeof(buf));
    role_put_session(&w, newer.session);
    authd_send(ctx, newer.worker, ROLE_ASSERT, 0, &w);
}

static void session_gone(struct authd *a, uint32_t worker, uint64_t session)
{
    struct registered *s = registry_find(&a->registry, worker, session);
    if (s && s->up)
        tell_others(a, ROLE_DISOWN, worker, s);
    registry_down(&a->registry, worker, session, assert_owner, a);
    a->gone++;
}

/* ---- workers ---- */

static int on_ask(struct authd *a, uint32_t worker, const struct imsg *m)
{
    struct role_ask ask;
    int r = a->open ? role_get_ask(m->body, &ask) : ERR_STATE;
    if (r < 0)
        return r;
    ask.who.worker = worker;
    judge_ask(a->judge, &ask.who, m->id, &ask.question, loop_now(a->loop));
    share_asked(&a->peers[worker], loop_now(a->loop));
    return 0;
}

/* ---- what was there before us ---- */

static void say_open(struct authd *a, uint32_t worker)
{
    uint8_t none[1];
    struct wr w = wr_of(none, sizeof(none));
    authd_send(a, worker, ROLE_OPEN, 0, &w);
}

void authd_open(struct authd *a)
{
    a->open = true;
    authd_lan_settle(a);
    chan_send(a->master, &(struct imsg){ .type = ROLE_NET_ALL });
    for (uint32_t i = 0; i < REGISTRY_WORKERS; i++)
        if (a->peers[i].chan && a->peers[i].reported)
            say_open(a, i);
}

static int on_held_end(struct authd *a, uint32_t worker)
{
    if (a->peers[worker].reported)
        return ERR_STATE;
    a->peers[worker].reported = true;
    if (a->awaited && --a->awaited == 0 && !a->open)
        authd_open(a);
    else if (a->open)
        say_open(a, worker);
    return 0;
}

/* Nobody else has one of its prefixes. (Addresses that were accepted and are not up yet are the pool's to know.) */
static bool unowned(struct authd *a, const struct role_held *h)
{
    struct owner other;
    for (unsigned i = 0; i < h->n_prefixes; i++)
        if (owners_get(&a->registry.owners, &h->prefixes[i], &other))
            return false;
    return true;
}

static int keep_held(struct authd *a, const struct role_held *h)
{
    struct params p = { .n_prefixes = h->n_prefixes, .n_routed = h->n_routed, .pool = h->pool, .group = h->group };
    memcpy(p.prefixes, h->prefixes, sizeof(p.prefixes));
    int r = unowned(a, h) ? judge_hold(a->judge, &h->who, h->user, &p, loop_now(a->loop)) : ERR_STATE;
    if (r == 0)
        r = registry_accept(&a->registry, h->who.worker, h->who.session, &p);
    if (r == 0 && h->up)
        r = registry_up(&a->registry, h->who.worker, h->who.session);
    return r;
}

static int on_held(struct authd *a, uint32_t worker, const struct imsg *m)
{
    struct role_held h;
    int r = a->peers[worker].reported ? ERR_STATE : role_get_held(m->body, &h);
    if (r < 0)
        return r;
    h.who.worker = worker;
    if (keep_held(a, &h) <
        0) { /* it came too late, or we have no memory: better no session than two with one address */
        registry_down(&a->registry, worker, h.who.session, assert_owner, a);
        judge_down(a->judge, worker, h.who.session, loop_now(a->loop));
        authd_end(a, worker, h.who.session, ROLE_END_REPLACED, "its address is somebody else's");
    } else if (h.up) {
        tell_others(a, ROLE_OWN, worker, registry_find(&a->registry, worker, h.who.session));
    }
    return 0;
}

static int on_up(struct authd *a, uint32_t worker, const struct imsg *m)
{
    uint64_t session;
    int r = role_get_session(m->body, &session);
    if (r == 0 && !registry_find(&a->registry, worker, session)) {
        event(EV_WORKER_STRANGE, NULL, F_NUM("worker", worker), F_NUM("session", session));
        authd_end(a, worker, session, ROLE_END_REPLACED,
                  "it is not known"); /* we refused it when it was reported: it owns nothing */
        return 0;
    }
    if (r == 0)
        r = registry_up(&a->registry, worker, session);
    if (r == ERR_NOMEM) {
        event(EV_NO_MEMORY, NULL, F_TEXT("for", "the owner of an address"));
        authd_end(a, worker, session, ROLE_END_FAULT, "the server is out of memory");
        return 0;
    }
    if (r < 0)
        return r;
    judge_up(a->judge, worker, session);
    tell_others(a, ROLE_OWN, worker, registry_find(&a->registry, worker, session));
    return 0;
}

void authd_tell_one(struct authd *a, enum role_msg type, uint32_t worker, uint64_t session, const struct prefix *p)
{
    struct registered one = { .session = session, .n_prefixes = 1 };
    one.prefixes[0] = *p;
    if (p->family)
        tell_some(a, type, worker, &one, false);
}

/* A worker speaks for its own sessions only: they are looked for under its own number, whatever it says. */
static bool has_session(struct authd *a, uint32_t worker, uint64_t session)
{
    const struct judge_who *who;
    return judge_session(a->judge, worker, session, &who) || registry_find(&a->registry, worker, session);
}

static int on_counters(struct authd *a, uint32_t worker, const struct imsg *m)
{
    struct role_counters c;
    int r = role_get_counters(m->body, &c);
    if (r == 0 && !has_session(a, worker, c.session))
        event(EV_WORKER_STRANGE, NULL, F_NUM("worker", worker), F_NUM("session", c.session));
    if (r < 0 || m->type == ROLE_COUNTERS)
        return r; /* interim counters: for accounting, which comes with RADIUS */
    session_gone(a, worker, c.session);
    judge_down(a->judge, worker, c.session, loop_now(a->loop));
    return 0;
}

static int from_worker(struct authd *a, uint32_t worker, const struct imsg *m)
{
    int r = ERR_UNKNOWN;
    if (m->type == ROLE_HELD)
        r = on_held(a, worker, m);
    else if (m->type == ROLE_HELD_END)
        r = on_held_end(a, worker);
    else if (m->type == ROLE_ASK)
        r = on_ask(a, worker, m);
    else if (m->type == ROLE_UP)
        r = on_up(a, worker, m);
    else if (m->type == ROLE_CLAIM)
        r = authd_on_claim(a, worker, m);
    else if (m->type == ROLE_PROBED)
        r = authd_on_probed(a, m);
    else if (m->type == ROLE_COUNTERS || m->type == ROLE_DOWN)
        r = on_counters(a, worker, m);
    return r;
}

/* Its worker died and cannot say it: each session that came up has a last line all the same. */
static void log_lost(struct peer *p, const struct registered *s)
{
    char text[PREFIX_TEXT];
    const struct judge_who *who;
    const char *user = judge_session(p->a->judge, p->worker, s->session, &who);
    if (user)
        event(EV_SESSION_DOWN, who->call, F_BYTES("user", slice_str(user)), F_TEXT("peer", who->peer),
              F_TEXT("address", s->n_prefixes ? prefix_text(&s->prefixes[0], text) : ""), F_TEXT("cause", "lost"),
              F_TEXT("reason", "its worker has died"), F_NUM("worker", p->worker));
}

static void forget_session(void *ctx, const struct registered *s)
{
    struct peer *p = ctx;
    if (!s->up)
        return;
    tell_others(p->a, ROLE_DISOWN, p->worker, s);
    log_lost(p, s);
}

static void worker_gone(struct peer *p)
{
    struct authd *a = p->a;
    chan_free(p->chan);
    p->chan = NULL;
    registry_worker_gone(&a->registry, p->worker, forget_session, p);
    judge_worker_gone(a->judge, p->worker, loop_now(a->loop));
}

static void on_worker(void *ctx, struct imsg *m)
{
    struct peer *p = ctx;
    struct authd *a = p->a;
    const char *why = imsg_check(role_worker_to_authd.rules, role_worker_to_authd.n, a->phase, m);
    if (!why) {
        int r = from_worker(a, p->worker, m);
        why = r < 0 ? err_str(r) : NULL;
    }
    if (why) {
        event(EV_ROLE_REFUSED, NULL, F_TEXT("from", "worker"), F_NUM("worker", p->worker), F_TEXT("cause", why),
              F_TEXT("message", imsg_name(role_worker_to_authd.rules, role_worker_to_authd.n, m->type)));
        worker_gone(p);
        chan_send(a->master, &(struct imsg){ .type = ROLE_ACCUSE, .id = p->worker });
    }
    authd_arm(a);
}

static void on_worker_lost(void *ctx, int err)
{
    struct peer *p = ctx;
    (void)err;
    worker_gone(p);
    authd_arm(p->a);
}

/* What a worker that has just come must know of the others. */
struct newcomer {
    struct authd *a;
    uint32_t worker;
};

static void introduce(void *ctx, uint32_t worker, const struct registered *s)
{
    struct newcomer *n = ctx;
    if (worker != n->worker)
        tell_owner(n->a, ROLE_OWN, worker, s, n->worker);
}

int authd_add_worker(struct authd *a, struct imsg *m)
{
    if (m->id >= REGISTRY_WORKERS)
        return ERR_VALUE;
    struct peer *p = &a->peers[m->id];
    if (p->chan)
        worker_gone(p);
    *p = (struct peer){ .a = a, .worker = m->id };
    p->chan = chan_new(a->loop, m->fds[0], on_worker, on_worker_lost, p);
    m->fds[0] = -1;
    if (!p->chan)
        return ERR_NOMEM;
    registry_each_up(&a->registry, introduce, &(struct newcomer){ a, m->id });
    return 0;
}

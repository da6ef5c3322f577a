/* The worker's talk with authd: questions and verdicts, who owns what, and a change of authd.
 *
 * authd may die. Its successor knows nothing: each worker tells it what it holds (ROLE_HELD) and asks nothing until all
 * have done so (ROLE_OPEN), so that no address is given twice. Questions wait here for as long as it takes; the peer's
 * authentication deadline is their bound. Only a conversation of several rounds (EAP) ends with the authd that led it. */
#include "server/conn.h"

#include "base/secret.h"
#include "events/events.h"
#include "server/ndp.h"
#include "server/role.h"

#include <stdio.h>
#include <stdlib.h>

void worker_tell_authd(struct worker *w, enum role_msg type, uint32_t id, const struct wr *body)
{
    struct imsg m = { .type = type, .id = id, .body = wr_slice(body) };
    if (!wr_ok(body))
        event(EV_INTERNAL, NULL, F_TEXT("cause", "a message to authd did not fit"), F_NUM("type", type));
    else if (w->authd)
        chan_send(w->authd, &m);
}

/* ---- what it says ---- */

static void on_verdict(struct worker *w, const struct imsg *m)
{
    struct role_verdict v;
    if (role_get_verdict(m->body, &v) < 0) {
        role_refuse("authd", "a malformed verdict");
        return;
    }
    struct conn *c = conn_get(w, v.session);
    if (c)
        conn_verdict(c, m->id, &v);
    secret_wipe(&v, sizeof(v));
}

static void on_own(struct worker *w, const struct imsg *m)
{
    struct role_own o;
    if (role_get_own(m->body, &o) < 0 || o.worker == w->index) {
        role_refuse("authd", "a malformed owner");
        return;
    }
    struct owner who = { o.worker, o.session };
    if (m->type == ROLE_OWN)
        plane_other_own(&w->plane, who, o.prefixes, o.n_prefixes);
    else
        plane_other_disown(&w->plane, who, o.prefixes, o.n_prefixes);
}

static void on_end(struct worker *w, const struct imsg *m)
{
    uint64_t session;
    char reason[ROLE_REASON];
    if (role_get_end(m->body, &session, reason) < 0) {
        role_refuse("authd", "a malformed end");
        return;
    }
    struct conn *c = conn_get(w, session);
    if (!c || c->over)
        return;
    if (m->id == ROLE_END_USER) {
        event(EV_SESSION_USER_GONE, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text),
              F_TEXT("reason", reason));
        conn_end(c, reason);
        return;
    }
    if (m->id == ROLE_END_FAULT) {
        conn_end(c, reason);
        return;
    }
    event(EV_SESSION_REPLACED, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text),
          F_TEXT("reason", reason));
    conn_evict(c, reason);
}

static void on_assert(struct worker *w, const struct imsg *m)
{
    uint64_t session;
    if (role_get_session(m->body, &session) < 0) {
        role_refuse("authd", "a malformed session");
        return;
    }
    struct conn *c = conn_get(w, session);
    if (c && c->up && !c->over)
        plane_assert(&w->plane, session, &c->params);
}

static void on_claimed(struct worker *w, const struct imsg *m)
{
    struct role_claim claim;
    if (role_get_claim(m->body, &claim) < 0) {
        role_refuse("authd", "a malformed claim");
        return;
    }
    struct conn *c = conn_get(w, claim.session);
    if (c && c->up && !c->over && !c->evicted)
        conn_claimed(c, &claim);
}

static void probed(void *ctx, const struct prefix *addr, bool taken)
{
    uint8_t buf[32];
    struct wr w = wr_of(buf, sizeof(buf));
    prefix_put(&w, addr);
    worker_tell_authd(ctx, ROLE_PROBED, taken ? ROLE_PROBED_TAKEN : ROLE_PROBED_FREE, &w);
}

static void on_probe(struct worker *w, const struct imsg *m)
{
    struct rd r = rd_slice(m->body);
    struct prefix addr;
    prefix_get(&r, &addr);
    if (rd_finish(&r) < 0)
        role_refuse("authd", "a malformed address");
    else if (w->ndp)
        ndp_probe(w->ndp, &addr, probed, w);
}

static void ask_one(void *ctx, void *thing)
{
    (void)ctx;
    conn_ask(thing);
}

static void on_open(struct worker *w)
{
    plane_others_end(&w->plane);
    w->authd_open = true;
    slab_each(&w->conns, ask_one, NULL);
}

static void on_authd(void *ctx, struct imsg *m)
{
    struct worker *w = ctx;
    if (!role_allowed(&role_authd_to_worker, w->phase, m, "authd"))
        return;
    switch (m->type) {
    case ROLE_VERDICT:
        on_verdict(w, m);
        break;
    case ROLE_END:
        on_end(w, m);
        break;
    case ROLE_OWN:
    case ROLE_DISOWN:
        on_own(w, m);
        break;
    case ROLE_ASSERT:
        return on_assert(w, m);
    case ROLE_CLAIMED:
        on_claimed(w, m);
        break;
    case ROLE_PROBE:
        return on_probe(w, m);
    case ROLE_OPEN:
        return on_open(w);
    } /* role_allowed() has refused all others */
}

/* ---- it dies, another comes ---- */

static void lose_one(void *ctx, void *thing)
{
    (void)ctx;
    conn_authd_lost(thing);
}

/* Sessions stay and questions wait: master starts another one. */
static void on_authd_lost(void *ctx, int err)
{
    struct worker *w = ctx;
    chan_free(w->authd);
    w->authd = NULL;
    w->authd_open = false;
    if (w->phase == ROLE_ENDING)
        return;
    if (!w->authd_changes)
        event(EV_CHANNEL_LOST, NULL, F_TEXT("to", "authd"), F_TEXT("cause", err_str(err)));
    slab_each(&w->conns, lose_one, NULL);
}

static void report_held(void *ctx, void *thing)
{
    struct worker *w = ctx;
    uint8_t buf[1024 + ROLE_OWN_MAX];
    struct wr body = wr_of(buf, sizeof(buf));
    struct role_held h;
    if (!conn_held(thing, &h))
        return;
    role_put_held(&body, &h);
    worker_tell_authd(w, ROLE_HELD, 0, &body);
}

int worker_meet_authd(struct worker *w, int fd)
{
    uint8_t none[1];
    struct wr empty = wr_of(none, sizeof(none));
    chan_free(w->authd);
    w->authd_open = w->authd_changes = false;
    w->authd = chan_new(w->loop, fd, on_authd, on_authd_lost, w);
    if (!w->authd)
        return ERR_NOMEM;
    plane_others_begin(&w->plane);
    slab_each(&w->conns, report_held, w);
    worker_tell_authd(w, ROLE_HELD_END, 0, &empty);
    return 0;
}

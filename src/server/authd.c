/* The role that knows the users: questions of workers to the judge, verdicts back, and who owns which prefix to all.
 *
 * A worker is believed nothing but what it asks: its sessions' prefixes come from the verdicts. A worker that says what it
 * may not say loses its channel, upon which it ends and master hears of it. See authd.h. */
#include "server/authd.h"

#include "aaa/judge.h"
#include "base/secret.h"
#include "events/events.h"
#include "loop/loop.h"
#include "server/registry.h"
#include "server/role.h"
#include "tls/prim_host.h"

#include <stdio.h>
#include <string.h>

struct authd;

struct peer {
    struct authd *a;
    uint32_t worker;
    struct chan *chan; /* NULL: none */
};

struct authd {
    struct loop *loop;
    uint32_t phase;
    struct chan *master;
    bool have_config;
    struct config config;
    struct env env;
    struct judge *judge;
    struct timer *timer;
    struct registry registry;
    struct peer peers[REGISTRY_WORKERS];
};

static void arm(struct authd *a)
{
    timer_set(a->timer, judge_due(a->judge));
}

static void send_to(struct authd *a, uint32_t worker, enum role_msg type, uint32_t id, const struct wr *body)
{
    struct imsg m = { .type = type, .id = id, .body = wr_slice(body) };
    if (!wr_ok(body))
        event(EV_INTERNAL, NULL, F_TEXT("cause", "a message to a worker did not fit"), F_NUM("type", type));
    else if (worker < REGISTRY_WORKERS && a->peers[worker].chan)
        chan_send(a->peers[worker].chan, &m);
}

/* ---- owners, made known to the other workers ---- */

static void tell_owner(struct authd *a, enum role_msg type, uint32_t worker, const struct registered *s, uint32_t to)
{
    uint8_t buf[256];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_own o = { .worker = worker, .session = s->session, .n_prefixes = s->n_prefixes };
    memcpy(o.prefixes, s->prefixes, sizeof(o.prefixes));
    role_put_own(&w, &o);
    send_to(a, to, type, 0, &w);
}

static void tell_others(struct authd *a, enum role_msg type, uint32_t worker, const struct registered *s)
{
    for (uint32_t i = 0; i < REGISTRY_WORKERS; i++)
        if (i != worker && a->peers[i].chan)
            tell_owner(a, type, worker, s, i);
}

/* The end of an old session came late: its worker may have taken the newer one's steering entries away. */
static void assert_owner(void *ctx, struct owner newer)
{
    uint8_t buf[8];
    struct wr w = wr_of(buf, sizeof(buf));
    role_put_session(&w, newer.session);
    send_to(ctx, newer.worker, ROLE_ASSERT, 0, &w);
}

static void session_gone(struct authd *a, uint32_t worker, uint64_t session)
{
    struct registered *s = registry_find(&a->registry, worker, session);
    if (s && s->up)
        tell_others(a, ROLE_DISOWN, worker, s);
    registry_down(&a->registry, worker, session, assert_owner, a);
}

/* ---- the judge's answers ---- */

static void log_verdict(const struct judge_who *who, const struct judge_result *r)
{
    if (r->verdict.kind == VERDICT_ACCEPT)
        event(EV_AUTH_ACCEPTED, who->call, F_BYTES("user", slice_str(r->user)), F_TEXT("peer", who->peer));
    else if (r->no_address)
        event(EV_POOL_EXHAUSTED, who->call, F_BYTES("user", slice_str(r->user)), F_TEXT("peer", who->peer));
    else if (r->verdict.kind == VERDICT_REFUSE)
        event(EV_AUTH_REFUSED, who->call, F_BYTES("user", slice_str(r->user)), F_TEXT("peer", who->peer),
              F_TEXT("reason", r->reason ? r->reason : ""), F_NUM("retry", r->verdict.retry));
}

static void on_judged(void *ctx, const struct judge_who *who, uint32_t ask, const struct judge_result *r)
{
    struct authd *a = ctx;
    static uint8_t buf[8192];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_verdict v = { .session = who->session, .verdict = r->verdict, .no_address = r->no_address };
    if (r->verdict.kind == VERDICT_ACCEPT)
        v.params = r->params;
    snprintf(v.user, sizeof(v.user), "%s", r->user);
    snprintf(v.reason, sizeof(v.reason), "%s", r->reason ? r->reason : "");
    log_verdict(who, r);
    if (r->verdict.kind == VERDICT_ACCEPT && registry_accept(&a->registry, who->worker, who->session, &r->params) < 0) {
        event(EV_NO_MEMORY, who->call, F_TEXT("for", "a session"));
        return; /* the peer's authentication times out */
    }
    role_put_verdict(&w, &v);
    send_to(a, who->worker, ROLE_VERDICT, ask, &w);
    secret_wipe(buf, sizeof(buf));
    secret_wipe(&v, sizeof(v));
}

static void on_replaced(void *ctx, uint32_t worker, uint64_t session, const char *reason)
{
    uint8_t buf[256];
    struct wr w = wr_of(buf, sizeof(buf));
    char cut[ROLE_REASON];
    snprintf(cut, sizeof(cut), "%s", reason);
    role_put_end(&w, session, cut);
    send_to(ctx, worker, ROLE_END, 0, &w);
}

static void on_timer(void *ctx)
{
    struct authd *a = ctx;
    judge_tick(a->judge, loop_now(a->loop));
    arm(a);
}

/* ---- workers ---- */

static int on_ask(struct authd *a, uint32_t worker, const struct imsg *m)
{
    struct role_ask ask;
    int r = role_get_ask(m->body, &ask);
    if (r < 0)
        return r;
    ask.who.worker = worker;
    judge_ask(a->judge, &ask.who, m->id, &ask.question, loop_now(a->loop));
    return 0;
}

static int on_up(struct authd *a, uint32_t worker, const struct imsg *m)
{
    uint64_t session;
    int r = role_get_session(m->body, &session);
    if (r == 0)
        r = registry_up(&a->registry, worker, session);
    if (r < 0)
        return r;
    judge_up(a->judge, worker, session);
    tell_others(a, ROLE_OWN, worker, registry_find(&a->registry, worker, session));
    return 0;
}

static int on_counters(struct authd *a, uint32_t worker, const struct imsg *m)
{
    struct role_counters c;
    int r = role_get_counters(m->body, &c);
    if (r < 0 || m->type == ROLE_COUNTERS)
        return r; /* interim counters: for accounting, which comes with RADIUS */
    session_gone(a, worker, c.session);
    judge_down(a->judge, worker, c.session, loop_now(a->loop));
    return 0;
}

static int from_worker(struct authd *a, uint32_t worker, const struct imsg *m)
{
    int r = ERR_UNKNOWN;
    if (m->type == ROLE_ASK)
        r = on_ask(a, worker, m);
    else if (m->type == ROLE_UP)
        r = on_up(a, worker, m);
    else if (m->type == ROLE_COUNTERS || m->type == ROLE_DOWN)
        r = on_counters(a, worker, m);
    return r;
}

static void forget_session(void *ctx, const struct registered *s)
{
    struct peer *p = ctx;
    if (s->up)
        tell_others(p->a, ROLE_DISOWN, p->worker, s);
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
    }
    arm(a);
}

static void on_worker_lost(void *ctx, int err)
{
    struct peer *p = ctx;
    (void)err;
    worker_gone(p);
    arm(p->a);
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

static int add_worker(struct authd *a, struct imsg *m)
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

/* ---- master ---- */

/* The database is in our root folder now, whatever its path was. */
static int on_config(struct authd *a, struct slice body)
{
    int r = config_decode(body, &a->config);
    if (r < 0)
        return r;
    const char *slash = strrchr(a->config.users, '/');
    if (!slash)
        return ERR_VALUE; /* master reads paths as absolute ones */
    memmove(a->config.users, slash, strlen(slash) + 1);
    a->have_config = true;
    role_log_level(&a->config);
    return 0;
}

static int authd_start(struct authd *a)
{
    char err[256];
    if (!a->have_config)
        return ERR_STATE;
    a->env = (struct env){ .random = prim_random, .prim = &prim_host };
    a->judge = judge_new(&a->config, &a->env, a->loop, on_judged, on_replaced, a, err);
    if (!a->judge) {
        event(EV_STORE_NOT_OPENED, NULL, F_TEXT("cause", err));
        return ERR_SYSTEM;
    }
    a->timer = timer_new(a->loop, on_timer, a);
    if (!a->timer)
        return ERR_NOMEM;
    a->phase = ROLE_RUN;
    arm(a);
    chan_send(a->master, &(struct imsg){ .type = ROLE_READY });
    return 0;
}

static void on_master(void *ctx, struct imsg *m)
{
    struct authd *a = ctx;
    int r = ERR_BUG;
    if (!role_allowed(&role_master_to_authd, a->phase, m, "master"))
        return;
    if (m->type == ROLE_CONFIG)
        r = on_config(a, m->body);
    else if (m->type == ROLE_WORKER)
        r = add_worker(a, m);
    else if (m->type == ROLE_START)
        r = authd_start(a);
    else if (m->type == ROLE_STOP) {
        r = 0;
        loop_stop(a->loop, 0);
    }
    if (r == 0)
        return;
    event(EV_START_FAILED, NULL, F_TEXT("at", imsg_name(role_master_to_authd.rules, role_master_to_authd.n, m->type)),
          F_TEXT("cause", err_str(r)));
    loop_stop(a->loop, 1);
}

static void on_master_lost(void *ctx, int err)
{
    struct authd *a = ctx;
    (void)err;
    loop_stop(a->loop, 1);
}

static void authd_done(struct authd *a)
{
    for (uint32_t i = 0; i < REGISTRY_WORKERS; i++)
        chan_free(a->peers[i].chan);
    timer_free(a->timer);
    judge_free(a->judge);
    registry_done(&a->registry);
    chan_free(a->master);
    loop_free(a->loop);
}

int authd_main(int argc, char **argv)
{
    struct role_args args;
    if (!role_args_read(argc, argv, &args))
        return 2;
    role_signals();
    struct proc_confine rights = { .user = args.user, .root_fd = AUTHD_FOLDER_FD, .nofile = args.nofile };
    if (!role_confine("authd", &rights))
        return 1;
    static struct authd a;
    a.phase = ROLE_SETUP;
    registry_init(&a.registry);
    a.loop = loop_new();
    a.master = a.loop ? chan_new(a.loop, PROC_CHANNEL_FD, on_master, on_master_lost, &a) : NULL;
    int status = a.master ? loop_run(a.loop) : 1;
    authd_done(&a);
    return status;
}

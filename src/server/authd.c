/* The role that knows the users: questions of workers to the judge, verdicts back, and who owns which prefix to all.
 *
 * See authd.h; the talk with the workers is in authd_worker.c. */

#include "server/authd.h"

#include "aaa/judge.h"
#include "base/secret.h"
#include "events/events.h"
#include "loop/loop.h"
#include "server/authd_parts.h"
#include "server/role.h"
#include "tls/prim_host.h"

#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum { WATCH_EVERY = 1000, LEASES_EVERY = 5000, TIDY_GONE = 256 };
enum { REPORT_TIME = 2000 }; /* for the workers to say what they hold; one that hangs is not waited for */

void authd_arm(struct authd *a)
{
    msec due = tick_min(tick_min(a->resume_at, judge_due(a->judge)), authd_lan_due(a));
    timer_set(a->timer, a->open ? due : tick_min(a->open_by, due));
}

/* ---- the judge's answers ---- */

static void log_verdict(const struct judge_who *who, const struct judge_result *r)
{
    if (r->verdict.kind == VERDICT_ACCEPT)
        event(EV_AUTH_ACCEPTED, who->call, F_BYTES("user", slice_str(r->user)), F_TEXT("peer", who->peer));
    else if (r->no_address && !r->not_leased)
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
        authd_end(a, who->worker, who->session, ROLE_END_FAULT, "the server is out of memory");
        return; /* its worker says DOWN, and the lease goes back */
    }
    role_put_verdict(&w, &v);
    authd_send(a, who->worker, ROLE_VERDICT, ask, &w);
    secret_wipe(buf, sizeof(buf));
    secret_wipe(&v, sizeof(v));
}

static void on_replaced(void *ctx, uint32_t worker, uint64_t session, const char *reason)
{
    authd_end(ctx, worker, session, ROLE_END_REPLACED, reason);
}

static void on_user_gone(void *ctx, uint32_t worker, uint64_t session, const char *reason)
{
    authd_end(ctx, worker, session, ROLE_END_USER, reason);
}

/* Many sessions have gone, and none goes now: what they held goes back to the system. */
static void tidy(struct authd *a)
{
    if (a->gone >= TIDY_GONE && a->gone == a->gone_seen) {
        (void)malloc_trim(0);
        a->gone = 0;
    }
    a->gone_seen = a->gone;
}

/* aditctl ends the sessions of a user whom it deletes or locks; whoever else writes to the database is noticed here. */
static void on_watch(void *ctx)
{
    struct authd *a = ctx;
    judge_watch(a->judge, on_user_gone);
    if (a->leases_next <= loop_now(a->loop)) {
        leases_save(a);
        a->leases_next = loop_now(a->loop) + LEASES_EVERY;
    }
    tidy(a);
    timer_set(a->watch, loop_now(a->loop) + WATCH_EVERY);
}

static void on_timer(void *ctx)
{
    struct authd *a = ctx;
    if (!a->open && a->open_by <= loop_now(a->loop))
        authd_open(a);
    judge_tick(a->judge, loop_now(a->loop));
    share_resume(a, loop_now(a->loop));
    authd_lan_tick(a);
    authd_arm(a);
}

/* ---- master ---- */

/* The database is in our root folder now, whatever its path was. */
static int on_config(struct authd *a, struct slice body)
{
    static struct config c; /* large, and one thread */
    int r = config_decode(body, &c);
    const char *slash = r < 0 ? NULL : strrchr(c.users, '/');
    if (!slash)
        return r < 0 ? r : ERR_VALUE; /* master reads paths as absolute ones */
    memmove(c.users, slash, strlen(slash) + 1);
    if (a->judge && judge_configure(a->judge, &c) < 0)
        event(EV_NO_MEMORY, NULL, F_TEXT("for", "the new configuration; the old one stays"));
    static struct config old;
    old = a->config;
    a->config = c;
    a->have_config = true;
    authd_limits_follow(a, &old);
    role_log_level(&c);
    return 0;
}

/* `awaited`: workers that hold sessions of an authd before us. */
static int authd_start(struct authd *a, unsigned awaited)
{
    char err[256];
    if (!a->have_config)
        return ERR_STATE;
    a->judge = judge_new(&a->config, &a->env, a->loop, on_judged, on_replaced, a, err);
    if (!a->judge) {
        event(EV_STORE_NOT_OPENED, NULL, F_TEXT("cause", err));
        return ERR_SYSTEM;
    }
    a->timer = timer_new(a->loop, on_timer, a);
    a->watch = timer_new(a->loop, on_watch, a);
    if (!a->timer || !a->watch)
        return ERR_NOMEM;
    timer_set(a->watch, loop_now(a->loop) + WATCH_EVERY);
    leases_load(a);
    authd_lan_start(a);
    a->phase = ROLE_RUN;
    a->awaited = awaited;
    a->open_by = loop_now(a->loop) + REPORT_TIME;
    if (!awaited)
        authd_open(a);
    authd_arm(a);
    chan_send(a->master, &(struct imsg){ .type = ROLE_READY });
    return 0;
}

static int on_lan(struct authd *a, struct imsg *m)
{
    int r = authd_lan_link(a, m);
    if (a->timer)
        authd_arm(a);
    return r;
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
        r = authd_add_worker(a, m);
    else if (m->type == ROLE_LAN)
        r = on_lan(a, m);
    else if (m->type == ROLE_START)
        r = authd_start(a, m->id);
    else if (m->type == ROLE_PING) {
        r = 0;
        chan_send(a->master, &(struct imsg){ .type = ROLE_PONG, .id = m->id });
    } else if (m->type == ROLE_LEVEL) {
        r = role_set_level(m->id) ? 0 : ERR_VALUE;
    } else if (m->type == ROLE_STOP) {
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
    a->orphaned = true;
    loop_stop(a->loop, 1);
}

static void authd_done(struct authd *a)
{
    for (uint32_t i = 0; i < REGISTRY_WORKERS; i++)
        chan_free(a->peers[i].chan);
    role_report_events(NULL);
    leases_save(a);
    /* Sessions outlive an authd that dies alone, and their leases with them. */
    if (a->judge && !a->orphaned)
        judge_set_lan(a->judge, NULL);
    timer_free(a->timer);
    timer_free(a->watch);
    judge_free(a->judge);
    authd_lan_done(a);
    registry_done(&a->registry);
    chan_free(a->master);
    loop_free(a->loop);
}

/* A worker that has asked has more to do: woken at once, authd would take its processor away for each message, and the two
 * switches cost as much as the answer. So it comes when a processor is free or its turn has come (sched(7)). */
static void give_way(void)
{
    (void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
}

int authd_main(int argc, char **argv)
{
    struct role_args args;
    if (!role_args_read(argc, argv, &args))
        return 2;
    role_signals();
    give_way();
    struct proc_confine rights = { .user = args.user, .root_fd = AUTHD_FOLDER_FD, .nofile = args.nofile };
    if (!role_confine("authd", &rights, SANDBOX_AUTHD, args.sandbox))
        return 1;
    static struct authd a;
    a.phase = ROLE_SETUP;
    a.resume_at = NEVER;
    a.env = (struct env){ .random = prim_random, .prim = &prim_host };
    registry_init(&a.registry);
    a.loop = loop_new();
    a.master =
        a.loop && authd_lan_init(&a) == 0 ? chan_new(a.loop, PROC_CHANNEL_FD, on_master, on_master_lost, &a) : NULL;
    role_report_events(a.master);
    int status = a.master ? loop_run(a.loop) : 1;
    authd_done(&a);
    return status;
}

/* The worker's talk with master: setting up, counters, the end. See worker.h; authd's part is in worker_authd.c. */
#include "server/conn.h"

#include "events/events.h"
#include "priv/proc.h"
#include "server/ndp.h"
#include "server/role.h"
#include "tls/prim_host.h"

#include <signal.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { INTERIM = 60000, TIDY = 1000 /* ms */, TIDY_BUSY = 1 << 17, TIDY_FEWER = 64, LARGE_BLOCK = 60000 };

/* ---- counters ---- */

static void report_one(void *ctx, void *thing)
{
    struct conn *c = thing;
    (void)ctx;
    if (c->up && !c->over)
        conn_report(c, ROLE_COUNTERS, "");
}

static void tell_drops(struct worker *w, enum drop why, enum event_id id)
{
    uint64_t n = w->plane.drops.n[why] - w->drops_told.n[why];
    w->drops_told.n[why] = w->plane.drops.n[why];
    if (n)
        event(id, NULL, F_NUM("worker", w->index), F_NUM("packets", n));
}

static void tell_all_drops(struct worker *w)
{
    tell_drops(w, DROP_NO_OWNER, EV_NO_OWNER_DROPS);
    tell_drops(w, DROP_HANDOVER, EV_HANDOVER_DROPS);
}

static void on_interim(void *ctx)
{
    struct worker *w = ctx;
    slab_each(&w->conns, report_one, NULL);
    tell_all_drops(w);
    timer_set(w->interim, loop_now(w->loop) + INTERIM);
}

/* ---- the end ---- */

static void end_one(void *ctx, void *thing)
{
    (void)ctx;
    conn_end(thing, "the server stops");
}

static void cut_one(void *ctx, void *thing)
{
    (void)ctx;
    conn_cut(thing);
}

void worker_conn_gone(struct worker *w)
{
    if ((w->phase == ROLE_ENDING || (w->phase == ROLE_RUN && w->draining)) && w->conns.live == 0)
        loop_stop(w->loop, 0);
}

static void on_stop_deadline(void *ctx)
{
    struct worker *w = ctx;
    event(EV_STOP_INCOMPLETE, NULL, F_NUM("worker", w->index), F_NUM("connections", w->conns.live));
    slab_each(&w->conns, cut_one, NULL);
    loop_stop(w->loop, 0);
}

static void worker_drain(struct worker *w)
{
    w->draining = true;
    if (w->phase != ROLE_RUN)
        return; /* when it has started */
    for (uint32_t i = 0; i < CONFIG_LISTENS; i++)
        accept_remove(w, i);
    accept_stop(w);
    worker_conn_gone(w);
}

static void worker_stop(struct worker *w, msec grace)
{
    if (w->phase == ROLE_ENDING)
        return;
    w->phase = ROLE_ENDING;
    tell_all_drops(w); /* what is lost from now on, between workers that end, is nobody's fault */
    accept_stop(w);
    w->stop = timer_new(w->loop, on_stop_deadline, w);
    if (!w->stop)
        loop_stop(w->loop, 1);
    else
        timer_set(w->stop, loop_now(w->loop) + grace);
    slab_each(&w->conns, end_one, NULL);
    worker_conn_gone(w);
}

/* ---- to and from master ---- */

static int take_fd(struct imsg *m)
{
    int fd = m->fds[0];
    m->fds[0] = -1;
    return fd;
}

/* Crowded sockets and sessions that are over leave holes in the heap, which the C library keeps. Not while there is
 * traffic: it takes milliseconds. */
static void on_tidy(void *ctx)
{
    struct worker *w = ctx;
    bool busy = w->bench.shipped - w->tidy_seen > TIDY_BUSY;
    w->tidy_seen = w->bench.shipped;
    if (w->conns.live > w->tidy_peak)
        w->tidy_peak = w->conns.live;
    bool fewer = w->conns.live + TIDY_FEWER < w->tidy_peak;
    if (!busy && (!w->tidied || fewer)) {
        stream_bench_tidy(&w->bench);
        (void)malloc_trim(0);
        w->tidy_peak = w->conns.live;
    }
    w->tidied = !busy;
    timer_set(w->tidy, loop_now(w->loop) + TIDY);
}

static int worker_start(struct worker *w)
{
    /* Without authd too: another one is on its way, and logins wait for it. */
    if (!w->now || !w->limits.page || w->plane.tun.fd < 0)
        return ERR_STATE;
    w->bench.fq.conf.plain = !w->now->config.debug.fq;
    w->interim = timer_new(w->loop, on_interim, w);
    w->tidy = timer_new(w->loop, on_tidy, w);
    if (!w->interim || !w->tidy || plane_start(&w->plane) < 0 || accept_start(w) < 0 || worker_stats_start(w) < 0)
        return ERR_NOMEM;
    timer_set(w->interim, loop_now(w->loop) + INTERIM);
    timer_set(w->tidy, loop_now(w->loop) + TIDY);
    w->phase = ROLE_RUN;
    event(EV_WORKER_READY, NULL, F_NUM("worker", w->index));
    chan_send(w->master, &(struct imsg){ .type = ROLE_READY });
    if (w->draining)
        worker_drain(w);
    return 0;
}

static void assert_one(void *ctx, void *thing)
{
    struct worker *w = ctx;
    struct conn *c = thing;
    if (c->up && !c->over)
        plane_assert(&w->plane, c->handle, &c->params);
}

static void new_steer(struct worker *w, int map)
{
    plane_set_steer(&w->plane, map);
    slab_each(&w->conns, assert_one, w);
}

static int take_ndp(struct worker *w, struct imsg *m)
{
    struct role_ndp n;
    if (m->type == ROLE_NDP_NONE)
        return ndp_clear(&w->ndp), 0;
    int r = role_get_ndp(m->body, &n);
    return r < 0 ? r : ndp_add(&w->ndp, &w->plane, take_fd(m), &n);
}

/* Another one; or word that it will be another one soon. */
static int take_authd(struct worker *w, struct imsg *m)
{
    w->authd_changes = m->type == ROLE_CHANGE;
    return w->authd_changes ? 0 : worker_meet_authd(w, take_fd(m));
}

static int set_up(struct worker *w, struct imsg *m)
{
    switch (m->type) {
    case ROLE_CONFIG:
        return worker_configure(w, m->body);
    case ROLE_CERTIFICATE:
        return worker_certificate(w, m->body);
    case ROLE_LISTEN:
        return accept_add(w, m->id, take_fd(m));
    case ROLE_UNLISTEN:
        return accept_remove(w, m->id), 0;
    case ROLE_TUN:
        return plane_set_tun(&w->plane, take_fd(m), m->id);
    case ROLE_STEER:
        return new_steer(w, take_fd(m)), 0;
    case ROLE_LIMITS:
        return limits_open(&w->limits, m->fds[0], w->index);
    case ROLE_AUTHD:
    case ROLE_CHANGE:
        return take_authd(w, m);
    case ROLE_PEER:
        return plane_set_peer(&w->plane, m->id, take_fd(m)), 0;
    case ROLE_NDP_NONE:
    case ROLE_NDP:
        return take_ndp(w, m);
    case ROLE_START:
        return worker_start(w);
    case ROLE_ADMIN:
        return worker_meet_admin(w, take_fd(m));
    case ROLE_LEVEL:
        return role_set_level(m->id) ? 0 : ERR_VALUE;
    }
    return ERR_BUG; /* role_allowed() has refused all others */
}

/* What cannot fail. False: it is something else. */
static bool obey(struct worker *w, const struct imsg *m)
{
    if (m->type == ROLE_PING)
        chan_send(w->master, &(struct imsg){ .type = ROLE_PONG, .id = m->id });
    else if (m->type == ROLE_DRAIN)
        worker_drain(w);
    else if (m->type == ROLE_STOP)
        worker_stop(w, m->id);
    else
        return false;
    return true;
}

static void on_master(void *ctx, struct imsg *m)
{
    struct worker *w = ctx;
    if (!role_allowed(&role_master_to_worker, w->phase, m, "master"))
        return;
    int r = obey(w, m) ? 0 : set_up(w, m);
    if (r == 0)
        return;
    event(EV_START_FAILED, NULL, F_TEXT("at", imsg_name(role_master_to_worker.rules, role_master_to_worker.n, m->type)),
          F_TEXT("cause", err_str(r)));
    loop_stop(w->loop, 1);
}

static void on_master_lost(void *ctx, int err)
{
    struct worker *w = ctx;
    (void)err;
    loop_stop(w->loop, 1); /* nobody is left to put the host back; the next start does */
}

static bool deliver(void *ctx, uint64_t session, const struct batch *packets, bool queue)
{
    struct worker *w = ctx;
    struct conn *c = conn_get(w, session);
    if (!c || !c->up)
        return false;
    if (c->rules.isolate) {
        struct batch own = *packets;
        plane_to_isolated(&w->plane, &own, &c->stream.count.drops);
        conn_send(c, &own, queue);
    } else {
        conn_send(c, packets, queue);
    }
    return true;
}

/* Answers of the streams to packets that do not fit. */
static void to_host(void *ctx, const struct batch *packets)
{
    struct worker *w = ctx;
    tunq_write(&w->plane.tun, packets, &w->plane.drops);
}

static int worker_init(struct worker *w, unsigned index)
{
    uint32_t seed;
    *w = (struct worker){ .index = index, .phase = ROLE_SETUP };
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        w->listeners[i].fd = -1;
    prim_random(NULL, (uint8_t *)&seed, sizeof(seed));
    slab_init(&w->conns, seed);
    turns_init(&w->turns, 0);
    w->loop = loop_new();
    if (!w->loop || stream_bench_init(&w->bench) < 0 || plane_init(&w->plane, w->loop, index, deliver, w) < 0)
        return ERR_NOMEM;
    w->bench.to_host = to_host;
    w->bench.host = w;
    w->master = chan_new(w->loop, PROC_CHANNEL_FD, on_master, on_master_lost, w);
    role_report_events(w->master);
    return w->master ? 0 : ERR_NOMEM;
}

static void worker_done(struct worker *w)
{
    loop_undefer(w->loop, w);
    accept_stop(w);
    timer_free(w->interim);
    timer_free(w->tidy);
    timer_free(w->stop);
    timer_free(w->stats.timer);
    role_report_events(NULL);
    chan_free(w->admin);
    chan_free(w->authd);
    chan_free(w->master);
    ndp_clear(&w->ndp);
    plane_done(&w->plane);
    limits_close(&w->limits);
    stream_bench_done(&w->bench);
    tls_ctx_free(w->next_tls);
    snapshot_leave(w->now);
    slab_done(&w->conns);
    loop_free(w->loop);
}

int worker_main(int argc, char **argv)
{
    struct role_args a;
    if (!role_args_read(argc, argv, &a))
        return 2;
    role_signals();
    struct proc_confine rights = {
        .user = a.user, .root_fd = -1, .empty_root = true, .allow_net = true, .nofile = a.nofile
    };
    if (!role_confine("worker", &rights, SANDBOX_WORKER, a.sandbox))
        return 1;
    static struct worker w;
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK); /* blocks that come and go with congestion leave no holes */
    int status = worker_init(&w, a.index);
    status = status < 0 ? 1 : loop_run(w.loop);
    worker_done(&w);
    return status;
}

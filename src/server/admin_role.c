/* The admin role's life: its channels to master and to each worker, and the socket that it serves. See admin_role.h. */
#include "server/admin_role.h"

#include "events/events.h"
#include "loop/loop.h"
#include "priv/proc.h"
#include "server/admin_parts.h"
#include "server/role.h"

#include <unistd.h>

enum { LAST_ANSWERS = 400 /* ms */ };

/* ---- workers ---- */

static void worker_gone(struct admin_peer *p)
{
    chan_free(p->chan);
    p->chan = NULL;
    admin_worker_gone(p->a, p->worker);
}

static void on_worker_lost(void *ctx, int err)
{
    (void)err;
    worker_gone(ctx);
}

static void on_worker(void *ctx, struct imsg *m)
{
    struct admin_peer *p = ctx;
    const char *why = imsg_check(worker_to_admin.rules, worker_to_admin.n, ADMIN_PHASE, m);
    int r = why ? 0 : admin_answered(p->a, p->worker, m);
    if (r < 0)
        why = err_str(r);
    if (!why)
        return;
    event(EV_ROLE_REFUSED, NULL, F_TEXT("from", "worker"), F_NUM("worker", p->worker), F_TEXT("cause", why));
    worker_gone(p);
}

static int add_worker(struct admin *a, struct imsg *m)
{
    if (m->id >= TUN_QUEUES_MAX)
        return ERR_VALUE;
    struct admin_peer *p = &a->peers[m->id];
    if (p->chan)
        worker_gone(p);
    *p = (struct admin_peer){ .a = a, .worker = m->id };
    p->chan = chan_new(a->loop, m->fds[0], on_worker, on_worker_lost, p);
    m->fds[0] = -1;
    return p->chan ? 0 : ERR_NOMEM;
}

/* ---- master ---- */

static int take_control(struct admin *a, struct imsg *m)
{
    if (a->control >= 0)
        return ERR_STATE;
    a->control = m->fds[0];
    m->fds[0] = -1;
    a->rights = (struct httpd_rights){ .any_group = m->id != ROLE_NO_GROUP, .gid = m->id };
    return 0;
}

static int admin_start(struct admin *a)
{
    if (a->control < 0)
        return ERR_STATE;
    a->timer = timer_new(a->loop, admin_tick, a);
    if (!a->timer)
        return ERR_NOMEM;
    a->httpd = httpd_new(a->loop, a->control, a->rights, admin_request, a);
    a->control = -1;
    if (!a->httpd)
        return ERR_NOMEM;
    a->phase = ROLE_RUN;
    chan_send(a->master, &(struct imsg){ .type = ROLE_READY });
    return 0;
}

static void on_quiet(void *ctx)
{
    struct admin *a = ctx;
    loop_stop(a->loop, 0);
}

/* Who has called already gets an answer. (After an upgrade another admin serves the socket; nobody is turned away.) */
static void admin_stop(struct admin *a)
{
    if (!a->httpd || a->last || !(a->last = timer_new(a->loop, on_quiet, a)) || httpd_quiesce(a->httpd, on_quiet) < 0)
        loop_stop(a->loop, 0);
    else
        timer_set(a->last, loop_now(a->loop) + LAST_ANSWERS);
}

static int obey(struct admin *a, struct imsg *m)
{
    if (m->type == ROLE_CONTROL)
        return take_control(a, m);
    if (m->type == ROLE_WORKER)
        return add_worker(a, m);
    if (m->type == ROLE_START)
        return admin_start(a);
    if (m->type == ROLE_LEVEL)
        return role_set_level(m->id) ? 0 : ERR_VALUE;
    if (m->type == ROLE_PING)
        chan_send(a->master, &(struct imsg){ .type = ROLE_PONG, .id = m->id });
    else
        admin_stop(a); /* ROLE_STOP: there is nothing else */
    return 0;
}

static void on_master(void *ctx, struct imsg *m)
{
    struct admin *a = ctx;
    bool answer = m->type >= ADMIN_LIST;
    const char *why = answer ? imsg_check(master_to_admin.rules, master_to_admin.n, ADMIN_PHASE, m)
                             : imsg_check(role_master_to_admin.rules, role_master_to_admin.n, a->phase, m);
    int r = why ? 0 : answer ? admin_answered(a, UINT32_MAX, m) : obey(a, m);
    if (r < 0)
        why = err_str(r);
    if (why)
        role_refuse("master", why);
}

static void on_master_lost(void *ctx, int err)
{
    struct admin *a = ctx;
    (void)err;
    loop_stop(a->loop, 1);
}

static void admin_done_all(struct admin *a)
{
    role_report_events(NULL);
    admin_drop_jobs(a);
    httpd_free(a->httpd);
    for (uint32_t i = 0; i < TUN_QUEUES_MAX; i++)
        chan_free(a->peers[i].chan);
    timer_free(a->timer);
    timer_free(a->last);
    chan_free(a->master);
    if (a->control >= 0)
        close(a->control);
    loop_free(a->loop);
}

int admin_main(int argc, char **argv)
{
    struct role_args args;
    if (!role_args_read(argc, argv, &args))
        return 2;
    role_signals();
    struct proc_confine rights = { .user = args.user, .root_fd = -1, .empty_root = true, .nofile = args.nofile };
    if (!role_confine("admin", &rights, SANDBOX_ADMIN, args.sandbox))
        return 1;
    static struct admin a;
    a.phase = ROLE_SETUP;
    a.control = -1;
    a.loop = loop_new();
    a.master = a.loop ? chan_new(a.loop, PROC_CHANNEL_FD, on_master, on_master_lost, &a) : NULL;
    role_report_events(a.master);
    int status = a.master ? loop_run(a.loop) : 1;
    admin_done_all(&a);
    return status;
}

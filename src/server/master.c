/* The life of the server: set up, start the roles, wait, stop them in order, put the host back. See master.h.
 *
 * Roles end in this order: workers (their sessions say goodbye), then authd (which hears of each end), then we. A role
 * that dies by itself is started anew (respawn.c), one that hangs is ended first (watchdog.c). A worker takes its sessions
 * with it; without authd sessions stay and logins wait. Before everything has started once, a death ends the server. */
#include "server/master.h"

#include "events/events.h"
#include "loop/loop.h"
#include "priv/notify.h"
#include "priv/proc.h"
#include "server/master_parts.h"
#include "server/role.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    AUTHD_GONE = 1000,
    TOGETHER = 500, /* two signals that mean one */
};

static void check_over(struct master *m);

static unsigned alive(const struct master *m, bool workers_only)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->n_roles; i++)
        n += m->roles[i].pid > 0 && (!workers_only || m->roles[i].kind == ROLE_KIND_WORKER);
    return n;
}

void master_tell(struct role *r, enum role_msg type, uint32_t id)
{
    if (r->chan)
        chan_send(r->chan, &(struct imsg){ .type = type, .id = id });
}

static void tell_kind(struct master *m, enum role_kind kind, enum role_msg type, uint32_t id)
{
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].kind == kind && m->roles[i].pid > 0)
            master_tell(&m->roles[i], type, id);
}

static void kill_all(struct master *m)
{
    m->killed = true;
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].pid > 0)
            kill(m->roles[i].pid, SIGKILL);
}

void master_stop(struct master *m, int status)
{
    if (m->stopping) {
        m->status = m->status ? m->status : status;
        return;
    }
    m->stopping = true;
    m->stopping_since = loop_now(m->loop);
    m->status = status;
    event(EV_STOPPING, NULL);
    (void)notify_stopping();
    respawn_cancel(m);
    upgrade_cancel(m);
    tell_kind(m, ROLE_KIND_WORKER, ROLE_STOP, MASTER_GRACE);
    timer_set(m->deadline, loop_now(m->loop) + MASTER_CUT);
    check_over(m);
}

/* Called whenever a role has gone. */
static void check_over(struct master *m)
{
    if (m->draining && !m->stopping && alive(m, true) == 0)
        master_stop(m, 0);
    if (!m->stopping)
        return;
    if (alive(m, true) == 0 && !m->authd_told) {
        m->authd_told = true;
        tell_kind(m, ROLE_KIND_AUTHD, ROLE_STOP, 0);
        tell_kind(m, ROLE_KIND_ADMIN, ROLE_STOP, 0);
        timer_set(m->deadline, loop_now(m->loop) + AUTHD_GONE);
    }
    if (alive(m, false) == 0)
        loop_stop(m->loop, m->status);
}

static void on_deadline(void *ctx)
{
    struct master *m = ctx;
    event(EV_STOP_INCOMPLETE, NULL, F_NUM("processes", alive(m, false)));
    kill_all(m); /* SIGCHLD brings us on */
}

/* ---- signals ---- */

static void on_terminate(void *ctx, int signo)
{
    struct master *m = ctx;
    event(EV_SIGNAL, NULL, F_NUM("signal", signo));
    /* Asked twice: at once. Not if both came together: a terminal signals the whole group, and sudo passes it on. */
    if (m->stopping && loop_now(m->loop) - m->stopping_since > TOGETHER)
        kill_all(m);
    master_stop(m, 0);
}

static void on_hangup(void *ctx, int signo)
{
    event(EV_SIGNAL, NULL, F_NUM("signal", signo));
    (void)master_reload(ctx);
}

static struct role *role_of(struct master *m, pid_t pid)
{
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].pid == pid)
            return &m->roles[i];
    return NULL;
}

/* What a dead worker leaves behind outside of itself. Its leases and owners are authd's to forget, by the channel. */
static void forget_worker(struct master *m, const struct role *r)
{
    limits_clear_row(&m->counts, r->index);
    host_queue_clear(&m->host, r->index);
}

static void role_gone(struct master *m, struct role *r, int status)
{
    bool drained = (m->draining || r->retiring) && r->kind == ROLE_KIND_WORKER;
    bool asked = (m->stopping && m->killed) ||
                 ((m->stopping || drained || r->replaced) && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        event(EV_SANDBOX_BROKEN, NULL, F_TEXT("role", role_kind_name(r->kind)), F_NUM("index", r->index),
              F_NUM("pid", r->pid), F_TEXT("signal", "SIGSYS"));
    if (!asked)
        event(EV_ROLE_DIED, NULL, F_TEXT("role", role_kind_name(r->kind)), F_NUM("index", r->index),
              F_NUM("pid", r->pid),
              F_NUM(WIFSIGNALED(status) ? "signal" : "status",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
    r->pid = 0;
    chan_free(r->chan);
    r->chan = NULL;
    if (r->kind == ROLE_KIND_WORKER)
        forget_worker(m, r);
    if (!m->started)
        master_stop(m, 1);
    else if (!m->stopping && !adopt_gone(r) && !drained)
        respawn(r);
    check_over(m);
}

static void on_child(void *ctx, int signo)
{
    struct master *m = ctx;
    int status;
    pid_t pid;
    (void)signo;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct role *r = role_of(m, pid);
        if (r)
            role_gone(m, r, status);
        else
            (void)upgrade_child(m, pid, status);
    }
}

void master_reap(struct master *m)
{
    on_child(m, SIGCHLD);
}

/* ---- orders of an administrator ---- */

void master_drain(struct master *m)
{
    if (m->draining || m->stopping)
        return;
    m->draining = true;
    event(EV_DRAINING, NULL);
    (void)notify_status("draining: no new connections, the server ends with its last session");
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        if (m->listeners[i].fd >= 0)
            close(m->listeners[i].fd);
        m->listeners[i].fd = -1;
    }
    for (unsigned i = 0; i < m->n_roles; i++) { /* those that are dead just now stay so */
        if (m->roles[i].kind == ROLE_KIND_WORKER && m->roles[i].again)
            timer_set(m->roles[i].again, NEVER);
    }
    tell_kind(m, ROLE_KIND_WORKER, ROLE_DRAIN, 0);
    check_over(m);
}

void master_log_level(struct master *m, enum event_level level)
{
    snprintf(m->config.log_level, sizeof(m->config.log_level), "%s", event_level_name(level));
    events_set_level(level);
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].pid > 0)
            master_tell(&m->roles[i], ROLE_LEVEL, level);
}

/* ---- what the roles say ---- */

static const char *fault(const struct role *r, const struct imsg *msg)
{
    uint32_t phase = r->ready ? ROLE_RUN : ROLE_SETUP;
    if (r->kind == ROLE_KIND_ADMIN && r->ready && msg->type >= ADMIN_LIST)
        return imsg_check(admin_to_master.rules, admin_to_master.n, ADMIN_PHASE, msg);
    return imsg_check(role_to_master.rules, role_to_master.n, phase, msg);
}

/* Without authd it would take connections, and let none of them in. */
static void accused(const struct role *by, uint32_t index)
{
    struct master *m = by->master;
    for (unsigned i = 0; by->kind == ROLE_KIND_AUTHD && i < m->n_roles; i++)
        if (m->roles[i].kind == ROLE_KIND_WORKER && m->roles[i].index == index && m->roles[i].pid > 0)
            kill(m->roles[i].pid, SIGKILL);
}

static void on_role(void *ctx, struct imsg *msg)
{
    struct role *r = ctx;
    struct master *m = r->master;
    const char *why = fault(r, msg);
    if (why) {
        event(EV_ROLE_REFUSED, NULL, F_TEXT("from", role_kind_name(r->kind)), F_NUM("index", r->index),
              F_TEXT("cause", why));
        kill(r->pid, SIGKILL);
        return;
    }
    watchdog_heard(r);
    if (msg->type >= ROLE_NET_UP && msg->type <= ROLE_NET_ALL)
        master_net(r, msg);
    else if (msg->type == ROLE_LEASE)
        lans_lease(r, msg);
    else if (msg->type == ROLE_EVENT)
        control_event(m, msg->body);
    else if (msg->type == ROLE_ACCUSE)
        accused(r, msg->id);
    else if (msg->type >= ADMIN_LIST)
        control_asked(r, msg);
    if (msg->type != ROLE_READY)
        return;
    r->ready = true;
    if (m->started) { /* a role that was started anew */
        adopt_ready(r);
        return;
    }
    for (unsigned i = 0; i < m->n_roles; i++)
        if (!m->roles[i].ready)
            return;
    m->started = true;
    event(EV_STARTED, NULL, F_TEXT("interface", m->config.interface), F_NUM("workers", m->config.workers));
    (void)notify_ready();
}

/* Its death comes as a signal as well, with the reason. */
static void on_role_lost(void *ctx, int err)
{
    struct role *r = ctx;
    (void)err;
    chan_free(r->chan);
    r->chan = NULL;
}

bool master_watch_role(struct master *m, struct role *r, int fd)
{
    r->master = m;
    r->fd = -1;
    r->chan = chan_new(m->loop, fd, on_role, on_role_lost, r);
    return r->chan != NULL;
}

/* ---- all of it ---- */

static unsigned cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > TUN_QUEUES_MAX ? TUN_QUEUES_MAX : (unsigned)n;
}

void master_own_line(void *ctx, const char *line, size_t n)
{
    control_event(ctx, slice_of(line, n));
}

bool master_prepare(struct master *m)
{
    m->loop = loop_new();
    if (m->loop && !m->started)
        m->began = loop_now(m->loop);
    m->deadline = m->loop ? timer_new(m->loop, on_deadline, m) : NULL;
    signal(SIGPIPE, SIG_IGN);
    if (m->deadline && loop_signal(m->loop, SIGTERM, on_terminate, m) == 0 &&
        loop_signal(m->loop, SIGINT, on_terminate, m) == 0 && loop_signal(m->loop, SIGHUP, on_hangup, m) == 0 &&
        loop_signal(m->loop, SIGCHLD, on_child, m) == 0)
        return true;
    event(EV_START_FAILED, NULL, F_TEXT("cause", "no memory for the loop"));
    return false;
}

/* What is still needed once everything runs: undoing (NET_ADMIN), packet sockets (NET_RAW), ending roles of another user (KILL), and starting a
 * role anew (the others). */
bool master_give_up_rights(void)
{
    char err[256];
    struct proc_confine rights = { .root_fd = -1, .allow_net = true };
    rights.keep_caps = 1ul << CAP_NET_ADMIN | 1ul << CAP_NET_RAW | 1ul << CAP_NET_BIND_SERVICE | 1ul << CAP_KILL |
                       1ul << CAP_SETUID | 1ul << CAP_SETGID | 1ul << CAP_SETPCAP | 1ul << CAP_SYS_CHROOT |
                       1ul << CAP_DAC_OVERRIDE;
    if (proc_confine(&rights, err) == 0)
        return true;
    event(EV_ROLE_CONFINE_FAILED, NULL, F_TEXT("cause", err));
    return false;
}

static bool start(struct master *m)
{
    return master_prepare(m) && master_open(m) && master_start_roles(m) && master_give_up_rights() &&
           watchdog_start(m) && tend_start(m);
}

/* Where our program is, for its successors: the path that we were started by (a link is followed when it is used), if that
 * leads to us; else what the kernel says. */
static void find_program(const char *argv0, char path[CONFIG_PATH])
{
    struct stat a, b;
    bool named = argv0[0] == '/' && strlen(argv0) < CONFIG_PATH && stat(argv0, &a) == 0 &&
                 stat("/proc/self/exe", &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    ssize_t n = named ? 0 : readlink("/proc/self/exe", path, CONFIG_PATH - 1);
    if (named)
        snprintf(path, CONFIG_PATH, "%s", argv0);
    else
        path[n < 0 ? 0 : n] = 0;
}

int master_run(struct master *m, bool started)
{
    int status = 1;
    if (started)
        status = loop_run(m->loop);
    else
        kill_all(m);
    bool undone = master_close(m);
    if (m->started || status == 0)
        event(undone ? EV_STOPPED : EV_UNDO_FAILED, NULL);
    respawn_cancel(m);
    upgrade_cancel(m);
    watchdog_stop(m);
    tend_stop(m);
    timer_free(m->retire);
    timer_free(m->deadline);
    loop_free(m->loop);
    return undone ? status : 1;
}

int master_main(const struct config *c, const char *argv0)
{
    static struct master m;
    master_parts_init(&m, c);
    m.workers_asked = c->workers;
    m.files_for = c->limit.sessions + c->limit.half_open;
    find_program(argv0, m.upgrade.program);
    events_set_tap(master_own_line, &m);
    if (m.config.workers == 0)
        m.config.workers = cores();
    role_log_level(&m.config);
    event(EV_CONFIG_LOADED, NULL, F_TEXT("file", m.config.path));
    return master_run(&m, start(&m));
}

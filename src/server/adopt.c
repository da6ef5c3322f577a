/* Becoming another program without dropping anyone, the second half: see docs/decisions/0012-upgrade.md.
 *
 * We are master still, with the same number, children and descriptors, but another program. Three steps follow: workers of
 * our own start beside the old ones, on queues of their own, without listeners; the old authd ends and ours starts, as
 * after a death, and hears from all workers what they hold; then our workers get the listeners, the old ones take no new
 * connections any more, and admin is replaced. Until our authd has heard everybody we can go back: the old program is
 * executed again from its file, which we have open, with the state as it is. */
#include "server/master.h"
#include "server/state.h"
#include "server/upgrade.h"

#include "events/events.h"
#include "priv/notify.h"
#include "server/role.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef ADIT_VERSION
#define ADIT_VERSION "0.1.0"
#endif

enum { WORKERS_TIME = 20000, AUTHD_TIME = 15000 };

/* ---- back ---- */

static void end_now(struct role *r)
{
    if (r->pid > 0) {
        kill(r->pid, SIGKILL);
        waitpid(r->pid, NULL, 0);
    }
    r->pid = 0;
    chan_free(r->chan);
    r->chan = NULL;
    r->ready = false;
}

/* What has been changed since the exec is changed back; authd may be missing now, the old program starts it again. Words
 * that were just on their way to a role and did not fit into its channel are lost: none that a role must have. */
static void take_back(struct master *m)
{
    struct upgrade *u = &m->upgrade;
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].fresh) {
            end_now(&m->roles[i]);
            if (m->roles[i].kind == ROLE_KIND_WORKER)
                limits_clear_row(&m->counts, m->roles[i].index);
        }
    m->roles[0].fresh = false; /* authd's place stays */
    if (u->opened)
        listeners_discard(u->opened);
    if (u->queues_before)
        host_queues_back(&m->host, u->queues_before, u->first, m->config.workers);
}

static void go_back(struct master *m, const char *words)
{
    struct upgrade *u = &m->upgrade;
    char path[64];
    event(EV_UPGRADE_BACK, NULL, F_TEXT("cause", words));
    take_back(m);
    u->back = true;
    snprintf(u->words, sizeof(u->words), "%s", words);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", u->old_program);
    upgrade_become(m, path);
    event(EV_START_FAILED, NULL, F_TEXT("cause", strerror(errno)));
    master_stop(m, 1); /* there is no program that could serve: the host is put back */
}

/* ---- forward ---- */

static void on_late(void *ctx)
{
    struct master *m = ctx;
    go_back(m, m->upgrade.phase == UPGRADE_AUTHD ? "the new authd was not ready in time"
                                                 : "the new workers were not ready in time");
}

static bool start_workers(struct master *m)
{
    for (unsigned i = 0; i < m->config.workers; i++) {
        struct role *r = role_place(m);
        if (!r)
            return false;
        timer_free(r->again); /* of whoever had the place before */
        *r = (struct role){
            .master = m, .kind = ROLE_KIND_WORKER, .index = m->upgrade.first + i, .fresh = true, .fd = -1
        };
        if (!master_start_role(r))
            return false;
    }
    return true;
}

/* The configuration as it stands in the file now: for a change of both, program and configuration, at once. */
static const char *read_anew(struct master *m)
{
    static struct config c; /* large, and one thread */
    char first[256];
    m->upgrade.opened = calloc(CONFIG_LISTENS, sizeof(*m->upgrade.opened));
    if (!m->upgrade.opened)
        return "no memory";
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        m->upgrade.opened[i].fd = -1;
    if (!reload_read(m, &c, first))
        return "the configuration cannot be used";
    reload_keep_fixed(m, &c);
    c.number = m->config.number + 1;
    if (!cert_files_read(&c, &m->cert))
        return "the certificate cannot be used";
    if (!listeners_prepare(m, &c, m->upgrade.opened))
        return "a new listener cannot be opened";
    host_resolvers(&c);
    m->config = c;
    role_log_level(&m->config);
    return NULL;
}

/* NULL: it is under way. */
static const char *go_forward(struct master *m)
{
    struct upgrade *u = &m->upgrade;
    const char *why = read_anew(m);
    if (why)
        return why;
    u->timer = timer_new(m->loop, on_late, m);
    if (!u->timer || !retire_room(m, m->config.workers, &u->first))
        return "there is no room for more workers";
    u->queues_before = m->host.n_queues;
    if (!host_queues_ready(&m->host, &m->config, u->first, m->config.workers))
        return "no queues for the new workers";
    u->phase = UPGRADE_WORKERS;
    timer_set(u->timer, loop_now(m->loop) + WORKERS_TIME);
    return start_workers(m) ? NULL : "the new workers cannot be started";
}

static void start_authd(struct master *m)
{
    m->roles[0].fresh = true;
    lans_look(m); /* sockets of our own: the old ones went with the exec */
    if (!master_start_role(&m->roles[0]))
        go_back(m, "the new authd cannot be started");
}

static void replace(struct role *r)
{
    r->replaced = true;
    master_tell(r, ROLE_STOP, 0);
}

static void workers_ready(struct master *m)
{
    m->upgrade.phase = UPGRADE_AUTHD;
    timer_set(m->upgrade.timer, loop_now(m->loop) + AUTHD_TIME);
    for (unsigned i = 1; i < m->n_roles; i++)
        if (m->roles[i].kind == ROLE_KIND_WORKER)
            master_tell(&m->roles[i], ROLE_CHANGE, 0);
    if (m->roles[0].pid > 0)
        replace(&m->roles[0]); /* it writes down who had which address; adopt_gone() starts ours */
    else
        start_authd(m);
}

/* It has given the administrator his answer, and ends when that is out; ours starts then. */
static void replace_admin(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (r->kind == ROLE_KIND_ADMIN && r->pid > 0)
            replace(r);
        else if (r->kind == ROLE_KIND_ADMIN && !master_start_role(r))
            respawn(r);
    }
}

static void lend_listeners(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (!r->fresh || r->kind != ROLE_KIND_WORKER)
            continue;
        for (uint32_t k = 0; k < CONFIG_LISTENS; k++)
            if (m->listeners[k].fd >= 0)
                master_lend(r, ROLE_LISTEN, k, m->listeners[k].fd);
    }
}

static void tell_done(struct master *m)
{
    char words[256];
    unsigned old = 0;
    for (unsigned i = 0; i < m->n_roles; i++)
        old += m->roles[i].retiring && m->roles[i].pid > 0;
    event(EV_UPGRADED, NULL, F_TEXT("program", m->upgrade.program), F_TEXT("before", m->upgrade.from),
          F_TEXT("version", ADIT_VERSION), F_NUM("workers", m->config.workers), F_NUM("old_workers", old));
    snprintf(words, sizeof(words),
             "version %s has taken over from %s; sessions stay with the old workers until they end", ADIT_VERSION,
             m->upgrade.from);
    upgrade_answer(m, ADMIN_OUTCOME_DONE, words);
    (void)notify_ready();
}

/* Behind it there is no way back, and nothing that can fail. */
static void take_over(struct master *m)
{
    struct upgrade *u = &m->upgrade;
    lend_listeners(m);
    retire_all(m);
    for (unsigned i = 0; i < m->n_roles; i++)
        m->roles[i].fresh = false;
    listeners_swap(m, &m->config, u->opened);
    neighbours_move(m);
    free(u->opened);
    u->opened = NULL;
    upgrade_forget_own(u);
    timer_free(u->timer);
    u->timer = NULL;
    u->phase = UPGRADE_NONE;
    tell_done(m);
    replace_admin(m);
}

void adopt_authd_open(struct master *m)
{
    struct upgrade *u = &m->upgrade;
    if (u->phase != UPGRADE_AUTHD || !m->roles[0].fresh)
        return;
    if (!host_queues_use(&m->host, &m->config, u->first, m->config.workers))
        go_back(m, "the kernel gives the new workers' queues no packets");
    else if (!host_reload(&m->host, &m->config))
        go_back(m, "the host cannot be set up for the new configuration");
    else
        take_over(m);
}

void adopt_ready(struct role *r)
{
    struct master *m = r->master;
    if (m->upgrade.phase != UPGRADE_WORKERS)
        return;
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].fresh && !m->roles[i].ready)
            return;
    workers_ready(m);
}

/* ---- deaths in the midst ---- */

/* Before we have taken over. Old ones are not started again: either they retire, or the old program does it. */
static void gone_early(struct role *r)
{
    struct master *m = r->master;
    if (r->retiring)
        retire_gone(r); /* since an upgrade before this one */
    else if (r->fresh)
        go_back(m, "a process of the new program ended at its start; the log says why");
    else if (r->kind == ROLE_KIND_AUTHD && m->upgrade.phase == UPGRADE_AUTHD)
        start_authd(m);
}

bool adopt_gone(struct role *r)
{
    struct master *m = r->master;
    enum upgrade_phase phase = m->upgrade.phase;
    bool replaced = r->replaced;
    r->replaced = false;
    if (phase == UPGRADE_WORKERS || phase == UPGRADE_AUTHD) {
        gone_early(r);
        return true;
    }
    if (r->retiring) {
        retire_gone(r);
        return true;
    }
    if (!replaced)
        return false; /* respawn.c starts it again */
    if (!master_start_role(r))
        respawn(r);
    return true;
}

/* ---- right after the exec ---- */

/* Everything as it was, in another program: nothing is said to anybody. False: said why. */
static bool settle(struct master *m)
{
    upgrade_inherit(m, false);
    m->started = true;
    if (!master_prepare(m))
        return false;
    m->user = roles_user(&m->config);
    if (!m->user || limits_open(&m->counts, m->limits, 0) < 0 || !host_adopt(&m->host, &m->config, m->upgrade.journal))
        return false;
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (r->pid > 0 && r->fd < 0)
            kill(r->pid, SIGKILL); /* it does not speak any more */
        else if (r->pid > 0 && !master_watch_role(m, r, r->fd))
            return false;
    }
    return master_give_up_rights() && watchdog_start(m) && tend_start(m);
}

static void go_on_as_before(struct master *m)
{
    m->upgrade.back = false;
    upgrade_refuse(m, m->upgrade.words); /* the answer, and the end of it */
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].pid == 0 && !m->roles[i].retiring && !m->stopping)
            respawn(&m->roles[i]);
}

/* Signals were blocked since before the exec. */
static void hear_signals(struct master *m)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    master_reap(m); /* who died when nobody listened */
}

static bool adopt(struct master *m)
{
    bool back = m->upgrade.back;
    const char *why = back && state_get_own(m) < 0 ? "the state of the way back cannot be read" : NULL;
    if (why) {
        event(EV_START_FAILED, NULL, F_TEXT("cause", why));
        return false;
    }
    if (!settle(m))
        why = "the new program could not take over what the old one had";
    role_log_level(&m->config);
    if (!why && !back)
        why = go_forward(m);
    if (back && why)
        return false;
    if (why)
        go_back(m, why);
    hear_signals(m);
    if (back)
        go_on_as_before(m);
    retire_arm(m);
    return true;
}

int master_adopt(int fd)
{
    static struct master m;
    static struct config none;
    master_parts_init(&m, &none);
    (void)prctl(PR_SET_NAME, "aditd"); /* by the way back we are called after a descriptor */
    int r = state_read(fd, &m);
    close(fd);
    if (r < 0) { /* looked at before, so this is somebody's try by hand: our roles, if there are any, end with us */
        event(EV_START_FAILED, NULL, F_TEXT("cause", err_str(r)));
        return 1;
    }
    events_set_tap(master_own_line, &m);
    return master_run(&m, adopt(&m));
}

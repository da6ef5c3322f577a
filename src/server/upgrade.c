/* Becoming another program without dropping anyone, the first half: see docs/decisions/0012-upgrade.md.
 *
 * Master does not hand its things to a second master: it becomes the new program by exec, and keeps its number, its
 * children, its locks and its descriptors. Before that a child of it runs the new program once, in the role "look": it must
 * start, understand the state, and find the configuration and the certificate usable. Until the exec everything can be
 * refused, and nothing has changed. What comes after the exec is in adopt.c. */
#include "server/state.h"
#include "server/upgrade.h"

#include "base/secret.h"
#include "events/events.h"
#include "priv/notify.h"
#include "priv/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_TIME = 15000, QUIET_LOOK = 20, QUIET_TIME = 3000 };

static void block_signals(bool block)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &all, NULL);
}

/* ---- the end of an attempt ---- */

static struct role *admin_of(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].kind == ROLE_KIND_ADMIN && m->roles[i].chan)
            return &m->roles[i];
    return NULL;
}

void upgrade_answer(struct master *m, enum admin_outcome outcome, const char *words)
{
    struct role *admin = admin_of(m);
    if (m->upgrade.asked && admin)
        control_done(admin, m->upgrade.ask, outcome, words);
    m->upgrade.asked = false;
}

static void forget_looker(struct upgrade *u)
{
    chan_free(u->chan);
    u->chan = NULL;
    if (u->pid > 0)
        kill(u->pid, SIGKILL); /* on_child() reaps it and finds it to be nobody's */
    u->pid = 0;
}

static void clear(struct master *m)
{
    struct upgrade *u = &m->upgrade;
    forget_looker(u);
    timer_free(u->timer);
    u->timer = NULL;
    if (u->phase == UPGRADE_QUIET)
        block_signals(false);
    u->phase = UPGRADE_NONE;
    upgrade_forget_own(u);
}

void upgrade_forget_own(struct upgrade *u)
{
    if (u->own)
        secret_wipe(u->own, u->own_n);
    free(u->own);
    u->own = NULL;
    u->own_n = 0;
    if (u->old_program >= 0)
        close(u->old_program);
    u->old_program = -1;
}

void upgrade_cancel(struct master *m)
{
    upgrade_answer(m, ADMIN_OUTCOME_REFUSED, "the server is stopping");
    clear(m);
}

void upgrade_refuse(struct master *m, const char *words)
{
    event(EV_UPGRADE_REFUSED, NULL, F_TEXT("program", m->upgrade.program), F_TEXT("cause", words));
    upgrade_answer(m, ADMIN_OUTCOME_REFUSED, words);
    clear(m);
    (void)notify_ready();
}

/* ---- exec ---- */

static void set_inherited(void *ctx, int fd)
{
    const bool *inherited = ctx;
    if (fd >= 0)
        (void)fcntl(fd, F_SETFD, *inherited ? 0 : FD_CLOEXEC);
}

void upgrade_inherit(const struct master *m, bool inherited)
{
    state_each_fd(m, set_inherited, &inherited);
}

void upgrade_become(struct master *m, const char *path)
{
    char number[16], config[CONFIG_PATH];
    int fd = state_write(m);
    if (fd < 0)
        return;
    snprintf(number, sizeof(number), "%d", fd);
    snprintf(config, sizeof(config), "%s", m->config.path);
    char name[] = "aditd", c[] = "-c", resume[] = "--resume";
    char *argv[] = { name, c, config, resume, number, NULL };
    block_signals(true); /* one that comes in between waits for the new program's handlers */
    upgrade_inherit(m, true);
    (void)fcntl(fd, F_SETFD, 0);
    execv(path, argv);
    int e = errno;
    upgrade_inherit(m, false);
    close(fd);
    block_signals(false);
    errno = e;
}

static bool nothing_under_way(const struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].chan && chan_queued(m->roles[i].chan) > 0)
            return false;
    return true;
}

/* An old worker may end at any time, with its last session: its channel goes first, the signal comes later. */
static bool is_well(const struct role *r)
{
    return r->retiring ? !r->chan || r->ready : master_running(r) && r->ready;
}

static bool all_well(const struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++)
        if (!is_well(&m->roles[i]))
            return false;
    return true;
}

static void go(struct master *m)
{
    char words[256];
    m->upgrade.old_program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (m->upgrade.old_program < 0 || state_put_own(m) < 0) {
        upgrade_refuse(m, "the way back cannot be prepared");
        return;
    }
    upgrade_become(m, m->upgrade.program);
    snprintf(words, sizeof(words), "the new program cannot be started: %s", strerror(errno));
    upgrade_refuse(m, words);
}

/* Signals are blocked since the turn before: those that libuv had in its own pipe have been handled by now. */
static void on_quiet(struct master *m, msec now)
{
    struct upgrade *u = &m->upgrade;
    if (!all_well(m))
        upgrade_refuse(m, "a process of the server has died meanwhile");
    else if (nothing_under_way(m))
        go(m);
    else if (now >= u->quiet_by)
        upgrade_refuse(m, "a process of the server does not listen to its master");
    else
        timer_set(u->timer, now + QUIET_LOOK);
}

/* ---- the look at the new program ---- */

static void on_timer(void *ctx)
{
    struct master *m = ctx;
    if (m->upgrade.phase == UPGRADE_QUIET)
        on_quiet(m, loop_now(m->loop));
    else
        upgrade_refuse(m, "the new program did not say in time whether it can take over");
}

static void be_quiet(struct master *m)
{
    msec now = loop_now(m->loop);
    m->upgrade.phase = UPGRADE_QUIET;
    m->upgrade.quiet_by = now + QUIET_TIME;
    block_signals(true);
    timer_set(m->upgrade.timer, now + QUIET_LOOK);
}

static void on_looker(void *ctx, struct imsg *msg)
{
    struct master *m = ctx;
    struct upgrade *u = &m->upgrade;
    size_t n = msg->body.n < sizeof(u->words) - 1 ? msg->body.n : sizeof(u->words) - 1;
    if (n)
        memcpy(u->words, msg->body.p, n);
    u->words[n] = 0;
    u->good = msg->type == LOOK_GOOD;
}

static void on_looker_lost(void *ctx, int err)
{
    struct master *m = ctx;
    (void)err;
    chan_free(m->upgrade.chan); /* its end comes as a signal as well */
    m->upgrade.chan = NULL;
}

bool upgrade_child(struct master *m, pid_t pid, int status)
{
    struct upgrade *u = &m->upgrade;
    char words[256];
    if (u->phase != UPGRADE_CHECK || pid != u->pid)
        return false;
    u->pid = 0;
    if (u->chan)
        chan_drain(u->chan); /* its last words may still be there */
    bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (ended && u->good) {
        be_quiet(m);
        return true;
    }
    if (u->words[0])
        snprintf(words, sizeof(words), "%.250s", u->words);
    else
        snprintf(words, sizeof(words), "the new program ended with %s %d before it said whether it can take over",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    upgrade_refuse(m, words);
    return true;
}

static bool start_looker(struct master *m)
{
    struct upgrade *u = &m->upgrade;
    int state = state_write(m), chan;
    struct proc_start s = { .role = "look", .title = "aditd: look", .program = u->program, .fds = &state, .n_fds = 1 };
    char words[CONFIG_PATH + 128];
    if (state < 0) {
        upgrade_refuse(m, "the state cannot be written");
        return false;
    }
    int r = proc_spawn(&s, &u->pid, &chan);
    int e = errno;
    close(state);
    if (r == 0)
        u->chan = chan_new(m->loop, chan, on_looker, on_looker_lost, m);
    if (r == 0 && u->chan)
        return true;
    snprintf(words, sizeof(words), "%s cannot be started: %s", u->program, strerror(r < 0 ? e : ENOMEM));
    upgrade_refuse(m, words);
    return false;
}

/* NULL: it may begin. */
static const char *hindrance(const struct master *m)
{
    unsigned first;
    if (m->stopping || m->draining)
        return "the server is ending";
    if (m->upgrade.phase != UPGRADE_NONE)
        return "an upgrade is under way already";
    if (!m->started || !all_well(m))
        return "a process of the server is just being started; try again";
    if (!retire_room(m, m->config.workers, &first))
        return "too many workers of older programs still have sessions; wait for them, or disconnect their users";
    return NULL;
}

void upgrade_begin(struct master *m, struct role *asker, uint32_t ask)
{
    struct upgrade *u = &m->upgrade;
    const char *why = hindrance(m);
    if (why) {
        event(EV_UPGRADE_REFUSED, NULL, F_TEXT("program", u->program), F_TEXT("cause", why));
        if (asker)
            control_done(asker, ask, ADMIN_OUTCOME_REFUSED, why);
        return;
    }
    event(EV_UPGRADE_BEGUN, NULL, F_TEXT("program", u->program));
    u->asked = asker != NULL;
    u->ask = ask;
    u->good = u->back = false;
    u->words[0] = 0;
    u->phase = UPGRADE_CHECK;
    u->timer = timer_new(m->loop, on_timer, m);
    if (!u->timer)
        upgrade_refuse(m, "no memory");
    else if (start_looker(m))
        timer_set(u->timer, loop_now(m->loop) + LOOK_TIME);
}

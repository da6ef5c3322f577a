/* Master asks every role each second whether its loop turns, and ends one that does not answer: its successor serves.
 *
 * What counts are pings without an answer, not time: when master itself was held up (SIGSTOP, a suspended host), the
 * answers that came meanwhile are read before anybody is blamed. The service manager watches master in the same way, and hears that all is
 * well only while that is so for the roles, too: watchdog_content(). */
#include "server/master_parts.h"

#include "events/events.h"
#include "priv/notify.h"
#include "server/roles.h"

#include <signal.h>

enum { PING_EVERY = 1000, DYING = 10000 }; /* ms; DYING: for a process that was killed to be gone */

static bool is_stuck(const struct master *m, unsigned unanswered)
{
    return unanswered * m->ping_every >= m->config.limit.watchdog;
}

static void ask(struct master *m, struct role *r)
{
    unsigned n = r->unanswered++;
    if (is_stuck(m, n)) {
        if (n == 0 || !is_stuck(m, n - 1))
            event(EV_ROLE_STUCK, NULL, F_TEXT("role", role_kind_name(r->kind)), F_NUM("index", r->index),
                  F_NUM("pid", r->pid), F_NUM("unanswered", n));
        kill(r->pid, SIGKILL); /* SIGCHLD brings the rest */
    } else if (r->chan) {
        chan_send(r->chan, &(struct imsg){ .type = ROLE_PING });
    }
}

/* A process that hangs in the kernel cannot even be killed, and nothing takes its place: then only all of it anew helps. One
 * that dies again and again is no reason: sessions of the others live on, and the log says it. */
bool watchdog_content(const struct master *m)
{
    bool any_worker = false;
    for (unsigned i = 0; i < m->n_roles; i++) {
        const struct role *r = &m->roles[i];
        if (r->pid > 0 && r->unanswered * m->ping_every >= m->config.limit.watchdog + DYING)
            return false;
        any_worker |= r->kind == ROLE_KIND_WORKER && (r->pid > 0 || r->again);
    }
    return any_worker;
}

static void on_ping(void *ctx)
{
    struct master *m = ctx;
    if (!m->started || m->stopping || m->draining || watchdog_content(m))
        (void)notify_watchdog();
    for (unsigned i = 0; !m->stopping && i < m->n_roles; i++) /* the end has a deadline of its own */
        if (m->roles[i].pid > 0)
            ask(m, &m->roles[i]);
    timer_set(m->ping, loop_now(m->loop) + m->ping_every);
}

bool watchdog_start(struct master *m)
{
    msec wanted = notify_watchdog_interval();
    m->ping_every = wanted && wanted < PING_EVERY ? wanted : PING_EVERY;
    m->ping = timer_new(m->loop, on_ping, m);
    if (m->ping)
        timer_set(m->ping, loop_now(m->loop) + m->ping_every);
    return m->ping != NULL;
}

void watchdog_stop(struct master *m)
{
    timer_free(m->ping);
    m->ping = NULL;
}

void watchdog_heard(struct role *r)
{
    r->unanswered = 0;
}

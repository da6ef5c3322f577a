/* Master asks every role each second whether its loop turns, and ends one that does not answer: its successor serves.
 *
 * What counts are pings without an answer, not time: when master itself was held up (SIGSTOP, a suspended host), the
 * answers that came meanwhile are read before anybody is blamed. The service manager watches master in the same way. */
#include "server/master_parts.h"

#include "events/events.h"
#include "priv/notify.h"
#include "server/roles.h"

#include <signal.h>

enum { PING_EVERY = 1000 };

static void ask(struct master *m, struct role *r)
{
    if (r->unanswered * PING_EVERY >= m->config.limit.watchdog) {
        event(EV_ROLE_STUCK, NULL, F_TEXT("role", role_kind_name(r->kind)), F_NUM("index", r->index),
              F_NUM("pid", r->pid), F_NUM("unanswered", r->unanswered));
        kill(r->pid, SIGKILL); /* SIGCHLD brings the rest */
        return;
    }
    r->unanswered++;
    if (r->chan)
        chan_send(r->chan, &(struct imsg){ .type = ROLE_PING });
}

static void on_ping(void *ctx)
{
    struct master *m = ctx;
    (void)notify_watchdog();
    for (unsigned i = 0; !m->stopping && i < m->n_roles; i++) /* the end has a deadline of its own */
        if (m->roles[i].pid > 0)
            ask(m, &m->roles[i]);
    timer_set(m->ping, loop_now(m->loop) + PING_EVERY);
}

bool watchdog_start(struct master *m)
{
    m->ping = timer_new(m->loop, on_ping, m);
    if (m->ping)
        timer_set(m->ping, loop_now(m->loop) + PING_EVERY);
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

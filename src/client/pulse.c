/* See pulse.h. What counts are questions without an answer, not time: when the parent itself was held up (Ctrl-Z, a suspended
 * host), the answers that came meanwhile are read before the engine is blamed. */
#include "client/pulse.h"

#include <signal.h>

#include "client/msgs.h"
#include "events/events.h"
#include "priv/notify.h"

static void on_timer(void *ctx)
{
    struct pulse *p = ctx;
    if (p->unanswered >= PULSE_PATIENCE) {
        event(EV_CLIENT_ENGINE_STUCK, p->call, F_NUM("pid", p->pid), F_NUM("unanswered", p->unanswered));
        kill(p->pid, SIGKILL); /* its channel says the rest */
        return;
    }
    p->unanswered++;
    chan_send(p->engine, &(struct imsg){ .type = CM_PING });
    timer_set(p->timer, loop_now(p->loop) + p->every);
}

bool pulse_start(struct pulse *p, struct loop *loop, struct chan *engine, pid_t pid, const char *call)
{
    msec wanted = notify_watchdog_interval();
    *p = (struct pulse){ .loop = loop, .engine = engine, .pid = pid, .call = call, .every = PULSE_EVERY };
    if (wanted && wanted < p->every)
        p->every = wanted;
    p->timer = timer_new(loop, on_timer, p);
    if (p->timer)
        timer_set(p->timer, loop_now(loop) + p->every);
    return p->timer;
}

void pulse_heard(struct pulse *p)
{
    p->unanswered = 0;
    (void)notify_watchdog();
}

void pulse_stop(struct pulse *p)
{
    timer_free(p->timer);
    p->timer = NULL;
}

/* A process that died is started anew: at once the first time, the later the oftener it dies.
 *
 * Each death costs a doubling of the delay, and every few seconds of life forgive one, a minute forgives all: a role
 * that somebody kills now and then is back at once, one that dies at its start does not eat the machine. What waits in
 * the meantime: connections in the listening sockets' queues (and other workers take them), logins in the workers. */
#include "server/master_parts.h"

#include "events/events.h"

enum { FORGIVEN_AFTER = 3000, ALL_FORGIVEN_AFTER = 60000, DELAY_FIRST = 1000, DELAY_MAX = 60000 };

msec respawn_delay(unsigned deaths)
{
    if (deaths == 0)
        return 0;
    return deaths > 6 ? DELAY_MAX : (msec)DELAY_FIRST << (deaths - 1); /* 1, 2, 4, 8, 16, 32, 60 s */
}

static void forgive(struct role *r, msec lived)
{
    msec n = lived / FORGIVEN_AFTER;
    r->deaths = lived >= ALL_FORGIVEN_AFTER || n >= r->deaths ? 0 : r->deaths - (unsigned)n;
}

static void plan(struct role *r)
{
    msec delay = respawn_delay(r->deaths++);
    event(delay ? EV_ROLE_RESTART_DELAYED : EV_ROLE_RESTART, NULL, F_TEXT("role", role_kind_name(r->kind)),
          F_NUM("index", r->index), F_NUM("delay_ms", delay));
    timer_set(r->again, loop_now(r->master->loop) + delay);
}

static void on_again(void *ctx)
{
    struct role *r = ctx;
    if (!r->master->stopping && !master_start_again(r) && r->pid == 0)
        plan(r); /* not even a process could be had */
}

void respawn(struct role *r)
{
    struct master *m = r->master;
    forgive(r, loop_now(m->loop) - r->born);
    if (!r->again)
        r->again = timer_new(m->loop, on_again, r);
    if (r->again)
        plan(r);
    else
        master_stop(m, 1); /* not even memory for a timer */
}

void respawn_cancel(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        timer_free(m->roles[i].again);
        m->roles[i].again = NULL;
    }
}

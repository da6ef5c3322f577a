/* Workers of an older program, after an upgrade: they keep their sessions, take no new connections, and end with the last
 * one, or when `upgrade_deadline` is over. Their places (and their queues) are then free for the next upgrade. */
#include "server/master_parts.h"

#include "events/events.h"

#include <signal.h>

bool role_vacant(const struct role *r)
{
    return r->retiring && r->pid == 0;
}

static bool place_taken(const struct master *m, unsigned index)
{
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].kind == ROLE_KIND_WORKER && m->roles[i].index == index && !role_vacant(&m->roles[i]))
            return true;
    return false;
}

bool retire_room(const struct master *m, unsigned n, unsigned *ret_first)
{
    unsigned first = 0, run = 0;
    for (unsigned i = 0; i < TUN_QUEUES_MAX && run < n; i++) {
        run = place_taken(m, i) ? 0 : run + 1;
        first = run ? i + 1 - run : i + 1;
    }
    if (run < n)
        return false;
    *ret_first = first;
    return true;
}

struct role *role_place(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++)
        if (role_vacant(&m->roles[i]))
            return &m->roles[i];
    return m->n_roles < sizeof(m->roles) / sizeof(m->roles[0]) ? &m->roles[m->n_roles++] : NULL;
}

static void end_one(struct role *r, msec now)
{
    if (r->cut) {
        kill(r->pid, SIGKILL); /* it had time to say goodbye */
        return;
    }
    event(EV_UPGRADE_DEADLINE, NULL, F_NUM("worker", r->index), F_NUM("pid", r->pid), F_TEXT("version", r->version));
    r->cut = true;
    r->retire_by = now + MASTER_CUT;
    master_tell(r, ROLE_STOP, MASTER_GRACE);
}

static void on_due(void *ctx)
{
    struct master *m = ctx;
    msec now = loop_now(m->loop);
    for (unsigned i = 0; i < m->n_roles && !m->stopping; i++) {
        struct role *r = &m->roles[i];
        if (r->retiring && r->pid > 0 && r->retire_by <= now)
            end_one(r, now);
    }
    retire_arm(m);
}

void retire_arm(struct master *m)
{
    msec due = NEVER;
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].retiring && m->roles[i].pid > 0)
            due = tick_min(due, m->roles[i].retire_by);
    if (due != NEVER && !m->retire)
        m->retire = timer_new(m->loop, on_due, m);
    if (m->retire)
        timer_set(m->retire, due);
}

void retire_all(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (r->kind != ROLE_KIND_WORKER || r->fresh || r->retiring)
            continue;
        r->retiring = true;
        r->retire_by = loop_now(m->loop) + m->config.upgrade_deadline;
        if (r->pid > 0)
            master_tell(r, ROLE_DRAIN, 0);
        else
            host_queue_leave(&m->host, r->index);
    }
    retire_arm(m);
}

void retire_gone(struct role *r)
{
    struct master *m = r->master;
    bool last = true;
    host_queue_leave(&m->host, r->index);
    for (unsigned i = 0; i < m->n_roles; i++)
        last = last && !(m->roles[i].retiring && m->roles[i].pid > 0);
    if (last)
        event(EV_UPGRADE_OVER, NULL, F_TEXT("version", r->version));
    retire_arm(m);
}

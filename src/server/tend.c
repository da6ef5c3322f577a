/* Master looks after the host: what somebody else took away is made anew (host_check), and the workers get new queues. */
#include "server/master_parts.h"

enum { LOOK_EVERY = 2000 };

static void lend_queues(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (r->kind != ROLE_KIND_WORKER || !master_running(r))
            continue;
        master_lend(r, ROLE_TUN, m->host.offload, m->host.queues[r->index]);
        if (m->host.steer >= 0)
            master_lend(r, ROLE_STEER, 0, m->host.steer);
    }
}

static void on_look(void *ctx)
{
    struct master *m = ctx;
    bool new_queues = false;
    if (!m->stopping)
        host_check(&m->host, &m->config, &new_queues);
    if (new_queues)
        lend_queues(m);
    timer_set(m->look, loop_now(m->loop) + LOOK_EVERY);
}

bool tend_start(struct master *m)
{
    m->look = timer_new(m->loop, on_look, m);
    if (m->look)
        timer_set(m->look, loop_now(m->loop) + LOOK_EVERY);
    return m->look != NULL;
}

void tend_stop(struct master *m)
{
    timer_free(m->look);
    m->look = NULL;
}

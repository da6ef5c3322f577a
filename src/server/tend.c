/* Master looks after the host: what somebody else took away is made anew (host_check), and the workers get new queues. */
#include "server/master_parts.h"

#include "events/events.h"

enum { LOOK_EVERY = 2000, SYNC_AFTER = 40 /* ms: sessions come and go in crowds */ };

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

void master_net(struct role *r, const struct imsg *msg)
{
    struct master *m = r->master;
    struct role_own o;
    struct role_limit l;
    if (r->kind != ROLE_KIND_AUTHD || m->stopping)
        return; /* a worker may not say it */
    if (msg->type == ROLE_NET_ALL) {
        host_told_all(&m->host, &m->config);
        adopt_authd_open(m);
    } else if (msg->type == ROLE_NET_LIMIT && role_get_limit(msg->body, &l) == 0) {
        host_limit(&m->host, &l);
        if (!m->syncing)
            timer_set(m->sync, loop_now(m->loop) + SYNC_AFTER);
        m->syncing = true;
    } else if (msg->type == ROLE_NET_LIMIT || role_get_own(msg->body, &o) < 0) {
        event(EV_ROLE_REFUSED, NULL, F_TEXT("from", "authd"), F_TEXT("cause", "a malformed network"));
    } else if (msg->type == ROLE_NET_UP) {
        host_routed_up(&m->host, &m->config, o.prefixes, o.n_prefixes, o.worker, o.session);
    } else if (o.n_prefixes) {
        host_routed_drop(&m->host, &m->config, o.prefixes, o.n_prefixes, o.worker, o.session);
    } else {
        host_routed_down(&m->host, &m->config, o.worker, o.session);
    }
}

/* The host's resolvers are others now: every role gets them, every client is told. */
static void look_for_resolvers(struct master *m)
{
    char text[PREFIX_TEXT];
    if (!host_resolvers_changed(&m->config))
        return;
    for (unsigned i = 0; i < m->config.n_dns; i++)
        event(EV_DNS_CHOSEN, NULL, F_TEXT("server", prefix_text(&m->config.dns[i], text)));
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        bool worker = master_serving(r);
        if ((worker || r->kind == ROLE_KIND_AUTHD) && master_running(r) &&
            ((worker && !master_send_certificate(m, r)) || !master_send_config(m, r)))
            event(EV_NO_MEMORY, NULL, F_TEXT("for", "the new resolvers"));
    }
    host_limits_sync(&m->host, &m->config);
}

static void on_look(void *ctx)
{
    struct master *m = ctx;
    bool new_queues = false;
    if (!m->stopping)
        host_check(&m->host, &m->config, &new_queues);
    if (!m->stopping && m->started)
        look_for_resolvers(m);
    if (!m->stopping && m->started)
        neighbours_tend(m);
    if (!m->stopping)
        lans_look(m);
    if (new_queues)
        lend_queues(m);
    timer_set(m->look, loop_now(m->loop) + LOOK_EVERY);
}

static void on_sync(void *ctx)
{
    struct master *m = ctx;
    m->syncing = false;
    if (!m->stopping)
        host_limits_sync(&m->host, &m->config);
}

bool tend_start(struct master *m)
{
    m->look = timer_new(m->loop, on_look, m);
    m->sync = timer_new(m->loop, on_sync, m);
    if (m->look)
        timer_set(m->look, loop_now(m->loop) + LOOK_EVERY);
    return m->look && m->sync;
}

void tend_stop(struct master *m)
{
    timer_free(m->look);
    timer_free(m->sync);
    m->look = m->sync = NULL;
}

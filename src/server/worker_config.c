/* What a worker makes of a configuration and of a certificate: at its start, and anew with each reload.
 *
 * The certificate comes first and waits for the configuration that belongs to it; then the two are swapped in at once,
 * between two turns of the loop. Connections that are there keep what they began with (snapshot.h). */
#include "server/conn.h"

#include "events/events.h"
#include "server/role.h"

int worker_certificate(struct worker *w, struct slice body)
{
    char err[TLS_ERR_TEXT];
    struct role_cert c;
    int r = role_get_cert(body, &c);
    if (r < 0)
        return r;
    tls_ctx_free(w->next_tls);
    (void)tls_wide_gcm(c.wide_gcm); /* where there is none, OpenSSL has its own */
    w->next_tls = tls_ctx_server(c.chain, c.key, err);
    if (w->next_tls)
        return 0;
    event(EV_NO_USABLE_CERTIFICATE, NULL, F_TEXT("cause", err));
    return ERR_SYSTEM;
}

static void renew_one(void *ctx, void *thing)
{
    (void)ctx;
    conn_renew(thing);
}

int worker_configure(struct worker *w, struct slice body)
{
    int r = ERR_STATE;
    struct snapshot *s = w->next_tls ? snapshot_new(body, w->next_tls, &r) : NULL;
    w->next_tls = NULL;
    if (!s)
        return r;
    snapshot_leave(w->now);
    w->now = s;
    role_log_level(&s->config);
    w->limits.per_address = s->config.limit.half_open_address;
    w->limits.half_open = s->config.limit.half_open;
    w->limits.sessions = s->config.limit.sessions;
    plane_set_nets(&w->plane, s->config.pools, s->config.n_pools);
    slab_each(&w->conns, renew_one, NULL);
    return 0;
}

/* The client's side of authentication: who we are, and whether the server proved to know it. */
#include "base/secret.h"
#include "session/tunnel_parts.h"

void tunnel_client_start(struct tunnel *t)
{
    struct auth_client_conf c = {
        .method = t->method,
        .user = t->conf.user,
        .password = t->conf.password,
        .retransmit = SECONDS(3), /* RFC 1661 4.6 */
        .retransmit_max = 10,
    };
    auth_client_init(&t->work->auth.client, &c, t->env, t->now);
}

static void accepted(struct tunnel *t, struct auth_client_event *e)
{
    static const uint8_t zeros[HLAK_LEN];
    /* A method that makes keys and did not is a server that nobody authenticated to. */
    if (auth_method_keyed(t->method) && (!e->keyed || secret_eq(e->hlak, zeros, HLAK_LEN))) {
        tunnel_end(t, TUNNEL_CAUSE_SERVER_UNPROVEN, 0);
        return;
    }
    struct link_net net = {
        .ipcp = { .server = false, .want_dns = t->conf.want_dns },
        .ip6cp = { .on = t->conf.link.ipv6 },
    };
    memcpy(net.ip6cp.our_id, t->conf.interface_id, sizeof net.ip6cp.our_id);
    tunnel_authenticated(t, e->hlak, &net);
}

bool tunnel_client_step(struct tunnel *t)
{
    struct auth_client_event e;
    if (!auth_client_event(&t->work->auth.client, &e))
        return false;
    switch (e.kind) {
    case AUTH_CLIENT_EV_NONE:
        break;
    case AUTH_CLIENT_EV_ACCEPTED:
        accepted(t, &e);
        break;
    case AUTH_CLIENT_EV_REFUSED:
        tunnel_blame_text(t, e.text);
        tunnel_end(t, TUNNEL_CAUSE_AUTH_REFUSED, e.code);
        break;
    case AUTH_CLIENT_EV_UNUSABLE: /* our own name or password: refused before anybody else could */
        tunnel_blame_text(t, e.text);
        tunnel_end(t, TUNNEL_CAUSE_AUTH_REFUSED, 0);
        break;
    case AUTH_CLIENT_EV_UNPROVEN:
        tunnel_end(t, TUNNEL_CAUSE_SERVER_UNPROVEN, 0);
        break;
    case AUTH_CLIENT_EV_TIMEOUT:
        tunnel_end(t, TUNNEL_CAUSE_AUTH_TIMEOUT, 0);
        break;
    }
    secret_wipe(e.hlak, sizeof e.hlak);
    return true;
}

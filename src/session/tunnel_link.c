/* What the PPP link reports to the tunnel: authentication begins, networks come and go, the link ends. */
#include "base/secret.h"
#include "session/tunnel_parts.h"

static enum auth_method method_of(struct lcp_auth a)
{
    for (int m = AUTH_NONE + 1; m < AUTH_METHODS; m++) {
        struct lcp_auth known = tunnel_lcp_auth((enum auth_method)m);
        if (known.proto == a.proto && known.alg == a.alg)
            return (enum auth_method)m;
    }
    return AUTH_NONE;
}

void tunnel_auth_start(struct tunnel *t, struct lcp_auth agreed)
{
    if (t->phase != TUNNEL_SSTP)
        return;
    /* LCP that starts over once somebody is authenticated would let them change who they are in a call that is bound
     * to the first answer. No known peer does it. */
    if (t->authenticated) {
        tunnel_end(t, TUNNEL_CAUSE_LCP, LINK_CAUSE_NO_CONVERGENCE);
        return;
    }
    tunnel_auth_off(t);
    t->method = method_of(agreed);
    if (t->method == AUTH_NONE) { /* a server that asks for none cannot prove itself either */
        tunnel_end(t, TUNNEL_CAUSE_NO_AUTH_METHOD, 0);
        return;
    }
    t->auth_on = true;
    t->auth_due = tick_after(t->now, t->conf.auth_timeout);
    if (t->conf.role == TUNNEL_SERVER)
        tunnel_server_start(t);
    else
        tunnel_client_start(t);
}

void tunnel_authenticated(struct tunnel *t, uint8_t hlak[HLAK_LEN], const struct link_net *net)
{
    static const uint8_t no_key[HLAK_LEN];
    t->authenticated = true;
    t->auth_due = NEVER;
    tunnel_collect(t); /* the result of the authentication goes first */
    /* [MS-SSTP] 3.2.5.2.2: methods that make no key are bound with zeros.
     * [MS-SSTP] 3.2.4.3: the client sends Call Connected now, [CAP] before any network protocol. */
    call_authenticated(&t->call, auth_method_keyed(t->method) ? hlak : no_key, t->now);
    secret_wipe(hlak, HLAK_LEN);
    tunnel_collect(t);
    link_authenticated(&t->link, net, t->now);
    tunnel_emit(t, TUNNEL_EV_AUTHENTICATED);
}

static void auth_packet(struct tunnel *t, const struct link_event *e)
{
    if (!t->auth_on || e->proto != tunnel_lcp_auth(t->method).proto)
        return; /* RFC 1661 3.5: packets of a protocol that was not agreed on are silently discarded */
    struct rd r = rd_slice(e->packet);
    int fed = t->conf.role == TUNNEL_SERVER ? auth_server_feed(&t->work->auth.server, &r, t->now)
                                            : auth_client_feed(&t->work->auth.client, &r, t->now);
    if (fed < 0)
        env_note(t->env, NOTE_AUTH_BAD_PACKET, e->proto, (uint32_t)-fed, slice_of(NULL, 0));
}

/* PPP is terminating, and not because we said so: the peer asked for it, or the link gave up. */
static void link_ends(struct tunnel *t)
{
    const struct link_event e = { .cause = t->link.cause,
                                  .has_ras_error = t->link.has_ras_error,
                                  .ras_error = t->link.ras_error };
    uint32_t detail = 0;
    enum tunnel_cause cause = tunnel_cause_of_link(&e, &detail);
    tunnel_blame(t, cause, detail);
    tunnel_collect(t);
    tunnel_auth_off(t);
    t->phase = TUNNEL_ENDING;
    t->up_wanted = false;
    t->ncp_due = NEVER;
    /* [CAP]: who terminates PPP also disconnects the call; wait for that, but not for ever. */
    t->goodbye_due = tick_after(t->now, t->conf.goodbye);
}

static void network_is_up(struct tunnel *t)
{
    t->ncp_due = NEVER;
    t->up_wanted = t->connected && t->phase == TUNNEL_SSTP;
}

static void network_is_down(struct tunnel *t)
{
    if (t->ipv4_up || t->ipv6_up)
        return;
    t->up_wanted = false;
    if (t->connected && t->phase == TUNNEL_SSTP)
        t->ncp_due = tick_after(t->now, t->conf.ncp_timeout);
}

bool tunnel_link_step(struct tunnel *t)
{
    struct link_event e;
    if (!link_event(&t->link, &e)) {
        if (t->phase != TUNNEL_SSTP || t->link.phase != LINK_TERMINATE)
            return false;
        link_ends(t);
        return true;
    }
    switch (e.kind) {
    case LINK_EV_NONE:
        break;
    case LINK_EV_AUTH_START:
        tunnel_auth_start(t, e.auth);
        break;
    case LINK_EV_AUTH_PACKET:
        auth_packet(t, &e);
        break;
    case LINK_EV_IPV4_UP:
        t->ip = e.ipv4;
        t->ipv4_up = true;
        network_is_up(t);
        break;
    case LINK_EV_IPV6_UP:
        t->ip6 = e.ipv6;
        t->ipv6_up = true;
        network_is_up(t);
        break;
    case LINK_EV_IPV4_DOWN:
        t->ipv4_up = false;
        network_is_down(t);
        break;
    case LINK_EV_IPV6_DOWN:
        t->ipv6_up = false;
        network_is_down(t);
        break;
    case LINK_EV_IDENT:
        tunnel_emit(t, TUNNEL_EV_IDENT)->text = e.packet;
        break;
    case LINK_EV_DOWN:
        if (t->phase == TUNNEL_SSTP)
            link_ends(t);
        if (e.cause != LINK_CAUSE_PEER)
            tunnel_hang_up(t);
        break;
    }
    return true;
}

static uint16_t min16(size_t a, size_t b)
{
    return (uint16_t)(a < b ? a : b);
}

void tunnel_report_up(struct tunnel *t)
{
    uint8_t head[4];
    size_t head_len;
    uint16_t fits = (uint16_t)tunnel_fits(t, t->ipv4_up ? 4 : 6, head, &head_len);
    uint16_t wish = t->params.mtu ? t->params.mtu : t->conf.mtu;
    /* [MS-SSTP] 3.1.5.2: 1400 is what Windows takes whatever its MRU says; only our own peers are known to mean theirs. */
    uint16_t limit = wish && (wish < TUNNEL_MTU || t->link.peer_adit) ? wish : TUNNEL_MTU;
    t->up_wanted = false;
    tunnel_auth_off(t); /* the peer would not be here without its result; what it sent to prove itself is wiped */
    struct tunnel_event *ev = tunnel_emit(t, TUNNEL_EV_UP);
    ev->ipv4 = t->ipv4_up;
    ev->ipv6 = t->ipv6_up;
    ev->ip = t->ip;
    ev->ip6 = t->ip6;
    ev->mtu = min16(limit, fits);
    ev->mtu_max = t->link.peer_adit ? fits : ev->mtu;
}

/* The server's side of authentication: questions outward under numbers of our own, verdicts inward, and what a session
 * is given once it is accepted. */
#include "base/secret.h"
#include "session/tunnel_parts.h"

void tunnel_server_start(struct tunnel *t)
{
    struct auth_server_conf c = {
        .method = t->method,
        .server_name = t->conf.server_name,
        .retransmit = SECONDS(3), /* RFC 1661 4.6 */
        .retransmit_max = 10,
        .attempts_max = 3,
    };
    t->refuse_code = 0;
    auth_server_init(&t->work->auth.server, &c, t->env, t->now);
}

/* What the network protocols may give away, from the verdict's parameters. */
static struct link_net net_of(const struct tunnel *t)
{
    const struct params *p = &t->params;
    struct link_net net = {
        .ipcp = { .server = true, .our_addr = p->server_ipv4, .peer_addr = params_ipv4(p) },
        .ip6cp = { .on = false },
    };
    memcpy(net.ipcp.dns, p->dns, sizeof net.ipcp.dns);
    memcpy(net.ipcp.nbns, p->nbns, sizeof net.ipcp.nbns);
    for (unsigned i = 0; i < p->n_prefixes && i < PARAMS_PREFIXES; i++)
        if (p->prefixes[i].family == 6)
            net.ip6cp.on = t->conf.link.ipv6;
    /* RFC 5072 4.1: stable ones. Ours is the same on every tunnel; the peer's, should it ask for one, comes with its /64. */
    net.ip6cp.our_id[7] = 1;
    net.ip6cp.insist = params_shares(p); /* the address of a shared /64 is told by its second half */
    memcpy(net.ip6cp.peer_id, p->link6.addr + (net.ip6cp.insist ? 8 : 0), sizeof net.ip6cp.peer_id);
    return net;
}

static void accepted(struct tunnel *t, struct auth_server_event *e)
{
    if (t->params.n_prefixes == 0) {
        secret_wipe(e->hlak, sizeof e->hlak);
        tunnel_end(t, TUNNEL_CAUSE_NO_ADDRESS, 0);
        return;
    }
    struct link_net net = net_of(t);
    tunnel_authenticated(t, e->hlak, &net);
}

bool tunnel_server_step(struct tunnel *t)
{
    struct auth_server_event e;
    if (!auth_server_event(&t->work->auth.server, &e))
        return false;
    switch (e.kind) {
    case AUTH_SERVER_EV_NONE:
        break;
    case AUTH_SERVER_EV_ASK: {
        t->ask = ++t->asked;
        t->ask_part = e.ask;
        struct tunnel_event *ev = tunnel_emit(t, TUNNEL_EV_ASK);
        ev->ask = t->ask;
        ev->question = e.question;
        break;
    }
    case AUTH_SERVER_EV_ACCEPTED:
        accepted(t, &e);
        break;
    case AUTH_SERVER_EV_REFUSED:
        tunnel_end(t, TUNNEL_CAUSE_AUTH_REFUSED, t->refuse_code ? t->refuse_code : 691);
        break;
    case AUTH_SERVER_EV_TIMEOUT:
        tunnel_end(t, TUNNEL_CAUSE_AUTH_TIMEOUT, 0);
        break;
    }
    secret_wipe(e.hlak, sizeof e.hlak);
    return true;
}

/* RFC 2759 6: "E=eee …"; 0 if the text does not begin so. */
static uint32_t code_of(struct slice text)
{
    struct rd r = rd_slice(text);
    uint32_t code = 0;
    if (rd_u8(&r) != 'E' || rd_u8(&r) != '=')
        return 0;
    for (unsigned i = 0; i < 10 && rd_peek(&r, 0) >= '0' && rd_peek(&r, 0) <= '9' && code < 100000000; i++)
        code = code * 10 + rd_u8(&r) - '0';
    return code;
}

static bool key_fits(enum auth_method method, const struct auth_verdict *v)
{
    static const uint8_t zeros[HLAK_LEN];
    return !auth_method_keyed(method) || (v->keyed && !secret_eq(v->hlak, zeros, HLAK_LEN));
}

/* An ACCEPT without a key, as the refusal that it has to be: RFC 2759 6 and RFC 3748 4.2 say how it looks. */
static struct auth_verdict refusal_of(const struct auth_verdict *v, uint8_t eap_failure[4])
{
    static const char text[] = "E=691 R=0 C=00000000000000000000000000000000 V=3 M=No binding key";
    struct auth_verdict no = { .kind = VERDICT_REFUSE, .text = slice_of(text, sizeof text - 1) };
    struct rd r = rd_slice(v->eap);
    rd_skip(&r, 1);
    eap_failure[0] = 4;
    eap_failure[1] = rd_u8(&r);
    eap_failure[2] = 0;
    eap_failure[3] = 4;
    if (v->eap.n)
        no.eap = slice_of(eap_failure, 4);
    return no;
}

void tunnel_answer(struct tunnel *t, uint32_t ask, const struct auth_verdict *v, const struct params *params, msec now)
{
    t->now = now;
    if (t->conf.role != TUNNEL_SERVER || t->phase != TUNNEL_SSTP || !t->auth_on || ask == 0 || ask != t->ask)
        return;
    t->ask = 0;
    uint8_t eap_failure[4];
    struct auth_verdict judged = *v;
    if (v->kind == VERDICT_ACCEPT && !key_fits(t->method, v)) {
        env_note(t->env, NOTE_TUNNEL_NO_KEY, t->method, 0, slice_of(NULL, 0));
        judged = refusal_of(v, eap_failure);
    }
    if (judged.kind == VERDICT_ACCEPT)
        t->params = params ? *params : (struct params){ 0 };
    if (judged.kind == VERDICT_REFUSE)
        t->refuse_code = code_of(judged.text);
    auth_server_answer(&t->work->auth.server, t->ask_part, &judged, now);
    secret_wipe(judged.hlak, sizeof judged.hlak);
    tunnel_pump(t);
}

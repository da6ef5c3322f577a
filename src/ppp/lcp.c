/* LCP beyond its options: Protocol-Reject, echoes, Identification, the error number in a Terminate-Request. */
#include "ppp/lcp.h"
#include "wire/ppp_frame.h"

static const struct slice nothing = { NULL, 0 };

static struct lcp *lcp_of(struct cp *cp)
{
    return (struct lcp *)cp; /* the first member */
}

struct lcp_auth lcp_auth(const struct lcp *l)
{
    if (!l->conf.server)
        return l->peer.auth;
    return l->offer < l->conf.n_auth ? l->conf.auth[l->offer] : (struct lcp_auth){ 0 };
}

uint32_t lcp_magic(const struct lcp *l)
{
    /* RFC 1661 5.8: zero unless the magic number was negotiated. */
    return l->ours.has_magic ? l->ours.magic : 0;
}

/* A packet that begins with our magic number. */
static void send_magic(struct lcp *l, struct cp_port *port, uint8_t code, uint8_t id, struct slice rest)
{
    uint8_t head[4];
    struct wr w = wr_of(head, sizeof head);
    wr_u32(&w, lcp_magic(l));
    cp_port_send(port, PPP_PROTO_LCP, code, id, wr_slice(&w), rest);
}

/* -- codes above 7 that come in -- */

static enum cp_event on_protocol_reject(struct lcp *l, const struct cp_pkt *pkt)
{
    struct cp_proto_rej rej;
    /* RFC 1661 5.7: outside Opened it is silently discarded. */
    if (l->cp.state != CP_OPENED || cp_proto_rej_decode(pkt->data, &rej) < 0)
        return CP_EVENTS;
    if (rej.proto == PPP_PROTO_LCP)
        return CP_RXJ_BAD;
    l->rejected_proto = rej.proto;
    return CP_RXJ_GOOD;
}

static enum cp_event on_echo(struct lcp *l, struct cp_port *port, const struct cp_pkt *pkt)
{
    struct cp_magic m;
    if (cp_magic_decode(pkt->data, &m) < 0)
        return CP_EVENTS;
    /* RFC 1661 5.8: our own number in a request or a reply means that we hear ourselves. */
    if (pkt->code != LCP_DISCARD_REQ && m.magic != 0 && m.magic == lcp_magic(l)) {
        env_note(port->env, NOTE_LCP_LOOP, m.magic, 0, nothing);
        return CP_EVENTS;
    }
    if (pkt->code == LCP_ECHO_REPLY && l->cp.state == CP_OPENED)
        l->echo_lost = 0;
    return CP_RXR;
}

static enum cp_event on_identification(struct lcp *l, struct cp_port *port, const struct cp_pkt *pkt)
{
    struct cp_magic m;
    /* RFC 1570 2.1: not answered. [CAP]: "MSRASV5.20", "MSRAS-0-<computer>", then sixteen binary bytes. */
    if (cp_magic_decode(pkt->data, &m) < 0)
        return CP_EVENTS;
    env_note(port->env, NOTE_LCP_IDENT, 0, 0, m.rest);
    l->has_ident = true;
    l->ident_len = m.rest.n < sizeof l->ident ? m.rest.n : sizeof l->ident;
    if (l->ident_len)
        memcpy(l->ident, m.rest.p, l->ident_len);
    return CP_EVENTS;
}

static enum cp_event on_time_remaining(struct cp_port *port, const struct cp_pkt *pkt)
{
    struct cp_magic m;
    if (cp_magic_decode(pkt->data, &m) < 0)
        return CP_EVENTS;
    /* RFC 1570 2.2: not answered. */
    struct rd r = rd_slice(m.rest);
    uint32_t seconds = rd_u32(&r);
    if (rd_ok(&r))
        env_note(port->env, NOTE_LCP_TIME_REMAINING, seconds, 0, nothing);
    return CP_EVENTS;
}

static enum cp_event lcp_code(struct cp *cp, struct cp_port *port, const struct cp_pkt *pkt)
{
    struct lcp *l = lcp_of(cp);
    switch (pkt->code) {
    case LCP_PROTO_REJ:
        return on_protocol_reject(l, pkt);
    case LCP_ECHO_REQ:
    case LCP_ECHO_REPLY:
    case LCP_DISCARD_REQ:
        return on_echo(l, port, pkt);
    case LCP_IDENTIFICATION:
        return on_identification(l, port, pkt);
    case LCP_TIME_REMAINING:
        return on_time_remaining(port, pkt);
    default:
        return CP_RUC;
    }
}

static void lcp_code_rejected(struct cp *cp, uint8_t code)
{
    /* RFC 1570 2.1: a rejected Identification is no error; it is sent once anyway. */
    if (code == LCP_ECHO_REQ)
        lcp_of(cp)->echo_off = true;
}

static void lcp_send_echo_reply(struct cp *cp, struct cp_port *port, const struct cp_pkt *pkt)
{
    struct cp_magic m;
    /* RFC 1661 5.8: only the request has a reply; it returns the data with our magic number. */
    if (pkt->code == LCP_ECHO_REQ && cp_magic_decode(pkt->data, &m) == 0)
        send_magic(lcp_of(cp), port, LCP_ECHO_REPLY, pkt->id, m.rest);
}

const struct cp_proto lcp_proto = {
    .number = PPP_PROTO_LCP,
    .ask = lcp_opt_ask,
    .begin = lcp_opt_begin,
    .judge = lcp_opt_judge,
    .missing = lcp_opt_missing,
    .agreed = lcp_opt_agreed,
    .naked = lcp_opt_naked,
    .rejected = lcp_opt_rejected,
    .stubborn = lcp_opt_stubborn,
    .code = lcp_code,
    .code_rejected = lcp_code_rejected,
    .echo = lcp_send_echo_reply,
};

/* -- what the owner calls -- */

void lcp_init(struct lcp *l, const struct lcp_conf *conf, const struct cp_conf *cp, struct cp_port *port)
{
    *l = (struct lcp){ .conf = *conf, .echo_due = NEVER };
    cp_init(&l->cp, &lcp_proto, cp);
    if (l->conf.n_auth > LCP_AUTH_MAX)
        l->conf.n_auth = LCP_AUTH_MAX;
    l->ours = (struct lcp_wishes){
        .mru = conf->mru,
        .has_mru = true,
        .has_magic = true,
        .pfc = conf->compress,
        .acfc = conf->compress,
        .magic = lcp_draw_magic(port, 0),
    };
    l->peer.mru = LCP_MRU_DEFAULT;
}

/* Keeps what a Terminate-Request says before the automaton answers it. */
static void note_terminate(struct lcp *l, struct cp_port *port, const struct cp_pkt *pkt)
{
    struct cp_term_ms ms = { 0 };
    bool is_ms = cp_term_ms_decode(pkt->data, &ms) == 0;
    l->term_seen = true;
    l->has_ras_error = is_ms;
    l->ras_error = ms.ras_error;
    env_note(port->env, NOTE_LCP_TERM_RECEIVED, is_ms, ms.ras_error, pkt->data);
}

void lcp_input(struct lcp *l, struct cp_port *port, struct slice info, msec now)
{
    struct rd in = rd_slice(info);
    struct cp_pkt pkt;
    if (l->cp.state <= CP_STARTING || cp_pkt_decode(&in, &pkt) < 0)
        return;
    if (pkt.code == CP_TERM_REQ)
        note_terminate(l, port, &pkt);
    cp_input(&l->cp, port, info, now);
}

void lcp_identify(struct lcp *l, struct cp_port *port, struct slice text)
{
    if (l->cp.state == CP_OPENED)
        send_magic(l, port, LCP_IDENTIFICATION, port->next_id++, text);
}

void lcp_reject_proto(struct lcp *l, struct cp_port *port, uint16_t proto, struct slice info)
{
    uint8_t head[2];
    struct wr w = wr_of(head, sizeof head);
    if (l->cp.state != CP_OPENED)
        return;
    wr_u16(&w, proto);
    size_t room = (size_t)port->peer_mru - CP_PKT_HEAD - sizeof head;
    if (info.n > room)
        info.n = room;
    cp_port_send(port, PPP_PROTO_LCP, LCP_PROTO_REJ, port->next_id++, wr_slice(&w), info);
}

void lcp_set_ras_error(struct lcp *l, uint32_t ras_error)
{
    struct cp_term_ms ms = { lcp_magic(l), ras_error };
    struct wr w = wr_of(l->cp.term, sizeof l->cp.term);
    cp_term_ms_encode(&w, &ms);
    l->cp.term_len = wr_len(&w);
}

void lcp_echo_start(struct lcp *l, msec now)
{
    l->echo_lost = 0;
    l->echo_due = l->conf.echo ? tick_after(now, l->conf.echo) : NEVER;
}

static bool echoes(const struct lcp *l)
{
    return l->cp.state == CP_OPENED && l->echo_due != NEVER && !l->echo_off;
}

bool lcp_tick(struct lcp *l, struct cp_port *port, msec now)
{
    cp_tick(&l->cp, port, now);
    if (!echoes(l) || now < l->echo_due)
        return false;
    if (l->echo_lost >= LCP_ECHO_LOST_MAX)
        return true;
    l->echo_lost++;
    l->echo_due = tick_after(now, l->conf.echo);
    send_magic(l, port, LCP_ECHO_REQ, port->next_id++, nothing);
    return false;
}

msec lcp_due(const struct lcp *l)
{
    return tick_min(l->cp.due, echoes(l) ? l->echo_due : NEVER);
}

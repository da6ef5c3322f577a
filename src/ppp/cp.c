/* The automaton of RFC 1661 section 4: packets become events, the table says what to do, enter() changes the state. */
#include "ppp/cp.h"
#include "ppp/cp_conf.h"

/* What the actions of one event work on. */
struct turn {
    struct cp_port *port;
    msec now;
    const struct cp_pkt *pkt;     /* NULL: no packet made this event */
    const struct cp_reply *reply; /* RCR: what it deserves */
    bool again;                   /* a retransmission: same identifier, same bytes */
};

static const struct slice nothing = { NULL, 0 };

void cp_init(struct cp *cp, const struct cp_proto *proto, const struct cp_conf *conf)
{
    *cp = (struct cp){ .proto = proto, .conf = *conf, .state = CP_INITIAL, .due = NEVER, .first = true };
}

/* -- actions (RFC 1661 4.4) -- */

static void send_configure_request(struct cp *cp, const struct turn *t)
{
    if (!t->again) {
        struct wr w = wr_of(cp->ask, sizeof cp->ask);
        cp->proto->ask(cp, &w);
        cp->ask_len = wr_len(&w);
        /* RFC 1661 5.1: the identifier changes with the content; a retransmission may keep it. */
        cp->ask_id = t->port->next_id++;
    }
    cp->answered = false;
    if (cp->restarts)
        cp->restarts--;
    cp_port_send(t->port, cp->proto->number, CP_CONF_REQ, cp->ask_id, slice_of(cp->ask, cp->ask_len), nothing);
}

static void send_terminate_request(struct cp *cp, const struct turn *t)
{
    if (!t->again)
        cp->term_id = t->port->next_id++;
    if (cp->restarts)
        cp->restarts--;
    cp_port_send(t->port, cp->proto->number, CP_TERM_REQ, cp->term_id, slice_of(cp->term, cp->term_len), nothing);
}

static void send_configure_ack(struct cp *cp, const struct turn *t)
{
    struct slice options = t->pkt->data;
    cp->failures = 0;
    cp->proto->agreed(cp, t->port);
    cp->has_acked = options.n <= sizeof cp->acked;
    cp->acked_id = t->pkt->id;
    cp->acked_len = cp->has_acked ? options.n : 0;
    if (cp->acked_len)
        memcpy(cp->acked, options.p, cp->acked_len);
    cp_port_send(t->port, cp->proto->number, CP_CONF_ACK, t->pkt->id, t->pkt->data, nothing);
}

static void send_configure_nak(struct cp *cp, const struct turn *t)
{
    if (t->reply->code == CP_CONF_NAK)
        cp->failures++;
    struct slice options = slice_of(t->reply->options, t->reply->len);
    cp_port_send(t->port, cp->proto->number, t->reply->code, t->pkt->id, options, nothing);
}

static void send_terminate_ack(struct cp *cp, const struct turn *t)
{
    /* [CAP]: the Ack of a Terminate-Request returns its data. */
    struct slice data = t->pkt->code == CP_TERM_REQ ? t->pkt->data : nothing;
    cp_port_send(t->port, cp->proto->number, CP_TERM_ACK, t->pkt->id, data, nothing);
}

static void send_code_reject(struct cp *cp, const struct turn *t)
{
    uint8_t head[CP_PKT_HEAD];
    struct wr w = wr_of(head, sizeof head);
    wr_u8(&w, t->pkt->code);
    wr_u8(&w, t->pkt->id);
    wr_u16(&w, (unsigned)(CP_PKT_HEAD + t->pkt->data.n));
    /* RFC 1661 5.6: the rejected packet is cut to the peer's MRU; the identifier is new. */
    size_t room = (size_t)t->port->peer_mru - 2 * CP_PKT_HEAD;
    struct slice data = { t->pkt->data.p, t->pkt->data.n < room ? t->pkt->data.n : room };
    cp_port_send(t->port, cp->proto->number, CP_CODE_REJ, t->port->next_id++, wr_slice(&w), data);
}

static void this_layer_up(struct cp *cp)
{
    cp->turns = 0;
    cp->ind |= CP_IND_UP;
}

static void act(struct cp *cp, const struct turn *t, unsigned a)
{
    if (a & CP_TLD)
        cp->ind |= CP_IND_DOWN;
    if (a & CP_IRC)
        cp->restarts = a & CP_STR ? cp->conf.max_terminate : cp->conf.max_configure;
    if (a & CP_ZRC)
        cp->restarts = 0;
    if (a & CP_STR)
        send_terminate_request(cp, t);
    if (a & CP_SCR)
        send_configure_request(cp, t);
    if (a & CP_SCA)
        send_configure_ack(cp, t);
    if (a & CP_SCN)
        send_configure_nak(cp, t);
    if (a & CP_STA)
        send_terminate_ack(cp, t);
    if (a & CP_SCJ)
        send_code_reject(cp, t);
    if ((a & CP_SER) && cp->proto->echo)
        cp->proto->echo(cp, t->port, t->pkt);
    if (a & CP_TLS)
        cp->ind |= CP_IND_STARTED;
    if (a & CP_TLF)
        cp->ind |= CP_IND_FINISHED;
    if (a & CP_TLU)
        this_layer_up(cp);
}

/* -- states -- */

/* RFC 1661 4.1: the restart timer runs in Closing, Stopping, Req-Sent, Ack-Rcvd and Ack-Sent, and nowhere else. */
static bool is_timed(enum cp_state s)
{
    return s >= CP_CLOSING && s <= CP_ACK_SENT;
}

/* The only place where a state changes. The timer starts anew with what is sent, and with zrc. */
static void enter(struct cp *cp, enum cp_state next, unsigned actions, msec now)
{
    cp->state = next;
    if (!is_timed(next)) {
        cp->due = NEVER;
    } else if (actions & (CP_SCR | CP_STR | CP_ZRC)) {
        bool first = cp->first && (actions & CP_SCR);
        cp->due = tick_after(now, first ? cp->conf.restart_first : cp->conf.restart);
        if (actions & CP_SCR)
            cp->first = false;
    }
}

static void run(struct cp *cp, const struct turn *t, enum cp_event ev)
{
    const struct cp_cell *cell = &cp_table[cp->state][ev];
    if (!cell->legal)
        return;
    act(cp, t, cell->actions);
    enter(cp, cell->next, cell->actions, t->now);
}

static bool is_negotiating(const struct cp *cp)
{
    return cp->state >= CP_REQ_SENT && cp->state <= CP_ACK_SENT;
}

/* A protocol that has failed while it negotiates is closed. */
static void give_up(struct cp *cp, struct cp_port *port, msec now)
{
    struct turn t = { .port = port, .now = now };
    if (cp->fail != CP_FAIL_NONE && is_negotiating(cp))
        run(cp, &t, CP_CLOSE);
}

/* -- packets -- */

static void count_turn(struct cp *cp)
{
    if (++cp->turns > CP_TURNS_MAX && cp->fail == CP_FAIL_NONE)
        cp->fail = CP_FAIL_NO_CONVERGENCE;
}

/* RFC 1661 5.1: the identifier changes once a request has its answer, so the same request with the same identifier is
 * a retransmission that crossed our Ack. */
static bool is_acked_already(const struct cp *cp, const struct cp_pkt *pkt)
{
    return cp->has_acked && pkt->id == cp->acked_id && slice_eq(pkt->data, slice_of(cp->acked, cp->acked_len));
}

static void on_configure_request(struct cp *cp, struct turn *t)
{
    /* The table would leave Opened for it and begin anew; on slow links pppd and we ourselves would do that to each
     * other. Acked again, nothing else. */
    if (cp->state == CP_OPENED && is_acked_already(cp, t->pkt)) {
        act(cp, t, CP_SCA);
        return;
    }
    struct cp_reply reply = { .code = CP_CONF_ACK };
    bool wants_reply = cp->state == CP_STOPPED || cp->state >= CP_REQ_SENT;
    if (wants_reply && cp_conf_judge(cp, t->port, t->pkt->data, &reply) < 0)
        return;
    if (reply.code != CP_CONF_ACK)
        count_turn(cp);
    if (cp->fail != CP_FAIL_NONE && is_negotiating(cp))
        return;
    t->reply = &reply;
    run(cp, t, reply.code == CP_CONF_ACK ? CP_RCR_GOOD : CP_RCR_BAD);
}

static void on_configure_answer(struct cp *cp, struct turn *t)
{
    bool asked = cp->state >= CP_REQ_SENT;
    if (asked && !cp_conf_answers(cp, t->pkt))
        return;
    cp->answered = true;
    if (t->pkt->code == CP_CONF_ACK) {
        run(cp, t, CP_RCA);
        return;
    }
    if (asked) {
        count_turn(cp);
        cp_conf_learn(cp, t->port, t->pkt);
    }
    if (cp->fail == CP_FAIL_NONE || !is_negotiating(cp))
        run(cp, t, CP_RCN);
}

static void on_code_reject(struct cp *cp, struct turn *t)
{
    struct rd r = rd_slice(t->pkt->data);
    uint8_t code = rd_u8(&r);
    if (!rd_ok(&r))
        return;
    /* RFC 1661 4.3: rejecting an extension can be lived with, rejecting codes 1 to 7 cannot. */
    bool needed = code >= CP_CONF_REQ && code <= CP_CODE_REJ;
    if (needed && cp->state >= CP_REQ_SENT && cp->fail == CP_FAIL_NONE)
        cp->fail = CP_FAIL_REJECTED;
    if (!needed && cp->proto->code_rejected)
        cp->proto->code_rejected(cp, code);
    run(cp, t, needed ? CP_RXJ_BAD : CP_RXJ_GOOD);
}

static void on_other_code(struct cp *cp, struct turn *t)
{
    enum cp_event ev = cp->proto->code ? cp->proto->code(cp, t->port, t->pkt) : CP_RUC;
    if (ev == CP_RXJ_BAD && cp->state >= CP_REQ_SENT && cp->fail == CP_FAIL_NONE)
        cp->fail = CP_FAIL_REJECTED;
    if (ev != CP_EVENTS)
        run(cp, t, ev);
}

static void on_packet(struct cp *cp, struct turn *t)
{
    switch (t->pkt->code) {
    case CP_CONF_REQ:
        on_configure_request(cp, t);
        break;
    case CP_CONF_ACK:
    case CP_CONF_NAK:
    case CP_CONF_REJ:
        on_configure_answer(cp, t);
        break;
    case CP_TERM_REQ:
        run(cp, t, CP_RTR);
        break;
    case CP_TERM_ACK:
        run(cp, t, CP_RTA);
        break;
    case CP_CODE_REJ:
        on_code_reject(cp, t);
        break;
    default: /* a byte of the peer's, not one of our enums */
        on_other_code(cp, t);
    }
}

void cp_input(struct cp *cp, struct cp_port *port, struct slice info, msec now)
{
    struct rd in = rd_slice(info);
    struct cp_pkt pkt;
    /* RFC 1661 5: what is malformed is silently discarded. No packet means anything while the lower layer is down. */
    if (cp->state <= CP_STARTING || cp_pkt_decode(&in, &pkt) < 0)
        return;
    struct turn t = { .port = port, .now = now, .pkt = &pkt };
    on_packet(cp, &t);
    give_up(cp, port, now);
}

/* -- the other events -- */

static void run_plain(struct cp *cp, struct cp_port *port, enum cp_event ev, msec now)
{
    struct turn t = { .port = port, .now = now };
    run(cp, &t, ev);
}

void cp_open(struct cp *cp, struct cp_port *port, msec now)
{
    run_plain(cp, port, CP_OPEN, now);
}

void cp_close(struct cp *cp, struct cp_port *port, msec now)
{
    run_plain(cp, port, CP_CLOSE, now);
}

void cp_up(struct cp *cp, struct cp_port *port, msec now)
{
    run_plain(cp, port, CP_UP, now);
}

void cp_down(struct cp *cp, struct cp_port *port, msec now)
{
    run_plain(cp, port, CP_DOWN, now);
}

void cp_rejected(struct cp *cp, struct cp_port *port, msec now)
{
    if (cp->fail == CP_FAIL_NONE)
        cp->fail = CP_FAIL_REJECTED;
    run_plain(cp, port, CP_RXJ_BAD, now);
}

void cp_tick(struct cp *cp, struct cp_port *port, msec now)
{
    if (cp->due == NEVER || now < cp->due)
        return;
    if (cp->restarts == 0 && is_negotiating(cp) && cp->fail == CP_FAIL_NONE)
        cp->fail = CP_FAIL_NO_ANSWER;
    struct turn t = { .port = port, .now = now, .again = true };
    run(cp, &t, cp->restarts ? CP_TO_MORE : CP_TO_LAST);
}

unsigned cp_take(struct cp *cp)
{
    unsigned ind = cp->ind;
    cp->ind = 0;
    return ind;
}

/* The SSTP call: the part that both roles share, and the only file that changes its state.
 *
 * Packets come in here, are looked up in the tables of call_rows.c, and end in one of the small functions
 * below or in call_client.c and call_server.c. The contract is in call.h. */
#include "sstp/call.h"
#include "base/secret.h"
#include "sstp/call_rows.h"
#include "wire/ppp_frame.h"
#include "wire/sstp_frame.h"

void call_conf_default(struct call_conf *c, enum call_role role)
{
    *c = (struct call_conf){
        .role = role,
        /* [MS-SSTP] 3.2.2.1, 3.3.2.1: SHOULD be 60 seconds. */
        .negotiation_1 = SECONDS(60),
        .negotiation_2 = SECONDS(60),
        /* [MS-SSTP] 3.1.2.3: SHOULD be 60 seconds. */
        .hello = SECONDS(60),
        /* [MS-SSTP] 3.1.2.1, 3.1.2.2 */
        .abort_1 = SECONDS(3),
        .abort_2 = SECONDS(1),
        .disconnect_1 = SECONDS(5),
        .disconnect_2 = SECONDS(1),
        /* [MS-SSTP] 2.2.8 <2>, 3.2.5.3.3 <10>, 3.3.5.2.2 <16>: Windows counts to three. */
        .nak_max = 3,
        .hash_mask = BINDING_SHA1 | BINDING_SHA256,
    };
}

const char *call_state_name(enum call_state s)
{
    return (unsigned)s < CALL_STATES ? call_rows[s].name : "?";
}

/* States and their deadlines. */

static msec time_limit(const struct call_conf *c, enum call_timer t)
{
    switch (t) {
    case TIMER_NONE:
        return NEVER;
    case TIMER_NEGOTIATION_1:
        return c->negotiation_1;
    case TIMER_NEGOTIATION_2:
        return c->negotiation_2;
    case TIMER_HELLO:
        return c->hello;
    case TIMER_ABORT_1:
        return c->abort_1;
    case TIMER_ABORT_2:
        return c->abort_2;
    case TIMER_DISCONNECT_1:
        return c->disconnect_1;
    case TIMER_DISCONNECT_2:
        return c->disconnect_2;
    }
    return NEVER;
}

static void restart_timer(struct call *c, msec now)
{
    c->due = tick_after(now, time_limit(c->conf, call_rows[c->state].timer));
}

void call_enter(struct call *c, enum call_state s, msec now)
{
    if (s != c->state)
        env_note(c->env, NOTE_CALL_STATE, c->state, s, slice_of(NULL, 0));
    c->state = s;
    c->hello_sent = false;
    restart_timer(c, now);
    if (call_rows[s].ending)
        call_wipe(c);
}

void call_wipe(struct call *c)
{
    secret_wipe(c->hlak, sizeof c->hlak);
    secret_wipe(c->nonce, sizeof c->nonce);
    secret_wipe(c->deferred, sizeof c->deferred);
    c->has_hlak = false;
    c->has_deferred = false;
}

/* Events and outgoing packets. */

void call_say(struct call *c, enum call_ev_kind kind)
{
    c->ev = (struct call_event){ .kind = kind };
    if (kind == CALL_EV_ENDING || kind == CALL_EV_DOWN)
        c->ev = c->ending;
    c->ev.kind = kind;
    if (kind == CALL_EV_CONNECTED)
        c->ev.hash = c->hash;
    c->ev_set = true;
}

void call_send(struct call *c, const struct sstp_msg *m)
{
    struct wr w = wr_of(c->out + c->out_len, CALL_OUT - c->out_len);
    sstp_msg_encode(&w, m);
    /* What does not fit was not pulled for a long time; the timers end such a call. */
    c->out_len += wr_len(&w);
}

static void send_bare(struct call *c, enum sstp_type type)
{
    struct sstp_msg m = { .type = type };
    call_send(c, &m);
}

static void send_reason(struct call *c, enum sstp_type type, uint8_t attrib, uint32_t status)
{
    /* [MS-SSTP] 2.2.13, 2.2.14: SHOULD have one Status Info, as Windows does <3> <4>, without a value. */
    struct sstp_msg m = { .type = type, .n_status = 1, .status = { { .attrib = attrib, .status = status } } };
    call_send(c, &m);
    if (type == SSTP_CALL_ABORT)
        env_note(c->env, NOTE_CALL_ABORT_SENT, attrib, status, slice_of(NULL, 0));
}

/* The end. The first cause is the one that counts. */

static void remember_cause(struct call *c, struct call_fault why)
{
    if (c->ending.cause != CALL_CAUSE_NONE)
        return;
    c->ending.cause = why.cause;
    c->ending.check = why.check;
    c->ending.attrib = why.attrib;
    c->ending.status = why.status;
}

/* Enters one of the four states of an end under way; the first of them is announced. */
static void end(struct call *c, enum call_state s, struct call_fault why, msec now)
{
    bool first = !call_rows[c->state].ending;
    remember_cause(c, why);
    call_enter(c, s, now);
    if (first)
        call_say(c, CALL_EV_ENDING);
}

static void down(struct call *c, enum call_cause cause, msec now)
{
    remember_cause(c, (struct call_fault){ .cause = cause });
    call_enter(c, CALL_DISCONNECTED, now);
    call_say(c, CALL_EV_DOWN);
}

void call_abort(struct call *c, struct call_fault why, msec now)
{
    /* [MS-SSTP] 3.1.5.1: send Call Abort, start TIMER_VAL_ABORT_STATE_TIMER_1, Call_Abort_Pending. */
    send_reason(c, SSTP_CALL_ABORT, why.attrib, why.status);
    end(c, CALL_ABORT_PENDING, why, now);
}

/* What both roles do with messages. */

void call_ignore(struct call *c, const struct call_in *in, msec now)
{
    (void)c, (void)in, (void)now;
}

/* [MS-SSTP] 2.2.13: the reasons that an Abort may give. */
static bool is_abort_reason(const struct sstp_status_info *s)
{
    return s->attrib >= SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID && s->attrib <= SSTP_ATTRIB_CRYPTO_BINDING_REQ &&
           s->status >= SSTP_STATUS_VALUE_NOT_SUPPORTED && s->status <= SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG;
}

void call_got_abort(struct call *c, const struct call_in *in, msec now)
{
    struct sstp_status_info why = in->msg->status[0]; /* zeros if it gave none */
    env_note(c->env, NOTE_CALL_ABORT_RECEIVED, why.attrib, why.status, slice_of(NULL, 0));
    struct call_fault fault = { CALL_CAUSE_PEER_ABORT, BINDING_OK, why.attrib, (enum sstp_status)why.status };
    /* [MS-SSTP] 3.2.5.3.4, 3.3.5.2.4: answered with an Abort. No text says with which reason; the peer's own is
     * the true one, if it is one that an Abort may carry. */
    if (!is_abort_reason(&why))
        why = (struct sstp_status_info){ .attrib = SSTP_ATTRIB_STATUS_INFO,
                                         .status = SSTP_STATUS_INVALID_FRAME_RECEIVED };
    send_reason(c, SSTP_CALL_ABORT, why.attrib, why.status);
    end(c, CALL_ABORT_TIMEOUT_PENDING, fault, now);
}

void call_got_answering_abort(struct call *c, const struct call_in *in, msec now)
{
    /* [MS-SSTP] 3.2.5.3.4: stop timer 1, start timer 2; nothing is sent. */
    const struct sstp_status_info *why = &in->msg->status[0];
    env_note(c->env, NOTE_CALL_ABORT_RECEIVED, why->attrib, why->status, slice_of(NULL, 0));
    call_enter(c, CALL_ABORT_TIMEOUT_PENDING, now);
}

void call_got_disconnect(struct call *c, const struct call_in *in, msec now)
{
    (void)in;
    send_bare(c, SSTP_CALL_DISCONNECT_ACK);
    end(c, CALL_DISCONNECT_TIMEOUT_PENDING, (struct call_fault){ .cause = CALL_CAUSE_PEER }, now);
}

void call_got_disconnect_ack(struct call *c, const struct call_in *in, msec now)
{
    (void)in;
    /* [MS-SSTP] 3.1.2.2: clean up at once. */
    down(c, CALL_CAUSE_LOCAL, now);
}

void call_got_echo_request(struct call *c, const struct call_in *in, msec now)
{
    (void)in, (void)now; /* the hello timer was restarted by the arrival */
    /* A peer that asks faster than its answers are fetched gets fewer answers; room for an Abort stays. */
    if (CALL_OUT - c->out_len >= SSTP_MSG_MAX)
        send_bare(c, SSTP_ECHO_RESPONSE);
}

void call_got_echo_response(struct call *c, const struct call_in *in, msec now)
{
    (void)c, (void)in, (void)now; /* likewise */
}

/* Packets coming in. */

static void act_on(struct call *c, const struct call_in *in, msec now)
{
    call_act *act = call_table[c->state][in->msg->type];
    if (act) {
        act(c, in, now);
        return;
    }
    /* [MS-SSTP] 2.2.8: a message that is not acceptable in the current state. */
    call_abort(c,
               (struct call_fault){ CALL_CAUSE_PROTOCOL, BINDING_OK, SSTP_ATTRIB_STATUS_INFO,
                                    SSTP_STATUS_UNACCEPTED_FRAME_RECEIVED },
               now);
}

/* Messages that may have no attributes at all, or only reasons: what else they carry makes them invalid. The Request
 * is judged by its Nak table, Ack and Connected by their own checks. Abort and Disconnect end the call whatever stands
 * in them: sorz's sstp-server sends them with a Status Info that is too short. */
static bool has_bad_attribs(const struct sstp_msg *m)
{
    switch (m->type) {
    case SSTP_CALL_CONNECT_NAK:
        return m->n_faults > 0 || m->n_status == 0; /* [MS-SSTP] 2.2.12: one or more Status Info, nothing else */
    case SSTP_CALL_DISCONNECT_ACK:
    case SSTP_ECHO_REQUEST:
    case SSTP_ECHO_RESPONSE:
        return m->n_faults > 0; /* [MS-SSTP] 2.2.15 */
    case SSTP_CALL_CONNECT_REQUEST:
    case SSTP_CALL_CONNECT_ACK:
    case SSTP_CALL_CONNECTED:
    case SSTP_CALL_ABORT:
    case SSTP_CALL_DISCONNECT:
    case SSTP_TYPES:
        break;
    }
    return false;
}

static void take_control(struct call *c, const struct sstp_frame *f, msec now)
{
    struct sstp_msg msg;
    struct call_fault why = { CALL_CAUSE_PROTOCOL, BINDING_OK, SSTP_ATTRIB_STATUS_INFO, SSTP_STATUS_NO_ERROR };
    if (sstp_msg_decode(f->payload, &msg) < 0)
        why.status = SSTP_STATUS_INVALID_FRAME_RECEIVED; /* [MS-SSTP] 2.2.8: type or format not recognised */
    else if (call_table[c->state][msg.type] && has_bad_attribs(&msg))
        why.status = SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG;

    if (why.status == SSTP_STATUS_NO_ERROR)
        act_on(c, &(struct call_in){ &msg, f->whole }, now);
    else if (!call_rows[c->state].ending) /* a call that is ending already cannot be aborted better */
        call_abort(c, why, now);
}

static void take_data(struct call *c, struct slice frame)
{
    struct ppp_frame ppp;
    /* An empty packet, or no PPP: nothing anybody could use. */
    if (ppp_frame_read(frame.p, frame.n, &ppp) < 0)
        return;
    const struct call_row *row = &call_rows[c->state];
    if (ppp_is_control(ppp.proto) ? row->relays_control : row->relays_data) {
        call_say(c, CALL_EV_PPP);
        c->ev.frame = frame;
        return;
    }
    /* [MS-SSTP] 3.2.7.2, 3.3.5.2.3, 3.3.7.2: what may not pass is dropped, silently. */
    if (!row->ending && !ppp_is_control(ppp.proto) && !c->early_noted) {
        c->early_noted = true;
        env_note(c->env, NOTE_CALL_DATA_EARLY, ppp.proto, 0, slice_of(NULL, 0));
    }
}

int call_feed(struct call *c, struct rd *in, msec now)
{
    struct sstp_frame f;
    if (c->ev_set)
        return FED_EVENT;
    if (c->state == CALL_DISCONNECTED)
        return ERR_STATE;
    int got = sstp_frame_next(in, &f);
    if (got == 0)
        return FED_MORE;
    if (got < 0) {
        /* [MS-SSTP] 3.1.5.1: delineation failed, forcefully aborted without sending a message. */
        down(c, CALL_CAUSE_GARBAGE, now);
        return FED_EVENT;
    }
    call_heard(c, now);
    if (f.control)
        take_control(c, &f, now);
    else
        take_data(c, f.payload);
    return c->ev_set ? FED_EVENT : FED_TOOK;
}

/* The rest of the machine's verbs. */

void call_init(struct call *c, uint8_t *out, const struct call_conf *conf, const struct env *env, msec now)
{
    *c = (struct call){ .conf = conf, .env = env, .out = out, .state = CALL_DISCONNECTED, .due = NEVER };
    if (conf->role == CALL_CLIENT)
        call_client_start(c, now);
    else
        call_enter(c, CALL_SERVER_CONNECT_REQUEST_PENDING, now); /* [MS-SSTP] 3.3.7.2 */
}

size_t call_pull(struct call *c, uint8_t *dst, size_t cap)
{
    size_t n = c->out_len < cap ? c->out_len : cap;
    if (n == 0)
        return 0;
    memcpy(dst, c->out, n);
    c->out_len -= n;
    memmove(c->out, c->out + n, c->out_len);
    return n;
}

bool call_event(struct call *c, struct call_event *out)
{
    if (!c->ev_set)
        return false;
    *out = c->ev;
    c->ev_set = false;
    return true;
}

void call_authenticated(struct call *c, const uint8_t hlak[32], msec now)
{
    /* [MS-SSTP] 3.2.7.1, 3.3.7.1: the key comes while the peers negotiate; at any other time it has no use. */
    if (c->state != CALL_CLIENT_CONNECT_ACK_RECEIVED && c->state != CALL_SERVER_CALL_CONNECTED_PENDING)
        return;
    memcpy(c->hlak, hlak, sizeof c->hlak);
    c->has_hlak = true;
    if (c->conf->role == CALL_CLIENT)
        call_client_authenticated(c, now);
    else
        call_server_authenticated(c, now);
}

void call_disconnect(struct call *c, msec now)
{
    if (call_rows[c->state].ending)
        return;
    /* [MS-SSTP] 3.2.4.2, 3.3.4; 2.2.14: NO_ERROR in both fields. */
    send_reason(c, SSTP_CALL_DISCONNECT, SSTP_ATTRIB_NO_ERROR, SSTP_STATUS_NO_ERROR);
    end(c, CALL_DISCONNECT_ACK_PENDING, (struct call_fault){ .cause = CALL_CAUSE_LOCAL }, now);
}

void call_lost(struct call *c, msec now)
{
    if (c->state == CALL_DISCONNECTED)
        return;
    /* [MS-SSTP] 3.1.7.2: MUST immediately clean up without any over-the-wire interaction. */
    c->out_len = 0;
    down(c, CALL_CAUSE_LOST, now);
}

void call_heard(struct call *c, msec now)
{
    /* [MS-SSTP] 3.1.2.3: the hello timer is restarted by any received packet. */
    if (call_rows[c->state].late != LATE_HELLO)
        return;
    c->hello_sent = false;
    restart_timer(c, now);
}

static void hello_is_late(struct call *c, msec now)
{
    if (c->hello_sent) {
        /* [MS-SSTP] 3.1.2.3: MUST abort without sending a Call Abort (figures 4 and 5 would send one). */
        down(c, CALL_CAUSE_HELLO_TIMEOUT, now);
        return;
    }
    send_bare(c, SSTP_ECHO_REQUEST); /* [MS-SSTP] 3.1.6.3 */
    restart_timer(c, now);
    c->hello_sent = true;
}

void call_tick(struct call *c, msec now)
{
    if (now < c->due)
        return;
    switch (call_rows[c->state].late) {
    case LATE_NEVER:
        break;
    case LATE_ABORT:
        call_abort(c,
                   (struct call_fault){ CALL_CAUSE_NEGOTIATION_TIMEOUT, BINDING_OK, SSTP_ATTRIB_STATUS_INFO,
                                        SSTP_STATUS_NEGOTIATION_TIMEOUT },
                   now);
        break;
    case LATE_CLOSE:
        down(c, CALL_CAUSE_NEGOTIATION_TIMEOUT, now);
        break;
    case LATE_HELLO:
        hello_is_late(c, now);
        break;
    case LATE_CLEAN: /* [MS-SSTP] 3.1.6.1, [MS-SSTP] 3.1.6.2: the other side had its time */
        down(c, CALL_CAUSE_LOCAL, now);
        break;
    }
}

msec call_due(const struct call *c)
{
    return c->due;
}

bool call_relays_control(const struct call *c)
{
    return call_rows[c->state].relays_control;
}

bool call_relays_data(const struct call *c)
{
    return call_rows[c->state].relays_data;
}

void call_done(struct call *c)
{
    call_wipe(c);
}

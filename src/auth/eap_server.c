/* authd's half of EAP; see eap_server.h.
 *
 * Order of the file: leaving an event, then the packets we send, then what each state does with a Response,
 * then the two tables and the verbs. */
#include "auth/eap_server.h"

#include "auth/verify.h"
#include "base/secret.h"
#include "wire/eap_pkt.h"
#include "wire/mschap_text.h"

/* The only place where the state changes. There is no deadline: the network side repeats and gives up. */
static void enter(struct eap_server *e, enum eap_server_state s)
{
    e->state = s;
}

static void leave_event(struct eap_server *e, enum eap_server_ev_kind kind)
{
    e->ev = (struct eap_server_event){
        .kind = kind,
        .packet = slice_of(e->out, e->out_len),
        .name = slice_of(e->name, e->name_len),
        .code = e->code,
        .reason = e->reason,
    };
    e->ev_set = true;
}

static void send_request(struct eap_server *e, const struct eap_mschap *m, enum eap_server_state next)
{
    struct wr w = wr_of(e->out, sizeof(e->out));

    e->id++; /* RFC 3748 4.1: each new Request has a new Identifier */
    eap_mschap_put(&w, EAP_REQUEST, e->id, m);
    e->out_len = wr_len(&w);
    leave_event(e, EAP_SERVER_EV_SEND);
    enter(e, next);
}

/* RFC 3748 4.2: Success and Failure carry the Identifier of the Response that they answer. */
static void send_result(struct eap_server *e, bool accepted)
{
    struct wr w = wr_of(e->out, sizeof(e->out));
    struct eap_pkt pkt = { .code = accepted ? EAP_SUCCESS : EAP_FAILURE, .id = e->id };

    if (accepted) {
        e->code = 0; /* earlier wrong answers do not matter any more */
        e->reason = NULL;
    }
    eap_pkt_put(&w, &pkt);
    e->out_len = wr_len(&w);
    leave_event(e, accepted ? EAP_SERVER_EV_ACCEPTED : EAP_SERVER_EV_REFUSED);
    if (accepted)
        memcpy(e->ev.hlak, e->hlak, HLAK_LEN);
    secret_wipe(e->hlak, sizeof(e->hlak));
    enter(e, EAP_SERVER_DONE);
}

static void refuse(struct eap_server *e, unsigned code, const char *reason)
{
    e->code = code;
    e->reason = reason;
    send_result(e, false);
}

static void send_challenge(struct eap_server *e)
{
    e->mschap_id++;
    e->env->random(e->env->ctx, e->challenge, sizeof(e->challenge));
    struct eap_mschap m = {
        .op = EAP_MSCHAP_CHALLENGE,
        .ms_id = e->mschap_id,
        .value = slice_of(e->challenge, sizeof(e->challenge)),
        .name = slice_str(e->conf.server_name),
    };
    send_request(e, &m, EAP_SERVER_WAIT_RESPONSE);
}

/* RFC 2759 6, in a Failure Request. With `retry` the peer may answer the challenge in it. */
static void send_failure(struct eap_server *e, unsigned code, bool retry, const char *reason, const char *text)
{
    char buf[AUTH_TEXT_MAX];

    e->code = code;
    e->reason = reason;
    e->env->random(e->env->ctx, e->challenge, sizeof(e->challenge));
    size_t n = verify_failure_text(buf, sizeof(buf), code, retry, e->challenge, text);
    struct eap_mschap m = { .op = EAP_MSCHAP_FAILURE, .ms_id = e->mschap_id, .text = slice_of(buf, n) };
    send_request(e, &m, retry ? EAP_SERVER_WAIT_RETRY : EAP_SERVER_WAIT_FAILURE_ACK);
}

static void wrong_answer(struct eap_server *e)
{
    bool retry = ++e->attempts < e->conf.attempts_max;

    env_note(e->env, NOTE_AUTH_RETRY, e->attempts, 0, slice_of(e->name, e->name_len));
    /* The peer is told the same in both cases; the log is told which. */
    send_failure(e, MSCHAP_E_AUTHENTICATION, retry, e->user.known ? "wrong password" : "unknown user",
                 "Authentication failed");
}

static void right_answer(struct eap_server *e, const char *success)
{
    if (e->user.refuse_code != 0) {
        secret_wipe(e->hlak, sizeof(e->hlak));
        send_failure(e, e->user.refuse_code, false, "right password, but the account may not log in", "Access denied");
        return;
    }
    struct eap_mschap m = { .op = EAP_MSCHAP_SUCCESS, .ms_id = e->mschap_id, .text = slice_str(success) };
    send_request(e, &m, EAP_SERVER_WAIT_SUCCESS_ACK);
}

void eap_server_user(struct eap_server *e, const struct eap_server_user *u, msec now)
{
    char success[MSCHAP_SUCCESS_TEXT_LEN + 1] = { 0 };
    uint8_t nobody[16];
    (void)now;

    if (e->state != EAP_SERVER_WAIT_USER || e->ev_set)
        return;
    e->user = *u;
    /* Who does not exist gets a hash that nobody has the password of, and from then on the same packets, after
     * the same work, as who mistyped it. */
    e->env->random(e->env->ctx, nobody, sizeof(nobody));
    if (!u->known)
        memcpy(e->user.nt_hash, nobody, sizeof(nobody));
    bool right = verify_mschapv2(e->env->prim, e->user.nt_hash, slice_of(e->name, e->name_len),
                                 slice_of(e->challenge, sizeof(e->challenge)),
                                 slice_of(e->response, sizeof(e->response)), success, e->hlak);
    secret_wipe(e->user.nt_hash, sizeof(e->user.nt_hash));
    if (right && u->known)
        right_answer(e, success);
    else
        wrong_answer(e);
    secret_wipe(success, sizeof(success));
}

/* One Response, by the state that waits for it. Each leaves an event. */

static void got_identity(struct eap_server *e, const struct eap_pkt *pkt)
{
    if (pkt->type != EAP_TYPE_IDENTITY) {
        refuse(e, MSCHAP_E_AUTHENTICATION, "answered the Identity Request with something else");
        return;
    }
    /* The identity routes (RFC 3748 5.1) and proves nothing: who is meant is the name in the MS-CHAPv2 answer. It is
     * kept for the log until then. */
    e->name_len = pkt->data.n < sizeof(e->name) ? pkt->data.n : sizeof(e->name);
    if (e->name_len > 0)
        memcpy(e->name, pkt->data.p, e->name_len);
    send_challenge(e);
}

/* The EAP-MSCHAPv2 packet in a Response; false, and refused, if there is none. */
static bool take_mschap(struct eap_server *e, const struct eap_pkt *pkt, struct eap_mschap *m)
{
    if (pkt->type == EAP_TYPE_NAK || pkt->type == EAP_TYPE_EXPANDED) {
        /* RFC 3748 5.3: it wants another method, and there is none. */
        refuse(e, MSCHAP_E_AUTHENTICATION, "the peer does not want EAP-MSCHAPv2");
        return false;
    }
    if (pkt->type != EAP_TYPE_MSCHAPV2) {
        refuse(e, MSCHAP_E_AUTHENTICATION, "answered EAP-MSCHAPv2 with another type");
        return false;
    }
    int err = eap_mschap_parse(pkt->data, EAP_RESPONSE, m);
    if (err < 0) {
        env_note(e->env, NOTE_AUTH_BAD_PACKET, PPP_EAP, (uint32_t)-err, (struct slice){ 0 });
        refuse(e, MSCHAP_E_AUTHENTICATION, "malformed EAP-MSCHAPv2 packet");
        return false;
    }
    return true;
}

static void judge(struct eap_server *e, const struct eap_mschap *m)
{
    if (m->name.n > sizeof(e->name)) {
        refuse(e, MSCHAP_E_AUTHENTICATION, "the user name is too long");
        return;
    }
    e->name_len = m->name.n;
    if (m->name.n > 0)
        memcpy(e->name, m->name.p, m->name.n);
    memcpy(e->response, m->value.p, sizeof(e->response));
    e->out_len = 0;
    leave_event(e, EAP_SERVER_EV_USER);
    enter(e, EAP_SERVER_WAIT_USER);
}

static void got_response(struct eap_server *e, const struct eap_pkt *pkt)
{
    struct eap_mschap m;

    if (!take_mschap(e, pkt, &m))
        return;
    if (m.op == EAP_MSCHAP_RESPONSE)
        judge(e, &m);
    else
        refuse(e, MSCHAP_E_AUTHENTICATION, "answered the Challenge with something else");
}

static void got_retry(struct eap_server *e, const struct eap_pkt *pkt)
{
    struct eap_mschap m;

    if (!take_mschap(e, pkt, &m))
        return;
    if (m.op == EAP_MSCHAP_RESPONSE)
        judge(e, &m); /* RFC 2759 6: a new answer, on the challenge in C= */
    else if (m.op == EAP_MSCHAP_CHANGE_PASSWORD)
        refuse(e, MSCHAP_E_CHANGE_PASSWORD, "asked for a password change, which is not offered");
    else
        send_result(e, false); /* a Failure Response: it gives up */
}

static void got_success_ack(struct eap_server *e, const struct eap_pkt *pkt)
{
    struct eap_mschap m;

    if (!take_mschap(e, pkt, &m))
        return;
    /* draft-kamath-pppext-eap-mschapv2: only a Success Response says that the peer, too, is content. */
    if (m.op == EAP_MSCHAP_SUCCESS)
        send_result(e, true);
    else
        refuse(e, MSCHAP_E_AUTHENTICATION, "the peer did not confirm the success");
}

static void got_failure_ack(struct eap_server *e, const struct eap_pkt *pkt)
{
    (void)pkt;
    send_result(e, false); /* whatever it says to R=0: the code stays what it was */
}

typedef void (*response_fn)(struct eap_server *e, const struct eap_pkt *pkt);

/* What a Response means, by state. A hole: no Request is open, and the packet is dropped. */
static const response_fn on_response[EAP_SERVER_DONE + 1] = {
    [EAP_SERVER_WAIT_IDENTITY] = got_identity,
    [EAP_SERVER_WAIT_RESPONSE] = got_response,
    [EAP_SERVER_WAIT_RETRY] = got_retry,
    [EAP_SERVER_WAIT_SUCCESS_ACK] = got_success_ack,
    [EAP_SERVER_WAIT_FAILURE_ACK] = got_failure_ack,
};

void eap_server_init(struct eap_server *e, const struct eap_server_conf *conf, const struct env *env, msec now)
{
    (void)now;
    memset(e, 0, sizeof(*e));
    e->conf = *conf;
    e->env = env;
    env->random(env->ctx, &e->id, 1);
    env->random(env->ctx, &e->mschap_id, 1);

    struct wr w = wr_of(e->out, sizeof(e->out));
    struct eap_pkt pkt = { .code = EAP_REQUEST, .id = e->id, .type = EAP_TYPE_IDENTITY };
    eap_pkt_put(&w, &pkt);
    e->out_len = wr_len(&w);
    leave_event(e, EAP_SERVER_EV_SEND);
    enter(e, EAP_SERVER_WAIT_IDENTITY);
}

int eap_server_feed(struct eap_server *e, struct rd *in, msec now)
{
    (void)now;
    if (e->ev_set)
        return FED_EVENT;
    struct eap_pkt pkt;
    int err = eap_pkt_parse(in, &pkt);
    if (!on_response[e->state])
        return FED_TOOK;
    if (err == 0 && (pkt.code != EAP_RESPONSE || pkt.id != e->id))
        err = ERR_STATE;
    if (err < 0) {
        env_note(e->env, NOTE_AUTH_BAD_PACKET, PPP_EAP, (uint32_t)-err, (struct slice){ 0 });
        refuse(e, MSCHAP_E_AUTHENTICATION, "malformed or unexpected EAP packet");
        return FED_EVENT;
    }
    on_response[e->state](e, &pkt);
    return FED_EVENT;
}

bool eap_server_event(struct eap_server *e, struct eap_server_event *out)
{
    if (!e->ev_set)
        return false;
    *out = e->ev;
    secret_wipe(&e->ev.hlak, sizeof(e->ev.hlak));
    e->ev_set = false;
    return true;
}

void eap_server_done(struct eap_server *e)
{
    secret_wipe(e, sizeof(*e));
}

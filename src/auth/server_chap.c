/* CHAP, the authenticator's side: with MD5 (RFC 1994) and with MS-CHAPv2 (RFC 2759). They share packets,
 * identifiers and repetition; they differ in the texts and in that MS-CHAPv2 lets the peer try again. */
#include "auth/server_int.h"

#include "wire/chap_pkt.h"
#include "wire/mschap_text.h"

enum { CHALLENGE_LEN = 16 };

static bool is_mschap(const struct auth_server *a)
{
    return a->conf.method == AUTH_MSCHAPV2;
}

static void put_packet(struct auth_server *a, const struct chap_pkt *pkt)
{
    struct wr w = wr_of(a->out, sizeof(a->out));

    chap_pkt_put(&w, pkt);
    a->out_len = wr_len(&w);
}

/* The result of the Response `id`. */
static void put_result(struct auth_server *a, uint8_t code, uint8_t id, struct slice text)
{
    struct chap_pkt pkt = { .code = code, .id = id, .text = server_cut(text, AUTH_TEXT_MAX) };

    put_packet(a, &pkt);
    a->last_id = id;
    a->has_last = true;
}

/* RFC 2759 6: the Failure of MS-CHAPv2. The challenge is sent even if no answer is wanted. */
static void put_mschap_failure(struct auth_server *a, uint8_t id, struct mschap_failure *f)
{
    uint8_t text[AUTH_TEXT_MAX];
    struct wr w = wr_of(text, sizeof(text));

    if (!f->retry)
        a->env->random(a->env->ctx, f->challenge, sizeof(f->challenge));
    f->has_challenge = true;
    f->version = MSCHAP_VERSION;
    f->message = server_cut(f->message, AUTH_TEXT_MAX / 2);
    mschap_failure_put(&w, f);
    put_result(a, CHAP_FAILURE, id, wr_slice(&w));
}

static void refuse_with(struct auth_server *a, uint8_t id, uint32_t error, const char *why, msec now)
{
    struct mschap_failure f = { .error = error, .message = slice_str(why) };

    if (is_mschap(a))
        put_mschap_failure(a, id, &f);
    else
        put_result(a, CHAP_FAILURE, id, slice_str(why));
    server_refused(a, now);
}

static void refuse(struct auth_server *a, uint8_t id, const char *why, msec now)
{
    refuse_with(a, id, MSCHAP_E_AUTHENTICATION, why, now);
}

/* Packets of the peer. */

static int response_new(struct auth_server *a, const struct chap_pkt *pkt, struct slice frame, msec now)
{
    /* RFC 1994 4.1: the same Identifier gets the same reply (and RADIUS is not asked twice). */
    if (a->has_last && pkt->id == a->last_id) {
        a->out_ready = true;
        return 0;
    }
    if (pkt->id != a->id)
        return ERR_STATE; /* RFC 1994 4.1: answers a Challenge that is not the pending one */
    if (pkt->value.n != (is_mschap(a) ? CHAP_MSCHAP2_RESPONSE_LEN : CHAP_MD5_RESPONSE_LEN))
        return ERR_LENGTH;
    if (pkt->name.n > AUTH_NAME_MAX || !server_keep(a, frame)) {
        refuse(a, pkt->id, "The user name is too long", now);
        return 0;
    }
    struct rd r = rd_of(a->in, a->in_len);
    struct chap_pkt kept = { 0 };
    int err = chap_pkt_parse(&r, &kept);
    struct auth_question q = {
        .method = a->conf.method,
        .id = kept.id,
        .name = kept.name,
        .challenge = slice_of(a->challenge, sizeof(a->challenge)),
        .response = kept.value,
    };
    server_ask(a, &q, now);
    return err;
}

static int response_judged(struct auth_server *a, const struct chap_pkt *pkt, struct slice frame, msec now)
{
    (void)frame;
    (void)now;
    return pkt->id == a->id ? 0 : ERR_STATE; /* a duplicate; the answer is on its way */
}

static int response_again(struct auth_server *a, const struct chap_pkt *pkt, struct slice frame, msec now)
{
    (void)frame;
    (void)now;
    /* RFC 1994 4.1: the result may have been lost. */
    if (!a->has_last || pkt->id != a->last_id)
        return ERR_STATE;
    a->out_ready = true;
    return 0;
}

static int change_password(struct auth_server *a, const struct chap_pkt *pkt, struct slice frame, msec now)
{
    (void)frame;
    if (!is_mschap(a))
        return ERR_UNKNOWN;
    /* RFC 2759 7: comes only after E=648, which is for good here. Say so instead of letting the peer wait. */
    refuse_with(a, pkt->id, MSCHAP_E_CHANGE_PASSWORD, "Passwords cannot be changed here", now);
    return 0;
}

typedef int (*chap_fn)(struct auth_server *a, const struct chap_pkt *pkt, struct slice frame, msec now);

/* A hole is dropped and noted: Challenge, Success and Failure are ours to send. */
static const chap_fn rows[AUTH_SERVER_DONE + 1][CHAP_CHANGE_PASSWORD + 1] = {
    [AUTH_SERVER_WAIT_PEER] = { [CHAP_RESPONSE] = response_new, [CHAP_CHANGE_PASSWORD] = change_password },
    [AUTH_SERVER_WAIT_VERDICT] = { [CHAP_RESPONSE] = response_judged },
    [AUTH_SERVER_DONE] = { [CHAP_RESPONSE] = response_again },
};

static int got(struct auth_server *a, struct slice frame, msec now)
{
    struct rd r = rd_slice(frame);
    struct chap_pkt pkt;

    int err = chap_pkt_parse(&r, &pkt);
    if (err < 0)
        return err;
    chap_fn fn = rows[a->state][pkt.code];
    return fn ? fn(a, &pkt, frame, now) : ERR_STATE;
}

static void start(struct auth_server *a, msec now)
{
    a->env->random(a->env->ctx, &a->id, 1);
    a->env->random(a->env->ctx, a->challenge, sizeof(a->challenge));
    struct chap_pkt pkt = {
        .code = CHAP_CHALLENGE,
        .id = a->id,
        .value = slice_of(a->challenge, CHALLENGE_LEN),
        .name = server_cut(slice_str(a->conf.server_name), AUTH_NAME_MAX),
    };
    put_packet(a, &pkt);
    a->out_ready = true;
    a->resend = true;
    server_enter(a, AUTH_SERVER_WAIT_PEER, now);
}

/* Verdicts. */

static void accept(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    put_result(a, CHAP_SUCCESS, a->id, v->text);
    server_accepted(a, v, now);
}

/* RFC 1994 4.2: after a Failure of CHAP-MD5 the link should come down; there is no second attempt in it. */
static void refuse_md5(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    put_result(a, CHAP_FAILURE, a->id, v->text);
    server_refused(a, now);
}

static void refuse_mschap(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    struct mschap_failure f = { .error = MSCHAP_E_AUTHENTICATION };

    /* Only the code and the message are the judge's; a text of another form is not for the peer. */
    if (mschap_failure_parse(v->text, &f) < 0)
        f = (struct mschap_failure){ .error = MSCHAP_E_AUTHENTICATION };
    f.retry = server_may_retry(a, v);
    memcpy(f.challenge, v->challenge, sizeof(f.challenge));
    put_mschap_failure(a, a->id, &f);
    if (!f.retry) {
        server_refused(a, now);
        return;
    }
    /* RFC 2759 6: with R=1 the peer answers the challenge in C=, with the next Identifier and without a new Challenge
     * packet, and may take its time: somebody is typing. Nothing is repeated meanwhile. */
    memcpy(a->challenge, v->challenge, sizeof(a->challenge));
    a->id++;
    a->resend = false;
    a->out_ready = true;
    server_enter(a, AUTH_SERVER_WAIT_PEER, now);
}

static void verdict(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    switch (v->kind) {
    case VERDICT_ACCEPT:
        accept(a, v, now);
        return;
    case VERDICT_REFUSE:
        if (is_mschap(a))
            refuse_mschap(a, v, now);
        else
            refuse_md5(a, v, now);
        return;
    case VERDICT_MORE:
        break;
    }
    refuse(a, a->id, "No decision was made", now); /* CHAP has no more rounds: our own fault */
}

const struct server_proto server_chap = { PPP_CHAP, start, got, verdict, refuse };

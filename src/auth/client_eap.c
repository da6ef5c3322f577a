/* EAP, the peer's side (RFC 3748 section 4), with one method: EAP-MSCHAPv2. The server asks; the table of types
 * below says who answers. Success counts only after the server has proved itself. */
#include "auth/client_int.h"

#include "base/secret.h"
#include "wire/chap_pkt.h"
#include "wire/eap_pkt.h"
#include "wire/mschap_text.h"

static void start(struct auth_client *a, msec now)
{
    if (client_mschap_usable(a, now))
        client_enter(a, AUTH_CLIENT_EAP_WAIT, now);
}

static void sent(struct auth_client *a, const struct wr *w, uint8_t id)
{
    a->out_len = wr_len(w);
    a->out_ready = true;
    a->eap_id = id;
    a->has_eap_id = true;
}

static int respond(struct auth_client *a, uint8_t id, uint8_t type, struct slice data)
{
    struct wr w = wr_of(a->out, sizeof(a->out));
    struct eap_pkt pkt = { .code = EAP_RESPONSE, .id = id, .type = type, .data = data };

    eap_pkt_put(&w, &pkt);
    sent(a, &w, id);
    return 0;
}

static void respond_mschap(struct auth_client *a, uint8_t id, const struct eap_mschap *m)
{
    struct wr w = wr_of(a->out, sizeof(a->out));

    eap_mschap_put(&w, EAP_RESPONSE, id, m);
    sent(a, &w, id);
}

/* Requests, by type. */

static int identity(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    (void)now;
    return respond(a, pkt->id, EAP_TYPE_IDENTITY, a->conf.user);
}

static int notification(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    (void)now;
    /* RFC 3748 5.2: must be answered; what it says has no standing. */
    return respond(a, pkt->id, EAP_TYPE_NOTIFICATION, (struct slice){ 0 });
}

static int another_type(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    static const uint8_t wanted[] = { EAP_TYPE_MSCHAPV2 };
    (void)now;
    /* RFC 3748 5.3.1; 5.7 has whoever knows no Expanded Types answer them with this Nak, too. */
    return respond(a, pkt->id, EAP_TYPE_NAK, slice_of(wanted, sizeof(wanted)));
}

static int mschap_challenge(struct auth_client *a, uint8_t id, const struct eap_mschap *m, msec now)
{
    uint8_t value[CHAP_MSCHAP2_RESPONSE_LEN];
    (void)now;

    client_mschap_answer(a, m->value.p, value);
    struct eap_mschap r = {
        .op = EAP_MSCHAP_RESPONSE,
        .ms_id = m->ms_id,
        .value = slice_of(value, sizeof(value)),
        .name = a->conf.user,
    };
    respond_mschap(a, id, &r);
    return 0;
}

static int mschap_success(struct auth_client *a, uint8_t id, const struct eap_mschap *m, msec now)
{
    struct eap_mschap r = { .op = EAP_MSCHAP_SUCCESS };

    /* RFC 2759 5: without the right proof no Success Response leaves us. */
    if (!client_mschap_proven(a, m->text)) {
        client_end(a, AUTH_CLIENT_EV_UNPROVEN, m->text, now);
        return 0;
    }
    respond_mschap(a, id, &r);
    client_enter(a, AUTH_CLIENT_EAP_PROVEN, now);
    return 0;
}

static int mschap_failure(struct auth_client *a, uint8_t id, const struct eap_mschap *m, msec now)
{
    struct eap_mschap r = { .op = EAP_MSCHAP_FAILURE };
    struct slice text = client_mschap_failure(m->text, &a->fail_code, &a->fail_retry);

    /* The reason is kept until the EAP-Failure that follows our answer; a retry would be with the same password. */
    a->text_len = text.n < sizeof(a->text) ? text.n : sizeof(a->text);
    if (a->text_len > 0)
        memcpy(a->text, text.p, a->text_len);
    respond_mschap(a, id, &r);
    client_enter(a, AUTH_CLIENT_EAP_FAILED, now);
    return 0;
}

typedef int (*mschap_fn)(struct auth_client *a, uint8_t id, const struct eap_mschap *m, msec now);

static const mschap_fn on_mschap[EAP_MSCHAP_FAILURE + 1] = {
    [EAP_MSCHAP_CHALLENGE] = mschap_challenge,
    [EAP_MSCHAP_SUCCESS] = mschap_success,
    [EAP_MSCHAP_FAILURE] = mschap_failure,
};

static int mschap(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    struct eap_mschap m;

    int err = eap_mschap_parse(pkt->data, EAP_REQUEST, &m);
    if (err < 0)
        return err;
    return on_mschap[m.op] ? on_mschap[m.op](a, pkt->id, &m, now) : ERR_UNKNOWN;
}

typedef int (*eap_fn)(struct auth_client *a, const struct eap_pkt *pkt, msec now);

static eap_fn by_type(uint8_t type)
{
    static const struct {
        uint8_t type;
        eap_fn fn;
    } types[] = {
        { EAP_TYPE_IDENTITY, identity },
        { EAP_TYPE_NOTIFICATION, notification },
        { EAP_TYPE_MSCHAPV2, mschap },
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].type == type)
            return types[i].fn;
    return another_type;
}

/* RFC 3748 4.1: the same Request again (by its Identifier) gets the same Response, and is not processed again. */
static bool repeated(struct auth_client *a, const struct eap_pkt *pkt)
{
    if (!a->has_eap_id || pkt->id != a->eap_id)
        return false;
    a->out_ready = true;
    return true;
}

/* By state and code. */

static int request(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    return repeated(a, pkt) ? 0 : by_type(pkt->type)(a, pkt, now);
}

/* The method is over: only what may come at any time is still answered. */
static int request_after(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    if (repeated(a, pkt))
        return 0;
    return pkt->type == EAP_TYPE_NOTIFICATION ? notification(a, pkt, now) : ERR_STATE;
}

static int success_early(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    (void)pkt;
    /* RFC 3748 4.2 would drop it; but no server that could prove itself sends it, and one that cannot need not be
     * waited for (RFC 2759 5). */
    client_end(a, AUTH_CLIENT_EV_UNPROVEN, (struct slice){ 0 }, now);
    return 0;
}

/* RFC 3748 4.2: a Success or Failure has the Identifier of the Response that it answers. Microsoft's IAS, behind which
 * RRAS may stand, is known to add one (hostap has the same allowance). */
static bool answers_us(const struct auth_client *a, const struct eap_pkt *pkt)
{
    return !a->has_eap_id || pkt->id == a->eap_id || pkt->id == (uint8_t)(a->eap_id + 1);
}

static int success_proven(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    uint8_t hlak[HLAK_LEN];

    if (!answers_us(a, pkt))
        return ERR_STATE;
    client_mschap_hlak(a, hlak);
    client_accepted(a, hlak, now);
    secret_wipe(hlak, sizeof(hlak));
    return 0;
}

static int failure(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    if (!answers_us(a, pkt))
        return ERR_STATE;
    client_end(a, AUTH_CLIENT_EV_REFUSED, (struct slice){ 0 }, now);
    a->ev.code = MSCHAP_E_AUTHENTICATION;
    return 0;
}

static void end_failed(struct auth_client *a, msec now)
{
    client_end(a, AUTH_CLIENT_EV_REFUSED, slice_of(a->text, a->text_len), now);
    a->ev.code = a->fail_code;
    a->ev.retry = a->fail_retry;
}

static int failure_told(struct auth_client *a, const struct eap_pkt *pkt, msec now)
{
    if (!answers_us(a, pkt))
        return ERR_STATE;
    end_failed(a, now);
    return 0;
}

/* A hole is dropped and noted: Responses are ours to send, and after the end nothing is expected. */
static const eap_fn rows[AUTH_CLIENT_DONE + 1][EAP_FAILURE + 1] = {
    [AUTH_CLIENT_EAP_WAIT] = { [EAP_REQUEST] = request, [EAP_SUCCESS] = success_early, [EAP_FAILURE] = failure },
    [AUTH_CLIENT_EAP_PROVEN] = { [EAP_REQUEST] = request_after,
                                 [EAP_SUCCESS] = success_proven,
                                 [EAP_FAILURE] = failure },
    [AUTH_CLIENT_EAP_FAILED] = { [EAP_REQUEST] = request_after,
                                 [EAP_SUCCESS] = success_early,
                                 [EAP_FAILURE] = failure_told },
};

static int got(struct auth_client *a, struct slice frame, msec now)
{
    struct rd r = rd_slice(frame);
    struct eap_pkt pkt;

    int err = eap_pkt_parse(&r, &pkt);
    if (err < 0)
        return err;
    eap_fn fn = rows[a->state][pkt.code];
    return fn ? fn(a, &pkt, now) : ERR_STATE;
}

static void late(struct auth_client *a, msec now)
{
    if (a->state == AUTH_CLIENT_EAP_FAILED)
        end_failed(a, now); /* the reason is known; its EAP-Failure did not come */
    else
        client_end(a, AUTH_CLIENT_EV_TIMEOUT, (struct slice){ 0 }, now);
}

const struct client_proto client_eap = { PPP_EAP, start, got, late };

/* CHAP, the peer's side: with MD5 (RFC 1994) and with MS-CHAPv2 (RFC 2759). The server challenges, whenever it
 * likes, and repeats itself; we only ever answer. */
#include "auth/client_int.h"

#include "base/secret.h"
#include "crypto/prim.h"
#include "wire/chap_pkt.h"

static bool is_mschap(const struct auth_client *a)
{
    return a->conf.method == AUTH_MSCHAPV2;
}

static void start(struct auth_client *a, msec now)
{
    if (is_mschap(a))
        (void)client_mschap_usable(a, now);
}

static void put_response(struct auth_client *a, uint8_t id, const uint8_t *value, size_t n)
{
    struct wr w = wr_of(a->out, sizeof(a->out));
    struct chap_pkt pkt = {
        .code = CHAP_RESPONSE,
        .id = id,
        .value = slice_of(value, n),
        .name = a->conf.user, /* RFC 2759 4: domain included */
    };

    chap_pkt_put(&w, &pkt);
    a->out_len = wr_len(&w);
    a->out_ready = true;
    a->id = id;
}

static int answer_mschap(struct auth_client *a, const struct chap_pkt *pkt)
{
    uint8_t value[CHAP_MSCHAP2_RESPONSE_LEN];

    if (pkt->value.n != sizeof(a->auth_challenge)) /* RFC 2759 3 */
        return ERR_LENGTH;
    client_mschap_answer(a, pkt->value.p, value);
    put_response(a, pkt->id, value, sizeof(value));
    return 0;
}

static int answer_md5(struct auth_client *a, const struct chap_pkt *pkt)
{
    uint8_t value[MD5_LEN];
    /* RFC 1994 4.1: the hash of Identifier, secret and Challenge Value. */
    const struct slice parts[] = { slice_of(&pkt->id, 1), a->conf.password, pkt->value };

    a->env->prim->md5(parts, 3, value);
    put_response(a, pkt->id, value, sizeof(value));
    return 0;
}

static int challenge(struct auth_client *a, const struct chap_pkt *pkt, msec now)
{
    int err = is_mschap(a) ? answer_mschap(a, pkt) : answer_md5(a, pkt);
    if (err == 0)
        client_enter(a, AUTH_CLIENT_SENT, now);
    return err;
}

static int challenge_again(struct auth_client *a, const struct chap_pkt *pkt, msec now)
{
    if (pkt->id != a->id)
        return challenge(a, pkt, now);
    /* RFC 1994 4.1: a repeated Challenge gets the Response repeated, with the same peer challenge in it: the proof that
     * comes back fits only that. */
    a->out_ready = true;
    return 0;
}

/* RFC 1994 2: the server may challenge again at any time of the call. */
static int challenge_in_call(struct auth_client *a, const struct chap_pkt *pkt, msec now)
{
    return a->accepted ? challenge_again(a, pkt, now) : ERR_STATE;
}

static int success(struct auth_client *a, const struct chap_pkt *pkt, msec now)
{
    uint8_t hlak[HLAK_LEN];

    if (pkt->id != a->id)
        return ERR_STATE;
    if (!is_mschap(a)) {
        client_accepted(a, NULL, now);
        return 0;
    }
    if (!client_mschap_proven(a, pkt->text)) {
        client_end(a, AUTH_CLIENT_EV_UNPROVEN, pkt->text, now);
        return 0;
    }
    client_mschap_hlak(a, hlak);
    client_accepted(a, hlak, now);
    secret_wipe(hlak, sizeof(hlak));
    return 0;
}

static int failure(struct auth_client *a, const struct chap_pkt *pkt, msec now)
{
    struct slice text = pkt->text;
    unsigned code = 0;
    bool retry = false;

    if (pkt->id != a->id)
        return ERR_STATE;
    if (is_mschap(a))
        text = client_mschap_failure(pkt->text, &code, &retry);
    client_end(a, AUTH_CLIENT_EV_REFUSED, text, now);
    a->ev.code = code;
    a->ev.retry = retry;
    return 0;
}

typedef int (*chap_fn)(struct auth_client *a, const struct chap_pkt *pkt, msec now);

/* A hole is dropped and noted: results of Responses that we did not give, and packets that only we may send. */
static const chap_fn rows[AUTH_CLIENT_DONE + 1][CHAP_CHANGE_PASSWORD + 1] = {
    [AUTH_CLIENT_IDLE] = { [CHAP_CHALLENGE] = challenge },
    [AUTH_CLIENT_SENT] = { [CHAP_CHALLENGE] = challenge_again, [CHAP_SUCCESS] = success, [CHAP_FAILURE] = failure },
    [AUTH_CLIENT_DONE] = { [CHAP_CHALLENGE] = challenge_in_call },
};

static int got(struct auth_client *a, struct slice frame, msec now)
{
    struct rd r = rd_slice(frame);
    struct chap_pkt pkt;

    int err = chap_pkt_parse(&r, &pkt);
    if (err < 0)
        return err;
    chap_fn fn = rows[a->state][pkt.code];
    return fn ? fn(a, &pkt, now) : ERR_STATE;
}

static void late(struct auth_client *a, msec now)
{
    if (a->accepted) {
        client_enter(a, AUTH_CLIENT_DONE, now); /* challenged again during the call, and left without a result */
        return;
    }
    client_end(a, AUTH_CLIENT_EV_TIMEOUT, (struct slice){ 0 }, now);
}

const struct client_proto client_chap = { PPP_CHAP, start, got, late };

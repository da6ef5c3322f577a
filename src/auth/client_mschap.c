/* MS-CHAPv2's arithmetic for the peer's side, whether CHAP or EAP carries it; see client_int.h. The password's
 * hash is made anew each time, so that the machine itself never holds it. */
#include "auth/client_int.h"

#include "base/secret.h"
#include "crypto/mppe_keys.h"
#include "crypto/mschap.h"
#include "wire/chap_pkt.h"
#include "wire/mschap_text.h"

static struct mschap_exchange exchange_of(const struct auth_client *a)
{
    return (struct mschap_exchange){
        .auth_challenge = a->auth_challenge,
        .peer_challenge = a->peer_challenge,
        .name = a->conf.user,
    };
}

/* The hash; zeros for a password that was found unusable at the start, which never gets here. */
static void hash_of(const struct auth_client *a, uint8_t hash[16])
{
    memset(hash, 0, MSCHAP_NT_HASH_LEN);
    (void)!mschap_nt_hash(a->env->prim, a->conf.password, hash);
}

bool client_mschap_usable(struct auth_client *a, msec now)
{
    uint8_t hash[MSCHAP_NT_HASH_LEN];

    int err = mschap_nt_hash(a->env->prim, a->conf.password, hash);
    secret_wipe(hash, sizeof(hash));
    if (err == 0)
        return true;
    client_end(
        a, AUTH_CLIENT_EV_UNUSABLE,
        slice_str(err == ERR_LENGTH ? "the password is longer than 256 characters" : "the password is not valid UTF-8"),
        now);
    return false;
}

void client_mschap_answer(struct auth_client *a, const uint8_t challenge[16], uint8_t value[49])
{
    uint8_t hash[MSCHAP_NT_HASH_LEN];
    struct wr w = wr_of(value, CHAP_MSCHAP2_RESPONSE_LEN);

    memcpy(a->auth_challenge, challenge, sizeof(a->auth_challenge));
    a->env->random(a->env->ctx, a->peer_challenge, sizeof(a->peer_challenge));
    struct mschap_exchange x = exchange_of(a);
    hash_of(a, hash);
    mschap_nt_response(a->env->prim, hash, &x, a->nt_response);
    chap_mschap2_response_put(&w, a->peer_challenge, a->nt_response);
    a->answered = true;
    secret_wipe(hash, sizeof(hash));
}

bool client_mschap_proven(struct auth_client *a, struct slice text)
{
    struct mschap_success s;
    uint8_t hash[MSCHAP_NT_HASH_LEN];

    /* RFC 2759 5, 8.8: the peer verifies the authenticator response, and ends the link if it is wrong or missing. */
    if (!a->answered || mschap_success_parse(text, &s) < 0)
        return false;
    struct mschap_exchange x = exchange_of(a);
    hash_of(a, hash);
    bool ok = mschap_auth_response_ok(a->env->prim, hash, a->nt_response, &x, s.auth_response);
    secret_wipe(hash, sizeof(hash));
    return ok;
}

void client_mschap_hlak(const struct auth_client *a, uint8_t hlak[HLAK_LEN])
{
    uint8_t hash[MSCHAP_NT_HASH_LEN];

    hash_of(a, hash);
    mppe_hlak(a->env->prim, hash, a->nt_response, hlak);
    secret_wipe(hash, sizeof(hash));
}

struct slice client_mschap_failure(struct slice text, unsigned *code, bool *retry)
{
    struct mschap_failure f;

    *code = 0;
    *retry = false;
    if (mschap_failure_parse(text, &f) < 0)
        return text; /* no sense in it for us; perhaps for the user */
    *code = f.error;
    *retry = f.retry;
    return f.message.n > 0 ? f.message : text;
}

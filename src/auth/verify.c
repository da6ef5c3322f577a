/* Judging one answer; see verify.h. */
#include "auth/verify.h"

#include "base/secret.h"
#include "base/wr.h"
#include "crypto/mppe_keys.h"
#include "crypto/mschap.h"
#include "wire/chap_pkt.h"
#include "wire/mschap_text.h"

bool verify_mschapv2(const struct prim *p, const uint8_t nt_hash[16], struct slice name, struct slice challenge,
                     struct slice response, char ret_success[43], uint8_t ret_hlak[HLAK_LEN])
{
    if (challenge.n != MSCHAP_CHALLENGE_LEN || response.n != CHAP_MSCHAP2_RESPONSE_LEN)
        return false;

    /* RFC 2759 4: the peer's challenge opens the response. Its reserved bytes and flags are for future use and not
     * looked at. */
    const struct mschap_exchange x = { .auth_challenge = challenge.p, .peer_challenge = response.p, .name = name };
    const uint8_t *nt_response = response.p + CHAP_MSCHAP2_NT_RESPONSE_AT;
    if (!mschap_nt_response_ok(p, nt_hash, &x, nt_response))
        return false;

    struct mschap_success s = { .message = { 0 } };
    struct wr w = wr_of(ret_success, MSCHAP_SUCCESS_TEXT_LEN);
    mschap_auth_response(p, nt_hash, nt_response, &x, s.auth_response);
    mschap_success_put(&w, &s);
    ret_success[MSCHAP_SUCCESS_TEXT_LEN] = '\0';
    mppe_hlak(p, nt_hash, nt_response, ret_hlak);
    return true;
}

bool verify_chap_md5(const struct prim *p, uint8_t id, struct slice secret, struct slice challenge,
                     struct slice response)
{
    uint8_t want[MD5_LEN];
    const struct slice parts[] = { slice_of(&id, 1), secret, challenge };

    if (response.n != MD5_LEN)
        return false;
    p->md5(parts, 3, want);
    bool ok = secret_eq(want, response.p, MD5_LEN);
    secret_wipe(want, sizeof(want));
    return ok;
}

size_t verify_failure_text(char *dst, size_t cap, unsigned code, bool retry, const uint8_t challenge[16],
                           const char *text)
{
    struct mschap_failure f = {
        .error = code,
        .retry = retry,
        .has_challenge = true,
        .version = MSCHAP_VERSION,
        .message = slice_str(text),
    };
    struct wr w = wr_of(dst, cap);

    memcpy(f.challenge, challenge, sizeof(f.challenge));
    mschap_failure_put(&w, &f);
    size_t len = wr_len(&w);
    wr_u8(&w, 0);
    return wr_ok(&w) ? len : 0;
}

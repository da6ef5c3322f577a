/* MS-CHAPv2's arithmetic (RFC 2759 section 8): from a password and two challenges to the two proofs.
 *
 * Names are taken as bytes and never transcoded. What a message looks like is wire/chap_pkt's and
 * wire/mschap_text's business; who may log in is nobody's here. */
#ifndef ADIT_CRYPTO_MSCHAP_H
#define ADIT_CRYPTO_MSCHAP_H

#include "base/err.h"
#include "crypto/prim.h"

enum {
    MSCHAP_CHALLENGE_LEN = 16, /* authenticator's and peer's challenge */
    MSCHAP_NT_HASH_LEN = 16,   /* NT password hash */
    MSCHAP_NT_RESPONSE_LEN = 24,
    MSCHAP_AUTH_RESPONSE_LEN = 20,
    MSCHAP_PASSWORD_CHARS = 256, /* RFC 2759 8.3: 0 to 256 Unicode characters */
};

/* Who answers what: the inputs that both proofs share. `name` may still hold its domain. */
struct mschap_exchange {
    const uint8_t *auth_challenge; /* 16 bytes, of the authenticator */
    const uint8_t *peer_challenge; /* 16 bytes, of the peer */
    struct slice name;             /* as the peer sends it */
};

/* The account's part of a name: what follows the first backslash, or all of it without one. Borrowed. */
struct slice mschap_account(struct slice name);

/* RFC 2759 8.3: the NT password hash of a UTF-8 password. ERR_VALUE if it is not UTF-8, ERR_LENGTH if it
 * has more than 256 characters; `ret_hash` is then untouched. Leaves no copy of the password behind. */
int mschap_nt_hash(const struct prim *p, struct slice password, uint8_t ret_hash[16]) MUST_CHECK;

/* RFC 2759 8.2: the eight bytes that both challenges and the account name come down to. */
void mschap_challenge_hash(const struct prim *p, const struct mschap_exchange *x, uint8_t out[8]);

/* RFC 2759 8.1: what the peer sends to prove that it knows the password. */
void mschap_nt_response(const struct prim *p, const uint8_t nt_hash[16], const struct mschap_exchange *x,
                        uint8_t out[24]);

/* RFC 2759 8.7: what the authenticator sends ("S=", in hex) to prove that it knows the password hash. */
void mschap_auth_response(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24],
                          const struct mschap_exchange *x, uint8_t out[20]);

/* Is this the right NT-Response? In constant time. */
bool mschap_nt_response_ok(const struct prim *p, const uint8_t nt_hash[16], const struct mschap_exchange *x,
                           const uint8_t nt_response[24]) MUST_CHECK;

/* Is this the right authenticator response? In constant time. */
bool mschap_auth_response_ok(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24],
                             const struct mschap_exchange *x, const uint8_t auth_response[20]) MUST_CHECK;

#endif

/* Judging one answer, given what the user's record holds. Pure; used by authd. */
#ifndef ADIT_AUTH_VERIFY_H
#define ADIT_AUTH_VERIFY_H

#include "auth/method.h"
#include "crypto/prim.h"

/* MS-CHAPv2 (RFC 2759 8): challenge 16, response 49 bytes as on the wire, name as sent.
 * On success fills the 42-byte "S=…" with a NUL, and the HLAK (K_c2s | K_s2c, [MS-SSTP] 3.2.5.2.2); false: wrong, and
 * outputs untouched. */
bool verify_mschapv2(const struct prim *p, const uint8_t nt_hash[16], struct slice name, struct slice challenge,
                     struct slice response, char ret_success[43], uint8_t ret_hlak[HLAK_LEN]) MUST_CHECK;

/* CHAP-MD5 (RFC 1994 4.1): MD5(id | secret | challenge). */
bool verify_chap_md5(const struct prim *p, uint8_t id, struct slice secret, struct slice challenge,
                     struct slice response) MUST_CHECK;

/* "E=<code> R=<0|1> C=<32 hex> V=3 M=<text>" (RFC 2759 6) with a NUL; returns its length, 0 if it does not fit. */
size_t verify_failure_text(char *dst, size_t cap, unsigned code, bool retry, const uint8_t challenge[16],
                           const char *text);

#endif

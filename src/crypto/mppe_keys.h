/* The session keys that MS-CHAPv2 leaves behind (RFC 3079 section 3), and the HLAK made of them.
 *
 * SSTP encrypts nothing with them (TLS does that): they only bind the authentication to the TLS
 * session, as the higher-layer authentication key of [MS-SSTP] 3.2.5.2.2. */
#ifndef ADIT_CRYPTO_MPPE_KEYS_H
#define ADIT_CRYPTO_MPPE_KEYS_H

#include "crypto/prim.h"

enum { MPPE_KEY_LEN = 16, MPPE_HLAK_LEN = 32 };

/* Named by direction and not "send" and "receive", which swap meaning with the side one stands on. */
struct mppe_keys {
    uint8_t c2s[MPPE_KEY_LEN]; /* the client sends with it: its MasterSendKey, the server's MasterReceiveKey */
    uint8_t s2c[MPPE_KEY_LEN];
};

/* RFC 3079 3.4: GetMasterKey, from the NT password hash and the NT-Response. */
void mppe_master_key(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24], uint8_t out[16]);

/* RFC 3079 3.4: GetAsymmetricStartKey for 128-bit keys, both directions. The caller wipes. */
void mppe_start_keys(const struct prim *p, const uint8_t master[16], struct mppe_keys *out);

/* The HLAK of MS-CHAPv2 and EAP-MSCHAPv2, the same on both sides ([MS-SSTP] 3.2.5.2.2, 3.2.5.2.4). The
 * caller wipes. */
void mppe_hlak(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24], uint8_t hlak[32]);

/* The HLAK of keys that somebody else made: the first 32 bytes of c2s | s2c | zeros ([MS-SSTP] 3.2.5.2.4). From
 * RADIUS c2s is MS-MPPE-Recv-Key and s2c is MS-MPPE-Send-Key (RFC 2548 2.4.2, 2.4.3); from an EAP MSK give
 * the MSK as c2s and nothing as s2c. Works for 16-byte and 32-byte keys alike. */
void mppe_hlak_join(struct slice c2s, struct slice s2c, uint8_t hlak[32]);

#endif

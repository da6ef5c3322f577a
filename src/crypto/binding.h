/* The crypto binding: proof that whoever authenticated inside PPP ended the TLS session too.
 *
 * From the higher-layer authentication key (HLAK) comes the compound MAC key, and with it the
 * compound MAC over the whole Call Connected message ([MS-SSTP] 3.2.5.2 and 3.3.5.2.3). Only the
 * arithmetic is here; the rules of when to check and what to answer are sstp/call's. */
#ifndef ADIT_CRYPTO_BINDING_H
#define ADIT_CRYPTO_BINDING_H

#include "crypto/prim.h"

enum {
    BINDING_HLAK_LEN = 32, /* [MS-SSTP] 3.2.5.2.2: always 32 bytes, longer cut, shorter padded with zeros */
    BINDING_MSG_LEN = 112, /* [MS-SSTP] 2.2.12: Call Connected with its four bytes of header */
    BINDING_MAC_AT = 80,   /* where the MAC lies in it */
    BINDING_SLOT = 32,     /* the MAC field; a SHA-1 MAC leaves the last 12 bytes zero */
};

/* The hash protocols as the Crypto Binding attribute numbers them ([MS-SSTP] 2.2.7). */
enum { BINDING_SHA1 = 1, BINDING_SHA256 = 2 };

/* The compound MAC key ([MS-SSTP] 3.2.5.2.2). `hash` is BINDING_SHA1 or BINDING_SHA256; for SHA-1 the
 * last 12 bytes of `cmk` are zero. Any other number gives all zeros and must not get here. The caller
 * wipes `cmk`. */
void binding_cmk(const struct prim *p, uint8_t hash, const uint8_t hlak[32], uint8_t cmk[32]);

/* The compound MAC ([MS-SSTP] 3.2.5.2.1, 3.2.5.2.3) of a Call Connected message. `msg` is the whole
 * message as it stands on the wire, header included; its bytes 80..111 count as zero whatever they
 * hold. For SHA-1 the last 12 bytes of `mac` are zero. Compare with secret_eq(). */
void binding_mac(const struct prim *p, uint8_t hash, const uint8_t hlak[32], const uint8_t msg[112], uint8_t mac[32]);

#endif

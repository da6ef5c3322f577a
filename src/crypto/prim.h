/* The primitives that the host plugs in: hashes, HMACs, and the two old ciphers of MS-CHAPv2.
 *
 * Inputs come as a list of slices that are hashed one after another, so that no caller needs
 * to join bytes first. All functions are stateless and cannot fail. Implemented by tls/prim_host
 * (Nettle); tests may plug in others. */
#ifndef ADIT_CRYPTO_PRIM_H
#define ADIT_CRYPTO_PRIM_H

#include "base/slice.h"

enum { MD4_LEN = 16, MD5_LEN = 16, SHA1_LEN = 20, SHA256_LEN = 32 };

struct prim {
    void (*md4)(const struct slice *parts, size_t n, uint8_t out[MD4_LEN]);
    void (*md5)(const struct slice *parts, size_t n, uint8_t out[MD5_LEN]);
    void (*sha1)(const struct slice *parts, size_t n, uint8_t out[SHA1_LEN]);
    void (*sha256)(const struct slice *parts, size_t n, uint8_t out[SHA256_LEN]);
    void (*hmac_sha1)(struct slice key, const struct slice *parts, size_t n, uint8_t out[SHA1_LEN]);
    void (*hmac_sha256)(struct slice key, const struct slice *parts, size_t n, uint8_t out[SHA256_LEN]);
    /* One block; the key is 8 bytes with parity bits (which are ignored). */
    void (*des_encrypt)(const uint8_t key[8], const uint8_t in[8], uint8_t out[8]);
};

#endif

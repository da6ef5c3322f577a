/* AES-GCM with the wide vector instructions of newer processors (VAES, AVX-512), by Intel's Multi-Buffer library.
 *
 * OpenSSL 3.0 does a block of AES at a time; with four at a time a record takes a third of that (docs/decisions/0016).
 * gcm_provider.c makes this known to OpenSSL as one of its providers, so the TLS engine itself does not change. Where the
 * processor or the library is not there, gcm_provide() says so and OpenSSL's own is used.
 *
 * A key is 16 or 32 bytes here; what the library makes of it, a kilobyte, is kept for the keys that were used last, and
 * made again for others (160 ns): a session that is idle costs no more than its key. */
#ifndef ADIT_TLS_GCM_H
#define ADIT_TLS_GCM_H

#include "tls/openssl.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GCM_IV = 12, /* RFC 5116 5.1 */
    GCM_TAG = 16,
    GCM_KEY_MAX = 32,
    GCM_STATE = 96, /* of a message under way, as the library has it */
};

/* One direction of one connection. All zeros: no key. It stays in one thread. */
struct gcm {
    uint64_t number; /* of the key, among all; 0: none */
    uint32_t slot;   /* where its tables were last */
    uint8_t key_len;
    uint8_t key[GCM_KEY_MAX];
    alignas(16) uint8_t state[GCM_STATE];
};

/* gcm_mb.c. Sets the library up, once; it tests itself then (2 ms). False: this processor has none. No file is read. */
bool gcm_open(void);

/* After gcm_open(). A new key, 16 or 32 bytes, copied; the old one is wiped. */
void gcm_key(struct gcm *g, const uint8_t *key, size_t n);
/* Wipes it. */
void gcm_forget(struct gcm *g);

/* A message: gcm_begin(), any number of gcm_crypt(), gcm_end(). `dst` may be `src`. The tag that gcm_end() gives has to be
 * compared by the caller when decrypting (in constant time), and nothing of the plaintext used before. */
void gcm_begin(struct gcm *g, const uint8_t iv[GCM_IV], const uint8_t *aad, size_t n_aad);
void gcm_crypt(struct gcm *g, bool encrypt, uint8_t *dst, const uint8_t *src, size_t n);
void gcm_end(struct gcm *g, uint8_t ret_tag[GCM_TAG]);

/* gcm_provider.c: makes it known to OpenSSL, in this context (always the same one) and under this name, for whoever asks
 * for "?provider=" GCM_PROVIDER. False: no gcm_open(), or no memory. */
#define GCM_PROVIDER "adit-gcm"
bool gcm_provide(OSSL_LIB_CTX *library);

#endif

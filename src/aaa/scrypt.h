/* scrypt (RFC 7914), from OpenSSL. A file of its own: OpenSSL's headers and base/err.h both want the name ERR_STATE. */
#ifndef ADIT_AAA_SCRYPT_H
#define ADIT_AAA_SCRYPT_H

#include "base/slice.h"

/* n: a power of two; memory used is about 128 * n * r bytes. False if OpenSSL refuses the cost or has no memory. */
bool scrypt_hash(struct slice password, struct slice salt, uint32_t n, uint32_t r, uint32_t p, uint8_t *out,
                 size_t out_len);

#endif

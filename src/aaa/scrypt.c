/* See scrypt.h. */
#include "aaa/scrypt.h"

#include <openssl/err.h>
#include <openssl/evp.h>

bool scrypt_hash(struct slice password, struct slice salt, uint32_t n, uint32_t r, uint32_t p, uint8_t *out,
                 size_t out_len)
{
    uint64_t memory = 1024 * 1024 + 128ull * r * ((uint64_t)n + p + 2);
    bool ok = EVP_PBE_scrypt((const char *)password.p, password.n, salt.p, salt.n, n, r, p, memory, out, out_len) == 1;
    if (!ok)
        ERR_clear_error();
    return ok;
}

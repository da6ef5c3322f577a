/* What the fuzz targets of src/auth share: an environment with dice that repeat, and an input read as operations. */
#ifndef ADIT_TESTS_FUZZ_AUTH_OPS_H
#define ADIT_TESTS_FUZZ_AUTH_OPS_H

#include "auth/method.h"
#include "base/env.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"

#include <stdlib.h>

static inline void must(bool ok)
{
    if (!ok)
        abort();
}

static inline void ops_random(void *ctx, uint8_t *dst, size_t n)
{
    uint64_t *dice = ctx;
    for (size_t i = 0; i < n; i++) {
        *dice = *dice * 6364136223846793005u + 1442695040888963407u;
        dst[i] = (uint8_t)(*dice >> 56);
    }
}

#define OPS_ENV(dice) ((struct env){ &(dice), ops_random, NULL, &prim_host })

/* A length byte and so many bytes of the input (or what is left of it). */
static inline struct slice ops_bytes(struct rd *in)
{
    size_t n = rd_u8(in);
    size_t left = rd_left(in);
    return rd_take(in, n < left ? n : left);
}

static inline void ops_hash(const char *password, uint8_t hash[16])
{
    must(mschap_nt_hash(&prim_host, slice_str(password), hash) == 0);
}

#endif

/* The primitives of this host; see prim_host.h. Nothing here allocates: a hash that fails for want of memory would have to be
 * told from a wrong one by every caller (docs/decisions/0005). */
#include "tls/prim_host.h"

#include "base/secret.h"

#include <errno.h>
#include <nettle/des.h>
#include <nettle/hmac.h>
#include <nettle/md4.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* Nettle prefixes its names by macros, and some of them are also names of members of struct prim. */
#undef des_encrypt

static void host_md4(const struct slice *parts, size_t n, uint8_t out[MD4_LEN])
{
    struct md4_ctx ctx;
    md4_init(&ctx);
    for (size_t i = 0; i < n; i++)
        md4_update(&ctx, parts[i].n, parts[i].p);
    md4_digest(&ctx, MD4_LEN, out);
    secret_wipe(&ctx, sizeof(ctx)); /* it hashed a password */
}

static void host_md5(const struct slice *parts, size_t n, uint8_t out[MD5_LEN])
{
    struct md5_ctx ctx;
    md5_init(&ctx);
    for (size_t i = 0; i < n; i++)
        md5_update(&ctx, parts[i].n, parts[i].p);
    md5_digest(&ctx, MD5_LEN, out);
    secret_wipe(&ctx, sizeof(ctx));
}

static void host_sha1(const struct slice *parts, size_t n, uint8_t out[SHA1_LEN])
{
    struct sha1_ctx ctx;
    sha1_init(&ctx);
    for (size_t i = 0; i < n; i++)
        sha1_update(&ctx, parts[i].n, parts[i].p);
    sha1_digest(&ctx, SHA1_LEN, out);
    secret_wipe(&ctx, sizeof(ctx));
}

static void host_sha256(const struct slice *parts, size_t n, uint8_t out[SHA256_LEN])
{
    struct sha256_ctx ctx;
    sha256_init(&ctx);
    for (size_t i = 0; i < n; i++)
        sha256_update(&ctx, parts[i].n, parts[i].p);
    sha256_digest(&ctx, SHA256_LEN, out);
    secret_wipe(&ctx, sizeof(ctx));
}

static void host_hmac_sha1(struct slice key, const struct slice *parts, size_t n, uint8_t out[SHA1_LEN])
{
    struct hmac_sha1_ctx ctx;
    hmac_sha1_set_key(&ctx, key.n, key.p);
    for (size_t i = 0; i < n; i++)
        hmac_sha1_update(&ctx, parts[i].n, parts[i].p);
    hmac_sha1_digest(&ctx, SHA1_LEN, out);
    secret_wipe(&ctx, sizeof(ctx));
}

static void host_hmac_sha256(struct slice key, const struct slice *parts, size_t n, uint8_t out[SHA256_LEN])
{
    struct hmac_sha256_ctx ctx;
    hmac_sha256_set_key(&ctx, key.n, key.p);
    for (size_t i = 0; i < n; i++)
        hmac_sha256_update(&ctx, parts[i].n, parts[i].p);
    hmac_sha256_digest(&ctx, SHA256_LEN, out);
    secret_wipe(&ctx, sizeof(ctx));
}

static void host_des_encrypt(const uint8_t key[8], const uint8_t in[8], uint8_t out[8])
{
    struct des_ctx ctx;
    (void)des_set_key(&ctx, key); /* 0 says "weak key"; RFC 2759 8.6 takes it as it is */
    nettle_des_encrypt(&ctx, DES_BLOCK_SIZE, out, in);
    secret_wipe(&ctx, sizeof(ctx));
}

const struct prim prim_host = {
    .md4 = host_md4,
    .md5 = host_md5,
    .sha1 = host_sha1,
    .sha256 = host_sha256,
    .hmac_sha1 = host_hmac_sha1,
    .hmac_sha256 = host_hmac_sha256,
    .des_encrypt = host_des_encrypt,
};

void prim_random(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    while (n > 0) {
        ssize_t got = getrandom(dst, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fputs("adit: cannot go on: the kernel gives no random bytes\n", stderr);
            abort();
        }
        dst += got;
        n -= (size_t)got;
    }
}

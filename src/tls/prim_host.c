/* The primitives of this host; see prim_host.h. Digests are fetched from OpenSSL once a process, since a
 * fetch takes locks and allocates; a digest context is made for each hash. */
#include "tls/prim_host.h"

#include <errno.h>
#include <nettle/des.h>
#include <nettle/md4.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* Nettle prefixes its names by macros, and one of them is also the name of a member of struct prim. */
#undef des_encrypt

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static EVP_MD *md5;
static EVP_MD *sha1;
static EVP_MD *sha256;
static EVP_MAC *hmac;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "adit: cannot go on: %s failed\n", what);
        abort();
    }
}

static void fetch(void)
{
    md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

static void fetch_once(void)
{
    must(CRYPTO_THREAD_run_once(&once, fetch) == 1, "CRYPTO_THREAD_run_once");
}

static void digest(const EVP_MD *md, const struct slice *parts, size_t n, uint8_t *out)
{
    must(md != NULL, "fetching a digest");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx && EVP_DigestInit_ex2(ctx, md, NULL) == 1, "EVP_DigestInit_ex2");
    for (size_t i = 0; i < n; i++)
        must(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1, "EVP_DigestUpdate");
    must(EVP_DigestFinal_ex(ctx, out, NULL) == 1, "EVP_DigestFinal_ex");
    EVP_MD_CTX_free(ctx);
}

static void keyed(const char *name, struct slice key, const struct slice *parts, size_t n, uint8_t *out, size_t len)
{
    char md_name[8] = { 0 };
    memcpy(md_name, name, strlen(name));
    const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", md_name, 0), OSSL_PARAM_construct_end() };

    must(hmac != NULL, "fetching HMAC");
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);
    must(ctx && EVP_MAC_init(ctx, key.p, key.n, params) == 1, "EVP_MAC_init");
    for (size_t i = 0; i < n; i++)
        must(EVP_MAC_update(ctx, parts[i].p, parts[i].n) == 1, "EVP_MAC_update");
    size_t got = 0;
    must(EVP_MAC_final(ctx, out, &got, len) == 1 && got == len, "EVP_MAC_final");
    EVP_MAC_CTX_free(ctx);
}

static void host_md4(const struct slice *parts, size_t n, uint8_t out[MD4_LEN])
{
    struct md4_ctx ctx;
    md4_init(&ctx);
    for (size_t i = 0; i < n; i++)
        md4_update(&ctx, parts[i].n, parts[i].p);
    md4_digest(&ctx, MD4_LEN, out);
    OPENSSL_cleanse(&ctx, sizeof(ctx)); /* it hashed a password */
}

static void host_md5(const struct slice *parts, size_t n, uint8_t out[MD5_LEN])
{
    fetch_once();
    digest(md5, parts, n, out);
}

static void host_sha1(const struct slice *parts, size_t n, uint8_t out[SHA1_LEN])
{
    fetch_once();
    digest(sha1, parts, n, out);
}

static void host_sha256(const struct slice *parts, size_t n, uint8_t out[SHA256_LEN])
{
    fetch_once();
    digest(sha256, parts, n, out);
}

static void host_hmac_sha1(struct slice key, const struct slice *parts, size_t n, uint8_t out[SHA1_LEN])
{
    fetch_once();
    keyed("SHA1", key, parts, n, out, SHA1_LEN);
}

static void host_hmac_sha256(struct slice key, const struct slice *parts, size_t n, uint8_t out[SHA256_LEN])
{
    fetch_once();
    keyed("SHA256", key, parts, n, out, SHA256_LEN);
}

static void host_des_encrypt(const uint8_t key[8], const uint8_t in[8], uint8_t out[8])
{
    struct des_ctx ctx;
    (void)des_set_key(&ctx, key); /* 0 says "weak key"; RFC 2759 8.6 takes it as it is */
    nettle_des_encrypt(&ctx, DES_BLOCK_SIZE, out, in);
    OPENSSL_cleanse(&ctx, sizeof(ctx));
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
        must(got > 0, "getrandom");
        dst += got;
        n -= (size_t)got;
    }
}

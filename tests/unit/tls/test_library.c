/* The engine's own view of OpenSSL: what TLS needs is there, nothing else is, and OpenSSL's default view is as before. */
#include "tls/library.h"

#include "tls/tls.h"

#include <openssl/kdf.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static int prepare(void **state)
{
    (void)state;
    if (tls_library())
        return 1; /* not before it is asked for */
    tls_prepare();
    OSSL_LIB_CTX *first = tls_library();
    tls_prepare();
    return !first || tls_library() != first;
}

static bool has_digest(OSSL_LIB_CTX *l, const char *name)
{
    EVP_MD *m = EVP_MD_fetch(l, name, NULL);
    EVP_MD_free(m);
    return m;
}

static bool has_cipher(OSSL_LIB_CTX *l, const char *name)
{
    EVP_CIPHER *c = EVP_CIPHER_fetch(l, name, NULL);
    EVP_CIPHER_free(c);
    return c;
}

static bool has_kdf(OSSL_LIB_CTX *l, const char *name)
{
    EVP_KDF *k = EVP_KDF_fetch(l, name, NULL);
    EVP_KDF_free(k);
    return k;
}

static bool has_signature(OSSL_LIB_CTX *l, const char *name)
{
    EVP_SIGNATURE *s = EVP_SIGNATURE_fetch(l, name, NULL);
    EVP_SIGNATURE_free(s);
    return s;
}

static bool has_exchange(OSSL_LIB_CTX *l, const char *name)
{
    EVP_KEYEXCH *k = EVP_KEYEXCH_fetch(l, name, NULL);
    EVP_KEYEXCH_free(k);
    return k;
}

static bool has_keys(OSSL_LIB_CTX *l, const char *name)
{
    EVP_KEYMGMT *k = EVP_KEYMGMT_fetch(l, name, NULL);
    EVP_KEYMGMT_free(k);
    return k;
}

typedef bool has_fn(OSSL_LIB_CTX *l, const char *name);

/* A wrong name in the list would lose an algorithm, and TLS might do without and nobody notice. */
static void what_tls_needs_is_there(void **state)
{
    static const struct {
        has_fn *has;
        const char *names[8];
    } t[] = {
        { has_digest, { "SHA1", "SHA256", "SHA384", "SHA512" } },
        { has_cipher, { "AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "AES-128-CBC", "AES-256-CBC" } },
        { has_kdf, { "TLS13-KDF", "TLS1-PRF" } },
        { has_signature, { "RSA", "ECDSA", "ED25519", "ED448", "HMAC" } },
        { has_exchange, { "ECDH", "X25519" } },
        { has_keys, { "RSA", "RSA-PSS", "EC", "X25519", "ED25519", "ED448", "HMAC" } },
    };
    uint8_t random[32];
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        for (size_t k = 0; k < 8 && t[i].names[k]; k++)
            if (!t[i].has(tls_library(), t[i].names[k]))
                fail_msg("%s is not there", t[i].names[k]);
    assert_int_equal(RAND_bytes_ex(tls_library(), random, sizeof random, 0), 1);
}

static void nothing_else_is(void **state)
{
    static const struct {
        has_fn *has;
        const char *names[8];
    } t[] = {
        { has_digest, { "MD5", "MD5-SHA1", "SHA3-256", "RIPEMD160", "SHAKE-256" } },
        { has_cipher, { "DES-EDE3-CBC", "AES-128-CCM", "CAMELLIA-128-CBC", "AES-128-ECB", "AES-256-CTR" } },
        { has_kdf, { "HKDF", "SCRYPT", "PBKDF2" } },
        { has_signature, { "DSA", "SM2" } },
        { has_exchange, { "DH", "X448", "HKDF" } },
        { has_keys, { "DSA", "DH", "X448", "SM2", "CMAC" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        for (size_t k = 0; k < 8 && t[i].names[k]; k++) {
            if (t[i].has(tls_library(), t[i].names[k]))
                fail_msg("%s is there", t[i].names[k]);
            if (!t[i].has(NULL, t[i].names[k]))
                fail_msg("%s is gone from OpenSSL's default", t[i].names[k]);
        }
}

/* The public key that a peer sends, as its certificate has it: is it read? Only the library knows how. */
static bool reads(EVP_PKEY *key)
{
    uint8_t *der = NULL;
    assert_non_null(key);
    int n = i2d_PUBKEY(key, &der);
    assert_true(n > 0);
    const uint8_t *p = der;
    EVP_PKEY *found = d2i_PUBKEY_ex(NULL, &p, n, tls_library(), NULL);
    bool same = found && EVP_PKEY_eq(found, key) == 1;
    EVP_PKEY_free(found);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
    ERR_clear_error();
    return same;
}

static void keys_of_certificates(void **state)
{
    (void)state;
    assert_true(reads(EVP_RSA_gen(2048)));
    assert_true(reads(EVP_EC_gen("P-256")));
    assert_true(reads(EVP_EC_gen("P-384")));
    assert_true(reads(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")));
    assert_true(reads(EVP_PKEY_Q_keygen(NULL, NULL, "ED448")));
    assert_false(reads(EVP_PKEY_Q_keygen(NULL, NULL, "X25519")));
    assert_false(reads(EVP_PKEY_Q_keygen(NULL, NULL, "X448")));
    assert_false(reads(EVP_PKEY_Q_keygen(NULL, NULL, "SM2")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_tls_needs_is_there),
        cmocka_unit_test(nothing_else_is),
        cmocka_unit_test(keys_of_certificates),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}

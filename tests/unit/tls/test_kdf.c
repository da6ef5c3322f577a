/* TLS 1.3's key schedule: against RFC 8448 section 3, and against OpenSSL's own for both hashes and whatever lengths. */
#include "tls/kdf.h"
#include "tls/library.h"
#include "tls/tls.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { EXTRACT = EVP_KDF_HKDF_MODE_EXTRACT_ONLY, EXPAND = EVP_KDF_HKDF_MODE_EXPAND_ONLY, OUT_MAX = 1024 };

struct ask {
    int mode;
    const char *digest;
    const uint8_t *key, *salt, *data;
    size_t key_n, salt_n, data_n;
    const char *prefix, *label;
};

/* NULL: left out. */
static OSSL_PARAM *put(OSSL_PARAM *p, const char *name, const void *bytes, size_t n)
{
    if (bytes)
        *p++ = OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes, n);
    return p;
}

static bool derive(OSSL_LIB_CTX *l, const struct ask *a, uint8_t *out, size_t n)
{
    OSSL_PARAM params[10], *p = params;
    int mode = a->mode;
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    if (a->digest)
        *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)a->digest, 0);
    p = put(p, OSSL_KDF_PARAM_KEY, a->key, a->key_n);
    p = put(p, OSSL_KDF_PARAM_SALT, a->salt, a->salt_n);
    p = put(p, OSSL_KDF_PARAM_PREFIX, a->prefix, a->prefix ? strlen(a->prefix) : 0);
    p = put(p, OSSL_KDF_PARAM_LABEL, a->label, a->label ? strlen(a->label) : 0);
    p = put(p, OSSL_KDF_PARAM_DATA, a->data, a->data_n);
    *p = OSSL_PARAM_construct_end();
    EVP_KDF *kdf = EVP_KDF_fetch(l, "TLS13-KDF", NULL);
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
    assert_non_null(c);
    bool ok = EVP_KDF_derive(c, out, n, params) == 1;
    EVP_KDF_CTX_free(c);
    EVP_KDF_free(kdf);
    ERR_clear_error();
    return ok;
}

static void is(const struct ask *a, const char *hex)
{
    uint8_t out[OUT_MAX];
    long n;
    uint8_t *want = OPENSSL_hexstr2buf(hex, &n);
    assert_true(derive(tls_library(), a, out, (size_t)n));
    assert_memory_equal(out, want, (size_t)n);
    OPENSSL_free(want);
}

static uint8_t *bytes(const char *hex)
{
    long n;
    return OPENSSL_hexstr2buf(hex, &n);
}

/* RFC 8448 3: "extract secret early", "handshake", "derive secret tls13 c hs traffic", the server's write key and IV. */
static void a_trace(void **state)
{
    uint8_t zeros[32] = { 0 };
    (void)state;
    const char *early_hex = "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a";
    const char *shaken_hex = "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac";
    uint8_t *early = bytes(early_hex), *shaken = bytes(shaken_hex);
    uint8_t *ecdhe = bytes("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
    uint8_t *hello = bytes("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
    uint8_t *server = bytes("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
    struct ask a = { EXTRACT, "SHA2-256", .prefix = "tls13 ", .label = "derived" };
    is(&a, early_hex);
    a.key = zeros;
    a.key_n = 32;
    is(&a, early_hex); /* the same, said */
    a = (struct ask){ EXTRACT, "SHA256", ecdhe, early, NULL, 32, 32, 0, "tls13 ", "derived" };
    is(&a, shaken_hex);
    a = (struct ask){ EXPAND, "SHA256", shaken, NULL, hello, 32, 0, 32, "tls13 ", "c hs traffic" };
    is(&a, "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    a = (struct ask){ EXPAND, "SHA256", server, NULL, NULL, 32, 0, 0, "tls13 ", "key" };
    is(&a, "3fce516009c21727d0f2e4e86ee403bc");
    a.label = "iv";
    is(&a, "5d313eb2671276ee13000b30");
    uint8_t *all[] = { early, shaken, ecdhe, hello, server };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        OPENSSL_free(all[i]);
}

static void agree(const struct ask *a, size_t n)
{
    uint8_t ours[OUT_MAX] = { 0 }, theirs[OUT_MAX] = { 0 };
    assert_true(derive(NULL, a, theirs, n));
    assert_true(derive(tls_library(), a, ours, n));
    assert_memory_equal(ours, theirs, sizeof ours);
}

static void as_openssl_says(void **state)
{
    static const size_t lengths[] = { 1, 12, 16, 31, 32, 33, 47, 48, 49, 64, 96, 97, 1000 };
    uint8_t random[3][64];
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        assert_int_equal(RAND_bytes(random[0], sizeof random), 1);
        for (unsigned big = 0; big < 2; big++) {
            size_t size = big ? 48 : 32;
            struct ask a = { EXTRACT, big ? "SHA2-384" : "SHA2-256", .prefix = "tls13 ", .label = "derived" };
            agree(&a, size);
            a.salt = random[0];
            a.salt_n = size;
            agree(&a, size);
            a.key = random[1];
            a.key_n = round % 2 ? 32 : 48 + round % 16; /* a shared secret has any length */
            agree(&a, size);
            a.salt = NULL;
            agree(&a, size);
            a = (struct ask){ EXPAND, a.digest, random[0], NULL, random[1], size, 0, round % 64, "tls13 ", "a label" };
            for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
                agree(&a, lengths[i]);
            a.data = NULL;
            agree(&a, size);
        }
    }
}

static void what_is_wrong_is_refused(void **state)
{
    static uint8_t key[64], out[32 * 256];
    char label[251];
    (void)state;
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = 0;
    const struct ask good = { EXPAND, "SHA256", key, NULL, key, 32, 0, 32, "tls13 ", "label" };
    assert_true(derive(tls_library(), &good, out, 32));
    assert_true(derive(tls_library(), &good, out, 32 * 255));
    assert_false(derive(tls_library(), &good, out, 32 * 255 + 1)); /* RFC 5869 2.3 */
    assert_false(derive(tls_library(), &good, out, 0));
    struct ask bad[10];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = good;
    bad[0].digest = NULL;
    bad[1].digest = "SHA1";
    bad[2].digest = "";
    bad[3].key = NULL;
    bad[4].key_n = 31;
    bad[5].key_n = 33;
    bad[6].mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
    bad[7].mode = 77;
    bad[8].label = label; /* 250 bytes and the prefix */
    bad[9] = (struct ask){ EXTRACT, "SHA256", key, key, NULL, 32, 31, 0, "tls13 ", "derived" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(derive(tls_library(), &bad[i], out, 32));
    bad[9].salt_n = 32;
    assert_true(derive(tls_library(), &bad[9], out, 32));
    assert_false(derive(tls_library(), &bad[9], out, 31));
    assert_false(derive(tls_library(), &bad[9], out, 33));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace),
        cmocka_unit_test(as_openssl_says),
        cmocka_unit_test(what_is_wrong_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

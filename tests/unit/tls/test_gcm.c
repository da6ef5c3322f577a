/* AES-GCM by the Multi-Buffer library: the same bytes as OpenSSL's own, whatever the length and the pieces; nothing that TLS
 * does not do; TLS 1.2 and 1.3 against OpenSSL's own ciphers, both ways. Where the host has none, everything is skipped and
 * says so. */
#include "peers.h"
#include "tls/gcm.h"
#include "tls/library.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>

static EVP_CIPHER *ours[2], *theirs[2]; /* AES-128, AES-256 */
static const char *const names[] = { "AES-128-GCM", "AES-256-GCM" };

static int setup(void **state)
{
    peers_setup(state);
    if (!tls_wide_gcm(true))
        return 0;
    for (int i = 0; i < 2; i++) {
        ours[i] = EVP_CIPHER_fetch(tls_library(), names[i], "provider=" GCM_PROVIDER);
        theirs[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
        assert_true(ours[i] && theirs[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < 2; i++) {
        EVP_CIPHER_free(ours[i]);
        EVP_CIPHER_free(theirs[i]);
    }
    return peers_teardown(state);
}

static void need_it(void)
{
    if (ours[0])
        return;
    print_message("skipped: no VAES with AVX-512 here, or built without the library\n");
    skip();
}

/* One message, in pieces of `piece` bytes. -1: refused; else its length. `tag` is read or written. */
static long message(EVP_CIPHER *cipher, bool encrypt, const uint8_t *key, const uint8_t *iv, struct slice aad,
                    const uint8_t *src, uint8_t *dst, size_t n, size_t piece, uint8_t *tag)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int got = 0;
    size_t done = 0;
    bool ok = EVP_CipherInit_ex2(c, cipher, key, iv, encrypt, NULL) == 1;
    if (ok && aad.n)
        ok = EVP_CipherUpdate(c, NULL, &got, aad.p, (int)aad.n) == 1;
    for (; ok && done < n; done += (size_t)got) {
        size_t now = n - done < piece ? n - done : piece;
        ok = EVP_CipherUpdate(c, dst + done, &got, src + done, (int)now) == 1 && (size_t)got == now;
    }
    if (ok && !encrypt)
        ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) == 1;
    ok = ok && EVP_CipherFinal_ex(c, dst + done, &got) == 1 && got == 0;
    if (ok && encrypt)
        ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, tag) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok ? (long)done : -1;
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, test cases 4 and 16. */
static void published_vectors(void **state)
{
    static const uint8_t key[32] = { 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
                                     0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65,
                                     0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08 };
    static const uint8_t iv[12] = { 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88 };
    static const uint8_t aad[20] = { 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                                     0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2 };
    static const uint8_t plain[60] = { 0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5,
                                       0xaf, 0xf5, 0x26, 0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda,
                                       0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31, 0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95,
                                       0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49, 0xa6, 0xb5, 0x25,
                                       0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39 };
    static const uint8_t first[2][4] = { { 0x42, 0x83, 0x1e, 0xc2 }, { 0x52, 0x2d, 0xc1, 0xf0 } };
    static const uint8_t tags[2][16] = {
        { 0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb, 0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a, 0x47 },
        { 0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b },
    };
    uint8_t out[60], tag[16];
    (void)state;
    need_it();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(message(ours[i], true, key, iv, slice_of(aad, 20), plain, out, 60, 60, tag), 60);
        assert_memory_equal(out, first[i], 4);
        assert_memory_equal(tag, tags[i], 16);
        assert_int_equal(message(ours[i], false, key, iv, slice_of(aad, 20), out, out, 60, 7, tag), 60);
        assert_memory_equal(out, plain, 60);
    }
}

static void the_same_as_openssl(void **state)
{
    static uint8_t plain[20000], x[20000], y[20000];
    uint8_t tag_x[16], tag_y[16], key[32], iv[12], aad[64];
    (void)state;
    need_it();
    for (unsigned i = 0; i < 3000; i++) {
        size_t n = i < 600 ? i : (i * 7919u) % sizeof(plain), n_aad = i % 14,
               piece = i % 3 ? n + 1 : 1 + (i * 31u) % 700;
        int k = i & 1;
        fill(key, sizeof(key), i);
        fill(iv, sizeof(iv), i + 1);
        fill(aad, sizeof(aad), i + 2);
        fill(plain, n, i + 3);
        struct slice a13 = slice_of(aad, n_aad);
        assert_int_equal(message(ours[k], true, key, iv, a13, plain, x, n, piece, tag_x), (long)n);
        assert_int_equal(message(theirs[k], true, key, iv, a13, plain, y, n, n + 1, tag_y), (long)n);
        assert_memory_equal(x, y, n);
        assert_memory_equal(tag_x, tag_y, 16);
        assert_int_equal(message(ours[k], false, key, iv, a13, y, y, n, piece, tag_y), (long)n); /* in its place */
        assert_memory_equal(y, plain, n);
        if (n)
            x[(i * 13u) % n] ^= (uint8_t)(1u << i % 8);
        else
            tag_x[i % 16] ^= 1;
        assert_int_equal(message(ours[k], false, key, iv, a13, x, y, n, piece, tag_x), -1);
    }
}

/* Every bit of tag, IV, key and additional data counts. */
static void any_other_bit_is_refused(void **state)
{
    uint8_t key[32], iv[12], aad[5], plain[33], x[33], y[33], tag[16];
    struct {
        uint8_t *p;
        size_t n;
    } parts[] = { { key, 16 }, { iv, 12 }, { aad, 5 }, { x, 33 }, { tag, 16 } };
    (void)state;
    need_it();
    fill(key, sizeof(key), 1);
    fill(iv, sizeof(iv), 2);
    fill(aad, sizeof(aad), 3);
    fill(plain, sizeof(plain), 4);
    assert_int_equal(message(ours[0], true, key, iv, slice_of(aad, 5), plain, x, 33, 33, tag), 33);
    for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++)
        for (size_t bit = 0; bit < 8 * parts[p].n; bit++) {
            parts[p].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(message(ours[0], false, key, iv, slice_of(aad, 5), x, y, 33, 33, tag), -1);
            parts[p].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    assert_int_equal(message(ours[0], false, key, iv, slice_of(aad, 5), x, y, 33, 33, tag), 33);
    assert_memory_equal(y, plain, 33);
}

/* More keys at once than there are tables, each with a message under way, some forgotten in the middle. */
static void more_keys_than_tables(void **state)
{
    enum { N = 100, PIECES = 5, PIECE = 37 };
    static struct gcm g[N];
    static uint8_t x[N][PIECES * PIECE];
    uint8_t key[32], iv[12], tag[16], want[16], y[PIECES * PIECE], plain[PIECES * PIECE];
    (void)state;
    need_it();
    fill(plain, sizeof(plain), 9);
    for (unsigned i = 0; i < N; i++) {
        fill(key, 32, i);
        fill(iv, 12, 1000 + i);
        gcm_key(&g[i], key, i % 2 ? 32 : 16);
        gcm_begin(&g[i], iv, NULL, 0);
    }
    for (unsigned p = 0; p < PIECES; p++)
        for (unsigned i = 0; i < N; i++)
            if (p < 3 || i % 7)
                gcm_crypt(&g[i], true, x[i] + p * PIECE, plain + p * PIECE, PIECE);
            else
                gcm_forget(&g[i]);
    for (unsigned i = 0; i < N; i++) {
        static const struct gcm none;
        if (i % 7 == 0) {
            assert_memory_equal(&g[i], &none, sizeof(none)); /* wiped */
            continue;
        }
        fill(key, 32, i);
        fill(iv, 12, 1000 + i);
        gcm_end(&g[i], tag);
        assert_int_equal(message(theirs[i % 2], true, key, iv, slice_of(NULL, 0), plain, y, sizeof(y), sizeof(y), want),
                         sizeof(y));
        assert_memory_equal(x[i], y, sizeof(y));
        assert_memory_equal(tag, want, 16);
        gcm_forget(&g[i]);
        assert_memory_equal(&g[i], &none, sizeof(none));
    }
}

static int set_size(EVP_CIPHER_CTX *c, const char *name, size_t v)
{
    return EVP_CIPHER_CTX_set_params(
        c, (OSSL_PARAM[]){ OSSL_PARAM_construct_size_t(name, &v), OSSL_PARAM_construct_end() });
}

static void what_tls_does_not_do_is_refused(void **state)
{
    uint8_t key[32] = { 1 }, iv[12] = { 2 }, b20[20] = { 0 }, tag[16];
    int n;
    (void)state;
    need_it();
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_CipherInit_ex2(c, ours[0], NULL, NULL, 1, NULL), 1);
    assert_int_not_equal(EVP_CipherUpdate(c, b20, &n, b20, 20), 1); /* no key */
    assert_int_not_equal(EVP_CipherFinal_ex(c, b20, &n), 1);
    assert_int_equal(EVP_CipherInit_ex2(c, NULL, key, NULL, -1, NULL), 1);
    assert_int_not_equal(EVP_CipherUpdate(c, b20, &n, b20, 20), 1); /* no IV */
    assert_int_not_equal(EVP_CipherFinal_ex(c, b20, &n), 1);
    assert_int_equal(set_size(c, OSSL_CIPHER_PARAM_AEAD_IVLEN, 12), 1);
    assert_int_equal(set_size(c, OSSL_CIPHER_PARAM_AEAD_IVLEN, 13), 0);
    assert_int_equal(set_size(c, OSSL_CIPHER_PARAM_AEAD_IVLEN, 8), 0);
    assert_int_equal(set_size(c, OSSL_CIPHER_PARAM_KEYLEN, 32), 0);
    assert_int_equal(EVP_CipherInit_ex2(c, NULL, NULL, iv, -1, NULL), 1);
    assert_int_not_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1); /* none yet */
    assert_int_not_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag), 1); /* of ours */
    assert_int_equal(EVP_CipherUpdate(c, NULL, &n, b20, 20), 1);
    assert_int_not_equal(EVP_CipherUpdate(c, NULL, &n, b20, 20), 1); /* more additional data */
    assert_int_equal(EVP_CipherUpdate(c, b20, &n, b20, 20), 1);
    assert_int_not_equal(EVP_CipherUpdate(c, NULL, &n, b20, 20), 1); /* behind data */
    assert_int_equal(EVP_CipherFinal_ex(c, b20, &n), 1);
    assert_int_not_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 12, tag), 1); /* RFC 5116 5.1: sixteen bytes */
    assert_int_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1);
    assert_int_not_equal(EVP_CipherUpdate(c, b20, &n, b20, 20), 1); /* an IV is for one message */
    assert_int_not_equal(EVP_CipherFinal_ex(c, b20, &n), 1);
    assert_int_equal(EVP_CipherInit_ex2(c, NULL, NULL, iv, 0, NULL), 1);
    assert_int_equal(EVP_CipherUpdate(c, b20, &n, b20, 20), 1);
    assert_int_not_equal(EVP_CipherFinal_ex(c, b20, &n), 1); /* no tag to compare with: the one that we made is none */
    assert_int_not_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 12, tag), 1);
    EVP_CIPHER_CTX_free(c);
}

/* The records of TLS 1.2, as OpenSSL's record layer hands them over (RFC 5246 6.2.3.3, RFC 5288 3). */
struct tls12 {
    EVP_CIPHER_CTX *c;
    uint8_t aad[13];
};

static struct tls12 tls12_of(EVP_CIPHER *cipher, bool encrypt)
{
    static uint8_t key[32] = { 5, 6, 7 }, salt[4] = { 8, 9, 10, 11 };
    struct tls12 t = { EVP_CIPHER_CTX_new(), { 0, 0, 0, 0, 0, 0, 3, 1, 23, 3, 3 } };
    assert_int_equal(EVP_CipherInit_ex2(t.c, cipher, key, NULL, encrypt, NULL), 1);
    assert_true(EVP_CIPHER_CTX_ctrl(t.c, EVP_CTRL_GCM_SET_IV_FIXED, 4, salt) > 0);
    return t;
}

static int tls12_crypt(struct tls12 *t, uint8_t *record, size_t n, size_t announced)
{
    int out = -1;
    t->aad[11] = (uint8_t)(announced >> 8);
    t->aad[12] = (uint8_t)announced;
    if (EVP_CIPHER_CTX_ctrl(t->c, EVP_CTRL_AEAD_TLS1_AAD, 13, t->aad) != GCM_TAG)
        return -2;
    return EVP_CipherUpdate(t->c, record, &out, record, (int)n) == 1 ? out : -1;
}

static void tls12_records(void **state)
{
    (void)state;
    need_it();
    for (int k = 0; k < 2; k++)
        for (size_t n = 0; n < 300; n += 1 + n / 7)
            for (int turn = 0; turn < 2; turn++) {
                uint8_t record[400];
                struct tls12 out = tls12_of(turn ? theirs[k] : ours[k], true),
                             in = tls12_of(turn ? ours[k] : theirs[k], false);
                fill(record, sizeof(record), (unsigned)n);
                fill(sent, n, (unsigned)n + 1);
                memcpy(record + 8, sent, n);
                assert_int_equal(tls12_crypt(&out, record, n + 24, n + 8), n + 24);
                if (!turn) /* RFC 5288 3: the explicit nonce is the record's number */
                    assert_memory_equal(record, out.aad, 8);
                memcpy(got, record, n + 24);
                assert_int_equal(tls12_crypt(&in, record, n + 24, n + 24), n);
                assert_memory_equal(record + 8, sent, n);
                for (size_t i = 0; i < n + 24 && turn; i += 1 + n / 50) { /* ours refuses any change */
                    memcpy(record, got, n + 24);
                    record[i] ^= 0x10;
                    assert_int_equal(tls12_crypt(&in, record, n + 24, n + 24), -1);
                }
                EVP_CIPHER_CTX_free(out.c);
                EVP_CIPHER_CTX_free(in.c);
            }
}

static void tls12_nonsense(void **state)
{
    uint8_t record[64] = { 0 }, other[64], salt[5] = { 0 };
    int n;
    (void)state;
    need_it();
    struct tls12 out = tls12_of(ours[0], true), in = tls12_of(ours[0], false);
    assert_int_equal(tls12_crypt(&in, record, 23, 24), -1); /* no room for nonce and tag */
    assert_int_equal(tls12_crypt(&in, record, 0, 24), -1);
    assert_int_equal(tls12_crypt(&in, record, 24, 23), -2); /* shorter than what is around it */
    assert_int_equal(tls12_crypt(&out, record, 24, 7), -2);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(out.c, EVP_CTRL_AEAD_TLS1_AAD, 12, out.aad), 0);
    assert_int_not_equal(EVP_CIPHER_CTX_ctrl(out.c, EVP_CTRL_GCM_SET_IV_FIXED, 5, salt), 1);
    out.aad[11] = 0;
    out.aad[12] = 8 + 10;
    assert_int_equal(EVP_CIPHER_CTX_ctrl(out.c, EVP_CTRL_AEAD_TLS1_AAD, 13, out.aad), GCM_TAG);
    assert_int_not_equal(EVP_CipherUpdate(out.c, other, &n, record, 34), 1); /* not in its place */
    assert_int_equal(tls12_crypt(&out, record, 34, 18), 34);
    assert_int_not_equal(EVP_CipherUpdate(out.c, record, &n, record, 34), 1); /* announced once, used once */
    EVP_CIPHER_CTX_free(in.c);
    in.c = EVP_CIPHER_CTX_new();
    uint8_t key[16] = { 5, 6, 7 };
    assert_int_equal(EVP_CipherInit_ex2(in.c, ours[0], key, NULL, 0, NULL), 1);
    assert_int_equal(tls12_crypt(&in, record, 34, 34), -1); /* no salt */
    EVP_CIPHER_CTX_free(in.c);
    EVP_CIPHER_CTX_free(out.c);
}

static void through_tls(int version, const char *suite)
{
    struct plain p;
    plain_server(false);
    plain_open(&p, version, NULL);
    if (version == TLS1_3_VERSION)
        assert_int_equal(SSL_set_ciphersuites(p.ssl, suite), 1);
    else
        assert_int_equal(SSL_set_cipher_list(p.ssl, suite), 1);
    assert_int_equal(plain_handshake(&p, &b), 1);
    assert_string_equal(tls_cipher(b.t), suite);
    for (size_t n = 1; n < 60000; n += n / 3 + 1) {
        fill(sent, n, (unsigned)n);
        assert_int_equal(SSL_write(p.ssl, sent, (int)n), (int)n);
        for (size_t have = 0; have < n;) {
            plain_ship(&p, &b);
            long r = end_read(&b, got + have, sizeof(got) - have, PIPE_CAP);
            assert_true(r >= 0);
            have += (size_t)r;
        }
        assert_memory_equal(sent, got, n);
        to_plain(&p, n);
    }
    assert_int_equal(SSL_write(p.ssl, sent, 100), 100);
    plain_ship(&p, &b);
    b.in[b.in_len - 20] ^= 1;
    assert_true(end_read(&b, got, sizeof(got), PIPE_CAP) < 0);
    end_close(&b);
    plain_close(&p);
}

static void tls_against_openssl(void **state)
{
    (void)state;
    need_it();
    through_tls(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256");
    through_tls(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384");
    through_tls(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256");
    through_tls(TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384");
    through_tls(TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"); /* what the provider does not have is there */
}

/* Contexts take what was said before they were made. */
static void on_and_off(void **state)
{
    (void)state;
    need_it();
    EVP_CIPHER *c = EVP_CIPHER_fetch(tls_library(), names[0], "?provider=" GCM_PROVIDER);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(c)), GCM_PROVIDER);
    EVP_CIPHER_free(c);
    static const bool turns[][2] = { { true, true }, { true, false }, { false, true }, { false, false } };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(tls_wide_gcm(turns[i][0]), turns[i][0]);
        struct tls_ctx *x = client_ctx();
        assert_int_equal(tls_wide_gcm(turns[i][1]), turns[i][1]);
        struct tls_ctx *y = server_ctx(false);
        end_open(&a, x, 0);
        end_open(&b, y, 0);
        tls_ctx_free(x);
        tls_ctx_free(y);
        assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
        transfer(&a, &b, 50000, PIPE_CAP, 65536);
        transfer(&b, &a, 50000, PIPE_CAP, 65536);
        close_both();
    }
    assert_true(tls_wide_gcm(true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(the_same_as_openssl),
        cmocka_unit_test(any_other_bit_is_refused),
        cmocka_unit_test(more_keys_than_tables),
        cmocka_unit_test(what_tls_does_not_do_is_refused),
        cmocka_unit_test(tls12_records),
        cmocka_unit_test(tls12_nonsense),
        cmocka_unit_test(tls_against_openssl),
        cmocka_unit_test(on_and_off),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

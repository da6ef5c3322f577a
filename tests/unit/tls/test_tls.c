/* The engine's handshakes, against itself and against a plain OpenSSL client: both versions, both key types, every
 * chunk size, what is refused, no resumption, no renegotiation. */
#include "peers.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

static void handshake_in_chunks(void **state)
{
    (void)state;
    static const size_t chunks[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 63, 64, 100, 255, 256, 1000, 4096, PIPE_CAP };
    for (int with_rsa = 0; with_rsa < 2; with_rsa++)
        for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
            open_both(with_rsa, 0);
            assert_int_equal(tls_state(a.t), TLS_HANDSHAKE);
            struct tls_cert_hash h;
            assert_int_equal(tls_leaf_hash(a.t, &h), ERR_STATE);
            assert_int_equal(tls_write(a.t, (const uint8_t *)"x", 1), ERR_STATE);
            assert_int_equal(tls_read(a.t, (uint8_t *)&h, 1), ERR_STATE);
            assert_int_equal(pair_handshake(&a, &b, chunks[i]), 0);
            assert_int_equal(tls_state(a.t), TLS_OPEN);
            assert_string_equal(tls_version(a.t), "TLSv1.3");
            assert_string_equal(tls_cipher(b.t), "TLS_AES_128_GCM_SHA256");
            check_hash(a.t, with_rsa ? &rsa : &ec);
            check_hash(b.t, with_rsa ? &rsa : &ec);
            assert_memory_equal(tls_peer_pin(a.t), "sha256//", 8);
            one_message(&a, &b, "hello");
            one_message(&b, &a, "world");
            close_both();
        }
}

static void tls12_ciphers_and_room(void **state)
{
    (void)state;
    static const struct {
        const char *cipher;
        bool rsa;
    } t[] = {
        { "ECDHE-ECDSA-AES128-GCM-SHA256", false }, { "ECDHE-RSA-AES256-GCM-SHA384", true },
        { "ECDHE-RSA-CHACHA20-POLY1305", true },    { "ECDHE-RSA-AES128-SHA", true },
        { "ECDHE-RSA-AES256-SHA", true },           { "ECDHE-ECDSA-AES256-SHA", false },
    };
    static const size_t sizes[] = { 1, 100, TLS_RECORD - 1, TLS_RECORD, TLS_RECORD + 1, 65536 };
    static uint8_t data[65536];
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct plain p;
        plain_server(t[i].rsa);
        plain_open(&p, TLS1_2_VERSION, NULL);
        SSL_set_cipher_list(p.ssl, t[i].cipher);
        assert_int_equal(plain_handshake(&p, &b), 1);
        assert_string_equal(tls_version(b.t), "TLSv1.2");
        assert_string_equal(tls_cipher(b.t), t[i].cipher);
        check_hash(b.t, t[i].rsa ? &rsa : &ec);
        assert_int_equal(SSL_session_reused(p.ssl), 0);
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            b.io.out_cap = b.io.out_len + tls_write_room(sizes[k]); /* exactly what is promised to be enough */
            assert_int_equal(tls_write(b.t, data, sizes[k]), 0);
            b.io.out_cap = sizeof b.out;
            plain_ship(&p, &b);
            size_t got = 0;
            int n;
            while ((n = SSL_read(p.ssl, data, sizeof data)) > 0)
                got += (size_t)n;
            assert_int_equal(got, sizes[k]);
        }
        plain_close(&p);
        end_close(&b);
    }
}

static void refused_offers(void **state)
{
    (void)state;
    static const struct {
        const char *cipher;
        int version;
        const char *text;
    } t[] = {
        { "ALL", TLS1_1_VERSION, "no TLS version from 1.2" },
        { "AES128-SHA", TLS1_2_VERSION, "no cipher suite in common" }, /* RSA key exchange */
        { "DHE-RSA-AES128-GCM-SHA256", TLS1_2_VERSION, "no cipher suite in common" },
        { "ECDHE-RSA-AES128-SHA256", TLS1_2_VERSION, "no cipher suite in common" },
        { "AECDH-AES128-SHA", TLS1_2_VERSION, "no cipher suite in common" },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct plain p;
        plain_server(true);
        plain_open(&p, t[i].version, NULL);
        assert_int_equal(SSL_set_cipher_list(p.ssl, t[i].cipher), 1);
        assert_int_equal(plain_handshake(&p, &b), ERR_VERSION);
        assert_int_equal(tls_state(b.t), TLS_FAILED);
        if (!strstr(tls_fail_text(b.t), t[i].text))
            fail_msg("%s: %s", t[i].cipher, tls_fail_text(b.t));
        assert_true(SSL_do_handshake(p.ssl) < 0); /* an alert told it */
        ERR_clear_error();
        assert_int_equal(tls_handshake(b.t), ERR_VERSION); /* and it stays dead */
        assert_int_equal(tls_write(b.t, (const uint8_t *)"x", 1), ERR_VERSION);
        plain_close(&p);
        end_close(&b);
    }
}

static int tickets_seen;

static int on_new_session(SSL *ssl, SSL_SESSION *s)
{
    (void)ssl;
    (void)s;
    tickets_seen++;
    return 0;
}

static void no_resumption(void **state)
{
    (void)state;
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    for (int i = 0; i < 2; i++) {
        SSL_SESSION *saved = NULL;
        struct tls_ctx *s = server_ctx(false);
        for (int round = 0; round < 3; round++) {
            struct plain p;
            uint8_t buf[16];
            end_open(&b, s, 0);
            plain_open(&p, versions[i], saved);
            tickets_seen = 0;
            SSL_CTX_sess_set_new_cb(p.ctx, on_new_session);
            assert_int_equal(plain_handshake(&p, &b), 1);
            assert_int_equal(tls_write(b.t, (const uint8_t *)"x", 1), 0);
            plain_ship(&p, &b);
            assert_int_equal(SSL_read(p.ssl, buf, sizeof buf), 1);
            assert_int_equal(SSL_session_reused(p.ssl), 0);
            assert_false(SSL_SESSION_has_ticket(SSL_get_session(p.ssl)));
            assert_int_equal(SSL_SESSION_is_resumable(SSL_get_session(p.ssl)), 0);
            assert_int_equal(versions[i] == TLS1_3_VERSION ? tickets_seen : 0, 0);
            assert_non_null(SSL_get0_peer_certificate(p.ssl)); /* this handshake had one */
            check_hash(b.t, &ec);
            SSL_SESSION_free(saved);
            saved = SSL_get1_session(p.ssl);
            plain_close(&p);
            end_close(&b);
        }
        SSL_SESSION_free(saved);
        tls_ctx_free(s);
    }
}

static void renegotiation_refused(void **state)
{
    (void)state;
    struct plain p;
    uint8_t buf[16];
    plain_server(false);
    plain_open(&p, TLS1_2_VERSION, NULL);
    assert_int_equal(plain_handshake(&p, &b), 1);
    assert_int_equal(SSL_renegotiate(p.ssl), 1);
    SSL_do_handshake(p.ssl);
    plain_ship(&p, &b);
    assert_int_equal(end_read(&b, buf, sizeof buf, PIPE_CAP), 0); /* answered with an alert, nothing begun */
    plain_ship(&p, &b);
    assert_int_equal(SSL_do_handshake(p.ssl), -1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    plain_close(&p);
    end_close(&b);
}

static void alpn_only_http11(void **state)
{
    (void)state;
    static const struct {
        const char *offer;
        unsigned n;
        const char *want;
    } t[] = {
        { "\x02h2\x08http/1.1", 12, "http/1.1" },
        { "\x08http/1.1\x02h2", 12, "http/1.1" },
        { "\x02h2", 3, "" },
        { "\x08http/1.0", 9, "" },
        { "", 0, "" },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct plain p;
        const unsigned char *got = NULL;
        unsigned n = 0;
        plain_server(false);
        plain_open(&p, TLS1_3_VERSION, NULL);
        if (t[i].n)
            SSL_set_alpn_protos(p.ssl, (const uint8_t *)t[i].offer, t[i].n);
        assert_int_equal(plain_handshake(&p, &b), 1);
        SSL_do_handshake(p.ssl);
        SSL_get0_alpn_selected(p.ssl, &got, &n);
        assert_int_equal(n, strlen(t[i].want));
        if (n)
            assert_memory_equal(got, t[i].want, n);
        plain_close(&p);
        end_close(&b);
    }
}

static void chain_is_sent_as_in_the_file(void **state)
{
    (void)state;
    struct plain p;
    plain_server(false);
    plain_open(&p, TLS1_3_VERSION, NULL);
    assert_int_equal(plain_handshake(&p, &b), 1);
    STACK_OF(X509) *got = SSL_get_peer_cert_chain(p.ssl);
    assert_int_equal(sk_X509_num(got), 2);
    assert_int_equal(X509_cmp(sk_X509_value(got, 0), ec.x), 0);
    assert_int_equal(X509_cmp(sk_X509_value(got, 1), ca.x), 0);
    plain_close(&p);
    end_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_in_chunks),
        cmocka_unit_test(tls12_ciphers_and_room),
        cmocka_unit_test(refused_offers),
        cmocka_unit_test(no_resumption),
        cmocka_unit_test(renegotiation_refused),
        cmocka_unit_test(alpn_only_http11),
        cmocka_unit_test(chain_is_sent_as_in_the_file),
    };
    return cmocka_run_group_tests(tests, peers_setup, peers_teardown);
}

/* The engine against itself and against a plain OpenSSL client: both versions, both key types, every chunk size, no
 * resumption, no renegotiation, KeyUpdate, small buffers, ends of all kinds, and what is not TLS. */
#include "certs.h"
#include "pair.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME "vpn.example.com"

static struct made ca, ec, rsa;
static struct slice ca_pem, ec_pem, ec_key, rsa_pem, rsa_key;
static struct tls_end a, b; /* client, server */

static int setup(void **state)
{
    (void)state;
    ca = cert_make(&(struct cert_spec){ .cn = "Test CA", .ca = true }, NULL);
    ec = cert_make(&(struct cert_spec){ .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth" }, &ca);
    rsa = cert_make(&(struct cert_spec){ .cn = "leaf", .san = "DNS:" NAME, .eku = "serverAuth", .rsa = true }, &ca);
    const struct made *c1[] = { &ca }, *c2[] = { &ec, &ca }, *c3[] = { &rsa, &ca };
    ca_pem = pem_of(c1, 1);
    ec_pem = pem_of(c2, 2);
    rsa_pem = pem_of(c3, 2);
    ec_key = pem_key(&ec, NULL);
    rsa_key = pem_key(&rsa, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cert_unmake(&ca);
    cert_unmake(&ec);
    cert_unmake(&rsa);
    return 0;
}

static struct tls_ctx *server_ctx(bool with_rsa)
{
    char err[TLS_ERR_TEXT];
    struct tls_ctx *c = tls_ctx_server(with_rsa ? rsa_pem : ec_pem, with_rsa ? rsa_key : ec_key, err);
    assert_non_null(c);
    assert_string_equal(tls_ctx_warning(c), "");
    return c;
}

static struct tls_ctx *client_ctx(void)
{
    char err[TLS_ERR_TEXT];
    struct tls_ctx *c = tls_ctx_client(&(struct tls_verify){ .name = NAME, .ca_pem = ca_pem }, err);
    assert_non_null(c);
    return c;
}

static void open_both(bool with_rsa, size_t out_cap)
{
    struct tls_ctx *c = client_ctx(), *s = server_ctx(with_rsa);
    end_open(&a, c, out_cap);
    end_open(&b, s, out_cap);
    tls_ctx_free(c); /* the connections keep them */
    tls_ctx_free(s);
}

static void close_both(void)
{
    end_close(&a);
    end_close(&b);
}

static void one_message(struct tls_end *from, struct tls_end *to, const char *text)
{
    uint8_t buf[100];
    assert_int_equal(tls_write(from->t, (const uint8_t *)text, strlen(text)), 0);
    end_ship(from, to);
    assert_int_equal(end_read(to, buf, sizeof buf, PIPE_CAP), (long)strlen(text));
    assert_memory_equal(buf, text, strlen(text));
    assert_int_equal(end_read(to, buf, sizeof buf, PIPE_CAP), 0);
    assert_int_equal(to->in_len, 0);
}

static void check_hash(const struct tls *t, const struct made *m)
{
    struct tls_cert_hash h, want;
    unsigned n = 20;
    X509_digest(m->x, EVP_sha1(), want.sha1, &n);
    n = 32;
    X509_digest(m->x, EVP_sha256(), want.sha256, &n);
    assert_int_equal(tls_leaf_hash(t, &h), 0);
    assert_memory_equal(&h, &want, sizeof h);
}

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

/* ---- a plain OpenSSL client against our server ---- */

struct plain {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *rd, *wr;
};

static void plain_open(struct plain *p, int max_version, SSL_SESSION *saved)
{
    p->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(p->ctx, max_version);
    SSL_CTX_set_security_level(p->ctx, 0);
    SSL_CTX_set_min_proto_version(p->ctx, TLS1_VERSION);
    SSL_CTX_set_session_cache_mode(p->ctx, SSL_SESS_CACHE_CLIENT);
    p->ssl = SSL_new(p->ctx);
    p->rd = BIO_new(BIO_s_mem());
    p->wr = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(p->rd, -1);
    SSL_set_bio(p->ssl, p->rd, p->wr);
    SSL_set_connect_state(p->ssl);
    if (saved)
        SSL_set_session(p->ssl, saved);
}

static void plain_close(struct plain *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
}

static void plain_ship(struct plain *p, struct tls_end *e)
{
    int n = BIO_read(p->wr, e->in + e->in_len, (int)(PIPE_CAP - e->in_len));
    if (n > 0)
        e->in_len += (size_t)n;
    BIO_write(p->rd, e->io.out, (int)e->io.out_len);
    e->io.out_len = 0;
}

/* The server's last answer: 1 when both are open. */
static int plain_handshake(struct plain *p, struct tls_end *e)
{
    int r = 0;
    for (int i = 0; i < 20; i++) {
        int c = SSL_do_handshake(p->ssl);
        plain_ship(p, e);
        r = end_handshake(e, PIPE_CAP);
        plain_ship(p, e);
        if (r < 0 || (r == 1 && c == 1))
            break;
    }
    ERR_clear_error();
    return r;
}

static void plain_server(bool with_rsa)
{
    struct tls_ctx *s = server_ctx(with_rsa);
    end_open(&b, s, 0);
    tls_ctx_free(s);
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

/* ---- data ---- */

static void fill(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        p[i] = (uint8_t)(seed >> 16);
    }
}

static uint8_t sent[100000], got[100000];

static void transfer(struct tls_end *from, struct tls_end *to, size_t n, size_t chunk, size_t cap)
{
    fill(sent, n, (unsigned)n);
    assert_int_equal(tls_write(from->t, sent, n), 0);
    end_ship(from, to);
    size_t have = 0;
    while (have < n || to->in_len) {
        long r = end_read(to, got + have, cap < sizeof got - have ? cap : sizeof got - have, chunk);
        assert_true(r >= 0);
        have += (size_t)r;
        assert_true(have <= n);
    }
    assert_memory_equal(sent, got, n);
}

static void large_writes_in_chunks(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    static const size_t chunks[] = { 1, 7, 1448, 16384, 20000, PIPE_CAP };
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        transfer(&a, &b, chunks[i] < 7 ? 20000 : 65536, chunks[i], 65536);
        transfer(&b, &a, 65536, chunks[i] < 7 ? 1000 : chunks[i], 1 + i * 700); /* small reads: data waits inside */
    }
    transfer(&a, &b, 0, 1, 1);
    assert_int_equal(tls_read(b.t, got, 0), ERR_LENGTH);
    close_both();
}

static void write_needs_room(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    fill(sent, 40000, 1);
    a.io.out_cap = tls_write_room(40000) - 1;
    assert_int_equal(tls_write(a.t, sent, 40000), ERR_NOBUF);
    assert_int_equal(a.io.out_len, 0);
    a.io.out_cap = tls_write_room(40000);
    assert_int_equal(tls_write(a.t, sent, 40000), 0);
    a.io.out_cap = a.io.out_len + 500;
    assert_int_equal(tls_write(a.t, sent, 1), ERR_NOBUF); /* what is there stays as it is */
    end_ship(&a, &b);
    a.io.out_cap = sizeof a.out;
    size_t have = 0;
    for (long r; (r = end_read(&b, got + have, 65536, PIPE_CAP)) > 0;)
        have += (size_t)r;
    assert_int_equal(have, 40000);
    assert_memory_equal(sent, got, have);
    transfer(&a, &b, 5, 100, 100);
    close_both();
}

/* A handshake through output buffers that are far too small: slower, never lost. */
static void handshake_with_tiny_output(void **state)
{
    (void)state;
    static const size_t caps[] = { 1, 5, 100, 1000 };
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        open_both(true, caps[i]);
        assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
        a.io.out_cap = b.io.out_cap = sizeof a.out;
        one_message(&a, &b, "a");
        one_message(&b, &a, "b");
        close_both();
    }
}

static void key_update_under_load(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    for (int i = 0; i < 60; i++) {
        struct tls_end *x = i & 1 ? &a : &b, *y = i & 1 ? &b : &a;
        assert_int_equal(tls_key_update(x->t, i & 2), 0);
        if (i % 3 == 0)
            assert_int_equal(tls_key_update(y->t, true), 0); /* both at once */
        transfer(x, y, 30000, i % 5 ? PIPE_CAP : 333, 65536);
        transfer(y, x, 30000, PIPE_CAP, 65536); /* carries y's answer in front of the data */
    }
    close_both();
}

/* The answer to a KeyUpdate goes out in front of the next data; without room for both, neither goes. */
static void key_update_answer_without_room(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_key_update(a.t, true), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"hello", 5), 0);
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 5);
    assert_memory_equal(got, "hello", 5);
    b.io.out_cap = b.io.out_len; /* full */
    assert_int_equal(tls_write(b.t, (const uint8_t *)"w", 1), ERR_NOBUF);
    b.io.out_cap = b.io.out_len + tls_write_room(1);
    assert_int_equal(tls_write(b.t, (const uint8_t *)"w", 1), 0);
    assert_true(b.io.out_len > 2 * 22); /* two records */
    end_ship(&b, &a);
    b.io.out_cap = sizeof b.out;
    assert_int_equal(end_read(&a, got, sizeof got, PIPE_CAP), 1);
    transfer(&b, &a, 1000, PIPE_CAP, 65536);
    transfer(&a, &b, 1000, PIPE_CAP, 65536);
    close_both();
}

/* Reading may have to say something (here: no to a renegotiation), so it does not begin without room for that. */
static void read_needs_room(void **state)
{
    (void)state;
    struct plain p;
    plain_server(false);
    plain_open(&p, TLS1_2_VERSION, NULL);
    assert_int_equal(plain_handshake(&p, &b), 1);
    assert_int_equal(SSL_renegotiate(p.ssl), 1);
    SSL_do_handshake(p.ssl);
    plain_ship(&p, &b);
    size_t waits = b.in_len;
    b.io.out_cap = TLS_READ_ROOM - 1;
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_NOBUF);
    assert_int_equal(b.in_len, waits); /* nothing taken */
    b.io.out_cap = TLS_READ_ROOM;
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 0);
    assert_true(b.io.out_len > 0);
    plain_ship(&p, &b);
    assert_int_equal(SSL_do_handshake(p.ssl), -1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    plain_close(&p);
    end_close(&b);
}

static void no_key_update_in_12(void **state)
{
    (void)state;
    struct plain p;
    plain_server(false);
    assert_int_equal(tls_key_update(b.t, true), ERR_STATE);
    plain_open(&p, TLS1_2_VERSION, NULL);
    assert_int_equal(plain_handshake(&p, &b), 1);
    assert_int_equal(tls_key_update(b.t, true), ERR_STATE);
    plain_close(&p);
    end_close(&b);
}

/* ---- ends ---- */

static void close_notify_ends_it(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"bye", 3), 0);
    tls_close(a.t);
    tls_close(a.t);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"x", 1), ERR_STATE);
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 3);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_ENDED);
    assert_int_equal(tls_state(b.t), TLS_CLOSED);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_ENDED);
    assert_int_equal(tls_eof(b.t), ERR_ENDED);
    assert_string_equal(tls_fail_text(b.t), "");
    tls_close(b.t);
    end_ship(&b, &a);
    assert_int_equal(end_read(&a, got, sizeof got, PIPE_CAP), ERR_ENDED);
    struct tls_cert_hash h;
    assert_int_equal(tls_leaf_hash(a.t, &h), 0); /* still known */
    close_both();
}

static void truncation_is_told_apart(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(tls_eof(a.t), ERR_TRUNCATED);
    assert_int_equal(tls_state(a.t), TLS_FAILED);
    assert_non_null(strstr(tls_fail_text(a.t), "during the TLS handshake"));
    close_both();
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"half", 4), 0);
    a.io.out_len -= 3;
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), 0);
    assert_int_equal(tls_eof(b.t), ERR_TRUNCATED);
    assert_non_null(strstr(tls_fail_text(b.t), "without TLS's close_notify"));
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_TRUNCATED);
    close_both();
}

static void damaged_record(void **state)
{
    (void)state;
    open_both(false, 0);
    assert_int_equal(pair_handshake(&a, &b, PIPE_CAP), 0);
    assert_int_equal(tls_write(a.t, (const uint8_t *)"hello", 5), 0);
    a.io.out[a.io.out_len - 1] ^= 1;
    end_ship(&a, &b);
    assert_int_equal(end_read(&b, got, sizeof got, PIPE_CAP), ERR_SECURITY);
    assert_non_null(strstr(tls_fail_text(b.t), "damaged or forged"));
    assert_int_equal(tls_state(b.t), TLS_FAILED);
    end_ship(&b, &a); /* the alert */
    assert_int_equal(end_read(&a, got, sizeof got, PIPE_CAP), ERR_REFUSED);
    assert_non_null(strstr(tls_fail_text(a.t), "alert"));
    close_both();
}

static int feed_server(const void *p, size_t n)
{
    plain_server(false);
    memcpy(b.in, p, n);
    b.in_len = n;
    return end_handshake(&b, PIPE_CAP);
}

static void not_tls_to_the_server(void **state)
{
    (void)state;
    static const char get[] = "GET / HTTP/1.1\r\n\r\n", post[] = "SSTP_DUPLEX_POST /sra HTTP/1.1\r\n",
                      connect[] = "CONNECT a:443 HTTP/1.1\r\n", ssh[] = "SSH-2.0-x\r\n", odd[] = "\x01\xff\x02 zzzzz\r\n";
    assert_int_equal(feed_server(get, sizeof get - 1), ERR_VERSION);
    assert_string_equal(tls_fail_text(b.t), "the peer spoke plain HTTP where TLS is expected; it began with \"GET /\"");
    end_close(&b);
    assert_int_equal(feed_server(post, sizeof post - 1), ERR_VERSION);
    end_close(&b);
    assert_int_equal(feed_server(connect, sizeof connect - 1), ERR_VERSION);
    end_close(&b);
    assert_int_equal(feed_server(ssh, sizeof ssh - 1), ERR_VERSION);
    assert_non_null(strstr(tls_fail_text(b.t), "does not speak TLS; it began with \"SSH-2\""));
    end_close(&b);
    assert_true(feed_server(odd, sizeof odd - 1) < 0);
    assert_non_null(strstr(tls_fail_text(b.t), "\\x01\\xff\\x02"));
    end_close(&b);
}

static void not_tls_to_the_client(void **state)
{
    (void)state;
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    struct tls_ctx *c = client_ctx();
    end_open(&a, c, 0);
    tls_ctx_free(c);
    assert_int_equal(end_handshake(&a, 0), 0);
    memcpy(a.in, bad, sizeof bad - 1);
    a.in_len = sizeof bad - 1;
    assert_int_equal(end_handshake(&a, PIPE_CAP), ERR_VERSION);
    assert_int_equal(tls_fail(a.t), TLS_FAIL_PROTOCOL);
    assert_non_null(strstr(tls_fail_text(a.t), "\"HTTP/"));
    assert_string_equal(tls_peer_pin(a.t), "");
    end_close(&a);
}

static void garbage(void **state)
{
    (void)state;
    uint8_t p[4096];
    for (unsigned seed = 1; seed < 200; seed++) {
        fill(p, sizeof p, seed);
        if (seed & 1)
            memcpy(p, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
        assert_true(feed_server(p, sizeof p) < 0);
        assert_true(strlen(tls_fail_text(b.t)) > 10);
        end_close(&b);
    }
}

/* OpenSSL would set aside what a message claims to need: refused from its head. */
static void huge_hello_is_refused_early(void **state)
{
    (void)state;
    static const uint8_t big[] = { 0x16, 3, 1, 0, 4, 1, 2, 0, 0 }, fits[] = { 0x16, 3, 1, 0, 4, 1, 0, 0x40, 0 };
    static const uint8_t split[] = { 0x16, 3, 1, 0, 1, 1, 0x16, 3, 1, 0, 1, 2, 0x16, 3, 1, 0, 2, 0, 0 };
    assert_int_equal(feed_server(big, sizeof big), ERR_LENGTH);
    assert_non_null(strstr(tls_fail_text(b.t), "far too long"));
    end_close(&b);
    assert_int_equal(feed_server(split, sizeof split), ERR_LENGTH);
    end_close(&b);
    assert_int_equal(feed_server(fits, sizeof fits), 0);
    end_close(&b);
}

/* ---- memory ---- */

static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static void idle_connections_hold_no_buffers(void **state)
{
    (void)state;
    enum { N = 50 };
    struct tls_ctx *c = client_ctx(), *s = server_ctx(false);
    static struct tls_end e[N];
    static uint8_t junk[16384];
    size_t before = heap();
    for (int i = 0; i < N; i++) {
        end_open(&a, c, 0);
        end_open(&e[i], s, 0);
        assert_int_equal(pair_handshake(&a, &e[i], PIPE_CAP), 0);
        transfer(&a, &e[i], 65536, PIPE_CAP, sizeof junk);
        transfer(&e[i], &a, 65536, PIPE_CAP, sizeof junk);
        end_close(&a);
        free(e[i].in);
        e[i].in = NULL;
    }
    size_t each = (heap() - before) / N;
    if (heap() == 0) /* an address sanitizer's allocator does not tell */
        print_message("bytes per idle connection: not measured (sanitizer)\n");
    else
        print_message("bytes per idle server connection: %zu\n", each);
    assert_true(each < 24 * 1024);
    for (int i = 0; i < N; i++)
        end_close(&e[i]);
    tls_ctx_free(c);
    tls_ctx_free(s);
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
        cmocka_unit_test(large_writes_in_chunks),
        cmocka_unit_test(write_needs_room),
        cmocka_unit_test(handshake_with_tiny_output),
        cmocka_unit_test(key_update_under_load),
        cmocka_unit_test(key_update_answer_without_room),
        cmocka_unit_test(read_needs_room),
        cmocka_unit_test(no_key_update_in_12),
        cmocka_unit_test(close_notify_ends_it),
        cmocka_unit_test(truncation_is_told_apart),
        cmocka_unit_test(damaged_record),
        cmocka_unit_test(not_tls_to_the_server),
        cmocka_unit_test(not_tls_to_the_client),
        cmocka_unit_test(garbage),
        cmocka_unit_test(huge_hello_is_refused_early),
        cmocka_unit_test(idle_connections_hold_no_buffers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

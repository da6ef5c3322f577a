/* See peers.h. */
#include "peers.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

struct made ca, ec, rsa;
struct tls_end a, b; /* client, server */
uint8_t sent[100000], got[100000];
static struct slice ca_pem, ec_pem, ec_key, rsa_pem, rsa_key;

int peers_setup(void **state)
{
    (void)state;
    if (getenv("ADIT_TEST_WIDE_GCM") && !tls_wide_gcm(true))
        print_message("this host has no wide AES-GCM: OpenSSL's own again\n");
    ca = cert_make(&(struct cert_spec){ .cn = "Test CA", .ca = true }, NULL);
    ec = cert_make(&(struct cert_spec){ .cn = "leaf", .san = "DNS:" SERVER_NAME, .eku = "serverAuth" }, &ca);
    rsa = cert_make(&(struct cert_spec){ .cn = "leaf", .san = "DNS:" SERVER_NAME, .eku = "serverAuth", .rsa = true },
                    &ca);
    const struct made *c1[] = { &ca }, *c2[] = { &ec, &ca }, *c3[] = { &rsa, &ca };
    ca_pem = pem_of(c1, 1);
    ec_pem = pem_of(c2, 2);
    rsa_pem = pem_of(c3, 2);
    ec_key = pem_key(&ec, NULL);
    rsa_key = pem_key(&rsa, NULL);
    return 0;
}

int peers_teardown(void **state)
{
    (void)state;
    cert_unmake(&ca);
    cert_unmake(&ec);
    cert_unmake(&rsa);
    return 0;
}

struct tls_ctx *server_ctx(bool with_rsa)
{
    char err[TLS_ERR_TEXT];
    struct tls_ctx *c = tls_ctx_server(with_rsa ? rsa_pem : ec_pem, with_rsa ? rsa_key : ec_key, err);
    assert_non_null(c);
    assert_string_equal(tls_ctx_warning(c), "");
    return c;
}

struct tls_ctx *client_ctx(void)
{
    char err[TLS_ERR_TEXT];
    struct tls_ctx *c = tls_ctx_client(&(struct tls_verify){ .name = SERVER_NAME, .ca_pem = ca_pem }, err);
    assert_non_null(c);
    return c;
}

void open_both(bool with_rsa, size_t out_cap)
{
    struct tls_ctx *c = client_ctx(), *s = server_ctx(with_rsa);
    end_open(&a, c, out_cap);
    end_open(&b, s, out_cap);
    tls_ctx_free(c); /* the connections keep them */
    tls_ctx_free(s);
}

void close_both(void)
{
    end_close(&a);
    end_close(&b);
}

void one_message(struct tls_end *from, struct tls_end *to, const char *text)
{
    uint8_t buf[100];
    assert_int_equal(tls_write(from->t, (const uint8_t *)text, strlen(text)), 0);
    end_ship(from, to);
    assert_int_equal(end_read(to, buf, sizeof buf, PIPE_CAP), (long)strlen(text));
    assert_memory_equal(buf, text, strlen(text));
    assert_int_equal(end_read(to, buf, sizeof buf, PIPE_CAP), 0);
    assert_int_equal(to->in_len, 0);
}

void check_hash(const struct tls *t, const struct made *m)
{
    struct tls_cert_hash h, want;
    unsigned n = 20;
    X509_digest(m->x, EVP_sha1(), want.sha1, &n);
    n = 32;
    X509_digest(m->x, EVP_sha256(), want.sha256, &n);
    assert_int_equal(tls_leaf_hash(t, &h), 0);
    assert_memory_equal(&h, &want, sizeof h);
}

void plain_open(struct plain *p, int max_version, SSL_SESSION *saved)
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

void plain_close(struct plain *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
}

void plain_ship(struct plain *p, struct tls_end *e)
{
    int n = BIO_read(p->wr, e->in + e->in_len, (int)(PIPE_CAP - e->in_len));
    if (n > 0)
        e->in_len += (size_t)n;
    BIO_write(p->rd, e->io.out, (int)e->io.out_len);
    e->io.out_len = 0;
}

int plain_handshake(struct plain *p, struct tls_end *e)
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

void plain_server(bool with_rsa)
{
    struct tls_ctx *s = server_ctx(with_rsa);
    end_open(&b, s, 0);
    tls_ctx_free(s);
}

void fill(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        p[i] = (uint8_t)(seed >> 16);
    }
}

void to_plain(struct plain *p, size_t n)
{
    fill(sent, n, (unsigned)n);
    memset(got, 0, n);
    assert_int_equal(tls_write(b.t, sent, n), 0);
    plain_ship(p, &b);
    for (size_t have = 0; have < n;) {
        int r = SSL_read(p->ssl, got + have, (int)(n - have));
        assert_true(r > 0);
        have += (size_t)r;
    }
    assert_memory_equal(sent, got, n);
}

void transfer(struct tls_end *from, struct tls_end *to, size_t n, size_t chunk, size_t cap)
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

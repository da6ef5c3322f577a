/* The engine on OpenSSL: one SSL object a connection, driven over our BIO. Contexts are made in tls_ctx.c.
 *
 * SSL_MODE_RELEASE_BUFFERS gives record buffers back as soon as they are empty, and read-ahead is off, so a
 * connection that holds no half record holds no buffer. */
#include "tls/tls_impl.h"

#include <stdlib.h>

struct tls *tls_new(struct tls_ctx *c, struct tls_io *io)
{
    struct tls *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->io = io;
    t->ctx = c;
    t->ssl = SSL_new(c->ssl);
    BIO *b = t->ssl && SSL_set_app_data(t->ssl, t) == 1 ? BIO_new(c->bio) : NULL;
    if (!b) {
        SSL_free(t->ssl);
        free(t);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(b, t);
    SSL_set_bio(t->ssl, b, b);
    c->refs++;
    if (c->server) {
        SSL_set_accept_state(t->ssl);
        return t;
    }
    SSL_set_connect_state(t->ssl);
    /* RFC 6066 3: names only, literal addresses are not permitted in it. */
    if (c->expect.name[0] && SSL_set_tlsext_host_name(t->ssl, c->expect.name) != 1) {
        tls_free(t);
        return NULL;
    }
    return t;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    tls_ctx_free(t->ctx);
    free(t->text);
    free(t);
}

enum tls_state tls_state(const struct tls *t)
{
    return t->state;
}

void tls_set_fail(struct tls *t, enum tls_fail why, const char *text)
{
    if (t->fail != TLS_FAIL_NONE)
        return;
    t->fail = why;
    t->text = strdup(text);
}

/* RFC 8446 5.5: at 6 Gbit/s a key lasts for six minutes. TLS 1.2 has no way to change it. OpenSSL leaves this to us. */
static void count_records(struct tls *t, size_t n)
{
    t->records += (uint32_t)((n + TLS_RECORD - 1) / TLS_RECORD);
    if (t->records < TLS_KEY_RECORDS)
        return;
    t->records = 0;
    (void)!tls_key_update(t, false);
}

/* Before each call of OpenSSL whose failure is looked at. */
static void begin(void)
{
    if (ERR_peek_error()) /* hardly ever; to clear costs as much as to encrypt some bytes */
        ERR_clear_error();
    (void)tls_memory_refused();
}

/* The connection is dead; the first reason that anybody found is kept. */
static int failed(struct tls *t, int err)
{
    t->state = TLS_FAILED;
    t->err = err;
    ERR_clear_error();
    return err;
}

static int openssl_failed(struct tls *t)
{
    char buf[TLS_ERR_TEXT];
    struct text text = text_of(buf, sizeof buf);
    unsigned long code = t->poor ? ERR_PACK(ERR_LIB_SSL, 0, ERR_R_MALLOC_FAILURE) : ERR_peek_error();
    int err = tls_reason(code, slice_of(t->first, t->n_first), &text);
    if (err == ERR_NOMEM)
        t->fail = TLS_FAIL_NONE; /* what the certificate was refused for did not have to be its fault */
    else if (t->fail == TLS_FAIL_PROTOCOL)
        err = ERR_LENGTH; /* the guard found it before OpenSSL did */
    else if (t->fail != TLS_FAIL_NONE)
        err = ERR_SECURITY; /* the certificate */
    tls_set_fail(t, TLS_FAIL_PROTOCOL, buf);
    return failed(t, err);
}

/* RFC 7301 3.2: a server chooses from what was offered, or nothing. */
static bool alpn_fits(const struct tls *t)
{
    const unsigned char *p = NULL;
    unsigned n = 0;
    SSL_get0_alpn_selected(t->ssl, &p, &n);
    return n == 0 || slice_eq(slice_of(p, n), slice_str("http/1.1"));
}

int tls_handshake(struct tls *t)
{
    if (t->state == TLS_FAILED)
        return t->err;
    if (t->state != TLS_HANDSHAKE)
        return 1;
    begin();
    int r = SSL_do_handshake(t->ssl);
    t->poor |= tls_memory_refused();
    if (r == 1 && !alpn_fits(t)) {
        tls_set_fail(t, TLS_FAIL_PROTOCOL, "the peer chose an application protocol that was not offered");
        return failed(t, ERR_VALUE);
    }
    if (r == 1) {
        t->state = TLS_OPEN;
        return 1;
    }
    switch (SSL_get_error(t->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_WANT_WRITE:
        return ERR_NOBUF;
    default:
        return openssl_failed(t);
    }
}

long tls_read(struct tls *t, uint8_t *dst, size_t cap)
{
    if (t->state == TLS_FAILED)
        return t->err;
    if (t->state != TLS_OPEN)
        return t->state == TLS_CLOSED ? ERR_ENDED : ERR_STATE;
    if (!cap)
        return ERR_LENGTH;
    /* OpenSSL does not cope with an alert that leaves half during a read. */
    if (t->io->out_cap - t->io->out_len < TLS_READ_ROOM)
        return ERR_NOBUF;
    begin();
    int r = SSL_read(t->ssl, dst, cap > TLS_RECORD ? TLS_RECORD : (int)cap);
    t->poor |= tls_memory_refused();
    if (r > 0)
        return r;
    switch (SSL_get_error(t->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        t->state = TLS_CLOSED;
        return ERR_ENDED;
    default:
        return openssl_failed(t);
    }
}

int tls_write(struct tls *t, const uint8_t *src, size_t n)
{
    if (t->state == TLS_FAILED)
        return t->err;
    if (t->state != TLS_OPEN || t->shut)
        return ERR_STATE;
    if (n > 1u << 30)
        return ERR_LENGTH;
    if (t->io->out_cap - t->io->out_len < tls_write_room(n))
        return ERR_NOBUF;
    if (!n)
        return 0;
    count_records(t, n);
    begin();
    /* There is room, so OpenSSL takes all of it at once; anything else leaves half a message behind and is the end. */
    int r = SSL_write(t->ssl, src, (int)n);
    t->poor |= tls_memory_refused();
    return r == (int)n ? 0 : openssl_failed(t);
}

void tls_close(struct tls *t)
{
    if ((t->state != TLS_OPEN && t->state != TLS_CLOSED) || t->shut || t->io->out_cap - t->io->out_len < 64)
        return;
    t->shut = true;
    (void)SSL_shutdown(t->ssl); /* the first call only sends ours */
    ERR_clear_error();
}

int tls_eof(struct tls *t)
{
    switch (t->state) {
    case TLS_CLOSED:
        return ERR_ENDED;
    case TLS_FAILED:
        return t->err;
    case TLS_HANDSHAKE:
        tls_set_fail(t, TLS_FAIL_PROTOCOL, "the peer closed the connection during the TLS handshake");
        return failed(t, ERR_TRUNCATED);
    case TLS_OPEN:
        tls_set_fail(t, TLS_FAIL_PROTOCOL, "the connection ended without TLS's close_notify");
        return failed(t, ERR_TRUNCATED);
    }
    return ERR_BUG;
}

int tls_key_update(struct tls *t, bool both)
{
    if (t->state != TLS_OPEN || SSL_version(t->ssl) != TLS1_3_VERSION)
        return ERR_STATE;
    int r = SSL_key_update(t->ssl, both ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    ERR_clear_error();
    return r == 1 ? 0 : ERR_STATE;
}

int tls_leaf_hash(const struct tls *t, struct tls_cert_hash *out)
{
    if (t->state != TLS_OPEN && t->state != TLS_CLOSED)
        return ERR_STATE;
    if (t->ctx->server) { /* it has one certificate, hashed when it was loaded */
        *out = t->ctx->hash;
        return 0;
    }
    const X509 *leaf = SSL_get0_peer_certificate(t->ssl);
    if (!leaf)
        return ERR_MISSING;
    return x509_hashes(leaf, out) ? 0 : ERR_NOMEM; /* nothing else can go wrong with a certificate that was read */
}

const char *tls_version(const struct tls *t)
{
    return SSL_get_version(t->ssl);
}

const char *tls_cipher(const struct tls *t)
{
    return SSL_get_cipher_name(t->ssl);
}

enum tls_fail tls_fail(const struct tls *t)
{
    return t->fail;
}

const char *tls_fail_text(const struct tls *t)
{
    if (t->fail == TLS_FAIL_NONE)
        return "";
    return t->text ? t->text : "out of memory";
}

const char *tls_peer_pin(const struct tls *t)
{
    return t->pin;
}

/* Contexts: what all connections of a worker, or the one of a client, have in common.
 *
 * Every setting is made here and made explicitly, so that the system's openssl.cnf cannot bring back what we
 * rule out (resumption, old versions). */
#include "tls/tls_impl.h"

#include "base/rd.h"
#include "tls/cert_load.h"
#include "tls/gcm.h"
#include "tls/library.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* AES-GCM first: hardware does it. CBC with SHA-1 is for Windows 7 and 8.1, whose RSA suites have no GCM with ECDHE;
 * its records grow by less than tls_write_room() allows, those with SHA-256 and SHA-384 do not. */
static const char ciphers_12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";
static const char ciphers_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const uint8_t alpn[] = "\x08http/1.1";

/* Whose algorithms are preferred: a property query, OpenSSL's property(7). */
static const char *preference;

bool tls_wide_gcm(bool on)
{
    preference = on && tls_library() && gcm_provide(tls_library()) ? "?provider=" GCM_PROVIDER : NULL;
    return preference;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned n,
                       void *arg)
{
    (void)ssl;
    (void)arg;
    /* RFC 7301 3.2 would end the handshake where nothing fits; a client that offers only h2 by habit is served. */
    struct rd r = rd_of(in, n);
    while (rd_ok(&r) && rd_left(&r)) {
        struct slice p = rd_take(&r, rd_u8(&r));
        if (slice_eq(p, slice_of(alpn + 1, 8))) {
            *out = p.p;
            *out_len = (unsigned char)p.n;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static bool set_common(SSL_CTX *c)
{
    /* AUTO_RETRY: a record without data (KeyUpdate) does not end a tls_read. */
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN |
                            SSL_MODE_AUTO_RETRY);
    SSL_CTX_clear_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_clear_options(c, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(c, 0);
    SSL_CTX_set_security_level(c, 2);
    SSL_CTX_set_max_early_data(c, 0);
    SSL_CTX_set_recv_max_early_data(c, 0);
    return SSL_CTX_set_num_tickets(c, 0) == 1 && SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(c, ciphers_12) == 1 && SSL_CTX_set_ciphersuites(c, ciphers_13) == 1 &&
           SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") == 1;
}

static struct tls_ctx *ctx_new(const SSL_METHOD *method, char err[TLS_ERR_TEXT])
{
    struct tls_ctx *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->refs = 1;
    c->ssl = SSL_CTX_new_ex(tls_library(), preference, method);
    c->bio = tls_bio_method();
    if (c->ssl && c->bio && set_common(c->ssl))
        return c;
    struct text t = text_of(err, TLS_ERR_TEXT);
    text_str(&t, "OpenSSL cannot be set up: ");
    const char *why = ERR_reason_error_string(ERR_peek_error());
    text_str(&t, why ? why : "no reason known");
    tls_ctx_free(c);
    ERR_clear_error();
    return NULL;
}

void tls_ctx_free(struct tls_ctx *c)
{
    if (!c || --c->refs)
        return;
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->bio);
    free(c->expect.pins);
    free(c);
}

static bool install(struct tls_ctx *c, const struct cert_pair *p, char err[TLS_ERR_TEXT])
{
    if (SSL_CTX_use_certificate(c->ssl, p->leaf) == 1 && SSL_CTX_use_PrivateKey(c->ssl, p->key) == 1 &&
        SSL_CTX_set1_chain(c->ssl, p->rest) == 1 && SSL_CTX_check_private_key(c->ssl) == 1 &&
        x509_hashes(p->leaf, &c->hash))
        return true;
    struct text t = text_of(err, TLS_ERR_TEXT);
    const char *why = ERR_reason_error_string(ERR_peek_error());
    text_str(&t, "the certificate cannot be used: ");
    text_str(&t, why ? why : "no reason known");
    return false;
}

struct tls_ctx *tls_ctx_server(struct slice chain_pem, struct slice key_pem, char err[TLS_ERR_TEXT])
{
    struct cert_pair p = { 0 };
    err[0] = '\0';
    struct tls_ctx *c = ctx_new(TLS_server_method(), err);
    if (!c)
        return NULL;
    c->server = true;
    bool ok = cert_load(&p, chain_pem, key_pem, err) && install(c, &p, err);
    if (ok)
        cert_warn(&p, c->warning);
    cert_unload(&p);
    ERR_clear_error();
    if (!ok) {
        tls_ctx_free(c);
        return NULL;
    }
    SSL_CTX_set_alpn_select_cb(c->ssl, choose_alpn, NULL);
    return c;
}

const char *tls_ctx_warning(const struct tls_ctx *c)
{
    return c->warning;
}

void tls_ctx_hash(const struct tls_ctx *c, struct tls_cert_hash *out)
{
    *out = c->hash;
}

static bool copy_expectation(struct tls_expect *x, const struct tls_verify *v, char err[TLS_ERR_TEXT])
{
    struct text t = text_of(err, TLS_ERR_TEXT);
    if (!v->name == !v->ip || v->pins.n % 32) {
        text_str(&t, "exactly one of name and address must be given, and pins of 32 bytes");
        return false;
    }
    const char *dialled = v->name ? v->name : v->ip;
    size_t n = v->ip ? strcspn(v->ip, "%") : strlen(v->name);
    if (v->name && n > 1 && v->name[n - 1] == '.')
        n--; /* RFC 6066 3: without the trailing dot */
    char *dst = v->name ? x->name : x->ip_text;
    if (n == 0 || n >= (v->name ? sizeof x->name : sizeof x->ip_text)) {
        text_str(&t, "the server's name or address is empty or too long");
        return false;
    }
    memcpy(dst, dialled, n);
    if (v->ip)
        x->ip_len = inet_pton(AF_INET, x->ip_text, x->ip) == 1    ? 4
                    : inet_pton(AF_INET6, x->ip_text, x->ip) == 1 ? 16
                                                                  : 0;
    if (v->ip && !x->ip_len) {
        text_escaped(&t, slice_str(x->ip_text));
        text_str(&t, " is not an address");
        return false;
    }
    x->pins = malloc(v->pins.n ? v->pins.n : 1);
    if (!x->pins)
        return false;
    if (v->pins.n)
        memcpy(x->pins, v->pins.p, v->pins.n);
    x->n_pins = v->pins.n / 32;
    return true;
}

struct tls_ctx *tls_ctx_client(const struct tls_verify *v, char err[TLS_ERR_TEXT])
{
    err[0] = '\0';
    struct tls_ctx *c = ctx_new(TLS_client_method(), err);
    if (!c)
        return NULL;
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c->ssl, tls_verify_peer, NULL);
    bool ok = copy_expectation(&c->expect, v, err) && SSL_CTX_set_alpn_protos(c->ssl, alpn, sizeof alpn - 1) == 0;
    if (ok && !v->pins.n) /* a pin needs no store */
        ok = cert_load_trust(SSL_CTX_get_cert_store(c->ssl), v->ca_pem, err);
    ERR_clear_error();
    if (ok)
        return c;
    tls_ctx_free(c);
    return NULL;
}

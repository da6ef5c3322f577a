/* How a client judges the server's certificate, inside the handshake and so before a byte of HTTP.
 *
 * Chain (OpenSSL builds and checks it), then name or address against the subject alternative names, then dates, then
 * extended key usage. A pin replaces the first two; nothing replaces the others. The first failure is kept with a
 * sentence; OpenSSL sends the fitting alert. */
#include "tls/tls_impl.h"

#include "base/secret.h"

static int refuse(struct tls *t, X509_STORE_CTX *s, enum tls_fail why, int x509_err, const char *text)
{
    tls_set_fail(t, why, text);
    X509_STORE_CTX_set_error(s, x509_err);
    return 0;
}

/* OpenSSL's own idea of a server certificate's purpose does not know Any Purpose ([MS-SSTP] 3.2.4.1 allows it); the
 * leaf is judged by x509_for_servers(), and an issuer that is for Any Purpose may issue it. */
static int overrule_purpose(int ok, X509_STORE_CTX *s)
{
    if (ok || X509_STORE_CTX_get_error(s) != X509_V_ERR_INVALID_PURPOSE)
        return ok;
    X509 *x = X509_STORE_CTX_get_current_cert(s);
    if (X509_STORE_CTX_get_error_depth(s) > 0 && !(x && X509_get_extended_key_usage(x) & XKU_ANYEKU))
        return 0;
    X509_STORE_CTX_set_error(s, X509_V_OK);
    return 1;
}

static bool is_date_error(int e)
{
    return e == X509_V_ERR_CERT_HAS_EXPIRED || e == X509_V_ERR_CERT_NOT_YET_VALID;
}

static int check_chain(struct tls *t, X509_STORE_CTX *s, const X509 *leaf)
{
    char buf[TLS_FAIL_TEXT];
    struct text text = text_of(buf, sizeof buf);
    X509_STORE_CTX_set_verify_cb(s, overrule_purpose);
    if (X509_verify_cert(s) == 1)
        return 1;
    int e = X509_STORE_CTX_get_error(s), depth = X509_STORE_CTX_get_error_depth(s);
    const X509 *at = X509_STORE_CTX_get_current_cert(s);
    text_str(&text, "the server's certificate is not trusted: ");
    text_str(&text, X509_verify_cert_error_string(e));
    if (depth > 0 && at) {
        text_str(&text, " (the issuer ");
        x509_subject(&text, at);
        text_str(&text, ", valid ");
        x509_dates(&text, at);
        text_str(&text, ")");
    }
    text_str(&text, "; ");
    x509_describe(&text, leaf);
    return refuse(t, s, is_date_error(e) ? TLS_FAIL_DATES : TLS_FAIL_UNTRUSTED, e, buf);
}

static int check_name(struct tls *t, X509_STORE_CTX *s, X509 *leaf)
{
    const struct tls_expect *x = &t->ctx->expect;
    char buf[TLS_FAIL_TEXT];
    struct text text = text_of(buf, sizeof buf);
    /* RFC 9525 6: subject alternative names only, wildcards only as the whole left-most label. */
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    int match = x->ip_len ? X509_check_ip(leaf, x->ip, x->ip_len, 0)
                          : X509_check_host(leaf, x->name, strlen(x->name), flags, NULL);
    if (match == 1)
        return 1;
    text_str(&text, "the server's certificate is not for ");
    text_str(&text, x->ip_len ? x->ip_text : x->name);
    text_str(&text, ": ");
    x509_describe(&text, leaf);
    return refuse(t, s, TLS_FAIL_NAME, x->ip_len ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH, buf);
}

static int check_pins(struct tls *t, X509_STORE_CTX *s, const X509 *leaf, const uint8_t spki[32])
{
    const struct tls_expect *x = &t->ctx->expect;
    char buf[TLS_FAIL_TEXT];
    struct text text = text_of(buf, sizeof buf);
    for (size_t i = 0; i < x->n_pins; i++)
        if (secret_eq(x->pins + 32 * i, spki, 32))
            return 1;
    text_str(&text, "the server's public key has the pin ");
    text_str(&text, t->pin);
    text_str(&text, x->n_pins == 1 ? ", not the one given; " : ", none of those given; ");
    x509_describe(&text, leaf);
    return refuse(t, s, TLS_FAIL_PIN, X509_V_ERR_APPLICATION_VERIFICATION, buf);
}

static int check_dates(struct tls *t, X509_STORE_CTX *s, const X509 *leaf)
{
    char buf[TLS_FAIL_TEXT];
    struct text text = text_of(buf, sizeof buf);
    int v = x509_validity(leaf);
    if (v == 0)
        return 1;
    text_str(&text, v < 0 ? "the server's certificate is not valid yet: " : "the server's certificate has expired: ");
    x509_describe(&text, leaf);
    return refuse(t, s, TLS_FAIL_DATES, v < 0 ? X509_V_ERR_CERT_NOT_YET_VALID : X509_V_ERR_CERT_HAS_EXPIRED, buf);
}

static int check_usage(struct tls *t, X509_STORE_CTX *s, const X509 *leaf)
{
    char buf[TLS_FAIL_TEXT];
    struct text text = text_of(buf, sizeof buf);
    if (x509_for_servers(leaf)) /* [MS-SSTP] 3.2.4.1: else the call is cancelled */
        return 1;
    text_str(&text, "the server's certificate has neither the usage Server Authentication nor Any Purpose: ");
    x509_describe(&text, leaf);
    return refuse(t, s, TLS_FAIL_EKU, X509_V_ERR_INVALID_PURPOSE, buf);
}

int tls_verify_peer(X509_STORE_CTX *s, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(s, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = SSL_get_app_data(ssl);
    X509 *leaf = X509_STORE_CTX_get0_cert(s);
    uint8_t spki[32];
    if (!leaf || !x509_spki_sha256(leaf, spki))
        return refuse(t, s, TLS_FAIL_UNTRUSTED, X509_V_ERR_UNSPECIFIED, "the server's certificate cannot be read");
    pin_text(spki, t->pin);
    bool ok = t->ctx->expect.n_pins ? check_pins(t, s, leaf, spki) : check_chain(t, s, leaf) && check_name(t, s, leaf);
    ok = ok && check_dates(t, s, leaf) && check_usage(t, s, leaf);
    if (ok)
        X509_STORE_CTX_set_error(s, X509_V_OK);
    return ok;
}

/* PEM files: see the header. A key with a passphrase is refused rather than asked for: there is nobody to ask. */
#include "tls/cert_load.h"

#include <limits.h>
#include <stdlib.h>

static bool say(char *err, const char *text)
{
    struct text t = text_of(err, TLS_ERR_TEXT);
    text_str(&t, text);
    return false;
}

static int no_passphrase(char *buf, int size, int rw, void *asked)
{
    (void)buf;
    (void)size;
    (void)rw;
    *(bool *)asked = true;
    return -1;
}

static BIO *bio_of(struct slice pem)
{
    return pem.n && pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
}

static bool load_chain(struct cert_pair *p, struct slice pem, char *err)
{
    bool asked = false;
    BIO *b = bio_of(pem);
    p->rest = sk_X509_new_null();
    for (X509 *x; b && p->rest && (x = PEM_read_bio_X509(b, NULL, no_passphrase, &asked));) {
        if (!p->leaf)
            p->leaf = x;
        else if (!sk_X509_push(p->rest, x))
            X509_free(x);
    }
    BIO_free(b);
    bool clean = !b || ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!clean) {
        struct text t = text_of(err, TLS_ERR_TEXT);
        text_str(&t, "certificate number ");
        text_num(&t, (p->leaf ? 1ul : 0) + (unsigned long)sk_X509_num(p->rest) + 1);
        text_str(&t, " of the chain is damaged");
        return false;
    }
    return p->leaf ? true : say(err, "the chain holds no certificate in PEM form");
}

static bool load_key(struct cert_pair *p, struct slice pem, char *err)
{
    bool asked = false;
    BIO *b = bio_of(pem);
    p->key = b ? PEM_read_bio_PrivateKey(b, NULL, no_passphrase, &asked) : NULL;
    BIO_free(b);
    ERR_clear_error();
    if (p->key)
        return true;
    return say(err, asked
                        ? "the private key is protected with a passphrase; store it without one, readable by root only"
                        : "there is no usable private key in PEM form");
}

static bool key_fits(const struct cert_pair *p, char *err)
{
    if (X509_check_private_key(p->leaf, p->key) == 1)
        return true;
    struct text t = text_of(err, TLS_ERR_TEXT);
    text_str(&t, "the private key does not belong to the first certificate of the chain (");
    x509_subject(&t, p->leaf);
    text_str(&t, ")");
    for (int i = 0; i < sk_X509_num(p->rest); i++)
        if (X509_check_private_key(sk_X509_value(p->rest, i), p->key) == 1) {
            text_str(&t, " but to number ");
            text_num(&t, (unsigned long)i + 2);
            text_str(&t, ": put that first");
            break;
        }
    ERR_clear_error();
    return false;
}

static bool usage_fits(const struct cert_pair *p, char *err)
{
    if (x509_for_servers(p->leaf)) /* [MS-SSTP] 3.2.4.1: clients cancel the call otherwise */
        return true;
    struct text t = text_of(err, TLS_ERR_TEXT);
    text_str(&t, "the certificate has neither the extended key usage Server Authentication nor Any Purpose (it has: ");
    x509_usages(&t, p->leaf);
    text_str(&t, "; subject ");
    x509_subject(&t, p->leaf);
    text_str(&t, ")");
    return false;
}

bool cert_load(struct cert_pair *p, struct slice chain_pem, struct slice key_pem, char err[TLS_ERR_TEXT])
{
    ERR_clear_error();
    return load_chain(p, chain_pem, err) && load_key(p, key_pem, err) && key_fits(p, err) && usage_fits(p, err);
}

void cert_unload(struct cert_pair *p)
{
    X509_free(p->leaf);
    sk_X509_pop_free(p->rest, X509_free);
    EVP_PKEY_free(p->key);
    *p = (struct cert_pair){ 0 };
}

void cert_warn(const struct cert_pair *p, char warning[TLS_ERR_TEXT])
{
    struct text t = text_of(warning, TLS_ERR_TEXT);
    int v = x509_validity(p->leaf);
    if (v) {
        text_str(&t, v < 0 ? "the certificate is not valid yet (" : "the certificate has expired (");
        x509_dates(&t, p->leaf);
        text_str(&t, "): clients will refuse it");
        return;
    }
    const X509 *below = p->leaf;
    for (int i = 0; i < sk_X509_num(p->rest); i++) {
        X509 *above = sk_X509_value(p->rest, i);
        if (X509_check_issued(above, (X509 *)(uintptr_t)below) != X509_V_OK) {
            text_str(&t, "certificate number ");
            text_num(&t, (unsigned long)i + 2);
            text_str(&t, " of the chain did not issue the one before it: the order is wrong or one is missing");
            ERR_clear_error();
            return;
        }
        below = above;
    }
    if (sk_X509_num(p->rest) == 0 && !x509_self_signed(p->leaf)) {
        text_str(&t, "the chain holds only the certificate itself; most clients also need its issuer's (");
        x509_issuer(&t, p->leaf);
        text_str(&t, ") after it");
    }
}

static bool add_pem(X509_STORE *store, struct slice pem, char *err)
{
    struct cert_pair p = { 0 };
    bool ok = load_chain(&p, pem, err) && X509_STORE_add_cert(store, p.leaf) == 1;
    for (int i = 0; ok && i < sk_X509_num(p.rest); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(p.rest, i)) == 1;
    cert_unload(&p);
    return ok;
}

bool cert_load_trust(X509_STORE *store, struct slice ca_pem, char err[TLS_ERR_TEXT])
{
    if (ca_pem.n) {
        /* Whatever the user names is trusted, also an intermediate or the server's own certificate. */
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
        return add_pem(store, ca_pem, err);
    }
    /* Bundles are read here and now; OpenSSL's folders are read when needed, and then there may be no file system. */
    const char *files[] = { secure_getenv(X509_get_default_cert_file_env()),
                            X509_get_default_cert_file(),
                            "/etc/ssl/certs/ca-certificates.crt",
                            "/etc/pki/tls/certs/ca-bundle.crt",
                            "/etc/ssl/ca-bundle.pem",
                            "/etc/ssl/cert.pem" };
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i] && X509_STORE_load_file(store, files[i]) == 1)
            return true;
    return say(err,
               "this system has no store of trusted certificates (package ca-certificates): give a CA file or a pin");
}

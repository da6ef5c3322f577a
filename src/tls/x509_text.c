/* Certificates as text: see the header. OpenSSL prints names with its RFC 2253 escapes; we escape once more what is
 * still not printable, because a subject may hold anything. */
#include "tls/x509_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

enum { MOST_LISTED = 16 };

struct text text_of(char *buf, size_t cap)
{
    buf[0] = '\0';
    return (struct text){ buf, cap, 0 };
}

static void text_put(struct text *t, const char *p, size_t n)
{
    if (t->len + n + 1 <= t->cap - 4) {
        memcpy(t->buf + t->len, p, n);
        t->len += n;
        t->buf[t->len] = '\0';
    } else if (t->len + 1 < t->cap) {
        memcpy(t->buf + t->len, "...", 4); /* room was kept */
        t->len = t->cap - 1;               /* full: nothing after the mark */
    }
}

void text_str(struct text *t, const char *s)
{
    for (; *s; s++)
        text_put(t, s, 1);
}

void text_escaped(struct text *t, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c[5];
        int n = s.p[i] >= 0x20 && s.p[i] < 0x7f ? snprintf(c, sizeof c, "%c", s.p[i])
                                                : snprintf(c, sizeof c, "\\x%02x", s.p[i]);
        text_put(t, c, (size_t)n);
    }
}

void text_num(struct text *t, unsigned long n)
{
    char c[24];
    snprintf(c, sizeof c, "%lu", n);
    text_str(t, c);
}

static void add_name(struct text *t, const X509_NAME *name)
{
    static const unsigned long flags = XN_FLAG_RFC2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB;
    BIO *b = BIO_new(BIO_s_mem());
    char *p = NULL;
    if (b && X509_NAME_print_ex(b, name, 0, flags) >= 0) {
        long n = BIO_get_mem_data(b, &p);
        if (n > 0)
            text_escaped(t, slice_of(p, (size_t)n));
        else
            text_str(t, "(empty)");
    } else {
        text_str(t, "(unreadable)");
    }
    BIO_free(b);
}

void x509_subject(struct text *t, const X509 *x)
{
    add_name(t, X509_get_subject_name(x));
}

void x509_issuer(struct text *t, const X509 *x)
{
    add_name(t, X509_get_issuer_name(x));
}

static void add_date(struct text *t, const ASN1_TIME *when)
{
    struct tm tm;
    char c[32];
    if (!when || ASN1_TIME_to_tm(when, &tm) != 1 || !strftime(c, sizeof c, "%Y-%m-%d", &tm)) {
        text_str(t, "(unreadable)");
        return;
    }
    text_str(t, c);
}

void x509_dates(struct text *t, const X509 *x)
{
    add_date(t, X509_get0_notBefore(x));
    text_str(t, " to ");
    add_date(t, X509_get0_notAfter(x));
}

static bool add_general_name(struct text *t, const GENERAL_NAME *g)
{
    char ip[INET6_ADDRSTRLEN];
    int n;
    const uint8_t *p;
    switch (g->type) {
    case GEN_DNS:
    case GEN_URI:
    case GEN_EMAIL:
        p = ASN1_STRING_get0_data(g->d.ia5);
        n = ASN1_STRING_length(g->d.ia5);
        text_escaped(t, slice_of(p, n > 0 ? (size_t)n : 0));
        return true;
    case GEN_IPADD:
        p = ASN1_STRING_get0_data(g->d.iPAddress);
        n = ASN1_STRING_length(g->d.iPAddress);
        if ((n != 4 && n != 16) || !inet_ntop(n == 4 ? AF_INET : AF_INET6, p, ip, sizeof ip))
            return false;
        text_str(t, ip);
        return true;
    default:
        return false;
    }
}

void x509_names(struct text *t, const X509 *x)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int shown = 0, count = all ? sk_GENERAL_NAME_num(all) : 0;
    for (int i = 0; i < count && shown < MOST_LISTED; i++) {
        struct text before = *t;
        if (shown)
            text_str(t, ", ");
        if (add_general_name(t, sk_GENERAL_NAME_value(all, i))) {
            shown++;
        } else {
            *t = before;
            t->buf[t->len < t->cap ? t->len : t->cap - 1] = '\0';
        }
    }
    if (!shown)
        text_str(t, "none");
    else if (count > shown && shown == MOST_LISTED)
        text_str(t, ", ...");
    GENERAL_NAMES_free(all);
}

static void add_usage(struct text *t, const ASN1_OBJECT *o)
{
    char oid[80];
    switch (OBJ_obj2nid(o)) {
    case NID_server_auth:
        text_str(t, "Server Authentication");
        return;
    case NID_client_auth:
        text_str(t, "Client Authentication");
        return;
    case NID_anyExtendedKeyUsage:
        text_str(t, "Any Purpose");
        return;
    default:
        if (OBJ_obj2txt(oid, sizeof oid, o, 0) <= 0)
            snprintf(oid, sizeof oid, "(unreadable)");
        text_escaped(t, slice_str(oid));
    }
}

void x509_usages(struct text *t, const X509 *x)
{
    EXTENDED_KEY_USAGE *u = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    int n = u ? sk_ASN1_OBJECT_num(u) : 0;
    for (int i = 0; i < n && i < MOST_LISTED; i++) {
        if (i)
            text_str(t, ", ");
        add_usage(t, sk_ASN1_OBJECT_value(u, i));
    }
    if (n <= 0)
        text_str(t, "none");
    sk_ASN1_OBJECT_pop_free(u, ASN1_OBJECT_free);
}

void x509_describe(struct text *t, const X509 *x)
{
    text_str(t, "subject ");
    x509_subject(t, x);
    text_str(t, "; issuer ");
    x509_issuer(t, x);
    text_str(t, "; valid ");
    x509_dates(t, x);
    text_str(t, "; names ");
    x509_names(t, x);
    text_str(t, "; usages ");
    x509_usages(t, x);
}

bool x509_for_servers(const X509 *x)
{
    /* [MS-SSTP] 3.2.4.1: "Server Authentication" or "Any Purpose" must be there; a certificate without the extension,
     * which RFC 5280 4.2.1.12 would let pass for anything, has neither. */
    EXTENDED_KEY_USAGE *u = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    bool found = false;
    for (int i = 0; u && i < sk_ASN1_OBJECT_num(u); i++) {
        int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(u, i));
        found |= nid == NID_server_auth || nid == NID_anyExtendedKeyUsage;
    }
    sk_ASN1_OBJECT_pop_free(u, ASN1_OBJECT_free);
    return found;
}

int x509_validity(const X509 *x)
{
    int from = X509_cmp_current_time(X509_get0_notBefore(x)), to = X509_cmp_current_time(X509_get0_notAfter(x));
    if (from == 0 || to == 0)
        return 1;
    if (from > 0)
        return -1;
    return to < 0;
}

bool x509_self_signed(const X509 *x)
{
    return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

bool x509_spki_sha256(const X509 *x, uint8_t out[32])
{
    uint8_t *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    bool ok = n > 0 && EVP_Digest(der, (size_t)n, out, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return ok;
}

bool x509_hashes(const X509 *x, struct tls_cert_hash *out)
{
    struct tls_cert_hash h;
    unsigned a = sizeof h.sha1, b = sizeof h.sha256;
    if (X509_digest(x, EVP_sha1(), h.sha1, &a) != 1 || X509_digest(x, EVP_sha256(), h.sha256, &b) != 1)
        return false;
    *out = h;
    return true;
}

void pin_text(const uint8_t sha256[32], char out[PIN_TEXT])
{
    memcpy(out, "sha256//", 8);
    EVP_EncodeBlock((unsigned char *)out + 8, sha256, 32); /* 44 characters and a NUL */
}

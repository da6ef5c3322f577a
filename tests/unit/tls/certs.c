/* Test certificates with OpenSSL's own calls, deliberately not with src/tls/cert.c. */
#include "certs.h"

#include <assert.h>
#include <stdlib.h>

static char arena[1 << 20];
static size_t arena_used;

static struct slice keep(const void *p, size_t n)
{
    assert(arena_used + n <= sizeof arena);
    memcpy(arena + arena_used, p, n);
    arena_used += n;
    return slice_of(arena + arena_used - n, n);
}

static void ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    assert(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

static void raw_san(X509 *x, const struct cert_spec *s)
{
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_STRING *v = ASN1_IA5STRING_new();
    ASN1_STRING_set(v, s->raw_dns, (int)s->raw_dns_len);
    GENERAL_NAME_set0_value(g, GEN_DNS, v);
    sk_GENERAL_NAME_push(all, g);
    X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, 0);
    GENERAL_NAMES_free(all);
}

struct made cert_make(const struct cert_spec *s, const struct made *issuer)
{
    static long serial = 1000;
    struct made m = { X509_new(), s->rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256") };
    X509 *by = issuer ? issuer->x : m.x;
    bool dated = s->from || s->to;
    X509_set_version(m.x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(m.x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(m.x), dated ? s->from : -3600);
    X509_gmtime_adj(X509_getm_notAfter(m.x), dated ? s->to : 86400);
    X509_set_pubkey(m.x, m.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(m.x), "CN", MBSTRING_UTF8, (const uint8_t *)s->cn, -1, -1, 0);
    X509_set_issuer_name(m.x, X509_get_subject_name(by));
    ext(m.x, by, NID_basic_constraints, s->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    ext(m.x, by, NID_key_usage, s->ca ? "keyCertSign" : "digitalSignature,keyEncipherment");
    ext(m.x, by, NID_subject_key_identifier, "hash");
    if (s->san)
        ext(m.x, by, NID_subject_alt_name, s->san);
    if (s->raw_dns)
        raw_san(m.x, s);
    if (s->eku)
        ext(m.x, by, NID_ext_key_usage, s->eku);
    int n = X509_sign(m.x, issuer ? issuer->key : m.key, EVP_sha256());
    assert(n > 0);
    (void)n;
    return m;
}

void cert_unmake(struct made *m)
{
    X509_free(m->x);
    EVP_PKEY_free(m->key);
    *m = (struct made){ 0 };
}

static struct slice take(BIO *b)
{
    char *p;
    long n = BIO_get_mem_data(b, &p);
    struct slice s = keep(p, (size_t)n);
    BIO_free(b);
    return s;
}

struct slice pem_of(const struct made *const *chain, size_t n)
{
    BIO *b = BIO_new(BIO_s_mem());
    for (size_t i = 0; i < n; i++)
        PEM_write_bio_X509(b, chain[i]->x);
    return take(b);
}

struct slice pem_key(const struct made *m, const char *passphrase)
{
    BIO *b = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(b, m->key, passphrase ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                             (void *)(uintptr_t)passphrase);
    return take(b);
}

struct slice pem_join(struct slice a, struct slice b)
{
    struct slice s = keep(a.p, a.n);
    keep(b.p, b.n);
    return slice_of(s.p, a.n + b.n);
}

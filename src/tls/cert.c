/* Making and describing certificates: see the header. Files are written beside their place and renamed into it. */
#include "tls/cert.h"

#include "tls/x509_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SERIAL_LEN = 16, COMMON_NAME_MAX = 64 };

__attribute__((format(printf, 3, 4))) static int fail(char *err, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err, TLS_ERR_TEXT, fmt, ap);
    va_end(ap);
    return code;
}

/* ---- making ---- */

static bool plain_name(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n < 254 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*") == n;
}

static GENERAL_NAME *general_name(const char *s)
{
    uint8_t ip[16];
    int len = inet_pton(AF_INET, s, ip) == 1 ? 4 : inet_pton(AF_INET6, s, ip) == 1 ? 16 : 0;
    if (!len && !plain_name(s))
        return NULL;
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_STRING *v = len ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    bool ok = g && v && (len ? ASN1_STRING_set(v, ip, len) : ASN1_STRING_set(v, s, -1)) == 1;
    if (ok) {
        GENERAL_NAME_set0_value(g, len ? GEN_IPADD : GEN_DNS, v);
        return g;
    }
    ASN1_STRING_free(v);
    GENERAL_NAME_free(g);
    return NULL;
}

static int add_names(X509 *x, const char *const *names, size_t n, char *err)
{
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    int e = all ? 0 : fail(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n && !e; i++) {
        GENERAL_NAME *g = general_name(names[i]);
        if (!g || !sk_GENERAL_NAME_push(all, g)) {
            GENERAL_NAME_free(g);
            e = fail(err, ERR_VALUE, "\"%.64s\" is neither a DNS name nor an address", names[i]);
        }
    }
    if (!e && X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) != 1)
        e = fail(err, ERR_SYSTEM, "the names cannot be put into the certificate");
    GENERAL_NAMES_free(all);
    return e;
}

static bool add_ext(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool set_serial(X509 *x)
{
    uint8_t serial[SERIAL_LEN];
    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] = (serial[0] & 0x7f) | 0x40; /* RFC 5280 4.1.2.2: positive, not zero */
    BIGNUM *b = BN_bin2bn(serial, sizeof serial, NULL);
    bool ok = b && BN_to_ASN1_INTEGER(b, X509_get_serialNumber(x));
    BN_free(b);
    return ok;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *first)
{
    /* RFC 5280 A.1: a common name has at most 64 characters; nobody compares it any more. */
    const char *cn = strlen(first) <= COMMON_NAME_MAX ? first : "Adit SSTP server";
    X509_NAME *name = X509_get_subject_name(x);
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && X509_set_pubkey(x, key) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0) == 1 &&
           X509_set_issuer_name(x, name) == 1 && X509_gmtime_adj(X509_getm_notBefore(x), -3600) && /* clocks differ */
           X509_gmtime_adj(X509_getm_notAfter(x), CERT_DAYS * 86400L - 3600) &&
           add_ext(x, NID_basic_constraints, "critical,CA:FALSE") &&
           add_ext(x, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
           add_ext(x, NID_ext_key_usage, "serverAuth") && add_ext(x, NID_subject_key_identifier, "hash");
}

/* ---- writing ---- */

/* Writes one PEM object beside `path`; tmp is its name there. */
static int write_beside(const char *path, mode_t mode, X509 *x, EVP_PKEY *key, char tmp[PATH_MAX], char *err)
{
    if (snprintf(tmp, PATH_MAX, "%s.XXXXXX", path) >= PATH_MAX)
        return fail(err, ERR_SYSTEM, "the path is too long");
    int fd = mkostemp(tmp, O_CLOEXEC); /* 0600 from the start */
    if (fd < 0) {
        int e = errno;
        tmp[0] = '\0';
        return fail(err, ERR_SYSTEM, "cannot write %.160s: %s", path, strerror(e));
    }
    FILE *f = fdopen(fd, "w");
    bool ok = f && fchmod(fd, mode) == 0 &&
              (key ? PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) : PEM_write_X509(f, x)) == 1 &&
              fflush(f) == 0 && fsync(fd) == 0;
    if (f)
        fclose(f);
    else
        close(fd);
    return ok ? 0 : fail(err, ERR_SYSTEM, "cannot write %.160s: %s", path, strerror(errno));
}

static int write_both(X509 *x, EVP_PKEY *key, const char *cert_path, const char *key_path, char *err)
{
    char cert_tmp[PATH_MAX] = "", key_tmp[PATH_MAX] = "";
    int e = write_beside(key_path, 0600, NULL, key, key_tmp, err);
    if (!e)
        e = write_beside(cert_path, 0644, x, NULL, cert_tmp, err);
    if (!e && (rename(key_tmp, key_path) < 0 || rename(cert_tmp, cert_path) < 0))
        e = fail(err, ERR_SYSTEM, "cannot put %.80s and %.80s in place: %s", key_path, cert_path, strerror(errno));
    if (e && key_tmp[0])
        unlink(key_tmp);
    if (e && cert_tmp[0])
        unlink(cert_tmp);
    return e;
}

int cert_self_signed(const char *const *names, size_t n, const char *cert_path, const char *key_path,
                     char err[TLS_ERR_TEXT])
{
    err[0] = '\0';
    if (!n)
        return fail(err, ERR_VALUE, "a certificate needs at least one name or address");
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *x = key ? X509_new() : NULL;
    int e = x && fill(x, key, names[0]) ? 0 : fail(err, ERR_SYSTEM, "OpenSSL cannot make a certificate");
    if (!e)
        e = add_names(x, names, n, err);
    if (!e && X509_sign(x, key, EVP_sha256()) <= 0)
        e = fail(err, ERR_SYSTEM, "OpenSSL cannot sign the certificate");
    if (!e)
        e = write_both(x, key, cert_path, key_path, err);
    X509_free(x);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return e;
}

/* ---- describing ---- */

static void key_kind(const X509 *x, char *buf, size_t cap)
{
    EVP_PKEY *k = X509_get0_pubkey(x);
    const char *name = k ? EVP_PKEY_get0_type_name(k) : NULL;
    snprintf(buf, cap, "%s %d", name ? name : "unknown", k ? EVP_PKEY_get_bits(k) : 0);
}

static long long days_left(const X509 *x)
{
    int days = 0, seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1)
        return -1;
    return seconds < 0 ? days - 1 : days;
}

static int describe(X509 *x, struct cert_info *out)
{
    struct cert_info i = { 0 };
    uint8_t spki[32];
    if (!x509_hashes(x, &i.hash) || !x509_spki_sha256(x, spki))
        return ERR_VALUE;
    struct text t = text_of(i.subject, sizeof i.subject);
    x509_subject(&t, x);
    t = text_of(i.issuer, sizeof i.issuer);
    x509_issuer(&t, x);
    t = text_of(i.names, sizeof i.names);
    x509_names(&t, x);
    t = text_of(i.usages, sizeof i.usages);
    x509_usages(&t, x);
    t = text_of(i.dates, sizeof i.dates);
    x509_dates(&t, x);
    pin_text(spki, i.pin);
    key_kind(x, i.key, sizeof i.key);
    i.days_left = days_left(x);
    i.for_servers = x509_for_servers(x);
    i.self_signed = x509_self_signed(x);
    *out = i;
    return 0;
}

static int describe_and_free(X509 *x, struct cert_info *out)
{
    int e = x ? describe(x, out) : ERR_VALUE;
    X509_free(x);
    ERR_clear_error();
    return e;
}

int cert_info(struct slice pem, struct cert_info *out)
{
    BIO *b = pem.n && pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    static char no_passphrase[] = ""; /* never ask on the terminal */
    X509 *x = b ? PEM_read_bio_X509(b, NULL, NULL, no_passphrase) : NULL;
    BIO_free(b);
    return describe_and_free(x, out);
}

int cert_info_der(struct slice der, struct cert_info *out)
{
    const uint8_t *p = der.p;
    X509 *x = der.n && der.n <= LONG_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (x && p != der.p + der.n) {
        X509_free(x); /* one certificate and nothing after it */
        x = NULL;
    }
    return describe_and_free(x, out);
}

/* Certificates for the tests, made as needed: right ones, and wrong ones of every kind. */
#ifndef ADIT_TESTS_CERTS_H
#define ADIT_TESTS_CERTS_H

#include "tls/openssl.h"

#include "base/slice.h"

struct cert_spec {
    const char *cn;
    const char *san; /* OpenSSL's notation: "DNS:a,IP:192.0.2.1"; NULL: none */
    const char *eku; /* "serverAuth"; NULL: no such extension */
    long from, to;   /* seconds from now; 0, 0: an hour ago to tomorrow */
    bool ca;
    bool rsa;            /* else P-256 */
    const char *raw_dns; /* one DNS name with these bytes, NUL included */
    size_t raw_dns_len;
};

struct made {
    X509 *x;
    EVP_PKEY *key;
};

/* issuer NULL: self-signed. */
struct made cert_make(const struct cert_spec *s, const struct made *issuer);
void cert_unmake(struct made *m);
/* PEM texts live until the process ends (a small arena); chains are joined in order. */
struct slice pem_of(const struct made *const *chain, size_t n);
struct slice pem_key(const struct made *m, const char *passphrase);
struct slice pem_join(struct slice a, struct slice b);

#endif

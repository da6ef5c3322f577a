/* Certificates outside of connections: making a self-signed one for a first start, and saying what one holds. */
#ifndef ADIT_TLS_CERT_H
#define ADIT_TLS_CERT_H

#include "tls/tls.h"

enum { CERT_DAYS = 825 };

/* Makes a key and a self-signed certificate for these DNS names and IP literals (the first one is also the subject)
 * and writes both as PEM: the key with mode 0600, the certificate 0644, each whole or not at all. RSA with 2048 bits:
 * every SSTP client there is can verify it, also those whose ECDSA support is partial (older RouterOS); it costs half
 * a millisecond a handshake. CA:FALSE, extended key usage Server Authentication: put into Windows' Trusted Root store
 * of the machine it is trusted as itself and can issue nothing. ERR_VALUE (no or unusable names), ERR_SYSTEM, with
 * text. */
int cert_self_signed(const char *const *names, size_t n, const char *cert_path, const char *key_path,
                     char err[TLS_ERR_TEXT]) MUST_CHECK;

/* What a certificate says; texts are printable, escaped and cut. */
struct cert_info {
    char subject[256], issuer[256];
    char names[1024];    /* DNS names and addresses, comma-separated; "none" */
    char usages[256];    /* extended key usages; "none" */
    char dates[64];      /* "2026-01-02 to 2028-03-04" */
    char key[32];        /* "RSA 2048", "EC 256" */
    char pin[56];        /* "sha256//BASE64" of its public key */
    long long days_left; /* until it expires; negative: expired */
    bool for_servers;    /* [MS-SSTP] 3.2.4.1 */
    bool self_signed;
    struct tls_cert_hash hash;
};
/* The first certificate of a PEM text. ERR_VALUE: none, or not readable. */
int cert_info(struct slice pem, struct cert_info *out) MUST_CHECK;
int cert_info_der(struct slice der, struct cert_info *out) MUST_CHECK;

#endif

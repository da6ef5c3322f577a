/* Certificates and keys from PEM text: the server's chain with its key, and the store that a client trusts. Internal to
 * the TLS engine; says in words what is wrong with a file. */
#ifndef ADIT_TLS_CERT_LOAD_H
#define ADIT_TLS_CERT_LOAD_H

#include "tls/x509_text.h"

struct cert_pair {
    X509 *leaf;
    STACK_OF(X509) * rest; /* the file's other certificates, in its order */
    EVP_PKEY *key;
};

/* False and text: see tls_ctx_server(). Call cert_unload() in either case. */
bool cert_load(struct cert_pair *p, struct slice chain_pem, struct slice key_pem, char err[TLS_ERR_TEXT]);
void cert_unload(struct cert_pair *p);
/* What clients may stumble over; "" if nothing. */
void cert_warn(const struct cert_pair *p, char warning[TLS_ERR_TEXT]);
/* Adds the certificates of ca_pem, or of the system if it is empty, to the store, at once. */
bool cert_load_trust(X509_STORE *store, struct slice ca_pem, char err[TLS_ERR_TEXT]);

#endif

/* OpenSSL's library context of ours: its own algorithms, but of them only those that TLS needs as we speak it.
 *
 * OpenSSL 3.0 walks through all that it knows when it reads the key of a certificate, a hundred microseconds in each
 * handshake of a client (docs/decisions/0009). Here it knows a tenth of that; and what a stranger's certificate reaches of
 * its decoders is five kinds of keys. */
#ifndef ADIT_TLS_LIBRARY_H
#define ADIT_TLS_LIBRARY_H

#include "tls/openssl.h"

/* For a program of its own, while it has one thread (tls_prepare() does it): it loads OpenSSL's default provider, whatever
 * openssl.cnf says. Reads no file. Where there is no memory all stays as it was. */
void tls_library_prepare(void);
/* For SSL_CTX_new_ex(3) and its like. NULL, which is OpenSSL's default context, if it was not prepared. */
OSSL_LIB_CTX *tls_library(void);

#endif

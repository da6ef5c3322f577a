/* OpenSSL's headers, for the files of this folder: OpenSSL has a type by the name of our ERR_STATE, which nobody
 * needs and which gets another name here. */
#ifndef ADIT_TLS_OPENSSL_H
#define ADIT_TLS_OPENSSL_H

#define ERR_STATE openssl_err_state
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif

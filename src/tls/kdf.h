/* TLS 1.3's key schedule for OpenSSL, without the detours of OpenSSL 3.0's own: that one makes, fetches and frees a dozen
 * objects for each of the seventeen secrets of a handshake, eight times the work of the hashing (docs/decisions/0009). */
#ifndef ADIT_TLS_KDF_H
#define ADIT_TLS_KDF_H

#include "tls/openssl.h"

#include <openssl/core_dispatch.h>

/* What tls/library.c offers as TLS13-KDF: HKDF-Extract and HKDF-Expand-Label (RFC 5869 2, RFC 8446 7.1) with SHA-256 and
 * SHA-384. All parameters come with EVP_KDF_derive(3), as libssl gives them; none are kept from before. */
extern const OSSL_DISPATCH tls_kdf_functions[];

#endif

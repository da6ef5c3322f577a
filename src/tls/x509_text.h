/* What a certificate says, for people: its names, dates and usages as printable text, and the questions we ask of it.
 *
 * The bytes are the peer's: whatever is not printable ASCII is escaped as \xNN, and what is too long is cut
 * with "...". Reads certificates, judges none (tls_verify does). */
#ifndef ADIT_TLS_X509_TEXT_H
#define ADIT_TLS_X509_TEXT_H

#include "tls/openssl.h"
#include "tls/tls.h"

/* Text that grows in a caller's buffer; always ends with NUL; what does not fit is cut and marked. */
struct text {
    char *buf;
    size_t cap, len;
};

struct text text_of(char *buf, size_t cap); /* cap: 8 at least */
void text_str(struct text *t, const char *s);
void text_escaped(struct text *t, struct slice s);
void text_num(struct text *t, unsigned long n);

/* "vpn.example.com (CN), Example (O)" would be prettier; this is RFC 2253's "CN=vpn.example.com,O=Example". */
void x509_subject(struct text *t, const X509 *x);
void x509_issuer(struct text *t, const X509 *x);
void x509_dates(struct text *t, const X509 *x);  /* "2026-01-02 to 2028-03-04" (UTC) */
void x509_names(struct text *t, const X509 *x);  /* subject alternative names: DNS names and addresses; "none" */
void x509_usages(struct text *t, const X509 *x); /* extended key usages; "none" */
/* All of these in one line. */
void x509_describe(struct text *t, const X509 *x);

/* [MS-SSTP] 3.2.4.1: has the extended key usage Server Authentication or Any Purpose (no extension: false). */
bool x509_for_servers(const X509 *x);
/* < 0: not valid yet; 0: valid now; > 0: expired. Unreadable dates count as expired. */
int x509_validity(const X509 *x);
bool x509_self_signed(const X509 *x);
/* SHA-256 of the SubjectPublicKeyInfo. */
bool x509_spki_sha256(const X509 *x, uint8_t out[32]);
bool x509_hashes(const X509 *x, struct tls_cert_hash *out);

enum { PIN_TEXT = 56 };
/* "sha256//BASE64" */
void pin_text(const uint8_t sha256[32], char out[PIN_TEXT]);

#endif

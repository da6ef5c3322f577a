/* The TLS engine: ciphertext in, plaintext out, and back, over buffers that the worker lends.
 *
 * No socket, no memory BIO, no buffer per session while it has nothing to hold: our own BIO reads from the
 * ciphertext lent by tls_feed() and writes into the worker's one output buffer (struct tls_io). No resumption in
 * any form, no renegotiation, no early data, ALPN http/1.1 only: the crypto binding hashes the certificate of *this*
 * handshake. TLS 1.2 and 1.3. Implemented by tls_openssl.c. */
#ifndef ADIT_TLS_TLS_H
#define ADIT_TLS_TLS_H

#include "base/err.h"
#include "base/slice.h"

enum { TLS_ERR_TEXT = 256 };

/* Shared by all connections of one worker: where ciphertext comes from and goes to during one call. */
struct tls_io {
    struct slice in;      /* ciphertext not yet taken; set by tls_feed, advanced by the BIO */
    uint8_t *out;         /* ciphertext to send; appended by the BIO */
    size_t out_len, out_cap;
};

struct tls_ctx;
struct tls;

/* Digests of a certificate's DER. */
struct tls_cert_hash {
    uint8_t sha1[20];
    uint8_t sha256[32];
};

/* Server: PEM chain (leaf first) and key. NULL and text on failure (text names what is wrong). */
struct tls_ctx *tls_ctx_server(struct slice chain_pem, struct slice key_pem, char err[TLS_ERR_TEXT]) MUST_CHECK;

/* Client: how the server is verified before a byte of HTTP is sent. */
struct tls_verify {
    const char *name;        /* DNS name dialled, or NULL */
    const char *ip;          /* IP literal dialled, or NULL; exactly one of the two */
    struct slice ca_pem;     /* empty: the system's store */
    struct slice pins;       /* n times 32 bytes: SHA-256 of the SubjectPublicKeyInfo; replaces chain and name, never dates or EKU */
};
struct tls_ctx *tls_ctx_client(const struct tls_verify *v, char err[TLS_ERR_TEXT]) MUST_CHECK;
void tls_ctx_free(struct tls_ctx *c);
/* Server: hashes of the leaf it presents. */
void tls_ctx_hash(const struct tls_ctx *c, struct tls_cert_hash *out);

struct tls *tls_new(struct tls_ctx *c, struct tls_io *io) MUST_CHECK; /* holds a reference to c */
void tls_free(struct tls *t);

enum tls_state { TLS_HANDSHAKE, TLS_OPEN, TLS_CLOSED, TLS_FAILED };
enum tls_state tls_state(const struct tls *t);

/* Drives the handshake with io->in; output lands in io->out. Returns 1 when open, 0 when it needs more, or an error. */
int tls_handshake(struct tls *t) MUST_CHECK;
/* Decrypts from io->in into dst. > 0 bytes; 0: io->in is used up; ERR_ENDED: close_notify; other errors: dead. */
long tls_read(struct tls *t, uint8_t *dst, size_t cap) MUST_CHECK;
/* Encrypts all of src into io->out (records of at most 16 KB). 0, or ERR_NOBUF (nothing written; io->out needs
 * n + 64 per 16 KB record + 512 free), or an error. */
int tls_write(struct tls *t, const uint8_t *src, size_t n) MUST_CHECK;
/* Puts close_notify into io->out. */
void tls_close(struct tls *t);

/* The leaf of *this* handshake: server: ours; client: the peer's. ERR_STATE before the handshake is done. */
int tls_leaf_hash(const struct tls *t, struct tls_cert_hash *out) MUST_CHECK;
const char *tls_version(const struct tls *t);
const char *tls_cipher(const struct tls *t);

enum tls_fail { /* why a client handshake failed; exit codes and events follow from it */
    TLS_FAIL_NONE, TLS_FAIL_PROTOCOL, TLS_FAIL_UNTRUSTED, TLS_FAIL_NAME, TLS_FAIL_DATES, TLS_FAIL_EKU, TLS_FAIL_PIN,
};
enum tls_fail tls_fail(const struct tls *t);
/* A sentence on what went wrong, for a person: subject, issuer, dates, names found, EKUs found. */
const char *tls_fail_text(const struct tls *t);
/* "sha256//BASE64" of the server's public key, also when it was not trusted; "" if no certificate was seen. */
const char *tls_peer_pin(const struct tls *t);

#endif

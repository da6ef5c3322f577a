/* The TLS engine: ciphertext in, plaintext out, and back, over buffers that the worker lends.
 *
 * No socket, no memory BIO, no buffer per session while it has nothing to hold: our own BIO reads from the
 * ciphertext lent in tls_io.in and writes into the worker's one output buffer (tls_io.out). No resumption in
 * any form, no renegotiation, no early data, ALPN http/1.1 only: the crypto binding hashes the certificate of *this*
 * handshake. TLS 1.2 and 1.3. Implemented by tls_openssl.c and its neighbours.
 *
 * How it is driven: the caller sets io->in to what the socket gave and io->out to an empty buffer, calls
 * tls_handshake() until it returns 1, then tls_read() and tls_write(), and sends io->out after every call, also after
 * one that failed (it may hold an alert that tells the peer why). ERR_NOBUF from any of them means that io->out is
 * full: send it and call again, nothing is lost. What tls_read() leaves of io->in (after an error) is of no use. */
#ifndef ADIT_TLS_TLS_H
#define ADIT_TLS_TLS_H

#include "base/err.h"
#include "base/slice.h"

enum { TLS_ERR_TEXT = 256, TLS_RECORD = 16384, TLS_OUT_MIN = 4096, TLS_READ_ROOM = 512 };

/* Shared by all connections of one worker: where ciphertext comes from and goes to during one call. */
struct tls_io {
    struct slice in; /* ciphertext not yet taken; set by the caller, advanced by the BIO */
    uint8_t *out;    /* ciphertext to send; appended by the BIO; TLS_OUT_MIN bytes at least */
    size_t out_len, out_cap;
};

struct tls_ctx;
struct tls;

/* Digests of a certificate's DER. */
struct tls_cert_hash {
    uint8_t sha1[20];
    uint8_t sha256[32];
};

/* For a program of its own: sets the library up now, without any file: call it before files are out of reach, and before
 * there are threads. Otherwise it sets itself up when it is first used, reads the host's openssl.cnf then, and is slower
 * (tls/library.h). */
void tls_prepare(void);
/* Whether contexts made from now on use the wide AES-GCM of tls/gcm.h, where this host has it; at first they do not. For a
 * program that has called tls_prepare(), and has one thread. Returns whether they will. */
bool tls_wide_gcm(bool on);
/* Server: PEM chain (leaf first) and key. NULL and text on failure (text names what is wrong: event 11's field).
 * Refused: a key that is encrypted or belongs to another certificate, and a leaf without the extended key usage
 * Server Authentication or Any Purpose. */
struct tls_ctx *tls_ctx_server(struct slice chain_pem, struct slice key_pem, char err[TLS_ERR_TEXT]) MUST_CHECK;
/* Server: what clients may stumble over though it can be used (intermediate missing, expired, …); "" if nothing. */
const char *tls_ctx_warning(const struct tls_ctx *c);

/* Client: how the server is verified before a byte of HTTP is sent. The strings are copied. */
struct tls_verify {
    const char *name;    /* DNS name dialled, or NULL */
    const char *ip;      /* IP literal dialled (no brackets; a %zone is ignored), or NULL; exactly one of the two */
    struct slice ca_pem; /* empty: the system's store */
    struct slice
        pins; /* n times 32 bytes: SHA-256 of the SubjectPublicKeyInfo; replaces chain and name, never dates or EKU */
};
/* Reads the system's store at once: call it before giving up the file system. NULL and text on failure. */
struct tls_ctx *tls_ctx_client(const struct tls_verify *v, char err[TLS_ERR_TEXT]) MUST_CHECK;
void tls_ctx_free(struct tls_ctx *c); /* connections that use it keep it alive; NULL is fine */
/* Server: hashes of the leaf it presents. */
void tls_ctx_hash(const struct tls_ctx *c, struct tls_cert_hash *out);

/* Holds a reference to c. io outlives it. NULL: out of memory. */
struct tls *tls_new(struct tls_ctx *c, struct tls_io *io) MUST_CHECK;
void tls_free(struct tls *t); /* NULL is fine */

enum tls_state { TLS_HANDSHAKE, TLS_OPEN, TLS_CLOSED, TLS_FAILED }; /* CLOSED: the peer's close_notify came */
enum tls_state tls_state(const struct tls *t);

/* Drives the handshake with io->in; output lands in io->out. 1 when open, 0 when it needs more input, ERR_NOBUF (see
 * above), or an error: ERR_SECURITY (client: the certificate, see tls_fail), ERR_VERSION (not TLS, or no common
 * version), ERR_REFUSED (the peer sent a fatal alert), ERR_VALUE (anything else that the peer did wrong), ERR_NOMEM
 * (also from those below). */
int tls_handshake(struct tls *t) MUST_CHECK;
/* Decrypts from io->in into dst, at most one record a call. > 0 bytes; 0: io->in is used up; ERR_ENDED: close_notify;
 * ERR_NOBUF: io->out has less than TLS_READ_ROOM free, nothing was taken (reading may have to say something); other
 * errors: dead. The answer to a KeyUpdate goes out with the next tls_write(). */
long tls_read(struct tls *t, uint8_t *dst, size_t cap) MUST_CHECK;
/* Free space that io->out needs for tls_write of n bytes, whatever the cipher and whatever waits to be sent first. */
static inline size_t tls_write_room(size_t n)
{
    return n + (n / TLS_RECORD + 1) * 64 + 512;
}
/* Encrypts all of src into io->out (records of at most 16 KB). 0, or ERR_NOBUF (nothing written; io->out needs
 * tls_write_room(n) free), ERR_STATE (not open), or an error. */
int tls_write(struct tls *t, const uint8_t *src, size_t n) MUST_CHECK;
/* Puts close_notify into io->out (if there is room); nothing during a handshake or after a failure. */
void tls_close(struct tls *t);
/* The transport ended. ERR_ENDED if the peer had said close_notify, else ERR_TRUNCATED (TLS_FAILED, with its text). */
int tls_eof(struct tls *t) MUST_CHECK;
/* New keys for our direction, and with `both` asks for the peer's (TLS 1.3 only, ERR_STATE otherwise); goes out with
 * the next tls_write(). Ours are renewed by themselves in good time (RFC 8446 5.5). */
int tls_key_update(struct tls *t, bool both) MUST_CHECK;

/* The leaf of *this* handshake: server: ours; client: the peer's. ERR_STATE before the handshake is done. */
int tls_leaf_hash(const struct tls *t, struct tls_cert_hash *out) MUST_CHECK;
const char *tls_version(const struct tls *t);
const char *tls_cipher(const struct tls *t);

enum tls_fail { /* why a client handshake failed; exit codes and events follow from it */
                TLS_FAIL_NONE,
                TLS_FAIL_PROTOCOL,
                TLS_FAIL_UNTRUSTED,
                TLS_FAIL_NAME,
                TLS_FAIL_DATES,
                TLS_FAIL_EKU,
                TLS_FAIL_PIN,
};
enum tls_fail tls_fail(const struct tls *t);
/* A sentence on what went wrong, for a person: subject, issuer, dates, names found, EKUs found. "" if nothing did.
 * Printable ASCII: what the peer controls is escaped and cut. Either role. */
const char *tls_fail_text(const struct tls *t);
/* "sha256//BASE64" of the server's public key, also when it was not trusted; "" if no certificate was seen. */
const char *tls_peer_pin(const struct tls *t);

#endif

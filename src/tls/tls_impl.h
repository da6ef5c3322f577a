/* What the files of the TLS engine share. Not for others. */
#ifndef ADIT_TLS_TLS_IMPL_H
#define ADIT_TLS_TLS_IMPL_H

#include "tls/hello_guard.h"
#include "tls/tls.h"
#include "tls/x509_text.h"

enum {
    TLS_FAIL_TEXT = 1024,
    TLS_NAME_MAX = 254,
    TLS_KEY_RECORDS = 1 << 24, /* RFC 8446 5.5: 2^24.5 full ones of AES-GCM is where a key has to be changed */
};

/* What a client expects of the server. */
struct tls_expect {
    char name[TLS_NAME_MAX]; /* "": an address was dialled */
    char ip_text[48];
    uint8_t ip[16];
    size_t ip_len;
    uint8_t *pins;
    size_t n_pins;
};

struct tls_ctx {
    SSL_CTX *ssl;
    BIO_METHOD *bio;
    unsigned refs;
    bool server;
    struct tls_cert_hash hash;
    char warning[TLS_ERR_TEXT];
    struct tls_expect expect;
};

struct tls {
    SSL *ssl;
    struct tls_ctx *ctx;
    struct tls_io *io;
    enum tls_state state;
    enum tls_fail fail;
    int err; /* what every call returns once it failed */
    bool
        poor; /* memory was refused to OpenSSL in one of its calls: what goes wrong then is our fault, whatever it says */
    bool shut;        /* our close_notify is out */
    uint32_t records; /* written with this key, about */
    uint8_t n_first;
    uint8_t first[8]; /* how the peer began, for the error text */
    struct hello_guard guard;
    char *text; /* only after a failure */
    char pin[PIN_TEXT];
};

/* tls_bio.c: the BIO between OpenSSL and tls_io. */
BIO_METHOD *tls_bio_method(void);

/* tls_verify.c: the certificate callback of a client; `arg` is unused. */
int tls_verify_peer(X509_STORE_CTX *s, void *arg);

/* tls_reason.c: what OpenSSL's error means: an enum err, and a sentence. `first`: how the peer began. */
int tls_reason(unsigned long code, struct slice first, struct text *out);

/* tls_memory.c: has OpenSSL been refused memory in this thread since the last call of this? */
bool tls_memory_refused(void);

/* Sets fail and text, once (the first reason counts). */
void tls_set_fail(struct tls *t, enum tls_fail why, const char *text);

#endif

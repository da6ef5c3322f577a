/* Two ends of TLS over two byte queues, for the tests: ours against ours, or ours against a plain OpenSSL peer. */
#ifndef ADIT_TESTS_PAIR_H
#define ADIT_TESTS_PAIR_H

#include "tls/tls.h"

enum { PIPE_CAP = 1 << 20 };

/* One end: what waits to be read by it, and where it writes. */
struct tls_end {
    struct tls_io io;
    struct tls *t;
    uint8_t *in; /* queue of ciphertext towards this end */
    size_t in_len;
    uint8_t out[TLS_OUT_MIN + 128 * 1024];
};

void end_open(struct tls_end *e, struct tls_ctx *c, size_t out_cap);
void end_close(struct tls_end *e);
/* Moves what `from` has written into the queue of `to`. */
void end_ship(struct tls_end *from, struct tls_end *to);
/* Lends at most `chunk` bytes of the queue to the engine, calls it, and takes back what it left. */
int end_handshake(struct tls_end *e, size_t chunk);
long end_read(struct tls_end *e, uint8_t *dst, size_t cap, size_t chunk);
/* Handshakes both, `chunk` bytes at a time. 0: both open; else the first error, with *ret_who's. */
int pair_handshake(struct tls_end *a, struct tls_end *b, size_t chunk);

#endif

/* How long a handshake message may claim to be before OpenSSL sets memory aside for it.
 *
 * OpenSSL believes a ClientHello's own length up to 128 KB and allocates that much at once: nine bytes from anybody
 * would cost more than a connection may have before it has shown who it is. This walks the record and message
 * headers of what a client sends unencrypted. It is not a parser of TLS: anything odd is left to OpenSSL. */
#ifndef ADIT_TLS_HELLO_GUARD_H
#define ADIT_TLS_HELLO_GUARD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HELLO_MAX = 16384 }; /* real ones are below 2 KB, with post-quantum key shares below 4 KB */

struct hello_guard {
    uint8_t rec_head[5], msg_head[4];
    uint8_t n_rec, n_msg;
    uint32_t rec_left, msg_left;
    bool off;
};

/* The next bytes of the stream. ERR_LENGTH: a message longer than HELLO_MAX begins here. `tls13`: the version that is
 * being spoken encrypts in records of another type; in TLS 1.2 the ChangeCipherSpec ends what can be read. */
int hello_guard(struct hello_guard *g, const uint8_t *p, size_t n, bool tls13) MUST_CHECK;

#endif

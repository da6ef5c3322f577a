/* What the tests of the facts share: the foreign vectors of the binding, and an SSTP call that meets them.
 *
 * "Foreign" are bytes that neither we nor our tools made: what [MS-SSTP] 4.7 prints, and what a Windows 8.1 client and a
 * Windows Server 2019 sent each other. The Windows 7 capture comes by ../session/capture.h. */
#ifndef ADIT_TESTS_FACTS_H
#define ADIT_TESTS_FACTS_H

#include "../session/capture.h"
#include "sstp/call.h"

struct vector {
    uint8_t hash; /* BINDING_SHA1 or BINDING_SHA256 */
    size_t len;   /* of digest and MAC: 20 or 32; the slots are padded with zeros */
    uint8_t hlak[32], nonce[32], cert[32], mac[32];
    uint8_t msg[112]; /* the Call Connected message */
};

/* A line of tests/vectors/binding.txt. */
struct vector vector_of(const char *name);
extern const char *const foreign_vectors[3]; /* V1 and V2 of [MS-SSTP] 4.7, V3 of Windows */

/* An SSTP call whose nonce is the vector's, and what it made of what it was fed. */
struct bench {
    struct call call;
    struct call_conf conf;
    uint8_t out[CALL_OUT]; /* of the call */
    struct env env;
    struct vector v;
    struct call_event last; /* the last event; kind CALL_EV_NONE: none since bench_feed() began */
    unsigned ppp;           /* PPP frames that were passed on */
    uint8_t sent[1024];     /* what the last feed made it send */
    size_t n_sent;
};

/* A server that waits for Call Connected, or a client that has the Ack; the certificate is the vector's. */
void bench_server(struct bench *b, const char *vector);
void bench_client(struct bench *b, const char *vector);
void bench_feed(struct bench *b, const void *bytes, size_t n, msec now);
/* Events and bytes to send, after any verb. */
void bench_take(struct bench *b);

#endif

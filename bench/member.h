/* A client session without a TUN, of which one process can have ten thousand: what `connects` and `sessions` are made of.
 *
 * It dials without blocking, runs TLS and the tunnel as the client does (dp/stream), builds its packets itself (ICMP
 * echo to the server's address in the tunnel, which the server's kernel answers) and tells its owner what happened. */
#ifndef ADIT_BENCH_MEMBER_H
#define ADIT_BENCH_MEMBER_H

#include <netinet/in.h>

#include "dp/stream.h"

struct member;

enum member_ev {
    MEMBER_SECURE, /* TLS is open */
    MEMBER_UP,     /* an address was given: m->address */
    MEMBER_PONGS,  /* n answers to our echoes came */
    MEMBER_GONE,   /* n = 1: in order; `why` if not. May be started again, but not from within this call */
};

struct crowd {
    struct loop *loop;
    struct stream_bench bench;
    struct tls_ctx *tls;
    struct tunnel_conf conf;
    struct env env;
    struct sockaddr_in server;
    unsigned sources; /* 198.19.0.1 and on: member i comes from the i-th, modulo */
    void (*on)(struct member *m, enum member_ev ev, unsigned n, const char *why);
};

struct member {
    struct stream stream; /* first: large */
    struct watch *watch;
    struct timer *timer;
    struct crowd *crowd;
    unsigned index;
    bool open, dialling, secure, up, closing, stalled, only_handshake;
    uint32_t address, peer;  /* in the tunnel, host order */
    int fd;                  /* while dialling */
    uint16_t seq;            /* of the last echo sent */
    int64_t started, pinged; /* ns */
    int64_t rtt;             /* ns, of the last answer to the last echo */
    uint64_t pongs, moved;   /* answers; `moved` is the owner's */
    int stage;               /* the owner's */
};

/* argv: SERVER PORT USER PASSWORD PIN SOURCES. False: said why on stderr. */
bool crowd_init(struct crowd *c, char **argv);
int64_t nanoseconds(void);

/* Dials. False: no descriptor, port or memory (errno). m is all zeros, or GONE. */
bool member_start(struct crowd *c, struct member *m, unsigned index);
/* n echoes with a total length of `bytes` (28 to 1400). */
void member_echo(struct member *m, unsigned n, size_t bytes);
/* Stops or goes on reading. */
void member_stall(struct member *m, bool stalled);
void member_close(struct member *m); /* in order; GONE follows */

#endif

/* Neighbour proxying: hosts of an outer network that look for the IPv6 address of a client are told that it is here
 * (RFC 4861 7.2.8). One worker does it for all: it knows the owners of all addresses. */
#ifndef ADIT_SERVER_NDP_H
#define ADIT_SERVER_NDP_H

#include "server/plane.h"
#include "server/roles.h"

enum { NDP_PROBES = 32 };

struct ndp;
/* Nobody was heard of who has the address (or somebody was). */
typedef void ndp_probed_fn(void *ctx, const struct prefix *addr, bool taken);

struct ndp_link {
    struct ndp *ndp;
    const struct plane *plane;
    int fd, index;
    struct watch *watch;
    uint8_t mac[6];
    struct role_ndp told; /* the pools that are proxied there, and the host's own addresses */
};

struct ndp_probe {
    struct prefix addr;
    msec due; /* 0: the place is free */
    bool taken;
    ndp_probed_fn *fn;
    void *ctx;
};

struct ndp {
    struct ndp_link at[CONFIG_POOLS];
    unsigned n;
    struct ndp_probe probes[NDP_PROBES];
    struct timer *timer;
};

/* Another interface; fd (net/ndp.h) is taken over. ERR_NOMEM; ERR_VALUE: too many, or not such a socket. */
int ndp_add(struct ndp **n, struct plane *p, int fd, const struct role_ndp *r) MUST_CHECK;
/* None any more. */
void ndp_clear(struct ndp **n);

/* Asks the network that the address is of whether a host there has it (RFC 4862 5.4.2), and says what came of it, at once or
 * later. Nothing is said by the end of `n`. */
void ndp_probe(struct ndp *n, const struct prefix *addr, ndp_probed_fn *fn, void *ctx);
/* Says what came of the questions that are due, and returns when it is to be called again; for the timer, and for tests. What the
 * sockets hold is read before: after a standstill of ours the time is over and the answer is there, both at once. */
msec ndp_tick(struct ndp *n, msec now);
/* A message that may be about such an address. For tests apart from the socket. */
void ndp_heard(struct ndp *n, struct slice packet);

/* The answer to a solicitation, if one is due: into w, and where to in dst_mac (all nodes: 33:33:00:00:00:01). For tests apart
 * from the socket. False: it is not for one of ours. */
bool ndp_answer(const struct ndp_link *l, struct slice packet, const uint8_t from_mac[6], struct wr *w,
                uint8_t dst_mac[6]);

#endif

/* Why packets were dropped: one counter a reason, a session and a worker each have a set.
 *
 * Packets are dropped before TLS or before the TUN, never inside a stream; each drop is counted once, here. */
#ifndef ADIT_DP_DROPS_H
#define ADIT_DP_DROPS_H

#include <stdint.h>

enum drop {
    DROP_NONE,
    DROP_MALFORMED, /* not IP, or shorter than its header says */
    DROP_SPOOFED,   /* from a session, with a source that is not the session's */
    DROP_MULTICAST, /* to a broadcast or multicast address */
    DROP_FORBIDDEN, /* isolated sessions, destinations that are not allowed */
    DROP_NO_OWNER,  /* to a tunnel address without a session */
    DROP_NOT_UP,    /* before Call Connected, or no network protocol of its family is up */
    DROP_TOO_BIG,   /* longer than the peer takes */
    DROP_QUEUE,     /* the peer reads slower than is sent to it */
    DROP_HANDOVER,  /* the way to the owning worker is full */
    DROP_TUN,       /* the kernel did not take it */
    DROP_REASONS
};

struct drops {
    uint64_t n[DROP_REASONS];
};

static inline void drop_count(struct drops *d, enum drop why)
{
    d->n[why]++;
}

static inline uint64_t drops_sum(const struct drops *d)
{
    uint64_t sum = 0;
    for (unsigned i = DROP_NONE + 1; i < DROP_REASONS; i++)
        sum += d->n[i];
    return sum;
}

#endif

/* How much a stream's own socket may hold for us to read.
 *
 * What the peer has sent and we have not read is a queue in which nobody takes turns: a ping waits behind all of it. The
 * kernel lets it grow to megabytes where we, not the path, are what is slow. So on a short path the socket takes little, and
 * the rest waits at the peer, in the queue between flows that it keeps (dp/fq.h, or whatever another implementation has).
 *
 * A long path needs more than that under way and has no limit from the beginning. Where it is neither, or turns out to be
 * long, the limit is taken away for good as soon as what a round trip carries comes near it, and the kernel finds out by
 * itself how much it takes. The round trip is TCP's least one: the smoothed one goes up and down with how busy this machine
 * is (40 to 500 us on a cable of no length).
 *
 * Pure: what was seen goes in. */
#ifndef ADIT_DP_INTAKE_H
#define ADIT_DP_INTAKE_H

#include "base/tick.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    INTAKE_SHORT = 300,    /* us of round trip: 4 Gbit/s with the limit; it stays */
    INTAKE_LONG = 2000,    /* as TLS opens: there is none */
    INTAKE_BYTES = 131072, /* that may wait to be read; a fifth of a millisecond of 5 Gbit/s */
    INTAKE_NEAR = 65536,   /* under way in a round trip: the limit may soon be what is slow */
    INTAKE_SPAN = 50,      /* ms; a new connection's window has not grown to the limit in less, but over a few hops */
    INTAKE_LEAST = 16384,  /* bytes of a span, or it says nothing */
};

/* All zeros is a fresh one of a path that is not long: limited. */
struct intake {
    msec since;     /* begin of the span; 0: none has begun */
    uint32_t bytes; /* of the span */
    bool free;      /* the limit is gone */
};

/* n bytes were read at once. True: the span is over, intake_judge() is due. */
bool intake_read(struct intake *i, uint32_t n, msec now);

/* `min_rtt`: TCP's least, microseconds. Begins a new span. True, once: the limit is to be taken away. */
bool intake_judge(struct intake *i, uint32_t min_rtt, msec now);

#endif

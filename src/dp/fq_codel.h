/* CoDel for one flow (RFC 8289): decides, packet by packet, whether a queue that stands must be told to shrink.
 *
 * It holds no packets and reads no clock. Whoever takes packets off the queue asks once for each; the answer is "pass"
 * or "signal", and it is the asker who drops the packet or marks it CE. */
#ifndef ADIT_DP_FQ_CODEL_H
#define ADIT_DP_FQ_CODEL_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds of a monotonic clock: the targets of a queue are too short for msec. */
typedef uint64_t usec;

struct codel_conf {
    usec target;   /* 5,000: the standing delay that is accepted (RFC 8289 5.3) */
    usec interval; /* 100,000: a round trip that is usual at most (RFC 8289 5.3) */
    uint32_t mtu;  /* a queue of no more bytes than this is never told to shrink */
};

/* All zeros is a flow without a past. */
struct codel {
    usec first_above; /* when the delay will have been above target for an interval; 0: it is below */
    usec drop_next;
    uint32_t count, last_count; /* signals since signalling began; what count was then */
    bool dropping;
};

/* Asks about the packet at the front. `sojourn`: how long it waited; `behind`: bytes of its flow that wait behind it.
 * True: drop it and ask again about the next one, or mark it and send it. */
bool codel_signal(struct codel *c, const struct codel_conf *conf, usec sojourn, uint32_t behind, usec now);

/* The flow has run empty: there is no standing queue. How often it was signalled is remembered. */
void codel_empty(struct codel *c);

/* interval / sqrt(count), rounded down. */
usec codel_step(usec interval, uint32_t count);

#endif

/* How fast a socket takes bytes, and what follows from that: how much it gets at once, how long the queue before it may
 * be, how long a flow's turn in it, and from which delay on a queue stands (dp/fq.h).
 *
 * What lies behind the queue (the block of ciphertext, unsent bytes in the kernel) is delay that CoDel does not see, so a
 * socket that refuses now and then gets about two milliseconds of its rate at once. A fast one gets long turns, so that
 * the peer can join what belongs together; and a shorter delay counts as standing there.
 *
 * A TCP connection that has just begun, or begins again after a pause, carries little until it has found out how much it
 * may. Packets wait for that, but it is no bottleneck: whoever drops one of them then ends the slow start of the
 * connection inside, which on a long path costs it seconds. So nothing is dropped for its delay while the rate still
 * rises.
 *
 * Pure: what was seen goes in. */
#ifndef ADIT_DP_PACE_H
#define ADIT_DP_PACE_H

#include "base/tick.h"
#include "dp/fq.h"
#include "net/sock.h"

enum {
    PACE_SPAN = 50,              /* ms, or a round trip where that is longer */
    PACE_TRIP_MAX = 1000000,     /* us: a peer that delays its acknowledgements does not decide on everything */
    PACE_PAUSE = 4,              /* spans: what comes after is a new beginning */
    PACE_BURST = 65536,          /* bytes at once, at most, */
    PACE_BURST_MIN = 4096,       /* at least, */
    PACE_BURST_MS = 2,           /* and else so much of the rate */
    PACE_UNSENT = SOCK_UNSENT,   /* that the kernel may hold unsent, or twice the burst where that is less, */
    PACE_UNSENT_MAX = 98304,     /* or this at most, */
    PACE_UNSENT_PARTS = 2,       /* where half a millisecond of the rate is more */
    PACE_QUEUE = 4 << 20,        /* bytes that wait for a socket that takes them, at most, */
    PACE_QUEUE_MIN = 131072,     /* at least, */
    PACE_QUEUE_MS = 20,          /* and else so much of the rate and */
    PACE_QUEUE_RISING = 1 << 20, /* at least, while the rate rises */
    PACE_QUEUE_TRIPS = 4,        /* of round trips: a connection in slow start sends twice what it did one earlier */
    PACE_TURN_MIN = FQ_QUANTUM,  /* of a flow; */
    PACE_TURNS = 4,              /* in a millisecond, where that is longer */
    PACE_TARGET = 5000,          /* us, RFC 8289 5.3; where that is less: */
    PACE_TARGET_BYTES = 262144, /* the time of four super-packets, which come and go without a queue that stands, and */
    PACE_TARGET_TRIP = 10,      /* the tenth part of the path's round trip, but */
    PACE_TARGET_MIN = 1000,     /* the clock of a loop is no finer */
    PACE_INTERVAL = 20,         /* targets; RFC 8289 3.2: a target is 5 to 10 % of it */
    PACE_RISING = 3,            /* spans for which a rise of the rate says that there is more to come */
};

struct pace {
    msec since;     /* begin of the span */
    uint32_t bytes; /* that the socket took in it */
    bool refused;   /* it did not take all that it got */
    uint32_t rtt;   /* the path's least round trip, us; for the owner to set, 0: short */
    uint32_t best;  /* bytes a millisecond of the fastest span lately */
    msec rising;    /* until when nothing is dropped for its delay */

    uint32_t burst;  /* bytes that come together before the socket is asked */
    uint32_t unsent; /* what the kernel may hold unsent */
    uint32_t queue;  /* bytes of the queue; pace_queue() says what holds now */
    uint32_t turn;   /* bytes of a flow's turn in it */
    uint32_t target; /* us of delay */
};

void pace_init(struct pace *p, msec now);

/* The socket took n bytes, and `refused` some. True: the span is over, and the results may have changed. */
bool pace_sent(struct pace *p, uint32_t n, bool refused, msec now);

/* The socket is one of those that refuse and are slow: it is asked before each burst. */
static inline bool pace_slow(const struct pace *p)
{
    return p->burst < PACE_BURST;
}

/* `rtt`, or PACE_TRIP_MAX. */
uint32_t pace_trip(const struct pace *p);

/* Bytes that may wait now. */
uint32_t pace_queue(const struct pace *p, msec now);
struct codel_conf pace_codel(const struct pace *p, msec now);

#endif

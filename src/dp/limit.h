/* How many bytes of a stream may lie in its socket and on the way, so that the queue stands where it is judged (dp/fq.h).
 *
 * A socket takes megabytes: TCP's own control fills the queue of a bottleneck, or the receive buffer of a peer that is
 * slower than we are, and every packet of the tunnel waits behind that. So we look at what it holds. Where the least of
 * a twentieth of a second is more than the path and a short queue need at the rate at which bytes are acknowledged, the
 * rest is held back.
 *
 * It must not make us lose against others. When the path stays slow although we hold back, or we carry less and less, then
 * somebody else fills it (or it has changed), and for ten seconds there is no limit; longer if that happens again.
 *
 * Pure: what was seen goes in. Bytes are those of the socket, `rtt` is TCP's, in microseconds. */
#ifndef ADIT_DP_LIMIT_H
#define ADIT_DP_LIMIT_H

#include "base/tick.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LIMIT_SPAN = 50,        /* ms */
    LIMIT_LOOK = 65536,     /* bytes given to the socket between two looks, if not fewer: */
    LIMIT_LOOK_MS = 8,      /* those of so many milliseconds, or an eighth of the limit, but */
    LIMIT_LOOK_MIN = 4096,  /* so many */
    LIMIT_LOOKS = 3,        /* in a span, or it says nothing */
    LIMIT_SLACK_US = 2500,  /* queue beside a round trip that was wanted, and what `LIMIT_ROOM` adds */
    LIMIT_ROOM_MS = 10,     /* of the rate, but */
    LIMIT_ROOM_MIN = 16384, /* this much, and */
    LIMIT_ROOM_MAX = 65536, /* no more */
    LIMIT_VAIN = 10,        /* spans in which holding back did not help */
    LIMIT_CALM = 10,        /* spans in which it was not needed */
    LIMIT_FREE = 10000,     /* ms without a limit after that, */
    LIMIT_DOUBLINGS = 4,    /* up to so many times twice as long */
    LIMIT_GOOD = 200,       /* spans with a limit that helped: the next time counts as the first */
};

/* All zeros but `since` is a fresh one. */
struct limit {
    uint64_t given;     /* to the socket, ever */
    uint64_t looked_at; /* `given` then */
    uint64_t acked;     /* of them at `since` */
    msec since;         /* begin of the span */
    msec free_until;
    uint32_t rate;  /* bytes a millisecond that were acknowledged, lately at best */
    uint32_t best;  /* highest rate with this limit */
    uint32_t least; /* in the socket during the span */
    uint32_t bytes; /* the limit; 0: none */
    uint8_t looks, vain, calm, good, tries;
};

/* The socket took n bytes. True: it is time for a look. */
bool limit_given(struct limit *l, uint64_t n);
/* `queued` bytes are in the socket. True: the span is over, limit_judge() is due. */
bool limit_look(struct limit *l, uint32_t queued, msec now);
void limit_judge(struct limit *l, uint32_t queued, uint32_t rtt, uint32_t min_rtt, msec now);
/* No limit is begun before that time: the rate still rises, and what is acknowledged says nothing of what will fit. */
void limit_not_before(struct limit *l, msec at);
/* Milliseconds until `queued` will have come down to the limit; 0: it is below. */
msec limit_wait(const struct limit *l, uint32_t queued);

#endif

/* Time in the pure storey: an argument, never read.
 *
 * msec counts milliseconds of a monotonic clock that the caller reads once a turn of its loop. */
#ifndef ADIT_BASE_TICK_H
#define ADIT_BASE_TICK_H

#include <stdint.h>

typedef uint64_t msec;

#define NEVER      UINT64_MAX
#define SECONDS(n) ((msec)(n)*1000)

static inline msec tick_min(msec a, msec b)
{
    return a < b ? a : b;
}

/* now + after; NEVER stays NEVER. */
static inline msec tick_after(msec now, msec after)
{
    return after == NEVER || now > NEVER - after ? NEVER : now + after;
}

#endif

/* From a rate to a burst, a queue, a turn and a target; see pace.h. */
#include "dp/pace.h"

static const usec never = UINT32_MAX; /* more than an hour: no packet waits so long */

static uint32_t within(uint64_t n, uint32_t least, uint32_t most)
{
    return n < least ? least : n > most ? most : (uint32_t)n;
}

/* Nothing is known of the socket. */
static void widen(struct pace *p)
{
    p->burst = p->turn = PACE_BURST;
    p->unsent = PACE_UNSENT;
    p->queue = PACE_QUEUE;
    p->target = PACE_TARGET;
}

void pace_init(struct pace *p, msec now)
{
    *p = (struct pace){ .since = now };
    widen(p);
}

uint32_t pace_trip(const struct pace *p)
{
    return within(p->rtt, 0, PACE_TRIP_MAX);
}

static msec span_of(const struct pace *p)
{
    return pace_trip(p) / 1000 > PACE_SPAN ? pace_trip(p) / 1000 : PACE_SPAN;
}

/* The best rate fades slowly: noise is no rise, a path that has become slower and recovers is. */
static void watch_rise(struct pace *p, uint64_t rate, bool pause, msec now)
{
    if (pause)
        p->best = 0;
    if (rate > p->best + p->best / 8)
        p->rising = tick_after(now, PACE_RISING * span_of(p));
    p->best -= p->best / 16;
    if (rate > p->best)
        p->best = within(rate, 0, UINT32_MAX);
}

/* From the rate of a socket that has refused. */
static void narrow(struct pace *p, msec span, bool pause)
{
    uint64_t bytes = p->bytes, trip = pace_trip(p);
    p->burst = pause ? PACE_BURST : within(bytes * PACE_BURST_MS / span, PACE_BURST_MIN, PACE_BURST);
    p->unsent = p->burst < PACE_UNSENT / 2 ? 2 * p->burst
                                           : within(bytes / span / PACE_UNSENT_PARTS, PACE_UNSENT, PACE_UNSENT_MAX);
    p->queue =
        within(bytes * (PACE_QUEUE_MS * 1000 + PACE_QUEUE_TRIPS * trip) / (span * 1000), PACE_QUEUE_MIN, PACE_QUEUE);
    p->turn = within(bytes / span / PACE_TURNS, PACE_TURN_MIN, PACE_BURST);
    uint64_t burst_us = bytes ? PACE_TARGET_BYTES * 1000 * span / bytes : PACE_TARGET;
    uint64_t trip_us = trip / PACE_TARGET_TRIP;
    p->target = within(burst_us > trip_us ? burst_us : trip_us, PACE_TARGET_MIN, PACE_TARGET);
}

bool pace_sent(struct pace *p, uint32_t n, bool refused, msec now)
{
    p->bytes = n < UINT32_MAX - p->bytes ? p->bytes + n : UINT32_MAX;
    p->refused |= refused;
    msec span = now - p->since, full = span_of(p);
    if (span < full)
        return false;
    bool pause = span >= PACE_PAUSE * full;
    watch_rise(p, p->bytes / span, pause, now);
    if (p->refused)
        narrow(p, span, pause);
    else
        widen(p); /* the rate was that of who sends */
    p->bytes = 0;
    p->refused = false;
    p->since = now;
    return true;
}

uint32_t pace_queue(const struct pace *p, msec now)
{
    return now < p->rising && p->queue < PACE_QUEUE_RISING ? PACE_QUEUE_RISING : p->queue;
}

struct codel_conf pace_codel(const struct pace *p, msec now)
{
    usec target = now < p->rising ? never : p->target;
    return (struct codel_conf){ .target = target, .interval = PACE_INTERVAL * (usec)p->target, .mtu = PACE_TURN_MIN };
}

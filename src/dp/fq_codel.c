/* The control law of CoDel; see fq_codel.h. It is written as a judgement of one packet at a time: the loops of RFC 8289
 * 5.5 come from asking again after a drop. */
#include "dp/fq_codel.h"

static uint64_t root(uint64_t n)
{
    uint64_t r = 0;
    for (uint64_t bit = UINT64_C(1) << 62; bit; bit >>= 2) {
        if (n >= r + bit) {
            n -= r + bit;
            r = (r >> 1) + bit;
        } else {
            r >>= 1;
        }
    }
    return r;
}

usec codel_step(usec interval, uint32_t count)
{
    /* The square of an interval of more than 4,000 seconds would not fit. */
    if (interval > UINT32_MAX)
        interval = UINT32_MAX;
    return root(interval * interval / (count ? count : 1));
}

/* RFC 8289 5.6: has the delay been above target for a whole interval? */
static bool stands(struct codel *c, const struct codel_conf *conf, usec sojourn, uint32_t behind, usec now)
{
    /* RFC 8289 5.6: with no more than a packet's worth behind it the queue is good, however slow the link is. */
    if (sojourn < conf->target || behind <= conf->mtu) {
        c->first_above = 0;
        return false;
    }
    if (!c->first_above) {
        c->first_above = now + conf->interval;
        return false;
    }
    return now >= c->first_above;
}

/* RFC 8289 5.5: where the last round of signals ended not long ago, its rate is where this one begins. */
static void begin(struct codel *c, const struct codel_conf *conf, usec now)
{
    uint32_t delta = c->count - c->last_count;
    bool recent = now < c->drop_next + 16 * conf->interval;
    c->dropping = true;
    c->count = delta > 1 && recent ? delta : 1;
    c->last_count = c->count;
    c->drop_next = now + codel_step(conf->interval, c->count);
}

bool codel_signal(struct codel *c, const struct codel_conf *conf, usec sojourn, uint32_t behind, usec now)
{
    if (!stands(c, conf, sojourn, behind, now)) {
        c->dropping = false;
        return false;
    }
    if (!c->dropping) {
        begin(c, conf, now);
        return true;
    }
    if (now < c->drop_next)
        return false;
    if (c->count < UINT32_MAX)
        c->count++;
    c->drop_next += codel_step(conf->interval, c->count);
    return true;
}

void codel_empty(struct codel *c)
{
    c->first_above = 0;
    c->dropping = false;
}

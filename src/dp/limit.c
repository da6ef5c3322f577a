/* Whether, and how much, to hold back; see limit.h. */
#include "dp/limit.h"

bool limit_given(struct limit *l, uint64_t n)
{
    uint64_t step = l->bytes ? l->bytes / 8 : (uint64_t)l->rate * LIMIT_LOOK_MS;
    step = step < LIMIT_LOOK_MIN ? LIMIT_LOOK_MIN : step > LIMIT_LOOK ? LIMIT_LOOK : step;
    l->given += n;
    return l->given - l->looked_at >= step;
}

bool limit_look(struct limit *l, uint32_t queued, msec now)
{
    l->looked_at = l->given;
    l->least = l->looks && l->least < queued ? l->least : queued;
    if (l->looks < UINT8_MAX)
        l->looks++;
    return now - l->since >= LIMIT_SPAN;
}

/* What the path needs: a round trip for what is under way, one for what it grows by, and a short queue. */
static uint32_t need(const struct limit *l, uint32_t min_rtt)
{
    uint64_t room = (uint64_t)l->rate * LIMIT_ROOM_MS;
    room = room < LIMIT_ROOM_MIN ? LIMIT_ROOM_MIN : room > LIMIT_ROOM_MAX ? LIMIT_ROOM_MAX : room;
    uint64_t bytes = (uint64_t)l->rate * (2 * (uint64_t)min_rtt + LIMIT_SLACK_US) / 1000 + room;
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

static void let_go(struct limit *l)
{
    l->bytes = l->best = 0;
    l->vain = l->calm = l->good = 0;
}

/* The limit is ours, the delay is not: more than twice what we may have put there. Or others take what we leave. */
static bool in_vain(const struct limit *l, uint32_t rtt, uint32_t min_rtt)
{
    uint64_t ours = (uint64_t)l->bytes * 1000 / (l->rate ? l->rate : 1);
    bool ours_is_down = l->least < 2 * (uint64_t)l->bytes; /* at first there is a queue to be got rid of */
    bool slow = rtt > min_rtt && rtt - min_rtt > 2 * ours + 2 * LIMIT_SLACK_US;
    return (slow && ours_is_down) || (l->least >= l->bytes / 2 && l->rate < l->best - l->best / 4);
}

static void give_up(struct limit *l, msec now)
{
    let_go(l);
    l->free_until = tick_after(now, (msec)LIMIT_FREE << l->tries);
    if (l->tries < LIMIT_DOUBLINGS)
        l->tries++;
}

static void keep(struct limit *l, uint32_t rtt, uint32_t min_rtt, msec now)
{
    if (l->rate > l->best)
        l->best = l->rate;
    bool vain = in_vain(l, rtt, min_rtt);
    l->vain = vain ? (uint8_t)(l->vain + 1) : 0;
    l->calm = l->least < l->bytes / 4 ? (uint8_t)(l->calm + 1) : 0;
    l->good = vain || l->good == LIMIT_GOOD ? l->good : (uint8_t)(l->good + 1);
    if (l->good == LIMIT_GOOD)
        l->tries = 0;
    l->bytes = need(l, min_rtt);
    if (l->vain >= LIMIT_VAIN)
        give_up(l, now);
    else if (l->calm >= LIMIT_CALM)
        let_go(l);
}

void limit_judge(struct limit *l, uint32_t queued, uint32_t rtt, uint32_t min_rtt, msec now)
{
    msec span = now - l->since;
    uint64_t acked = l->given - queued; /* at the end of the span */
    uint64_t rate = span && acked > l->acked ? (acked - l->acked) / span : 0;
    bool told = (l->bytes || l->looks >= LIMIT_LOOKS) && span < 4 * LIMIT_SPAN; /* held back, it looks less often */
    l->rate -= l->rate / 8;
    if (rate > l->rate)
        l->rate = rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
    if (!told)
        let_go(l); /* it pauses */
    else if (l->bytes)
        keep(l, rtt, min_rtt, now);
    else if (now >= l->free_until && l->least > need(l, min_rtt))
        l->bytes = need(l, min_rtt); /* `best` begins with the next span */
    l->acked = acked;
    l->since = now;
    l->looks = 0;
}

void limit_not_before(struct limit *l, msec at)
{
    if (l->free_until < at)
        l->free_until = at;
}

msec limit_wait(const struct limit *l, uint32_t queued)
{
    if (!l->bytes || queued < l->bytes)
        return 0;
    msec wait = (queued - l->bytes) / (l->rate ? l->rate : 1);
    return wait < 1 ? 1 : wait > LIMIT_SPAN ? LIMIT_SPAN : wait;
}

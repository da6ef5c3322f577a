/* What one worker may ask of authd: many times what it needs, and not so much that the others' logins wait behind it.
 *
 * A worker talks to the network and may be taken over. Its questions above the rate wait in its own queue, which is bounded and
 * whose overflow is its own loss; nothing is refused that an honest worker asks after a change of authd, when all that waits
 * comes at once. How many conversations it may have open, and how many slow hashes, is the judge's to bound. */
#include "server/authd_parts.h"

#include "events/events.h"

enum {
    ASKS_PER_MS = 5,    /* a worker does some 1,200 handshakes a second, EAP asks three times in each */
    ASKS_MAX = 10000,   /* at once */
    PAUSE = 100,        /* ms */
    TOLD_EVERY = 60000, /* ms */
};

static void fill_up(struct peer *p, msec now)
{
    enum { FULL_AFTER = ASKS_MAX / ASKS_PER_MS };
    msec since = p->asks_at ? now - p->asks_at : FULL_AFTER;
    unsigned more = since < FULL_AFTER ? (unsigned)since * ASKS_PER_MS : ASKS_MAX;
    p->asks = ASKS_MAX - p->asks < more ? ASKS_MAX : p->asks + more;
    p->asks_at = now;
}

void share_asked(struct peer *p, msec now)
{
    fill_up(p, now);
    if (p->asks)
        p->asks--;
    if (p->asks || p->paused || !p->chan)
        return;
    p->paused = true;
    chan_pause(p->chan, true);
    p->a->resume_at = tick_min(p->a->resume_at, now + PAUSE);
    if (!p->told_at || p->told_at + TOLD_EVERY <= now)
        event(EV_WORKER_FLOODS, NULL, F_NUM("worker", p->worker));
    p->told_at = now;
}

void share_resume(struct authd *a, msec now)
{
    if (a->resume_at > now)
        return;
    a->resume_at = NEVER;
    for (unsigned i = 0; i < REGISTRY_WORKERS; i++) {
        struct peer *p = &a->peers[i];
        if (p->paused && p->chan)
            chan_pause(p->chan, false);
        p->paused = false;
    }
}

/* Sessions of a worker that have packets waiting take byte-fair turns at sending them (dp/fq_turns.h), so that one with many
 * flows, or a fast peer, gets no more than the others, and one that says little waits for no more than the turn of another.
 *
 * Packets that find nobody waiting never come here: they go from the TUN straight into the record (conn_send). */
#include "server/conn.h"

/* Bytes of all sessions together before the loop looks at sockets and the TUN again: half a millisecond's worth. */
enum { TURNS_BUDGET = 8 * TURNS_QUANTUM, TURN_COST = 1024 /* of one, whatever it sends */ };

static struct conn *conn_of(struct turn *t)
{
    return (struct conn *)(void *)((uint8_t *)t - offsetof(struct conn, turn));
}

static void run(void *ctx)
{
    struct worker *w = ctx;
    struct turn *t;
    uint32_t share;
    w->turning = false;
    for (uint64_t sent = 0; sent < TURNS_BUDGET && (t = turns_next(&w->turns, &share));)
        sent += conn_take_turn(conn_of(t), share) + TURN_COST;
    if (!turns_empty(&w->turns))
        worker_turns(w);
}

void worker_turns(struct worker *w)
{
    if (w->turning)
        return;
    w->turning = true;
    loop_defer(w->loop, run, w);
}

void conn_wait_turn(struct conn *c)
{
    turns_add(&c->w->turns, &c->turn);
    worker_turns(c->w);
}

uint64_t conn_take_turn(struct conn *c, uint32_t share)
{
    uint64_t sent = stream_turn(&c->stream, share, loop_now(c->w->loop));
    turns_spent(&c->w->turns, &c->turn, sent, stream_ready(&c->stream));
    conn_settle(c);
    return sent;
}

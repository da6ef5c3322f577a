/* Byte-fair turns between the sessions of a worker that have something to send and whose sockets take bytes.
 *
 * Deficit round robin with two lists, as between the flows of one queue (RFC 8290 4.2): a session that has just got
 * something to send goes before those that have been sending for more than a quantum. It knows nothing of sessions: each
 * embeds a `struct turn`, and no memory is held here.
 *
 *     turns_add(t, &session->turn);                       something waits, and the socket takes bytes
 *     while (budget of this loop && (turn = turns_next(t, &share))) {
 *         ... sends about `share` bytes; one record more or less does not matter ...
 *         turns_spent(t, turn, bytes, more);              more: still something to send, and the socket still takes it
 *     }
 *
 * turns_remove() before the session is freed. */
#ifndef ADIT_DP_FQ_TURNS_H
#define ADIT_DP_FQ_TURNS_H

#include <stdbool.h>
#include <stdint.h>

enum { TURNS_QUANTUM = 65536 }; /* default: four full records, two bursts */

enum turn_list { TURN_NONE, TURN_FRESH, TURN_ROUND, TURN_LISTS };

/* All zeros is in no list. */
struct turn {
    struct turn *next, *prev;
    int64_t deficit;
    enum turn_list list;
    bool idle; /* had nothing to send when it was asked last: only waits for the end of its round */
};

struct turns {
    struct turn ring[TURN_LISTS]; /* heads; a ring of itself is empty */
    uint32_t quantum;
    unsigned busy; /* sessions in the lists that are not idle */
};

/* Not to be moved afterwards. A quantum of 0 means TURNS_QUANTUM. */
void turns_init(struct turns *t, uint32_t quantum);

/* May be called again while it is in a list; does nothing then. */
void turns_add(struct turns *t, struct turn *s);

/* May be called when it is in none. */
void turns_remove(struct turns *t, struct turn *s);

/* Whose turn it is, and how many bytes it may send; NULL: nobody has anything to send. It stays where it is until
 * turns_spent(). */
struct turn *turns_next(struct turns *t, uint32_t *ret_share);

/* What it did with its turn. Without `more` it leaves; turns_add() brings it back. */
void turns_spent(struct turns *t, struct turn *s, uint64_t bytes, bool more);

/* Somebody else has something to send. */
static inline bool turns_others(const struct turns *t, const struct turn *s)
{
    return t->busy > (s->list != TURN_NONE && !s->idle);
}

static inline bool turns_empty(const struct turns *t)
{
    return !t->busy;
}

#endif

/* Turns between sessions; see fq_turns.h. */
#include "dp/fq_turns.h"

#include <stddef.h>

static void ring_out(struct turn *s)
{
    s->prev->next = s->next;
    s->next->prev = s->prev;
    s->next = s->prev = NULL;
    s->list = TURN_NONE;
}

static void ring_add(struct turns *t, enum turn_list list, struct turn *s)
{
    struct turn *head = &t->ring[list];
    s->next = head;
    s->prev = head->prev;
    head->prev->next = s;
    head->prev = s;
    s->list = list;
}

static struct turn *ring_first(struct turns *t, enum turn_list list)
{
    return t->ring[list].next == &t->ring[list] ? NULL : t->ring[list].next;
}

void turns_init(struct turns *t, uint32_t quantum)
{
    *t = (struct turns){ .quantum = quantum ? quantum : TURNS_QUANTUM };
    for (unsigned i = 0; i < TURN_LISTS; i++)
        t->ring[i].next = t->ring[i].prev = &t->ring[i];
}

void turns_add(struct turns *t, struct turn *s)
{
    if (s->list != TURN_NONE && !s->idle)
        return;
    t->busy++;
    if (s->list == TURN_NONE) {
        s->deficit = t->quantum;
        ring_add(t, TURN_FRESH, s);
    }
    s->idle = false;
}

void turns_remove(struct turns *t, struct turn *s)
{
    if (s->list == TURN_NONE)
        return;
    if (!s->idle)
        t->busy--;
    s->idle = false;
    ring_out(s);
}

struct turn *turns_next(struct turns *t, uint32_t *ret_share)
{
    while (t->busy) {
        struct turn *s = ring_first(t, TURN_FRESH);
        if (!s)
            s = ring_first(t, TURN_ROUND);
        if (s->idle) {
            turns_remove(t, s);
            continue;
        }
        if (s->deficit > 0) {
            *ret_share = (uint32_t)(s->deficit < UINT32_MAX ? s->deficit : UINT32_MAX);
            return s;
        }
        s->deficit += t->quantum;
        ring_out(s);
        ring_add(t, TURN_ROUND, s);
    }
    return NULL;
}

void turns_spent(struct turns *t, struct turn *s, uint64_t bytes, bool more)
{
    if (s->list == TURN_NONE)
        return;
    s->deficit -= bytes < INT32_MAX ? (int64_t)bytes : INT32_MAX;
    if (more || s->idle)
        return;
    bool fresh = s->list == TURN_FRESH && ring_first(t, TURN_ROUND);
    turns_remove(t, s);
    if (!fresh)
        return;
    /* It waits out one round, so that sessions that come back again and again cannot starve the others. */
    s->idle = true;
    ring_add(t, TURN_ROUND, s);
}

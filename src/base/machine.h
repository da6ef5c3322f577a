/* The one shape of every protocol machine.
 *
 *   void   x_init  (struct x *, const struct x_conf *, const struct env *, msec now);
 *   int    x_feed  (struct x *, struct rd *in, msec now);    takes at most one message off `in`
 *   size_t x_pull  (struct x *, uint8_t *dst, size_t cap);   bytes to send; 0: nothing (or cap too small)
 *   bool   x_event (struct x *, struct x_event *out);        what happened; taken before the next feed
 *   void   x_answer(struct x *, uint32_t ask, const struct x_verdict *, msec now);
 *   void   x_tick  (struct x *, msec now);
 *   msec   x_due   (const struct x *);                       when to tick next; NEVER if idle
 *
 * One event slot: while an event waits, feed takes nothing and returns FED_EVENT. Every other verb
 * (tick, answer, close …) may also leave an event; take events after each call. Slices in an event
 * are borrowed until the next call. Nothing calls upward. */
#ifndef ADIT_BASE_MACHINE_H
#define ADIT_BASE_MACHINE_H

#include "base/err.h"
#include "base/rd.h"
#include "base/tick.h"
#include "base/wr.h"

/* What feed returns when it is not an error (< 0, enum err: the machine is dead). */
enum fed {
    FED_MORE = 0,  /* nothing taken: the message is not complete yet */
    FED_TOOK = 1,  /* one message taken, nothing to report */
    FED_EVENT = 2, /* an event waits; take it, then feed again */
};

#endif

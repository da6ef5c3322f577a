/* A thin layer over libuv: descriptors, one timer per thing that has a due time, signals, channels, one clock read
 * a turn.
 *
 * Everything that is registered is a heap object of ours; a watch never outlives its owner because watch_free() is
 * synchronous towards the callback (no callback after it), while libuv's own close is finished inside the loop.
 * In a callback everything may be freed: the thing itself, others of the same turn, and descriptors closed and
 * their numbers used again. Free the watch before closing its descriptor. One loop a thread; no thread pool. */
#ifndef ADIT_LOOP_LOOP_H
#define ADIT_LOOP_LOOP_H

#include "base/err.h"
#include "base/tick.h"
#include "priv/imsg.h"

struct loop;
struct watch; /* a descriptor, opaque, heap */
struct timer; /* opaque, heap */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* NULL: out of memory or descriptors. */
struct loop *loop_new(void) MUST_CHECK;
/* Free watches, timers and channels first: what is left is stopped, and pointers to it dangle. NULL is fine. */
void loop_free(struct loop *l);
int loop_run(struct loop *l);             /* until loop_stop(); returns its code */
void loop_stop(struct loop *l, int code); /* ends loop_run after this turn; a second call of a turn changes nothing */
msec loop_now(const struct loop *l);      /* monotonic; read once a turn */

/* events: LOOP_READ | LOOP_WRITE. An error or hang-up on the descriptor is reported as whatever was asked for: the
 * next read or write says which it is. */
typedef void watch_fn(void *ctx, int events);
/* Makes fd non-blocking. NULL: not a descriptor that can be polled, watched already, or out of memory. */
struct watch *watch_new(struct loop *l, int fd, int events, watch_fn *fn, void *ctx) MUST_CHECK;
void watch_set(struct watch *w, int events); /* 0: pause; cheap if unchanged */
void watch_free(struct watch *w);            /* does not close fd; no callback after it; NULL is fine */

typedef void timer_fn(void *ctx);
struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx) MUST_CHECK;
/* Absolute, in loop_now() time; NEVER: off; cheap if unchanged. Past: fires in the next turn, never twice in one. */
void timer_set(struct timer *t, msec due);
void timer_free(struct timer *t); /* no callback after it; NULL is fine */

typedef void signal_fn(void *ctx, int signo);
/* Until loop_free. ERR_SYSTEM, ERR_NOMEM. */
int loop_signal(struct loop *l, int signo, signal_fn *fn, void *ctx) MUST_CHECK;

/* Runs fn after the callbacks of this turn, once for each call; for work that must not re-enter. What fn defers runs in
 * the next turn. Out of memory stops the loop with ERR_NOMEM. */
void loop_defer(struct loop *l, timer_fn *fn, void *ctx);
/* Forgets every deferred call with this ctx: call it before ctx is freed. */
void loop_undefer(struct loop *l, const void *ctx);

/* A channel to another of our processes: imsg with a bounded queue for what does not fit into the socket. */
enum { CHAN_QUEUE_MAX = 16 << 20, CHAN_PER_TURN = 64 };
struct chan;
/* Descriptors not taken (set to -1) are closed after it; the body is borrowed until it returns. chan_free() is fine
 * in it. */
typedef void chan_fn(void *ctx, struct imsg *m);
/* Peer gone (after everything it said was handled), malformed, or the queue too long; called once, from the loop and
 * never from within chan_send(). No message comes after it; chan_free() is still the owner's to call. */
typedef void chan_lost_fn(void *ctx, int err);
/* Owns fd, also when it fails (NULL: the fd is closed). */
struct chan *chan_new(struct loop *l, int fd, chan_fn *fn, chan_lost_fn *lost, void *ctx) MUST_CHECK;
/* Queued if the socket is full (up to CHAN_QUEUE_MAX bytes, then the channel is lost). Descriptors are duplicated
 * when queued: the caller may close its own at once. In order, each whole or not at all. */
void chan_send(struct chan *c, const struct imsg *m);
/* Reads nothing for now: what the peer says waits in its own socket and queue. Sending goes on. Not for long: the end of the peer
 * is not seen either. */
void chan_pause(struct chan *c, bool paused);
size_t chan_queued(const struct chan *c); /* bytes that wait, with overhead */
int chan_fd(const struct chan *c);        /* still the channel's */
/* Hands over what is there to read already, and not from the loop: the peer has ended. Not from within its callbacks. */
void chan_drain(struct chan *c);
void chan_free(struct chan *c); /* closes fd; what is queued is dropped; NULL is fine */

#endif

/* A thin layer over libuv: descriptors, one timer per thing that has a due time, signals, channels, one clock read a turn.
 *
 * Everything registers a watch that it embeds; a watch never outlives its owner because watch_stop() is synchronous
 * towards the callback (no callback after it), while libuv's own close is finished inside the loop. */
#ifndef ADIT_LOOP_LOOP_H
#define ADIT_LOOP_LOOP_H

#include "base/err.h"
#include "base/tick.h"
#include "priv/imsg.h"

struct loop;
struct watch;  /* a descriptor, opaque, heap */
struct timer;  /* opaque, heap */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop *loop_new(void) MUST_CHECK;
void loop_free(struct loop *l);
int loop_run(struct loop *l);   /* until loop_stop(); returns its code */
void loop_stop(struct loop *l, int code);
msec loop_now(const struct loop *l); /* read once a turn */

typedef void watch_fn(void *ctx, int events);
struct watch *watch_new(struct loop *l, int fd, int events, watch_fn *fn, void *ctx) MUST_CHECK;
void watch_set(struct watch *w, int events); /* 0: pause */
void watch_free(struct watch *w);            /* does not close fd; no callback after it; NULL is fine */

typedef void timer_fn(void *ctx);
struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx) MUST_CHECK;
void timer_set(struct timer *t, msec due);   /* absolute, in loop_now() time; NEVER: off; cheap if unchanged */
void timer_free(struct timer *t);

typedef void signal_fn(void *ctx, int signo);
int loop_signal(struct loop *l, int signo, signal_fn *fn, void *ctx) MUST_CHECK;

/* Runs fn after the callbacks of this turn, once; for work that must not re-enter. */
void loop_defer(struct loop *l, timer_fn *fn, void *ctx);

/* A channel to another of our processes: imsg with a bounded queue for what does not fit into the socket. */
struct chan;
typedef void chan_fn(void *ctx, struct imsg *m); /* descriptors not taken (set to -1) are closed after it */
typedef void chan_lost_fn(void *ctx, int err);   /* peer gone or malformed; called once */
struct chan *chan_new(struct loop *l, int fd, chan_fn *fn, chan_lost_fn *lost, void *ctx) MUST_CHECK; /* owns fd */
/* Queued if the socket is full (up to 16 MB, then the channel is lost). Descriptors are duplicated when queued. */
void chan_send(struct chan *c, const struct imsg *m);
void chan_free(struct chan *c);

#endif

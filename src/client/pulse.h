/* Does the engine's loop turn? The parent asks it all the time, and ends it when it does not answer: then the host is put back,
 * instead of all traffic going into a tunnel that carries none. The service manager's watchdog hears of each answer, so what
 * it watches is both processes. */
#ifndef ADIT_CLIENT_PULSE_H
#define ADIT_CLIENT_PULSE_H

#include "loop/loop.h"

#include <sys/types.h>

/* Asked every two seconds, or as often as the service manager wants to hear of us. */
enum { PULSE_EVERY = 2000 /* ms */, PULSE_PATIENCE = 5 /* questions without an answer */ };

struct pulse {
    struct loop *loop;
    struct timer *timer;
    struct chan *engine;
    pid_t pid;
    const char *call; /* correlation id, for the log */
    msec every;
    unsigned unanswered;
};

/* Begins to ask; `engine` and `call` outlive it, up to pulse_stop(). False: no memory. */
bool pulse_start(struct pulse *p, struct loop *loop, struct chan *engine, pid_t pid, const char *call) MUST_CHECK;
/* CM_PONG has come. */
void pulse_heard(struct pulse *p);
void pulse_stop(struct pulse *p);

#endif

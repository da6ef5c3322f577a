/* A worker: accepts, and carries sessions from TLS to the TUN queue; one loop, one thread, no filesystem.
 *
 * worker.c talks to master, worker_authd.c to authd, accept.c takes connections, conn*.c are the sessions, plane.c the packets. */
#ifndef ADIT_SERVER_WORKER_H
#define ADIT_SERVER_WORKER_H

#include "config/config.h"
#include "dp/fq_turns.h"
#include "dp/stream.h"
#include "server/limits.h"
#include "server/plane.h"
#include "server/roles.h"
#include "server/slab.h"
#include "server/snapshot.h"

struct worker;

struct listener {
    struct worker *w;
    int fd; /* -1: none */
    struct watch *watch;
};

struct ndp;

/* What an administrator may ask a worker for: worker_admin.c keeps it. */
struct worker_stats {
    struct timer *timer;
    msec sampled;
    uint64_t rate_in, rate_out; /* bytes a second, of all sessions */
    struct stream_count gone;   /* of sessions that are over */
    uint64_t accepted, ended;
};

struct worker {
    struct loop *loop;
    unsigned index;
    uint32_t phase;              /* ROLE_SETUP, ROLE_RUN, ROLE_ENDING */
    struct chan *master, *authd; /* authd is NULL between two of them */
    struct chan *admin;          /* likewise */
    struct worker_stats stats;
    bool draining;            /* no new connections; ends with the last one */
    bool authd_open;          /* it may be asked */
    bool authd_changes;       /* it ends, and that is no fault */
    struct snapshot *now;     /* the configuration of connections that come; NULL: none yet */
    struct tls_ctx *next_tls; /* waits for its configuration */
    struct stream_bench bench;
    struct limits limits;
    struct listener listeners[CONFIG_LISTENS];
    bool accept_paused;
    struct timer *accept_again;
    struct slab conns;
    struct plane plane;
    struct turns turns; /* sessions whose sockets take what their queues hold */
    bool turning;       /* they are about to be given out */
    struct timer *tidy; /* gives memory back once traffic has calmed down */
    uint64_t tidy_seen; /* bench.shipped at its last look */
    uint32_t tidy_peak; /* most sessions at a look since memory was given back */
    bool tidied;
    struct ndp *ndp;       /* NULL: not our business */
    struct timer *interim; /* counters to authd, drops into the log */
    struct drops drops_told;
    struct timer *stop;
};

/* The role's main: confines itself, then serves until master says stop. argv: see worker.c. Exit status. */
int worker_main(int argc, char **argv);

/* worker_config.c: a certificate, then the configuration that goes with it. */
int worker_certificate(struct worker *w, struct slice body) MUST_CHECK;
int worker_configure(struct worker *w, struct slice body) MUST_CHECK;

/* accept.c: a listening socket more (fd is taken over), or one less: what waits in its queue is still accepted. ERR_VALUE,
 * ERR_NOMEM. */
int accept_add(struct worker *w, uint32_t slot, int fd) MUST_CHECK;
void accept_remove(struct worker *w, uint32_t slot);
/* Starts on all listeners; stops for good. ERR_NOMEM. */
int accept_start(struct worker *w) MUST_CHECK;
void accept_stop(struct worker *w);

/* worker_authd.c: takes over the channel to a (new) authd, and tells it what we hold. ERR_NOMEM. */
int worker_meet_authd(struct worker *w, int fd) MUST_CHECK;
/* Sends a message to authd, if there is one; body may be empty. */
void worker_tell_authd(struct worker *w, enum role_msg type, uint32_t id, const struct wr *body);
/* worker_admin.c: takes over the channel to a (new) admin; begins to take samples; both ERR_NOMEM. */
int worker_meet_admin(struct worker *w, int fd) MUST_CHECK;
int worker_stats_start(struct worker *w) MUST_CHECK;
/* turns.c: gives out turns, after the callbacks of this turn of the loop. */
void worker_turns(struct worker *w);
/* worker.c: the last session of a worker that is ending has gone. */
void worker_conn_gone(struct worker *w);

#endif

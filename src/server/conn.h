/* One connection of a worker, from accept to its end: a stream, and what it means to the rest of the server.
 *
 * A connection is half open until a valid Call Connected has come, and a session once a network protocol is up. It is
 * named by a handle (slab.h): answers that come after its end find nothing. After each call into the stream its events are
 * taken (conn_settle), which may free the connection. */
#ifndef ADIT_SERVER_CONN_H
#define ADIT_SERVER_CONN_H

#include "dp/fq_turns.h"
#include "net/sock.h"
#include "server/conn_inform.h"
#include "server/worker.h"

enum { CONN_CALL = 40, CONN_IDENT = 64 };

/* A question that has no verdict yet, as it is sent: again, if its authd dies. Heap; wiped, it may hold a password. */
struct waiting {
    uint32_t ask;
    size_t n;
    uint8_t body[];
};

struct conn {
    struct worker *w;
    struct snapshot *snapshot; /* the configuration that it began with */
    uint64_t handle;
    struct env env; /* notes find their way back to this connection */
    struct watch *watch;
    struct turn turn; /* its place among those that have something to send */
    struct timer *timer;
    msec armed; /* when the timer fires; it may be too early, and late by what together() rounds up */
    struct prefix peer;
    char peer_text[SOCK_TEXT], local_text[SOCK_TEXT];
    char call[CONN_CALL];   /* correlation id: ours until the client gives its own */
    char ident[CONN_IDENT]; /* LCP Identification, the printable part */
    char *user;             /* heap; as in the database, once authenticated; NULL before */
    enum auth_method method;
    struct params params;       /* of the verdict */
    struct plane_rules rules;   /* what it may do: of its pool and group */
    struct conn_inform *inform; /* once it is up */
    bool half_open;             /* counted as such */
    bool asked;                 /* authd knows of us */
    bool accepted;              /* and has given us what is in params */
    bool talking;               /* a conversation of several rounds is under way */
    struct waiting *waiting;
    bool up, over; /* SESSION_UP, the end, have been reported */
    bool evicted;  /* its address is somebody else's: no packet of it passes any more */
    bool told_spoof, told_early;
    char *end_reason; /* heap; why we end it: for its last line; NULL: we do not */
    uint8_t hash;     /* BINDING_* used */
    msec up_at;
    uint16_t mtu;                                  /* inner, towards the peer */
    uint64_t seen_in, seen_out, rate_in, rate_out; /* worker_admin.c: bytes at the last sample, and a second */
    struct stream stream;                          /* last: most of the struct */
};

/* Takes a connection over; on failure the descriptor is closed and nothing is left. */
void conn_accept(struct worker *w, int fd, const struct sockaddr *peer);
struct conn *conn_get(struct worker *w, uint64_t handle);
/* "" before it is authenticated. */
static inline const char *conn_user(const struct conn *c)
{
    return c->user ? c->user : "";
}
/* After every call into its stream: sends what came of it but for its packets, takes its events, arms watch and timer.
 * Frees it once it is dead. */
void conn_settle(struct conn *c);

/* After every call into the stream: sends what came of it, takes its events, arms the watch and the timer. Frees the
 * connection once it is dead. */
void conn_settle(struct conn *c);
/* authd's answer to conn_claim(). May free it. */
void conn_claimed(struct conn *c, const struct role_claim *claim);
/* Packets from the TUN to this session. May free it. */
void conn_send(struct conn *c, const struct batch *packets, bool queue); /* queue: they wait for their turn */
/* authd's answer. May free it. */
void conn_verdict(struct conn *c, uint32_t ask, const struct role_verdict *v);
/* Asks what waits, if authd may be asked. */
void conn_ask(struct conn *c);
/* What a new authd must know of us; false: nothing. */
bool conn_held(const struct conn *c, struct role_held *ret_h);
/* authd is gone, and what it knew of a conversation with it. May free it. */
void conn_authd_lost(struct conn *c);
/* Orderly end, reason for the log; a connection that is not a session yet is simply closed. May free it. */
void conn_end(struct conn *c, const char *reason);
/* A newer session waits for its address: that is free at once, the goodbye takes its time. May free it. */
void conn_evict(struct conn *c, const char *reason);
/* The end now, without a word. Frees it. */
void conn_cut(struct conn *c);
/* Another configuration. */
void conn_renew(struct conn *c);
/* Counters to authd. */
void conn_report(struct conn *c, enum role_msg type, const char *cause);

/* turns.c: its queue is looked after, in byte-fair turns with the others. */
void conn_wait_turn(struct conn *c);
/* Sends about `share` bytes of its queue. Returns how many. May free it. */
uint64_t conn_take_turn(struct conn *c, uint32_t share);
/* conn_ask.c: keeps a question, and forgets it. False: no memory. */
bool conn_keep_question(struct conn *c, uint32_t ask, struct slice body) MUST_CHECK;
void conn_forget_question(struct conn *c);
/* worker_admin.c: adds what it carried to the worker's sums; it is freed next. */
void conn_count_gone(const struct conn *c);
/* conn_event.c: what the stream says. */
void conn_on_event(struct conn *c, struct stream_event *ev);
void conn_who(const struct conn *c, struct judge_who *who);
/* conn_log.c: notes of the pure machines, and the lines of the end, into the event catalogue. */
void conn_note(void *ctx, const struct note *n);
void conn_log_up(const struct conn *c, const struct tunnel_event *ev);
void conn_log_down(const struct conn *c, const struct tunnel_event *ev);
void conn_log_dead(const struct conn *c, const struct stream_event *ev);

#endif

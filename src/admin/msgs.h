/* What the admin role asks master and workers, and what they answer: bodies of imsg messages.
 *
 * The types stand beside those of server/roles.h (theirs begin at 1, these at 100) since both travel over one channel to
 * master. A question's number comes back in its answer. Large lists come in parts: the asker sends the cursor of the last
 * answer, so that nobody ever does more at once than fits into one message. Texts are ours; what stands in them may be a
 * peer's (names, identification) and is treated as bytes. */
#ifndef ADIT_ADMIN_MSGS_H
#define ADIT_ADMIN_MSGS_H

#include "auth/method.h"
#include "base/prefix.h"
#include "base/rd.h"
#include "base/wr.h"
#include "priv/imsg.h"

enum admin_msg {
    /* admin to a worker */
    ADMIN_LIST = 100, /* body: cursor (u32): sessions from there on */
    ADMIN_ONE,        /* body: session (u64) */
    ADMIN_NUMBERS,    /* how much is going on */
    ADMIN_END,        /* body: session, reason: end this one */
    ADMIN_END_USER,   /* body: name, reason: end all of this user's */
    /* a worker to admin */
    ADMIN_SESSIONS, /* to LIST and ONE. body: next cursor (0: that was all), sessions */
    ADMIN_WORKER,   /* to NUMBERS. body: admin_worker */
    ADMIN_ENDED,    /* to END and END_USER. body: how many (u32) */
    /* admin to master */
    ADMIN_ASK_STATUS,
    ADMIN_DRAIN,
    ADMIN_RELOAD,
    ADMIN_LOG_LEVEL, /* body: level (u32, enum event_level) */
    ADMIN_UPGRADE,   /* become the program that lies where we were started from */
    /* master to admin */
    ADMIN_STATUS, /* body: admin_status */
    ADMIN_EVENTS, /* follows ADMIN_STATUS. body: lines, the oldest first */
    ADMIN_DONE,   /* to the orders. body: admin_done */
};

enum {
    ADMIN_REASON = 128,
    ADMIN_LINE = 480,     /* of an event; longer ones are cut */
    ADMIN_LINES = 100,    /* so many are kept */
    ADMIN_SESSION = 1088, /* bytes of one session in a message, at most, prefixes and texts full */
    ADMIN_PREFIXES = 20,
    ADMIN_ROLES = 260,
    ADMIN_LISTENS = 16,
};

/* One session, as a worker sees it. */
struct admin_session {
    uint64_t handle;
    char user[AUTH_NAME_MAX];
    char call[40], peer[64], local[64], method[16], tls[16], cipher[48], hash[8], ident[64];
    struct prefix prefixes[ADMIN_PREFIXES];
    unsigned n_prefixes;
    uint16_t mtu, mru; /* inner MTU towards the client; MRU that the client asked us to keep to */
    uint32_t snapshot; /* number of the configuration that it began with */
    uint64_t age_ms;   /* since it is up */
    uint64_t bytes_in, bytes_out, packets_in, packets_out, drops;
    uint64_t rate_in, rate_out; /* bytes a second, lately */
};

/* One worker's numbers. Totals include sessions that are over. */
struct admin_worker {
    uint32_t sessions, connections, half_open;
    uint64_t bytes_in, bytes_out, packets_in, packets_out, drops;
    uint64_t rate_in, rate_out;
    uint64_t accepted, ended; /* connections taken; sessions that were up and are over */
};

struct admin_role {
    char kind[16]; /* "master", "authd", "admin", "worker" */
    uint32_t index, pid, restarts;
    uint64_t memory, age_ms; /* resident bytes */
    char version[32];        /* of the program that it runs */
    bool retiring;           /* a worker of an older program: it keeps its sessions for left_ms at most */
    uint64_t left_ms;
};

struct admin_status {
    char version[32], config[1024], interface[16], log_level[16];
    uint32_t snapshot; /* number of the configuration */
    uint64_t uptime_ms;
    bool draining;
    char listens[ADMIN_LISTENS][80];
    unsigned n_listens;
    struct admin_role roles[ADMIN_ROLES];
    unsigned n_roles;
};

/* How an order went: done, or why not in words. */
enum admin_outcome { ADMIN_OUTCOME_DONE, ADMIN_OUTCOME_REFUSED, ADMIN_OUTCOME_MISSING };
struct admin_done {
    enum admin_outcome outcome;
    char words[512];
};

/* Who may say what to whom: tables for imsg_check(). The phase is one bit, always 1. */
struct admin_rules {
    const struct imsg_rule *rules;
    size_t n;
};
enum { ADMIN_PHASE = 1 };
extern const struct admin_rules admin_to_worker, worker_to_admin, admin_to_master, master_to_admin;

/* Encoders write into w (wr_ok tells whether it fitted). Decoders return 0 or an error, and touch *ret only on 0. */
void admin_put_cursor(struct wr *w, uint32_t cursor);
int admin_get_cursor(struct slice body, uint32_t *ret_cursor) MUST_CHECK;
void admin_put_handle(struct wr *w, uint64_t handle);
int admin_get_handle(struct slice body, uint64_t *ret_handle) MUST_CHECK;
void admin_put_end(struct wr *w, uint64_t handle, const char *reason);
int admin_get_end(struct slice body, uint64_t *ret_handle, char reason[ADMIN_REASON]) MUST_CHECK;
void admin_put_end_user(struct wr *w, const char *user, const char *reason);
int admin_get_end_user(struct slice body, char user[AUTH_NAME_MAX], char reason[ADMIN_REASON]) MUST_CHECK;
void admin_put_count(struct wr *w, uint32_t n);
int admin_get_count(struct slice body, uint32_t *ret_n) MUST_CHECK;

/* A part of a list: admin_put_session() for each, then admin_end_sessions(). w begins with admin_begin_sessions(). */
void admin_begin_sessions(struct wr *w);
void admin_put_session(struct wr *w, const struct admin_session *s);
void admin_end_sessions(struct wr *w, uint32_t next, unsigned n);
/* Reads the head, then one session after the other from *r; the last one must leave nothing behind (rd_end). */
int admin_get_sessions(struct slice body, struct rd *ret_r, uint32_t *ret_next, unsigned *ret_n) MUST_CHECK;
int admin_next_session(struct rd *r, struct admin_session *ret_s) MUST_CHECK;

void admin_put_worker(struct wr *w, const struct admin_worker *n);
int admin_get_worker(struct slice body, struct admin_worker *ret_n) MUST_CHECK;
void admin_put_status(struct wr *w, const struct admin_status *s);
int admin_get_status(struct slice body, struct admin_status *ret_s) MUST_CHECK;
void admin_put_line(struct wr *w, struct slice line); /* any number of them make the body of ADMIN_EVENTS */
/* 1 and a line, 0: no more, < 0: malformed. */
int admin_next_line(struct rd *r, struct slice *ret_line) MUST_CHECK;
void admin_put_done(struct wr *w, enum admin_outcome outcome, const char *words);
int admin_get_done(struct slice body, struct admin_done *ret_d) MUST_CHECK;

#endif

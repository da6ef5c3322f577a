/* authd's judgement: one conversation in, one verdict out, and what the session gets.
 *
 * Joins users (SQLite), the pure EAP server and verify, and the pool. What blocks (the slow hash of --pap-only records)
 * runs in a bounded thread pool; the verdict then comes later. One judge a process (authd).
 *
 * A session is (worker, session). It begins with its first question and ends with judge_down(), or, without a verdict
 * that accepts it, 120 s after its first question. */
#ifndef ADIT_AAA_JUDGE_H
#define ADIT_AAA_JUDGE_H

#include "auth/method.h"
#include "base/env.h"
#include "config/config.h"
#include "session/params.h"

struct judge;
struct pool;
struct lan;
struct lan_given;

/* Who asks: one authentication conversation of one session of one worker. */
struct judge_who {
    uint32_t worker;          /* index */
    uint64_t session;         /* the worker's generation-counted handle, unique within it */
    char call[40];            /* correlation id */
    char peer[64], local[64]; /* addresses with ports, text */
    uint8_t cert_sha256[32];
    char ident[64]; /* LCP Identification, printable part */
};

struct judge_result {
    struct auth_verdict verdict; /* slices live until the callback returns */
    struct params params;        /* with ACCEPT */
    char user[AUTH_NAME_MAX];    /* name as in the database (canonical case), or as sent when unknown */
    const char *reason;          /* REFUSE, for the log: "unknown user", "wrong password", "locked", "no record for this
                                    method", "no address is free", "busy", … A constant string; NULL otherwise */
    unsigned code;   /* REFUSE: RAS error number that the peer was told or would have been (691, 647, 649) */
    bool no_address; /* REFUSE because the pool is exhausted, or the user's fixed address cannot be given */
    bool not_leased; /* REFUSE because no address could be leased from a LAN, which was said */
};

/* Called once for each judge_ask(), now (from within judge_ask) or later (from judge_tick, judge_down,
 * judge_worker_gone or the loop); not for a question that a newer one of its session, or its session's end, has
 * overtaken. `ctx` is that of judge_new(). It must not call back into the judge. A user's fixed address that another
 * session holds: that one is ended (judge_end_fn), and the verdict waits for its judge_down(), 2 s at most. */
typedef void judge_fn(void *ctx, const struct judge_who *who, uint32_t ask, const struct judge_result *r);
/* A session must end because a newer login of its user replaced it. */
typedef void judge_end_fn(void *ctx, uint32_t worker, uint64_t session, const char *reason);

/* `c` is copied. c->users is opened as it stands there: a caller in a chroot puts the path inside of it. c->dns holds
 * what clients are told (the system's resolvers are put there by the master). `loop` is a struct loop *; NULL: the
 * caller calls judge_tick() when judge_fd() is readable. NULL and words in err: the database cannot be used, no
 * memory, no threads. */
struct judge *judge_new(const struct config *c, const struct env *env, void *loop, judge_fn *fn, judge_end_fn *end,
                        void *ctx, char err[256]) MUST_CHECK;
void judge_free(struct judge *j);
/* Another configuration, from the next question on; sessions keep their leases, also in pools that are no more. Opens the
 * database again (the file may be another one by now); where that fails, says so and keeps the old one. ERR_NOMEM: nothing
 * was changed. */
int judge_configure(struct judge *j, const struct config *c) MUST_CHECK;
/* Where sessions of pools with `dhcp` get their IPv4 address; the caller's, and it outlives the judge. NULL, and until this is
 * called: nowhere. */
void judge_set_lan(struct judge *j, struct lan *lan);
/* Its answer (struct lan_ops): what a session gets, or NULL and why it gets none. */
void judge_leased(struct judge *j, uint32_t worker, uint64_t session, const struct lan_given *given, const char *why,
                  msec now);
/* The pool, whose memory outlives the process (pool_put); valid until judge_configure(). */
struct pool *judge_pool(struct judge *j);
void judge_ask(struct judge *j, const struct judge_who *who, uint32_t ask, const struct auth_question *q, msec now);
/* The session is up / has ended: its lease is kept / freed, and its conversation forgotten. Also for sessions that
 * died while asking. */
void judge_up(struct judge *j, uint32_t worker, uint64_t session);
/* A session that another judge, which is dead now, accepted: it keeps its address. ERR_STATE: the session is known
 * already, or the address is another's; ERR_NOMEM. */
int judge_hold(struct judge *j, const struct judge_who *who, const char *user, const struct params *p,
               msec now) MUST_CHECK;
/* A client of a shared /64 begins to use an address of it. 0: it is its own now (or was), and *ret_gone (family 0: none) is
 * not any more, because the session had PARAMS_CLAIMS already. ERR_VALUE: not of its /64, or nobody's to take;
 * ERR_DUPLICATE: somebody else's; ERR_STATE: no such session; ERR_NOMEM. */
int judge_claim(struct judge *j, uint32_t worker, uint64_t session, const struct prefix *addr,
                struct prefix *ret_gone) MUST_CHECK;
void judge_down(struct judge *j, uint32_t worker, uint64_t session, msec now);
/* A worker died: all of its sessions are down. */
void judge_worker_gone(struct judge *j, uint32_t worker, msec now);
/* Who a session is: its user's name ("" before the name is known), and *ret_who. NULL: there is no such session. */
const char *judge_session(struct judge *j, uint32_t worker, uint64_t session, const struct judge_who **ret_who);
/* Have users been deleted or locked who have sessions? Those are to end: fn for each, with the ctx of judge_new(). Costs
 * next to nothing while nobody writes to the database; call it once a second. */
void judge_watch(struct judge *j, judge_end_fn *fn);
/* Readable when slow hashes are done; the loop given to judge_new() watches it. */
int judge_fd(const struct judge *j);
msec judge_due(const struct judge *j);
void judge_tick(struct judge *j, msec now);

#endif

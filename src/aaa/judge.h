/* authd's judgement: one conversation in, one verdict out, and what the session gets.
 *
 * Joins users (SQLite), the pure EAP server and verify, and the pool. What blocks (the slow hash of --pap-only records)
 * runs in a bounded thread pool; the verdict then comes later. One judge a process (authd). */
#ifndef ADIT_AAA_JUDGE_H
#define ADIT_AAA_JUDGE_H

#include "auth/method.h"
#include "base/env.h"
#include "config/config.h"
#include "session/params.h"

struct judge;

/* Who asks: one authentication conversation of one session of one worker. */
struct judge_who {
    uint32_t worker;         /* index */
    uint64_t session;        /* the worker's generation-counted handle, unique within it */
    char call[40];           /* correlation id */
    char peer[64], local[64];/* addresses with ports, text */
    uint8_t cert_sha256[32];
    char ident[64];          /* LCP Identification, printable part */
};

struct judge_result {
    struct auth_verdict verdict; /* slices live until the callback returns */
    struct params params;        /* with ACCEPT */
    char user[AUTH_NAME_MAX];    /* name as in the database (canonical case), or as sent when unknown */
    const char *reason;          /* REFUSE: for the log: "unknown user", "wrong password", "locked", "pool exhausted", … */
    bool no_address;             /* REFUSE because the pool is exhausted */
    /* ACCEPT with a fixed address that another session holds: it must be ended first; the judge waits for judge_down() (2 s at most). */
};

/* Called once for each judge_ask(), now or later. */
typedef void judge_fn(void *ctx, const struct judge_who *who, uint32_t ask, const struct judge_result *r);
/* A session must end because a newer login of its user replaced it. */
typedef void judge_end_fn(void *ctx, uint32_t worker, uint64_t session, const char *reason);

struct judge *judge_new(const struct config *c, const struct env *env, void *loop, judge_fn *fn, judge_end_fn *end, void *ctx, char err[256]) MUST_CHECK;
void judge_free(struct judge *j);
void judge_ask(struct judge *j, const struct judge_who *who, uint32_t ask, const struct auth_question *q, msec now);
/* The session is up / has ended: its lease is kept / freed, and its conversation forgotten. Also for sessions that died while asking. */
void judge_up(struct judge *j, uint32_t worker, uint64_t session);
void judge_down(struct judge *j, uint32_t worker, uint64_t session, msec now);
/* A worker died: all of its sessions are down. */
void judge_worker_gone(struct judge *j, uint32_t worker, msec now);
msec judge_due(const struct judge *j);
void judge_tick(struct judge *j, msec now);

#endif

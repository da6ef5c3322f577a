/* The parts of authd: its state, and its talk with the workers (authd_worker.c). Its life, the judge's answers and master
 * are in authd.c. */
#ifndef ADIT_SERVER_AUTHD_PARTS_H
#define ADIT_SERVER_AUTHD_PARTS_H

#include "aaa/judge.h"
#include "loop/loop.h"
#include "server/registry.h"

struct authd;
struct authd_lan;

struct peer {
    struct authd *a;
    uint32_t worker;
    struct chan *chan; /* NULL: none */
    bool reported;     /* it has said what it holds */
    /* How much it may ask now (authd_share.c). */
    unsigned asks;
    msec asks_at, told_at;
    bool paused;
};

enum { AUTHD_PROBES = 32 };

/* An address that a client wants to use, while the outer network is asked for it. */
struct authd_probe {
    uint32_t worker;
    struct role_claim claim;
    msec until; /* not after: 0, the place is free */
};

struct authd {
    struct loop *loop;
    uint32_t phase;
    struct chan *master;
    bool have_config;
    struct config config;
    struct env env;
    struct judge *judge;
    struct authd_lan *lan;
    bool orphaned;               /* master is dead: so are the workers soon */
    struct timer *timer, *watch; /* the judge's; of the users' database */
    bool open;                   /* questions are answered */
    unsigned awaited;            /* reports until then */
    msec open_by;                /* but no later */
    msec resume_at;              /* workers that asked too much are heard again; NEVER: there is none */
    struct registry registry;
    struct peer peers[REGISTRY_WORKERS];
    struct authd_probe probes[AUTHD_PROBES]; /* authd_claim.c */
    uint64_t leases_saved;                   /* version of the pool that is in the file */
    msec leases_next;                        /* when it is looked at again */
    bool leases_told;
    unsigned gone, gone_seen; /* sessions that are over since memory was given back; at the last look */
};

/* authd.c: the timer, after whatever may have moved a deadline. */
void authd_arm(struct authd *a);

/* authd_share.c: it has asked one more question; one that asks too much is not heard for a moment. */
void share_asked(struct peer *p, msec now);
/* Hears again those whose moment is over. */
void share_resume(struct authd *a, msec now);

/* authd_leases.c: what users had last, from the file and into it if it has changed. */
void leases_load(struct authd *a);
void leases_save(struct authd *a);

/* authd_lan.c: addresses from LANs. Init before a link comes, start with the judge, settle when all sessions have been
 * reported. ERR_NOMEM; ERR_NOBUF: too many links; ERR_VALUE and others: malformed. */
int authd_lan_init(struct authd *a) MUST_CHECK;
int authd_lan_link(struct authd *a, struct imsg *m) MUST_CHECK;
void authd_lan_start(struct authd *a);
void authd_lan_settle(struct authd *a);
msec authd_lan_due(const struct authd *a);
void authd_lan_tick(struct authd *a);
void authd_lan_done(struct authd *a);

/* authd_limit.c: tells master which destinations a session is bound to, if it is or was; again after a change of its
 * prefixes, and before it is forgotten (gone). */
void authd_limit(struct authd *a, uint32_t worker, uint64_t session, bool gone);
/* Of all sessions, after another configuration than `old` has come. */
void authd_limits_follow(struct authd *a, const struct config *old);

void authd_send(struct authd *a, uint32_t worker, enum role_msg type, uint32_t id, const struct wr *body);
/* A session must end; reason for its log. */
void authd_end(struct authd *a, uint32_t worker, uint64_t session, enum role_end why, const char *reason);
/* Takes over a channel to a worker; one of the same index is gone then. ERR_VALUE, ERR_NOMEM. */
int authd_add_worker(struct authd *a, struct imsg *m) MUST_CHECK;
/* All have said what they hold, or had time to: questions may come. */
void authd_open(struct authd *a);

/* authd_worker.c: one prefix more or less of a session, made known to master and the other workers; family 0: nothing. */
void authd_tell_one(struct authd *a, enum role_msg type, uint32_t worker, uint64_t session, const struct prefix *p);
/* In a /64 that a pool shares out, but not of the pool's part of it. */
bool authd_beside_a_pool(const struct config *c, const struct prefix *p);
/* authd_claim.c: messages of workers; errors of decoders. */
int authd_on_claim(struct authd *a, uint32_t worker, const struct imsg *m) MUST_CHECK;
int authd_on_probed(struct authd *a, const struct imsg *m) MUST_CHECK;

#endif

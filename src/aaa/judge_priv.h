/* The judge's inside, shared by judge.c (sessions, time), judge_methods.c (who is right) and judge_grant.c (what the
 * session gets). */
#ifndef ADIT_AAA_JUDGE_PRIV_H
#define ADIT_AAA_JUDGE_PRIV_H

#include "aaa/judge.h"
#include "aaa/pool.h"
#include "aaa/slow.h"
#include "aaa/users.h"
#include "auth/eap_server.h"

struct loop;
struct watch;

enum {
    JUDGE_BUCKETS = 4096,
    JUDGE_ATTEMPTS = 3,
    JUDGE_THREADS = 2,
    JUDGE_SLOW_BOUND = 64,
    JUDGE_CONVERSATION_MS = 120000,
    JUDGE_REPLACE_MS = 2000,
};

/* RFC 2759 6: error numbers of the Failure packet. */
enum { E_ACCT_DISABLED = 647, E_NO_DIALIN_PERMISSION = 649, E_AUTHENTICATION_FAILURE = 691 };

enum sess_state {
    SESS_TALKING,  /* rounds; may have a question open */
    SESS_SLOW,     /* its question waits for a slow hash */
    SESS_REPLACES, /* proven, waits for the session that holds its fixed address to end */
    SESS_ACCEPTED, /* the verdict was given; it may hold a lease */
};

struct sess {
    struct sess *next;            /* in its bucket */
    struct sess *older, *newer;   /* in the list of its state's deadline; both ends NULL */
    struct sess *next_on_address; /* in the bucket of its lease */
    struct judge_who who;
    enum sess_state state;
    uint32_t ask;
    enum auth_method method;
    unsigned attempts;
    msec due;        /* of the conversation, or of the wait */
    uint64_t ticket; /* of the slow job that is ours; others are stale */
    char user[AUTH_NAME_MAX];
    bool unreadable;   /* the database could not be asked */
    bool known;        /* the record was found */
    bool served;       /* and can prove something with the method */
    bool slow_verdict; /* SLOW: what is already known: the rest of the record is right … */
    bool slow_decides; /* … or the slow hash decides */
    bool locked;
    uint32_t fixed, leased; /* host order; 0: none */
    bool lease_is_fixed;    /* the lease is a user's fixed address */
    struct eap_server *eap;
    /* The acceptance that waits: what will be in the verdict. */
    bool keyed;
    uint8_t hlak[HLAK_LEN];
    char text[64];
    uint8_t packet[AUTH_EAP_MAX];
    size_t packet_len;
};

struct sess_list {
    struct sess *oldest, *newest;
};

struct judge {
    struct config c;
    const struct env *env;
    judge_fn *fn;
    judge_end_fn *end;
    void *ctx;
    struct loop *loop;
    struct users *users;
    struct pool *pool;
    struct slow *slow;
    struct watch *watch;
    uint64_t users_version, watched_version;
    bool any_slow; /* some record has a slow hash: every PAP answer costs one */
    uint64_t next_ticket;
    uint8_t fake_nt_hash[16]; /* what unknown users are verified against */
    uint8_t fake_secret[16];
    struct sess *buckets[JUDGE_BUCKETS];
    struct sess *by_address[JUDGE_BUCKETS];
    struct sess_list talking, replacing; /* by due time: all waits of a kind are equally long */
    unsigned n_sessions, max_sessions;
};

/* judge.c */
struct sess *judge_holder(struct judge *j, uint32_t ipv4);
void judge_set_lease(struct judge *j, struct sess *s, uint32_t ipv4); /* 0: gives it back */
void judge_enter(struct judge *j, struct sess *s, enum sess_state state, msec now);
/* Gives the verdict to the caller. */
void judge_say(struct judge *j, struct sess *s, const struct judge_result *r);
/* Reads fixed addresses and what depends on the records again if somebody has written to the database. */
void judge_refresh(struct judge *j);

/* judge_methods.c */
void judge_question(struct judge *j, struct sess *s, const struct auth_question *q, msec now);
void judge_slow_done(struct judge *j, struct sess *s, bool right, msec now);

/* judge_grant.c */
/* The user has proven itself; s holds what the verdict needs. */
void judge_grant(struct judge *j, struct sess *s, msec now);
/* The fixed address that s waits for is free now, or is taken anyway. */
void judge_take_over(struct judge *j, struct sess *s, msec now);
void judge_refuse(struct judge *j, struct sess *s, unsigned code, bool retry, const char *reason);

#endif

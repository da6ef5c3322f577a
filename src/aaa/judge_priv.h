/* The judge's inside, shared by judge.c (sessions, time), judge_methods.c (who is right) and judge_grant.c (what the
 * session gets). */
#ifndef ADIT_AAA_JUDGE_PRIV_H
#define ADIT_AAA_JUDGE_PRIV_H

#include "aaa/judge.h"
#include "aaa/lan.h"
#include "aaa/pool.h"
#include "aaa/slow.h"
#include "aaa/users.h"
#include "auth/eap_server.h"
#include "dp/owner.h"

struct loop;
struct watch;

enum {
    JUDGE_BUCKETS = 4096,
    JUDGE_ATTEMPTS = 3,
    JUDGE_THREADS = 2,
    JUDGE_SLOW_BOUND = 64,
    JUDGE_WORKERS = 64,
    JUDGE_TALKS_SPARE = 64, /* whose connection is gone already, and whose end is still on its way to us */
    JUDGE_CONVERSATION_MS = 120000,
    JUDGE_REPLACE_MS = 2000,
};

/* RFC 2759 6: error numbers of the Failure packet. */
enum { E_ACCT_DISABLED = 647, E_NO_DIALIN_PERMISSION = 649, E_AUTHENTICATION_FAILURE = 691 };

/* What is one user's alone, and where the rest comes from. Zeroed before it is filled: compared as bytes. */
struct entitled {
    unsigned group;         /* 1 + index in the configuration; 0: none */
    struct prefix fixed[2]; /* IPv4 /32, IPv6 /64; family 0: none */
    struct prefix routed[USER_ROUTED];
    unsigned n_routed;
};

enum { POOL_LEASES = 3 }; /* of a struct pool_lease */

enum sess_state {
    SESS_TALKING,  /* rounds; may have a question open */
    SESS_SLOW,     /* its question waits for a slow hash */
    SESS_LEASING,  /* proven, waits for an address from the network's DHCP server */
    SESS_REPLACES, /* proven, waits for the session that holds its fixed address to end */
    SESS_ACCEPTED, /* the verdict was given; it may hold a lease */
};

/* RFC 3748 4.2: Success and Failure have no data. */
enum { EAP_END = 4 };

struct sess {
    struct sess *next;          /* in its bucket */
    struct sess *older, *newer; /* in the list of its state's deadline; both ends NULL */
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
    struct entitled want, has; /* of the record now; of the lease */
    bool leased;
    struct pool_lease lease;
    bool not_leased;                     /* for the verdict */
    struct lan_given given;              /* of lease.ipv4, where it is leased from a LAN */
    struct prefix held[PARAMS_PREFIXES]; /* all of it, the networks behind the client too */
    unsigned n_held, n_routed;           /* n_routed: the last ones of them */
    struct eap_server *eap;
    /* The acceptance that waits: what will be in the verdict. */
    bool keyed;
    uint8_t hlak[HLAK_LEN];
    char text[64];
    uint8_t packet[EAP_END]; /* a Success or Failure, or the head of what a Failure is to follow */
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
    struct lan *lan; /* NULL: none */
    msec now;        /* when we were called last */
    struct slow *slow;
    struct watch *watch;
    uint64_t users_version, watched_version;
    bool any_slow; /* some record has a slow hash: every PAP answer costs one */
    uint64_t next_ticket;
    uint8_t fake_nt_hash[16]; /* what unknown users are verified against */
    uint8_t fake_secret[16];
    struct sess *buckets[JUDGE_BUCKETS];
    struct owners held;                  /* who holds which prefix */
    struct sess_list talking, replacing; /* by due time: all waits of a kind are equally long */
    unsigned n_sessions, max_sessions;
    /* By worker, so that one that was taken over leaves room for the others: conversations, and slow hashes not yet taken. */
    unsigned talks[JUDGE_WORKERS], hashes[JUDGE_WORKERS];
};

/* judge.c */
struct sess *judge_find(struct judge *j, uint32_t worker, uint64_t session);
void judge_enter(struct judge *j, struct sess *s, enum sess_state state, msec now);
/* Gives the verdict to the caller. */
void judge_say(struct judge *j, struct sess *s, const struct judge_result *r);
/* Reads fixed addresses and what depends on the records again if somebody has written to the database. */
void judge_refresh(struct judge *j);

/* judge_lease.c */
void judge_entitle(struct judge *j, const struct user *u, struct entitled *ret);
/* The pools for users of this group (0: none), a bit for each. */
uint32_t judge_pools_for(const struct judge *j, unsigned group);
/* Has the user something that only one session can have? Does another one hold some of it? */
bool judge_claims(const struct sess *s);
bool judge_held_up(struct judge *j, const struct sess *s);
/* Each session that does, one a call, some of them more than once; *at is 0 before the first. NULL: that was all. */
struct sess *judge_holder(struct judge *j, const struct sess *s, unsigned *at);
bool judge_same_claim(const struct sess *a, const struct sess *b);
/* Another user's session that holds a part of the networks behind this client; NULL: none. */
const struct sess *judge_clash(const struct judge *j, const struct sess *s);
/* All of it back. */
void judge_release(struct judge *j, struct sess *s);
/* The lease, which is taken in the pool already, and the routed networks, instead of what s had. ERR_NOMEM: nothing. */
int judge_set_lease(struct judge *j, struct sess *s, const struct pool_lease *l) MUST_CHECK;
/* The interface on which an address is still to be leased for it; NULL: none is. */
const char *judge_lease_on(const struct judge *j, const struct pool_lease *l);
/* The address that was leased for it, which becomes the first that it holds. ERR_STATE: another session has it;
 * ERR_NOMEM. */
int judge_add_given(struct judge *j, struct sess *s, const struct lan_given *given) MUST_CHECK;
/* What an earlier judge gave. ERR_STATE: some of it is another's. */
int judge_hold_all(struct judge *j, struct sess *s, const struct params *p) MUST_CHECK;
/* The same leases in another pool. */
void judge_repool(struct judge *j, struct pool *pool);

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

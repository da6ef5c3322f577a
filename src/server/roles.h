/* What the roles say to each other: message types, their bodies, and who may say what in which phase.
 *
 * Every body is written with wr and read with rd; a message that imsg_check() or a decoder refuses ends its sender.
 * Between master and each role, and between each worker and authd, runs a channel (loop.h); packets between workers go
 * another way (dp/handover.h). */
#ifndef ADIT_SERVER_ROLES_H
#define ADIT_SERVER_ROLES_H

#include "aaa/judge.h"
#include "priv/imsg.h"

enum role_msg {
    /* master to its roles */
    ROLE_CONFIG = 1,  /* body: config_encode(); again with each reload */
    ROLE_CERTIFICATE, /* worker: chain and key, PEM; before the configuration that goes with it */
    ROLE_LISTEN,      /* worker, id: slot, free until now; fd: listening socket */
    ROLE_UNLISTEN,    /* worker, id: slot */
    ROLE_TUN,    /* worker, id: its offloads (net/tun.h); fd: TUN queue; again if the interface had to be made anew */
    ROLE_STEER,  /* worker; fd: steering map; again after ROLE_TUN */
    ROLE_LIMITS, /* worker; fd: shared counters of half-open connections */
    ROLE_AUTHD,  /* worker; fd: channel to authd, the first one or that of its successor */
    ROLE_PEER,   /* worker, id: index of another worker; fd: datagram socket to it */
    ROLE_LAN, /* authd; body: lan; fds: sockets (net/ether.h): sessions lease addresses there, again if it changed; or none: it is gone */
    ROLE_WORKER,   /* authd and admin, id: index of a worker; fd: channel to it. The old one of this index is gone */
    ROLE_ADMIN,    /* worker; fd: channel to admin (admin/msgs.h), the first one or that of its successor */
    ROLE_CONTROL,  /* admin, id: gid of admin_group, or ROLE_NO_GROUP; fd: listening socket of the API */
    ROLE_NDP_NONE, /* worker: what ROLE_NDP gave is gone */
    ROLE_NDP,      /* worker; body: ndp; fd: socket (net/ndp.h): answer there for addresses of sessions */
    ROLE_START,    /* everything is said: work. authd, id: so many workers with sessions will report what they hold */
    ROLE_PING,     /* id: any; answered with it as soon as the loop comes round */
    ROLE_STOP,     /* id: milliseconds until sessions that did not end are cut */
    ROLE_DRAIN,    /* worker: no new connections; end with the last one that is there */
    ROLE_LEVEL,    /* id: enum event_level: what is logged from now on */
    ROLE_CHANGE,   /* worker: authd ends now, as it should; its successor comes with ROLE_AUTHD */
    /* to master */
    ROLE_READY,
    ROLE_EVENT,    /* body: a line of the log, for those who ask what happened lately */
    ROLE_PONG,     /* id: that of the ping */
    ROLE_NET_UP,   /* authd; body: owner, networks behind a client whose session is up */
    ROLE_NET_DOWN, /* authd; body: owner, those of its prefixes that are no more; no prefixes: it is down */
    ROLE_NET_LIMIT, /* authd; body: limit: a session that is up may reach these destinations only; or no longer, or is gone */
    ROLE_NET_ALL, /* authd: that was all that there is, of leases too */
    ROLE_LEASE,   /* authd, id: 1: an address of a LAN is a session's, 0: no more; body: lease */
    /* worker to authd; the first two as soon as the channel is there, the others after ROLE_OPEN */
    ROLE_HELD,     /* body: held: an authenticated session, which an authd before this one had accepted */
    ROLE_HELD_END, /* that was all */
    ROLE_ASK,      /* id: question */
    ROLE_UP,       /* body: session */
    ROLE_CLAIM,    /* body: claim: the client uses an address of a /64 that all share */
    ROLE_PROBED,   /* body: address; id: ROLE_PROBED_*: asked for on an outer network (ROLE_PROBE) */
    ROLE_COUNTERS, /* body: session, counters */
    ROLE_DOWN,     /* body: session, counters, cause */
    /* authd to worker */
    ROLE_OPEN,    /* all workers have reported: ask. What I did not tell an owner of has none */
    ROLE_VERDICT, /* id: question */
    ROLE_END,     /* body: session, reason; id: enum role_end */
    ROLE_OWN,     /* body: owner, prefixes: a session of another worker is up */
    ROLE_DISOWN,  /* body: owner, prefixes: it is down */
    ROLE_CLAIMED, /* body: claim, answered */
    ROLE_PROBE,   /* body: address: has a host of the outer network got it? Who has no socket there says nothing */
    ROLE_ASSERT,  /* body: session: set your steering entries again, another session's end may have taken them */
    /* authd to master */
    ROLE_ACCUSE, /* id: a worker that said what it may not say, and is not heard any more: end it */
};

/* Why authd ends a session: its address is somebody else's at once, its user may not be here any more, or authd cannot keep
 * it (and has said why). */
enum role_end { ROLE_END_REPLACED, ROLE_END_USER, ROLE_END_FAULT };
enum role_probed { ROLE_PROBED_FREE, ROLE_PROBED_TAKEN };
enum { ROLE_LINE = 480 }; /* of ROLE_EVENT; longer ones are cut */
#define ROLE_NO_GROUP UINT32_MAX

enum { ROLE_SETUP = 1, ROLE_RUN = 2, ROLE_ENDING = 4 }; /* phases of a role */

struct role_rules {
    const struct imsg_rule *rules;
    size_t n;
};
extern const struct role_rules role_master_to_worker, role_master_to_authd, role_master_to_admin, role_to_master;
extern const struct role_rules role_worker_to_authd, role_authd_to_worker;

struct role_cert {
    struct slice chain, key; /* PEM */
    bool wide_gcm;           /* tls_wide_gcm() */
};

struct role_ask {
    struct judge_who who; /* worker is filled in by the receiver: it knows whose channel it is */
    struct auth_question question;
};

enum { ROLE_REASON = 128 };

struct role_verdict {
    uint64_t session;
    struct auth_verdict verdict;
    struct params params;
    char user[AUTH_NAME_MAX];
    char reason[ROLE_REASON];
    bool no_address;
};

struct role_counters {
    uint64_t session;
    uint64_t bytes_in, bytes_out, packets_in, packets_out, drops;
    char cause[ROLE_REASON]; /* DOWN only */
};

/* A session that authd once accepted: what its successor must know of it. */
struct role_held {
    struct judge_who who;
    char user[AUTH_NAME_MAX];
    bool up;
    uint8_t pool, group;
    struct prefix prefixes[PARAMS_PREFIXES];
    unsigned n_prefixes, n_routed; /* n_routed: as in struct params */
};

struct role_own {
    uint32_t worker;
    uint64_t session;
    struct prefix prefixes[PARAMS_PREFIXES];
    unsigned n_prefixes;
};

/* An address that a client makes for itself; and the answer. */
struct role_claim {
    uint64_t session;
    struct prefix addr;
    bool asked;   /* the client has asked the link whether it is free, and waits for an objection (RFC 4862 5.4) */
    bool granted; /* answer: it is the session's … */
    struct prefix gone; /* … and this one is not any more; family 0: none */
};

enum { ROLE_NDP_NETS = 2 * CONFIG_POOLS, ROLE_NDP_OWN = 16 };

/* The networks of the pools that are proxied on an interface; and addresses of the host in them. */
struct role_ndp {
    struct prefix nets[ROLE_NDP_NETS];
    unsigned n_nets;
    struct prefix own[ROLE_NDP_OWN];
    unsigned n_own;
};

enum { ROLE_NDP_MAX = 2 + 18 * (ROLE_NDP_NETS + ROLE_NDP_OWN) };
enum { ROLE_OWN_MAX = 13 + 18 * PARAMS_PREFIXES }; /* bytes of an owner at most */
enum { ROLE_LIMIT_MAX = ROLE_OWN_MAX + 3 + CONFIG_TITLE };

/* An Ethernet on which sessions lease addresses. */
struct role_lan {
    char name[16];
    uint8_t mac[6];
    uint32_t own; /* the host's address there; 0: none */
};

struct role_lease {
    char link[16];
    struct prefix addr; /* IPv4, full length */
};

/* A session that is bound to a list of destinations. */
struct role_limit {
    struct role_own own; /* without prefixes if it is bound no more */
    uint8_t scope;       /* enum config_scope: whose list */
    char name[CONFIG_TITLE];
};

/* Encoders write into w; the caller sends wr_slice(w) if wr_ok(w). Decoders borrow from the body. */
void role_put_cert(struct wr *w, const struct role_cert *c);
int role_get_cert(struct slice body, struct role_cert *ret_c) MUST_CHECK;
void role_put_ask(struct wr *w, const struct role_ask *a);
int role_get_ask(struct slice body, struct role_ask *ret_a) MUST_CHECK;
void role_put_verdict(struct wr *w, const struct role_verdict *v);
int role_get_verdict(struct slice body, struct role_verdict *ret_v) MUST_CHECK;
void role_put_held(struct wr *w, const struct role_held *h);
int role_get_held(struct slice body, struct role_held *ret_h) MUST_CHECK;
void role_put_session(struct wr *w, uint64_t session);
int role_get_session(struct slice body, uint64_t *ret_session) MUST_CHECK;
void role_put_counters(struct wr *w, const struct role_counters *c);
int role_get_counters(struct slice body, struct role_counters *ret_c) MUST_CHECK;
void role_put_end(struct wr *w, uint64_t session, const char *reason);
int role_get_end(struct slice body, uint64_t *ret_session, char reason[ROLE_REASON]) MUST_CHECK;
void role_put_lan(struct wr *w, const struct role_lan *l);
int role_get_lan(struct slice body, struct role_lan *ret_l) MUST_CHECK;
void role_put_lease(struct wr *w, const struct role_lease *l);
int role_get_lease(struct slice body, struct role_lease *ret_l) MUST_CHECK;
void role_put_own(struct wr *w, const struct role_own *o);
void role_put_limit(struct wr *w, const struct role_limit *l);
int role_get_limit(struct slice body, struct role_limit *ret_l) MUST_CHECK;
int role_get_own(struct slice body, struct role_own *ret_o) MUST_CHECK;

void role_put_ndp(struct wr *w, const struct role_ndp *n);
int role_get_ndp(struct slice body, struct role_ndp *ret_n) MUST_CHECK;
void role_put_claim(struct wr *w, const struct role_claim *c);
int role_get_claim(struct slice body, struct role_claim *ret_c) MUST_CHECK;

#endif

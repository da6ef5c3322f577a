/* The only composer: http, then sstp, then ppp with authentication, as one machine with one event stream.
 *
 * Both roles. Fed the plaintext of the TLS connection from its first byte; pulled what is to be written there.
 * Once the call is up, tunnel_walk() takes data frames past the machines, in batches; only control frames go
 * into them. It owns the order of the end: PPP Terminate first, then Call Disconnect, then DOWN ([MS-SSTP] 2.2.14). */
#ifndef ADIT_SESSION_TUNNEL_H
#define ADIT_SESSION_TUNNEL_H

#include "auth/client.h"
#include "auth/server.h"
#include "http/upgrade.h"
#include "ppp/link.h"
#include "session/params.h"
#include "sstp/call.h"

enum tunnel_role { TUNNEL_CLIENT, TUNNEL_SERVER };

struct tunnel_conf {
    enum tunnel_role role;
    struct http_conf http;
    struct call_conf call;
    struct link_conf link;
    enum auth_method methods[AUTH_METHODS]; /* server: offered in this order; client: acceptable, best first */
    unsigned n_methods;
    msec auth_timeout;           /* 60000: from LCP open to a verdict */
    msec ncp_timeout;            /* 60000: from Call Connected to the first NCP */
    msec goodbye;                /* 3000: how long PPP may take to terminate before Call Disconnect */
    const char *server_name;     /* CHAP; not owned */
    struct slice user, password; /* client; not owned */
    bool want_dns;               /* client */
    uint8_t interface_id[8];     /* client: what we ask for in IPV6CP; all zero: drawn at random */
    uint16_t mtu;                /* inner MTU wished for towards an Adit peer; 0: 1400, which every peer gets */
};

/* Defaults of every part for a role; methods {EAP-MSCHAPv2, MS-CHAPv2}. Roles of the parts, and link.auth, are set
 * from `role` and `methods` by tunnel_init(), whatever stands there. */
void tunnel_conf_default(struct tunnel_conf *c, enum tunnel_role role);

enum tunnel_cause {
    TUNNEL_CAUSE_NONE,
    TUNNEL_CAUSE_LOCAL, /* tunnel_close() */
    TUNNEL_CAUSE_PEER,  /* orderly end by the peer; detail: RAS error number, or 0 */
    TUNNEL_CAUSE_LOST,  /* transport gone */
    TUNNEL_CAUSE_HTTP_TIMEOUT,
    TUNNEL_CAUSE_HTTP_REFUSED, /* detail: status (client: as received, server: as answered) */
    TUNNEL_CAUSE_HTTP_VERSION, /* client: event 3 */
    TUNNEL_CAUSE_SSTP,         /* negotiation failed: detail: status; event 5 */
    TUNNEL_CAUSE_SSTP_ABORTED, /* the peer sent Call Abort; detail: status */
    TUNNEL_CAUSE_BINDING,      /* detail: enum binding_check; event 6 */
    TUNNEL_CAUSE_NEGOTIATION_TIMEOUT,
    TUNNEL_CAUSE_HELLO_TIMEOUT,
    TUNNEL_CAUSE_GARBAGE,
    TUNNEL_CAUSE_LCP, /* link never opened; detail: enum link_cause */
    TUNNEL_CAUSE_NO_AUTH_METHOD,
    TUNNEL_CAUSE_AUTH_REFUSED, /* detail: 691, 647, … */
    TUNNEL_CAUSE_AUTH_TIMEOUT,
    TUNNEL_CAUSE_SERVER_UNPROVEN, /* client */
    TUNNEL_CAUSE_NO_NETWORK,      /* no NCP came up in time, or all were refused */
    TUNNEL_CAUSE_NO_ADDRESS,      /* server: the pool is exhausted */
};

/* One plain English sentence without a full stop, for people. */
const char *tunnel_cause_text(enum tunnel_cause c);

enum tunnel_ev_kind {
    TUNNEL_EV_NONE,
    TUNNEL_EV_UPGRADED,      /* server: HTTP done; correlation (36 bytes or empty), host */
    TUNNEL_EV_ASK,           /* server: authentication question; answer with tunnel_answer() */
    TUNNEL_EV_AUTHENTICATED, /* both */
    TUNNEL_EV_CONNECTED,     /* Call Connected sent or verified; hash: BINDING_SHA1 or BINDING_SHA256 */
    TUNNEL_EV_UP,            /* first or another NCP is up while connected: ipv4/ipv6 say which are; data flows */
    TUNNEL_EV_IDENT,         /* text: LCP Identification of the peer */
    TUNNEL_EV_DOWN,          /* cause, detail, text; pull what is left, then close_notify and close */
};

struct tunnel_event {
    enum tunnel_ev_kind kind;
    struct slice text; /* UPGRADED: correlation; IDENT: string; DOWN: the peer's words (hostile) */
    struct slice host; /* UPGRADED */
    uint32_t ask;
    struct auth_question question; /* ASK */
    uint8_t hash;
    bool ipv4, ipv6;
    struct ipcp_result ip; /* UP */
    struct ip6cp_result ip6;
    uint16_t mtu; /* UP: inner MTU towards the peer: at most 1400, unless both ends are Adit and more is asked for */
    uint16_t mtu_max;        /* UP: what fits an Adit peer: its MRU, and 4091 less the PPP header in use; else mtu */
    enum tunnel_cause cause; /* DOWN */
    uint32_t detail;
    uint8_t attrib; /* DOWN, causes SSTP and SSTP_ABORTED: attribute id of the Status Info */
};

enum tunnel_phase { TUNNEL_HTTP, TUNNEL_SSTP, TUNNEL_ENDING, TUNNEL_OVER };

/* Messages waiting to be pulled, in the order in which the parts made them: 16-bit length, bytes. Room for the longest
 * SSTP packet beside a turn's small ones; what does not fit waits in its part. */
enum { TUNNEL_OUT_MAX = 4608, TUNNEL_TEXT_MAX = 256, TUNNEL_MTU = 1400 };

struct tunnel_work {
    struct http http;
    union {
        struct auth_server server;
        struct auth_client client;
    } auth;
    uint8_t out[TUNNEL_OUT_MAX];
    uint8_t frames[CP_PORT_OUT]; /* of the link */
    uint8_t call[CALL_OUT];      /* of the call */
};

struct tunnel {
    struct tunnel_conf conf;
    const struct env *env;
    enum tunnel_phase phase;
    msec now;                 /* of the last verb: tunnel_event() has none of its own */
    struct tunnel_work *work; /* lent; NULL between verbs of a tunnel that is idle */
    struct call call;
    struct link link;
    enum auth_method method; /* agreed; AUTH_NONE before */
    bool auth_on, link_on;   /* the part is initialised and not over */
    bool authenticated, connected;
    bool hung_up; /* call_disconnect() was called */
    bool ipv4_up, ipv6_up;
    bool up_wanted, down_wanted;    /* an outward event that waits for the slot */
    bool close_wanted, lost_wanted; /* a verb that waits until the event is taken */
    enum tunnel_cause close_cause;
    uint32_t close_detail;
    struct params params; /* server: from the verdict */
    struct ipcp_result ip;
    struct ip6cp_result ip6;
    uint32_t ask;         /* number of the open question outward, 0: none */
    uint32_t ask_part;    /* the same question's number in auth.server */
    uint32_t asked;       /* last number given out: never repeats, even if LCP starts over */
    uint32_t refuse_code; /* server: RAS error number of the last refusal */
    msec auth_due, ncp_due, goodbye_due;
    struct tunnel_event ev;
    bool ev_set;
    enum tunnel_cause cause; /* the first that was found; the others are consequences */
    uint32_t detail;
    uint8_t attrib;
    uint8_t text[TUNNEL_TEXT_MAX];
    size_t text_len;
    uint64_t dropped; /* user packets received that could not be passed on: no NCP, not connected, not IP */
    size_t out_len;
};

/* The leaf's hashes go into conf.call.certs beforehand. `work` is lent until tunnel_spare() gives it back. */
void tunnel_init(struct tunnel *t, struct tunnel_work *work, const struct tunnel_conf *conf, const struct env *env,
                 msec now);

/* What is only needed until a tunnel is up, and while it has something to send, is not part of it, so that thousands of
 * idle ones share one: after a verb and after everything was pulled, tunnel_spare() returns the memory if nothing is in
 * it any more, else NULL. Before the next verb (but tunnel_data_head, tunnel_due) it has to be lent some again. */
struct tunnel_work *tunnel_spare(struct tunnel *t);
void tunnel_lend(struct tunnel *t, struct tunnel_work *work);
static inline bool tunnel_needs_work(const struct tunnel *t)
{
    return !t->work;
}

/* Takes at most one message (an HTTP head or an SSTP packet) off `in`. User packets are dropped here: only
 * tunnel_walk() gives them out. Whatever goes wrong ends in DOWN; an error is returned only for a bug of ours.
 * Once DOWN was reported, everything is swallowed. */
int tunnel_feed(struct tunnel *t, struct rd *in, msec now) MUST_CHECK;

/* An IP packet inside `in`'s bytes, in place. */
struct tunnel_packet {
    const uint8_t *p;
    uint16_t n;
};

/* The data path: takes frames off `in` until it is used up (a partial frame stays), `max` packets are
 * found, or an event waits; control frames go through the machines. Returns packets found; *ret_fed is
 * FED_EVENT if an event waits, FED_TOOK if `out` is full and more may follow, FED_MORE if `in` is used up
 * but for a partial frame; or an error. User data while no NCP of its family is up is dropped. */
size_t tunnel_walk(struct tunnel *t, struct rd *in, struct tunnel_packet *out, size_t max, int *ret_fed, msec now);

/* Header (SSTP and PPP) to put before an IP packet of `n` bytes of family 4 or 6: 5 to 8 bytes into `dst`; 0 if it may
 * not be sent now (not connected, NCP down, longer than the peer takes). */
size_t tunnel_data_head(const struct tunnel *t, int family, size_t n, uint8_t dst[8]);

/* Control bytes to send; whole messages; 0 if none or cap < the next message (cap >= 4095 always suffices). */
size_t tunnel_pull(struct tunnel *t, uint8_t *dst, size_t cap);
bool tunnel_event(struct tunnel *t, struct tunnel_event *out);
/* `params` only with ACCEPT (server). A late answer is ignored. An ACCEPT without a key for a method that makes keys is
 * turned into a refusal: its binding could be forged ([MS-SSTP] 3.2.5.2.2). ACCEPT without a prefix ends the call. */
void tunnel_answer(struct tunnel *t, uint32_t ask, const struct auth_verdict *v, const struct params *params, msec now);
/* Orderly end: Terminate-Request (a client's says why, as Microsoft's do), Call Disconnect, DOWN with this cause.
 * The first cause wins: closing what is ending already does nothing. While an event waits, it happens once that is taken. */
void tunnel_close(struct tunnel *t, enum tunnel_cause cause, uint32_t detail, msec now);
/* The transport is gone: DOWN at once (after an event that waits), nothing is sent. */
void tunnel_lost(struct tunnel *t, msec now);
/* While an event waits, nothing is done: take it, then tick again (tunnel_due() still says so). */
void tunnel_tick(struct tunnel *t, msec now);
msec tunnel_due(const struct tunnel *t);
void tunnel_done(struct tunnel *t); /* wipes secrets */

#endif

/* The PPP link over SSTP: phases (RFC 1661 3.2), demultiplexing, LCP, IPCP and IPV6CP of both roles.
 *
 * Fed one PPP frame at a time (the payload of an SSTP data packet, with or without ff 03), pulled one frame
 * at a time. Authentication protocols are not its business: their packets come out as events, and the composer
 * frames their answers with link_head(). When the composer says authenticated, the NCPs start. User data never
 * comes here: the composer classifies it first (ppp_frame). The server is silent until the peer's first LCP
 * packet, or `silent` ms ([CAP]: RRAS; avoids the 3 s stall of Windows clients). */
#ifndef ADIT_PPP_LINK_H
#define ADIT_PPP_LINK_H

#include "base/env.h"
#include "base/machine.h"
#include "ppp/cp.h"
#include "ppp/ip6cp.h"
#include "ppp/ipcp.h"
#include "ppp/lcp.h"

enum link_role { LINK_CLIENT, LINK_SERVER };

struct link_conf {
    enum link_role role;
    uint16_t mru;                       /* what we ask for and can take: up to 4091 */
    struct lcp_auth auth[LCP_AUTH_MAX]; /* server: offered in this order; client: acceptable, best first */
    unsigned n_auth;
    bool compress;               /* ask for and accept PFC and ACFC (accepting is always safe: we read both forms) */
    msec silent;                 /* server: 1000; client: 0 */
    msec restart_first, restart; /* 1000, 3000 */
    unsigned max_configure, max_terminate, max_failure; /* 10, 2, 5 */
    msec lcp_echo;                                      /* our own LCP echo interval; 0: none (SSTP has its own) */
    bool ipv4, ipv6;                                    /* NCPs that we want; the others are Protocol-Rejected */
    const char *ident; /* LCP Identification that we send once open: "ADIT-1"; NULL: none. Not owned */
};

/* The numbers above for a role; no authentication, IPv4 on, IPv6 on, ident "ADIT-1". */
void link_conf_default(struct link_conf *c, enum link_role role);

/* What the NCPs negotiate with; known to the server only after authentication. A server with ipcp.peer_addr 0 has no
 * IPv4 for this client. */
struct link_net {
    struct ipcp_conf ipcp;
    struct ip6cp_conf ip6cp;
};

enum link_cause {
    LINK_CAUSE_NONE,
    LINK_CAUSE_LOCAL,          /* link_close() */
    LINK_CAUSE_PEER,           /* Terminate-Request; ras_error is its RAS error number if it carried one */
    LINK_CAUSE_NO_ANSWER,      /* Max-Configure reached */
    LINK_CAUSE_NO_CONVERGENCE, /* Naks without end, or a needed protocol rejected */
    LINK_CAUSE_NO_AUTH,        /* no authentication method in common */
    LINK_CAUSE_LOOP,
    LINK_CAUSE_NO_NETWORK, /* every NCP failed or was rejected */
    LINK_CAUSE_ECHO_TIMEOUT,
    LINK_CAUSE_RENEGOTIATION, /* the peer began LCP anew after authentication: the binding would be void */
};

enum link_ev_kind {
    LINK_EV_NONE,
    LINK_EV_AUTH_START,  /* LCP open both ways: auth says what was agreed (proto 0: none); start the authentication
                            machine. Comes again if the peer renegotiates LCP before it is authenticated: start anew */
    LINK_EV_AUTH_PACKET, /* proto, packet: information field for the authentication machine, in the frame that was fed */
    LINK_EV_IPV4_UP,     /* ipv4: see ipcp_result */
    LINK_EV_IPV4_DOWN,
    LINK_EV_IPV6_UP,
    LINK_EV_IPV6_DOWN,
    LINK_EV_IDENT, /* packet: Identification string of the peer (hostile, maybe binary) */
    LINK_EV_DOWN,  /* terminated or given up; cause is set; what is left may still be pulled */
};

struct link_event {
    enum link_ev_kind kind;
    struct lcp_auth auth;
    uint16_t proto;
    struct slice packet;
    struct ipcp_result ipv4;
    struct ip6cp_result ipv6;
    enum link_cause cause;
    bool has_ras_error;
    uint32_t ras_error; /* [CAP]: last word of a Microsoft Terminate-Request */
};

enum link_phase { LINK_DEAD, LINK_ESTABLISH, LINK_AUTHENTICATE, LINK_NETWORK, LINK_TERMINATE };

struct link {
    struct link_conf conf;
    enum link_phase phase;
    struct cp_port port; /* frames to send, identifier counter, header form */
    struct lcp lcp;
    struct ipcp ipcp;
    struct ip6cp ip6cp;
    bool ipcp_on, ip6cp_on; /* started and not failed */
    bool ipv4_up, ipv6_up;  /* reported */
    bool heard;             /* the peer's first LCP packet came, or we waited long enough */
    bool peer_adit;         /* it identified itself as ADIT-1 */
    bool ident_sent;
    msec silent_until;
    struct link_event ev[4]; /* an NCP and LCP may both have something to say in one turn */
    unsigned n_ev;
    enum link_cause cause; /* first one that ended the link */
    bool has_ras_error;
    uint32_t ras_error;
};

/* Starts as soon as the SSTP call relays PPP (lower layer up). `env` is kept; conf is copied (ident is not).
 * `out`: memory for frames to send; while link_pull() has none it may be taken away (port.out) and given back later. */
void link_init(struct link *l, uint8_t out[CP_PORT_OUT], const struct link_conf *conf, const struct env *env, msec now);
/* Takes the whole frame, unless an event waits. FED_TOOK or FED_EVENT, never an error: what is malformed or out of
 * place is silently discarded (RFC 1661 3.4, 3.5, 5). */
int link_feed(struct link *l, struct rd *frame, msec now) MUST_CHECK;
/* One frame; 0: none, or cap too small (4091 always suffices). Pull after every call: frames that find no room in the
 * queue (about two of the longest) are dropped, as on any line. */
size_t link_pull(struct link *l, uint8_t *dst, size_t cap);
bool link_event(struct link *l, struct link_event *out);
/* The peer has proven itself, and we to it: the NCPs start. Ignored outside LINK_AUTHENTICATE. */
void link_authenticated(struct link *l, const struct link_net *net, msec now);
/* Sends Terminate-Request; ras_error < 0 for none, else in the Microsoft layout (magic, 00 3c cd 74, number: [CAP]).
 * DOWN follows with the Terminate-Ack, at the latest after max_terminate * restart. */
void link_close(struct link *l, int ras_error, msec now);
/* The lower layer is gone: nothing is sent any more. DOWN is left at once, with the cause known before, if any. */
void link_lost(struct link *l, msec now);
void link_tick(struct link *l, msec now);
msec link_due(const struct link *l);
/* The PPP header for `proto` as negotiated (ACFC, PFC): 1 to 4 bytes into dst; returns how many. */
size_t link_head(const struct link *l, uint16_t proto, uint8_t dst[4]);
/* Longest information field that the peer takes in a network frame, given its MRU. */
uint16_t link_peer_mru(const struct link *l);

#endif

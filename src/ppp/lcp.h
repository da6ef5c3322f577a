/* LCP (RFC 1661, RFC 1570): MRU, authentication, magic number, compression; echo, identification, rejects.
 *
 * Its options and its codes above 7; the automaton is ppp/cp.h, the phases are ppp/link.h. */
#ifndef ADIT_PPP_LCP_H
#define ADIT_PPP_LCP_H

#include "ppp/cp.h"

enum {
    LCP_AUTH_MAX = 8,
    LCP_MRU_DEFAULT = 1500, /* RFC 1661 6.1 */
    LCP_MRU_MIN = 128,      /* the least that we work with */
    LCP_MRU_MAX = 4091,     /* what fits an SSTP packet; Windows asks for it ([CAP]) */
    LCP_IDENT_MAX = 64,
    LCP_LOOPS_MAX = 4,               /* requests with our own magic number before we believe in a loop */
    LCP_RAS_PEER_REFUSED_AUTH = 919, /* the RAS error that a Windows client sends when no method is common */
    LCP_ECHO_LOST_MAX = 4            /* own echoes without an answer before the link is dead */
};

/* An authentication protocol as LCP option 3 names it. */
struct lcp_auth {
    uint16_t proto; /* PPP_PAP 0xc023, PPP_CHAP 0xc223, PPP_EAP 0xc227; 0: none */
    uint8_t alg;    /* CHAP only: 5 MD5, 0x81 MS-CHAPv2 */
};

struct lcp_conf {
    bool server;
    uint16_t mru;                       /* what we ask for */
    bool compress;                      /* PFC and ACFC: asked for and acked */
    struct lcp_auth auth[LCP_AUTH_MAX]; /* server: demanded, best first; client: acceptable, best first */
    unsigned n_auth;
    msec echo; /* own Echo-Request interval; 0: none */
};

/* What one end asked for in its Configure-Request. */
struct lcp_wishes {
    uint16_t mru;
    bool has_mru, has_magic, pfc, acfc;
    uint32_t magic;
    struct lcp_auth auth;
};

struct lcp {
    struct cp cp; /* first member */
    struct lcp_conf conf;
    struct lcp_wishes ours;    /* asked for now */
    struct lcp_wishes pending; /* the peer's last request, being judged */
    struct lcp_wishes peer;    /* the peer's, acked */
    unsigned refused;          /* server: bit i: the peer refused auth[i] */
    bool auth_nakked;          /* client: the last thing that we said of the server's method was no */
    unsigned offer;            /* server: index of auth[] on offer */
    bool looped;               /* the request being judged holds our own magic number */
    unsigned loops;
    msec echo_due;
    unsigned echo_lost; /* own Echo-Requests without an answer */
    bool echo_off;      /* the peer does not know Echo-Request (Code-Reject) */
    /* For the owner, after lcp_input(); the owner clears what it has dealt with. */
    uint16_t rejected_proto; /* the peer rejected this protocol; 0: none */
    bool has_ident;
    uint8_t ident[LCP_IDENT_MAX];
    size_t ident_len;
    bool term_seen; /* Terminate-Request came */
    bool has_ras_error;
    uint32_t ras_error;
};

/* The options of LCP, internal to lcp.c and lcp_opts.c. */
extern const struct cp_proto lcp_proto;
void lcp_opt_ask(struct cp *cp, struct wr *options);
void lcp_opt_begin(struct cp *cp);
enum cp_verdict lcp_opt_judge(struct cp *cp, struct cp_port *port, const struct cp_opt *opt, struct wr *nak);
void lcp_opt_missing(struct cp *cp, struct wr *nak);
void lcp_opt_agreed(struct cp *cp, struct cp_port *port);
void lcp_opt_naked(struct cp *cp, struct cp_port *port, const struct cp_opt *opt);
void lcp_opt_rejected(struct cp *cp, const struct cp_opt *opt);
void lcp_opt_stubborn(struct cp *cp, const struct cp_opt *opt);
/* A magic number: random, never 0, never `other`. */
uint32_t lcp_draw_magic(const struct cp_port *port, uint32_t other);

/* Draws the magic number. */
void lcp_init(struct lcp *l, const struct lcp_conf *conf, const struct cp_conf *cp, struct cp_port *port);
/* A packet of protocol 0xc021. */
void lcp_input(struct lcp *l, struct cp_port *port, struct slice info, msec now);
/* What was agreed for authentication: server: what the client acked; client: what we acked; proto 0: none. */
struct lcp_auth lcp_auth(const struct lcp *l);
/* The magic number to send: 0 while the peer has rejected it. */
uint32_t lcp_magic(const struct lcp *l);
/* Sends Identification (RFC 1570 2.1); only in Opened. */
void lcp_identify(struct lcp *l, struct cp_port *port, struct slice text);
/* Sends Protocol-Reject of `proto`, `info` cut to the peer's MRU; only in Opened (RFC 1661 5.7). */
void lcp_reject_proto(struct lcp *l, struct cp_port *port, uint16_t proto, struct slice info);
/* Data of the next Terminate-Request in the Microsoft layout ([CAP]): magic, 00 3c cd 74, RAS error number. */
void lcp_set_ras_error(struct lcp *l, uint32_t ras_error);
/* Own echoes: begins with the first echo one interval from now. */
void lcp_echo_start(struct lcp *l, msec now);
/* Restart timer and own echoes. Returns true when echoes stay unanswered: the link is dead. */
bool lcp_tick(struct lcp *l, struct cp_port *port, msec now);
msec lcp_due(const struct lcp *l);

#endif

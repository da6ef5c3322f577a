/* The control-protocol automaton of RFC 1661 section 4, shared by LCP, IPCP and IPV6CP.
 *
 * The automaton is data: cp_table[state][event] is the table that the RFC prints, and one function (enter, in cp.c)
 * changes states and sets the deadline. What differs between the protocols (their options, and LCP's codes above 7)
 * hangs on a `struct cp_proto`; those functions are below the automaton, nothing here is called upward: what happened
 * is left in `ind` and `fail` and is taken by the owner (link.c) after each call.
 * It is not a machine for the world outside this folder: that is ppp/link.h. */
#ifndef ADIT_PPP_CP_H
#define ADIT_PPP_CP_H

#include "base/env.h"
#include "base/machine.h"
#include "wire/cp_opt.h"
#include "wire/cp_pkt.h"

/* RFC 1661 4.2 */
enum cp_state {
    CP_INITIAL,
    CP_STARTING,
    CP_CLOSED,
    CP_STOPPED,
    CP_CLOSING,
    CP_STOPPING,
    CP_REQ_SENT,
    CP_ACK_RCVD,
    CP_ACK_SENT,
    CP_OPENED,
    CP_STATES
};

/* RFC 1661 4.3 */
enum cp_event {
    CP_UP,
    CP_DOWN,
    CP_OPEN,
    CP_CLOSE,
    CP_TO_MORE, /* TO+: timeout with the restart counter above zero */
    CP_TO_LAST, /* TO-: timeout with the counter expired */
    CP_RCR_GOOD,
    CP_RCR_BAD,
    CP_RCA,
    CP_RCN,
    CP_RTR,
    CP_RTA,
    CP_RUC,
    CP_RXJ_GOOD,
    CP_RXJ_BAD,
    CP_RXR,
    CP_EVENTS
};

/* RFC 1661 4.4, one bit each; those of one cell are done in this order, which is the order the RFC prints. */
enum cp_action {
    CP_TLD = 1 << 0,
    CP_IRC = 1 << 1,
    CP_ZRC = 1 << 2,
    CP_STR = 1 << 3,
    CP_SCR = 1 << 4,
    CP_SCA = 1 << 5,
    CP_SCN = 1 << 6,
    CP_STA = 1 << 7,
    CP_SCJ = 1 << 8,
    CP_SER = 1 << 9,
    CP_TLS = 1 << 10,
    CP_TLF = 1 << 11,
    CP_TLU = 1 << 12
};

struct cp_cell {
    bool legal; /* false: the RFC's "-", the event is ignored */
    uint16_t actions;
    enum cp_state next;
};

extern const struct cp_cell cp_table[CP_STATES][CP_EVENTS];
const char *cp_state_name(enum cp_state s); /* the RFC's name */

/* What the protocols of one link share: the frames to send, the identifier counter, and how frames are headed. */
struct cp_port {
    const struct env *env;
    uint8_t next_id;   /* one counter over all protocols, as Microsoft's ends have ([CAP]) */
    uint16_t peer_mru; /* what the peer takes; rejects are cut to it */
    bool pfc, acfc;    /* the peer asked for it and we acked: frames that are not LCP go out compressed */
    unsigned dropped;  /* frames that found no room because the owner did not pull */
    uint8_t *out;      /* CP_PORT_OUT bytes, lent: frames to send: 16-bit length, bytes */
    size_t out_len;    /* while this is 0 the lender may take it back (and `out` is NULL) */
};

/* One turn makes at most about 4.2 KB. */
enum { CP_PORT_OUT = 8192 };

/* The header of a frame of `proto`, 1 to 4 bytes; LCP is never compressed (RFC 1661 6.5, 6.6). */
size_t cp_port_head(const struct cp_port *port, uint16_t proto, uint8_t dst[4]);
/* Queues one frame; dropped (and counted) if there is no room. */
void cp_port_send(struct cp_port *port, uint16_t proto, uint8_t code, uint8_t id, struct slice head, struct slice data);
/* One frame off the queue; 0: none, or cap too small. */
size_t cp_port_pull(struct cp_port *port, uint8_t *dst, size_t cap);

/* Why a protocol gave up. */
enum cp_fail {
    CP_FAIL_NONE,
    CP_FAIL_NO_ANSWER,      /* Max-Configure */
    CP_FAIL_NO_CONVERGENCE, /* Naks without end */
    CP_FAIL_REJECTED,       /* Code-Reject or Protocol-Reject of something that is needed */
    CP_FAIL_AUTH,           /* LCP: no authentication protocol in common */
    CP_FAIL_LOOP,           /* LCP: our own magic number comes back */
};

/* What the owner is told (cp_take): RFC 1661's This-Layer-… actions. */
enum cp_ind { CP_IND_UP = 1, CP_IND_DOWN = 2, CP_IND_STARTED = 4, CP_IND_FINISHED = 8 };

struct cp_conf {
    msec restart_first, restart; /* the first Configure-Request waits restart_first, what follows restart */
    unsigned max_configure, max_terminate, max_failure;
};

enum cp_verdict { CP_ACK, CP_NAK, CP_REJ };

struct cp;

/* A protocol's options. `cp` is the first member of the protocol's own struct. */
struct cp_proto {
    uint16_t number;
    /* Writes the options that we ask for now. */
    void (*ask)(struct cp *cp, struct wr *options);
    /* A Configure-Request of the peer begins: forget what the last one asked for. */
    void (*begin)(struct cp *cp);
    /* Judges one option; CP_NAK: also writes what we want instead into `nak`. */
    enum cp_verdict (*judge)(struct cp *cp, struct cp_port *port, const struct cp_opt *opt, struct wr *nak);
    /* All options judged: appends to `nak` what is missing. May set cp->fail. NULL: nothing can be missing. */
    void (*missing)(struct cp *cp, struct wr *nak);
    /* The request judged last was acked: its values hold. */
    void (*agreed)(struct cp *cp, struct cp_port *port);
    /* The peer Nak'ed or rejected an option of ours: change the wishes. May set cp->fail. */
    void (*naked)(struct cp *cp, struct cp_port *port, const struct cp_opt *opt);
    void (*rejected)(struct cp *cp, const struct cp_opt *opt);
    /* An option that we would Nak once more than Max-Failure allows is now rejected: may set cp->fail. NULL: no matter. */
    void (*stubborn)(struct cp *cp, const struct cp_opt *opt);
    /* A code above 7: does what it says and names the event; CP_EVENTS: none. NULL: every such code is unknown. */
    enum cp_event (*code)(struct cp *cp, struct cp_port *port, const struct cp_pkt *pkt);
    /* The peer does not know a code above 7 of ours. NULL: we send none. */
    void (*code_rejected)(struct cp *cp, uint8_t code);
    /* RFC 1661 4.4 Send-Echo-Reply. NULL: never. */
    void (*echo)(struct cp *cp, struct cp_port *port, const struct cp_pkt *pkt);
};

enum {
    CP_ASK_MAX = 64,     /* options of our longest Configure-Request */
    CP_REPLY_MAX = 4096, /* options of a Nak or a Reject: never longer than what an SSTP packet brings */
    CP_TURNS_MAX = 40    /* Naks and Rejects before we give up */
};

struct cp {
    const struct cp_proto *proto;
    struct cp_conf conf;
    enum cp_state state;
    msec due;                /* restart timer; NEVER when it does not run */
    unsigned restarts;       /* RFC 1661 4.6: restart counter */
    bool first;              /* the next Configure-Request is the first one */
    unsigned failures;       /* Naks that we sent without an Ack between */
    unsigned turns;          /* Naks and Rejects of either side since the start: no endless negotiation */
    bool answered;           /* our last Configure-Request has its answer */
    uint8_t ask_id;          /* identifier of our last Configure-Request */
    uint8_t ask[CP_ASK_MAX]; /* its options */
    size_t ask_len;
    bool has_acked; /* the peer's request that we acked last: */
    uint8_t acked_id;
    uint8_t acked[CP_ASK_MAX];
    size_t acked_len;
    uint8_t term_id;  /* identifier of our last Terminate-Request */
    uint8_t term[12]; /* its data */
    size_t term_len;
    unsigned ind; /* enum cp_ind, until taken */
    enum cp_fail fail;
};

void cp_init(struct cp *cp, const struct cp_proto *proto, const struct cp_conf *conf);
void cp_open(struct cp *cp, struct cp_port *port, msec now);
void cp_close(struct cp *cp, struct cp_port *port, msec now);
void cp_up(struct cp *cp, struct cp_port *port, msec now);   /* lower layer up */
void cp_down(struct cp *cp, struct cp_port *port, msec now); /* lower layer down */
/* A packet of this protocol (information field). What is malformed or answers nothing is silently discarded. */
void cp_input(struct cp *cp, struct cp_port *port, struct slice info, msec now);
/* The peer rejected this protocol (RXJ-). */
void cp_rejected(struct cp *cp, struct cp_port *port, msec now);
void cp_tick(struct cp *cp, struct cp_port *port, msec now);
/* What happened since the last call: a set of enum cp_ind. */
unsigned cp_take(struct cp *cp);

#endif

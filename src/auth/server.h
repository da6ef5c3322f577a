/* The authenticator's network half: PAP, CHAP (MD5, MS-CHAPv2) and EAP pass-through towards one peer.
 *
 * It sends challenges, checks identifiers, retransmits (3 s, 10 times), answers a repeated response
 * with the same result without asking twice, counts attempts (3), and turns what the peer says into
 * questions. It never sees a password hash; see method.h. Fed with the information field of PPP frames
 * of its protocol; pulled bytes are such information fields too. */
#ifndef ADIT_AUTH_SERVER_H
#define ADIT_AUTH_SERVER_H

#include "auth/method.h"
#include "base/env.h"

struct auth_server_conf {
    enum auth_method method; /* what LCP agreed on */
    const char *server_name; /* name in the CHAP Challenge; not owned, must outlive the machine */
    msec retransmit;         /* 3000 */
    unsigned retransmit_max; /* 10: how often a request is repeated after it was sent once */
    unsigned attempts_max;   /* 3: wrong answers before the peer is refused for good */
};

enum auth_server_ev_kind {
    AUTH_SERVER_EV_NONE,
    AUTH_SERVER_EV_ASK,      /* answer with auth_server_answer(number) */
    AUTH_SERVER_EV_ACCEPTED, /* hlak, keyed, name; the success packet is ready to pull */
    AUTH_SERVER_EV_REFUSED,  /* for good; the failure packet is ready to pull */
    AUTH_SERVER_EV_TIMEOUT,  /* the peer stopped answering */
};

struct auth_server_event {
    enum auth_server_ev_kind kind;
    uint32_t ask;                  /* ASK: the question's number */
    struct auth_question question; /* ASK */
    bool keyed;                    /* ACCEPTED */
    uint8_t hlak[HLAK_LEN];        /* ACCEPTED; the taker wipes its copy */
};

struct auth_server {
    struct auth_server_conf conf;
    const struct env *env;
    enum auth_server_state {
        AUTH_SERVER_IDLE,
        AUTH_SERVER_WAIT_PEER,
        AUTH_SERVER_WAIT_VERDICT,
        AUTH_SERVER_DONE
    } state;
    msec due;
    unsigned sent; /* transmissions of the pending request */
    unsigned attempts;
    uint32_t ask; /* number of the open question, 0: none */
    uint32_t next_ask;
    uint8_t id; /* identifier of the pending request */
    uint8_t challenge[16];
    struct auth_server_event ev;
    bool ev_set;
    uint8_t out[AUTH_EAP_MAX + 4]; /* packet to pull; kept for retransmission */
    size_t out_len;
    bool out_ready;
    uint8_t in[AUTH_EAP_MAX + 4]; /* copy of the peer's packet that the question borrows from */
    size_t in_len;
    uint8_t last_id; /* identifier that the result in `out` answers */
    bool has_last;
    bool resend;     /* WAIT_PEER: `out` is a request, repeated until it is answered */
    bool accepted;   /* DONE: how it ended */
    unsigned rounds; /* EAP: questions so far */
};

enum {
    AUTH_SERVER_ROUNDS_MAX =
        100, /* EAP packets of a peer in one conversation; EAP-TLS with long chains needs some 30 */
};

/* Where nobody is to be hurried: a peer whose user types a password (RFC 2759 6), a verdict that needs a second
 * factor. [MS-SSTP] 3.3.2.1's Negotiation Timer would end the call then anyway. */
#define AUTH_SERVER_PATIENCE SECONDS(60)

/* Sends the first packet where the method has one (Challenge; for EAP the first ASK has an empty `eap`). */
void auth_server_init(struct auth_server *a, const struct auth_server_conf *conf, const struct env *env, msec now);

/* One packet: all of `in`, the information field of a PPP frame of the method's protocol. A packet that is malformed
 * or makes no sense now is noted and dropped, as all these protocols ask for; never an error. */
int auth_server_feed(struct auth_server *a, struct rd *in, msec now) MUST_CHECK;
size_t auth_server_pull(struct auth_server *a, uint8_t *dst, size_t cap);
bool auth_server_event(struct auth_server *a, struct auth_server_event *out);

/* A late or repeated answer (another number) is ignored. For MS-CHAPv2 the failure text is written anew from the
 * verdict's code and message, so that its R= and C= say what this machine will do. An ACCEPT without a key for a method
 * that makes keys is turned into a refusal: whoever relayed such an authentication could bind it with zeros. */
void auth_server_answer(struct auth_server *a, uint32_t ask, const struct auth_verdict *v, msec now);
void auth_server_tick(struct auth_server *a, msec now);
msec auth_server_due(const struct auth_server *a);

/* Wipes secrets; the machine may then be dropped. */
void auth_server_done(struct auth_server *a);

#endif

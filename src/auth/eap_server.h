/* The EAP server that authd runs: Identity, then EAP-MSCHAPv2; other methods join here later.
 *
 * One machine a conversation. It is fed the EAP packets that the worker passes through and asks for
 * the user's record by event; authd answers from its database. The transport's retransmissions are
 * the worker's business. RFC 3748; draft-kamath-pppext-eap-mschapv2; [MS-CHAP]. */
#ifndef ADIT_AUTH_EAP_SERVER_H
#define ADIT_AUTH_EAP_SERVER_H

#include "auth/method.h"
#include "base/env.h"

struct eap_server_conf {
    const char *server_name; /* not owned */
    unsigned attempts_max;   /* 3 */
};

enum eap_server_ev_kind {
    EAP_SERVER_EV_NONE,
    EAP_SERVER_EV_SEND,     /* packet: send it with VERDICT_MORE */
    EAP_SERVER_EV_USER,     /* who is `name`, the one in the answer? reply with eap_server_user() */
    EAP_SERVER_EV_ACCEPTED, /* packet: EAP-Success; hlak; name */
    EAP_SERVER_EV_REFUSED,  /* packet: EAP-Failure; code says why (691, 647, …); name */
};

struct eap_server_event {
    enum eap_server_ev_kind kind;
    struct slice packet;
    struct slice name; /* as the peer sent it, domain included */
    unsigned code;
    const char *reason;     /* REFUSED: why, for the log; a constant string */
    uint8_t hlak[HLAK_LEN]; /* ACCEPTED; the taker wipes its copy */
};

/* What authd knows of the user. */
struct eap_server_user {
    bool known;           /* false: go on as if, and refuse at the end (no difference on the wire) */
    unsigned refuse_code; /* 0: may log in; 647 disabled, 646, 648, 649: refuse with this after a right answer */
    uint8_t nt_hash[16];
};

struct eap_server {
    struct eap_server_conf conf;
    const struct env *env;
    enum eap_server_state {
        EAP_SERVER_START,
        EAP_SERVER_WAIT_IDENTITY,
        EAP_SERVER_WAIT_USER,
        EAP_SERVER_WAIT_RESPONSE,
        EAP_SERVER_WAIT_RETRY,
        EAP_SERVER_WAIT_SUCCESS_ACK,
        EAP_SERVER_WAIT_FAILURE_ACK,
        EAP_SERVER_DONE
    } state;
    uint8_t id; /* identifier of the pending EAP Request */
    uint8_t mschap_id;
    unsigned attempts; /* wrong answers so far */
    unsigned code;     /* why it will be refused, once that is known */
    const char *reason;
    uint8_t challenge[16];
    struct eap_server_user user;
    uint8_t hlak[HLAK_LEN];
    uint8_t name[AUTH_NAME_MAX];
    size_t name_len;
    uint8_t response[49]; /* the answer being judged */
    uint8_t out[AUTH_EAP_MAX];
    size_t out_len;
    struct eap_server_event ev;
    bool ev_set;
};

/* Leaves a SEND event with the Identity Request. `conf` is copied. */
void eap_server_init(struct eap_server *e, const struct eap_server_conf *conf, const struct env *env, msec now);

/* One EAP packet of the peer: a Response with the pending identifier, which is what the network side passes through.
 * Each packet leaves an event, so that each question of the network side has its answer: one that makes no sense
 * refuses the peer, for below is a reliable transport and what comes wrong was sent wrong. Only while
 * eap_server_user() is due, or after the end, a packet is taken and nothing follows. Never an error. */
int eap_server_feed(struct eap_server *e, struct rd *in, msec now) MUST_CHECK;
bool eap_server_event(struct eap_server *e, struct eap_server_event *out);

/* The answer to USER; ignored in any other state. `u` is copied. */
void eap_server_user(struct eap_server *e, const struct eap_server_user *u, msec now);

/* Wipes secrets; the machine may then be dropped. */
void eap_server_done(struct eap_server *e);

#endif

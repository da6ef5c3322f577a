/* The SSTP call: the client and the server machine of [MS-SSTP] 3.1 to 3.3.
 *
 * Fed whole SSTP packets in order (it takes them off a byte stream itself); gives back control packets to
 * send and PPP frames received. PPP frames to send are framed by the composer, which asks call_relays_*().
 * States change in one function (enter) in call.c; what message means what in which state is a table
 * (call_rows). It knows nothing of HTTP, PPP or authentication beyond the 32-byte key that the binding needs. */
#ifndef ADIT_SSTP_CALL_H
#define ADIT_SSTP_CALL_H

#include "base/env.h"
#include "base/machine.h"
#include "crypto/binding.h"

enum call_role { CALL_CLIENT, CALL_SERVER };

/* The specification's names; [MS-SSTP] 3.1.1.1, 3.2.1.1.1, 3.3.1.1.1. Its transient *_In_Progress_* states do not
 * exist here. */
enum call_state {
    CALL_DISCONNECTED, /* Client/Server_Call_Disconnected */
    CALL_CLIENT_CONNECT_REQUEST_SENT,
    CALL_CLIENT_CONNECT_ACK_RECEIVED,
    CALL_CLIENT_CALL_CONNECTED,
    CALL_SERVER_CONNECT_REQUEST_PENDING,
    CALL_SERVER_CALL_CONNECTED_PENDING,
    CALL_SERVER_CALL_CONNECTED,
    CALL_ABORT_PENDING,
    CALL_ABORT_TIMEOUT_PENDING,
    CALL_DISCONNECT_ACK_PENDING,
    CALL_DISCONNECT_TIMEOUT_PENDING,
    CALL_STATES
};

const char *call_state_name(enum call_state s);

enum { CALL_HASHES_MAX = 8, CALL_FRAME_MAX = 4095, CALL_PAYLOAD_MAX = 4091, CALL_OUT = 1024 };

/* Digests of one end-entity certificate (DER). */
struct call_cert {
    uint8_t sha1[20];
    uint8_t sha256[32];
};

/* What failed; [MS-SSTP] 3.3.5.2.3. */
enum binding_check {
    BINDING_OK,
    BINDING_MISSING,       /* no Crypto Binding attribute, or not of the one shape the message may have */
    BINDING_REPEATED,      /* the attribute, or the whole Call Connected before we judged the first one */
    BINDING_HASH_PROTOCOL, /* a hash that we did not offer */
    BINDING_NONCE,
    BINDING_CERTIFICATE,
    BINDING_MAC,
};

struct call_conf {
    enum call_role role;
    msec negotiation_1, negotiation_2;       /* 60000, 60000 */
    msec hello;                              /* 60000 */
    msec abort_1, abort_2;                   /* 3000, 1000 */
    msec disconnect_1, disconnect_2;         /* 5000, 1000 */
    unsigned nak_max;                        /* 3: server Naks, client resends */
    uint8_t hash_mask;                       /* server: offered; client: acceptable. BINDING_* bits, at least one */
    struct call_cert certs[CALL_HASHES_MAX]; /* server: any of these is right; client: [0] is what TLS showed */
    unsigned n_certs;
};

/* The defaults of the specification for a role; certs empty, mask both. */
void call_conf_default(struct call_conf *c, enum call_role role);

/* Why the call is down. */
enum call_cause {
    CALL_CAUSE_NONE,
    CALL_CAUSE_LOCAL,      /* we disconnected */
    CALL_CAUSE_PEER,       /* the peer sent Call Disconnect */
    CALL_CAUSE_PEER_ABORT, /* the peer sent Call Abort; attrib and status say what it claimed */
    CALL_CAUSE_PROTOCOL,   /* we aborted because of the peer; attrib and status as sent */
    CALL_CAUSE_BINDING,    /* we aborted: crypto binding; check says which part */
    CALL_CAUSE_NEGOTIATION_TIMEOUT,
    CALL_CAUSE_HELLO_TIMEOUT,
    CALL_CAUSE_GARBAGE, /* could not delineate packets */
    CALL_CAUSE_LOST,    /* transport gone */
    CALL_CAUSE_NAKED,   /* client: server refused our request too often */
};

enum call_ev_kind {
    CALL_EV_NONE,
    CALL_EV_LINK_UP, /* PPP may start ([MS-SSTP] 3.2.5.3.2, 3.3.5.2.2); PPP control frames are relayed from now on */
    CALL_EV_PPP,     /* frame: one PPP frame received, to be passed on (already gated: user data only once connected) */
    CALL_EV_CONNECTED, /* Call Connected sent (client) or verified (server): user data may flow */
    CALL_EV_ENDING,    /* Abort or Disconnect under way: PPP lower link down; cause is set; DOWN follows */
    CALL_EV_DOWN,      /* close the transport now, after pulling what is left; cause is set */
};

struct call_event {
    enum call_ev_kind kind;
    struct slice frame;
    enum call_cause cause;
    enum binding_check check;
    uint8_t attrib;
    uint32_t status;
    uint8_t hash; /* CONNECTED: BINDING_SHA1 or BINDING_SHA256 */
};

struct call {
    const struct call_conf *conf; /* not owned */
    const struct env *env;
    enum call_state state;
    msec due;
    bool hello_sent;  /* an Echo Request is out and nothing has come since */
    bool early_noted; /* the note about early user data was given */
    unsigned naks;    /* server: sent; client: answered by asking again */
    bool has_hlak;
    uint8_t hlak[32];
    uint8_t nonce[32];
    uint8_t hash; /* chosen by the client */
    bool has_deferred;
    uint8_t deferred[112]; /* a Call Connected that overtook our authentication result */
    struct call_event ev;
    bool ev_set;
    struct call_event ending; /* cause, kept until DOWN */
    uint8_t *out;             /* CALL_OUT bytes, lent: control packets to send, in order */
    size_t out_len;           /* while this is 0 the lender may take it back (and `out` is NULL) until the next verb */
};

/* Client: the HTTP upgrade is done, sends Connect Request. Server: waits for one. `out`: CALL_OUT bytes, lent. `conf` must
 * outlive the call. */
void call_init(struct call *c, uint8_t *out, const struct call_conf *conf, const struct env *env, msec now);
/* Takes one SSTP packet; FED_MORE while `in` does not hold a whole one (needs at most 4095 bytes). Bytes that are no
 * SSTP end the call with a DOWN event, not with an error; ERR_STATE: the call is down already. */
int call_feed(struct call *c, struct rd *in, msec now) MUST_CHECK;
size_t call_pull(struct call *c, uint8_t *dst, size_t cap);
bool call_event(struct call *c, struct call_event *out);
/* PPP authentication succeeded. Client: sends Call Connected. Server: verifies the deferred one, if any. Copies the key
 * and wipes the copy once it has served. Has no effect but between LINK_UP and CONNECTED. */
void call_authenticated(struct call *c, const uint8_t hlak[32], msec now);
/* Orderly end ([MS-SSTP] 3.2.4.2, 3.3.4): sends Call Disconnect. */
void call_disconnect(struct call *c, msec now);
/* The transport is gone: no wire activity. */
void call_lost(struct call *c, msec now);
/* Data frames were taken past the machine: restarts hello. */
void call_heard(struct call *c, msec now);
void call_tick(struct call *c, msec now);
msec call_due(const struct call *c);
bool call_relays_control(const struct call *c); /* PPP control frames may be sent and are passed on */
bool call_relays_data(const struct call *c);    /* user data may flow */
void call_done(struct call *c);                 /* wipes secrets */

#endif

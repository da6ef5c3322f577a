/* The peer that proves who it is: PAP, CHAP-MD5, MS-CHAPv2 and EAP (Identity, Nak, EAP-MSCHAPv2).
 *
 * With MS-CHAPv2 and EAP-MSCHAPv2 it also verifies the server: no ACCEPTED event before the
 * authenticator response (S=…) was right (RFC 2759 8.7). */
#ifndef ADIT_AUTH_CLIENT_H
#define ADIT_AUTH_CLIENT_H

#include "auth/method.h"
#include "base/env.h"

struct auth_client_conf {
    enum auth_method method; /* what LCP agreed on */
    struct slice user;       /* as typed, domain included; not owned, must outlive the machine */
    struct slice password;   /* UTF-8; not owned, must outlive the machine */
    msec retransmit;         /* PAP request: 3000. A CHAP Response is repeated when the Challenge is. */
    unsigned retransmit_max; /* 10 */
};

enum auth_client_ev_kind {
    AUTH_CLIENT_EV_NONE,
    AUTH_CLIENT_EV_ACCEPTED, /* hlak, keyed */
    AUTH_CLIENT_EV_REFUSED,  /* code (E=…, 0 if none), text of the server */
    AUTH_CLIENT_EV_UNPROVEN, /* the server did not prove that it knows the password: end the call */
    AUTH_CLIENT_EV_TIMEOUT,  /* the server stopped answering, or took longer than AUTH_CLIENT_LIMIT */
    AUTH_CLIENT_EV_UNUSABLE, /* name or password cannot be sent with this method; `text` says why, in our words */
};

/* The whole of an authentication where the server sets the pace: CHAP and EAP. Long enough for a second factor
 * behind RADIUS, and [MS-SSTP] 3.3.2.1's Negotiation Timer would end the call then anyway. */
#define AUTH_CLIENT_LIMIT SECONDS(60)

struct auth_client_event {
    enum auth_client_ev_kind kind;
    unsigned code;          /* REFUSED: 646, 647, 648, 649, 691, 709 (RFC 2759 6) or 0 */
    bool retry;             /* REFUSED: R=1; we do not retry with the same password */
    struct slice text;      /* REFUSED: M=… or the whole message; hostile bytes */
    bool keyed;             /* ACCEPTED: hlak is a key, not the zeros of PAP and CHAP-MD5 */
    uint8_t hlak[HLAK_LEN]; /* ACCEPTED; the taker wipes its copy */
};

struct auth_client {
    struct auth_client_conf conf;
    const struct env *env;
    enum auth_client_state {
        AUTH_CLIENT_IDLE,
        AUTH_CLIENT_SENT,
        AUTH_CLIENT_EAP_WAIT,
        AUTH_CLIENT_EAP_PROVEN,
        AUTH_CLIENT_EAP_FAILED,
        AUTH_CLIENT_DONE
    } state;
    msec due;
    unsigned sent;
    uint8_t id;     /* identifier of the request being answered, or of our latest PAP request */
    uint8_t eap_id; /* of the EAP Request that `out` answers */
    bool has_eap_id;
    bool accepted; /* ACCEPTED was reported; from then on the server may only challenge again */
    bool answered; /* challenges and nt_response below are set */
    uint8_t auth_challenge[16], peer_challenge[16], nt_response[24];
    struct auth_client_event ev;
    bool ev_set;
    uint8_t text[AUTH_TEXT_MAX]; /* what the event's text borrows from */
    size_t text_len;             /* EAP_FAILED: the reason in a Failure Request, until EAP-Failure comes */
    unsigned fail_code;
    bool fail_retry;
    uint8_t out[AUTH_EAP_MAX + 4];
    size_t out_len;
    bool out_ready;
};

/* Starts; with PAP the first request is ready to pull. A name or password that does not fit the method leaves
 * UNUSABLE at once. `conf` is copied; what its slices point to is not. */
void auth_client_init(struct auth_client *a, const struct auth_client_conf *conf, const struct env *env, msec now);

/* One packet: all of `in`, the information field of a PPP frame of the method's protocol. A packet that is malformed
 * or makes no sense now is noted and dropped, as all these protocols ask for; never an error. */
int auth_client_feed(struct auth_client *a, struct rd *in, msec now) MUST_CHECK;
size_t auth_client_pull(struct auth_client *a, uint8_t *dst, size_t cap);
bool auth_client_event(struct auth_client *a, struct auth_client_event *out);
void auth_client_tick(struct auth_client *a, msec now);
msec auth_client_due(const struct auth_client *a);

/* Wipes secrets; the machine may then be dropped. */
void auth_client_done(struct auth_client *a);

#endif

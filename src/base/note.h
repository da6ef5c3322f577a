/* Notes: facts worth a log line or a counter, typed, without text of ours.
 *
 * A pure machine emits a note; the program maps it to an entry of the event catalogue.
 * `a`, `b` and `text` mean what the comment at the id says; `text` is bytes of the peer,
 * borrowed for the call, unescaped and hostile. Add yours in your layer's section. */
#ifndef ADIT_BASE_NOTE_H
#define ADIT_BASE_NOTE_H

#include "base/slice.h"

enum note_id {
    NOTE_NONE = 0,
    /* http */
    NOTE_HTTP_REFUSED, /* a: status answered; text: request line as far as read */
    /* sstp */
    NOTE_CALL_STATE,          /* a: old state, b: new state (enum call_state) */
    NOTE_CALL_NAK_SENT,       /* a: attribute id, b: status */
    NOTE_CALL_NAK_RECEIVED,   /* a: attribute id, b: status */
    NOTE_CALL_ABORT_SENT,     /* a: attribute id, b: status */
    NOTE_CALL_ABORT_RECEIVED, /* a: attribute id, b: status */
    NOTE_CALL_BINDING_FAILED, /* a: enum binding_check */
    NOTE_CALL_DEFERRED,       /* Call Connected arrived before our authentication result */
    NOTE_CALL_DATA_EARLY,     /* user packet before Call Connected, dropped */
    /* ppp */
    NOTE_LCP_IDENT,          /* text: Identification string of the peer (may be binary) */
    NOTE_LCP_TIME_REMAINING, /* a: seconds */
    NOTE_LCP_LOOP,           /* our own magic number came back */
    NOTE_LCP_TERM_RECEIVED,  /* a: 1 if b is a RAS error number ([CAP], protocol C.3.2); text: data */
    NOTE_LCP_PROTO_REJECTED, /* peer rejected protocol a */
    NOTE_LCP_PROTO_UNKNOWN,  /* we rejected protocol a */
    NOTE_LCP_AUTH_NO_COMMON, /* no authentication method in common; a: last protocol, b: algorithm */
    NOTE_NCP_NO_ADDRESS,     /* IPCP came up without an address */
    /* auth */
    NOTE_AUTH_RETRY,           /* a: attempt number */
    NOTE_AUTH_BAD_PACKET,      /* a: protocol, b: -enum err */
    NOTE_AUTH_SERVER_UNPROVEN, /* the server's authenticator response is wrong or missing */
    NOTE_AUTH_NO_KEYS,         /* the verdict accepted method a without a binding key; refused */
    /* session */
    NOTE_TUNNEL_NO_KEY, /* accepted without a binding key for method a, turned into a refusal */
};

struct note {
    enum note_id id;
    uint32_t a;
    uint32_t b;
    struct slice text;
};

#endif

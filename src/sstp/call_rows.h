/* The inside of the call: the rows of its two tables, and what the parts of the machine may ask of call.c.
 *
 * For src/sstp only; everyone else includes call.h. */
#ifndef ADIT_SSTP_CALL_ROWS_H
#define ADIT_SSTP_CALL_ROWS_H

#include "sstp/call.h"
#include "wire/sstp_msg.h"

/* Which of the configured times limits a state. [MS-SSTP] 3.1.2, 3.2.2, 3.3.2. */
enum call_timer {
    TIMER_NONE,
    TIMER_NEGOTIATION_1,
    TIMER_NEGOTIATION_2,
    TIMER_HELLO,
    TIMER_ABORT_1,
    TIMER_ABORT_2,
    TIMER_DISCONNECT_1,
    TIMER_DISCONNECT_2,
};

/* What happens when the time is up. */
enum call_late {
    LATE_NEVER,
    LATE_ABORT, /* Call Abort with NEGOTIATION_TIMEOUT */
    LATE_CLOSE, /* negotiation failed, nothing is sent */
    LATE_HELLO, /* Echo Request; the second time in a row: close, nothing is sent */
    LATE_CLEAN, /* the end that was under way is complete */
};

struct call_row {
    const char *name;
    enum call_timer timer;
    enum call_late late;
    bool relays_control; /* PPP control frames pass, both ways */
    bool relays_data;    /* user data passes, both ways */
    bool ending;         /* Abort or Disconnect is under way: unknown and malformed messages are discarded */
};

extern const struct call_row call_rows[CALL_STATES];

/* A received message: decoded, and as it stood on the wire, header included. */
struct call_in {
    const struct sstp_msg *msg;
    struct slice whole;
};

typedef void call_act(struct call *c, const struct call_in *in, msec now);

/* State x message. NULL is a protocol error: Call Abort with UNACCEPTED_FRAME_RECEIVED. */
extern call_act *const call_table[CALL_STATES][SSTP_TYPES];

/* The cells, by who plays them. */
call_act call_ignore, call_got_abort, call_got_answering_abort, call_got_disconnect, call_got_disconnect_ack,
    call_got_echo_request, call_got_echo_response; /* call.c: both roles */
call_act call_got_ack, call_got_nak;               /* call_client.c */
call_act call_got_request, call_got_connected;     /* call_server.c */

void call_client_start(struct call *c, msec now);
void call_client_authenticated(struct call *c, msec now);
void call_server_authenticated(struct call *c, msec now);

/* What the roles may ask of call.c. */

/* The only function that changes the state; sets the deadline too. */
void call_enter(struct call *c, enum call_state s, msec now);
/* Queues a control packet. */
void call_send(struct call *c, const struct sstp_msg *m);
/* Leaves an event in the slot. */
void call_say(struct call *c, enum call_ev_kind kind);
/* Aborts the call: Call Abort with this reason, and the cause that ENDING and DOWN will give. */
struct call_fault {
    enum call_cause cause;
    enum binding_check check;
    uint8_t attrib;
    enum sstp_status status;
};
void call_abort(struct call *c, struct call_fault why, msec now);
/* Key, nonce and the deferred message have served. */
void call_wipe(struct call *c);

#endif

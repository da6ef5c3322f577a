/* The two tables of the call: what each state is, and what each message means in it. No code. */
#include "sstp/call_rows.h"

/* clang-format off */
const struct call_row call_rows[CALL_STATES] = {
        /* name                              time limit           when late   control data   ending */
    [CALL_DISCONNECTED] =
        { "Call_Disconnected",               TIMER_NONE,          LATE_NEVER, false, false, true  },
    /* [MS-SSTP] 3.2.2.1, 3.2.6.1: the client's negotiation timer aborts in both phases. */
    [CALL_CLIENT_CONNECT_REQUEST_SENT] =
        { "Client_Connect_Request_Sent",     TIMER_NEGOTIATION_1, LATE_ABORT, false, false, false },
    [CALL_CLIENT_CONNECT_ACK_RECEIVED] =
        { "Client_Connect_Ack_Received",     TIMER_NEGOTIATION_2, LATE_ABORT, true,  false, false },
    [CALL_CLIENT_CALL_CONNECTED] =
        { "Client_Call_Connected",           TIMER_HELLO,         LATE_HELLO, true,  true,  false },
    /* [MS-SSTP] 3.3.2.1 and figure 5 close here, 3.3.6.1 aborts. We close: a peer that has sent HTTP and no SSTP
     * may not know SSTP at all. */
    [CALL_SERVER_CONNECT_REQUEST_PENDING] =
        { "Server_Connect_Request_Pending",  TIMER_NEGOTIATION_1, LATE_CLOSE, false, false, false },
    [CALL_SERVER_CALL_CONNECTED_PENDING] =
        { "Server_Call_Connected_Pending",   TIMER_NEGOTIATION_2, LATE_ABORT, true,  false, false },
    [CALL_SERVER_CALL_CONNECTED] =
        { "Server_Call_Connected",           TIMER_HELLO,         LATE_HELLO, true,  true,  false },
    /* [MS-SSTP] 3.1.2.1, 3.1.2.2, 3.1.6.1, 3.1.6.2 */
    [CALL_ABORT_PENDING] =
        { "Call_Abort_Pending",              TIMER_ABORT_1,       LATE_CLEAN, false, false, true  },
    [CALL_ABORT_TIMEOUT_PENDING] =
        { "Call_Abort_Timeout_Pending",      TIMER_ABORT_2,       LATE_CLEAN, false, false, true  },
    [CALL_DISCONNECT_ACK_PENDING] =
        { "Call_Disconnect_Ack_Pending",     TIMER_DISCONNECT_1,  LATE_CLEAN, false, false, true  },
    [CALL_DISCONNECT_TIMEOUT_PENDING] =
        { "Call_Disconnect_Timeout_Pending", TIMER_DISCONNECT_2,  LATE_CLEAN, false, false, true  },
};
/* clang-format on */

/* What every state before the end does with the two messages that end a call.
 * [MS-SSTP] 3.2.5.3.4, 3.3.5.2.4: Abort is answered with Abort; 3.2.5.3.5, 3.3.5.2.5: Disconnect with Disconnect-Ack.
 */
#define ENDS_THE_CALL [SSTP_CALL_ABORT] = call_got_abort, [SSTP_CALL_DISCONNECT] = call_got_disconnect

/* [MS-SSTP] 3.2.5.3.7, 3.2.5.3.8, 3.3.5.2.7, 3.3.5.2.8: only connected calls echo; before that it is an error. */
#define ECHOES [SSTP_ECHO_REQUEST] = call_got_echo_request, [SSTP_ECHO_RESPONSE] = call_got_echo_response

/* [MS-SSTP] 3.1.1.1.2 and the "Ignore the message" branches of 3.2.5.3 and 3.3.5.2. */
#define IGNORES_ALL_ELSE                                                                                               \
    [SSTP_CALL_CONNECT_REQUEST] = call_ignore, [SSTP_CALL_CONNECT_ACK] = call_ignore,                                  \
    [SSTP_CALL_CONNECT_NAK] = call_ignore, [SSTP_CALL_CONNECTED] = call_ignore, [SSTP_ECHO_REQUEST] = call_ignore,     \
    [SSTP_ECHO_RESPONSE] = call_ignore

/* The messages of the other role are holes: a client never receives a Request, a server never an Ack. */
call_act *const call_table[CALL_STATES][SSTP_TYPES] = {
    [CALL_CLIENT_CONNECT_REQUEST_SENT] = {
        [SSTP_CALL_CONNECT_ACK] = call_got_ack,
        [SSTP_CALL_CONNECT_NAK] = call_got_nak,
        ENDS_THE_CALL,
    },
    [CALL_CLIENT_CONNECT_ACK_RECEIVED] = {
        ENDS_THE_CALL,
    },
    [CALL_CLIENT_CALL_CONNECTED] = {
        ECHOES,
        ENDS_THE_CALL,
    },
    [CALL_SERVER_CONNECT_REQUEST_PENDING] = {
        [SSTP_CALL_CONNECT_REQUEST] = call_got_request,
        ENDS_THE_CALL,
    },
    [CALL_SERVER_CALL_CONNECTED_PENDING] = {
        [SSTP_CALL_CONNECTED] = call_got_connected,
        ENDS_THE_CALL,
    },
    [CALL_SERVER_CALL_CONNECTED] = {
        ECHOES,
        ENDS_THE_CALL,
    },
    [CALL_ABORT_PENDING] = {
        [SSTP_CALL_ABORT] = call_got_answering_abort,
        [SSTP_CALL_DISCONNECT] = call_ignore,
        [SSTP_CALL_DISCONNECT_ACK] = call_ignore,
        IGNORES_ALL_ELSE,
    },
    [CALL_ABORT_TIMEOUT_PENDING] = {
        [SSTP_CALL_ABORT] = call_ignore,
        [SSTP_CALL_DISCONNECT] = call_ignore,
        [SSTP_CALL_DISCONNECT_ACK] = call_ignore,
        IGNORES_ALL_ELSE,
    },
    [CALL_DISCONNECT_ACK_PENDING] = {
        /* Collisions: both sides may end the call at once. */
        [SSTP_CALL_ABORT] = call_got_abort,
        [SSTP_CALL_DISCONNECT] = call_got_disconnect,
        [SSTP_CALL_DISCONNECT_ACK] = call_got_disconnect_ack,
        IGNORES_ALL_ELSE,
    },
    [CALL_DISCONNECT_TIMEOUT_PENDING] = {
        /* [MS-SSTP] 3.2.4.2 wants every Disconnect acknowledged "regardless of the value of CurrentState"; 3.2.5.3.5
         * and 3.3.5.2.5 name the states that ignore it. We follow the latter. */
        [SSTP_CALL_ABORT] = call_ignore,
        [SSTP_CALL_DISCONNECT] = call_ignore,
        [SSTP_CALL_DISCONNECT_ACK] = call_ignore,
        IGNORES_ALL_ELSE,
    },
};

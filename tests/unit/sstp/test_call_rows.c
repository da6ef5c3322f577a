/* The two tables of the call as such: no state without a deadline, no cell that the specification does not have. */
#include "sstp/call_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const enum call_state ends[] = {
    CALL_ABORT_PENDING,
    CALL_ABORT_TIMEOUT_PENDING,
    CALL_DISCONNECT_ACK_PENDING,
    CALL_DISCONNECT_TIMEOUT_PENDING,
};
enum { N_ENDS = sizeof ends / sizeof ends[0] };

static void every_state_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_STATES; s++) {
        assert_string_not_equal(call_state_name((enum call_state)s), "?");
        for (int t = 0; t < s; t++)
            assert_string_not_equal(call_rows[s].name, call_rows[t].name);
    }
    assert_string_equal(call_state_name(CALL_STATES), "?");
}

static void no_state_but_disconnected_is_without_a_deadline(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_STATES; s++) {
        assert_int_equal(call_rows[s].timer == TIMER_NONE, s == CALL_DISCONNECTED);
        assert_int_equal(call_rows[s].late == LATE_NEVER, s == CALL_DISCONNECTED);
        assert_int_equal(call_rows[s].late == LATE_HELLO, call_rows[s].timer == TIMER_HELLO);
    }
}

/* [MS-SSTP] 3.2.7, 3.3.7: control from the Ack on, user data once connected. */
static void gates_open_in_order(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_STATES; s++) {
        bool connected = s == CALL_CLIENT_CALL_CONNECTED || s == CALL_SERVER_CALL_CONNECTED;
        bool pending = s == CALL_CLIENT_CONNECT_ACK_RECEIVED || s == CALL_SERVER_CALL_CONNECTED_PENDING;
        assert_int_equal(call_rows[s].relays_data, connected);
        assert_int_equal(call_rows[s].relays_control, connected || pending);
        assert_int_equal(call_rows[s].late == LATE_HELLO, connected);
    }
}

/* [MS-SSTP] 3.2.5.3, 3.3.5.2: which message is expected where. All other cells are holes. */
static void establishment_has_these_cells_and_no_others(void **state)
{
    (void)state;
    static const struct {
        enum call_state state;
        enum sstp_type type;
        call_act *act;
    } cells[] = {
        { CALL_CLIENT_CONNECT_REQUEST_SENT, SSTP_CALL_CONNECT_ACK, call_got_ack },
        { CALL_CLIENT_CONNECT_REQUEST_SENT, SSTP_CALL_CONNECT_NAK, call_got_nak },
        { CALL_CLIENT_CALL_CONNECTED, SSTP_ECHO_REQUEST, call_got_echo_request },
        { CALL_CLIENT_CALL_CONNECTED, SSTP_ECHO_RESPONSE, call_got_echo_response },
        { CALL_SERVER_CONNECT_REQUEST_PENDING, SSTP_CALL_CONNECT_REQUEST, call_got_request },
        { CALL_SERVER_CALL_CONNECTED_PENDING, SSTP_CALL_CONNECTED, call_got_connected },
        { CALL_SERVER_CALL_CONNECTED, SSTP_ECHO_REQUEST, call_got_echo_request },
        { CALL_SERVER_CALL_CONNECTED, SSTP_ECHO_RESPONSE, call_got_echo_response },
    };
    for (int s = 0; s < CALL_STATES; s++) {
        for (int t = 1; t < SSTP_TYPES; t++) {
            call_act *want = NULL;
            if (call_rows[s].ending)
                continue;
            for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
                if ((int)cells[i].state == s && (int)cells[i].type == t)
                    want = cells[i].act;
            if (t == SSTP_CALL_ABORT)
                want = call_got_abort;
            if (t == SSTP_CALL_DISCONNECT)
                want = call_got_disconnect;
            assert_ptr_equal(call_table[s][t], want);
        }
    }
}

/* The states of the end have no holes: nothing that arrives there starts another Abort. */
static void ends_have_no_holes(void **state)
{
    (void)state;
    for (int i = 0; i < N_ENDS; i++) {
        assert_true(call_rows[ends[i]].ending);
        for (int t = 1; t < SSTP_TYPES; t++)
            assert_non_null(call_table[ends[i]][t]);
    }
    /* What they wait for, [MS-SSTP] 3.2.5.3.4 to 3.2.5.3.6; all else is ignored. */
    assert_ptr_equal(call_table[CALL_ABORT_PENDING][SSTP_CALL_ABORT], call_got_answering_abort);
    assert_ptr_equal(call_table[CALL_DISCONNECT_ACK_PENDING][SSTP_CALL_ABORT], call_got_abort);
    assert_ptr_equal(call_table[CALL_DISCONNECT_ACK_PENDING][SSTP_CALL_DISCONNECT], call_got_disconnect);
    assert_ptr_equal(call_table[CALL_DISCONNECT_ACK_PENDING][SSTP_CALL_DISCONNECT_ACK], call_got_disconnect_ack);
    int acts = 0;
    for (int i = 0; i < N_ENDS; i++)
        for (int t = 1; t < SSTP_TYPES; t++)
            acts += call_table[ends[i]][t] != call_ignore;
    assert_int_equal(acts, 4);
}

static void column_zero_is_empty(void **state)
{
    (void)state;
    for (int s = 0; s < CALL_STATES; s++)
        assert_null(call_table[s][0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_a_name_of_its_own),
        cmocka_unit_test(no_state_but_disconnected_is_without_a_deadline),
        cmocka_unit_test(gates_open_in_order),
        cmocka_unit_test(establishment_has_these_cells_and_no_others),
        cmocka_unit_test(ends_have_no_holes),
        cmocka_unit_test(column_zero_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

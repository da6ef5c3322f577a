/* LCP's codes: echoes, Identification, Time-Remaining, what a Terminate-Request says (RFC 1661 5.5, 5.8, 5.9;
 * RFC 1570 2; and what Windows does: [CAP]). */
#include "ppp_test.h"

static void echoes_are_answered_only_in_opened(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    bench_open(&b, &c);
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_cp(&b, LCP, LCP_ECHO_REQ, 1, "01020304");
    bench_silent(&b);
    bench_client_lcp(&b, &c);
    bench_cp(&b, LCP, LCP_ECHO_REQ, 1, "01020304");
    assert_int_equal(bench_expect(&b, LCP, LCP_ECHO_REPLY, "a1a2a3a4"), 1);
    bench_cp(&b, LCP, LCP_ECHO_REQ, 2, "010203");   /* too short for a magic number */
    bench_cp(&b, LCP, LCP_ECHO_REQ, 2, "a1a2a3a4"); /* our own */
    bench_cp(&b, LCP, LCP_ECHO_REPLY, 2, "01020304");
    bench_cp(&b, LCP, LCP_DISCARD_REQ, 2, "01020304 ffff");
    bench_silent(&b);
    assert_int_equal(b.notes[NOTE_LCP_LOOP], 1);
}

/* [CAP]: Windows leaves ff 03 out for codes above 7; the answer has it. */
static void the_longest_echo_is_answered(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(&b, &c);
    uint8_t frame[4091] = { 0xc0, 0x21, LCP_ECHO_REQ, 7, 0x0f, 0xf5, 1, 2, 3, 4 };
    bench_feed_bytes(&b, frame, 4087); /* header 2, packet 4085 = 0x0ff5 */
    uint8_t got[4096];
    assert_int_equal(link_pull(&b.l, got, 4091), 4089);
    uint8_t head[4];
    hex_read("ff03c021", head, NULL, 4);
    assert_memory_equal(got, head, 4);
}

static void identification_is_told_and_never_answered(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(&b, &c);
    bench_feed(&b, "c0210c0100124b493f314d5352415356352e3230");
    struct link_event ev = bench_event(&b, LINK_EV_IDENT);
    assert_int_equal(ev.packet.n, 10);
    assert_memory_equal(ev.packet.p, "MSRASV5.20", 10);
    bench_feed(&b, "c0210c0300184b493f31ac8c520d4e463a42a3999470e234bc54");
    assert_int_equal(bench_event(&b, LINK_EV_IDENT).packet.n, 16);
    bench_cp(&b, LCP, LCP_IDENTIFICATION, 4, "4b493f31");
    assert_int_equal(bench_event(&b, LINK_EV_IDENT).packet.n, 0);
    bench_cp(&b, LCP, LCP_IDENTIFICATION, 5, "4b493f");
    bench_quiet(&b);
    bench_cp(&b, LCP, LCP_TIME_REMAINING, 6, "4b493f31 0000003c 4142");
    bench_cp(&b, LCP, LCP_TIME_REMAINING, 7, "4b493f31");
    assert_int_equal(b.notes[NOTE_LCP_IDENT], 3);
    assert_int_equal(b.notes[NOTE_LCP_TIME_REMAINING], 1);
    assert_false(b.l.peer_adit);
    bench_silent(&b);
}

static void a_long_identification_is_cut(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(&b, &c);
    uint8_t data[4000] = { 1 }, frame[4100];
    bench_feed_bytes(&b, frame, cp_frame(frame, LCP, LCP_IDENTIFICATION, 1, data, sizeof data));
    assert_int_equal(bench_event(&b, LINK_EV_IDENT).packet.n, LCP_IDENT_MAX);
}

static void we_identify_ourselves_and_know_each_other(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    c.ident = "ADIT-1";
    bench_server_lcp(&b, &c);
    bench_expect(&b, LCP, LCP_IDENTIFICATION, "a1a2a3a4 414449542d31");
    bench_cp(&b, LCP, LCP_IDENTIFICATION, 1, "11223344 414449542d31");
    bench_event(&b, LINK_EV_IDENT);
    assert_true(b.l.peer_adit);
}

/* [CAP]: magic, 00 3c cd 74, RAS error number; the Ack returns the data. */
static void terminate_of_windows_is_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        bool has;
        uint32_t number;
    } rows[] = {
        { "4b493f31 003ccd74 00000000", true, 0 },     { "4b493f31 003ccd74 000002b3", true, 691 },
        { "4b493f31 003ccd74 0000030a", true, 778 },   { "4b493f31 003ccd74 00000397", true, 919 },
        { "4b493f31 003ccd75 00000397", false, 0 },    { "4b493f31 003ccd74 000003", false, 0 },
        { "4b493f31 003ccd74 00000397 00", false, 0 }, { "", false, 0 },
        { "55736572207265717565737400", false, 0 }, /* pppd sends text */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        struct link_conf c = bench_conf(LINK_SERVER);
        bench_server_lcp(&b, &c);
        bench_cp(&b, LCP, CP_TERM_REQ, 10, rows[i].data);
        assert_int_equal(bench_expect(&b, LCP, CP_TERM_ACK, rows[i].data), 10);
        assert_int_equal(b.l.phase, LINK_TERMINATE);
        bench_quiet(&b);
        bench_after(&b, 3000); /* RFC 1661 4.4 zrc: the peer gets one restart period to hear the Ack */
        struct link_event ev = bench_event(&b, LINK_EV_DOWN);
        assert_int_equal(ev.cause, LINK_CAUSE_PEER);
        assert_int_equal(ev.has_ras_error, rows[i].has);
        assert_int_equal(ev.ras_error, rows[i].number);
        bench_silent(&b);
    }
}

static void close_can_carry_a_ras_error(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    bench_client_lcp(&b, &c);
    link_close(&b.l, 691, b.now);
    uint8_t id = bench_expect(&b, LCP, CP_TERM_REQ, "a1a2a3a4 003ccd74 000002b3");
    bench_cp(&b, LCP, CP_TERM_ACK, id, "a1a2a3a4 003ccd74 000002b3");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_LOCAL);
}

/* -- own echoes -- */

static void own_echoes_find_a_dead_peer(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    c.lcp_echo = 10000;
    bench_server_lcp(&b, &c);
    bench_after(&b, 10000);
    uint8_t id = bench_expect(&b, LCP, LCP_ECHO_REQ, "a1a2a3a4");
    bench_cp(&b, LCP, LCP_ECHO_REPLY, id, "11223344");
    for (unsigned i = 0; i < 4; i++) {
        bench_after(&b, 10000);
        bench_expect(&b, LCP, LCP_ECHO_REQ, "a1a2a3a4");
    }
    bench_quiet(&b);
    bench_after(&b, 10000);
    bench_sent(&b, LCP, CP_TERM_REQ);
    bench_after(&b, 6000);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_ECHO_TIMEOUT);
}

static void own_echoes_stop_for_a_peer_that_does_not_know_them(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    c.lcp_echo = 10000;
    bench_server_lcp(&b, &c);
    bench_after(&b, 10000);
    bench_sent(&b, LCP, LCP_ECHO_REQ);
    bench_cp(&b, LCP, CP_CODE_REJ, 1, "0901 0008 a1a2a3a4");
    assert_int_equal(link_due(&b.l), NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echoes_are_answered_only_in_opened),
        cmocka_unit_test(the_longest_echo_is_answered),
        cmocka_unit_test(identification_is_told_and_never_answered),
        cmocka_unit_test(a_long_identification_is_cut),
        cmocka_unit_test(we_identify_ourselves_and_know_each_other),
        cmocka_unit_test(terminate_of_windows_is_decoded),
        cmocka_unit_test(close_can_carry_a_ras_error),
        cmocka_unit_test(own_echoes_find_a_dead_peer),
        cmocka_unit_test(own_echoes_stop_for_a_peer_that_does_not_know_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

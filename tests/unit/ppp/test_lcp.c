/* LCP's options, both roles (RFC 1661 6, and what Windows does: [CAP]). */
#include "ppp_test.h"

/* [CAP]: Windows' request is acked but for callback, which would oblige us to CBCP. */
static void the_request_of_windows(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_silent(&b); /* the client speaks first */
    bench_feed(&b, "ff03c0210100001501040ffb05064b493f31070208020d0306");
    bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0305 c22381 0506 a1a2a3a4 0702 0802");
    assert_int_equal(bench_expect(&b, LCP, CP_CONF_REJ, "0d03 06"), 0);
    bench_feed(&b, "ff03c0210101001201040ffb05064b493f3107020802");
    assert_int_equal(bench_expect(&b, LCP, CP_CONF_ACK, "0104 0ffb 0506 4b493f31 0702 0802"), 1);
    assert_int_equal(b.l.lcp.cp.state, CP_ACK_SENT);
    assert_int_equal(b.l.port.peer_mru, 4091);
    assert_true(b.l.port.pfc && b.l.port.acfc);
}

static void options_that_are_always_rejected(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    const char *all = "0d03 06 1104 064e 1202 1317 01fb630ee6acca46aa853b78be65c5c79300000000 1704 0001 0006 00000000 "
                      "02 06 00000000 04 06 c025 0000 63 02";
    bench_cp(&b, LCP, CP_CONF_REQ, 1, all);
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_expect(&b, LCP, CP_CONF_REJ, all);
}

/* RFC 1661 5.4: Reject before Nak, never both in one. */
static void reject_goes_before_nak(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0104 0040 0d03 06 0506 00000000");
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_expect(&b, LCP, CP_CONF_REJ, "0d03 06");
    bench_silent(&b);
    bench_cp(&b, LCP, CP_CONF_REQ, 2, "0104 0040 0506 00000000");
    bench_expect(&b, LCP, CP_CONF_NAK, "0104 05dc 0506 ........");
    bench_silent(&b);
}

static void an_empty_request_is_acked(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 3, "");
    bench_sent(&b, LCP, CP_CONF_REQ);
    assert_int_equal(bench_expect(&b, LCP, CP_CONF_ACK, ""), 3);
    assert_int_equal(link_peer_mru(&b.l), 1500);
}

static void mru_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *opt;
        uint8_t code;
        uint16_t mru; /* what link_peer_mru() says then */
    } rows[] = {
        { "0104 0000", CP_CONF_NAK, 1500 }, { "0104 007f", CP_CONF_NAK, 1500 }, { "0104 0080", CP_CONF_ACK, 128 },
        { "0104 05ac", CP_CONF_ACK, 1452 }, { "0104 0ffb", CP_CONF_ACK, 4087 }, { "0104 ffff", CP_CONF_ACK, 4087 },
        { "0102", CP_CONF_NAK, 1500 },      { "0103 05", CP_CONF_NAK, 1500 },   { "0105 05dc00", CP_CONF_NAK, 1500 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        struct link_conf c = bench_conf(LINK_SERVER);
        bench_open(&b, &c);
        bench_cp(&b, LCP, CP_CONF_REQ, 1, rows[i].opt);
        bench_sent(&b, LCP, CP_CONF_REQ);
        bench_expect(&b, LCP, rows[i].code, rows[i].code == CP_CONF_NAK ? "0104 05dc" : rows[i].opt);
        assert_int_equal(link_peer_mru(&b.l), rows[i].mru);
    }
}

static void our_mru_follows_naks_down_only(void **state)
{
    (void)state;
    static const struct {
        const char *nak, *next;
    } rows[] = { { "0104 05ac", "0104 05ac" },
                 { "0104 007f", "0104 0ffb" },
                 { "0104 0ffc", "0104 0ffb" },
                 { "0104 0080", "0104 0080" },
                 { "0102", "0104 0ffb" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        struct link_conf c = bench_conf(LINK_CLIENT);
        c.compress = false;
        bench_open(&b, &c);
        uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
        bench_cp(&b, LCP, CP_CONF_NAK, id, rows[i].nak);
        struct cp_pkt p = bench_sent(&b, LCP, CP_CONF_REQ);
        uint8_t want[4];
        hex_read(rows[i].next, want, NULL, 4);
        assert_memory_equal(p.data.p, want, 4);
    }
}

/* SoftEther rejects everything but MRU and authentication; compression and magic go, the link comes up. */
static void rejected_options_are_dropped(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    bench_open(&b, &c);
    uint8_t id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0506 a1a2a3a4 0702 0802");
    bench_cp(&b, LCP, CP_CONF_REJ, id, "0506 a1a2a3a4 0702 0802");
    id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb");
    bench_cp(&b, LCP, CP_CONF_ACK, id, "0104 0ffb");
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0104 05dc 0305 c22381");
    bench_expect(&b, LCP, CP_CONF_ACK, "0104 05dc 0305 c22381");
    bench_event(&b, LINK_EV_AUTH_START);
    /* RFC 1661 5.8: without a negotiated number echoes carry zero. */
    bench_cp(&b, LCP, LCP_ECHO_REQ, 5, "01020304 aabb");
    assert_int_equal(bench_expect(&b, LCP, LCP_ECHO_REPLY, "00000000 aabb"), 5);
    uint8_t head[4];
    assert_int_equal(link_head(&b.l, PPP_PROTO_IPV4, head), 4);
}

static void a_nak_of_a_boolean_is_a_rejection(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    bench_open(&b, &c);
    uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0702 0802");
    bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0506 a1a2a3a4");
}

static void compression_can_be_off(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    c.compress = false;
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0702 0802");
    bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0305 c22381 0506 a1a2a3a4");
    bench_expect(&b, LCP, CP_CONF_REJ, "0702 0802");
    bench_cp(&b, LCP, CP_CONF_REQ, 2, "0703 00");
    bench_expect(&b, LCP, CP_CONF_REJ, "0703 00");
}

static void headers_are_compressed_as_the_peer_asked(void **state)
{
    (void)state;
    static const struct {
        const char *opts, *ip, *ipcp, *lcp;
    } rows[] = {
        { "", "ff030021", "ff038021", "ff03c021" },
        { "0702", "ff0321", "ff038021", "ff03c021" },
        { "0802", "0021", "8021", "ff03c021" },
        { "0702 0802", "21", "8021", "ff03c021" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        struct link_conf c = bench_conf(LINK_SERVER);
        bench_open(&b, &c);
        bench_cp(&b, LCP, CP_CONF_REQ, 1, rows[i].opts);
        uint8_t want[4], got[4];
        size_t n = hex_read(rows[i].ip, want, NULL, 4);
        assert_int_equal(link_head(&b.l, PPP_PROTO_IPV4, got), n);
        assert_memory_equal(got, want, n);
        n = hex_read(rows[i].ipcp, want, NULL, 4);
        assert_int_equal(link_head(&b.l, PPP_PROTO_IPCP, got), n);
        assert_memory_equal(got, want, n);
        n = hex_read(rows[i].lcp, want, NULL, 4);
        assert_int_equal(link_head(&b.l, PPP_PROTO_LCP, got), n);
        assert_memory_equal(got, want, n);
    }
}

/* -- magic numbers -- */

static void our_own_magic_number_means_a_loop(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    for (uint8_t i = 0; i < 3; i++) {
        bench_cp(&b, LCP, CP_CONF_REQ, i, "0506 a1a2a3a4");
        if (i == 0)
            bench_sent(&b, LCP, CP_CONF_REQ);
        struct cp_pkt p = bench_sent(&b, LCP, CP_CONF_NAK);
        assert_int_equal(p.data.n, 6);
        assert_memory_not_equal(p.data.p + 2, "\xa1\xa2\xa3\xa4", 4);
        bench_quiet(&b);
    }
    bench_cp(&b, LCP, CP_CONF_REQ, 3, "0506 a1a2a3a4");
    uint8_t id = bench_sent(&b, LCP, CP_TERM_REQ).id;
    bench_cp(&b, LCP, CP_TERM_ACK, id, "");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_LOOP);
    assert_int_equal(b.notes[NOTE_LCP_LOOP], 4);
}

/* A line that sends back whatever it gets. */
static void a_looped_line_is_given_up(void **state)
{
    (void)state;
    for (enum link_role role = LINK_CLIENT; role <= LINK_SERVER; role++) {
        struct bench b;
        struct link_conf c = bench_conf(role);
        bench_open(&b, &c);
        bench_after(&b, 1000);
        uint8_t frame[4200];
        struct link_event ev = { 0 };
        for (unsigned i = 0; i < 200 && ev.kind != LINK_EV_DOWN; i++) {
            size_t n = link_pull(&b.l, frame, sizeof frame);
            if (n)
                (void)bench_feed_bytes(&b, frame, n);
            else
                bench_after(&b, 1000);
            if (link_event(&b.l, &ev))
                assert_int_equal(ev.kind, LINK_EV_DOWN);
        }
        assert_int_equal(ev.kind, LINK_EV_DOWN);
        /* The server hears its own demand to authenticate, and refuses it itself. */
        assert_int_equal(ev.cause, role == LINK_CLIENT ? LINK_CAUSE_LOOP : LINK_CAUSE_NO_AUTH);
    }
}

static void naked_magic_is_drawn_anew(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    c.compress = false;
    bench_open(&b, &c);
    uint8_t id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0506 a1a2a3a4");
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0506 0000 0001");
    bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0506 a5a6a7a8");
}

static void magic_of_zero_or_odd_length_is_naked(void **state)
{
    (void)state;
    static const char *const bad[] = { "0506 00000000", "0502", "0505 010203", "0507 0102030405" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bench b;
        struct link_conf c = bench_conf(LINK_SERVER);
        bench_open(&b, &c);
        bench_cp(&b, LCP, CP_CONF_REQ, 1, bad[i]);
        bench_sent(&b, LCP, CP_CONF_REQ);
        struct cp_pkt p = bench_sent(&b, LCP, CP_CONF_NAK);
        assert_int_equal(p.data.n, 6);
        assert_memory_not_equal(p.data.p + 2, "\0\0\0\0", 4);
    }
}

/* -- authentication -- */

static void a_server_follows_the_clients_suggestion(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    c.auth[0] = EAP;
    c.auth[1] = PAP;
    c.auth[2] = MSCHAP2;
    c.n_auth = 3;
    c.compress = false;
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "");
    uint8_t id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0304 c227 0506 a1a2a3a4");
    bench_sent(&b, LCP, CP_CONF_ACK);
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0305 c22381");
    id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0305 c22381 0506 a1a2a3a4");
    bench_cp(&b, LCP, CP_CONF_ACK, id, "0104 0ffb 0305 c22381 0506 a1a2a3a4");
    struct link_event ev = bench_event(&b, LINK_EV_AUTH_START);
    assert_int_equal(ev.auth.proto, PPP_PROTO_CHAP);
    assert_int_equal(ev.auth.alg, 0x81);
}

static void a_server_offers_the_next_until_none_is_left(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    c.auth[0] = EAP;
    c.auth[1] = MSCHAP2;
    c.auth[2] = PAP;
    c.n_auth = 3;
    c.compress = false;
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "");
    uint8_t id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0304 c227 0506 a1a2a3a4");
    bench_sent(&b, LCP, CP_CONF_ACK);
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0305 c22380"); /* MS-CHAPv1: not ours; the next of the list */
    id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0305 c22381 0506 a1a2a3a4");
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0304 c227"); /* refused before: not offered again */
    id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0304 c023 0506 a1a2a3a4");
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0305 c22380");
    id = bench_sent(&b, LCP, CP_TERM_REQ).id;
    bench_silent(&b);
    assert_int_equal(b.notes[NOTE_LCP_AUTH_NO_COMMON], 1);
    bench_cp(&b, LCP, CP_TERM_ACK, id, "");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_AUTH);
}

static void a_client_that_rejects_authentication_is_turned_away(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "");
    uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
    bench_sent(&b, LCP, CP_CONF_ACK);
    bench_cp(&b, LCP, CP_CONF_REJ, id, "0305 c22381");
    bench_sent(&b, LCP, CP_TERM_REQ);
    bench_after(&b, 6000);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_AUTH);
}

static void a_server_does_not_authenticate_itself_by_lcp(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0305 c22381");
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_expect(&b, LCP, CP_CONF_REJ, "0305 c22381");
}

static void a_client_naks_with_its_best(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    c.auth[0] = EAP;
    c.auth[1] = MSCHAP2;
    c.n_auth = 2;
    bench_open(&b, &c);
    bench_sent(&b, LCP, CP_CONF_REQ);
    static const char *const wrong[] = { "0304 c023", "0305 c22380", "0304 c223", "0302", "0306 c223 8100" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bench_cp(&b, LCP, CP_CONF_REQ, 1, wrong[i]);
        bench_expect(&b, LCP, CP_CONF_NAK, "0304 c227");
    }
    /* Once more, and there is nothing left to say: no reply, Terminate-Request with RAS error 919. */
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0304 c023");
    uint8_t id = bench_expect(&b, LCP, CP_TERM_REQ, "a1a2a3a4 003ccd74 00000397");
    bench_silent(&b);
    bench_cp(&b, LCP, CP_TERM_ACK, id, "a1a2a3a4 003ccd74 00000397");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_AUTH);
}

static void a_client_takes_any_of_its_list(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    c.auth[0] = EAP;
    c.auth[1] = MSCHAP2;
    c.n_auth = 2;
    c.compress = false;
    bench_open(&b, &c);
    uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0305 c22381");
    bench_expect(&b, LCP, CP_CONF_ACK, "0305 c22381");
    bench_quiet(&b); /* RFC 1661 3.4: both Acks first */
    bench_cp(&b, LCP, CP_CONF_ACK, id, "0104 0ffb 0506 a1a2a3a4");
    assert_int_equal(bench_event(&b, LINK_EV_AUTH_START).auth.alg, 0x81);
}

/* Without authentication there is nothing to bind the TLS connection to. */
static void a_client_refuses_a_server_that_asks_for_none(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    bench_open(&b, &c);
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0104 05dc");
    bench_expect(&b, LCP, CP_TERM_REQ, "a1a2a3a4 003ccd74 00000397");
    bench_silent(&b);
    bench_after(&b, 6000);
    bench_sent(&b, LCP, CP_TERM_REQ);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_AUTH);
}

static void no_authentication_if_both_want_none(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    c.n_auth = 0;
    c.compress = false;
    bench_open(&b, &c);
    uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
    bench_cp(&b, LCP, CP_CONF_ACK, id, "0104 0ffb 0506 a1a2a3a4");
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0305 c22381");
    bench_expect(&b, LCP, CP_CONF_REJ, "0305 c22381");
    bench_cp(&b, LCP, CP_CONF_REQ, 2, "");
    bench_expect(&b, LCP, CP_CONF_ACK, "");
    assert_int_equal(bench_event(&b, LINK_EV_AUTH_START).auth.proto, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_of_windows),
        cmocka_unit_test(options_that_are_always_rejected),
        cmocka_unit_test(reject_goes_before_nak),
        cmocka_unit_test(an_empty_request_is_acked),
        cmocka_unit_test(mru_bounds),
        cmocka_unit_test(our_mru_follows_naks_down_only),
        cmocka_unit_test(rejected_options_are_dropped),
        cmocka_unit_test(a_nak_of_a_boolean_is_a_rejection),
        cmocka_unit_test(compression_can_be_off),
        cmocka_unit_test(headers_are_compressed_as_the_peer_asked),
        cmocka_unit_test(our_own_magic_number_means_a_loop),
        cmocka_unit_test(a_looped_line_is_given_up),
        cmocka_unit_test(naked_magic_is_drawn_anew),
        cmocka_unit_test(magic_of_zero_or_odd_length_is_naked),
        cmocka_unit_test(a_server_follows_the_clients_suggestion),
        cmocka_unit_test(a_server_offers_the_next_until_none_is_left),
        cmocka_unit_test(a_client_that_rejects_authentication_is_turned_away),
        cmocka_unit_test(a_server_does_not_authenticate_itself_by_lcp),
        cmocka_unit_test(a_client_naks_with_its_best),
        cmocka_unit_test(a_client_takes_any_of_its_list),
        cmocka_unit_test(a_client_refuses_a_server_that_asks_for_none),
        cmocka_unit_test(no_authentication_if_both_want_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

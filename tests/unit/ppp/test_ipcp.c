/* IPCP, both roles (RFC 1332, RFC 1877, and what Windows, pppd and the known servers do). */
#include "ppp_test.h"

static void server(struct bench *b, const struct link_net *net)
{
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(b, &c);
    link_authenticated(&b->l, net, b->now);
}

static void client(struct bench *b, const struct link_net *net)
{
    struct link_conf c = bench_conf(LINK_CLIENT);
    bench_client_lcp(b, &c);
    link_authenticated(&b->l, net, b->now);
}

/* [CAP]: 3, 129, 130, 131, 132 all zero. What we have no value for is rejected first, the rest Nak'ed in one. */
static void windows_asks_for_everything(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    server(&b, &net);
    uint8_t id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 0a500001");
    bench_cp(&b, IPCP, CP_CONF_ACK, id, "0306 0a500001");
    bench_cp(&b, IPCP, CP_CONF_REQ, 5, "0306 00000000 8106 00000000 8206 00000000 8306 00000000 8406 00000000");
    bench_expect(&b, IPCP, CP_CONF_REJ, "8206 00000000 8406 00000000");
    bench_cp(&b, IPCP, CP_CONF_REQ, 6, "0306 00000000 8106 00000000 8306 00000000");
    bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007 8106 09090909 8306 01010101");
    bench_quiet(&b);
    bench_cp(&b, IPCP, CP_CONF_REQ, 7, "0306 0a500007 8106 09090909 8306 01010101");
    bench_expect(&b, IPCP, CP_CONF_ACK, "0306 0a500007 8106 09090909 8306 01010101");
    struct link_event ev = bench_event(&b, LINK_EV_IPV4_UP);
    assert_int_equal(ev.ipv4.our_addr, ADDR(10, 80, 0, 1));
    assert_int_equal(ev.ipv4.peer_addr, ADDR(10, 80, 0, 7));
    bench_silent(&b);
    assert_int_equal(link_due(&b.l), NEVER);
}

static void nbns_is_handed_out_if_known(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    net.ipcp.nbns[0] = ADDR(10, 0, 0, 53);
    net.ipcp.dns[1] = 0;
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 0a500007 8206 00000000");
    bench_expect(&b, IPCP, CP_CONF_NAK, "8206 0a000035");
}

/* A Reject of the second would cost each client another round trip. */
static void one_server_alone_is_told_as_both(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    net.ipcp.nbns[0] = ADDR(10, 0, 0, 53);
    net.ipcp.dns[1] = 0;
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 00000000 8106 00000000 8206 00000000 8306 00000000 8406 00000000");
    bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007 8106 09090909 8206 0a000035 8306 09090909 8406 0a000035");
    bench_cp(&b, IPCP, CP_CONF_REQ, 2, "0306 0a500007 8106 09090909 8206 0a000035 8306 09090909 8406 0a000035");
    bench_expect(&b, IPCP, CP_CONF_ACK, "0306 0a500007 8106 09090909 8206 0a000035 8306 09090909 8406 0a000035");
    bench_cp(&b, IPCP, CP_CONF_REQ, 3, "0306 0a500007 8306 01020304");
    bench_expect(&b, IPCP, CP_CONF_NAK, "8306 09090909");
}

static void without_a_server_both_are_rejected(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    net.ipcp.dns[0] = net.ipcp.dns[1] = 0;
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 00000000 8106 00000000 8306 00000000 8406 00000000");
    bench_expect(&b, IPCP, CP_CONF_REJ, "8106 00000000 8306 00000000 8406 00000000");
}

/* sstpc with pppd asks for Van Jacobson compression by default. */
static void van_jacobson_is_rejected(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0206 002d 0f01 0306 00000000 0103 00 9002");
    bench_expect(&b, IPCP, CP_CONF_REJ, "0206 002d 0f01 0103 00 9002");
    bench_cp(&b, IPCP, CP_CONF_REQ, 2, "0306 00000000");
    bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007");
}

static void a_missing_address_is_appended(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "");
    bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007");
    bench_cp(&b, IPCP, CP_CONF_REQ, 2, "8106 00000000");
    bench_expect(&b, IPCP, CP_CONF_NAK, "8106 09090909 0306 0a500007");
    /* After Max-Failure a client that never asks is let through with what it was told. */
    for (uint8_t i = 2; i < 5; i++) {
        bench_cp(&b, IPCP, CP_CONF_REQ, i, "");
        bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007");
    }
    bench_cp(&b, IPCP, CP_CONF_REQ, 6, "");
    bench_expect(&b, IPCP, CP_CONF_ACK, "");
    assert_int_equal(b.notes[NOTE_NCP_NO_ADDRESS], 1);
}

static void a_wish_for_another_address_is_naked(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    static const char *const wrong[] = { "0306 c0a80105", "0302", "0305 0a5000", "0307 0a50000700" };
    for (uint8_t i = 0; i < 4; i++) {
        bench_cp(&b, IPCP, CP_CONF_REQ, i, wrong[i]);
        bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007");
    }
    bench_cp(&b, IPCP, CP_CONF_REQ, 9, "0306 0a500007");
    bench_expect(&b, IPCP, CP_CONF_ACK, "0306 0a500007");
}

static void the_servers_address_is_not_negotiable(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    server(&b, &net);
    uint8_t id = bench_sent(&b, IPCP, CP_CONF_REQ).id;
    bench_cp(&b, IPCP, CP_CONF_NAK, id, "0306 0a500063");
    id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 0a500001");
    bench_cp(&b, IPCP, CP_CONF_REJ, id, "0306 0a500001");
    bench_expect(&b, IPCP, CP_CONF_REQ, "");
}

static void a_client_takes_what_it_is_told(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_client_net();
    client(&b, &net);
    uint8_t id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 00000000 8106 00000000 8306 00000000");
    bench_cp(&b, IPCP, CP_CONF_REJ, id, "8306 00000000");
    id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 00000000 8106 00000000");
    bench_cp(&b, IPCP, CP_CONF_NAK, id, "0306 0a500007 8106 09090909");
    id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 0a500007 8106 09090909");
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 01000001"); /* 1.0.0.1: SoftEther, accel-ppp */
    bench_expect(&b, IPCP, CP_CONF_ACK, "0306 01000001");
    bench_cp(&b, IPCP, CP_CONF_ACK, id, "0306 0a500007 8106 09090909");
    struct link_event ev = bench_event(&b, LINK_EV_IPV4_UP);
    assert_int_equal(ev.ipv4.our_addr, ADDR(10, 80, 0, 7));
    assert_int_equal(ev.ipv4.peer_addr, ADDR(1, 0, 0, 1));
    assert_int_equal(ev.ipv4.dns[0], ADDR(9, 9, 9, 9));
    assert_int_equal(ev.ipv4.dns[1], 0);
}

static void a_client_that_is_told_one_server_twice_has_one(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_client_net();
    client(&b, &net);
    uint8_t id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 00000000 8106 00000000 8306 00000000");
    bench_cp(&b, IPCP, CP_CONF_NAK, id, "0306 0a500007 8106 09090909 8306 09090909");
    id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 0a500007 8106 09090909 8306 09090909");
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 0a500001");
    bench_expect(&b, IPCP, CP_CONF_ACK, "0306 0a500001");
    bench_cp(&b, IPCP, CP_CONF_ACK, id, "0306 0a500007 8106 09090909 8306 09090909");
    struct link_event ev = bench_event(&b, LINK_EV_IPV4_UP);
    assert_int_equal(ev.ipv4.dns[0], ADDR(9, 9, 9, 9));
    assert_int_equal(ev.ipv4.dns[1], 0);
}

static void a_client_does_without_dns_and_peer_address(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_client_net();
    client(&b, &net);
    uint8_t id = bench_sent(&b, IPCP, CP_CONF_REQ).id;
    bench_cp(&b, IPCP, CP_CONF_REJ, id, "8106 00000000 8306 00000000");
    id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 00000000");
    bench_cp(&b, IPCP, CP_CONF_NAK, id, "0306 0a500007 8106 09090909"); /* DNS was rejected: not asked for again */
    id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 0a500007");
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "");
    bench_expect(&b, IPCP, CP_CONF_ACK, "");
    bench_cp(&b, IPCP, CP_CONF_ACK, id, "0306 0a500007");
    struct link_event ev = bench_event(&b, LINK_EV_IPV4_UP);
    assert_int_equal(ev.ipv4.peer_addr, 0);
    assert_int_equal(ev.ipv4.dns[0], 0);
}

static void a_client_hands_out_nothing(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_client_net();
    net.ipcp.dns[0] = net.ipcp.dns[1] = net.ipcp.nbns[0] = net.ipcp.nbns[1] = ADDR(9, 9, 9, 9); /* a server's */
    client(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 00000000 8106 00000000 8206 00000000 8306 00000000 8406 00000000");
    bench_expect(&b, IPCP, CP_CONF_REJ, "0306 00000000 8106 00000000 8206 00000000 8306 00000000 8406 00000000");
    bench_cp(&b, IPCP, CP_CONF_REQ, 2, "0305 010203");
    bench_expect(&b, IPCP, CP_CONF_REJ, "0305 010203");
}

static void a_client_without_an_address_has_no_network(void **state)
{
    (void)state;
    for (unsigned rejects = 0; rejects < 2; rejects++) {
        struct bench b;
        struct link_net net = bench_client_net();
        net.ipcp.want_dns = false;
        client(&b, &net);
        uint8_t id = bench_expect(&b, IPCP, CP_CONF_REQ, "0306 00000000");
        if (rejects) {
            bench_cp(&b, IPCP, CP_CONF_REJ, id, "0306 00000000");
            id = bench_expect(&b, IPCP, CP_CONF_REQ, "");
        }
        bench_cp(&b, IPCP, CP_CONF_ACK, id, rejects ? "" : "0306 00000000");
        bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 0a500001");
        bench_sent(&b, IPCP, CP_CONF_ACK);
        bench_sent(&b, IPCP, CP_TERM_REQ);
        id = bench_sent(&b, LCP, CP_TERM_REQ).id;
        assert_int_equal(b.notes[NOTE_NCP_NO_ADDRESS], 1);
        bench_cp(&b, LCP, CP_TERM_ACK, id, "");
        assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_NETWORK);
        bench_quiet(&b);
    }
}

static void no_answer_means_no_network(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_client_net();
    client(&b, &net);
    for (unsigned i = 0; i < 10; i++) {
        bench_sent(&b, IPCP, CP_CONF_REQ);
        bench_after(&b, 3000);
    }
    bench_sent(&b, LCP, CP_TERM_REQ);
    bench_after(&b, 6000);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_NETWORK);
}

/* [CAP]: Windows repeats its requests after about 1.9 s, with new identifiers; a server may be slower. */
static void a_late_server_answers_the_last_request(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, CP_CONF_REQ, 5, "0306 00000000");
    assert_int_equal(bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007"), 5);
    bench_cp(&b, IPCP, CP_CONF_REQ, 6, "0306 00000000");
    assert_int_equal(bench_expect(&b, IPCP, CP_CONF_NAK, "0306 0a500007"), 6);
}

static void ipcp_knows_seven_codes(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_server_net();
    server(&b, &net);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_cp(&b, IPCP, LCP_ECHO_REQ, 1, "00000000");
    bench_expect(&b, IPCP, CP_CODE_REJ, "0901 0008 00000000");
}

static void ipcp_terminated_by_the_peer(void **state)
{
    (void)state;
    struct bench b;
    struct link_net net = bench_client_net();
    net.ipcp.want_dns = false;
    net.ipcp.our_addr = ADDR(10, 80, 0, 9);
    client(&b, &net);
    uint8_t id = bench_sent(&b, IPCP, CP_CONF_REQ).id;
    bench_cp(&b, IPCP, CP_CONF_ACK, id, "0306 0a500009");
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "");
    bench_sent(&b, IPCP, CP_CONF_ACK);
    bench_event(&b, LINK_EV_IPV4_UP);
    bench_cp(&b, IPCP, CP_TERM_REQ, 2, "aa");
    bench_expect(&b, IPCP, CP_TERM_ACK, "aa");
    bench_event(&b, LINK_EV_IPV4_DOWN);
    bench_after(&b, 3000);
    id = bench_sent(&b, LCP, CP_TERM_REQ).id;
    bench_cp(&b, LCP, CP_TERM_ACK, id, "");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_NETWORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_asks_for_everything),
        cmocka_unit_test(nbns_is_handed_out_if_known),
        cmocka_unit_test(one_server_alone_is_told_as_both),
        cmocka_unit_test(without_a_server_both_are_rejected),
        cmocka_unit_test(van_jacobson_is_rejected),
        cmocka_unit_test(a_missing_address_is_appended),
        cmocka_unit_test(a_wish_for_another_address_is_naked),
        cmocka_unit_test(the_servers_address_is_not_negotiable),
        cmocka_unit_test(a_client_takes_what_it_is_told),
        cmocka_unit_test(a_client_that_is_told_one_server_twice_has_one),
        cmocka_unit_test(a_client_does_without_dns_and_peer_address),
        cmocka_unit_test(a_client_hands_out_nothing),
        cmocka_unit_test(a_client_without_an_address_has_no_network),
        cmocka_unit_test(no_answer_means_no_network),
        cmocka_unit_test(a_late_server_answers_the_last_request),
        cmocka_unit_test(ipcp_knows_seven_codes),
        cmocka_unit_test(ipcp_terminated_by_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The phases: what may come when, what ends the link, and with which cause (RFC 1661 3). */
#include "ppp_test.h"

/* [CAP]: RRAS waits for the client; after a second we speak all the same. */
static void a_server_waits_for_the_client(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_silent(&b);
    assert_int_equal(link_due(&b.l), b.now + 1000);
    bench_cp(&b, PPP_PROTO_CHAP, 1, 1, ""); /* not LCP: does not wake us */
    bench_silent(&b);
    bench_after(&b, 1000);
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_silent(&b);
}

static void a_client_speaks_at_once(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    bench_open(&b, &c);
    bench_expect_frame(&b, "ff03 c021 01 00 0012 0104 0ffb 0506 a1a2a3a4 0702 0802");
}

static void what_is_out_of_phase_is_discarded(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "");
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_sent(&b, LCP, CP_CONF_ACK);
    static const uint16_t others[] = { PPP_PROTO_CHAP, PPP_PROTO_EAP, PPP_PROTO_IPCP, PPP_PROTO_CCP, 0xc029, 0x4021 };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        bench_cp(&b, others[i], 1, 1, "");
    bench_silent(&b);
    bench_quiet(&b);
    bench_server_lcp(&b, &c);
    /* Authenticate: the agreed protocol only. */
    for (size_t i = 1; i < sizeof others / sizeof others[0]; i++)
        bench_cp(&b, others[i], 1, 1, "");
    bench_silent(&b);
    bench_quiet(&b);
    bench_cp(&b, PPP_PROTO_CHAP, 2, 1, "aabb");
    struct link_event ev = bench_event(&b, LINK_EV_AUTH_PACKET);
    assert_int_equal(ev.proto, PPP_PROTO_CHAP);
    assert_int_equal(ev.packet.n, 6);
}

static void feed_waits_for_the_event_to_be_taken(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(&b, &c);
    assert_int_equal(bench_cp(&b, PPP_PROTO_CHAP, 2, 1, "aabb"), FED_EVENT);
    uint8_t frame[] = { 0xc2, 0x23, 2, 1, 0, 4 };
    struct rd r = rd_of(frame, sizeof frame);
    assert_int_equal(link_feed(&b.l, &r, b.now), FED_EVENT);
    assert_int_equal(rd_left(&r), sizeof frame);
    bench_event(&b, LINK_EV_AUTH_PACKET);
    assert_int_equal(link_feed(&b.l, &r, b.now), FED_EVENT);
    assert_int_equal(rd_left(&r), 0);
    struct link_event ev = bench_event(&b, LINK_EV_AUTH_PACKET);
    assert_ptr_equal(ev.packet.p, frame + 2); /* borrowed, in place */
}

static void authentication_packets_are_told_after_it_too(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    struct link_net net = bench_client_net();
    bench_client_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    bench_cp(&b, PPP_PROTO_CHAP, 1, 1, "");
    bench_event(&b, LINK_EV_AUTH_PACKET); /* a server may challenge again: RFC 1994 2 */
}

static void other_protocols_are_rejected(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    struct link_net net = bench_server_net();
    bench_server_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_feed(&b, "80fd 01 04 000a 1206 01000001");
    uint8_t id = bench_expect(&b, LCP, LCP_PROTO_REJ, "80fd 01 04 000a 1206 01000001");
    bench_feed(&b, "8057 01 04 000e 010a 24bba368e67b35a5"); /* IPV6CP is off */
    assert_int_equal(bench_expect(&b, LCP, LCP_PROTO_REJ, "8057 01 04 000e 010a 24bba368e67b35a5"), id + 1);
    bench_feed(&b, "c029 01010006 0102");
    bench_expect(&b, LCP, LCP_PROTO_REJ, "c029 01010006 0102");
    bench_feed(&b, "c025 01");
    bench_expect(&b, LCP, LCP_PROTO_REJ, "c025 01");
    bench_feed(&b, "3d");
    bench_expect(&b, LCP, LCP_PROTO_REJ, "003d");
    /* User data, and compressed or encrypted data: dropped. */
    bench_feed(&b, "21 45");
    bench_feed(&b, "0057 60");
    bench_feed(&b, "fd 9000");
    bench_silent(&b);
    assert_int_equal(b.notes[NOTE_LCP_PROTO_UNKNOWN], 5);
}

static void a_protocol_reject_is_cut_to_the_peers_mru(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    struct link_net net = bench_server_net();
    bench_server_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    b.l.port.peer_mru = 128;
    uint8_t frame[4091] = { 0x80, 0xfd, 1, 4, 0x0f, 0xf9 };
    bench_feed_bytes(&b, frame, sizeof frame);
    struct cp_pkt p = bench_sent(&b, LCP, LCP_PROTO_REJ);
    assert_int_equal(p.data.n, 124);
    assert_memory_equal(p.data.p, frame, 124);
}

static void an_ncp_that_is_rejected_is_off(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    struct link_net net = bench_client_net();
    net.ip6cp.on = true;
    bench_client_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    bench_sent(&b, IPCP, CP_CONF_REQ);
    bench_sent(&b, IP6CP, CP_CONF_REQ);
    bench_cp(&b, LCP, LCP_PROTO_REJ, 1, "8057 0100 0004");
    assert_false(b.l.ip6cp_on);
    bench_after(&b, 3000);
    bench_sent(&b, IPCP, CP_CONF_REQ); /* goes on by itself */
    bench_silent(&b);
    bench_cp(&b, LCP, LCP_PROTO_REJ, 2, "8021 0100 0004");
    bench_sent(&b, LCP, CP_TERM_REQ);
    assert_int_equal(b.notes[NOTE_LCP_PROTO_REJECTED], 2);
    bench_after(&b, 6000);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_NETWORK);
}

static void rejected_authentication_or_lcp_is_the_end(void **state)
{
    (void)state;
    static const char *const protos[] = { "c223", "c021" };
    for (unsigned i = 0; i < 2; i++) {
        struct bench b;
        struct link_conf c = bench_conf(LINK_SERVER);
        bench_server_lcp(&b, &c);
        bench_cp(&b, LCP, LCP_PROTO_REJ, 1, protos[i]);
        uint8_t id = bench_sent(&b, LCP, CP_TERM_REQ).id;
        bench_cp(&b, LCP, CP_TERM_ACK, id, "");
        assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_CONVERGENCE);
    }
}

static void rejects_of_nothing_in_particular_do_nothing(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_cp(&b, LCP, LCP_PROTO_REJ, 1, "c021"); /* RFC 1661 5.7: not in Opened */
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_silent(&b);
    bench_quiet(&b);
    assert_int_equal(b.l.lcp.cp.state, CP_REQ_SENT);
    bench_server_lcp(&b, &c);
    bench_cp(&b, LCP, LCP_PROTO_REJ, 1, "80");
    bench_cp(&b, LCP, LCP_PROTO_REJ, 1, "8021");
    bench_cp(&b, LCP, LCP_PROTO_REJ, 1, "0021");
    bench_silent(&b);
    bench_quiet(&b);
    assert_int_equal(b.l.phase, LINK_AUTHENTICATE);
}

static void renegotiation_before_authentication_starts_anew(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 20, "0104 05dc");
    assert_int_equal(b.l.phase, LINK_ESTABLISH);
    struct cp_pkt req = bench_sent(&b, LCP, CP_CONF_REQ);
    uint8_t frame[128];
    size_t n = cp_frame(frame, LCP, CP_CONF_ACK, req.id, req.data.p, req.data.n);
    bench_sent(&b, LCP, CP_CONF_ACK);
    bench_cp(&b, PPP_PROTO_CHAP, 2, 1, "aabb");
    bench_quiet(&b);
    bench_feed_bytes(&b, frame, n);
    bench_event(&b, LINK_EV_AUTH_START);
}

/* The crypto binding was made over the first authentication. */
static void renegotiation_after_authentication_is_the_end(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    struct link_net net = bench_server_net();
    bench_server_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    uint8_t id = bench_sent(&b, IPCP, CP_CONF_REQ).id;
    bench_cp(&b, IPCP, CP_CONF_ACK, id, "0306 0a500001");
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 0a500007");
    bench_sent(&b, IPCP, CP_CONF_ACK);
    bench_event(&b, LINK_EV_IPV4_UP);
    bench_cp(&b, LCP, CP_CONF_REQ, 20, "0104 05dc");
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_sent(&b, LCP, CP_CONF_ACK);
    id = bench_sent(&b, LCP, CP_TERM_REQ).id;
    bench_event(&b, LINK_EV_IPV4_DOWN);
    bench_quiet(&b);
    link_authenticated(&b.l, &net, b.now); /* too late for anything */
    bench_silent(&b);
    bench_cp(&b, LCP, CP_TERM_ACK, id, "");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_RENEGOTIATION);
}

/* Windows without a common method ends while LCP still negotiates; it will not answer any more. */
static void a_terminate_request_during_negotiation_ends_at_once(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "");
    bench_cp(&b, LCP, CP_TERM_REQ, 2, "4b493f31 003ccd74 00000397");
    struct link_event ev = bench_event(&b, LINK_EV_DOWN);
    assert_int_equal(ev.cause, LINK_CAUSE_PEER);
    assert_int_equal(ev.ras_error, 919);
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_sent(&b, LCP, CP_CONF_ACK);
    bench_expect(&b, LCP, CP_TERM_ACK, "4b493f31 003ccd74 00000397");
    assert_int_equal(link_due(&b.l), NEVER);
}

static void close_before_anything_was_said(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_open(&b, &c);
    link_close(&b.l, 691, b.now);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_LOCAL);
    bench_silent(&b);
    link_close(&b.l, 691, b.now);
    link_lost(&b.l, b.now);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "");
    bench_silent(&b);
    bench_quiet(&b);
}

static void both_ends_close_at_once(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(&b, &c);
    link_close(&b.l, -1, b.now);
    uint8_t id = bench_sent(&b, LCP, CP_TERM_REQ).id;
    bench_cp(&b, LCP, CP_TERM_REQ, 3, "");
    bench_sent(&b, LCP, CP_TERM_ACK);
    bench_quiet(&b);
    bench_cp(&b, LCP, CP_TERM_ACK, id, "");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_LOCAL);
}

static void a_lost_transport_ends_silently(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    struct link_net net = bench_client_net();
    net.ipcp.our_addr = ADDR(10, 80, 0, 9);
    net.ipcp.want_dns = false;
    bench_client_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    uint8_t id = bench_sent(&b, IPCP, CP_CONF_REQ).id;
    bench_cp(&b, IPCP, CP_CONF_ACK, id, "0306 0a500009");
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "");
    bench_event(&b, LINK_EV_IPV4_UP);
    link_lost(&b.l, b.now);
    bench_silent(&b);
    bench_event(&b, LINK_EV_IPV4_DOWN);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NONE);
    bench_quiet(&b);
    assert_int_equal(link_due(&b.l), NEVER);
}

/* The peer hung up and then its transport went: its words are what is told. */
static void lost_after_a_terminate_request_keeps_the_cause(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    bench_server_lcp(&b, &c);
    bench_cp(&b, LCP, CP_TERM_REQ, 1, "4b493f31 003ccd74 000002b3");
    link_lost(&b.l, b.now);
    struct link_event ev = bench_event(&b, LINK_EV_DOWN);
    assert_int_equal(ev.cause, LINK_CAUSE_PEER);
    assert_int_equal(ev.ras_error, 691);
}

static void no_ncp_wanted_is_no_network(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    struct link_net net = bench_server_net();
    c.ipv4 = false;
    bench_server_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    bench_sent(&b, LCP, CP_TERM_REQ);
    bench_after(&b, 6000);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_NETWORK);
}

/* A session with IPv6 only. */
static void no_address_for_the_client_means_no_ipcp(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_SERVER);
    struct link_net net = bench_server_net();
    net.ipcp.peer_addr = 0;
    net.ip6cp.on = true;
    bench_server_lcp(&b, &c);
    link_authenticated(&b.l, &net, b.now);
    bench_sent(&b, IP6CP, CP_CONF_REQ);
    bench_silent(&b);
    bench_cp(&b, IPCP, CP_CONF_REQ, 1, "0306 00000000");
    bench_expect(&b, LCP, LCP_PROTO_REJ, "8021 0101 000a 0306 00000000");
    assert_int_equal(b.l.phase, LINK_NETWORK);
}

static void identifiers_come_from_one_counter(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = bench_conf(LINK_CLIENT);
    struct link_net net = bench_client_net();
    c.ident = "ADIT-1";
    net.ip6cp.on = true;
    bench_client_lcp(&b, &c); /* LCP took 0 */
    assert_int_equal(bench_sent(&b, LCP, LCP_IDENTIFICATION).id, 1);
    link_authenticated(&b.l, &net, b.now);
    assert_int_equal(bench_sent(&b, IPCP, CP_CONF_REQ).id, 2);
    assert_int_equal(bench_sent(&b, IP6CP, CP_CONF_REQ).id, 3);
    bench_cp(&b, 0x80fd, 1, 9, "");
    assert_int_equal(bench_sent(&b, LCP, LCP_PROTO_REJ).id, 4);
}

static void an_mru_out_of_range_is_replaced(void **state)
{
    (void)state;
    static const uint16_t odd[] = { 0, 127, 4092, 0xffff };
    for (size_t i = 0; i < 4; i++) {
        struct bench b;
        struct link_conf c = bench_conf(LINK_CLIENT);
        c.mru = odd[i];
        bench_open(&b, &c);
        bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0506 a1a2a3a4 0702 0802");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_waits_for_the_client),
        cmocka_unit_test(a_client_speaks_at_once),
        cmocka_unit_test(what_is_out_of_phase_is_discarded),
        cmocka_unit_test(feed_waits_for_the_event_to_be_taken),
        cmocka_unit_test(authentication_packets_are_told_after_it_too),
        cmocka_unit_test(other_protocols_are_rejected),
        cmocka_unit_test(a_protocol_reject_is_cut_to_the_peers_mru),
        cmocka_unit_test(an_ncp_that_is_rejected_is_off),
        cmocka_unit_test(rejected_authentication_or_lcp_is_the_end),
        cmocka_unit_test(rejects_of_nothing_in_particular_do_nothing),
        cmocka_unit_test(renegotiation_before_authentication_starts_anew),
        cmocka_unit_test(renegotiation_after_authentication_is_the_end),
        cmocka_unit_test(a_terminate_request_during_negotiation_ends_at_once),
        cmocka_unit_test(close_before_anything_was_said),
        cmocka_unit_test(both_ends_close_at_once),
        cmocka_unit_test(a_lost_transport_ends_silently),
        cmocka_unit_test(lost_after_a_terminate_request_keeps_the_cause),
        cmocka_unit_test(no_ncp_wanted_is_no_network),
        cmocka_unit_test(no_address_for_the_client_means_no_ipcp),
        cmocka_unit_test(identifiers_come_from_one_counter),
        cmocka_unit_test(an_mru_out_of_range_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The automaton's counters, timers and identifiers (RFC 1661 4.6, 5), with LCP as the protocol it drives. */
#include "ppp_test.h"

static struct link_conf client_conf(void)
{
    return bench_conf(LINK_CLIENT);
}

/* RFC 1661 4.6: Max-Configure. The first wait is restart_first, the others restart; the identifier stays. */
static void unanswered_requests_end_after_max_configure(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
    assert_int_equal(link_due(&b.l), b.now + 1000);
    bench_after(&b, 999);
    bench_silent(&b);
    bench_after(&b, 1);
    assert_int_equal(bench_sent(&b, LCP, CP_CONF_REQ).id, id);
    assert_int_equal(link_due(&b.l), b.now + 3000);
    for (unsigned i = 2; i < 10; i++) {
        bench_after(&b, 3000);
        assert_int_equal(bench_sent(&b, LCP, CP_CONF_REQ).id, id);
    }
    bench_quiet(&b);
    bench_after(&b, 3000);
    bench_silent(&b);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_ANSWER);
    assert_int_equal(link_due(&b.l), NEVER);
}

/* RFC 1661 5.3: the content changed, so does the identifier. */
static void a_nak_makes_a_new_request(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    uint8_t id = bench_expect(&b, LCP, CP_CONF_REQ, "0104 0ffb 0506 a1a2a3a4 0702 0802");
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0104 05ac");
    uint8_t next = bench_expect(&b, LCP, CP_CONF_REQ, "0104 05ac 0506 a1a2a3a4 0702 0802");
    assert_int_equal(next, id + 1);
}

static void answers_that_are_none_are_dropped(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
    const char *ours = "0104 0ffb 0506 a1a2a3a4 0702 0802";
    bench_cp(&b, LCP, CP_CONF_ACK, (uint8_t)(id + 1), ours);                 /* identifier */
    bench_cp(&b, LCP, CP_CONF_ACK, id, "0104 0ffa 0506 a1a2a3a4 0702 0802"); /* a value differs */
    bench_cp(&b, LCP, CP_CONF_ACK, id, "0104 0ffb 0506 a1a2a3a4 0702");      /* one is missing */
    bench_cp(&b, LCP, CP_CONF_ACK, id, "");
    bench_cp(&b, LCP, CP_CONF_REJ, id, "0802 0702"); /* order */
    bench_cp(&b, LCP, CP_CONF_REJ, id, "0702 0702"); /* twice */
    bench_cp(&b, LCP, CP_CONF_REJ, id, "1104 064e"); /* not asked for */
    bench_cp(&b, LCP, CP_CONF_REJ, id, "0104 05ac"); /* not our value */
    bench_cp(&b, LCP, CP_CONF_REJ, id, "");
    bench_cp(&b, LCP, CP_CONF_REJ, id, "0703");                    /* malformed */
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0506 99999999 0104 05ac"); /* order */
    bench_cp(&b, LCP, CP_CONF_NAK, id, "");
    bench_cp(&b, LCP, CP_CONF_NAK, id, "0101"); /* malformed */
    bench_cp(&b, LCP, CP_CONF_NAK, (uint8_t)(id - 1), "0104 05ac");
    bench_silent(&b);
    assert_int_equal(b.l.lcp.cp.state, CP_REQ_SENT);
    bench_cp(&b, LCP, CP_CONF_ACK, id, ours);
    assert_int_equal(b.l.lcp.cp.state, CP_ACK_RCVD);
    bench_cp(&b, LCP, CP_CONF_ACK, id, ours); /* the answer to a retransmission: same identifier, a second time */
    assert_int_equal(b.l.lcp.cp.state, CP_ACK_RCVD);
    bench_silent(&b);
}

/* RFC 1661 4.6: Max-Failure: five Naks, then Rejects. */
static void naks_become_rejects(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    bench_sent(&b, LCP, CP_CONF_REQ);
    for (uint8_t i = 0; i < 5; i++) {
        bench_cp(&b, LCP, CP_CONF_REQ, i, "0305 c223 81 0104 0064");
        assert_int_equal(bench_expect(&b, LCP, CP_CONF_NAK, "0104 05dc"), i);
    }
    bench_cp(&b, LCP, CP_CONF_REQ, 5, "0305 c223 81 0104 0064");
    bench_expect(&b, LCP, CP_CONF_REJ, "0104 0064");
    bench_cp(&b, LCP, CP_CONF_REQ, 6, "0305 c223 81");
    bench_expect(&b, LCP, CP_CONF_ACK, "0305 c223 81");
    /* An Ack sets the count back. */
    bench_cp(&b, LCP, CP_CONF_REQ, 7, "0305 c223 81 0104 0064");
    bench_expect(&b, LCP, CP_CONF_NAK, "0104 05dc");
}

/* Neither side ever tires of Naks by RFC 1661; we do. */
static void endless_negotiation_ends(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    unsigned turns = 0;
    uint8_t id = bench_sent(&b, LCP, CP_CONF_REQ).id;
    struct cp_pkt p;
    do {
        bench_cp(&b, LCP, CP_CONF_NAK, id, "0104 ffff");
        uint8_t buf[4200];
        size_t n = link_pull(&b.l, buf, sizeof buf);
        assert_true(n >= 8);
        struct rd r = rd_of(buf + 4, n - 4);
        assert_int_equal(cp_pkt_decode(&r, &p), 0);
        id = p.id;
        assert_true(++turns < 100);
    } while (p.code == CP_CONF_REQ);
    assert_int_equal(turns, CP_TURNS_MAX + 1);
    assert_int_equal(p.code, CP_TERM_REQ);
    bench_cp(&b, LCP, CP_TERM_ACK, id, "");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_CONVERGENCE);
}

/* RFC 1661 4.6: Max-Terminate: twice, 3 s each. */
static void terminate_request_is_repeated_once(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_client_lcp(&b, &c);
    link_close(&b.l, -1, b.now);
    uint8_t id = bench_expect(&b, LCP, CP_TERM_REQ, "");
    bench_after(&b, 3000);
    assert_int_equal(bench_expect(&b, LCP, CP_TERM_REQ, ""), id);
    bench_after(&b, 2999);
    bench_quiet(&b);
    bench_after(&b, 1);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_LOCAL);
    bench_silent(&b);
}

/* RFC 1661 5.7 (5.6): unknown codes are rejected, cut to the peer's MRU, with a new identifier each. */
static void unknown_codes_are_rejected(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_cp(&b, LCP, 77, 3, "aabb");
    uint8_t id = bench_expect(&b, LCP, CP_CODE_REJ, "4d 03 0006 aabb");
    bench_cp(&b, LCP, 0, 4, "");
    assert_int_equal(bench_expect(&b, LCP, CP_CODE_REJ, "00 04 0004"), id + 1);

    uint8_t big[4000] = { 0 }, frame[4100];
    bench_feed_bytes(&b, frame, cp_frame(frame, LCP, 77, 5, big, sizeof big));
    struct cp_pkt p = bench_sent(&b, LCP, CP_CODE_REJ);
    assert_int_equal(p.data.n + 4, 1500); /* the peer has not told its MRU: the default */
    assert_int_equal(p.data.p[2] << 8 | p.data.p[3], 4004);
    assert_int_equal(b.l.lcp.cp.state, CP_REQ_SENT);
}

static void code_reject_of_an_extension_is_harmless(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_client_lcp(&b, &c);
    bench_cp(&b, LCP, CP_CODE_REJ, 1, "0c 05 000a a1a2a3a4 4142");
    bench_cp(&b, LCP, CP_CODE_REJ, 2, "");
    bench_silent(&b);
    bench_quiet(&b);
    assert_int_equal(b.l.lcp.cp.state, CP_OPENED);
}

static void code_reject_of_a_basic_code_is_the_end(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_client_lcp(&b, &c);
    bench_cp(&b, LCP, CP_CODE_REJ, 1, "01 05 0004");
    uint8_t id = bench_sent(&b, LCP, CP_TERM_REQ).id;
    bench_cp(&b, LCP, CP_TERM_ACK, id, "");
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_NO_CONVERGENCE);
}

static void malformed_packets_are_dropped(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    bench_sent(&b, LCP, CP_CONF_REQ);
    static const char *const bad[] = {
        "",
        "ff",
        "ff03",
        "ff03c0",
        "ff03c021",
        "ff03c02101",
        "ff03c0210101",
        "ff03c021010100",
        "ff03c02101010000",
        "ff03c02101010003",
        "ff03c02101010005",      /* length beyond the bytes */
        "ff03c0210101000601 04", /* an option that ends too soon */
        "ff03c0210101000601 01", /* an option shorter than its head */
        "ff03c0210101000601 00",
        "ff03c02101010005 01", /* half an option */
        "ff03c020 0101 0004",  /* even low byte */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(bench_feed(&b, bad[i]), FED_TOOK);
    bench_silent(&b);
    bench_quiet(&b);
    assert_int_equal(b.l.lcp.cp.state, CP_REQ_SENT);
    /* RFC 1661 5: bytes beyond Length are padding. */
    bench_feed(&b, "ff03c021 0101 0009 0305c22381 00000000");
    bench_expect(&b, LCP, CP_CONF_ACK, "0305 c22381");
}

static void an_option_given_twice_is_rejected(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    bench_sent(&b, LCP, CP_CONF_REQ);
    bench_cp(&b, LCP, CP_CONF_REQ, 1, "0305 c22381 0104 0ffb 0104 05dc");
    bench_expect(&b, LCP, CP_CONF_REJ, "0104 05dc");
}

/* RFC 1661 5.1: same identifier, same content: the Ack was on its way. Anything else begins anew. */
static void a_retransmission_in_opened_is_acked_again(void **state)
{
    (void)state;
    static const struct {
        uint8_t id;
        const char *opts;
        enum cp_state then;
    } rows[] = { { 7, "0305 c223 81 0506 11223344", CP_OPENED },
                 { 8, "0305 c223 81 0506 11223344", CP_ACK_SENT },
                 { 7, "0305 c223 81 0506 11223345", CP_ACK_SENT },
                 { 7, "0305 c223 81", CP_ACK_SENT } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        struct link_conf c = client_conf();
        bench_client_lcp(&b, &c);
        bench_cp(&b, LCP, CP_CONF_REQ, rows[i].id, rows[i].opts);
        assert_int_equal(b.l.lcp.cp.state, rows[i].then);
        if (rows[i].then != CP_OPENED)
            bench_sent(&b, LCP, CP_CONF_REQ);
        assert_int_equal(bench_expect(&b, LCP, CP_CONF_ACK, rows[i].opts), rows[i].id);
        bench_silent(&b);
        bench_quiet(&b);
    }
}

/* The owner does not pull: what has no room is dropped and counted, nothing is overwritten. */
static void a_full_queue_drops(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_client_lcp(&b, &c);
    uint8_t data[4000] = { 0x11, 0x22, 0x33, 0x44 }, frame[4100];
    size_t n = cp_frame(frame, LCP, LCP_ECHO_REQ, 1, data, sizeof data);
    for (unsigned i = 0; i < 5; i++)
        bench_feed_bytes(&b, frame, n);
    assert_int_equal(b.l.port.dropped, 3);
    assert_int_equal(bench_sent(&b, LCP, LCP_ECHO_REPLY).data.n, sizeof data);
    assert_int_equal(bench_sent(&b, LCP, LCP_ECHO_REPLY).data.n, sizeof data);
    bench_silent(&b);
}

static void pull_waits_for_room(void **state)
{
    (void)state;
    struct bench b;
    struct link_conf c = client_conf();
    bench_open(&b, &c);
    uint8_t buf[64];
    assert_int_equal(link_pull(&b.l, buf, 21), 0);
    assert_int_equal(link_pull(&b.l, buf, 22), 22);
    assert_int_equal(link_pull(&b.l, buf, sizeof buf), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unanswered_requests_end_after_max_configure),
        cmocka_unit_test(a_nak_makes_a_new_request),
        cmocka_unit_test(answers_that_are_none_are_dropped),
        cmocka_unit_test(naks_become_rejects),
        cmocka_unit_test(endless_negotiation_ends),
        cmocka_unit_test(terminate_request_is_repeated_once),
        cmocka_unit_test(unknown_codes_are_rejected),
        cmocka_unit_test(code_reject_of_an_extension_is_harmless),
        cmocka_unit_test(code_reject_of_a_basic_code_is_the_end),
        cmocka_unit_test(malformed_packets_are_dropped),
        cmocka_unit_test(an_option_given_twice_is_rejected),
        cmocka_unit_test(a_retransmission_in_opened_is_acked_again),
        cmocka_unit_test(a_full_queue_drops),
        cmocka_unit_test(pull_waits_for_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The tunnel's own contract: one event at a time and none lost, verbs that wait, whole messages in their order, bounded
 * memory under floods, causes in words. What a call does from end to end is in the twins and the scenarios. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "crypto/binding.h"
#include "session/tunnel_parts.h"
#include "tls/prim_host.h"
#include "wire/sstp_frame.h"

static struct tunnel t;
static struct tunnel_work work;
static struct env env;
static uint8_t counter;
static msec now;

static void counting_dice(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        dst[i] = counter++;
}

static void start(enum tunnel_role role)
{
    struct tunnel_conf c;
    tunnel_conf_default(&c, role);
    c.methods[0] = AUTH_PAP;
    c.n_methods = 1;
    c.link.ident = NULL;
    c.link.ipv6 = false;
    c.http.host = "vpn.example.com";
    c.http.correlation = "{48B82435-099A-4158-A987-052E7570CFAA}";
    static const uint8_t hash[32];
    c.http.cert_sha1 = c.http.cert_sha256 = hash;
    c.user = c.password = slice_str("x");
    c.call.n_certs = 1;
    env = (struct env){ .random = counting_dice, .prim = &prim_host };
    counter = 0;
    now = 5000;
    tunnel_init(&t, &work, &c, &env, now);
}

static size_t unhex(const char *hex, uint8_t *dst)
{
    size_t n = 0;
    unsigned v = 0;
    for (; sscanf(hex, "%2x", &v) == 1; hex += 2)
        dst[n++] = (uint8_t)v;
    return n;
}

/* Feeds all of it; stops where an event waits. Returns what is left. */
static size_t feed(const void *bytes, size_t n)
{
    struct rd in = rd_of(bytes, n);
    int fed = FED_TOOK;
    while (fed == FED_TOOK)
        fed = tunnel_feed(&t, &in, now);
    assert_true(fed >= 0);
    return rd_left(&in);
}

static size_t feed_hex(const char *hex)
{
    static uint8_t buf[4096]; /* events borrow from it */
    return feed(buf, unhex(hex, buf));
}

static enum tunnel_ev_kind next(struct tunnel_event *e)
{
    struct tunnel_event here;
    return tunnel_event(&t, e ? e : &here) ? (e ? e : &here)->kind : TUNNEL_EV_NONE;
}

static void drop_output(void)
{
    uint8_t buf[8192];
    while (tunnel_pull(&t, buf, sizeof buf) > 0)
        ;
}

static const char request[] = "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
                              "Content-Length: 18446744073709551615\r\nHost: vpn.example.com\r\n\r\n";
static const char connect_request[] = "1001000e00010001000100060001";
static const char lcp_request[] = "1000001aff03c0210100001201040ffb05064b493f3107020802";
static const char lcp_ack[] = "1000001eff03c0210200001601040ffb0304c02305062021222307020802";
static const char pap_request[] = "10000014c0230107000e04557365720470617373";

/* A server with a question open. */
static void to_question(struct tunnel_event *ret_ask)
{
    start(TUNNEL_SERVER);
    assert_int_equal(feed(request, sizeof request - 1), 0);
    assert_int_equal(next(NULL), TUNNEL_EV_UPGRADED);
    assert_int_equal(feed_hex(connect_request), 0);
    assert_int_equal(feed_hex(lcp_request), 0);
    assert_int_equal(feed_hex(lcp_ack), 0);
    assert_int_equal(feed_hex(pap_request), 0);
    assert_int_equal(next(ret_ask), TUNNEL_EV_ASK);
}

static void accept_user(uint32_t ask)
{
    struct auth_verdict v = { .kind = VERDICT_ACCEPT };
    struct params p = { .prefixes = { prefix_v4(0x0a500002, 32) }, .n_prefixes = 1, .server_ipv4 = 0x0a500001 };
    tunnel_answer(&t, ask, &v, &p, now);
}

/* Call Connected with a binding of zeros to the nonce 00 01 … 1f and a certificate of zeros. */
static size_t feed_connected(void)
{
    static uint8_t msg[112];
    static const uint8_t zeros[32];
    static const uint8_t head[16] = { 0x10, 1, 0, 0x70, 0, 4, 0, 1, 0, 3, 0, 0x68, 0, 0, 0, 2 };
    memset(msg, 0, sizeof msg);
    memcpy(msg, head, sizeof head);
    for (unsigned i = 0; i < 32; i++)
        msg[16 + i] = (uint8_t)i;
    binding_mac(&prim_host, 2, zeros, msg, msg + 80);
    return feed(msg, sizeof msg);
}

/* AUTHENTICATED, CONNECTED and UP come one after another though their causes were there at once. */
static void test_one_event_at_a_time(void **state)
{
    (void)state;
    struct tunnel_event e;
    to_question(&e);
    assert_int_equal(feed_connected(), 0); /* overtakes the answer */
    accept_user(e.ask);
    uint8_t echo[8] = { 0x10, 1, 0, 8, 0, 8, 0, 0 };
    for (unsigned i = 0; i < 3; i++) { /* nothing is taken while an event waits */
        struct tunnel_packet packet;
        struct rd in = rd_of(echo, sizeof echo);
        int fed = FED_MORE;
        assert_int_equal(tunnel_feed(&t, &in, now), FED_EVENT);
        assert_int_equal(rd_left(&in), sizeof echo);
        assert_int_equal(tunnel_walk(&t, &in, &packet, 1, &fed, now), 0);
        assert_int_equal(fed, FED_EVENT);
        assert_int_equal(rd_left(&in), sizeof echo);
    }
    assert_int_equal(next(NULL), TUNNEL_EV_AUTHENTICATED);
    assert_int_equal(feed(echo, sizeof echo), 8); /* the next one waits already */
    assert_int_equal(next(NULL), TUNNEL_EV_CONNECTED);
    assert_int_equal(next(NULL), TUNNEL_EV_NONE);
    assert_int_equal(feed(echo, sizeof echo), 0);
}

/* Closing and losing while an event waits: first that event, then the rest, in order, once. */
static void test_verbs_wait(void **state)
{
    (void)state;
    struct tunnel_event e;
    for (unsigned lost = 0; lost < 2; lost++) {
        to_question(&e);
        accept_user(e.ask); /* AUTHENTICATED waits */
        tunnel_close(&t, TUNNEL_CAUSE_NO_ADDRESS, 3, now);
        tunnel_close(&t, TUNNEL_CAUSE_LOCAL, 4, now);
        if (lost)
            tunnel_lost(&t, now);
        tunnel_tick(&t, now + SECONDS(500)); /* nothing happens yet */
        assert_int_equal(t.phase, TUNNEL_SSTP);
        assert_int_equal(next(NULL), TUNNEL_EV_AUTHENTICATED);
        if (!lost) {
            assert_int_equal(next(NULL), TUNNEL_EV_NONE);
            assert_int_equal(t.phase, TUNNEL_ENDING);
            now += SECONDS(520);
            tunnel_tick(&t, now);
            now += SECONDS(20);
            tunnel_tick(&t, now);
        }
        assert_int_equal(next(&e), TUNNEL_EV_DOWN);
        assert_int_equal(e.cause, lost ? TUNNEL_CAUSE_LOST : TUNNEL_CAUSE_NO_ADDRESS);
        assert_int_equal(e.detail, lost ? 0 : 3);
        assert_int_equal(next(NULL), TUNNEL_EV_NONE);
        tunnel_lost(&t, now);
        tunnel_close(&t, TUNNEL_CAUSE_LOCAL, 0, now);
        tunnel_tick(&t, now + 1);
        assert_int_equal(next(NULL), TUNNEL_EV_NONE);
        assert_true(tunnel_due(&t) == NEVER);
        assert_int_equal(feed_hex(connect_request), 0); /* swallowed */
        tunnel_done(&t);
    }
}

/* Two ends in one turn: the peer's Abort and the loss of the connection. The first is the cause. */
static void test_first_cause_wins(void **state)
{
    (void)state;
    struct tunnel_event e;
    to_question(&e);
    assert_int_equal(feed_hex("1001001400050001"
                              "0002000c0000000200000006"),
                     0);
    tunnel_lost(&t, now);
    assert_int_equal(next(&e), TUNNEL_EV_DOWN);
    assert_int_equal(e.cause, TUNNEL_CAUSE_SSTP_ABORTED);
    assert_int_equal(e.detail, 6);
    assert_int_equal(next(NULL), TUNNEL_EV_NONE);
}

/* Numbers of questions do not repeat, also when LCP starts over; an answer to the old one is ignored. */
static void test_question_numbers(void **state)
{
    (void)state;
    struct tunnel_event e;
    to_question(&e);
    uint32_t first = e.ask;
    assert_true(first != 0);
    drop_output();
    assert_int_equal(feed_hex("1000001aff03c0210105001201040ffb05064b493f3107020802"),
                     0); /* Configure-Request once more */
    uint8_t buf[4096], ack[64];
    size_t n = tunnel_pull(&t, buf, sizeof buf), k = 0;
    for (size_t at = 0; at < n; at += (size_t)buf[at + 2] << 8 | buf[at + 3])
        if (buf[at + 8] == 1) { /* our own request: acked as it is */
            k = (size_t)buf[at + 2] << 8 | buf[at + 3];
            memcpy(ack, buf + at, k);
        }
    assert_true(k > 0);
    ack[8] = 2;
    assert_int_equal(feed(ack, k), 0);
    accept_user(first);
    assert_int_equal(next(NULL), TUNNEL_EV_NONE);
    assert_int_equal(feed_hex(pap_request), 0);
    assert_int_equal(next(&e), TUNNEL_EV_ASK);
    assert_true(e.ask > first);
    accept_user(first);
    assert_int_equal(next(NULL), TUNNEL_EV_NONE);
    accept_user(e.ask);
    assert_int_equal(next(NULL), TUNNEL_EV_AUTHENTICATED);
}

/* Only whole messages are given, however small the buffer; together they are the same bytes. */
static void test_pull_whole_messages(void **state)
{
    (void)state;
    uint8_t all[4096], part[4096];
    struct tunnel_event e;
    to_question(&e);
    size_t n = tunnel_pull(&t, all, sizeof all);
    to_question(&e);
    size_t got = 0;
    for (size_t cap = 0; cap < 4096 && got < n; cap++) {
        size_t k = tunnel_pull(&t, part, cap);
        assert_true(k <= cap && got + k <= n);
        assert_memory_equal(part, all + got, k);
        got += k;
    }
    assert_int_equal(got, n);
    assert_int_equal(tunnel_pull(&t, part, sizeof part), 0);
}

/* A peer that asks and asks while nothing is fetched: memory stays bounded, and what comes out is whole packets. */
static void test_floods(void **state)
{
    (void)state;
    static uint8_t lcp_echo[1000] = { 0x10, 0, 0x03, 0xe8, 0xff, 3, 0xc0, 0x21, 9, 1, 0x03, 0xe0 };
    static const uint8_t echo[8] = { 0x10, 1, 0, 8, 0, 8, 0, 0 };
    struct tunnel_event e;
    to_question(&e);
    accept_user(e.ask);
    assert_int_equal(next(NULL), TUNNEL_EV_AUTHENTICATED);
    assert_int_equal(feed_connected(), 0);
    assert_int_equal(next(NULL), TUNNEL_EV_CONNECTED);
    drop_output();
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(i % 3 ? feed(lcp_echo, sizeof lcp_echo) : feed(echo, sizeof echo), 0);
    uint8_t buf[8192];
    size_t n, total = 0, packets = 0;
    while ((n = tunnel_pull(&t, buf, sizeof buf)) > 0) {
        struct rd in = rd_of(buf, n);
        struct sstp_frame f = { 0 };
        while (sstp_frame_next(&in, &f) == 1)
            packets++;
        assert_int_equal(rd_left(&in), 0);
        total += n;
    }
    assert_true(packets > 10 && total < 32768);
    assert_int_equal(feed(echo, sizeof echo), 0); /* and it lives */
    assert_int_equal(tunnel_pull(&t, buf, sizeof buf), 8);
    assert_int_equal(t.phase, TUNNEL_SSTP);
}

/* What is not SSTP gets its answer and ends; the answer can still be pulled after DOWN. */
static void test_http(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned status;
    } rows[] = {
        { "HEAD /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: h\r\n\r\n", 401 },
        { "GET /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: h\r\n\r\n", 401 },
        { "GET /favicon.ico HTTP/1.1\r\nHost: h\r\n\r\n", 404 },
        { "\x16\x03\x01 nonsense\r\n\r\n", 400 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tunnel_event e;
        uint8_t buf[4096], want[16];
        start(TUNNEL_SERVER);
        (void)feed(rows[i].line, strlen(rows[i].line));
        assert_int_equal(next(&e), TUNNEL_EV_DOWN);
        assert_int_equal(e.cause, TUNNEL_CAUSE_HTTP_REFUSED);
        assert_int_equal(e.detail, rows[i].status);
        assert_true(e.text.n > 0);
        size_t n = tunnel_pull(&t, buf, sizeof buf);
        snprintf((char *)want, sizeof want, "HTTP/1.1 %u", rows[i].status);
        assert_true(n > 12);
        assert_memory_equal(buf, want, 12);
        tunnel_done(&t);
    }
    struct tunnel_event e;
    start(TUNNEL_SERVER);
    assert_true(tunnel_due(&t) == now + SECONDS(10));
    tunnel_tick(&t, now + SECONDS(10) - 1);
    assert_int_equal(next(NULL), TUNNEL_EV_NONE);
    tunnel_tick(&t, now + SECONDS(10));
    assert_int_equal(next(&e), TUNNEL_EV_DOWN);
    assert_int_equal(e.cause, TUNNEL_CAUSE_HTTP_TIMEOUT);
    /* closing before HTTP is done: nothing to say */
    start(TUNNEL_CLIENT);
    drop_output();
    tunnel_close(&t, TUNNEL_CAUSE_LOCAL, 0, now);
    uint8_t buf[4096];
    assert_int_equal(tunnel_pull(&t, buf, sizeof buf), 0);
    assert_int_equal(next(&e), TUNNEL_EV_DOWN);
    assert_int_equal(e.cause, TUNNEL_CAUSE_LOCAL);
}

/* A network that goes down again: no data, and a time to come back. */
static void test_network_down(void **state)
{
    (void)state;
    struct tunnel_event e;
    uint8_t head[8];
    to_question(&e);
    accept_user(e.ask);
    assert_int_equal(next(NULL), TUNNEL_EV_AUTHENTICATED);
    assert_int_equal(feed_connected(), 0);
    assert_int_equal(next(NULL), TUNNEL_EV_CONNECTED);
    assert_int_equal(feed_hex("100000108021"
                              "0201000a"
                              "03060a500001"),
                     0);
    assert_int_equal(feed_hex("100000108021"
                              "0109000a"
                              "03060a500002"),
                     0);
    assert_int_equal(next(&e), TUNNEL_EV_UP);
    assert_int_equal(tunnel_data_head(&t, 4, 100, head), 5);
    assert_int_equal(feed_hex("1000000a8021"
                              "05090004"),
                     0); /* IPCP Terminate-Request */
    assert_int_equal(next(NULL), TUNNEL_EV_NONE);
    assert_int_equal(tunnel_data_head(&t, 4, 100, head), 0);
    assert_true(tunnel_due(&t) <= now + SECONDS(60));
    for (unsigned i = 0; i < 200 && t.phase == TUNNEL_SSTP; i++) {
        now = tunnel_due(&t);
        tunnel_tick(&t, now);
        drop_output();
    }
    assert_int_equal(t.cause, TUNNEL_CAUSE_NO_NETWORK);
}

static void test_causes(void **state)
{
    (void)state;
    for (int c = TUNNEL_CAUSE_NONE; c <= TUNNEL_CAUSE_NO_ADDRESS; c++)
        for (int d = TUNNEL_CAUSE_NONE; d < c; d++)
            assert_string_not_equal(tunnel_cause_text((enum tunnel_cause)c), tunnel_cause_text((enum tunnel_cause)d));
    static const struct {
        enum call_cause from;
        enum tunnel_cause to;
        uint32_t detail;
    } calls[] = {
        { CALL_CAUSE_LOCAL, TUNNEL_CAUSE_LOCAL, 99 },
        { CALL_CAUSE_PEER, TUNNEL_CAUSE_PEER, 99 },
        { CALL_CAUSE_PEER_ABORT, TUNNEL_CAUSE_SSTP_ABORTED, 4 },
        { CALL_CAUSE_PROTOCOL, TUNNEL_CAUSE_SSTP, 4 },
        { CALL_CAUSE_BINDING, TUNNEL_CAUSE_BINDING, BINDING_NONCE },
        { CALL_CAUSE_NEGOTIATION_TIMEOUT, TUNNEL_CAUSE_NEGOTIATION_TIMEOUT, 99 },
        { CALL_CAUSE_HELLO_TIMEOUT, TUNNEL_CAUSE_HELLO_TIMEOUT, 99 },
        { CALL_CAUSE_GARBAGE, TUNNEL_CAUSE_GARBAGE, 99 },
        { CALL_CAUSE_LOST, TUNNEL_CAUSE_LOST, 99 },
        { CALL_CAUSE_NAKED, TUNNEL_CAUSE_SSTP, 4 },
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        uint32_t detail = 99;
        struct call_event e = { .cause = calls[i].from, .status = 4, .check = BINDING_NONCE };
        assert_int_equal(tunnel_cause_of_call(&e, &detail), calls[i].to);
        assert_int_equal(detail, calls[i].detail);
    }
    static const struct {
        enum link_cause from;
        enum tunnel_cause to;
        uint32_t detail;
    } links[] = {
        { LINK_CAUSE_PEER, TUNNEL_CAUSE_PEER, 691 },
        { LINK_CAUSE_NO_ANSWER, TUNNEL_CAUSE_LCP, LINK_CAUSE_NO_ANSWER },
        { LINK_CAUSE_NO_CONVERGENCE, TUNNEL_CAUSE_LCP, LINK_CAUSE_NO_CONVERGENCE },
        { LINK_CAUSE_LOOP, TUNNEL_CAUSE_LCP, LINK_CAUSE_LOOP },
        { LINK_CAUSE_RENEGOTIATION, TUNNEL_CAUSE_LCP, LINK_CAUSE_RENEGOTIATION },
        { LINK_CAUSE_NO_AUTH, TUNNEL_CAUSE_NO_AUTH_METHOD, 99 },
        { LINK_CAUSE_NO_NETWORK, TUNNEL_CAUSE_NO_NETWORK, 99 },
        { LINK_CAUSE_ECHO_TIMEOUT, TUNNEL_CAUSE_HELLO_TIMEOUT, 99 },
    };
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        uint32_t detail = 99;
        struct link_event e = { .cause = links[i].from, .has_ras_error = true, .ras_error = 691 };
        assert_int_equal(tunnel_cause_of_link(&e, &detail), links[i].to);
        assert_int_equal(detail, links[i].detail);
    }
    assert_int_equal(tunnel_ras_error(TUNNEL_CAUSE_LOCAL, 5), 0);
    assert_int_equal(tunnel_ras_error(TUNNEL_CAUSE_AUTH_REFUSED, 0), 691);
    assert_int_equal(tunnel_ras_error(TUNNEL_CAUSE_AUTH_REFUSED, 648), 648);
    assert_int_equal(tunnel_ras_error(TUNNEL_CAUSE_AUTH_REFUSED, UINT32_MAX), 691);
    assert_int_equal(tunnel_ras_error(TUNNEL_CAUSE_SERVER_UNPROVEN, 0), 778);
    assert_int_equal(tunnel_ras_error(TUNNEL_CAUSE_NO_AUTH_METHOD, 0), 919);
}

/* Each method has a name in LCP of its own, and the defaults offer the two that prove the server. */
static void test_defaults(void **state)
{
    (void)state;
    for (int m = AUTH_NONE; m < AUTH_METHODS; m++)
        for (int k = AUTH_NONE; k < m; k++) {
            struct lcp_auth a = tunnel_lcp_auth((enum auth_method)m), b = tunnel_lcp_auth((enum auth_method)k);
            assert_true(a.proto != b.proto || a.alg != b.alg);
        }
    for (int role = 0; role < 2; role++) {
        struct tunnel_conf c;
        tunnel_conf_default(&c, (enum tunnel_role)role);
        assert_int_equal(c.n_methods, 2);
        assert_true(auth_method_keyed(c.methods[0]) && auth_method_keyed(c.methods[1]));
        assert_int_equal(c.call.hash_mask, BINDING_SHA1 | BINDING_SHA256);
        assert_int_equal(c.link.mru, 4091);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_event_at_a_time),
        cmocka_unit_test(test_verbs_wait),
        cmocka_unit_test(test_first_cause_wins),
        cmocka_unit_test(test_question_numbers),
        cmocka_unit_test(test_pull_whole_messages),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_network_down),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

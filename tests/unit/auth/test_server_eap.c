/* The pass-through authenticator: identifiers, repetition, and verdicts that make no sense. */
#include "auth_test.h"

static struct test_host host;
static struct env env;
static struct auth_server srv;
static uint8_t buf[2048];
static size_t len;

static struct auth_server_event event(void)
{
    struct auth_server_event ev = { 0 };
    (void)auth_server_event(&srv, &ev);
    return ev;
}

static uint32_t asked(void)
{
    struct auth_server_event ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ASK);
    return ev.ask;
}

static bool pull(void)
{
    len = auth_server_pull(&srv, buf, sizeof(buf));
    return len > 0;
}

static uint32_t begin(void)
{
    struct auth_server_conf conf = { AUTH_EAP_MSCHAPV2, "test-server", 3000, 2, 3 };
    host = (struct test_host){ .dice = 7 };
    env = TEST_ENV(host);
    auth_server_init(&srv, &conf, &env, 0);
    struct auth_server_event ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ASK);
    assert_int_equal(ev.question.method, AUTH_EAP_MSCHAPV2);
    assert_int_equal(ev.question.eap.n, 0); /* round 0: the method starts */
    assert_false(pull());
    return ev.ask;
}

static struct slice packet(uint8_t *dst, size_t cap, uint8_t code, uint8_t id, size_t n)
{
    static const uint8_t data[2000];
    struct wr w = wr_of(dst, cap);
    eap_pkt_put(&w, &(struct eap_pkt){ .code = code, .id = id, .type = EAP_TYPE_IDENTITY, .data = slice_of(data, n) });
    return wr_slice(&w);
}

static void answer(uint32_t ask, enum auth_verdict_kind kind, struct slice eap)
{
    struct auth_verdict v = { .kind = kind, .eap = eap, .keyed = kind == VERDICT_ACCEPT };
    memset(v.hlak, 0x11, sizeof(v.hlak));
    auth_server_answer(&srv, ask, &v, 1000);
}

static int feed(uint8_t code, uint8_t id, size_t n)
{
    uint8_t pkt[2048];
    struct rd r = rd_slice(packet(pkt, sizeof(pkt), code, id, n));
    return auth_server_feed(&srv, &r, 2000);
}

static void request(uint32_t ask, uint8_t id)
{
    uint8_t pkt[64];
    answer(ask, VERDICT_MORE, packet(pkt, sizeof(pkt), EAP_REQUEST, id, 3));
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_true(pull());
    assert_int_equal(buf[0], EAP_REQUEST);
    assert_int_equal(buf[1], id);
    assert_int_equal(len, 8);
}

static void rounds(void **state)
{
    (void)state;
    uint8_t pkt[64];
    request(begin(), 100);
    assert_int_equal(feed(EAP_RESPONSE, 100, 5), FED_EVENT);
    struct auth_server_event ev = event();
    assert_int_equal(ev.question.eap.n, 10);
    assert_int_equal(ev.question.eap.p[0], EAP_RESPONSE);
    request(ev.ask, 200); /* the EAP server counts as it likes */
    assert_int_equal(feed(EAP_RESPONSE, 200, 0), FED_EVENT);
    answer(asked(), VERDICT_ACCEPT, packet(pkt, sizeof(pkt), EAP_SUCCESS, 200, 0));
    ev = event();
    assert_int_equal(ev.kind, AUTH_SERVER_EV_ACCEPTED);
    assert_true(ev.keyed);
    assert_int_equal(ev.hlak[0], 0x11);
    assert_true(pull());
    assert_int_equal(buf[0], EAP_SUCCESS);
    assert_int_equal(len, 4);
    assert_int_equal(feed(EAP_RESPONSE, 200, 0), FED_TOOK); /* the Success was lost */
    assert_true(pull());
    assert_int_equal(buf[0], EAP_SUCCESS);
    assert_int_equal(feed(EAP_RESPONSE, 100, 0), FED_TOOK);
    assert_false(pull());
}

static void duplicates_and_strangers(void **state)
{
    (void)state;
    request(begin(), 1);
    assert_int_equal(feed(EAP_RESPONSE, 2, 0), FED_TOOK);
    assert_int_equal(feed(EAP_RESPONSE, 0, 0), FED_TOOK);
    assert_int_equal(feed(EAP_REQUEST, 1, 0), FED_TOOK);
    assert_int_equal(feed(EAP_SUCCESS, 1, 0), FED_TOOK);
    assert_int_equal(feed(EAP_FAILURE, 1, 0), FED_TOOK);
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_int_equal(feed(EAP_RESPONSE, 1, 0), FED_EVENT);
    uint32_t ask = asked();
    assert_int_equal(feed(EAP_RESPONSE, 1, 0), FED_TOOK); /* twice: one question */
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    request(ask, 2);
    assert_int_equal(feed(EAP_RESPONSE, 1, 0), FED_TOOK); /* and again, late */
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_false(pull());
}

static void retransmits(void **state)
{
    (void)state;
    request(begin(), 9);
    msec now = 1000;
    for (unsigned i = 0; i < 2; i++) {
        now += 3000;
        assert_int_equal(auth_server_due(&srv), now);
        auth_server_tick(&srv, now);
        assert_true(pull());
        assert_int_equal(buf[1], 9);
    }
    auth_server_tick(&srv, now + 3000);
    assert_int_equal(event().kind, AUTH_SERVER_EV_TIMEOUT);
    assert_int_equal(auth_server_due(&srv), NEVER);
}

static void sizes(void **state)
{
    (void)state;
    uint8_t pkt[2048];
    request(begin(), 1);
    assert_int_equal(feed(EAP_RESPONSE, 1, AUTH_EAP_MAX - 5 + 1), FED_TOOK);
    assert_int_equal(event().kind, AUTH_SERVER_EV_NONE);
    assert_int_equal(feed(EAP_RESPONSE, 1, AUTH_EAP_MAX - 5), FED_EVENT);
    uint32_t ask = asked();
    answer(ask, VERDICT_MORE, packet(pkt, sizeof(pkt), EAP_REQUEST, 2, AUTH_EAP_MAX - 5));
    assert_true(pull());
    assert_int_equal(len, AUTH_EAP_MAX);
}

static void verdicts_that_make_no_sense(void **state)
{
    (void)state;
    uint8_t pkt[2048];
    static const uint8_t torn[] = { 1, 5, 0, 99, 1 };
    const struct slice rows[] = {
        { 0 },
        slice_of(torn, sizeof(torn)),
        packet(pkt, sizeof(pkt), EAP_REQUEST, 2, AUTH_EAP_MAX),
    };
    for (size_t i = 0; i < 3; i++) {
        answer(begin(), VERDICT_MORE, rows[i]);
        assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
        assert_true(pull());
        assert_int_equal(buf[0], EAP_FAILURE);
        assert_int_equal(len, 4);
    }
    answer(begin(), VERDICT_MORE, packet(pkt, sizeof(pkt), EAP_RESPONSE, 2, 0));
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
}

static void results_are_made_if_absent(void **state)
{
    (void)state;
    uint8_t pkt[64];
    request(begin(), 33);
    feed(EAP_RESPONSE, 33, 0);
    answer(asked(), VERDICT_ACCEPT, (struct slice){ 0 });
    assert_int_equal(event().kind, AUTH_SERVER_EV_ACCEPTED);
    assert_true(pull());
    assert_int_equal(buf[0], EAP_SUCCESS);
    assert_int_equal(buf[1], 33);
    request(begin(), 34);
    feed(EAP_RESPONSE, 34, 0);
    answer(asked(), VERDICT_REFUSE, packet(pkt, sizeof(pkt), EAP_SUCCESS, 34, 0)); /* never a Success with a refusal */
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    assert_true(pull());
    assert_int_equal(buf[0], EAP_FAILURE);
}

static void without_a_key(void **state)
{
    (void)state;
    struct auth_verdict v = { .kind = VERDICT_ACCEPT };
    request(begin(), 33);
    feed(EAP_RESPONSE, 33, 0);
    auth_server_answer(&srv, asked(), &v, 1000);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
    assert_true(pull());
    assert_int_equal(buf[0], EAP_FAILURE);
    assert_int_equal(host.notes[NOTE_AUTH_NO_KEYS], 1);
}

static void not_for_ever(void **state)
{
    (void)state;
    uint32_t ask = begin();
    for (unsigned i = 0; i < AUTH_SERVER_ROUNDS_MAX; i++) {
        request(ask, (uint8_t)i);
        assert_int_equal(feed(EAP_RESPONSE, (uint8_t)i, 0), FED_EVENT);
        ask = asked();
    }
    request(ask, 250);
    feed(EAP_RESPONSE, 250, 0);
    assert_int_equal(event().kind, AUTH_SERVER_EV_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds),
        cmocka_unit_test(duplicates_and_strangers),
        cmocka_unit_test(retransmits),
        cmocka_unit_test(sizes),
        cmocka_unit_test(verdicts_that_make_no_sense),
        cmocka_unit_test(results_are_made_if_absent),
        cmocka_unit_test(without_a_key),
        cmocka_unit_test(not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The judge over EAP-MSCHAPv2, against our own client: many rounds, one verdict. */
#include "judge_help.h"

#include "auth/client.h"

static const enum auth_method eap_only[] = { AUTH_EAP_MSCHAPV2 };
static const uint32_t base = 0x0a500000;
static struct auth_client client;
static struct auth_client_event client_event;

static int setup(void **state)
{
    (void)state;
    judge_begin("10.80.0.0/29", eap_only, 1);
    add_user("User", PASSWORD_NT, 0);
    return 0;
}

static void ask_eap(uint64_t session, struct slice packet)
{
    struct judge_who w = who_is(0, session);
    struct auth_question q = { .method = AUTH_EAP_MSCHAPV2, .eap = packet };
    judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
}

static void start_client(const char *user, const char *password)
{
    const struct auth_client_conf conf = { .method = AUTH_EAP_MSCHAPV2,
                                           .user = slice_str(user),
                                           .password = slice_str(password),
                                           .retransmit = 3000,
                                           .retransmit_max = 10 };
    memset(&client_event, 0, sizeof(client_event));
    auth_client_init(&client, &conf, &help_env, h.now);
}

/* What the judge said to the client; its answer to the judge. False when either has nothing more to say. */
static bool round_trip(uint64_t session)
{
    uint8_t buf[AUTH_EAP_MAX];
    struct rd r = rd_slice(slice_of(h.eap, h.r.verdict.eap.n));
    assert_int_equal(auth_client_feed(&client, &r, h.now) < 0, 0);
    (void)auth_client_event(&client, &client_event);
    size_t n = auth_client_pull(&client, buf, sizeof(buf));
    if (h.r.verdict.kind != VERDICT_MORE || n == 0)
        return false;
    unsigned said = h.said;
    ask_eap(session, slice_of(buf, n));
    return h.said > said; /* not, while another session is being ended */
}

static void talk(uint64_t session, const char *user, const char *password)
{
    start_client(user, password);
    ask_eap(session, slice_of(NULL, 0));
    assert_int_equal(h.r.verdict.kind, VERDICT_MORE);
    for (unsigned rounds = 0; round_trip(session); rounds++)
        assert_true(rounds < 10);
}

static void test_accept(void **state)
{
    (void)state;
    talk(1, "DOMAIN\\uSER", "clientPass");
    expect_accept(base + 2);
    assert_string_equal(h.r.user, "User");
    assert_true(h.r.verdict.keyed);
    assert_int_equal(h.r.verdict.eap.n, 4);
    assert_int_equal(h.eap[0], 3); /* EAP-Success */
    assert_int_equal(client_event.kind, AUTH_CLIENT_EV_ACCEPTED);
    assert_memory_equal(client_event.hlak, h.r.verdict.hlak, HLAK_LEN);
}

/* The client learns the same of a user that does not exist as of a wrong password. */
static void test_refused(void **state)
{
    (void)state;
    struct auth_client_event first;
    talk(1, "User", "wrong");
    expect_refusal("wrong password", 691);
    assert_int_equal(h.eap[0], 4); /* EAP-Failure */
    first = client_event;
    assert_int_equal(first.kind, AUTH_CLIENT_EV_REFUSED);
    talk(2, "nobody", "wrong");
    expect_refusal("unknown user", 691);
    assert_int_equal(client_event.kind, first.kind);
    assert_int_equal(client_event.code, first.code);
    assert_int_equal(client_event.retry, first.retry);
}

static void test_locked(void **state)
{
    (void)state;
    assert_int_equal(users_set_locked(h.db, slice_str("User"), true), 0);
    talk(1, "User", "wrong");
    assert_int_equal(h.r.code, 691);
    talk(2, "User", "clientPass");
    expect_refusal("locked", 647);
    assert_int_equal(client_event.kind, AUTH_CLIENT_EV_REFUSED);
    assert_int_equal(client_event.code, 647);
}

static void test_no_record(void **state)
{
    (void)state;
    add_user("slow", PASSWORD_PAP_ONLY, 0);
    talk(1, "slow", "clientPass");
    expect_refusal("no record for this method", 691);
}

static void test_exhausted(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 5; i++) {
        talk(i, "User", "clientPass");
        expect_accept(params_ipv4(&h.r.params));
    }
    talk(5, "User", "clientPass");
    expect_refusal("no address is free", 649);
    assert_true(h.r.no_address);
    assert_int_equal(h.r.verdict.eap.n, 4);
    assert_int_equal(h.eap[0], 4); /* Failure instead of the Success that was prepared */
}

static void test_replaced(void **state)
{
    (void)state;
    add_user("fix", PASSWORD_NT, base + 6);
    talk(1, "fix", "clientPass");
    expect_accept(base + 6);
    unsigned said = h.said;
    talk(2, "fix", "clientPass");
    assert_int_equal(h.ended, 1);
    assert_int_equal(h.r.verdict.kind, VERDICT_MORE);
    assert_true(h.said > said);
    judge_down(h.j, 0, 1, h.now);
    expect_accept(base + 6); /* the packet was kept over the wait */
    assert_int_equal(h.eap[0], 3);
    assert_false(round_trip(2));
    assert_int_equal(client_event.kind, AUTH_CLIENT_EV_ACCEPTED);
}

/* LCP may be renegotiated in the middle: the method begins again. */
static void test_begins_again(void **state)
{
    (void)state;
    start_client("User", "clientPass");
    ask_eap(1, slice_of(NULL, 0));
    assert_true(round_trip(1));
    talk(1, "User", "clientPass");
    expect_accept(base + 2);
}

static void test_nonsense(void **state)
{
    (void)state;
    static const char *const packets[] = { "\x02",
                                           "\x02\x00\x00\x04",
                                           "\x01\x01\x00\x05\x01",
                                           "\x02\x00\xff\xff\x01",
                                           "\x03\x00\x00\x04",
                                           "\xff\xff\xff\xff\xff" };
    ask_eap(1, slice_of("\x02\x01\x00\x05\x01", 5)); /* no round 0 */
    expect_refusal("EAP without a beginning", 691);
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        unsigned said = h.said;
        ask_eap(10 + i, slice_of(NULL, 0));
        ask_eap(10 + i, slice_of(packets[i], i == 0 ? 1 : i == 1 || i == 4 ? 4 : 5));
        assert_int_equal(h.said, said + 2); /* each question has its answer */
        assert_int_not_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    }
    /* 120 s later nothing of them is left. */
    judge_tick(h.j, h.now + 120000);
    assert_int_equal(judge_due(h.j), NEVER);
}

static void test_left_in_the_middle(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 64; i++) {
        start_client("User", "clientPass");
        ask_eap(i, slice_of(NULL, 0));
        assert_true(round_trip(i));
    }
    for (uint64_t i = 0; i < 32; i++)
        judge_down(h.j, 0, i, h.now);
    talk(100, "User", "clientPass");
    expect_accept(base + 2);
} /* LeakSanitizer looks at what judge_free() leaves */

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, judge_teardown)
    const struct CMUnitTest tests[] = {
        T(test_accept),   T(test_refused),      T(test_locked),   T(test_no_record),          T(test_exhausted),
        T(test_replaced), T(test_begins_again), T(test_nonsense), T(test_left_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

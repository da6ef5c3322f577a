/* The judge and a /64 that sessions share: an address each, others by who uses them first, and whose they are not. */
#include "judge_help.h"

static const enum auth_method methods[] = { AUTH_MSCHAPV2 };

static struct prefix net(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, false, &p), 0);
    return p;
}

static int setup(void **state)
{
    (void)state;
    judge_begin("10.80.0.0/24", methods, 1);
    h.c.pools[0].ipv6 = net("fd00:64::/64");
    h.c.pools[0].ipv6_shared = true;
    assert_int_equal(judge_configure(h.j, &h.c), 0);
    add_user("User", PASSWORD_NT, 0);
    add_user("eve", PASSWORD_NT, 0);
    ask_mschap(0, 1, "User", "clientPass");
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    return 0;
}

/* What judge_claim() says; "" for no address gone, NULL for one that it must not have touched. */
static int claim(uint32_t worker, uint64_t session, const char *text, const char *gone)
{
    struct prefix addr = net(text), lost = net("::9");
    int r = judge_claim(h.j, worker, session, &addr, &lost);
    if (!gone)
        assert_true(prefix_eq(&lost, &(struct prefix){ .family = 6, .len = 128, .addr = { [15] = 9 } }));
    else if (!gone[0])
        assert_int_equal(lost.family, 0);
    else
        assert_memory_equal(lost.addr, net(gone).addr, 16);
    return r;
}

static void test_an_address_each(void **state)
{
    (void)state;
    struct prefix first = net("fd00:64::2"), second = net("fd00:64::3");
    assert_true(params_shares(&h.r.params) && prefix_eq(&h.r.params.link6, &first));
    assert_int_equal(h.r.params.n_prefixes, 2);
    assert_true(prefix_eq(&h.r.params.prefixes[1], &first));
    ask_mschap(1, 1, "eve", "clientPass");
    assert_true(prefix_eq(&h.r.params.link6, &second));
    assert_true(params_may_claim(&h.r.params, net("fd00:64::abcd").addr));
    assert_false(params_may_claim(&h.r.params, net("fd00:64:0:1::abcd").addr));
}

static void test_first_come(void **state)
{
    (void)state;
    ask_mschap(1, 1, "eve", "clientPass");
    assert_int_equal(claim(0, 1, "fd00:64::abcd:0:0:1", ""), 0);
    assert_int_equal(claim(0, 1, "fd00:64::abcd:0:0:1", ""), 0); /* its own already */
    assert_int_equal(claim(0, 1, "fd00:64::2", ""), 0);          /* the lease, too */
    assert_int_equal(claim(1, 1, "fd00:64::abcd:0:0:1", NULL), ERR_DUPLICATE);
    assert_int_equal(claim(1, 1, "fd00:64::2", NULL), ERR_DUPLICATE);
    judge_down(h.j, 0, 1, h.now);
    assert_int_equal(claim(0, 1, "fd00:64::abcd:0:0:2", NULL), ERR_STATE);
    assert_int_equal(claim(1, 1, "fd00:64::abcd:0:0:1", ""), 0);
}

static void test_nobodys(void **state)
{
    (void)state;
    static const char *const bad[] = { "fd00:64::",
                                       "fd00:64::1",
                                       "fd00:64::9",
                                       "fd00:64::f:ffff",
                                       "fd00:64:0:1::abc",
                                       "fe80::abcd:0:0:1",
                                       "fd00:64::fdff:ffff:ffff:ff80",
                                       "fd00:64::fdff:ffff:ffff:ffff" };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(claim(0, 1, bad[i], NULL), ERR_VALUE);
    assert_int_equal(claim(0, 2, "fd00:64::abcd:0:0:1", NULL), ERR_STATE);
    assert_int_equal(claim(1, 1, "fd00:64::abcd:0:0:1", NULL), ERR_STATE);
}

static void test_the_oldest_goes(void **state)
{
    (void)state;
    char text[40];
    for (unsigned i = 0; i < PARAMS_CLAIMS; i++) {
        snprintf(text, sizeof(text), "fd00:64::abcd:0:0:%x", i);
        assert_int_equal(claim(0, 1, text, ""), 0);
    }
    ask_mschap(1, 1, "eve", "clientPass");
    assert_int_equal(claim(0, 1, "fd00:64::abcd:0:0:fff", "fd00:64::abcd:0:0:0"), 0);
    assert_int_equal(claim(1, 1, "fd00:64::abcd:0:0:0", ""), 0);
    assert_int_equal(claim(0, 1, "fd00:64::abcd:0:0:ffe", "fd00:64::abcd:0:0:1"), 0);
    assert_int_equal(claim(0, 1, "fd00:64::2", ""), 0); /* never the lease */
}

/* A new authd is told what sessions hold, claims last. */
static void test_hold(void **state)
{
    (void)state;
    struct judge_who a = who_is(1, 5);
    struct params p = { .n_prefixes = 3, .pool = 1 };
    p.prefixes[0] = net("10.80.0.9/32");
    p.prefixes[1] = net("fd00:64::9");
    p.prefixes[2] = net("fd00:64::abcd:0:0:1");
    assert_int_equal(judge_hold(h.j, &a, "eve", &p, h.now), 0);
    assert_int_equal(claim(0, 1, "fd00:64::abcd:0:0:1", NULL), ERR_DUPLICATE);
    for (unsigned i = 2; i <= PARAMS_CLAIMS; i++) {
        char text[40];
        snprintf(text, sizeof(text), "fd00:64::abcd:0:0:%x", i);
        assert_int_equal(claim(1, 5, text, ""), 0);
    }
    assert_int_equal(claim(1, 5, "fd00:64::abcd:0:0:fff", "fd00:64::abcd:0:0:1"), 0);
    struct judge_who b = who_is(1, 6);
    p.prefixes[0] = net("10.80.0.10/32");
    p.prefixes[1] = net("fd00:64::abcd:0:0:2");
    p.n_prefixes = 2;
    assert_int_equal(judge_hold(h.j, &b, "User", &p, h.now), ERR_STATE);
}

/* Without sharing nothing can be claimed: a session has all of its /64. */
static void test_not_shared(void **state)
{
    (void)state;
    judge_down(h.j, 0, 1, h.now);
    h.c.pools[0].ipv6 = net("fd00:80::/48");
    h.c.pools[0].ipv6_shared = false;
    assert_int_equal(judge_configure(h.j, &h.c), 0);
    ask_mschap(0, 1, "User", "clientPass");
    assert_int_equal(h.r.params.link6.len, 64);
    assert_false(params_shares(&h.r.params));
    assert_int_equal(claim(0, 1, "fd00:80:0:1::abcd", NULL), ERR_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_address_each, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_first_come, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_nobodys, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_the_oldest_goes, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_hold, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_not_shared, setup, judge_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The judge and pools whose addresses a LAN's DHCP server leases: a verdict that waits for the lease, or for its refusal. */
#include "judge_help.h"

#include "lan_help.h"

static const enum auth_method methods[] = { AUTH_MSCHAPV2 };

static void answer(void *ctx, uint32_t worker, uint64_t session, const struct lan_given *given, const char *why)
{
    lan_bed_answer(ctx, worker, session, given, why);
    judge_leased(h.j, worker, session, given, why, lan_bed.now);
}

static int begin(void **state)
{
    (void)state;
    judge_begin("10.80.0.0/24", methods, 1);
    struct config *c = &h.c;
    memset(&c->pools[0].ipv4, 0, sizeof(c->pools[0].ipv4));
    snprintf(c->pools[0].dhcp, sizeof(c->pools[0].dhcp), "eth1");
    assert_int_equal(prefix_parse("fd00:80::/48", false, &c->pools[0].ipv6), 0);
    assert_int_equal(judge_configure(h.j, c), 0);
    memset(&lan_bed, 0, sizeof(lan_bed));
    lan_bed.now = h.now;
    lan_bed.wall = 1700000000;
    struct lan_ops ops = lan_bed_ops;
    ops.answer = answer;
    lan_bed.env = (struct env){ .random = lan_bed_dice };
    lan_bed.l = lan_new(&lan_bed.env, &ops);
    assert_non_null(lan_bed.l);
    lan_bed_plug("eth1");
    judge_set_lan(h.j, lan_bed.l);
    add_user("User", PASSWORD_NT, 0);
    add_user("Other", PASSWORD_NT, 0);
    return 0;
}

static int over(void **state)
{
    judge_teardown(state);
    return lan_bed_end(state);
}

static void log_in(uint64_t session, const char *user)
{
    h.now = lan_bed.now;
    ask_mschap(1, session, user, "clientPass");
}

static void test_waits(void **state)
{
    (void)state;
    log_in(1, "User");
    assert_int_equal(h.said, 0);
    lan_pass(2000);
    assert_int_equal(h.said, 1);
    expect_accept(LAN_FIRST);
    assert_int_equal(h.r.params.server_ipv4, 0x0a090002);
    assert_int_equal(h.r.params.dns[0], 0x01010101);    /* the configuration names some */
    assert_int_equal(h.r.params.prefixes[0].family, 4); /* params.h: the first */
    assert_int_equal(h.r.params.link6.family, 6);
    assert_int_equal(h.r.params.n_prefixes, 2);
    judge_up(h.j, 1, 1);
    judge_down(h.j, 1, 1, h.now);
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 1);
    log_in(2, "User");
    lan_pass(2000);
    expect_accept(LAN_FIRST);
}

static void test_servers_of_the_lease(void **state)
{
    (void)state;
    h.c.n_dns = 0;
    assert_int_equal(judge_configure(h.j, &h.c), 0);
    log_in(1, "User");
    lan_pass(2000);
    expect_accept(LAN_FIRST);
    assert_int_equal(h.r.params.dns[0], 0x0a090035);
    h.c.pools[0].net.dns_set = true; /* "none" */
    assert_int_equal(judge_configure(h.j, &h.c), 0);
    log_in(2, "Other");
    lan_pass(2000);
    expect_accept(LAN_FIRST + 1);
    assert_int_equal(h.r.params.dns[0], 0);
}

static void test_wrong_password(void **state)
{
    (void)state;
    ask_mschap(1, 1, "User", "wrong");
    assert_int_equal(h.said, 1);
    assert_int_equal(lan_bed.sent[DHCP4_DISCOVER], 0); /* who has proven nothing gets nothing started */
}

static void test_silence(void **state)
{
    (void)state;
    lan_bed.silent = true;
    log_in(1, "User");
    lan_pass(LAN_PATIENCE);
    assert_int_equal(h.said, 1);
    expect_refusal("no DHCP server answered", 649);
    assert_true(h.r.not_leased);
    lan_bed.silent = false;
    log_in(1, "User"); /* what the pool gave for it is free again, and it may try again */
    lan_pass(2000);
    expect_accept(LAN_FIRST);
    assert_false(h.r.not_leased);
}

static void test_no_link(void **state)
{
    (void)state;
    lan_link_down(lan_bed.l, "eth1");
    log_in(1, "User");
    assert_int_equal(h.said, 1); /* at once */
    expect_refusal("the interface of its pool's DHCP server is not there", 649);
    judge_set_lan(h.j, NULL);
    log_in(2, "User");
    assert_int_equal(h.said, 2);
    expect_refusal("the interface of its pool's DHCP server is not there", 649);
}

/* The session, or its worker, goes while it waits: nothing is said, nothing stays. */
static void test_goes_while_waiting(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 2; i++) {
        log_in(i, "User");
        if (i == 1)
            judge_down(h.j, 1, i, h.now);
        else
            judge_worker_gone(h.j, 1, h.now);
        lan_pass(30000);
        assert_int_equal(h.said, 0);
        assert_int_equal(lan_count(lan_bed.l), 0);
    }
}

/* A client repeats its response while it waits: one lease, and the verdict for the last question. */
static void test_repeats(void **state)
{
    (void)state;
    log_in(1, "User");
    lan_pass(100);
    log_in(1, "User");
    lan_pass(2000);
    assert_int_equal(h.said, 1);
    expect_accept(LAN_FIRST);
    assert_int_equal(lan_bed.sent[DHCP4_DISCOVER], 1);
    assert_int_equal(lan_bed.n_up, 1);
    log_in(1, "User"); /* and again when it is there: it keeps it */
    assert_int_equal(h.said, 2);
    expect_accept(LAN_FIRST);
    assert_int_equal(lan_bed.n_down, 0);
}

/* An address that another session has from somewhere else is not given twice, whatever the server says. */
static void test_taken(void **state)
{
    (void)state;
    struct params p = { .n_prefixes = 1, .prefixes = { prefix_v4(LAN_FIRST, 32) } };
    struct judge_who w = who_is(0, 9);
    assert_int_equal(judge_hold(h.j, &w, "Other", &p, h.now), 0); /* of a pool that is no more */
    log_in(1, "User");
    lan_pass(2000);
    expect_refusal("its DHCP server gave an address that another session has", 649);
    assert_int_equal(lan_count(lan_bed.l), 0);
}

static void test_held(void **state)
{
    (void)state;
    struct params p = { .n_prefixes = 1, .prefixes = { prefix_v4(LAN_FIRST, 32) }, .pool = 1 };
    struct judge_who a = who_is(0, 9), b = who_is(0, 10);
    assert_int_equal(judge_hold(h.j, &a, "User", &p, h.now), 0);
    assert_int_equal(lan_count(lan_bed.l), 1);
    assert_int_equal(judge_hold(h.j, &b, "Other", &p, h.now), ERR_STATE);
    lan_pass(2000);
    assert_int_equal(lan_bed.n_lost, 0); /* the server said that it may stay */
    judge_down(h.j, 0, 9, h.now);
    assert_int_equal(lan_count(lan_bed.l), 0);
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 1);
}

/* The pool leases no more: sessions keep what they have, new ones get what there is now. */
static void test_reload(void **state)
{
    (void)state;
    log_in(1, "User");
    lan_pass(2000);
    expect_accept(LAN_FIRST);
    h.c.pools[0].dhcp[0] = '\0';
    assert_int_equal(prefix_parse("10.80.0.0/24", false, &h.c.pools[0].ipv4), 0);
    assert_int_equal(judge_configure(h.j, &h.c), 0);
    assert_int_equal(lan_count(lan_bed.l), 1);
    log_in(2, "User");
    expect_accept(0x0a500002);
    judge_down(h.j, 1, 1, h.now);
    assert_int_equal(lan_count(lan_bed.l), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, over)
        T(test_waits),          T(test_servers_of_the_lease),
        T(test_wrong_password), T(test_silence),
        T(test_no_link),        T(test_goes_while_waiting),
        T(test_repeats),        T(test_taken),
        T(test_held),           T(test_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

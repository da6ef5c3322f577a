/* The judge and networks: groups and their pools, IPv6, networks behind clients, one session for what is one user's. */
#include "judge_help.h"

static const enum auth_method methods[] = { AUTH_MSCHAPV2 };

static struct prefix net(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, false, &p), 0);
    return p;
}

static bool owns(const char *text)
{
    struct prefix want = net(text);
    for (unsigned i = 0; i < h.r.params.n_prefixes; i++)
        if (prefix_eq(&h.r.params.prefixes[i], &want))
            return true;
    return false;
}

static void add_net_user(const char *name, const char *group, const char *ipv6, const char *routed)
{
    struct user u;
    help_user(&u, name, "clientPass", PASSWORD_NT);
    snprintf(u.group, sizeof(u.group), "%s", group);
    if (ipv6)
        u.ipv6 = net(ipv6);
    if (routed)
        u.routed[u.n_routed++] = net(routed);
    assert_int_equal(users_add(h.db, &u), 0);
}

static int setup(void **state)
{
    (void)state;
    judge_begin("10.80.0.0/24", methods, 1);
    struct config *c = &h.c;
    c->pools[0].ipv6 = net("fd00:80::/48");
    c->pools[0].delegate_from = net("fd00:8100::/40");
    c->pools[0].delegate = 56;
    snprintf(c->pools[1].name, sizeof(c->pools[1].name), "staff");
    c->pools[1].ipv4 = net("10.90.0.0/24");
    c->n_pools = 2;
    snprintf(c->groups[0].name, sizeof(c->groups[0].name), "staff");
    c->groups[0].pool = 2;
    c->groups[0].net.dns_set = true;
    c->groups[0].net.n_dns = 2;
    c->groups[0].net.dns[0] = net("10.90.9.53/32");
    c->groups[0].net.dns[1] = net("fd00:90::53/128");
    c->n_groups = 1;
    snprintf(c->user_blocks[0].name, sizeof(c->user_blocks[0].name), "Site");
    c->nets[0] = net("192.168.7.0/24");
    c->nets[1] = net("fd00:7::/56");
    c->n_nets = 2;
    c->user_blocks[0].routed = (struct config_list){ 0, 2, true };
    c->n_user_blocks = 1;
    assert_int_equal(judge_configure(h.j, c), 0);
    add_net_user("User", "", NULL, NULL);
    return 0;
}

static void test_dual_stack(void **state)
{
    (void)state;
    ask_mschap(0, 1, "User", "clientPass");
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    assert_true(owns("10.80.0.2/32") && owns("fd00:80:0:1::/64") && owns("fd00:8100::/56"));
    assert_int_equal(h.r.params.n_prefixes, 3);
    assert_int_equal(h.r.params.server_ipv4, 0x0a500001);
    assert_int_equal(h.r.params.pool, 1);
    assert_int_equal(h.r.params.group, 0);
    assert_int_equal(h.r.params.user, 0); /* no block of the configuration is this user's */
    struct prefix link = net("fd00:80:0:1::/64"), pd = net("fd00:8100::/56");
    assert_true(prefix_eq(&h.r.params.link6, &link) && prefix_eq(&h.r.params.delegated6, &pd));
}

static void test_group(void **state)
{
    (void)state;
    add_net_user("eve", "staff", NULL, NULL);
    add_net_user("mallory", "gone", NULL, NULL); /* a group that is no more: none */
    ask_mschap(0, 1, "eve", "clientPass");
    expect_accept(0x0a5a0002);
    assert_int_equal(h.r.params.group, 1);
    assert_int_equal(h.r.params.pool, 2);
    assert_int_equal(h.r.params.n_prefixes, 1);
    assert_int_equal(h.r.params.dns[0], 0x0a5a0935);
    assert_int_equal(h.r.params.dns[1], 0);
    assert_int_equal(h.r.params.n_dns6, 1);
    ask_mschap(0, 2, "mallory", "clientPass");
    expect_accept(0x0a500002);
    assert_int_equal(h.r.params.group, 0);
    /* The group's pool serves no others, also when theirs is used up. */
    for (uint64_t i = 10; i < 262; i++) {
        ask_mschap(0, i, "User", "clientPass");
        judge_up(h.j, 0, i);
        if (h.r.verdict.kind != VERDICT_ACCEPT)
            break;
        assert_int_equal(h.r.params.pool, 1);
    }
}

static void test_fixed_ipv6(void **state)
{
    (void)state;
    add_net_user("six", "", "fd00:80:0:77::/64", NULL);
    add_net_user("bad", "", "fd00:99::/64", NULL);
    add_net_user("server", "", "fd00:80::/64", NULL);
    ask_mschap(0, 1, "six", "clientPass");
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    assert_true(owns("fd00:80:0:77::/64"));
    ask_mschap(0, 2, "bad", "clientPass");
    expect_refusal("the fixed address cannot be given", 649);
    ask_mschap(0, 3, "server", "clientPass");
    expect_refusal("the fixed address cannot be given", 649);
    ask_mschap(1, 1, "six", "clientPass"); /* one session at a time */
    assert_int_equal(h.ended, 1);
    assert_int_equal(h.end_session, 1);
    judge_down(h.j, 0, 1, h.now);
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    assert_int_equal(h.who.worker, 1);
    assert_true(owns("fd00:80:0:77::/64"));
}

static void test_routed(void **state)
{
    (void)state;
    add_net_user("site", "", NULL, "10.66.0.0/16"); /* the block hides it */
    ask_mschap(0, 1, "site", "clientPass");
    assert_int_equal(h.r.params.user, 1);
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    assert_true(owns("192.168.7.0/24") && owns("fd00:7::/56") && !owns("10.66.0.0/16"));
    assert_int_equal(h.r.params.n_prefixes, 5);
    assert_int_equal(h.r.params.n_routed, 2);
    ask_mschap(0, 2, "site", "clientPass");
    assert_int_equal(h.ended, 1);
    judge_down(h.j, 0, 1, h.now);
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    /* Another user's that overlaps: refused, whichever is larger. */
    add_net_user("small", "", NULL, "192.168.7.128/25");
    add_net_user("large", "", NULL, "192.168.0.0/16");
    add_net_user("pool", "", NULL, "10.80.0.0/25");
    add_net_user("beside", "", NULL, "192.168.8.0/24");
    ask_mschap(0, 3, "small", "clientPass");
    expect_refusal("a network behind the client is another's already", 649);
    ask_mschap(0, 4, "large", "clientPass");
    expect_refusal("a network behind the client is another's already", 649);
    ask_mschap(0, 5, "beside", "clientPass");
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
    ask_mschap(0, 6, "pool", "clientPass"); /* of addresses that sessions have */
    expect_refusal("a network behind the client is another's already", 649);
    assert_int_equal(h.ended, 1);
    judge_down(h.j, 0, 2, h.now);
    ask_mschap(0, 3, "small", "clientPass");
    assert_int_equal(h.r.verdict.kind, VERDICT_ACCEPT);
}

static void test_entitlement_changes(void **state)
{
    (void)state;
    struct user u;
    ask_mschap(0, 1, "User", "clientPass");
    assert_true(owns("10.80.0.2/32"));
    assert_int_equal(users_find(h.db, slice_str("User"), &u), 1);
    u.ipv4 = 0x0a500009;
    u.routed[u.n_routed++] = net("10.99.0.0/24");
    snprintf(u.group, sizeof(u.group), "staff");
    assert_int_equal(users_set_net(h.db, &u), 0);
    ask_mschap(0, 1, "User", "clientPass"); /* the same session again */
    assert_int_equal(h.ended, 0);
    expect_accept(0x0a500009);
    assert_true(owns("10.99.0.0/24") && !owns("10.80.0.2/32"));
    assert_int_equal(h.r.params.group, 1);
    assert_int_equal(h.r.params.n_routed, 1);
    user_wipe(&u);
}

static void test_hold(void **state)
{
    (void)state;
    struct judge_who a = who_is(1, 5), b = who_is(2, 5);
    struct params p = { .n_prefixes = 4, .n_routed = 1, .pool = 1 };
    p.prefixes[0] = net("10.80.0.2/32");
    p.prefixes[1] = net("fd00:80:0:1::/64");
    p.prefixes[2] = net("fd00:8100::/56");
    p.prefixes[3] = net("192.168.7.0/24");
    assert_int_equal(judge_hold(h.j, &a, "Site", &p, h.now), 0);
    for (unsigned i = 0; i < 4; i++) {
        struct params one = { .n_prefixes = 2, .pool = 1 };
        one.prefixes[0] = net("10.80.0.9/32");
        one.prefixes[1] = p.prefixes[i];
        assert_int_equal(judge_hold(h.j, &b, "User", &one, h.now), ERR_STATE);
    }
    ask_mschap(0, 1, "User", "clientPass");
    assert_true(owns("10.80.0.3/32") && owns("fd00:80:0:2::/64") && owns("fd00:8100:0:100::/56"));
    judge_down(h.j, 1, 5, h.now);
    assert_int_equal(judge_hold(h.j, &b, "Site", &p, h.now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dual_stack, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_group, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_fixed_ipv6, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_routed, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_entitlement_changes, setup, judge_teardown),
        cmocka_unit_test_setup_teardown(test_hold, setup, judge_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

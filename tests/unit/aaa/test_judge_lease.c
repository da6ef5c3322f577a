/* The judge and addresses: who has which, who waits for whom, and that nobody ever shares one. */
#include "judge_help.h"

static const enum auth_method methods[] = { AUTH_MSCHAPV2 };
static const uint32_t base = 0x0a500000;

static int setup(void **state)
{
    (void)state;
    judge_begin("10.80.0.0/29", methods, 1);
    add_user("User", PASSWORD_NT, 0);
    return 0;
}

static void test_sticky_and_freed(void **state)
{
    (void)state;
    add_user("bob", PASSWORD_NT, 0);
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 2);
    judge_up(h.j, 0, 1);
    ask_mschap(0, 2, "bob", "clientPass");
    expect_accept(base + 3);
    judge_down(h.j, 0, 1, h.now);
    judge_down(h.j, 0, 1, h.now); /* twice is once */
    judge_down(h.j, 7, 2, h.now); /* another worker's session */
    ask_mschap(1, 1, "user", "clientPass");
    expect_accept(base + 2);
    ask_mschap(1, 2, "user", "clientPass"); /* several sessions a user */
    expect_accept(base + 4);
}

static void test_exhausted(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 5; i++) {
        ask_mschap(0, i, "User", "clientPass");
        expect_accept(params_ipv4(&h.r.params));
    }
    ask_mschap(0, 5, "User", "clientPass");
    expect_refusal("no address is free", 649);
    assert_true(h.r.no_address);
    ask_mschap(0, 6, "User", "wrong"); /* a wrong password is told first */
    expect_refusal("wrong password", 691);
    judge_down(h.j, 0, 3, h.now);
    ask_mschap(0, 7, "User", "clientPass");
    expect_accept(params_ipv4(&h.r.params));
}

/* The same session proves itself again: it keeps one address, not two. */
static void test_second_authentication(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        ask_mschap(0, 1, "User", "clientPass");
        expect_accept(base + 2);
    }
    judge_down(h.j, 0, 1, h.now);
    ask_mschap(0, 2, "User", "clientPass");
    expect_accept(base + 2);
}

static void test_fixed(void **state)
{
    (void)state;
    add_user("fix", PASSWORD_NT, base + 2); /* after the judge has started: it must notice */
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 3);
    ask_mschap(0, 2, "fix", "clientPass");
    expect_accept(base + 2);
    judge_down(h.j, 0, 2, h.now);
    ask_mschap(0, 3, "User", "clientPass");
    expect_accept(base + 4); /* .2 is kept for its owner */
    assert_int_equal(users_delete(h.db, slice_str("fix")), 0);
    ask_mschap(0, 4, "User", "clientPass");
    ask_mschap(0, 5, "User", "clientPass");
    ask_mschap(0, 6, "User", "clientPass");
    expect_accept(base + 2); /* nobody's any more */
}

static void test_fixed_unusable(void **state)
{
    (void)state;
    add_user("outside", PASSWORD_NT, 0x0a510005);
    add_user("server", PASSWORD_NT, base + 1);
    ask_mschap(0, 1, "outside", "clientPass");
    expect_refusal("the fixed address cannot be given", 649);
    assert_true(h.r.no_address);
    ask_mschap(0, 2, "server", "clientPass");
    expect_refusal("the fixed address cannot be given", 649);
}

static void test_replaced(void **state)
{
    (void)state;
    add_user("fix", PASSWORD_NT, base + 5);
    ask_mschap(0, 1, "fix", "clientPass");
    expect_accept(base + 5);
    judge_up(h.j, 0, 1);
    ask_mschap(1, 1, "fix", "wrong"); /* who is not proven ends nobody */
    expect_refusal("wrong password", 691);
    assert_int_equal(h.ended, 0);
    unsigned said = h.said;
    ask_mschap(1, 1, "fix", "clientPass");
    assert_int_equal(h.ended, 1);
    assert_int_equal(h.end_worker, 0);
    assert_int_equal(h.end_session, 1);
    assert_int_equal(h.said, said);
    assert_int_equal(judge_due(h.j), h.now + 2000);
    judge_down(h.j, 0, 1, h.now + 100);
    assert_int_equal(h.said, said + 1);
    expect_accept(base + 5);
    assert_int_equal(h.who.worker, 1);
    /* The late end of the old one must not free the new one's address. */
    judge_down(h.j, 0, 1, h.now + 200);
    ask_mschap(0, 2, "fix", "clientPass");
    assert_int_equal(h.ended, 2);
}

/* The older session's worker does not answer: after 2 s the address is taken over. */
static void test_replaced_by_time(void **state)
{
    (void)state;
    add_user("fix", PASSWORD_NT, base + 5);
    ask_mschap(0, 1, "fix", "clientPass");
    ask_mschap(1, 1, "fix", "clientPass");
    judge_tick(h.j, h.now + 1999);
    assert_int_equal(h.said, 1);
    judge_tick(h.j, h.now + 2000);
    assert_int_equal(h.said, 2);
    expect_accept(base + 5);
    judge_down(h.j, 0, 1, h.now + 3000); /* too late: it holds nothing any more */
    add_user("bob", PASSWORD_NT, 0);
    for (uint64_t i = 10; i < 14; i++)
        ask_mschap(0, i, "bob", "clientPass");
    expect_accept(base + 6);
    ask_mschap(0, 14, "bob", "clientPass");
    expect_refusal("no address is free", 649);
}

static void test_replaced_by_two(void **state)
{
    (void)state;
    add_user("fix", PASSWORD_NT, base + 5);
    ask_mschap(0, 1, "fix", "clientPass");
    ask_mschap(0, 2, "fix", "clientPass");
    uint32_t second = h.next_ask;
    ask_mschap(0, 3, "fix", "clientPass");
    assert_int_equal(h.ask, second); /* only the newest waits on */
    assert_int_equal(h.r.verdict.kind, VERDICT_REFUSE);
    assert_string_equal(h.r.reason, "replaced by a newer login");
    judge_down(h.j, 0, 1, h.now);
    expect_accept(base + 5);
    assert_int_equal(h.who.session, 3);
}

/* Somebody else holds the address that has become a fixed one since. */
static void test_fixed_held_by_another(void **state)
{
    (void)state;
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 2);
    add_user("fix", PASSWORD_NT, base + 2);
    ask_mschap(0, 2, "fix", "clientPass");
    assert_int_equal(h.ended, 1);
    assert_int_equal(h.end_session, 1);
    judge_down(h.j, 0, 1, h.now);
    expect_accept(base + 2);
}

static void test_worker_gone(void **state)
{
    (void)state;
    add_user("fix", PASSWORD_NT, base + 6);
    for (uint64_t i = 0; i < 4; i++)
        ask_mschap(5, i, "User", "clientPass");
    ask_mschap(5, 9, "fix", "clientPass");
    expect_accept(base + 6);
    ask_mschap(1, 1, "User", "clientPass");
    expect_refusal("no address is free", 649);
    ask_mschap(1, 2, "fix", "clientPass");
    judge_worker_gone(h.j, 5, h.now);
    expect_accept(base + 6); /* it waited for one of them */
    for (uint64_t i = 0; i < 4; i++)
        ask_mschap(1, 10 + i, "User", "clientPass");
    expect_accept(params_ipv4(&h.r.params));
    judge_worker_gone(h.j, 99, h.now);
}

/* 20,000 random logins and ends: no address is held twice, the fixed one only by its owner. */
static void test_random(void **state)
{
    (void)state;
    uint64_t holder[8] = { 0 }; /* session + 1 of each address */
    add_user("fix", PASSWORD_NT, base + 4);
    for (unsigned step = 0; step < 20000; step++) {
        uint64_t session = help_random32() % 12;
        h.now += help_random32() % 50;
        judge_tick(h.j, h.now);
        if (help_random32() % 3 == 0) {
            judge_down(h.j, 0, session, h.now);
            for (unsigned i = 0; i < 8; i++)
                holder[i] = holder[i] == session + 1 ? 0 : holder[i];
            continue;
        }
        bool fix = help_random32() % 4 == 0;
        unsigned said = h.said, ended = h.ended;
        ask_mschap(0, session, fix ? "fix" : "User", help_random32() % 4 ? "clientPass" : "wrong");
        if (h.ended > ended) { /* the worker obeys */
            for (unsigned i = 0; i < 8; i++)
                holder[i] = holder[i] == h.end_session + 1 ? 0 : holder[i];
            judge_down(h.j, 0, h.end_session, h.now);
        }
        assert_true(h.said > said);
        if (h.r.verdict.kind != VERDICT_ACCEPT)
            continue;
        uint32_t at = params_ipv4(&h.r.params) - base;
        assert_in_range(at, 2, 6);
        assert_true(holder[at] == 0 || holder[at] == session + 1);
        assert_int_equal(fix, at == 4);
        for (unsigned i = 0; i < 8; i++)
            holder[i] = holder[i] == session + 1 ? 0 : holder[i];
        holder[at] = session + 1;
    }
}

/* What an earlier judge accepted keeps its address, and nobody else gets it; each refusal leaves nothing behind. */
static void test_held_sessions(void **state)
{
    (void)state;
    struct judge_who a = who_is(1, 5), b = who_is(2, 5);
    struct params p = { .n_prefixes = 1 };
    const struct judge_who *who;
    p.prefixes[0] = prefix_v4(base + 2, 32);
    assert_int_equal(judge_hold(h.j, &a, "User", &p, h.now), 0);
    assert_string_equal(judge_session(h.j, 1, 5, &who), "User");
    assert_int_equal(judge_hold(h.j, &a, "User", &p, h.now), ERR_STATE); /* known already */
    assert_int_equal(judge_hold(h.j, &b, "User", &p, h.now), ERR_STATE); /* the address is another's */
    assert_null(judge_session(h.j, 2, 5, &who));
    p.prefixes[0] = prefix_v4(0xc0a80001, 32); /* of a pool that is no more */
    assert_int_equal(judge_hold(h.j, &b, "User", &p, h.now), 0);
    judge_tick(h.j, h.now + 1000000);
    assert_non_null(judge_session(h.j, 1, 5, &who)); /* no conversation that could expire */
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 3);
    judge_down(h.j, 1, 5, h.now);
    assert_null(judge_session(h.j, 1, 5, &who));
    p.prefixes[0] = prefix_v4(base + 2, 32);
    assert_int_equal(judge_hold(h.j, &a, "User", &p, h.now), 0); /* free again */
}

/* Other pools: who is there keeps its address, whoever comes gets one of the new pools; and back again. */
static void test_other_pools(void **state)
{
    (void)state;
    struct config c = h.c, before = h.c;
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 2);
    c.pools[0].ipv4 = prefix_v4(0x0a510000, 29);
    c.number = 78;
    assert_int_equal(judge_configure(h.j, &c), 0);
    ask_mschap(0, 2, "User", "clientPass");
    expect_accept(0x0a510002);
    assert_int_equal(h.r.params.snapshot, 78);
    assert_int_equal(h.r.params.server_ipv4, 0x0a510001);
    assert_int_equal(judge_configure(h.j, &before), 0);
    ask_mschap(0, 3, "User", "clientPass"); /* not the first one's */
    expect_accept(base + 3);
    judge_down(h.j, 0, 1, h.now);
    judge_down(h.j, 0, 2, h.now); /* of a pool that is no more */
    assert_int_equal(judge_configure(h.j, &before), 0);
    ask_mschap(0, 4, "User", "clientPass"); /* the same pools keep what they know */
    expect_accept(base + 4);
}

/* The database is opened again; one that cannot be leaves the old one in use. */
static void test_database_replaced(void **state)
{
    (void)state;
    char aside[512];
    snprintf(aside, sizeof(aside), "%s.aside", help_db);
    assert_int_equal(rename(help_db, aside), 0);
    assert_int_equal(judge_configure(h.j, &h.c), 0);
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 2);
    struct user u;
    char err[USERS_ERR];
    struct users *other = users_open(help_db, true, err);
    help_user(&u, "bob", "clientPass", PASSWORD_NT);
    assert_int_equal(users_add(other, &u), 0);
    users_close(other);
    ask_mschap(0, 2, "bob", "clientPass");
    expect_refusal("unknown user", 691);
    assert_int_equal(judge_configure(h.j, &h.c), 0);
    ask_mschap(0, 3, "bob", "clientPass");
    expect_accept(base + 3);
    assert_int_equal(remove(aside), 0);
}

static struct {
    unsigned n;
    uint32_t worker;
    uint64_t session;
    char reason[64];
} gone;

static void on_gone(void *ctx, uint32_t worker, uint64_t session, const char *reason)
{
    assert_ptr_equal(ctx, &h);
    gone.n++;
    gone.worker = worker;
    gone.session = session;
    snprintf(gone.reason, sizeof(gone.reason), "%s", reason);
}

static void test_users_who_go(void **state)
{
    (void)state;
    memset(&gone, 0, sizeof(gone));
    add_user("bob", PASSWORD_NT, 0);
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 2);
    ask_mschap(2, 7, "BOB", "clientPass");
    expect_accept(base + 3);
    ask_mschap(2, 8, "nobody", "x"); /* still talking: not a session to end */
    judge_watch(h.j, on_gone);
    assert_int_equal(gone.n, 0);
    assert_int_equal(users_set_locked(h.db, slice_str("bob"), true), 0);
    judge_watch(h.j, on_gone);
    assert_int_equal(gone.n, 1);
    assert_int_equal(gone.worker, 2);
    assert_int_equal(gone.session, 7);
    assert_string_equal(gone.reason, "the user was locked");
    judge_watch(h.j, on_gone); /* once a change */
    assert_int_equal(gone.n, 1);
    judge_down(h.j, 2, 7, h.now);
    assert_int_equal(users_delete(h.db, slice_str("user")), 0);
    judge_watch(h.j, on_gone);
    assert_int_equal(gone.n, 2);
    assert_int_equal(gone.session, 1);
    assert_string_equal(gone.reason, "the user was deleted");
    judge_down(h.j, 0, 1, h.now);
    add_user("carol", PASSWORD_NT, 0);
    judge_watch(h.j, on_gone);
    assert_int_equal(gone.n, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, judge_teardown)
    const struct CMUnitTest tests[] = {
        T(test_sticky_and_freed),
        T(test_exhausted),
        T(test_second_authentication),
        T(test_fixed),
        T(test_fixed_unusable),
        T(test_replaced),
        T(test_replaced_by_time),
        T(test_replaced_by_two),
        T(test_fixed_held_by_another),
        T(test_worker_gone),
        T(test_random),
        T(test_held_sessions),
        T(test_other_pools),
        T(test_database_replaced),
        T(test_users_who_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

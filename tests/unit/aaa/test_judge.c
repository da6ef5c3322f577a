/* The judge over MS-CHAPv2, PAP and CHAP: who is let in, and what the others learn. */
#include "judge_help.h"

#include "loop/loop.h"

#include <sqlite3.h>

static const enum auth_method all_methods[] = { AUTH_MSCHAPV2, AUTH_PAP, AUTH_CHAP_MD5 };
static const uint32_t base = 0x0a500000;

static int setup(void **state)
{
    (void)state;
    judge_begin("10.80.0.0/29", all_methods, 3);
    add_user("User", PASSWORD_NT, 0);
    return 0;
}

static void ask_pap(uint64_t session, const char *name, const char *password)
{
    struct judge_who w = who_is(0, session);
    struct auth_question q = { .method = AUTH_PAP, .name = slice_str(name), .password = slice_str(password) };
    judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
}

static void ask_chap(uint64_t session, const char *name, const char *password)
{
    uint8_t id = 5, response[16];
    const struct slice parts[] = { slice_of(&id, 1), slice_str(password), slice_str("challenge-16-byt") };
    struct judge_who w = who_is(0, session);
    prim_host.md5(parts, 3, response);
    struct auth_question q = { .method = AUTH_CHAP_MD5,
                               .id = id,
                               .name = slice_str(name),
                               .challenge = parts[2],
                               .response = slice_of(response, 16) };
    judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
}

/* Gives every slow record the least cost, behind the judge's back. */
static void sqlite_cheap(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(help_db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE users SET slow_n = 2, slow_r = 1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_accept(void **state)
{
    (void)state;
    static const uint8_t zeros[HLAK_LEN];
    ask_mschap(3, 9, "DOMAIN\\uSER", "clientPass");
    expect_accept(base + 2);
    assert_int_equal(h.who.worker, 3);
    assert_int_equal(h.who.session, 9);
    assert_string_equal(h.r.user, "User");
    assert_true(h.r.verdict.keyed);
    assert_memory_not_equal(h.r.verdict.hlak, zeros, HLAK_LEN);
    assert_int_equal(strlen(h.text), 42);
    assert_memory_equal(h.text, "S=", 2);
    assert_int_equal(h.r.params.server_ipv4, base + 1);
    assert_int_equal(h.r.params.dns[0], 0x01010101);
    assert_int_equal(h.r.params.dns[1], 0);
    assert_int_equal(h.r.params.nbns[0], 0x02020202);
    assert_int_equal(h.r.params.mtu, 1300);
    assert_int_equal(h.r.params.snapshot, 77);
    assert_int_equal(h.r.params.n_prefixes, 1);
}

/* RFC 2759 9.2: a real exchange, byte for byte. */
static void test_rfc_vector(void **state)
{
    (void)state;
    static const uint8_t challenge[16] = { 0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
                                           0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28 };
    uint8_t response[49] = { 0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a,
                             0x28, 0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e };
    static const uint8_t nt[24] = { 0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e, 0xa0, 0x8f, 0xaa, 0x39,
                                    0x81, 0xcd, 0x83, 0x54, 0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf };
    struct judge_who w = who_is(0, 1);
    memcpy(response + 24, nt, 24);
    struct auth_question q = { .method = AUTH_MSCHAPV2,
                               .name = slice_str("User"),
                               .challenge = slice_of(challenge, 16),
                               .response = slice_of(response, 49) };
    judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
    expect_accept(base + 2);
    assert_string_equal(h.text, "S=407A5589115FD0D6209F510FE9C04566932CDA56");
}

/* Unknown or wrong: the same on the wire, and three attempts in all. */
static void test_wrong(void **state)
{
    (void)state;
    for (unsigned unknown = 0; unknown < 2; unknown++) {
        uint8_t last[16] = { 0 };
        for (unsigned i = 1; i <= 3; i++) {
            ask_mschap(0, unknown, unknown ? "nobody\n" : "User", "wrong");
            expect_refusal(unknown ? "unknown user" : "wrong password", 691);
            assert_int_equal(h.r.verdict.retry, i < 3);
            assert_memory_equal(h.text, i < 3 ? "E=691 R=1 C=" : "E=691 R=0 C=", 12);
            assert_non_null(strstr(h.text, " V=3 M="));
            assert_memory_not_equal(h.r.verdict.challenge, last, 16);
            for (unsigned k = 0; k < 16; k++) {
                char two[3];
                snprintf(two, sizeof(two), "%02X", h.r.verdict.challenge[k]);
                assert_memory_equal(h.text + 12 + 2 * k, two, 2);
            }
            memcpy(last, h.r.verdict.challenge, 16);
        }
    }
    assert_string_equal(h.r.user, "nobody\n");
    assert_false(h.r.no_address);
}

static void test_right_at_the_second_attempt(void **state)
{
    (void)state;
    ask_mschap(0, 1, "User", "wrong");
    expect_refusal("wrong password", 691);
    ask_mschap(0, 1, "User", "clientPass");
    expect_accept(base + 2);
}

static void test_locked(void **state)
{
    (void)state;
    assert_int_equal(users_set_locked(h.db, slice_str("User"), true), 0);
    ask_mschap(0, 1, "User", "wrong");
    expect_refusal("wrong password", 691);
    ask_mschap(0, 1, "User", "clientPass");
    expect_refusal("locked", 647);
    assert_memory_equal(h.text, "E=647 R=0 C=", 12);
    ask_pap(2, "User", "clientPass");
    expect_refusal("locked", 647);
    ask_pap(2, "User", "wrong");
    expect_refusal("wrong password", 691);
    assert_int_equal(users_set_locked(h.db, slice_str("User"), false), 0);
    ask_mschap(0, 3, "User", "clientPass");
    expect_accept(base + 2);
}

static void test_malformed(void **state)
{
    (void)state;
    static const uint8_t bytes[64];
    static const size_t lengths[] = { 0, 1, 16, 48, 50, 64 };
    struct judge_who w = who_is(0, 1);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct auth_question q = { .method = AUTH_MSCHAPV2,
                                   .name = slice_str("User"),
                                   .challenge = slice_of(bytes, 16),
                                   .response = slice_of(bytes, lengths[i]) };
        w.session = i;
        judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
        expect_refusal("wrong password", 691);
        judge_down(h.j, 0, i, h.now);
    }
    struct auth_question q = {
        .method = AUTH_CHAP_MD5, .name = { 0 }, .challenge = slice_of(bytes, 16), .response = slice_of(bytes, 15)
    };
    judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
    expect_refusal("unknown user", 691);
    static char long_name[AUTH_NAME_MAX * 2];
    memset(long_name, 'x', sizeof(long_name) - 1);
    ask_mschap(0, 8, long_name, "clientPass");
    expect_refusal("unknown user", 691);
    assert_true(strlen(h.r.user) < AUTH_NAME_MAX);
}

static void test_method_not_configured(void **state)
{
    (void)state;
    static const enum auth_method others[] = { AUTH_EAP_MSCHAPV2, AUTH_NONE, AUTH_METHODS };
    for (size_t i = 0; i < 3; i++) {
        struct judge_who w = who_is(0, i);
        struct auth_question q = { .method = others[i], .name = slice_str("User") };
        judge_ask(h.j, &w, ++h.next_ask, &q, h.now);
        expect_refusal("the method is not configured", 691);
    }
}

static void test_chap(void **state)
{
    (void)state;
    static const uint8_t zeros[HLAK_LEN];
    add_user("chap", PASSWORD_REVERSIBLE, 0);
    ask_chap(1, "DOM\\chap", "clientPass");
    expect_accept(base + 2);
    assert_false(h.r.verdict.keyed);
    assert_memory_equal(h.r.verdict.hlak, zeros, HLAK_LEN);
    ask_chap(2, "chap", "clientpass");
    expect_refusal("wrong password", 691);
    assert_false(h.r.verdict.retry);
    ask_chap(3, "User", "clientPass"); /* has no clear password */
    expect_refusal("no record for this method", 691);
    ask_chap(4, "nobody", "");
    expect_refusal("unknown user", 691);
}

static void test_pap_fast(void **state)
{
    (void)state;
    ask_pap(1, "User", "clientPass"); /* no record has a slow hash: the verdict comes at once */
    expect_accept(base + 2);
    assert_false(h.r.verdict.keyed);
    static const char *const wrong[] = { "", "clientpass", "clientPas", "clientPass ", "\xff\xff" };
    for (size_t i = 0; i < 5; i++) {
        ask_pap(2, "User", wrong[i]);
        expect_refusal("wrong password", 691);
    }
    ask_pap(3, "nobody", "");
    expect_refusal("unknown user", 691);
}

/* Once one record has a slow hash, every verdict comes by way of the threads: right, wrong, unknown and NT. */
static void test_pap_slow(void **state)
{
    (void)state;
    static const struct {
        const char *name, *password, *reason;
    } cases[] = {
        { "slow", "clientPass", NULL },    { "slow", "clientpass", "wrong password" }, { "User", "clientPass", NULL },
        { "User", "x", "wrong password" }, { "nobody", "clientPass", "unknown user" }, { "slow", "", "wrong password" },
    };
    add_user("slow", PASSWORD_PAP_ONLY, 0);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned said = h.said;
        ask_pap(i, cases[i].name, cases[i].password);
        assert_int_equal(h.said, said);
        wait_verdict(said + 1);
        if (cases[i].reason)
            expect_refusal(cases[i].reason, 691);
        else
            expect_accept(params_ipv4(&h.r.params));
        judge_down(h.j, 0, i, h.now);
    }
    ask_mschap(0, 99, "slow", "clientPass");
    expect_refusal("no record for this method", 691);
    static char password[AUTH_PASSWORD_BYTES + 2];
    memset(password, 'p', sizeof(password) - 1);
    ask_pap(100, "slow", password);
    expect_refusal("password too long", 691);
}

/* A session that ends, or asks anew, while its slow hash is computed: the old result goes nowhere. */
static void test_pap_overtaken(void **state)
{
    (void)state;
    add_user("slow", PASSWORD_PAP_ONLY, 0);
    ask_pap(1, "slow", "clientPass");
    judge_down(h.j, 0, 1, h.now);
    ask_pap(2, "slow", "clientPass");
    ask_pap(2, "slow", "wrong");
    wait_verdict(1);
    expect_refusal("wrong password", 691);
    /* The three jobs may end in any order; after as many the judge is silent. */
    ask_pap(3, "nobody", "x");
    wait_verdict(2);
    expect_refusal("unknown user", 691);
    judge_tick(h.j, h.now);
    assert_int_equal(h.said, 2);
}

static struct timer *poller;

static void look(void *ctx)
{
    if (h.said)
        loop_stop(ctx, 5);
    else
        timer_set(poller, loop_now(ctx) + 5);
}

/* With a loop the judge watches its threads itself: nobody calls judge_tick(). */
static void test_pap_in_a_loop(void **state)
{
    (void)state;
    char err[256];
    struct loop *l = loop_new();
    assert_non_null(l);
    judge_free(h.j);
    h.j = judge_new(&h.c, &help_env, l, on_verdict, on_end, &h, err);
    assert_non_null(h.j);
    add_user("slow", PASSWORD_PAP_ONLY, 0);
    ask_pap(1, "slow", "clientPass");
    assert_int_equal(h.said, 0);
    poller = timer_new(l, look, l);
    assert_non_null(poller);
    timer_set(poller, loop_now(l) + 5);
    assert_int_equal(loop_run(l), 5);
    expect_accept(base + 2);
    timer_free(poller);
    judge_free(h.j);
    h.j = NULL;
    loop_free(l);
}

/* 64 at most wait for the threads; results that nobody has taken count, so that one more is refused for certain. */
static void test_pap_busy(void **state)
{
    (void)state;
    add_user("slow", PASSWORD_PAP_ONLY, 0);
    sqlite_cheap(); /* else 64 of them take seconds */
    for (unsigned i = 0; i < 64; i++)
        ask_pap(i % 32, "slow", "x");
    assert_int_equal(h.said, 0);
    ask_pap(40, "slow", "clientPass");
    expect_refusal("busy", 691);
    wait_verdict(1 + 32); /* the overtaken questions are not answered */
    judge_tick(h.j, h.now);
    ask_pap(41, "slow", "clientPass");
    wait_verdict(1 + 32 + 1);
    assert_string_equal(h.r.reason, "wrong password"); /* the cheap hash is not that of the password */
}

/* A conversation without an end is forgotten after 120 s; with an accepted verdict it is not. */
static void test_expiry(void **state)
{
    (void)state;
    assert_int_equal(judge_due(h.j), NEVER);
    ask_mschap(0, 1, "User", "wrong");
    assert_int_equal(judge_due(h.j), h.now + 120000);
    ask_mschap(0, 2, "User", "clientPass");
    h.now += 60000;
    ask_mschap(0, 1, "User", "wrong"); /* rounds do not move the deadline */
    h.now += 60000;
    judge_tick(h.j, h.now);
    assert_int_equal(judge_due(h.j), NEVER);
    ask_mschap(0, 1, "User", "wrong"); /* begins anew */
    assert_true(h.r.verdict.retry);
    add_user("bob", PASSWORD_NT, 0);
    ask_mschap(0, 3, "bob", "clientPass");
    expect_accept(base + 3); /* .2 is still User's */
}

/* More sessions than the limits allow are refused; the judge's memory is bounded. */
static void test_bounded(void **state)
{
    (void)state;
    enum { ONE = 4 + 64 /* half_open, and some whose end is on its way */, ALL = 60 + 2 * ONE };
    for (uint64_t i = 0; i < ALL; i++) {
        ask_mschap((uint32_t)(i / ONE), i, "User", "wrong");
        expect_refusal("wrong password", 691);
    }
    ask_mschap(3, 1000, "User", "clientPass");
    expect_refusal("too many conversations", 691);
    judge_down(h.j, 0, 5, h.now);
    ask_mschap(3, 1000, "User", "clientPass");
    expect_accept(base + 2);
}

/* A worker that was taken over has its share of the conversations, and the others notice nothing. */
static void test_share_of_a_worker(void **state)
{
    (void)state;
    enum { ONE = 4 + 64 };
    for (uint64_t i = 0; i < 10 * ONE; i++) {
        ask_mschap(0, i, "User", "wrong");
        expect_refusal(i < ONE ? "wrong password" : "too many conversations", 691);
    }
    ask_mschap(1, 1, "User", "clientPass");
    expect_accept(base + 2);
    /* Ends make room, however a conversation ends: by its connection's, by an acceptance, by time. */
    judge_down(h.j, 0, 0, h.now);
    ask_mschap(0, 5000, "User", "wrong");
    expect_refusal("wrong password", 691);
    ask_mschap(0, 5001, "User", "wrong");
    expect_refusal("too many conversations", 691);
    ask_mschap(0, 5000, "User", "clientPass");
    expect_accept(base + 3);
    ask_mschap(0, 5001, "User", "wrong");
    expect_refusal("wrong password", 691);
    h.now += 120000;
    judge_tick(h.j, h.now);
    for (uint64_t i = 6000; i < 6000 + ONE; i++) {
        ask_mschap(0, i, "User", "wrong");
        expect_refusal("wrong password", 691);
    }
    judge_worker_gone(h.j, 0, h.now);
    ask_mschap(0, 1, "User", "wrong");
    expect_refusal("wrong password", 691);
}

static void test_database_that_cannot_be_opened(void **state)
{
    (void)state;
    char err[256] = "";
    struct config c = h.c;
    snprintf(c.users, sizeof(c.users), "%s.not-there", help_db);
    assert_null(judge_new(&c, &help_env, NULL, on_verdict, on_end, &h, err));
    assert_string_equal(err, "there is no such file");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, judge_teardown)
    const struct CMUnitTest tests[] = {
        T(test_accept),
        T(test_rfc_vector),
        T(test_wrong),
        T(test_right_at_the_second_attempt),
        T(test_locked),
        T(test_malformed),
        T(test_method_not_configured),
        T(test_chap),
        T(test_pap_fast),
        T(test_pap_slow),
        T(test_pap_overtaken),
        T(test_pap_in_a_loop),
        T(test_pap_busy),
        T(test_expiry),
        T(test_bounded),
        T(test_share_of_a_worker),
        T(test_database_that_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

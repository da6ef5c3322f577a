/* Our client against our server, in memory, with a judge between: every method, right and wrong passwords, odd
 * names, packets doubled, swapped and lost. */
#include "auth_test.h"

enum { DROP_NONE, DROP_SOME, DOUBLE_ALL };

struct pair {
    struct test_host host;
    struct env env;
    struct test_judge judge;
    struct auth_server srv;
    struct auth_client cli;
    struct auth_server_event srv_end;
    struct auth_client_event cli_end;
    char cli_text[AUTH_TEXT_MAX + 1];
    msec now;
    unsigned mangle;
    struct {
        uint8_t bytes[AUTH_EAP_MAX + 4];
        size_t n;
    } last[2]; /* what went last to the server and to the client */
};

static struct pair p;

static void to_server(struct slice s)
{
    struct rd r = rd_slice(s);
    (void)!auth_server_feed(&p.srv, &r, p.now);
}

static void to_client(struct slice s)
{
    struct rd r = rd_slice(s);
    (void)!auth_client_feed(&p.cli, &r, p.now);
}

static bool server_events(void)
{
    struct auth_server_event ev;
    if (!auth_server_event(&p.srv, &ev))
        return false;
    if (ev.kind == AUTH_SERVER_EV_ASK)
        auth_server_answer(&p.srv, ev.ask, judge(&p.judge, &ev.question), p.now);
    else
        p.srv_end = ev;
    return true;
}

static bool client_events(void)
{
    struct auth_client_event ev;
    if (!auth_client_event(&p.cli, &ev))
        return false;
    assert_int_equal(p.cli_end.kind, AUTH_CLIENT_EV_NONE); /* it ends once */
    p.cli_end = ev;
    if (ev.text.n > 0)
        memcpy(p.cli_text, ev.text.p, ev.text.n);
    return true;
}

/* One packet on its way: maybe lost, maybe twice, maybe followed by an older one. */
static void carry(unsigned dir, struct slice s, void (*deliver)(struct slice))
{
    uint8_t roll;
    uint8_t old[sizeof(p.last[0].bytes)];
    size_t old_n = p.last[dir].n;

    memcpy(old, p.last[dir].bytes, old_n);
    memcpy(p.last[dir].bytes, s.p, s.n);
    p.last[dir].n = s.n;
    test_random(&p.host, &roll, 1);
    if (p.mangle == DROP_SOME && roll < 100)
        return;
    deliver(s);
    if (p.mangle == DOUBLE_ALL) {
        while (server_events() || client_events())
            continue;
        deliver(s);
        while (server_events() || client_events())
            continue;
        if (old_n > 0)
            deliver(slice_of(old, old_n));
    }
}

static bool step(void)
{
    uint8_t out[AUTH_EAP_MAX + 4];
    bool moved = server_events();

    moved |= client_events();
    size_t n = auth_server_pull(&p.srv, out, sizeof(out));
    if (n > 0)
        carry(1, slice_of(out, n), to_client);
    moved |= n > 0;
    n = auth_client_pull(&p.cli, out, sizeof(out));
    if (n > 0)
        carry(0, slice_of(out, n), to_server);
    return moved || n > 0;
}

static void run(enum auth_method m, struct slice user, struct slice password, unsigned mangle, uint64_t seed)
{
    struct auth_server_conf sc = { m, "test-server", 3000, 10, 3 };
    struct auth_client_conf cc = { m, user, password, 3000, 10 };
    struct test_judge j = p.judge;

    memset(&p, 0, sizeof(p));
    p.judge = j;
    p.judge.env = &p.env;
    p.judge.attempts_max = p.judge.attempts_max ? p.judge.attempts_max : 3;
    p.judge.questions = p.judge.attempts = 0;
    p.judge.eap_begun = false;
    p.host.dice = seed;
    p.env = TEST_ENV(p.host);
    p.mangle = mangle;
    auth_server_init(&p.srv, &sc, &p.env, 0);
    auth_client_init(&p.cli, &cc, &p.env, 0);
    for (unsigned turns = 0; turns < 500; turns++) {
        if (step())
            continue;
        if (p.cli_end.kind != AUTH_CLIENT_EV_NONE && p.srv_end.kind != AUTH_SERVER_EV_NONE)
            return;
        msec due = tick_min(auth_server_due(&p.srv), auth_client_due(&p.cli));
        if (due == NEVER)
            return;
        assert_true(due >= p.now); /* time never stands still */
        p.now = due;
        auth_server_tick(&p.srv, p.now);
        auth_client_tick(&p.cli, p.now);
    }
    fail_msg("no end after 500 turns, seed %llu", (unsigned long long)seed);
}

static void one_account(const char *user, const char *password)
{
    p.judge = (struct test_judge){ .user = user, .password = slice_str(password) };
}

static void both_accepted(enum auth_method m)
{
    assert_int_equal(p.cli_end.kind, AUTH_CLIENT_EV_ACCEPTED);
    assert_int_equal(p.srv_end.kind, AUTH_SERVER_EV_ACCEPTED);
    assert_int_equal(p.cli_end.keyed, auth_method_keyed(m));
    assert_int_equal(p.srv_end.keyed, auth_method_keyed(m));
    assert_memory_equal(p.cli_end.hlak, p.srv_end.hlak, HLAK_LEN);
}

static void right_password(void **state)
{
    (void)state;
    static const char *const names[] = { "user", "DOMAIN\\user" };
    one_account("user", "geheim");
    for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++) {
        for (size_t i = 0; i < 2; i++) {
            run((enum auth_method)m, slice_str(names[i]), slice_str("geheim"), DROP_NONE, m);
            both_accepted((enum auth_method)m);
            assert_int_equal(p.judge.questions, m == AUTH_EAP_MSCHAPV2 ? 4 : 1);
            assert_int_equal(p.now, 0); /* nobody had to wait */
        }
    }
}

static void wrong(const char *user, const char *password, const char *account_password)
{
    one_account("user", account_password);
    for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++) {
        run((enum auth_method)m, slice_str(user), slice_str(password), DROP_NONE, m);
        assert_int_equal(p.cli_end.kind, AUTH_CLIENT_EV_REFUSED);
        assert_true(p.srv_end.kind != AUTH_SERVER_EV_ACCEPTED);
        if (auth_method_keyed((enum auth_method)m))
            assert_int_equal(p.cli_end.code, 691);
    }
}

static void wrong_password(void **state)
{
    (void)state;
    wrong("user", "Geheim", "geheim");
    wrong("user", "", "geheim");
    wrong("user", "geheim", "");
}

static void unknown_user(void **state)
{
    (void)state;
    wrong("nobody", "geheim", "geheim");
    wrong("User", "geheim", "geheim");
    wrong("", "geheim", "geheim");
}

static void disabled(void **state)
{
    (void)state;
    static const enum auth_method methods[] = { AUTH_MSCHAPV2, AUTH_EAP_MSCHAPV2 };
    for (size_t i = 0; i < 2; i++) {
        one_account("user", "geheim");
        p.judge.refuse_code = 647;
        run(methods[i], slice_str("user"), slice_str("geheim"), DROP_NONE, 1);
        assert_int_equal(p.cli_end.kind, AUTH_CLIENT_EV_REFUSED);
        assert_int_equal(p.cli_end.code, 647);
        assert_false(p.cli_end.retry);
        assert_true(strlen(p.cli_text) > 0);
        assert_int_equal(p.srv_end.kind, AUTH_SERVER_EV_REFUSED);
    }
}

static void server_that_lies(void **state)
{
    (void)state;
    one_account("user", "geheim");
    p.judge.wrong_proof = true;
    run(AUTH_MSCHAPV2, slice_str("user"), slice_str("geheim"), DROP_NONE, 1);
    assert_int_equal(p.cli_end.kind, AUTH_CLIENT_EV_UNPROVEN);
}

static void server_without_keys(void **state)
{
    (void)state;
    static const enum auth_method methods[] = { AUTH_MSCHAPV2, AUTH_EAP_MSCHAPV2 };
    for (size_t i = 0; i < 2; i++) {
        one_account("user", "geheim");
        p.judge.no_key = true;
        run(methods[i], slice_str("user"), slice_str("geheim"), DROP_NONE, 1);
        assert_int_equal(p.cli_end.kind, AUTH_CLIENT_EV_REFUSED);
        assert_int_equal(p.srv_end.kind, AUTH_SERVER_EV_REFUSED);
    }
}

static void passwords_of_the_world(void **state)
{
    (void)state;
    static char longest[1025];
    for (size_t i = 0; i < 256; i++)
        memcpy(longest + 4 * i, "\xf0\x9f\x94\x91", 4);
    const char *const rows[] = { "", " ", "pässwörd", "пароль", "密码", "\xf0\x9f\x94\x91", longest };
    for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            one_account("käthe", rows[i]);
            run((enum auth_method)m, slice_str("HAUS\\käthe"), slice_str(rows[i]), DROP_NONE, i);
            if (m == AUTH_PAP && rows[i] == longest) /* 1024 bytes do not fit behind a length byte */
                assert_int_equal(p.cli_end.kind, AUTH_CLIENT_EV_UNUSABLE);
            else
                both_accepted((enum auth_method)m);
        }
    }
}

static void longest_name(void **state)
{
    (void)state;
    static char name[257];
    memset(name, 'n', 256);
    one_account(name, "geheim");
    for (unsigned m = AUTH_CHAP_MD5; m < AUTH_METHODS; m++) {
        run((enum auth_method)m, slice_of(name, 256), slice_str("geheim"), DROP_NONE, m);
        both_accepted((enum auth_method)m);
    }
    name[255] = 0;
    run(AUTH_PAP, slice_of(name, 255), slice_str("geheim"), DROP_NONE, 1);
    both_accepted(AUTH_PAP);
}

static void doubled_and_swapped(void **state)
{
    (void)state;
    for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++) {
        for (uint64_t seed = 0; seed < 50; seed++) {
            one_account("user", "geheim");
            run((enum auth_method)m, slice_str("user"), slice_str("geheim"), DOUBLE_ALL, seed);
            both_accepted((enum auth_method)m);
            assert_int_equal(p.judge.questions, m == AUTH_EAP_MSCHAPV2 ? 4 : 1); /* never asked twice */
        }
    }
}

static void lost_packets(void **state)
{
    (void)state;
    for (unsigned m = AUTH_PAP; m < AUTH_METHODS; m++) {
        unsigned accepted = 0;
        for (uint64_t seed = 0; seed < 50; seed++) {
            one_account("user", "geheim");
            run((enum auth_method)m, slice_str("user"), slice_str("geheim"), DROP_SOME, seed);
            /* Lost results may end in a timeout; nothing may end in a refusal, and nobody believes too much. */
            assert_true(p.cli_end.kind == AUTH_CLIENT_EV_ACCEPTED || p.cli_end.kind == AUTH_CLIENT_EV_TIMEOUT);
            if (p.cli_end.kind == AUTH_CLIENT_EV_ACCEPTED) {
                accepted++;
                assert_int_equal(p.srv_end.kind, AUTH_SERVER_EV_ACCEPTED);
                assert_memory_equal(p.cli_end.hlak, p.srv_end.hlak, HLAK_LEN);
            }
            assert_true(p.judge.questions <= 4);
        }
        assert_true(accepted >= 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_password),         cmocka_unit_test(wrong_password),
        cmocka_unit_test(unknown_user),           cmocka_unit_test(disabled),
        cmocka_unit_test(server_that_lies),       cmocka_unit_test(server_without_keys),
        cmocka_unit_test(passwords_of_the_world), cmocka_unit_test(longest_name),
        cmocka_unit_test(doubled_and_swapped),    cmocka_unit_test(lost_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

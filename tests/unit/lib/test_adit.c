/* libadit from outside: setters refuse what they must, sessions need what they need, and right and wrong users with
 * every method end as the header says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <adit/adit.h>

struct end {
    adit_session *s;
    unsigned char in[65536];
    size_t len;
    int up, down;
    struct adit_event last_up, last_down;
    char who[64];
};

static struct end client, server;
static uint64_t now;

static void set_client(adit_config *c)
{
    assert_int_equal(adit_config_host(c, "vpn.example.com"), 0);
    assert_int_equal(adit_config_user(c, "alice", "correct horse"), 0);
    assert_int_equal(adit_config_certificate(c, "certificate", 11), 0);
}

static void test_setters(void **state)
{
    (void)state;
    static char longest[2000];
    memset(longest, 'a', sizeof longest - 1);
    adit_config *c = adit_config_new(ADIT_CLIENT), *s = adit_config_new(ADIT_SERVER);
    assert_int_equal(adit_config_host(c, ""), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_host(c, NULL), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_host(c, longest), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_host(c, "a\r\nEvil: 1"), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_user(c, "", "x"), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_user(c, NULL, "x"), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_user(c, "x", NULL), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_user(c, longest, "x"), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_user(c, "x", longest), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_user(c, "x", ""), 0);
    assert_int_equal(adit_config_name(s, longest), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_name(s, "gate"), 0);
    enum adit_method good[] = { ADIT_MSCHAPV2, ADIT_PAP }, bad[] = { ADIT_MSCHAPV2, (enum adit_method)9 };
    assert_int_equal(adit_config_methods(c, good, 0), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_methods(c, bad, 2), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_methods(c, good, 99), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_methods(c, good, 2), 0);
    assert_int_equal(adit_config_certificate(c, "x", 0), ADIT_ERR_VALUE);
    assert_int_equal(adit_config_certificate(c, "x", 1), 0);
    assert_int_equal(adit_config_certificate(c, "x", 1), ADIT_ERR_VALUE); /* a client saw one */
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(adit_config_certificate(s, "x", 1), 0);
    assert_int_equal(adit_config_certificate(s, "x", 1), ADIT_ERR_VALUE);
    adit_config_free(c);
    adit_config_free(s);
    adit_config_free(NULL);
    adit_session_free(NULL);
    assert_string_equal(adit_version(), "0.1.0");
}

static void test_missing(void **state)
{
    (void)state;
    adit_session *none = (adit_session *)&server;
    for (unsigned left_out = 0; left_out < 3; left_out++) {
        adit_config *c = adit_config_new(ADIT_CLIENT);
        if (left_out != 0)
            assert_int_equal(adit_config_host(c, "h"), 0);
        if (left_out != 1)
            assert_int_equal(adit_config_user(c, "u", "p"), 0);
        if (left_out != 2)
            assert_int_equal(adit_config_certificate(c, "x", 1), 0);
        assert_int_equal(adit_session_new(c, 1, &none), ADIT_ERR_MISSING);
        assert_ptr_equal(none, &server); /* untouched */
        adit_config_free(c);
    }
    adit_config *s = adit_config_new(ADIT_SERVER);
    assert_int_equal(adit_session_new(s, 1, &none), ADIT_ERR_MISSING);
    adit_config_free(s);
}

static void events(struct end *e, const struct adit_user *user)
{
    struct adit_event ev;
    while (adit_session_event(e->s, &ev)) {
        assert_false(e->down);
        if (ev.kind == ADIT_EV_UP) {
            e->up++;
            e->last_up = ev;
        }
        if (ev.kind == ADIT_EV_DOWN) {
            e->down++;
            e->last_down = ev;
        }
        if (ev.kind == ADIT_EV_WHO) {
            struct adit_grant g = { .ipv4 = 0x0a000002, .server_ipv4 = 0x0a000001, .dns = { 0x0a000003 } };
            memcpy(e->who, ev.text, ev.text_len);
            assert_int_equal(adit_session_answer(e->s, ev.who + 1, user, &g, now), ADIT_ERR_STATE);
            assert_int_equal(adit_session_answer(e->s, ev.who, user, &g, now), 0);
            assert_int_equal(adit_session_answer(e->s, ev.who, user, &g, now), ADIT_ERR_STATE);
        }
    }
}

static int move(struct end *from, struct end *to, const struct adit_user *user)
{
    size_t n, taken, moved = 0;
    while ((n = adit_session_pull(from->s, to->in + to->len, sizeof to->in - to->len)) > 0)
        to->len += n;
    do {
        size_t room = 0;
        taken = adit_session_feed(to->s, to->in, to->len, NULL, &room, now);
        events(to, user);
        memmove(to->in, to->in + taken, to->len - taken);
        to->len -= taken;
        moved += taken;
    } while (taken);
    return moved > 0;
}

static void run(uint64_t ms, const struct adit_user *user)
{
    uint64_t until = now + ms;
    while (now < until) {
        while (move(&client, &server, user) | move(&server, &client, user))
            ;
        uint64_t due = adit_session_due(client.s), other = adit_session_due(server.s);
        due = due < other ? due : other;
        now = due > until ? until : due > now ? due : now;
        adit_session_tick(client.s, now);
        adit_session_tick(server.s, now);
        events(&client, user);
        events(&server, user);
    }
}

static void start(enum adit_method method)
{
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    now = 5000;
    adit_config *c = adit_config_new(ADIT_CLIENT), *s = adit_config_new(ADIT_SERVER);
    set_client(c);
    assert_int_equal(adit_config_certificate(s, "another", 7), 0);
    assert_int_equal(adit_config_certificate(s, "certificate", 11), 0);
    assert_int_equal(adit_config_methods(c, &method, 1), 0);
    assert_int_equal(adit_config_methods(s, &method, 1), 0);
    assert_int_equal(adit_session_new(c, now, &client.s), 0);
    assert_int_equal(adit_session_new(s, now, &server.s), 0);
    adit_config_free(c);
    adit_config_free(s);
}

static void end(void)
{
    adit_session_free(client.s);
    adit_session_free(server.s);
}

static void test_users(void **state)
{
    (void)state;
    for (int m = ADIT_PAP; m <= ADIT_EAP_MSCHAPV2; m++) {
        static const struct {
            struct adit_user user;
            unsigned refused;
        } rows[] = {
            { { .known = 1, .password = "correct horse" }, 0 },
            { { .known = 1, .password = "correct Horse" }, 691 },
            { { .known = 0, .password = "correct horse" }, 691 },
            { { .known = 0 }, 691 },
            { { .known = 1, .password = "correct horse", .refuse = 647 }, 647 },
            { { .known = 1, .password = "wrong", .refuse = 647 }, 691 },
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            start((enum adit_method)m);
            run(10000, &rows[i].user);
            assert_string_equal(server.who, "alice");
            assert_int_equal(client.up, !rows[i].refused);
            assert_int_equal(server.up, !rows[i].refused);
            if (rows[i].refused) {
                assert_int_equal(client.last_down.cause, ADIT_CAUSE_AUTH_REFUSED);
                assert_int_equal(server.last_down.cause, ADIT_CAUSE_AUTH_REFUSED);
                assert_int_equal(server.last_down.detail, rows[i].refused);
            } else {
                assert_int_equal(client.last_up.our_ipv4, 0x0a000002);
                assert_int_equal(client.last_up.peer_ipv4, 0x0a000001);
                assert_int_equal(client.last_up.dns[0], 0x0a000003);
                assert_int_equal(server.last_up.peer_ipv4, 0x0a000002);
            }
            end();
        }
    }
}

/* The NT hash of "correct horse" is enough for all but CHAP-MD5. */
static void test_nt_hash(void **state)
{
    (void)state;
    /* RFC 2759 9.2: the hash of "clientPass" */
    static const struct adit_user user = { .known = 1,
                                           .nt_hash = { 0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6, 0x11, 0x47,
                                                        0x44, 0x11, 0xf5, 0x69, 0x89, 0xae } };
    for (int m = ADIT_PAP; m <= ADIT_EAP_MSCHAPV2; m++) {
        enum adit_method method = (enum adit_method)m;
        start(method);
        end();
        adit_config *c = adit_config_new(ADIT_CLIENT);
        set_client(c);
        assert_int_equal(adit_config_user(c, "alice", "clientPass"), 0);
        assert_int_equal(adit_config_methods(c, &method, 1), 0);
        adit_config *s = adit_config_new(ADIT_SERVER);
        assert_int_equal(adit_config_certificate(s, "certificate", 11), 0);
        assert_int_equal(adit_config_methods(s, &method, 1), 0);
        assert_int_equal(adit_session_new(c, now, &client.s), 0);
        assert_int_equal(adit_session_new(s, now, &server.s), 0);
        run(10000, &user);
        assert_int_equal(client.up, method != ADIT_CHAP_MD5);
        adit_config_free(c);
        adit_config_free(s);
        end();
    }
}

static void test_close_and_lost(void **state)
{
    (void)state;
    static const struct adit_user user = { .known = 1, .password = "correct horse" };
    start(ADIT_MSCHAPV2);
    run(5000, &user);
    uint8_t head[ADIT_HEAD_MAX];
    assert_true(adit_session_head(client.s, 4, 1400, head) > 0);
    assert_int_equal(adit_session_head(client.s, 6, 1400, head), 0);
    adit_session_close(server.s, now);
    run(5000, &user);
    assert_int_equal(client.down, 1);
    assert_int_equal(server.down, 1);
    assert_int_equal(server.last_down.cause, ADIT_CAUSE_LOCAL);
    assert_int_equal(client.last_down.cause, ADIT_CAUSE_PEER);
    assert_true(adit_session_due(client.s) == UINT64_MAX);
    end();
    start(ADIT_MSCHAPV2);
    adit_session_lost(client.s, now);
    events(&client, &user);
    assert_int_equal(client.last_down.cause, ADIT_CAUSE_LOST);
    end();
    for (int i = ADIT_CAUSE_NONE; i <= ADIT_CAUSE_NO_ADDRESS; i++)
        assert_string_not_equal(adit_cause_text((enum adit_cause)i), "unknown cause");
    assert_string_equal(adit_cause_text((enum adit_cause)99), "unknown cause");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_setters), cmocka_unit_test(test_missing),        cmocka_unit_test(test_users),
        cmocka_unit_test(test_nt_hash), cmocka_unit_test(test_close_and_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

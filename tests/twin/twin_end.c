/* Twins that do not come up, or go down: refusals, wrong bindings, closing and losing the connection at every turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "twin.h"

static struct twin w;

static const enum auth_method methods[] = { AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAPV2, AUTH_EAP_MSCHAPV2 };
enum { N_METHODS = sizeof methods / sizeof methods[0] };

static unsigned count(const char *log, char letter)
{
    unsigned n = 0;
    for (; *log; log++)
        n += *log == letter;
    return n;
}

static void assert_over(void)
{
    assert_int_equal(count(w.client.log, 'D'), 1);
    assert_int_equal(count(w.server.log, 'D'), 1);
    assert_true(tunnel_due(&w.client.t) == NEVER);
    assert_true(tunnel_due(&w.server.t) == NEVER);
}

static void test_wrong_password(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++)
        for (unsigned who = 0; who < 2; who++) {
            twin_init(&w, methods[m], m);
            if (who)
                w.client_conf.user = slice_str("DOMAIN\\mallory");
            else
                w.client_conf.password = slice_str("wrong horse");
            twin_start(&w);
            twin_run(&w, 20000);
            assert_over();
            assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_AUTH_REFUSED);
            assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_AUTH_REFUSED);
            assert_int_equal(w.server.down.detail, 691);
            if (methods[m] == AUTH_MSCHAPV2 || methods[m] == AUTH_EAP_MSCHAPV2)
                assert_int_equal(w.client.down.detail, 691);
            assert_null(strchr(w.client.log, 'A'));
            assert_null(strchr(w.server.log, 'A'));
            twin_done(&w);
        }
}

/* [CAP]-like domain before the name: the account counts. */
static void test_domain(void **state)
{
    (void)state;
    for (unsigned m = 2; m < N_METHODS; m++) {
        twin_init(&w, methods[m], m);
        w.client_conf.user = slice_str("DOMAIN\\alice");
        twin_start(&w);
        twin_run(&w, 3000);
        assert_non_null(strchr(w.client.log, 'N'));
        assert_non_null(strchr(w.server.log, 'N'));
        twin_done(&w);
    }
}

static void test_refuse_codes(void **state)
{
    (void)state;
    static const unsigned codes[] = { 646, 647, 648, 649 };
    for (unsigned m = 2; m < N_METHODS; m++)
        for (unsigned i = 0; i < 4; i++) {
            twin_init(&w, methods[m], m);
            w.judge.refuse_code = codes[i];
            twin_start(&w);
            twin_run(&w, 20000);
            assert_over();
            assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_AUTH_REFUSED);
            assert_int_equal(w.client.down.detail, codes[i]);
            assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_AUTH_REFUSED);
            assert_int_equal(w.server.down.detail, codes[i]);
            assert_true(w.client.down_text[0] != 0);
            twin_done(&w);
        }
}

/* A keyed method without a key is a refusal, never an open door; what a server without MPPE keys looks like. */
static void test_no_key(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++) {
        bool keyed = auth_method_keyed(methods[m]);
        twin_init(&w, methods[m], m);
        w.judge.no_key = true;
        twin_start(&w);
        twin_run(&w, 20000);
        if (keyed) {
            assert_over();
            assert_null(strchr(w.server.log, 'A'));
            assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_AUTH_REFUSED);
            assert_true(w.client.down.cause == TUNNEL_CAUSE_AUTH_REFUSED || w.client.down.cause == TUNNEL_CAUSE_PEER);
        } else {
            assert_non_null(strchr(w.server.log, 'N'));
        }
        twin_done(&w);
    }
}

static void test_no_address(void **state)
{
    (void)state;
    twin_init(&w, AUTH_MSCHAPV2, 1);
    w.judge.no_address = true;
    twin_start(&w);
    twin_run(&w, 20000);
    assert_over();
    assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_NO_ADDRESS);
    assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_PEER);
    twin_done(&w);
}

static void test_no_common_method(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++) {
        twin_init(&w, methods[m], m);
        w.client_conf.methods[0] = methods[(m + 1) % N_METHODS];
        twin_start(&w);
        twin_run(&w, 60000);
        assert_over();
        assert_null(strchr(w.server.log, 'Q'));
        assert_true(w.client.down.cause == TUNNEL_CAUSE_NO_AUTH_METHOD ||
                    w.server.down.cause == TUNNEL_CAUSE_NO_AUTH_METHOD);
        twin_done(&w);
    }
}

/* Somebody in between ends TLS with a certificate of his own: the client's binding says so. */
static void test_man_in_the_middle(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++)
        for (unsigned mask = 1; mask < 4; mask++) {
            twin_init(&w, methods[m], m);
            w.server_conf.call.hash_mask = (uint8_t)mask;
            w.client_conf.call.certs[0].sha256[31] ^= 1;
            w.client_conf.call.certs[0].sha1[19] ^= 1;
            twin_start(&w);
            twin_run(&w, 20000);
            assert_over();
            assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_BINDING);
            assert_int_equal(w.server.down.detail, BINDING_CERTIFICATE);
            assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_SSTP_ABORTED);
            assert_int_equal(w.client.down.detail, 4);
            assert_int_equal(w.client.down.attrib, 3);
            assert_null(strchr(w.server.log, 'C'));
            assert_null(strchr(w.server.log, 'N'));
            twin_done(&w);
        }
}

static void test_hash_masks(void **state)
{
    (void)state;
    twin_init(&w, AUTH_MSCHAPV2, 1);
    w.server_conf.call.hash_mask = BINDING_SHA256;
    w.client_conf.call.hash_mask = BINDING_SHA1;
    twin_start(&w);
    twin_run(&w, 20000);
    assert_over();
    assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_SSTP);
    assert_int_equal(w.client.down.detail, 4);
    assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_SSTP_ABORTED);
    twin_done(&w);
}

static void test_silent_judge(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++) {
        twin_init(&w, methods[m], m);
        w.judge.silent = true;
        w.server_conf.auth_timeout = 20000;
        twin_start(&w);
        twin_run(&w, 90000);
        assert_over();
        assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_AUTH_TIMEOUT);
        twin_done(&w);
    }
}

/* A late verdict to a call that is ending, or over, is ignored. */
static void test_late_verdict(void **state)
{
    (void)state;
    twin_init(&w, AUTH_MSCHAPV2, 1);
    w.judge.silent = true;
    twin_start(&w);
    twin_run(&w, 2000);
    assert_int_equal(w.judge.asked, 1);
    assert_null(strchr(w.server.log, 'A'));
    struct auth_verdict v = w.judge.verdict;
    v.kind = VERDICT_ACCEPT;
    tunnel_answer(&w.server.t, w.judge.ask + 1, &v, &w.params, w.now); /* somebody else's number */
    tunnel_answer(&w.server.t, 0, &v, &w.params, w.now);
    twin_settle(&w);
    assert_null(strchr(w.server.log, 'A'));
    tunnel_close(&w.client.t, TUNNEL_CAUSE_LOCAL, 0, w.now);
    twin_settle(&w);
    tunnel_answer(&w.server.t, w.judge.ask, &v, &w.params, w.now);
    twin_run(&w, 10000);
    tunnel_answer(&w.server.t, w.judge.ask, &v, &w.params, w.now);
    assert_over();
    assert_null(strchr(w.server.log, 'A'));
    assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_PEER);
    twin_done(&w);
}

static bool turn_to(unsigned turns, enum auth_method m)
{
    twin_init(&w, m, turns);
    w.chunk = 40;
    twin_start(&w);
    bool any = true;
    for (unsigned i = 0; i < turns && any; i++)
        any = twin_turn(&w);
    return any;
}

/* Either end closes at every turn of the way up, and once it is up. */
static void test_close_everywhere(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++)
        for (unsigned who = 0; who < 2; who++)
            for (unsigned turns = 0; turns < 80; turns++) {
                bool any = turn_to(turns, methods[m]);
                struct twin_end *end = who ? &w.client : &w.server;
                struct twin_end *other = who ? &w.server : &w.client;
                tunnel_close(&end->t, TUNNEL_CAUSE_LOCAL, 0, w.now);
                tunnel_close(&end->t, TUNNEL_CAUSE_NO_ADDRESS, 9, w.now); /* the first cause wins */
                twin_run(&w, 30000);
                assert_over();
                assert_int_equal(end->down.cause, TUNNEL_CAUSE_LOCAL);
                assert_true(other->down.cause == TUNNEL_CAUSE_PEER || other->down.cause == TUNNEL_CAUSE_LOST);
                if (!any) /* it was up */
                    assert_int_equal(other->down.cause, TUNNEL_CAUSE_PEER);
                assert_int_equal(other->down.detail, 0);
                twin_done(&w);
            }
}

static void test_close_both(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 80; turns++) {
        turn_to(turns, AUTH_MSCHAPV2);
        tunnel_close(&w.server.t, TUNNEL_CAUSE_LOCAL, 0, w.now);
        tunnel_close(&w.client.t, TUNNEL_CAUSE_LOCAL, 0, w.now);
        twin_run(&w, 30000);
        assert_over();
        assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_LOCAL);
        assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_LOCAL);
        twin_done(&w);
    }
}

static void test_lost_everywhere(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++)
        for (unsigned turns = 0; turns < 80; turns++) {
            turn_to(turns, methods[m]);
            uint64_t sent = w.up.total + w.down.total;
            twin_cut(&w);
            assert_over();
            assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_LOST);
            assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_LOST);
            assert_int_equal(w.up.total + w.down.total, sent); /* not a byte more */
            twin_done(&w);
        }
}

/* The peer falls silent at every turn: the end comes by itself, in a bounded time, whatever the state. */
static void test_silence_everywhere(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++)
        for (unsigned turns = 0; turns < 80; turns++) {
            turn_to(turns, AUTH_MSCHAPV2);
            struct twin_end *alive = who ? &w.client : &w.server;
            (who ? &w.server : &w.client)->gone = true; /* takes nothing */
            for (unsigned i = 0; i < 400 && !strchr(alive->log, 'D'); i++) {
                msec due = tunnel_due(&alive->t);
                assert_true(due != NEVER);
                w.now = due > w.now ? due : w.now;
                tunnel_tick(&alive->t, w.now);
                uint8_t buf[8192];
                while (tunnel_pull(&alive->t, buf, sizeof buf) > 0)
                    ;
                struct tunnel_event e;
                while (tunnel_event(&alive->t, &e))
                    if (e.kind == TUNNEL_EV_DOWN) {
                        alive->log[alive->log_len++] = 'D';
                        alive->down = e;
                    }
            }
            assert_int_equal(count(alive->log, 'D'), 1);
            assert_true(w.now < 1000000 + 400000);
            assert_true(alive->down.cause != TUNNEL_CAUSE_NONE && alive->down.cause != TUNNEL_CAUSE_LOCAL);
            twin_done(&w);
        }
}

/* What the client tells the server when it hangs up ([CAP]: RAS errors). */
static void test_client_reasons(void **state)
{
    (void)state;
    static const struct {
        enum tunnel_cause cause;
        uint32_t detail, ras;
    } rows[] = {
        { TUNNEL_CAUSE_LOCAL, 0, 0 },
        { TUNNEL_CAUSE_SERVER_UNPROVEN, 0, 778 },
        { TUNNEL_CAUSE_AUTH_REFUSED, 647, 647 },
        { TUNNEL_CAUSE_NO_NETWORK, 0, 720 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        twin_init(&w, AUTH_MSCHAPV2, i);
        twin_start(&w);
        twin_run(&w, 3000);
        tunnel_close(&w.client.t, rows[i].cause, rows[i].detail, w.now);
        twin_run(&w, 10000);
        assert_over();
        assert_int_equal(w.client.down.cause, rows[i].cause);
        assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_PEER);
        assert_int_equal(w.server.down.detail, rows[i].ras);
        twin_done(&w);
    }
}

/* Garbage instead of the next bytes, at every turn: an end, without a word about PPP. */
static void test_garbage_everywhere(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++)
        for (unsigned turns = 1; turns < 80; turns++) {
            turn_to(turns, AUTH_MSCHAPV2);
            struct twin_end *victim = who ? &w.client : &w.server;
            bool http = victim->t.phase == TUNNEL_HTTP;
            static const char junk[] = "\r\n\r\nGET / HTTP/1.0\r\n\r\nHELO there\r\n\r\n";
            victim->in_len = 0;
            (who ? &w.down : &w.up)->len = 0;
            memcpy(victim->in, junk, sizeof junk - 1);
            victim->in_len = sizeof junk - 1;
            twin_run(&w, 120000);
            assert_over();
            if (!http)
                assert_int_equal(victim->down.cause, TUNNEL_CAUSE_GARBAGE);
            twin_done(&w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_password),    cmocka_unit_test(test_domain),
        cmocka_unit_test(test_refuse_codes),      cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_no_address),        cmocka_unit_test(test_no_common_method),
        cmocka_unit_test(test_man_in_the_middle), cmocka_unit_test(test_hash_masks),
        cmocka_unit_test(test_silent_judge),      cmocka_unit_test(test_late_verdict),
        cmocka_unit_test(test_close_everywhere),  cmocka_unit_test(test_close_both),
        cmocka_unit_test(test_lost_everywhere),   cmocka_unit_test(test_silence_everywhere),
        cmocka_unit_test(test_client_reasons),    cmocka_unit_test(test_garbage_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

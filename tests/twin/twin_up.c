/* Twins that come up: every method, every way to cut the bytes, slow answers, overtaking messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "twin.h"

static struct twin w;

static const enum auth_method methods[] = { AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAPV2, AUTH_EAP_MSCHAPV2 };
enum { N_METHODS = sizeof methods / sizeof methods[0] };

/* Up on both ends, and the same on both. */
static void assert_up(void)
{
    assert_non_null(strchr(w.client.log, 'N'));
    assert_non_null(strchr(w.server.log, 'N'));
    assert_null(strchr(w.client.log, 'D'));
    assert_null(strchr(w.server.log, 'D'));
    assert_true(w.client.up.ipv4);
    assert_int_equal(w.client.up.ip.our_addr, 0x0a500002);
    assert_int_equal(w.client.up.ip.peer_addr, 0x0a500001);
    assert_int_equal(w.server.up.ip.our_addr, 0x0a500001);
    assert_int_equal(w.server.up.ip.peer_addr, 0x0a500002);
    assert_int_equal(w.client.up.ip.dns[0], 0x0a500035);
    assert_int_equal(w.client.up.ip.dns[1], 0x0a500036);
    assert_int_equal(w.client.up.mtu, 1400);
    assert_int_equal(w.server.up.mtu, 1400);
    assert_int_equal(w.client.hash, BINDING_SHA256);
    assert_int_equal(w.server.hash, BINDING_SHA256);
}

static void test_methods(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++) {
        twin_init(&w, methods[m], m);
        twin_start(&w);
        twin_run(&w, 3000);
        assert_up();
        assert_string_equal(w.server.host, "vpn.example.com");
        assert_string_equal(w.server.correlation, "48B82435-099A-4158-A987-052E7570CFAA");
        assert_int_equal(w.client.t.method, methods[m]);
        assert_int_equal(w.server.t.method, methods[m]);
        assert_string_equal(w.client.ident, "ADIT-1");
        assert_string_equal(w.server.ident, "ADIT-1");
        assert_int_equal(w.server.log[0], 'U');
        /* two Adit ends could carry more than they do by default */
        assert_true(w.client.up.mtu_max > 4080);
        assert_true(w.server.up.mtu_max > 4080);
        twin_done(&w);
    }
}

static void test_chunks(void **state)
{
    (void)state;
    static const int more[] = { 100, 127, 128, 255, 256, 511, 1000, 1460, 4095, 4096 };
    for (unsigned m = 0; m < N_METHODS; m++)
        for (int i = 1; i <= 64 + (int)(sizeof more / sizeof more[0]); i++) {
            twin_init(&w, methods[m], (uint64_t)i);
            w.chunk = i <= 64 ? i : more[i - 65];
            w.feed_only = i & 1;
            twin_start(&w);
            twin_run(&w, 3000);
            assert_up();
            twin_done(&w);
        }
}

static void test_random_chunks(void **state)
{
    (void)state;
    const char *given = getenv("TWIN_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    print_message("TWIN_SEED=%llu\n", (unsigned long long)seed);
    for (unsigned i = 0; i < 100; i++) {
        twin_init(&w, methods[i % N_METHODS], seed + i);
        w.chunk = TWIN_RANDOM;
        w.judge.after = i % 7 * 300;
        twin_start(&w);
        twin_run(&w, 20000);
        assert_up();
        twin_done(&w);
    }
}

/* Several methods on both sides, in different orders: the client's best that the server has. */
static void test_negotiated_method(void **state)
{
    (void)state;
    static const struct {
        enum auth_method server[3], client[3], expect;
    } rows[] = {
        { { AUTH_EAP_MSCHAPV2, AUTH_MSCHAPV2 }, { AUTH_EAP_MSCHAPV2, AUTH_MSCHAPV2 }, AUTH_EAP_MSCHAPV2 },
        { { AUTH_EAP_MSCHAPV2, AUTH_MSCHAPV2 }, { AUTH_MSCHAPV2 }, AUTH_MSCHAPV2 },
        { { AUTH_MSCHAPV2 }, { AUTH_EAP_MSCHAPV2, AUTH_MSCHAPV2 }, AUTH_MSCHAPV2 },
        { { AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAPV2 }, { AUTH_MSCHAPV2 }, AUTH_MSCHAPV2 },
        { { AUTH_EAP_MSCHAPV2, AUTH_MSCHAPV2, AUTH_PAP }, { AUTH_PAP }, AUTH_PAP },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        twin_init(&w, AUTH_PAP, i);
        for (unsigned n = 0; n < 3; n++) {
            w.server_conf.methods[n] = rows[i].server[n];
            w.client_conf.methods[n] = rows[i].client[n];
        }
        w.server_conf.n_methods = rows[i].server[1] == 0 ? 1 : rows[i].server[2] == 0 ? 2 : 3;
        w.client_conf.n_methods = rows[i].client[1] == 0 ? 1 : rows[i].client[2] == 0 ? 2 : 3;
        twin_start(&w);
        twin_run(&w, 3000);
        assert_up();
        assert_int_equal(w.server.t.method, rows[i].expect);
        assert_int_equal(w.client.t.method, rows[i].expect);
        twin_done(&w);
    }
}

/* The verdict comes late: still up, and what the client repeats in between is not asked twice. */
static void test_slow_answer(void **state)
{
    (void)state;
    for (unsigned m = 0; m < N_METHODS; m++)
        for (msec after = 1; after <= 15000; after *= 5) {
            twin_init(&w, methods[m], after);
            w.judge.after = after;
            twin_start(&w);
            twin_run(&w, 55000);
            assert_up();
            assert_int_equal(w.judge.asked, methods[m] == AUTH_EAP_MSCHAPV2 ? 4 : 1);
            twin_done(&w);
        }
}

/* Each end's clock jumps: a tick comes minutes late, as after a suspended machine. Either it comes up, or it ends in
 * words; never a state that waits for ever. */
static void test_clock_jumps(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 60; turns++)
        for (unsigned m = 0; m < N_METHODS; m++) {
            twin_init(&w, methods[m], turns);
            w.chunk = 17;
            twin_start(&w);
            for (unsigned i = 0; i < turns; i++)
                (void)twin_turn(&w);
            w.now += 45000; /* less than any limit of the negotiation */
            tunnel_tick(&w.client.t, w.now);
            tunnel_tick(&w.server.t, w.now);
            twin_run(&w, 10000);
            if (strchr(w.client.log, 'N'))
                assert_up();
            else
                assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_HTTP_TIMEOUT); /* the one limit below 45 s */
            twin_done(&w);
        }
}

static void test_sha1_only(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        twin_init(&w, AUTH_MSCHAPV2, who);
        *(who ? &w.client_conf.call.hash_mask : &w.server_conf.call.hash_mask) = BINDING_SHA1;
        twin_start(&w);
        twin_run(&w, 3000);
        assert_int_equal(w.client.hash, BINDING_SHA1);
        assert_int_equal(w.server.hash, BINDING_SHA1);
        assert_non_null(strchr(w.client.log, 'N'));
        twin_done(&w);
    }
}

/* IPv6 beside and instead of IPv4; each end wants it or not. */
static void test_families(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        bool has6 = bits & 1, client6 = bits & 2, has4 = bits & 4;
        twin_init(&w, AUTH_MSCHAPV2, bits);
        w.params.n_prefixes = 0;
        if (has4)
            w.params.prefixes[w.params.n_prefixes++] = prefix_v4(0x0a500002, 32);
        static const uint8_t six[16] = { 0xfd, 0, 0, 7 };
        if (has6)
            w.params.prefixes[w.params.n_prefixes++] = prefix_v6(six, 64);
        w.server_conf.link.ipv6 = true;
        w.client_conf.link.ipv6 = client6;
        twin_start(&w);
        twin_run(&w, 10000);
        bool up6 = has6 && client6;
        if (has4 || up6) {
            assert_non_null(strchr(w.client.log, 'N'));
            assert_non_null(strchr(w.server.log, 'N'));
            assert_int_equal(w.client.up.ipv4, has4);
            assert_int_equal(w.client.up.ipv6, up6);
            assert_int_equal(w.server.up.ipv4, has4);
            assert_int_equal(w.server.up.ipv6, up6);
            if (up6) {
                assert_memory_equal(w.client.up.ip6.our_id, w.server.up.ip6.peer_id, 8);
                assert_memory_equal(w.client.up.ip6.peer_id, w.server.up.ip6.our_id, 8);
                assert_memory_not_equal(w.client.up.ip6.our_id, w.client.up.ip6.peer_id, 8);
            }
        } else {
            twin_run(&w, 90000);
            assert_null(strchr(w.client.log, 'N'));
            assert_non_null(strchr(w.client.log, 'D'));
            assert_non_null(strchr(w.server.log, 'D'));
        }
        twin_done(&w);
    }
}

static void test_mtu(void **state)
{
    (void)state;
    static const struct {
        uint16_t client_mru, server_wish, client_wish, server_mtu, client_mtu;
        bool ident;
    } rows[] = {
        { 4091, 0, 0, 1400, 1400, true },         { 4091, 1300, 0, 1300, 1400, true },
        { 4091, 0, 1280, 1400, 1280, true },      { 4091, 4000, 0, 4000, 1400, true },
        { 4091, 65535, 65535, 4087, 4087, true }, { 4091, 4000, 4000, 1400, 1400, false },
        { 1380, 0, 0, 1380, 1400, true },         { 1380, 4000, 1500, 1380, 1500, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        twin_init(&w, AUTH_MSCHAPV2, i);
        w.client_conf.link.mru = rows[i].client_mru;
        w.client_conf.link.compress = w.server_conf.link.compress = false;
        w.params.mtu = rows[i].server_wish;
        w.client_conf.mtu = rows[i].client_wish;
        if (!rows[i].ident)
            w.client_conf.link.ident = w.server_conf.link.ident = NULL;
        twin_start(&w);
        twin_run(&w, 3000);
        assert_int_equal(w.server.up.mtu, rows[i].server_mtu);
        assert_int_equal(w.client.up.mtu, rows[i].client_mtu);
        assert_true(w.server.up.mtu_max >= w.server.up.mtu && w.server.up.mtu_max <= rows[i].client_mru);
        twin_done(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),       cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_random_chunks), cmocka_unit_test(test_negotiated_method),
        cmocka_unit_test(test_slow_answer),   cmocka_unit_test(test_clock_jumps),
        cmocka_unit_test(test_sha1_only),     cmocka_unit_test(test_families),
        cmocka_unit_test(test_mtu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Twins that carry data: sizes, compression, gates; and hours of silence kept alive by echoes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "twin.h"

static struct twin w;

static void bring_up(bool compress)
{
    twin_init(&w, AUTH_MSCHAPV2, 7);
    w.client_conf.link.compress = w.server_conf.link.compress = compress;
    twin_start(&w);
    twin_run(&w, 3000);
    assert_non_null(strchr(w.client.log, 'N'));
    assert_non_null(strchr(w.server.log, 'N'));
}

static void assert_arrived(const struct twin_end *to, uint64_t packets, size_t n)
{
    if (to->packets != packets || to->packet_len != n)
        fail_msg("packet %u of %zu bytes: %u of %zu arrived, %u dropped", (unsigned)packets, n, (unsigned)to->packets,
                 to->packet_len, (unsigned)to->t.dropped);
    assert_int_equal(to->packet[0] >> 4, 4);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(to->packet[i], (uint8_t)(i * 31 + n));
}

/* The longest packets each way: 4091 less 4 bytes of PPP header, or less 1 with both compressions. */
static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 20, 40, 576, 1400, 1500, 4086, 4087, 4088, 4089, 4090, 4091, 4095, 65535 };
    for (unsigned compress = 0; compress < 2; compress++)
        for (int chunk = -1; chunk < 3; chunk++) {
            bring_up(compress);
            w.chunk = chunk * 700;
            if (chunk == -1)
                w.chunk = TWIN_RANDOM;
            uint64_t up = 0, down = 0;
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                bool fits = sizes[i] <= (compress ? 4090 : 4087);
                if ((sizes[i] < 8000 && twin_send(&w, &w.client, 4, sizes[i])) != fits)
                    fail_msg("%zu bytes, compress %u, chunk %d", sizes[i], compress, chunk);
                twin_settle(&w);
                if (fits)
                    assert_arrived(&w.server, ++up, sizes[i]);
                assert_int_equal(sizes[i] < 8000 && twin_send(&w, &w.server, 4, sizes[i]), fits);
                twin_settle(&w);
                if (fits)
                    assert_arrived(&w.client, ++down, sizes[i]);
            }
            uint8_t head[8];
            assert_int_equal(tunnel_data_head(&w.client.t, 4, 65535, head), 0);
            assert_int_equal(tunnel_data_head(&w.client.t, 4, 1400, head), compress ? 5 : 8);
            assert_int_equal(tunnel_data_head(&w.client.t, 6, 1400, head), 0); /* IPV6CP is not up */
            assert_int_equal(tunnel_data_head(&w.client.t, 5, 1400, head), 0);
            assert_true(up > 5 && w.server.t.dropped == 0 && w.client.t.dropped == 0);
            twin_done(&w);
        }
}

/* A batch in one read, with a control packet in its middle: all of it in order, the echo answered. */
static void test_batches(void **state)
{
    (void)state;
    bring_up(true);
    struct twin_pipe *p = &w.up;
    twin_settle(&w);
    p->head = p->len = 0;
    static const uint8_t echo[] = { 0x10, 1, 0, 8, 0, 8, 0, 0 };
    for (unsigned i = 0; i < 50; i++) {
        uint8_t head[8];
        size_t n = tunnel_data_head(&w.client.t, 4, 100, head);
        memcpy(p->bytes + p->len, head, n);
        memset(p->bytes + p->len + n, 0x45, 100);
        p->len += n + 100;
        if (i == 20 || i == 21 || i == 49) {
            memcpy(p->bytes + p->len, echo, sizeof echo);
            p->len += sizeof echo;
        }
    }
    uint64_t answered = w.down.total;
    twin_settle(&w);
    assert_int_equal(w.server.packets, 50);
    assert_int_equal(w.down.total - answered, 3 * 8);
    twin_done(&w);
}

/* What may not pass is dropped, and nothing else happens. */
static void test_dropped(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[16];
        size_t n;
        bool passes;
    } rows[] = {
        { "IPv4 in 0021", { 0x10, 0, 0, 9, 0x21, 0x45, 0, 0, 0 }, 9, true },
        { "IPv4 in 0021, not compressed", { 0x10, 0, 0, 12, 0xff, 3, 0, 0x21, 0x45, 0, 0, 0 }, 12, true },
        { "reserved bits set", { 0x10, 0xfe, 0xf0, 9, 0x21, 0x45, 0, 0, 0 }, 9, true },
        { "IPv6 in 0021", { 0x10, 0, 0, 9, 0x21, 0x65, 0, 0, 0 }, 9, false },
        { "IPv4 in 0057", { 0x10, 0, 0, 9, 0x57, 0x45, 0, 0, 0 }, 9, false },
        { "IPv6 in 0057 without IPV6CP", { 0x10, 0, 0, 9, 0x57, 0x65, 0, 0, 0 }, 9, false },
        { "nothing in 0021", { 0x10, 0, 0, 5, 0x21 }, 5, false },
        { "compressed 00fd", { 0x10, 0, 0, 9, 0xfd, 0x45, 0, 0, 0 }, 9, false },
        { "no frame at all", { 0x10, 0, 0, 4 }, 4, false },
        { "half a protocol", { 0x10, 0, 0, 5, 0x00 }, 5, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bring_up(false);
        uint64_t sent = w.down.total;
        memcpy(w.server.in, rows[i].bytes, rows[i].n);
        w.server.in_len = rows[i].n;
        twin_settle(&w);
        if (w.server.packets != rows[i].passes)
            fail_msg("%s", rows[i].what);
        assert_int_equal(w.down.total, sent);
        assert_int_equal(w.server.in_len, 0);
        assert_true(twin_send(&w, &w.client, 4, 100)); /* and it goes on */
        twin_settle(&w);
        assert_int_equal(w.server.packets, 1 + (rows[i].passes ? 1 : 0));
        twin_done(&w);
    }
}

/* User data at every turn before the network is up: never out, and no harm done ([MS-SSTP] 3.3.7). */
static void test_early_data(void **state)
{
    (void)state;
    static const uint8_t data[] = { 0x10, 0, 0,  28, 0xff, 3, 0,  0x21, 0x45, 0, 0,  20, 0, 0,
                                    0,    0, 64, 17, 0,    0, 10, 80,   0,    2, 10, 80, 0, 1 };
    for (unsigned who = 0; who < 2; who++)
        for (unsigned turns = 0; turns < 100; turns++) {
            twin_init(&w, AUTH_MSCHAPV2, turns);
            w.chunk = 4096;
            twin_start(&w);
            for (unsigned i = 0; i < turns; i++)
                (void)twin_turn(&w);
            struct twin_end *to = who ? &w.client : &w.server;
            if (to->t.phase != TUNNEL_SSTP || strchr(to->log, 'N'))
                continue;
            assert_int_equal(to->in_len, 0);
            memcpy(to->in, data, sizeof data);
            to->in_len = sizeof data;
            (void)twin_turn(&w);
            bool was_up = strchr(to->log, 'N');
            if (!was_up)
                assert_int_equal(to->packets, 0);
            uint8_t head[8];
            if (!was_up)
                assert_int_equal(tunnel_data_head(&to->t, 4, 100, head), 0);
            twin_run(&w, 3000);
            assert_non_null(strchr(w.client.log, 'N'));
            assert_non_null(strchr(w.server.log, 'N'));
            twin_done(&w);
        }
}

/* Hours without a packet: echoes keep it up. */
static void test_hours(void **state)
{
    (void)state;
    bring_up(true);
    uint64_t up = w.up.total, down = w.down.total;
    twin_run(&w, SECONDS(6 * 3600));
    assert_null(strchr(w.client.log, 'D'));
    assert_null(strchr(w.server.log, 'D'));
    uint64_t echoes = (w.up.total - up + w.down.total - down) / 16;
    assert_true(echoes >= 350 && echoes <= 730); /* one or both sides ask each minute */
    assert_true(twin_send(&w, &w.client, 4, 100));
    twin_settle(&w);
    assert_int_equal(w.server.packets, 1);
    tunnel_close(&w.client.t, TUNNEL_CAUSE_LOCAL, 0, w.now);
    twin_run(&w, 10000);
    assert_int_equal(w.server.down.cause, TUNNEL_CAUSE_PEER);
    twin_done(&w);
}

/* Data that goes past the machines keeps the hello timer quiet; data one way only does not answer for the other. */
static void test_hello(void **state)
{
    (void)state;
    bring_up(true);
    twin_settle(&w);
    uint64_t down = w.down.total;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(twin_send(&w, &w.client, 4, 60));
        twin_run(&w, 30000);
    }
    assert_int_equal(w.server.packets, 100);
    /* the server heard enough and never asked: all it sent are answers to the client's echoes */
    assert_true((w.down.total - down) % 8 == 0);
    assert_true((w.down.total - down) / 8 <= 51);
    /* the server's side goes dead: after two hellos the client ends without a word */
    w.server.gone = true;
    uint64_t up = w.up.total;
    for (unsigned i = 0; i < 100 && !strchr(w.client.log, 'D'); i++) {
        w.now = tunnel_due(&w.client.t);
        tunnel_tick(&w.client.t, w.now);
        (void)twin_turn(&w);
    }
    assert_int_equal(w.client.down.cause, TUNNEL_CAUSE_HELLO_TIMEOUT);
    assert_int_equal(w.up.total - up, 8); /* one Echo Request and no Abort: [MS-SSTP] 3.1.2.3 */
    twin_done(&w);
}

/* After an end was begun no user data passes in either direction. */
static void test_data_after_close(void **state)
{
    (void)state;
    bring_up(true);
    uint8_t head[8];
    tunnel_close(&w.server.t, TUNNEL_CAUSE_LOCAL, 0, w.now);
    assert_int_equal(tunnel_data_head(&w.server.t, 4, 100, head), 0);
    struct twin_pipe *p = &w.up;
    assert_int_equal(p->len, 0);
    size_t n = tunnel_data_head(&w.client.t, 4, 100, head);
    assert_true(n > 0);
    p->head = 0;
    memcpy(p->bytes, head, n);
    memset(p->bytes + n, 0x45, 100);
    p->len = n + 100;
    twin_run(&w, 10000);
    assert_int_equal(w.server.packets, 0);
    assert_non_null(strchr(w.server.log, 'D'));
    assert_int_equal(tunnel_data_head(&w.client.t, 4, 100, head), 0);
    twin_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_early_data),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_data_after_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

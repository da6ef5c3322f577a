/* Two streams, client and server, over a socketpair with real TLS: up, packets, a reader that stalls, every kind of end.
 *
 * The clock is ours; nothing sleeps. PAP keeps authentication to one question, which the test answers itself. */
#include "stream_ends.h"

static void packets_flow_both_ways(void **state)
{
    static const uint32_t sizes[] = { 24, 25, 64, 576, 1399, 1400 };
    uint32_t number = 1;
    (void)state;
    bring_up();
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (unsigned n = 1; n <= 40; n += 13, number += 40) {
            send_numbered(&client, number, n, sizes[i]);
            send_numbered(&server, number, n, sizes[i]);
            turns(4, 0);
        }
    assert_int_equal(server.got, client.got);
    assert_int_equal(server.got, 6 * (1 + 14 + 27 + 40));
    assert_int_equal(server.s.count.packets_in, server.got);
    assert_int_equal(server.s.count.packets_out, client.got);
    assert_int_equal(drops_sum(&server.s.count.drops) + drops_sum(&client.s.count.drops), 0);
    assert_null(server.s.out.block); /* nothing is held when there is nothing to hold */
    assert_null(server.s.carry.block);
    assert_null(server.s.queue.table);
}

/* Carries what one end sent to the other, `chunk` bytes at a time. */
static void carry(int from, int to, size_t chunk)
{
    uint8_t buf[4096];
    ssize_t n = recv(from, buf, chunk < sizeof(buf) ? chunk : sizeof(buf), MSG_DONTWAIT);
    if (n > 0)
        assert_int_equal(send(to, buf, (size_t)n, 0), n);
}

static void any_chunk_size_will_do(void **state)
{
    static const size_t chunks[] = { 1, 2, 3, 7, 61, 1000, 4096 };
    (void)state;
    for (unsigned c = 0; c < sizeof(chunks) / sizeof(chunks[0]); c++) {
        int a[2], b[2];
        tear_down(NULL);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b), 0);
        start_end(&server, a[0]);
        start_end(&client, b[0]);
        bool sent = false;
        for (unsigned i = 0; i < 60000 && client.got + server.got < 20; i++) {
            carry(a[1], b[1], chunks[c]);
            carry(b[1], a[1], chunks[c]);
            turns(1, i % 100 == 0);
            if (server.up && client.up && !sent) {
                sent = true;
                send_numbered(&server, 1, 10, PACKET);
                send_numbered(&client, 1, 10, 100);
            }
        }
        assert_int_equal(client.got, 10);
        assert_int_equal(server.got, 10);
        close(a[1]);
        close(b[1]);
    }
}

static void nothing_is_sent_before_it_is_up(void **state)
{
    (void)state;
    send_numbered(&server, 1, 3, 100);
    assert_int_equal(server.s.count.drops.n[DROP_NOT_UP], 3);
    assert_int_equal(server.s.count.packets_out, 0);
    bring_up();
    assert_int_equal(client.got, 0);
}

static void too_long_packets_are_dropped(void **state)
{
    static uint8_t large[5000] = { 0x45 };
    struct batch b = { 0 };
    (void)state;
    bring_up();
    batch_add(&b, large, 4092);
    batch_add(&b, large, 5000);
    batch_add(&b, large, 0);
    stream_send(&server.s, &b, now);
    turns(3, 0);
    assert_int_equal(client.got, 0);
    assert_int_equal(drops_sum(&server.s.count.drops), 3);
}

/* The issue: a client that stops reading costs under 256 KiB, and packets are dropped before TLS, never in the stream. */
static void a_stalled_reader_costs_three_blocks(void **state)
{
    uint32_t number = 1;
    (void)state;
    bring_up();
    client.deaf = true;
    for (unsigned i = 0; i < 300; i++, number += 32, now++) { /* 13 MB */
        send_numbered(&server, number, 32, PACKET);
        turn(&server);
    }
    assert_true(server.s.count.drops.n[DROP_QUEUE] > 9000);
    assert_non_null(server.s.out.block);
    assert_true(fq_memory(&server.s.queue, &server.bench.fq) + STREAM_OUT + STREAM_CARRY < 262144);
    assert_true(stream_wants(&server.s) & LOOP_WRITE);
    client.deaf = false;
    turns(50, 0);
    assert_int_equal(client.got + server.s.count.drops.n[DROP_QUEUE], 9600);
    assert_int_equal(client.got, server.s.count.packets_out);
    assert_null(server.s.out.block);
    assert_null(server.s.queue.table);
    assert_false(stream_wants(&server.s) & LOOP_WRITE);
    uint64_t before = client.got;
    send_numbered(&server, number, 32, PACKET); /* the stream is whole */
    turns(30, 10);
    assert_int_equal(client.got, before + 32);
}

/* Packets that wait leave by shares; control messages do not wait for them. */
static void a_turn_sends_its_share(void **state)
{
    (void)state;
    bring_up();
    assert_false(stream_ready(&server.s));
    struct batch b = numbered(1, 30, PACKET);
    stream_queue(&server.s, &b, now);
    assert_int_equal(server.s.queue.packets, 30);
    assert_true(stream_ready(&server.s));
    assert_int_equal(stream_turn(&server.s, 0, now), 0);
    assert_int_equal(server.s.queue.packets, 30);
    assert_int_equal(stream_turn(&server.s, 1, now), PACKET); /* one packet at least, and never a part of one */
    assert_int_equal(stream_turn(&server.s, 9 * PACKET, now), 9 * PACKET);
    assert_int_equal(server.s.queue.packets, 20);
    turn(&client);
    assert_int_equal(client.got, 10);
    uint64_t shipped = server.bench.shipped;
    stream_close(&server.s, TUNNEL_CAUSE_LOCAL, 0, now);
    assert_int_equal(stream_turn(&server.s, 0, now), 0);
    assert_true(server.bench.shipped > shipped);
    turn(&client);
    assert_int_equal(client.got, 10);
}

/* Nothing is left to a turn by one that is blocked, over, or has nothing. */
static void a_blocked_stream_is_not_ready(void **state)
{
    (void)state;
    bring_up();
    client.deaf = true;
    for (unsigned i = 0; i < 8; i++)
        send_numbered(&server, 1 + 50 * i, 50, PACKET);
    assert_true(server.s.queue.packets > 0);
    assert_false(stream_ready(&server.s));
    assert_int_equal(stream_turn(&server.s, STREAM_SHARE, now), 0);
    stream_abort(&server.s, STREAM_CAUSE_ABORT);
    assert_false(stream_ready(&server.s));
    assert_int_equal(stream_turn(&server.s, STREAM_SHARE, now), 0);
}

static void an_orderly_end_is_told_to_both(void **state)
{
    (void)state;
    bring_up();
    stream_close(&server.s, TUNNEL_CAUSE_LOCAL, 0, now);
    turns(200, 50);
    assert_true(server.down && client.down);
    assert_int_equal(server.why, TUNNEL_CAUSE_LOCAL);
    assert_int_equal(client.why, TUNNEL_CAUSE_PEER);
    assert_true(server.dead && client.dead);
    assert_int_equal(server.cause, STREAM_CAUSE_NONE);
    assert_int_equal(stream_wants(&server.s), 0);
    assert_true(stream_due(&server.s) == NEVER);
}

static void an_end_towards_a_stalled_peer_is_bounded(void **state)
{
    (void)state;
    bring_up();
    client.deaf = true;
    for (uint32_t i = 0; i < 20; i++)
        send_numbered(&server, 1 + i * 32, 32, PACKET);
    stream_close(&server.s, TUNNEL_CAUSE_LOCAL, 0, now);
    for (unsigned i = 0; i < 400 && !server.dead; i++, now += 50)
        turn(&server);
    assert_true(server.down && server.dead);
}

static void a_lost_peer_ends_it(void **state)
{
    (void)state;
    bring_up();
    assert_int_equal(shutdown(client.s.fd, SHUT_RDWR), 0);
    turn(&server);
    assert_true(server.down && server.dead);
    assert_int_equal(server.why, TUNNEL_CAUSE_LOST);
    assert_int_equal(server.cause, STREAM_CAUSE_LOST);
}

static void sending_to_a_lost_peer_ends_it(void **state)
{
    (void)state;
    bring_up();
    assert_int_equal(shutdown(client.s.fd, SHUT_RDWR), 0);
    send_numbered(&server, 1, 32, PACKET);
    send_numbered(&server, 33, 32, PACKET);
    take_events(&server);
    assert_true(server.down && server.dead);
    send_numbered(&server, 65, 32, PACKET); /* harmless */
    assert_int_equal(server.s.count.drops.n[DROP_NOT_UP] >= 32, 1);
}

static void a_silent_peer_meets_the_deadline(void **state)
{
    (void)state;
    turn(&server);
    assert_true(stream_due(&server.s) == now + 10000);
    now += 9999;
    turn(&server);
    assert_false(server.dead);
    now += 1;
    turn(&server);
    assert_true(server.dead && !server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_DEADLINE);
    assert_null(server.s.tls); /* a connection that says nothing costs no TLS */
}

static void garbage_instead_of_tls_ends_it(void **state)
{
    static const char junk[] = "SSH-2.0-OpenSSH_9.2p1 Debian\r\n";
    (void)state;
    assert_int_equal(send(client.s.fd, junk, sizeof(junk), 0), sizeof(junk));
    turn(&server);
    assert_true(server.dead && !server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_TLS);
}

static void damaged_ciphertext_ends_it(void **state)
{
    static uint8_t junk[100] = { 23, 3, 3, 0, 95 };
    (void)state;
    bring_up();
    assert_int_equal(send(client.s.fd, junk, sizeof(junk), 0), sizeof(junk));
    turn(&server);
    assert_true(server.dead && server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_TLS);
    assert_int_equal(server.why, TUNNEL_CAUSE_LOST);
}

static void abort_is_at_once(void **state)
{
    (void)state;
    bring_up();
    stream_abort(&server.s, STREAM_CAUSE_ABORT);
    take_events(&server);
    assert_true(server.dead && !server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_ABORT);
}

static void closing_during_the_handshake_is_at_once(void **state)
{
    (void)state;
    stream_close(&server.s, TUNNEL_CAUSE_LOCAL, 0, now);
    take_events(&server);
    assert_true(server.dead && !server.down);
}

/* Keys may change at any time (RFC 8446 4.6.3), in both directions, and nothing is lost. */
static void new_keys_lose_nothing(void **state)
{
    uint32_t number = 1;
    (void)state;
    bring_up();
    for (unsigned i = 0; i < 300; i++, number += 20) {
        if (i % 3 == 0)
            assert_int_equal(tls_key_update(i % 2 ? server.s.tls : client.s.tls, i % 4 != 0), 0);
        send_numbered(&client, number, 20, PACKET);
        send_numbered(&server, number, 20, PACKET);
        turns(2, 0);
    }
    turns(4, 0);
    assert_int_equal(server.got, 6000);
    assert_int_equal(client.got, 6000);
    assert_int_equal(drops_sum(&server.s.count.drops) + drops_sum(&client.s.count.drops), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(packets_flow_both_ways),
        T(any_chunk_size_will_do),
        T(nothing_is_sent_before_it_is_up),
        T(too_long_packets_are_dropped),
        T(new_keys_lose_nothing),
        T(a_stalled_reader_costs_three_blocks),
        T(a_turn_sends_its_share),
        T(a_blocked_stream_is_not_ready),
        T(an_orderly_end_is_told_to_both),
        T(an_end_towards_a_stalled_peer_is_bounded),
        T(a_lost_peer_ends_it),
        T(sending_to_a_lost_peer_ends_it),
        T(a_silent_peer_meets_the_deadline),
        T(garbage_instead_of_tls_ends_it),
        T(damaged_ciphertext_ends_it),
        T(abort_is_at_once),
        T(closing_during_the_handshake_is_at_once),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}

/* Tests of dp/tunq: what one batch becomes in writes, what a read gives. A pair of sockets that keep messages apart stands
 * in for the TUN queue: one write is one message. */
#include "../seg/made.h"

#include "dp/tunq.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAYLOAD = 36, ROOM = 2048 };

static struct tunq queue;
static struct drops drops;
static struct batch batch;
static uint8_t packets[BATCH_MAX][ROOM], data[ROOM], message[PACKET_MAX];
static int kernel; /* the other end */

static void up(unsigned offload)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    kernel = fds[1];
    tunq_init(&queue, fds[0], offload);
    drops = (struct drops){ 0 };
    batch_clear(&batch);
}

static void down(void)
{
    close(queue.fd);
    close(kernel);
}

static void add(const struct made *m)
{
    size_t n = made_packet(m, packets[batch.n], false);
    batch_add(&batch, packets[batch.n], n);
}

/* n datagrams of a flow, identifications `id`, `id + step`, …, don't fragment or not. */
static void datagrams(unsigned n, uint16_t sport, unsigned step, bool df)
{
    for (unsigned i = 0; i < n; i++) {
        struct made m = made_udp(4, data, PAYLOAD);
        m.sport = sport;
        m.id = (uint16_t)(i * step);
        m.df = df;
        add(&m);
    }
}

static unsigned writes(void)
{
    unsigned n = 0;
    tunq_write(&queue, &batch, &drops);
    while (recv(kernel, message, sizeof message, 0) > 0)
        n++;
    batch_clear(&batch);
    return n;
}

static void test_datagrams_of_a_flow_are_one_write(void **state)
{
    (void)state;
    up(TUN_TSO | TUN_USO);
    datagrams(5, 4000, 1, true);
    tunq_write(&queue, &batch, &drops);
    ssize_t n = recv(kernel, message, sizeof message, 0);
    struct vnet v = vnet_read(message);
    assert_int_equal(n, VNET_HDR + 28 + 5 * PAYLOAD);
    assert_int_equal(v.gso_type, VNET_GSO_UDP_L4);
    assert_int_equal(v.gso_size, PAYLOAD);
    assert_true(recv(kernel, message, sizeof message, 0) < 0 && errno == EAGAIN);
    assert_int_equal(drops_sum(&drops), 0);
    down();
}

/* Sockets that are not connected send 0, and so does what a QUIC server sends. */
static void test_a_fixed_identification_does_not_hinder(void **state)
{
    (void)state;
    up(TUN_TSO | TUN_USO);
    datagrams(5, 4000, 0, true);
    assert_int_equal(writes(), 1);
    datagrams(5, 4000, 0, false); /* may be cut on its way: the identification means something */
    assert_int_equal(writes(), 5);
    down();
}

static void test_segments_with_a_fixed_identification(void **state)
{
    (void)state;
    up(TUN_TSO);
    for (unsigned i = 0; i < 4; i++) {
        struct made m = made_tcp(4, data, 1000);
        m.id = 0;
        m.seq = 1000 + i * 1000;
        add(&m);
    }
    assert_int_equal(writes(), 1);
    down();
}

static void test_flows_stay_apart(void **state)
{
    (void)state;
    up(TUN_TSO | TUN_USO);
    for (unsigned i = 0; i < 12; i++)
        datagrams(1, (uint16_t)(4000 + i % 3), 0, true);
    assert_int_equal(writes(), 3);
    down();
}

static void test_without_offloads_a_write_a_packet(void **state)
{
    (void)state;
    up(TUN_TSO); /* a kernel without USO */
    datagrams(5, 4000, 1, true);
    assert_int_equal(writes(), 5);
    down();
    up(0);
    datagrams(5, 4000, 1, true);
    tunq_write(&queue, &batch, &drops);
    for (unsigned i = 0; i < 5; i++) {
        static const uint8_t none[VNET_HDR];
        assert_int_equal(recv(kernel, message, sizeof message, 0), VNET_HDR + 28 + PAYLOAD);
        assert_memory_equal(message, none, VNET_HDR);
        assert_memory_equal(message + VNET_HDR, packets[i], 28 + PAYLOAD);
    }
    down();
}

static void test_what_the_kernel_does_not_take_is_counted_by_packets(void **state)
{
    (void)state;
    up(TUN_TSO | TUN_USO);
    close(kernel); /* every write fails */
    kernel = -1;
    datagrams(5, 4000, 1, true);
    datagrams(2, 5000, 1, true);
    datagrams(1, 6000, 1, true);
    tunq_write(&queue, &batch, &drops);
    assert_int_equal(drops.n[DROP_TUN], 8);
    close(queue.fd);
}

static void give(size_t n)
{
    memset(message, 0x45, n);
    assert_int_equal(send(kernel, message, n, 0), n);
}

static void test_reading(void **state)
{
    struct arena arena;
    bool more = false;
    (void)state;
    up(0);
    assert_int_equal(arena_init(&arena, PACKET_HEAD + PACKET_MAX + 2000), 0);
    assert_int_equal(tunq_read(&queue, &arena, &batch, &more), 0);
    assert_false(more);
    give(TUN_VNET_HDR + 40);
    give(TUN_VNET_HDR); /* nothing in it */
    give(TUN_VNET_HDR + 60000);
    give(TUN_VNET_HDR + 1400);
    assert_int_equal(tunq_read(&queue, &arena, &batch, &more), 2); /* no room for a third of any size */
    assert_true(more);
    assert_int_equal(batch.at[0].n, 40);
    assert_int_equal(batch.at[1].n, 60000);
    assert_int_equal(tunq_read(&queue, &arena, &batch, &more), 1);
    assert_false(more);
    assert_int_equal(batch.at[0].n, 1400);
    assert_int_equal(batch.at[0].vnet[0], 0x45);
    arena_done(&arena);
    down();
}

static void test_a_queue_that_is_gone(void **state)
{
    struct arena arena;
    bool more;
    (void)state;
    up(0);
    assert_int_equal(arena_init(&arena, TUNQ_ARENA), 0);
    down();
    queue.fd = -1;
    assert_int_equal(tunq_read(&queue, &arena, &batch, &more), ERR_SYSTEM);
    assert_false(more);
    arena_done(&arena);
}

static void test_standing(void **state)
{
    (void)state;
    tunq_init(&queue, -1, 0);
    assert_false(tunq_stands(&queue, 1000));
    tunq_note(&queue, true, 1000);
    assert_false(tunq_stands(&queue, 1000 + TUNQ_STANDING - 1));
    tunq_note(&queue, true, 1003); /* still the same time */
    assert_true(tunq_stands(&queue, 1000 + TUNQ_STANDING));
    tunq_note(&queue, false, 1010); /* found empty */
    assert_false(tunq_stands(&queue, 5000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_datagrams_of_a_flow_are_one_write),
        cmocka_unit_test(test_a_fixed_identification_does_not_hinder),
        cmocka_unit_test(test_segments_with_a_fixed_identification),
        cmocka_unit_test(test_flows_stay_apart),
        cmocka_unit_test(test_without_offloads_a_write_a_packet),
        cmocka_unit_test(test_what_the_kernel_does_not_take_is_counted_by_packets),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_a_queue_that_is_gone),
        cmocka_unit_test(test_standing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

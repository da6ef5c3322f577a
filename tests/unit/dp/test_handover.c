/* Batches between workers over a socketpair, arenas and blocks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/wr.h"
#include "dp/handover.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t out_buf[HANDOVER_MAX], in_buf[HANDOVER_MAX];
static uint8_t bytes[PACKET_MAX];
static int fds[2];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    return handover_pair(fds);
}

static int tear_down(void **state)
{
    (void)state;
    close(fds[0]);
    close(fds[1]);
    return 0;
}

static void packets_arrive_whole_and_in_order(void **state)
{
    static const uint32_t sizes[] = { 1, 20, 1400, 40, 4091 };
    struct batch b = { 0 }, got;
    struct drops drops = { 0 };
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        batch_add(&b, bytes + i, sizes[i]);
        b.at[i].vnet[0] = (uint8_t)i;
    }
    handover_send(fds[0], &b, out_buf, &drops);
    assert_int_equal(handover_recv(fds[1], in_buf, &got), 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(got.at[i].n, sizes[i]);
        assert_memory_equal(got.at[i].p, bytes + i, sizes[i]);
        assert_int_equal(got.at[i].vnet[0], i);
    }
    assert_int_equal(handover_recv(fds[1], in_buf, &got), 0);
    assert_int_equal(drops_sum(&drops), 0);
}

static void the_largest_packets_take_a_datagram_each(void **state)
{
    struct batch b = { 0 }, got;
    struct drops drops = { 0 };
    (void)state;
    batch_add(&b, bytes, 65535);
    batch_add(&b, bytes, 65535);
    handover_send(fds[0], &b, out_buf, &drops);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(handover_recv(fds[1], in_buf, &got), 1);
        assert_int_equal(got.at[0].n, 65535);
        assert_memory_equal(got.at[0].p, bytes, 65535);
    }
    assert_int_equal(drops_sum(&drops), 0);
}

static void a_full_way_drops_and_counts(void **state)
{
    struct batch b = { 0 }, got;
    struct drops drops = { 0 };
    uint64_t sent = 0, received = 0;
    (void)state;
    for (unsigned i = 0; i < 40; i++)
        batch_add(&b, bytes, 1400);
    for (unsigned i = 0; i < 2000; i++, sent += 40)
        handover_send(fds[0], &b, out_buf, &drops);
    assert_true(drops.n[DROP_HANDOVER] > 0); /* it is bounded */
    int n;
    while ((n = handover_recv(fds[1], in_buf, &got)) > 0)
        received += (uint64_t)n;
    assert_int_equal(n, 0);
    assert_int_equal(received + drops.n[DROP_HANDOVER], sent);
}

static void malformed_datagrams_give_nothing(void **state)
{
    static const uint32_t lengths[] = { 0, 9, 11, 0xffffffff, 65536 };
    struct batch got;
    (void)state;
    for (unsigned i = 0; i < 5; i++) { /* 10 bytes of packet are there */
        uint8_t buf[4 + TUN_VNET_HDR + 10] = { 0 };
        struct wr w = wr_of(buf, sizeof(buf));
        wr_u32(&w, lengths[i]);
        assert_int_equal(send(fds[0], buf, sizeof(buf), 0), sizeof(buf));
        assert_int_equal(handover_recv(fds[1], in_buf, &got), ERR_LENGTH);
        assert_int_equal(got.n, 0);
    }
    for (size_t n = 1; n < 4 + TUN_VNET_HDR; n++) {
        assert_int_equal(send(fds[0], bytes, n, 0), n);
        assert_int_equal(handover_recv(fds[1], in_buf, &got), ERR_LENGTH);
    }
}

static void too_many_packets_are_refused(void **state)
{
    uint8_t buf[(BATCH_MAX + 1) * (4 + TUN_VNET_HDR + 1)];
    struct wr w = wr_of(buf, sizeof(buf));
    struct batch got;
    (void)state;
    for (unsigned i = 0; i < BATCH_MAX + 1; i++) {
        wr_u32(&w, 1);
        wr_zero(&w, TUN_VNET_HDR + 1);
    }
    assert_int_equal(send(fds[0], buf, wr_len(&w), 0), wr_len(&w));
    assert_int_equal(handover_recv(fds[1], in_buf, &got), ERR_LENGTH);
}

static void an_arena_ends(void **state)
{
    struct arena a;
    (void)state;
    assert_int_equal(arena_init(&a, 3 * (PACKET_HEAD + 1000)), 0);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t *p = arena_room(&a, 990);
        assert_non_null(p);
        memset(p - PACKET_HEAD, 1, PACKET_HEAD + 990);
        arena_take(&a, 990);
    }
    assert_null(arena_room(&a, 990));
    arena_clear(&a);
    assert_non_null(arena_room(&a, 990));
    arena_done(&a);
}

static void blocks_come_back(void **state)
{
    struct blocks b;
    uint8_t *got[4];
    (void)state;
    blocks_init(&b, 100, 2);
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(got[i] = blocks_get(&b));
    for (unsigned i = 0; i < 4; i++)
        blocks_put(&b, got[i]);
    assert_int_equal(b.n_free, 2); /* the others went back to the allocator */
    assert_ptr_equal(blocks_get(&b), got[1]);
    assert_ptr_equal(blocks_get(&b), got[0]);
    blocks_put(&b, got[0]);
    blocks_put(&b, got[1]);
    blocks_put(&b, NULL);
    blocks_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(packets_arrive_whole_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_packets_take_a_datagram_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_way_drops_and_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(malformed_datagrams_give_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_packets_are_refused, set_up, tear_down),
        cmocka_unit_test(an_arena_ends),
        cmocka_unit_test(blocks_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

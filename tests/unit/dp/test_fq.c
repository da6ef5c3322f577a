/* The queue, call by call: turns, sparse flows, pieces of super-packets, limits, marks, what is lent and given back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/fq.h"
#include "dp/fq_class.h"
#include "test_fq_packets.h"

enum { MS = 1000, SEED = 42, FLOWS = 6 };

struct rig {
    struct fq_conf conf;
    struct fq_bench b;
    struct fq q;
    unsigned flow[FLOWS]; /* ports that fall into different buckets */
    uint64_t serial;
};

static uint8_t buf[PACKET_MAX];

static void rig_begin(struct rig *r)
{
    fq_bench_init(&r->b, &r->conf, SEED, 2);
    r->q = (struct fq){ 0 };
    r->serial = 0;
    uint32_t taken = 0;
    for (unsigned port = 0, n = 0; n < FLOWS; port++) {
        struct packet p = packet_of(buf, port, 0, 100, 0);
        uint32_t bucket = UINT32_C(1) << fq_class(slice_of(p.p, p.n), SEED) % FQ_FLOWS;
        if (!(taken & bucket))
            r->flow[n++] = port;
        taken |= bucket;
    }
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof(*r));
    r->conf = fq_defaults;
    *state = r;
    rig_begin(r);
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    fq_done(&r->q, &r->b);
    assert_int_equal(fq_memory(&r->q, &r->b), 0);
    fq_bench_done(&r->b);
    free(r);
    return 0;
}

static bool push(struct rig *r, unsigned flow, uint32_t n, unsigned tos, usec now)
{
    struct packet p = packet_of(buf, r->flow[flow], r->serial++, n, tos);
    return fq_push(&r->q, &r->b, &p, now);
}

static unsigned flow_of(const struct rig *r, const struct packet *p)
{
    unsigned port = packet_flow(p);
    for (unsigned i = 0; i < FLOWS; i++) {
        if (r->flow[i] == port)
            return i;
    }
    fail();
    return 0;
}

/* Takes one whole packet: its length and flow. */
static uint32_t pop(struct rig *r, usec now, unsigned *flow)
{
    struct fq_turn t;
    if (!fq_next(&r->q, &r->b, now, &t))
        return 0;
    assert_true(packet_intact(&t.packet));
    *flow = flow_of(r, &t.packet);
    fq_sent(&r->q, &r->b, t.packet.n);
    return t.packet.n;
}

static void empty_holds_nothing(void **state)
{
    struct rig *r = *state;
    struct fq_turn t;
    assert_true(sizeof(struct fq) <= 64);
    assert_true(fq_empty(&r->q));
    assert_false(fq_next(&r->q, &r->b, 0, &t));
    fq_sent(&r->q, &r->b, 100);
    assert_int_equal(fq_memory(&r->q, &r->b), 0);
    assert_null(r->b.blocks.free);
}

static void one_in_one_out(void **state)
{
    struct rig *r = *state;
    struct fq_turn t, again;
    struct packet p = packet_of(buf, 1, 99, 500, 0);
    p.vnet[0] = 1;
    p.vnet[TUN_VNET_HDR - 1] = 0xee;
    assert_true(fq_push(&r->q, &r->b, &p, 10 * MS));
    assert_int_equal(r->q.packets, 1);
    assert_int_equal(r->q.bytes, 500);
    assert_true(fq_memory(&r->q, &r->b) >= FQ_BLOCK);
    assert_true(fq_next(&r->q, &r->b, 13 * MS, &t));
    assert_true(fq_next(&r->q, &r->b, 13 * MS, &again));
    assert_ptr_equal(t.packet.p, again.packet.p);
    assert_int_equal(t.packet.n, 500);
    assert_memory_equal(t.packet.p, buf, 500);
    assert_memory_equal(t.packet.vnet, p.vnet, TUN_VNET_HDR);
    assert_int_equal(t.sent, 0);
    assert_int_equal(t.share, UINT32_MAX);
    assert_int_equal(r->q.sojourn, 3 * MS);
    fq_sent(&r->q, &r->b, 500);
    assert_true(fq_empty(&r->q));
    assert_int_equal(r->q.bytes, 0);
    assert_int_equal(fq_memory(&r->q, &r->b), 0);
}

/* Packets of 64, 1400 and 9000 bytes and super-packets: each flow gets the same number of bytes. */
static void fair_in_bytes(void **state)
{
    static const uint32_t size[4] = { 64, 1400, 9000, 65000 };
    struct rig *r = *state;
    uint64_t sent[4] = { 0 };
    unsigned flow;
    r->conf.bytes = 1 << 30;
    r->conf.packets = 1 << 20;
    rig_begin(r);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned n = 0; n < 2000000 / size[i]; n++)
            assert_true(push(r, i, size[i], 0, 0));
    }
    for (uint64_t total = 0; total < 4000000;) {
        uint32_t n = pop(r, 0, &flow);
        sent[flow] += n;
        total += n;
    }
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(sent[i], 1000000 - 70000, 1000000 + 70000);
}

/* A new flow with little to send does not wait behind old ones. */
static void sparse_goes_first(void **state)
{
    struct rig *r = *state;
    unsigned flow;
    for (unsigned i = 0; i < 30; i++)
        assert_true(push(r, i % 2, 1400, 0, 0));
    for (unsigned i = 0; i < 6; i++)
        assert_true(pop(r, 0, &flow));
    assert_true(push(r, 2, 100, 0, 0));
    assert_int_equal(pop(r, 0, &flow), 100);
    assert_int_equal(flow, 2);
}

/* RFC 8290 4.2: flows that run empty and come back are not new each time, or two of them would starve an old one. */
static void coming_back_starves_nobody(void **state)
{
    struct rig *r = *state;
    uint64_t sent[3] = { 0 };
    unsigned flow;
    r->conf.bytes = 1 << 30;
    rig_begin(r);
    for (unsigned i = 0; i < 1000; i++)
        assert_true(push(r, 0, 1400, 0, 0));
    for (unsigned i = 0; i < 3; i++) /* the old one is old */
        assert_true(pop(r, 0, &flow));
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(push(r, 1 + i % 2, 1000, 0, 0));
        uint32_t n = pop(r, 0, &flow);
        sent[flow] += n;
    }
    assert_in_range(sent[0], 250000, 500000); /* a third */
}

/* While a super-packet goes out in pieces, others take their turns, and its own flow stays in order. */
static void pieces_of_a_super_packet(void **state)
{
    struct rig *r = *state;
    uint32_t pieces = 0, others = 0, since = 0, most = 0, before = 0;
    struct fq_turn t;
    assert_true(push(r, 0, 65000, 0, 0));
    for (unsigned i = 0; i < 20; i++)
        assert_true(push(r, 1, 1000, 0, 0));
    while (fq_next(&r->q, &r->b, 0, &t)) {
        if (t.packet.n == 1000) {
            fq_sent(&r->q, &r->b, 1000);
            others++;
            since = 0;
            continue;
        }
        assert_int_equal(t.sent, before);
        uint32_t end = t.sent + (t.share < 1400 ? t.share : 1400);
        since += others < 20 ? end - t.sent : 0;
        most = since > most ? since : most;
        before = end;
        fq_sent(&r->q, &r->b, end);
        pieces++;
        assert_int_equal(r->q.bytes, 65000 - (end < 65000 ? end : 65000) + (20 - others) * 1000);
    }
    assert_int_equal(others, 20);
    assert_true(pieces >= 47);
    assert_true(most <= 2 * FQ_QUANTUM);
    assert_true(fq_empty(&r->q));
}

static void alone_has_no_share(void **state)
{
    struct rig *r = *state;
    struct fq_turn t;
    assert_true(push(r, 0, 60000, 0, 0));
    assert_true(fq_next(&r->q, &r->b, 0, &t));
    assert_int_equal(t.share, UINT32_MAX);
    fq_sent(&r->q, &r->b, 20000);
    assert_true(push(r, 1, 1000, 0, 0));
    fq_sent(&r->q, &r->b, 60000); /* not asked for since the push: ignored */
    assert_int_equal(r->q.bytes, 41000);
    assert_true(fq_next(&r->q, &r->b, 0, &t));
    assert_int_equal(t.packet.n, 1000);
    assert_in_range(t.share, 1, FQ_QUANTUM);
    fq_sent(&r->q, &r->b, 0); /* nothing of it */
    assert_int_equal(r->q.bytes, 41000);
    fq_sent(&r->q, &r->b, 1000);
    assert_int_equal(r->q.bytes, 41000);
}

/* RFC 8290 4.1: the longest flow loses its oldest packets; the newcomer and the others are safe. */
static void overflow_hits_the_longest(void **state)
{
    struct rig *r = *state;
    unsigned flow, small = 0, big = 0;
    uint64_t first = 0;
    struct fq_turn t;
    for (unsigned i = 0; i < 5; i++)
        assert_true(push(r, 1, 100, 0, 0));
    for (unsigned i = 0; i < 100; i++)
        assert_true(push(r, 0, 1400, 0, 0));
    assert_true(push(r, 2, 1000, 0, 0));
    assert_in_range(r->q.bytes, FQ_BYTES - 1400, FQ_BYTES + 1400);
    assert_int_equal(r->q.packets + r->q.overflowed, 106);
    while (fq_next(&r->q, &r->b, 0, &t)) {
        flow = flow_of(r, &t.packet);
        small += flow == 1;
        if (flow == 0 && !big++)
            first = packet_serial(&t.packet);
        fq_sent(&r->q, &r->b, t.packet.n);
    }
    assert_int_equal(small, 5);
    assert_int_equal(big, 100 - r->q.overflowed);
    assert_int_equal(first, 5 + r->q.overflowed); /* the oldest went */
    assert_int_equal(r->q.dropped, 0);
}

static void limit_of_packets(void **state)
{
    struct rig *r = *state;
    r->conf.packets = 10;
    rig_begin(r);
    for (unsigned i = 0; i < 30; i++)
        assert_true(push(r, i % 3, 40, 0, 0));
    assert_int_equal(r->q.packets, 10);
    assert_int_equal(r->q.overflowed, 20);
}

static void packets_without_bytes(void **state)
{
    struct rig *r = *state;
    struct packet none = { .p = buf, .n = 0 };
    struct fq_turn t;
    unsigned n = 0;
    r->conf.packets = 3;
    rig_begin(r);
    for (unsigned i = 0; i < 10; i++)
        assert_true(fq_push(&r->q, &r->b, &none, 0));
    assert_int_equal(r->q.overflowed, 7);
    while (fq_next(&r->q, &r->b, 0, &t)) {
        assert_int_equal(t.packet.n, 0);
        fq_sent(&r->q, &r->b, 0);
        n++;
    }
    assert_int_equal(n, 3);
    assert_int_equal(fq_memory(&r->q, &r->b), 0);
}

/* A super-packet is admitted while the limit is not reached, whatever its length. */
static void super_packets_are_admitted(void **state)
{
    struct rig *r = *state;
    r->conf.bytes = 65536;
    rig_begin(r);
    assert_true(push(r, 0, 100, 0, 0));
    assert_true(push(r, 1, 65535, 0, 0));
    assert_int_equal(r->q.overflowed, 0);
    assert_int_equal(r->q.packets, 2);
    assert_true(push(r, 1, 65535, 0, 0));
    assert_int_equal(r->q.overflowed, 1);
    assert_int_equal(r->q.packets, 2);
    assert_true(fq_memory(&r->q, &r->b) <= 4 * FQ_BLOCK);
}

static void too_long_for_a_block(void **state)
{
    struct rig *r = *state;
    r->conf.block = 4096;
    rig_begin(r);
    assert_false(push(r, 0, 5000, 0, 0));
    assert_int_equal(r->q.overflowed, 1);
    assert_int_equal(fq_memory(&r->q, &r->b), 0);
    assert_true(push(r, 0, 3000, 0, 0));
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void no_memory(void **state)
{
    struct rig *r = *state;
    size_t table = r->b.tables.size, block = r->b.blocks.size;
    r->b.tables.size = (size_t)PTRDIFF_MAX + 1;
    assert_false(push(r, 0, 100, 0, 0));
    r->b.tables.size = table;
    r->b.blocks.size = (size_t)PTRDIFF_MAX + 1;
    assert_false(push(r, 0, 100, 0, 0));
    r->b.blocks.size = block;
    assert_int_equal(r->q.overflowed, 2);
    assert_int_equal(fq_memory(&r->q, &r->b), 0);
    assert_true(push(r, 0, 100, 0, 0));
}

/* A queue that stands for a second: one packet in, one out, 20 ms later. Returns how many came out. */
static unsigned stand(struct rig *r, unsigned tos, unsigned *ce)
{
    unsigned n = 0;
    struct fq_turn t;
    for (usec now = 0; now < 1000 * MS; now += MS) {
        assert_true(push(r, 0, 1400, tos, now));
        if (now < 20 * MS || !fq_next(&r->q, &r->b, now, &t))
            continue;
        assert_true(packet_intact(&t.packet));
        *ce += (t.packet.p[1] & 3) == CE;
        fq_sent(&r->q, &r->b, t.packet.n);
        n++;
    }
    return n;
}

static void marks_instead_of_drops(void **state)
{
    struct rig *r = *state;
    unsigned ce = 0;
    (void)stand(r, ECT0, &ce);
    assert_int_equal(r->q.dropped, 0);
    assert_true(r->q.marked > 10);
    assert_int_equal(ce, r->q.marked);
}

static void drops_what_cannot_be_marked(void **state)
{
    struct rig *r = *state;
    unsigned ce = 0, n = stand(r, NOT_ECT, &ce);
    assert_true(r->q.dropped > 3);
    assert_int_equal(r->q.marked, 0);
    assert_int_equal(ce, 0);
    assert_int_equal(n + r->q.dropped + r->q.packets + r->q.overflowed, 1000);
}

static void ecn_can_be_off(void **state)
{
    struct rig *r = *state;
    unsigned ce = 0;
    r->conf.ecn = false;
    rig_begin(r);
    (void)stand(r, ECT0, &ce);
    assert_true(r->q.dropped > 3);
    assert_int_equal(ce + r->q.marked, 0);
}

/* However late: what has nothing of its flow behind it is delivered. */
static void the_last_packet_is_never_dropped(void **state)
{
    struct rig *r = *state;
    unsigned flow;
    for (usec now = 0; now < 10000 * MS; now += 500 * MS) {
        assert_true(push(r, 0, 1400, 0, now));
        assert_true(push(r, 1, 65000, 0, now));
        assert_true(pop(r, now + 400 * MS, &flow));
        assert_true(pop(r, now + 400 * MS, &flow));
    }
    assert_int_equal(r->q.dropped, 0);
}

/* The same for the last of several. */
static void the_last_of_two_is_not_dropped(void **state)
{
    struct rig *r = *state;
    unsigned flow;
    assert_true(push(r, 0, 60000, 0, 0));
    assert_true(push(r, 0, 60000, 0, 0));
    assert_int_equal(pop(r, 400 * MS, &flow), 60000);
    assert_int_equal(pop(r, 900 * MS, &flow), 60000);
    assert_int_equal(r->q.dropped, 0);
}

/* A packet that was marked and not taken is not marked, dropped or counted again, however long it stays. */
static void judged_once(void **state)
{
    struct rig *r = *state;
    struct fq_turn t;
    unsigned flow;
    for (unsigned i = 0; i < 20; i++)
        assert_true(push(r, 0, 1400, ECT0, 0));
    assert_true(pop(r, 10 * MS, &flow));
    assert_true(fq_next(&r->q, &r->b, 110 * MS, &t));
    assert_int_equal(r->q.marked, 1);
    for (usec now = 200 * MS; now < 2000 * MS; now += 10 * MS) {
        assert_true(fq_next(&r->q, &r->b, now, &t));
        assert_int_equal(packet_serial(&t.packet), 1);
        assert_int_equal(r->q.marked + r->q.dropped, 1);
    }
    assert_int_equal(r->q.sojourn, 1990 * MS);
}

/* The past of a flow outlives the memory of the queue. */
static void the_past_is_kept(void **state)
{
    struct rig *r = *state;
    unsigned ce = 0, flow;
    usec now = 1000 * MS;
    (void)stand(r, ECT0, &ce);
    while (pop(r, now, &flow))
        ;
    assert_int_equal(fq_memory(&r->q, &r->b), 0);
    assert_true(r->q.past_count > 5);
    uint64_t marked = r->q.marked;
    /* Another flow comes and goes, then the first one stands again: it is not signalled like a beginner. */
    assert_true(push(r, 1, 1400, 0, now));
    assert_true(pop(r, now, &flow));
    for (usec end = now + 300 * MS; now < end; now += MS) {
        assert_true(push(r, 0, 1400, ECT0, now));
        if (now + 280 * MS > end)
            (void)pop(r, now, &flow);
    }
    assert_true(r->q.marked - marked > 5); /* a beginner: 3 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_holds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(one_in_one_out, setup, teardown),
        cmocka_unit_test_setup_teardown(fair_in_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(sparse_goes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(coming_back_starves_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(pieces_of_a_super_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(alone_has_no_share, setup, teardown),
        cmocka_unit_test_setup_teardown(overflow_hits_the_longest, setup, teardown),
        cmocka_unit_test_setup_teardown(limit_of_packets, setup, teardown),
        cmocka_unit_test_setup_teardown(packets_without_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(super_packets_are_admitted, setup, teardown),
        cmocka_unit_test_setup_teardown(too_long_for_a_block, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(marks_instead_of_drops, setup, teardown),
        cmocka_unit_test_setup_teardown(drops_what_cannot_be_marked, setup, teardown),
        cmocka_unit_test_setup_teardown(ecn_can_be_off, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_packet_is_never_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_of_two_is_not_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(judged_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_past_is_kept, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

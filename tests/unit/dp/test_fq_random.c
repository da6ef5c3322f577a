/* Random calls from printed seeds, checked against what must always hold: nothing is lost or made, the order of each
 * flow is kept, bytes are whole, memory is bounded and given back. At the end the cost of a packet is printed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/fq.h"
#include "test_fq_packets.h"

enum { PORTS = 40, STEPS = 20000, SEEDS = 12 };

struct world {
    uint64_t seed, serial;
    struct fq_bench b;
    struct fq q;
    usec now;
    uint64_t in, out, refused, bytes_in, bytes_out; /* packets and bytes */
    uint64_t last[PORTS];                           /* serial that came out last */
    uint32_t sent[PORTS];                           /* of the packet that is half out */
    uint8_t buf[PACKET_MAX];
};

static uint32_t random_length(struct world *w)
{
    uint64_t r = next_random(&w->seed);
    uint32_t most = r % 64 == 0 ? 65535 : r % 8 == 0 ? 9000 : r % 2 ? 1400 : 100;
    return PACKET_MIN + (uint32_t)(r >> 16) % (most - PACKET_MIN + 1);
}

static void step_in(struct world *w)
{
    uint64_t r = next_random(&w->seed);
    unsigned port = r & 1 ? 0 : (unsigned)(r >> 8) % PORTS;
    struct packet p = packet_of(w->buf, port, ++w->serial, random_length(w), (unsigned)(r >> 20) & 3);
    w->in++;
    w->bytes_in += p.n;
    if (!fq_push(&w->q, &w->b, &p, w->now))
        w->refused++;
}

static void step_out(struct world *w)
{
    struct fq_turn t;
    uint32_t bytes = w->q.bytes;
    if (!fq_next(&w->q, &w->b, w->now, &t)) {
        assert_true(fq_empty(&w->q));
        return;
    }
    assert_true(w->q.bytes <= bytes);
    unsigned port = packet_flow(&t.packet);
    uint64_t serial = packet_serial(&t.packet);
    assert_in_range(port, 0, PORTS - 1);
    assert_true(packet_intact(&t.packet));
    assert_true(t.sent < t.packet.n && t.share > 0);
    assert_true(serial >= w->last[port]);
    if (t.sent)
        assert_true(serial == w->last[port] && t.sent == w->sent[port]);
    else
        assert_true(serial > w->last[port]);
    uint64_t r = next_random(&w->seed);
    uint32_t end = r % 4 ? t.packet.n : t.sent + (uint32_t)(r >> 8) % (t.packet.n - t.sent + 1);
    fq_sent(&w->q, &w->b, end);
    if (end > t.sent)
        w->last[port] = serial;
    w->sent[port] = end;
    w->bytes_out += end - t.sent;
    w->out += end == t.packet.n;
}

static void always(const struct world *w)
{
    const struct fq *q = &w->q;
    uint64_t lost = q->dropped + q->overflowed;
    assert_int_equal(w->in, w->out + lost + q->packets);
    assert_true(w->bytes_in >= w->bytes_out + q->bytes);
    assert_true(q->bytes < w->b.conf.bytes + PACKET_MAX);
    assert_true(q->packets <= w->b.conf.packets);
    assert_true(fq_empty(q) == (q->table == NULL));
    assert_true(!fq_empty(q) || q->bytes == 0);
    /* fq_store.h: about four times what may wait, with the heads of entries, and two blocks. */
    uint64_t most = w->b.conf.bytes + PACKET_MAX + 56ull * w->b.conf.packets;
    assert_true(fq_memory(q, &w->b) <= 4 * most + 3 * FQ_BLOCK);
}

static void run(struct world *w, uint64_t seed)
{
    struct fq_conf conf = fq_defaults;
    *w = (struct world){ .seed = seed };
    uint64_t r = next_random(&w->seed);
    conf.bytes = r & 1 ? FQ_BYTES : 300000;
    conf.packets = r & 2 ? FQ_PACKETS : 50;
    conf.ecn = r & 4;
    fq_bench_init(&w->b, &conf, next_random(&w->seed), 3);
    for (unsigned i = 0; i < STEPS; i++) {
        r = next_random(&w->seed);
        bool filling = i / 500 % 3 == 0;
        w->now += (r >> 32) % 2000;
        if (r % 5 < (filling ? 3 : 2))
            step_in(w);
        else
            step_out(w);
        always(w);
    }
    while (!fq_empty(&w->q)) {
        step_out(w);
        always(w);
    }
    assert_int_equal(fq_memory(&w->q, &w->b), 0);
    assert_true(w->out > STEPS / 10);
    fq_bench_done(&w->b);
}

static void nothing_is_lost_or_made(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    uint64_t dropped = 0, marked = 0, overflowed = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run(w, seed);
        dropped += w->q.dropped;
        marked += w->q.marked;
        overflowed += w->q.overflowed;
    }
    assert_true(dropped > 0 && marked > 0 && overflowed > 0);
    free(w);
}

static double ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Printed, not judged. */
static void cost(uint32_t n, unsigned ports)
{
    static uint8_t buf[64][PACKET_MAX];
    enum { ROUNDS = 2000, BURST = 32 };
    struct fq_bench b;
    struct fq q = { 0 };
    struct packet p[64];
    struct fq_turn t;
    unsigned out = 0;
    fq_bench_init(&b, &fq_defaults, 1, 64);
    b.conf.bytes = UINT32_MAX;
    for (unsigned i = 0; i < 64; i++)
        p[i] = packet_of(buf[i], i % ports, i, n, 0);
    double begin = ns();
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned k = 0; k < BURST; k++)
            assert_true(fq_push(&q, &b, &p[(i + k) % 64], i));
        while (fq_next(&q, &b, i, &t)) {
            fq_sent(&q, &b, t.packet.n);
            out++;
        }
    }
    print_message("%5u bytes, %2u flows: %.0f ns a packet, in and out\n", n, ports, (ns() - begin) / out);
    assert_int_equal(out, ROUNDS * BURST);
    fq_bench_done(&b);
}

static void costs(void **state)
{
    (void)state;
    cost(64, 1);
    cost(64, 24);
    cost(1400, 1);
    cost(1400, 24);
    cost(65000, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_made),
        cmocka_unit_test(costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

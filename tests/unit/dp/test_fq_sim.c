/* The queue before a simulated bottleneck, in virtual microseconds: TCP-like flows through the queue, a socket that
 * holds some kilobytes, and a link of 50 Mbit/s. What is measured is the delay that the queue lets stand, how much of
 * the link is used, how even the flows are, and how long a sparse flow waits. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/fq.h"
#include "test_fq_packets.h"

enum {
    RATE = 50, /* bits in a microsecond */
    MSS = 1400,
    FLOWS = 4,
    PING = FLOWS,
    ACKS = 8192, /* more than can be on their way */
    SECOND = 1000000,
};

/* AIMD with slow start; a loss or a mark halves the window once a round trip (RFC 5681 3.1, RFC 3168 6.1.2). */
struct flow {
    double cwnd;
    bool slow_start;
    unsigned in_flight;
    uint64_t next, expected, recover; /* serials */
    uint64_t delivered;
};

struct ack {
    usec at;
    unsigned flow;
    uint64_t serial;
    bool ce;
};

struct waiting {
    uint32_t n;
    struct ack ack;
};

struct sim {
    struct fq_bench b;
    struct fq q;
    usec now, rtt;
    unsigned flows, tos;
    uint32_t socket_limit, super; /* bytes that the socket takes before it is full; segments a packet */
    struct flow flow[FLOWS];
    struct ack acks[ACKS];
    unsigned ack_head, ack_tail;
    struct waiting socket[1024];
    unsigned socket_head, socket_tail;
    uint32_t in_socket;
    usec busy, waited; /* of the link; sum of sojourns */
    uint64_t packets, pings, ping_worst;
    uint64_t link_bytes;
    uint8_t buf[PACKET_MAX];
};

static void flow_sends(struct sim *s, unsigned i)
{
    struct flow *f = &s->flow[i];
    while (f->in_flight + s->super <= (unsigned)f->cwnd || !f->in_flight) {
        struct packet p = packet_of(s->buf, i, f->next, MSS * s->super, s->tos);
        f->next += s->super;
        f->in_flight += s->super;
        assert_true(fq_push(&s->q, &s->b, &p, s->now));
    }
}

/* An acknowledgement tells of what is missing before it, too. */
static void flow_hears(struct sim *s, const struct ack *a)
{
    struct flow *f = &s->flow[a->flow];
    bool signal = a->ce || a->serial > f->expected;
    uint64_t gone = a->serial + s->super - f->expected;
    f->in_flight -= gone < f->in_flight ? (unsigned)gone : f->in_flight;
    f->expected = a->serial + s->super;
    if (signal && a->serial >= f->recover) {
        f->cwnd = f->cwnd / 2 > 2 ? f->cwnd / 2 : 2;
        f->slow_start = false;
        f->recover = f->next;
    } else if (!signal) {
        f->cwnd += f->slow_start ? s->super : s->super / f->cwnd;
    }
}

/* The socket takes from the queue until it is full, as stream_flush() would. */
static void fill_socket(struct sim *s)
{
    struct fq_turn t;
    while (s->in_socket <= s->socket_limit && fq_next(&s->q, &s->b, s->now, &t)) {
        unsigned flow = packet_flow(&t.packet);
        struct waiting *w = &s->socket[s->socket_tail++ % 1024];
        *w = (struct waiting){ t.packet.n, { 0, flow, packet_serial(&t.packet), (t.packet.p[1] & 3) == CE } };
        assert_true(packet_intact(&t.packet));
        s->in_socket += t.packet.n;
        if (flow == PING) {
            s->pings++;
            s->ping_worst = s->q.sojourn > s->ping_worst ? s->q.sojourn : s->ping_worst;
        } else {
            s->packets++;
            s->waited += s->q.sojourn;
        }
        fq_sent(&s->q, &s->b, t.packet.n);
    }
}

static void link_sends(struct sim *s)
{
    struct waiting *w = &s->socket[s->socket_head++ % 1024];
    usec takes = w->n * 8 / RATE;
    s->now += takes;
    s->busy += takes;
    s->in_socket -= w->n;
    s->link_bytes += w->n;
    if (w->ack.flow == PING)
        return;
    s->flow[w->ack.flow].delivered += w->n;
    w->ack.at = s->now + s->rtt;
    s->acks[s->ack_tail++ % ACKS] = w->ack;
}

static void take_acks(struct sim *s)
{
    while (s->ack_head != s->ack_tail && s->acks[s->ack_head % ACKS].at <= s->now) {
        struct ack a = s->acks[s->ack_head++ % ACKS];
        flow_hears(s, &a);
        flow_sends(s, a.flow);
    }
}

static void run_until(struct sim *s, usec end)
{
    usec next_ping = s->now;
    while (s->now < end) {
        take_acks(s);
        if (s->now >= next_ping) {
            struct packet p = packet_of(s->buf, PING, s->now, 100, 0);
            assert_true(fq_push(&s->q, &s->b, &p, s->now));
            next_ping = s->now + 10000;
        }
        fill_socket(s);
        if (s->socket_head != s->socket_tail)
            link_sends(s);
        else
            s->now++;
    }
}

static void forget_measures(struct sim *s)
{
    s->busy = s->waited = 0;
    s->packets = s->pings = s->ping_worst = s->link_bytes = 0;
    s->q.dropped = s->q.marked = s->q.overflowed = 0;
    for (unsigned i = 0; i < FLOWS; i++)
        s->flow[i].delivered = 0;
}

/* Ten seconds to settle, twenty that count. */
static struct sim *simulate(unsigned flows, usec rtt, uint32_t socket, unsigned tos, uint32_t super)
{
    struct fq_conf conf = fq_defaults;
    struct sim *s = calloc(1, sizeof(*s));
    conf.bytes = 1 << 20;
    fq_bench_init(&s->b, &conf, 3, 2);
    *s = (struct sim){ .b = s->b, .rtt = rtt, .flows = flows, .tos = tos, .socket_limit = socket, .super = super };
    for (unsigned i = 0; i < flows; i++) {
        s->flow[i] = (struct flow){ .cwnd = 10 * super, .slow_start = true };
        flow_sends(s, i);
    }
    run_until(s, 10 * SECOND);
    forget_measures(s);
    run_until(s, 30 * SECOND);
    print_message("%u flows, rtt %llu ms, socket %u, %s%s: wait %.1f ms, link %.1f %%, %llu dropped, %llu marked, "
                  "%llu overflowed, ping at most %.2f ms\n",
                  flows, (unsigned long long)rtt / 1000, socket, tos ? "ecn" : "no ecn", super > 1 ? ", super" : "",
                  (double)s->waited / (double)s->packets / 1000, (double)s->busy / (20 * SECOND) * 100,
                  (unsigned long long)s->q.dropped, (unsigned long long)s->q.marked,
                  (unsigned long long)s->q.overflowed, (double)s->ping_worst / 1000);
    return s;
}

static void end(struct sim *s)
{
    fq_done(&s->q, &s->b);
    fq_bench_done(&s->b);
    free(s);
}

static double mean_wait(const struct sim *s)
{
    return (double)s->waited / (double)s->packets;
}

/* RFC 8289 3: the standing delay of a long flow comes down to about the target, and the link stays busy. */
static void one_long_flow(void **state)
{
    (void)state;
    for (usec rtt = 5000; rtt <= 40000; rtt *= 2) {
        struct sim *s = simulate(1, rtt, 3000, NOT_ECT, 1);
        assert_true(mean_wait(s) < 10000);
        /* A window that is halved where 5 ms are queued leaves a link of 40 ms idle for a while: that is AIMD. */
        assert_true(s->busy > 20 * SECOND / 100 * (rtt < 40000 ? 90 : 80));
        assert_in_range(s->q.dropped, 2, 2000);
        assert_int_equal(s->q.overflowed, 0);
        end(s);
    }
}

static void one_long_flow_with_ecn(void **state)
{
    struct sim *s = simulate(1, 20000, 3000, ECT0, 1);
    (void)state;
    assert_true(mean_wait(s) < 10000);
    assert_true(s->busy > 20 * SECOND * 90 / 100);
    assert_int_equal(s->q.dropped, 0);
    assert_in_range(s->q.marked, 2, 2000);
    end(s);
}

/* Packets leave in bursts, as a socket that reports its space late lets them. */
static void behind_a_socket_that_holds_16k(void **state)
{
    struct sim *s = simulate(1, 20000, 16384, NOT_ECT, 1);
    (void)state;
    assert_true(mean_wait(s) < 10000);
    assert_true(s->busy > 20 * SECOND * 90 / 100);
    end(s);
}

static void four_flows_are_even(void **state)
{
    struct sim *s = simulate(4, 20000, 3000, NOT_ECT, 1);
    (void)state;
    assert_true(mean_wait(s) < 20000);
    assert_true(s->busy > 20 * SECOND * 95 / 100);
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(s->flow[i].delivered * 100 / s->link_bytes, 21, 29);
    end(s);
}

/* A ping does not wait for the standing queue: only for the packet on the link and one quantum. */
static void sparse_flow_passes(void **state)
{
    struct sim *s = simulate(4, 20000, 0, NOT_ECT, 1);
    (void)state;
    assert_true(s->pings > 1500);
    assert_true(s->ping_worst < 1000);
    end(s);
}

static void super_packets_too(void **state)
{
    struct sim *s = simulate(2, 20000, 3000, ECT1, 5);
    (void)state;
    assert_true(mean_wait(s) < 20000);
    assert_true(s->busy > 20 * SECOND * 90 / 100);
    assert_true(s->q.marked > 2);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_long_flow),
        cmocka_unit_test(one_long_flow_with_ecn),
        cmocka_unit_test(behind_a_socket_that_holds_16k),
        cmocka_unit_test(four_flows_are_even),
        cmocka_unit_test(sparse_flow_passes),
        cmocka_unit_test(super_packets_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

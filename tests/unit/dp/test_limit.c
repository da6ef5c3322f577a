/* How much may lie in a socket: a path of our own making, with a rate, a round trip and somebody else on it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/limit.h"

#include <string.h>

enum { MS = 1000 /* us */, STEP = 2048 };

/* A socket on a path that takes `rate` bytes a millisecond; its queue is as long as the limit lets it be, or `most`. */
struct path {
    struct limit l;
    msec now, held;
    uint32_t rate, rtt_us, most, queued;
    uint32_t foreign_us; /* delay that others make */
};

static struct path path_of(uint32_t rate, uint32_t rtt_us, uint32_t most)
{
    return (struct path){ .l = { .since = 1000 }, .now = 1000, .rate = rate, .rtt_us = rtt_us, .most = most };
}

static void look(struct path *p)
{
    uint32_t rtt = p->rtt_us + p->queued / p->rate * MS + p->foreign_us;
    if (limit_look(&p->l, p->queued, p->now))
        limit_judge(&p->l, p->queued, rtt, p->rtt_us, p->now);
    msec wait = limit_wait(&p->l, p->queued);
    p->held = wait ? p->now + wait : 0;
}

/* As a stream does it: looks when it has given enough, and when it has waited. */
static void go(struct path *p, msec ms)
{
    for (msec end = p->now + ms; p->now < end; p->now++) {
        p->queued -= p->rate < p->queued ? p->rate : p->queued;
        if (p->held && p->held <= p->now)
            look(p);
        while (p->queued + STEP <= p->most && !p->held) {
            p->queued += STEP;
            if (limit_given(&p->l, STEP))
                look(p);
        }
    }
}

static void a_standing_queue_is_cut_short(void **state)
{
    (void)state;
    struct path p = path_of(6250, 100, 1 << 20); /* 50 Mbit/s and a deep buffer */
    go(&p, 2000);
    assert_true(p.l.bytes > 6250 * 5 && p.l.bytes < 6250 * 20);
    assert_true(p.queued > 6250 && p.queued < 6250 * 25);
    go(&p, 60000); /* and stays so */
    assert_true(p.l.bytes > 6250 * 5 && p.l.bytes < 6250 * 20);
}

static void the_rate_does_not_suffer(void **state)
{
    (void)state;
    static const uint32_t rates[] = { 125, 1250, 6250, 125000, 500000 };
    static const uint32_t round_trips[] = { 10, 1000, 20000, 100000, 300000 };
    for (unsigned i = 0; i < 5; i++)
        for (unsigned k = 0; k < 5; k++) {
            struct path p = path_of(rates[i], round_trips[k], UINT32_MAX / 2);
            go(&p, 3000);
            uint64_t before = p.l.given - p.queued;
            go(&p, 3000);
            uint64_t carried = p.l.given - p.queued - before;
            assert_true(carried >= (uint64_t)rates[i] * 3000 / 100 * 97);
            /* What is under way on such a path always fits. */
            assert_true(!p.l.bytes || p.l.bytes >= (uint64_t)rates[i] * round_trips[k] / MS);
        }
}

static void none_is_begun_before_its_time(void **state)
{
    (void)state;
    struct path p = path_of(6250, 100, 1 << 20);
    limit_not_before(&p.l, p.now + 3000);
    limit_not_before(&p.l, p.now); /* which takes nothing back */
    go(&p, 2900);
    assert_int_equal(p.l.bytes, 0);
    go(&p, 1000);
    assert_true(p.l.bytes > 0);
    limit_not_before(&p.l, p.now + 100000); /* nor does it end one */
    go(&p, 1000);
    assert_true(p.l.bytes > 0);
}

/* Slow paths too; there the room is what a few packets need. */
static void a_slow_path_as_well(void **state)
{
    (void)state;
    static const uint32_t rates[] = { 250, 625, 1250, 3000 }; /* 2 to 24 Mbit/s */
    for (unsigned i = 0; i < 4; i++) {
        struct path p = path_of(rates[i], 100, 1 << 20);
        go(&p, 10000);
        assert_true(p.l.bytes >= LIMIT_ROOM_MIN && p.l.bytes < rates[i] * 3 + 2 * LIMIT_ROOM_MIN);
        assert_true(p.queued < p.l.bytes + 2 * LIMIT_LOOK_MIN);
    }
}

static void a_queue_that_runs_empty_is_left_alone(void **state)
{
    (void)state;
    struct path p = path_of(6250, 100, 1 << 20);
    for (unsigned i = 0; i < 100; i++) {
        p.most = i % 2 ? STEP : 1 << 20; /* a burst, and a pause in which it drains */
        go(&p, i % 2 ? 200 : 20);
        assert_int_equal(p.l.bytes, 0);
    }
}

static void what_the_path_holds_is_no_queue(void **state)
{
    (void)state;
    struct path p = path_of(12500, 100 * MS, 12500 * 100); /* 100 Mbit/s, 100 ms, and no more than that under way */
    go(&p, 10000);
    assert_int_equal(p.l.bytes, 0);
}

static void a_pause_ends_it(void **state)
{
    (void)state;
    struct path p = path_of(6250, 100, 1 << 20);
    go(&p, 2000);
    assert_true(p.l.bytes);
    p.most = 0;
    go(&p, 1000);
    p.most = 1 << 20;
    go(&p, 2);
    assert_int_equal(p.l.bytes, 0);
}

static void less_to_send_ends_it(void **state)
{
    (void)state;
    struct path p = path_of(6250, 100, 1 << 20);
    go(&p, 2000);
    assert_true(p.l.bytes);
    p.most = STEP;
    go(&p, 2000);
    assert_int_equal(p.l.bytes, 0);
}

/* Somebody else's packets: our share falls, holding back would let it fall further. */
static void a_rival_is_not_given_way(void **state)
{
    (void)state;
    struct path p = path_of(6250, 100, 1 << 20);
    go(&p, 2000);
    assert_true(p.l.bytes);
    p.rate = 3000;
    go(&p, 2000);
    assert_int_equal(p.l.bytes, 0);
    msec until = p.l.free_until;
    assert_true(until > p.now + LIMIT_FREE / 2 && until <= p.now + LIMIT_FREE);
    go(&p, until - p.now - 100);
    assert_int_equal(p.l.bytes, 0);
    go(&p, 1000); /* tried again */
    assert_true(p.l.bytes);
    p.rate = 1500;
    go(&p, 2000);
    assert_int_equal(p.l.bytes, 0);
    assert_true(p.l.free_until > p.now + LIMIT_FREE); /* longer */
    go(&p, p.l.free_until - p.now + 1000);
    assert_true(p.l.bytes);
    go(&p, LIMIT_GOOD * LIMIT_SPAN * 2); /* a good time, and it is as new */
    assert_int_equal(p.l.tries, 0);
}

static void a_delay_that_is_not_ours_ends_it(void **state)
{
    (void)state;
    struct path p = path_of(6250, 100, 1 << 20);
    go(&p, 2000);
    assert_true(p.l.bytes);
    p.foreign_us = 100 * MS;
    go(&p, 2000);
    assert_int_equal(p.l.bytes, 0);
    assert_true(p.l.free_until > p.now);
}

static void nothing_divides_by_a_rate_of_zero(void **state)
{
    (void)state;
    struct limit l = { .bytes = LIMIT_ROOM_MIN };
    assert_int_equal(limit_wait(&l, LIMIT_ROOM_MIN - 1), 0);
    assert_int_equal(limit_wait(&l, LIMIT_ROOM_MIN), 1);
    assert_int_equal(limit_wait(&l, UINT32_MAX), LIMIT_SPAN);
    limit_judge(&l, 0, UINT32_MAX, 0, 0);
    limit_judge(&l, 0, UINT32_MAX, UINT32_MAX, 50);
    assert_int_equal(limit_wait(&l, 1), 0);
}

/* Whatever is seen: a limit is none or has room for some packets, and nobody waits for long. */
static void random_sights(void **state)
{
    (void)state;
    uint64_t dice = 88172645463325252u;
    struct limit l = { 0 };
    msec now = 1;
    for (unsigned i = 0; i < 200000; i++) {
        dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
        uint32_t queued = (uint32_t)(dice >> (dice % 32));
        now += dice % 7 ? dice % 20 : dice % 3000;
        if (limit_given(&l, dice % 100000) && limit_look(&l, queued, now))
            limit_judge(&l, queued, (uint32_t)(dice >> 20), (uint32_t)(dice >> 40), now);
        assert_true(l.bytes == 0 || l.bytes >= LIMIT_ROOM_MIN);
        assert_true(limit_wait(&l, queued) <= LIMIT_SPAN);
        assert_true(now >= l.free_until || l.bytes == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_standing_queue_is_cut_short),
        cmocka_unit_test(none_is_begun_before_its_time),
        cmocka_unit_test(the_rate_does_not_suffer),
        cmocka_unit_test(a_slow_path_as_well),
        cmocka_unit_test(a_queue_that_runs_empty_is_left_alone),
        cmocka_unit_test(what_the_path_holds_is_no_queue),
        cmocka_unit_test(a_pause_ends_it),
        cmocka_unit_test(less_to_send_ends_it),
        cmocka_unit_test(a_rival_is_not_given_way),
        cmocka_unit_test(a_delay_that_is_not_ours_ends_it),
        cmocka_unit_test(nothing_divides_by_a_rate_of_zero),
        cmocka_unit_test(random_sights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

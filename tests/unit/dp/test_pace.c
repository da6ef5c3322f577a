/* What follows from how fast a socket takes bytes: rates, round trips, rises, pauses. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/pace.h"

enum { MBIT_50 = 6250, GBIT_5 = 625000 /* bytes a millisecond */ };

struct socket {
    struct pace p;
    msec now;
};

static struct socket fresh(uint32_t rtt)
{
    struct socket s = { .now = 1000 };
    pace_init(&s.p, s.now);
    s.p.rtt = rtt;
    return s;
}

/* It takes `rate` bytes each millisecond, and refuses the rest. */
static void go(struct socket *s, uint32_t rate, msec ms, bool refused)
{
    for (msec end = s->now + ms; s->now < end;) {
        s->now++;
        (void)pace_sent(&s->p, rate, refused, s->now);
    }
}

static void before_anything_was_sent_all_is_wide(void **state)
{
    (void)state;
    struct socket s = fresh(0);
    assert_int_equal(s.p.burst, PACE_BURST);
    assert_int_equal(s.p.unsent, PACE_UNSENT);
    assert_int_equal(s.p.queue, PACE_QUEUE);
    assert_false(pace_slow(&s.p));
    assert_int_equal(pace_codel(&s.p, s.now).target, PACE_TARGET);
    assert_int_equal(pace_codel(&s.p, s.now).interval, 100000); /* RFC 8289 5.3 */
}

static void a_slow_socket_gets_little_at_once(void **state)
{
    (void)state;
    struct socket s = fresh(100);
    go(&s, MBIT_50, 1000, true);
    assert_in_range(s.p.burst, MBIT_50 * PACE_BURST_MS * 9 / 10, MBIT_50 * PACE_BURST_MS * 11 / 10);
    assert_int_equal(s.p.unsent, 2 * s.p.burst);
    assert_int_equal(s.p.queue, PACE_QUEUE_MIN);
    assert_in_range(s.p.turn, PACE_TURN_MIN, PACE_TURN_MIN + 200);
    assert_int_equal(pace_codel(&s.p, s.now).target, PACE_TARGET);
    assert_true(pace_slow(&s.p));
}

static void a_fast_one_gets_much_and_a_short_target(void **state)
{
    (void)state;
    struct socket s = fresh(100);
    go(&s, GBIT_5, 1000, true);
    assert_int_equal(s.p.burst, PACE_BURST);
    assert_int_equal(s.p.unsent, PACE_UNSENT_MAX);
    assert_int_equal(s.p.queue, PACE_QUEUE);
    assert_int_equal(s.p.turn, PACE_BURST);
    assert_int_equal(pace_codel(&s.p, s.now).target, PACE_TARGET_MIN);
    assert_int_equal(pace_codel(&s.p, s.now).interval, 20 * PACE_TARGET_MIN);
}

/* RFC 8289 3.2: the target is a part of the round trip, and so the interval is no less than it. */
static void a_long_path_has_a_longer_target(void **state)
{
    (void)state;
    struct socket s = fresh(30000);
    go(&s, GBIT_5, 1000, true);
    assert_int_equal(s.p.target, 3000);
    struct socket far = fresh(300000);
    go(&far, GBIT_5, 5000, true);
    assert_int_equal(far.p.target, PACE_TARGET);
}

/* The rate of who sends is not that of the socket. */
static void without_a_refusal_all_stays_wide(void **state)
{
    (void)state;
    struct socket s = fresh(100);
    go(&s, 100, 1000, false);
    assert_int_equal(s.p.burst, PACE_BURST);
    assert_int_equal(s.p.queue, PACE_QUEUE);
    assert_int_equal(s.p.turn, PACE_BURST);
    go(&s, 100, 200, true);
    assert_int_equal(s.p.burst, PACE_BURST_MIN);
    go(&s, 100, 200, false); /* and it ends with the refusals */
    assert_int_equal(s.p.burst, PACE_BURST);
    assert_int_equal(s.p.unsent, PACE_UNSENT);
}

static void nothing_is_dropped_while_the_rate_rises(void **state)
{
    (void)state;
    struct socket s = fresh(40000);
    for (uint32_t rate = 360; rate < 100000; rate *= 2) { /* slow start */
        go(&s, rate, 50, true);
        assert_true(pace_codel(&s.p, s.now).target > 1000000);
        assert_true(pace_queue(&s.p, s.now) >= PACE_QUEUE_RISING);
    }
    go(&s, 100000, 500, true);
    assert_int_equal(pace_queue(&s.p, s.now), s.p.queue);
    assert_int_equal(pace_codel(&s.p, s.now).target, s.p.target);
}

static void a_long_path_has_longer_spans(void **state)
{
    (void)state;
    struct socket s = fresh(200000);
    /* All of a round trip comes at once: spans of 50 ms would see a rise, and nothing, and nothing. */
    for (unsigned i = 0; i < 20; i++) {
        go(&s, 20 * GBIT_5, 10, true);
        go(&s, 0, 190, true);
        if (i > 5)
            assert_int_equal(pace_codel(&s.p, s.now).target, PACE_TARGET);
    }
}

static void noise_is_no_rise(void **state)
{
    (void)state;
    struct socket s = fresh(100);
    go(&s, MBIT_50, 1000, true);
    for (unsigned i = 0; i < 40; i++) {
        go(&s, MBIT_50 + (i % 2 ? MBIT_50 / 10 : 0), 50, true);
        assert_int_equal(pace_codel(&s.p, s.now).target, PACE_TARGET);
    }
}

/* After a pause the kernel begins slowly again (RFC 5681 4.1), however fast it was before. */
static void a_pause_is_a_new_beginning(void **state)
{
    (void)state;
    struct socket s = fresh(100);
    go(&s, GBIT_5, 1000, true);
    assert_true(pace_codel(&s.p, s.now).target < 1000000);
    s.now += 60000;
    go(&s, 1000, 100, true);
    assert_true(pace_codel(&s.p, s.now).target > 1000000);
}

/* A peer that takes a little now and then must not hold megabytes. */
static void a_trickle_has_a_short_queue(void **state)
{
    (void)state;
    struct socket s = fresh(100);
    for (unsigned i = 0; i < 10; i++) {
        s.now += 1000;
        (void)pace_sent(&s.p, 10000, true, s.now);
    }
    assert_int_equal(s.p.queue, PACE_QUEUE_MIN);
}

static void the_queue_grows_with_the_path(void **state)
{
    (void)state;
    struct socket s = fresh(40000);
    go(&s, MBIT_50, 1000, true);
    assert_in_range(s.p.queue, MBIT_50 * 180 * 9 / 10, MBIT_50 * 180 * 11 / 10);
    struct socket far = fresh(UINT32_MAX);
    for (unsigned i = 0; i < 3; i++) {
        far.now += PACE_TRIP_MAX / 1000 + 1;
        (void)pace_sent(&far.p, UINT32_MAX, true, far.now);
        (void)pace_sent(&far.p, UINT32_MAX, true, far.now);
    }
    assert_int_equal(far.p.queue, PACE_QUEUE);
}

static void a_socket_that_takes_nothing_at_all(void **state)
{
    (void)state;
    struct socket s = fresh(0);
    go(&s, 0, 1000, true);
    assert_int_equal(s.p.burst, PACE_BURST_MIN);
    assert_int_equal(s.p.queue, PACE_QUEUE_MIN);
    assert_int_equal(s.p.turn, PACE_TURN_MIN);
    assert_int_equal(s.p.target, PACE_TARGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_anything_was_sent_all_is_wide),
        cmocka_unit_test(a_slow_socket_gets_little_at_once),
        cmocka_unit_test(a_fast_one_gets_much_and_a_short_target),
        cmocka_unit_test(a_long_path_has_a_longer_target),
        cmocka_unit_test(without_a_refusal_all_stays_wide),
        cmocka_unit_test(nothing_is_dropped_while_the_rate_rises),
        cmocka_unit_test(a_long_path_has_longer_spans),
        cmocka_unit_test(noise_is_no_rise),
        cmocka_unit_test(a_pause_is_a_new_beginning),
        cmocka_unit_test(a_trickle_has_a_short_queue),
        cmocka_unit_test(the_queue_grows_with_the_path),
        cmocka_unit_test(a_socket_that_takes_nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* CoDel, step by step: when it begins, how often it signals, when it stops, what it remembers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/fq_codel.h"

enum { MS = 1000, ABOVE = 6 * MS, BELOW = 4 * MS, MUCH = 100000 };

static const struct codel_conf conf = { .target = 5 * MS, .interval = 100 * MS, .mtu = 1500 };

/* One packet a millisecond that waited ABOVE; the times of the signals. */
static unsigned signals(struct codel *c, usec from, usec to, usec *at, unsigned cap)
{
    unsigned n = 0;
    for (usec now = from; now < to; now += MS) {
        if (!codel_signal(c, &conf, ABOVE, MUCH, now))
            continue;
        if (n < cap)
            at[n] = now;
        n++;
    }
    return n;
}

static void step_is_interval_over_root(void **state)
{
    (void)state;
    assert_int_equal(codel_step(100000, 1), 100000);
    assert_int_equal(codel_step(100000, 2), 70710);
    assert_int_equal(codel_step(100000, 3), 57735);
    assert_int_equal(codel_step(100000, 4), 50000);
    assert_int_equal(codel_step(100000, 100), 10000);
    assert_int_equal(codel_step(100000, UINT32_MAX), 1);
    assert_int_equal(codel_step(100000, 0), 100000);
    assert_int_equal(codel_step(0, 7), 0);
    assert_int_equal(codel_step(UINT64_MAX, 1), UINT32_MAX);
}

static void nothing_before_an_interval(void **state)
{
    struct codel c = { 0 };
    usec at[1];
    (void)state;
    assert_int_equal(signals(&c, 1000 * MS, 1100 * MS, at, 1), 0);
    assert_int_equal(signals(&c, 1100 * MS, 1101 * MS, at, 1), 1);
}

/* RFC 8289 5.5: after the first, at interval / sqrt(count). */
static void faster_and_faster(void **state)
{
    struct codel c = { 0 };
    usec at[5];
    (void)state;
    assert_true(signals(&c, 1000 * MS, 1500 * MS, at, 5) >= 5);
    assert_int_equal(at[0], 1100 * MS);
    assert_int_equal(at[1], 1200 * MS);
    assert_int_equal(at[2], 1271 * MS);
    assert_int_equal(at[3], 1329 * MS);
    assert_int_equal(at[4], 1379 * MS);
}

static void one_short_wait_ends_it(void **state)
{
    struct codel c = { 0 };
    usec at[1];
    (void)state;
    assert_true(signals(&c, 1000 * MS, 1250 * MS, at, 1) == 2);
    assert_false(codel_signal(&c, &conf, BELOW, MUCH, 1250 * MS));
    assert_false(c.dropping);
    assert_int_equal(signals(&c, 1251 * MS, 1351 * MS, at, 1), 0);
}

static void a_short_queue_is_good(void **state)
{
    struct codel c = { 0 };
    (void)state;
    for (usec now = 1000 * MS; now < 3000 * MS; now += MS)
        assert_false(codel_signal(&c, &conf, 500 * MS, conf.mtu, now));
    assert_false(codel_signal(&c, &conf, 500 * MS, conf.mtu + 1, 3000 * MS));
    assert_true(codel_signal(&c, &conf, 500 * MS, conf.mtu + 1, 3100 * MS));
    assert_false(codel_signal(&c, &conf, 500 * MS, 0, 3101 * MS));
    assert_false(c.dropping);
}

static void target_is_a_bound(void **state)
{
    struct codel c = { 0 };
    (void)state;
    for (usec now = 1000 * MS; now < 2000 * MS; now += MS)
        assert_false(codel_signal(&c, &conf, conf.target - 1, MUCH, now));
    assert_int_equal(c.first_above, 0);
    assert_false(codel_signal(&c, &conf, conf.target, MUCH, 2000 * MS));
    assert_true(c.first_above == 2100 * MS);
}

static void the_rate_is_remembered(void **state)
{
    struct codel c = { 0 };
    usec at[2];
    (void)state;
    assert_true(signals(&c, 1000 * MS, 2000 * MS, at, 2) > 10);
    uint32_t delta = c.count - c.last_count;
    codel_empty(&c);
    assert_false(c.dropping);
    assert_int_equal(signals(&c, 2000 * MS, 2101 * MS, at, 2), 1);
    assert_int_equal(c.count, delta);
}

static void the_rate_is_forgotten(void **state)
{
    struct codel c = { 0 };
    usec at[2];
    (void)state;
    assert_true(signals(&c, 1000 * MS, 2000 * MS, at, 2) > 10);
    codel_empty(&c);
    assert_int_equal(signals(&c, 4000 * MS, 4101 * MS, at, 2), 1);
    assert_int_equal(c.count, 1);
}

/* A burst of packets at one moment is not dropped as a whole: the next signal lies in the future. */
static void one_moment_one_signal(void **state)
{
    struct codel c = { 0 };
    unsigned n = 0;
    (void)state;
    (void)codel_signal(&c, &conf, ABOVE, MUCH, 1000 * MS);
    for (unsigned i = 0; i < 100; i++)
        n += codel_signal(&c, &conf, ABOVE, MUCH, 1150 * MS);
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_is_interval_over_root), cmocka_unit_test(nothing_before_an_interval),
        cmocka_unit_test(faster_and_faster),          cmocka_unit_test(one_short_wait_ends_it),
        cmocka_unit_test(a_short_queue_is_good),      cmocka_unit_test(target_is_a_bound),
        cmocka_unit_test(the_rate_is_remembered),     cmocka_unit_test(the_rate_is_forgotten),
        cmocka_unit_test(one_moment_one_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

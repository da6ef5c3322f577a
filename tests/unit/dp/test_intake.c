/* Whether the limit on unread bytes goes when, and only when, it stands in the way of a long path. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/intake.h"

enum { RTT_LAN = 100, RTT_FAR = 20000 /* us */ };

struct reader {
    struct intake i;
    msec now;
    unsigned freed;
};

/* `reads` of n bytes, one every `every` ms. */
static void take(struct reader *r, unsigned reads, uint32_t n, msec every, uint32_t rtt)
{
    for (unsigned k = 0; k < reads; k++, r->now += every) {
        if (intake_read(&r->i, n, r->now) && intake_judge(&r->i, rtt, r->now))
            r->freed++;
    }
}

static struct reader fresh(void)
{
    return (struct reader){ .now = 1000 };
}

static void a_long_path_is_freed_once(void **state)
{
    (void)state;
    struct reader r = fresh();
    take(&r, 200, 10000, 1, RTT_FAR); /* 80 Mbit/s: 200 KB under way */
    assert_int_equal(r.freed, 1);
    assert_true(r.i.free);
}

static void it_is_freed_within_two_spans(void **state)
{
    (void)state;
    struct reader r = fresh();
    take(&r, 2 * INTAKE_SPAN, 10000, 1, RTT_FAR);
    assert_int_equal(r.freed, 1);
}

static void a_short_path_is_not(void **state)
{
    (void)state;
    struct reader r = fresh();
    take(&r, 2000, 60000, 1, RTT_LAN); /* 500 Mbit/s, all of it read at once */
    assert_int_equal(r.freed, 0);
}

/* The path itself has changed: as soon as TCP's least round trip knows, so does it. */
static void a_path_that_becomes_long_is_freed(void **state)
{
    (void)state;
    struct reader r = fresh();
    take(&r, 2000, 10000, 1, 100);
    assert_int_equal(r.freed, 0);
    take(&r, 1500, 10000, 1, RTT_FAR);
    assert_int_equal(r.freed, 1);
}

/* As slow start has it: all of a round trip at once, and nothing until the next. */
static void what_comes_in_clumps_is_freed_as_well(void **state)
{
    (void)state;
    struct reader r = fresh();
    for (unsigned k = 0; k < 4; k++) {
        take(&r, 2, 131072, 0, 40000);
        r.now += 40;
    }
    assert_int_equal(r.freed, 1);
}

/* However much it carries: there the limit costs less than what it saves. */
static void the_shortest_is_never_freed(void **state)
{
    (void)state;
    struct reader r = fresh();
    take(&r, 2000, 10000000, 1, INTAKE_SHORT - 1);
    assert_int_equal(r.freed, 0);
    take(&r, 2000, 10000000, 1, INTAKE_SHORT);
    assert_int_equal(r.freed, 1);
}

static void little_says_nothing(void **state)
{
    (void)state;
    struct reader r = fresh();
    take(&r, 1000, 64, 10, 10000000); /* a few packets, and a round trip of ten seconds */
    assert_int_equal(r.freed, 0);
}

/* Reads minutes apart are not a rate: neither is a burst after a pause spread over it, nor does the pause end a span. */
static void a_pause_belongs_to_no_span(void **state)
{
    (void)state;
    struct reader r = fresh();
    take(&r, 100, 60000, 60000, RTT_FAR);
    assert_int_equal(r.freed, 0);
    assert_int_equal(r.i.bytes, 60000);
}

static void nothing_overflows(void **state)
{
    (void)state;
    struct intake i = { 0 };
    for (unsigned k = 0; k < 5; k++)
        assert_false(intake_read(&i, UINT32_MAX, 1000));
    assert_int_equal(i.bytes, UINT32_MAX);
    assert_true(intake_judge(&i, UINT32_MAX, 1000)); /* 4 GB in no time */
    assert_false(intake_judge(&i, UINT32_MAX, 0));   /* once, and a clock that goes back */
}

static void the_threshold_is_where_it_is_said(void **state)
{
    (void)state;
    struct intake i = { .since = 1000, .bytes = INTAKE_NEAR };
    struct intake less = { .since = 1000, .bytes = INTAKE_NEAR - 1 };
    assert_true(intake_judge(&i, INTAKE_SPAN * 1000, 1000 + INTAKE_SPAN));
    assert_false(intake_judge(&less, INTAKE_SPAN * 1000, 1000 + INTAKE_SPAN));
    struct intake few = { .since = 1000, .bytes = INTAKE_LEAST - 1 };
    assert_false(intake_judge(&few, UINT32_MAX, 1000 + INTAKE_SPAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_path_is_freed_once),
        cmocka_unit_test(it_is_freed_within_two_spans),
        cmocka_unit_test(a_short_path_is_not),
        cmocka_unit_test(a_path_that_becomes_long_is_freed),
        cmocka_unit_test(what_comes_in_clumps_is_freed_as_well),
        cmocka_unit_test(the_shortest_is_never_freed),
        cmocka_unit_test(little_says_nothing),
        cmocka_unit_test(a_pause_belongs_to_no_span),
        cmocka_unit_test(nothing_overflows),
        cmocka_unit_test(the_threshold_is_where_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

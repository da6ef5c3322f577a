/* The threads for slow hashes: right and wrong passwords, the bound, and an end with work left. */
#include "aaa_help.h"

#include "aaa/slow.h"

#include <poll.h>

/* A cheap cost: a millisecond. */
static struct slow_job job_of(const char *right, const char *given, uint64_t ticket)
{
    struct slow_job j = { .ticket = ticket, .want = { .n = 16, .r = 8, .p = 1 }, .n = strlen(given) };
    assert_int_equal(slow_compute(&j.want, slice_str(right), j.want.hash), 0);
    memcpy(j.password, given, j.n);
    return j;
}

static struct slow_job wait_one(struct slow *s)
{
    struct slow_job got;
    struct pollfd p = { .fd = slow_fd(s), .events = POLLIN };
    while (!slow_take(s, &got))
        assert_int_equal(poll(&p, 1, 30000), 1);
    return got;
}

static void test_right_and_wrong(void **state)
{
    (void)state;
    struct slow *s = slow_new(2, 64);
    struct slow_job got;
    unsigned seen = 0;
    assert_non_null(s);
    assert_false(slow_take(s, &got));
    for (uint64_t i = 0; i < 20; i++) {
        struct slow_job j = job_of("secret-1", i % 2 ? "secret-1" : i % 4 ? "secret-2" : "", i);
        assert_int_equal(slow_give(s, &j), 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        static const uint8_t zeros[AUTH_PASSWORD_BYTES];
        got = wait_one(s);
        assert_int_equal(got.right, got.ticket % 2 == 1);
        assert_memory_equal(got.password, zeros, sizeof(zeros));
        seen |= 1u << got.ticket;
    }
    assert_int_equal(seen, (1u << 20) - 1);
    assert_false(slow_take(s, &got));
    struct pollfd p = { .fd = slow_fd(s), .events = POLLIN };
    assert_int_equal(poll(&p, 1, 0), 0);
    slow_free(s);
}

static void test_cost_that_is_refused(void **state)
{
    (void)state;
    struct slow *s = slow_new(1, 4);
    struct slow_job j = job_of("x", "x", 1);
    j.want.n = 15;
    assert_int_equal(slow_give(s, &j), 0);
    assert_false(wait_one(s).right);
    slow_free(s);
}

static void test_bound(void **state)
{
    (void)state;
    struct slow *s = slow_new(1, 3);
    for (uint64_t i = 0; i < 3; i++) {
        struct slow_job j = job_of("x", "x", i);
        assert_int_equal(slow_give(s, &j), 0);
    }
    struct slow_job j = job_of("x", "x", 9);
    assert_int_equal(slow_give(s, &j), ERR_NOBUF);
    assert_true(wait_one(s).right); /* what is taken makes room; what is merely done does not */
    assert_int_equal(slow_give(s, &j), 0);
    assert_int_equal(slow_give(s, &j), ERR_NOBUF);
    slow_free(s); /* with work left */
    slow_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_and_wrong),
        cmocka_unit_test(test_cost_that_is_refused),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

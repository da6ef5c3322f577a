/* Wiping and comparing secrets. */
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void wipes_exactly_what_it_is_told(void **state)
{
    (void)state;
    uint8_t b[6] = { 1, 2, 3, 4, 5, 6 };
    secret_wipe(b + 1, 4);
    assert_memory_equal(b, ((uint8_t[]){ 1, 0, 0, 0, 0, 6 }), 6);
    secret_wipe(NULL, 0);
}

/* One flipped bit anywhere makes a difference. */
static void compares_every_bit(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (uint8_t)(i * 7);
    assert_true(secret_eq(a, b, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(secret_eq(a, b, sizeof a));
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    b[31] ^= 1;
    assert_true(secret_eq(a, b, 31));
    assert_true(secret_eq(a, b, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wipes_exactly_what_it_is_told),
        cmocka_unit_test(compares_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

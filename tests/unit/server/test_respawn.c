/* The delays before a role that dies is started again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/master_parts.h"

static void delays_grow_and_end(void **state)
{
    static const msec want[] = { 0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
    (void)state;
    for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        assert_int_equal(respawn_delay(i), want[i]);
    assert_int_equal(respawn_delay(1000000), 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(delays_grow_and_end) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

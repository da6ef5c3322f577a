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

/* What the service manager is told: a role that does not answer is ended, and that is all well; one that cannot be ended is not. */
static void the_watchdog_is_that_of_the_roles(void **state)
{
    static struct master m;
    (void)state;
    m.ping_every = 1000;
    m.config.limit.watchdog = 5000;
    m.n_roles = 3;
    m.roles[0] = (struct role){ .kind = ROLE_KIND_AUTHD, .pid = 10 };
    m.roles[1] = (struct role){ .kind = ROLE_KIND_WORKER, .pid = 11 };
    m.roles[2] = (struct role){ .kind = ROLE_KIND_ADMIN, .pid = 12 };
    assert_true(watchdog_content(&m));
    for (unsigned i = 0; i < 3; i++) {
        m.roles[i].unanswered = 14; /* killed, and dying */
        assert_true(watchdog_content(&m));
        m.roles[i].unanswered = 15;
        assert_false(watchdog_content(&m));
        watchdog_heard(&m.roles[i]);
        assert_true(watchdog_content(&m));
    }
    m.roles[0].pid = 0; /* dead, and started again in its time */
    assert_true(watchdog_content(&m));
    m.roles[1].pid = 0; /* no worker, and nobody who starts one */
    assert_false(watchdog_content(&m));
    m.roles[1].again = (struct timer *)(void *)&m;
    assert_true(watchdog_content(&m));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(delays_grow_and_end),
                                        cmocka_unit_test(the_watchdog_is_that_of_the_roles) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

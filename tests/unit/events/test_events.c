/* The sink: level filter, one write a line, limits and what they left out. Writes into a pipe of its own, by a clock of its
 * own, which stands still where a test does not move it: how quick the machine is does not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "events/events.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int pipe_fds[2];
static struct timespec clock_now = { .tv_sec = 1000000 };

/* In place of libc's; so it must be seen from outside. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts)
{
    (void)id;
    *ts = clock_now;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    /* O_DIRECT: packet mode, so that each write(2) is read alone. */
    if (pipe2(pipe_fds, O_DIRECT | O_NONBLOCK | O_CLOEXEC) < 0)
        return -1;
    events_init("tester", EVENT_INFO);
    events_set_fd(pipe_fds[1]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return 0;
}

/* The next write(2), as a string; "" if there was none. */
static const char *next(void)
{
    static char buf[8192];
    ssize_t n = read(pipe_fds[0], buf, sizeof(buf) - 1);
    buf[n > 0 ? n : 0] = 0;
    return buf;
}

static void test_one_write_a_line(void **state)
{
    (void)state;
    event(EV_STARTED, NULL, F_TEXT("version", "1"));
    event(EV_STOPPED, NULL);
    const char *a = next();
    assert_non_null(strstr(a, " notice 1000 STARTED tester version=1: "));
    assert_ptr_equal(strchr(a, '\n'), a + strlen(a) - 1);
    assert_non_null(strstr(next(), " notice 1001 STOPPED tester: "));
    assert_string_equal(next(), "");
}

static void test_level_filter(void **state)
{
    (void)state;
    assert_int_equal(events_level(), EVENT_INFO);
    event(EV_ADDRESS_LEASED, NULL); /* debug */
    assert_string_equal(next(), "");
    events_set_level(EVENT_DEBUG);
    event(EV_ADDRESS_LEASED, NULL);
    assert_string_not_equal(next(), "");
    events_set_level(EVENT_ERROR);
    event(EV_STARTED, NULL);
    event(EV_CERTIFICATE_EXPIRES, NULL);
    assert_string_equal(next(), "");
    event(EV_START_FAILED, NULL);
    assert_string_not_equal(next(), "");
}

static void test_errno_is_kept(void **state)
{
    (void)state;
    errno = EILSEQ;
    event(EV_STARTED, NULL);
    assert_int_equal(errno, EILSEQ);
    events_set_fd(-1);
    errno = EILSEQ;
    event(EV_STARTED, NULL); /* a sink that is gone does no harm */
    assert_int_equal(errno, EILSEQ);
}

/* So many times an event that peers can cause at will; returns how many lines came of it. */
static unsigned flood(unsigned n)
{
    unsigned printed = 0;
    for (unsigned i = 0; i < n; i++) {
        event(EV_HTTP_REFUSED, NULL, F_NUM("status", 404));
        while (*next())
            printed++;
    }
    return printed;
}

static void test_limit(void **state)
{
    (void)state;
    assert_int_equal(flood(1000), EVENT_BURST);
    /* Another event has its own bucket, and what cannot be caused at will has none. */
    event(EV_AUTH_REFUSED, NULL);
    assert_non_null(strstr(next(), "AUTH_REFUSED"));
    for (unsigned i = 0; i < 200; i++) {
        event(EV_STARTED, NULL);
        assert_non_null(strstr(next(), "STARTED"));
    }
    events_flush();
    assert_non_null(strstr(next(), " 1503 SUPPRESSED tester number=1340 symbol=HTTP_REFUSED count=950: "));
    events_flush();
    assert_string_equal(next(), ""); /* said once */
    /* In time there is room again, and never for more than the burst; what was left out is said first. */
    assert_int_equal(flood(1), 0);
    clock_now.tv_sec++;
    event(EV_HTTP_REFUSED, NULL, F_NUM("status", 404));
    assert_non_null(strstr(next(), " SUPPRESSED tester number=1340 symbol=HTTP_REFUSED count=1: "));
    assert_non_null(strstr(next(), " HTTP_REFUSED tester status=404: "));
    assert_int_equal(flood(1000), EVENT_RATE - 1);
    clock_now.tv_sec += 1000;
    assert_int_equal(flood(1000), EVENT_BURST + 1);
}

static char tapped[600];
static unsigned taps;

static void on_tap(void *ctx, const char *line, size_t n)
{
    assert_ptr_equal(ctx, tapped);
    assert_true(n < sizeof(tapped));
    memcpy(tapped, line, n);
    tapped[n] = 0;
    taps++;
}

static void test_tap(void **state)
{
    (void)state;
    events_set_tap(on_tap, tapped);
    event(EV_STARTED, NULL, F_TEXT("interface", "adit0"));
    assert_int_equal(taps, 1);
    const char *line = next();
    assert_int_equal(strlen(line), strlen(tapped) + 1); /* without its newline */
    assert_memory_equal(line, tapped, strlen(tapped));
    event(EV_WORKER_READY, NULL); /* info: written, not told */
    assert_int_equal(taps, 1);
    events_set_level(EVENT_ERROR);
    event(EV_STARTED, NULL); /* not written */
    assert_int_equal(taps, 1);
    events_set_tap(NULL, NULL);
    event(EV_START_FAILED, NULL);
    assert_int_equal(taps, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_write_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_level_filter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errno_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tap, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

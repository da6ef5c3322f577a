/* All of some bytes, or a failure that is told. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net/write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MUCH = 8 << 20 };

static void on_alarm(int signo)
{
    (void)signo;
}

/* A reader that is slower than the writer, which a signal interrupts a thousand times a second. */
static void nothing_is_left_out(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        static uint8_t some[4001];
        size_t total = 0;
        uint32_t sum = 0;
        close(ends[1]);
        for (ssize_t n; (n = read(ends[0], some, sizeof(some))) > 0; total += (size_t)n)
            for (ssize_t i = 0; i < n; i++)
                sum = sum * 31 + some[i];
        uint32_t want = 0;
        for (size_t i = 0; i < MUCH; i++)
            want = want * 31 + (uint8_t)(i * 7 >> 3);
        _exit(total == MUCH && sum == want ? 0 : 1);
    }
    close(ends[0]);
    struct sigaction act = { .sa_handler = on_alarm }; /* no SA_RESTART */
    struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
    assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
    uint8_t *bytes = malloc(MUCH);
    assert_non_null(bytes);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (uint8_t)(i * 7 >> 3);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(write_all(ends[1], slice_of(bytes, MUCH)), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    close(ends[1]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(bytes);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write_all(fd, slice_str("x")), ERR_SYSTEM);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(write_all(fd, slice_of(NULL, 0)), 0);
    close(fd);
}

static void a_socket_that_takes_no_more_is_told(void **state)
{
    (void)state;
    int ends[2];
    uint8_t *bytes = calloc(1, MUCH);
    assert_non_null(bytes);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(write_all(ends[0], slice_of(bytes, MUCH)), ERR_SYSTEM);
    assert_int_equal(errno, EAGAIN);
    close(ends[0]);
    close(ends[1]);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_out),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(a_socket_that_takes_no_more_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

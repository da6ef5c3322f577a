/* Happy eyeballs over this host's loopback: an address that answers, one that refuses, one that is silent; no root, and no
 * network but lo. The clock is the test's own: it stands still but where a test puts it forward, so that a slow machine
 * changes nothing, and what must happen "at once" happens at the very same millisecond. */
#include "client/dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum {
    TICK = 10,     /* ms of real time between two looks of drive() */
    FORWARD = 3,   /* ticks until the clock is put forward */
    NOTHING = 30,  /* ticks after which nothing more is expected */
    MUCH = 100000, /* ticks for what must come */
};

static msec clock_now = 1000000;

/* In place of libc's, also for the event library: so it must be seen from outside. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts)
{
    if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, id, ts);
    *ts = (struct timespec){ .tv_sec = (time_t)(clock_now / 1000), .tv_nsec = (long)(clock_now % 1000) * 1000000 };
    return 0;
}

static struct {
    struct loop *loop;
    struct dial *dial;
    bool free_inside;
    unsigned calls;
    int fd;
    struct prefix at;
    char why[256];
    msec took, began;
} t;

/* Real time goes on: it puts the clock forward, and ends what does not end. */
static struct {
    int fd;
    unsigned ticks, limit;
    msec by;
} driver;

static void on_dialled(void *ctx, int fd, const struct prefix *at, const char *why)
{
    assert_ptr_equal(ctx, &t);
    t.calls++;
    t.fd = fd;
    t.at = *at;
    memcpy(t.why, why, strlen(why) + 1);
    t.took = loop_now(t.loop) - t.began;
    if (t.free_inside) {
        dial_free(t.dial);
        t.dial = NULL;
    }
    loop_stop(t.loop, 0);
}

static void drive(void *ctx, int events)
{
    uint64_t n;
    (void)ctx, (void)events;
    assert_int_equal(read(driver.fd, &n, sizeof n), sizeof n);
    driver.ticks++;
    if (driver.ticks == FORWARD)
        clock_now += driver.by;
    if (driver.ticks == driver.limit)
        loop_stop(t.loop, 1);
}

/* The loop, in which the clock is put forward once by so many ms; 1 if nothing has ended it within the ticks. */
static int run(msec by, unsigned limit)
{
    struct itimerspec every = { .it_interval.tv_nsec = TICK * 1000000, .it_value.tv_nsec = TICK * 1000000 };
    driver.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    driver.ticks = 0;
    driver.by = by;
    driver.limit = limit;
    struct watch *w = watch_new(t.loop, driver.fd, LOOP_READ, drive, NULL);
    assert_non_null(w);
    assert_int_equal(timerfd_settime(driver.fd, 0, &every, NULL), 0);
    int code = loop_run(t.loop);
    watch_free(w);
    close(driver.fd);
    return code;
}

/* A listener at 127.0.0.LAST, or at ::1 for 0; *port is chosen if it is 0. -1: no such address here. */
static int listen_at(unsigned last, uint16_t *port, int backlog)
{
    struct sockaddr_in s4 = { .sin_family = AF_INET, .sin_port = htons(*port) };
    struct sockaddr_in6 s6 = { .sin6_family = AF_INET6, .sin6_port = htons(*port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    socklen_t n = last ? sizeof s4 : sizeof s6;
    struct sockaddr *a = last ? (struct sockaddr *)&s4 : (struct sockaddr *)&s6;
    int fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    s4.sin_addr.s_addr = htonl(0x7f000000 | last);
    if (fd < 0 || bind(fd, a, n) < 0 || listen(fd, backlog) < 0 || getsockname(fd, a, &n) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(last ? s4.sin_port : s6.sin6_port);
    return fd;
}

/* A full queue of connections: what comes then gets no answer at all. */
static void silence(unsigned last, uint16_t port, int *listener, int fill[4])
{
    struct tcp_info info = { 0 };
    *listener = listen_at(last, &port, 0);
    assert_true(*listener >= 0);
    for (unsigned i = 0; i < 4; i++) {
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(0x7f000000 | last) };
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_true(fill[i] >= 0);
        (void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
    }
    /* Of a listener these two are how many wait to be accepted, and how many may. */
    for (unsigned i = 0; i < 30000 && info.tcpi_unacked <= info.tcpi_sacked; i++) {
        socklen_t n = sizeof info;
        assert_int_equal(getsockopt(*listener, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
        usleep(1000);
    }
    assert_true(info.tcpi_unacked > info.tcpi_sacked);
}

static struct prefix v4(unsigned last)
{
    return prefix_v4(0x7f000000 | last, 32);
}

static struct prefix v6(void)
{
    return prefix_v6(in6addr_loopback.s6_addr, 128);
}

/* Dials, and a moment later it is so much later; 0 if the callback came, 1 if it did not within the ticks. */
static int dial_later(const struct prefix *addrs, unsigned n, uint16_t port, msec by, unsigned limit)
{
    t.calls = 0;
    t.fd = -2;
    t.began = clock_now;
    t.dial = dial_new(t.loop, addrs, n, port, NULL, on_dialled, &t);
    assert_non_null(t.dial);
    assert_int_equal(t.calls, 0); /* never before dial_new() has returned */
    int code = run(by, limit);
    dial_free(t.dial);
    t.dial = NULL;
    return code;
}

/* Dials, and no time passes. */
static int dial(const struct prefix *addrs, unsigned n, uint16_t port)
{
    return dial_later(addrs, n, port, 0, MUCH);
}

static void reached(const struct prefix *which)
{
    assert_int_equal(t.calls, 1);
    assert_true(t.fd >= 0);
    assert_true(prefix_eq(&t.at, which));
    assert_string_equal(t.why, "");
    assert_int_equal(close(t.fd), 0);
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.loop = loop_new();
    return t.loop ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(t.loop);
    return 0;
}

static void test_first_answers(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listen_at(1, &port, 8);
    struct prefix a[] = { v4(1), v4(2) };
    for (unsigned inside = 0; inside < 2; inside++) {
        t.free_inside = inside;
        assert_int_equal(dial(a, 2, port), 0);
        reached(&a[0]);
        assert_int_equal(t.took, 0);
    }
    close(l);
}

/* A refusal is an answer: the next address is tried at once. */
static void test_first_refuses(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listen_at(1, &port, 8);
    struct prefix a[] = { v4(2), v4(3), v4(1) };
    assert_int_equal(dial(a, 3, port), 0);
    reached(&a[2]);
    assert_int_equal(t.took, 0);
    close(l);
}

static void test_first_is_silent(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listen_at(1, &port, 8), dead, fill[4];
    silence(2, port, &dead, fill);
    struct prefix a[] = { v4(2), v4(1) };
    assert_int_equal(dial_later(a, 2, port, DIAL_STAGGER - 1, NOTHING), 1);
    assert_int_equal(t.calls, 0);
    assert_int_equal(dial_later(a, 2, port, DIAL_STAGGER, MUCH), 0);
    reached(&a[1]);
    assert_int_equal(t.took, DIAL_STAGGER);
    /* alone, it is waited for */
    assert_int_equal(dial_later(a, 1, port, 2 * DIAL_STAGGER, NOTHING), 1);
    assert_int_equal(t.calls, 0);
    for (unsigned i = 0; i < 4; i++)
        close(fill[i]);
    close(dead);
    close(l);
}

/* Either family may be dead. */
static void test_families(void **state)
{
    (void)state;
    uint16_t port = 0, same;
    int l = listen_at(1, &port, 8);
    struct prefix six_first[] = { v6(), v4(1) }, four_first[] = { v4(1), v6() };
    assert_int_equal(dial(six_first, 2, port), 0);
    reached(&six_first[1]);
    close(l);
    same = 0;
    l = listen_at(0, &same, 8);
    if (l < 0) {
        skip(); /* this host has no IPv6 */
        return;
    }
    assert_int_equal(dial(four_first, 2, same), 0);
    reached(&four_first[1]);
    close(l);
}

static void test_nobody(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listen_at(1, &port, 8); /* a port that is free at the others */
    struct prefix a[DIAL_MAX];
    for (unsigned i = 0; i < DIAL_MAX; i++)
        a[i] = v4(i + 2);
    for (unsigned inside = 0; inside < 2; inside++) {
        t.free_inside = inside;
        assert_int_equal(dial(a, 2, port), 0);
        assert_int_equal(t.calls, 1);
        assert_int_equal(t.fd, -1);
        assert_string_equal(t.why, "127.0.0.2: Connection refused, 127.0.0.3: Connection refused");
    }
    t.free_inside = false;
    assert_int_equal(dial(a, DIAL_MAX, port), 0);
    assert_int_equal(t.fd, -1);
    assert_int_equal(strncmp(t.why, "127.0.0.2: Connection refused, ", 31), 0); /* cut, not overrun */
    close(l);
}

/* Nobody answers and nobody refuses: after 20 seconds it is over, and not before. */
static void test_deadline(void **state)
{
    (void)state;
    uint16_t port = 0;
    int l = listen_at(1, &port, 8), dead, fill[4];
    silence(2, port, &dead, fill);
    struct prefix a[] = { v4(2), v4(3), v4(2) };
    assert_int_equal(dial_later(a, 1, port, DIAL_TIMEOUT - 1, NOTHING), 1);
    assert_int_equal(t.calls, 0);
    for (unsigned inside = 0; inside < 2; inside++) {
        t.free_inside = inside;
        assert_int_equal(dial_later(a, 1, port, DIAL_TIMEOUT, MUCH), 0);
        assert_int_equal(t.calls, 1);
        assert_int_equal(t.fd, -1);
        assert_int_equal(t.took, DIAL_TIMEOUT);
        assert_string_equal(t.why, "no answer in 20 s");
    }
    /* Refusals before it are told too; an address whose turn had not come is not tried any more. */
    assert_int_equal(dial_later(a + 1, 2, port, DIAL_TIMEOUT, MUCH), 0);
    assert_string_equal(t.why, "127.0.0.3: Connection refused, no answer in 20 s");
    a[1] = v4(1);
    assert_int_equal(dial_later(a, 2, port, DIAL_TIMEOUT + SECONDS(1), MUCH), 0);
    assert_int_equal(t.fd, -1);
    assert_string_equal(t.why, "no answer in 20 s");
    for (unsigned i = 0; i < 4; i++)
        close(fill[i]);
    close(dead);
    close(l);
}

static void test_given_up(void **state)
{
    (void)state;
    struct prefix a[DIAL_MAX + 1] = { v4(1) };
    assert_null(dial_new(t.loop, a, 0, 443, NULL, on_dialled, &t));
    assert_null(dial_new(t.loop, a, DIAL_MAX + 1, 443, NULL, on_dialled, &t));
    struct dial *d = dial_new(t.loop, a, 1, 1, NULL, on_dialled, &t); /* freed before its first attempt */
    assert_non_null(d);
    dial_free(d);
    assert_int_equal(run(SECONDS(60), NOTHING), 1);
    assert_int_equal(t.calls, 0);
    dial_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_is_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_families, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_given_up, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A time of day that jumps: linked into aditd_failing and adit_failing, never into what is installed.
 *
 * `jumpclock.seconds` is added to it; tests/netns/37-faults writes that from outside (/proc/PID/mem). The clock that waits go
 * by (CLOCK_MONOTONIC) is left alone, as it is by a host whose time is set. */
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct jumpclock {
    atomic_long seconds;
};
extern struct jumpclock jumpclock;
struct jumpclock jumpclock;

int clock_gettime(clockid_t which, struct timespec *ret)
{
    int r = (int)syscall(SYS_clock_gettime, which, ret);
    if (r == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        ret->tv_sec += atomic_load(&jumpclock.seconds);
    return r;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec t;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        return -1;
    *ret = (struct timeval){ .tv_sec = t.tv_sec, .tv_usec = t.tv_nsec / 1000 };
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        return -1;
    if (ret)
        *ret = t.tv_sec;
    return t.tv_sec;
}

/* Round-trip times over UDP, for percentiles that ping does not give.
 *
 * rtt serve ADDRESS PORT: sends everything back. rtt ping ADDRESS PORT COUNT INTERVAL_US [FROM]: sends COUNT packets of
 * 64 bytes, one every INTERVAL_US whatever comes back, waits two seconds for the last, prints
 * `rtt SENT LOST P50 P90 P99 MAX` in microseconds (a lost one counts as longer than all). */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { BYTES = 36, LAST_WAIT_MS = 2000 };
static const int64_t MS = 1000000;

struct probe {
    uint32_t seq, pad;
    int64_t sent;
    uint8_t rest[BYTES - 16];
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 * MS + t.tv_nsec;
}

static struct sockaddr_in address(const char *addr, const char *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    if (inet_pton(AF_INET, addr, &a.sin_addr) != 1)
        die(addr);
    return a;
}

_Noreturn static void do_serve(char **argv)
{
    struct sockaddr_in a = address(argv[2], argv[3]), from;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char buf[2048];
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
        die("bind");
    puts("ready");
    fflush(stdout);
    for (;;) {
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len);
        if (n > 0)
            (void)!sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
    }
}

/* Takes what has come back; how many were new. */
static uint32_t take(int fd, int64_t *took, uint32_t n)
{
    struct probe p;
    uint32_t fresh = 0;
    while (recv(fd, &p, sizeof p, MSG_DONTWAIT) == (ssize_t)sizeof p) {
        if (p.seq >= n || took[p.seq] != INT64_MAX)
            continue;
        took[p.seq] = now() - p.sent;
        fresh++;
    }
    return fresh;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static double at(const int64_t *took, uint32_t n, double share)
{
    uint32_t i = (uint32_t)(share * (double)(n - 1) + 0.5);
    return took[i] == INT64_MAX ? 999999.0 : (double)took[i] / 1000.0;
}

static uint32_t probe_all(int fd, int64_t *took, uint32_t n, int64_t interval)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint32_t sent = 0, back = 0;
    int64_t start = now(), end = start + (int64_t)n * interval + LAST_WAIT_MS * MS;
    while (back < n && now() < end) {
        int64_t due = sent < n ? start + (int64_t)sent * interval : end, left = due - now();
        struct timespec wait = { left > 0 ? left / (1000 * MS) : 0, left > 0 ? left % (1000 * MS) : 0 };
        if (ppoll(&p, 1, &wait, NULL) > 0)
            back += take(fd, took, n);
        if (sent < n && now() >= due) {
            struct probe q = { .seq = sent++, .sent = now() };
            (void)!send(fd, &q, sizeof q, 0);
        }
    }
    return back;
}

static int do_ping(int argc, char **argv)
{
    struct sockaddr_in a = address(argv[2], argv[3]);
    uint32_t n = (uint32_t)atoi(argv[4]);
    int64_t interval = (int64_t)atoi(argv[5]) * 1000;
    int64_t *took = calloc(n ? n : 1, sizeof *took);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (argc == 7) {
        struct sockaddr_in from = address(argv[6], "0");
        if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0)
            die(argv[6]);
    }
    if (!took || !n || interval <= 0 || fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        die("connect");
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (uint32_t i = 0; i < n; i++)
        took[i] = INT64_MAX;
    uint32_t back = probe_all(fd, took, n, interval);
    qsort(took, n, sizeof *took, by_size);
    printf("rtt %u %u %.1f %.1f %.1f %.1f\n", n, n - back, at(took, n, 0.5), at(took, n, 0.9), at(took, n, 0.99),
           back ? (double)took[back - 1] / 1000.0 : 0.0);
    free(took);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        do_serve(argv);
    if ((argc == 6 || argc == 7) && strcmp(argv[1], "ping") == 0)
        return do_ping(argc, argv);
    fprintf(stderr, "usage: rtt serve ADDRESS PORT | rtt ping ADDRESS PORT COUNT INTERVAL_US [FROM]\n");
    return 2;
}

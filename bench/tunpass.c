/* Two TUNs joined by a plain copy: what the kernel's side of any user-space tunnel costs, without TLS or TCP between.
 *
 * tunpass [-o] [-d MS] NETNS_A DEV_A NETNS_B DEV_B: makes one TUN in each namespace, copies packets both ways, one read and
 * one write a packet, until it is ended. With -o both TUNs offer TSO (and USO where the kernel has it), so that one read and
 * one write carry up to 64 KB: what a tunnel with offloads has to be measured against. With -d it is a long path: each
 * packet arrives MS milliseconds later, and is lost where a hundred megabytes are under way. The interfaces go with the
 * process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { VNET = 10, MAX = 65536 + VNET, BURST = 64, LINE = 100 << 20 };

enum { USO4 = 0x20, USO6 = 0x40 }; /* TUN_F_USO4, TUN_F_USO6: newer than the headers of Debian 12 */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void offload(int fd)
{
    const unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    if (ioctl(fd, TUNSETOFFLOAD, tso | USO4 | USO6) < 0 && ioctl(fd, TUNSETOFFLOAD, tso) < 0)
        die("TUNSETOFFLOAD");
}

static int tun(const char *ns, const char *dev, bool offloads)
{
    char path[256];
    struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    snprintf(path, sizeof path, "/run/netns/%s", ns);
    int n = open(path, O_RDONLY | O_CLOEXEC);
    if (n < 0 || setns(n, CLONE_NEWNET) < 0)
        die(path);
    close(n);
    snprintf(r.ifr_name, IFNAMSIZ, "%s", dev);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
        die(dev);
    if (offloads)
        offload(fd);
    return fd;
}

/* One direction. Packets under way lie in a ring, each behind its size and the time when it arrives. */
struct way {
    int from, to;
    uint64_t delay; /* ns; 0: no ring */
    uint8_t *ring;
    size_t head, tail; /* ever: bytes put in, taken out */
};

struct ahead {
    uint64_t due;
    uint32_t n;
};

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void arrive(const struct way *w, const uint8_t *p, size_t n)
{
    if (write(w->to, p, n) < 0 && errno != EAGAIN && errno != EIO)
        die("write");
}

static void ring_copy(const struct way *w, size_t at, void *p, size_t n, bool in)
{
    for (size_t done = 0; done < n;) {
        size_t i = (at + done) % LINE, run = n - done < LINE - i ? n - done : LINE - i;
        if (in)
            memcpy(w->ring + i, (uint8_t *)p + done, run);
        else
            memcpy((uint8_t *)p + done, w->ring + i, run);
        done += run;
    }
}

static void depart(struct way *w, uint8_t *p, size_t n)
{
    struct ahead a = { .due = now() + w->delay, .n = (uint32_t)n };
    if (w->head - w->tail + sizeof a + n > LINE)
        return;
    ring_copy(w, w->head, &a, sizeof a, true);
    ring_copy(w, w->head + sizeof a, p, n, true);
    w->head += sizeof a + n;
}

/* What is due arrives. Returns when the next will: nanoseconds from now, or -1. */
static int64_t deliver(struct way *w)
{
    static uint8_t buf[MAX];
    struct ahead a;
    while (w->tail < w->head) {
        ring_copy(w, w->tail, &a, sizeof a, false);
        uint64_t t = now();
        if (a.due > t)
            return (int64_t)(a.due - t);
        ring_copy(w, w->tail + sizeof a, buf, a.n, false);
        w->tail += sizeof a + a.n;
        arrive(w, buf, a.n);
    }
    return -1;
}

static void copy(struct way *w)
{
    static uint8_t buf[MAX];
    for (int i = 0; i < BURST; i++) {
        ssize_t n = read(w->from, buf, sizeof buf);
        if (n <= 0)
            return;
        if (w->delay)
            depart(w, buf, (size_t)n);
        else
            arrive(w, buf, (size_t)n);
    }
}

static void set_up(struct way *w, int from, int to, unsigned ms)
{
    *w = (struct way){ .from = from, .to = to, .delay = ms * UINT64_C(1000000) };
    if (ms && !(w->ring = malloc(LINE)))
        die("malloc");
}

static void pass(struct way w[2])
{
    struct pollfd p[2] = { { .fd = w[0].from, .events = POLLIN }, { .fd = w[1].from, .events = POLLIN } };
    for (;;) {
        int64_t next = -1;
        for (int i = 0; i < 2; i++) {
            int64_t t = deliver(&w[i]);
            next = t >= 0 && (next < 0 || t < next) ? t : next;
        }
        struct timespec t = { .tv_sec = next / 1000000000, .tv_nsec = next % 1000000000 };
        if (ppoll(p, 2, next < 0 ? NULL : &t, NULL) < 0 && errno != EINTR)
            die("ppoll");
        for (int i = 0; i < 2; i++) {
            if (p[i].revents & POLLIN)
                copy(&w[i]);
        }
    }
}

int main(int argc, char **argv)
{
    struct way w[2];
    bool offloads = false;
    unsigned ms = 0;
    for (int c; (c = getopt(argc, argv, "od:")) != -1;) {
        offloads |= c == 'o';
        ms = c == 'd' ? (unsigned)strtoul(optarg, NULL, 10) : ms;
        if (c == '?')
            return 2;
    }
    if (argc - optind != 4 || ms > 10000) {
        fprintf(stderr, "usage: tunpass [-o] [-d MS] NETNS_A DEV_A NETNS_B DEV_B\n");
        return 2;
    }
    argv += optind;
    int a = tun(argv[0], argv[1], offloads), b = tun(argv[2], argv[3], offloads);
    set_up(&w[0], a, b, ms);
    set_up(&w[1], b, a, ms);
    puts("ready");
    fflush(stdout);
    pass(w);
}

/* Two TUNs joined by a plain copy: what the kernel's side of any user-space tunnel costs, without TLS or TCP between.
 *
 * tunpass [-o] NETNS_A DEV_A NETNS_B DEV_B: makes one TUN in each namespace, copies packets both ways, one read and one
 * write a packet, until it is ended. With -o both TUNs offer TSO (and USO where the kernel has it), so that one read and
 * one write carry up to 64 KB: what a tunnel with offloads has to be measured against. The interfaces go with the
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
#include <unistd.h>

enum { VNET = 10, MAX = 65536 + VNET, BURST = 64 };

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

static void copy(int from, int to)
{
    static uint8_t buf[MAX];
    for (int i = 0; i < BURST; i++) {
        ssize_t n = read(from, buf, sizeof buf);
        if (n <= 0)
            return;
        if (write(to, buf, (size_t)n) < 0 && errno != EAGAIN && errno != EIO)
            die("write");
    }
}

int main(int argc, char **argv)
{
    bool offloads = argc > 1 && strcmp(argv[1], "-o") == 0;
    argv += offloads;
    if (argc != 5 + offloads) {
        fprintf(stderr, "usage: tunpass [-o] NETNS_A DEV_A NETNS_B DEV_B\n");
        return 2;
    }
    struct pollfd p[2] = { { .fd = tun(argv[1], argv[2], offloads), .events = POLLIN },
                           { .fd = tun(argv[3], argv[4], offloads), .events = POLLIN } };
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            die("poll");
        if (p[0].revents & POLLIN)
            copy(p[0].fd, p[1].fd);
        if (p[1].revents & POLLIN)
            copy(p[1].fd, p[0].fd);
    }
}

/* Two TUNs joined by a plain copy: what the kernel's side of any user-space tunnel costs, without TLS or TCP between.
 *
 * tunpass NETNS_A DEV_A NETNS_B DEV_B: makes one TUN in each namespace, copies packets both ways, one read and one write a
 * packet, until it is ended. The interfaces go with the process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { VNET = 10, MAX = 65536 + VNET, BURST = 64 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int tun(const char *ns, const char *dev)
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
    if (argc != 5) {
        fprintf(stderr, "usage: tunpass NETNS_A DEV_A NETNS_B DEV_B\n");
        return 2;
    }
    struct pollfd p[2] = { { .fd = tun(argv[1], argv[2]), .events = POLLIN },
                           { .fd = tun(argv[3], argv[4]), .events = POLLIN } };
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

/* Two kernels' TCP through gso and gro: a stream between two network namespaces whose only link is this program.
 *
 * Each end has a TUN with offloads. What one reads is cut into packets of the link's MTU and, as if it had come out of a
 * tunnel, joined again for the other. The stream has to arrive byte by byte, mostly in super-packets, and without one
 * wrong checksum at either end. Needs root; started by tests/netns/06-seg-kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seg/gro.h"
#include "seg/gso.h"
#include "seg/mss.h"

enum { MTU = 1400, BYTES = 64 << 20, PORT = 5201 };

static uint8_t super_packet[70000], cuts[GRO_PACKETS * 2048];
static struct gro gro;
static unsigned long packets, reads, parts, writes, supers, bad;

static void need(bool holds, const char *words)
{
    if (holds)
        return;
    printf("not ok seg-stream: %s: %s\n", words, strerror(errno));
    exit(1);
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 9) * 7 + (i >> 17));
}

/* A namespace with a TUN and the address .n of the link; the program stays in it. */
static int end(int n, int *ret_ns)
{
    struct ifreq r = { .ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    char cmd[400];
    need(unshare(CLONE_NEWNET) == 0, "unshare (root?)");
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    need(fd >= 0 && ioctl(fd, TUNSETIFF, &r) == 0, "tun");
    need(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) == 0, "offloads");
    snprintf(cmd, sizeof cmd,
             "sysctl -qw net.ipv6.conf.t0.accept_dad=0 net.ipv4.tcp_ecn=1 && ip addr add 198.18.3.%d/24 dev t0 &&"
             " ip addr add fd00:18:3::%d/64 dev t0 && ip link set t0 mtu %d up",
             n, n, MTU);
    need(system(cmd) == 0, cmd);
    *ret_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    need(*ret_ns >= 0, "namespace");
    return fd;
}

static socklen_t address(int family, struct sockaddr_storage *a)
{
    struct sockaddr_in *in = (struct sockaddr_in *)a;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)a;
    memset(a, 0, sizeof *a);
    a->ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        in->sin_port = htons(PORT);
        inet_pton(AF_INET, "198.18.3.2", &in->sin_addr);
        return sizeof *in;
    }
    in6->sin6_port = htons(PORT);
    inet_pton(AF_INET6, "fd00:18:3::2", &in6->sin6_addr);
    return sizeof *in6;
}

/* Child: sends the stream, and waits for the other end to have it. */
static void sender(int family)
{
    static uint8_t buf[256 << 10];
    struct sockaddr_storage a;
    socklen_t len = address(family, &a);
    int s = socket(family, SOCK_STREAM, 0);
    need(s >= 0 && connect(s, (struct sockaddr *)&a, len) == 0, "connect");
    for (size_t at = 0; at < BYTES;) {
        for (size_t i = 0; i < sizeof buf; i++)
            buf[i] = byte_at(at + i);
        for (size_t sent = 0; sent < sizeof buf;) {
            ssize_t n = write(s, buf + sent, sizeof buf - sent);
            need(n > 0, "send");
            sent += (size_t)n;
        }
        at += sizeof buf;
    }
    shutdown(s, SHUT_WR);
    need(read(s, buf, 1) == 1, "the receiver's word");
    exit(0);
}

static void receiver(int listener)
{
    static uint8_t buf[256 << 10];
    size_t at = 0;
    ssize_t n;
    int s = accept(listener, NULL, NULL);
    need(s >= 0, "accept");
    while ((n = read(s, buf, sizeof buf)) > 0)
        for (ssize_t i = 0; i < n; i++, at++)
            need(buf[i] == byte_at(at), "a byte of the stream");
    need(n == 0 && at == BYTES, "the whole stream");
    need(write(s, "!", 1) == 1, "answer");
    exit(0);
}

static void flush(int to)
{
    struct slice s[GRO_SLICES];
    struct iovec v[GRO_SLICES];
    unsigned n = gro_finish(&gro);
    for (unsigned i = 0; i < n; i++) {
        unsigned k = gro_slices(&gro, i, s);
        for (unsigned j = 0; j < k; j++)
            v[j] = (struct iovec){ (void *)s[j].p, s[j].n };
        bad += writev(to, v, (int)k) < 0;
        packets += gro_count(&gro, i);
        writes++;
    }
    gro_init(&gro, 0);
}

/* What can be read now, cut and joined; the next read must find room for a whole super-packet. */
static void pump(int from, int to)
{
    size_t used = 0;
    ssize_t n;
    struct gso g;
    gro_init(&gro, 0);
    while ((n = read(from, super_packet, sizeof super_packet)) > VNET_HDR) {
        need(gso_init(&g, super_packet, slice_of(super_packet + VNET_HDR, (size_t)n - VNET_HDR)) == 0, "gso_init");
        supers += gso_left(&g) > 1;
        reads++;
        for (size_t len; (len = gso_next_len(&g)) != 0; used += len) {
            need(len <= MTU, "packets of the link's size");
            if (used + len > sizeof cuts || gro.packets == GRO_PACKETS) {
                flush(to);
                used = 0;
                parts++; /* in the middle of what was read, perhaps */
            }
            need(gso_next(&g, cuts + used) == len, "gso_next");
            mss_clamp(cuts + used, len, MTU - 100, false);
            need(gro_add(&gro, slice_of(cuts + used, len)), "gro_add");
        }
    }
    flush(to);
}

static unsigned long wrong_checksums(int ns)
{
    unsigned long wrong = 0;
    need(setns(ns, CLONE_NEWNET) == 0, "setns");
    /* The last number of the line is InCsumErrors, for both families. */
    static const char last[] = "awk '/^Tcp:/ {name = n; n = $NF} END {if (name == \"InCsumErrors\") print n}' "
                               "/proc/self/net/snmp";
    FILE *f = popen(last, "r");
    need(f && fscanf(f, "%lu", &wrong) == 1, "the count of wrong checksums");
    pclose(f);
    return wrong;
}

static void stream(int family, const int tun[2], const int ns[2], const char *name)
{
    struct sockaddr_storage a;
    socklen_t len = address(family, &a);
    int status[2] = { -1, -1 }, one = 1;
    packets = reads = parts = writes = supers = bad = 0;
    need(setns(ns[1], CLONE_NEWNET) == 0, "setns");
    int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    need(listener >= 0 && bind(listener, (struct sockaddr *)&a, len) == 0 && listen(listener, 1) == 0, "listen");
    pid_t child[2];
    fflush(stdout);
    if ((child[1] = fork()) == 0)
        receiver(listener);
    need(setns(ns[0], CLONE_NEWNET) == 0, "setns");
    if ((child[0] = fork()) == 0)
        sender(family);
    close(listener);
    for (int left = 2, idle = 0; left && idle < 1500;) { /* each idle turn is 10 ms */
        struct pollfd p[2] = { { tun[0], POLLIN, 0 }, { tun[1], POLLIN, 0 } };
        idle = poll(p, 2, 10) > 0 ? 0 : idle + 1;
        pump(tun[0], tun[1]);
        pump(tun[1], tun[0]);
        for (int i = 0; i < 2; i++)
            left -= child[i] > 0 && status[i] == -1 && waitpid(child[i], &status[i], WNOHANG) == child[i];
    }
    for (int i = 0; i < 2; i++)
        if (status[i] == -1)
            kill(child[i], SIGKILL);
    unsigned long wrong = wrong_checksums(ns[0]) + wrong_checksums(ns[1]);
    /* What was one read is one write again, however large the kernels made them, which hangs on how quick this machine is. Only
     * what TCP marks after a loss (CWR) may stay apart. */
    bool good = status[0] == 0 && status[1] == 0 && wrong == 0 && bad == 0 && supers > 100 &&
                writes <= reads + parts + packets / 100;
    printf("%s %s: %lu reads, %lu of them super-packets, %lu packets in %lu writes (%lu failed, %lu parts), %lu wrong "
           "checksums\n",
           good ? "ok" : "not ok", name, reads, supers, packets, writes, bad, parts, wrong);
    if (!good)
        exit(1);
}

int main(void)
{
    int ns[2], tun[2];
    alarm(100);
    for (int i = 0; i < 2; i++)
        tun[i] = end(i + 1, &ns[i]);
    stream(AF_INET, tun, ns, "seg-stream-ipv4");
    stream(AF_INET6, tun, ns, "seg-stream-ipv6");
    return 0;
}

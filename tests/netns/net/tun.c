/* TUN devices on this kernel: queues, headers, steering of both families, an unprivileged process that changes the
 * map. */
#include "check.h"

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "net/link.h"
#include "net/sock.h"
#include "net/tun.h"

enum { QUEUES = 4, NOBODY = 65534 };

static char err[256];

static struct prefix px(const char *text)
{
    struct prefix p;

    if (prefix_parse(text, false, &p) < 0)
        abort();
    return p;
}

static void drain(const int *fds, int n)
{
    uint8_t buf[4096];

    for (int i = 0; i < n; i++)
        while (tun_read(fds[i], buf, sizeof(buf)) > 0)
            ;
}

static void send_udp(const struct prefix *to, const char *text)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(9) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
    bool four = to->family == 4;
    int s = socket(four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(&in.sin_addr, to->addr + 12, 4);
    memcpy(&in6.sin6_addr, to->addr, 16);
    if (sendto(s, text, strlen(text), 0, four ? (void *)&in : (void *)&in6, four ? sizeof(in) : sizeof(in6)) < 0)
        perror("sendto");
    close(s);
}

#define MARKER "marker-of-this-test"

/* What is read next on one of the queues, whose number is *ret_queue: the next datagram of ours, the kernel's own packets,
 * such as router solicitations, passed over. 0: none within `ms`. */
static long next_of_ours(const int *fds, int n, const char *words, uint8_t buf[4096], int *ret_queue, int ms)
{
    struct pollfd p[QUEUES];

    for (int i = 0; i < n; i++)
        p[i] = (struct pollfd){ fds[i], POLLIN, 0 };
    while (poll(p, (nfds_t)n, ms) > 0)
        for (int i = 0; i < n; i++) {
            long len = p[i].revents ? tun_read(fds[i], buf, 4096) : 0;
            *ret_queue = i;
            if (len > 0 && memmem(buf, (size_t)len, words, strlen(words)))
                return len;
            if (len < 0)
                return 0;
        }
    return 0;
}

/* Sends one datagram to `to` and returns the queue on which it arrived; -1 none, -2 on several or not itself. */
static int arrives_at(const int *fds, int n, const char *to)
{
    struct prefix p = px(to);
    uint8_t buf[4096];
    int at = -1, again;

    drain(fds, n);
    send_udp(&p, MARKER);
    if (next_of_ours(fds, n, MARKER, buf, &at, SURELY) == 0)
        return -1;
    unsigned dst = p.family == 4 ? TUN_VNET_HDR + 16 : TUN_VNET_HDR + 24;
    bool same = memcmp(buf + dst, p.family == 4 ? p.addr + 12 : p.addr, p.family == 4 ? 4 : 16) == 0;
    return same && next_of_ours(fds, n, MARKER, buf, &again, 0) == 0 ? at : -2;
}

static void test_create(void)
{
    int fd, again[2];

    ok_why(tun_create("adsingle", 1, &fd, err) == 0, "tun: single queue", err);
    ok(nl_link_is_tun("adsingle") == 1, "tun: is told to be a TUN");
    ok(nl_link_is_tun("lo") == 0, "tun: lo is none");
    ok(tun_create("adsingle", 1, again, err) == ERR_DUPLICATE && strstr(err, "adsingle"), "tun: name is taken, once");
    ok(tun_create("adsingle", 2, again, err) == ERR_DUPLICATE, "tun: name is taken, by another kind");
    ok(tun_create("lo", 1, again, err) == ERR_DUPLICATE, "tun: lo is taken");
    ok(tun_create("tun%d", 1, again, err) == ERR_VALUE, "tun: no patterns in a name");
    ok(tun_create("", 1, again, err) == ERR_VALUE, "tun: no empty name");
    ok(tun_create("sixteen-letters-", 1, again, err) == ERR_VALUE, "tun: no long name");
    ok(tun_create("adzero", 0, again, err) == ERR_VALUE, "tun: no queue is an error");
    struct ifreq ifr = { 0 };
    ok(ioctl(fd, TUNGETIFF, &ifr) == 0 && (ifr.ifr_flags & IFF_VNET_HDR) && (ifr.ifr_flags & IFF_NO_PI),
       "tun: header of virtio, none of its own");
    ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd, F_GETFL) & O_NONBLOCK), "tun: close-on-exec, non-blocking");
    close(fd);
    ok(nl_link_index("adsingle") == 0, "tun: gone with its descriptor");
}

/* A packet written into the tunnel reaches the host's own socket; a packet of the host is read with a zero header. */
static void test_packets(const int *fds)
{
    uint8_t buf[4096] = { 0 };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(7777) };
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    static const uint8_t zero[TUN_VNET_HDR];
    static const uint8_t packet[] = { 0x45, 0, 0, 33, 0, 0,    0,    0, 64, 17, 0, 0,   10,  9,   0,   7,  10,
                                      9,    0, 1, 1,  1, 0x1e, 0x61, 0, 13, 0,  0, 'h', 'e', 'l', 'l', 'o' };

    if (bind(s, (void *)&in, sizeof(in)) < 0)
        exit(99);
    memcpy(buf + TUN_VNET_HDR, packet, sizeof(packet));
    unsigned sum = 0;
    for (int i = 0; i < 20; i += 2)
        sum += (unsigned)packet[i] << 8 | packet[i + 1];
    sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
    buf[TUN_VNET_HDR + 10] = (uint8_t)(sum >> 8);
    buf[TUN_VNET_HDR + 11] = (uint8_t)sum;
    long n = TUN_VNET_HDR + (long)sizeof(packet);
    ok(tun_write(fds[2], buf, (size_t)n) == n && readable(s, SURELY), "tun: what is written reaches the host");
    close(s);
    buf[TUN_VNET_HDR] = 0x25;
    ok(tun_write(fds[0], buf, (size_t)n) == ERR_VALUE, "tun: a packet of no IP version is refused");
    ok(tun_write(fds[0], buf, 4) == ERR_VALUE, "tun: half a header is refused");

    drain(fds, QUEUES);
    struct prefix to = px("10.9.0.77");
    int queue;
    send_udp(&to, MARKER);
    memset(buf, 0xee, sizeof(buf));
    n = next_of_ours(fds, QUEUES, MARKER, buf, &queue, SURELY);
    ok(n == TUN_VNET_HDR + 20 + 8 + (long)strlen(MARKER), "tun: one packet is read, header first");
    ok(memcmp(buf, zero, sizeof(zero)) == 0, "tun: its header is zeros, nothing is left to do (no offloads)");
    do
        n = tun_read(fds[0], buf, sizeof(buf));
    while (n > TUN_VNET_HDR && buf[TUN_VNET_HDR] >> 4 == 6); /* the kernel looks for routers when it likes */
    ok(n == 0, "tun: nothing there is 0");
}

static void test_steering(const int *fds, int map)
{
    static const char *const to[2][QUEUES] = { { "10.9.0.20", "10.9.0.21", "10.9.0.22", "10.9.0.23" },
                                               { "fd09::20", "fd09::21", "fd09::22", "fd09::23" } };
    bool good = true, set = true;

    for (int f = 0; f < 2; f++)
        for (uint32_t q = 0; q < QUEUES; q++) {
            struct prefix p = px(to[f][q]);
            set = steer_set(map, &p, (q + 1) % QUEUES) == 0 && set;
        }
    ok(set, "steer: eight entries");
    for (int f = 0; f < 2; f++) {
        good = true;
        for (int round = 0; round < 8; round++)
            for (int q = 0; q < QUEUES; q++)
                good = arrives_at(fds, QUEUES, to[f][q]) == (q + 1) % QUEUES && good;
        ok(good, f ? "steer: IPv6 to each of four queues" : "steer: IPv4 to each of four queues");
    }
    struct prefix p = px("10.9.0.20");
    ok(steer_set(map, &p, 3) == 0 && arrives_at(fds, QUEUES, "10.9.0.20") == 3, "steer: an entry is changed live");
    ok(steer_clear(map, &p) == 0 && arrives_at(fds, QUEUES, "10.9.0.20") >= 0, "steer: removed, and still arrives");
    ok(steer_clear(map, &p) == ERR_MISSING, "steer: removing it twice is told");
    /* What is left: .21 and ::21 lead to 2, .22 and ::22 to 3, .23 and ::23 to 0, ::20 to 1. */
    ok(steer_clear_queue(map, 2) == 2 && steer_clear_queue(map, 2) == 0, "steer: a dead worker's entries are removed");
    p = px("10.9.0.21");
    ok(steer_clear(map, &p) == ERR_MISSING && arrives_at(fds, QUEUES, "10.9.0.22") == 3, "steer: the others' stay");
}

static void test_prefixes(const int *fds, int map)
{
    static const struct {
        const char *prefix, *in, *out, *name;
    } rows[] = { { "10.9.7.0/24", "10.9.7.200", "10.9.8.200", "steer: an IPv4 /24" },
                 { "10.9.64.0/19", "10.9.95.255", "10.9.96.0", "steer: an IPv4 /19" },
                 { "fd09:1::/64", "fd09:1::ffff:1", "fd09:2::1", "steer: an IPv6 /64" } };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct prefix p = px(rows[i].prefix), other = px(rows[i].out);
        bool good = steer_set(map, &other, 0) == 0;
        for (uint32_t q = 1; q < QUEUES; q++) {
            good = good && steer_set(map, &p, q) == 0;
            good = good && arrives_at(fds, QUEUES, rows[i].in) == (int)q && arrives_at(fds, QUEUES, rows[i].out) == 0;
        }
        ok(good, rows[i].name);
    }
    struct prefix inner = px("10.9.7.9");
    ok(steer_set(map, &inner, 0) == 0 && arrives_at(fds, QUEUES, "10.9.7.9") == 0 &&
           arrives_at(fds, QUEUES, "10.9.7.10") == 3,
       "steer: the longest prefix wins");
    ok(steer_clear(map, &inner) == 0 && arrives_at(fds, QUEUES, "10.9.7.9") == 3, "steer: then the shorter one again");
    struct prefix huge = px("10.9.0.40");
    ok(steer_set(map, &huge, 4 + 2) == 0 && arrives_at(fds, QUEUES, "10.9.0.40") == 2,
       "steer: a queue too high is taken modulo");
}

/* A child without any privilege changes the map and uses its queue. */
static void test_unprivileged(const int *fds, int map)
{
    pid_t child = fork();

    if (child == 0) {
        struct prefix p = px("10.9.0.50");
        uint8_t buf[4096];
        int queue;
        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
            _exit(1);
        if (steer_set(map, &p, 2) < 0)
            _exit(2);
        send_udp(&p, MARKER);
        if (next_of_ours(&fds[2], 1, MARKER, buf, &queue, SURELY) == 0)
            _exit(3);
        int fd;
        _exit(tun_create("adnobody", 1, &fd, err) == 0 ? 4 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    char why[32];
    snprintf(why, sizeof(why), "status %d", WEXITSTATUS(status));
    ok_why(WIFEXITED(status) && WEXITSTATUS(status) == 0, "steer: an unprivileged process sets an entry and reads",
           why);
    ok(arrives_at(fds, QUEUES, "10.9.0.50") == 2, "steer: its entry stays when it is gone");
}

/* Packets that the host forwards, not its own: what a server does all day. */
static void test_forwarded(const int *fds, int map)
{
    bool good[2] = { true, true };

    must("ip netns add far && ip link add fwd0 type veth peer name e0 netns far && ip link set fwd0 up");
    must("ip addr add 198.18.0.1/24 dev fwd0 && ip addr add fd18::1/64 dev fwd0 nodad");
    must("ip -n far link set e0 up && ip -n far addr add 198.18.0.2/24 dev e0 && ip -n far addr add fd18::2/64 dev e0 "
         "nodad");
    must("ip -n far route add 10.9.0.0/16 via 198.18.0.1 && ip -n far -6 route add fd09::/16 via fd18::1");
    must("echo 1 >/proc/sys/net/ipv4/conf/fwd0/forwarding && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
    for (uint32_t q = 0; q < 2 * QUEUES; q++) {
        struct prefix to = px(q & 1 ? "fd09::60" : "10.9.0.60");
        struct sockaddr_storage ss;
        socklen_t n = sock_addr(&to, 9, &ss);
        uint8_t buf[4096];
        int s = socket_in("far", ss.ss_family, SOCK_DGRAM), at = -1;
        bool ok_here = steer_set(map, &to, q / 2) == 0;
        drain(fds, QUEUES);
        ok_here = ok_here && sendto(s, MARKER, strlen(MARKER), 0, (void *)&ss, n) == (ssize_t)strlen(MARKER) &&
                  next_of_ours(fds, QUEUES, MARKER, buf, &at, SURELY) > 0;
        good[q & 1] = good[q & 1] && ok_here && at == (int)(q / 2);
        close(s);
    }
    ok(good[0], "steer: forwarded IPv4 to each of four queues");
    ok(good[1], "steer: forwarded IPv6 to each of four queues");
    must("ip link del fwd0 && ip netns del far");
}

static bool has_tso(const char *name)
{
    struct ethtool_value v = { .cmd = ETHTOOL_GTSO };
    struct ifreq ifr = { .ifr_data = (void *)&v };
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    memcpy(ifr.ifr_name, name, strlen(name) + 1);
    bool on = ioctl(s, SIOCETHTOOL, &ifr) == 0 && v.data;
    close(s);
    return on;
}

/* A device that grows under its user, as in an upgrade: parked queues get nothing and shift no numbers. */
static void test_growing(void)
{
    int fds[4] = { -1, -1, -1, -1 }, map, program, none;
    struct prefix a = px("10.8.0.7"), all = px("::/0");
    char buf[64] = "";

    ok(tun_add_queue("adgrow", &none, err) == ERR_MISSING, "tun: no queue of an interface that is not there");
    ok_why(tun_create_growing("adgrow", 1, fds, err) == 0, "tun: one queue, and room for more", err);
    must("ip addr add 10.8.0.1/16 dev adgrow && ip link set adgrow up");
    unsigned have = tun_offload(fds[0], TUN_OFFLOADS);
    ok_why(steer_attach(fds[0], &map, &program, err) == 0, "steer: attached to one queue", err);
    ok_why(tun_add_queue("adgrow", &fds[1], err) == 0 && tun_add_queue("adgrow", &fds[2], err) == 0, "tun: two more",
           err);
    ok(has_tso("adgrow") == ((have & TUN_TSO) != 0), "tun: a queue more leaves the offloads alone");
    drain(fds, 3);
    ok(steer_set(map, &a, 2) == 0 && arrives_at(fds, 3, "10.8.0.7") == 0, "tun: a parked queue gets nothing");
    ok(tun_park(fds[1], false, err) == 0 && tun_park(fds[2], false, err) == 0, "tun: unparked in their order");
    ok(arrives_at(fds, 3, "10.8.0.7") == 2, "steer: numbers are those of the unparking");
    ok(steer_set(map, &all, 1) == 0 && arrives_at(fds, 3, "10.8.0.9") == 1 && arrives_at(fds, 3, "10.8.0.10") == 1,
       "steer: a way for all that have none");
    ok(arrives_at(fds, 3, "10.8.0.7") == 2, "steer: and the others keep theirs");
    ok(tun_park(fds[2], true, err) == 0 && tun_park(fds[2], true, err) == ERR_SYSTEM, "tun: parked once");
    ok(tun_park(fds[2], false, err) == 0, "tun: and unparked again");
    send_udp(&a, "stale");
    ok(readable(fds[2], SURELY), "tun: a packet waits");
    tun_purge(fds[2]);
    ok(tun_read(fds[2], (uint8_t *)buf, sizeof(buf)) == 0, "tun: purged");
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close(map);
    close(program);
}

int main(void)
{
    int fds[QUEUES], map, program;

    enter_check();
    test_create();
    test_growing();
    if (!ok_why(tun_create("adq", QUEUES, fds, err) == 0, "tun: four queues", err))
        return done();
    must("ip addr add 10.9.0.1/16 dev adq");
    must("ip -6 addr add fd09::1/16 dev adq nodad");
    ok_why(nl_link_up("adq", 1400, err) == 0 && nl_link_mtu("adq") == 1400, "link: up, with its MTU", err);
    test_packets(fds);
    if (!ok_why(steer_attach(fds[0], &map, &program, err) == 0, "steer: attached", err))
        return done();
    ok((fcntl(map, F_GETFD) & FD_CLOEXEC) != 0, "steer: the map is close-on-exec");
    ok(arrives_at(fds, QUEUES, "10.9.0.99") >= 0 && arrives_at(fds, QUEUES, "fd09::99") >= 0,
       "steer: without an entry it arrives somewhere");
    test_steering(fds, map);
    test_prefixes(fds, map);
    test_unprivileged(fds, map);
    test_forwarded(fds, map);
    int r = nl_link_delete("adq", err);
    uint8_t buf[128];
    ok(r == 0 && tun_read(fds[1], buf, sizeof(buf)) == ERR_LOST, "tun: an interface deleted under us is told");
    return done();
}

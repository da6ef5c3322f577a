/* Cutting and joining against the kernel of this machine: the same super-packet goes through gso and through the kernel's
 * own segmentation, and what comes out has to be the same, byte by byte; and what gro joins, the kernel cuts again.
 *
 * In a network namespace of its own, made at once: in0 takes super-packets from us, the kernel routes them to slow0, a
 * TUN without offloads, for which it has to cut them and to complete checksums, or to fast0, which takes them as they
 * are. Needs root; started by tests/netns/06-seg-kernel. */
#include "made.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "seg/gro.h"
#include "seg/gso.h"

#ifndef TUN_F_USO4 /* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static uint8_t data[65536], packet[MADE_MAX], want[MADE_MAX], got[MADE_MAX], cuts[4 * MADE_MAX];
static int in0, slow0, fast0;
static bool uso;
static struct gro gro;

static void sh(const char *cmd)
{
    if (system(cmd) == 0)
        return;
    print_error("set-up failed: %s\n", cmd);
    exit(99);
}

static int tun(const char *name, bool offload)
{
    struct ifreq r = { .ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0)) };
    unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0) {
        print_error("%s: %s\n", name, strerror(errno));
        exit(99);
    }
    if (!offload)
        return fd;
    uso = ioctl(fd, TUNSETOFFLOAD, tso | TUN_F_USO4 | TUN_F_USO6) == 0;
    if (!uso && ioctl(fd, TUNSETOFFLOAD, tso) < 0)
        exit(99);
    return fd;
}

static int set_up(void **state)
{
    (void)state;
    if (unshare(CLONE_NEWNET) < 0) {
        print_error("needs root\n");
        exit(99);
    }
    in0 = tun("in0", true);
    fast0 = tun("fast0", true);
    slow0 = tun("slow0", false);
    sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 "
       "net.ipv4.conf.default.rp_filter=0");
    sh("for i in in0 fast0 slow0; do sysctl -qw net.ipv6.conf.$i.accept_dad=0 net.ipv4.conf.$i.rp_filter=0 &&"
       " ip link set $i mtu 65535 txqueuelen 10000 up || exit 1; done");
    sh("ip route add 198.18.1.0/24 dev in0 && ip -6 route add fd00:18:1::/48 dev in0");
    return 0;
}

static void route_to(const char *dev)
{
    char cmd[200];
    snprintf(cmd, sizeof cmd, "ip route replace 198.18.2.0/24 dev %s && ip -6 route replace fd00:18:2::/48 dev %s", dev,
             dev);
    sh(cmd);
}

/* The next TCP or UDP packet (the kernel's own neighbour and multicast talk left out), behind `skip` bytes of header;
 * 0 when none comes. */
static size_t receive(int fd, uint8_t *buf, size_t skip)
{
    for (;;) {
        struct pollfd p = { fd, POLLIN, 0 };
        if (poll(&p, 1, 20000) != 1)
            return 0;
        ssize_t n = read(fd, buf, MADE_MAX);
        if (n < (ssize_t)skip + 20)
            continue;
        const uint8_t *ip = buf + skip;
        bool ours = ip[0] >> 4 == 4 ? ip[9] == 6 || ip[9] == 17 : ip[8] == 0xfd && ip[24] == 0xfd && ip[6] != 58;
        if (ours)
            return (size_t)n;
    }
}

static struct made random_super(unsigned seed, size_t *ret_size)
{
    made_start(seed);
    size_t size = 64 + made_random(made_random(2) ? 1400 : 4000), most = size * 60 < 60000 ? size * 60 : 60000;
    size_t n = size + 1 + made_random((uint32_t)(most - size));
    struct made m = made_tcp(made_random(2) ? 4 : 6, data + made_random(1000), n);
    m.proto = made_random(3) || !uso ? 6 : 17;
    m.tos = (uint8_t)made_random(256);
    m.ttl = (uint8_t)(2 + made_random(250));
    m.df = made_random(2);
    m.id = (uint16_t)(made_random(2) ? made_random(65536) : 65530);
    m.label = made_random(1 << 20);
    m.sport = (uint16_t)(1 + made_random(65535));
    m.seq = made_random(2) ? made_random(UINT32_MAX) : UINT32_MAX - made_random(3000);
    m.ack = made_random(UINT32_MAX);
    m.flags = (uint8_t)(0x10 | (made_random(4) ? made_random(2) * 8 : made_random(256) & 0x7f));
    m.window = (uint16_t)made_random(65536);
    m.urgent = (uint16_t)made_random(65536);
    m.tcp_options_len = (uint8_t)(4 * made_random(11));
    for (unsigned i = 0; i < m.tcp_options_len; i++)
        m.tcp_options[i] = (uint8_t)made_random(256);
    if (made_random(3) == 0 && m.version == 4)
        m.ip_options = (uint8_t)(4 * made_random(11));
    if (made_random(3) == 0 && m.version == 6)
        m.extensions = (uint8_t)made_random(3);
    *ret_size = size;
    return m;
}

static void send_super(const struct made *m, size_t size)
{
    made_vnet(m, size, packet);
    size_t n = 10 + made_packet(m, packet + 10, true);
    need(write(in0, packet, n) == (ssize_t)n);
}

/* The kernel's packets are gso's. */
static void same_as_kernel(struct made m, size_t size)
{
    struct gso g;
    send_super(&m, size);
    m.ttl--; /* it was routed */
    made_vnet(&m, size, packet);
    size_t n = made_packet(&m, packet + 10, true);
    need(gso_init(&g, packet, slice_of(packet + 10, n)) == 0);
    while ((n = gso_next(&g, want)) != 0) {
        size_t came = receive(slow0, got, 0);
        need(came == n);
        for (size_t i = 0; i < n; i++)
            if (got[i] != want[i])
                print_error("byte %zu: the kernel has %02x, gso %02x\n", i, got[i], want[i]);
        need(memcmp(got, want, n) == 0);
    }
}

static void kernel_cuts_the_same(void **state)
{
    (void)state;
    size_t size;
    route_to("slow0");
    for (unsigned seed = 0; seed < 400; seed++) {
        struct made m = random_super(seed, &size);
        same_as_kernel(m, size);
    }
}

/* CWR on the first packet only (RFC 3168 6.1.2), which the header has to announce. */
static void kernel_cuts_the_same_with_cwr(void **state)
{
    (void)state;
    route_to("slow0");
    made_start(0);
    for (int version = 4; version <= 6; version += 2)
        for (unsigned flags = 0x80; flags < 0x100; flags++) {
            struct made m = made_tcp(version, data, 4000);
            m.flags = (uint8_t)(flags | 0x10);
            same_as_kernel(m, 1000);
        }
}

/* One packet with a partial checksum, of every length and of a sum of zero. */
static void kernel_completes_the_same(void **state)
{
    (void)state;
    route_to("slow0");
    for (size_t len = 1; len < 400; len++) {
        made_start((unsigned)len);
        struct made m = made_tcp(len & 1 ? 4 : 6, data + len, len);
        m.proto = len & 2 ? 6 : 17;
        uint8_t zero[2] = { 0, 0 };
        if (len > 390) { /* data that makes the sum zero once routed: the checksum does not cover the TTL */
            m.data = zero;
            m.n = 2;
            made_packet(&m, packet, false);
            memcpy(zero, packet + made_ip_len(&m) + (m.proto == 6 ? 16 : 6), 2);
        }
        struct gso g;
        made_vnet(&m, 0, packet);
        packet[1] = 0;
        size_t n = 10 + made_packet(&m, packet + 10, true);
        need(write(in0, packet, n) == (ssize_t)n);
        m.ttl--;
        made_packet(&m, packet + 10, true);
        need(gso_init(&g, packet, slice_of(packet + 10, n - 10)) == 0 && gso_next(&g, want) == n - 10);
        need(receive(slow0, got, 0) == n - 10 && memcmp(got, want, n - 10) == 0);
    }
}

/* What the kernel hands over to a queue with offloads, gso understands. */
static void kernel_hands_over(void **state)
{
    (void)state;
    size_t size, whole_ones = 0;
    route_to("fast0");
    for (unsigned seed = 0; seed < 400; seed++) {
        struct made m = random_super(seed, &size), piece;
        send_super(&m, size);
        m.ttl--;
        for (size_t i = 0; made_piece(&m, size, i, &piece);) {
            struct gso g;
            size_t n = receive(fast0, got, 10);
            need(n > 10 && gso_init(&g, got, slice_of(got + 10, n - 10)) == 0);
            whole_ones += gso_left(&g) > 1;
            for (; gso_left(&g); i++) {
                need(made_piece(&m, size, i, &piece));
                n = made_packet(&piece, want, false);
                need(gso_next_len(&g) == n && gso_next(&g, cuts) == n && memcmp(cuts, want, n) == 0);
            }
        }
    }
    assert_true(whole_ones > 300); /* or nothing was tried */
}

static void write_join(unsigned i)
{
    struct slice s[GRO_SLICES];
    struct iovec v[GRO_SLICES];
    size_t n = 0;
    unsigned k = gro_slices(&gro, i, s);
    for (unsigned j = 0; j < k; j++) {
        v[j] = (struct iovec){ (void *)s[j].p, s[j].n };
        n += s[j].n;
    }
    need(writev(in0, v, (int)k) == (ssize_t)n);
}

/* What gro joins, the kernel takes, and cuts into the packets that there were. */
static void kernel_cuts_joins(void **state)
{
    (void)state;
    size_t size, joins = 0;
    route_to("slow0");
    for (unsigned seed = 0; seed < 400; seed++) {
        struct made m = random_super(seed, &size), piece;
        m.flags = (uint8_t)(0x10 | (m.flags & 0x48));
        m.ip_options = 0;
        size_t at = 0, i;
        gro_init(&gro, GRO_UDP);
        for (i = 0; made_piece(&m, size, i, &piece); i++) {
            size_t n = made_packet(&piece, cuts + at, false);
            need(gro_add(&gro, slice_of(cuts + at, n)));
            at += n;
        }
        unsigned writes = gro_finish(&gro);
        joins += writes == 1;
        for (unsigned k = 0; k < writes; k++)
            write_join(k);
        m.ttl--;
        for (i = 0; made_piece(&m, size, i, &piece); i++) {
            size_t n = made_packet(&piece, want, false);
            need(receive(slow0, got, 0) == n && memcmp(got, want, n) == 0);
        }
    }
    assert_true(joins > 300);
}

/* The smallest pieces that may come up. */
static void kernel_takes_small_pieces(void **state)
{
    (void)state;
    route_to("slow0");
    for (int version = 4; version <= 6; version += 2)
        for (int proto = 6; proto <= (uso ? 17 : 6); proto += 11)
            for (size_t size = 1; size < 80; size++) {
                struct made m = made_tcp(version, data, size * 10);
                m.proto = (uint8_t)proto;
                made_start((unsigned)size);
                same_as_kernel(m, size);
            }
}

int main(void)
{
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_cuts_the_same),
        cmocka_unit_test(kernel_completes_the_same),
        cmocka_unit_test(kernel_cuts_the_same_with_cwr),
        cmocka_unit_test(kernel_hands_over),
        cmocka_unit_test(kernel_cuts_joins),
        cmocka_unit_test(kernel_takes_small_pieces),
    };
    return cmocka_run_group_tests_name("seg-kernel", tests, set_up, NULL);
}

/* Ethernets on which sessions lease addresses: looking at them, the packet sockets and their filters, answering ARP, and its
 * undoing after a kill.
 *
 *   this process, va 10.9.0.2 -- peer: e0 10.9.0.1 */
#include "check.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <signal.h>

#include "net/ether.h"
#include "net/link.h"
#include "net/undo.h"

#define DIR "/run/adit-test"

static char err[256];

static void make_world(void)
{
    must("ip netns add peer && ip netns exec peer ip link set lo up");
    must("ip link add va address 02:00:00:00:09:02 type veth peer name e0 netns peer");
    must("ip addr add 10.9.0.2/24 dev va && ip link set va up");
    must("ip -n peer addr add 10.9.0.1/24 dev e0 && ip -n peer link set e0 up");
    must("ip link add dum0 type veth peer name dum1 && ip link set dum0 up && ip link set dum1 up");
    must("ip tuntap add dev tun9 mode tun && ip link set tun9 up");
    must("ip route add 10.9.0.100/32 dev dum0 && ip route add 10.9.0.101/32 dev dum0"); /* as into a tunnel */
    must("echo 1 >/proc/sys/net/ipv4/conf/va/forwarding");
}

static void test_look(void)
{
    static const uint8_t mac[6] = { 2, 0, 0, 0, 9, 2 };
    struct ether e;
    ok_why(ether_look("va", &e, err) == 0 && e.index == nl_link_index("va") && memcmp(e.mac, mac, 6) == 0 &&
               e.own.family == 4 && prefix_v4_addr(&e.own) == 0x0a090002,
           "ether: index, hardware address and own address", err);
    ok(ether_look("nosuch", &e, err) == ERR_MISSING, "ether: an interface that is not there");
    ok(ether_look("lo", &e, err) == ERR_VALUE, "ether: loopback is none");
    ok(ether_look("tun9", &e, err) == ERR_VALUE, "ether: a TUN is none");
    ok(ether_look("dum0", &e, err) == 0 && e.own.family == 0, "ether: one without an address");
}

static void send_udp(int fd, const char *to, uint16_t port, const char *text)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(to) };
    if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&in, sizeof(in)) < 0)
        exit(99);
}

/* What the socket hears, until nothing comes after the first for which `ms` are waited; how many frames, and whether a checksum
 * was missing. */
static unsigned hear(int fd, int ms, bool *ret_unsummed, bool *ret_text)
{
    unsigned n = 0;
    *ret_unsummed = *ret_text = false;
    while (readable(fd, n ? 300 : ms)) {
        uint8_t frame[2048];
        _Alignas(struct cmsghdr) char control[256];
        struct iovec iov = { frame, sizeof(frame) };
        struct msghdr m = {
            .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
        };
        ssize_t got = recvmsg(fd, &m, 0);
        if (got < 0)
            exit(99);
        n++;
        *ret_text |= memmem(frame, (size_t)got, "for 68", 6) != NULL;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
            struct tpacket_auxdata aux;
            if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
                memcpy(&aux, CMSG_DATA(c), sizeof(aux));
                *ret_unsummed |= aux.tp_status & TP_STATUS_CSUMNOTREADY;
            }
        }
    }
    return n;
}

static void test_sockets(void)
{
    struct ether e;
    int fds[ETHER_FDS], udp = socket_in("peer", AF_INET, SOCK_DGRAM), on = 1;
    bool unsummed, text;
    must("ip netns exec peer ping -c 1 -W 20 10.9.0.2"); /* so that no ARP of theirs is in the way */
    if (ether_look("va", &e, err) < 0 || setsockopt(udp, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0)
        exit(99);
    if (!ok_why(ether_open(&e, fds, err) == 0, "ether: sockets", err))
        exit(99);
    send_udp(udp, "10.9.0.2", 67, "for 67");
    send_udp(udp, "10.9.0.2", 53, "for 53");
    must("ip netns exec peer ping -c 1 -W 20 10.9.0.2");
    ok(hear(fds[0], 300, &unsummed, &text) == 0, "ether: nothing but UDP to port 68 is heard");
    send_udp(udp, "10.9.0.255", 68, "for 68");
    ok(hear(fds[0], SURELY, &unsummed, &text) == 1 && text, "ether: a broadcast to port 68 is");
    ok(unsummed, "ether: a checksum that was left to hardware is said to be missing");
    must("ip -n peer neigh flush all; ip netns exec peer ping -c 1 -W 20 10.9.0.2");
    ok(hear(fds[1], SURELY, &unsummed, &text) > 0, "ether: ARP is heard");
    close(udp);
    close(fds[0]);
    close(fds[1]);
}

static struct prefix addr_of(uint32_t addr)
{
    return prefix_v4(addr, 32);
}

static void count(void *ctx, const struct prefix *addr)
{
    unsigned *n = ctx;
    *n += prefix_v4_addr(addr) >= 0x0a090064;
}

static unsigned proxies(void)
{
    unsigned n = 0;
    return ether_proxies("va", count, &n) == 0 ? n : 999;
}

/* The peer has it in its table of neighbours, after that many questions: somebody answered. Linux answers for others only up to
 * 0.8 s later (proxy_delay). */
static bool answered(const char *addr, int questions)
{
    bool is = false;

    for (int i = 0; i < questions && !is; i++) {
        (void)sh("ip netns exec peer ping -c 1 -W 1 %s", addr);
        is = sh("ip -n peer neigh show %s | grep -q 02:00:00:00:09:02", addr);
    }
    must("ip -n peer neigh flush all");
    return is;
}

static void test_proxies(void)
{
    struct prefix a = addr_of(0x0a090064), b = addr_of(0x0a090065);
    ok(!answered("10.9.0.100", 1), "proxy: nobody answers before");
    ok_why(ether_proxy("va", &a, true, err) == 0, "proxy: begun", err);
    ok(answered("10.9.0.100", 20), "proxy: ARP is answered with our hardware address");
    ok(!answered("10.9.0.101", 1), "proxy: for no other address");
    ok(ether_proxy("va", &a, true, err) == ERR_DUPLICATE, "proxy: twice is told");
    ok_why(ether_proxy("va", &b, true, err) == 0 && proxies() == 2, "proxy: both are listed", err);
    ok_why(ether_proxy("va", &a, false, err) == 0 && proxies() == 1, "proxy: ended", err);
    ok(!answered("10.9.0.100", 1), "proxy: and answered no more");
    ok(ether_proxy("va", &a, false, err) == ERR_MISSING, "proxy: one that is not there");
    ok(ether_proxy("nosuch", &a, true, err) == ERR_MISSING, "proxy: an interface that is not there");
    must("ip neigh add proxy 10.9.0.200 dev va");
    ok(proxies() == 1, "proxy: somebody else's is not ours");
}

/* Killed: the next start ends what is ours, and leaves what is not. */
static void test_undo(void)
{
    struct undo *u = NULL;
    unsigned left = 0;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        const struct undo_entry note = { .kind = UNDO_PROXIES, .name = "va" };
        if (undo_open(DIR, "adit0", &u, &left, err) < 0 || undo_note(u, &note) < 0)
            _exit(99);
        for (uint32_t i = 0; i < 100; i++) {
            struct prefix p = addr_of(0x0a090066 + i);
            int r = ether_proxy("va", &p, true, err);
            if (r < 0 && r != ERR_DUPLICATE)
                _exit(99);
        }
        kill(getpid(), SIGKILL);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
        exit(99);
    ok(proxies() == 100, "proxy: left by who was killed, one of them somebody else's as well");
    ok_why(undo_open(DIR, "adit0", &u, &left, err) == 0 && left == 1, "proxy: the next start undoes it", err);
    ok(proxies() == 0, "proxy: all of ours are gone");
    ok(sh("ip neigh show proxy | grep -q 10.9.0.200"), "proxy: somebody else's is there");
    undo_free(u);
}

int main(void)
{
    enter_check();
    make_world();
    test_look();
    test_sockets();
    test_proxies();
    test_undo();
    return done();
}

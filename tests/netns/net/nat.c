/* NAT and guard rules with real packets: client -- [tunnel] gateway [outer] -- outside, and a LAN behind the gateway.
 *
 *   cl 10.80.0.2 -- 10.80.0.1 adit0 (this process) out0 198.18.0.1 -- 198.18.0.2 out
 *                                                  lan0 10.80.0.129 -- 10.80.0.130 lan
 *
 * The tunnel is a veth here: the rules know it by its name only. Each thing that must be dropped is first seen to pass
 * without the table, so that no test succeeds because nothing works. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/nat.h"

#define DIR "/run/adit-test"

static char err[256];

/* Does a ping go through? What does is answered at once, and waited for; what does not is known after a second. */
static bool ping(const char *from, const char *to)
{
    return sh("ip netns exec %s ping -n -c 1 -W 20 %s", from, to);
}

static bool no_ping(const char *from, const char *to)
{
    return !sh("ip netns exec %s ping -n -c 1 -W 1 %s", from, to);
}

static void make_pair(const char *here, const char *ns, const char *there)
{
    must("ip netns add %s && ip netns exec %s ip link set lo up", ns, ns);
    must("ip netns exec %s sysctl -qw net.ipv6.conf.default.accept_dad=0", ns);
    must("ip link add %s type veth peer name e0 netns %s", here, ns);
    must("ip link set %s up && ip -n %s link set e0 up && ip -n %s addr add %s dev e0", here, ns, ns, there);
}

static void make_world(void)
{
    must("sysctl -qw net.ipv6.conf.default.accept_dad=0"); /* addresses are usable at once */
    make_pair("adit0", "cl", "10.80.0.2/25 brd +");
    make_pair("out0", "out", "198.18.0.2/24");
    make_pair("lan0", "lan", "10.80.0.130/25");
    must("ip addr add 10.80.0.1/25 brd + dev adit0 && ip addr add 198.18.0.1/24 dev out0");
    must("ip addr add 10.80.0.129/25 dev lan0");
    must("ip -n cl route add default via 10.80.0.1 && ip -n lan route add default via 10.80.0.129");
    must("ip -n out route add 10.80.0.0/24 via 198.18.0.1");
    /* IPv6, forwarded by the kernel's only switch for it: the guard is for both families. */
    must("ip addr add fd80::1/64 dev adit0 nodad && ip addr add fd18::1/64 dev out0 nodad");
    must("ip -n cl addr add fd80::2/64 dev e0 nodad && ip -n out addr add fd18::2/64 dev e0 nodad");
    must("ip -n cl -6 route add default via fd80::1 && ip -n out -6 route add fd80::/64 via fd18::1");
    must("echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
    must("for i in adit0 out0 lan0; do echo 0 >/proc/sys/net/ipv4/conf/$i/forwarding; done");
    must("for i in all adit0 out0 lan0; do echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter; done");
}

static struct undo *open_it(void)
{
    struct undo *u = NULL;
    unsigned left;

    if (undo_open(DIR, "adit0", &u, &left, err) < 0) {
        fprintf(stderr, "%s\n", err);
        exit(99);
    }
    return u;
}

static struct nat_conf conf(const char *outer)
{
    static const uint8_t six[16] = { 0xfd, 0x80 };
    struct nat_conf c = { .interface = "adit0", .n_pools = 2 };

    c.pools[0].net = prefix_v4(0x0a500000, 24);
    c.pools[1].net = prefix_v6(six, 64);
    for (unsigned i = 0; outer && i < 2; i++)
        snprintf(c.pools[i].outer, sizeof(c.pools[i].outer), "%s", outer);
    return c;
}

static void test_forwarding(struct undo *u)
{
    char line[256];

    ok(no_ping("cl", "198.18.0.2"), "forward: off at first");
    ok_why(forward_up(u, "adit0", err) == 0, "forward: on for the tunnel", err);
    ok(no_ping("cl", "198.18.0.2"), "forward: the tunnel alone does not do, the answers come in by the other");
    ok_why(forward_up(u, "out0", err) == 0, "forward: on for the outer interface", err);
    ok(ping("cl", "198.18.0.2"), "forward: per interface suffices, a ping goes through two veths and back");
    sh_line("cat /proc/sys/net/ipv4/ip_forward", line);
    ok(strcmp(line, "0") == 0, "forward: ip_forward is not touched");
    ok(forward_up(u, "nosuch", err) == ERR_MISSING && strstr(err, "nosuch"), "forward: no interface is told");
    ok(forward_up(u, "../../x", err) == ERR_VALUE, "forward: an interface is no path");
}

/* A socket that receives datagrams to `port`, in this namespace; and one in cl that may broadcast. */
static int receiver(int family, uint16_t port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    int s = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (family == AF_INET ? bind(s, (void *)&in, sizeof(in)) : bind(s, (void *)&in6, sizeof(in6)))
        exit(99);
    return s;
}

static void send_from_client(const char *to, bool six, uint16_t port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    int s = socket_in("cl", six ? AF_INET6 : AF_INET, SOCK_DGRAM), one = 1;

    setsockopt(s, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
    setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "e0", 3);
    if (inet_pton(six ? AF_INET6 : AF_INET, to, six ? (void *)&in6.sin6_addr : (void *)&in.sin_addr) != 1)
        exit(99);
    if (sendto(s, "x", 1, 0, six ? (void *)&in6 : (void *)&in, six ? sizeof(in6) : sizeof(in)) < 0)
        perror(to);
    close(s);
}

/* A datagram from the client to this address arrives at the gateway's own socket? It does before another one that is sent after
 * it, to the gateway's address; if not, it is not waited for longer than `ms`. */
static bool reaches_gateway(const char *to, bool six, int ms)
{
    int r = receiver(six ? AF_INET6 : AF_INET, 9999), last = receiver(AF_INET, 9998);
    struct ip_mreqn m4 = { .imr_ifindex = 0 };

    inet_pton(AF_INET, "224.0.0.251", &m4.imr_multiaddr);
    inet_pton(AF_INET, "10.80.0.1", &m4.imr_address);
    setsockopt(r, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m4, sizeof(m4));
    send_from_client(to, six, 9999);
    send_from_client("10.80.0.1", false, 9998);
    if (!readable(last, SURELY))
        exit(99);
    bool got = readable(r, ms);
    close(r);
    close(last);
    return got;
}

static const struct {
    const char *to;
    bool six;
} noise[] = { { "10.80.0.127", false },
              { "255.255.255.255", false },
              { "224.0.0.1", false },
              { "224.0.0.251", false },
              { "ff02::1", true } };
enum { NOISE = sizeof(noise) / sizeof(noise[0]) };

static void test_noise(bool guarded)
{
    char name[80];

    for (unsigned i = 0; i < NOISE; i++) {
        snprintf(name, sizeof(name), "%s: datagram to %s", guarded ? "guard drops" : "without guard arrives",
                 noise[i].to);
        ok(reaches_gateway(noise[i].to, noise[i].six, guarded ? 250 : SURELY) != guarded, name);
    }
    ok(reaches_gateway("10.80.0.1", false, SURELY) && reaches_gateway("fd80::1", true, SURELY),
       "guard: services by their address stay reachable");
}

/* What must not pass is seen to pass without the table. */
static void test_unguarded(void)
{
    ok(ping("out", "10.80.0.2") && ping("out", "10.80.0.1") && ping("out", "fd80::2"),
       "without guard: outside reaches a client");
    must("echo 1 >/proc/sys/net/ipv4/conf/lan0/forwarding");
    ok(ping("out", "10.80.0.130"), "without guard: outside reaches the pool by another interface");
    must("conntrack -F || true");
}

/* TCP from the client to outside; returns the peer's view of who called. */
static bool tcp_outward(char from[64])
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) }, who;
    struct timeval wait = { .tv_sec = SURELY / 1000 };
    socklen_t n = sizeof(who);
    int l = socket_in("out", AF_INET, SOCK_STREAM), c = socket_in("cl", AF_INET, SOCK_STREAM), one = 1;

    setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* of the last one something may still be there */
    if (bind(l, (void *)&in, sizeof(in)) < 0 || listen(l, 1) < 0)
        exit(99);
    inet_pton(AF_INET, "198.18.0.2", &in.sin_addr);
    bool good = connect(c, (void *)&in, sizeof(in)) == 0;
    int a = good ? accept(l, (void *)&who, &n) : -1;
    char buf[8];
    good = good && a >= 0 && write(a, "hello", 5) == 5 && readable(c, SURELY) && read(c, buf, sizeof(buf)) == 5;
    if (good)
        inet_ntop(AF_INET, &who.sin_addr, from, 64);
    close(l);
    close(c);
    if (a >= 0)
        close(a);
    return good;
}

static void test_guarded(const char *expected_source)
{
    char from[64] = "nobody";

    ok(ping("cl", "198.18.0.2") && ping("cl", "10.80.0.1") && ping("cl", "fd18::2"),
       "guard: the client reaches outside");
    bool good = tcp_outward(from);
    ok_why(good && strcmp(from, expected_source) == 0, "guard: TCP outward, from the right address", from);
    ok(no_ping("out", "10.80.0.2"), "guard: outside does not reach a client");
    ok(no_ping("out", "10.80.0.1"), "guard: outside does not reach our tunnel address");
    ok(no_ping("out", "10.80.0.130"), "guard: outside does not reach the pool by another interface");
    ok(no_ping("out", "fd80::2"), "guard: nor by IPv6");
    ok(ping("out", "198.18.0.1"), "guard: the gateway itself stays reachable from outside");
    ok(sh("ping -n -c 1 -W 20 10.80.0.2") && sh("ping -n -c 1 -W 20 10.80.0.1"),
       "guard: the host reaches client and itself");
    test_noise(true);
}

static void test_refusals(struct undo *u)
{
    struct nat_conf c = conf("out0");

    c.interface = "a\"; flush ruleset; #";
    ok(nat_up(u, &c, err) == ERR_VALUE, "nat: an interface name with a quote is refused");
    c = conf("x y");
    ok(nat_up(u, &c, err) == ERR_VALUE, "nat: an outer name with a space is refused");
    c = conf(NULL);
    c.pools[1].net.family = 0;
    ok(nat_up(u, &c, err) == ERR_VALUE, "nat: a pool of no family is refused");
    must("nft add table inet adit_adit0");
    c = conf("out0");
    ok(nat_up(u, &c, err) == ERR_DUPLICATE && strstr(err, "adit_adit0"),
       "nat: somebody else's table of our name is told");
    ok(sh("nft list table inet adit_adit0"), "nat: and stays");
    must("nft delete table inet adit_adit0");
}

int main(void)
{
    char before[256], after[256];
    struct nat_conf c;

    enter_check();
    make_world();
    must("nft add table ip filter && nft 'add chain ip filter FORWARD { type filter hook forward priority 0; }' && "
         "nft add rule ip filter FORWARD counter accept && nft add table inet adit_other");
    sh_line("nft list tables | sort | sha256sum", before);
    struct undo *u = open_it();
    test_forwarding(u);
    test_unguarded();
    test_noise(false);
    test_refusals(u);
    c = conf(NULL);
    ok_why(nat_up(u, &c, err) == 0, "nat: guard only", err);
    test_guarded("10.80.0.2");
    c = conf("out0");
    ok_why(nat_up(u, &c, err) == 0, "nat: ours is replaced, now with NAT", err);
    must("ip -n out route del 10.80.0.0/24");
    ok(ping("cl", "198.18.0.2"), "nat: the client reaches outside, which knows no way back");
    must("ip -n out route add 10.80.0.0/24 via 198.18.0.1");
    test_guarded("198.18.0.1");
    ok(undo_all(u) == 0, "nat: undone");
    undo_free(u);
    sh_line("nft list tables | sort | sha256sum", after);
    ok(before[0] && strcmp(before, after) == 0, "nat: the tables of others, and only they, are there");
    ok(sh("grep -qx 0 /proc/sys/net/ipv4/conf/adit0/forwarding") &&
           sh("grep -qx 0 /proc/sys/net/ipv4/conf/out0/forwarding"),
       "forward: off again");
    return done();
}

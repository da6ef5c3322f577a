/* Addresses and routes of both families, against what iproute2 shows. */
#include "check.h"

#include "net/link.h"

static char err[256], text[PREFIX_TEXT];

static struct prefix px(const char *s)
{
    struct prefix p;

    if (prefix_parse(s, true, &p) < 0)
        abort();
    return p;
}

/* Does a line of this command's output begin with or hold the words? */
static bool shows(const char *cmd, const char *words)
{
    return sh("%s | grep -qF -- '%s'", cmd, words);
}

static void test_links(void)
{
    ok(nl_link_index("lo") == 1, "link: index of lo");
    ok(nl_link_index("nosuch") == 0, "link: no index of none");
    ok(nl_link_mtu("nosuch") == ERR_MISSING, "link: no MTU of none");
    ok(nl_link_mtu("lo") == 65536, "link: MTU of lo");
    ok(nl_link_up("nosuch", 1400, err) == ERR_MISSING && strstr(err, "nosuch"), "link: none to bring up is told");
    ok(nl_link_delete("nosuch", err) == ERR_MISSING, "link: none to delete is told");
    ok(nl_link_up("va", 20, err) == ERR_SYSTEM && strstr(err, "va") && strstr(err, "20"),
       "link: MTU 20 is refused, in words");
    ok_why(nl_link_up("va", 1300, err) == 0 && nl_link_mtu("va") == 1300, "link: up with an MTU", err);
    ok(nl_link_queue("va", 333, err) == 0 && nl_link_queue("nosuch", 333, err) == ERR_MISSING,
       "link: length of its queue");
    ok(nl_link_up("va", 0, err) == 0 && nl_link_mtu("va") == 1300, "link: up, MTU as it is");
    ok(nl_link_is_tun("va") == 0, "link: a veth is no TUN");
    must("ip tuntap add mode tap name adtap");
    ok(nl_link_is_tun("adtap") == 0, "link: a TAP is no TUN");
    ok(nl_link_delete("adtap", err) == 0 && nl_link_index("adtap") == 0, "link: deleted");
}

static void test_addresses(void)
{
    struct prefix four = px("198.18.0.1/24"), six = px("fd18::1/64"), none = { 0 };
    struct prefix local = px("10.80.0.2/32"), peer = px("10.80.0.1/32");

    ok_why(nl_addr_add("va", &four, &none, err) == 0, "addr: IPv4", err);
    ok(shows("ip -4 addr show dev va", "inet 198.18.0.1/24 "), "addr: IPv4 is shown");
    ok(nl_addr_add("va", &four, NULL, err) == ERR_DUPLICATE && strstr(err, "198.18.0.1"), "addr: twice is told");
    ok_why(nl_addr_add("va", &six, NULL, err) == 0, "addr: IPv6", err);
    ok(shows("ip -6 addr show dev va", "inet6 fd18::1/64 ") && !shows("ip -6 addr show dev va tentative", "fd18::1/64"),
       "addr: IPv6 is usable at once");
    ok_why(nl_addr_add("va", &local, &peer, err) == 0, "addr: with a peer", err);
    ok(shows("ip -4 addr show dev va", "inet 10.80.0.2 peer 10.80.0.1/32"), "addr: the peer is shown");
    ok(nl_addr_add("va", &six, &peer, err) == ERR_VALUE, "addr: a peer of the other family is refused");
    ok(nl_addr_add("nosuch", &four, NULL, err) == ERR_MISSING, "addr: for no interface is told");
}

struct row {
    struct nl_route r;
    const char *show, *words;
};

static void test_routes(void)
{
    struct row rows[] = {
        { { .dst = px("10.1.0.0/16"), .via = px("198.18.0.9"), .dev = "va" },
          "ip route",
          "10.1.0.0/16 via 198.18.0.9 dev va proto 173" },
        { { .dst = px("10.2.0.0/16"), .dev = "va", .metric = 77, .src = px("198.18.0.1") },
          "ip route",
          "10.2.0.0/16 dev va proto 173 scope link src 198.18.0.1 metric 77" },
        { { .dst = px("10.3.0.0/16"), .unreachable = true, .metric = 5 },
          "ip route",
          "unreachable 10.3.0.0/16 proto 173 metric 5" },
        { { .dst = px("0.0.0.0/0"), .via = px("198.18.0.9"), .dev = "va", .table = 4711 },
          "ip route show table 4711",
          "default via 198.18.0.9 dev va proto 173" },
        { { .dst = px("0.0.0.0/1"), .dev = "va" }, "ip route", "0.0.0.0/1 dev va proto 173" },
        { { .dst = px("fd99::/32"), .via = px("fd18::9"), .dev = "va" },
          "ip -6 route",
          "fd99::/32 via fd18::9 dev va proto 173" },
        { { .dst = px("fd98::/32"), .dev = "va", .metric = 9 }, "ip -6 route", "fd98::/32 dev va proto 173 metric 9" },
        { { .dst = px("::/0"), .unreachable = true, .metric = 1 },
          "ip -6 route",
          "unreachable default dev lo proto 173 metric 1" },
        { { .dst = px("10.5.0.0/16"), .via = px("fd18::9"), .dev = "va" },
          "ip route",
          "10.5.0.0/16 via inet6 fd18::9 dev va proto 173" },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[128];
        snprintf(name, sizeof(name), "route: %s", rows[i].words);
        bool good = nl_route_add(&rows[i].r, err) == 0 && shows(rows[i].show, rows[i].words);
        good = good && nl_route_add(&rows[i].r, err) == ERR_DUPLICATE;
        good = good && nl_route_del(&rows[i].r, err) == 0 && !shows(rows[i].show, rows[i].words);
        ok_why(good && nl_route_del(&rows[i].r, err) == ERR_MISSING, name, err);
    }
    struct nl_route r = { .dst = px("10.6.0.0/16"), .via = px("198.18.0.9"), .dev = "va" };
    must("ip route add 10.6.0.0/16 via 198.18.0.9 dev va");
    ok(nl_route_add(&r, err) == ERR_DUPLICATE, "route: somebody else's is told");
    ok(nl_route_del(&r, err) == ERR_MISSING && shows("ip route", "10.6.0.0/16 via"),
       "route: somebody else's is not deleted");
    must("ip route change 10.6.0.0/16 via 198.18.0.8 dev va proto 173");
    ok(nl_route_del(&r, err) == ERR_MISSING, "route: one of ours by another router is not it");
    r.dst = px("10.6.0.1/16");
    ok(nl_route_add(&r, err) == ERR_SYSTEM && strstr(err, "10.6.0.1/16"), "route: host bits are refused, in words");
    r = (struct nl_route){ .dst = px("10.7.0.0/16"), .dev = "nosuch" };
    ok(nl_route_add(&r, err) == ERR_MISSING && strstr(err, "nosuch"), "route: by no interface is told");
    ok(nl_route_del(&r, err) == ERR_MISSING, "route: gone with its interface");
}

static void test_get(void)
{
    struct nl_route r;
    struct prefix far = px("203.0.113.7"), far6 = px("2001:db8::7"), own = px("198.18.0.1"), near = px("198.18.0.5");

    ok(nl_route_default(4, &r) == ERR_MISSING, "default: none for IPv4");
    ok(nl_route_default(6, &r) == ERR_MISSING, "default: none for IPv6");
    ok(nl_route_get(&far, &r, err) == ERR_MISSING && strstr(err, "203.0.113.7"), "get: no route, in words");
    ok(nl_route_get(&far6, &r, err) == ERR_MISSING, "get: no IPv6 route");
    must("ip route add default via 198.18.0.9 dev va metric 200");
    must("ip route add default via 198.18.0.8 dev va metric 100");
    must("ip route add default via 198.18.0.7 dev va table 99");
    must("ip route add unreachable default metric 50");
    must("ip -6 route add default via fd18::9 dev va metric 300");
    ok(nl_route_default(4, &r) == 0 && r.metric == 100 && r.table == 0 && strcmp(r.dev, "va") == 0 && r.dst.len == 0 &&
           strcmp(prefix_text(&r.via, text), "198.18.0.8") == 0,
       "default: the lowest metric of the main table that leads somewhere");
    must("ip route del unreachable default metric 50");
    ok(nl_route_default(6, &r) == 0 && strcmp(prefix_text(&r.via, text), "fd18::9") == 0 && r.metric == 300,
       "default: IPv6");
    ok_why(nl_route_get(&far, &r, err) == 0 && strcmp(r.dev, "va") == 0 && !r.local && !r.unreachable &&
               strcmp(prefix_text(&r.via, text), "198.18.0.8") == 0 && r.src.family == 4 &&
               strcmp(prefix_text(&r.src, text), "198.18.0.1") == 0,
           "get: router, interface and source", err);
    ok_why(nl_route_get(&far6, &r, err) == 0 && strcmp(prefix_text(&r.via, text), "fd18::9") == 0, "get: IPv6", err);
    ok(nl_route_get(&near, &r, err) == 0 && r.via.family == 0, "get: a neighbour has no router");
    ok(nl_route_get(&own, &r, err) == 0 && r.local, "get: the host's own address is told");
    must("ip route add unreachable 203.0.113.0/24");
    ok(nl_route_get(&far, &r, err) == ERR_MISSING, "get: an unreachable route is no route");
    must("ip route del default via 198.18.0.8 dev va metric 100");
    must("ip route add default metric 10 nexthop via 198.18.0.21 dev va nexthop via 198.18.0.22 dev va");
    ok(nl_route_default(4, &r) == 0 && r.metric == 10 && strcmp(prefix_text(&r.via, text), "198.18.0.21") == 0 &&
           strcmp(r.dev, "va") == 0,
       "default: the first hop of several");
}

/* IPv6 addresses that come and go with advertisements. */
static void test_six(void)
{
    struct prefix a = { 0 };

    if (prefix_parse("fd00:80::5/64", true, &a) < 0)
        exit(99);
    ok_why(nl_addr_put("lo", &a, false, err) == 0 && sh("ip -6 addr show dev lo | grep -q 'fd00:80::5/64'"),
           "link: put", err);
    ok(nl_addr_put("lo", &a, false, err) == 0, "link: put twice is one");
    ok(nl_addr_put("lo", &a, true, err) == 0 &&
           sh("ip -6 addr show dev lo | grep 'fd00:80::5/64' | grep -q deprecated"),
       "link: deprecated");
    ok(nl_addr_put("lo", &a, false, err) == 0 &&
           !sh("ip -6 addr show dev lo | grep 'fd00:80::5/64' | grep -q deprecated"),
       "link: preferred again");
    ok(nl_addr_del("lo", &a, err) == 0 && !sh("ip -6 addr show dev lo | grep -q 'fd00:80::5'"), "link: gone");
    ok(nl_addr_del("lo", &a, err) == ERR_MISSING, "link: gone twice is told");
    ok(nl_addr_put("nosuch0", &a, false, err) == ERR_MISSING, "link: no interface");
}

int main(void)
{
    enter_check();
    must("ip link add va type veth peer name vb && ip link set vb up");
    test_links();
    test_addresses();
    test_routes();
    test_get();
    test_six();
    return done();
}

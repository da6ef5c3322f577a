/* The server's inform machine: packets of a client and time, as operations taken from the input. After each, what must
 * always hold: answers are well formed and few, they fit, they go to the client only, and time moves on. */
#include <stdlib.h>

#include "fuzz.h"
#include "inform_ops.h"
#include "session/inform.h"

struct bed {
    struct inform i;
    struct env env;
    uint32_t dice;
    msec now;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void settle(struct bed *b)
{
    static uint8_t buf[INFORM_PACKET_MAX];
    unsigned packets = 0;
    size_t n;
    while ((n = inform_pull(&b->i, buf, sizeof buf))) {
        struct ip_view ip;
        struct udp_view udp;
        struct dhcp4 m4;
        struct dhcp6 m6;
        uint8_t type;
        must(++packets <= 6); /* two advertisements, one of each other kind */
        must(ip_parse(slice_of(buf, n), &ip) == 0 && ip.whole.n == n);
        must(ip.version == 4 || n <= INFORM_IP6_MAX);
        if (ip.proto == IP_ICMP6) {
            must(ip.payload.p[0] == 129 || (nd_check(&ip, &type) == 0 && (type == ND_RA || type == ND_NA)));
            continue;
        }
        must(inform_udp_read(&ip, &udp) == 0);
        if (ip.version == 4)
            must(udp.dst_port == 68 && inform_addr4(ip.dst) == OPS_CLIENT4 && dhcp4_decode(udp.payload, &m4) == 0 &&
                 m4.type == DHCP4_ACK && m4.yiaddr == 0);
        else
            must(udp.dst_port == 546 && dhcp6_decode(udp.payload, &m6) == 0 &&
                 (m6.type == DHCP6_REPLY || m6.type == DHCP6_ADVERTISE));
        FUZZ_REACHED();
    }
}

static void feed(struct bed *b, struct slice packet)
{
    uint8_t *copy = malloc(packet.n ? packet.n : 1);
    must(copy != NULL);
    if (packet.n)
        memcpy(copy, packet.p, packet.n);
    bool maybe = inform_maybe(slice_of(copy, packet.n));
    bool taken = inform_packet(&b->i, slice_of(copy, packet.n), b->now);
    must(maybe || !taken);
    uint8_t addr[16];
    if (inform_claim(&b->i, addr)) { /* it is another's, say */
        must(taken && b->i.conf.shared && prefix_has(&b->i.conf.prefix, addr));
        inform_defend(&b->i, addr);
    }
    must(!inform_claim(&b->i, addr));
    free(copy);
}

static void pass(struct bed *b, msec t)
{
    msec until = b->now + t;
    while (inform_due(&b->i) <= until) {
        b->now = inform_due(&b->i) > b->now ? inform_due(&b->i) : b->now;
        inform_tick(&b->i, b->now);
        settle(b);
        must(inform_due(&b->i) > b->now);
    }
    b->now = until;
}

/* Operation 0xff: another configuration, with less in it or more. What is withdrawn is one well-formed advertisement. */
static void update(struct bed *b, const struct inform_conf *full, unsigned what)
{
    static uint8_t buf[INFORM_PACKET_MAX];
    struct inform_conf next = *full, old = b->i.conf;
    struct ip_view ip;
    uint8_t type;
    next.n_routes = what % (full->n_routes + 1);
    next.n_search = what / 3 % (full->n_search + 1);
    next.n_dns6 = what & 1;
    inform_update(&b->i, &next, b->now);
    settle(b);
    size_t n = inform_withdraw(&b->i, &old, buf, sizeof buf);
    must(n == 0 || (n <= INFORM_IP6_MAX && ip_parse(slice_of(buf, n), &ip) == 0 && nd_check(&ip, &type) == 0));
    must(inform_withdraw(&b->i, &b->i.conf, buf, sizeof buf) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bed b;
    static struct prefix routes[OPS_ROUTES];
    static struct dns_name search[OPS_NAMES];
    struct inform_conf conf = { .server_ipv4 = OPS_SERVER4, .mtu = 1400, .domain = "example.com", .wpad = "http://w/" };
    struct rd in = rd_of(data, size);
    unsigned flags = rd_u8(&in);
    b = (struct bed){ .now = 1000, .dice = 7 };
    b.env = (struct env){ .ctx = &b.dice, .random = ops_random };
    conf.dns[1] = conf.nbns[0] = 0x0a500035;
    conf.routes = routes;
    conf.n_routes = ops_routes(routes, flags & 1 ? OPS_ROUTES : 4);
    conf.search = search;
    conf.n_search = ops_names(search, flags & 2 ? OPS_NAMES : 2);
    conf.prefix = conf.dns6[0] = prefix_v6(ops_server_ll, 64);
    conf.n_dns6 = 1;
    conf.shared = (flags & 16) != 0;
    if (flags & 4)
        conf.delegated = prefix_v6(ops_server_ll, 56);
    conf.duid = slice_of(ops_server_duid, flags & 8 ? sizeof ops_server_duid : 0);
    inform_init(&b.i, &conf, &b.env);
    inform_ipv4_up(&b.i, OPS_CLIENT4);
    inform_ipv6_up(&b.i, ops_server_ll + 8, b.now);
    settle(&b);
    for (unsigned k = 0; k < 1000 && rd_left(&in); k++) {
        static uint8_t buf[2048];
        unsigned op = rd_u8(&in);
        if (op == 0xff) {
            update(&b, &conf, rd_u8(&in));
        } else if ((op & 7) == 7) {
            pass(&b, rd_u16(&in) * 10u);
        } else {
            struct wr w = wr_of(buf, sizeof buf);
            ops_packet(&w, op, true, 0, &in);
            feed(&b, wr_slice(&w));
            if (op & 0x80)
                continue; /* not pulled: the next one may overtake it */
        }
        settle(&b);
    }
    must(inform_due(&b.i) != NEVER);
    return 0;
}

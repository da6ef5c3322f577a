/* The server's IPv6: when advertisements go out and what they say, neighbours, DHCPv6; and who is not answered. */
#include "inform_help.h"

static uint64_t dice;
static const struct env env = { .ctx = &dice, .random = help_random };

struct bed {
    struct inform i;
    struct inform_conf conf;
    struct out out;
    msec now;
    uint8_t server_ll[16], client_ll[16];
};

static void start(struct bed *b, const struct inform_conf *conf)
{
    memset(b, 0, sizeof *b);
    dice = 1;
    b->now = 5000;
    b->conf = *conf;
    inform_link_local(server_id, b->server_ll);
    inform_link_local(client_id, b->client_ll);
    inform_init(&b->i, &b->conf, &env);
    inform_ipv6_up(&b->i, server_id, b->now);
}

/* The next packet must be an advertisement. */
static void pull_ra(struct bed *b, struct nd_ra *ra)
{
    assert_true(help_pull(&b->i, &b->out));
    assert_int_equal(b->out.ip.payload.p[0], ND_RA);
    assert_true(inform_addr_is(b->out.ip.src, b->server_ll));
    nd_read_ra(&b->out.ip, ra);
}

/* IPV6CP is just open, and the first advertisement is out of the way. */
static void start_quiet(struct bed *b)
{
    struct inform_conf conf = help_conf();
    struct nd_ra ra;
    start(b, &conf);
    pull_ra(b, &ra);
    assert_false(help_pull(&b->i, &b->out));
}

static size_t put_rs(uint8_t *dst, size_t cap, const uint8_t *src)
{
    struct wr w = wr_of(dst, cap);
    size_t at = nd_begin(&w, ND_RS, src, inform_all_routers);
    nd_put_rs(&w);
    nd_end(&w, at);
    return wr_len(&w);
}

static void test_advertisement(void **state)
{
    (void)state;
    struct inform_conf conf = help_conf();
    struct bed b;
    struct nd_ra ra;
    start(&b, &conf);
    pull_ra(&b, &ra);
    assert_true(inform_addr_is(b.out.ip.dst, inform_all_nodes));
    assert_true(ra.other && !ra.managed);
    assert_int_equal(ra.lifetime, 750);
    assert_int_equal(ra.mtu, 1400);
    assert_int_equal(ra.n_prefixes, 1);
    assert_true(prefix_eq(&ra.prefixes[0].p, &conf.prefix));
    assert_true(ra.prefixes[0].autonomous && ra.prefixes[0].on_link);
    assert_int_equal(ra.prefixes[0].valid, 86400);
    assert_int_equal(ra.prefixes[0].preferred, 14400);
    assert_int_equal(ra.n_dns, 2);
    assert_memory_equal(ra.dns[0].addr, conf.dns6[0].addr, 16);
    assert_int_equal(ra.n_domains, 2);
    assert_string_equal(ra.domains[0].name.text, "corp.example.com");
    assert_int_equal(ra.n_routes, 2); /* the IPv6 ones */
    assert_true(prefix_eq(&ra.routes[1].p, &conf.routes[3]));
    assert_false(help_pull(&b.i, &b.out));
}

/* A configuration with next to nothing: no default router, no prefix, no DHCPv6; the flags say so. */
static void test_bare(void **state)
{
    (void)state;
    struct inform_conf conf = { .mtu = 1279 };
    struct bed b;
    struct nd_ra ra;
    uint8_t p[100];
    start(&b, &conf);
    pull_ra(&b, &ra);
    assert_int_equal(b.out.ip.payload.n, 16);
    assert_int_equal(ra.lifetime, 0);
    assert_false(ra.other || ra.managed);
    assert_false(help_feed(&b.i, p, 0, b.now));
}

/* RFC 4861 6.2.4: at once, quickly thrice, then at random between 150 and 250 seconds. */
static void test_times(void **state)
{
    (void)state;
    struct bed b;
    struct nd_ra ra;
    msec shortest = NEVER, longest = 0;
    start_quiet(&b);
    for (unsigned k = 0; k < 300; k++) {
        msec due = inform_due(&b.i), gap = due - b.now;
        if (k < 3)
            assert_int_equal(gap, 3000);
        else {
            shortest = gap < shortest ? gap : shortest;
            longest = gap > longest ? gap : longest;
        }
        b.now = due - 1;
        inform_tick(&b.i, b.now);
        assert_false(help_pull(&b.i, &b.out));
        b.now = due;
        inform_tick(&b.i, b.now);
        pull_ra(&b, &ra);
        assert_false(help_pull(&b.i, &b.out));
    }
    assert_true(shortest >= 150000 && shortest < 160000);
    assert_true(longest <= 250000 && longest > 240000);
}

/* Answered at once, but no oftener than each second; many questions in between get one answer. */
static void test_solicitations(void **state)
{
    (void)state;
    struct bed b;
    struct nd_ra ra;
    uint8_t p[100];
    start_quiet(&b);
    b.now += 2000;
    size_t n = put_rs(p, sizeof p, b.client_ll);
    assert_true(help_feed(&b.i, p, n, b.now));
    pull_ra(&b, &ra);
    assert_true(inform_addr_is(b.out.ip.dst, b.client_ll)); /* to who asked */
    for (unsigned k = 0; k < 50; k++) {
        assert_true(help_feed(&b.i, p, n, b.now + k));
        assert_false(help_pull(&b.i, &b.out));
    }
    assert_int_equal(inform_due(&b.i), b.now + 1000); /* the early one of the timer would fall together with it */
    b.now += 1000;
    inform_tick(&b.i, b.now);
    pull_ra(&b, &ra);
    assert_false(help_pull(&b.i, &b.out));
    b.now += 1500;
    static const uint8_t unspecified[16];
    n = put_rs(p, sizeof p, unspecified);
    assert_true(help_feed(&b.i, p, n, b.now));
    pull_ra(&b, &ra);
    assert_true(inform_addr_is(b.out.ip.dst, inform_all_nodes));
}

/* Whatever a client may send as neighbour discovery is swallowed, and what is wrong with it is not answered. */
static void test_bad_solicitations(void **state)
{
    (void)state;
    struct bed b;
    uint8_t p[100];
    start_quiet(&b);
    b.now += 2000;
    size_t n = put_rs(p, sizeof p, b.client_ll);
    p[7] = 254;
    assert_true(help_feed(&b.i, p, n, b.now));
    p[7] = 255;
    p[46] ^= 1;
    assert_true(help_feed(&b.i, p, n, b.now));
    assert_false(help_pull(&b.i, &b.out));
    for (size_t cut = 0; cut < n; cut++)
        assert_false(help_feed(&b.i, p, cut, b.now));
    /* advertisements of a client, and redirects, are nothing to us */
    struct wr w = wr_of(p, sizeof p);
    struct nd_ra ra = { .lifetime = 9000 };
    size_t at = nd_begin(&w, ND_RA, b.client_ll, inform_all_nodes);
    nd_put_ra(&w, &ra);
    nd_end(&w, at);
    assert_true(help_feed(&b.i, p, wr_len(&w), b.now));
    assert_false(help_pull(&b.i, &b.out));
}

/* Returns whether there was an answer, which is then checked. */
static bool solicit_neighbour(struct bed *b, const uint8_t *src, const uint8_t *dst, const uint8_t *target)
{
    uint8_t p[100];
    struct wr w = wr_of(p, sizeof p);
    struct nd_neighbour n = { .router = false }, na;
    memcpy(n.target, target, 16);
    size_t at = nd_begin(&w, ND_NS, src, dst);
    nd_put_neighbour(&w, ND_NS, &n);
    nd_end(&w, at);
    assert_true(help_feed(&b->i, p, wr_len(&w), b->now));
    if (!help_pull(&b->i, &b->out))
        return false;
    assert_int_equal(b->out.ip.payload.p[0], ND_NA);
    nd_read_neighbour(&b->out.ip, &na);
    assert_memory_equal(na.target, target, 16);
    assert_true(na.router && na.override);
    assert_true(inform_addr_is(b->out.ip.src, target));
    assert_int_equal(na.solicited, src[0] != 0);
    assert_true(inform_addr_is(b->out.ip.dst, src[0] ? src : inform_all_nodes));
    return true;
}

/* A client of a shared /64 asks whether an address is free: that is a claim; who asks after others' is not. */
static void test_claims(void **state)
{
    (void)state;
    static const uint8_t unspecified[16];
    struct inform_conf conf = help_conf();
    struct nd_ra ra;
    struct bed b;
    uint8_t addr[16], node[16] = { 0xff, 2, [11] = 1, [12] = 0xff };
    struct prefix wish = p6("fd00:80:0:7::abcd"), far = p6("fd00:80:0:8::abcd");
    for (unsigned shared = 0; shared < 2; shared++) {
        conf.shared = shared;
        conf.on_link = !shared;
        start(&b, &conf);
        pull_ra(&b, &ra);
        assert_int_equal(ra.prefixes[0].on_link, !shared);
        assert_true(ra.prefixes[0].autonomous);
        assert_false(solicit_neighbour(&b, unspecified, node, wish.addr));
        assert_int_equal(inform_claim(&b.i, addr), shared);
        assert_true(!shared || memcmp(addr, wish.addr, 16) == 0);
        assert_false(inform_claim(&b.i, addr));
    }
    assert_false(solicit_neighbour(&b, unspecified, node, far.addr));
    assert_false(solicit_neighbour(&b, b.client_ll, node, wish.addr));
    assert_true(solicit_neighbour(&b, unspecified, node, b.conf.router6)); /* ours: no need to ask anybody */
    assert_false(inform_claim(&b.i, addr));
    inform_defend(&b.i, wish.addr); /* RFC 4862 5.4.4 */
    struct nd_neighbour na;
    assert_true(help_pull(&b.i, &b.out));
    assert_int_equal(b.out.ip.payload.p[0], ND_NA);
    nd_read_neighbour(&b.out.ip, &na);
    assert_memory_equal(na.target, wish.addr, 16);
    assert_true(!na.solicited && inform_addr_is(b.out.ip.dst, inform_all_nodes));
}

static void test_neighbours(void **state)
{
    (void)state;
    static const uint8_t unspecified[16];
    struct bed b;
    uint8_t node[16] = { 0xff, 2, [11] = 1, [12] = 0xff, 5, 6, 7 };
    start_quiet(&b);
    assert_true(solicit_neighbour(&b, b.client_ll, b.server_ll, b.server_ll));
    assert_true(solicit_neighbour(&b, b.client_ll, node, b.conf.router6));
    assert_true(solicit_neighbour(&b, unspecified, node, b.server_ll));  /* RFC 4862 5.4.3: it wants our address */
    assert_false(solicit_neighbour(&b, unspecified, node, b.client_ll)); /* its own: nobody has it */
    assert_false(solicit_neighbour(&b, b.client_ll, node, b.conf.prefix.addr));
    assert_false(solicit_neighbour(&b, b.client_ll, b.server_ll, unspecified));
    struct inform_conf conf = help_conf();
    memset(conf.router6, 0, 16); /* none: :: is not an address of ours */
    inform_update(&b.i, &conf, b.now);
    assert_true(help_pull(&b.i, &b.out));
    assert_false(solicit_neighbour(&b, b.client_ll, b.server_ll, unspecified));
}

/* Names that do not fit beside 32 routes go into a second advertisement. */
static void test_two_packets(void **state)
{
    (void)state;
    static struct prefix routes[40];
    static struct dns_name search[10];
    struct inform_conf conf = help_conf();
    struct bed b;
    struct nd_ra ra;
    for (unsigned k = 0; k < 40; k++) {
        routes[k] = p6("fd00:5::/128");
        routes[k].addr[15] = (uint8_t)k;
    }
    for (unsigned k = 0; k < 10; k++) {
        memset(search[k].text, 'a' + (int)k, 60);
    }
    conf.routes = routes;
    conf.n_routes = 40;
    conf.search = search;
    conf.n_search = 10;
    start(&b, &conf);
    pull_ra(&b, &ra);
    assert_int_equal(ra.n_routes, 32);
    assert_int_equal(ra.n_domains, 0);
    pull_ra(&b, &ra);
    assert_int_equal(ra.n_routes, 0);
    assert_int_equal(ra.n_domains, ND_DOMAINS);
    assert_int_equal(ra.lifetime, 750); /* RFC 4861 6.2.3: the fixed part is the same */
    assert_false(help_pull(&b.i, &b.out));
}

/* --- DHCPv6 --------------------------------------------------------------------------------------------------- */

enum { IDS_CLIENT = 1, IDS_SERVER = 2, IDS_OTHER = 4, NA = 8, PD = 16, RAPID = 32, REFRESH = 64, STALE = 128 };
enum { UNICAST = 256, HERE = 512 }; /* to the server's own address; the address is one of this link */

/* Asks, and decodes the answer; false: taken, but not answered. */
static bool ask(struct bed *b, uint8_t type, unsigned with, struct dhcp6 *m)
{
    static const uint16_t oro[] = { DHCP6_OPT_DNS, DHCP6_OPT_REFRESH };
    uint8_t p[600];
    struct wr w = wr_of(p, sizeof p);
    struct dhcp6_ia na = { .iaid = 5, .n_leases = with & (STALE | HERE) ? 1 : 0 };
    struct dhcp6_ia pd = { .pd = true, .iaid = 6, .n_leases = with & STALE ? 2 : 0 };
    na.leases[0] = (struct dhcp6_lease){ p6(with & HERE ? "fd00:80:0:7::99" : "fd00:80::99"), 5, 5 };
    pd.leases[0] = (struct dhcp6_lease){ p6("fd00:80:6600::/56"), 5, 5 };
    pd.leases[1] = (struct dhcp6_lease){ b->conf.delegated, 5, 5 };
    size_t at = inform_udp6_begin(&w, b->client_ll, with & UNICAST ? b->server_ll : inform_all_dhcp6, DHCP6_CLIENT_PORT,
                                  DHCP6_SERVER_PORT);
    dhcp6_put_head(&w, type, 0x00c0ffee & 0xffffff);
    if (with & IDS_CLIENT)
        dhcp6_put(&w, DHCP6_OPT_CLIENT_ID, slice_of(client_duid, sizeof client_duid));
    if (with & IDS_SERVER)
        dhcp6_put(&w, DHCP6_OPT_SERVER_ID, slice_of(server_duid, sizeof server_duid));
    if (with & IDS_OTHER)
        dhcp6_put(&w, DHCP6_OPT_SERVER_ID, slice_of(client_duid, sizeof client_duid));
    if (with & NA)
        dhcp6_put_ia(&w, &na);
    if (with & PD)
        dhcp6_put_ia(&w, &pd);
    if (with & RAPID)
        dhcp6_put(&w, DHCP6_OPT_RAPID_COMMIT, slice_of(NULL, 0));
    if (with & REFRESH)
        dhcp6_put_oro(&w, oro, 2);
    inform_udp_end(&w, at);
    assert_true(help_feed(&b->i, p, wr_len(&w), b->now));
    if (!help_pull(&b->i, &b->out))
        return false;
    assert_true(inform_addr_is(b->out.ip.src, b->server_ll));
    assert_true(inform_addr_is(b->out.ip.dst, b->client_ll));
    assert_int_equal(b->out.udp.src_port, 547);
    assert_int_equal(b->out.udp.dst_port, 546);
    assert_int_equal(dhcp6_decode(b->out.udp.payload, m), 0);
    assert_int_equal(m->xid, 0x00c0ffee & 0xffffff);
    assert_true(slice_eq(m->server_id, slice_of(server_duid, sizeof server_duid)));
    if (with & IDS_CLIENT)
        assert_true(slice_eq(m->client_id, slice_of(client_duid, sizeof client_duid)));
    else
        assert_int_equal(m->client_id.n, 0);
    struct out more;
    assert_false(help_pull(&b->i, &more));
    return true;
}

static void test_information(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    struct dns_name names[4];
    unsigned n = 0;
    start_quiet(&b);
    for (unsigned with = 0; with <= IDS_CLIENT; with++) {
        assert_true(ask(&b, DHCP6_INFORMATION_REQUEST, with | REFRESH, &m));
        assert_int_equal(m.type, DHCP6_REPLY);
        assert_int_equal(m.dns.n, 32);
        assert_memory_equal(m.dns.p, b.conf.dns6[0].addr, 16);
        assert_int_equal(dns_names_read(m.domains, false, names, 4, &n), 0);
        assert_int_equal(n, 2);
        assert_true(m.has_refresh);
        assert_int_equal(m.refresh, 3600);
        assert_int_equal(m.n_ias, 0);
    }
    assert_true(ask(&b, DHCP6_INFORMATION_REQUEST, IDS_SERVER, &m));
    assert_false(m.has_refresh);
    assert_false(ask(&b, DHCP6_INFORMATION_REQUEST, IDS_OTHER, &m));
    assert_false(ask(&b, DHCP6_INFORMATION_REQUEST, PD, &m)); /* RFC 8415 16.12 */
}

/* Which identifiers each message must have: RFC 8415 16. */
static void test_identifiers(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        unsigned good; /* bit k: answered with ids k of (none, client, server, both, other, client and other) */
    } table[] = {
        { DHCP6_SOLICIT, 1 << 1 }, { DHCP6_ADVERTISE, 0 },        { DHCP6_REQUEST, 1 << 3 },
        { DHCP6_CONFIRM, 1 << 1 }, { DHCP6_RENEW, 1 << 3 },       { DHCP6_REBIND, 1 << 1 },
        { DHCP6_REPLY, 0 },        { DHCP6_RELEASE, 1 << 3 },     { DHCP6_DECLINE, 1 << 3 },
        { DHCP6_RECONFIGURE, 0 },  { 12, 0 } /* Relay-forward */,
    };
    struct bed b;
    struct dhcp6 m;
    start_quiet(&b);
    for (unsigned k = 0; k < sizeof table / sizeof table[0]; k++)
        for (unsigned ids = 0; ids < 6; ids++)
            assert_int_equal(ask(&b, table[k].type, ids | PD | NA | HERE, &m), table[k].good >> ids & 1);
}

/* RFC 8415 16, 18.4: what is meant for one server and came to its address is told to come to all; the rest is not heard. */
static void test_use_multicast(void **state)
{
    (void)state;
    static const uint8_t told[] = { DHCP6_REQUEST, DHCP6_RENEW, DHCP6_RELEASE, DHCP6_DECLINE };
    static const uint8_t unheard[] = { DHCP6_SOLICIT, DHCP6_CONFIRM, DHCP6_REBIND };
    struct bed b;
    struct dhcp6 m;
    start_quiet(&b);
    for (unsigned k = 0; k < sizeof told; k++) {
        assert_true(ask(&b, told[k], IDS_CLIENT | IDS_SERVER | PD | NA | UNICAST, &m));
        assert_int_equal(m.type, DHCP6_REPLY);
        assert_int_equal(m.status, DHCP6_USE_MULTICAST);
        assert_int_equal(m.n_ias + m.dns.n + m.domains.n, 0);
        assert_false(ask(&b, told[k], IDS_CLIENT | IDS_OTHER | PD | UNICAST, &m));
    }
    for (unsigned k = 0; k < sizeof unheard; k++)
        assert_false(ask(&b, unheard[k], IDS_CLIENT | PD | NA | HERE | UNICAST, &m));
    assert_false(ask(&b, DHCP6_INFORMATION_REQUEST, IDS_CLIENT | UNICAST, &m));
    assert_false(ask(&b, DHCP6_INFORMATION_REQUEST, IDS_CLIENT | IDS_SERVER | UNICAST, &m));
}

/* RFC 8415 18.3.3 */
static void test_confirm(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    start_quiet(&b);
    assert_true(ask(&b, DHCP6_CONFIRM, IDS_CLIENT | NA | HERE, &m));
    assert_int_equal(m.type, DHCP6_REPLY);
    assert_true(m.has_status);
    assert_int_equal(m.status, DHCP6_SUCCESS);
    assert_int_equal(m.n_ias + m.dns.n, 0);
    assert_true(ask(&b, DHCP6_CONFIRM, IDS_CLIENT | NA | STALE, &m));
    assert_int_equal(m.status, DHCP6_NOT_ON_LINK);
    assert_false(ask(&b, DHCP6_CONFIRM, IDS_CLIENT | NA, &m)); /* nothing to confirm */
    assert_false(ask(&b, DHCP6_CONFIRM, IDS_CLIENT | PD | STALE, &m));
    assert_false(ask(&b, DHCP6_CONFIRM, IDS_CLIENT, &m));
    b.conf.prefix.family = 0;
    inform_update(&b.i, &b.conf, b.now);
    assert_true(help_pull(&b.i, &b.out));
    assert_true(ask(&b, DHCP6_CONFIRM, IDS_CLIENT | NA | HERE, &m));
    assert_int_equal(m.status, DHCP6_NOT_ON_LINK);
}

static void test_delegation(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    start_quiet(&b);
    assert_true(ask(&b, DHCP6_SOLICIT, IDS_CLIENT | PD | NA, &m));
    assert_int_equal(m.type, DHCP6_ADVERTISE);
    assert_int_equal(m.preference, 255);
    assert_false(m.rapid_commit);
    assert_int_equal(m.n_ias, 2);
    assert_int_equal(m.ias[0].iaid, 5);
    assert_true(m.ias[0].has_status);
    assert_int_equal(m.ias[0].status, DHCP6_NO_ADDRS_AVAIL);
    assert_int_equal(m.ias[1].iaid, 6);
    assert_false(m.ias[1].has_status);
    assert_int_equal(m.ias[1].n_leases, 1);
    assert_true(prefix_eq(&m.ias[1].leases[0].p, &b.conf.delegated));
    assert_int_equal(m.ias[1].leases[0].preferred, 14400);
    assert_int_equal(m.ias[1].leases[0].valid, 86400);
    assert_int_equal(m.ias[1].t1, 7200);
    assert_int_equal(m.ias[1].t2, 11520);
    assert_true(ask(&b, DHCP6_SOLICIT, IDS_CLIENT | PD | RAPID, &m));
    assert_int_equal(m.type, DHCP6_REPLY);
    assert_true(m.rapid_commit);
    assert_int_equal(m.ias[0].n_leases, 1);
    assert_true(ask(&b, DHCP6_REQUEST, IDS_CLIENT | IDS_SERVER | PD | STALE, &m));
    assert_int_equal(m.type, DHCP6_REPLY);
    assert_int_equal(m.ias[0].n_leases, 1); /* a wish for another prefix is only a wish */
    assert_true(prefix_eq(&m.ias[0].leases[0].p, &b.conf.delegated));
}

static void test_renewal(void **state)
{
    (void)state;
    static const unsigned ids[] = { IDS_CLIENT | IDS_SERVER, IDS_CLIENT };
    static const uint8_t types[] = { DHCP6_RENEW, DHCP6_REBIND };
    struct bed b;
    struct dhcp6 m;
    start_quiet(&b);
    for (unsigned k = 0; k < 2; k++) {
        assert_true(ask(&b, types[k], ids[k] | PD | NA | STALE, &m));
        assert_int_equal(m.type, DHCP6_REPLY);
        assert_int_equal(m.ias[0].status, DHCP6_NO_BINDING);
        assert_int_equal(m.ias[0].leases[0].valid, 0); /* the address is not theirs */
        assert_false(m.ias[1].has_status);
        assert_int_equal(m.ias[1].n_leases, 2);
        assert_true(prefix_eq(&m.ias[1].leases[0].p, &b.conf.delegated));
        assert_int_equal(m.ias[1].leases[0].valid, 86400);
        assert_int_equal(m.ias[1].leases[1].valid, 0); /* nor is an older prefix */
    }
}

static void test_given_back(void **state)
{
    (void)state;
    static const uint8_t types[] = { DHCP6_RELEASE, DHCP6_DECLINE };
    struct bed b;
    struct dhcp6 m;
    start_quiet(&b);
    for (unsigned k = 0; k < 2; k++) {
        assert_true(ask(&b, types[k], IDS_CLIENT | IDS_SERVER | PD | NA | STALE, &m));
        assert_int_equal(m.type, DHCP6_REPLY);
        assert_true(m.has_status);
        assert_int_equal(m.status, DHCP6_SUCCESS);
        assert_int_equal(m.n_ias, 1);
        assert_false(m.ias[0].pd);
        assert_int_equal(m.ias[0].status, DHCP6_NO_BINDING);
        assert_int_equal(m.dns.n, 0);
    }
}

static void test_no_prefix(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    start_quiet(&b);
    b.conf.delegated.family = 0;
    inform_update(&b.i, &b.conf, b.now);
    assert_true(help_pull(&b.i, &b.out));
    assert_true(ask(&b, DHCP6_SOLICIT, IDS_CLIENT | PD | RAPID, &m));
    assert_int_equal(m.type, DHCP6_ADVERTISE); /* nothing to commit */
    assert_int_equal(m.ias[0].status, DHCP6_NO_PREFIX_AVAIL);
    assert_int_equal(m.ias[0].n_leases, 0);
    assert_true(ask(&b, DHCP6_RENEW, IDS_CLIENT | IDS_SERVER | PD, &m));
    assert_int_equal(m.ias[0].status, DHCP6_NO_BINDING);
}

/* Not from a link-local address, not to us alone, not our port, broken. */
static void test_bad_dhcp6(void **state)
{
    (void)state;
    struct bed b;
    uint8_t p[200], global[16];
    start_quiet(&b);
    memcpy(global, b.conf.prefix.addr, 16);
    static const struct {
        bool global, unicast, taken;
        uint16_t port;
    } table[] = { { false, false, true, 547 },
                  { true, false, true, 547 },
                  { false, true, true, 547 },
                  { false, false, false, 548 } };
    for (unsigned k = 0; k < 4; k++) {
        struct wr w = wr_of(p, sizeof p);
        size_t at = inform_udp6_begin(&w, table[k].global ? global : b.client_ll,
                                      table[k].unicast ? b.server_ll : inform_all_dhcp6, 546, table[k].port);
        dhcp6_put_head(&w, DHCP6_INFORMATION_REQUEST, 1);
        inform_udp_end(&w, at);
        assert_int_equal(help_feed(&b.i, p, wr_len(&w), b.now), table[k].taken);
        assert_int_equal(help_pull(&b.i, &b.out), k == 0);
        if (k)
            continue;
        p[46] ^= 1; /* checksum */
        assert_true(help_feed(&b.i, p, wr_len(&w), b.now));
        assert_false(help_pull(&b.i, &b.out));
        p[46] = p[47] = 0; /* none: RFC 8200 8.1 does not allow that */
        assert_true(help_feed(&b.i, p, wr_len(&w), b.now));
        assert_false(help_pull(&b.i, &b.out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims),        cmocka_unit_test(test_advertisement),
        cmocka_unit_test(test_bare),          cmocka_unit_test(test_times),
        cmocka_unit_test(test_solicitations), cmocka_unit_test(test_bad_solicitations),
        cmocka_unit_test(test_neighbours),    cmocka_unit_test(test_two_packets),
        cmocka_unit_test(test_information),   cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_delegation),    cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_use_multicast), cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_given_back),    cmocka_unit_test(test_no_prefix),
        cmocka_unit_test(test_bad_dhcp6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The client's side: what is asked when, which answers count, RFC 3442's rules, and lifetimes. DHCPv6:
 * test_inform_client_dhcp6.c. The server here is made by hand; the two of ours meet in test_inform_twin.c. */
#include "inform_client_help.h"

/* --- DHCPINFORM ----------------------------------------------------------------------------------------------- */

static void test_inform_times(void **state)
{
    (void)state;
    static const msec at[] = { 0, 2000, 6000, 14000 };
    struct bed b;
    struct dhcp4 m;
    uint8_t buf[64];
    size_t n = 0;
    uint32_t xid = 0;
    start(&b);
    inform_client_ipv4_up(&b.c, CLIENT4, b.now);
    for (unsigned k = 0; k < 4; k++) {
        assert_int_equal(b.now - 5000, at[k]);
        assert_true(pull(&b));
        assert_int_equal(dhcp4_decode(b.out.udp.payload, &m), 0);
        assert_int_equal(m.type, DHCP4_INFORM);
        assert_int_equal(m.ciaddr, CLIENT4);
        assert_int_equal(m.secs, at[k] / 1000);
        if (k)
            assert_int_equal(m.xid, xid);
        xid = m.xid;
        assert_int_equal(inform_addr4(b.out.ip.src), CLIENT4);
        assert_int_equal(inform_addr4(b.out.ip.dst), UINT32_MAX);
        assert_false(pull(&b));
        tick_due(&b);
    }
    assert_int_equal(dhcp4_get(&m, DHCP4_OPT_ASKED, buf, sizeof buf, &n), 0);
    assert_int_equal(buf[0], 121);
    assert_int_equal(b.now - 5000, 30000); /* it gave up, quietly */
    assert_false(pull(&b));
    assert_false(offered(&b));
    assert_int_equal(inform_client_due(&b.c), NEVER);
    inform_client_ipv4_up(&b.c, CLIENT4, b.now); /* the same address: nothing new to ask */
    assert_false(pull(&b));
    inform_client_ipv4_up(&b.c, CLIENT4 + 1, b.now);
    assert_true(pull(&b));
}

/* An answer to the open question, its options to follow. */
static size_t begin_ack(struct bed *b, struct wr *w, uint8_t type, uint32_t xid)
{
    struct dhcp4 m = { .op = DHCP4_BOOTREPLY, .xid = xid, .type = type, .ciaddr = CLIENT4 };
    size_t start = inform_udp4_begin(w, 0x0a0a0a0a, CLIENT4, DHCP4_SERVER_PORT, DHCP4_CLIENT_PORT);
    (void)b;
    dhcp4_put_head(w, &m);
    return start;
}

static void end_ack(struct wr *w, size_t start)
{
    dhcp4_put_end(w, start + IP4_HEAD + UDP_HEAD);
    inform_udp_end(w, start);
}

static void put_route(struct wr *w, uint8_t option, const char *to, uint32_t router)
{
    struct dhcp4_route r = { p4(to), router };
    dhcp4_put_routes(w, option, &r, 1);
}

static bool has_route(const struct net_offer *o, const char *to, const char *via)
{
    struct prefix p = p4(to), v = p4(via);
    static const uint8_t zero[16];
    for (unsigned k = 0; k < o->n_routes; k++)
        if (prefix_eq(&o->routes[k].to, &p))
            return memcmp(o->routes[k].via, strcmp(via, "::") == 0 ? zero : v.addr, 16) == 0;
    return false;
}

/* RFC 3442: 121 replaces the router option and 249; 0.0.0.0/0 in it is a default route; router 0.0.0.0 is no router. */
static void test_rfc3442(void **state)
{
    (void)state;
    for (unsigned with = 0; with < 8; with++) {
        struct bed b;
        uint8_t p[600];
        static const uint32_t router = 0x0a500001;
        start(&b);
        inform_client_ipv4_up(&b.c, CLIENT4, b.now);
        assert_true(pull(&b));
        struct wr w = wr_of(p, sizeof p);
        size_t at = begin_ack(&b, &w, DHCP4_ACK, b.c.ask4.xid);
        if (with & 1)
            dhcp4_put_addrs(&w, DHCP4_OPT_ROUTER, &router, 1);
        if (with & 2)
            put_route(&w, DHCP4_OPT_MS_ROUTES, "10.9.0.0/16", 0);
        if (with & 4)
            put_route(&w, DHCP4_OPT_ROUTES, "0.0.0.0/0", 0x0a500009);
        end_ack(&w, at);
        assert_true(feed(&b, &w));
        assert_true(offered(&b));
        assert_true(b.offer.dhcp4);
        assert_int_equal(b.offer.n_routes, with ? 1 : 0);
        assert_int_equal(b.offer.routes4, with > 1);
        if (with & 4)
            assert_true(has_route(&b.offer, "0.0.0.0/0", "10.80.0.9"));
        else if (with & 2)
            assert_true(has_route(&b.offer, "10.9.0.0/16", "::"));
        else if (with & 1)
            assert_true(has_route(&b.offer, "0.0.0.0/0", "10.80.0.1"));
        assert_int_equal(inform_client_due(&b.c), b.now + 600000); /* asked anew: nothing in it has a lifetime */
        assert_true(feed(&b, &w));                                 /* until then an answer is to no question */
        assert_false(offered(&b));
        for (unsigned k = 0; k < 4; k++) {
            tick_due(&b);
            assert_true(pull(&b));
            assert_false(offered(&b)); /* nobody answers: what was told stays */
        }
        tick_due(&b);
        assert_false(pull(&b) || offered(&b));
        assert_int_equal(inform_client_due(&b.c), b.now + 600000);
    }
}

static void test_bad_answers(void **state)
{
    (void)state;
    struct bed b;
    uint8_t p[600];
    start(&b);
    inform_client_ipv4_up(&b.c, CLIENT4, b.now);
    assert_true(pull(&b));
    uint32_t xid = b.c.ask4.xid;
    for (unsigned k = 0; k < 8; k++) {
        struct wr w = wr_of(p, sizeof p);
        size_t at = begin_ack(&b, &w, k == 1 ? DHCP4_NAK : DHCP4_ACK, k == 0 ? xid + 1 : xid);
        put_route(&w, DHCP4_OPT_ROUTES, "10.9.0.0/16", 0);
        if (k == 2)
            p[28] = DHCP4_BOOTREQUEST;
        if (k == 3)
            p[28 + 15]++; /* ciaddr */
        if (k == 4)
            p[28 + 236] ^= 1; /* cookie */
        end_ack(&w, at);
        if (k == 5)
            p[100] ^= 1; /* checksum */
        if (k == 6)
            p[19]++; /* for somebody else, and the head's checksum is wrong */
        assert_int_equal(feed(&b, &w), k != 6);
        assert_int_equal(offered(&b), k == 7);
    }
    /* A second answer changes nothing. */
    struct wr w = wr_of(p, sizeof p);
    size_t at = begin_ack(&b, &w, DHCP4_ACK, xid);
    end_ack(&w, at);
    assert_true(feed(&b, &w));
    assert_false(offered(&b));
}

/* Options with nonsense in them are as good as absent; the others count. */
static void test_bad_options(void **state)
{
    (void)state;
    struct bed b;
    uint8_t p[600];
    start(&b);
    inform_client_ipv4_up(&b.c, CLIENT4, b.now);
    struct wr w = wr_of(p, sizeof p);
    size_t at = begin_ack(&b, &w, DHCP4_ACK, b.c.ask4.xid);
    dhcp4_put(&w, DHCP4_OPT_ROUTES, slice_of("\x21\1\2\3\4\5\6\7\10", 9)); /* a width of 33: 249 counts */
    put_route(&w, DHCP4_OPT_MS_ROUTES, "10.9.0.0/16", 0x0a500001);
    dhcp4_put(&w, DHCP4_OPT_DNS, slice_of("\12\1\1", 3));
    dhcp4_put(&w, DHCP4_OPT_DOMAIN, slice_str("evil;reboot"));
    dhcp4_put(&w, DHCP4_OPT_SEARCH, slice_of("\300\0", 2));
    dhcp4_put(&w, DHCP4_OPT_WPAD, slice_str("http://x/ y"));
    dhcp4_put(&w, DHCP4_OPT_NBNS, slice_of("\12\1\1\1", 4));
    end_ack(&w, at);
    assert_true(feed(&b, &w));
    assert_true(offered(&b));
    assert_int_equal(b.offer.n_routes, 1);
    assert_int_equal(b.offer.n_dns, 0);
    assert_int_equal(b.offer.n_nbns, 1);
    assert_string_equal(b.offer.domain.text, "");
    assert_int_equal(b.offer.n_search, 0);
    assert_string_equal(b.offer.wpad, "");
}

/* --- router advertisements ------------------------------------------------------------------------------------ */

static void test_solicitations(void **state)
{
    (void)state;
    struct bed b;
    start(&b);
    up6(&b);
    for (unsigned k = 1; k < 3; k++) {
        tick_due(&b);
        assert_int_equal(b.now, 5000 + k * 4000);
        assert_true(pull(&b));
    }
    tick_due(&b);
    assert_false(pull(&b));
    assert_int_equal(inform_client_due(&b.c), NEVER);
    assert_false(offered(&b));
}

static void test_advertisement(void **state)
{
    (void)state;
    struct bed b;
    struct prefix addr = p6("fd00:80:0:7:c101:203:405:607/64");
    start(&b);
    up6(&b);
    hear(&b, 750, 100, 200, 300);
    assert_true(offered(&b));
    assert_true(b.offer.ra && !b.offer.dhcp4 && !b.offer.dhcp6);
    assert_int_equal(b.offer.n_addresses, 1);
    assert_memory_equal(&b.offer.addresses[0].p, &addr, sizeof addr);
    assert_false(b.offer.addresses[0].deprecated);
    assert_int_equal(b.offer.mtu6, 1400);
    assert_int_equal(b.offer.n_routes, 2);
    assert_true(has_route(&b.offer, "::/0", "fe80::5e01:203:405:607"));
    assert_true(has_route(&b.offer, "2001:db8::/32", "fe80::5e01:203:405:607"));
    assert_int_equal(b.offer.routes[1].preference, ND_HIGH);
    assert_int_equal(b.offer.n_dns, 1);
    assert_string_equal(b.offer.search[0].text, "corp.example.com");
    b.now += 500;
    hear(&b, 750, 100, 200, 300); /* the same again is no news */
    assert_false(offered(&b));
}

/* Each thing goes when its time is over, and each is an event. */
static void test_lifetimes(void **state)
{
    (void)state;
    struct bed b;
    start(&b);
    up6(&b);
    hear(&b, 50, 100, 200, 300);
    assert_true(offered(&b));
    msec began = b.now;
    static const struct {
        msec at;
        unsigned addresses, routes, dns;
        bool deprecated;
    } steps[] = { { 50, 1, 1, 1, false }, { 100, 1, 1, 1, true }, { 200, 0, 1, 1, false }, { 300, 0, 0, 0, false } };
    for (unsigned k = 0; k < 4;) {
        tick_due(&b);
        if (!offered(&b)) /* DHCPv6 asks in vain meanwhile */
            continue;
        assert_int_equal(b.now - began, SECONDS(steps[k].at));
        assert_int_equal(b.offer.n_addresses, steps[k].addresses);
        assert_int_equal(b.offer.n_routes, steps[k].routes);
        assert_int_equal(b.offer.n_dns, steps[k].dns);
        assert_int_equal(b.offer.n_search, steps[k].dns);
        if (steps[k].addresses)
            assert_int_equal(b.offer.addresses[0].deprecated, steps[k].deprecated);
        k++;
    }
    hear(&b, 750, UINT32_MAX, UINT32_MAX, UINT32_MAX); /* for ever, and taken back at once */
    assert_true(offered(&b));
    assert_int_equal(b.offer.n_addresses, 1);
    hear(&b, 0, 0, 0, 0);
    assert_true(offered(&b));
    assert_int_equal(b.offer.n_addresses + b.offer.n_routes + b.offer.n_dns + b.offer.n_search, 0);
}

/* Prefixes that make no address: no A flag, another length than 64, link-local, multicast, lifetime 0. */
static void test_odd_prefixes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool on_link, autonomous;
        uint32_t valid;
        unsigned addresses, routes;
    } table[] = {
        { "fd00:80::/64", true, false, 9, 0, 1 }, { "fd00:80::/64", false, true, 9, 1, 0 },
        { "fd00:80::/64", true, true, 9, 1, 0 },  { "fd00:80::/48", true, true, 9, 0, 1 },
        { "fd00:80::/96", false, true, 9, 0, 0 }, { "fe80::/64", true, true, 9, 0, 0 },
        { "ff02::/64", true, true, 9, 0, 0 },     { "fd00:80::/64", true, true, 0, 0, 0 },
    };
    for (unsigned k = 0; k < sizeof table / sizeof table[0]; k++) {
        struct bed b;
        uint8_t p[300];
        struct wr w = wr_of(p, sizeof p);
        struct nd_prefix prefix = { p6(table[k].text), table[k].on_link, table[k].autonomous, table[k].valid, 0 };
        start(&b);
        up6(&b);
        size_t at = begin_ra(&b, &w, 0, false);
        nd_put_prefix(&w, &prefix);
        nd_end(&w, at);
        assert_true(feed(&b, &w));
        assert_true(offered(&b));
        assert_int_equal(b.offer.n_addresses, table[k].addresses);
        assert_int_equal(b.offer.n_routes, table[k].routes);
        if (table[k].addresses) {
            assert_true(b.offer.addresses[0].deprecated);
            assert_int_equal(b.offer.addresses[0].p.len, table[k].on_link ? 64 : 128);
        }
    }
}

static void test_bad_advertisements(void **state)
{
    (void)state;
    struct bed b;
    uint8_t p[300];
    start(&b);
    struct wr w = wr_of(p, sizeof p);
    size_t at = begin_ra(&b, &w, 750, false);
    nd_end(&w, at);
    assert_false(feed(&b, &w)); /* IPV6CP is not open */
    up6(&b);
    p[7] = 64; /* from behind a router */
    assert_true(feed(&b, &w));
    assert_false(offered(&b));
    p[7] = 255;
    p[50] ^= 1;
    assert_true(feed(&b, &w));
    assert_false(offered(&b));
    p[50] ^= 1;
    assert_true(feed(&b, &w));
    assert_true(offered(&b));
    uint8_t global[16] = { 0xfd };
    w = wr_of(p, sizeof p);
    at = nd_begin(&w, ND_RA, global, inform_all_nodes);
    wr_zero(&w, 12);
    nd_end(&w, at);
    assert_true(feed(&b, &w));
    assert_false(offered(&b));
}

static void test_neighbours(void **state)
{
    (void)state;
    struct bed b;
    uint8_t p[100];
    start(&b);
    up6(&b);
    hear(&b, 750, 100, 200, 300);
    while (pull(&b))
        ;
    static const char *targets[] = { "fe80::c101:203:405:607", "fd00:80:0:7:c101:203:405:607", "fd00:80:0:7::1" };
    for (unsigned k = 0; k < 3; k++) {
        struct nd_neighbour n = { .router = false };
        struct wr w = wr_of(p, sizeof p);
        memcpy(n.target, p6(targets[k]).addr, 16);
        size_t at = nd_begin(&w, ND_NS, b.server_ll, b.client_ll);
        nd_put_neighbour(&w, ND_NS, &n);
        nd_end(&w, at);
        assert_true(feed(&b, &w));
        assert_int_equal(pull(&b), k < 2);
        if (k == 2)
            continue;
        nd_read_neighbour(&b.out.ip, &n);
        assert_true(n.solicited && n.override && !n.router);
        assert_true(inform_addr_is(b.out.ip.dst, b.server_ll));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inform_times),       cmocka_unit_test(test_rfc3442),
        cmocka_unit_test(test_bad_answers),        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_solicitations),      cmocka_unit_test(test_advertisement),
        cmocka_unit_test(test_lifetimes),          cmocka_unit_test(test_odd_prefixes),
        cmocka_unit_test(test_bad_advertisements), cmocka_unit_test(test_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

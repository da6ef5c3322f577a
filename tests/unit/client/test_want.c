/* What the host shall look like: decided from options, PPP and offers, table by table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "client/want.h"

static struct options opt;
static struct up_net net;
static struct net_offer offer;
static struct want want;
static struct prefix server;

static struct prefix pre(const char *text)
{
    struct prefix p = { 0 };
    assert_int_equal(prefix_parse(text, true, &p), 0);
    return p;
}

static int fresh(void **state)
{
    (void)state;
    opt = (struct options){ .interface = "sstp0" };
    net = (struct up_net){ .ipv4 = true, .our_addr = 0x0a500002, .peer_addr = 0x0a500001, .mtu = 1400 };
    net.dns[0] = 0x0a500001;
    memset(&offer, 0, sizeof offer);
    server = pre("198.18.1.1");
    return 0;
}

static void six(void)
{
    static const uint8_t id[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    net.ipv6 = true;
    memcpy(net.our_id, id, 8);
    offer.ra = true;
    offer.addresses[offer.n_addresses++] = (struct net_address){ pre("fd00:80::102:304:506:708/128"), 0 };
}

static void route(const char *to)
{
    offer.routes[offer.n_routes++] = (struct net_route){ .to = pre(to) };
}

static void name(const char *text)
{
    snprintf(offer.search[offer.n_search++].text, DNS_NAME_TEXT, "%s", text);
}

/* Routes as words: by user U, by server S, default D, block B, delegation P. */
static const char *routes(void)
{
    static char text[4096];
    char one[PREFIX_TEXT];
    size_t at = 0;
    want_make(&opt, &net, &offer, &server, &want);
    text[0] = 0;
    for (unsigned i = 0; i < want.n_routes; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%c %s", i ? ", " : "", "USDBP"[want.routes[i].origin],
                               prefix_text(&want.routes[i].to, one));
    return text;
}

#define HALVES4 "D 0.0.0.0/1, D 128.0.0.0/1"
#define HALVES6 "D ::/1, D 8000::/1"
#define BLOCK   "B ::/1, B 8000::/1"

static void test_default_routes(void **state)
{
    (void)state;
    assert_string_equal(routes(), HALVES4 ", " BLOCK);
    assert_true(want.pin && want.default4 && want.block6);
    opt.allow_ipv6_outside = true;
    assert_string_equal(routes(), HALVES4);
    assert_true(want.block6); /* so that it can be said */
    opt.allow_ipv6_outside = false;
    six();
    assert_string_equal(routes(), HALVES4 ", " BLOCK); /* the server is no router */
    route("::/0");
    assert_string_equal(routes(), HALVES4 ", " HALVES6);
    assert_false(want.block6);
    opt.no_route = true;
    assert_string_equal(routes(), "");
    assert_false(want.pin || want.default4 || want.default6);
}

static void test_ipv6_only(void **state)
{
    (void)state;
    net = (struct up_net){ .mtu = 1400 };
    six();
    route("::/0");
    route("10.0.0.0/8"); /* there is no IPv4 to carry it */
    assert_string_equal(routes(), HALVES6);
    assert_int_equal(want.addr4.family, 0);
    assert_int_equal(want.n_addr6, 2);
    assert_true(
        prefix_eq(&want.addr6[0].p,
                  &(struct prefix){ .family = 6, .len = 64, .addr = { 0xfe, 0x80, [8] = 1, 2, 3, 4, 5, 6, 7, 8 } }));
}

static void test_server_routes(void **state)
{
    (void)state;
    offer.routes4 = true;
    route("10.0.0.0/8");
    route("192.168.5.0/24");
    assert_string_equal(routes(), "S 10.0.0.0/8, S 192.168.5.0/24");
    assert_false(want.default4 || want.block6);
    route("0.0.0.0/0"); /* RFC 3442: a default route is one of them */
    assert_string_equal(routes(), "S 10.0.0.0/8, S 192.168.5.0/24, " HALVES4 ", " BLOCK);
    opt.ignore_server_routes = true;
    assert_string_equal(routes(), HALVES4 ", " BLOCK);
    offer.n_routes--;
    assert_string_equal(routes(), HALVES4 ", " BLOCK);
    six();
    assert_string_equal(routes(), HALVES4 ", " HALVES6);
    opt.ignore_server_routes = false;
    route("fd00:7::/48");
    assert_string_equal(routes(), "S 10.0.0.0/8, S 192.168.5.0/24, S fd00:7::/48");
    opt.routes[opt.n_routes++] = pre("172.16.0.0/12");
    opt.routes[opt.n_routes++] = pre("fd00:9::/48");
    assert_string_equal(routes(), "U 172.16.0.0/12, U fd00:9::/48");
    net.ipv6 = false;
    assert_string_equal(routes(), "U 172.16.0.0/12");
}

static void test_foolish_routes(void **state)
{
    (void)state;
    static const char *const bad[] = { "127.0.0.0/8",   "127.0.0.1/32", "169.254.0.0/16", "224.0.0.0/4", "239.1.0.0/16",
                                       "198.18.1.1/32", "fe80::/10",    "fe80::/64",      "ff00::/8",    "::1/128" };
    offer.routes4 = true;
    six();
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        route(bad[i]);
    route("10.0.0.0/8");
    route("10.0.0.0/8");
    assert_string_equal(routes(), "S 10.0.0.0/8");
    server = pre("fd00:18:1::1");
    offer.n_routes = 0;
    route("fd00:18:1::1/128");
    route("fd00:18:1::/64"); /* wider than the server's own host route, which is pinned outside */
    assert_string_equal(routes(), "S fd00:18:1::/64");
}

static void test_names(void **state)
{
    (void)state;
    name("corp.example");
    name("corp.example");
    routes();
    assert_int_equal(want.n_dns, 1);
    assert_int_equal(want.n_search, 1);
    assert_false(want.split); /* the default route goes through the tunnel: so do all names */
    offer.routes4 = true;
    route("10.0.0.0/8");
    routes();
    assert_true(want.split);
    offer.n_search = 0;
    routes();
    assert_false(want.split); /* nobody said which names */
    snprintf(offer.domain.text, DNS_NAME_TEXT, "vpn.example");
    routes();
    assert_true(want.split && want.n_search == 1);
    opt.no_dns = true;
    routes();
    assert_int_equal(want.n_dns + want.n_search, 0);
}

static void test_resolvers(void **state)
{
    (void)state;
    net.dns[1] = 0x0a500001;
    routes();
    assert_int_equal(want.n_dns, 1); /* the same one twice */
    offer.dns[0] = pre("10.9.9.9");
    offer.dns[1] = pre("fd00:80::53");
    offer.n_dns = 2;
    routes();
    assert_int_equal(want.n_dns, 1); /* DHCP overrides IPCP; there is no IPv6 to ask over */
    assert_true(prefix_eq(&want.dns[0], &offer.dns[0]));
    six();
    routes();
    assert_int_equal(want.n_dns, 2);
    offer.dns[0] = offer.dns[1];
    offer.n_dns = 1;
    routes();
    assert_int_equal(want.n_dns, 2); /* IPCP's, then the router's */
    assert_int_equal(want.dns[0].family, 4);
}

/* With split routes a resolver must still be reached through the tunnel. */
/* What a hostile server may say. */
static void test_foolish_resolvers(void **state)
{
    static const char *const never[] = { "0.0.0.0",         "127.0.0.1", "127.0.0.53", "224.0.0.251",
                                         "255.255.255.255", "::",        "::1",        "ff02::fb" };
    (void)state;
    six();
    net.dns[0] = 0xffffffff;
    want_make(&opt, &net, &offer, &server, &want);
    assert_int_equal(want.n_dns, 0);
    for (unsigned i = 0; i < sizeof never / sizeof never[0]; i++) {
        offer.n_dns = 0;
        offer.dns[offer.n_dns++] = pre(never[i]);
        offer.dns[offer.n_dns++] = pre("192.0.2.53");
        offer.dns[offer.n_dns++] = pre("fe80::53");
        want_make(&opt, &net, &offer, &server, &want);
        assert_int_equal(want.n_dns, 2);
        assert_true(prefix_eq(&want.dns[0], &offer.dns[1]) && prefix_eq(&want.dns[1], &offer.dns[2]));
    }
}

static void test_routes_to_resolvers(void **state)
{
    (void)state;
    six();
    offer.routes4 = true;
    route("10.0.0.0/8");
    offer.dns[0] = pre("192.168.77.53");
    offer.dns[1] = pre("10.1.2.3");  /* covered */
    offer.dns[2] = pre("10.80.0.1"); /* covered */
    offer.dns[3] = pre("fd00:53::53");
    offer.dns[4] = pre("198.18.1.1"); /* the server outside */
    offer.n_dns = 5;
    assert_string_equal(routes(), "S 10.0.0.0/8, S 192.168.77.53, S fd00:53::53");
    opt.no_dns = true;
    assert_string_equal(routes(), "S 10.0.0.0/8");
}

static void test_delegation(void **state)
{
    (void)state;
    six();
    route("::/0");
    offer.delegated[0] = pre("fd00:7::/56");
    offer.n_delegated = 1;
    assert_string_equal(routes(), HALVES4 ", " HALVES6);
    assert_int_equal(want.n_delegated, 0);
    opt.delegate = true;
    assert_string_equal(routes(), HALVES4 ", " HALVES6 ", P fd00:7::/56");
    assert_int_equal(want.n_delegated, 1);
}

static void test_mtu(void **state)
{
    (void)state;
    static const struct {
        uint16_t told, want;
    } rows[] = { { 0, 0 }, { 1279, 0 }, { 1280, 1280 }, { 1399, 1399 }, { 1400, 0 }, { 9000, 0 } };
    six();
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        offer.mtu6 = rows[i].told;
        routes();
        assert_int_equal(want.mtu, 1400);
        assert_int_equal(want.mtu6, rows[i].want);
    }
}

/* The largest of everything fits. */
static void test_full(void **state)
{
    (void)state;
    six();
    opt.delegate = true;
    offer.n_delegated = NET_DELEGATED;
    for (unsigned i = 0; i < NET_DELEGATED; i++)
        offer.delegated[i] = prefix_v6((uint8_t[16]){ 0xfc, (uint8_t)i }, 56);
    for (unsigned i = 0; i < NET_ROUTES - 1; i++)
        offer.routes[offer.n_routes++].to = prefix_v4(0x0a000000 + (i << 8), 24);
    offer.routes4 = true;
    for (offer.n_dns = 0; offer.n_dns < NET_DNS; offer.n_dns++)
        offer.dns[offer.n_dns] = prefix_v4(0x0b000000 + offer.n_dns, 32);
    offer.n_addresses = NET_ADDRESSES;
    route("0.0.0.0/0");
    routes();
    assert_int_equal(want.n_routes, NET_ROUTES - 1 + 2 + 2 + NET_DELEGATED);
    assert_int_equal(want.n_dns, WANT_DNS);
    assert_int_equal(want.n_addr6, 1 + NET_ADDRESSES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_default_routes, fresh),
        cmocka_unit_test_setup(test_ipv6_only, fresh),
        cmocka_unit_test_setup(test_server_routes, fresh),
        cmocka_unit_test_setup(test_foolish_routes, fresh),
        cmocka_unit_test_setup(test_names, fresh),
        cmocka_unit_test_setup(test_resolvers, fresh),
        cmocka_unit_test_setup(test_foolish_resolvers, fresh),
        cmocka_unit_test_setup(test_routes_to_resolvers, fresh),
        cmocka_unit_test_setup(test_delegation, fresh),
        cmocka_unit_test_setup(test_mtu, fresh),
        cmocka_unit_test_setup(test_full, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

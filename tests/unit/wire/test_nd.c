/* Neighbour discovery: what must hold of every message, each option there and back, options that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/nd.h"

static const uint8_t ll_a[16] = { 0xfe, 0x80, [15] = 1 };
static const uint8_t ll_b[16] = { 0xfe, 0x80, [15] = 2 };
static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t net[16] = { 0xfd, 0, 0, 0x80, 0, 0, 0, 7 };
static const uint8_t nowhere[16];
static const uint8_t solicited_node[16] = { 0xff, 2, [11] = 1, [12] = 0xff, [15] = 1 };

struct made {
    uint8_t bytes[2048];
    struct wr w;
    size_t start;
};

static void begin(struct made *d, uint8_t type, const uint8_t *src, const uint8_t *dst)
{
    d->w = wr_of(d->bytes, sizeof d->bytes);
    d->start = nd_begin(&d->w, type, src, dst);
}

static int check(struct made *d, struct ip_view *ip)
{
    uint8_t type = 77;
    nd_end(&d->w, d->start);
    assert_true(wr_ok(&d->w));
    assert_int_equal(ip_parse(wr_slice(&d->w), ip), 0);
    int e = nd_check(ip, &type);
    assert_int_equal(type, e ? 77 : ip->payload.p[0]);
    return e;
}

static void make_ra(struct made *d, const struct nd_ra *ra)
{
    begin(d, ND_RA, ll_a, all_nodes);
    nd_put_ra(&d->w, ra);
}

/* A router solicitation byte by byte; its checksum was computed by hand: sum of the words, folded, complemented. */
static void test_solicitation(void **state)
{
    (void)state;
    static const uint8_t want[48] = { 0x60, 0,        0,    0, 0,        8,   58, 255,  0xfe,
                                      0x80, [23] = 1, 0xff, 2, [39] = 2, 133, 0,  0x7d, 0x36 };
    static const uint8_t routers[16] = { 0xff, 2, [15] = 2 };
    struct made d;
    struct ip_view ip;
    begin(&d, ND_RS, ll_a, routers);
    nd_put_rs(&d.w);
    assert_int_equal(check(&d, &ip), 0);
    assert_int_equal(wr_len(&d.w), sizeof want);
    assert_memory_equal(d.bytes, want, sizeof want);
}

static void test_hop_limit(void **state)
{
    (void)state;
    struct made d;
    struct ip_view ip;
    uint8_t type = 0;
    begin(&d, ND_RS, ll_a, all_nodes);
    nd_put_rs(&d.w);
    assert_int_equal(check(&d, &ip), 0);
    for (unsigned hops = 0; hops < 255; hops++) { /* the checksum does not cover it */
        d.bytes[7] = (uint8_t)hops;
        assert_int_equal(ip_parse(wr_slice(&d.w), &ip), 0);
        assert_int_equal(nd_check(&ip, &type), ERR_STATE);
    }
}

static void test_checksum(void **state)
{
    (void)state;
    struct made d;
    struct ip_view ip;
    uint8_t type = 0;
    begin(&d, ND_RS, ll_a, all_nodes);
    nd_put_rs(&d.w);
    assert_int_equal(check(&d, &ip), 0);
    for (size_t at = 8; at < 48; at++) { /* every byte of the addresses and the message counts */
        if (at == 40)
            continue; /* the type: another message */
        d.bytes[at] ^= 0x10;
        assert_int_equal(ip_parse(wr_slice(&d.w), &ip), 0);
        assert_int_equal(nd_check(&ip, &type), ERR_SECURITY);
        d.bytes[at] ^= 0x10;
    }
}

static void test_short(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        size_t min;
    } table[] = { { ND_RS, 8 }, { ND_RA, 16 }, { ND_NS, 24 }, { ND_NA, 24 }, { ND_REDIRECT, 40 } };
    for (unsigned i = 0; i < 5; i++)
        for (size_t n = 4; n <= table[i].min; n++) {
            struct made d;
            struct ip_view ip;
            begin(&d, table[i].type, ll_a, ll_b);
            wr_zero(&d.w, n - 4);
            assert_int_equal(check(&d, &ip), n < table[i].min ? ERR_TRUNCATED : 0);
        }
    struct made d;
    struct ip_view ip;
    begin(&d, 128, ll_a, ll_b); /* echo request */
    wr_zero(&d.w, 40);
    assert_int_equal(check(&d, &ip), ERR_UNKNOWN);
    assert_false(nd_is(&ip));
}

static void test_code(void **state)
{
    (void)state;
    struct made d;
    struct ip_view ip;
    begin(&d, ND_RS, ll_a, all_nodes);
    d.bytes[d.w.len - 3] = 1;
    nd_put_rs(&d.w);
    assert_int_equal(check(&d, &ip), ERR_VALUE);
}

static void test_fragment(void **state)
{
    (void)state;
    uint8_t p[40 + 8 + 8] = { 0x60, 0, 0, 0, 0, 16, IP_FRAGMENT, 255 };
    struct ip_view ip;
    uint8_t type;
    memcpy(p + 8, ll_a, 16);
    memcpy(p + 24, all_nodes, 16);
    p[40] = IP_ICMP6;
    p[43] = 1; /* offset 0, more to come */
    p[48] = ND_RS;
    assert_int_equal(ip_parse(slice_of(p, sizeof p), &ip), 0);
    assert_true(nd_is(&ip));
    assert_int_equal(nd_check(&ip, &type), ERR_STATE);
}

static int check_addresses(uint8_t type, const uint8_t *src, const uint8_t *dst, const uint8_t *target, unsigned flags)
{
    struct made d;
    struct ip_view ip;
    begin(&d, type, src, dst);
    if (type == ND_RA)
        wr_zero(&d.w, 12);
    else if (type == ND_RS)
        wr_zero(&d.w, 4);
    else {
        wr_u32(&d.w, flags << 24);
        wr_bytes(&d.w, target, 16);
    }
    return check(&d, &ip);
}

static void test_addresses(void **state)
{
    (void)state;
    assert_int_equal(check_addresses(ND_RA, ll_a, all_nodes, NULL, 0), 0);
    assert_int_equal(check_addresses(ND_RA, net, all_nodes, NULL, 0), ERR_VALUE); /* RFC 4861 6.1.2 */
    assert_int_equal(check_addresses(ND_RA, nowhere, all_nodes, NULL, 0), ERR_VALUE);
    assert_int_equal(check_addresses(ND_RS, nowhere, all_nodes, NULL, 0), 0);
    assert_int_equal(check_addresses(ND_NS, ll_a, ll_b, ll_b, 0), 0);
    assert_int_equal(check_addresses(ND_NS, ll_a, ll_b, all_nodes, 0), ERR_VALUE); /* 7.1.1 */
    assert_int_equal(check_addresses(ND_NS, nowhere, solicited_node, ll_a, 0), 0);
    assert_int_equal(check_addresses(ND_NS, nowhere, ll_a, ll_a, 0), ERR_VALUE);
    assert_int_equal(check_addresses(ND_NS, nowhere, all_nodes, ll_a, 0), ERR_VALUE);
    assert_int_equal(check_addresses(ND_NA, ll_a, all_nodes, ll_a, 0x20), 0);
    assert_int_equal(check_addresses(ND_NA, ll_a, all_nodes, ll_a, 0x40), ERR_VALUE); /* 7.1.2 */
    assert_int_equal(check_addresses(ND_NA, ll_a, ll_b, ll_a, 0x40), 0);
    assert_int_equal(check_addresses(ND_NA, ll_a, ll_b, all_nodes, 0), ERR_VALUE);
    assert_int_equal(check_addresses(ND_REDIRECT, net, ll_b, ll_a, 0), ERR_TRUNCATED);
}

/* Option lengths: 0 is refused, and so is what reaches beyond the message. */
static void test_option_lengths(void **state)
{
    (void)state;
    for (unsigned len = 0; len < 256; len++)
        for (size_t have = 1; have <= 40; have++) {
            struct made d;
            struct ip_view ip;
            begin(&d, ND_RS, ll_a, all_nodes);
            nd_put_rs(&d.w);
            wr_u8(&d.w, 200);
            if (have > 1)
                wr_u8(&d.w, len);
            if (have > 2)
                wr_zero(&d.w, have - 2);
            assert_int_equal(check(&d, &ip), len && len * 8 == have ? 0 : ERR_LENGTH);
        }
}

static void test_neighbour(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        struct nd_neighbour n = { .router = flags & 1, .solicited = flags & 2, .override = flags & 4 }, got;
        struct made d;
        struct ip_view ip;
        memcpy(n.target, net, 16);
        begin(&d, ND_NA, ll_a, ll_b);
        nd_put_neighbour(&d.w, ND_NA, &n);
        assert_int_equal(check(&d, &ip), 0);
        nd_read_neighbour(&ip, &got);
        assert_memory_equal(&got, &n, sizeof n);
        begin(&d, ND_NS, ll_a, ll_b);
        nd_put_neighbour(&d.w, ND_NS, &n);
        assert_int_equal(check(&d, &ip), 0);
        assert_int_equal(d.bytes[44], 0); /* a solicitation has no flags */
    }
}

static void test_advertisement(void **state)
{
    (void)state;
    static const struct dns_name names[] = { { "corp.example.com" }, { "example.net" } };
    struct prefix dns[2] = { prefix_v6(net, 128), prefix_v6(ll_b, 128) };
    struct nd_ra ra = {
        .hop_limit = 64, .other = true, .preference = ND_HIGH, .lifetime = 750, .reachable = 1, .retrans = 2
    };
    struct nd_prefix p = { prefix_v6(net, 64), true, true, 86400, 14400 };
    struct nd_route routes[] = { { prefix_v6(net, 0), ND_LOW, 1 },
                                 { prefix_v6(net, 64), ND_MEDIUM, 2 },
                                 { prefix_v6(net, 63), ND_HIGH, UINT32_MAX } };
    memset(routes[0].p.addr, 0, 16);
    routes[2].p.addr[7] = 6;
    struct made d;
    struct ip_view ip;
    struct nd_ra got;
    make_ra(&d, &ra);
    nd_put_prefix(&d.w, &p);
    nd_put_mtu(&d.w, 1400);
    nd_put_rdnss(&d.w, dns, 2, 750);
    nd_put_dnssl(&d.w, names, 2, 751);
    for (unsigned i = 0; i < 3; i++)
        nd_put_route(&d.w, &routes[i]);
    assert_int_equal(check(&d, &ip), 0);
    nd_read_ra(&ip, &got);
    assert_int_equal(got.hop_limit, 64);
    assert_true(got.other && !got.managed);
    assert_int_equal(got.preference, ND_HIGH);
    assert_int_equal(got.lifetime, 750);
    assert_int_equal(got.reachable, 1);
    assert_int_equal(got.retrans, 2);
    assert_int_equal(got.mtu, 1400);
    assert_int_equal(got.n_prefixes, 1);
    assert_memory_equal(&got.prefixes[0].p, &p.p, sizeof p.p);
    assert_true(got.prefixes[0].on_link && got.prefixes[0].autonomous);
    assert_int_equal(got.prefixes[0].valid, 86400);
    assert_int_equal(got.prefixes[0].preferred, 14400);
    assert_int_equal(got.n_dns, 2);
    assert_memory_equal(got.dns[1].addr, ll_b, 16);
    assert_int_equal(got.dns[1].lifetime, 750);
    assert_int_equal(got.n_domains, 2);
    assert_string_equal(got.domains[0].name.text, "corp.example.com");
    assert_string_equal(got.domains[1].name.text, "example.net");
    assert_int_equal(got.domains[1].lifetime, 751);
    assert_int_equal(got.n_routes, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(prefix_eq(&got.routes[i].p, &routes[i].p));
        assert_int_equal(got.routes[i].preference, routes[i].preference);
        assert_int_equal(got.routes[i].lifetime, routes[i].lifetime);
    }
}

/* Hand-made options behind an advertisement. */
static void read_options(const uint8_t *options, size_t n, struct nd_ra *ret_ra)
{
    static const struct nd_ra empty;
    struct made d;
    struct ip_view ip;
    make_ra(&d, &empty);
    wr_bytes(&d.w, options, n);
    assert_int_equal(check(&d, &ip), 0);
    nd_read_ra(&ip, ret_ra);
}

static void test_odd_options(void **state)
{
    (void)state;
    struct nd_ra ra;
    uint8_t p[40] = { 3, 4, 129, 0xc0, [7] = 1, [11] = 1, [16] = 0x20 };
    read_options(p, 32, &ra);
    assert_int_equal(ra.n_prefixes, 0); /* longer than an address */
    p[2] = 128;
    read_options(p, 32, &ra);
    assert_int_equal(ra.n_prefixes, 1);
    p[11] = 2; /* RFC 4862 5.5.3 c: preferred over valid */
    read_options(p, 32, &ra);
    assert_int_equal(ra.n_prefixes, 0);
    p[11] = 1;
    p[1] = 5; /* another length than RFC 4861 4.6.2 has */
    read_options(p, 40, &ra);
    assert_int_equal(ra.n_prefixes, 0);
    static const uint8_t mtu[16] = { 5, 2, 0, 0, 0, 0, 5, 0x78 };
    read_options(mtu, 16, &ra);
    assert_int_equal(ra.mtu, 0);
    for (unsigned size = 1; size <= 3; size++) /* RFC 4191 2.3: the length must suffice for the prefix */
        for (unsigned len = 0; len < 256; len++) {
            uint8_t route[24] = { 24, (uint8_t)size, (uint8_t)len, 0, 0, 0, 0, 9 };
            read_options(route, size * 8u, &ra);
            assert_int_equal(ra.n_routes, len <= (size - 1) * 64);
        }
    for (unsigned bits = 0; bits < 4; bits++) { /* 2 is reserved */
        static const int8_t preference[] = { ND_MEDIUM, ND_HIGH, 9, ND_LOW };
        uint8_t route[8] = { 24, 1, 0, (uint8_t)(bits << 3), 0, 0, 0, 9 };
        read_options(route, 8, &ra);
        assert_int_equal(ra.n_routes, bits != 2);
        if (bits != 2)
            assert_int_equal(ra.routes[0].preference, preference[bits]);
    }
    static const uint8_t too_long[32] = { 24, 4, 0 };
    read_options(too_long, 32, &ra);
    assert_int_equal(ra.n_routes, 0);
}

static void test_odd_names(void **state)
{
    (void)state;
    struct nd_ra ra;
    static const uint8_t rdnss1[8] = { 25, 1 }, rdnss2[16] = { 25, 2 };
    read_options(rdnss1, 8, &ra);
    assert_int_equal(ra.n_dns, 0);
    read_options(rdnss2, 16, &ra); /* half an address */
    assert_int_equal(ra.n_dns, 0);
    static const uint8_t dnssl[][16] = {
        { 31, 2 },                                                         /* nothing but padding */
        { 31, 2, 0, 0, 0, 0, 0, 9, 7, 'a', 'b', 'c', 'd', 'e', 'f', 'g' }, /* no end */
        { 31, 2, 0, 0, 0, 0, 0, 9, 9, 'a', 'b', 'c', 'd', 'e', 'f', 'g' }, /* label longer than the option */
        { 31, 2, 0, 0, 0, 0, 0, 9, 1, 'a', 0xc0, 8, 0, 0, 0, 0 },          /* compressed */
        { 31, 2, 0, 0, 0, 0, 0, 9, 1, ';', 0, 0, 0, 0, 0, 0 },
    };
    for (unsigned i = 0; i < sizeof dnssl / sizeof dnssl[0]; i++) {
        read_options(dnssl[i], 16, &ra);
        assert_int_equal(ra.n_domains, 0);
    }
    static const uint8_t two[16] = { 31, 2, 0, 0, 0, 0, 0, 9, 1, 'a', 0, 1, 'b', 0, 0, 0 };
    read_options(two, 16, &ra);
    assert_int_equal(ra.n_domains, 2);
}

/* More of everything than is kept. */
static void test_many(void **state)
{
    (void)state;
    static const struct nd_ra empty;
    struct made d;
    struct ip_view ip;
    struct nd_ra ra;
    struct nd_prefix p = { prefix_v6(net, 64), true, true, 2, 1 };
    struct nd_route r = { prefix_v6(net, 8), 0, 1 };
    struct dns_name names[9];
    struct prefix dns[9];
    for (unsigned i = 0; i < 9; i++) {
        names[i] = (struct dns_name){ "x" };
        dns[i] = prefix_v6(net, 128);
    }
    make_ra(&d, &empty);
    for (unsigned i = 0; i < 9; i++)
        nd_put_prefix(&d.w, &p);
    for (unsigned i = 0; i < 40; i++)
        nd_put_route(&d.w, &r);
    nd_put_rdnss(&d.w, dns, 9, 1);
    nd_put_dnssl(&d.w, names, 9, 1);
    assert_int_equal(check(&d, &ip), 0);
    nd_read_ra(&ip, &ra);
    assert_int_equal(ra.n_prefixes, ND_PREFIXES);
    assert_int_equal(ra.n_routes, ND_ROUTES);
    assert_int_equal(ra.n_dns, ND_DNS);
    assert_int_equal(ra.n_domains, ND_DOMAINS);
}

static void test_writer(void **state)
{
    (void)state;
    uint8_t buf[64];
    for (size_t cap = 0; cap < 48; cap++) {
        struct wr w = wr_of(buf, cap);
        size_t start = nd_begin(&w, ND_RS, ll_a, ll_b);
        nd_put_rs(&w);
        nd_end(&w, start);
        assert_int_equal(wr_len(&w), 0);
    }
    static uint8_t big[5000];
    struct prefix dns = prefix_v6(net, 128);
    struct wr w = wr_of(big, sizeof big);
    nd_put_rdnss(&w, &dns, 128, 1); /* more than the length byte can say; bad before it looks at them all */
    assert_false(wr_ok(&w));
    w = wr_of(big, sizeof big);
    nd_put_dnssl(&w, &(struct dns_name){ "not a name" }, 1, 1);
    assert_false(wr_ok(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_solicitation),  cmocka_unit_test(test_hop_limit),      cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_short),         cmocka_unit_test(test_code),           cmocka_unit_test(test_fragment),
        cmocka_unit_test(test_addresses),     cmocka_unit_test(test_option_lengths), cmocka_unit_test(test_neighbour),
        cmocka_unit_test(test_advertisement), cmocka_unit_test(test_odd_options),    cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_many),          cmocka_unit_test(test_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the tests of session/inform and session/inform_client share: dice, a configuration with everything in it, and
 * packets of the other end made by hand. */
#ifndef ADIT_TESTS_INFORM_HELP_H
#define ADIT_TESTS_INFORM_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "session/inform.h"

enum { SERVER4 = 0x0a500001, CLIENT4 = 0x0a500007 };

static const uint8_t server_id[8] = { 0x5e, 1, 2, 3, 4, 5, 6, 7 };
static const uint8_t client_id[8] = { 0xc1, 1, 2, 3, 4, 5, 6, 7 };
static const uint8_t client_duid[] = { 0, 3, 0, 8, 'c', 'l', 'i', 'e', 'n', 't' };
static const uint8_t server_duid[] = { 0, 2, 0, 0, 0, 9, 's', 'e', 'r', 'v', 'e', 'r' };

static inline void help_random(void *ctx, uint8_t *dst, size_t n)
{
    uint64_t *dice = ctx;
    while (n--) { /* splitmix64 */
        uint64_t z = (*dice += 0x9e3779b97f4a7c15u);
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        *dst++ = (uint8_t)(z >> 40);
    }
}

static inline struct prefix p4(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, true, &p), 0);
    return p;
}
#define p6 p4

/* Routes of both families, mixed; names; everything. Static parts are borrowed by the machine. */
static inline struct inform_conf help_conf(void)
{
    static struct prefix routes[5];
    static const struct dns_name search[] = { { "corp.example.com" }, { "example.com" } };
    struct inform_conf c = { .routes = routes, .n_routes = 5, .search = search, .n_search = 2, .mtu = 1400 };
    routes[0] = p4("10.0.0.0/8");
    routes[1] = p6("fd00:1::/32");
    routes[2] = p4("192.168.5.0/24");
    routes[3] = p6("2001:db8:7::/48");
    routes[4] = p4("172.16.1.128/25");
    c.server_ipv4 = SERVER4;
    c.dns[0] = 0x0a500035;
    c.dns[2] = 0x0a500036; /* with a hole */
    c.nbns[0] = 0x0a500089;
    c.domain = "corp.example.com";
    c.wpad = "http://wpad.example.com/wpad.dat";
    c.prefix = p6("fd00:80:0:7::/64");
    c.on_link = true;
    c.default_route = true;
    memcpy(c.router6, p6("fd00:80:0:7::1").addr, 16);
    c.dns6[0] = p6("fd00:80::35");
    c.dns6[1] = p6("fd00:80::36");
    c.n_dns6 = 2;
    c.delegated = p6("fd00:80:7700::/56");
    c.duid = slice_of(server_duid, sizeof server_duid);
    return c;
}

struct out {
    uint8_t bytes[INFORM_PACKET_MAX];
    size_t n;
    struct ip_view ip;
    struct udp_view udp;
};

/* The next packet of the server; false if there is none. Every packet is checked for what all must obey. */
static inline void help_look(struct out *o)
{
    assert_int_equal(ip_parse(slice_of(o->bytes, o->n), &o->ip), 0);
    assert_int_equal(o->ip.whole.n, o->n);
    if (o->ip.version == 6)
        assert_true(o->n <= 1280);
    if (o->ip.proto == IP_UDP)
        assert_int_equal(inform_udp_read(&o->ip, &o->udp), 0);
    else if (o->ip.payload.p[0] == 129) { /* an echo reply */
        struct icmp_view icmp;
        assert_int_equal(icmp_parse(o->ip.payload, &icmp), 0);
        assert_int_equal(icmp.check, csum_transport(&o->ip, 2));
    } else {
        uint8_t type;
        assert_int_equal(nd_check(&o->ip, &type), 0);
    }
}

static inline bool help_pull(struct inform *i, struct out *o)
{
    assert_int_equal(inform_pull(i, o->bytes, INFORM_PACKET_MAX - 1), 0);
    o->n = inform_pull(i, o->bytes, sizeof o->bytes);
    if (o->n)
        help_look(o);
    return o->n != 0;
}

/* Gives the packet in a block of its own, so that the sanitizer sees a read past its end. */
static inline bool help_feed(struct inform *i, const uint8_t *p, size_t n, msec now)
{
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    if (n)
        memcpy(copy, p, n);
    bool maybe = inform_maybe(slice_of(copy, n));
    bool taken = inform_packet(i, slice_of(copy, n), now);
    assert_true(maybe || !taken); /* the cheap look never misses one */
    free(copy);
    return taken;
}

#endif

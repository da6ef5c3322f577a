/* Views of IP packets and the Internet checksum: real packets of a capture, length tables, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/ip.h"

static size_t unhex(const char *hex, uint8_t *dst, size_t cap)
{
    size_t n = 0;
    for (; hex[0] && hex[1] && hex[0] != '\n'; hex += 2) {
        unsigned v = 0;
        assert_int_equal(sscanf(hex, "%2x", &v), 1);
        assert_true(n < cap);
        dst[n++] = (uint8_t)v;
    }
    return n;
}

/* Every user packet of the capture: UDP (DNS, NetBIOS, DHCP, Teredo) and TCP SYNs, all with right checksums. */
static void test_capture(void **state)
{
    (void)state;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    assert_non_null(f);
    char line[4096];
    unsigned packets = 0, tcp = 0, broadcasts = 0;
    while (fgets(line, sizeof line, f)) {
        const char *hex = strstr(line, " C sstp 1000");
        if (!hex || strncmp(hex + 16, "21", 2) != 0)
            continue;
        uint8_t buf[2048];
        size_t n = unhex(hex + 18, buf, sizeof buf);
        struct ip_view ip;
        assert_int_equal(ip_parse(slice_of(buf, n), &ip), 0);
        assert_int_equal(ip.version, 4);
        assert_int_equal(ip.whole.n, n);
        assert_int_equal(ip.head.n, 20);
        assert_int_equal(ip.ttl, 128);
        assert_true(ip.first && !ip.fragment);
        assert_int_equal(csum_fold(csum_add(0, ip.head)), 0);
        uint8_t src[16], dst[16];
        assert_true(ip_source16(slice_of(buf, n), src));
        assert_true(ip_dest16(slice_of(buf, n), dst));
        static const uint8_t client[16] = { [10] = 0xff, 0xff, 192, 168, 100, 101 };
        assert_memory_equal(src, client, 16);
        assert_memory_equal(dst + 12, ip.dst.p, 4);
        broadcasts += ip_is_broadcast(dst);
        if (ip.proto == IP_UDP) {
            struct udp_view u;
            assert_int_equal(udp_parse(ip.payload, &u), 0);
            assert_int_equal(u.payload.n, ip.payload.n - 8);
            assert_int_equal(u.check, csum_transport(&ip, 6));
        } else {
            struct tcp_view t;
            uint16_t mss = 0;
            size_t at = 0;
            assert_int_equal(ip.proto, IP_TCP);
            assert_int_equal(tcp_parse(ip.payload, &t), 0);
            assert_int_equal(t.flags, TCP_SYN);
            assert_int_equal(t.check, csum_transport(&ip, 16));
            assert_int_equal(tcp_mss(ip.payload, &mss, &at), 0);
            assert_int_equal(mss, 1360); /* [CAP]: MTU 1400 */
            assert_int_equal(ip.payload.p[at] << 8 | ip.payload.p[at + 1], 1360);
            tcp++;
        }
        packets++;
    }
    fclose(f);
    assert_int_equal(packets, 61);
    assert_int_equal(tcp, 4);
    assert_int_equal(broadcasts, 5);
}

/* Clamping the MSS with the incremental update gives what computing anew gives. */
static void test_update(void **state)
{
    (void)state;
    uint8_t p[48] = { 0x45, 0, 0, 48, 0, 1, 0x40, 0, 64,   6, 0,    0, 10, 0, 0, 1, 10, 0, 0, 2,    0x10, 0, 0, 80,
                      0,    0, 0, 1,  0, 0, 0,    0, 0x70, 2, 0x20, 0, 0,  0, 0, 0, 2,  4, 5, 0xb4, 1,    1, 4, 2 };
    struct ip_view ip;
    assert_int_equal(ip_parse(slice_of(p, sizeof p), &ip), 0);
    for (unsigned mss = 0; mss < 65536; mss += 251) {
        uint16_t check = csum_transport(&ip, 16), was = 0;
        size_t at = 0;
        assert_int_equal(tcp_mss(ip.payload, &was, &at), 0);
        p[20 + at] = (uint8_t)(mss >> 8);
        p[21 + at] = (uint8_t)mss;
        uint16_t updated = csum_update16(check, was, (uint16_t)mss);
        uint16_t anew = csum_transport(&ip, 16);
        assert_true(updated == anew || (updated ^ anew) == 0xffff); /* the two zeros of one's complement */
        assert_true(updated == anew || anew == 0 || updated == 0);
    }
}

static void test_rfc1071(void **state)
{
    (void)state;
    /* RFC 1071 3: the words 0001 f203 f4f5 f6f7 sum to ddf2 */
    static const uint8_t words[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    assert_int_equal(csum_fold(csum_add(0, slice_of(words, 8))), (uint16_t)~0xddf2);
    assert_int_equal(csum_fold(csum_add(csum_add(0, slice_of(words, 2)), slice_of(words + 2, 6))), (uint16_t)~0xddf2);
    assert_int_equal(csum_fold(csum_add(0, slice_of(words, 3))), (uint16_t)~0xf201);
    assert_int_equal(csum_fold(csum_add(0, slice_of(NULL, 0))), 0xffff);
    /* RFC 1624 4: checksum dd2f, a word goes from 5555 to 3285, and the answer is 0000 */
    assert_int_equal(csum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

/* IPv4: total length and header length against the bytes that are there. */
static void test_v4_lengths(void **state)
{
    (void)state;
    static const struct {
        unsigned ihl, total;
        size_t have;
        int expect;
    } rows[] = {
        { 5, 20, 0, ERR_TRUNCATED },
        { 5, 20, 1, ERR_TRUNCATED },
        { 5, 20, 19, ERR_TRUNCATED },
        { 5, 20, 20, 0 },
        { 5, 20, 64, 0 },
        { 5, 0, 64, ERR_LENGTH },
        { 5, 19, 64, ERR_LENGTH },
        { 5, 64, 64, 0 },
        { 5, 65, 64, ERR_TRUNCATED },
        { 5, 65535, 64, ERR_TRUNCATED },
        { 0, 64, 64, ERR_LENGTH },
        { 4, 64, 64, ERR_LENGTH },
        { 6, 24, 64, 0 },
        { 6, 23, 64, ERR_LENGTH },
        { 15, 60, 64, 0 },
        { 15, 59, 64, ERR_LENGTH },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t p[64] = { (uint8_t)(0x40 | rows[i].ihl), 0, (uint8_t)(rows[i].total >> 8), (uint8_t)rows[i].total };
        struct ip_view ip = { .version = 99 };
        assert_int_equal(ip_parse(slice_of(p, rows[i].have), &ip), rows[i].expect);
        assert_int_equal(ip.version, rows[i].expect ? 99 : 4); /* untouched on failure */
        if (rows[i].expect == 0) {
            assert_int_equal(ip.whole.n, rows[i].total);
            assert_int_equal(ip.payload.n, rows[i].total - rows[i].ihl * 4);
        }
    }
}

static void test_v4_fragments(void **state)
{
    (void)state;
    static const struct {
        uint16_t field;
        bool df, fragment, first;
        uint16_t offset;
    } rows[] = {
        { 0x0000, false, false, true, 0 }, { 0x4000, true, false, true, 0 },  { 0x2000, false, true, true, 0 },
        { 0x0001, false, true, false, 8 }, { 0x2001, false, true, false, 8 }, { 0x1fff, false, true, false, 65528 },
        { 0x8000, false, false, true, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t p[20] = { 0x45, 0, 0, 20, 0, 0, (uint8_t)(rows[i].field >> 8), (uint8_t)rows[i].field };
        struct ip_view ip;
        assert_int_equal(ip_parse(slice_of(p, 20), &ip), 0);
        assert_int_equal(ip.dont_fragment, rows[i].df);
        assert_int_equal(ip.fragment, rows[i].fragment);
        assert_int_equal(ip.first, rows[i].first);
        assert_int_equal(ip.frag_offset, rows[i].offset);
    }
}

static void test_versions(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 16; v++) {
        uint8_t p[60] = { (uint8_t)(v << 4 | 5), 0, 0, 20, [6] = IP_NO_NEXT };
        struct ip_view ip;
        uint8_t a[16] = { 7 };
        int e = ip_parse(slice_of(p, sizeof p), &ip);
        assert_int_equal(e, v == 4 || v == 6 ? 0 : ERR_VERSION);
        assert_int_equal(ip_source16(slice_of(p, sizeof p), a), e == 0);
        if (e)
            assert_int_equal(a[0], 7);
    }
}

/* An IPv6 packet of `proto` first, with `n` bytes after the fixed header. */
static size_t v6(uint8_t *p, uint8_t proto, const uint8_t *body, size_t n)
{
    memset(p, 0, 40);
    p[0] = 0x60;
    p[4] = (uint8_t)(n >> 8);
    p[5] = (uint8_t)n;
    p[6] = proto;
    p[7] = 255;
    p[8] = 0xfe;
    p[9] = 0x80;
    p[23] = 1;
    p[24] = 0xff;
    p[25] = 0x02;
    p[39] = 2;
    if (n)
        memcpy(p + 40, body, n);
    return 40 + n;
}

static void test_v6(void **state)
{
    (void)state;
    uint8_t p[200];
    struct ip_view ip;
    /* The Router Solicitation that the capture's client sends through Teredo. */
    size_t n = unhex("6000000000083afffe800000000000000000fffffffffffeff02000000000000000000000000000285007d3800000000",
                     p, sizeof p);
    assert_int_equal(ip_parse(slice_of(p, n), &ip), 0);
    assert_int_equal(ip.version, 6);
    assert_int_equal(ip.proto, IP_ICMP6);
    assert_int_equal(ip.ttl, 255);
    struct icmp_view icmp;
    assert_int_equal(icmp_parse(ip.payload, &icmp), 0);
    assert_int_equal(icmp.type, 133);
    assert_int_equal(icmp.check, csum_transport(&ip, 2));
    uint8_t a[16];
    assert_true(ip_dest16(slice_of(p, n), a));
    assert_true(ip_is_multicast(a));
    assert_true(ip_source16(slice_of(p, n), a));
    assert_false(ip_is_multicast(a));
    assert_false(ip_is_broadcast(a));

    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(ip_parse(slice_of(p, cut), &ip), ERR_TRUNCATED);
    assert_int_equal(ip_parse(slice_of(p, n + 3), &ip), 0); /* padding of the link */
    assert_int_equal(ip.whole.n, n);
}

static void test_v6_extensions(void **state)
{
    (void)state;
    uint8_t p[300], body[256] = { 0 };
    struct ip_view ip;
    /* hop-by-hop (8 bytes), destination options (16), authentication (24), fragment at 0, then UDP */
    body[0] = IP_DEST_OPTIONS;
    body[8] = IP_AH;
    body[9] = 1;
    body[24] = IP_FRAGMENT;
    body[25] = 4;
    body[48] = IP_UDP;
    body[51] = 1; /* more fragments */
    body[55] = 9;
    size_t n = v6(p, IP_HOP_BY_HOP, body, 64);
    assert_int_equal(ip_parse(slice_of(p, n), &ip), 0);
    assert_int_equal(ip.proto, IP_UDP);
    assert_int_equal(ip.head.n, 96);
    assert_int_equal(ip.payload.n, 8);
    assert_true(ip.fragment && ip.first);
    assert_int_equal(ip.frag_id, 9);

    /* a later fragment: what follows is data, whatever the header calls it */
    body[48] = IP_HOP_BY_HOP;
    body[50] = 1;
    body[51] = 0;
    n = v6(p, IP_HOP_BY_HOP, body, 64);
    assert_int_equal(ip_parse(slice_of(p, n), &ip), 0);
    assert_true(ip.fragment && !ip.first);
    assert_int_equal(ip.frag_offset, 256);
    assert_int_equal(ip.proto, IP_HOP_BY_HOP);

    /* RFC 6946: an atomic fragment is a whole packet */
    body[50] = body[51] = 0;
    body[48] = IP_NO_NEXT;
    n = v6(p, IP_HOP_BY_HOP, body, 64);
    assert_int_equal(ip_parse(slice_of(p, n), &ip), 0);
    assert_true(!ip.fragment && ip.first);

    /* an extension header longer than the packet, or cut anywhere */
    body[1] = 8;
    n = v6(p, IP_HOP_BY_HOP, body, 64);
    assert_int_equal(ip_parse(slice_of(p, n), &ip), ERR_LENGTH);
    for (size_t len = 0; len < 8; len++)
        assert_int_equal(ip_parse(slice_of(p, v6(p, IP_HOP_BY_HOP, body, len)), &ip), ERR_LENGTH);

    /* no endless chains */
    memset(body, 0, sizeof body);
    for (size_t i = 0; i < 8; i++)
        body[i * 8] = i == 7 ? IP_UDP : IP_DEST_OPTIONS;
    assert_int_equal(ip_parse(slice_of(p, v6(p, IP_DEST_OPTIONS, body, 64)), &ip), 0);
    body[56] = IP_DEST_OPTIONS;
    assert_int_equal(ip_parse(slice_of(p, v6(p, IP_DEST_OPTIONS, body, 72)), &ip), ERR_VALUE);
}

static void test_udp_lengths(void **state)
{
    (void)state;
    static const struct {
        unsigned len;
        size_t have;
        int expect;
    } rows[] = {
        { 8, 0, ERR_TRUNCATED },
        { 8, 7, ERR_TRUNCATED },
        { 0, 8, ERR_LENGTH },
        { 7, 8, ERR_LENGTH },
        { 8, 8, 0 },
        { 9, 8, ERR_LENGTH },
        { 16, 16, 0 },
        { 17, 16, ERR_LENGTH },
        { 65535, 16, ERR_LENGTH },
        { 8, 16, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t p[16] = { 0, 53, 1, 0, (uint8_t)(rows[i].len >> 8), (uint8_t)rows[i].len };
        struct udp_view u = { .check = 77 };
        assert_int_equal(udp_parse(slice_of(p, rows[i].have), &u), rows[i].expect);
        if (rows[i].expect)
            assert_int_equal(u.check, 77);
        else
            assert_int_equal(u.payload.n, rows[i].len - 8);
    }
}

static void test_tcp_lengths(void **state)
{
    (void)state;
    uint8_t p[64] = { 0 };
    struct tcp_view t;
    for (unsigned words = 0; words < 16; words++)
        for (size_t have = 0; have <= 64; have++) {
            p[12] = (uint8_t)(words << 4);
            int expect = have < 20 ? ERR_TRUNCATED : words < 5 || words * 4 > have ? ERR_LENGTH : 0;
            assert_int_equal(tcp_parse(slice_of(p, have), &t), expect);
            if (expect == 0)
                assert_int_equal(t.options.n + t.payload.n, have - 20);
        }
}

static void test_mss(void **state)
{
    (void)state;
    static const struct {
        uint8_t options[8];
        int expect;
        uint16_t mss;
        size_t at;
    } rows[] = {
        { { 2, 4, 5, 0x50 }, 0, 1360, 22 },
        { { 1, 1, 1, 1, 2, 4, 0, 0 }, 0, 0, 26 },
        { { 3, 3, 7, 1, 2, 4, 0xff, 0xff }, 0, 65535, 26 },
        { { 1, 1, 1, 1, 1, 1, 1, 1 }, ERR_MISSING, 0, 0 },
        { { 0, 2, 4, 5, 0x50, 0, 0, 0 }, ERR_MISSING, 0, 0 }, /* after the end of the list */
        { { 3, 0, 0, 0, 2, 4, 5, 0x50 }, ERR_LENGTH, 0, 0 },
        { { 3, 1, 0, 0, 2, 4, 5, 0x50 }, ERR_LENGTH, 0, 0 },
        { { 3, 9, 0, 0, 2, 4, 5, 0x50 }, ERR_LENGTH, 0, 0 },
        { { 3, 255, 0, 0, 2, 4, 5, 0x50 }, ERR_LENGTH, 0, 0 },
        { { 2, 3, 5, 1, 1, 1, 1, 1 }, ERR_LENGTH, 0, 0 },
        { { 2, 5, 5, 0x50, 1, 1, 1, 1 }, ERR_LENGTH, 0, 0 },
        { { 2, 2, 2, 4, 5, 0x50, 0, 0 }, ERR_LENGTH, 0, 0 },
        { { 1, 1, 1, 1, 1, 1, 1, 2 }, ERR_LENGTH, 0, 0 }, /* kind without a length */
        { { 1, 1, 1, 1, 1, 2, 4, 5 }, ERR_LENGTH, 0, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t p[28] = { [12] = 0x70, [13] = TCP_SYN };
        memcpy(p + 20, rows[i].options, 8);
        uint16_t mss = 0;
        size_t at = 0;
        assert_int_equal(tcp_mss(slice_of(p, sizeof p), &mss, &at), rows[i].expect);
        assert_int_equal(mss, rows[i].mss);
        assert_int_equal(at, rows[i].at);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    uint8_t p[40] = { 0x45 }, a[16];
    assert_false(ip_source16(slice_of(p, 15), a));
    assert_true(ip_source16(slice_of(p, 16), a));
    assert_false(ip_dest16(slice_of(p, 19), a));
    assert_true(ip_dest16(slice_of(p, 20), a));
    p[0] = 0x60;
    assert_false(ip_source16(slice_of(p, 23), a));
    assert_true(ip_source16(slice_of(p, 24), a));
    assert_false(ip_dest16(slice_of(p, 39), a));
    assert_true(ip_dest16(slice_of(p, 40), a));
    assert_false(ip_source16(slice_of(p, 0), a));

    static const struct {
        uint8_t first, last;
        bool multicast, broadcast;
    } v4[] = { { 223, 255, false, false }, { 224, 0, true, false },    { 239, 255, true, false },
               { 240, 0, false, false },   { 255, 254, false, false }, { 255, 255, false, true } };
    for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++) {
        uint8_t b[16] = { [10] = 0xff, 0xff, v4[i].first, 255, 255, v4[i].last };
        assert_int_equal(ip_is_multicast(b), v4[i].multicast);
        assert_int_equal(ip_is_broadcast(b), v4[i].broadcast);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capture),     cmocka_unit_test(test_update),        cmocka_unit_test(test_rfc1071),
        cmocka_unit_test(test_v4_lengths),  cmocka_unit_test(test_v4_fragments),  cmocka_unit_test(test_versions),
        cmocka_unit_test(test_v6),          cmocka_unit_test(test_v6_extensions), cmocka_unit_test(test_udp_lengths),
        cmocka_unit_test(test_tcp_lengths), cmocka_unit_test(test_mss),           cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

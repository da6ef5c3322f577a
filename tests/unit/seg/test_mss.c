/* MSS clamping: the right value, a right checksum afterwards, and nothing else touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "seg/mss.h"
#include "wire/ip.h"

enum { V4 = 20, V6 = 40 };

/* A SYN with its MSS after `nops` one-byte options; with a right checksum. Returns its length. */
static size_t syn(uint8_t *p, int family, unsigned nops, uint16_t mss, uint8_t flags)
{
    size_t ip_len = family == 4 ? V4 : V6, options = (nops + 4 + 3) / 4 * 4, n = ip_len + 20 + options + 5;
    memset(p, 0, n);
    if (family == 4) {
        p[0] = 0x45;
        p[3] = (uint8_t)n;
        p[8] = 64;
        p[9] = IP_TCP;
        p[12] = 10, p[15] = 1, p[16] = 10, p[19] = 2;
    } else {
        p[0] = 0x60;
        p[5] = (uint8_t)(n - V6);
        p[6] = IP_TCP;
        p[7] = 64;
        p[8] = 0xfd, p[23] = 1, p[24] = 0xfd, p[39] = 2;
    }
    uint8_t *t = p + ip_len;
    t[0] = 0xc0, t[3] = 80, t[7] = 99;
    t[12] = (uint8_t)((20 + options) / 4 << 4);
    t[13] = flags;
    memset(t + 20, 1, options);
    t[20 + nops] = 2;
    t[21 + nops] = 4;
    t[22 + nops] = (uint8_t)(mss >> 8);
    t[23 + nops] = (uint8_t)mss;
    t[20 + options] = 0xab; /* data in a SYN */
    struct ip_view ip;
    assert_int_equal(ip_parse(slice_of(p, n), &ip), 0);
    uint16_t check = csum_transport(&ip, 16);
    t[16] = (uint8_t)(check >> 8);
    t[17] = (uint8_t)check;
    return n;
}

static void assert_clamped(const uint8_t *p, const uint8_t *was, size_t n, uint16_t mss, bool partial)
{
    struct ip_view ip;
    struct tcp_view tcp;
    uint16_t now = 0;
    size_t at = 0;
    assert_int_equal(ip_parse(slice_of(p, n), &ip), 0);
    assert_int_equal(tcp_parse(ip.payload, &tcp), 0);
    assert_int_equal(tcp_mss(ip.payload, &now, &at), 0);
    assert_int_equal(now, mss);
    if (!partial)
        assert_int_equal(tcp.check, csum_transport(&ip, 16));
    size_t tcp_at = ip.head.n;
    for (size_t i = 0; i < n; i++) {
        bool option = i - tcp_at - at < 2, check = i - tcp_at - 16 < 2;
        if (!option && (partial || !check))
            assert_int_equal(p[i], was[i]);
    }
}

static void test_clamps(void **state)
{
    (void)state;
    static const uint16_t mtus[] = { 61, 576, 1280, 1400, 1499, 4087 };
    for (int family = 4; family <= 6; family += 2)
        for (unsigned nops = 0; nops < 8; nops++) /* even and odd places */
            for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++)
                for (unsigned mss = 1; mss < 65536; mss += 977) {
                    uint8_t p[128], was[128];
                    size_t n = syn(p, family, nops, (uint16_t)mss, i & 1 ? TCP_SYN : TCP_SYN | TCP_ACK);
                    memcpy(was, p, n);
                    unsigned most = mtus[i] - (family == 4 ? 40u : 60u);
                    bool changed = mss_clamp(p, n, mtus[i], false);
                    assert_int_equal(changed, mss > most);
                    if (changed)
                        assert_clamped(p, was, n, (uint16_t)most, false);
                    else
                        assert_memory_equal(p, was, n);
                }
}

static void test_partial(void **state)
{
    (void)state;
    uint8_t p[128], was[128];
    size_t n = syn(p, 4, 1, 1460, TCP_SYN);
    memcpy(was, p, n);
    assert_true(mss_clamp(p, n, 1400, true));
    assert_clamped(p, was, n, 1360, true);
}

/* The SYNs of the capture were made for this MTU: 1360 already. */
static void test_capture(void **state)
{
    (void)state;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    assert_non_null(f);
    char line[4096];
    unsigned syns = 0;
    while (fgets(line, sizeof line, f)) {
        const char *hex = strstr(line, " C sstp 100000352145");
        if (!hex)
            continue;
        uint8_t p[128], was[128];
        size_t n = 0;
        unsigned v = 0;
        for (hex += 18; sscanf(hex, "%2x", &v) == 1; hex += 2)
            p[n++] = (uint8_t)v;
        memcpy(was, p, n);
        assert_false(mss_clamp(p, n, 1400, false));
        assert_memory_equal(p, was, n);
        assert_true(mss_clamp(p, n, 1380, false));
        assert_clamped(p, was, n, 1340, false);
        syns++;
    }
    fclose(f);
    assert_int_equal(syns, 4);
}

/* What is left alone. */
static void test_untouched(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at, cut;
        uint8_t value;
    } rows[] = {
        { "no SYN", V4 + 13, 0, TCP_ACK },        { "UDP", 9, 0, IP_UDP },
        { "a later fragment", 7, 0, 1 },          { "not IP", 0, 0, 0x50 },
        { "IP header too short", 0, 0, 0x44 },    { "TCP header too long", V4 + 12, 0, 0xf0 },
        { "option of length 3", V4 + 21, 0, 3 },  { "option of length 0", V4 + 21, 0, 0 },
        { "another option", V4 + 20, 0, 3 },      { "cut", 0, 1, 0x45 },
        { "cut in the TCP header", 0, 20, 0x45 }, { "nothing", 0, 49, 0x45 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t p[128], was[128];
        size_t n = syn(p, 4, 0, 1460, TCP_SYN);
        assert_int_equal(n, 49);
        p[rows[i].at] = rows[i].value;
        memcpy(was, p, n);
        if (mss_clamp(p, n - rows[i].cut, 1400, false))
            fail_msg("%s", rows[i].what);
        assert_memory_equal(p, was, n);
    }
    uint8_t p[128];
    for (uint16_t mtu = 0; mtu <= 40; mtu++)
        assert_false(mss_clamp(p, syn(p, 4, 0, 1460, TCP_SYN), mtu, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clamps),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_capture),
        cmocka_unit_test(test_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Flow numbers: what must share one, what must not, what is too short; and CE marks with their checksums. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/fq_class.h"
#include "test_fq_packets.h"

enum { SEED = 0x5eed };

static uint64_t class_of(const uint8_t *p, size_t n)
{
    return fq_class(slice_of(p, n), SEED);
}

static size_t make_v6(uint8_t buf[80], uint8_t proto, uint16_t port, uint8_t tc, uint32_t label)
{
    struct wr w = wr_of(buf, 80);
    wr_u32(&w, 6u << 28 | (uint32_t)tc << 20 | label);
    wr_u16(&w, 40);
    wr_u8(&w, proto);
    wr_u8(&w, 64);
    for (unsigned i = 0; i < 32; i++)
        wr_u8(&w, i);
    wr_u16(&w, port);
    wr_u16(&w, 443);
    wr_zero(&w, 36);
    return wr_len(&w);
}

static void ports_make_flows(void **state)
{
    uint8_t a[100], b[100];
    (void)state;
    packet_of(a, 1, 7, 100, 0);
    packet_of(b, 1, 9, 80, 1);
    assert_true(class_of(a, 100) == class_of(b, 80));
    packet_of(b, 2, 7, 100, 0);
    assert_true(class_of(a, 100) != class_of(b, 100));
    packet_of(b, 1, 7, 100, 0);
    b[9] = IP_TCP;
    assert_true(class_of(a, 100) != class_of(b, 100));
    packet_of(b, 1, 7, 100, 0);
    b[15] ^= 1;
    assert_true(class_of(a, 100) != class_of(b, 100));
    packet_of(b, 1, 7, 100, 0);
    b[19] ^= 1;
    assert_true(class_of(a, 100) != class_of(b, 100));
}

static void what_has_no_ports_is_by_addresses(void **state)
{
    uint8_t a[100], b[100];
    (void)state;
    packet_of(a, 1, 7, 100, 0);
    packet_of(b, 2, 7, 100, 0);
    a[9] = b[9] = IP_ICMP;
    assert_true(class_of(a, 100) == class_of(b, 100));
}

/* All fragments of a datagram go one way: the first one's ports do not count. */
static void fragments_stay_together(void **state)
{
    uint8_t first[100], second[100], other[100];
    (void)state;
    packet_of(first, 1, 7, 100, 0);
    packet_of(second, 99, 8, 100, 0);
    packet_of(other, 1, 7, 100, 0);
    first[5] = second[5] = 17;
    first[6] = 0x20;
    second[7] = 10;
    other[5] = 18;
    other[6] = 0x20;
    assert_true(class_of(first, 100) == class_of(second, 100));
    assert_true(class_of(first, 100) != class_of(other, 100));
}

static void fragments_of_v6_stay_together(void **state)
{
    uint8_t first[80], second[80];
    (void)state;
    size_t n = make_v6(first, IP_FRAGMENT, 0x1100, 0, 0);
    make_v6(second, IP_FRAGMENT, 0x3b00, 0, 0); /* a later fragment may show another next header */
    first[43] = 1;
    second[42] = 5;
    assert_true(class_of(first, n) == class_of(second, n));
    second[47] ^= 1; /* identification */
    assert_true(class_of(first, n) != class_of(second, n));
}

static void v6_has_flows(void **state)
{
    uint8_t a[80], b[80];
    (void)state;
    size_t n = make_v6(a, IP_TCP, 1, 0, 0);
    make_v6(b, IP_TCP, 1, 0xff, 0xfffff);
    assert_true(class_of(a, n) == class_of(b, n));
    make_v6(b, IP_TCP, 2, 0, 0);
    assert_true(class_of(a, n) != class_of(b, n));
    make_v6(b, IP_TCP, 1, 0, 0);
    b[39] ^= 1;
    assert_true(class_of(a, n) != class_of(b, n));
}

static void any_length_has_a_flow(void **state)
{
    uint8_t v4[100], v6[80];
    (void)state;
    packet_of(v4, 1, 7, 100, 0);
    make_v6(v6, IP_UDP, 1, 0, 0);
    uint64_t none = class_of(NULL, 0);
    for (size_t n = 0; n < 100; n++)
        assert_true(class_of(v4, n) == none);
    assert_true(class_of(v4, 100) != none);
    for (size_t n = 0; n < 80; n++)
        assert_true(class_of(v6, n) == none);
    assert_true(class_of(v6, 80) != none);
    v4[3] = 22; /* UDP with two bytes of a header: no ports, no harm */
    assert_true(class_of(v4, 22) != none);
}

static void the_seed_spreads(void **state)
{
    uint8_t a[100], b[100];
    unsigned together = 0;
    (void)state;
    packet_of(a, 1, 7, 100, 0);
    packet_of(b, 2, 7, 100, 0);
    for (uint64_t seed = 0; seed < 3200; seed++)
        together += fq_class(slice_of(a, 100), seed) % 32 == fq_class(slice_of(b, 100), seed) % 32;
    assert_in_range(together, 50, 200); /* 100 expected */
}

/* 256 flows into 32 buckets: none is empty, none has four times its share. */
static void buckets_are_even(void **state)
{
    uint8_t a[100];
    unsigned in[32] = { 0 };
    (void)state;
    for (unsigned flow = 0; flow < 256; flow++) {
        packet_of(a, flow, 7, 100, 0);
        in[class_of(a, 100) % 32]++;
    }
    for (unsigned i = 0; i < 32; i++)
        assert_in_range(in[i], 1, 31);
}

static void marks_v4(void **state)
{
    uint8_t a[100], b[100];
    (void)state;
    for (unsigned tos = 0; tos < 256; tos++) {
        packet_of(a, 1, tos, 100, tos);
        packet_of(b, 1, tos, 100, tos & 3 ? tos | 3 : tos); /* its checksum is computed, not updated */
        assert_int_equal(fq_mark(a, 100), (tos & 3) != 0);
        assert_memory_equal(a, b, 100);
    }
}

static void marks_v6(void **state)
{
    uint8_t a[80], b[80];
    (void)state;
    for (unsigned tc = 0; tc < 256; tc++) {
        size_t n = make_v6(a, IP_TCP, 1, (uint8_t)tc, 0xabcde);
        make_v6(b, IP_TCP, 1, (uint8_t)(tc & 3 ? tc | 3 : tc), 0xabcde);
        assert_int_equal(fq_mark(a, n), (tc & 3) != 0);
        assert_memory_equal(a, b, n);
    }
}

static void marks_no_scrap(void **state)
{
    uint8_t v4[100], v6[80], copy[100];
    (void)state;
    packet_of(v4, 1, 7, 100, ECT0);
    make_v6(v6, IP_TCP, 1, ECT0, 0);
    memcpy(copy, v4, 100);
    for (size_t n = 0; n < IP4_HEAD; n++)
        assert_false(fq_mark(v4, n));
    assert_memory_equal(v4, copy, 100);
    for (size_t n = 0; n < IP6_HEAD; n++)
        assert_false(fq_mark(v6, n));
    v4[0] = 0x55;
    assert_false(fq_mark(v4, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_make_flows),
        cmocka_unit_test(what_has_no_ports_is_by_addresses),
        cmocka_unit_test(fragments_stay_together),
        cmocka_unit_test(fragments_of_v6_stay_together),
        cmocka_unit_test(v6_has_flows),
        cmocka_unit_test(any_length_has_a_flow),
        cmocka_unit_test(the_seed_spreads),
        cmocka_unit_test(buckets_are_even),
        cmocka_unit_test(marks_v4),
        cmocka_unit_test(marks_v6),
        cmocka_unit_test(marks_no_scrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

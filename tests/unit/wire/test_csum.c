/* The Internet checksum over many bytes: every length and alignment against the sum word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/ip.h"

static uint8_t bytes[70000], copy[70000];

/* RFC 1071 1, as it is written there. */
static uint16_t slow(const uint8_t *p, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? p[i] : (uint64_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void same(size_t at, size_t n)
{
    uint16_t want = slow(bytes + at, n);
    assert_int_equal(csum_fold(csum_add(0, slice_of(bytes + at, n))), want);
    uint8_t *to = copy + 64 + at % 5;
    memset(copy, 0xee, n + 256);
    assert_int_equal(csum_fold(csum_copy(0, to, slice_of(bytes + at, n))), want);
    assert_memory_equal(to, bytes + at, n);
    assert_int_equal(to[-1], 0xee);
    assert_int_equal(to[n], 0xee);
}

static void test_lengths(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n++)
        for (size_t at = 0; at < 33; at++)
            same(at, n);
    for (size_t n = 1300; n < 1420; n++)
        same(n % 16, n);
    same(0, 65535);
    same(1, 65536);
}

/* All ones: every addition carries. */
static void test_carries(void **state)
{
    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    for (size_t n = 0; n < 2000; n++)
        same(n % 3, n);
    same(0, 69000);
    enum { LARGE = (3 << 20) + 5 }; /* more than the lanes of one run can hold */
    uint8_t *large = malloc(LARGE), *to = malloc(LARGE);
    assert_true(large && to);
    memset(large, 0xff, LARGE);
    assert_int_equal(csum_fold(csum_add(0, slice_of(large, LARGE))), slow(large, LARGE));
    assert_int_equal(csum_fold(csum_copy(0, to, slice_of(large, LARGE))), slow(large, LARGE));
    assert_memory_equal(large, to, LARGE);
    free(large);
    free(to);
}

/* Sums of pieces add up, and a sum that is not zero never becomes zero. */
static void test_pieces(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 200; cut += 2) {
        uint64_t sum = csum_add(csum_add(0x12345, slice_of(bytes, cut)), slice_of(bytes + cut, 201 - cut));
        uint64_t whole = 0x12345 + (uint64_t)(uint16_t)~slow(bytes, 201);
        assert_int_equal(csum_fold(sum), csum_fold(whole));
    }
    static const uint8_t zero[64];
    assert_int_equal(csum_fold(csum_add(0, slice_of(zero, 64))), 0xffff);
    assert_int_equal(csum_fold(csum_add(0xffff, slice_of(zero, 64))), 0);
    memset(copy, 0xff, 64);
    assert_int_equal(csum_fold(csum_add(0, slice_of(copy, 64))), 0);
}

int main(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 167 + (i >> 7) * 29);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_carries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

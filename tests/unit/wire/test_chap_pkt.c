/* CHAP packets: every length field at its edges, and the three packets of [CAP] down to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/chap_pkt.h"

static int parse(const void *p, size_t n, struct chap_pkt *pkt)
{
    struct rd r = rd_of(p, n);
    return chap_pkt_parse(&r, pkt);
}

static const struct {
    int want;
    size_t n;
    uint8_t bytes[12];
} length_rows[] = {
    /* clang-format off */
    { ERR_TRUNCATED, 0, { 0 } },
    { ERR_TRUNCATED, 3, { 1, 7, 0 } },
    { ERR_LENGTH,    4, { 1, 7, 0, 0 } },
    { ERR_LENGTH,    4, { 1, 7, 0, 3 } },
    { ERR_LENGTH,    4, { 1, 7, 0, 4 } },               /* no Value-Size */
    { ERR_TRUNCATED, 4, { 1, 7, 0, 5 } },
    { ERR_TRUNCATED, 8, { 1, 7, 0xff, 0xff, 1, 1, 1, 1 } },
    { ERR_LENGTH,    5, { 1, 7, 0, 5, 0 } },            /* RFC 1994 4.1: one or more bytes of value */
    { ERR_LENGTH,    6, { 2, 7, 0, 6, 0, 'n' } },
    { ERR_LENGTH,    5, { 1, 7, 0, 5, 1 } },
    { 0,             6, { 1, 7, 0, 6, 1, 'v' } },       /* an empty name is tolerated */
    { ERR_LENGTH,    6, { 1, 7, 0, 6, 2, 'v' } },
    { ERR_LENGTH,    6, { 2, 7, 0, 6, 255, 'v' } },
    { ERR_LENGTH,    7, { 1, 7, 0, 6, 2, 'v', 'v' } },  /* the value never reaches into padding */
    { 0,             7, { 2, 7, 0, 7, 1, 'v', 'n' } },
    { 0,             9, { 2, 7, 0, 7, 1, 'v', 'n', 9, 9 } },
    { 0,             4, { 3, 7, 0, 4 } },
    { 0,             6, { 4, 7, 0, 6, 'E', '=' } },
    { 0,             4, { 7, 7, 0, 4 } },
    { ERR_UNKNOWN,   6, { 0, 7, 0, 6, 1, 1 } },
    { ERR_UNKNOWN,   6, { 5, 7, 0, 6, 1, 1 } },
    { ERR_UNKNOWN,   6, { 6, 7, 0, 6, 1, 1 } },
    { ERR_UNKNOWN,   6, { 8, 7, 0, 6, 1, 1 } },
    /* clang-format on */
};

static void lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(length_rows) / sizeof(length_rows[0]); i++) {
        struct chap_pkt pkt = { .code = 99 };
        int err = parse(length_rows[i].bytes, length_rows[i].n, &pkt);
        if (err != length_rows[i].want)
            print_error("row %zu\n", i);
        assert_int_equal(err, length_rows[i].want);
        assert_int_equal(pkt.code, err < 0 ? 99 : length_rows[i].bytes[0]);
    }
}

/* The information fields of the c223 frames of [CAP]: Challenge, Response, Success. */
static size_t captured(unsigned which, uint8_t *dst, size_t cap)
{
    char line[4096];
    size_t n = 0;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");

    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        char *hex = strstr(line, "sstp 1000");
        if (!hex || strncmp(hex + 13, "c223", 4) != 0 || which-- > 0)
            continue;
        hex += 17;
        for (; hex[2 * n] > ' '; n++) {
            char byte[3] = { hex[2 * n], hex[2 * n + 1], 0 };
            assert_true(n < cap);
            dst[n] = (uint8_t)strtoul(byte, NULL, 16);
        }
        break;
    }
    fclose(f);
    assert_true(n > 0);
    return n;
}

static void same_bytes(const struct chap_pkt *pkt, const uint8_t *bytes, size_t n)
{
    uint8_t buf[512];
    struct wr w = wr_of(buf, sizeof(buf));

    chap_pkt_put(&w, pkt);
    assert_int_equal(wr_len(&w), n);
    assert_memory_equal(buf, bytes, n);
}

static void captured_challenge(void **state)
{
    (void)state;
    uint8_t bytes[512];
    size_t n = captured(0, bytes, sizeof(bytes));
    struct chap_pkt pkt;

    assert_int_equal(parse(bytes, n, &pkt), 0);
    assert_int_equal(pkt.code, CHAP_CHALLENGE);
    assert_int_equal(pkt.id, 0);
    assert_int_equal(pkt.value.n, 16);
    assert_true(slice_eq(pkt.name, slice_str("N3ZZ-DC1")));
    same_bytes(&pkt, bytes, n);
}

static void captured_response(void **state)
{
    (void)state;
    uint8_t bytes[512];
    uint8_t value[49];
    size_t n = captured(1, bytes, sizeof(bytes));
    struct chap_pkt pkt;

    assert_int_equal(parse(bytes, n, &pkt), 0);
    assert_int_equal(pkt.code, CHAP_RESPONSE);
    assert_int_equal(pkt.value.n, CHAP_MSCHAP2_RESPONSE_LEN);
    assert_true(slice_eq(pkt.name, slice_str("SSTP-TEST\\Eivind")));
    same_bytes(&pkt, bytes, n);
    /* The value is made of its two parts alone. */
    struct wr w = wr_of(value, sizeof(value));
    chap_mschap2_response_put(&w, pkt.value.p, pkt.value.p + CHAP_MSCHAP2_NT_RESPONSE_AT);
    assert_int_equal(wr_len(&w), CHAP_MSCHAP2_RESPONSE_LEN);
    assert_memory_equal(value, pkt.value.p, sizeof(value));
}

static void captured_success(void **state)
{
    (void)state;
    uint8_t bytes[512];
    size_t n = captured(2, bytes, sizeof(bytes));
    struct chap_pkt pkt;

    assert_int_equal(parse(bytes, n, &pkt), 0);
    assert_int_equal(pkt.code, CHAP_SUCCESS);
    assert_int_equal(pkt.text.n, 42);
    assert_memory_equal(pkt.text.p, "S=", 2);
    same_bytes(&pkt, bytes, n);
}

static void every_cut_is_an_error(void **state)
{
    (void)state;
    uint8_t bytes[512];
    size_t n = captured(1, bytes, sizeof(bytes));
    struct chap_pkt pkt;

    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(parse(bytes, cut, &pkt), ERR_TRUNCATED);
}

static void put_refuses(void **state)
{
    (void)state;
    static uint8_t big[70000];
    static uint8_t buf[80000];
    const struct chap_pkt rows[] = {
        { .code = CHAP_CHALLENGE },                                   /* no value */
        { .code = CHAP_RESPONSE, .value = slice_of(big, 256) },       /* beyond its size byte */
        { .code = CHAP_FAILURE, .text = slice_of(big, sizeof(big)) }, /* beyond Length */
        { .code = CHAP_CHALLENGE, .value = slice_of(big, 16), .name = slice_of(big, 65536) },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wr w = wr_of(buf, sizeof(buf));
        chap_pkt_put(&w, &rows[i]);
        assert_int_equal(wr_len(&w), 0);
    }
    const struct chap_pkt longest = { .code = CHAP_CHALLENGE,
                                      .value = slice_of(big, 255),
                                      .name = slice_of(big, 65275) };
    struct wr w = wr_of(buf, sizeof(buf));
    chap_pkt_put(&w, &longest);
    assert_int_equal(wr_len(&w), 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(captured_challenge),
        cmocka_unit_test(captured_response),
        cmocka_unit_test(captured_success),
        cmocka_unit_test(every_cut_is_an_error),
        cmocka_unit_test(put_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

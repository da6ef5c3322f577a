/* Configuration options (RFC 1661 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/cp_opt.h"

static void lengths(void **state)
{
    (void)state;
    static const struct {
        uint8_t length;
        int err;
        size_t data;
    } rows[] = { { 0, ERR_LENGTH, 0 },    { 1, ERR_LENGTH, 0 },     { 2, 0, 0 }, { 3, 0, 1 }, { 6, 0, 4 },
                 { 7, ERR_TRUNCATED, 0 }, { 255, ERR_TRUNCATED, 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t b[6] = { 5, rows[i].length, 1, 2, 3, 4 };
        struct rd r = rd_of(b, sizeof b);
        struct cp_opt o = { .type = 77 };
        assert_int_equal(cp_opt_next(&r, &o), rows[i].err);
        assert_int_equal(o.type, rows[i].err ? 77 : 5);
        if (rows[i].err == 0)
            assert_int_equal(o.data.n, rows[i].data);
    }
    struct rd r = rd_of("\5", 1);
    struct cp_opt o;
    assert_int_equal(cp_opt_next(&r, &o), ERR_TRUNCATED);
    r = rd_of("", 0);
    assert_int_equal(cp_opt_next(&r, &o), ERR_TRUNCATED);
}

static void the_longest_option(void **state)
{
    (void)state;
    uint8_t data[254] = { 1 }, out[300];
    struct cp_opt o = { 19, slice_of(data, 253) }, got;
    struct wr w = wr_of(out, sizeof out);
    cp_opt_put(&w, &o);
    assert_int_equal(wr_len(&w), 255);
    struct rd r = rd_of(out, 255);
    assert_int_equal(cp_opt_next(&r, &got), 0);
    assert_int_equal(got.data.n, 253);
    o.data.n = 254;
    w = wr_of(out, sizeof out);
    cp_opt_put(&w, &o);
    assert_int_equal(wr_len(&w), 0);
}

static void lists_are_checked_to_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        int err;
    } rows[] = {
        { "", 0, 0 },
        { "\7\2", 2, 0 },
        { "\7\2\x8\2", 4, 0 },
        { "\1\4\x0f\xfb\7\2", 6, 0 },
        { "\1\4\x0f\xfb\7", 5, ERR_TRUNCATED },
        { "\1\4\x0f", 3, ERR_TRUNCATED },
        { "\7\2\x8\1", 4, ERR_LENGTH },
        { "\7\2\x8\0", 4, ERR_LENGTH },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(cp_opt_check(slice_of(rows[i].bytes, rows[i].n)), rows[i].err);
}

static void values(void **state)
{
    (void)state;
    uint16_t v16 = 7;
    uint32_t v32 = 7;
    for (size_t n = 0; n < 8; n++) {
        struct cp_opt o = { 1, slice_of("\1\2\3\4\5\6\7\x8", n) };
        assert_int_equal(cp_opt_u16(&o, &v16), n == 2 ? 0 : ERR_LENGTH);
        assert_int_equal(v16, n < 2 ? 7 : 0x0102);
        assert_int_equal(cp_opt_u32(&o, &v32), n == 4 ? 0 : ERR_LENGTH);
        assert_int_equal(v32, n < 4 ? 7 : 0x01020304);
    }
}

static void written_as_the_capture_has_them(void **state)
{
    (void)state;
    uint8_t out[32];
    struct wr w = wr_of(out, sizeof out);
    cp_opt_put_u16(&w, LCP_OPT_MRU, 4091);
    cp_opt_put_u32(&w, LCP_OPT_MAGIC, 0x4b493f31);
    cp_opt_put_flag(&w, LCP_OPT_PFC);
    cp_opt_put_flag(&w, LCP_OPT_ACFC);
    /* [CAP]: the first Configure-Request of the Windows client, without callback. */
    assert_int_equal(wr_len(&w), 14);
    assert_memory_equal(out, "\x01\x04\x0f\xfb\x05\x06\x4b\x49\x3f\x31\x07\x02\x08\x02", 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(the_longest_option),
        cmocka_unit_test(lists_are_checked_to_the_end),
        cmocka_unit_test(values),
        cmocka_unit_test(written_as_the_capture_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

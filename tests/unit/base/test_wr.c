/* The bounded writer. */
#include "base/wr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void writes_big_endian(void **state)
{
    (void)state;
    uint8_t buf[15];
    struct wr w = wr_of(buf, sizeof buf);
    wr_u8(&w, 0x01);
    wr_u16(&w, 0x0203);
    wr_u32(&w, 0x04050607);
    wr_u64(&w, 0x08090a0b0c0d0e0f);
    assert_int_equal(wr_len(&w), 15);
    for (int i = 0; i < 15; i++)
        assert_int_equal(buf[i], i + 1);
}

/* A message that misses one byte of room is not sent at all, wherever it runs out. */
static void what_does_not_fit_is_not_half_sent(void **state)
{
    (void)state;
    uint8_t buf[16];
    for (size_t cap = 0; cap < 11; cap++) {
        memset(buf, 0xee, sizeof buf);
        struct wr w = wr_of(buf, cap);
        wr_u8(&w, 1);
        wr_u16(&w, 2);
        wr_u32(&w, 3);
        wr_str(&w, "ab");
        wr_zero(&w, 2);
        assert_false(wr_ok(&w));
        assert_int_equal(wr_len(&w), 0);
        assert_int_equal(wr_slice(&w).n, 0);
        assert_int_equal(buf[cap], 0xee);
    }
    struct wr w = wr_of(buf, 11);
    wr_u8(&w, 1);
    wr_u16(&w, 2);
    wr_u32(&w, 3);
    wr_str(&w, "ab");
    wr_zero(&w, 2);
    assert_int_equal(wr_len(&w), 11);
}

static void bad_sticks(void **state)
{
    (void)state;
    uint8_t buf[4];
    struct wr w = wr_of(buf, sizeof buf);
    wr_zero(&w, 5);
    wr_u8(&w, 1); /* would fit */
    assert_int_equal(wr_len(&w), 0);
    assert_null(wr_room(&w, 0));
}

static void huge_rooms_do_not_wrap(void **state)
{
    (void)state;
    uint8_t buf[4];
    struct wr w = wr_of(buf, sizeof buf);
    wr_u8(&w, 1);
    assert_null(wr_room(&w, SIZE_MAX));
    assert_false(wr_ok(&w));
}

static void length_fields_are_patched(void **state)
{
    (void)state;
    uint8_t buf[8];
    struct wr w = wr_of(buf, sizeof buf);
    wr_u8(&w, 0xaa);
    size_t at = wr_mark_u16(&w);
    wr_str(&w, "xyz");
    wr_patch_u16(&w, at, 0x1234);
    assert_memory_equal(buf, "\xaa\x12\x34xyz", 6);
}

static void patches_stay_inside(void **state)
{
    (void)state;
    uint8_t buf[4] = { 7, 7, 7, 7 };
    struct wr w = wr_of(buf, sizeof buf);
    wr_u8(&w, 1);
    wr_patch_u16(&w, 0, 0xffff); /* one byte written: no room for two */
    assert_int_equal(buf[0], 1);
    wr_u16(&w, 2);
    wr_patch_u16(&w, 2, 0xffff); /* would end past what is written */
    wr_patch_u16(&w, SIZE_MAX, 0xffff);
    assert_memory_equal(buf, ((uint8_t[]){ 1, 0, 2, 7 }), 4);
}

static void nothing_can_be_written_nowhere(void **state)
{
    (void)state;
    struct wr w = wr_of(NULL, 0);
    wr_bytes(&w, NULL, 0);
    assert_true(wr_ok(&w));
    wr_u8(&w, 1);
    assert_false(wr_ok(&w));
}

static void texts_are_cut_to_the_field(void **state)
{
    (void)state;
    uint8_t buf[8];
    struct wr w = wr_of(buf, sizeof buf);
    wr_text(&w, "abcdef", 4);
    wr_text(&w, "", 4);
    assert_int_equal(wr_len(&w), 7);
    assert_memory_equal(buf, "\0\3abc\0\0", 7);
    wr_text(&w, "a", 4); /* no room */
    assert_int_equal(wr_len(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_big_endian),
        cmocka_unit_test(what_does_not_fit_is_not_half_sent),
        cmocka_unit_test(bad_sticks),
        cmocka_unit_test(huge_rooms_do_not_wrap),
        cmocka_unit_test(length_fields_are_patched),
        cmocka_unit_test(patches_stay_inside),
        cmocka_unit_test(nothing_can_be_written_nowhere),
        cmocka_unit_test(texts_are_cut_to_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

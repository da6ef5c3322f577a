/* The bounded reader. */
#include "base/rd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09 };

static void reads_big_endian(void **state)
{
    (void)state;
    struct rd r = rd_of(bytes, sizeof bytes);
    assert_int_equal(rd_u8(&r), 0x01);
    assert_int_equal(rd_u16(&r), 0x0203);
    assert_int_equal(rd_u32(&r), 0x04050607);
    assert_int_equal(rd_left(&r), 2);
    r = rd_of(bytes, 8);
    assert_true(rd_u64(&r) == 0x0102030405060708);
    assert_true(rd_end(&r));
}

/* Every number at every distance from the end: zeros and `bad` as soon as one byte is missing. */
static void past_the_end_is_zero_and_sticks(void **state)
{
    (void)state;
    for (size_t n = 0; n < 8; n++) {
        struct rd r = rd_of(bytes, n);
        uint64_t v = rd_u64(&r);
        assert_false(rd_ok(&r));
        assert_int_equal(v & 0xffffffff, 0); /* the half that ran out */
        assert_int_equal(rd_left(&r), 0);
        assert_int_equal(rd_u8(&r), 0);
        assert_false(rd_end(&r));
    }
    struct rd r = rd_of(bytes, 3);
    assert_int_equal(rd_u32(&r), 0);
    assert_false(rd_ok(&r));
    r = rd_of(bytes, 1);
    assert_int_equal(rd_u16(&r), 0);
    assert_false(rd_ok(&r));
}

static void a_failed_take_takes_nothing_more(void **state)
{
    (void)state;
    struct rd r = rd_of(bytes, 4);
    assert_int_equal(rd_take(&r, 5).n, 0);
    assert_false(rd_ok(&r));
    assert_int_equal(rd_take(&r, 0).n, 0);
    assert_false(rd_ok(&r));
    assert_int_equal(rd_u8(&r), 0);
}

static void huge_lengths_do_not_wrap(void **state)
{
    (void)state;
    struct rd r = rd_of(bytes, 4);
    assert_int_equal(rd_take(&r, SIZE_MAX).n, 0);
    assert_false(rd_ok(&r));
}

static void child_cannot_see_past_its_parent(void **state)
{
    (void)state;
    struct rd r = rd_of(bytes, 6);
    struct rd c = rd_sub(&r, 2);
    assert_int_equal(rd_u16(&c), 0x0102);
    assert_true(rd_end(&c));
    assert_int_equal(rd_u8(&c), 0);
    assert_false(rd_ok(&c));
    assert_true(rd_ok(&r)); /* the child's trouble is not the parent's */
    assert_int_equal(rd_u8(&r), 0x03);

    c = rd_sub(&r, 4); /* 3 are left */
    assert_false(rd_ok(&c));
    assert_false(rd_ok(&r));
    assert_int_equal(rd_left(&c), 0);
}

static void child_of_a_bad_parent_is_bad(void **state)
{
    (void)state;
    struct rd r = rd_of(bytes, 1);
    rd_skip(&r, 2);
    struct rd c = rd_sub(&r, 0);
    assert_false(rd_ok(&c));
}

static void end_wants_all_bytes_read(void **state)
{
    (void)state;
    struct rd r = rd_of(bytes, 2);
    assert_false(rd_end(&r));
    rd_skip(&r, 1);
    assert_false(rd_end(&r));
    assert_int_equal(rd_rest(&r).n, 1);
    assert_true(rd_end(&r));
}

static void copy_is_all_or_zeros(void **state)
{
    (void)state;
    uint8_t dst[4] = { 9, 9, 9, 9 };
    struct rd r = rd_of(bytes, 3);
    rd_copy(&r, dst, 4);
    assert_false(rd_ok(&r));
    assert_memory_equal(dst, ((uint8_t[]){ 0, 0, 0, 0 }), 4);
    r = rd_of(bytes, 4);
    rd_copy(&r, dst, 4);
    assert_true(rd_end(&r));
    assert_memory_equal(dst, bytes, 4);
}

static void peek_leaves_no_trace(void **state)
{
    (void)state;
    struct rd r = rd_of(bytes, 2);
    assert_int_equal(rd_peek(&r, 1), 0x02);
    assert_int_equal(rd_peek(&r, 2), 0);
    assert_int_equal(rd_peek(&r, SIZE_MAX), 0);
    assert_true(rd_ok(&r));
    assert_int_equal(rd_left(&r), 2);
}

static void nothing_is_a_fine_reader(void **state)
{
    (void)state;
    struct rd r = rd_of(NULL, 0);
    assert_true(rd_end(&r));
    assert_int_equal(rd_rest(&r).n, 0);
    assert_int_equal(rd_sub(&r, 0).bad, false);
    assert_int_equal(rd_u8(&r), 0);
    assert_false(rd_ok(&r));
}

static int text_of(const char *bytes, size_t n, char *dst, size_t cap)
{
    struct rd r = rd_of(bytes, n);
    memset(dst, 'x', cap);
    rd_text(&r, dst, cap);
    return rd_finish(&r);
}

static void texts_fit_and_have_no_nul(void **state)
{
    (void)state;
    char t[4];
    assert_int_equal(text_of("\0\3abc", 5, t, sizeof t), 0);
    assert_string_equal(t, "abc");
    assert_int_equal(text_of("\0\0", 2, t, sizeof t), 0);
    assert_string_equal(t, "");
    assert_int_equal(text_of("\0\4abcd", 6, t, sizeof t), ERR_TRUNCATED); /* no room for the NUL */
    assert_string_equal(t, "");
    assert_int_equal(text_of("\0\3a\0c", 5, t, sizeof t), ERR_TRUNCATED);
    assert_string_equal(t, "");
    assert_int_equal(text_of("\0\3ab", 4, t, sizeof t), ERR_TRUNCATED);
    assert_string_equal(t, "");
    assert_int_equal(text_of("\0\2abc", 5, t, sizeof t), ERR_TRAILING);
}

static void a_bool_is_nothing_else(void **state)
{
    (void)state;
    struct rd r = rd_of("\0\1\2", 3);
    assert_false(rd_bool(&r));
    assert_true(rd_bool(&r));
    assert_true(rd_ok(&r));
    assert_false(rd_bool(&r));
    assert_false(rd_ok(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_big_endian),
        cmocka_unit_test(past_the_end_is_zero_and_sticks),
        cmocka_unit_test(a_failed_take_takes_nothing_more),
        cmocka_unit_test(huge_lengths_do_not_wrap),
        cmocka_unit_test(child_cannot_see_past_its_parent),
        cmocka_unit_test(child_of_a_bad_parent_is_bad),
        cmocka_unit_test(end_wants_all_bytes_read),
        cmocka_unit_test(copy_is_all_or_zeros),
        cmocka_unit_test(peek_leaves_no_trace),
        cmocka_unit_test(nothing_is_a_fine_reader),
        cmocka_unit_test(texts_fit_and_have_no_nul),
        cmocka_unit_test(a_bool_is_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

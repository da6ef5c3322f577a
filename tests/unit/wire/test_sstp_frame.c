/* The SSTP packet header. */
#include "wire/sstp_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct sstp_frame none;

static int next(const char *bytes, size_t n, struct sstp_frame *f)
{
    struct rd r = rd_of(bytes, n);
    return sstp_frame_next(&r, f);
}

static void takes_packet_by_packet(void **state)
{
    (void)state;
    static const char two[] = "\x10\x00\x00\x06\xab\xcd\x10\x01\x00\x08\x00\x08\x00\x00\x10";
    struct rd r = rd_of(two, sizeof two - 1);
    struct sstp_frame f = { 0 };
    assert_int_equal(sstp_frame_next(&r, &f), 1);
    assert_false(f.control);
    assert_true(slice_eq(f.payload, slice_str("\xab\xcd")));
    assert_int_equal(f.whole.n, 6);
    assert_int_equal(sstp_frame_next(&r, &f), 1);
    assert_true(f.control);
    assert_int_equal(f.payload.n, 4);
    assert_int_equal(f.whole.n, 8);
    assert_int_equal(sstp_frame_next(&r, &f), 0);
    assert_int_equal(rd_left(&r), 1);
}

static void reserved_bits_are_ignored(void **state)
{
    (void)state;
    struct sstp_frame f = { 0 };
    assert_int_equal(next("\x10\xfe\xf0\x05\x21", 5, &f), 1);
    assert_false(f.control);
    assert_int_equal(f.payload.n, 1);
    assert_int_equal(next("\x10\xff\xf0\x08\x00\x08\x00\x00", 8, &f), 1);
    assert_true(f.control);
}

static void incomplete_packets_are_left_alone(void **state)
{
    (void)state;
    static const char packet[] = "\x10\x01\x00\x08\x00\x08\x00\x00";
    for (size_t n = 0; n < 8; n++) {
        struct sstp_frame f = none;
        struct rd r = rd_of(packet, n);
        assert_int_equal(sstp_frame_next(&r, &f), 0);
        assert_int_equal(rd_left(&r), n);
        assert_true(rd_ok(&r));
        assert_null(f.whole.p);
    }
}

/* Length fields: 0, header - 1, header, max, and R bits that must not count. */
static void length_field(void **state)
{
    (void)state;
    static uint8_t big[SSTP_FRAME_MAX + 1];
    static const struct {
        uint8_t flags;
        unsigned length;
        size_t have;
        int result;
    } table[] = {
        { 0, 0, 4, ERR_LENGTH },      { 0, 3, 4, ERR_LENGTH },      { 0, 4, 4, 1 },          { 0, 5, 4, 0 },
        { 1, 0, 8, ERR_LENGTH },      { 1, 4, 8, ERR_LENGTH },      { 1, 7, 8, ERR_LENGTH }, { 1, 8, 8, 1 },
        { 0, 4095, 4094, 0 },         { 0, 4095, 4095, 1 },         { 0, 4095, 4096, 1 },    { 0, 0xf004, 4, 1 },
        { 0, 0xf000, 4, ERR_LENGTH }, { 0, 0xf003, 4, ERR_LENGTH }, { 1, 0xffff, 4095, 1 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sstp_frame f = none;
        big[0] = SSTP_VERSION;
        big[1] = table[i].flags;
        big[2] = (uint8_t)(table[i].length >> 8);
        big[3] = (uint8_t)table[i].length;
        struct rd r = rd_of(big, table[i].have);
        int got = sstp_frame_next(&r, &f);
        if (got != table[i].result)
            fail_msg("row %zu: %d", i, got);
        assert_int_equal(f.whole.n, got == 1 ? table[i].length & 0xfff : 0);
        assert_int_equal(table[i].have - rd_left(&r), f.whole.n);
    }
}

static void other_versions_are_known_from_the_first_byte(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        uint8_t b = (uint8_t)v;
        struct sstp_frame f = { 0 };
        struct rd r = rd_of(&b, 1);
        assert_int_equal(sstp_frame_next(&r, &f), v == 0x10 ? 0 : ERR_VERSION);
        assert_int_equal(rd_left(&r), 1);
    }
}

static void a_bad_reader_gives_nothing(void **state)
{
    (void)state;
    struct sstp_frame f = { 0 };
    struct rd r = rd_of("\x10\x00\x00\x04", 4);
    r.bad = true;
    assert_int_equal(sstp_frame_next(&r, &f), 0);
}

static void head_is_read_back(void **state)
{
    (void)state;
    static uint8_t packet[SSTP_FRAME_MAX];
    static const size_t sizes[] = { 4, 5, 255, 256, 1400, SSTP_PAYLOAD_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sstp_frame f = { 0 };
        struct rd r = rd_of(packet, sizeof packet);
        sstp_frame_head(packet, i % 2, sizes[i]);
        assert_int_equal(sstp_frame_next(&r, &f), 1);
        assert_int_equal(f.control, i % 2);
        assert_int_equal(f.payload.n, sizes[i]);
    }
    sstp_frame_head(packet, true, 4);
    assert_memory_equal(packet, "\x10\x01\x00\x08", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_packet_by_packet),
        cmocka_unit_test(reserved_bits_are_ignored),
        cmocka_unit_test(incomplete_packets_are_left_alone),
        cmocka_unit_test(length_field),
        cmocka_unit_test(other_versions_are_known_from_the_first_byte),
        cmocka_unit_test(a_bad_reader_gives_nothing),
        cmocka_unit_test(head_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

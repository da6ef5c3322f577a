/* PPP frames: with and without ff 03, with one and two bytes of protocol (RFC 1661 2, 6.5, 6.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/ppp_frame.h"

struct row {
    const char *bytes;
    size_t n;
    int err;
    uint16_t proto;
    bool acfc, pfc;
    size_t info;
};

static const struct row rows[] = {
    { "\xff\x03\xc0\x21\x01", 5, 0, 0xc021, false, false, 1 },
    { "\xff\x03\xc0\x21", 4, 0, 0xc021, false, false, 0 },
    { "\xc0\x21\x0c", 3, 0, 0xc021, true, false, 1 },
    { "\xff\x03\x00\x21\x45", 5, 0, 0x0021, false, false, 1 },
    { "\xff\x03\x21\x45", 4, 0, 0x0021, false, true, 1 },
    { "\x21\x45", 2, 0, 0x0021, true, true, 1 },
    { "\x21", 1, 0, 0x0021, true, true, 0 },
    { "\x00\x21", 2, 0, 0x0021, true, false, 0 },
    { "\x57\x60", 2, 0, 0x0057, true, true, 1 },
    { "\xff\x03\xff\x03", 4, ERR_VALUE, 0, false, false, 0 }, /* 00ff is no protocol (RFC 1661 6.6) */
    { "", 0, ERR_TRUNCATED, 0, false, false, 0 },
    { "\xff", 1, ERR_VALUE, 0, false, false, 0 },
    { "\xff\x03", 2, ERR_TRUNCATED, 0, false, false, 0 },
    { "\xff\x03\xc0", 3, ERR_TRUNCATED, 0, false, false, 0 },
    { "\xc0", 1, ERR_TRUNCATED, 0, false, false, 0 },
    { "\xff\x02\xc0\x21", 4, ERR_VALUE, 0, false, false, 0 },
    { "\xc0\x20\x01", 3, ERR_VALUE, 0, false, false, 0 }, /* RFC 1661 2: the low byte is odd */
    { "\xff\x03\x80\x22", 4, ERR_VALUE, 0, false, false, 0 },
    { "\x00\x00\x00", 3, ERR_VALUE, 0, false, false, 0 },
    { "\x00\xff", 2, ERR_VALUE, 0, false, false, 0 },
};

static void rows_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct ppp_frame f = { .proto = 0xabcd };
        assert_int_equal(ppp_frame_read((const uint8_t *)r->bytes, r->n, &f), r->err);
        if (r->err) {
            assert_int_equal(f.proto, 0xabcd); /* untouched */
            continue;
        }
        assert_int_equal(f.proto, r->proto);
        assert_int_equal(f.acfc, r->acfc);
        assert_int_equal(f.pfc, r->pfc);
        assert_int_equal(f.info.n, r->info);
        assert_ptr_equal(f.info.p + f.info.n, (const uint8_t *)r->bytes + r->n);
        uint8_t out[8];
        struct wr w = wr_of(out, sizeof out);
        ppp_frame_encode(&w, &f);
        assert_int_equal(wr_len(&w), r->n);
        assert_memory_equal(out, r->bytes, r->n);
    }
}

static void decode_takes_all(void **state)
{
    (void)state;
    struct ppp_frame f;
    struct rd r = rd_of("\xff\x03\xc0\x21\x01\x02", 6);
    assert_int_equal(ppp_frame_decode(&r, &f), 0);
    assert_int_equal(rd_left(&r), 0);
    assert_int_equal(f.info.n, 2);
}

static void heads(void **state)
{
    (void)state;
    static const struct {
        uint16_t proto;
        bool acfc, pfc;
        const char *bytes;
        size_t n;
    } h[] = {
        { 0x0021, false, false, "\xff\x03\x00\x21", 4 }, { 0x0021, true, false, "\x00\x21", 2 },
        { 0x0021, false, true, "\xff\x03\x21", 3 },      { 0x0021, true, true, "\x21", 1 },
        { 0x8021, true, true, "\x80\x21", 2 },           { 0xc021, false, true, "\xff\x03\xc0\x21", 4 },
    };
    for (size_t i = 0; i < sizeof h / sizeof h[0]; i++) {
        uint8_t out[4];
        assert_int_equal(ppp_frame_head(h[i].proto, h[i].acfc, h[i].pfc, out), h[i].n);
        assert_memory_equal(out, h[i].bytes, h[i].n);
    }
}

static void control_begins_at_8000(void **state)
{
    (void)state;
    assert_false(ppp_is_control(0x0021));
    assert_false(ppp_is_control(0x00fd));
    assert_false(ppp_is_control(0x7fff));
    assert_true(ppp_is_control(0x8001));
    assert_true(ppp_is_control(0xc021));
    assert_true(ppp_is_control(0xffff));
}

static void a_frame_that_does_not_fit_is_not_written(void **state)
{
    (void)state;
    uint8_t out[6];
    struct ppp_frame f = { 0xc021, false, false, slice_of("abc", 3) };
    struct wr w = wr_of(out, sizeof out);
    ppp_frame_encode(&w, &f);
    assert_int_equal(wr_len(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(decode_takes_all),
        cmocka_unit_test(heads),
        cmocka_unit_test(control_begins_at_8000),
        cmocka_unit_test(a_frame_that_does_not_fit_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* PAP packets: every length field at its edges, and what is written reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/pap_pkt.h"

static int parse(const void *p, size_t n, struct pap_pkt *pkt)
{
    struct rd r = rd_of(p, n);
    return pap_pkt_parse(&r, pkt);
}

struct row {
    int want;
    size_t n;
    uint8_t bytes[16];
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct pap_pkt pkt = { .code = 99 };
        int err = parse(rows[i].bytes, rows[i].n, &pkt);
        if (err != rows[i].want)
            print_error("row %zu\n", i);
        assert_int_equal(err, rows[i].want);
        if (err < 0)
            assert_int_equal(pkt.code, 99); /* untouched */
        else
            assert_int_equal(pkt.code, rows[i].bytes[0]);
    }
}

/* clang-format off */
static const struct row length_rows[] = {
    { ERR_TRUNCATED, 0, { 0 } },
    { ERR_TRUNCATED, 1, { 1 } },
    { ERR_TRUNCATED, 3, { 1, 7, 0 } },
    { ERR_LENGTH,    4, { 1, 7, 0, 0 } },
    { ERR_LENGTH,    4, { 1, 7, 0, 3 } },
    { ERR_LENGTH,    4, { 1, 7, 0, 4 } },               /* no fields at all */
    { ERR_TRUNCATED, 4, { 1, 7, 0, 5 } },
    { ERR_TRUNCATED, 6, { 1, 7, 0xff, 0xff, 0, 0 } },
    { ERR_LENGTH,    5, { 1, 7, 0, 5, 0 } },            /* no password length */
    { 0,             6, { 1, 7, 0, 6, 0, 0 } },         /* both empty */
    { 0,             8, { 1, 7, 0, 6, 0, 0, 9, 9 } },   /* padding behind Length */
    { ERR_TRAILING,  7, { 1, 7, 0, 7, 0, 0, 9 } },      /* inside Length it is no padding */
    { 0,             7, { 1, 7, 0, 7, 1, 'a', 0 } },
    { ERR_LENGTH,    7, { 1, 7, 0, 7, 2, 'a', 0 } },    /* then no password length is left */
    { ERR_LENGTH,    7, { 1, 7, 0, 7, 3, 'a', 0 } },
    { ERR_LENGTH,    7, { 1, 7, 0, 7, 255, 'a', 0 } },
    { 0,             8, { 1, 7, 0, 8, 1, 'a', 1, 'b' } },
    { ERR_LENGTH,    8, { 1, 7, 0, 8, 1, 'a', 2, 'b' } },
    { ERR_TRAILING,  8, { 1, 7, 0, 8, 1, 'a', 0, 'b' } },
    { ERR_LENGTH,    9, { 1, 7, 0, 8, 1, 'a', 2, 'b', 'c' } }, /* a field never reaches into padding */
    { 0,             4, { 2, 7, 0, 4 } },               /* pppd's tolerance: no Msg-Length */
    { 0,             5, { 2, 7, 0, 5, 0 } },
    { ERR_LENGTH,    5, { 3, 7, 0, 5, 1 } },
    { 0,             6, { 3, 7, 0, 6, 1, 'x' } },
    { ERR_TRAILING,  6, { 3, 7, 0, 6, 0, 'x' } },
    { ERR_UNKNOWN,   4, { 0, 7, 0, 4 } },
    { ERR_UNKNOWN,   4, { 4, 7, 0, 4 } },
    { ERR_UNKNOWN,   4, { 255, 7, 0, 4 } },
};
/* clang-format on */

static void lengths(void **state)
{
    (void)state;
    check_rows(length_rows, sizeof(length_rows) / sizeof(length_rows[0]));
}

static void reads_the_fields(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 0x42, 0, 14, 4, 'u', 's', 'e', 'r', 4, 'p', 'a', 0, 0xff };
    struct pap_pkt pkt;

    assert_int_equal(parse(bytes, sizeof(bytes), &pkt), 0);
    assert_int_equal(pkt.id, 0x42);
    assert_true(slice_eq(pkt.name, slice_str("user")));
    assert_true(slice_eq(pkt.password, slice_of("pa\0\xff", 4)));
    assert_int_equal(pkt.text.n, 0);
}

static void every_cut_is_an_error(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 0x42, 0, 12, 4, 'u', 's', 'e', 'r', 2, 'p', 'a' };
    struct pap_pkt pkt;

    for (size_t n = 0; n < sizeof(bytes); n++)
        assert_int_equal(parse(bytes, n, &pkt), ERR_TRUNCATED);
}

static void round_trip(const struct pap_pkt *in)
{
    uint8_t buf[1024];
    struct wr w = wr_of(buf, sizeof(buf));
    struct pap_pkt out;

    pap_pkt_put(&w, in);
    assert_true(wr_len(&w) > 0);
    assert_int_equal(parse(buf, wr_len(&w), &out), 0);
    assert_int_equal(out.code, in->code);
    assert_int_equal(out.id, in->id);
    assert_true(slice_eq(out.name, in->name));
    assert_true(slice_eq(out.password, in->password));
    assert_true(slice_eq(out.text, in->text));
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    static uint8_t big[256];
    memset(big, 'z', sizeof(big));
    for (size_t n = 0; n <= 255; n += 51) {
        round_trip(
            &(struct pap_pkt){ .code = 1, .id = 3, .name = slice_of(big, n), .password = slice_of(big, 255 - n) });
        round_trip(&(struct pap_pkt){ .code = 2, .id = 255, .text = slice_of(big, n) });
        round_trip(&(struct pap_pkt){ .code = 3, .id = 0, .text = slice_of(big, n) });
    }
}

static void too_long_is_not_written(void **state)
{
    (void)state;
    static uint8_t big[256];
    uint8_t buf[1024];
    const struct pap_pkt rows[] = {
        { .code = 1, .name = slice_of(big, 256) },
        { .code = 1, .password = slice_of(big, 256) },
        { .code = 2, .text = slice_of(big, 256) },
    };

    for (size_t i = 0; i < 3; i++) {
        struct wr w = wr_of(buf, sizeof(buf));
        pap_pkt_put(&w, &rows[i]);
        assert_int_equal(wr_len(&w), 0);
    }
    const struct pap_pkt fits = { .code = 1, .name = slice_str("a"), .password = slice_str("b") };
    for (size_t cap = 0; cap < 8; cap++) {
        struct wr w = wr_of(buf, cap);
        pap_pkt_put(&w, &fits);
        assert_int_equal(wr_len(&w), 0);
    }
    struct wr w = wr_of(buf, 8);
    pap_pkt_put(&w, &fits);
    assert_int_equal(wr_len(&w), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(reads_the_fields),
        cmocka_unit_test(every_cut_is_an_error),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(too_long_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Packets of PPP control protocols (RFC 1661 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/cp_pkt.h"

/* Every value of Length that matters, against ten bytes. */
static void lengths(void **state)
{
    (void)state;
    static const struct {
        uint16_t length;
        int err;
        size_t data;
    } rows[] = {
        { 0, ERR_LENGTH, 0 },
        { 1, ERR_LENGTH, 0 },
        { 3, ERR_LENGTH, 0 },
        { 4, 0, 0 },
        { 5, 0, 1 },
        { 9, 0, 5 },
        { 10, 0, 6 },
        { 11, ERR_TRUNCATED, 0 },
        { 255, ERR_TRUNCATED, 0 },
        { 256, ERR_TRUNCATED, 0 },
        { 0xfffe, ERR_TRUNCATED, 0 },
        { 0xffff, ERR_TRUNCATED, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t b[10] = { 9, 7, (uint8_t)(rows[i].length >> 8), (uint8_t)rows[i].length, 1, 2, 3, 4, 5, 6 };
        struct rd r = rd_of(b, sizeof b);
        struct cp_pkt p = { .code = 77 };
        assert_int_equal(cp_pkt_decode(&r, &p), rows[i].err);
        assert_int_equal(p.code, rows[i].err ? 77 : 9);
        if (rows[i].err)
            continue;
        assert_int_equal(p.id, 7);
        assert_int_equal(p.data.n, rows[i].data); /* the rest is padding */
        assert_int_equal(rd_left(&r), 0);
        uint8_t out[16];
        struct wr w = wr_of(out, sizeof out);
        cp_pkt_encode(&w, &p);
        assert_int_equal(wr_len(&w), rows[i].length);
        assert_memory_equal(out, b, rows[i].length);
    }
}

static void short_heads(void **state)
{
    (void)state;
    uint8_t b[4] = { 1, 1, 0, 4 };
    struct cp_pkt p = { 0 };
    for (size_t n = 0; n < 4; n++) {
        struct rd r = rd_of(b, n);
        assert_int_equal(cp_pkt_decode(&r, &p), ERR_TRUNCATED);
    }
}

static void the_longest_packet(void **state)
{
    (void)state;
    uint8_t *data = calloc(1, 65532), *out = malloc(65536);
    assert_true(data && out);
    struct cp_pkt p = { 1, 2, slice_of(data, 65531) }, got;
    struct wr w = wr_of(out, 65536);
    cp_pkt_encode(&w, &p);
    assert_int_equal(wr_len(&w), 65535);
    struct rd r = rd_of(out, wr_len(&w));
    assert_int_equal(cp_pkt_decode(&r, &got), 0);
    assert_int_equal(got.data.n, 65531);
    p.data.n = 65532;
    w = wr_of(out, 65536);
    cp_pkt_encode(&w, &p);
    assert_int_equal(wr_len(&w), 0);
    free(data);
    free(out);
}

static void bodies(void **state)
{
    (void)state;
    struct cp_proto_rej rej = { .proto = 7 };
    assert_int_equal(cp_proto_rej_decode(slice_of("\x80", 1), &rej), ERR_TRUNCATED);
    assert_int_equal(rej.proto, 7);
    assert_int_equal(cp_proto_rej_decode(slice_of("\x80\xfd", 2), &rej), 0);
    assert_int_equal(rej.proto, 0x80fd);
    assert_int_equal(rej.info.n, 0);
    assert_int_equal(cp_proto_rej_decode(slice_of("\x80\xfd\x01", 3), &rej), 0);
    assert_int_equal(rej.info.n, 1);
    struct cp_magic m = { .magic = 7 };
    assert_int_equal(cp_magic_decode(slice_of("\1\2\3", 3), &m), ERR_TRUNCATED);
    assert_int_equal(m.magic, 7);
    assert_int_equal(cp_magic_decode(slice_of("\1\2\3\4x", 5), &m), 0);
    assert_int_equal(m.magic, 0x01020304);
    assert_int_equal(m.rest.n, 1);
}

/* [CAP]: 4b493f31 | 003ccd74 | 00000000; other numbers from public logs of pppd. */
static void terminate_of_microsoft(void **state)
{
    (void)state;
    struct cp_term_ms t = { 7, 7 };
    assert_int_equal(cp_term_ms_decode(slice_of("\x4b\x49\x3f\x31\x00\x3c\xcd\x74\x00\x00\x02\xb3", 12), &t), 0);
    assert_int_equal(t.magic, 0x4b493f31);
    assert_int_equal(t.ras_error, 691);
    uint8_t out[12];
    struct wr w = wr_of(out, sizeof out);
    cp_term_ms_encode(&w, &t);
    assert_int_equal(wr_len(&w), CP_TERM_MS_LEN);
    assert_memory_equal(out, "\x4b\x49\x3f\x31\x00\x3c\xcd\x74\x00\x00\x02\xb3", 12);
    for (size_t n = 0; n < 14; n++) {
        uint8_t b[14] = { 0, 0, 0, 0, 0, 0x3c, 0xcd, 0x74 };
        assert_int_equal(cp_term_ms_decode(slice_of(b, n), &t), n == 12 ? 0 : ERR_UNKNOWN);
    }
    assert_int_equal(cp_term_ms_decode(slice_of("\0\0\0\0\x00\x3c\xcd\x75\0\0\0\0", 12), &t), ERR_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(short_heads),
        cmocka_unit_test(the_longest_packet),
        cmocka_unit_test(bodies),
        cmocka_unit_test(terminate_of_microsoft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

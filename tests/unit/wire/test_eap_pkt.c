/* EAP packets and the EAP-MSCHAPv2 packets inside: every length field at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/eap_pkt.h"

static int parse(const void *p, size_t n, struct eap_pkt *pkt)
{
    struct rd r = rd_of(p, n);
    return eap_pkt_parse(&r, pkt);
}

static const struct {
    int want;
    size_t n;
    uint8_t bytes[16];
} length_rows[] = {
    /* clang-format off */
    { ERR_TRUNCATED,  0, { 0 } },
    { ERR_TRUNCATED,  3, { 1, 7, 0 } },
    { ERR_LENGTH,     4, { 1, 7, 0, 0 } },
    { ERR_LENGTH,     4, { 3, 7, 0, 3 } },
    { ERR_LENGTH,     4, { 1, 7, 0, 4 } },                        /* a Request without a Type */
    { ERR_LENGTH,     5, { 2, 7, 0, 4, 1 } },                     /* the Type lies in the padding */
    { 0,              5, { 1, 7, 0, 5, 1 } },
    { 0,              7, { 2, 7, 0, 5, 1, 9, 9 } },
    { ERR_TRUNCATED,  5, { 1, 7, 0, 6, 1 } },
    { ERR_TRUNCATED,  5, { 1, 7, 0xff, 0xff, 1 } },
    { 0,              4, { 3, 7, 0, 4 } },
    { 0,              6, { 4, 7, 0, 4, 9, 9 } },
    { ERR_LENGTH,     5, { 3, 7, 0, 5, 0 } },                     /* RFC 3748 4.2: no data in Success */
    { ERR_LENGTH,     5, { 4, 7, 0, 5, 0 } },
    { ERR_UNKNOWN,    5, { 0, 7, 0, 5, 1 } },
    { ERR_UNKNOWN,    5, { 5, 7, 0, 5, 1 } },
    { ERR_UNKNOWN,    5, { 255, 7, 0, 5, 1 } },
    { ERR_LENGTH,     5, { 1, 7, 0, 5, 254 } },                   /* Expanded without a vendor */
    { ERR_LENGTH,    11, { 1, 7, 0, 11, 254, 0, 0, 1, 0, 0, 0 } },
    { 0,             12, { 1, 7, 0, 12, 254, 0, 0, 1, 0, 0, 0, 2 } },
    { 0,             14, { 1, 7, 0, 14, 254, 0, 0, 1, 0, 0, 0, 2, 'x', 'y' } },
    /* clang-format on */
};

static void lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(length_rows) / sizeof(length_rows[0]); i++) {
        struct eap_pkt pkt = { .code = 99 };
        int err = parse(length_rows[i].bytes, length_rows[i].n, &pkt);
        if (err != length_rows[i].want)
            print_error("row %zu\n", i);
        assert_int_equal(err, length_rows[i].want);
        assert_int_equal(pkt.code, err < 0 ? 99 : length_rows[i].bytes[0]);
        if (err == 0)
            assert_int_equal(pkt.whole.n, length_rows[i].bytes[3]);
    }
}

static void expanded(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 7, 0, 14, 254, 0xab, 0xcd, 0xef, 0x12, 0x34, 0x56, 0x78, 'x', 'y' };
    struct eap_pkt pkt;
    uint8_t buf[32];

    assert_int_equal(parse(bytes, sizeof(bytes), &pkt), 0);
    assert_int_equal(pkt.type, EAP_TYPE_EXPANDED);
    assert_int_equal(pkt.vendor, 0xabcdef);
    assert_int_equal(pkt.vendor_type, 0x12345678);
    assert_true(slice_eq(pkt.data, slice_str("xy")));
    struct wr w = wr_of(buf, sizeof(buf));
    eap_pkt_put(&w, &pkt);
    assert_true(slice_eq(wr_slice(&w), slice_of(bytes, sizeof(bytes))));
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    static uint8_t data[300];
    uint8_t buf[512];

    for (unsigned code = 1; code <= 4; code++) {
        for (size_t n = 0; n <= sizeof(data); n += 100) {
            struct eap_pkt in = {
                .code = (uint8_t)code, .id = 200, .type = EAP_TYPE_IDENTITY, .data = slice_of(data, n)
            };
            struct eap_pkt out;
            struct wr w = wr_of(buf, sizeof(buf));
            eap_pkt_put(&w, &in);
            assert_int_equal(wr_len(&w), code <= 2 ? 5 + n : 4);
            assert_int_equal(parse(buf, wr_len(&w), &out), 0);
            assert_int_equal(out.code, code);
            assert_int_equal(out.id, 200);
            assert_int_equal(out.type, code <= 2 ? EAP_TYPE_IDENTITY : 0);
            assert_int_equal(out.data.n, code <= 2 ? n : 0);
        }
    }
    static uint8_t huge[65536];
    static uint8_t room[70000];
    struct eap_pkt in = { .code = EAP_REQUEST, .type = 13, .data = slice_of(huge, 65530) };
    struct wr w = wr_of(room, sizeof(room));
    eap_pkt_put(&w, &in);
    assert_int_equal(wr_len(&w), 65535);
    in.data.n++;
    w = wr_of(room, sizeof(room));
    eap_pkt_put(&w, &in);
    assert_int_equal(wr_len(&w), 0);
}

/* EAP-MSCHAPv2. */

static const struct {
    int want;
    uint8_t code;
    size_t n;
    uint8_t bytes[12];
} mschap_rows[] = {
    /* clang-format off */
    /* CVE-2025-62291: type-data of 0 to 3 bytes, in every direction and with every OpCode */
    { ERR_TRUNCATED, EAP_REQUEST,  0, { 0 } },
    { ERR_TRUNCATED, EAP_REQUEST,  1, { 4 } },
    { ERR_TRUNCATED, EAP_REQUEST,  2, { 4, 7 } },
    { ERR_TRUNCATED, EAP_REQUEST,  3, { 4, 7, 0 } },
    { ERR_TRUNCATED, EAP_REQUEST,  1, { 3 } },
    { ERR_TRUNCATED, EAP_REQUEST,  3, { 3, 7, 0 } },
    { ERR_TRUNCATED, EAP_REQUEST,  1, { 1 } },
    { ERR_TRUNCATED, EAP_RESPONSE, 0, { 0 } },
    { ERR_TRUNCATED, EAP_RESPONSE, 1, { 2 } },
    { ERR_TRUNCATED, EAP_RESPONSE, 3, { 2, 7, 0 } },
    { 0,             EAP_RESPONSE, 1, { 3 } },
    { 0,             EAP_RESPONSE, 1, { 4 } },
    { ERR_TRAILING,  EAP_RESPONSE, 2, { 3, 7 } },
    { ERR_TRAILING,  EAP_RESPONSE, 4, { 4, 7, 0, 4 } },
    /* MS-Length */
    { 0,             EAP_REQUEST,  4, { 4, 7, 0, 4 } },
    { ERR_LENGTH,    EAP_REQUEST,  4, { 4, 7, 0, 0 } },
    { ERR_LENGTH,    EAP_REQUEST,  4, { 4, 7, 0, 3 } },
    { ERR_LENGTH,    EAP_REQUEST,  4, { 4, 7, 0, 5 } },
    { ERR_LENGTH,    EAP_REQUEST,  4, { 4, 7, 0xff, 0xff } },
    { ERR_LENGTH,    EAP_REQUEST,  5, { 4, 7, 0, 4, 'x' } },
    { 0,             EAP_REQUEST,  5, { 3, 7, 0, 5, 'x' } },
    /* Value-Size, too short for its value */
    { ERR_TRUNCATED, EAP_REQUEST,  4, { 1, 7, 0, 4 } },
    { ERR_LENGTH,    EAP_REQUEST,  5, { 1, 7, 0, 5, 0 } },
    { ERR_TRUNCATED, EAP_REQUEST,  5, { 1, 7, 0, 5, 16 } },
    { ERR_TRUNCATED, EAP_RESPONSE, 5, { 2, 7, 0, 5, 49 } },
    { ERR_LENGTH,    EAP_RESPONSE, 6, { 2, 7, 0, 6, 1, 1 } },
    /* OpCodes that do not exist, or not in this direction */
    { ERR_UNKNOWN,   EAP_REQUEST,  4, { 0, 7, 0, 4 } },
    { ERR_UNKNOWN,   EAP_REQUEST,  4, { 2, 7, 0, 4 } },
    { ERR_UNKNOWN,   EAP_REQUEST,  4, { 5, 7, 0, 4 } },
    { ERR_UNKNOWN,   EAP_REQUEST,  4, { 7, 7, 0, 4 } },
    { ERR_UNKNOWN,   EAP_RESPONSE, 4, { 1, 7, 0, 4 } },
    { ERR_UNKNOWN,   EAP_RESPONSE, 4, { 255, 7, 0, 4 } },
    { 0,             EAP_RESPONSE, 4, { 7, 7, 0, 4 } },
    /* clang-format on */
};

static void mschap_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mschap_rows) / sizeof(mschap_rows[0]); i++) {
        struct eap_mschap m = { .op = 99 };
        /* A copy of exactly that size, so that a byte beyond is seen by the sanitizer. */
        size_t n = mschap_rows[i].n;
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, mschap_rows[i].bytes, n);
        int err = eap_mschap_parse(slice_of(copy, n), mschap_rows[i].code, &m);
        if (err != mschap_rows[i].want)
            print_error("row %zu\n", i);
        assert_int_equal(err, mschap_rows[i].want);
        assert_int_equal(m.op, err < 0 ? 99 : mschap_rows[i].bytes[0]);
        free(copy);
    }
}

static void value_sizes(void **state)
{
    (void)state;
    static const struct {
        uint8_t code, op;
        size_t right;
    } rows[] = { { EAP_REQUEST, EAP_MSCHAP_CHALLENGE, 16 }, { EAP_RESPONSE, EAP_MSCHAP_RESPONSE, 49 } };
    uint8_t buf[300] = { 0 };

    for (size_t k = 0; k < 2; k++) {
        for (size_t size = 0; size <= 255; size++) {
            struct wr w = wr_of(buf, sizeof(buf));
            struct eap_mschap m;
            wr_u8(&w, rows[k].op);
            wr_u8(&w, 9);
            wr_u16(&w, (unsigned)(5 + size + 2));
            wr_u8(&w, (unsigned)size);
            wr_zero(&w, size);
            wr_str(&w, "me");
            int err = eap_mschap_parse(wr_slice(&w), rows[k].code, &m);
            assert_int_equal(err, size == rows[k].right ? 0 : ERR_LENGTH);
            if (err == 0) {
                assert_int_equal(m.ms_id, 9);
                assert_int_equal(m.value.n, size);
                assert_true(slice_eq(m.name, slice_str("me")));
            }
        }
    }
}

static void mschap_round_trip(void **state)
{
    (void)state;
    static uint8_t value[49];
    const struct {
        uint8_t code;
        struct eap_mschap m;
    } rows[] = {
        { EAP_REQUEST, { EAP_MSCHAP_CHALLENGE, 5, slice_of(value, 16), slice_str("srv"), { 0 } } },
        { EAP_RESPONSE, { EAP_MSCHAP_RESPONSE, 5, slice_of(value, 49), slice_str("D\\u"), { 0 } } },
        { EAP_REQUEST, { EAP_MSCHAP_SUCCESS, 5, { 0 }, { 0 }, slice_str("S=…") } },
        { EAP_REQUEST, { EAP_MSCHAP_FAILURE, 5, { 0 }, { 0 }, slice_str("E=691") } },
        { EAP_RESPONSE, { EAP_MSCHAP_SUCCESS, 0, { 0 }, { 0 }, { 0 } } },
        { EAP_RESPONSE, { EAP_MSCHAP_FAILURE, 0, { 0 }, { 0 }, { 0 } } },
    };
    uint8_t buf[256];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wr w = wr_of(buf, sizeof(buf));
        struct eap_pkt pkt;
        struct eap_mschap m;
        eap_mschap_put(&w, rows[i].code, 77, &rows[i].m);
        assert_int_equal(parse(buf, wr_len(&w), &pkt), 0);
        assert_int_equal(pkt.id, 77);
        assert_int_equal(pkt.type, EAP_TYPE_MSCHAPV2);
        assert_int_equal(eap_mschap_parse(pkt.data, pkt.code, &m), 0);
        assert_int_equal(m.op, rows[i].m.op);
        assert_int_equal(m.ms_id, rows[i].m.ms_id);
        assert_true(slice_eq(m.value, rows[i].m.value));
        assert_true(slice_eq(m.name, rows[i].m.name));
        assert_true(slice_eq(m.text, rows[i].m.text));
        if (rows[i].code == EAP_RESPONSE && rows[i].m.op != EAP_MSCHAP_RESPONSE)
            assert_int_equal(wr_len(&w), 6); /* [MS-CHAP] 2.2: the OpCode and nothing else */
        for (size_t cut = 0; cut < wr_len(&w); cut++)
            assert_int_equal(parse(buf, cut, &pkt), ERR_TRUNCATED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),        cmocka_unit_test(expanded),    cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(mschap_lengths), cmocka_unit_test(value_sizes), cmocka_unit_test(mschap_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

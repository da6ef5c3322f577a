/* The texts of MS-CHAPv2's Success and Failure: RFC 2759's forms, other people's forms, and nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/mschap_text.h"

#define S40 "407A5589115FD0D6209F510FE9C04566932CDA56" /* RFC 2759 9.2 */
#define C32 "000102030405060708090A0B0C0D0E0F"

static void success_rows(void **state)
{
    (void)state;
    static const struct {
        int want;
        const char *text;
        const char *message;
    } rows[] = {
        { 0, "S=" S40, "" },
        { 0, "S=" S40 " M=Welcome back", "Welcome back" },
        { 0, "S=" S40 " M=", "" },
        { 0, "S=" S40 "   M= two  blanks ", " two  blanks " },
        { 0, "  S=" S40 "  ", "" },
        { 0, "S=" S40 " M=S=" S40, "S=" S40 }, /* M= runs to the end, whatever it says */
        { 0, "S=407a5589115fd0d6209f510fe9c04566932cda56", "" },
        { 0, "X=1 S=" S40, "" },
        { 0, "welcome S=" S40, "" },
        { ERR_MISSING, "", NULL },
        { ERR_MISSING, " ", NULL },
        { ERR_MISSING, "M=Hello", NULL },
        { ERR_MISSING, "M=S=" S40, NULL }, /* a proof inside the message is none */
        { ERR_MISSING, "M= S=" S40, NULL },
        { ERR_MISSING, "s=" S40, NULL },
        { ERR_MISSING, "XS=" S40, NULL },
        { ERR_MISSING, "S", NULL },
        { ERR_VALUE, "S=", NULL },
        { ERR_VALUE, "S= " S40, NULL },
        { ERR_VALUE, "S=" S40 "0", NULL },
        { ERR_VALUE, "S=" S40 "M=x", NULL },
        { ERR_VALUE, "S=407A5589115FD0D6209F510FE9C04566932CDA5", NULL },
        { ERR_VALUE, "S=407A5589115FD0D6209F510FE9C04566932CDA5G", NULL },
        { ERR_VALUE, "S=407A5589115FD0D6209F510FE9C04566932CDA5\n", NULL },
        { ERR_DUPLICATE, "S=" S40 " S=" S40, NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mschap_success s;
        memset(&s, 0x55, sizeof(s));
        int err = mschap_success_parse(slice_str(rows[i].text), &s);
        if (err != rows[i].want)
            print_error("row %zu: %s\n", i, rows[i].text);
        assert_int_equal(err, rows[i].want);
        if (err < 0) {
            assert_int_equal(s.auth_response[0], 0x55); /* untouched */
            continue;
        }
        assert_int_equal(s.auth_response[0], 0x40);
        assert_int_equal(s.auth_response[1], 0x7a);
        assert_int_equal(s.auth_response[19], 0x56);
        assert_true(slice_eq(s.message, slice_str(rows[i].message)));
    }
}

static const struct {
    int want;
    const char *text;
    uint32_t error;
    bool retry;
    bool has_challenge;
    uint32_t version;
    const char *message;
} failures[] = {
    { 0, "E=691 R=1 C=" C32 " V=3 M=Wrong password", 691, true, true, 3, "Wrong password" },
    { 0, "E=691 R=0 C=" C32 " V=3", 691, false, true, 3, "" },
    { 0, "E=647", 647, false, false, 0, "" },
    { 0, "V=3 C=" C32 " R=1 E=648 M=x", 648, true, true, 3, "x" },
    { 0, "E=0000000691", 691, false, false, 0, "" },
    { 0, "E=0", 0, false, false, 0, "" },
    { 0, "E=4294967295 V=4294967295", 4294967295u, false, false, 4294967295u, "" },
    { 0, "E=691 R=0 M=E=0 R=1", 691, false, false, 0, "E=0 R=1" },
    { 0, "Failure E=691 Q=7", 691, false, false, 0, "" },
    { ERR_VALUE, "E=691\tR=1", 0, false, false, 0, NULL }, /* a tab separates nothing */
    { ERR_MISSING, "", 0, false, false, 0, NULL },
    { ERR_MISSING, "R=1 C=" C32, 0, false, false, 0, NULL },
    { ERR_MISSING, "M=E=691", 0, false, false, 0, NULL },
    { ERR_MISSING, "Go away", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=-1", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=69x", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=4294967296", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=9999999999", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=00000000691", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=99999999999999999999999999", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 R=2", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 R=", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 R=11", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 C=", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 C=" C32 "0", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 C=0001", 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 C=" C32 C32, 0, false, false, 0, NULL },
    { ERR_VALUE, "E=691 V=three", 0, false, false, 0, NULL },
    { ERR_DUPLICATE, "E=691 E=0", 0, false, false, 0, NULL },
    { ERR_DUPLICATE, "E=691 R=0 R=1", 0, false, false, 0, NULL },
};

static void failure_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct mschap_failure f;
        memset(&f, 0x55, sizeof(f));
        int err = mschap_failure_parse(slice_str(failures[i].text), &f);
        if (err != failures[i].want)
            print_error("row %zu: %s\n", i, failures[i].text);
        assert_int_equal(err, failures[i].want);
        if (err < 0) {
            assert_int_equal(f.error, 0x55555555);
            continue;
        }
        assert_int_equal(f.error, failures[i].error);
        assert_int_equal(f.retry, failures[i].retry);
        assert_int_equal(f.has_challenge, failures[i].has_challenge);
        assert_int_equal(f.version, failures[i].version);
        assert_true(slice_eq(f.message, slice_str(failures[i].message)));
        for (uint8_t k = 0; failures[i].has_challenge && k < 16; k++)
            assert_int_equal(f.challenge[k], k);
    }
}

static void hostile_bytes(void **state)
{
    (void)state;
    static const char nul[] = "E=691 M=a\0b\x1b[2J\xff";
    struct mschap_failure f;
    struct mschap_success s;
    uint8_t bytes[64];

    assert_int_equal(mschap_failure_parse(slice_of(nul, sizeof(nul) - 1), &f), 0);
    assert_int_equal(f.message.n, sizeof(nul) - 1 - 8); /* a NUL ends nothing */
    /* Every byte in the first place of each kind of value, and texts of one repeated byte. */
    for (unsigned b = 0; b < 256; b++) {
        memset(bytes, (int)b, sizeof(bytes));
        (void)!mschap_success_parse(slice_of(bytes, sizeof(bytes)), &s);
        assert_true(mschap_failure_parse(slice_of(bytes, sizeof(bytes)), &f) < 0);
        memcpy(bytes, "E=", 2);
        memset(bytes + 3, ' ', sizeof(bytes) - 3);
        int err = mschap_failure_parse(slice_of(bytes, sizeof(bytes)), &f);
        assert_int_equal(err, b >= '0' && b <= '9' ? 0 : ERR_VALUE);
    }
}

static void text_is(const struct wr *w, const char *want)
{
    assert_int_equal(wr_len(w), strlen(want));
    assert_memory_equal(w->buf, want, strlen(want));
}

static void writes(void **state)
{
    (void)state;
    uint8_t buf[256];
    struct mschap_success s = { 0 };
    struct mschap_failure f = { .error = 691, .retry = true, .has_challenge = true, .version = 3 };

    assert_int_equal(mschap_success_parse(slice_str("S=" S40), &s), 0);
    struct wr w = wr_of(buf, sizeof(buf));
    mschap_success_put(&w, &s);
    text_is(&w, "S=" S40);
    assert_int_equal(wr_len(&w), MSCHAP_SUCCESS_TEXT_LEN);
    s.message = slice_str("hi there");
    w = wr_of(buf, sizeof(buf));
    mschap_success_put(&w, &s);
    text_is(&w, "S=" S40 " M=hi there");

    for (uint8_t i = 0; i < 16; i++)
        f.challenge[i] = i;
    w = wr_of(buf, sizeof(buf));
    mschap_failure_put(&w, &f);
    text_is(&w, "E=691 R=1 C=" C32 " V=3");
    f = (struct mschap_failure){ .error = 4294967295u, .message = slice_str("no") };
    w = wr_of(buf, sizeof(buf));
    mschap_failure_put(&w, &f);
    text_is(&w, "E=4294967295 R=0 V=0 M=no");
    f.error = 0;
    w = wr_of(buf, sizeof(buf));
    mschap_failure_put(&w, &f);
    text_is(&w, "E=0 R=0 V=0 M=no");
    w = wr_of(buf, 15);
    mschap_failure_put(&w, &f);
    assert_int_equal(wr_len(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_rows),
        cmocka_unit_test(failure_rows),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

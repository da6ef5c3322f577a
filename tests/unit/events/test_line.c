/* One event as a line: form, quoting, escaping of hostile bytes, cutting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "events/events.h"

#include <stdio.h>

static char line[EVENT_LINE + 1];

static size_t make(enum event_id id, const char *call, const struct event_field *f)
{
    memset(line, 'Z', sizeof(line));
    return event_line(line, sizeof(line), 1795163400123, "worker0", id, call, f);
}
#define MAKE(id, call, ...)                                                                                            \
    make(id, call, (const struct event_field[]){ __VA_ARGS__ __VA_OPT__(, ){ .kind = FIELD_END } })

static void test_form(void **state)
{
    (void)state;
    size_t n = MAKE(EV_SESSION_UP, "ABC-1", F_TEXT("user", "alice"), F_NUM("bytes", 0xffffffffffffffffu),
                    F_HEX("hash", slice_of("\x00\xff\x10", 3)));
    assert_string_equal(line, "2026-11-20T08:30:00.123Z notice 1101 SESSION_UP worker0 call={ABC-1} user=alice "
                              "bytes=18446744073709551615 hash=00ff10: a session is up\n");
    assert_int_equal(n, strlen(line));
}

static void test_warning_says_what_to_do(void **state)
{
    (void)state;
    MAKE(EV_AUTH_REFUSED, NULL, F_TEXT("reason", "wrong password"));
    char *todo = strstr(line, "; read the reason");
    assert_non_null(todo);
    assert_non_null(strstr(line, " AUTH_REFUSED worker0 reason=\"wrong password\": authentication was refused; "));
    MAKE(EV_SESSION_DOWN, NULL);
    assert_null(strstr(line, "nothing to do"));
}

static void test_call(void **state)
{
    (void)state;
    MAKE(EV_SESSION_UP, "{ABC}");
    assert_non_null(strstr(line, " call={ABC}: "));
    MAKE(EV_SESSION_UP, "");
    assert_null(strstr(line, "call="));
    MAKE(EV_SESSION_UP, "a} user=root {b\n\x1b");
    assert_non_null(strstr(line, " call={a??user=root??b\\x0a\\x1b}: "));
    char longer[200];
    memset(longer, 'x', sizeof(longer));
    longer[199] = 0;
    MAKE(EV_SESSION_UP, longer);
    assert_int_equal(strspn(strstr(line, "{") + 1, "x"), 64);
}

static void value_is(const void *p, size_t n, const char *want)
{
    char expect[3000];
    MAKE(EV_SESSION_UP, NULL, F_BYTES("v", slice_of(p, n)));
    snprintf(expect, sizeof(expect), " v=%s: a session is up\n", want);
    assert_non_null(strstr(line, expect));
}

static void test_escaping(void **state)
{
    (void)state;
    value_is("", 0, "\"\"");
    value_is("plain-1.2:3/4@x", 15, "plain-1.2:3/4@x");
    value_is("two words", 9, "\"two words\"");
    value_is("a\nb", 3, "\"a\\x0ab\"");
    value_is("a\r\nerror 7 X", 12, "\"a\\x0d\\x0aerror 7 X\"");
    value_is("\x1b[2J", 4, "\"\\x1b[2J\"");
    value_is("\0\0", 2, "\"\\x00\\x00\"");
    value_is("\"quoted\\\"", 9, "\"\\\"quoted\\\\\\\"\"");
    value_is("J\xc3\xbcrgen", 7, "\"J\\xc3\\xbcrgen\"");
    value_is("\x7f\x80\x9b", 3, "\"\\x7f\\x80\\x9b\"");
    value_is("a=b;c", 5, "\"a=b;c\"");
    value_is("'", 1, "\"'\"");
}

/* Every byte value in every position of a field: the line stays one line of printable ASCII. */
static void test_every_byte(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        uint8_t v[3] = { (uint8_t)c, 'x', (uint8_t)c };
        char text[4] = { (char)c, 'x', (char)c, 0 };
        size_t n = MAKE(EV_AUTH_REFUSED, text, F_BYTES("b", slice_of(v, 3)), F_TEXT("t", text));
        for (size_t i = 0; i + 1 < n; i++)
            assert_true(line[i] >= 0x20 && line[i] < 0x7f);
        assert_int_equal(line[n - 1], '\n');
    }
}

static void test_cutting(void **state)
{
    (void)state;
    char big[400], want[400];
    static const size_t lengths[] = { 255, 256, 257, 300, 400 };
    memset(big, 'a', sizeof(big));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t kept = lengths[i] < EVENT_CUT ? lengths[i] : EVENT_CUT;
        memset(want, 'a', kept);
        strcpy(want + kept, lengths[i] > EVENT_CUT ? "..." : "");
        value_is(big, lengths[i], want);
    }
}

static void test_null_text_is_left_out(void **state)
{
    (void)state;
    MAKE(EV_SESSION_UP, NULL, F_TEXT("a", NULL), F_TEXT("b", "x"));
    assert_null(strstr(line, "a="));
    assert_non_null(strstr(line, " worker0 b=x: "));
}

/* However much there is to say, the line ends with its sentences and one newline, within EVENT_LINE. */
static void test_whole_line_is_bounded(void **state)
{
    (void)state;
    uint8_t bad[1000];
    memset(bad, 0x80, sizeof(bad));
    struct slice s = slice_of(bad, sizeof(bad));
    size_t n = MAKE(EV_AUTH_REFUSED, "id", F_BYTES("a", s), F_BYTES("b", s), F_HEX("c", s), F_BYTES("d", s),
                    F_BYTES("e", s), F_BYTES("f", s));
    assert_true(n <= EVENT_LINE);
    assert_int_equal(line[n], 0);
    assert_int_equal(strlen(line), n);
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    assert_non_null(strstr(line, "... : authentication was refused; "));
}

static void test_unknown_id(void **state)
{
    (void)state;
    unsigned unknown = 999999;
    MAKE((enum event_id)unknown, NULL);
    assert_non_null(strstr(line, " error 999999 UNKNOWN worker0: an event that"));
}

static void test_odd_times(void **state)
{
    (void)state;
    const struct event_field end = { .kind = FIELD_END };
    event_line(line, sizeof(line), 0, "r", EV_STARTED, NULL, &end);
    assert_memory_equal(line, "1970-01-01T00:00:00.000Z ", 25);
    size_t n = event_line(line, sizeof(line), UINT64_MAX, "r", EV_STARTED, NULL, &end);
    assert_int_equal(line[n - 1], '\n');
}

/* For a person: no time, number or call where nothing is wrong; all of them, and what to do, where something is. */
static void test_plain(void **state)
{
    (void)state;
    char out[EVENT_LINE + 1];
    const struct event_field f[] = { F_TEXT("interface", "sstp0"),
                                     F_BYTES("name", slice_str("a\nb")),
                                     { .kind = FIELD_END } };
    size_t n = event_line_plain(out, sizeof(out), "adit", EV_CLIENT_INTERFACE_UP, "X-1", f);
    assert_string_equal(out, "adit: the tunnel is up: interface=sstp0 name=\"a\\x0ab\"\n");
    assert_int_equal(n, strlen(out));
    event_line_plain(out, sizeof(out), "adit", EV_CLIENT_LOST, "X-1", &f[2]);
    assert_string_equal(
        out,
        "adit: the connection to the server was lost; check the network and connect again (event 1622 call={X-1})\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_warning_says_what_to_do),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_null_text_is_left_out),
        cmocka_unit_test(test_whole_line_is_bounded),
        cmocka_unit_test(test_unknown_id),
        cmocka_unit_test(test_odd_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

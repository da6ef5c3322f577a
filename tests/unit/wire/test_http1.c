/* One HTTP/1.1 head: what is taken, and the many ways in which it is not. */
#include "wire/http1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define GET "GET / HTTP/1.1\r\n"

static int request(const char *text, struct http1_head *h)
{
    return http1_request(slice_str(text), h);
}

static int response(const char *text, struct http1_head *h)
{
    return http1_response(slice_str(text), h);
}

static void is(struct slice s, const char *text)
{
    if (!slice_eq(s, slice_str(text)))
        fail_msg("'%.*s' is not '%s'", (int)s.n, (const char *)s.p, text);
}

static void reads_a_request(void **state)
{
    (void)state;
    struct http1_head h;
    assert_int_equal(
        request("SSTP_DUPLEX_POST /a{b}?c=d HTTP/1.1\r\nHost:a.b\r\nX-Empty:\r\nY: \t two words \t\r\n\r\n", &h), 0);
    is(h.method, "SSTP_DUPLEX_POST");
    is(h.target, "/a{b}?c=d");
    is(h.line, "SSTP_DUPLEX_POST /a{b}?c=d HTTP/1.1");
    assert_int_equal(h.major, 1);
    assert_int_equal(h.minor, 1);
    assert_int_equal(h.n_fields, 3);
    is(http1_find(&h, "host", NULL)->value, "a.b");
    is(http1_find(&h, "X-EMPTY", NULL)->value, "");
    is(http1_find(&h, "y", NULL)->value, "two words");
    assert_null(http1_find(&h, "hos", NULL));
    assert_false(h.has_content_length);
}

static void counts_repeated_fields(void **state)
{
    (void)state;
    struct http1_head h;
    unsigned n;
    assert_int_equal(request(GET "A: 1\r\nB: 2\r\na: 3\r\n\r\n", &h), 0);
    is(http1_find(&h, "A", &n)->value, "1");
    assert_int_equal(n, 2);
    assert_null(http1_find(&h, "C", &n));
    assert_int_equal(n, 0);
}

static void reads_a_response(void **state)
{
    (void)state;
    struct http1_head h;
    assert_int_equal(response("HTTP/1.1 200 OK\r\n\r\n", &h), 0);
    assert_int_equal(h.status, 200);
    is(h.reason, "OK");
    assert_int_equal(response("HTTP/1.0 404 Not Found\r\n\r\n", &h), 0);
    assert_int_equal(h.minor, 0);
    is(h.reason, "Not Found");
    /* [CAP]: an empty reason after a blank. */
    assert_int_equal(response("HTTP/1.1 200 \r\n\r\n", &h), 0);
    is(h.reason, "");
}

static void content_length_has_64_bits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } table[] = {
        { "0", true, 0 },
        { "9223372036854775807", true, INT64_MAX },
        { "9223372036854775808", true, (uint64_t)INT64_MAX + 1 },
        { "18446744073709551615", true, UINT64_MAX },
        { "018446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
        { "18446744073709551620", false, 0 },
        { "99999999999999999999", false, 0 },
        { "184467440737095516150", false, 0 },
        { "-1", false, 0 },
        { "+1", false, 0 },
        { "", false, 0 },
        { "1 2", false, 0 },
        { "1,1", false, 0 },
        { "0x10", false, 0 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[128];
        struct http1_head h;
        snprintf(text, sizeof text, GET "content-length: %s\r\n\r\n", table[i].text);
        int e = request(text, &h);
        if (e != (table[i].ok ? 0 : ERR_VALUE))
            fail_msg("%s: %d", table[i].text, e);
        if (table[i].ok)
            assert_true(h.has_content_length && h.content_length == table[i].value);
    }
    struct http1_head h;
    assert_int_equal(request(GET "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", &h), ERR_DUPLICATE);
}

static void refuses_bad_requests(void **state)
{
    (void)state;
    static const char *const table[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / \r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /  HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.11\r\n\r\n",
        "GET / HTTP/11\r\n\r\n",
        "GET / HTTP/a.1\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET / HTTPS/1.1\r\n\r\n",
        "G@T / HTTP/1.1\r\n\r\n",
        "GET\t/ HTTP/1.1\r\n\r\n",
        "GET /\x80 HTTP/1.1\r\n\r\n",
        "GET /\x7f HTTP/1.1\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\n\r\n",
        GET "A\r\n\r\n",
        GET ": 1\r\n\r\n",
        GET "A : 1\r\n\r\n",
        GET " A: 1\r\n\r\n",
        GET "A: 1\r\n 2\r\n\r\n",
        GET "A: 1\r\n\t2\r\n\r\n",
        GET "A(): 1\r\n\r\n",
        GET "A\x80: 1\r\n\r\n",
        GET "A: \x01\r\n\r\n",
        GET "A: \x7f\r\n\r\n",
        GET "A: 1\n\r\n",
        GET "A: 1\r\r\n\r\n",
        "GET / HTTP/1.1\n\n",
        GET "A: 1\r\n",                 /* no empty line */
        GET "A: 1\r\n\r\nB: 2\r\n\r\n", /* something after it */
        GET "A: 1",
        GET,
        "",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http1_head h = { .status = 77 };
        int e = request(table[i], &h);
        if (e != ERR_VALUE)
            fail_msg("row %zu: %d", i, e);
        assert_int_equal(h.status, 77);
    }
    struct http1_head h;
    assert_int_equal(http1_request(slice_of(GET "A: \0\r\n\r\n", sizeof GET "A: \0\r\n\r\n" - 1), &h), ERR_VALUE);
}

static void refuses_bad_responses(void **state)
{
    (void)state;
    static const char *const table[] = {
        "HTTP/1.1 200\r\n\r\n",    "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",  "HTTP/1. 200 OK\r\n\r\n", "HTTP 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",      "SSH-2.0-x\r\n\r\n",        "HTTP/1.1\r\n\r\n",       "HTTP/1.1 -20 OK\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http1_head h;
        int e = response(table[i], &h);
        if (e != ERR_VALUE)
            fail_msg("%s: %d", table[i], e);
    }
}

static void number_of_fields_is_bounded(void **state)
{
    (void)state;
    for (int n = HTTP1_FIELDS_MAX - 1; n <= HTTP1_FIELDS_MAX + 1; n++) {
        char text[1024] = GET;
        for (int i = 0; i < n; i++)
            strcat(text, "A: 1\r\n");
        strcat(text, "\r\n");
        struct http1_head h;
        assert_int_equal(request(text, &h), n <= HTTP1_FIELDS_MAX ? 0 : ERR_LENGTH);
    }
}

static void scan_finds_the_end_wherever_the_bytes_are_cut(void **state)
{
    (void)state;
    static const char text[] = GET "A: 1\r\n\r\nsurplus";
    const size_t head = sizeof GET "A: 1\r\n\r\n" - 1;
    for (size_t cut = 0; cut < sizeof text - 1; cut++) {
        size_t scanned = 0;
        struct rd r = rd_of(text, cut);
        assert_int_equal(http1_scan(&r, &scanned), cut >= head ? (int)head : 0);
        assert_true(scanned <= cut);
        r = rd_of(text, sizeof text - 1);
        assert_int_equal(http1_scan(&r, &scanned), (int)head);
        assert_int_equal(rd_left(&r), sizeof text - 1); /* nothing taken */
        assert_int_equal(scanned, 0);
    }
}

/* What was looked at once is not looked at again: a slow drip costs as much as one piece. */
static void scan_looks_at_each_byte_once(void **state)
{
    (void)state;
    char text[64] = GET;
    size_t scanned = 0;
    struct rd r = rd_of(text, 10);
    assert_int_equal(http1_scan(&r, &scanned), 0);
    assert_int_equal(scanned, 10);
    text[3] = '\n'; /* would be refused, if it were looked at */
    r = rd_of(text, 12);
    assert_int_equal(http1_scan(&r, &scanned), 0);
    assert_int_equal(scanned, 12);
}

static void scan_refuses_early(void **state)
{
    (void)state;
    static const char *const table[] = { "\n", "\x16\x03\x01", "GET /\n", "GET /\rx", "GET /\r\r", "A\x7f", "\x1b" };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t scanned = 0;
        struct rd r = rd_of(table[i], strlen(table[i]));
        assert_int_equal(http1_scan(&r, &scanned), ERR_VALUE);
    }
    size_t scanned = 0;
    struct rd r = rd_of("A\0", 2);
    assert_int_equal(http1_scan(&r, &scanned), ERR_VALUE);
}

static void scan_is_bounded(void **state)
{
    (void)state;
    static char big[HTTP1_HEAD_MAX + 8];
    for (int off = -1; off <= 1; off++) {
        size_t n = (size_t)(HTTP1_HEAD_MAX + off);
        memset(big, 'a', sizeof big);
        memcpy(big + n - 4, "\r\n\r\n", 4);
        size_t scanned = 0;
        struct rd r = rd_of(big, n);
        assert_int_equal(http1_scan(&r, &scanned), off <= 0 ? (int)n : ERR_LENGTH);
    }
    memset(big, 'a', sizeof big);
    size_t scanned = 0;
    struct rd r = rd_of(big, HTTP1_HEAD_MAX - 1);
    assert_int_equal(http1_scan(&r, &scanned), 0);
    r = rd_of(big, HTTP1_HEAD_MAX);
    assert_int_equal(http1_scan(&r, &scanned), ERR_LENGTH);
}

/* The two heads of the capture; the file shows \r\n as escapes and leaves out the empty line. */
static void windows_heads_are_read(void **state)
{
    (void)state;
    static char line[16384];
    static char text[16384];
    unsigned heads = 0;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *p = line[0] == '#' ? NULL : strstr(line, " http '");
        if (!p)
            continue;
        size_t n = 0;
        for (p += 7; *p && *p != '\''; p++) {
            bool escape = p[0] == '\\' && (p[1] == 'r' || p[1] == 'n');
            text[n++] = escape ? (p[1] == 'r' ? '\r' : '\n') : *p;
            p += escape;
        }
        memcpy(text + n, "\r\n\r\n", 5);
        n += 4;
        struct http1_head h;
        size_t scanned = 0;
        struct rd r = rd_of(text, n);
        assert_int_equal(http1_scan(&r, &scanned), (int)n);
        bool client = strstr(line, " C ") != NULL;
        assert_int_equal(client ? request(text, &h) : response(text, &h), 0);
        assert_true(h.has_content_length && h.content_length == UINT64_MAX);
        if (client)
            is(h.fields[0].name, "SSTPCORRELATIONID");
        else
            assert_true(h.status == 200 && h.reason.n == 0);
        heads++;
    }
    fclose(f);
    assert_int_equal(heads, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request),
        cmocka_unit_test(counts_repeated_fields),
        cmocka_unit_test(reads_a_response),
        cmocka_unit_test(content_length_has_64_bits),
        cmocka_unit_test(refuses_bad_requests),
        cmocka_unit_test(refuses_bad_responses),
        cmocka_unit_test(number_of_fields_is_bounded),
        cmocka_unit_test(scan_finds_the_end_wherever_the_bytes_are_cut),
        cmocka_unit_test(scan_looks_at_each_byte_once),
        cmocka_unit_test(scan_refuses_early),
        cmocka_unit_test(scan_is_bounded),
        cmocka_unit_test(windows_heads_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Domain names on the wire: RFC 3397's own example, compression both ways, and names that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/dns_name.h"

/* RFC 3397 2: "eng.apple.com." and "marketing.apple.com." (the example splits them over two options). */
static const uint8_t apple[] = { 3, 'e', 'n', 'g', 5,   'a', 'p', 'p', 'l', 'e', 3,   'c',  'o', 'm',
                                 0, 9,   'm', 'a', 'r', 'k', 'e', 't', 'i', 'n', 'g', 0xc0, 4 };

static void test_rfc3397(void **state)
{
    (void)state;
    struct dns_name names[4] = { 0 };
    unsigned n = 99;
    assert_int_equal(dns_names_read(slice_of(apple, sizeof apple), true, names, 4, &n), 0);
    assert_int_equal(n, 2);
    assert_string_equal(names[0].text, "eng.apple.com");
    assert_string_equal(names[1].text, "marketing.apple.com");
    uint8_t buf[64];
    struct wr w = wr_of(buf, sizeof buf);
    wr_u8(&w, 0xaa); /* pointers count from where the list begins */
    dns_names_put_compressed(&w, names, 2);
    assert_int_equal(wr_len(&w), sizeof apple + 1);
    assert_memory_equal(buf + 1, apple, sizeof apple);
    /* the same list without compression is refused */
    n = 99;
    assert_int_equal(dns_names_read(slice_of(apple, sizeof apple), false, names, 4, &n), ERR_VALUE);
    assert_int_equal(n, 99);
    assert_int_equal(dns_names_read(slice_of(apple, sizeof apple), true, names, 1, &n), 0);
    assert_int_equal(n, 1);
}

static void test_cut(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof apple; n++) {
        struct dns_name names[4];
        unsigned got = 99;
        int e = dns_names_read(slice_of(apple, n), true, names, 4, &got);
        if (n == 15) { /* just the first name */
            assert_int_equal(e, 0);
            assert_int_equal(got, 1);
            continue;
        }
        assert_int_equal(e, n ? ERR_TRUNCATED : ERR_MISSING);
        assert_int_equal(got, 99);
    }
}

struct bad {
    const char *what;
    uint8_t bytes[8];
    size_t n;
    int error;
};

static void test_bad(void **state)
{
    (void)state;
    static const struct bad bads[] = {
        { "root alone", { 0 }, 1, ERR_VALUE },
        { "pointer to itself", { 0xc0, 0 }, 2, ERR_VALUE },
        { "pointer forward", { 0xc0, 2, 1, 'a', 0 }, 5, ERR_VALUE },
        { "pointer beyond the end", { 0xff, 0xff }, 2, ERR_VALUE },
        { "half a pointer", { 0xc0 }, 1, ERR_TRUNCATED },
        { "label, then pointer to its own name", { 1, 'a', 0xc0, 0 }, 4, ERR_VALUE },
        { "two pointers round and round", { 1, 'a', 0, 0xc0, 5, 0xc0, 3 }, 7, ERR_VALUE },
        { "label type 01", { 0x41, 'a', 0 }, 3, ERR_VALUE },
        { "label type 10", { 0x81, 'a', 0 }, 3, ERR_VALUE },
        { "space", { 2, 'a', ' ', 0 }, 4, ERR_VALUE },
        { "dot inside a label", { 3, 'a', '.', 'b', 0 }, 5, ERR_VALUE },
        { "NUL inside a label", { 2, 'a', 0, 0 }, 4, ERR_VALUE },
        { "newline", { 2, 'a', '\n', 0 }, 4, ERR_VALUE },
        { "not ASCII", { 2, 0xc3, 0xa4, 0 }, 4, ERR_VALUE },
        { "looks like an option", { 2, '-', 'x', 0 }, 4, ERR_VALUE },
        { "label longer than the bytes", { 5, 'a', 'b', 0 }, 4, ERR_TRUNCATED },
        { "no end", { 1, 'a' }, 2, ERR_TRUNCATED },
    };
    for (unsigned i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        struct dns_name names[2];
        unsigned n = 99;
        int e = dns_names_read(slice_of(bads[i].bytes, bads[i].n), true, names, 2, &n);
        if (e != bads[i].error)
            print_error("%s: %d\n", bads[i].what, e);
        assert_int_equal(e, bads[i].error);
        assert_int_equal(n, 99);
    }
}

/* Failure leaves reader and name as they were. */
static void test_untouched(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 1, 'a', 2, 'b' };
    struct rd r = rd_of(bytes, sizeof bytes);
    struct dns_name name = { "before" };
    assert_int_equal(dns_name_read(&r, slice_of(NULL, 0), &name), ERR_TRUNCATED);
    assert_string_equal(name.text, "before");
    assert_int_equal(rd_left(&r), 4);
    assert_true(rd_ok(&r));
}

/* 255 bytes on the wire are the most: three labels of 63 and one of 61. */
static void test_longest(void **state)
{
    (void)state;
    char text[300];
    uint8_t buf[300];
    size_t n = 0;
    static const size_t labels[] = { 63, 63, 63, 61 };
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            text[n++] = '.';
        memset(text + n, 'a' + (int)i, labels[i]);
        n += labels[i];
    }
    text[n] = 0;
    assert_int_equal(n, 253);
    assert_true(dns_name_ok(text));
    struct wr w = wr_of(buf, sizeof buf);
    dns_name_put(&w, text);
    assert_int_equal(wr_len(&w), 255);
    struct dns_name name;
    struct rd r = rd_of(buf, 255);
    assert_int_equal(dns_name_read(&r, slice_of(NULL, 0), &name), 0);
    assert_string_equal(name.text, text);
    assert_int_equal(rd_left(&r), 0);
    text[n] = 'd';
    text[n + 1] = 0;
    assert_false(dns_name_ok(text));
    w = wr_of(buf, sizeof buf);
    dns_name_put(&w, text);
    assert_int_equal(wr_len(&w), 0);
    /* the same by hand on the wire: 62 in the last label */
    buf[192] = 62;
    memset(buf + 193, 'd', 62);
    buf[255] = 0;
    r = rd_of(buf, 256);
    assert_int_equal(dns_name_read(&r, slice_of(NULL, 0), &name), ERR_LENGTH);
}

static void test_ok(void **state)
{
    (void)state;
    static const char *good[] = { "a", "a.b", "corp.example.com", "_sip._tcp.x", "1.2", "a-b", "A" };
    static const char *bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a.-b", "a b", "a/b", "a\n", "\xc3\xa4" };
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(dns_name_ok(good[i]));
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(dns_name_ok(bad[i]));
    char label[70] = { 0 };
    memset(label, 'x', 63);
    assert_true(dns_name_ok(label));
    label[63] = 'x';
    assert_false(dns_name_ok(label));
}

/* Whole names and suffixes are shared; everything comes back as it went in. */
static void test_round_trip(void **state)
{
    (void)state;
    static const struct dns_name names[] = { { "corp.example.com" },     { "example.com" },
                                             { "a.b.corp.example.com" }, { "com" },
                                             { "corp.example.com" },     { "net" },
                                             { "example.net" },          { "b.corp.example.com" } };
    enum { N = sizeof names / sizeof names[0] };
    uint8_t buf[256];
    struct wr w = wr_of(buf, sizeof buf);
    dns_names_put_compressed(&w, names, N);
    assert_int_equal(wr_len(&w), 18 + 2 + 6 + 2 + 2 + 5 + 10 + 2);
    struct dns_name back[N];
    unsigned n = 0;
    assert_int_equal(dns_names_read(wr_slice(&w), true, back, N, &n), 0);
    assert_int_equal(n, N);
    for (unsigned i = 0; i < N; i++)
        assert_string_equal(back[i].text, names[i].text);
    for (size_t cap = 0; cap < 47; cap++) {
        w = wr_of(buf, cap);
        dns_names_put_compressed(&w, names, N);
        assert_int_equal(wr_len(&w), 0);
        assert_false(wr_ok(&w));
    }
    struct dns_name many[DNS_NAMES_MAX + 1] = { { "a" } };
    for (unsigned i = 0; i <= DNS_NAMES_MAX; i++)
        many[i] = many[0];
    w = wr_of(buf, sizeof buf);
    dns_names_put_compressed(&w, many, DNS_NAMES_MAX + 1);
    assert_false(wr_ok(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc3397),    cmocka_unit_test(test_cut),     cmocka_unit_test(test_bad),
        cmocka_unit_test(test_untouched),  cmocka_unit_test(test_longest), cmocka_unit_test(test_ok),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

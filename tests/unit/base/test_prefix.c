/* IP prefixes: text in both directions (RFC 4291 2.2, RFC 5952), membership. */
#include "base/err.h"
#include "base/prefix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct prefix parse(const char *text)
{
    struct prefix p = { 0 };
    if (prefix_parse(text, true, &p) != 0)
        fail_msg("not parsed: %s", text);
    return p;
}

static void prints_what_rfc_5952_wants(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        { "10.80.0.1", "10.80.0.1" },
        { "10.80.0.1/32", "10.80.0.1" },
        { "10.80.0.0/24", "10.80.0.0/24" },
        { "0.0.0.0/0", "0.0.0.0/0" },
        { "255.255.255.255", "255.255.255.255" },
        { "::", "::" },
        { "::/0", "::/0" },
        { "::1", "::1" },
        { "1::", "1::" },
        { "2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1" },
        { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* 4.2.2: one group is not shortened */
        { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },          /* 4.2.3: the longest run */
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },    /* 4.2.3: of two equal ones the first */
        { "2001:DB8::ABCD", "2001:db8::abcd" },             /* 4.3: lower case */
        { "1:2:3:4:5:6::", "1:2:3:4:5:6::" },
        { "::3:4:5:6:7:8", "::3:4:5:6:7:8" },
        { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
        { "0:0:1::", "0:0:1::" },
        { "64:ff9b::1.2.3.4", "64:ff9b::102:304" },
        { "::ffff:1.2.3.4", "::ffff:1.2.3.4" }, /* 5: mixed notation */
        { "::FFFF:0102:0304/120", "::ffff:1.2.3.4/120" },
        { "fd00::/8", "fd00::/8" },
        { "fd00:1:2:3:4:5:6:7/128", "fd00:1:2:3:4:5:6:7" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127" },
    };
    char buf[PREFIX_TEXT];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct prefix p = parse(table[i][0]);
        assert_string_equal(prefix_text(&p, buf), table[i][1]);
        struct prefix again = parse(buf);
        assert_true(prefix_eq(&p, &again));
    }
    struct prefix none = { 0 };
    assert_string_equal(prefix_text(&none, buf), "none");
}

/* clang-format off */
static const char *const no_prefixes[] = {
    "", " ", "/", "/8", "10", "10.1", "10.1.2", "10.1.2.3.4", "10.1.2.256", "10.1.2.03", "10.1.2.0x1", "10..2.3",
    "10.1.2.", ".1.2.3", "10.1.2.3/", "10.1.2.3/33", "10.1.2.3/-1", "10.1.2.3/08", "10.1.2.3/8 ", " 10.1.2.3",
    "10.1.2.3/8/8", "10.1.2.99999999999", "+1.2.3.4", ":", ":::", "::1::", "1::2::3", "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7", "12345::", "g::", "::/129", "::/", "::1%eth0", "1.2.3.4::", "::1.2.3", "::1.2.3.4.5",
    "::1.2.3.4:5", "::256.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4:", "[::1]", "::1 ", "example.com",
    "::ffff:",
};
/* clang-format on */

static void refuses_what_is_no_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof no_prefixes / sizeof no_prefixes[0]; i++) {
        struct prefix p = prefix_v4(0x01020304, 7);
        struct prefix before = p;
        if (prefix_parse(no_prefixes[i], true, &p) != ERR_VALUE)
            fail_msg("taken: '%s'", no_prefixes[i]);
        assert_true(prefix_eq(&p, &before));
    }
}

static void host_bits_are_refused_unless_allowed(void **state)
{
    (void)state;
    static const char *const table[] = { "10.1.2.1/24", "10.0.0.1/31", "128.0.0.0/0",
                                         "fd00::1/64",  "::1/127",     "8000::/0" };
    struct prefix p;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(prefix_parse(table[i], false, &p), ERR_VALUE);
        assert_int_equal(prefix_parse(table[i], true, &p), 0);
    }
    assert_int_equal(prefix_parse("10.1.2.1", false, &p), 0);
    assert_int_equal(prefix_parse("10.1.2.0/31", false, &p), 0);
    assert_int_equal(prefix_parse("0.0.0.0/0", false, &p), 0);
    assert_int_equal(prefix_parse("::/0", false, &p), 0);
}

static bool has(const char *prefix, const char *addr)
{
    struct prefix p = parse(prefix);
    struct prefix a = parse(addr);
    return prefix_has(&p, a.addr);
}

static void knows_what_lies_inside(void **state)
{
    (void)state;
    assert_true(has("10.80.0.0/24", "10.80.0.255"));
    assert_false(has("10.80.0.0/24", "10.80.1.0"));
    assert_true(has("10.80.0.0/25", "10.80.0.127"));
    assert_false(has("10.80.0.0/25", "10.80.0.128"));
    assert_true(has("10.80.0.1", "10.80.0.1"));
    assert_false(has("10.80.0.1", "10.80.0.0"));
    assert_true(has("0.0.0.0/0", "255.1.2.3"));
    assert_false(has("0.0.0.0/0", "fd00::1")); /* not every IPv6 address is an IPv4 one */
    assert_true(has("::/0", "fd00::1"));
    assert_true(has("fd00::/63", "fd00:0:0:1::5"));
    assert_false(has("fd00::/64", "fd00:0:0:1::5"));
    struct prefix none = { 0 };
    struct prefix a = parse("::1");
    assert_false(prefix_has(&none, a.addr));
}

static bool overlap(const char *a, const char *b)
{
    struct prefix x = parse(a);
    struct prefix y = parse(b);
    assert_int_equal(prefix_overlaps(&x, &y), prefix_overlaps(&y, &x));
    return prefix_overlaps(&x, &y);
}

static void knows_what_overlaps(void **state)
{
    (void)state;
    assert_true(overlap("10.0.0.0/8", "10.80.0.0/24"));
    assert_true(overlap("10.80.0.0/24", "10.80.0.0/24"));
    assert_false(overlap("10.80.0.0/24", "10.80.1.0/24"));
    assert_false(overlap("10.0.0.0/8", "fd00::/8"));
    assert_true(overlap("fd00::/8", "fd12::/16"));
    assert_false(overlap("fd00::/16", "fd01::/16"));
}

static void numbers_go_both_ways(void **state)
{
    (void)state;
    struct prefix p = prefix_v4(0x0a500001, 24);
    assert_true(prefix_v4_addr(&p) == 0x0a500001);
    struct prefix same = parse("10.80.0.1/24");
    assert_true(prefix_eq(&p, &same));
    p.len = 25;
    assert_false(prefix_eq(&p, &same));
    uint8_t a[16] = { 0xfd, [15] = 1 };
    p = prefix_v6(a, 64);
    same = parse("fd00::1/64");
    assert_true(prefix_eq(&p, &same));
}

static void none_is_one_byte(void **state)
{
    (void)state;
    uint8_t buf[40];
    struct wr w = wr_of(buf, sizeof buf);
    struct prefix none = { 0 }, p = parse("fd00:7::/56"), q = p;
    prefix_put_maybe(&w, &none);
    prefix_put_maybe(&w, &p);
    assert_int_equal(wr_len(&w), 1 + 18);
    struct rd r = rd_slice(wr_slice(&w));
    prefix_get_maybe(&r, &q);
    assert_int_equal(q.family, 0);
    prefix_get_maybe(&r, &q);
    assert_true(rd_end(&r));
    assert_true(prefix_eq(&p, &q));
    prefix_get_maybe(&r, &q); /* nothing left is not "none" */
    assert_false(rd_ok(&r));
    uint8_t five[18] = { 5, 8 };
    r = rd_of(five, sizeof five);
    prefix_get_maybe(&r, &q);
    assert_false(rd_ok(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_what_rfc_5952_wants),
        cmocka_unit_test(refuses_what_is_no_prefix),
        cmocka_unit_test(host_bits_are_refused_unless_allowed),
        cmocka_unit_test(knows_what_lies_inside),
        cmocka_unit_test(knows_what_overlaps),
        cmocka_unit_test(numbers_go_both_ways),
        cmocka_unit_test(none_is_one_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

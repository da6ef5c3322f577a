/* Names that may go into commands and paths, addresses as text, the digest of a kept file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "net/keep.h"
#include "net/sock.h"
#include "net/text.h"

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = { "a", "adit0", "eth0.100", "wlan-guest", "a_b", "fifteen-letters", "0" };
    static const char *const bad[] = {
        "",    ".",   "..",       ".x",  "-x", "a b", "a/b", "a\"b", "a;b", "a\n", "sixteen-letters-",
        "a%d", "a:1", "\xc3\xa9", "a$b", "a{b"
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(net_name_ok(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(net_name_ok(bad[i]));
    /* every byte alone and in the middle */
    for (int c = 1; c < 256; c++) {
        char name[] = { 'a', (char)c, 'b', 0 };
        bool want = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                    c == '.' || c == '-';
        assert_int_equal(net_name_ok(name), want);
    }
}

static void test_fail(void **state)
{
    (void)state;
    char err[256], long_text[400], small[4];

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = 0;
    assert_int_equal(net_fail(err, ERR_SYSTEM, "%s", long_text), ERR_SYSTEM);
    assert_int_equal(strlen(err), 255);
    assert_true(net_print(small, sizeof(small), "%s", "abc"));
    assert_false(net_print(small, sizeof(small), "%s", "abcd"));
}

static const char *shown(const char *addr, uint16_t port, char text[SOCK_TEXT])
{
    struct sockaddr_storage ss;
    struct prefix p, back;
    uint16_t got;

    assert_int_equal(prefix_parse(addr, false, &p), 0);
    assert_int_equal(sock_addr(&p, port, &ss),
                     p.family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    assert_int_equal(sock_prefix((struct sockaddr *)&ss, &back, &got), 0);
    assert_true(prefix_eq(&p, &back));
    assert_int_equal(got, port);
    return sock_text((struct sockaddr *)&ss, text);
}

static void test_addresses(void **state)
{
    (void)state;
    char text[SOCK_TEXT];

    assert_string_equal(shown("192.0.2.1", 443, text), "192.0.2.1:443");
    assert_string_equal(shown("0.0.0.0", 0, text), "0.0.0.0:0");
    assert_string_equal(shown("2001:db8::1", 65535, text), "[2001:db8::1]:65535");
    assert_string_equal(shown("::", 443, text), "[::]:443");
    assert_string_equal(shown("2001:db8:1111:2222:3333:4444:5555:6666", 65535, text),
                        "[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
    struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(443) };
    static const uint8_t bytes[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 };
    memcpy(&mapped.sin6_addr, bytes, 16);
    assert_string_equal(sock_text((struct sockaddr *)&mapped, text), "192.0.2.7:443");
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    struct prefix p = { .family = 77 };
    uint16_t port = 7;
    assert_string_equal(sock_text((struct sockaddr *)&un, text), "?");
    assert_int_equal(sock_prefix((struct sockaddr *)&un, &p, &port), ERR_VALUE);
    assert_int_equal(p.family, 77);
    assert_int_equal(port, 7);
}

static void test_digest(void **state)
{
    (void)state;
    char a[KEEP_DIGEST], b[KEEP_DIGEST];

    keep_digest(slice_str(""), a);
    assert_string_equal(a, "0-cbf29ce484222325"); /* FNV-1a of nothing is its offset basis */
    keep_digest(slice_str("a"), a);
    assert_string_equal(a, "1-af63dc4c8601ec8c"); /* published vector of FNV-1a, 64 bits */
    keep_digest(slice_str("foobar"), a);
    assert_string_equal(a, "6-85944171f73967e8"); /* published vector of FNV-1a, 64 bits */
    keep_digest(slice_str("foobas"), b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reading resolv.conf: which resolvers of the host can be handed to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/dns.h"

/* The servers found, joined by spaces, "+stub" behind if the stub is named. */
static const char *parsed(const char *text, unsigned max)
{
    static char out[512];
    struct prefix p[8];
    char one[PREFIX_TEXT];
    bool stub = false;

    assert_true(max <= 8);
    unsigned n = dns_parse(slice_str(text), p, max, &stub);
    assert_true(n <= max);
    out[0] = 0;
    for (unsigned i = 0; i < n; i++) {
        strcat(out, i ? " " : "");
        strcat(out, prefix_text(&p[i], one));
    }
    return stub ? strcat(out, "+stub") : out;
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "" },
        { "\n\n", "" },
        { "nameserver 192.0.2.1\n", "192.0.2.1" },
        { "nameserver 192.0.2.1", "192.0.2.1" },
        { "nameserver\t192.0.2.1 \r\n", "192.0.2.1" },
        { "  nameserver 192.0.2.1\n", "192.0.2.1" },
        { "nameserver 192.0.2.1 # first\nnameserver 2001:db8::1\n", "192.0.2.1 2001:db8::1" },
        { "#nameserver 192.0.2.1\n;nameserver 192.0.2.2\n", "" },
        { "nameservers 192.0.2.1\nNAMESERVER 192.0.2.1\n", "" },
        { "nameserver\nnameserver \n", "" },
        { "nameserver\n192.0.2.1\n", "" },
        { "nameserver 192.0.2.300\nnameserver 192.0.2\nnameserver name.example\n", "" },
        { "nameserver 192.0.2.0/24\nnameserver 192.0.2.1/32\n", "" },
        { "nameserver fe80::1%eth0\nnameserver 192.0.2.1\n", "192.0.2.1" },
        { "nameserver 127.0.0.1\nnameserver ::1\nnameserver 127.1.2.3\n", "" },
        { "nameserver 0.0.0.0\nnameserver ::\n", "" },
        { "nameserver 192.0.2.1\nnameserver 192.0.2.1\n", "192.0.2.1" },
        { "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n", "+stub" },
        { "nameserver 127.0.0.54\n", "+stub" },
        { "nameserver 127.0.0.53\nnameserver 192.0.2.1\n", "192.0.2.1+stub" },
        { "nameserver 192.0.2.1111111111111111111111111111111111111111111111111111111111111111111111\n", "" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(parsed(rows[i].text, 8), rows[i].want);
}

static void test_max(void **state)
{
    (void)state;
    const char *three = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 127.0.0.53\n";

    assert_string_equal(parsed(three, 0), "+stub");
    assert_string_equal(parsed(three, 1), "192.0.2.1+stub");
    assert_string_equal(parsed(three, 2), "192.0.2.1 192.0.2.2+stub");
}

/* Every cut of a text, and bytes that are no text. */
static void test_cut(void **state)
{
    (void)state;
    const char *text = "nameserver 192.0.2.1\nnameserver 2001:db8::1\n";
    uint8_t noise[64];
    struct prefix p[4];
    bool stub;

    for (size_t n = 0; n <= strlen(text); n++) {
        char *copy = malloc(n + 1); /* its own allocation: the sanitizer sees a byte read too far */
        assert_non_null(copy);
        memcpy(copy, text, n);
        unsigned got = dns_parse(slice_of(copy, n), p, 4, &stub);
        /* "…2.1" is whole at 20 bytes, "2001:db8::" is an address at 42 */
        assert_int_equal(got, n < 20 ? 0 : n < 42 ? 1 : 2);
        free(copy);
    }
    for (int c = 0; c < 256; c++) {
        memset(noise, c, sizeof(noise));
        assert_int_equal(dns_parse(slice_of(noise, sizeof(noise)), p, 4, &stub), 0);
    }
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void test_follow(void **state)
{
    (void)state;
    char dir[] = "/tmp/adit-dns-XXXXXX", conf[64], stub[64];
    struct prefix p[4];

    assert_non_null(mkdtemp(dir));
    snprintf(conf, sizeof(conf), "%s/resolv.conf", dir);
    snprintf(stub, sizeof(stub), "%s/real", dir);
    assert_int_equal(dns_system_from(conf, stub, p, 4), 0); /* no such file */
    put(stub, "nameserver 192.0.2.9\nnameserver 192.0.2.10\n");
    put(conf, "nameserver 127.0.0.53\n");
    assert_int_equal(dns_system_from(conf, stub, p, 4), 2);
    assert_int_equal(prefix_v4_addr(&p[0]), 0xc0000209);
    put(conf, "nameserver 127.0.0.1\n"); /* some other resolver: not systemd's, nothing to follow */
    assert_int_equal(dns_system_from(conf, stub, p, 4), 0);
    put(conf, "nameserver 192.0.2.1\nnameserver 127.0.0.53\n");
    assert_int_equal(dns_system_from(conf, stub, p, 4), 1);
    assert_int_equal(prefix_v4_addr(&p[0]), 0xc0000201);
    put(conf, "nameserver 127.0.0.53\n");
    put(stub, "nameserver 127.0.0.53\n"); /* followed once only */
    assert_int_equal(dns_system_from(conf, stub, p, 4), 0);
    unlink(conf);
    unlink(stub);
    rmdir(dir);
}

/* What takes the place of a resolv.conf. */
static void test_print(void **state)
{
    (void)state;
#define HEAD "# Made by adit while its tunnel is up; what was here comes back after it.\n"
    static const char *const names[] = { "corp.example", "lab.example" };
    struct prefix servers[2];
    assert_int_equal(prefix_parse("10.80.0.1", false, &servers[0]), 0);
    assert_int_equal(prefix_parse("fd00:80::1", false, &servers[1]), 0);
    static const struct {
        const char *old;
        unsigned n, n_search;
        const char *want;
    } rows[] = {
        { "", 1, 0, HEAD "nameserver 10.80.0.1\n" },
        { "nameserver 192.0.2.1\n", 2, 0, HEAD "nameserver 10.80.0.1\nnameserver fd00:80::1\n" },
        { "search home.example\nnameserver 192.0.2.1\noptions timeout:1 attempts:2\n", 1, 0,
          HEAD "nameserver 10.80.0.1\nsearch home.example\noptions timeout:1 attempts:2\n" },
        { "search home.example\noptions edns0\n", 1, 2,
          HEAD "nameserver 10.80.0.1\nsearch corp.example lab.example\noptions edns0\n" },
        { "domain home.example", 1, 1, HEAD "nameserver 10.80.0.1\nsearch corp.example\n" },
        { "# search x\nsortlist 10.0.0.0\n optionsx\n", 1, 0, HEAD "nameserver 10.80.0.1\n" },
    };
    char text[1024];
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dns_wish w = { servers, rows[i].n, names, rows[i].n_search, false };
        assert_true(dns_print(slice_str(rows[i].old), &w, text, sizeof text));
        assert_string_equal(text, rows[i].want);
        for (size_t cap = 1; cap <= strlen(rows[i].want); cap++)
            assert_false(dns_print(slice_str(rows[i].old), &w, text, cap));
    }
#undef HEAD
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_print),  cmocka_unit_test(test_max),
        cmocka_unit_test(test_cut),   cmocka_unit_test(test_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The order in which addresses are dialled; the resolver's process is tests/netns' business. */
#include "client/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 16 };

/* "4466…": a list of addresses of these families, numbered in order; '?' is a family that nobody knows. */
static const struct addrinfo *list_of(const char *families)
{
    static struct addrinfo list[64];
    static struct sockaddr_in6 addrs[64];
    memset(list, 0, sizeof list);
    memset(addrs, 0, sizeof addrs);
    for (unsigned i = 0; families[i]; i++) {
        struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 | i) };
        bool six = families[i] == '6';
        addrs[i].sin6_family = AF_INET6;
        addrs[i].sin6_addr.s6_addr[0] = 0xfd;
        addrs[i].sin6_addr.s6_addr[15] = (uint8_t)i;
        if (!six)
            memcpy(&addrs[i], &a4, sizeof a4);
        list[i].ai_family = families[i] == '?' ? AF_UNIX : six ? AF_INET6 : AF_INET;
        list[i].ai_addr = (struct sockaddr *)&addrs[i];
        list[i].ai_next = families[i + 1] ? &list[i + 1] : NULL;
    }
    return list;
}

static void test_order(void **state)
{
    (void)state;
    static const struct {
        const char *families, *order; /* numbers as letters */
    } rows[] = {
        { "4", "a" },       { "6", "a" },       { "64", "ab" },       { "46", "ab" },
        { "6644", "acbd" }, { "4466", "acbd" }, { "66664", "aebcd" }, { "444446", "afbcde" },
        { "4444", "abcd" }, { "6?4", "ac" },    { "??", "" },
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct prefix out[MOST];
        unsigned n = resolve_order(list_of(rows[i].families), out, MOST);
        assert_int_equal(n, strlen(rows[i].order));
        for (unsigned k = 0; k < n; k++) {
            unsigned nth = (unsigned)(rows[i].order[k] - 'a');
            bool six = rows[i].families[nth] == '6';
            assert_int_equal(out[k].family, six ? 6 : 4);
            assert_int_equal(out[k].len, six ? 128 : 32);
            assert_int_equal(six ? out[k].addr[15] : prefix_v4_addr(&out[k]) & 0xff, nth);
        }
    }
}

/* Many addresses of one family do not push the other out, and nothing is written past the end. */
static void test_too_many(void **state)
{
    (void)state;
    struct prefix out[MOST + 1];
    memset(out, 0xee, sizeof out);
    const struct addrinfo *l = list_of("4444444444444444444444444444444666666666666666666666666666666");
    assert_int_equal(resolve_order(l, out, MOST), MOST);
    for (unsigned i = 0; i < MOST; i++)
        assert_int_equal(out[i].family, i % 2 ? 6 : 4);
    assert_int_equal(out[MOST].family, 0xee);
    assert_int_equal(resolve_order(l, out, 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Interface identifiers and DUIDs: stable, apart, and no key to the machine's number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client/identity.h"

static void test_stable_and_apart(void **state)
{
    (void)state;
    static const struct {
        const char *machine, *server, *user;
    } who[] = {
        { "0123456789abcdef0123456789abcdef\n", "vpn.example.com", "alice" },
        { "1123456789abcdef0123456789abcdef\n", "vpn.example.com", "alice" },
        { "0123456789abcdef0123456789abcdef\n", "vpn.example.org", "alice" },
        { "0123456789abcdef0123456789abcdef\n", "vpn.example.com", "bob" },
        { "0123456789abcdef0123456789abcdef\n", "vpn.example.coma", "lice" },
    };
    enum { N = sizeof who / sizeof who[0] };
    uint8_t id[N][8], duid[N][PLAN_DUID], id2[8], duid2[PLAN_DUID];
    for (unsigned i = 0; i < N; i++) {
        identity_from(slice_str(who[i].machine), who[i].server, who[i].user, id[i], duid[i]);
        identity_from(slice_str(who[i].machine), who[i].server, who[i].user, id2, duid2);
        assert_memory_equal(id[i], id2, 8);
        assert_memory_equal(duid[i], duid2, PLAN_DUID);
        assert_memory_equal(duid[i], "\0\4", 2); /* RFC 6355 4 */
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(id[i], id[k], 8);
    }
    /* The DUID is the machine's, whomever it dials; an identifier is not part of it. */
    assert_memory_not_equal(duid[0], duid[1], PLAN_DUID);
    for (unsigned i = 2; i < N; i++)
        assert_memory_equal(duid[0], duid[i], PLAN_DUID);
    assert_memory_not_equal(duid[0] + 2, id[0], 8);
}

static void test_host(void **state)
{
    (void)state;
    static const uint8_t zero[PLAN_DUID];
    static const struct options o = { .host = "vpn.example.com", .user = "alice" };
    uint8_t id[8] = { 0 }, duid[PLAN_DUID] = { 0 };
    identity_make(&o, id, duid);
    assert_memory_not_equal(id, zero, 8);
    assert_memory_not_equal(duid + 2, zero, PLAN_DUID - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stable_and_apart),
        cmocka_unit_test(test_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

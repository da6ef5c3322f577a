/* The table of owners: longest match, replaced and cleared owners, gaps in the hash, and a long random comparison with a
 * plain list. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/owner.h"

static struct prefix v4(uint32_t a, unsigned len)
{
    return prefix_v4(a, len);
}

static struct prefix v6(uint8_t last, unsigned len)
{
    uint8_t a[16] = { 0xfd, 0, 0, 0x80, 0, 0, 0, last };
    return prefix_v6(a, len);
}

static const struct owner one = { 1, 11 }, two = { 2, 22 }, three = { 1, 33 };

static void empty_finds_nothing(void **state)
{
    struct owners o;
    struct owner who;
    struct prefix p = v4(0x0a500002, 32);
    (void)state;
    owners_init(&o);
    assert_false(owners_find(&o, p.addr, &who));
    assert_false(owners_get(&o, &p, &who));
    assert_false(owners_clear(&o, &p, one));
    owners_done(&o);
}

static void longest_wins(void **state)
{
    struct owners o;
    struct owner who;
    struct prefix host = v4(0x0a500002, 32), net = v4(0x0a500000, 24), other = v4(0x0a500003, 32), all = v4(0, 0);
    (void)state;
    owners_init(&o);
    assert_int_equal(owners_set(&o, &net, one), 0);
    assert_int_equal(owners_set(&o, &host, two), 0);
    assert_true(owners_find(&o, host.addr, &who) && owner_eq(who, two));
    assert_true(owners_find(&o, other.addr, &who) && owner_eq(who, one));
    struct prefix outside = v4(0x0a500100, 32);
    assert_false(owners_find(&o, outside.addr, &who));
    assert_int_equal(owners_set(&o, &all, three), 0);
    assert_true(owners_find(&o, outside.addr, &who) && owner_eq(who, three));
    assert_true(owners_clear(&o, &host, two));
    assert_true(owners_find(&o, host.addr, &who) && owner_eq(who, one));
    owners_done(&o);
}

static void families_are_apart(void **state)
{
    struct owners o;
    struct owner who;
    struct prefix all4 = v4(0, 0), net6 = v6(1, 64), host4 = v4(0x01020304, 32);
    (void)state;
    owners_init(&o);
    assert_int_equal(owners_set(&o, &all4, one), 0);
    assert_false(owners_find(&o, net6.addr, &who));
    assert_int_equal(owners_set(&o, &net6, two), 0);
    struct prefix inside = v6(1, 128), outside = v6(2, 128);
    inside.addr[15] = 9;
    assert_true(owners_find(&o, inside.addr, &who) && owner_eq(who, two));
    assert_false(owners_find(&o, outside.addr, &who));
    assert_true(owners_find(&o, host4.addr, &who) && owner_eq(who, one));
    owners_done(&o);
}

static void only_the_owner_clears(void **state)
{
    struct owners o;
    struct owner who;
    struct prefix p = v4(0x0a500002, 32);
    (void)state;
    owners_init(&o);
    assert_int_equal(owners_set(&o, &p, one), 0);
    assert_int_equal(owners_set(&o, &p, two), 0); /* a newer session with the same address */
    assert_false(owners_clear(&o, &p, one));
    assert_true(owners_get(&o, &p, &who) && owner_eq(who, two));
    assert_true(owners_clear(&o, &p, two));
    assert_false(owners_clear(&o, &p, two));
    assert_int_equal(o.used, 0);
    owners_done(&o);
}

static void bad_prefixes_are_refused(void **state)
{
    struct owners o;
    struct prefix bad[] = { { .family = 0 }, { .family = 5 }, { .family = 4, .len = 33 }, { .family = 6, .len = 129 } };
    (void)state;
    owners_init(&o);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(owners_set(&o, &bad[i], one), ERR_VALUE);
    assert_int_equal(o.used, 0);
    owners_done(&o);
}

static void count_cleared(void *ctx, const struct prefix *p)
{
    assert_int_equal(p->family, 4);
    ++*(unsigned *)ctx;
}

static void a_worker_is_cleared(void **state)
{
    struct owners o;
    struct owner who;
    unsigned cleared = 0;
    (void)state;
    owners_init(&o);
    for (uint32_t i = 0; i < 1000; i++) {
        struct prefix p = v4(0x0a000000 + i, 32);
        assert_int_equal(owners_set(&o, &p, (struct owner){ i % 3, i }), 0);
    }
    owners_clear_worker(&o, 1, count_cleared, &cleared);
    assert_int_equal(cleared, 333);
    assert_int_equal(o.used, 667);
    for (uint32_t i = 0; i < 1000; i++) {
        struct prefix p = v4(0x0a000000 + i, 32);
        assert_int_equal(owners_find(&o, p.addr, &who), i % 3 != 1);
    }
    owners_done(&o);
}

/* xorshift: the same sequence in every run. */
static uint32_t next(uint32_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 17;
    *s ^= *s << 5;
    return *s;
}

enum { MODEL = 4096, LENS = 4 };
static const unsigned lens[LENS] = { 32, 31, 28, 24 };

static void agrees_with_a_plain_list(void **state)
{
    static struct owner model[LENS][MODEL]; /* by length and network; worker 0: none */
    struct owners o;
    uint32_t seed = 20061109;
    (void)state;
    owners_init(&o);
    for (unsigned round = 0; round < 60000; round++) {
        uint32_t r = next(&seed), l = r % LENS, a = (r >> 4) % MODEL;
        struct prefix p = v4(0x0a000000 + (a & ~((1u << (32 - lens[l])) - 1)), lens[l]);
        uint32_t at = a >> (32 - lens[l]);
        struct owner who = { 1 + r % 5, r };
        if (r & 0x80000000) {
            assert_int_equal(owners_set(&o, &p, who), 0);
            model[l][at] = who;
        } else if (model[l][at].worker) {
            assert_true(owners_clear(&o, &p, model[l][at]));
            model[l][at].worker = 0;
        } else {
            assert_false(owners_clear(&o, &p, who));
        }
        a = next(&seed) % MODEL;
        struct prefix host = v4(0x0a000000 + a, 32);
        struct owner want = { 0 }, got = { 0 };
        for (unsigned i = 0; i < LENS && !want.worker; i++)
            want = model[i][a >> (32 - lens[i])];
        assert_int_equal(owners_find(&o, host.addr, &got), want.worker != 0);
        assert_true(!want.worker || owner_eq(want, got));
    }
    owners_done(&o);
}

/* A pool's addresses differ in the last byte or two: a lookup must not walk through all of them. */
static void neighbours_are_spread(void **state)
{
    struct owners o;
    uint32_t run = 0, longest = 0;
    (void)state;
    owners_init(&o);
    for (uint32_t i = 0; i < 3000; i++) {
        struct prefix p = v4(0x0a500000 + i, 32);
        assert_int_equal(owners_set(&o, &p, one), 0);
    }
    for (uint32_t i = 0; i < o.cap; i++) {
        run = o.slots[i].key.family ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    assert_true(longest < 100);
    owners_done(&o);
}

static bool keep_even(void *ctx, const struct prefix *p, struct owner who)
{
    ++*(unsigned *)ctx;
    return who.session % 2 == 0 && p->family == 4;
}

static void a_sweep_leaves_what_is_wanted(void **state)
{
    struct owners o;
    struct owner got;
    unsigned asked = 0;
    (void)state;
    owners_init(&o);
    owners_sweep(&o, keep_even, &asked);
    assert_int_equal(asked, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        struct prefix p = v4(0x0a500000 + i, 32);
        assert_int_equal(owners_set(&o, &p, (struct owner){ 1, i }), 0);
    }
    owners_sweep(&o, keep_even, &asked);
    assert_true(asked >= 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        struct prefix p = v4(0x0a500000 + i, 32);
        assert_int_equal(owners_get(&o, &p, &got), i % 2 == 0);
    }
    assert_int_equal(o.used, 500);
    owners_done(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_finds_nothing),
        cmocka_unit_test(longest_wins),
        cmocka_unit_test(families_are_apart),
        cmocka_unit_test(only_the_owner_clears),
        cmocka_unit_test(bad_prefixes_are_refused),
        cmocka_unit_test(a_worker_is_cleared),
        cmocka_unit_test(agrees_with_a_plain_list),
        cmocka_unit_test(neighbours_are_spread),
        cmocka_unit_test(a_sweep_leaves_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

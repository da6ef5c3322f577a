/* Leases: an address is never given twice, whatever the order; what is reserved or the pool's own is never given. */
#include "aaa_help.h"

#include "aaa/idset.h"
#include "aaa/pool.h"

static struct config config_of(const char *first, const char *second)
{
    struct config c;
    memset(&c, 0, sizeof(c));
    assert_int_equal(prefix_parse(first, false, &c.pools[c.n_pools++].ipv4), 0);
    if (second)
        assert_int_equal(prefix_parse(second, false, &c.pools[c.n_pools++].ipv4), 0);
    return c;
}

static const uint32_t base = 0x0a500000; /* 10.80.0.0 */
static const struct pool_lease none;

/* The pool in numbers: IPv4 alone. */
static int lease(struct pool *p, struct slice user, uint32_t *ret)
{
    struct pool_lease l;
    int r = pool_lease(p, UINT32_MAX, &none, user, &l);
    if (r == 0) {
        assert_int_equal(l.ipv4.len, 32);
        assert_int_equal(pool_of(p, &l.ipv4), l.pool);
        *ret = prefix_v4_addr(&l.ipv4);
    }
    return r;
}

static int take(struct pool *p, uint32_t ipv4)
{
    struct prefix x = prefix_v4(ipv4, 32);
    return pool_take(p, &x);
}

static bool give_back(struct pool *p, uint32_t ipv4)
{
    struct prefix x = prefix_v4(ipv4, 32);
    return pool_give_back(p, &x);
}

static bool in_use(struct pool *p, uint32_t ipv4)
{
    struct prefix x = prefix_v4(ipv4, 32);
    return pool_in_use(p, &x);
}

static void reserve(struct pool *p, uint32_t ipv4)
{
    struct prefix x = prefix_v4(ipv4, 32);
    pool_reserve(p, &x);
}

static const char *fixed_fault(const struct config *c, uint32_t ipv4)
{
    struct prefix x = prefix_v4(ipv4, 32);
    return pool_fixed_fault(c, &x);
}

static void test_idset(void **state)
{
    (void)state;
    struct idset s;
    uint32_t id;
    assert_int_equal(idset_init(&s, 0), ERR_VALUE);
    assert_int_equal(idset_init(&s, IDSET_MAX + 1u), ERR_VALUE);
    static const uint32_t sizes[] = { 1, 8, 63, 64, 65, 4096, 4097, 70000 };
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        uint32_t n = sizes[k];
        bool *want = calloc(n, sizeof(bool)); /* the same, the slow way */
        assert_int_equal(idset_init(&s, n), 0);
        assert_false(idset_next(&s, 0, &id));
        for (unsigned step = 0; step < 3000; step++) {
            uint32_t x = help_random32() % n, from = help_random32() % (n + 2), expect = from;
            want[x] = help_random32() % 3 == 0;
            if (want[x])
                idset_add(&s, x);
            else
                idset_remove(&s, x);
            assert_int_equal(idset_has(&s, x), want[x]);
            if (step % 50)
                continue;
            while (expect < n && !want[expect])
                expect++;
            for (expect = expect < n ? expect : 0; expect < n && !want[expect];)
                expect++;
            assert_int_equal(idset_next(&s, from, &id), expect < n);
            if (expect < n)
                assert_int_equal(id, expect);
        }
        idset_add(&s, n); /* outside: ignored */
        idset_remove(&s, n);
        assert_false(idset_has(&s, n));
        idset_done(&s);
        free(want);
    }
    assert_int_equal(idset_init(&s, IDSET_MAX), 0);
    idset_add(&s, IDSET_MAX - 1);
    assert_true(idset_next(&s, 0, &id));
    assert_int_equal(id, IDSET_MAX - 1);
    idset_done(&s);
}

/* Smallest pool: five addresses for clients. */
static void test_smallest(void **state)
{
    (void)state;
    struct config c = config_of("10.80.0.0/29", NULL);
    struct pool *p = pool_new(&c);
    uint32_t a;
    for (uint32_t i = 2; i < 7; i++) {
        assert_int_equal(lease(p, slice_str(""), &a), 0);
        assert_int_equal(a, base + i);
        assert_true(in_use(p, a));
    }
    a = 77;
    assert_int_equal(lease(p, slice_str("x"), &a), ERR_REFUSED);
    assert_int_equal(a, 77);
    assert_true(give_back(p, base + 4));
    assert_false(give_back(p, base + 4));
    assert_int_equal(lease(p, slice_str("x"), &a), 0);
    assert_int_equal(a, base + 4);
    static const uint32_t never[] = { 0, 1, 7, 8, 0xffffffff };
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(take(p, base + never[i]), ERR_VALUE);
        assert_false(give_back(p, base + never[i]));
        assert_false(in_use(p, base + never[i]));
    }
    pool_free(p);
    pool_free(NULL);
}

/* A /30 has one client. */
static void test_one_client(void **state)
{
    (void)state;
    struct config c = config_of("10.80.0.0/30", NULL);
    struct pool *p = pool_new(&c);
    uint32_t a;
    assert_int_equal(lease(p, slice_str("u"), &a), 0);
    assert_int_equal(a, base + 2);
    assert_int_equal(lease(p, slice_str("v"), &a), ERR_REFUSED);
    assert_null(fixed_fault(&c, base + 2));
    assert_non_null(fixed_fault(&c, base + 3));
    pool_free(p);
}

static void test_second_pool(void **state)
{
    (void)state;
    struct config c = config_of("10.80.0.0/29", "192.168.1.0/29");
    struct pool *p = pool_new(&c);
    uint32_t a = 0;
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(lease(p, slice_str("u"), &a), 0);
    assert_int_equal(a, 0xc0a80102);
    pool_free(p);
}

static void test_sticky(void **state)
{
    (void)state;
    struct config c = config_of("10.80.0.0/16", NULL);
    struct pool *p = pool_new(&c);
    uint32_t alice, bob, a;
    assert_int_equal(lease(p, slice_str("Alice"), &alice), 0);
    assert_int_equal(lease(p, slice_str("bob"), &bob), 0);
    assert_int_not_equal(alice, bob);
    assert_true(give_back(p, alice));
    /* Somebody else gets a fresh one, not the one that has just become free. */
    assert_int_equal(lease(p, slice_str("carol"), &a), 0);
    assert_int_not_equal(a, alice);
    assert_int_equal(lease(p, slice_str("aLICE"), &a), 0);
    assert_int_equal(a, alice);
    /* A second session at the same time gets another. */
    assert_int_equal(lease(p, slice_str("alice"), &a), 0);
    assert_int_not_equal(a, alice);
    pool_free(p);
}

static void test_reserved(void **state)
{
    (void)state;
    struct config c = config_of("10.80.0.0/29", NULL);
    struct pool *p = pool_new(&c);
    uint32_t a;
    assert_int_equal(lease(p, slice_str("u"), &a), 0); /* .2 */
    pool_reserve_begin(p);
    reserve(p, base + 2); /* in use: stays so, but does not come back */
    reserve(p, base + 3);
    reserve(p, base + 1); /* the server's and others: ignored */
    reserve(p, base + 7);
    reserve(p, 5);
    assert_true(in_use(p, base + 2));
    assert_true(give_back(p, base + 2));
    assert_int_equal(lease(p, slice_str("u"), &a), 0);
    assert_int_equal(a, base + 4);
    assert_int_equal(lease(p, slice_str("v"), &a), 0);
    assert_int_equal(lease(p, slice_str("w"), &a), 0);
    assert_int_equal(lease(p, slice_str("x"), &a), ERR_REFUSED);
    assert_int_equal(take(p, base + 3), 0);
    assert_int_equal(take(p, base + 3), ERR_STATE);
    assert_true(give_back(p, base + 3));
    assert_int_equal(lease(p, slice_str("x"), &a), ERR_REFUSED); /* kept while its owner is away */
    pool_reserve_begin(p);                                       /* nobody's any more */
    assert_int_equal(lease(p, slice_str("x"), &a), 0);
    pool_free(p);
}

static void test_fixed_fault(void **state)
{
    (void)state;
    struct config c = config_of("10.80.0.0/24", "192.168.1.0/29");
    assert_null(fixed_fault(&c, base + 2));
    assert_null(fixed_fault(&c, base + 254));
    assert_null(fixed_fault(&c, 0xc0a80106));
    static const uint32_t refused[] = { 0x0a500000, 0x0a500001, 0x0a5000ff, 0x0a500100,
                                        0xc0a80107, 0xc0a80108, 0,          0xffffffff };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_non_null(fixed_fault(&c, refused[i]));
}

/* 100,000 random operations against the simplest bookkeeping. */
static void test_never_twice(void **state)
{
    (void)state;
    enum { N = 512 };
    struct config c = config_of("10.80.0.0/24", "10.80.1.0/25");
    struct pool *p = pool_new(&c);
    static bool given[N], reserved[N];
    unsigned out = 0, exhausted = 0, taken = 0;
    for (unsigned step = 0; step < 100000; step++) {
        uint32_t op = help_random32() % 100, at = help_random32() % N, a = 0;
        char user[8];
        snprintf(user, sizeof(user), "u%u", help_random32() % 300);
        if (op < 45) {
            int e = lease(p, slice_str(user), &a);
            if (e == 0) {
                assert_in_range(a, base, base + N - 1);
                assert_false(given[a - base]);
                assert_false(reserved[a - base]);
                given[a - base] = true;
                out++;
            } else {
                exhausted++;
                for (uint32_t i = 0; i < N; i++)
                    assert_true(given[i] || reserved[i] || i <= 1 || (i >= 255 && i <= 257) || i >= 383);
            }
        } else if (op < 90) {
            bool was = given[at];
            assert_int_equal(give_back(p, base + at), was);
            given[at] = false;
            out -= was;
        } else if (op < 99) {
            int e = take(p, base + at);
            bool own = at <= 1 || (at >= 255 && at <= 257) || at >= 383;
            assert_int_equal(e, own ? ERR_VALUE : given[at] ? ERR_STATE : 0);
            taken += e == 0;
            out += e == 0;
            given[at] |= e == 0;
        } else {
            memset(reserved, 0, sizeof(reserved));
            pool_reserve_begin(p);
            for (unsigned i = 0; i < 20; i++) {
                uint32_t r = help_random32() % N;
                bool own = r <= 1 || (r >= 255 && r <= 257) || r >= 383;
                reserve(p, base + r);
                reserved[r] = !own;
            }
        }
        assert_int_equal(in_use(p, base + at), given[at]);
    }
    assert_true(exhausted > 0 && taken > 0);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idset),       cmocka_unit_test(test_smallest),    cmocka_unit_test(test_second_pool),
        cmocka_unit_test(test_one_client),  cmocka_unit_test(test_sticky),      cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_fixed_fault), cmocka_unit_test(test_never_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

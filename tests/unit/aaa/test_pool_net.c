/* Pools of both families, ranges, groups' pools, what is remembered over a restart; and that nothing is ever given twice,
 * whatever crashes in between. */
#include "aaa_help.h"

#include "aaa/pool.h"

static const struct pool_lease none;
static uint8_t state_bytes[POOL_STATE_MAX];

static struct prefix net(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, false, &p), 0);
    return p;
}

static const char *text_of(const struct prefix *p)
{
    static char text[PREFIX_TEXT];
    return prefix_text(p, text);
}

static struct config dual(void)
{
    struct config c;
    memset(&c, 0, sizeof(c));
    c.n_pools = 1;
    c.pools[0].ipv4 = net("10.80.0.0/29");
    c.pools[0].ipv6 = net("fd00:80::/56");
    c.pools[0].delegate_from = net("fd00:8100::/40");
    c.pools[0].delegate = 56;
    return c;
}

static void test_all_kinds(void **state)
{
    (void)state;
    struct config c = dual();
    struct pool *p = pool_new(&c);
    struct pool_lease l, again;
    assert_int_equal(pool_lease(p, 1, &none, slice_str("u"), &l), 0);
    assert_string_equal(text_of(&l.ipv4), "10.80.0.2");
    assert_string_equal(text_of(&l.link6), "fd00:80:0:1::/64"); /* the first is the server's */
    assert_string_equal(text_of(&l.delegated6), "fd00:8100::/56");
    assert_int_equal(l.pool, 1);
    assert_true(pool_in_use(p, &l.link6) && pool_in_use(p, &l.delegated6));
    assert_int_equal(pool_of(p, &l.delegated6), 1);
    assert_int_equal(pool_take(p, &l.link6), ERR_STATE);
    struct prefix server = net("fd00:80::/64"), wide = net("fd00:80::/60"), other = net("fd00:81::/64");
    assert_int_equal(pool_take(p, &server), ERR_VALUE);
    assert_int_equal(pool_take(p, &wide), ERR_VALUE);
    assert_int_equal(pool_take(p, &other), ERR_VALUE);
    assert_true(pool_give_back(p, &l.ipv4) && pool_give_back(p, &l.link6) && pool_give_back(p, &l.delegated6));
    assert_false(pool_give_back(p, &l.link6));
    assert_int_equal(pool_lease(p, 1, &none, slice_str("v"), &again), 0);
    assert_string_equal(text_of(&again.link6), "fd00:80:0:2::/64"); /* the first one rests */
    assert_int_equal(pool_lease(p, 1, &none, slice_str("U"), &again), 0);
    assert_true(prefix_eq(&again.link6, &l.link6) && prefix_eq(&again.delegated6, &l.delegated6));
    pool_free(p);
}

/* One kind that is used up: the others are not taken either, and the next pool is tried. */
static void test_all_or_nothing(void **state)
{
    (void)state;
    struct config c = dual();
    c.pools[1].ipv6 = net("fd00:90::/62");
    c.n_pools = 2;
    struct pool *p = pool_new(&c);
    struct pool_lease l;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(pool_lease(p, 3, &none, slice_str("x"), &l), 0);
    struct prefix unused = net("fd00:80:0:6::/64");
    assert_int_equal(pool_lease(p, 3, &none, slice_str("x"), &l), 0);
    assert_int_equal(l.pool, 2);
    assert_int_equal(l.ipv4.family + l.delegated6.family, 0);
    assert_string_equal(text_of(&l.link6), "fd00:90:0:1::/64");
    assert_false(pool_in_use(p, &unused));
    assert_int_equal(pool_lease(p, 1, &none, slice_str("x"), &l), ERR_REFUSED);
    assert_int_equal(pool_lease(p, 0, &none, slice_str("x"), &l), ERR_REFUSED);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pool_lease(p, 2, &none, slice_str("x"), &l), 0);
    assert_int_equal(pool_lease(p, 3, &none, slice_str("x"), &l), ERR_REFUSED);
    pool_free(p);
}

static void test_ranges(void **state)
{
    (void)state;
    struct config c = dual();
    c.pools[0].ipv4 = net("10.80.0.0/24");
    c.ranges[0] = (struct config_range){ 0x0a500000, 0x0a50000b }; /* with the network's and the server's address */
    c.ranges[1] = (struct config_range){ 0x0a500003, 0x0a50000a };
    c.n_ranges = 2;
    c.pools[0].ranges = (struct config_list){ 0, 1, true };
    c.pools[0].exclude = (struct config_list){ 1, 1, true };
    struct pool *p = pool_new(&c);
    struct pool_lease l;
    assert_int_equal(pool_lease(p, 1, &none, slice_str("u"), &l), 0);
    assert_string_equal(text_of(&l.ipv4), "10.80.0.2");
    assert_int_equal(pool_lease(p, 1, &none, slice_str("u"), &l), 0);
    assert_string_equal(text_of(&l.ipv4), "10.80.0.11");
    assert_int_equal(pool_lease(p, 1, &none, slice_str("u"), &l), ERR_REFUSED);
    /* What is not for everybody may be somebody's, and is not for everybody when it comes back. */
    struct prefix fixed = net("10.80.0.77/32");
    assert_null(pool_fixed_fault(&c, &fixed));
    pool_reserve(p, &fixed);
    assert_int_equal(pool_take(p, &fixed), 0);
    assert_true(pool_give_back(p, &fixed));
    pool_reserve_begin(p);
    assert_int_equal(pool_lease(p, 1, &none, slice_str("u"), &l), ERR_REFUSED);
    pool_free(p);
}

static void test_fixed(void **state)
{
    (void)state;
    struct config c = dual();
    c.pools[1].ipv4 = net("10.90.0.0/24");
    c.pools[1].ipv6 = net("fd00:90::/40");
    c.n_pools = 2;
    struct pool *p = pool_new(&c);
    struct pool_lease l, fixed = { .ipv4 = net("10.90.0.9/32") };
    assert_int_equal(pool_take(p, &fixed.ipv4), 0);
    assert_int_equal(pool_lease(p, 1, &fixed, slice_str("u"), &l), 0); /* the rest comes from its own pool */
    assert_int_equal(l.pool, 2);
    assert_string_equal(text_of(&l.ipv4), "10.90.0.9");
    assert_string_equal(text_of(&l.link6), "fd00:90:0:1::/64");
    struct prefix bad[] = { net("fd00:80::/64"), net("fd00:99::/64"), net("10.80.0.1/32"), net("10.80.0.7/32") };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(pool_fixed_fault(&c, &bad[i]));
    struct prefix far = net("fd00:90:ff:ffff::/64"), reserved = net("fd00:80:0:1::/64");
    assert_null(pool_fixed_fault(&c, &far)); /* beyond the million that is counted: nobody else's */
    assert_int_equal(pool_take(p, &far), ERR_VALUE);
    pool_reserve(p, &reserved);
    assert_int_equal(pool_lease(p, 1, &none, slice_str("v"), &l), 0);
    assert_string_equal(text_of(&l.link6), "fd00:80:0:2::/64");
    pool_free(p);
}

static void test_remembered(void **state)
{
    (void)state;
    struct config c = dual();
    c.pools[0].ipv4 = net("10.80.0.0/24");
    struct pool *p = pool_new(&c), *q = pool_new(&c);
    struct pool_lease l[3], again;
    static const char *const names[] = { "alice", "bob", "carol" };
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pool_lease(p, 1, &none, slice_str(names[i]), &l[i]), 0);
    struct wr w = wr_of(state_bytes, sizeof(state_bytes)), small = wr_of(state_bytes, 20);
    assert_int_equal(pool_put(p, &small), ERR_NOBUF);
    assert_int_equal(pool_put(p, &w), 0);
    for (size_t n = 0; n < wr_len(&w); n++) /* cut anywhere: no harm */
        (void)!pool_get(q, slice_of(state_bytes, n));
    assert_int_equal(pool_get(q, slice_of(state_bytes, wr_len(&w))), 0);
    for (unsigned i = 3; i-- > 0;) {
        assert_int_equal(pool_lease(q, 1, &none, slice_str(names[i]), &again), 0);
        assert_true(prefix_eq(&again.ipv4, &l[i].ipv4) && prefix_eq(&again.link6, &l[i].link6));
    }
    assert_int_equal(pool_lease(q, 1, &none, slice_str("dora"), &again), 0);
    assert_string_equal(text_of(&again.ipv4), "10.80.0.5"); /* goes on where it was */
    state_bytes[4]++;
    assert_int_equal(pool_get(q, slice_of(state_bytes, wr_len(&w))), ERR_VERSION);
    state_bytes[0]++;
    assert_int_equal(pool_get(q, slice_of(state_bytes, wr_len(&w))), ERR_VALUE);
    pool_free(p);
    pool_free(q);
}

/* ---- 100,000 leases with crashes ---- */

enum { SESSIONS = 400, STEPS = 100000 };

static struct {
    bool live;
    struct pool_lease l;
} sessions[SESSIONS];

/* The pool dies; its successor reads what was last written (which may be old), and is told what lives, in any order. */
static struct pool *crash(struct pool *p, const struct config *c, size_t written)
{
    pool_free(p);
    p = pool_new(c);
    assert_non_null(p);
    assert_int_equal(pool_get(p, slice_of(state_bytes, written)), written ? 0 : ERR_TRUNCATED);
    unsigned start = help_random32() % SESSIONS;
    for (unsigned k = 0; k < SESSIONS; k++) {
        unsigned i = (start + k * 7) % SESSIONS;
        if (!sessions[i].live)
            continue;
        assert_int_equal(pool_take(p, &sessions[i].l.ipv4), 0);
        assert_int_equal(pool_take(p, &sessions[i].l.link6), 0);
        assert_int_equal(pool_take(p, &sessions[i].l.delegated6), 0);
    }
    return p;
}

static void nobody_else_has(unsigned mine)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        if (i != mine && sessions[i].live)
            assert_false(prefix_eq(&sessions[i].l.ipv4, &sessions[mine].l.ipv4) ||
                         prefix_eq(&sessions[i].l.link6, &sessions[mine].l.link6) ||
                         prefix_eq(&sessions[i].l.delegated6, &sessions[mine].l.delegated6));
}

static void test_crashes(void **state)
{
    (void)state;
    struct config c = dual();
    c.pools[0].ipv4 = net("10.80.0.0/25"); /* 125 for some 200 sessions */
    unsigned leases = 0, crashes = 0, refused = 0;
    size_t written = 0;
    char name[16];
    struct pool *p = pool_new(&c);
    memset(sessions, 0, sizeof(sessions));
    while (leases < STEPS) {
        unsigned i = help_random32() % SESSIONS, what = help_random32() % 4000;
        if (what == 0) {
            p = crash(p, &c, written);
            crashes++;
        } else if (what < 20) {
            struct wr w = wr_of(state_bytes, sizeof(state_bytes));
            assert_int_equal(pool_put(p, &w), 0);
            written = wr_len(&w);
        } else if (sessions[i].live) {
            sessions[i].live = false;
            assert_true(pool_give_back(p, &sessions[i].l.ipv4));
            assert_true(pool_give_back(p, &sessions[i].l.link6));
            assert_true(pool_give_back(p, &sessions[i].l.delegated6));
        } else {
            snprintf(name, sizeof(name), "u%u", help_random32() % 200);
            sessions[i].live = pool_lease(p, 1, &none, slice_str(name), &sessions[i].l) == 0;
            leases += sessions[i].live;
            refused += !sessions[i].live;
            if (sessions[i].live)
                nobody_else_has(i);
        }
    }
    assert_true(crashes > 20 && refused > 0);
    pool_free(p);
}

/* Single addresses out of one /64, or of a part of one. */
static void test_shared(void **state)
{
    (void)state;
    struct config c = dual();
    c.pools[0].ipv6 = net("fd00:64::a000:0/112");
    c.pools[0].ipv6_shared = true;
    struct pool *p = pool_new(&c);
    struct pool_lease l;
    assert_int_equal(pool_lease(p, 1, &none, slice_str("u"), &l), 0);
    assert_string_equal(text_of(&l.link6), "fd00:64::a000:2"); /* the first two are all routers' and the server's */
    assert_int_equal(pool_of(p, &l.link6), 1);
    assert_int_equal(pool_take(p, &l.link6), ERR_STATE);
    static const char *const bad[] = { "fd00:64::a000:0", "fd00:64::a000:1", "fd00:64::a001:0", "fd00:64::9fff:ffff",
                                       "fd00:64::/64" };
    for (unsigned i = 0; i < 5; i++) {
        struct prefix x = net(bad[i]);
        assert_int_equal(pool_take(p, &x), ERR_VALUE);
        assert_non_null(pool_fixed_fault(&c, &x));
    }
    struct prefix last = net("fd00:64::a000:ffff");
    assert_null(pool_fixed_fault(&c, &last));
    assert_int_equal(pool_take(p, &last), 0);
    assert_true(pool_give_back(p, &last) && pool_give_back(p, &l.link6));
    c.pools[0].ipv6_shared = false;
    c.pools[0].ipv6 = net("fd00:64::/48");
    assert_non_null(pool_fixed_fault(&c, &last)); /* an address where sessions have a /64 */
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),  cmocka_unit_test(test_all_kinds), cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_ranges),  cmocka_unit_test(test_fixed),     cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

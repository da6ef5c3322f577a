/* The server's books: handles, limits shared between workers, authd's registry of sessions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/limits.h"
#include "server/registry.h"
#include "server/slab.h"

#include <string.h>
#include <unistd.h>

static void old_handles_find_nothing(void **state)
{
    struct slab s;
    int a, b;
    (void)state;
    slab_init(&s, 0);
    uint64_t ha = slab_add(&s, &a);
    assert_ptr_equal(slab_get(&s, ha), &a);
    assert_null(slab_get(&s, 0));
    slab_remove(&s, ha);
    assert_null(slab_get(&s, ha));
    uint64_t hb = slab_add(&s, &b);
    assert_int_equal(slab_index(ha), slab_index(hb)); /* the place is used again, the name is not */
    assert_int_not_equal(ha, hb);
    assert_null(slab_get(&s, ha));
    assert_ptr_equal(slab_get(&s, hb), &b);
    slab_remove(&s, ha);
    assert_ptr_equal(slab_get(&s, hb), &b);
    assert_int_equal(s.live, 1);
    slab_done(&s);
}

static struct slab *removing;

static void remove_one(void *ctx, void *thing)
{
    ++*(unsigned *)ctx;
    slab_remove(removing, *(uint64_t *)thing);
}

static void all_may_be_removed_while_walking(void **state)
{
    static uint64_t handles[500];
    struct slab s;
    unsigned n = 0;
    (void)state;
    slab_init(&s, 0);
    removing = &s;
    for (unsigned i = 0; i < 500; i++)
        handles[i] = slab_add(&s, &handles[i]);
    slab_each(&s, remove_one, &n);
    assert_int_equal(n, 500);
    assert_int_equal(s.live, 0);
    slab_done(&s);
}

/* ---- limits ---- */

static struct limits rows[2];

static int open_limits(void **state)
{
    (void)state;
    int fd = limits_create();
    for (unsigned i = 0; i < 2; i++) {
        rows[i] = (struct limits){ .per_address = 4, .half_open = 10, .sessions = 20 };
        if (fd < 0 || limits_open(&rows[i], fd, i) < 0)
            return -1;
    }
    return close(fd);
}

static int close_limits(void **state)
{
    (void)state;
    limits_close(&rows[0]);
    limits_close(&rows[1]);
    return 0;
}

static struct prefix host(uint32_t n)
{
    return prefix_v4(0xc6120000 + n, 32);
}

static void an_address_is_limited_over_all_workers(void **state)
{
    struct prefix a = host(1), b = host(2);
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(limits_begin(&rows[i % 2], &a), LIMITS_OK);
    assert_int_equal(limits_begin(&rows[0], &a), LIMITS_ADDRESS);
    assert_int_equal(limits_begin(&rows[1], &a), LIMITS_ADDRESS);
    assert_int_equal(limits_begin(&rows[1], &b), LIMITS_OK);
    limits_settle(&rows[0], &a); /* one has become a session */
    assert_int_equal(limits_begin(&rows[1], &a), LIMITS_OK);
    assert_int_equal(limits_begin(&rows[1], &a), LIMITS_ADDRESS);
}

static void a_64_counts_as_one_address(void **state)
{
    uint8_t one[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1 }, other[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 2, 1 };
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        one[15] = (uint8_t)i;
        struct prefix p = prefix_v6(one, 128);
        assert_int_equal(limits_begin(&rows[0], &p), LIMITS_OK);
    }
    one[15] = 99;
    struct prefix p = prefix_v6(one, 128), q = prefix_v6(other, 128);
    assert_int_equal(limits_begin(&rows[0], &p), LIMITS_ADDRESS);
    assert_int_equal(limits_begin(&rows[0], &q), LIMITS_OK);
}

static void all_are_limited(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        struct prefix p = host(100 + i);
        assert_int_equal(limits_begin(&rows[i % 2], &p), LIMITS_OK);
    }
    struct prefix late = host(200);
    assert_int_equal(limits_begin(&rows[0], &late), LIMITS_HALF_OPEN);
    struct prefix first = host(100);
    limits_settle(&rows[0], &first);
    limits_end(&rows[0]);
    assert_int_equal(limits_begin(&rows[1], &late), LIMITS_OK);
}

/* Another worker counts one after the other while we look: what is seen in between is no reason to refuse anybody. */
static void counting_at_the_same_time_refuses_nobody(void **state)
{
    struct prefix a = host(1), b = host(2);
    (void)state;
    assert_int_equal(limits_begin(&rows[1], &a), LIMITS_OK);
    limits_end(&rows[1]); /* and not yet limits_settle() */
    assert_int_equal(limits_begin(&rows[0], &b), LIMITS_OK);
}

static void sessions_are_limited(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        struct prefix p = host(i);
        assert_int_equal(limits_begin(&rows[i % 2], &p), LIMITS_OK);
        limits_settle(&rows[i % 2], &p);
    }
    struct prefix p = host(99);
    assert_int_equal(limits_begin(&rows[0], &p), LIMITS_SESSIONS);
    limits_end(&rows[1]);
    assert_int_equal(limits_begin(&rows[0], &p), LIMITS_OK);
}

static void a_dead_workers_row_is_cleared(void **state)
{
    struct prefix a = host(1);
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(limits_begin(&rows[1], &a), LIMITS_OK);
    assert_int_equal(limits_begin(&rows[0], &a), LIMITS_ADDRESS);
    limits_clear_row(&rows[0], 1);
    assert_int_equal(limits_begin(&rows[0], &a), LIMITS_OK);
}

static void a_page_of_another_size_is_refused(void **state)
{
    struct limits l;
    (void)state;
    int fd = limits_create();
    assert_true(fd >= 0);
    assert_int_equal(limits_open(&l, fd, LIMITS_WORKERS), ERR_VALUE);
    assert_int_equal(ftruncate(fd, 4096), 0);
    assert_int_equal(limits_open(&l, fd, 0), ERR_VALUE);
    close(fd);
}

/* After an upgrade there are workers with higher numbers: they count as well, from their first connection on. */
static void a_worker_that_comes_later_counts(void **state)
{
    struct limits late = { .per_address = 4, .half_open = 10, .sessions = 20 };
    struct prefix a = host(1);
    (void)state;
    int fd = limits_create();
    struct limits first = late;
    assert_int_equal(limits_open(&first, fd, 0), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(limits_begin(&first, &a), LIMITS_OK);
    assert_int_equal(limits_open(&late, fd, LIMITS_WORKERS - 1), 0);
    assert_int_equal(limits_begin(&late, &a), LIMITS_OK);
    assert_int_equal(limits_begin(&first, &a), LIMITS_ADDRESS);
    assert_int_equal(limits_begin(&late, &a), LIMITS_ADDRESS);
    close(fd);
    limits_close(&first);
    limits_close(&late);
}

/* The key of the page is new each time: 40 neighbours hardly ever share a bucket of 16384. */
static void neighbours_have_limits_of_their_own(void **state)
{
    unsigned refused = 0;
    (void)state;
    rows[0].half_open = rows[0].sessions = 1000;
    for (uint32_t i = 0; i < 40; i++)
        for (unsigned k = 0; k < 4; k++) {
            struct prefix p = host(i);
            refused += limits_begin(&rows[0], &p) != LIMITS_OK;
        }
    assert_true(refused <= 8);
}

/* ---- the registry ---- */

static struct registry book;

static int open_book(void **state)
{
    (void)state;
    registry_init(&book);
    return 0;
}

static int close_book(void **state)
{
    (void)state;
    registry_done(&book);
    return 0;
}

static struct params with(uint32_t address)
{
    struct params p = { .n_prefixes = 1 };
    p.prefixes[0] = prefix_v4(address, 32);
    return p;
}

static unsigned newer_seen;
static struct owner newer_last;

static void on_newer(void *ctx, struct owner newer)
{
    (void)ctx;
    newer_seen++;
    newer_last = newer;
}

static const uint64_t s1 = 0x100000005u, s2 = 0x200000005u, s3 = 0x100000006u;

static void only_accepted_sessions_come_up(void **state)
{
    struct params p = with(0x0a500002);
    (void)state;
    assert_int_equal(registry_up(&book, 0, s1), ERR_STATE);
    assert_int_equal(registry_accept(&book, 0, s1, &p), 0);
    assert_int_equal(registry_up(&book, 1, s1), ERR_STATE); /* another worker's */
    assert_int_equal(registry_up(&book, 0, s2), ERR_STATE); /* another generation */
    assert_int_equal(registry_up(&book, 0, s1), 0);
    assert_int_equal(registry_up(&book, 0, s1), ERR_STATE); /* twice */
    assert_non_null(registry_find(&book, 0, s1));
    registry_down(&book, 0, s1, on_newer, NULL);
    assert_null(registry_find(&book, 0, s1));
    registry_down(&book, 0, s1, on_newer, NULL);
}

static void impossible_handles_are_refused(void **state)
{
    struct params p = with(1);
    (void)state;
    assert_int_equal(registry_accept(&book, 0, 0, &p), ERR_VALUE);
    assert_int_equal(registry_accept(&book, REGISTRY_WORKERS, s1, &p), ERR_VALUE);
    assert_int_equal(registry_accept(&book, 0, 0x100000000u + REGISTRY_INDEX_MAX, &p), ERR_VALUE);
    assert_null(registry_find(&book, REGISTRY_WORKERS, s1));
}

static void a_late_end_names_the_newer_owner(void **state)
{
    struct params p = with(0x0a500002);
    (void)state;
    assert_int_equal(registry_accept(&book, 0, s1, &p), 0);
    assert_int_equal(registry_up(&book, 0, s1), 0);
    assert_int_equal(registry_accept(&book, 1, s3, &p), 0);
    assert_int_equal(registry_up(&book, 1, s3), 0);
    newer_seen = 0;
    registry_down(&book, 0, s1, on_newer, NULL);
    assert_int_equal(newer_seen, 1);
    assert_true(owner_eq(newer_last, ((struct owner){ 1, s3 })));
    registry_down(&book, 1, s3, on_newer, NULL);
    assert_int_equal(newer_seen, 1);
    assert_int_equal(book.owners.used, 0);
}

static void claims_come_and_go(void **state)
{
    struct params p = with(0x0a500002);
    struct prefix a = { .family = 6, .len = 128, .addr = { 0xfd, [15] = 1 } }, b = a, none = { 0 };
    struct owner who;
    (void)state;
    b.addr[15] = 2;
    assert_int_equal(registry_claim(&book, 0, s1, &a, &none), ERR_STATE);
    assert_int_equal(registry_accept(&book, 0, s1, &p), 0);
    assert_int_equal(registry_claim(&book, 0, s1, &a, &none), ERR_STATE); /* not up */
    assert_int_equal(registry_up(&book, 0, s1), 0);
    assert_int_equal(registry_claim(&book, 0, s1, &a, &none), 0);
    assert_int_equal(registry_claim(&book, 0, s1, &a, &none), 0); /* twice is once */
    assert_int_equal(registry_find(&book, 0, s1)->n_prefixes, 2);
    assert_true(owners_get(&book.owners, &a, &who) && who.session == s1);
    assert_int_equal(registry_claim(&book, 0, s1, &b, &a), 0);
    assert_false(owners_get(&book.owners, &a, &who));
    assert_int_equal(registry_find(&book, 0, s1)->n_prefixes, 2);
    for (unsigned i = 3; i <= PARAMS_PREFIXES; i++) {
        b.addr[15] = (uint8_t)i;
        assert_int_equal(registry_claim(&book, 0, s1, &b, &none), 0);
    }
    b.addr[15] = 99;
    assert_int_equal(registry_claim(&book, 0, s1, &b, &none), ERR_STATE); /* full */
    registry_down(&book, 0, s1, on_newer, NULL);
    assert_int_equal(book.owners.used, 0);
}

/* Networks behind the client stay the last ones. */
static void claims_stand_before_networks(void **state)
{
    struct params p = with(0x0a500002);
    struct prefix a = { .family = 6, .len = 128, .addr = { 0xfd, [15] = 1 } }, none = { 0 };
    (void)state;
    p.prefixes[1] = prefix_v4(0xc0a80700, 24);
    p.n_prefixes = 2;
    p.n_routed = 1;
    assert_int_equal(registry_accept(&book, 0, s1, &p), 0);
    assert_int_equal(registry_up(&book, 0, s1), 0);
    for (unsigned i = 1; i < 4; i++) {
        a.addr[15] = (uint8_t)i;
        assert_int_equal(registry_claim(&book, 0, s1, &a, &none), 0);
    }
    const struct registered *s = registry_find(&book, 0, s1);
    assert_int_equal(s->n_prefixes, 5);
    assert_true(prefix_eq(&s->prefixes[4], &p.prefixes[1]) && prefix_eq(&s->prefixes[0], &p.prefixes[0]));
    assert_true(prefix_eq(&s->prefixes[3], &a));
}

static void forgotten(void *ctx, const struct registered *s)
{
    *(unsigned *)ctx += s->up ? 100 : 1;
}

static void a_workers_end_forgets_its_sessions(void **state)
{
    unsigned n = 0;
    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        struct params p = with(i + 1);
        assert_int_equal(registry_accept(&book, i % 2, 0x100000000u + 200 + i, &p), 0);
        if (i < 4)
            assert_int_equal(registry_up(&book, i % 2, 0x100000000u + 200 + i), 0);
    }
    registry_worker_gone(&book, 0, forgotten, &n);
    assert_int_equal(n, 203);
    assert_null(registry_find(&book, 0, 0x100000000u + 200));
    assert_non_null(registry_find(&book, 1, 0x100000000u + 201));
    assert_int_equal(book.owners.used, 2);
}

static void the_same_place_again_replaces(void **state)
{
    struct params p = with(1), q = with(2);
    (void)state;
    assert_int_equal(registry_accept(&book, 0, s1, &p), 0);
    assert_int_equal(registry_up(&book, 0, s1), 0);
    assert_int_equal(registry_accept(&book, 0, s2, &q), 0);
    assert_null(registry_find(&book, 0, s1));
    assert_non_null(registry_find(&book, 0, s2));
    assert_int_equal(book.owners.used, 0);
}

int main(void)
{
#define LIMITS(t) cmocka_unit_test_setup_teardown(t, open_limits, close_limits)
#define BOOK(t)   cmocka_unit_test_setup_teardown(t, open_book, close_book)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(claims_come_and_go, open_book, close_book),
        cmocka_unit_test_setup_teardown(claims_stand_before_networks, open_book, close_book),
        cmocka_unit_test(old_handles_find_nothing),
        cmocka_unit_test(all_may_be_removed_while_walking),
        LIMITS(an_address_is_limited_over_all_workers),
        LIMITS(a_64_counts_as_one_address),
        LIMITS(all_are_limited),
        LIMITS(sessions_are_limited),
        LIMITS(counting_at_the_same_time_refuses_nobody),
        LIMITS(neighbours_have_limits_of_their_own),
        cmocka_unit_test(a_worker_that_comes_later_counts),
        LIMITS(a_dead_workers_row_is_cleared),
        cmocka_unit_test(a_page_of_another_size_is_refused),
        BOOK(only_accepted_sessions_come_up),
        BOOK(impossible_handles_are_refused),
        BOOK(a_late_end_names_the_newer_owner),
        BOOK(a_workers_end_forgets_its_sessions),
        BOOK(the_same_place_again_replaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

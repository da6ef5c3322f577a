/* Turns between sessions: fairness in bytes, newcomers first, nobody starves, leaving and coming back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/fq_turns.h"
#include "test_fq_packets.h"

enum { QUANTUM = 10000, SESSIONS = 8 };

static void nobody(void **state)
{
    struct turns t;
    struct turn s = { 0 };
    uint32_t share = 77;
    (void)state;
    turns_init(&t, QUANTUM);
    assert_null(turns_next(&t, &share));
    assert_int_equal(share, 77);
    turns_remove(&t, &s);
    turns_spent(&t, &s, 10, true);
    assert_true(turns_empty(&t));
}

static void one_goes_on_and_leaves(void **state)
{
    struct turns t;
    struct turn s = { 0 };
    uint32_t share;
    (void)state;
    turns_init(&t, 0);
    turns_add(&t, &s);
    turns_add(&t, &s);
    for (unsigned i = 0; i < 100; i++) {
        assert_ptr_equal(turns_next(&t, &share), &s);
        assert_in_range(share, 1, TURNS_QUANTUM);
        turns_spent(&t, &s, 3 * TURNS_QUANTUM, true);
    }
    assert_ptr_equal(turns_next(&t, &share), &s);
    turns_spent(&t, &s, 0, false);
    assert_null(turns_next(&t, &share));
    assert_true(turns_empty(&t));
    assert_int_equal(s.list, TURN_NONE);
}

/* Each sends records of another size, more than its share by up to one record. */
static void fair_in_bytes(void **state)
{
    struct turns t;
    struct turn s[SESSIONS] = { 0 };
    uint64_t sent[SESSIONS] = { 0 };
    uint32_t share;
    (void)state;
    turns_init(&t, QUANTUM);
    for (unsigned i = 0; i < SESSIONS; i++)
        turns_add(&t, &s[i]);
    for (unsigned turn = 0; turn < 20000; turn++) {
        struct turn *who = turns_next(&t, &share);
        unsigned i = (unsigned)(who - s);
        uint64_t record = 100 + 2000 * i, n = 0;
        while (n < share)
            n += record;
        sent[i] += n;
        turns_spent(&t, who, n, true);
    }
    for (unsigned i = 1; i < SESSIONS; i++) {
        uint64_t apart = sent[i] > sent[0] ? sent[i] - sent[0] : sent[0] - sent[i];
        assert_true(apart <= 2 * (QUANTUM + 100 + 2000 * SESSIONS));
    }
}

static void a_newcomer_is_next(void **state)
{
    struct turns t;
    struct turn s[SESSIONS] = { 0 }, late = { 0 };
    uint32_t share;
    (void)state;
    turns_init(&t, QUANTUM);
    for (unsigned i = 0; i < SESSIONS; i++)
        turns_add(&t, &s[i]);
    for (unsigned i = 0; i < 3 * SESSIONS; i++)
        turns_spent(&t, turns_next(&t, &share), QUANTUM, true);
    turns_add(&t, &late);
    assert_ptr_equal(turns_next(&t, &share), &late);
    turns_spent(&t, &late, QUANTUM, true);
    assert_ptr_not_equal(turns_next(&t, &share), &late);
}

/* Sessions that always empty themselves and come back at once must not starve one that has much to send. */
static void comers_and_goers_starve_nobody(void **state)
{
    struct turns t;
    struct turn bulk = { 0 }, small[2] = { 0 };
    uint64_t sent = 0, theirs = 0;
    uint32_t share;
    (void)state;
    turns_init(&t, QUANTUM);
    turns_add(&t, &bulk);
    turns_spent(&t, turns_next(&t, &share), QUANTUM, true);
    for (unsigned i = 0; i < 3000; i++) {
        turns_add(&t, &small[0]);
        turns_add(&t, &small[1]);
        struct turn *who = turns_next(&t, &share);
        uint64_t n = who == &bulk ? share : 9000;
        *(who == &bulk ? &sent : &theirs) += n;
        turns_spent(&t, who, n, who == &bulk);
    }
    assert_true(sent * 4 > theirs); /* a third is due to it */
}

static void others_are_others(void **state)
{
    struct turns t;
    struct turn a = { 0 }, b = { 0 };
    uint32_t share;
    (void)state;
    turns_init(&t, QUANTUM);
    assert_false(turns_others(&t, &a));
    turns_add(&t, &a);
    assert_false(turns_others(&t, &a));
    assert_true(turns_others(&t, &b));
    turns_add(&t, &b);
    assert_true(turns_others(&t, &a));
    turns_spent(&t, turns_next(&t, &share), 2 * QUANTUM, true); /* a */
    (void)turns_next(&t, &share);
    turns_spent(&t, &b, 1, false); /* idle, a's round goes on */
    assert_false(turns_others(&t, &a));
    assert_true(turns_others(&t, &b));
}

static void leaving_while_idle(void **state)
{
    struct turns t;
    struct turn a = { 0 }, b = { 0 };
    uint32_t share;
    (void)state;
    turns_init(&t, QUANTUM);
    turns_add(&t, &a);
    turns_spent(&t, turns_next(&t, &share), 2 * QUANTUM, true);
    (void)turns_next(&t, &share); /* now it goes round */
    turns_add(&t, &b);
    assert_ptr_equal(turns_next(&t, &share), &b);
    turns_spent(&t, &b, 1, false);
    assert_true(b.idle);
    assert_int_equal(b.list, TURN_ROUND);
    turns_remove(&t, &b);
    assert_int_equal(b.list, TURN_NONE);
    assert_false(b.idle);
    assert_ptr_equal(turns_next(&t, &share), &a);
    turns_remove(&t, &a);
    assert_null(turns_next(&t, &share));
}

static unsigned listed(const struct turns *t)
{
    unsigned n = 0;
    for (unsigned i = 0; i < TURN_LISTS; i++) {
        for (const struct turn *s = t->ring[i].next; s != &t->ring[i]; s = s->next)
            n += !s->idle;
    }
    return n;
}

static void random_calls(void **state)
{
    struct turns t;
    struct turn s[SESSIONS] = { 0 };
    uint64_t seed = 4711;
    (void)state;
    turns_init(&t, QUANTUM);
    for (unsigned i = 0; i < 50000; i++) {
        uint64_t r = next_random(&seed);
        struct turn *who = &s[r >> 8 & 7];
        uint32_t share = 0;
        if (r % 4 == 0)
            turns_add(&t, who);
        else if (r % 16 == 1)
            turns_remove(&t, who);
        else if ((who = turns_next(&t, &share)))
            turns_spent(&t, who, (r >> 16) % 40000, r >> 40 & 1);
        assert_int_equal(listed(&t), t.busy);
        assert_int_equal(turns_empty(&t), t.busy == 0);
        if (who)
            assert_true(who->deficit > -200000 && who->deficit <= QUANTUM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody),
        cmocka_unit_test(one_goes_on_and_leaves),
        cmocka_unit_test(fair_in_bytes),
        cmocka_unit_test(a_newcomer_is_next),
        cmocka_unit_test(comers_and_goers_starve_nobody),
        cmocka_unit_test(others_are_others),
        cmocka_unit_test(leaving_while_idle),
        cmocka_unit_test(random_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The blocks behind a queue: what fits, what moves, what is given back, and memory that ends. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/fq_store.h"

enum { BLOCK = 4096, LISTS = 3, ROOM = BLOCK - (int)sizeof(struct fq_block) };

static uint8_t bytes[PACKET_MAX];

static struct packet of(uint32_t n, uint8_t first)
{
    bytes[0] = first;
    return (struct packet){ .p = bytes, .n = n, .vnet = { first, 2, 3 } };
}

static void put(struct fq_store *s, struct blocks *from, struct fq_list *lists, unsigned list, uint32_t n,
                uint8_t first)
{
    struct packet p = of(n, first);
    struct fq_entry *e = fq_store_put(s, from, &p, lists, LISTS);
    assert_non_null(e);
    fq_list_add(&lists[list], e);
}

static uint8_t pop(struct fq_store *s, struct blocks *from, struct fq_list *l)
{
    struct fq_entry *e = fq_list_pop(l);
    uint8_t first = e->bytes[0];
    assert_int_equal(e->vnet[0], first);
    assert_int_equal(e->vnet[2], 3);
    fq_store_drop(s, from, e);
    return first;
}

static void what_fits(void **state)
{
    struct blocks from;
    (void)state;
    blocks_init(&from, BLOCK, 0);
    size_t most = ROOM - sizeof(struct fq_entry);
    assert_true(fq_store_takes(&from, 0));
    assert_true(fq_store_takes(&from, most));
    assert_false(fq_store_takes(&from, most + 1));
    assert_false(fq_store_takes(&from, SIZE_MAX));
    struct fq_store s = { 0 };
    struct fq_list lists[LISTS] = { 0 };
    struct packet p = of((uint32_t)most + 1, 1);
    assert_null(fq_store_put(&s, &from, &p, lists, LISTS));
    assert_int_equal(s.blocks, 0);
    put(&s, &from, lists, 0, (uint32_t)most, 1);
    put(&s, &from, lists, 0, 0, 2);
    assert_int_equal(s.blocks, 2);
    fq_store_done(&s, &from);
    assert_null(s.first);
    blocks_done(&from);
}

/* First in, first out: two blocks are enough for ever. */
static void a_line_needs_two_blocks(void **state)
{
    struct blocks from;
    struct fq_store s = { 0 };
    struct fq_list lists[LISTS] = { 0 };
    (void)state;
    blocks_init(&from, BLOCK, 1);
    for (unsigned i = 0; i < 10; i++)
        put(&s, &from, lists, 0, 200, (uint8_t)i);
    for (unsigned i = 10; i < 2000; i++) {
        put(&s, &from, lists, 0, 200, (uint8_t)i);
        assert_int_equal(pop(&s, &from, &lists[0]), (uint8_t)(i - 10));
        assert_true(s.blocks <= 2);
    }
    fq_store_done(&s, &from);
    blocks_done(&from);
}

/* One packet of a slow flow in each block: they are moved together, in order, and the blocks go back. */
static void slow_packets_do_not_pin_blocks(void **state)
{
    struct blocks from;
    struct fq_store s = { 0 };
    struct fq_list lists[LISTS] = { 0 };
    unsigned slow = 0, most = 0;
    (void)state;
    blocks_init(&from, BLOCK, 4);
    for (unsigned i = 0; i < 1000; i++) {
        if (i % 20 == 0)
            put(&s, &from, lists, 1 + i / 20 % 2, 100, (uint8_t)slow++);
        put(&s, &from, lists, 0, 200, 0);
        pop(&s, &from, &lists[0]);
        most = s.blocks > most ? s.blocks : most;
    }
    /* 50 slow packets of 152 bytes: two blocks; without moving them it would be 62. */
    assert_in_range(most, 2, 8);
    for (unsigned i = 0; i < slow; i++)
        assert_int_equal(pop(&s, &from, &lists[1 + i % 2]), i);
    assert_int_equal(s.live, 0);
    assert_true(s.blocks <= 1);
    fq_store_done(&s, &from);
    blocks_done(&from);
}

/* Memory ends: malloc refuses what is larger than any object, and the sanitizer is to do so too. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void no_memory(void **state)
{
    struct blocks from;
    struct fq_store s = { 0 };
    struct fq_list lists[LISTS] = { 0 };
    struct packet p = of(10, 1);
    (void)state;
    blocks_init(&from, (size_t)PTRDIFF_MAX + 1, 0);
    assert_null(fq_store_put(&s, &from, &p, lists, LISTS));
    assert_null(s.first);
    assert_int_equal(s.live, 0);
    fq_store_done(&s, &from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits),
        cmocka_unit_test(a_line_needs_two_blocks),
        cmocka_unit_test(slow_packets_do_not_pin_blocks),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

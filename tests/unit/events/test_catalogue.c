/* The catalogue: numbers and symbols are unique and ascend, every event has both sentences, lookups find all of
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "events/events.h"

static const struct {
    unsigned id;
    const char *symbol, *what, *todo;
    enum event_level level;
} all[] = {
#define X(num, sym, lev, what, todo) { num, #sym, what, todo, EVENT_##lev },
#include "events/catalogue.inc"
#undef X
};
enum { N = sizeof(all) / sizeof(all[0]) };

static void test_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        if (i)
            assert_true(all[i - 1].id < all[i].id);
        for (size_t k = i + 1; k < N; k++)
            assert_string_not_equal(all[i].symbol, all[k].symbol);
    }
}

static void test_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        assert_true(strlen(all[i].what) > 5 && strlen(all[i].what) < 200);
        assert_true(strlen(all[i].todo) > 5 && strlen(all[i].todo) < 200);
        for (const char *s = all[i].what; *s; s++)
            assert_true(*s >= 0x20 && *s < 0x7f);
        for (const char *s = all[i].todo; *s; s++)
            assert_true(*s >= 0x20 && *s < 0x7f);
        assert_int_not_equal(all[i].what[strlen(all[i].what) - 1], '.');
        /* Whoever is warned must be able to do something. */
        if (all[i].level == EVENT_ERROR)
            assert_string_not_equal(all[i].todo, "nothing to do");
    }
}

static void test_lookups(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        assert_string_equal(event_symbol(all[i].id), all[i].symbol);
        assert_string_equal(event_what(all[i].id), all[i].what);
        assert_string_equal(event_todo(all[i].id), all[i].todo);
        assert_int_equal(event_level_of(all[i].id), all[i].level);
    }
    static const unsigned unknown[] = { 0, 26, 31, 34, 999, 0x7fffffff, 0xffffffff };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_null(event_symbol(unknown[i]));
        assert_null(event_what(unknown[i]));
        assert_null(event_todo(unknown[i]));
    }
}

/* The numbers of the Windows source are kept: those between 1 and 33 that exist there exist here. */
static void test_windows_numbers(void **state)
{
    (void)state;
    for (unsigned id = 1; id <= 25; id++)
        assert_non_null(event_symbol(id));
    for (unsigned id = 26; id <= 31; id++)
        assert_null(event_symbol(id));
    assert_non_null(event_symbol(32));
    assert_non_null(event_symbol(33));
    assert_null(event_symbol(34));
    assert_int_equal(EV_STARTED, 1000);
}

static void test_levels(void **state)
{
    (void)state;
    enum event_level l = EVENT_DEBUG;
    for (int i = EVENT_ERROR; i <= EVENT_DEBUG; i++) {
        assert_true(event_level_from(event_level_name((enum event_level)i), &l));
        assert_int_equal((int)l, i);
    }
    l = EVENT_NOTICE;
    assert_false(event_level_from("", &l));
    assert_false(event_level_from("Info", &l));
    assert_false(event_level_from("infox", &l));
    assert_int_equal(l, EVENT_NOTICE);
}

static void test_ras(void **state)
{
    (void)state;
    static const unsigned known[] = { 646, 647, 648, 649, 691, 709, 718, 719, 720, 734, 778, 812, 828, 829, 919 };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_non_null(event_ras_text(known[i]));
    assert_null(event_ras_text(0));
    assert_null(event_ras_text(690));
    assert_null(event_ras_text(UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unique),          cmocka_unit_test(test_sentences), cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_windows_numbers), cmocka_unit_test(test_levels),    cmocka_unit_test(test_ras),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

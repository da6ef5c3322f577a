/* The one list of errors: every one has a name of its own and a class. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const int all[] = {
    ERR_TRUNCATED, ERR_LENGTH, ERR_VALUE,    ERR_VERSION, ERR_TRAILING, ERR_DUPLICATE, ERR_UNKNOWN,
    ERR_MISSING,   ERR_STATE,  ERR_SECURITY, ERR_TIMEOUT, ERR_REFUSED,  ERR_ENDED,     ERR_AUTH,
    ERR_NOBUF,     ERR_NOMEM,  ERR_SYSTEM,   ERR_LOST,    ERR_BUG,
};
enum { N = sizeof all / sizeof all[0] };

static void every_error_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        assert_string_not_equal(err_str(all[i]), "unknown error");
        for (int k = 0; k < i; k++)
            assert_string_not_equal(err_str(all[i]), err_str(all[k]));
    }
    assert_string_equal(err_str(0), "no error");
}

static void numbers_outside_the_list_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(err_str(-12), "unknown error");
    assert_string_equal(err_str(-999), "unknown error");
    assert_string_equal(err_str(1), "unknown error");
}

static void classes_say_who_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(err_class(0), ERR_CLASS_NONE);
    assert_int_equal(err_class(2), ERR_CLASS_NONE);
    assert_int_equal(err_class(ERR_TRUNCATED), ERR_CLASS_PEER);
    assert_int_equal(err_class(ERR_TIMEOUT), ERR_CLASS_PEER);
    assert_int_equal(err_class(ERR_REFUSED), ERR_CLASS_TOLD);
    assert_int_equal(err_class(ERR_AUTH), ERR_CLASS_TOLD);
    assert_int_equal(err_class(ERR_NOBUF), ERR_CLASS_OURS);
    assert_int_equal(err_class(ERR_BUG), ERR_CLASS_OURS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_name),
        cmocka_unit_test(numbers_outside_the_list_are_unknown),
        cmocka_unit_test(classes_say_who_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

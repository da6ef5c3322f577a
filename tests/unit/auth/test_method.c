/* The names of the methods, and which of them make keys. */
#include "auth_test.h"

static void names_go_both_ways(void **state)
{
    (void)state;
    for (unsigned m = AUTH_NONE + 1; m < AUTH_METHODS; m++) {
        assert_non_null(auth_method_name((enum auth_method)m));
        assert_int_equal(auth_method_from(auth_method_name((enum auth_method)m)), m);
    }
    assert_string_equal(auth_method_name(AUTH_EAP_MSCHAPV2), "eap-mschapv2");
    assert_int_equal(auth_method_from("MSCHAPv2"), AUTH_MSCHAPV2);
    assert_int_equal(auth_method_from("Pap"), AUTH_PAP);
    assert_null(auth_method_name(AUTH_METHODS));
    assert_null(auth_method_name((enum auth_method) - 1));
}

static void other_names(void **state)
{
    (void)state;
    static const char *const rows[] = { "", "none", "pa", "papp", " pap", "mschap", "mschapv22", "eap", "chap-md5" };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(auth_method_from(rows[i]), AUTH_NONE);
}

static void keyed(void **state)
{
    (void)state;
    assert_false(auth_method_keyed(AUTH_NONE));
    assert_false(auth_method_keyed(AUTH_PAP));
    assert_false(auth_method_keyed(AUTH_CHAP_MD5));
    assert_true(auth_method_keyed(AUTH_MSCHAPV2));
    assert_true(auth_method_keyed(AUTH_EAP_MSCHAPV2));
    assert_false(auth_method_keyed(AUTH_METHODS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(other_names),
        cmocka_unit_test(keyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

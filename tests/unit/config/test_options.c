/* The table of options, the nearest name, and the manual page: it holds the table's text, word for word. */
#include "config_help.h"

#include "config/options.h"

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_n_options; i++) {
        const struct option *o = &config_options[i];
        if (o->doc) {
            assert_true(strlen(o->doc) > 10);
            assert_int_not_equal(o->doc[strlen(o->doc) - 1], '.');
        } else {
            assert_string_equal(o->block, "debug"); /* nothing else is hidden */
        }
        assert_true(o->block[0] || o->name[0]);
        assert_true(o->min <= o->max);
        for (size_t k = 0; k < i; k++)
            assert_false(strcmp(o->block, config_options[k].block) == 0 &&
                         strcmp(o->name, config_options[k].name) == 0);
    }
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = { "mschapv2", "eap-mschapv2", "chap", "pap", NULL };
    static const char *const none[] = { NULL };
    assert_string_equal(nearest_name("mschap2", names), "mschapv2");
    assert_string_equal(nearest_name("MSCHAP-V2", names), "mschapv2");
    assert_string_equal(nearest_name("pa", names), "pap");
    assert_string_equal(nearest_name("eapmschapv2", names), "eap-mschapv2");
    assert_null(nearest_name("kerberos", names));
    assert_null(nearest_name("", none));
    assert_null(nearest_name("x", none));
    char longer[200];
    memset(longer, 'a', sizeof(longer));
    longer[199] = 0;
    (void)nearest_name(longer, names);
}

/* The list in docs/man/aditd.conf.5 is what config_print_doc() prints. To renew it: aditd.conf.5 between its marks. */
static void test_manual(void **state)
{
    (void)state;
    char *doc = NULL, *page = NULL;
    size_t n, m = 0;
    FILE *f = open_memstream(&doc, &n), *man = fopen(MAN_DIR "/aditd.conf.5", "r");
    assert_non_null(f);
    assert_non_null(man);
    config_print_doc(f);
    fclose(f);
    assert_true(getdelim(&page, &m, 0, man) > 0);
    fclose(man);
    assert_non_null(strstr(page, doc));
    for (size_t i = 0; i < config_n_options; i++) {
        char title[64];
        if (config_options[i].doc)
            assert_non_null(strstr(page, option_title(&config_options[i], title)));
    }
    free(doc);
    free(page);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_manual),
    };
    if (argc == 2 && strcmp(argv[1], "--print") == 0) { /* for docs/man: the list, to be pasted */
        config_print_doc(stdout);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

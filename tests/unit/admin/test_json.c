/* The API's documents: what stands where, and that no byte of a peer breaks them. Their schema is tested in tests/netns. */
#include "admin_help.h"

#include "admin/json.h"

#include <stdlib.h>

static const char *str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    assert_non_null(s);
    return s;
}

static long long num(const json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return json_integer_value(json_object_get(o, key));
}

static void test_session(void **state)
{
    (void)state;
    struct admin_session s = a_session();
    json_t *o = api_json_session(3, &s), *t = json_object_get(o, "traffic");
    assert_string_equal(str(o, "id"), "3-1234567800000009");
    assert_string_equal(str(o, "user"), "alice");
    assert_string_equal(str(o, "binding"), "SHA-256");
    assert_string_equal(str(o, "client"), "MSRASV5.20");
    assert_string_equal(json_string_value(json_array_get(json_object_get(o, "prefixes"), 0)), "10.80.0.2");
    assert_string_equal(json_string_value(json_array_get(json_object_get(o, "prefixes"), 1)), "fd00::/64");
    assert_int_equal(num(o, "seconds"), 61);
    assert_int_equal(num(o, "mtu"), 1400);
    assert_int_equal(num(o, "config"), 7);
    assert_int_equal(num(t, "packets_in"), 3);
    assert_int_equal(num(t, "drops"), 5);
    assert_true(num(t, "rate_out") == INT64_MAX); /* never negative */
    json_decref(o);
}

static void test_foreign_bytes(void **state)
{
    (void)state;
    struct admin_session s = a_session();
    size_t n;
    strcpy(s.user, "a\"\\\n\x01z");
    strcpy(s.ident, "\xff\xfe"
                    "x");
    char *text = api_json_text(api_json_session(0, &s), &n);
    assert_non_null(text);
    assert_int_equal(text[n - 1], '\n');
    json_t *o = json_loadb(text, n, 0, NULL);
    assert_string_equal(str(o, "user"), "a\"\\\n\x01z");
    assert_string_equal(str(o, "client"), "??x");
    json_decref(o);
    free(text);
}

static void test_events(void **state)
{
    (void)state;
    json_t *o =
        api_json_event(slice_str("2026-11-20T08:30:00.123Z notice 1101 SESSION_UP worker user=alice: a session is up"));
    assert_string_equal(str(o, "time"), "2026-11-20T08:30:00.123Z");
    assert_string_equal(str(o, "level"), "notice");
    assert_int_equal(num(o, "number"), 1101);
    assert_string_equal(str(o, "symbol"), "SESSION_UP");
    assert_string_equal(str(o, "process"), "worker");
    assert_string_equal(str(o, "text"), "user=alice: a session is up");
    json_decref(o);
    static const char *const odd[] = { "", " ", "a", "a b c d e f", "a b 12345678 d e", "a b 1 d" };
    for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        o = api_json_event(slice_str(odd[i]));
        assert_string_equal(str(o, "text"), odd[i]);
        assert_int_equal(json_object_size(o), 1);
        json_decref(o);
    }
}

static void test_status(void **state)
{
    (void)state;
    static struct admin_status s;
    struct admin_worker one = a_worker();
    a_status(&s);
    struct api_worker workers[] = { { &s.roles[1], &one }, { &s.roles[2], NULL } };
    json_t *o = api_json_status(&s, workers, 2, NULL), *list = json_object_get(o, "workers");
    assert_string_equal(str(o, "version"), "1.2.3");
    assert_int_equal(num(o, "uptime"), 90061);
    assert_int_equal(num(o, "sessions"), 1);
    assert_int_equal(num(o, "memory"), 7000);
    assert_int_equal(num(json_object_get(o, "traffic"), "rate_out"), 10);
    assert_int_equal(json_array_size(json_object_get(o, "listeners")), 2);
    assert_int_equal(json_array_size(json_object_get(o, "processes")), 1);
    assert_int_equal(json_array_size(json_object_get(o, "events")), 0);
    assert_int_equal(json_array_size(list), 2);
    assert_true(json_is_true(json_object_get(json_array_get(list, 0), "answers")));
    assert_int_equal(num(json_array_get(list, 0), "restarts"), 2);
    assert_true(json_is_false(json_object_get(json_array_get(list, 1), "answers")));
    assert_int_equal(num(json_array_get(list, 1), "sessions"), 0);
    json_decref(o);
}

static void test_error(void **state)
{
    (void)state;
    size_t n;
    char *text = api_json_text(api_json_error("forbidden", "no"), &n);
    assert_int_equal(n, strlen("{\"error\":{\"code\":\"forbidden\",\"message\":\"no\"}}\n"));
    assert_memory_equal(text, "{\"error\":{\"code\":\"forbidden\",\"message\":\"no\"}}\n", n);
    free(text);
    assert_null(api_json_text(NULL, &n)); /* no memory on the way */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session), cmocka_unit_test(test_foreign_bytes), cmocka_unit_test(test_events),
        cmocka_unit_test(test_status),  cmocka_unit_test(test_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

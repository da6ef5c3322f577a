/* Which call a request is: every row of the table, what belongs to each, and what is refused with which status. */
#include "admin_help.h"

#include "admin/api.h"

#include <stdio.h>

static struct api_call call;
static struct api_error error;
static const char *limit, *after, *reason;

static const char *query(void *ctx, const char *key)
{
    assert_ptr_equal(ctx, &call);
    if (strcmp(key, "limit") == 0)
        return limit;
    if (strcmp(key, "after") == 0)
        return after;
    return strcmp(key, "reason") == 0 ? reason : NULL;
}

static int parse(const char *method, const char *path, const char *body)
{
    return api_parse(method, path, query, &call, slice_str(body), &call, &error);
}

static void good(const char *method, const char *path, const char *body, enum api_call_kind kind)
{
    assert_int_equal(parse(method, path, body), 0);
    assert_int_equal(call.kind, kind);
}

static void bad(const char *method, const char *path, const char *body, unsigned status)
{
    memset(&call, 0x55, sizeof(call));
    assert_int_equal(parse(method, path, body), ERR_VALUE);
    assert_int_equal(error.status, status);
    assert_true(error.code[0] && error.message[0]);
    assert_int_equal(call.limit, 0x55555555); /* untouched */
}

static int setup(void **state)
{
    (void)state;
    limit = after = reason = NULL;
    return 0;
}

static void test_calls(void **state)
{
    (void)state;
    good("GET", "/v1/status", "", API_STATUS);
    good("GET", "/v1/sessions", "", API_SESSIONS);
    assert_int_equal(call.limit, API_LIMIT_MAX);
    good("GET", "/v1/sessions/3-100000009", "", API_SESSION);
    assert_int_equal(call.id.worker, 3);
    assert_int_equal(call.id.handle, 0x100000009u);
    good("DELETE", "/v1/sessions/0-1", "", API_END);
    assert_string_equal(call.reason, "");
    good("POST", "/v1/users/alice/disconnect", "", API_END_USER);
    assert_string_equal(call.user, "alice");
    good("POST", "/v1/users/DOMAIN/al ice/disconnect", "{}", API_END_USER);
    assert_string_equal(call.user, "DOMAIN/al ice");
    good("POST", "/v1/drain", "", API_DRAIN);
    good("POST", "/v1/reload", "", API_RELOAD);
    good("POST", "/v1/upgrade", "", API_UPGRADE);
    good("PUT", "/v1/log-level", "{\"level\":\"debug\"}", API_LOG_LEVEL);
    assert_int_equal(call.level, EVENT_DEBUG);
}

static void test_paths_and_methods(void **state)
{
    (void)state;
    static const char *const none[] = { "",
                                        "/",
                                        "/v1",
                                        "/v1/",
                                        "/v1/statusx",
                                        "/v1/status/",
                                        "/v2/status",
                                        "/v1/sessions/",
                                        "/v1/sessions/a/b",
                                        "/v1/users//disconnect",
                                        "/v1/users/disconnect",
                                        "/v1/users/alice",
                                        "/v1/log-level/debug" };
    for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        bad("GET", none[i], "", 404);
    bad("POST", "/v1/status", "", 405);
    assert_string_equal(error.allow, "GET");
    bad("PUT", "/v1/sessions/0-1", "", 405);
    assert_string_equal(error.allow, "GET, DELETE");
    bad("GET", "/v1/users/a/disconnect", "", 405);
    assert_string_equal(error.allow, "POST");
    bad("get", "/v1/status", "", 405);
    bad("HEAD", "/v1/status", "", 405);
}

static void test_ids(void **state)
{
    (void)state;
    struct api_id id;
    char text[API_ID_TEXT];
    assert_string_equal(api_id_text((struct api_id){ 255, UINT64_MAX }, text), "255-ffffffffffffffff");
    assert_true(api_id_from(text, &id));
    assert_int_equal(id.handle, UINT64_MAX);
    static const char *const wrong[] = {
        "",    "-",  "0", "0-", "-1", "256-1", "0-g", "0-1 ", " 0-1", "0--1", "+0-1", "0-0x1", "0-1ffffffffffffffff",
        "a-1", "0-A"
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(api_id_from(wrong[i], &id));
    bad("GET", "/v1/sessions/x", "", 404);
}

static void test_pages(void **state)
{
    (void)state;
    limit = "1";
    after = "2-ff";
    good("GET", "/v1/sessions", "", API_SESSIONS);
    assert_int_equal(call.limit, 1);
    assert_int_equal(call.after.worker, 2);
    assert_int_equal(call.after.handle, 0xff);
    static const char *const wrong[] = { "", "0", "10001", "-1", "1x", " 1", "99999999999999999999999" };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        limit = wrong[i];
        bad("GET", "/v1/sessions", "", 400);
    }
    limit = "10000";
    after = "0-100000000"; /* more than an index */
    bad("GET", "/v1/sessions", "", 400);
}

static void test_reasons(void **state)
{
    (void)state;
    char text[400], word[ADMIN_REASON + 1];
    good("DELETE", "/v1/sessions/0-1", "{\"reason\":\"the end of the shift\"}", API_END);
    assert_string_equal(call.reason, "the end of the shift");
    reason = "by the query";
    good("POST", "/v1/users/a/disconnect", "", API_END_USER);
    assert_string_equal(call.reason, "by the query");
    reason = "a\nb";
    bad("POST", "/v1/users/a/disconnect", "", 400);
    reason = NULL;
    for (unsigned n = ADMIN_REASON - 1; n <= ADMIN_REASON; n++) {
        memset(word, 'r', n);
        word[n] = 0;
        snprintf(text, sizeof(text), "{\"reason\":\"%s\"}", word);
        if (n < ADMIN_REASON)
            good("DELETE", "/v1/sessions/0-1", text, API_END);
        else
            bad("DELETE", "/v1/sessions/0-1", text, 400);
    }
    bad("DELETE", "/v1/sessions/0-1", "{\"reason\":1}", 400);
    bad("DELETE", "/v1/sessions/0-1", "{\"reason\":\"\\u0000\"}", 400);
    bad("DELETE", "/v1/sessions/0-1", "{\"reason\":\"a\\u007f\"}", 400);
    bad("DELETE", "/v1/sessions/0-1", "{\"level\":\"info\"}", 400);
}

static void test_bodies(void **state)
{
    (void)state;
    static const char *const wrong[] = { "",
                                         "{}",
                                         "[]",
                                         "\"info\"",
                                         "{",
                                         "{\"level\":\"loud\"}",
                                         "{\"level\":null}",
                                         "\xff",
                                         "{\"level\":\"info\",\"x\":1}",
                                         "{\"level\":\"info\",\"level\":\"info\"}" };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        bad("PUT", "/v1/log-level", wrong[i], 400);
    static char large[API_BODY_MAX + 2];
    memset(large, ' ', API_BODY_MAX + 1);
    bad("PUT", "/v1/log-level", large, 413);
    memcpy(large, "{\"level\":\"info\"}", 16);
    large[API_BODY_MAX] = 0;
    good("PUT", "/v1/log-level", large, API_LOG_LEVEL);
    bad("POST", "/v1/drain", "{\"now\":true}", 400);
    good("GET", "/v1/status", "what is this", API_STATUS); /* no body belongs to it: not looked at */
}

static void test_names(void **state)
{
    (void)state;
    char path[AUTH_NAME_MAX + 64];
    for (unsigned n = AUTH_NAME_MAX - 1; n <= AUTH_NAME_MAX; n++) {
        int k = snprintf(path, sizeof(path), "/v1/users/");
        memset(path + k, 'n', n);
        snprintf(path + k + n, sizeof(path) - (size_t)k - n, "/disconnect");
        if (n < AUTH_NAME_MAX)
            good("POST", path, "", API_END_USER);
        else
            bad("POST", path, "", 404);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_calls, setup),   cmocka_unit_test_setup(test_paths_and_methods, setup),
        cmocka_unit_test_setup(test_ids, setup),     cmocka_unit_test_setup(test_pages, setup),
        cmocka_unit_test_setup(test_reasons, setup), cmocka_unit_test_setup(test_bodies, setup),
        cmocka_unit_test_setup(test_names, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

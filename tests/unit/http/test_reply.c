/* The server's answers: every one fits, is one well-formed head, and has the body that it announces. */
#include "http/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const uint8_t hash[32] = { 0xff };
static const struct http_conf conf = { .server = true, .cert_sha1 = hash, .cert_sha256 = hash };
static uint8_t out[HTTP_OUT_MAX];

static void every_answer_is_whole(void **state)
{
    (void)state;
    static const unsigned statuses[] = { 400, 401, 404, 405, 431, 501, 505 };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        for (int bits = 0; bits < 4; bits++) {
            struct http_route route = { .status = statuses[i], .page = bits & 1, .body = bits & 2 };
            struct wr w = wr_of(out, sizeof out);
            struct http1_head h;
            size_t scanned = 0;
            reply_error(&w, &route, &conf);
            assert_true(wr_len(&w) > 0);
            struct rd r = rd_slice(wr_slice(&w));
            int n = http1_scan(&r, &scanned);
            assert_true(n > 0);
            assert_int_equal(http1_response(rd_take(&r, (size_t)n), &h), 0);
            assert_int_equal(h.status, statuses[i]);
            assert_true(h.reason.n > 0 && !slice_eq(h.reason, slice_str("Error")));
            assert_true(http1_is(http1_find(&h, "Connection", NULL)->value, "close"));
            assert_true(h.has_content_length && h.content_length > 0);
            assert_int_equal(rd_left(&r), route.body ? h.content_length : 0);
            assert_int_equal(http1_find(&h, "Allow", NULL) != NULL, statuses[i] == 405);
            assert_int_equal(http1_find(&h, "WWW-Authenticate", NULL) != NULL, statuses[i] == 401);
        }
    }
}

static void what_does_not_fit_is_not_half_written(void **state)
{
    (void)state;
    struct http_route route = { .status = 401, .page = true, .body = true };
    struct wr w = wr_of(out, 200);
    reply_error(&w, &route, &conf);
    assert_int_equal(wr_len(&w), 0);
}

static void the_200_never_ends(void **state)
{
    (void)state;
    struct wr w = wr_of(out, sizeof out);
    struct http1_head h;
    reply_upgraded(&w);
    assert_int_equal(http1_response(wr_slice(&w), &h), 0);
    assert_int_equal(h.status, 200);
    assert_true(h.has_content_length && h.content_length == UINT64_MAX);
    assert_null(http1_find(&h, "Connection", NULL));
    assert_null(http1_find(&h, "Transfer-Encoding", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_whole),
        cmocka_unit_test(what_does_not_fit_is_not_half_written),
        cmocka_unit_test(the_200_never_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

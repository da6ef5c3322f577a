/* Which request gets what: every row of the table in route.h. */
#include "http/route.h"
#include "http/upgrade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct http_route route(const char *line, const char *fields)
{
    static char text[1024];
    struct http1_head h;
    snprintf(text, sizeof text, "%s\r\n%s\r\n", line, fields);
    assert_int_equal(http1_request(slice_str(text), &h), 0);
    return http_route(&h);
}

static void rows(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned status;
        bool page, body;
    } table[] = {
        { "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.1", 200, false, true },
        { "SSTP_DUPLEX_POST " SSTP_URI "?tenantid=a/b HTTP/1.1", 200, false, true },
        { "SSTP_DUPLEX_POST " SSTP_URI "? HTTP/1.1", 200, false, true },
        { "SSTP_DUPLEX_POST https://vpn.example.com" SSTP_URI " HTTP/1.1", 200, false, true },
        { "SSTP_DUPLEX_POST HTTP://vpn.example.com:444" SSTP_URI "?x HTTP/1.1", 200, false, true },
        { "SSTP_DUPLEX_POST /sra_%7BBA195980-CD49-458b-9E23-C84EE0ADCD75%7d/ HTTP/1.1", 200, false, true },
        { "GET " SSTP_URI " HTTP/1.1", 401, true, true },
        { "GET " SSTP_URI " HTTP/1.0", 401, true, true },
        { "HEAD " SSTP_URI " HTTP/1.1", 401, true, false },
        { "HEAD " SSTP_URI " HTTP/1.0", 401, true, false },
        { "POST " SSTP_URI " HTTP/1.1", 405, false, true },
        { "OPTIONS " SSTP_URI " HTTP/1.1", 405, false, true },
        { "DELETE " SSTP_URI " HTTP/1.1", 405, false, true },
        { "get " SSTP_URI " HTTP/1.1", 501, false, true }, /* methods have a case */
        { "sstp_duplex_post " SSTP_URI " HTTP/1.1", 501, false, true },
        { "BREW " SSTP_URI " HTTP/1.1", 501, false, true },
        { "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.0", 505, false, true },
        { "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.2", 505, false, true },
        { "SSTP_DUPLEX_POST " SSTP_URI " HTTP/2.0", 505, false, true },
        { "GET " SSTP_URI " HTTP/2.1", 505, false, true },
        { "GET / HTTP/1.1", 404, false, true },
        { "HEAD / HTTP/1.1", 404, false, false },
        { "SSTP_DUPLEX_POST / HTTP/1.1", 404, false, true },
        { "BREW /coffee HTTP/1.1", 404, false, true },
        { "OPTIONS * HTTP/1.1", 404, false, true },
        { "CONNECT a.b:443 HTTP/1.1", 404, false, true },
        { "GET https://vpn.example.com HTTP/1.1", 404, false, true },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_route r = route(table[i].line, "Host: a\r\n");
        if (r.status != table[i].status || r.page != table[i].page || r.body != table[i].body)
            fail_msg("%s: %u", table[i].line, r.status);
    }
}

static void paths_that_are_nearly_it(void **state)
{
    (void)state;
    static const char *const table[] = {
        "/sra_{BA195980-CD49-458B-9E23-C84EE0ADCD75}/", /* the b is small */
        "/sra_{ba195980-cd49-458b-9e23-c84ee0adcd75}/",
        "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}",
        "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/x",
        "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}//",
        "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/#x",
        "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}?x",
        "/sra_BA195980-CD49-458b-9E23-C84EE0ADCD75/",
        "/sra_%7bBA195980-CD49-458b-9E23-C84EE0ADCD75%7/",
        "/sra_%7gBA195980-CD49-458b-9E23-C84EE0ADCD75%7d/",
        "/sra_%257BBA195980-CD49-458b-9E23-C84EE0ADCD75%7d/",
        "//sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
        "ftp://a/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
        "https:/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
        "sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
        "?/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/",
        "/",
        "%",
        "%7",
        "",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (http_is_sstp_path(slice_str(table[i])))
            fail_msg("taken: %s", table[i]);
    assert_true(http_is_sstp_path(slice_str(SSTP_URI)));
}

static void headers_that_decide(void **state)
{
    (void)state;
    static const char up[] = "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.1";
    assert_int_equal(route(up, "").status, 400); /* RFC 9112 3.2: Host */
    assert_int_equal(route(up, "Host: a\r\nhost: a\r\n").status, 400);
    assert_int_equal(route(up, "Host:\r\n").status, 200);
    assert_int_equal(route("GET " SSTP_URI " HTTP/1.0", "").status, 401); /* probes that speak 1.0 need none */
    assert_int_equal(route("GET " SSTP_URI " HTTP/1.0", "Host: a\r\nHost: b\r\n").status, 400);
    assert_int_equal(route(up, "Host: a\r\nTransfer-Encoding: chunked\r\n").status, 501);
    assert_int_equal(route(up, "Host: a\r\nContent-Length: 18446744073709551615\r\n").status, 200);
    assert_int_equal(route(up, "Host: a\r\nContent-Length: 0\r\n").status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(paths_that_are_nearly_it),
        cmocka_unit_test(headers_that_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

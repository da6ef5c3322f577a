/* The HTTP handshake, both roles: the heads of real peers, refusals, any cut, any time. */
#include "http/upgrade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define REQUEST "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.1\r\n"
#define LENGTH  "Content-Length: 18446744073709551615\r\n"
#define GUID    "48B82435-099A-4158-A987-052E7570CFAA"

static struct {
    unsigned count;
    struct note last;
} notes;

static void note(void *ctx, const struct note *n)
{
    (void)ctx;
    notes.count++;
    notes.last = *n;
}

static const struct env env = { .note = note };
static const uint8_t sha1[20] = { 0xab, 0xcd, [19] = 0x01 };
static const uint8_t sha256[32] = { 0x12, 0x34, [31] = 0xff };
static struct http h;
static struct http_event ev;
static char sent[4096];

static void open_server(void)
{
    struct http_conf c = { .server = true, .cert_sha1 = sha1, .cert_sha256 = sha256, .timeout = SECONDS(10) };
    notes.count = 0;
    http_init(&h, &c, &env, 1000);
}

static void open_client(void)
{
    struct http_conf c = { .host = "vpn.example.com", .correlation = "{" GUID "}", .timeout = SECONDS(60) };
    http_init(&h, &c, &env, 1000);
}

static const char *pull(void)
{
    size_t n = http_pull(&h, (uint8_t *)sent, sizeof sent - 1);
    sent[n] = '\0';
    return sent;
}

/* Feeds text that must end the handshake; returns what is left in the reader. */
static size_t feed(const char *text)
{
    struct rd r = rd_of(text, strlen(text));
    assert_int_equal(http_feed(&h, &r, 1000), FED_EVENT);
    assert_true(http_event(&h, &ev));
    assert_false(http_event(&h, &ev));
    return rd_left(&r);
}

static void is(struct slice s, const char *text)
{
    if (!slice_eq(s, slice_str(text)))
        fail_msg("'%.*s' is not '%s'", (int)s.n, (const char *)s.p, text);
}

static void server_accepts_real_clients(void **state)
{
    (void)state;
    static const char *const heads[] = {
        /* Windows 7 and 10, [CAP] */
        REQUEST "SSTPCORRELATIONID: {" GUID "}\r\n" LENGTH "Host: vpn.example.com\r\n\r\n",
        /* sstp-client: another order, no braces */
        REQUEST "Host: vpn.example.com\r\n" LENGTH "SSTPCORRELATIONID: " GUID "\r\n\r\n",
        /* Open-SSTP-Client */
        REQUEST LENGTH "Host: vpn.example.com\r\nSSTPCORRELATIONID: {" GUID "}\r\n\r\n",
        /* any case of names */
        REQUEST "host: vpn.example.com\r\nsstpCorrelationId:{" GUID "}\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        open_server();
        assert_int_equal(feed(heads[i]), 0);
        assert_int_equal(ev.kind, HTTP_EV_UPGRADED);
        assert_int_equal(ev.status, 200);
        assert_int_equal(ev.err, 0);
        is(ev.correlation, GUID);
        is(ev.host, "vpn.example.com");
        is(ev.line, "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.1");
        assert_string_equal(pull(), "HTTP/1.1 200 OK\r\n" LENGTH "Server: SSTP\r\n\r\n");
        assert_string_equal(pull(), "");
        assert_true(http_due(&h) == NEVER);
        assert_int_equal(notes.count, 0);
    }
}

static void server_takes_only_a_guid_for_one(void **state)
{
    (void)state;
    static const struct {
        const char *value, *kept;
    } table[] = {
        { "48b82435-099a-4158-a987-052e7570cfaa", "48b82435-099a-4158-a987-052e7570cfaa" },
        { "{48b82435-099a-4158-a987-052e7570cfaa", "" },
        { "48b82435-099a-4158-a987-052e7570cfaa}", "" },
        { "{48b82435-099a-4158-a987-052e7570cfa}", "" },
        { "48b82435-099a-4158-a987-052e7570cfaab", "" },
        { "48b82435+099a-4158-a987-052e7570cfaa", "" },
        { "48b82435-099a-4158-a987-052e7570cfag", "" },
        { "", "" },
        { "\x1b", NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, REQUEST "Host: a\r\nSSTPCORRELATIONID: %s\r\n\r\n", table[i].value);
        open_server();
        feed(text);
        assert_int_equal(ev.kind, table[i].kept ? HTTP_EV_UPGRADED : HTTP_EV_REFUSED);
        is(ev.correlation, table[i].kept ? table[i].kept : "");
    }
    open_server();
    feed(REQUEST "Host: a\r\n\r\n"); /* none: a SHOULD, so no error */
    assert_int_equal(ev.kind, HTTP_EV_UPGRADED);
    assert_int_equal(ev.correlation.n, 0);
}

static void surplus_stays_in_the_reader(void **state)
{
    (void)state;
    open_server();
    assert_int_equal(feed(REQUEST "Host: a\r\n\r\n\x10\x01"), 2);
    open_client();
    assert_int_equal(feed("HTTP/1.1 200 \r\n\r\n\x10\x01\x02"), 3);
}

static void any_cut_gives_the_same(void **state)
{
    (void)state;
    static const char text[] = REQUEST LENGTH "Host: a\r\n\r\n";
    open_server();
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct rd r = rd_of(text, n);
        assert_int_equal(http_feed(&h, &r, 1000), FED_MORE);
        assert_int_equal(rd_left(&r), n);
        assert_false(http_event(&h, &ev));
        assert_string_equal(pull(), "");
    }
    feed(text);
    assert_int_equal(ev.kind, HTTP_EV_UPGRADED);
}

static void server_answers_probes(void **state)
{
    (void)state;
    open_server();
    feed("HEAD " SSTP_URI " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(ev.kind, HTTP_EV_REFUSED);
    assert_int_equal(ev.status, 401);
    const char *answer = pull();
    assert_ptr_equal(strstr(answer, "HTTP/1.1 401 Unauthorized\r\n"), answer);
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(answer, "\r\nWWW-Authenticate: "));
    assert_string_equal(answer + strlen(answer) - 4, "\r\n\r\n"); /* no body */
    assert_int_equal(notes.count, 1);
    assert_int_equal(notes.last.id, NOTE_HTTP_REFUSED);
    assert_int_equal(notes.last.a, 401);
}

static void the_page_shows_the_certificate(void **state)
{
    (void)state;
    open_server();
    feed("GET " SSTP_URI " HTTP/1.1\r\nHost: a\r\n\r\n");
    const char *answer = pull();
    const char *body = strstr(answer, "\r\n\r\n") + 4;
    char length[64];
    snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(body));
    assert_non_null(strstr(answer, length));
    assert_non_null(strstr(body, "AB:CD:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01<"));
    assert_non_null(strstr(body, "12:34:00:"));
    assert_non_null(strstr(body, ":00:FF<"));
    /* Without a certificate the page says less, and is still a page. */
    struct http_conf c = { .server = true, .timeout = SECONDS(10) };
    http_init(&h, &c, &env, 0);
    feed("GET " SSTP_URI " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_null(strstr(pull(), "SHA"));
}

static void server_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        unsigned status;
        const char *expect;
    } table[] = {
        { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 404, "HTTP/1.1 404 Not Found\r\n" },
        { "POST " SSTP_URI " HTTP/1.1\r\nHost: a\r\n\r\n", 405, "\r\nAllow: GET, HEAD, SSTP_DUPLEX_POST\r\n" },
        { "BREW " SSTP_URI " HTTP/1.1\r\nHost: a\r\n\r\n", 501, "HTTP/1.1 501 Not Implemented\r\n" },
        { "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.0\r\nHost: a\r\n\r\n", 505,
          "HTTP/1.1 505 HTTP Version Not Supported\r\n" },
        { REQUEST "\r\n", 400, "HTTP/1.1 400 Bad Request\r\n" },
        { REQUEST "Host: a\r\nContent-Length: 18446744073709551616\r\n\r\n", 400, "HTTP/1.1 400 Bad Request\r\n" },
        { REQUEST "Host: a\r\n" LENGTH LENGTH "\r\n", 400, "HTTP/1.1 400 Bad Request\r\n" },
        { "\x16\x03\x01\x02", 400, "HTTP/1.1 400 Bad Request\r\n" }, /* TLS in TLS, or none at all */
        { "GET / HTTP/1.1\n\n", 400, "HTTP/1.1 400 Bad Request\r\n" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        open_server();
        assert_int_equal(feed(table[i].head), 0);
        assert_int_equal(ev.kind, HTTP_EV_REFUSED);
        assert_int_equal(ev.status, table[i].status);
        const char *answer = pull();
        assert_non_null(strstr(answer, table[i].expect));
        assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
        assert_null(strstr(answer, "AB:CD"));
        assert_int_equal(notes.count, 1);
    }
}

static void the_head_is_bounded(void **state)
{
    (void)state;
    static char big[HTTP_HEAD_MAX + 1];
    memset(big, 'a', HTTP_HEAD_MAX);
    open_server();
    struct rd r = rd_of(big, HTTP_HEAD_MAX - 1);
    assert_int_equal(http_feed(&h, &r, 1000), FED_MORE);
    feed(big);
    assert_int_equal(ev.status, 431);
    assert_int_equal(ev.line.n, sizeof h.line); /* cut */
    assert_non_null(strstr(pull(), "HTTP/1.1 431 "));

    char many[1024] = REQUEST "Host: a\r\n";
    for (int i = 0; i < 64; i++)
        strcat(many, "A: 1\r\n");
    strcat(many, "\r\n");
    open_server();
    feed(many);
    assert_int_equal(ev.status, 431);
}

static void long_values_are_cut(void **state)
{
    (void)state;
    char text[2048];
    snprintf(text, sizeof text, "SSTP_DUPLEX_POST " SSTP_URI "?%0500d HTTP/1.1\r\nHost: %0500d\r\n\r\n", 1, 2);
    open_server();
    feed(text);
    assert_int_equal(ev.kind, HTTP_EV_UPGRADED);
    assert_int_equal(ev.line.n, sizeof h.line);
    assert_int_equal(ev.host.n, sizeof h.host);
}

static void client_asks_as_windows_does(void **state)
{
    (void)state;
    open_client();
    assert_string_equal(pull(), REQUEST "SSTPCORRELATIONID: {" GUID "}\r\n" LENGTH "Host: vpn.example.com\r\n\r\n");
    assert_string_equal(pull(), "");
}

static void client_accepts_real_servers(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "HTTP/1.1 200 \r\n" LENGTH
        "Server: Microsoft-HTTPAPI/2.0\r\nDate: Mon, 21 Feb 2011 05:37:00 GMT\r\n\r\n", /* [CAP] */
        "HTTP/1.1 200 OK\r\nDate: Thu, 09 Nov 2006 00:51:09 GMT\r\nConnection: keep-alive\r\n" LENGTH
        "\r\n", /* accel-ppp */
        "HTTP/1.1 200 Connected\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        open_client();
        struct rd r = rd_of(heads[i], strlen(heads[i]));
        int got = http_feed(&h, &r, 1000);
        if (got == FED_TOOK)
            got = http_feed(&h, &r, 1000);
        assert_int_equal(got, FED_EVENT);
        assert_true(http_event(&h, &ev));
        assert_int_equal(ev.kind, HTTP_EV_UPGRADED);
        assert_int_equal(ev.status, 200);
        assert_true(rd_end(&r));
    }
}

static void client_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        unsigned status;
        int err;
    } table[] = {
        { "HTTP/1.0 200 OK\r\n\r\n", 200, ERR_VERSION },
        { "HTTP/2.0 200 OK\r\n\r\n", 200, ERR_VERSION },
        { "HTTP/1.1 404 Not Found\r\n\r\n", 404, ERR_REFUSED },
        { "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 407, ERR_REFUSED },
        { "HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\n", 503, ERR_REFUSED },
        { "HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, ERR_REFUSED },
        { "HTTP/1.1 204 No Content\r\n\r\n", 204, ERR_REFUSED },
        { "HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", 301, ERR_REFUSED },
        { "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551614\r\n\r\n", 200, ERR_VALUE },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ERR_VALUE },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, ERR_VALUE },
        { "HTTP/1.1 200 OK\r\n" LENGTH LENGTH "\r\n", 0, ERR_DUPLICATE },
        { "HTTP/1.1 200 OK\n\n", 0, ERR_VALUE },
        { "220 mail.example.com ESMTP\r\n\r\n", 0, ERR_VALUE },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        open_client();
        pull();
        feed(table[i].head);
        assert_int_equal(ev.kind, HTTP_EV_REFUSED);
        assert_int_equal(ev.status, table[i].status);
        assert_int_equal(ev.err, table[i].err);
        assert_string_equal(pull(), ""); /* a client says nothing more */
    }
}

static void time_runs_out(void **state)
{
    (void)state;
    open_server();
    assert_true(http_due(&h) == 11000);
    http_tick(&h, 10999);
    assert_false(http_event(&h, &ev));
    http_tick(&h, 11000);
    assert_true(http_event(&h, &ev));
    assert_int_equal(ev.kind, HTTP_EV_TIMEOUT);
    assert_true(http_due(&h) == NEVER);
    open_client();
    assert_true(http_due(&h) == 61000);
    http_tick(&h, 61000);
    assert_true(http_event(&h, &ev));
    assert_int_equal(ev.err, ERR_TIMEOUT);
    http_tick(&h, 99999);
    assert_false(http_event(&h, &ev));
}

static void over_is_over(void **state)
{
    (void)state;
    open_server();
    struct rd r = rd_of(REQUEST "Host: a\r\n\r\n", sizeof REQUEST "Host: a\r\n\r\n" - 1);
    assert_int_equal(http_feed(&h, &r, 1000), FED_EVENT);
    assert_int_equal(http_feed(&h, &r, 1000), FED_EVENT); /* not taken yet */
    assert_true(http_event(&h, &ev));
    assert_int_equal(http_feed(&h, &r, 1000), ERR_STATE);
    http_tick(&h, NEVER - 1);
    assert_false(http_event(&h, &ev));
}

static void pulls_in_small_pieces(void **state)
{
    (void)state;
    open_client();
    char got[512];
    size_t n = 0;
    while (http_pull(&h, (uint8_t *)got + n, 1) == 1)
        n++;
    assert_true(n > 100);
    assert_memory_equal(got + n - 4, "\r\n\r\n", 4);
    assert_memory_equal(got, "SSTP_DUPLEX_POST /sra_{", 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_accepts_real_clients),
        cmocka_unit_test(server_takes_only_a_guid_for_one),
        cmocka_unit_test(surplus_stays_in_the_reader),
        cmocka_unit_test(any_cut_gives_the_same),
        cmocka_unit_test(server_answers_probes),
        cmocka_unit_test(the_page_shows_the_certificate),
        cmocka_unit_test(server_refuses),
        cmocka_unit_test(the_head_is_bounded),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(client_asks_as_windows_does),
        cmocka_unit_test(client_accepts_real_servers),
        cmocka_unit_test(client_refuses),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(over_is_over),
        cmocka_unit_test(pulls_in_small_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

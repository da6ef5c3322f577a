/* Which request gets what; the table is in route.h. */
#include "http/route.h"
#include "http/upgrade.h"

/* The next character of a path, percent-encoding undone (RFC 3986 2.1); -1 at a malformed one. */
static int next_char(struct rd *r)
{
    uint8_t c = rd_u8(r);
    if (c != '%')
        return c;
    int hi = hex_digit(rd_u8(r));
    int lo = hex_digit(rd_u8(r));
    return rd_ok(r) && hi >= 0 && lo >= 0 ? hi << 4 | lo : -1;
}

/* RFC 9112 3.2.2: a server MUST accept the absolute form, "https://host/path". */
static struct slice without_authority(struct slice target)
{
    static const char *const schemes[] = { "https://", "http://" };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i]);
        if (target.n < n || !http1_is(slice_of(target.p, n), schemes[i]))
            continue;
        for (; n < target.n; n++)
            if (target.p[n] == '/')
                return slice_of(target.p + n, target.n - n);
        return slice_of(NULL, 0);
    }
    return target;
}

bool http_is_sstp_path(struct slice target)
{
    struct rd r = rd_slice(without_authority(target));
    for (const char *want = SSTP_URI; *want; want++)
        if (rd_left(&r) == 0 || next_char(&r) != *want)
            return false;
    return rd_left(&r) == 0 || rd_peek(&r, 0) == '?';
}

/* The methods of RFC 9110 9.1 and RFC 5789, other than GET and HEAD: known, but not allowed on the SSTP path. */
static bool is_known_method(struct slice method)
{
    static const char *const known[] = { "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH" };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_eq(method, slice_str(known[i])))
            return true;
    return false;
}

static unsigned upgrade_status(const struct http1_head *h)
{
    /* [MS-SSTP] 3.2.4.1: Protocol Version: HTTP/1.1 */
    if (h->minor != 1)
        return 505;
    /* RFC 9112 6.1: a transfer coding that is not understood. The value of Content-Length is not judged: SSTP has its
     * own framing, and a front device may have rewritten it. */
    if (http1_find(h, "Transfer-Encoding", NULL))
        return 501;
    return 200;
}

struct http_route http_route(const struct http1_head *h)
{
    bool get = slice_eq(h->method, slice_str("GET"));
    bool head = slice_eq(h->method, slice_str("HEAD"));
    struct http_route r = { .body = !head };
    unsigned hosts;
    http1_find(h, "Host", &hosts);
    if (h->major != 1)
        r.status = 505;
    else if (hosts > 1 || (hosts == 0 && h->minor >= 1)) /* RFC 9112 3.2 */
        r.status = 400;
    else if (!http_is_sstp_path(h->target))
        r.status = 404;
    else if (get || head)
        r = (struct http_route){ .status = 401, .page = true, .body = get };
    else if (slice_eq(h->method, slice_str("SSTP_DUPLEX_POST")))
        r.status = upgrade_status(h);
    else
        r.status = is_known_method(h->method) ? 405 : 501;
    return r;
}

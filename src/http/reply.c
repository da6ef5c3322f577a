/* The answers of the server: a 200 without an end, or an error with a short page.
 *
 * Neither names the product or its version: what they say of the server is what any SSTP server says. */
#include "http/reply.h"

void reply_upgraded(struct wr *w)
{
    /* [MS-SSTP] 4.1. No Date: RFC 9110 6.6.1 wants none of a server without a clock, and this machine has none. No
     * Transfer-Encoding and no Connection: close, the body never ends. */
    wr_str(w, "HTTP/1.1 200 OK\r\n"
              "Content-Length: 18446744073709551615\r\n"
              "Server: SSTP\r\n"
              "\r\n");
}

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 431, "Request Header Fields Too Large" },
        { 501, "Not Implemented" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

static void wr_number(struct wr *w, size_t v)
{
    if (v >= 10)
        wr_number(w, v / 10);
    wr_u8(w, (unsigned)('0' + v % 10));
}

/* The form in which Windows and openssl show a fingerprint. */
static void wr_fingerprint(struct wr *w, const char *name, const uint8_t *hash, size_t n)
{
    static const char digits[] = "0123456789ABCDEF";
    wr_str(w, "<p>");
    wr_str(w, name);
    wr_str(w, ": <code>");
    for (size_t i = 0; i < n; i++) {
        if (i)
            wr_u8(w, ':');
        wr_u8(w, (unsigned)digits[hash[i] >> 4]);
        wr_u8(w, (unsigned)digits[hash[i] & 15]);
    }
    wr_str(w, "</code></p>\n");
}

static void write_body(struct wr *w, const struct http_route *route, const struct http_conf *conf)
{
    if (!route->page) {
        wr_str(w, "<!DOCTYPE html>\n<title>");
        wr_str(w, reason_of(route->status));
        wr_str(w, "</title>\n<p>");
        wr_str(w, reason_of(route->status));
        wr_str(w, "</p>\n");
        return;
    }
    wr_str(w,
           "<!DOCTYPE html>\n<title>SSTP</title>\n<p>This is a VPN endpoint; connect to it with an SSTP client.</p>\n");
    if (conf->cert_sha1)
        wr_fingerprint(w, "Certificate SHA-1", conf->cert_sha1, 20);
    if (conf->cert_sha256)
        wr_fingerprint(w, "Certificate SHA-256", conf->cert_sha256, 32);
}

void reply_error(struct wr *w, const struct http_route *route, const struct http_conf *conf)
{
    uint8_t page[512];
    struct wr body = wr_of(page, sizeof page);
    write_body(&body, route, conf);

    wr_str(w, "HTTP/1.1 ");
    wr_number(w, route->status);
    wr_str(w, " ");
    wr_str(w, reason_of(route->status));
    wr_str(w, "\r\nServer: SSTP\r\n"
              "Connection: close\r\n" /* [MS-SSTP] 4.1: an error marks the end of the connection */
              "Content-Type: text/html\r\n");
    if (route->status == 401)
        wr_str(w, "WWW-Authenticate: SSTP\r\n"); /* RFC 9110 15.5.2: MUST; a scheme that makes no browser ask */
    if (route->status == 405)
        wr_str(w, "Allow: GET, HEAD, SSTP_DUPLEX_POST\r\n"); /* RFC 9110 15.5.6: MUST */
    wr_str(w, "Content-Length: ");
    wr_number(w, wr_len(&body));
    wr_str(w, "\r\n\r\n");
    if (route->body)
        wr_put(w, wr_slice(&body));
}

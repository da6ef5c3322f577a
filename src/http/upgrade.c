/* The HTTP handshake, both roles: one head in, one head out. The contract is in upgrade.h. */
#include "http/upgrade.h"
#include "http/reply.h"
#include "http/route.h"

enum { GUID_LEN = 36 };

static void write_request(struct wr *w, const struct http_conf *conf)
{
    /* [MS-SSTP] 3.2.4.1, 4.1; [CAP]: these headers, in this order, and no others. */
    wr_str(w, "SSTP_DUPLEX_POST " SSTP_URI " HTTP/1.1\r\nSSTPCORRELATIONID: ");
    wr_str(w, conf->correlation);
    wr_str(w, "\r\nContent-Length: 18446744073709551615\r\nHost: ");
    wr_str(w, conf->host);
    wr_str(w, "\r\n\r\n");
}

void http_init(struct http *h, const struct http_conf *conf, const struct env *env, msec now)
{
    *h = (struct http){ .conf = *conf, .env = env, .due = tick_after(now, conf->timeout) };
    if (conf->server)
        return;
    struct wr w = wr_of(h->out, sizeof h->out);
    write_request(&w, conf);
    h->out_len = wr_len(&w);
}

/* Keeps up to cap bytes of what is only borrowed. */
static struct slice keep(char *dst, size_t cap, struct slice s)
{
    if (s.n > cap)
        s.n = cap;
    if (s.n)
        memcpy(dst, s.p, s.n);
    return slice_of(dst, s.n);
}

/* Says how it ended; nothing follows. */
static int finish(struct http *h, enum http_ev_kind kind)
{
    h->ev.kind = kind;
    h->ev_set = true;
    h->over = true;
    h->due = NEVER;
    return FED_EVENT;
}

/* The server's side. */

static int refuse(struct http *h, const struct http_route *route)
{
    struct wr w = wr_of(h->out, sizeof h->out);
    reply_error(&w, route, &h->conf);
    h->out_len = wr_len(&w);
    h->ev.status = route->status;
    env_note(h->env, NOTE_HTTP_REFUSED, route->status, 0, h->ev.line);
    return finish(h, HTTP_EV_REFUSED);
}

/* The bytes make no head. The line is kept as far as it came. */
static int refuse_unread(struct http *h, struct slice bytes, int err)
{
    size_t n = 0;
    while (n < bytes.n && bytes.p[n] != '\r' && bytes.p[n] != '\n')
        n++;
    h->ev.line = keep(h->line, sizeof h->line, slice_of(bytes.p, n));
    h->ev.err = err;
    struct http_route route = { .status = err == ERR_LENGTH ? 431 : 400, .body = true };
    return refuse(h, &route);
}

/* The 36 characters of a GUID, with or without braces, in any case; empty if it is none. [CAP] sends braces,
 * sstp-client does not; it is for logs only, so a missing one is no error ([MS-SSTP] 3.2.4.1: SHOULD). */
static struct slice guid_of(struct slice s)
{
    if (s.n == GUID_LEN + 2 && s.p[0] == '{' && s.p[s.n - 1] == '}')
        s = slice_of(s.p + 1, GUID_LEN);
    if (s.n != GUID_LEN)
        return slice_of(NULL, 0);
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex)
            return slice_of(NULL, 0);
    }
    return s;
}

static int take_request(struct http *h, struct slice bytes)
{
    struct http1_head head;
    int e = http1_request(bytes, &head);
    if (e < 0)
        return refuse_unread(h, bytes, e);
    h->ev.line = keep(h->line, sizeof h->line, head.line);
    const struct http1_field *host = http1_find(&head, "Host", NULL);
    if (host)
        h->ev.host = keep(h->host, sizeof h->host, host->value);
    const struct http1_field *id = http1_find(&head, "SSTPCORRELATIONID", NULL);
    if (id)
        h->ev.correlation = keep(h->correlation, sizeof h->correlation, guid_of(id->value));

    struct http_route route = http_route(&head);
    if (route.status != 200)
        return refuse(h, &route);
    struct wr w = wr_of(h->out, sizeof h->out);
    reply_upgraded(&w);
    h->out_len = wr_len(&w);
    h->ev.status = 200;
    return finish(h, HTTP_EV_UPGRADED);
}

/* The client's side. */

static int give_up(struct http *h, int err)
{
    h->ev.err = err;
    return finish(h, HTTP_EV_REFUSED);
}

static int take_response(struct http *h, struct slice bytes)
{
    struct http1_head head;
    int e = http1_response(bytes, &head);
    if (e < 0)
        return give_up(h, e);
    h->ev.line = keep(h->line, sizeof h->line, head.line);
    h->ev.status = head.status;
    /* [MS-SSTP] 4.1: HTTP/1.1; Windows' clients check it (RasSstp event 3). */
    if (head.major != 1 || head.minor != 1)
        return give_up(h, ERR_VERSION);
    /* RFC 9110 15.2: interim responses are skipped; 101 would be another protocol. */
    if (head.status < 200 && head.status != 101)
        return FED_TOOK;
    if (head.status != 200)
        return give_up(h, ERR_REFUSED);
    /* A body with an end, or one in chunks, is not the stream that SSTP runs on. sstp-client checks the same. */
    if ((head.has_content_length && head.content_length != UINT64_MAX) || http1_find(&head, "Transfer-Encoding", NULL))
        return give_up(h, ERR_VALUE);
    return finish(h, HTTP_EV_UPGRADED);
}

int http_feed(struct http *h, struct rd *in, msec now)
{
    (void)now;
    if (h->ev_set)
        return FED_EVENT;
    if (h->over)
        return ERR_STATE;
    int n = http1_scan(in, &h->scanned);
    if (n == 0)
        return FED_MORE;
    if (n < 0) {
        struct slice bytes = rd_rest(in);
        return h->conf.server ? refuse_unread(h, bytes, n) : give_up(h, n);
    }
    struct slice bytes = rd_take(in, (size_t)n);
    return h->conf.server ? take_request(h, bytes) : take_response(h, bytes);
}

size_t http_pull(struct http *h, uint8_t *dst, size_t cap)
{
    size_t n = h->out_len < cap ? h->out_len : cap;
    if (n == 0)
        return 0;
    memcpy(dst, h->out, n);
    h->out_len -= n;
    memmove(h->out, h->out + n, h->out_len);
    return n;
}

bool http_event(struct http *h, struct http_event *out)
{
    if (!h->ev_set)
        return false;
    *out = h->ev;
    h->ev_set = false;
    return true;
}

void http_tick(struct http *h, msec now)
{
    if (h->over || now < h->due)
        return;
    h->ev.err = ERR_TIMEOUT;
    finish(h, HTTP_EV_TIMEOUT);
}

msec http_due(const struct http *h)
{
    return h->due;
}

/* One HTTP/1.1 message head; the contract and the reasons for strictness are in http1.h. */
#include "wire/http1.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* RFC 9110 5.6.2: tchar. */
static bool is_tchar(uint8_t c)
{
    if (is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'))
        return true;
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < sizeof marks - 1; i++)
        if (c == (uint8_t)marks[i])
            return true;
    return false;
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_tchar(s.p[i]))
            return false;
    return s.n > 0;
}

bool http1_is(struct slice s, const char *text)
{
    struct slice t = slice_str(text);
    if (s.n != t.n)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (lower(s.p[i]) != lower(t.p[i]))
            return false;
    return true;
}

/* May c follow prev in a head? CR LF only in pairs, no control characters but the tab; bytes above 0x7f are RFC 9110's
 * obs-text. */
static bool may_follow(uint8_t prev, uint8_t c)
{
    if (prev == '\r' || c == '\n')
        return prev == '\r' && c == '\n';
    return c == '\r' || c == '\t' || (c >= 0x20 && c != 0x7f);
}

int http1_scan(const struct rd *in, size_t *scanned)
{
    size_t n = rd_left(in);
    for (size_t i = *scanned; i < n && i < HTTP1_HEAD_MAX; i++) {
        if (!may_follow(i ? in->p[i - 1] : 0, in->p[i]))
            return ERR_VALUE;
        *scanned = i + 1;
        if (i >= 3 && in->p[i] == '\n' && in->p[i - 2] == '\n') {
            *scanned = 0;
            return (int)(i + 1);
        }
    }
    return *scanned == HTTP1_HEAD_MAX ? ERR_LENGTH : 0;
}

/* Takes bytes up to and without `end`; the end itself is skipped. Bad if it does not come. */
static struct slice take_until(struct rd *r, uint8_t end)
{
    for (size_t i = 0; i < rd_left(r); i++) {
        if (rd_peek(r, i) == end) {
            struct slice s = rd_take(r, i);
            rd_skip(r, 1);
            return s;
        }
    }
    return rd_take(r, rd_left(r) + 1);
}

static struct slice take_line(struct rd *r)
{
    struct slice line = take_until(r, '\r');
    if (rd_u8(r) != '\n')
        r->bad = true;
    return line;
}

static struct slice trim(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = slice_of(s.p + 1, s.n - 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* RFC 9112 2.3: HTTP-version = "HTTP" "/" DIGIT "." DIGIT, in this case. */
static bool read_version(struct rd *r, struct http1_head *h)
{
    struct slice name = rd_take(r, 5);
    uint8_t major = rd_u8(r);
    uint8_t dot = rd_u8(r);
    uint8_t minor = rd_u8(r);
    if (!slice_eq(name, slice_str("HTTP/")) || dot != '.' || !is_digit(major) || !is_digit(minor))
        return false;
    h->major = (uint8_t)(major - '0');
    h->minor = (uint8_t)(minor - '0');
    return true;
}

/* Content-Length has 64 bits without a sign: SSTP sends 2^64 - 1 ([MS-SSTP] 3.2.4.1). */
static bool read_u64(struct slice s, uint64_t *ret_v)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = s.p[i] - (unsigned)'0';
        if (!is_digit(s.p[i]) || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    if (s.n == 0)
        return false;
    *ret_v = v;
    return true;
}

static int read_field(struct slice line, struct http1_head *h)
{
    struct rd r = rd_slice(line);
    struct slice name = take_until(&r, ':');
    /* RFC 9112 5.1: no blank before the colon; 5.2: a folded line starts with a blank. Neither is a token. */
    if (!rd_ok(&r) || !is_token(name))
        return ERR_VALUE;
    struct slice value = trim(rd_rest(&r));
    if (h->n_fields == HTTP1_FIELDS_MAX)
        return ERR_LENGTH;
    h->fields[h->n_fields++] = (struct http1_field){ name, value };
    if (!http1_is(name, "Content-Length"))
        return 0;
    if (h->has_content_length)
        return ERR_DUPLICATE;
    h->has_content_length = true;
    return read_u64(value, &h->content_length) ? 0 : ERR_VALUE;
}

static int read_fields(struct rd *r, struct http1_head *h)
{
    for (;;) {
        struct slice line = take_line(r);
        if (!rd_ok(r))
            return ERR_VALUE;
        if (line.n == 0)
            return rd_end(r) ? 0 : ERR_VALUE;
        int e = read_field(line, h);
        if (e < 0)
            return e;
    }
}

static bool is_clean(struct slice head)
{
    for (size_t i = 0; i < head.n; i++)
        if (!may_follow(i ? head.p[i - 1] : 0, head.p[i]))
            return false;
    return true;
}

static bool read_request_line(struct slice line, struct http1_head *h)
{
    struct rd r = rd_slice(line);
    h->line = line;
    h->method = take_until(&r, ' ');
    h->target = take_until(&r, ' ');
    if (!is_token(h->method) || h->target.n == 0 || !read_version(&r, h) || !rd_end(&r))
        return false;
    for (size_t i = 0; i < h->target.n; i++)
        if (h->target.p[i] <= ' ' || h->target.p[i] >= 0x7f)
            return false;
    return true;
}

static bool read_status_line(struct slice line, struct http1_head *h)
{
    struct rd r = rd_slice(line);
    h->line = line;
    if (!read_version(&r, h) || rd_u8(&r) != ' ')
        return false;
    for (int i = 0; i < 3; i++) {
        uint8_t c = rd_u8(&r);
        if (!is_digit(c))
            return false;
        h->status = h->status * 10 + (c - (unsigned)'0');
    }
    /* RFC 9112 4: the blank must be there, the reason may be empty; [CAP]: Windows sends it empty. */
    if (rd_u8(&r) != ' ' || h->status < 100)
        return false;
    h->reason = rd_rest(&r);
    return rd_end(&r);
}

static int read_head(struct slice head, bool (*read_first)(struct slice, struct http1_head *),
                     struct http1_head *ret_head)
{
    struct rd r = rd_slice(head);
    struct http1_head h = { 0 };
    if (!is_clean(head))
        return ERR_VALUE;
    struct slice line = take_line(&r);
    if (!rd_ok(&r) || !read_first(line, &h))
        return ERR_VALUE;
    int e = read_fields(&r, &h);
    if (e < 0)
        return e;
    *ret_head = h;
    return 0;
}

int http1_request(struct slice head, struct http1_head *ret_head)
{
    return read_head(head, read_request_line, ret_head);
}

int http1_response(struct slice head, struct http1_head *ret_head)
{
    return read_head(head, read_status_line, ret_head);
}

const struct http1_field *http1_find(const struct http1_head *h, const char *name, unsigned *ret_n)
{
    const struct http1_field *found = NULL;
    unsigned n = 0;
    for (unsigned i = 0; i < h->n_fields; i++) {
        if (!http1_is(h->fields[i].name, name))
            continue;
        if (n++ == 0)
            found = &h->fields[i];
    }
    if (ret_n)
        *ret_n = n;
    return found;
}

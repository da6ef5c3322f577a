/* One event as one line of text. Pure: the time is an argument.
 *
 * Whatever a field holds, the line holds printable ASCII only and exactly one newline, at its end: no peer can forge a
 * second line, move a terminal's cursor or break out of its quotes. */
#include "events/events.h"

#include <stdio.h>
#include <time.h>

/* Appends to a line and silently stops at `cap`; the cap leaves room for the sentences. */
struct line {
    char *dst;
    size_t len, cap;
};

static void put(struct line *l, const char *s, size_t n)
{
    if (n > l->cap - l->len)
        n = l->cap - l->len;
    memcpy(l->dst + l->len, s, n);
    l->len += n;
}

static void put_str(struct line *l, const char *s)
{
    put(l, s, strlen(s));
}

/* May stand in a value without quotes. */
static bool plain(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("-._:/@+,[]{}%*#?!&~^|()<>$", c) != NULL);
}

static void put_escaped(struct line *l, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        put(l, (const char[]){ '\\', (char)c }, 2);
    } else if (c >= 0x20 && c < 0x7f) {
        put(l, (const char *)&c, 1);
    } else {
        put(l, (const char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
    }
}

/* A value: bare if every byte is plain, else quoted and escaped; cut with "..." behind the quote. */
static void put_value(struct line *l, struct slice v)
{
    bool cut = v.n > EVENT_CUT, bare = v.n > 0;
    size_t n = cut ? EVENT_CUT : v.n;
    for (size_t i = 0; i < n && bare; i++)
        bare = plain(v.p[i]);
    if (!bare)
        put_str(l, "\"");
    for (size_t i = 0; i < n; i++)
        put_escaped(l, v.p[i]);
    if (!bare)
        put_str(l, "\"");
    if (cut)
        put_str(l, "...");
}

static void put_hex(struct line *l, struct slice v)
{
    bool cut = v.n > EVENT_CUT;
    for (size_t i = 0; i < (cut ? (size_t)EVENT_CUT : v.n); i++) {
        char two[3];
        snprintf(two, sizeof(two), "%02x", v.p[i]);
        put(l, two, 2);
    }
    if (cut)
        put_str(l, "...");
}

static void put_num(struct line *l, uint64_t n)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    put_str(l, digits);
}

static void put_time(struct line *l, uint64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    struct tm tm;
    char text[64];
    if (!gmtime_r(&s, &tm))
        memset(&tm, 0, sizeof(tm));
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(unix_ms % 1000));
    put_str(l, text);
}

/* The correlation id in braces, once, whatever the peer sent. */
static void put_call(struct line *l, const char *call)
{
    struct slice id = slice_str(call);
    if (id.n >= 2 && id.p[0] == '{' && id.p[id.n - 1] == '}')
        id = slice_of(id.p + 1, id.n - 2);
    if (id.n > 64)
        id.n = 64;
    put_str(l, " call={");
    for (size_t i = 0; i < id.n; i++) {
        uint8_t c = id.p[i];
        if (c == ' ' || c == '{' || c == '}')
            c = '?';
        put_escaped(l, c);
    }
    put_str(l, "}");
}

static void put_field(struct line *l, const struct event_field *f)
{
    if (f->kind == FIELD_TEXT && !f->text)
        return;
    put_str(l, " ");
    put_str(l, f->key);
    put_str(l, "=");
    switch (f->kind) {
    case FIELD_TEXT:
        put_value(l, slice_str(f->text));
        break;
    case FIELD_BYTES:
        put_value(l, f->bytes);
        break;
    case FIELD_NUM:
        put_num(l, f->num);
        break;
    case FIELD_HEX:
        put_hex(l, f->bytes);
        break;
    case FIELD_END:
        break;
    }
}

/* "level number SYMBOL" */
static void put_identity(struct line *l, enum event_id id)
{
    const char *symbol = event_symbol((unsigned)id);
    put_str(l, " ");
    put_str(l, event_level_name(event_level_of((unsigned)id)));
    put_str(l, " ");
    put_num(l, (uint64_t)id);
    put_str(l, " ");
    put_str(l, symbol ? symbol : "UNKNOWN");
}

size_t event_line(char *dst, size_t cap, uint64_t unix_ms, const char *role, enum event_id id, const char *call,
                  const struct event_field *fields)
{
    enum { TAIL = 512 }; /* room for both sentences */
    const char *what = event_what((unsigned)id), *todo = event_todo((unsigned)id);
    size_t whole = cap - 1 < EVENT_LINE ? cap - 1 : EVENT_LINE;
    struct line l = { dst, 0, whole - TAIL };
    put_time(&l, unix_ms);
    put_identity(&l, id);
    put_str(&l, " ");
    put_str(&l, role);
    if (call && call[0])
        put_call(&l, call);
    for (const struct event_field *f = fields; f && f->kind != FIELD_END; f++)
        put_field(&l, f);
    bool cut = l.len == l.cap;
    l.cap = whole - 1;
    put_str(&l, cut ? "... : " : ": ");
    put_str(&l, what ? what : "an event that the catalogue does not know");
    if (event_level_of((unsigned)id) <= EVENT_WARNING && todo) {
        put_str(&l, "; ");
        put_str(&l, todo);
    }
    l.cap = whole;
    put_str(&l, "\n");
    dst[l.len] = '\0';
    return l.len;
}

size_t event_line_plain(char *dst, size_t cap, const char *program, enum event_id id, const char *call,
                        const struct event_field *fields)
{
    enum { TAIL = 640 }; /* room for the sentences, number and call */
    const char *what = event_what((unsigned)id), *todo = event_todo((unsigned)id);
    size_t whole = cap - 1 < EVENT_LINE ? cap - 1 : EVENT_LINE;
    struct line l = { dst, 0, whole - TAIL };
    put_str(&l, program);
    put_str(&l, ": ");
    put_str(&l, what ? what : "an event that the catalogue does not know");
    for (const struct event_field *f = fields; f && f->kind != FIELD_END; f++) {
        if (f == fields)
            put_str(&l, ":");
        put_field(&l, f);
    }
    l.cap = whole - 1;
    if (event_level_of((unsigned)id) <= EVENT_WARNING && todo) {
        put_str(&l, "; ");
        put_str(&l, todo);
        put_str(&l, " (event ");
        put_num(&l, (uint64_t)id);
        if (call && call[0])
            put_call(&l, call);
        put_str(&l, ")");
    }
    l.cap = whole;
    put_str(&l, "\n");
    dst[l.len] = '\0';
    return l.len;
}

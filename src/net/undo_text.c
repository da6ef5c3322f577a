/* Journal entries as lines of text and back. */
#include "net/undo_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "net/text.h"

enum key { KEY_NAME, KEY_OLD, KEY_OURS, KEY_DST, KEY_VIA, KEY_DEV, KEY_TABLE, KEY_METRIC, KEYS };

static const char *const key_names[KEYS] = { "name", "old", "ours", "dst", "via", "dev", "table", "metric" };

static const struct {
    const char *name;
    unsigned needs; /* bits of enum key */
} kinds[] = {
    [UNDO_INTERFACE] = { "interface", 1 << KEY_NAME },
    [UNDO_SYSCTL] = { "sysctl", 1 << KEY_NAME | 1 << KEY_OLD | 1 << KEY_OURS },
    [UNDO_NFT_TABLE] = { "nft", 1 << KEY_NAME },
    [UNDO_ROUTE] = { "route", 1 << KEY_DST },
    [UNDO_FILE] = { "file", 1 << KEY_NAME | 1 << KEY_OURS },
    [UNDO_RESOLVED] = { "resolved", 1 << KEY_NAME },
    [UNDO_RESOLVCONF] = { "resolvconf", 1 << KEY_NAME },
    [UNDO_PROXIES] = { "proxies", 1 << KEY_NAME },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void put(char *dst, size_t cap, size_t *at, char c)
{
    if (*at < cap)
        dst[*at] = c;
    ++*at; /* beyond cap: only counted, and noticed at the end */
}

static void put_text(char *dst, size_t cap, size_t *at, const char *s)
{
    while (*s)
        put(dst, cap, at, *s++);
}

static void put_value(char *dst, size_t cap, size_t *at, enum key k, const char *value)
{
    static const char hex[] = "0123456789abcdef";

    if (!value || !*value)
        return;
    put(dst, cap, at, ' ');
    put_text(dst, cap, at, key_names[k]);
    put(dst, cap, at, '=');
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (c > ' ' && c < 0x7f && c != '%' && c != '=') {
            put(dst, cap, at, (char)c);
        } else {
            put(dst, cap, at, '%');
            put(dst, cap, at, hex[c >> 4]);
            put(dst, cap, at, hex[c & 15]);
        }
    }
}

static void put_prefix(char *dst, size_t cap, size_t *at, enum key k, const struct prefix *p)
{
    char text[PREFIX_TEXT];

    if (p->family)
        put_value(dst, cap, at, k, prefix_text(p, text));
}

static void put_number(char *dst, size_t cap, size_t *at, enum key k, unsigned n)
{
    char text[16];

    if (n && net_print(text, sizeof(text), "%u", n))
        put_value(dst, cap, at, k, text);
}

int undo_print(const struct undo_entry *e, char *dst, size_t cap)
{
    size_t at = 0;

    if ((unsigned)e->kind >= KINDS)
        return ERR_VALUE;
    put_text(dst, cap, &at, kinds[e->kind].name);
    put_value(dst, cap, &at, KEY_NAME, e->name);
    put_value(dst, cap, &at, KEY_OLD, e->old);
    put_value(dst, cap, &at, KEY_OURS, e->ours);
    put_prefix(dst, cap, &at, KEY_DST, &e->prefix);
    put_prefix(dst, cap, &at, KEY_VIA, &e->via);
    put_value(dst, cap, &at, KEY_DEV, e->dev);
    put_number(dst, cap, &at, KEY_TABLE, e->table);
    put_number(dst, cap, &at, KEY_METRIC, e->metric);
    put(dst, cap, &at, '\n');
    put(dst, cap, &at, '\0');
    return at <= cap ? (int)at - 1 : ERR_NOBUF;
}

/* Undoes %XX in place; false if it is malformed. */
static bool unescape(char *s)
{
    char *to = s;

    for (; *s; s++) {
        if (*s != '%') {
            *to++ = *s;
            continue;
        }
        int hi = hex_digit((uint8_t)s[1]);
        int lo = hi < 0 ? -1 : hex_digit((uint8_t)s[2]);
        if (lo < 0 || hi * 16 + lo == 0)
            return false;
        *to++ = (char)(hi * 16 + lo);
        s += 2;
    }
    *to = 0;
    return true;
}

static int parse_number(const char *s, unsigned *ret_n)
{
    char *end;
    unsigned long n = strtoul(s, &end, 10);

    if (*s < '0' || *s > '9' || *end || n > UINT32_MAX)
        return ERR_VALUE;
    *ret_n = (unsigned)n;
    return 0;
}

static int parse_value(enum key k, const char *value, struct undo_entry *e)
{
    switch (k) {
    case KEY_NAME:
        e->name = value;
        return 0;
    case KEY_OLD:
        e->old = value;
        return 0;
    case KEY_OURS:
        e->ours = value;
        return 0;
    case KEY_DST:
        return prefix_parse(value, true, &e->prefix);
    case KEY_VIA:
        return prefix_parse(value, false, &e->via);
    case KEY_DEV:
        e->dev = value;
        return 0;
    case KEY_TABLE:
        return parse_number(value, &e->table);
    case KEY_METRIC:
        return parse_number(value, &e->metric);
    case KEYS:
        break;
    }
    return ERR_UNKNOWN;
}

/* One "key=value" into e; `seen` collects the keys. */
static int parse_pair(char *pair, struct undo_entry *e, unsigned *seen)
{
    char *value = strchr(pair, '=');

    if (!value || strchr(value + 1, '='))
        return ERR_VALUE;
    *value++ = 0;
    for (unsigned k = 0; k < KEYS; k++) {
        if (strcmp(pair, key_names[k]) != 0)
            continue;
        if (*seen & 1u << k)
            return ERR_DUPLICATE;
        *seen |= 1u << k;
        return unescape(value) ? parse_value((enum key)k, value, e) : ERR_VALUE;
    }
    return ERR_UNKNOWN;
}

int undo_parse(char *line, struct undo_entry *ret_e)
{
    struct undo_entry e = { .name = "", .old = "", .ours = "", .dev = "" };
    unsigned kind = 0, seen = 0;
    char *rest = line;
    char *word = strsep(&rest, " ");

    while (kind < KINDS && strcmp(word, kinds[kind].name) != 0)
        kind++;
    if (kind == KINDS)
        return ERR_UNKNOWN;
    e.kind = (enum undo_kind)kind;
    while ((word = strsep(&rest, " "))) {
        int r = parse_pair(word, &e, &seen);
        if (r < 0)
            return r;
    }
    if ((seen & kinds[kind].needs) != kinds[kind].needs)
        return ERR_MISSING;
    *ret_e = e;
    return 0;
}

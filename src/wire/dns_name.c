/* Domain names on the wire; see dns_name.h. */
#include "wire/dns_name.h"

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 1123 2.1, and the underscore of service names; stricter than RFC 2181 11: the text meets other programs. */
static bool label_ok(struct slice label)
{
    if (label.n == 0 || label.n > DNS_NAME_LABEL || label.p[0] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!is_letter_or_digit((char)label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
            return false;
    return true;
}

/* The label at the beginning of the text, up to a dot or the end. */
static struct slice first_label(const char *text)
{
    size_t n = 0;
    while (text[n] && text[n] != '.')
        n++;
    return slice_of(text, n);
}

bool dns_name_ok(const char *text)
{
    if (strlen(text) >= DNS_NAME_TEXT)
        return false;
    for (;;) {
        struct slice label = first_label(text);
        if (!label_ok(label))
            return false;
        if (!text[label.n])
            return true;
        text += label.n + 1;
    }
}

static int take_label(struct rd *r, unsigned n, struct wr *text)
{
    struct slice label = rd_take(r, n);
    if (!rd_ok(r))
        return ERR_TRUNCATED;
    if (!label_ok(label))
        return ERR_VALUE;
    if (wr_len(text))
        wr_u8(text, '.');
    wr_put(text, label);
    return wr_ok(text) ? 0 : ERR_LENGTH;
}

int dns_name_read(struct rd *r, struct slice whole, struct dns_name *ret_name)
{
    struct rd at = *r, after = *r;
    size_t before = whole.n ? whole.n - rd_left(r) : 0; /* a pointer must lead before this */
    bool jumped = false;
    struct dns_name name = { { 0 } };
    struct wr text = wr_of(name.text, sizeof name.text - 1);
    for (;;) {
        unsigned n = rd_u8(&at);
        if (n >= 0xc0) { /* RFC 1035 4.1.4: a pointer */
            size_t to = (size_t)(n & 0x3f) << 8 | rd_u8(&at);
            if (!rd_ok(&at))
                return ERR_TRUNCATED;
            if (to >= before) /* "a prior occurrence": so it ends, however they are chained */
                return ERR_VALUE;
            if (!jumped)
                after = at;
            jumped = true;
            before = to;
            at = rd_slice(whole);
            rd_skip(&at, to);
            continue;
        }
        if (!rd_ok(&at))
            return ERR_TRUNCATED;
        if (n == 0)
            break;
        int e = n > DNS_NAME_LABEL ? ERR_VALUE : take_label(&at, n, &text);
        if (e < 0)
            return e;
    }
    *r = jumped ? after : at;
    *ret_name = name;
    return 0;
}

int dns_names_read(struct slice bytes, bool compressed, struct dns_name *names, unsigned max, unsigned *ret_n)
{
    struct rd r = rd_slice(bytes);
    struct dns_name checked;
    unsigned n = 0;
    if (bytes.n == 0)
        return ERR_MISSING;
    while (rd_left(&r)) {
        struct dns_name *name = n < max ? &names[n] : &checked;
        int e = dns_name_read(&r, compressed ? bytes : slice_of(NULL, 0), name);
        if (e < 0)
            return e;
        if (!name->text[0])
            return ERR_VALUE;
        n += n < max;
    }
    *ret_n = n;
    return 0;
}

void dns_name_put(struct wr *w, const char *text)
{
    if (!dns_name_ok(text)) {
        w->bad = true;
        return;
    }
    for (;;) {
        struct slice label = first_label(text);
        wr_u8(w, (unsigned)label.n);
        wr_put(w, label);
        if (!text[label.n])
            break;
        text += label.n + 1;
    }
    wr_u8(w, 0);
}

/* Where a name of the list was written: its first `literal` characters stand there as labels (a label's length takes
 * the place of the dot before it), so that a suffix which begins at character k of them begins at byte `at + k`. */
struct placed {
    size_t at, literal;
};

/* The earlier place of this suffix; false if there is none. */
static bool find_suffix(const char *suffix, const struct dns_name *names, const struct placed *placed, unsigned n,
                        size_t *ret_at)
{
    for (unsigned i = 0; i < n; i++)
        for (size_t k = 0; k < placed[i].literal; k++)
            if ((k == 0 || names[i].text[k - 1] == '.') && slice_eq(slice_str(names[i].text + k), slice_str(suffix))) {
                *ret_at = placed[i].at + k;
                return true;
            }
    return false;
}

void dns_names_put_compressed(struct wr *w, const struct dns_name *names, unsigned n)
{
    struct placed placed[DNS_NAMES_MAX];
    size_t base = w->len;
    for (unsigned i = 0; i < n; i++) {
        const char *text = names[i].text;
        size_t k = 0, to = 0;
        if (n > DNS_NAMES_MAX || !dns_name_ok(text)) {
            w->bad = true;
            return;
        }
        placed[i].at = w->len - base;
        while (text[k] && !find_suffix(text + k, names, placed, i, &to)) {
            struct slice label = first_label(text + k);
            wr_u8(w, (unsigned)label.n);
            wr_put(w, label);
            k += label.n + (text[k + label.n] == '.');
        }
        placed[i].literal = k;
        if (text[k])
            wr_u16(w, 0xc000u | (unsigned)to);
        else
            wr_u8(w, 0);
    }
}

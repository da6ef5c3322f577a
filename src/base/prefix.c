/* IP prefixes: comparison, and text in both directions without the C library's help (it may read the locale,
 * accepts forms like "10.1" and octal, and prints what RFC 5952 forbids). */
#include "base/prefix.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct prefix prefix_v4(uint32_t addr_host_order, unsigned len)
{
    struct prefix p = { .family = 4, .len = (uint8_t)len };
    struct wr w = wr_of(p.addr, sizeof p.addr);
    wr_bytes(&w, mapped, sizeof mapped);
    wr_u32(&w, addr_host_order);
    return p;
}

struct prefix prefix_v6(const uint8_t addr[16], unsigned len)
{
    struct prefix p = { .family = 6, .len = (uint8_t)len };
    memcpy(p.addr, addr, sizeof p.addr);
    return p;
}

uint32_t prefix_v4_addr(const struct prefix *p)
{
    struct rd r = rd_of(p->addr + sizeof mapped, 4);
    return rd_u32(&r);
}

/* How many bits of the 16 bytes the prefix fixes. */
static unsigned fixed_bits(const struct prefix *p)
{
    return p->family == 4 ? p->len + 96u : p->len;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

bool prefix_has(const struct prefix *p, const uint8_t addr16[16])
{
    return p->family != 0 && same_bits(p->addr, addr16, fixed_bits(p));
}

bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
    return a->family == b->family && a->len == b->len && memcmp(a->addr, b->addr, sizeof a->addr) == 0;
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
    if (a->family == 0 || a->family != b->family)
        return false;
    unsigned na = fixed_bits(a);
    unsigned nb = fixed_bits(b);
    return same_bits(a->addr, b->addr, na < nb ? na : nb);
}

/* Reading. */

/* A decimal number up to max, without sign and without leading zeros ("010" means 8 to some and 10 to others). */
static bool read_decimal(struct rd *r, unsigned max, unsigned *ret_v)
{
    unsigned v = 0;
    unsigned digits = 0;
    bool zero_first = rd_peek(r, 0) == '0';
    while (rd_peek(r, 0) >= '0' && rd_peek(r, 0) <= '9') {
        v = v * 10 + (rd_u8(r) - (unsigned)'0');
        if (v > max)
            return false;
        digits++;
    }
    if (digits == 0 || (zero_first && digits > 1))
        return false;
    *ret_v = v;
    return true;
}

static bool read_v4(struct rd *r, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned v;
        if (i && rd_u8(r) != '.')
            return false;
        if (!read_decimal(r, 255, &v))
            return false;
        out[i] = (uint8_t)v;
    }
    return true;
}

/* One to four hexadecimal digits. */
static bool read_group(struct rd *r, unsigned *ret_v)
{
    unsigned v = 0;
    int digits = 0;
    for (; hex_digit(rd_peek(r, 0)) >= 0; digits++)
        v = v << 4 | (unsigned)hex_digit(rd_u8(r));
    if (digits < 1 || digits > 4)
        return false;
    *ret_v = v;
    return true;
}

/* Does a dotted IPv4 address come next, as the last 32 bits of an IPv6 address may? */
static bool is_dotted(const struct rd *r)
{
    size_t i = 0;
    while (rd_peek(r, i) >= '0' && rd_peek(r, i) <= '9')
        i++;
    return i > 0 && rd_peek(r, i) == '.';
}

/* RFC 4291 2.2. Groups go to the front until "::", then to a second writer that is moved to the end. */
static bool read_v6(struct rd *r, uint8_t out[16])
{
    uint8_t front[16] = { 0 };
    uint8_t back[16] = { 0 };
    struct wr f = wr_of(front, 16);
    struct wr b = wr_of(back, 16);
    struct wr *w = &f;
    bool gap = false;
    if (rd_peek(r, 0) == ':' && rd_peek(r, 1) == ':') {
        rd_skip(r, 2);
        gap = true;
        w = &b;
    }
    while (hex_digit(rd_peek(r, 0)) >= 0) {
        unsigned v;
        if (is_dotted(r)) {
            uint8_t *room = wr_room(w, 4);
            if (!room || !read_v4(r, room))
                return false;
            break;
        }
        if (!read_group(r, &v))
            return false;
        wr_u16(w, v);
        if (rd_peek(r, 0) != ':')
            break;
        rd_skip(r, 1);
        if (rd_peek(r, 0) == ':') {
            if (gap)
                return false;
            rd_skip(r, 1);
            gap = true;
            w = &b;
        } else if (hex_digit(rd_peek(r, 0)) < 0) {
            return false;
        }
    }
    size_t n = wr_len(&f) + wr_len(&b);
    /* "::" stands for at least one group. */
    if (!wr_ok(&f) || !wr_ok(&b) || (gap ? n > 14 : n != 16))
        return false;
    memcpy(out, front, sizeof front);
    if (wr_len(&b))
        memcpy(out + 16 - wr_len(&b), back, wr_len(&b));
    return true;
}

static bool has_host_bits(const struct prefix *p)
{
    for (unsigned i = fixed_bits(p); i < 128; i++)
        if (p->addr[i / 8] & (0x80 >> i % 8))
            return true;
    return false;
}

int prefix_parse(const char *text, bool host_bits_ok, struct prefix *ret_p)
{
    struct rd r = rd_slice(slice_str(text));
    struct prefix p = { .family = is_dotted(&r) ? 4 : 6 };
    unsigned full = p.family == 4 ? 32 : 128;
    unsigned len = full;
    memcpy(p.addr, mapped, sizeof mapped);
    if (!(p.family == 4 ? read_v4(&r, p.addr + sizeof mapped) : read_v6(&r, p.addr)))
        return ERR_VALUE;
    if (rd_left(&r) > 0 && (rd_u8(&r) != '/' || !read_decimal(&r, full, &len)))
        return ERR_VALUE;
    if (!rd_end(&r))
        return ERR_VALUE;
    p.len = (uint8_t)len;
    if (!host_bits_ok && has_host_bits(&p))
        return ERR_VALUE;
    *ret_p = p;
    return 0;
}

/* Printing. */

static void wr_decimal(struct wr *w, unsigned v)
{
    if (v >= 10)
        wr_decimal(w, v / 10);
    wr_u8(w, '0' + v % 10);
}

static void wr_hex(struct wr *w, unsigned v)
{
    if (v >= 16)
        wr_hex(w, v / 16);
    wr_u8(w, (unsigned)"0123456789abcdef"[v % 16]);
}

static void wr_dotted(struct wr *w, const uint8_t a[4])
{
    for (int i = 0; i < 4; i++) {
        if (i)
            wr_str(w, ".");
        wr_decimal(w, a[i]);
    }
}

/* RFC 5952 4.2: the first of the longest runs of zero groups, if it is longer than one. */
static void longest_zeros(const unsigned g[8], int *ret_at, int *ret_n)
{
    *ret_at = -1;
    *ret_n = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && g[i + n] == 0)
            n++;
        if (n > *ret_n) {
            *ret_at = i;
            *ret_n = n;
        }
        i += n;
    }
}

static void wr_v6(struct wr *w, const uint8_t addr[16])
{
    /* RFC 5952 5: mixed notation where the prefix says that an IPv4 address is inside. */
    if (memcmp(addr, mapped, sizeof mapped) == 0) {
        wr_str(w, "::ffff:");
        wr_dotted(w, addr + sizeof mapped);
        return;
    }
    unsigned g[8];
    struct rd r = rd_of(addr, 16);
    for (int i = 0; i < 8; i++)
        g[i] = rd_u16(&r);
    int at, n;
    longest_zeros(g, &at, &n);
    for (int i = 0; i < 8; i++) {
        if (i == at) {
            wr_str(w, "::");
            i += n - 1;
            continue;
        }
        if (i && i != at + n)
            wr_str(w, ":");
        wr_hex(w, g[i]);
    }
}

const char *prefix_text(const struct prefix *p, char buf[PREFIX_TEXT])
{
    struct wr w = wr_of(buf, PREFIX_TEXT);
    if (p->family == 4)
        wr_dotted(&w, p->addr + sizeof mapped);
    else if (p->family == 6)
        wr_v6(&w, p->addr);
    else
        wr_str(&w, "none");
    if (p->family != 0 && p->len != (p->family == 4 ? 32 : 128)) {
        wr_str(&w, "/");
        wr_decimal(&w, p->len);
    }
    wr_u8(&w, 0);
    return buf;
}

void prefix_put(struct wr *w, const struct prefix *p)
{
    wr_u8(w, p->family);
    wr_u8(w, p->len);
    wr_bytes(w, p->addr, sizeof(p->addr));
}

void prefix_get(struct rd *r, struct prefix *p)
{
    p->family = rd_u8(r);
    p->len = rd_u8(r);
    rd_copy(r, p->addr, sizeof(p->addr));
    if ((p->family != 4 && p->family != 6) || p->len > (p->family == 4 ? 32 : 128))
        r->bad = true;
}

void prefix_put_maybe(struct wr *w, const struct prefix *p)
{
    if (p->family)
        prefix_put(w, p);
    else
        wr_u8(w, 0);
}

void prefix_get_maybe(struct rd *r, struct prefix *p)
{
    *p = (struct prefix){ 0 };
    if (rd_left(r) && rd_peek(r, 0) == 0)
        rd_skip(r, 1);
    else
        prefix_get(r, p);
}

/* DHCP messages, read and written; see dhcp4.h. */
#include "wire/dhcp4.h"

enum { SNAME = 64, FILE_NAME = 128, COOKIE = 0x63825363, OVERLOAD_FILE = 1, OVERLOAD_SNAME = 2 };

/* One option off `r`: false at the end mark or when there is no more; a bad reader if it is longer than its field. */
static bool next_option(struct rd *r, uint8_t *ret_option, struct slice *ret_value)
{
    while (rd_left(r)) {
        uint8_t option = rd_u8(r);
        if (option == DHCP4_OPT_PAD)
            continue;
        if (option == DHCP4_OPT_END)
            return false;
        size_t n = rd_u8(r);
        *ret_value = rd_take(r, n);
        *ret_option = option;
        return rd_ok(r);
    }
    return false;
}

/* A field of options, without its end mark and what follows. */
static int check_area(struct slice field, struct slice *ret_area)
{
    struct rd r = rd_slice(field);
    uint8_t option;
    struct slice value;
    while (next_option(&r, &option, &value))
        ;
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    size_t used = field.n - rd_left(&r);
    /* RFC 2131 4.1: "The last option must always be the 'end' option." */
    if (used == 0 || field.p[used - 1] != DHCP4_OPT_END)
        return ERR_MISSING;
    *ret_area = slice_of(field.p, used - 1);
    return 0;
}

/* An option of one byte; 0 if it is absent. */
static int get_u8(const struct dhcp4 *m, uint8_t option, uint8_t *ret_value)
{
    uint8_t value[1];
    size_t n;
    int e = dhcp4_get(m, option, value, sizeof value, &n);
    if (e == ERR_MISSING) {
        *ret_value = 0;
        return 0;
    }
    if (e < 0 || n != 1)
        return ERR_LENGTH;
    *ret_value = value[0];
    return value[0] ? 0 : ERR_VALUE;
}

static int decode_options(struct dhcp4 *m, struct slice options, struct slice file, struct slice sname)
{
    uint8_t overload = 0;
    int e = check_area(options, &m->areas[0]);
    if (e == 0)
        e = get_u8(m, DHCP4_OPT_OVERLOAD, &overload);
    /* RFC 2132 9.3: 1 file, 2 sname, 3 both */
    if (e == 0 && overload > 3)
        e = ERR_VALUE;
    if (e == 0 && overload & OVERLOAD_FILE)
        e = check_area(file, &m->areas[1]);
    if (e == 0 && overload & OVERLOAD_SNAME)
        e = check_area(sname, &m->areas[2]);
    if (e == 0)
        e = get_u8(m, DHCP4_OPT_TYPE, &m->type);
    return e < 0 ? e : m->type ? 0 : ERR_MISSING;
}

int dhcp4_decode(struct slice bytes, struct dhcp4 *ret_m)
{
    struct rd r = rd_slice(bytes);
    struct dhcp4 m = { 0 };
    m.op = rd_u8(&r);
    m.htype = rd_u8(&r);
    m.hlen = rd_u8(&r);
    m.hops = rd_u8(&r);
    m.xid = rd_u32(&r);
    m.secs = rd_u16(&r);
    m.flags = rd_u16(&r);
    m.ciaddr = rd_u32(&r);
    m.yiaddr = rd_u32(&r);
    m.siaddr = rd_u32(&r);
    m.giaddr = rd_u32(&r);
    rd_copy(&r, m.chaddr, sizeof m.chaddr);
    struct slice sname = rd_take(&r, SNAME);
    struct slice file = rd_take(&r, FILE_NAME);
    uint32_t cookie = rd_u32(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (cookie != COOKIE) /* RFC 2131 3 */
        return ERR_VERSION;
    if (m.op != DHCP4_BOOTREQUEST && m.op != DHCP4_BOOTREPLY)
        return ERR_VALUE;
    if (m.hlen > sizeof m.chaddr)
        return ERR_LENGTH;
    int e = decode_options(&m, rd_rest(&r), file, sname);
    if (e < 0)
        return e;
    *ret_m = m;
    return 0;
}

int dhcp4_get(const struct dhcp4 *m, uint8_t option, uint8_t *dst, size_t cap, size_t *ret_n)
{
    struct wr w = wr_of(dst, cap);
    bool found = false;
    /* RFC 3396 5: the options field, then file, then sname. */
    for (unsigned i = 0; i < DHCP4_AREAS; i++) {
        struct rd r = rd_slice(m->areas[i]);
        uint8_t code;
        struct slice value;
        bool full = false; /* the part before this one was of our option, and had no room left */
        while (next_option(&r, &code, &value)) {
            bool more = code == option || (full && code == DHCP4_OPT_MS_LONG);
            if (more)
                wr_put(&w, value);
            found = found || more;
            full = more && value.n == 255;
        }
    }
    if (!found)
        return ERR_MISSING;
    if (!wr_ok(&w))
        return ERR_NOBUF;
    *ret_n = wr_len(&w);
    return 0;
}

int dhcp4_addrs(struct slice value, uint32_t *addrs, unsigned max, unsigned *ret_n)
{
    struct rd r = rd_slice(value);
    unsigned n = 0;
    if (value.n == 0 || value.n % 4)
        return ERR_LENGTH;
    while (rd_left(&r) && n < max)
        addrs[n++] = rd_u32(&r);
    *ret_n = n;
    return 0;
}

/* RFC 3442: the width, as many octets as it covers, the router. */
static int take_route(struct rd *r, struct dhcp4_route *ret_route)
{
    unsigned width = rd_u8(r);
    if (width > 32)
        return ERR_VALUE;
    uint32_t addr = 0;
    for (unsigned i = 0; i < 4; i++)
        addr = addr << 8 | (i < (width + 7) / 8 ? rd_u8(r) : 0);
    uint32_t router = rd_u32(r);
    if (!rd_ok(r))
        return ERR_TRUNCATED;
    /* RFC 3442: bits that the mask does not cover are not part of the destination. */
    addr &= width ? UINT32_MAX << (32 - width) : 0;
    *ret_route = (struct dhcp4_route){ prefix_v4(addr, width), router };
    return 0;
}

int dhcp4_routes(struct slice value, struct dhcp4_route *routes, unsigned max, unsigned *ret_n)
{
    struct rd r = rd_slice(value);
    unsigned n = 0;
    if (value.n == 0)
        return ERR_MISSING;
    while (rd_left(&r)) {
        struct dhcp4_route checked;
        int e = take_route(&r, n < max ? &routes[n] : &checked);
        if (e < 0)
            return e;
        n += n < max;
    }
    *ret_n = n;
    return 0;
}

int dhcp4_text(struct slice value, char *dst, size_t cap)
{
    size_t n = value.n;
    while (n && value.p[n - 1] == 0) /* RFC 2132 2: NULs at the end are to be taken off */
        n--;
    if (n == 0)
        return ERR_MISSING;
    for (size_t i = 0; i < n; i++)
        if (value.p[i] <= ' ' || value.p[i] >= 0x7f)
            return ERR_VALUE;
    if (n >= cap)
        return ERR_NOBUF;
    memcpy(dst, value.p, n);
    dst[n] = 0;
    return 0;
}

void dhcp4_put_head(struct wr *w, const struct dhcp4 *m)
{
    wr_u8(w, m->op);
    wr_u8(w, m->htype);
    wr_u8(w, m->hlen);
    wr_u8(w, m->hops);
    wr_u32(w, m->xid);
    wr_u16(w, m->secs);
    wr_u16(w, m->flags);
    wr_u32(w, m->ciaddr);
    wr_u32(w, m->yiaddr);
    wr_u32(w, m->siaddr);
    wr_u32(w, m->giaddr);
    wr_bytes(w, m->chaddr, sizeof m->chaddr);
    wr_zero(w, SNAME + FILE_NAME);
    wr_u32(w, COOKIE);
    dhcp4_put(w, DHCP4_OPT_TYPE, slice_of(&m->type, 1));
}

void dhcp4_put(struct wr *w, uint8_t option, struct slice value)
{
    struct rd r = rd_slice(value);
    do { /* RFC 3396 6: each part but the last is full */
        size_t n = rd_left(&r) < 255 ? rd_left(&r) : 255;
        wr_u8(w, option);
        wr_u8(w, (unsigned)n);
        wr_put(w, rd_take(&r, n));
    } while (rd_left(&r));
}

void dhcp4_continue_ms(struct wr *w, size_t start)
{
    if (!wr_ok(w))
        return;
    struct rd r = rd_of(w->buf + start, w->len - start);
    for (bool first = true; rd_left(&r); first = false) {
        size_t at = w->len - rd_left(&r);
        rd_u8(&r);
        unsigned n = rd_u8(&r);
        rd_take(&r, n);
        if (!first)
            wr_patch_u16(w, at, (unsigned)DHCP4_OPT_MS_LONG << 8 | n);
    }
}

void dhcp4_put_addrs(struct wr *w, uint8_t option, const uint32_t *addrs, unsigned n)
{
    uint8_t value[252];
    struct wr v = wr_of(value, sizeof value);
    for (unsigned i = 0; i < n; i++)
        wr_u32(&v, addrs[i]);
    if (!wr_ok(&v) || n == 0)
        w->bad = true;
    else
        dhcp4_put(w, option, wr_slice(&v));
}

void dhcp4_put_routes(struct wr *w, uint8_t option, const struct dhcp4_route *routes, unsigned n)
{
    uint8_t value[DHCP4_ROUTES_MAX * 9];
    struct wr v = wr_of(value, sizeof value);
    for (unsigned i = 0; i < n; i++) {
        uint32_t addr = prefix_v4_addr(&routes[i].to);
        unsigned width = routes[i].to.len;
        if (routes[i].to.family != 4 || width > 32)
            v.bad = true;
        wr_u8(&v, width);
        for (unsigned octet = 0; octet < 4 && octet < (width + 7) / 8; octet++)
            wr_u8(&v, addr >> (24 - 8 * octet));
        wr_u32(&v, routes[i].router);
    }
    if (!wr_ok(&v) || n == 0)
        w->bad = true;
    else
        dhcp4_put(w, option, wr_slice(&v));
}

void dhcp4_put_search(struct wr *w, const struct dns_name *names, unsigned n)
{
    uint8_t value[DHCP4_OPTION_MAX];
    struct wr v = wr_of(value, sizeof value);
    dns_names_put_compressed(&v, names, n);
    if (!wr_ok(&v) || n == 0)
        w->bad = true;
    else
        dhcp4_put(w, DHCP4_OPT_SEARCH, wr_slice(&v));
}

void dhcp4_put_end(struct wr *w, size_t start)
{
    wr_u8(w, DHCP4_OPT_END);
    if (wr_ok(w) && w->len - start < DHCP4_MIN)
        wr_zero(w, DHCP4_MIN - (w->len - start));
}

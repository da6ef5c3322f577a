/* DHCPv6 messages, read and written; see dhcp6.h. */
#include "wire/dhcp6.h"

/* One option off `r`; false when there is no more, or not all of it is there (the reader is then bad). */
static bool next_option(struct rd *r, uint16_t *ret_option, struct rd *ret_value)
{
    if (!rd_left(r))
        return false;
    *ret_option = rd_u16(r);
    size_t n = rd_u16(r);
    *ret_value = rd_sub(r, n);
    return rd_ok(r);
}

static int take_status(struct rd *value, bool *ret_has, uint16_t *ret_status)
{
    uint16_t status = rd_u16(value);
    if (!rd_ok(value))
        return ERR_LENGTH;
    if (*ret_has)
        return ERR_DUPLICATE;
    *ret_has = true;
    *ret_status = status; /* a text follows */
    return 0;
}

/* IAADDR or IAPREFIX; what options they hold themselves (a status) says no more than what their lifetimes do. */
static int take_lease(struct rd *value, struct dhcp6_ia *ia)
{
    struct dhcp6_lease l = { 0 };
    uint8_t addr[16];
    unsigned len = 128;
    if (!ia->pd)
        rd_copy(value, addr, sizeof addr);
    l.preferred = rd_u32(value);
    l.valid = rd_u32(value);
    if (ia->pd) {
        len = rd_u8(value);
        rd_copy(value, addr, sizeof addr);
    }
    if (!rd_ok(value))
        return ERR_LENGTH;
    if (len > 128)
        return ERR_VALUE;
    l.p = prefix_v6(addr, len);
    /* RFC 8415 21.6, 21.22: discard one whose preferred lifetime is greater than the valid one. */
    if (ia->n_leases < DHCP6_LEASES && l.preferred <= l.valid)
        ia->leases[ia->n_leases++] = l;
    return 0;
}

static int take_ia(struct rd *value, bool pd, struct dhcp6 *m)
{
    struct dhcp6_ia ia = { .pd = pd };
    ia.iaid = rd_u32(value);
    ia.t1 = rd_u32(value);
    ia.t2 = rd_u32(value);
    if (!rd_ok(value))
        return ERR_LENGTH;
    uint16_t option;
    struct rd inner;
    while (next_option(value, &option, &inner)) {
        int e = 0;
        if (option == DHCP6_OPT_STATUS)
            e = take_status(&inner, &ia.has_status, &ia.status);
        else if (option == (pd ? DHCP6_OPT_IAPREFIX : DHCP6_OPT_IAADDR))
            e = take_lease(&inner, &ia);
        if (e < 0)
            return e;
    }
    if (!rd_ok(value))
        return ERR_TRUNCATED;
    if (m->n_ias < DHCP6_IAS)
        m->ias[m->n_ias++] = ia;
    return 0;
}

static int take_duid(struct slice value, struct slice *ret_duid)
{
    if (value.n < DHCP6_DUID_MIN || value.n > DHCP6_DUID_MAX) /* RFC 8415 11.1 */
        return ERR_LENGTH;
    *ret_duid = value;
    return 0;
}

/* Options of a fixed length, or of a multiple of one. */
static int take_plain(uint16_t option, struct rd value, struct dhcp6 *m)
{
    struct slice all = rd_rest(&(struct rd){ value.p, value.end, false });
    switch (option) {
    case DHCP6_OPT_ORO:
        m->oro = all;
        return all.n % 2 ? ERR_LENGTH : 0;
    case DHCP6_OPT_PREFERENCE:
        m->preference = rd_u8(&value);
        break;
    case DHCP6_OPT_ELAPSED:
        m->elapsed = rd_u16(&value);
        break;
    case DHCP6_OPT_RAPID_COMMIT:
        m->rapid_commit = true;
        break;
    case DHCP6_OPT_DNS:
        m->dns = all;
        return all.n == 0 || all.n % 16 ? ERR_LENGTH : 0;
    case DHCP6_OPT_DOMAINS:
        m->domains = all;
        return all.n == 0 ? ERR_LENGTH : 0;
    case DHCP6_OPT_REFRESH:
        m->refresh = rd_u32(&value);
        m->has_refresh = true;
        break;
    }
    return rd_end(&value) ? 0 : ERR_LENGTH;
}

static int take_option(uint16_t option, struct rd value, struct dhcp6 *m)
{
    switch (option) {
    case DHCP6_OPT_CLIENT_ID:
        return take_duid(rd_rest(&value), &m->client_id);
    case DHCP6_OPT_SERVER_ID:
        return take_duid(rd_rest(&value), &m->server_id);
    case DHCP6_OPT_IA_NA:
    case DHCP6_OPT_IA_PD:
        return take_ia(&value, option == DHCP6_OPT_IA_PD, m);
    case DHCP6_OPT_STATUS:
        return take_status(&value, &m->has_status, &m->status);
    case DHCP6_OPT_ORO:
    case DHCP6_OPT_PREFERENCE:
    case DHCP6_OPT_ELAPSED:
    case DHCP6_OPT_RAPID_COMMIT:
    case DHCP6_OPT_DNS:
    case DHCP6_OPT_DOMAINS:
    case DHCP6_OPT_REFRESH:
        return take_plain(option, value, m);
    }
    return 0; /* RFC 8415 16: unknown options are ignored */
}

/* RFC 8415 21.1 and the table in appendix B: only identity associations may occur more than once. */
static bool may_repeat(uint16_t option)
{
    return option == DHCP6_OPT_IA_NA || option == DHCP6_OPT_IA_PD || option > DHCP6_OPT_REFRESH;
}

int dhcp6_decode(struct slice bytes, struct dhcp6 *ret_m)
{
    struct rd r = rd_slice(bytes), value;
    struct dhcp6 m = { 0 };
    uint64_t seen = 0;
    uint16_t option;
    uint32_t head = rd_u32(&r);
    m.type = (uint8_t)(head >> 24);
    m.xid = head & 0xffffff;
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (m.type < DHCP6_SOLICIT || m.type > DHCP6_INFORMATION_REQUEST)
        return ERR_UNKNOWN;
    while (next_option(&r, &option, &value)) {
        if (!may_repeat(option) && seen & 1ull << option)
            return ERR_DUPLICATE;
        if (!may_repeat(option))
            seen |= 1ull << option;
        int e = take_option(option, value, &m);
        if (e < 0)
            return e;
    }
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    *ret_m = m;
    return 0;
}

bool dhcp6_asks(const struct dhcp6 *m, uint16_t option)
{
    struct rd r = rd_slice(m->oro);
    while (rd_left(&r))
        if (rd_u16(&r) == option)
            return true;
    return false;
}

void dhcp6_put_head(struct wr *w, uint8_t type, uint32_t xid)
{
    wr_u32(w, (uint32_t)type << 24 | (xid & 0xffffff));
}

/* An option whose length is not known yet: where the length stands. */
static size_t open_option(struct wr *w, uint16_t option)
{
    wr_u16(w, option);
    return wr_mark_u16(w);
}

static void close_option(struct wr *w, size_t at)
{
    wr_patch_u16(w, at, (unsigned)(w->len - at - 2));
}

void dhcp6_put(struct wr *w, uint16_t option, struct slice value)
{
    size_t at = open_option(w, option);
    wr_put(w, value);
    close_option(w, at);
}

void dhcp6_put_u16(struct wr *w, uint16_t option, uint16_t value)
{
    size_t at = open_option(w, option);
    wr_u16(w, value);
    close_option(w, at);
}

void dhcp6_put_u32(struct wr *w, uint16_t option, uint32_t value)
{
    size_t at = open_option(w, option);
    wr_u32(w, value);
    close_option(w, at);
}

void dhcp6_put_status(struct wr *w, uint16_t status, const char *text)
{
    size_t at = open_option(w, DHCP6_OPT_STATUS);
    wr_u16(w, status);
    wr_str(w, text);
    close_option(w, at);
}

void dhcp6_put_oro(struct wr *w, const uint16_t *options, unsigned n)
{
    size_t at = open_option(w, DHCP6_OPT_ORO);
    for (unsigned i = 0; i < n; i++)
        wr_u16(w, options[i]);
    close_option(w, at);
}

static void put_lease(struct wr *w, bool pd, const struct dhcp6_lease *l)
{
    size_t at = open_option(w, pd ? DHCP6_OPT_IAPREFIX : DHCP6_OPT_IAADDR);
    if (!pd)
        wr_bytes(w, l->p.addr, sizeof l->p.addr);
    wr_u32(w, l->preferred);
    wr_u32(w, l->valid);
    if (pd) {
        wr_u8(w, l->p.len);
        wr_bytes(w, l->p.addr, sizeof l->p.addr);
    }
    close_option(w, at);
}

void dhcp6_put_ia(struct wr *w, const struct dhcp6_ia *ia)
{
    size_t at = open_option(w, ia->pd ? DHCP6_OPT_IA_PD : DHCP6_OPT_IA_NA);
    wr_u32(w, ia->iaid);
    wr_u32(w, ia->t1);
    wr_u32(w, ia->t2);
    for (unsigned i = 0; i < ia->n_leases; i++)
        put_lease(w, ia->pd, &ia->leases[i]);
    if (ia->has_status)
        dhcp6_put_status(w, ia->status, "");
    close_option(w, at);
}

void dhcp6_put_dns(struct wr *w, const struct prefix *dns, unsigned n)
{
    size_t at = open_option(w, DHCP6_OPT_DNS);
    for (unsigned i = 0; i < n; i++)
        wr_bytes(w, dns[i].addr, sizeof dns[i].addr);
    close_option(w, at);
}

void dhcp6_put_domains(struct wr *w, const struct dns_name *names, unsigned n)
{
    size_t at = open_option(w, DHCP6_OPT_DOMAINS);
    for (unsigned i = 0; i < n; i++)
        dns_name_put(w, names[i].text);
    close_option(w, at);
}

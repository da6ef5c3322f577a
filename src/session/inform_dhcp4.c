/* DHCPINFORM answered (RFC 2131 4.3.5): the only way in which stock Windows clients learn routes and a DNS suffix.
 * Addresses come from IPCP, so every other DHCP message of a client is swallowed. */
#include "session/inform_parts.h"

/* What we can tell; everything else that a client asks for is left out. */
static bool is_known(uint8_t option)
{
    switch (option) {
    case DHCP4_OPT_DNS:
    case DHCP4_OPT_DOMAIN:
    case DHCP4_OPT_NBNS:
    case DHCP4_OPT_SEARCH:
    case DHCP4_OPT_ROUTES:
    case DHCP4_OPT_MS_ROUTES:
    case DHCP4_OPT_WPAD:
        return true;
    }
    return false;
}

static bool asks(const struct inform_ask4 *a, uint8_t option)
{
    for (unsigned n = 0; n < a->n_asked; n++)
        if (a->asked[n] == option)
            return true;
    return false;
}

static void note_asked(const struct dhcp4 *m, struct inform_ask4 *a)
{
    static const uint8_t usual[] = { DHCP4_OPT_DNS, DHCP4_OPT_DOMAIN, DHCP4_OPT_NBNS }; /* to one that does not say */
    uint8_t list[255];
    size_t n;
    if (dhcp4_get(m, DHCP4_OPT_ASKED, list, sizeof list, &n) < 0) {
        memcpy(list, usual, sizeof usual);
        n = sizeof usual;
    }
    for (size_t k = 0; k < n && a->n_asked < INFORM_ASKED; k++)
        if (is_known(list[k]) && !asks(a, list[k]))
            a->asked[a->n_asked++] = list[k];
}

/* [MS-DHCPE] 2.2.3, [CAP]: the vendor class of a Microsoft client is "MSFT 5.0", or begins so. */
static bool is_microsoft(const struct dhcp4 *m)
{
    uint8_t class[255];
    size_t n;
    int e = dhcp4_get(m, DHCP4_OPT_VENDOR_CLASS, class, sizeof class, &n);
    return e == 0 && n >= 4 && slice_eq(slice_of(class, 4), slice_str("MSFT"));
}

/* How long the answer may be, as an IP packet. A client that does not say must take 576 bytes (RFC 2131 2), and may
 * take no more; but without an option 57 ([CAP] has none) the choice is between a longer answer and losing routes. */
static uint16_t size_max(const struct inform *i, const struct dhcp4 *m)
{
    uint8_t value[2];
    size_t n;
    if (dhcp4_get(m, DHCP4_OPT_SIZE, value, sizeof value, &n) < 0 || n != sizeof value)
        return i->conf.mtu;
    unsigned size = (unsigned)value[0] << 8 | value[1];
    if (size < DHCP4_SIZE_MIN) /* RFC 2132 9.10 */
        size = DHCP4_SIZE_MIN;
    return size < i->conf.mtu ? (uint16_t)size : i->conf.mtu;
}

bool inform_dhcp4_packet(struct inform *i, const struct ip_view *ip)
{
    struct udp_view udp;
    struct dhcp4 m;
    uint32_t dst = inform_addr4(ip->dst);
    if (ip->proto != IP_UDP || ip->fragment || udp_parse(ip->payload, &udp) < 0)
        return false;
    /* A message to somebody else's server is none of ours. */
    if (udp.dst_port != DHCP4_SERVER_PORT || (dst != UINT32_MAX && dst != i->conf.server_ipv4))
        return false;
    if (inform_udp_read(ip, &udp) < 0 || dhcp4_decode(udp.payload, &m) < 0)
        return true;
    if (m.op != DHCP4_BOOTREQUEST || m.type != DHCP4_INFORM || m.giaddr != 0)
        return true;
    /* RFC 2131 4.3.5: the server trusts ciaddr; here it must be the address that this session has. */
    if (inform_addr4(ip->src) != i->client_ipv4 || (m.ciaddr != 0 && m.ciaddr != i->client_ipv4))
        return true;
    struct inform_ask4 a = { .wanted = true, .xid = m.xid, .htype = m.htype, .hlen = m.hlen };
    a.flags = m.flags;
    a.ciaddr = m.ciaddr;
    a.size_max = size_max(i, &m);
    memcpy(a.chaddr, m.chaddr, sizeof a.chaddr);
    note_asked(&m, &a);
    a.microsoft = is_microsoft(&m);
    i->ask4 = a;
    return true;
}

static void put_addrs(struct wr *w, uint8_t option, const uint32_t *addrs, unsigned n)
{
    uint32_t set[INFORM_DNS4];
    unsigned n_set = 0;
    for (unsigned k = 0; k < n; k++)
        if (addrs[k])
            set[n_set++] = addrs[k];
    if (n_set)
        dhcp4_put_addrs(w, option, set, n_set);
}

/* As many as fit, in the order of the configuration. The router is our tunnel address: RFC 3442 would have 0.0.0.0 for
 * "on the link", but that is the form that clients know least. */
static void put_routes(const struct inform *i, struct wr *w, uint8_t option)
{
    struct dhcp4_route routes[DHCP4_ROUTES_MAX];
    unsigned n = 0;
    for (unsigned k = 0; k < i->conf.n_routes && n < DHCP4_ROUTES_MAX; k++)
        if (i->conf.routes[k].family == 4)
            routes[n++] = (struct dhcp4_route){ i->conf.routes[k], i->conf.server_ipv4 };
    for (; n; n--) {
        struct wr tried = *w;
        dhcp4_put_routes(&tried, option, routes, n);
        if (wr_ok(&tried)) {
            *w = tried;
            return;
        }
    }
}

static void put_text(struct wr *w, uint8_t option, const char *text)
{
    if (text && text[0])
        dhcp4_put(w, option, slice_str(text));
}

static void put_option(const struct inform *i, struct wr *w, uint8_t option)
{
    const struct inform_conf *c = &i->conf;
    switch (option) {
    case DHCP4_OPT_DNS:
        put_addrs(w, option, c->dns, INFORM_DNS4);
        break;
    case DHCP4_OPT_NBNS:
        put_addrs(w, option, c->nbns, 2);
        break;
    case DHCP4_OPT_DOMAIN:
        put_text(w, option, c->domain);
        break;
    case DHCP4_OPT_WPAD:
        put_text(w, option, c->wpad);
        break;
    case DHCP4_OPT_SEARCH:
        if (c->n_search)
            dhcp4_put_search(w, c->search, c->n_search);
        break;
    case DHCP4_OPT_MS_ROUTES:
        /* RFC 3442 has the number 121; old Windows knows only 249. Who asks for both gets the standard's. */
        if (!asks(&i->ask4, DHCP4_OPT_ROUTES))
            put_routes(i, w, option);
        break;
    case DHCP4_OPT_ROUTES:
        put_routes(i, w, option);
        break;
    }
}

void inform_dhcp4_put(const struct inform *i, struct wr *w)
{
    const struct inform_ask4 *a = &i->ask4;
    struct dhcp4 m = { .op = DHCP4_BOOTREPLY, .type = DHCP4_ACK, .xid = a->xid, .htype = a->htype, .hlen = a->hlen };
    m.flags = a->flags;
    m.ciaddr = a->ciaddr;
    memcpy(m.chaddr, a->chaddr, sizeof m.chaddr);
    size_t cap = w->cap;
    if (w->len + a->size_max < w->cap)
        w->cap = w->len + a->size_max;
    w->cap--; /* for the end mark */
    /* RFC 2131 4.3.5: unicast to ciaddr; yiaddr is 0 and no lease time is told (4.3.1, table 3). */
    size_t start = inform_udp4_begin(w, i->conf.server_ipv4, i->client_ipv4, DHCP4_SERVER_PORT, DHCP4_CLIENT_PORT);
    size_t message = w->len;
    dhcp4_put_head(w, &m);
    dhcp4_put_addrs(w, DHCP4_OPT_SERVER_ID, &i->conf.server_ipv4, 1);
    /* RFC 2132 9.8: in the order in which the client asked. What does not fit is left out whole. */
    for (unsigned n = 0; n < a->n_asked; n++) {
        struct wr before = *w;
        put_option(i, w, a->asked[n]);
        if (!wr_ok(w))
            *w = before;
        else if (a->microsoft)
            dhcp4_continue_ms(w, before.len);
    }
    w->cap = cap;
    dhcp4_put_end(w, message);
    inform_udp_end(w, start);
}

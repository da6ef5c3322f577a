/* DHCPINFORM of the client (RFC 2131 4.4.3). Asked as Windows asks ([CAP]), because that is whom servers know. */
#include "session/inform_client_parts.h"

enum {
    AGAIN = 600000, /* DHCPINFORM has no lifetimes: what changes at the server is seen by asking again */
    GAP = 2000,     /* then 4 and 8 seconds (RFC 2131 4.1 doubles from 4; a tunnel is no crowded wire) */
    TRIES = 4,
    HTYPE = 8, /* [CAP]: what Windows calls a PPP link; no hardware address */
    SIZE_MAX_ASKED = 1400,
};

void inform_client_dhcp4_start(struct inform_client *c, msec now)
{
    inform_ask_open(&c->ask4, c->env, GAP, now);
}

/* Answered: until it is asked anew. */
static void rest(struct inform_ask *a, msec now)
{
    inform_ask_close(a);
    a->open = true;
    a->due = tick_after(now, AGAIN);
}

void inform_client_dhcp4_tick(struct inform_client *c, msec now)
{
    struct inform_ask *a = &c->ask4;
    if (!a->open || now < a->due)
        return;
    if (a->tries == 0) {
        inform_client_dhcp4_start(c, now);
        return;
    }
    if (a->tries == TRIES) {
        if (c->dhcp4.heard)
            rest(a, now);
        else
            inform_ask_close(a); /* nobody there who would know */
        return;
    }
    a->tries++;
    a->wanted = true;
    a->gap *= 2;
    a->due = tick_after(now, a->gap);
}

void inform_client_dhcp4_put(const struct inform_client *c, struct wr *w, msec now)
{
    static const uint8_t asked[] = {
        DHCP4_OPT_ROUTES, /* RFC 3442: before the router option, and before 249 */
        DHCP4_OPT_MS_ROUTES, DHCP4_OPT_DNS, DHCP4_OPT_DOMAIN, DHCP4_OPT_SEARCH, DHCP4_OPT_NBNS, DHCP4_OPT_WPAD,
    };
    struct dhcp4 m = { .op = DHCP4_BOOTREQUEST, .type = DHCP4_INFORM, .htype = HTYPE, .xid = c->ask4.xid };
    uint8_t id[5];
    struct wr id_w = wr_of(id, sizeof id);
    m.secs = (uint16_t)((now - c->ask4.began) / 1000);
    m.ciaddr = c->addr;
    /* RFC 2132 9.14: type 0 is no hardware address. Servers want something to tell clients apart by. */
    wr_u8(&id_w, 0);
    wr_u32(&id_w, c->addr);
    /* RFC 2131 4.4.3: broadcast, as the server is not known: it may be behind a relay agent. */
    size_t start = inform_udp4_begin(w, c->addr, UINT32_MAX, DHCP4_CLIENT_PORT, DHCP4_SERVER_PORT);
    size_t message = w->len;
    dhcp4_put_head(w, &m);
    dhcp4_put(w, DHCP4_OPT_CLIENT_ID, wr_slice(&id_w));
    dhcp4_put(w, DHCP4_OPT_SIZE, slice_of((const uint8_t[]){ SIZE_MAX_ASKED >> 8, SIZE_MAX_ASKED & 0xff }, 2));
    dhcp4_put(w, DHCP4_OPT_ASKED, slice_of(asked, sizeof asked));
    dhcp4_put_end(w, message);
    inform_udp_end(w, start);
}

/* One option's bytes; false if it is not there. */
static bool get(const struct dhcp4 *m, uint8_t option, uint8_t buf[DHCP4_OPTION_MAX], struct slice *ret_value)
{
    size_t n;
    if (dhcp4_get(m, option, buf, DHCP4_OPTION_MAX, &n) < 0)
        return false;
    *ret_value = slice_of(buf, n);
    return true;
}

static bool take_routes(struct inform_held4 *h, const struct dhcp4 *m, uint8_t option)
{
    uint8_t buf[DHCP4_OPTION_MAX];
    struct slice value;
    return get(m, option, buf, &value) && dhcp4_routes(value, h->routes, DHCP4_ROUTES_MAX, &h->n_routes) == 0;
}

/* RFC 3442: with classless routes the router option is ignored; without them it is a default route. */
static void take_all_routes(struct inform_held4 *h, const struct dhcp4 *m)
{
    uint8_t buf[DHCP4_OPTION_MAX];
    struct slice value;
    uint32_t router;
    unsigned n;
    if (take_routes(h, m, DHCP4_OPT_ROUTES) || take_routes(h, m, DHCP4_OPT_MS_ROUTES)) {
        h->routes_given = true;
        return;
    }
    h->n_routes = 0;
    if (get(m, DHCP4_OPT_ROUTER, buf, &value) && dhcp4_addrs(value, &router, 1, &n) == 0)
        h->routes[h->n_routes++] = (struct dhcp4_route){ prefix_v4(0, 0), router };
}

static void take_names(struct inform_held4 *h, const struct dhcp4 *m)
{
    uint8_t buf[DHCP4_OPTION_MAX];
    struct slice value;
    struct dns_name name;
    if (get(m, DHCP4_OPT_DNS, buf, &value) && dhcp4_addrs(value, h->dns, 4, &h->n_dns) < 0)
        h->n_dns = 0;
    if (get(m, DHCP4_OPT_NBNS, buf, &value) && dhcp4_addrs(value, h->nbns, 2, &h->n_nbns) < 0)
        h->n_nbns = 0;
    if (get(m, DHCP4_OPT_SEARCH, buf, &value) &&
        dns_names_read(value, true, h->search, DNS_NAMES_MAX, &h->n_search) < 0)
        h->n_search = 0;
    memset(&name, 0, sizeof name);
    if (get(m, DHCP4_OPT_DOMAIN, buf, &value) && dhcp4_text(value, name.text, sizeof name.text) == 0 &&
        dns_name_ok(name.text))
        h->domain = name;
    if (get(m, DHCP4_OPT_WPAD, buf, &value) && dhcp4_text(value, h->wpad, sizeof h->wpad) < 0)
        h->wpad[0] = 0;
}

bool inform_client_dhcp4_packet(struct inform_client *c, const struct ip_view *ip, msec now)
{
    struct udp_view udp;
    struct dhcp4 m;
    uint32_t dst = inform_addr4(ip->dst);
    if (ip->proto != IP_UDP || ip->fragment || udp_parse(ip->payload, &udp) < 0)
        return false;
    if (udp.dst_port != DHCP4_CLIENT_PORT || (dst != c->addr && dst != UINT32_MAX))
        return false;
    if (inform_udp_read(ip, &udp) < 0 || dhcp4_decode(udp.payload, &m) < 0)
        return true;
    /* RFC 2131 4.4.1: the client discards what does not carry its xid. The first answer counts. */
    if (!c->ask4.open || !c->ask4.tries || m.op != DHCP4_BOOTREPLY || m.type != DHCP4_ACK || m.xid != c->ask4.xid)
        return true;
    if (m.ciaddr != 0 && m.ciaddr != c->addr)
        return true;
    rest(&c->ask4, now);
    memset(&c->dhcp4, 0, sizeof c->dhcp4);
    c->dhcp4.heard = true;
    take_all_routes(&c->dhcp4, &m);
    take_names(&c->dhcp4, &m);
    return true;
}

/* Out of all that was told and still holds: one offer. And what is over is forgotten here. */
#include "session/inform_client_parts.h"

/* RFC 4861 6.3.5, RFC 8106 6.1, RFC 4191 3.1: what has timed out is taken out; the order of the others stays. */
static void expire_ra(struct inform_held_ra *h, msec now)
{
    unsigned n = 0;
    for (unsigned k = 0; k < h->n_prefixes; k++)
        if (h->prefixes[k].valid > now)
            h->prefixes[n++] = h->prefixes[k];
    h->n_prefixes = n;
    for (unsigned k = 0; k < n; k++)
        if (h->prefixes[k].preferred <= now)
            h->prefixes[k].preferred = 0;
    n = 0;
    for (unsigned k = 0; k < h->n_dns; k++)
        if (h->dns[k].until > now)
            h->dns[n++] = h->dns[k];
    h->n_dns = n;
    n = 0;
    for (unsigned k = 0; k < h->n_names; k++)
        if (h->names[k].until > now)
            h->names[n++] = h->names[k];
    h->n_names = n;
    n = 0;
    for (unsigned k = 0; k < h->n_routes; k++)
        if (h->routes[k].until > now)
            h->routes[n++] = h->routes[k];
    h->n_routes = n;
    if (h->default_until <= now)
        h->default_until = 0;
}

void inform_offer_expire(struct inform_client *c, msec now)
{
    struct inform_held6 *h = &c->dhcp6;
    unsigned n = 0;
    expire_ra(&c->ra, now);
    for (unsigned k = 0; k < h->n_leases; k++)
        if (h->leases[k].valid > now)
            h->leases[n++] = h->leases[k];
    h->n_leases = n;
    for (unsigned k = 0; k < n; k++)
        if (h->leases[k].preferred <= now)
            h->leases[k].preferred = 0;
}

/* The end of the preferred lifetime is a change once; afterwards the valid lifetime's end is next. */
static msec ends(msec preferred, msec valid)
{
    return preferred ? tick_min(preferred, valid) : valid;
}

msec inform_offer_due(const struct inform_client *c)
{
    const struct inform_held_ra *h = &c->ra;
    msec due = h->default_until ? h->default_until : NEVER;
    for (unsigned n = 0; n < h->n_prefixes; n++)
        due = tick_min(due, ends(h->prefixes[n].preferred, h->prefixes[n].valid));
    for (unsigned n = 0; n < h->n_dns; n++)
        due = tick_min(due, h->dns[n].until);
    for (unsigned n = 0; n < h->n_names; n++)
        due = tick_min(due, h->names[n].until);
    for (unsigned n = 0; n < h->n_routes; n++)
        due = tick_min(due, h->routes[n].until);
    for (unsigned n = 0; n < c->dhcp6.n_leases; n++)
        due = tick_min(due, ends(c->dhcp6.leases[n].preferred, c->dhcp6.leases[n].valid));
    return due;
}

void inform_offer_address(const struct inform_client *c, const struct prefix *p, uint8_t out[16])
{
    struct wr w = wr_of(out, 16);
    wr_bytes(&w, p->addr, 8);
    wr_bytes(&w, c->id, sizeof c->id);
}

static void add_address(struct net_offer *o, const uint8_t addr[16], unsigned len, bool deprecated)
{
    if (o->n_addresses < NET_ADDRESSES)
        o->addresses[o->n_addresses++] = (struct net_address){ prefix_v6(addr, len), deprecated };
}

static void add_route(struct net_offer *o, const struct prefix *to, const uint8_t via[16], int8_t preference)
{
    for (unsigned n = 0; n < o->n_routes; n++)
        if (prefix_eq(&o->routes[n].to, to))
            return;
    if (o->n_routes == NET_ROUTES)
        return;
    struct net_route *r = &o->routes[o->n_routes++];
    r->to = *to;
    memcpy(r->via, via, sizeof r->via);
    r->preference = preference;
}

static void add_dns(struct net_offer *o, struct prefix p)
{
    for (unsigned n = 0; n < o->n_dns; n++)
        if (prefix_eq(&o->dns[n], &p))
            return;
    if (o->n_dns < NET_DNS)
        o->dns[o->n_dns++] = p;
}

static void add_search(struct net_offer *o, const struct dns_name *name)
{
    for (unsigned n = 0; n < o->n_search; n++)
        if (slice_eq(slice_str(o->search[n].text), slice_str(name->text)))
            return;
    if (o->n_search < DNS_NAMES_MAX)
        o->search[o->n_search++] = *name;
}

static void add_dhcp4(const struct inform_held4 *h, struct net_offer *o)
{
    static const uint8_t on_link[16];
    o->dhcp4 = h->heard;
    o->routes4 = h->routes_given;
    o->domain = h->domain;
    memcpy(o->wpad, h->wpad, sizeof o->wpad);
    for (unsigned n = 0; n < h->n_routes; n++) {
        struct prefix via = prefix_v4(h->routes[n].router, 32);
        add_route(o, &h->routes[n].to, h->routes[n].router ? via.addr : on_link, 0);
    }
    for (unsigned n = 0; n < h->n_dns; n++)
        add_dns(o, prefix_v4(h->dns[n], 32));
    for (unsigned n = 0; n < h->n_nbns; n++)
        o->nbns[o->n_nbns++] = prefix_v4(h->nbns[n], 32);
    for (unsigned n = 0; n < h->n_search; n++)
        add_search(o, &h->search[n]);
}

static void add_ra(const struct inform_client *c, struct net_offer *o)
{
    static const uint8_t zero[16];
    const struct inform_held_ra *h = &c->ra;
    struct prefix all = prefix_v6(zero, 0);
    o->ra = h->heard;
    o->mtu6 = h->mtu;
    for (unsigned n = 0; n < h->n_prefixes; n++) {
        const struct inform_held_prefix *p = &h->prefixes[n];
        uint8_t addr[16];
        inform_offer_address(c, &p->p, addr);
        if (p->autonomous)
            add_address(o, addr, p->on_link ? p->p.len : 128, p->preferred == 0);
        else if (p->on_link)
            add_route(o, &p->p, zero, ND_MEDIUM);
    }
    if (h->default_until)
        add_route(o, &all, h->router, h->default_preference);
    for (unsigned n = 0; n < h->n_routes; n++)
        add_route(o, &h->routes[n].p, h->router, h->routes[n].preference);
    for (unsigned n = 0; n < h->n_dns; n++)
        add_dns(o, prefix_v6(h->dns[n].addr, 128));
    for (unsigned n = 0; n < h->n_names; n++)
        add_search(o, &h->names[n].name);
}

static void add_dhcp6(const struct inform_client *c, struct net_offer *o)
{
    const struct inform_held6 *h = &c->dhcp6;
    o->dhcp6 = h->heard;
    for (unsigned n = 0; n < h->n_dns; n++)
        add_dns(o, h->dns[n]);
    for (unsigned n = 0; n < h->n_search; n++)
        add_search(o, &h->search[n]);
    /* What was only advertised is not ours yet. */
    for (unsigned n = 0; n < h->n_leases && c->lease_state >= INFORM_LEASE_BOUND; n++) {
        const struct inform_held_lease *l = &h->leases[n];
        if (!l->pd)
            add_address(o, l->p.addr, 128, l->preferred == 0);
        else if (o->n_delegated < NET_DELEGATED)
            o->delegated[o->n_delegated++] = l->p;
    }
}

void inform_offer_make(const struct inform_client *c, struct net_offer *ret_offer)
{
    memset(ret_offer, 0, sizeof *ret_offer); /* also between the members: offers are compared as bytes */
    add_dhcp4(&c->dhcp4, ret_offer);
    add_ra(c, ret_offer);
    add_dhcp6(c, ret_offer);
}

/* Router solicitation and what advertisements say (RFC 4861 6.3, RFC 4862 5.5.3, RFC 8106, RFC 4191), and answers to
 * neighbours who ask for our addresses. */
#include "session/inform_client_parts.h"

enum { SOLICITATIONS = 3, SOLICITATION_GAP = 4000, MTU_MIN = 1280 }; /* RFC 4861 10 */

void inform_client_nd_start(struct inform_client *c, msec now)
{
    inform_ask_open(&c->ask_rs, c->env, SOLICITATION_GAP, now);
}

/* RFC 4861 6.3.7 */
void inform_client_nd_tick(struct inform_client *c, msec now)
{
    struct inform_ask *a = &c->ask_rs;
    if (!a->open || now < a->due)
        return;
    if (a->tries == SOLICITATIONS) {
        inform_ask_close(a);
        return;
    }
    a->tries++;
    a->wanted = true;
    a->due = tick_after(now, a->gap);
}

void inform_client_rs_put(const struct inform_client *c, struct wr *w)
{
    size_t start = nd_begin(w, ND_RS, c->ll, inform_all_routers);
    nd_put_rs(w);
    nd_end(w, start);
}

/* The prefix's address is made of our interface identifier, which is 64 bits long; another length makes none (RFC 4862
 * 5.5.3 d). Its two-hour rule (e) is left out: it guards against forgers on a shared link, and this router has proven
 * who it is. */
static void take_prefix(struct inform_held_ra *h, const struct nd_prefix *p, msec now)
{
    unsigned n = 0;
    if ((p->p.addr[0] == 0xfe && (p->p.addr[1] & 0xc0) == 0x80) || p->p.addr[0] == 0xff)
        return; /* RFC 4862 5.5.3 b */
    while (n < h->n_prefixes && !prefix_eq(&h->prefixes[n].p, &p->p))
        n++;
    if (n == ND_PREFIXES || (n == h->n_prefixes && p->valid == 0))
        return;
    if (n == h->n_prefixes)
        h->n_prefixes++;
    h->prefixes[n] = (struct inform_held_prefix){ p->p, p->on_link, p->autonomous && p->p.len == 64,
                                                  inform_until(p->preferred, now), inform_until(p->valid, now) };
}

/* RFC 8106 5.1: a lifetime of 0 ends it. What has no place any more is not taken. */
static void take_dns(struct inform_held_ra *h, const struct nd_dns *d, msec now)
{
    unsigned n = 0;
    while (n < h->n_dns && memcmp(h->dns[n].addr, d->addr, sizeof d->addr) != 0)
        n++;
    if (n == ND_DNS || (n == h->n_dns && d->lifetime == 0))
        return;
    if (n == h->n_dns)
        memcpy(h->dns[h->n_dns++].addr, d->addr, sizeof d->addr);
    h->dns[n].until = inform_until(d->lifetime, now);
}

static void take_name(struct inform_held_ra *h, const struct nd_domain *d, msec now)
{
    unsigned n = 0;
    while (n < h->n_names && !slice_eq(slice_str(h->names[n].name.text), slice_str(d->name.text)))
        n++;
    if (n == ND_DOMAINS || (n == h->n_names && d->lifetime == 0))
        return;
    if (n == h->n_names)
        h->names[h->n_names++].name = d->name;
    h->names[n].until = inform_until(d->lifetime, now);
}

static void take_route(struct inform_held_ra *h, const struct nd_route *r, msec now)
{
    unsigned n = 0;
    while (n < h->n_routes && !prefix_eq(&h->routes[n].p, &r->p))
        n++;
    if (n == ND_ROUTES || (n == h->n_routes && r->lifetime == 0))
        return;
    if (n == h->n_routes)
        h->n_routes++;
    h->routes[n] = (struct inform_held_route){ r->p, r->preference, inform_until(r->lifetime, now) };
}

static void take_ra(struct inform_client *c, const struct ip_view *ip, msec now)
{
    struct nd_ra ra;
    struct inform_held_ra *h = &c->ra;
    nd_read_ra(ip, &ra);
    h->heard = true;
    h->managed = ra.managed;
    h->other = ra.other;
    memcpy(h->router, ip->src.p, sizeof h->router);
    /* RFC 4861 6.3.4: a lifetime of 0 ends the default route at once. */
    h->default_until = ra.lifetime ? inform_until(ra.lifetime, now) : 0;
    h->default_preference = ra.preference;
    if (ra.mtu >= MTU_MIN && ra.mtu <= UINT16_MAX)
        h->mtu = (uint16_t)ra.mtu;
    for (unsigned n = 0; n < ra.n_prefixes; n++)
        take_prefix(h, &ra.prefixes[n], now);
    for (unsigned n = 0; n < ra.n_dns; n++)
        take_dns(h, &ra.dns[n], now);
    for (unsigned n = 0; n < ra.n_domains; n++)
        take_name(h, &ra.domains[n], now);
    for (unsigned n = 0; n < ra.n_routes; n++)
        take_route(h, &ra.routes[n], now);
    inform_ask_close(&c->ask_rs); /* RFC 4861 6.3.7: it has been heard */
    inform_client_dhcp6_start(c, now);
}

static bool is_ours(const struct inform_client *c, const uint8_t target[16])
{
    struct slice t = slice_of(target, 16);
    if (inform_addr_is(t, c->ll))
        return true;
    for (unsigned n = 0; n < c->ra.n_prefixes; n++) {
        uint8_t addr[16];
        inform_offer_address(c, &c->ra.prefixes[n].p, addr);
        if (c->ra.prefixes[n].autonomous && inform_addr_is(t, addr))
            return true;
    }
    for (unsigned n = 0; n < c->dhcp6.n_leases; n++)
        if (!c->dhcp6.leases[n].pd && inform_addr_is(t, c->dhcp6.leases[n].p.addr))
            return true;
    return false;
}

static void neighbour(struct inform_client *c, const struct ip_view *ip)
{
    uint8_t target[16];
    inform_nd_target(ip, target);
    if (is_ours(c, target))
        inform_nd_ask(ip, &c->na);
}

bool inform_client_nd_packet(struct inform_client *c, const struct ip_view *ip, msec now)
{
    uint8_t type;
    if (!inform_nd_is(ip, &type))
        return false;
    if (type == ND_RA)
        take_ra(c, ip, now);
    else if (type == ND_NS)
        neighbour(c, ip);
    return true; /* solicitations and redirects count for nothing: there is nobody else on the link */
}

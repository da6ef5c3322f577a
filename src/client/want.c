/* From wishes and offers to addresses, routes and resolvers; see want.h. */
#include "client/want.h"

static bool has_route(const struct want *w, const struct prefix *to)
{
    for (unsigned i = 0; i < w->n_routes; i++)
        if (prefix_eq(&w->routes[i].to, to))
            return true;
    return false;
}

static void add_route(struct want *w, const struct prefix *to, enum want_origin origin)
{
    if (w->n_routes < WANT_ROUTES && !has_route(w, to))
        w->routes[w->n_routes++] = (struct want_route){ *to, origin };
}

/* A pair of /1 beats the default route without touching it. */
static void add_halves(struct want *w, unsigned family, enum want_origin origin)
{
    for (unsigned half = 0; half < 2; half++) {
        uint8_t a[16] = { (uint8_t)(half << 7) };
        struct prefix p = family == 4 ? prefix_v4((uint32_t)half << 31, 1) : prefix_v6(a, 1);
        add_route(w, &p, origin);
    }
}

/* RFC 4862 5.3: the link-local address is made of the identifier that IPV6CP agreed on (RFC 5072 4.1). */
static void addresses(struct want *w, const struct up_net *net, const struct net_offer *offer)
{
    uint8_t ll[16] = { 0xfe, 0x80 };
    if (net->ipv4) {
        w->addr4 = prefix_v4(net->our_addr, 32);
        /* Some servers give no address of their own, or 1.0.0.1: it is only a label on a point-to-point link. */
        if (net->peer_addr)
            w->peer4 = prefix_v4(net->peer_addr, 32);
    }
    if (!net->ipv6)
        return;
    memcpy(ll + 8, net->our_id, 8);
    w->addr6[w->n_addr6++] = (struct net_address){ .p = prefix_v6(ll, 64) };
    for (unsigned i = 0; i < offer->n_addresses; i++)
        w->addr6[w->n_addr6++] = offer->addresses[i];
}

/* A server may be foolish: nothing of the host's own or of the link, and not the server itself, goes into the tunnel. */
static bool sane(const struct prefix *to, const struct prefix *server)
{
    struct prefix loop4 = prefix_v4(0x7f000000, 8), link4 = prefix_v4(0xa9fe0000, 16), many4 = prefix_v4(0xe0000000, 4);
    uint8_t one[16] = { [15] = 1 }, ll[16] = { 0xfe, 0x80 }, many[16] = { 0xff };
    const struct prefix never[] = { loop4, link4, many4, prefix_v6(one, 128), prefix_v6(ll, 10), prefix_v6(many, 8) };
    if (prefix_eq(to, server))
        return false;
    for (unsigned i = 0; i < sizeof never / sizeof never[0]; i++)
        if (to->family == never[i].family && to->len >= never[i].len && prefix_has(&never[i], to->addr))
            return false;
    return true;
}

static void user_routes(struct want *w, const struct options *o, const struct up_net *net)
{
    for (unsigned i = 0; i < o->n_routes; i++)
        if (o->routes[i].family == 4 ? net->ipv4 : net->ipv6)
            add_route(w, &o->routes[i], WANT_BY_USER);
}

static void server_routes(struct want *w, const struct up_net *net, const struct net_offer *offer,
                          const struct prefix *server)
{
    w->default4 = net->ipv4 && !offer->routes4;
    for (unsigned i = 0; i < offer->n_routes; i++) {
        const struct prefix *to = &offer->routes[i].to;
        if (!(to->family == 4 ? net->ipv4 : net->ipv6))
            continue;
        if (to->len == 0 && to->family == 4)
            w->default4 = true;
        else if (to->len == 0)
            w->default6 = true;
        else if (sane(to, server))
            add_route(w, to, WANT_BY_SERVER);
    }
}

static void defaults(struct want *w, const struct options *o)
{
    if (w->default4)
        add_halves(w, 4, WANT_DEFAULT);
    if (w->default6)
        add_halves(w, 6, WANT_DEFAULT);
    w->block6 = w->default4 && !w->default6;
    if (w->block6 && !o->allow_ipv6_outside)
        add_halves(w, 6, WANT_BLOCK);
}

/* RFC 7084 4.3 WPD-5: what is not in use of a delegated prefix goes nowhere, lest it go back and forth. */
static void delegation(struct want *w, const struct options *o, const struct net_offer *offer)
{
    for (unsigned i = 0; o->delegate && i < offer->n_delegated; i++) {
        w->delegated[w->n_delegated++] = offer->delegated[i];
        if (!o->no_route)
            add_route(w, &offer->delegated[i], WANT_DELEGATION);
    }
}

/* RFC 1122 3.2.1.3, RFC 4291 2.4: neither this host nor many hosts nor none can be a resolver of the tunnel's. */
static bool resolver(const struct prefix *p)
{
    uint8_t none[16] = { 0 }, many[16] = { 0xff };
    const struct prefix never6[] = { prefix_v6(none, 127), prefix_v6(many, 8) };
    if (p->family == 6)
        return !prefix_has(&never6[0], p->addr) && !prefix_has(&never6[1], p->addr);
    uint32_t net = prefix_v4_addr(p) >> 24;
    return net != 0 && net != 127 && net < 224;
}

static void add_dns(struct want *w, struct prefix p)
{
    if (!resolver(&p))
        return;
    for (unsigned i = 0; i < w->n_dns; i++)
        if (prefix_eq(&w->dns[i], &p))
            return;
    if (w->n_dns < WANT_DNS)
        w->dns[w->n_dns++] = p;
}

static void add_search(struct want *w, const struct dns_name *d)
{
    for (unsigned i = 0; i < w->n_search; i++)
        if (strcmp(w->search[i].text, d->text) == 0)
            return;
    if (d->text[0] && w->n_search < DNS_NAMES_MAX)
        w->search[w->n_search++] = *d;
}

/* What DHCP says overrides what IPCP said, as on Windows; IPv6's own come behind. */
static void names(struct want *w, const struct up_net *net, const struct net_offer *offer)
{
    bool dhcp = false;
    for (unsigned i = 0; i < offer->n_dns; i++)
        dhcp = dhcp || offer->dns[i].family == 4;
    for (unsigned i = 0; i < 2 && !dhcp; i++)
        if (net->dns[i])
            add_dns(w, prefix_v4(net->dns[i], 32));
    for (unsigned i = 0; i < offer->n_dns; i++)
        if (offer->dns[i].family == 4 ? net->ipv4 : net->ipv6)
            add_dns(w, offer->dns[i]);
    add_search(w, &offer->domain);
    for (unsigned i = 0; i < offer->n_search; i++)
        add_search(w, &offer->search[i]);
    w->split = !w->default4 && !w->default6 && w->n_search;
}

/* Resolvers that no route of the server's covers would be asked outside, where they are somebody else, or nobody. */
static void dns_routes(struct want *w, const struct prefix *server)
{
    for (unsigned i = 0; i < w->n_dns; i++) {
        const struct prefix *d = &w->dns[i];
        bool covered = d->family == 4 ? w->default4 : w->default6;
        for (unsigned k = 0; k < w->n_routes; k++)
            covered = covered || (w->routes[k].to.family == d->family && prefix_has(&w->routes[k].to, d->addr));
        if (!covered && sane(d, server) && !prefix_eq(d, &w->peer4))
            add_route(w, d, WANT_BY_SERVER);
    }
}

void want_make(const struct options *o, const struct up_net *net, const struct net_offer *offer,
               const struct prefix *server, struct want *ret_w)
{
    struct want *w = ret_w;
    bool follow = !o->no_route && !o->n_routes && !o->ignore_server_routes;
    memset(w, 0, sizeof *w);
    addresses(w, net, offer);
    w->mtu = net->mtu;
    w->mtu6 = net->ipv6 && offer->mtu6 >= 1280 && offer->mtu6 < net->mtu ? offer->mtu6 : 0;
    w->pin = !o->no_route;
    if (follow) {
        server_routes(w, net, offer, server);
    } else if (!o->no_route && !o->n_routes) {
        w->default4 = net->ipv4;
        w->default6 = net->ipv6 && offer->n_addresses;
    }
    if (!o->no_route)
        user_routes(w, o, net);
    defaults(w, o);
    delegation(w, o, offer);
    if (!o->no_dns)
        names(w, net, offer);
    if (follow)
        dns_routes(w, server);
}

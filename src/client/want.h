/* What the host shall look like while the tunnel is up: decided here from what the user asked for, what PPP gave and
 * what the server tells beside PPP. Pure: nothing is looked up or done; client/up.c does it, and does the difference when
 * this is decided anew.
 *
 *   --no-route                no routes
 *   --route                   those, and no others; no default route
 *   --ignore-server-routes    the default route of each family that the tunnel carries with an address
 *   else, IPv4                classless routes of the server where it sent any (RFC 3442: then a default route is one of
 *                             them or is not wanted); without them the default route
 *   else, IPv6                the default route where the server is a router (RFC 4861: router lifetime), and its routes
 *                             (RFC 4191)
 *
 * Where IPv4 goes through the tunnel by default and IPv6 does not, IPv6 is blocked. */
#ifndef ADIT_CLIENT_WANT_H
#define ADIT_CLIENT_WANT_H

#include "client/msgs.h"

enum {
    WANT_ROUTES = OPT_ROUTES + NET_ROUTES + NET_DNS + NET_DELEGATED + 6,
    WANT_DNS = 8,
    WANT_BLOCK_METRIC = 2048, /* above that of routes into the tunnel, so that both may be there for a moment */
    WANT_LAST_METRIC = 0x7fffffff,
};

enum want_origin {
    WANT_BY_USER,    /* it is an error if it cannot be set */
    WANT_BY_SERVER,  /* a warning */
    WANT_DEFAULT,    /* half of a default route; an error */
    WANT_BLOCK,      /* half of the block of IPv6; unreachable */
    WANT_DELEGATION, /* what nobody behind us has of a delegated prefix; unreachable */
};

struct want_route {
    struct prefix to;
    enum want_origin origin;
};

struct want {
    struct prefix addr4, peer4; /* family 0: none */
    struct net_address addr6[1 + NET_ADDRESSES];
    unsigned n_addr6;
    struct want_route routes[WANT_ROUTES];
    unsigned n_routes;
    bool default4, default6, block6;
    bool pin; /* the server is to be reached outside whatever the routes say */
    struct prefix dns[WANT_DNS];
    unsigned n_dns;
    struct dns_name search[DNS_NAMES_MAX];
    unsigned n_search;
    bool split; /* only names below `search` are the tunnel's business */
    struct prefix delegated[NET_DELEGATED];
    unsigned n_delegated;
    uint16_t mtu, mtu6; /* mtu6 0: as mtu */
};

/* `server`: the address that was dialled, full length. */
void want_make(const struct options *o, const struct up_net *net, const struct net_offer *offer,
               const struct prefix *server, struct want *ret_w);

#endif

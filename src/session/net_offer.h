/* What a server tells its client beside the addresses of IPCP: plain data, made by session/inform_client out of DHCP,
 * router advertisements and DHCPv6, and put into effect (or not) by the client program. Names are safe as arguments of
 * other programs (wire/dns_name.h); addresses are those of a peer that has proven who it is, but may still be foolish:
 * the program refuses a route that would swallow the server's own address. */
#ifndef ADIT_SESSION_NET_OFFER_H
#define ADIT_SESSION_NET_OFFER_H

#include "base/prefix.h"
#include "wire/dns_name.h"

enum {
    NET_ADDRESSES = 8,
    NET_ROUTES = 72, /* 32 of each family, default routes and prefixes on the link */
    NET_DNS = 12,
    NET_NBNS = 2,
    NET_DELEGATED = 2,
    NET_URL = 256,
};

struct net_address {
    struct prefix p;    /* the address with the prefix's length: 64 where the prefix is on the link, else 128 */
    uint8_t deprecated; /* its preferred lifetime is over: no new connections from it (RFC 4862 5.5.4) */
};

struct net_route {
    struct prefix to;  /* length 0: a default route */
    uint8_t via[16];   /* v4-mapped for IPv4; all zero: no router, on the link. A tunnel device needs none */
    int8_t preference; /* -1, 0, 1: RFC 4191 2.1; 0 for IPv4 */
};

struct net_offer {
    bool dhcp4, ra, dhcp6; /* which of them have answered so far */
    bool routes4;          /* the server gave classless routes: they replace a default route that nobody listed */
    struct net_address addresses[NET_ADDRESSES]; /* IPv6 */
    unsigned n_addresses;
    struct net_route routes[NET_ROUTES]; /* both families, default routes among them */
    unsigned n_routes;
    struct prefix dns[NET_DNS]; /* full length, best first */
    unsigned n_dns;
    struct prefix nbns[NET_NBNS];
    unsigned n_nbns;
    struct dns_name domain; /* the connection's own suffix (option 15); empty: none */
    struct dns_name search[DNS_NAMES_MAX];
    unsigned n_search;
    struct prefix delegated[NET_DELEGATED];
    unsigned n_delegated;
    uint16_t mtu6;      /* 0: none told */
    char wpad[NET_URL]; /* empty: none */
};

#endif

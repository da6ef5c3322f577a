/* Neighbour discovery (RFC 4861) with the options of RFC 8106 (DNS) and RFC 4191 (routes): whole IPv6 packets into
 * structs and back. What must hold of every such packet (hop limit 255, checksum, lengths) is checked here; who may
 * say what is decided elsewhere. No link-layer addresses: a tunnel has none. */
#ifndef ADIT_WIRE_ND_H
#define ADIT_WIRE_ND_H

#include "base/prefix.h"
#include "wire/dns_name.h"
#include "wire/ip.h"

enum nd_type { ND_RS = 133, ND_RA = 134, ND_NS = 135, ND_NA = 136, ND_REDIRECT = 137 };

enum {
    ND_HOP_LIMIT = 255,
    ND_PREFIXES = 4, /* how many of each are kept of an advertisement */
    ND_DNS = 8,
    ND_DOMAINS = 8,
    ND_ROUTES = 32,
};

enum nd_preference { ND_LOW = -1, ND_MEDIUM = 0, ND_HIGH = 1 }; /* RFC 4191 2.1 */

struct nd_prefix {
    struct prefix p; /* host bits cleared */
    bool on_link, autonomous;
    uint32_t valid, preferred; /* seconds, UINT32_MAX: for ever */
};

struct nd_dns {
    uint8_t addr[16];
    uint32_t lifetime;
};

struct nd_domain {
    struct dns_name name;
    uint32_t lifetime;
};

struct nd_route {
    struct prefix p; /* host bits cleared */
    int8_t preference;
    uint32_t lifetime;
};

struct nd_ra {
    uint8_t hop_limit;           /* 0: no wish */
    bool managed, other;         /* M, O */
    int8_t preference;           /* of the default route */
    uint16_t lifetime;           /* of the default route, seconds; 0: this is no default router */
    uint32_t reachable, retrans; /* ms, 0: no wish */
    uint32_t mtu;                /* 0: absent */
    struct nd_prefix prefixes[ND_PREFIXES];
    unsigned n_prefixes;
    struct nd_dns dns[ND_DNS];
    unsigned n_dns;
    struct nd_domain domains[ND_DOMAINS];
    unsigned n_domains;
    struct nd_route routes[ND_ROUTES];
    unsigned n_routes;
};

struct nd_neighbour { /* solicitation or advertisement */
    uint8_t target[16];
    bool router, solicited, override; /* advertisement only */
};

/* Is this neighbour discovery, by protocol and type alone? Such packets never leave their link. */
bool nd_is(const struct ip_view *ip);

/* Checks what every message must obey (RFC 4861 6.1.1, 6.1.2, 7.1.1, 7.1.2, RFC 6980 5) and finds its type.
 * Returns 0 or
 *   ERR_UNKNOWN    not neighbour discovery;
 *   ERR_STATE      hop limit is not 255, or a fragment: it may come from elsewhere;
 *   ERR_SECURITY   wrong checksum;
 *   ERR_TRUNCATED  shorter than its type's fixed part;
 *   ERR_LENGTH     an option of length 0, or longer than the message;
 *   ERR_VALUE      code is not 0, or an address that it may not have: a solicitation for a multicast address, a
 *                  router advertisement from another than a link-local address … */
int nd_check(const struct ip_view *ip, uint8_t *ret_type) MUST_CHECK;

/* Only for packets that passed nd_check() with that type. Options that make no sense are left out, as the RFCs say;
 * the message itself cannot be wrong any more. */
void nd_read_ra(const struct ip_view *ip, struct nd_ra *ret_ra);
void nd_read_neighbour(const struct ip_view *ip, struct nd_neighbour *ret_n);

/* Writing: nd_begin, a body, options, nd_end. */

/* IPv6 head and ICMPv6 head; returns where the packet begins, for nd_end(). */
size_t nd_begin(struct wr *w, uint8_t type, const uint8_t src[16], const uint8_t dst[16]);
void nd_put_rs(struct wr *w);
/* The fixed part only. */
void nd_put_ra(struct wr *w, const struct nd_ra *ra);
void nd_put_neighbour(struct wr *w, uint8_t type, const struct nd_neighbour *n);
/* Of an Ethernet; for neighbour proxying, tunnels have none. */
void nd_put_target_link(struct wr *w, const uint8_t mac[6]);
void nd_put_prefix(struct wr *w, const struct nd_prefix *p);
void nd_put_mtu(struct wr *w, uint32_t mtu);
void nd_put_rdnss(struct wr *w, const struct prefix *dns, unsigned n, uint32_t lifetime);
void nd_put_dnssl(struct wr *w, const struct dns_name *names, unsigned n, uint32_t lifetime);
void nd_put_route(struct wr *w, const struct nd_route *r);
/* Lengths and checksum. */
void nd_end(struct wr *w, size_t start);

#endif

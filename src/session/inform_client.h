/* What a client asks beside PPP: DHCPINFORM for routes and names (RFC 2131 4.4.3), router solicitation
 * (RFC 4861 6.3.7), DHCPv6 for names, addresses where the router says so, and a prefix for networks behind it
 * (RFC 8415).
 *
 * In the house's shape, fed whole IP packets from the server. Its one event is a struct net_offer: everything that the
 * server has told so far and that still holds, again whenever that changes. It puts nothing into effect. All questions
 * are repeated quietly: a server that answers none of them is a good server too.
 *
 * Whom to believe: everything that comes out of the tunnel comes from the server, which has proven who it is, or from
 * one that it lets through. So answers are matched to questions by their random numbers and not by their source: the
 * DHCP server behind a relay agent has an address that we cannot know. */
#ifndef ADIT_SESSION_INFORM_CLIENT_H
#define ADIT_SESSION_INFORM_CLIENT_H

#include "base/env.h"
#include "base/tick.h"
#include "session/inform_nd.h"
#include "session/net_offer.h"
#include "wire/dhcp4.h"
#include "wire/dhcp6.h"

struct inform_client_conf {
    bool want_prefix;  /* ask for a delegated prefix */
    struct slice duid; /* ours, DHCP6_DUID_MIN to DHCP6_DUID_MAX bytes, borrowed; without it no address and no prefix
                        * can be asked for */
};

/* A question that is repeated at growing intervals. */
struct inform_ask {
    bool open;
    bool wanted; /* to be pulled */
    uint32_t xid;
    unsigned tries;
    msec began, gap; /* gap: to the next repetition */
    msec due;
};

/* Where the conversation about addresses and prefixes stands: RFC 8415 18.2. */
enum inform_lease_state {
    INFORM_LEASE_OFF,
    INFORM_LEASE_SOLICIT,
    INFORM_LEASE_REQUEST,
    INFORM_LEASE_BOUND,
    INFORM_LEASE_RENEW,
    INFORM_LEASE_REBIND,
    INFORM_LEASE_RELEASE,
};

enum { INFORM_LEASES = 2 }; /* an address and a prefix */

struct inform_held_prefix {
    struct prefix p; /* the /64 */
    bool on_link, autonomous;
    msec preferred, valid; /* preferred 0: over */
};

struct inform_held_dns {
    uint8_t addr[16];
    msec until;
};

struct inform_held_name {
    struct dns_name name;
    msec until;
};

struct inform_held_route {
    struct prefix p;
    int8_t preference;
    msec until;
};

/* What routers said. */
struct inform_held_ra {
    bool heard, managed, other;
    uint8_t router[16];
    uint16_t mtu;
    msec default_until; /* 0: no default router */
    int8_t default_preference;
    struct inform_held_prefix prefixes[ND_PREFIXES];
    unsigned n_prefixes;
    struct inform_held_dns dns[ND_DNS];
    unsigned n_dns;
    struct inform_held_name names[ND_DOMAINS];
    unsigned n_names;
    struct inform_held_route routes[ND_ROUTES];
    unsigned n_routes;
};

/* What a DHCP server said. */
struct inform_held4 {
    bool heard, routes_given;
    struct dhcp4_route routes[DHCP4_ROUTES_MAX];
    unsigned n_routes;
    uint32_t dns[4], nbns[2];
    unsigned n_dns, n_nbns;
    struct dns_name domain, search[DNS_NAMES_MAX];
    unsigned n_search;
    char wpad[NET_URL];
};

struct inform_held_lease {
    bool pd;
    struct prefix p;
    uint32_t preferred_s, valid_s; /* as told, to be asked for again */
    msec preferred, valid;
};

/* What a DHCPv6 server said. */
struct inform_held6 {
    bool heard;
    struct prefix dns[ND_DNS];
    unsigned n_dns;
    struct dns_name search[DNS_NAMES_MAX];
    unsigned n_search;
    struct inform_held_lease leases[INFORM_LEASES];
    unsigned n_leases;
    uint8_t server_id[DHCP6_DUID_MAX];
    size_t server_id_len;
    msec t1, t2;
};

struct inform_client {
    struct inform_client_conf conf;
    const struct env *env;
    bool ipv4, ipv6;
    uint32_t addr;         /* our IPv4 address, host order */
    uint8_t id[8], ll[16]; /* our interface identifier and link-local address */
    struct inform_ask ask4, ask_rs, ask_info, ask_lease;
    enum inform_lease_state lease_state;
    struct inform_ask_nd na;
    struct inform_held_ra ra;
    struct inform_held4 dhcp4;
    struct inform_held6 dhcp6;
    struct net_offer offer; /* the last one that was made */
    bool event_set;
};

/* `env` gives random numbers; it and conf->duid are kept. */
void inform_client_init(struct inform_client *c, const struct inform_client_conf *conf, const struct env *env);
/* IPCP is open; our address in host order. Everything is asked anew if it is another address than before. */
void inform_client_ipv4_up(struct inform_client *c, uint32_t addr, msec now);
/* IPV6CP is open; our interface identifier. As above. */
void inform_client_ipv6_up(struct inform_client *c, const uint8_t our_id[8], msec now);

/* We are about to hang up: what was leased is given back, and nothing else is asked any more. Pull; waiting for the
 * answer is the caller's choice. */
void inform_client_stop(struct inform_client *c, msec now);

/* Cheap look at a packet of the server: false means that inform_client_packet() would not take it. */
static inline bool inform_client_maybe(struct slice packet)
{
    struct rd r = rd_slice(packet);
    unsigned first = rd_peek(&r, 0);
    if (first >> 4 == 4) { /* UDP to port 68 */
        size_t head = (first & 0xf) * 4;
        return rd_peek(&r, 9) == IP_UDP && rd_peek(&r, head + 2) == 0 && rd_peek(&r, head + 3) == DHCP4_CLIENT_PORT;
    }
    if (first >> 4 != 6)
        return false;
    if (rd_peek(&r, 6) == IP_ICMP6)
        return rd_peek(&r, 40) >= ND_RS && rd_peek(&r, 40) <= ND_REDIRECT;
    return rd_peek(&r, 24) == 0xfe || rd_peek(&r, 24) == 0xff;
}

/* One IP packet from the server. True: it was for us and must not go on to the TUN. Then take the event, and pull. */
bool inform_client_packet(struct inform_client *c, struct slice packet, msec now);
/* One whole IP packet to send to the server; 0: nothing, or cap < INFORM_PACKET_MAX. */
size_t inform_client_pull(struct inform_client *c, uint8_t *dst, size_t cap, msec now);
/* What holds now, if that has changed since the last time. */
bool inform_client_event(struct inform_client *c, struct net_offer *out);
/* Then take the event, and pull. */
void inform_client_tick(struct inform_client *c, msec now);
msec inform_client_due(const struct inform_client *c);

#endif

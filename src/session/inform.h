/* What a server tells its client beside PPP: routes, names and IPv6 prefixes, by answering DHCPINFORM (RFC 2131 4.3.5),
 * by router advertisements and neighbour advertisements (RFC 4861), and by DHCPv6 (RFC 8415). It also answers pings of
 * the server's link-local address.
 *
 * One machine a session, in the house's shape but for two things: it is fed whole IP packets of the client, and it has
 * no events: nobody has to be asked. It keeps at most one answer of each kind, as a few fields, and makes the packet
 * when it is pulled. It leases nothing: addresses and prefixes are the session's as long as the session lives. */
#ifndef ADIT_SESSION_INFORM_H
#define ADIT_SESSION_INFORM_H

#include "base/env.h"
#include "base/tick.h"
#include "session/inform_nd.h"
#include "wire/dhcp4.h"
#include "wire/dhcp6.h"

enum { INFORM_DNS4 = 4, INFORM_DNS6 = 4 };

/* Everything behind a pointer is borrowed: it must live as long as the machine, or until inform_update(). */
struct inform_conf {
    /* both families */
    const struct prefix *routes; /* networks behind us that the client shall reach; the first 32 of each family */
    unsigned n_routes;
    const struct dns_name *search; /* the first DNS_NAMES_MAX */
    unsigned n_search;
    uint16_t mtu; /* the session's inner MTU; 0: 1400 */
    /* IPv4 */
    uint32_t server_ipv4;      /* our tunnel address, host order: server identifier and router */
    uint32_t dns[INFORM_DNS4]; /* host order; 0: none */
    uint32_t nbns[2];
    const char *domain; /* option 15; NULL: none */
    const char *wpad;   /* option 252; NULL: none */
    /* IPv6 */
    struct prefix prefix; /* the client's /64; family 0: none */
    bool on_link;         /* the prefix's L flag: only for a prefix that is not shared */
    bool shared;          /* other tunnels have addresses of it too: inform_claim() */
    bool default_route;   /* we are a default router for IPv6; else the router lifetime is 0 */
    uint8_t router6[16];  /* an address of ours in the prefix; all zero: none */
    struct prefix dns6[INFORM_DNS6];
    unsigned n_dns6;
    struct prefix delegated;   /* what a router behind the tunnel may have for its networks; family 0: none */
    uint32_t valid, preferred; /* seconds, for prefixes; 0: 86400 and 14400 */
    struct slice duid;         /* ours, DHCP6_DUID_MIN to DHCP6_DUID_MAX bytes; empty: no DHCPv6 */
};

enum { INFORM_ASKED = 8, INFORM_STALE = 2, INFORM_ECHO_MAX = 128 };

/* A DHCPINFORM to be answered. */
struct inform_ask4 {
    bool wanted;
    uint8_t htype, hlen;
    uint16_t flags, size_max;
    uint32_t xid, ciaddr;
    uint8_t chaddr[16];
    uint8_t asked[INFORM_ASKED]; /* those of option 55 that we know, in its order */
    unsigned n_asked;
    bool microsoft; /* long options are continued in Microsoft's way */
};

struct inform_ask_ia {
    bool pd;
    uint32_t iaid;
    struct prefix stale[INFORM_STALE]; /* prefixes or addresses that the client believes to have, and has not */
    unsigned n_stale;
};

/* A DHCPv6 message to be answered. */
struct inform_ask6 {
    bool wanted;
    uint8_t type; /* of the question */
    uint32_t xid;
    uint8_t from[16];
    uint8_t client_id[DHCP6_DUID_MAX];
    size_t client_id_len;
    struct inform_ask_ia ias[DHCP6_IAS];
    unsigned n_ias;
    bool rapid_commit, refresh;
    uint16_t status; /* to a Confirm, or to what came to our own address: nothing but this is the answer */
};

/* An echo request to be answered; a longer one than this is not. */
struct inform_ask_echo {
    bool wanted;
    uint16_t n;
    uint8_t to[16], bytes[INFORM_ECHO_MAX]; /* identifier, sequence number, data */
};

struct inform {
    struct inform_conf conf;
    const struct env *env;
    bool ipv4, ipv6;
    uint32_t client_ipv4;
    uint8_t our_ll[16]; /* link-local */
    struct inform_ask4 ask4;
    struct inform_ask6 ask6;
    struct inform_ask_nd na;
    struct inform_ask_echo echo;
    msec echo_soonest; /* no answer to an echo request before this */
    msec ra_due;       /* the next advertisement that nobody asked for */
    msec rs_due;       /* the answer to a solicitation; NEVER: none waits */
    msec ra_soonest;   /* no answer to a solicitation before this */
    unsigned ra_early; /* advertisements left of the first, quick ones */
    uint8_t rs_from[16], ra_to[16];
    bool ra_wanted, ra_names_wanted;
    bool claims; /* the client has asked whether this address is free */
    uint8_t claimed[16];
};

/* `env` gives random numbers; both are kept. */
void inform_init(struct inform *i, const struct inform_conf *conf, const struct env *env);

/* IPCP is open, also for another time; the client's address in host order. */
void inform_ipv4_up(struct inform *i, uint32_t client);
/* IPV6CP is open, also for another time: the first advertisement goes out at once, three more follow. */
void inform_ipv6_up(struct inform *i, const uint8_t our_id[8], msec now);
/* Another configuration (DNS of the host changed, say): clients are told by an advertisement at once; DHCP clients
 * when they ask again. */
void inform_update(struct inform *i, const struct inform_conf *conf, msec now);

/* After inform_update(): one whole advertisement that ends what `old`, the configuration before, told and what holds now
 * does not: routes, resolvers, names (RFC 4191 2.3, RFC 8106 5: lifetime 0). They would live on for minutes otherwise. To
 * be sent behind what is pulled, so that nothing is gone before its successor is there. 0: nothing has gone, IPv6 is not
 * up, or cap < INFORM_PACKET_MAX. */
size_t inform_withdraw(const struct inform *i, const struct inform_conf *old, uint8_t *dst, size_t cap);

/* Cheap look at a packet of the client: false means that inform_packet() would not take it. For the data path. */
static inline bool inform_maybe(struct slice packet)
{
    struct rd r = rd_slice(packet);
    unsigned first = rd_peek(&r, 0);
    if (first >> 4 == 4) { /* UDP to port 67 */
        size_t head = (first & 0xf) * 4;
        return rd_peek(&r, 9) == IP_UDP && rd_peek(&r, head + 2) == 0 && rd_peek(&r, head + 3) == DHCP4_SERVER_PORT;
    }
    if (first >> 4 != 6)
        return false;
    if (rd_peek(&r, 24) == 0xff) /* multicast of the link's scope */
        return (rd_peek(&r, 25) & 0xf) == 2;
    bool link_local = rd_peek(&r, 24) == 0xfe;
    if (rd_peek(&r, 6) == IP_ICMP6 && !link_local)
        return rd_peek(&r, 40) >= ND_RS && rd_peek(&r, 40) <= ND_REDIRECT;
    return link_local && rd_peek(&r, 6) != IP_TCP;
}

/* One IP packet from the client. True: it was for us and must not go on to the TUN. Pull afterwards. */
bool inform_packet(struct inform *i, struct slice packet, msec now);
/* After inform_packet(): the client of a shared /64 is about to use this address, and listens for a second for anybody who has
 * it already (RFC 4862 5.4). False: no. */
bool inform_claim(struct inform *i, uint8_t ret_addr[16]);
/* Somebody has: the client is told. Pull afterwards. */
void inform_defend(struct inform *i, const uint8_t addr[16]);
/* One whole IP packet to send to the client; 0: nothing, or cap < INFORM_PACKET_MAX. */
size_t inform_pull(struct inform *i, uint8_t *dst, size_t cap);
/* Pull afterwards. */
void inform_tick(struct inform *i, msec now);
msec inform_due(const struct inform *i);

#endif

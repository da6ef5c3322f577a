/* NAT and guard rules in a table of our own (libnftables), undone by deleting the table; forwarding by per-interface
 * sysctls.
 *
 * "inet adit_<interface>": translate what comes from a pool and leaves by its outer interface; let in from outside
 * only what belongs to connections from the tunnel; broadcast and multicast from clients do not reach the host's
 * services. */
#ifndef ADIT_NET_NAT_H
#define ADIT_NET_NAT_H

#include "net/undo.h"

enum { NAT_POOLS_MAX = 48, NAT_NEAR_MAX = 16 };

struct nat_pool {
    struct prefix net;
    char outer[16];   /* translated on the way out by this interface; "": not at all, guard only */
    struct prefix to; /* to this address; family 0: to the one that the interface has */
};

/* Hosts of a network that clients are members of (neighbour proxying): they may begin conversations with them. */
struct nat_near {
    char dev[16];           /* the interface of that network */
    struct prefix from, to; /* it, and the clients' part */
};

enum { NAT_LISTS_MAX = 33, NAT_NAMES_MAX = 136 };

/* Destinations, and the sources that may reach nothing else (but the server itself and resolvers). Borrowed. */
struct nat_list {
    unsigned number;                /* names its sets */
    const struct prefix *to, *from; /* from: with nat_limits() alone */
    unsigned n_to, n_from;
};

struct nat_conf {
    const char *interface; /* tunnel */
    struct nat_pool pools[NAT_POOLS_MAX];
    unsigned n_pools;
    const struct prefix *leased; /* a LAN's addresses that we answer for: may be reached; borrowed */
    unsigned n_leased;
    const struct prefix *routed; /* networks behind clients: may be reached from outside; borrowed */
    unsigned n_routed;
    struct nat_near near[NAT_NEAR_MAX];
    unsigned n_near;
    struct nat_list lists[NAT_LISTS_MAX];
    unsigned n_lists;
};
/* Makes the table and notes it. The table drops: on the way in from the tunnel, broadcast and multicast; towards the
 * tunnel and towards addresses of the pools, on whatever way, what does not belong to a connection made from the
 * tunnel or the host. It accepts nothing for others: an administrator's own rules (and Docker's) still have their
 * say. ERR_DUPLICATE: a table of that name exists that we did not make. ERR_VALUE: a name or pool that cannot be. */
int nat_up(struct undo *u, const struct nat_conf *c, char err[256]) MUST_CHECK;
/* A network behind a client comes or goes, in the table that is there. */
int nat_routed(const char *interface, const struct prefix *net, bool add, char err[256]) MUST_CHECK;
/* The same of an address of a network that the host answers for. */
int nat_leased(const char *interface, const struct prefix *addr, bool add, char err[256]) MUST_CHECK;
/* Fills the sets of sources of these lists anew, and that of the resolvers: all or nothing, in one transaction. */
int nat_limits(const char *interface, const struct nat_list *lists, unsigned n, const struct prefix *names,
               unsigned n_names, char err[256]) MUST_CHECK;
/* The table as the kernel has it now, without elements of sets, in the language of nft(8), for comparing; free() it. NULL: it is not there, or cannot
 * be read. */
char *nat_table_text(const char *interface) MUST_CHECK;
/* net.ipv4.conf.<dev>.forwarding = 1, journalled; never ip_forward. Call it for the tunnel and for the outer interface:
 * Linux asks the interface that a packet came in by. */
int forward_up(struct undo *u, const char *dev, char err[256]) MUST_CHECK;
/* The same for IPv6, where Linux knows one switch for all interfaces only (net.ipv6.conf.all.forwarding; before 6.17). A host
 * that forwards heeds no router advertisements: interfaces that did get accept_ra = 2 first. Journalled. ERR_MISSING: there
 * is no IPv6. */
int forward6_up(struct undo *u, const char *dev, char err[256]) MUST_CHECK;

#endif

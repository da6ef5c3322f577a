/* NAT and guard rules in a table of our own (libnftables), undone by deleting the table; forwarding by per-interface
 * sysctls.
 *
 * "inet adit_<interface>": masquerade what comes from the pool and leaves by the outer interface; let in from outside
 * only what belongs to connections from the tunnel; broadcast and multicast from clients do not reach the host's
 * services. */
#ifndef ADIT_NET_NAT_H
#define ADIT_NET_NAT_H

#include "net/undo.h"

enum { NAT_POOLS_MAX = 48 };

enum nat_mode { NAT_AS_ALL, NAT_NONE, NAT_OWN };

/* What differs for one pool. */
struct nat_own {
    enum nat_mode mode;
    char outer[16];   /* NAT_OWN: the way out */
    struct prefix to; /* NAT_OWN: translate to this address; family 0: to the one that the interface has */
};

struct nat_conf {
    const char *interface; /* tunnel */
    const char *outer;     /* NULL: no NAT, guard only */
    struct prefix pools[NAT_POOLS_MAX];
    struct nat_own own[NAT_POOLS_MAX]; /* beside each pool */
    unsigned n_pools;
    bool nat66;                  /* IPv6 pools as well */
    const struct prefix *routed; /* networks behind clients: may be reached from outside; borrowed */
    unsigned n_routed;
};
/* Makes the table and notes it. The table drops: on the way in from the tunnel, broadcast and multicast; towards the
 * tunnel and towards addresses of the pools, on whatever way, what does not belong to a connection made from the
 * tunnel or the host. It accepts nothing for others: an administrator's own rules (and Docker's) still have their
 * say. ERR_DUPLICATE: a table of that name exists that we did not make. ERR_VALUE: a name or pool that cannot be. */
int nat_up(struct undo *u, const struct nat_conf *c, char err[256]) MUST_CHECK;
/* A network behind a client comes or goes, in the table that is there. */
int nat_routed(const char *interface, const struct prefix *net, bool add, char err[256]) MUST_CHECK;
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

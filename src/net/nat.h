/* NAT and guard rules in a table of our own (libnftables), undone by deleting the table; forwarding by per-interface sysctls.
 *
 * "inet adit_<interface>": masquerade what comes from the pool and leaves by the outer interface; let in from outside only
 * what belongs to connections from the tunnel; broadcast and multicast from clients do not reach the host's services. */
#ifndef ADIT_NET_NAT_H
#define ADIT_NET_NAT_H

#include "net/undo.h"

struct nat_conf {
    const char *interface;   /* tunnel */
    const char *outer;       /* NULL: no NAT, guard only */
    struct prefix pools[16];
    unsigned n_pools;
};
int nat_up(struct undo *u, const struct nat_conf *c, char err[256]) MUST_CHECK;
/* net.ipv4.conf.<dev>.forwarding = 1 for both, journalled; never ip_forward. */
int forward_up(struct undo *u, const char *dev, char err[256]) MUST_CHECK;

#endif

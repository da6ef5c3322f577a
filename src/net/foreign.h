/* Other firewalls on the host: would one of their chains drop what clients send outward? They are read, never touched.
 *
 * Netfilter asks every base chain of a hook, and a packet that one of them drops is gone, whatever ours accept. So the rules
 * of the others are walked with a packet in mind: a new connection that comes in by the tunnel and leaves by the outer
 * interface. A rule counts as hit only where that is certain from what is known of the packet; what asks for more (ports, marks,
 * limits, matches of old iptables modules) counts as missed, so a chain is accused if it drops what no rule of it lets
 * through for sure. Tables of the old ip_tables kernel module (iptables-legacy) are not seen. */
#ifndef ADIT_NET_FOREIGN_H
#define ADIT_NET_FOREIGN_H

#include "base/err.h"
#include "base/prefix.h"

struct foreign_packet {
    const char *in, *out; /* interfaces; out: "" if it is not known */
    struct prefix from;   /* the pool that it comes from */
};

enum foreign_kind { FOREIGN_OTHER, FOREIGN_DOCKER, FOREIGN_UFW, FOREIGN_FIREWALLD };

enum { FOREIGN_TABLE = 80, FOREIGN_CHAIN = 64, FOREIGN_WHY = 160 };

/* A base chain that drops the packet. */
struct foreign_drop {
    char table[FOREIGN_TABLE], chain[FOREIGN_CHAIN]; /* "inet firewalld", "filter_FORWARD" */
    char hook[16];
    int priority;
    char why[FOREIGN_WHY]; /* "its policy is drop", "a rule of its chain X says reject" */
    enum foreign_kind kind;
};

/* In `ruleset`, which is what `nft -j list ruleset` prints: the base chains on forward and postrouting that drop it, in no
 * order, at most `max`; tables named `own` aside. ERR_VALUE: no such text; else their number. */
int foreign_find(const char *ruleset, const char *own, const struct foreign_packet *p, struct foreign_drop *ret,
                 unsigned max) MUST_CHECK;
/* The host's rules as such a text; free() it. NULL: they cannot be had. */
char *foreign_ruleset(void) MUST_CHECK;

#endif

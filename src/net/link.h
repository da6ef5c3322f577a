/* Addresses, routes and interfaces through netlink (libmnl); both families. All synchronous, for privileged set-up
 * code. */
#ifndef ADIT_NET_LINK_H
#define ADIT_NET_LINK_H

#include "base/err.h"
#include "base/prefix.h"

int nl_link_index(const char *name); /* 0: no such interface */
int nl_link_up(const char *name, unsigned mtu, char err[256]) MUST_CHECK;
/* Length of its queue in packets. */
int nl_link_queue(const char *name, unsigned packets, char err[256]) MUST_CHECK;
int nl_link_mtu(const char *name); /* < 0: error */
int nl_link_delete(const char *name, char err[256]) MUST_CHECK;
/* 1: a TUN device (not a TAP) of that name exists; 0: no interface, or another kind; < 0: error. */
int nl_link_is_tun(const char *name) MUST_CHECK;
/* addr->len is the length of the network on the interface (with a peer: peer->len is). `peer` NULL or family 0: none.
 * ERR_DUPLICATE if the address is there. */
int nl_addr_add(const char *name, const struct prefix *addr, const struct prefix *peer, char err[256]) MUST_CHECK;

/* IPv6: adds the address, or changes what is known of it. `deprecated`: no new connections begin from it (RFC 4862
 * 5.5.4). */
int nl_addr_put(const char *name, const struct prefix *addr, bool deprecated, char err[256]) MUST_CHECK;
/* ERR_MISSING: it has gone, or its interface has. */
int nl_addr_del(const char *name, const struct prefix *addr, char err[256]) MUST_CHECK;

/* Routes that we add carry this protocol number (`ip route` shows "proto 173"), and only such are deleted: a route that
 * somebody else made for the same destination is never ours. */
enum { NL_ROUTE_PROTOCOL = 173 };

struct nl_route {
    struct prefix dst; /* len 0: default */
    struct prefix via; /* family 0: on-link */
    char dev[16];
    struct prefix src;      /* preferred source; family 0: none */
    unsigned metric, table; /* 0: main */
    bool unreachable;       /* an unreachable route (blocks); dev and via do not matter */
    bool local;             /* told by nl_route_get: the address is this host's own */
};
int nl_route_add(const struct nl_route *r, char err[256]) MUST_CHECK; /* ERR_DUPLICATE if it is there */
/* Deletes a route that we added; ERR_MISSING if there is none such (or its interface is gone). metric 0: any. */
int nl_route_del(const struct nl_route *r, char err[256]) MUST_CHECK;
/* How the host reaches `dst` (full length) now; ERR_MISSING: not at all (err says how the host puts it). */
int nl_route_get(const struct prefix *dst, struct nl_route *ret_r, char err[256]) MUST_CHECK;
/* The default route of a family (4 or 6) in the main table with the lowest metric; ERR_MISSING if there is none. */
int nl_route_default(int family, struct nl_route *ret_r) MUST_CHECK;

#endif

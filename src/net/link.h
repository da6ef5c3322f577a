/* Addresses, routes and interfaces through netlink (libmnl); both families. All synchronous, for privileged set-up code. */
#ifndef ADIT_NET_LINK_H
#define ADIT_NET_LINK_H

#include "base/err.h"
#include "base/prefix.h"

int nl_link_index(const char *name);                                     /* 0: no such interface */
int nl_link_up(const char *name, unsigned mtu, char err[256]) MUST_CHECK;
int nl_link_mtu(const char *name);                                       /* < 0: error */
int nl_link_delete(const char *name, char err[256]) MUST_CHECK;
/* `peer` family 0: none. */
int nl_addr_add(const char *name, const struct prefix *addr, const struct prefix *peer, char err[256]) MUST_CHECK;

struct nl_route {
    struct prefix dst;      /* len 0: default */
    struct prefix via;      /* family 0: on-link */
    char dev[16];
    struct prefix src;      /* preferred source; family 0: none */
    unsigned metric, table; /* 0: main */
    bool unreachable;       /* an unreachable route (blocks) */
};
int nl_route_add(const struct nl_route *r, char err[256]) MUST_CHECK;    /* ERR_DUPLICATE if it is there */
int nl_route_del(const struct nl_route *r, char err[256]) MUST_CHECK;
/* How the host reaches `dst` (full length) now. */
int nl_route_get(const struct prefix *dst, struct nl_route *ret_r, char err[256]) MUST_CHECK;
/* The default route of a family with the lowest metric; ERR_MISSING if there is none. */
int nl_route_default(int family, struct nl_route *ret_r) MUST_CHECK;

#endif

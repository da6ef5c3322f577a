/* What host.c and host_net.c share. */
#ifndef ADIT_SERVER_HOST_PARTS_H
#define ADIT_SERVER_HOST_PARTS_H

#include "server/host.h"

/* host_net.c: the server's addresses and the routes of all networks that the interface serves, and of new ones of c. */
int host_nets_again(struct host *h, const struct config *c, char err[256]) MUST_CHECK;
int host_nets_add(struct host *h, const struct config *c, char err[256]) MUST_CHECK;
/* Some pool has IPv6. */
bool host_has_ipv6(const struct host *h);
/* Forwarding of IPv6, where a pool has some, by h->outer6. */
bool host_forward6(struct host *h, const struct config *c) MUST_CHECK;
/* What NAT does for each of the networks; out by h->outer and h->outer6, "" for none. The lists borrow from `routed`. */
void host_nat_conf(const struct host *h, const struct config *c, struct prefix *routed, struct nat_conf *ret);

/* host_limits.c: the lists of the configuration; authd is another one, and has said all. */
void host_limits_conf(const struct config *c, struct nat_conf *ret);
void host_limits_begin(struct host *h);
void host_limits_sweep(struct host *h);
/* host_leased.c: those that a new authd has not named. */
void host_leased_sweep(struct host *h, const struct config *c);
/* Somebody took away what answers ARP: begins again. */
void host_leased_check(struct host *h);

#endif

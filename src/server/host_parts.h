/* What host.c and host_net.c share. */
#ifndef ADIT_SERVER_HOST_PARTS_H
#define ADIT_SERVER_HOST_PARTS_H

#include "server/host.h"

/* host_net.c: the server's addresses and the routes of all networks that the interface serves, and of new ones of c. */
int host_nets_again(struct host *h, const struct config *c, char err[256]) MUST_CHECK;
int host_nets_add(struct host *h, const struct config *c, char err[256]) MUST_CHECK;
/* Forwarding of IPv6, where a pool has some. */
bool host_forward6(struct host *h, const struct config *c, const char *outer) MUST_CHECK;
/* What NAT does for each of the networks; outer: "" for none. The lists borrow from h and `routed`. */
void host_nat_conf(const struct host *h, const struct config *c, const char *outer, struct prefix *routed,
                   struct nat_conf *ret);

#endif

/* The host while the tunnel is up: interface, addresses, routes, resolvers; everything written down before it is done. */
#ifndef ADIT_CLIENT_UP_H
#define ADIT_CLIENT_UP_H

#include "client/msgs.h"
#include "net/undo.h"

struct up_conf {
    const struct options *opt;
    const char *call;     /* correlation id, for the log */
    struct prefix server; /* the address that won, full length */
    struct up_net net;
};

/* Sets everything up. Returns the TUN queue's descriptor (the caller's) and what tun_offload() gave it, or an error after saying why; what was
 * done before the error is in the journal, so undo_all() takes it away. */
int up_host(struct undo *u, const struct up_conf *c, unsigned *ret_offload) MUST_CHECK;

#endif

/* The host while the tunnel is up: interface, addresses, routes, resolvers; everything written down before it is done.
 * What it shall look like is decided by client/want; here the difference to what is there is done. */
#ifndef ADIT_CLIENT_UP_H
#define ADIT_CLIENT_UP_H

#include "client/msgs.h"
#include "client/want.h"
#include "net/undo.h"

struct up {
    struct undo *undo;
    const struct options *opt;
    const char *call;       /* correlation id, for the log */
    struct prefix server;   /* the address that won, full length */
    struct up_net net;      /* what PPP gave, as told last */
    struct net_offer offer; /* what the server tells beside PPP, as told last */
    bool made;              /* the interface is there */
    struct want now;        /* in effect */
    bool set[WANT_ROUTES];  /* which of now.routes are there and ours */
    bool dns_set, told_outside, told_block;
};

/* Sets everything up by `net` and `offer`. Returns the TUN queue's descriptor (the caller's) and what tun_offload() gave
 * it, or an error after saying why; what was done before the error is in the journal, so undo_all() takes it away. */
int up_host(struct up *u, unsigned *ret_offload) MUST_CHECK;
/* `net` or `offer` is another now: what is not wanted any more is taken away, what is new is set. Says what fails. */
void up_change(struct up *u);

#endif

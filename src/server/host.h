/* What the server does to its host, and how it is undone: interface, addresses, steering, forwarding, NAT.
 *
 * Everything is written into the undo journal before it is done. Only master calls this, with its rights. */
#ifndef ADIT_SERVER_HOST_H
#define ADIT_SERVER_HOST_H

#include "config/config.h"
#include "net/tun.h"
#include "net/undo.h"

struct host {
    struct undo *undo;
    int queues[TUN_QUEUES_MAX]; /* -1: none */
    unsigned n_queues;
    unsigned offload; /* TUN_TSO, TUN_USO: what the interface has */
    int steer;        /* map; -1: packets are handed over */
};

void host_init(struct host *h);
/* Puts back what a killed run left, then sets up for `queues` workers. False: said why, and undone again. */
bool host_up(struct host *h, const struct config *c, unsigned queues) MUST_CHECK;
/* The host is as it was; false: something could not be undone, and it was said. */
bool host_down(struct host *h);
/* The resolvers that clients are told: those of the configuration, or the host's own; fills c->dns. */
void host_resolvers(struct config *c);

#endif

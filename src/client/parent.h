/* The parent: interface, routes, resolvers, and their undoing; it starts the engine and outlives it. */
#ifndef ADIT_CLIENT_PARENT_H
#define ADIT_CLIENT_PARENT_H

#include "client/msgs.h"

/* Connects and stays until the tunnel ends. `p` is completed with the addresses; its password is wiped. Returns the exit
 * status. `ca_fd` is the open CA file, taken over. */
int parent_main(const struct options *o, struct plan *p, int ca_fd, const char *role_user);

#endif

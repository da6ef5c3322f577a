/* master: the only role with rights over the host. It sets up interface and listeners, starts the others, and puts the
 * host back when they are done. It reads no byte of a peer. */
#ifndef ADIT_SERVER_MASTER_H
#define ADIT_SERVER_MASTER_H

#include "config/config.h"

/* Runs until SIGTERM or SIGINT, or until a role cannot go on. Exit status: 0 stopped as asked, 1 failed. */
int master_main(const struct config *c, const char *argv0);

#endif

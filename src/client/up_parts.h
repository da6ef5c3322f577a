/* Pieces of client/up: private. */
#ifndef ADIT_CLIENT_UP_PARTS_H
#define ADIT_CLIENT_UP_PARTS_H

#include "client/up.h"

/* Routes from u->now to `next`: new ones first, so that nothing goes around the tunnel in between. `first`: an error is
 * returned for what the user or the default route needs; later it is only said. */
int up_routes(struct up *u, const struct want *next, bool *set, bool first, char err[256]) MUST_CHECK;
/* Takes IPv6's block out of `next` where there is nothing to block, or the user does not want it. */
void up_check_block(struct up *u, struct want *next);

#endif

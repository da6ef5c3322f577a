/* Who this host is to an IPv6 network behind the tunnel: an interface identifier that is the same at each call to a
 * server and tells nothing to others (RFC 7217's way), and a DHCP identifier (RFC 6355). Both come from /etc/machine-id,
 * which they do not reveal; on a host without one they are drawn anew for each call. */
#ifndef ADIT_CLIENT_IDENTITY_H
#define ADIT_CLIENT_IDENTITY_H

#include "client/msgs.h"

void identity_make(const struct options *o, uint8_t interface_id[8], uint8_t duid[PLAN_DUID]);
/* The same with the file's contents given; pure. */
void identity_from(struct slice machine, const char *server, const char *user, uint8_t interface_id[8],
                   uint8_t duid[PLAN_DUID]);

#endif

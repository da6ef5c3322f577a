/* A socket that hears who looks for an IPv6 address on an Ethernet, and can answer in place of a host behind us.
 *
 * It takes neighbour solicitations and advertisements only; what they say is the business of others. All that it needs of the interface goes
 * when it is closed: nothing has to be undone. */
#ifndef ADIT_NET_NDP_H
#define ADIT_NET_NDP_H

#include "base/err.h"

/* A packet socket (SOCK_DGRAM: packets begin at the IPv6 head), non-blocking, close-on-exec, bound to the interface of this
 * index. Needs CAP_NET_RAW. The descriptor, or ERR_SYSTEM and words. */
int ndp_open(int index, char err[256]) MUST_CHECK;

#endif

/* The resolver: a short-lived process of its own, so that neither the parent (root) nor the engine (no filesystem)
 * reads what a name server says. It gets one name, answers with addresses, and ends. */
#ifndef ADIT_CLIENT_RESOLVE_H
#define ADIT_CLIENT_RESOLVE_H

#include "base/prefix.h"

struct addrinfo;

/* The role's main: never returns an error to anybody but by CM_ADDRESSES. */
int resolve_main(const char *user, const char *sandbox);
/* RFC 8305 4: the addresses of a list in the order to dial them: families alternate, that of the first entry begins, and
 * within a family the system's order stays. Returns how many were written, at most `max`. */
unsigned resolve_order(const struct addrinfo *list, struct prefix *out, unsigned max);

#endif

/* The resolver: a short-lived process of its own, so that neither the parent (root) nor the engine (no filesystem)
 * reads what a name server says. It gets one name, answers with addresses, and ends. */
#ifndef ADIT_CLIENT_RESOLVE_H
#define ADIT_CLIENT_RESOLVE_H

/* The role's main: never returns an error to anybody but by CM_ADDRESSES. */
int resolve_main(const char *user);

#endif

/* Reaching the server: all of its addresses of both families, the first that answers wins (RFC 8305, happy eyeballs). */
#ifndef ADIT_CLIENT_DIAL_H
#define ADIT_CLIENT_DIAL_H

#include "base/prefix.h"
#include "loop/loop.h"

enum { DIAL_MAX = 16, DIAL_STAGGER = 250, DIAL_TIMEOUT = 20000 }; /* ms; RFC 8305 5: 250 ms between attempts */

struct dial;
/* fd >= 0: connected, non-blocking, the taker's; `at` is its address. fd < 0: nobody answered; why is in words. */
typedef void dial_fn(void *ctx, int fd, const struct prefix *at, const char *why);

/* Dials in this order, 1 to DIAL_MAX addresses. `call`: correlation id for the log (CLIENT_TRYING); not owned. NULL: out of
 * memory, or a number of addresses that cannot be. The callback comes once, never before dial_new() has returned; the
 * dial may be freed in it. */
struct dial *dial_new(struct loop *l, const struct prefix *addrs, unsigned n, uint16_t port, const char *call,
                      dial_fn *fn, void *ctx);
void dial_free(struct dial *d); /* no callback after it */

#endif

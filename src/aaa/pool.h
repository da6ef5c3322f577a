/* Leases of IPv4 addresses from the configured pools.
 *
 * Of each pool the network address, the first address (the server's own) and the broadcast address are never given.
 * Fixed addresses of users are reserved, also while their owner is away. A user gets its last address again where that
 * is free; else the pools are gone round, so that an address rests as long as possible before somebody else gets it.
 * A fixed address must lie in a pool: nothing would lead the packets of any other into the tunnel. */
#ifndef ADIT_AAA_POOL_H
#define ADIT_AAA_POOL_H

#include "config/config.h"

struct pool;

/* NULL: out of memory. The configuration is not kept. */
struct pool *pool_new(const struct config *c) MUST_CHECK;
void pool_free(struct pool *p);
/* Who had which address last, and how far each pool is used up, from the pool before this one. */
void pool_inherit(struct pool *p, const struct pool *before);

/* Could this be a user's fixed address? NULL, or why not in words. */
const char *pool_fixed_fault(const struct config *c, uint32_t ipv4);

/* The set of reserved addresses, anew: begin, then each. Those in use stay in use; others outside the pools are
 * ignored. */
void pool_reserve_begin(struct pool *p);
void pool_reserve(struct pool *p, uint32_t ipv4);

/* Any free address for this user. ERR_REFUSED: none is free. */
int pool_lease(struct pool *p, struct slice user, uint32_t *ret_ipv4) MUST_CHECK;
/* This one. ERR_VALUE: not in a pool, or the server's own; ERR_STATE: in use. */
int pool_take(struct pool *p, uint32_t ipv4) MUST_CHECK;
/* Back. False if it was not given. */
bool pool_give_back(struct pool *p, uint32_t ipv4);
bool pool_in_use(const struct pool *p, uint32_t ipv4);
/* The server's address in the pool that holds this address; 0 if none does. */
uint32_t pool_server_of(const struct pool *p, uint32_t ipv4);

#endif

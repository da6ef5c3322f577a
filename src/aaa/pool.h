/* Leases from the configured pools: IPv4 addresses, a /64 for a client's own IPv6 addresses, networks for DHCPv6 prefix
 * delegation. A session gets one of each kind that its pool has. Of a /64 that a pool shares out (ipv6_shared) a session gets
 * an address, by which its client makes more for itself (judge_claim()).
 *
 * Of an IPv4 pool the network address, the first address (the server's own) and the broadcast address are never given, of
 * an IPv6 pool the first /64, of a shared one the first two addresses. Fixed addresses of users are reserved, also while their owner is away. A user gets what it
 * had last where that is free; else the pools are gone round, so that an address rests as long as possible before somebody
 * else gets it. A fixed address must lie in a pool: nothing would lead the packets of any other into the tunnel.
 *
 * A lease is named by its prefix: /32 of IPv4, an IPv6 network of the pool's length, or a /128. */
#ifndef ADIT_AAA_POOL_H
#define ADIT_AAA_POOL_H

#include "config/config.h"

struct pool;

enum { POOL_STATE_MAX = 1 << 19 }; /* bytes that pool_put() needs at most */

/* What one pool gives to a session; family 0: that kind it has not. */
struct pool_lease {
    unsigned pool; /* 1 + index in the configuration */
    struct prefix ipv4, link6, delegated6;
};

/* NULL: out of memory. The configuration is not kept. */
struct pool *pool_new(const struct config *c) MUST_CHECK;
void pool_free(struct pool *p);
/* Who had which address last, and how far each pool is used up, from the pool before this one. */
void pool_inherit(struct pool *p, const struct pool *before);
/* Changes with every lease that may be worth remembering. */
uint64_t pool_version(const struct pool *p);
/* What is remembered as bytes, for the next process, and back. ERR_NOBUF; ERR_TRUNCATED, ERR_VERSION, ERR_VALUE: nothing is taken. */
int pool_put(const struct pool *p, struct wr *w) MUST_CHECK;
int pool_get(struct pool *p, struct slice bytes) MUST_CHECK;

/* Could this be a user's fixed address, or /64? NULL, or why not in words. */
const char *pool_fixed_fault(const struct config *c, const struct prefix *fixed);

/* The set of reserved prefixes, anew: begin, then each. Those in use stay in use; others outside the pools are
 * ignored. */
void pool_reserve_begin(struct pool *p);
void pool_reserve(struct pool *p, const struct prefix *fixed);

/* A lease of every kind that the pool has, for this user, out of one of the pools of the mask (bit 0: the first); the first
 * that has all of them wins. What is set in `fixed` is taken as it is (the caller has it already), and the rest comes from
 * the same pool. ERR_REFUSED: none has them all; nothing is taken then. */
int pool_lease(struct pool *p, uint32_t pools, const struct pool_lease *fixed, struct slice user,
               struct pool_lease *ret_l) MUST_CHECK;
/* This one. ERR_VALUE: not of a pool, or the server's own; ERR_STATE: in use. */
int pool_take(struct pool *p, const struct prefix *lease) MUST_CHECK;
/* Back. False if it was not given. */
bool pool_give_back(struct pool *p, const struct prefix *lease);
bool pool_in_use(const struct pool *p, const struct prefix *lease);
/* 1 + index of the pool that holds this address or network; 0 if none does. */
unsigned pool_of(const struct pool *p, const struct prefix *lease);

#endif

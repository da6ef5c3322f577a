/* The inside of the pool, shared by pool.c and pool_state.c. */
#ifndef ADIT_AAA_POOL_PARTS_H
#define ADIT_AAA_POOL_PARTS_H

#include "aaa/idset.h"
#include "aaa/pool.h"

enum {
    POOL_REMEMBERED = 1 << 13, /* last leases of users; a power of two */
    POOL_BITS_MAX = 20,        /* of an IPv6 pool so many networks are given: a million */
};

enum pool_kind { POOL_IPV4, POOL_LINK6, POOL_DELEGATED6, POOL_KINDS };

struct range {
    unsigned pool; /* 1 + index in the configuration */
    enum pool_kind kind;
    struct prefix net;
    uint8_t unit; /* length of each lease */
    uint32_t size;
    uint32_t cursor;   /* where the next search begins */
    struct idset free; /* none of the others */
    struct idset given;
    struct idset reserved;
    struct idset never; /* the pool's own, and what is kept back */
};

/* Who had what last. One place for each hash: a clash forgets the older user, which costs it a new address. */
struct memory {
    uint64_t user; /* hash; 0: nobody */
    struct prefix last[POOL_KINDS];
};

struct pool {
    struct range ranges[POOL_KINDS * CONFIG_POOLS];
    unsigned n_ranges, n_pools;
    uint32_t lan; /* a bit for each pool whose IPv4 addresses are leased elsewhere (lan.h) */
    uint64_t version;
    struct memory memory[POOL_REMEMBERED];
};

#endif

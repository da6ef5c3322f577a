/* authd's book of sessions: which session of which worker got which prefixes, and who owns a prefix now.
 *
 * Filled from verdicts, never from what a worker claims. A worker's sessions are found by the index of its handle, and
 * the handle must be the very one: an old generation finds nothing. */
#ifndef ADIT_SERVER_REGISTRY_H
#define ADIT_SERVER_REGISTRY_H

#include "dp/owner.h"
#include "server/roles.h"
#include "session/params.h"

enum { REGISTRY_WORKERS = 64, REGISTRY_INDEX_MAX = 1 << 20 };

struct registered {
    uint64_t session; /* 0: free */
    bool up;
    struct prefix prefixes[PARAMS_PREFIXES];
    unsigned n_prefixes, n_routed; /* n_routed: the last ones are networks behind the client */
    uint8_t pool, group;           /* as in struct params */
    bool limited;                  /* master keeps its addresses in a set (authd_limit.c) */
};

struct registry {
    struct {
        struct registered **at; /* by the index of the handle */
        uint32_t cap;
    } workers[REGISTRY_WORKERS];
    struct owners owners; /* of sessions that are up */
};

void registry_init(struct registry *r);
void registry_done(struct registry *r);
/* A session was accepted with these parameters. ERR_NOMEM, ERR_VALUE (no such worker or handle). */
int registry_accept(struct registry *r, uint32_t worker, uint64_t session, const struct params *p) MUST_CHECK;
/* NULL: not known. */
struct registered *registry_find(struct registry *r, uint32_t worker, uint64_t session);
/* It is up: it owns its prefixes from now on. ERR_STATE: never accepted, or up already. */
int registry_up(struct registry *r, uint32_t worker, uint64_t session) MUST_CHECK;
/* A session that is up owns `add` as well from now on, and `gone` (family 0: none) no more. ERR_STATE: it is not up, or has too
 * many; ERR_NOMEM. */
int registry_claim(struct registry *r, uint32_t worker, uint64_t session, const struct prefix *add,
                   const struct prefix *gone) MUST_CHECK;
/* It is over. For each of its prefixes that a newer session owns by now, fn is called with that owner. */
void registry_down(struct registry *r, uint32_t worker, uint64_t session, void (*fn)(void *ctx, struct owner newer),
                   void *ctx);
/* A worker is gone: fn for each of its sessions (which is removed after it). */
void registry_worker_gone(struct registry *r, uint32_t worker, void (*fn)(void *ctx, const struct registered *s),
                          void *ctx);
/* fn for each session that is up. */
void registry_each_up(struct registry *r, void (*fn)(void *ctx, uint32_t worker, const struct registered *s),
                      void *ctx);

#endif

/* Who owns an address: prefix -> session, longest match, both families.
 *
 * Each worker has one for the sessions of all workers (its own, and those that it must hand packets to), authd has one
 * for its registry. A session is named by its worker and the generation-counted handle that this worker gave it, so that
 * an entry can be taken away only by the session that it names: a newer session with the same address keeps it. */
#ifndef ADIT_DP_OWNER_H
#define ADIT_DP_OWNER_H

#include "base/err.h"
#include "base/prefix.h"

struct owner {
    uint32_t worker;
    uint64_t session;
};

struct owner_slot {
    struct prefix key; /* family 0: free */
    struct owner value;
};

struct owners {
    struct owner_slot *slots;
    uint32_t cap, used; /* cap is a power of two, or 0 */
    uint32_t lens4[33]; /* entries of each length: what a lookup has to try */
    uint32_t lens6[129];
};

static inline bool owner_eq(struct owner a, struct owner b)
{
    return a.worker == b.worker && a.session == b.session;
}

void owners_init(struct owners *o);
void owners_done(struct owners *o);
/* Adds, or replaces the owner of this very prefix. Host bits are ignored. ERR_NOMEM, ERR_VALUE (no such length). */
int owners_set(struct owners *o, const struct prefix *p, struct owner who) MUST_CHECK;
/* Takes the prefix away if it is still `who`'s. False: it was not (or is somebody else's now). */
bool owners_clear(struct owners *o, const struct prefix *p, struct owner who);
/* The owner of exactly this prefix. */
bool owners_get(const struct owners *o, const struct prefix *p, struct owner *ret_who);
/* The owner of the longest prefix that has the address (16 bytes, v4-mapped for IPv4). */
bool owners_find(const struct owners *o, const uint8_t addr16[16], struct owner *ret_who);
/* Takes away every entry that `keep` does not want (it must not touch the table). */
void owners_sweep(struct owners *o, bool (*keep)(void *ctx, const struct prefix *p, struct owner who), void *ctx);
/* Takes away all entries of a worker; each is passed to fn (which must not touch the table). */
void owners_clear_worker(struct owners *o, uint32_t worker, void (*fn)(void *ctx, const struct prefix *p), void *ctx);

#endif

/* See registry.h. */
#include "server/registry.h"

#include "server/slab.h"

#include <stdlib.h>

void registry_init(struct registry *r)
{
    *r = (struct registry){ 0 };
    owners_init(&r->owners);
}

static void drop_worker(struct registry *r, uint32_t worker)
{
    for (uint32_t i = 0; i < r->workers[worker].cap; i++)
        free(r->workers[worker].at[i]);
    free(r->workers[worker].at);
    r->workers[worker].at = NULL;
    r->workers[worker].cap = 0;
}

void registry_done(struct registry *r)
{
    for (uint32_t i = 0; i < REGISTRY_WORKERS; i++)
        drop_worker(r, i);
    owners_done(&r->owners);
}

/* The place of a handle; NULL if there can be none, or (with `make`) no memory. */
static struct registered **place(struct registry *r, uint32_t worker, uint64_t session, bool make)
{
    uint32_t i = slab_index(session);
    if (worker >= REGISTRY_WORKERS || session == 0 || i >= REGISTRY_INDEX_MAX)
        return NULL;
    uint32_t cap = r->workers[worker].cap;
    if (i >= cap && make) {
        uint32_t bigger = cap ? cap : 64;
        while (bigger <= i)
            bigger *= 2;
        struct registered **at = realloc(r->workers[worker].at, bigger * sizeof(struct registered *));
        if (!at)
            return NULL;
        memset(at + cap, 0, (bigger - cap) * sizeof(struct registered *));
        r->workers[worker].at = at;
        r->workers[worker].cap = bigger;
    }
    return i < r->workers[worker].cap ? &r->workers[worker].at[i] : NULL;
}

struct registered *registry_find(struct registry *r, uint32_t worker, uint64_t session)
{
    struct registered **p = place(r, worker, session, false);
    return p && *p && (*p)->session == session ? *p : NULL;
}

static void none(void *ctx, struct owner newer)
{
    (void)ctx;
    (void)newer;
}

int registry_accept(struct registry *r, uint32_t worker, uint64_t session, const struct params *p)
{
    struct registered **at = place(r, worker, session, true);
    if (!at)
        return worker < REGISTRY_WORKERS && slab_index(session) < REGISTRY_INDEX_MAX && session ? ERR_NOMEM : ERR_VALUE;
    if (*at)
        registry_down(r, worker, (*at)->session, none, NULL); /* an older one whose end we were not told */
    struct registered *s = calloc(1, sizeof(*s));
    if (!s)
        return ERR_NOMEM;
    s->session = session;
    s->n_prefixes = p->n_prefixes;
    s->n_routed = p->n_routed;
    s->pool = p->pool;
    s->group = p->group;
    memcpy(s->prefixes, p->prefixes, sizeof(s->prefixes));
    *at = s;
    return 0;
}

int registry_up(struct registry *r, uint32_t worker, uint64_t session)
{
    struct registered *s = registry_find(r, worker, session);
    if (!s || s->up)
        return ERR_STATE;
    for (unsigned i = 0; i < s->n_prefixes; i++)
        if (owners_set(&r->owners, &s->prefixes[i], (struct owner){ worker, session }) < 0)
            return ERR_NOMEM;
    s->up = true;
    return 0;
}

int registry_claim(struct registry *r, uint32_t worker, uint64_t session, const struct prefix *add,
                   const struct prefix *gone)
{
    struct registered *s = registry_find(r, worker, session);
    struct owner me = { worker, session };
    if (!s || !s->up)
        return ERR_STATE;
    if (gone->family) {
        (void)owners_clear(&r->owners, gone, me);
        params_drop(s->prefixes, &s->n_prefixes, gone);
    }
    params_drop(s->prefixes, &s->n_prefixes, add); /* said twice is there once */
    if (s->n_prefixes == PARAMS_PREFIXES)
        return ERR_STATE;
    int e = owners_set(&r->owners, add, me);
    if (e == 0)
        (void)params_add(s->prefixes, &s->n_prefixes, s->n_routed, add);
    return e;
}

void registry_down(struct registry *r, uint32_t worker, uint64_t session, void (*fn)(void *ctx, struct owner newer),
                   void *ctx)
{
    struct registered **at = place(r, worker, session, false);
    struct registered *s = registry_find(r, worker, session);
    struct owner me = { worker, session }, newer;
    if (!s)
        return;
    *at = NULL;
    for (unsigned i = 0; i < s->n_prefixes; i++)
        if (!owners_clear(&r->owners, &s->prefixes[i], me) && s->up && owners_get(&r->owners, &s->prefixes[i], &newer))
            fn(ctx, newer);
    free(s);
}

void registry_worker_gone(struct registry *r, uint32_t worker, void (*fn)(void *ctx, const struct registered *s),
                          void *ctx)
{
    for (uint32_t i = 0; worker < REGISTRY_WORKERS && i < r->workers[worker].cap; i++) {
        struct registered *s = r->workers[worker].at[i];
        if (!s)
            continue;
        fn(ctx, s);
        registry_down(r, worker, s->session, none, NULL);
    }
    if (worker < REGISTRY_WORKERS)
        drop_worker(r, worker);
}

void registry_each_up(struct registry *r, void (*fn)(void *ctx, uint32_t worker, const struct registered *s), void *ctx)
{
    for (uint32_t w = 0; w < REGISTRY_WORKERS; w++)
        for (uint32_t i = 0; i < r->workers[w].cap; i++)
            if (r->workers[w].at[i] && r->workers[w].at[i]->up)
                fn(ctx, w, r->workers[w].at[i]);
}

/* Which sessions may reach listed destinations only (`allow`), told to master, who keeps their addresses in sets of nftables
 * beside the gate of the workers. A list is named by where it stands, which outlives a reload. */
#include "server/authd_parts.h"

#include "events/events.h"

#include <stdio.h>
#include <string.h>

static void say(struct authd *a, uint32_t worker, const struct registered *s, enum config_scope scope)
{
    uint8_t buf[ROLE_LIMIT_MAX];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_limit l = { .own = { .worker = worker, .session = s->session }, .scope = (uint8_t)scope };
    const struct config *c = &a->config;
    if (scope != CONFIG_SCOPE_NONE) {
        l.own.n_prefixes = s->n_prefixes;
        memcpy(l.own.prefixes, s->prefixes, sizeof(l.own.prefixes));
    }
    if (scope == CONFIG_SCOPE_POOL)
        snprintf(l.name, sizeof(l.name), "%s", c->pools[s->pool - 1].name);
    if (scope == CONFIG_SCOPE_GROUP)
        snprintf(l.name, sizeof(l.name), "%s", c->groups[s->group - 1].name);
    role_put_limit(&w, &l);
    chan_send(a->master, &(struct imsg){ .type = ROLE_NET_LIMIT, .body = wr_slice(&w) });
}

void authd_limit(struct authd *a, uint32_t worker, uint64_t session, bool gone)
{
    struct registered *s = registry_find(&a->registry, worker, session);
    if (!s)
        return;
    enum config_scope scope = gone ? CONFIG_SCOPE_NONE : config_allow_scope(&a->config, s->pool, s->group);
    if (scope != CONFIG_SCOPE_NONE || s->limited)
        say(a, worker, s, scope);
    s->limited = scope != CONFIG_SCOPE_NONE;
}

struct follower {
    struct authd *a;
    const struct config *old;
};

/* By their names; what is no more has no list in the table either: the gate keeps to what the session was told. */
static void follow_one(void *ctx, uint32_t worker, const struct registered *seen)
{
    struct follower *f = ctx;
    struct registered *s = registry_find(&f->a->registry, worker, seen->session);
    const struct config *old = f->old, *new = &f->a->config;
    if (!s)
        return;
    s->pool = s->pool && s->pool <= old->n_pools
                  ? (uint8_t)config_pool_named(new, slice_str(old->pools[s->pool - 1].name))
                  : 0;
    s->group = s->group && s->group <= old->n_groups
                   ? (uint8_t)config_group_named(new, slice_str(old->groups[s->group - 1].name))
                   : 0;
    authd_limit(f->a, worker, s->session, false);
}

void authd_limits_follow(struct authd *a, const struct config *old)
{
    registry_each_up(&a->registry, follow_one, &(struct follower){ a, old });
}

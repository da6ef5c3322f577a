/* Sessions that may reach listed destinations only: their addresses stand in sets of our nftables table, one for each list of
 * the configuration. The workers' gate says the same before; this holds whatever way a packet takes through the host.
 *
 * What comes and goes is collected, and the sets are then filled anew in one transaction: a set can hold nothing stale. */
#include "server/host_parts.h"

#include "events/events.h"

#include <stdlib.h>
#include <string.h>

static bool is(const struct host_limit *l, const struct role_own *own)
{
    return l->own.worker == own->worker && l->own.session == own->session;
}

void host_limit(struct host *h, const struct role_limit *told)
{
    unsigned i = 0;
    while (i < h->n_limits && !is(&h->limits[i], &told->own))
        i++;
    if (told->scope == CONFIG_SCOPE_NONE) {
        if (i < h->n_limits)
            h->limits[i] = h->limits[--h->n_limits];
        return;
    }
    if (i == h->n_limits) {
        struct host_limit *more = realloc(h->limits, (h->n_limits + 1) * sizeof(*more));
        if (!more) {
            event(EV_NO_MEMORY, NULL, F_TEXT("for", "the destinations of a session"));
            return;
        }
        h->limits = more;
        h->n_limits++;
    }
    h->limits[i] = (struct host_limit){ .own = told->own, .scope = told->scope };
    memcpy(h->limits[i].name, told->name, sizeof(h->limits[i].name));
}

void host_limits_begin(struct host *h)
{
    for (unsigned i = 0; i < h->n_limits; i++)
        h->limits[i].stale = true;
}

void host_limits_sweep(struct host *h)
{
    for (unsigned i = h->n_limits; i-- > 0;)
        if (h->limits[i].stale)
            h->limits[i] = h->limits[--h->n_limits];
}

/* ---- the lists ---- */

static void add_list(const struct config *c, const struct config_net *n, unsigned number, struct nat_conf *ret)
{
    if (n->allow.set)
        ret->lists[ret->n_lists++] =
            (struct nat_list){ .number = number, .to = &c->nets[n->allow.at], .n_to = n->allow.n };
}

/* Numbers: 0 of the file, 1 and on of the pools, then of the groups. */
static unsigned number_of(const struct config *c, const struct host_limit *l)
{
    if (l->scope == CONFIG_SCOPE_POOL)
        return config_pool_named(c, slice_str(l->name));
    unsigned group = l->scope == CONFIG_SCOPE_GROUP ? config_group_named(c, slice_str(l->name)) : 0;
    return group ? CONFIG_POOLS + group : 0;
}

void host_limits_conf(const struct config *c, struct nat_conf *ret)
{
    _Static_assert(NAT_LISTS_MAX >= 1 + CONFIG_POOLS + CONFIG_GROUPS, "all of them");
    add_list(c, &c->net, 0, ret);
    for (unsigned i = 0; i < c->n_pools; i++)
        add_list(c, &c->pools[i].net, 1 + i, ret);
    for (unsigned i = 0; i < c->n_groups; i++)
        add_list(c, &c->groups[i].net, 1 + CONFIG_POOLS + i, ret);
}

bool host_limits_differ(const struct config *a, const struct config *b)
{
    static struct nat_conf x, y; /* large, and one thread */
    x.n_lists = y.n_lists = 0;
    host_limits_conf(a, &x);
    host_limits_conf(b, &y);
    bool differs = x.n_lists != y.n_lists;
    for (unsigned i = 0; !differs && i < x.n_lists; i++)
        differs = x.lists[i].number != y.lists[i].number || x.lists[i].n_to != y.lists[i].n_to ||
                  memcmp(x.lists[i].to, y.lists[i].to, x.lists[i].n_to * sizeof(*x.lists[i].to)) != 0;
    return differs;
}

/* ---- the sets ---- */

/* What sessions of this list have; returns how many there are, of `room`. */
static unsigned gather(const struct host *h, const struct config *c, unsigned number, struct prefix *to, unsigned room)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->n_limits; i++) {
        const struct host_limit *l = &h->limits[i];
        bool ours = (l->scope == CONFIG_SCOPE_FILE) == (number == 0) && number_of(c, l) == number;
        for (unsigned k = 0; ours && k < l->own.n_prefixes && n < room; k++)
            to[n++] = l->own.prefixes[k];
    }
    return n;
}

/* All that anybody may be told: which of them is whose, the gate knows. */
static unsigned resolvers(const struct config *c, struct prefix to[NAT_NAMES_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < c->n_dns; i++)
        to[n++] = c->dns[i];
    for (unsigned i = 0; i < c->n_pools; i++)
        for (unsigned k = 0; k < c->pools[i].net.n_dns; k++)
            to[n++] = c->pools[i].net.dns[k];
    for (unsigned i = 0; i < c->n_groups; i++)
        for (unsigned k = 0; k < c->groups[i].net.n_dns; k++)
            to[n++] = c->groups[i].net.dns[k];
    return n;
}

void host_limits_sync(struct host *h, const struct config *c)
{
    _Static_assert(NAT_NAMES_MAX >= CONFIG_DNS + (CONFIG_POOLS + CONFIG_GROUPS) * CONFIG_NET_DNS, "all of them");
    static struct nat_conf conf;
    char err[256];
    unsigned room = h->n_limits * PARAMS_PREFIXES;
    conf.n_lists = 0;
    host_limits_conf(c, &conf);
    if (conf.n_lists == 0)
        return;
    struct prefix names[NAT_NAMES_MAX], *all = calloc(room + 1, sizeof(*all));
    if (!all) {
        event(EV_NO_MEMORY, NULL, F_TEXT("for", "the destinations of sessions"));
        return;
    }
    for (unsigned i = 0, at = 0; i < conf.n_lists; i++) {
        conf.lists[i].from = all + at;
        conf.lists[i].n_from = gather(h, c, conf.lists[i].number, all + at, room - at);
        at += conf.lists[i].n_from;
    }
    if (nat_limits(c->interface, conf.lists, conf.n_lists, names, resolvers(c, names), err) < 0)
        event(EV_NAT_FAILED, NULL, F_TEXT("cause", err));
    free(all);
}

/* Looking things up in the snapshot: blocks by name, and what holds for a session of a pool and a group. */
#include "config/config.h"

#include <strings.h>

static bool named(const char *title, struct slice name)
{
    return strlen(title) == name.n && memcmp(title, name.p, name.n) == 0;
}

unsigned config_pool_named(const struct config *c, struct slice name)
{
    for (unsigned i = 0; i < c->n_pools; i++)
        if (named(c->pools[i].name, name))
            return i + 1;
    return 0;
}

unsigned config_group_named(const struct config *c, struct slice name)
{
    for (unsigned i = 0; i < c->n_groups; i++)
        if (named(c->groups[i].name, name))
            return i + 1;
    return 0;
}

const struct config_user *config_user_block(const struct config *c, struct slice name)
{
    for (unsigned i = 0; i < c->n_user_blocks; i++)
        if (strlen(c->user_blocks[i].name) == name.n &&
            strncasecmp(c->user_blocks[i].name, (const char *)name.p, name.n) == 0)
            return &c->user_blocks[i];
    return NULL;
}

unsigned config_user_named(const struct config *c, struct slice name)
{
    const struct config_user *u = config_user_block(c, name);
    return u ? (unsigned)(u - c->user_blocks) + 1 : 0;
}

uint32_t config_server_ipv4(const struct config *c)
{
    return c->n_pools && c->pools[0].ipv4.family == 4 ? prefix_v4_addr(&c->pools[0].ipv4) + 1 : 0;
}

struct prefix config_server_ipv6(const struct config_pool *p)
{
    struct prefix own = p->ipv6;
    if (own.family == 6) {
        own.addr[15] |= 1;
        own.len = 128;
    }
    return own;
}

struct prefix config_pool_ipv6(const struct config_pool *p)
{
    struct prefix net = p->ipv6;
    if (net.family == 6 && p->ipv6_shared && net.len > 64) {
        memset(net.addr + 8, 0, 8);
        net.len = 64;
    }
    return net;
}

static const struct prefix *nets_of(const struct config *c, const struct config_list *l, unsigned *ret_n)
{
    *ret_n = l->n;
    return &c->nets[l->at];
}

enum { LEVELS = 4 }; /* user, group, pool, file: the first that says something wins */

static void tell_lists(const struct config *c, const struct config_net *const at[LEVELS], struct config_told *t)
{
    bool routes = false, domain = false, search = false, wpad = false;
    for (unsigned i = 0; i < LEVELS; i++) {
        const struct config_net *n = at[i];
        if (n->routes.set && !routes)
            t->routes = nets_of(c, &n->routes, &t->n_routes);
        routes |= n->routes.set;
        if (n->allow.set && !t->allow_set)
            t->allow = nets_of(c, &n->allow, &t->n_allow);
        t->allow_set |= n->allow.set;
        if (n->domain.set && !domain && n->domain.n)
            t->domain = c->names[n->domain.at].text;
        domain |= n->domain.set;
        if (n->search.set && !search) {
            t->search = &c->names[n->search.at];
            t->n_search = n->search.n;
        }
        search |= n->search.set;
        if (n->wpad[0] && !wpad)
            t->wpad = n->wpad;
        wpad |= n->wpad[0] != 0;
    }
}

/* dns and nbns of the file stand beside config.net. */
static void tell_servers(const struct config *c, const struct config_net *const at[LEVELS], struct config_told *t)
{
    t->dns = c->dns;
    t->n_dns = c->n_dns;
    t->nbns = c->nbns;
    t->n_nbns = c->n_nbns;
    for (unsigned i = LEVELS; i-- > 0;) {
        if (at[i]->dns_set) {
            t->dns = at[i]->dns;
            t->n_dns = at[i]->n_dns;
        }
        if (at[i]->nbns_set) {
            t->nbns = at[i]->nbns;
            t->n_nbns = at[i]->n_nbns;
        }
    }
}

void config_tell(const struct config *c, unsigned pool, unsigned group, unsigned user, struct config_told *ret_t)
{
    static const struct config_net none;
    struct config_net own = { .default_route = CONFIG_UNSET };
    const struct config_net *at[LEVELS] = { &own, group && group <= c->n_groups ? &c->groups[group - 1].net : &none,
                                            pool && pool <= c->n_pools ? &c->pools[pool - 1].net : &none, &c->net };
    enum config_switch way = CONFIG_UNSET, apart = CONFIG_UNSET;
    *ret_t = (struct config_told){ 0 };
    if (user && user <= c->n_user_blocks) {
        own.routes = c->user_blocks[user - 1].routes;
        own.default_route = c->user_blocks[user - 1].default_route;
    }
    tell_lists(c, at, ret_t);
    tell_servers(c, at, ret_t);
    for (unsigned i = LEVELS; i-- > 0;) {
        way = at[i]->default_route != CONFIG_UNSET ? at[i]->default_route : way;
        apart = at[i]->isolate != CONFIG_UNSET ? at[i]->isolate : apart;
    }
    /* Who lists routes wants those alone, unless it says otherwise. */
    ret_t->default_route = way == CONFIG_UNSET ? ret_t->n_routes == 0 : way == CONFIG_YES;
    ret_t->isolate = apart == CONFIG_YES;
}

/* The narrowest, as in tell_lists(). */
enum config_scope config_allow_scope(const struct config *c, unsigned pool, unsigned group)
{
    if (group && group <= c->n_groups && c->groups[group - 1].net.allow.set)
        return CONFIG_SCOPE_GROUP;
    if (pool && pool <= c->n_pools && c->pools[pool - 1].net.allow.set)
        return CONFIG_SCOPE_POOL;
    return c->net.allow.set ? CONFIG_SCOPE_FILE : CONFIG_SCOPE_NONE;
}

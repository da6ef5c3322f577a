/* What a user has of networks: fixed addresses, group, networks behind the client. Checked against the configuration, the
 * host and the other users before it is written. */
#include "ctl/ctl.h"

#include "aaa/pool.h"

#include <stdio.h>
#include <string.h>

/* Adds a fault, or says nothing and returns CTL_OK. */
static int check_fixed(const struct config *c, const struct request_net *n)
{
    struct prefix ipv4 = prefix_v4(n->ipv4, 32);
    const char *fault = n->ipv4 ? pool_fixed_fault(c, &ipv4) : NULL;
    if (fault)
        return fail("--ip: %s", fault);
    fault = n->ipv6.family ? pool_fixed_fault(c, &n->ipv6) : NULL;
    return fault ? fail("--ipv6: %s", fault) : CTL_OK;
}

int nets_check(const struct config *c, const char *name, const struct request_net *n)
{
    char words[CONFIG_WORDS];
    if (n->group && n->group[0] && !config_group_named(c, slice_str(n->group)))
        return fail("--group: the configuration has no group \"%s\"", n->group);
    for (unsigned i = 0; i < n->n_routed; i++)
        if (config_routed_clash(c, name, &n->routed[i], words))
            return fail("--routed: %s", words);
    return check_fixed(c, n);
}

void nets_fill(const struct request_net *n, struct user *u)
{
    if (n->has_ipv4)
        u->ipv4 = n->ipv4;
    if (n->has_ipv6)
        u->ipv6 = n->ipv6;
    if (n->group)
        snprintf(u->group, sizeof(u->group), "%s", n->group);
    if (n->has_routed) {
        memcpy(u->routed, n->routed, sizeof(u->routed));
        u->n_routed = n->n_routed;
    }
}

int nets_free(struct users *d, const struct user *u)
{
    char words[USERS_ERR];
    int r = users_net_clash(d, u, words);
    if (r < 0)
        return fail("%s", users_error(d));
    return r ? fail("--routed: %s", words) : CTL_OK;
}

int nets_set(const struct request *q, struct users *d)
{
    struct user u;
    int found = users_find(d, slice_str(q->name), &u);
    if (found <= 0)
        return fail("%s: %s", q->name, found < 0 ? users_error(d) : "there is no such user");
    nets_fill(&q->net, &u);
    int result = nets_free(d, &u);
    if (result == CTL_OK && users_set_net(d, &u) < 0)
        result = fail("%s: %s", q->name, users_error(d));
    user_wipe(&u);
    return result;
}

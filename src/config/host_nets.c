/* The networks that the host itself has, and what may not be behind a client because of them, of a pool or of another user's
 * block. For checks beside those of the file: aditctl's, and the running server's. */
#include "config/config.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static bool net_of_host(const struct ifaddrs *a, struct prefix *ret)
{
    unsigned len = 0;
    if (!a->ifa_addr || !a->ifa_netmask)
        return false;
    if (a->ifa_addr->sa_family == AF_INET) {
        struct sockaddr_in addr, mask;
        memcpy(&addr, a->ifa_addr, sizeof(addr));
        memcpy(&mask, a->ifa_netmask, sizeof(mask));
        uint32_t m = ntohl(mask.sin_addr.s_addr);
        *ret = prefix_v4(ntohl(addr.sin_addr.s_addr) & m, (unsigned)__builtin_popcount(m));
        return m != 0;
    }
    if (a->ifa_addr->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 addr, mask;
    memcpy(&addr, a->ifa_addr, sizeof(addr));
    memcpy(&mask, a->ifa_netmask, sizeof(mask));
    for (unsigned i = 0; i < 16; i++) {
        len += (unsigned)__builtin_popcount(mask.sin6_addr.s6_addr[i]);
        addr.sin6_addr.s6_addr[i] &= mask.sin6_addr.s6_addr[i];
    }
    *ret = prefix_v6(addr.sin6_addr.s6_addr, len);
    return len != 0;
}

void config_host_nets(config_net_fn *fn, void *ctx)
{
    struct ifaddrs *all, *a;
    struct prefix net;
    if (getifaddrs(&all) < 0)
        return; /* nothing to compare with */
    for (a = all; a; a = a->ifa_next)
        if (net_of_host(a, &net))
            fn(ctx, a->ifa_name, &net);
    freeifaddrs(all);
}

/* ---- behind a client ---- */

struct search {
    const struct config *c;
    const struct prefix *net;
    char *words;
    bool found;
};

static bool overlap(const struct prefix *a, const struct prefix *b)
{
    return a->family && a->family == b->family && prefix_overlaps(a, b);
}

static void compare_host(void *ctx, const char *interface, const struct prefix *net)
{
    struct search *s = ctx;
    char one[PREFIX_TEXT], other[PREFIX_TEXT];
    if (s->found || strcmp(interface, s->c->interface) == 0 || !overlap(s->net, net))
        return;
    snprintf(s->words, CONFIG_WORDS, "%s overlaps %s, the network of this host's interface %s",
             prefix_text(s->net, one), prefix_text(net, other), interface);
    s->found = true;
}

static void compare_pools(struct search *s)
{
    char one[PREFIX_TEXT];
    for (unsigned i = 0; i < s->c->n_pools; i++) {
        const struct config_pool *p = &s->c->pools[i];
        const struct prefix six = config_pool_ipv6(p);
        if (!overlap(s->net, &p->ipv4) && !overlap(s->net, &six) && !overlap(s->net, &p->delegate_from))
            continue;
        snprintf(s->words, CONFIG_WORDS, "%s overlaps pool \"%s\"", prefix_text(s->net, one), p->name);
        s->found = true;
        return;
    }
}

static void compare_blocks(struct search *s, const char *user)
{
    char one[PREFIX_TEXT], other[PREFIX_TEXT];
    for (unsigned i = 0; i < s->c->n_user_blocks; i++) {
        const struct config_user *u = &s->c->user_blocks[i];
        for (unsigned k = 0; strcasecmp(u->name, user) != 0 && k < u->routed.n; k++) {
            const struct prefix *o = &s->c->nets[u->routed.at + k];
            if (!overlap(s->net, o))
                continue;
            snprintf(s->words, CONFIG_WORDS, "%s overlaps %s, which the configuration has behind user \"%s\"",
                     prefix_text(s->net, one), prefix_text(o, other), u->name);
            s->found = true;
            return;
        }
    }
}

bool config_host_clash(const struct config *c, const struct prefix *net, char words[CONFIG_WORDS])
{
    struct search s = { c, net, words, false };
    config_host_nets(compare_host, &s);
    return s.found;
}

bool config_routed_clash(const struct config *c, const char *user, const struct prefix *net, char words[CONFIG_WORDS])
{
    struct search s = { c, net, words, false };
    compare_pools(&s);
    if (!s.found)
        compare_blocks(&s, user);
    if (!s.found)
        config_host_nets(compare_host, &s);
    return s.found;
}

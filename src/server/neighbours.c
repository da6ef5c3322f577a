/* Master's part of neighbour proxying (ndp.h): the sockets on the outer interfaces, opened when an interface is there, lent to
 * the first worker that serves, and opened anew when the interface or the configuration has changed. */
#include "server/master_parts.h"

#include "events/events.h"
#include "net/link.h"
#include "net/ndp.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct neighbours_link *named(struct neighbours *n, const char *dev)
{
    for (unsigned i = 0; i < n->n; i++)
        if (strcmp(n->at[i].dev, dev) == 0)
            return &n->at[i];
    return NULL;
}

static void add_net(struct role_ndp *r, const struct prefix *net)
{
    if (net->family && r->n_nets < ROLE_NDP_NETS)
        r->nets[r->n_nets++] = *net;
}

/* The host's own addresses in these networks: no client may have them, and its kernel does not answer for them to us. */
static void add_own(struct role_ndp *r, const char *tunnel)
{
    struct ifaddrs *all, *a;
    if (getifaddrs(&all) < 0)
        return;
    for (a = all; a; a = a->ifa_next) {
        struct sockaddr_in6 six;
        bool other = a->ifa_addr && a->ifa_addr->sa_family == AF_INET6 && strcmp(a->ifa_name, tunnel) != 0;
        if (!other)
            continue;
        memcpy(&six, a->ifa_addr, sizeof(six));
        for (unsigned k = 0; k < r->n_nets && r->n_own < ROLE_NDP_OWN; k++)
            if (prefix_has(&r->nets[k], six.sin6_addr.s6_addr)) {
                r->own[r->n_own++] = prefix_v6(six.sin6_addr.s6_addr, 128);
                break;
            }
    }
    freeifaddrs(all);
}

/* What the configuration wants, with the interfaces as they are now. Zeroed before: it is compared as bytes. */
static void wanted(const struct config *c, struct neighbours *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (unsigned i = 0; i < c->n_pools; i++) {
        const struct config_pool *p = &c->pools[i];
        struct neighbours_link *l = p->ndp_proxy[0] ? named(ret, p->ndp_proxy) : NULL;
        if (!p->ndp_proxy[0])
            continue;
        if (!l) {
            l = &ret->at[ret->n++];
            snprintf(l->dev, sizeof(l->dev), "%s", p->ndp_proxy);
            l->index = nl_link_index(l->dev);
        }
        const struct prefix six = config_pool_ipv6(p);
        add_net(&l->nets, &six);
        add_net(&l->nets, &p->delegate_from);
    }
    for (unsigned i = 0; i < ret->n; i++)
        add_own(&ret->at[i].nets, c->interface);
}

static void close_all(struct master *m)
{
    for (unsigned i = 0; i < m->neighbours.n; i++)
        if (m->neighbour_fds[i] >= 0)
            close(m->neighbour_fds[i]);
    m->neighbours.n = 0;
}

static int open_one(const struct neighbours_link *l)
{
    char err[256] = "there is no such interface";
    int fd = l->index > 0 ? ndp_open(l->index, err) : -1;
    if (fd >= 0)
        event(EV_NDP_PROXY_ON, NULL, F_TEXT("interface", l->dev));
    else
        event(EV_NDP_PROXY_FAILED, NULL, F_TEXT("interface", l->dev), F_TEXT("cause", err));
    return fd < 0 ? -1 : fd;
}

bool neighbours_look(struct master *m)
{
    struct neighbours want;
    wanted(&m->config, &want);
    if (memcmp(&want, &m->neighbours, sizeof(want)) == 0)
        return false;
    close_all(m);
    memcpy(&m->neighbours, &want, sizeof(want));
    for (unsigned i = 0; i < want.n; i++)
        m->neighbour_fds[i] = open_one(&want.at[i]);
    return true;
}

/* One is enough: it knows the owners of all addresses. The first of those that serve, which an upgrade changes. */
static bool is_the_one(const struct master *m, const struct role *worker)
{
    bool first = !worker->fresh && !worker->retiring;
    for (unsigned i = 0; i < m->n_roles; i++) {
        const struct role *r = &m->roles[i];
        first &= r->kind != ROLE_KIND_WORKER || r->fresh || r->retiring || r->index >= worker->index;
    }
    return first;
}

void neighbours_lend(struct master *m, struct role *worker)
{
    uint8_t buf[ROLE_NDP_MAX];
    if (!is_the_one(m, worker))
        return;
    master_say(worker, ROLE_NDP_NONE, 0, slice_of(NULL, 0));
    for (unsigned i = 0; i < m->neighbours.n; i++) {
        struct wr w = wr_of(buf, sizeof(buf));
        role_put_ndp(&w, &m->neighbours.at[i].nets);
        if (m->neighbour_fds[i] >= 0)
            chan_send(
                worker->chan,
                &(struct imsg){ .type = ROLE_NDP, .body = wr_slice(&w), .fds = { m->neighbour_fds[i] }, .n_fds = 1 });
    }
}

void neighbours_tend(struct master *m)
{
    if (!neighbours_look(m))
        return;
    for (unsigned i = 0; i < m->n_roles; i++)
        if (m->roles[i].kind == ROLE_KIND_WORKER && master_running(&m->roles[i]))
            neighbours_lend(m, &m->roles[i]);
}

void neighbours_move(struct master *m)
{
    (void)neighbours_look(m);
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (r->kind == ROLE_KIND_WORKER && master_running(r) && r->retiring && !r->cut)
            master_say(r, ROLE_NDP_NONE, 0, slice_of(NULL, 0));
        else if (master_serving(r))
            neighbours_lend(m, r);
    }
}

void neighbours_close(struct master *m)
{
    close_all(m);
}

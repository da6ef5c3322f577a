/* See host.h. */
#include "server/host.h"

#include "events/events.h"
#include "net/dns.h"
#include "net/link.h"
#include "net/nat.h"

#include <stdio.h>
#include <unistd.h>

void host_init(struct host *h)
{
    *h = (struct host){ .steer = -1 };
    for (unsigned i = 0; i < TUN_QUEUES_MAX; i++)
        h->queues[i] = -1;
}

static void tell_report(struct undo *u)
{
    bool failed;
    const char *line;
    for (unsigned i = 0; (line = undo_report(u, i, &failed)) != NULL; i++)
        event(failed ? EV_UNDO_FAILED : EV_DEBUG, NULL, F_TEXT("undo", line));
}

static bool open_journal(struct host *h, const struct config *c)
{
    char err[256];
    unsigned left = 0;
    int r = undo_open(c->state_dir, c->interface, &h->undo, &left, err);
    if (r < 0) {
        h->undo = NULL;
        event(r == ERR_STATE ? EV_UNDO_BUSY : EV_START_FAILED, NULL, F_TEXT("interface", c->interface),
              F_TEXT("cause", err));
        return false;
    }
    if (left)
        event(EV_LEFTOVERS_UNDONE, NULL, F_TEXT("interface", c->interface), F_NUM("entries", left));
    tell_report(h->undo);
    return true;
}

/* The first address of each pool is the server's own (aditd.conf(5)). */
static int add_addresses(const struct config *c, char err[256])
{
    static const struct prefix none;
    for (unsigned i = 0; i < c->n_pools; i++) {
        if (c->pools[i].ipv4.family != 4)
            continue;
        struct prefix own = prefix_v4(prefix_v4_addr(&c->pools[i].ipv4) + 1, c->pools[i].ipv4.len);
        int r = nl_addr_add(c->interface, &own, &none, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int make_interface(struct host *h, const struct config *c, unsigned queues, char err[256])
{
    struct undo_entry note = { .kind = UNDO_INTERFACE, .name = c->interface };
    if (nl_link_index(c->interface) != 0) { /* looked at before it is written down as ours */
        snprintf(err, 256, "an interface of this name exists already");
        return ERR_DUPLICATE;
    }
    int r = undo_note(h->undo, &note);
    if (r < 0) {
        snprintf(err, 256, "the undo journal cannot be written");
        return r;
    }
    r = tun_create(c->interface, queues, h->queues, err);
    if (r < 0)
        return r;
    h->n_queues = queues;
    h->offload = tun_offload(h->queues[0], TUN_OFFLOADS);
    r = add_addresses(c, err);
    return r < 0 ? r : nl_link_up(c->interface, c->mtu, err);
}

static bool set_up_interface(struct host *h, const struct config *c, unsigned queues)
{
    char err[256] = "";
    if (make_interface(h, c, queues, err) < 0) {
        event(EV_INTERFACE_FAILED, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
        return false;
    }
    event(EV_INTERFACE_UP, NULL, F_TEXT("interface", c->interface), F_NUM("queues", queues), F_NUM("mtu", c->mtu));
    return true;
}

static void set_up_steering(struct host *h, const struct config *c)
{
    char err[256] = "steering = false";
    if (h->n_queues < 2)
        return; /* nothing to choose from */
    if (c->steering && steer_attach(h->queues[0], h->n_queues, &h->steer, err) == 0) {
        event(EV_STEERING_ON, NULL, F_TEXT("interface", c->interface));
        return;
    }
    h->steer = -1;
    event(EV_STEERING_OFF, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
}

/* The interface to the outside: the configured one, or that of the default route; NULL and a warning if there is none. */
static const char *find_outer(const struct config *c, struct nl_route *route)
{
    if (c->outer[0])
        return c->outer;
    if (nl_route_default(4, route) == 0)
        return route->dev;
    event(EV_OUTER_NONE, NULL);
    return NULL;
}

static bool forward(struct host *h, const char *dev)
{
    char err[256];
    if (forward_up(h->undo, dev, err) < 0) {
        event(EV_FORWARDING_FAILED, NULL, F_TEXT("interface", dev), F_TEXT("cause", err));
        return false;
    }
    event(EV_FORWARDING_ON, NULL, F_TEXT("interface", dev));
    return true;
}

static bool set_up_ways_out(struct host *h, const struct config *c)
{
    char err[256];
    struct nl_route route;
    const char *outer = find_outer(c, &route);
    struct nat_conf nat = { .interface = c->interface, .outer = c->nat ? outer : NULL };
    for (unsigned i = 0; i < c->n_pools && nat.n_pools < NAT_POOLS_MAX; i++)
        if (c->pools[i].ipv4.family)
            nat.pools[nat.n_pools++] = c->pools[i].ipv4;
    if (!forward(h, c->interface) || (outer && !forward(h, outer)))
        return false;
    if (nat_up(h->undo, &nat, err) < 0) {
        event(EV_NAT_FAILED, NULL, F_TEXT("cause", err));
        return false;
    }
    if (nat.outer)
        event(EV_NAT_UP, NULL, F_TEXT("interface", nat.outer));
    return true;
}

bool host_up(struct host *h, const struct config *c, unsigned queues)
{
    if (!open_journal(h, c))
        return false;
    if (set_up_interface(h, c, queues)) {
        set_up_steering(h, c);
        if (set_up_ways_out(h, c))
            return true;
    }
    (void)host_down(h);
    return false;
}

bool host_down(struct host *h)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < TUN_QUEUES_MAX; i++) {
        if (h->queues[i] >= 0)
            close(h->queues[i]);
        h->queues[i] = -1;
    }
    if (h->steer >= 0)
        close(h->steer);
    h->steer = -1;
    if (h->undo) {
        failed = undo_all(h->undo);
        tell_report(h->undo);
        undo_free(h->undo);
    }
    h->undo = NULL;
    return failed == 0;
}

void host_resolvers(struct config *c)
{
    struct prefix found[16];
    char text[PREFIX_TEXT];
    unsigned n = c->dns_system ? dns_system(found, 16) : 0;
    for (unsigned i = 0; i < n && c->n_dns < CONFIG_DNS; i++)
        if (found[i].family == 4) /* what IPCP can carry (RFC 1877) */
            c->dns[c->n_dns++] = found[i];
    for (unsigned i = 0; i < c->n_dns; i++)
        event(EV_DNS_CHOSEN, NULL, F_TEXT("server", prefix_text(&c->dns[i], text)));
    if (c->n_dns == 0)
        event(EV_DNS_NONE, NULL);
}

/* Addresses of a LAN that are sessions': the host answers ARP for each there (a proxy neighbour), leads its packets into the
 * tunnel (a route), and lets what is there reach it (an element of the guard's set). See host.h.
 *
 * One line of the undo journal stands for all of a link: so many leases come and go. The routes go with the interface. */
#include "server/host_parts.h"

#include "events/events.h"
#include "net/ether.h"
#include "net/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find(const struct host *h, const struct prefix *addr)
{
    for (unsigned i = 0; i < h->n_leased; i++)
        if (prefix_eq(&h->leased[i], addr))
            return (int)i;
    return -1;
}

static bool append(struct host *h, const struct prefix *addr, const char *link)
{
    struct prefix *leased = realloc(h->leased, (h->n_leased + 1) * sizeof(*leased));
    h->leased = leased ? leased : h->leased;
    struct host_leased *leases = leased ? realloc(h->leases, (h->n_leased + 1) * sizeof(*leases)) : NULL;
    h->leases = leases ? leases : h->leases;
    if (!leases)
        return false;
    h->leased[h->n_leased] = *addr;
    h->leases[h->n_leased] = (struct host_leased){ .stale = false };
    snprintf(h->leases[h->n_leased++].link, sizeof(leases->link), "%s", link);
    return true;
}

static void tell_failure(const struct prefix *addr, const char *link, const char *err)
{
    char text[PREFIX_TEXT];
    event(EV_LAN_HOST_FAILED, NULL, F_TEXT("address", prefix_text(addr, text)), F_TEXT("interface", link),
          F_TEXT("cause", err));
}

static int set_up(struct host *h, const struct config *c, const struct prefix *addr, const char *link, char err[256])
{
    const struct undo_entry note = { .kind = UNDO_PROXIES, .name = link };
    struct nl_route route = { .dst = *addr };
    int r = undo_note(h->undo, &note);
    if (r < 0) {
        snprintf(err, 256, "the undo journal cannot be written");
        return r;
    }
    snprintf(route.dev, sizeof(route.dev), "%s", c->interface);
    r = nl_route_add(&route, err);
    if (r == 0 || r == ERR_DUPLICATE)
        r = nat_leased(c->interface, addr, true, err);
    if (r == 0)
        r = ether_proxy(link, addr, true, err); /* last: what is asked for from now on has a way */
    return r == ERR_DUPLICATE ? 0 : r;
}

void host_leased_up(struct host *h, const struct config *c, const struct prefix *addr, const char *link)
{
    char err[256] = "";
    int at = find(h, addr);
    if (at >= 0) {
        h->leases[at].stale = false; /* authd is a new one */
        return;
    }
    if (!append(h, addr, link)) {
        event(EV_NO_MEMORY, NULL, F_TEXT("for", "a leased address"));
        return;
    }
    if (set_up(h, c, addr, link, err) < 0)
        tell_failure(addr, link, err);
}

static void drop(struct host *h, const struct config *c, unsigned i)
{
    char err[256] = "";
    struct prefix addr = h->leased[i];
    struct host_leased lease = h->leases[i];
    struct nl_route route = { .dst = addr };
    snprintf(route.dev, sizeof(route.dev), "%s", c->interface);
    h->leased[i] = h->leased[--h->n_leased];
    h->leases[i] = h->leases[h->n_leased];
    int r = ether_proxy(lease.link, &addr, false, err);
    if (r < 0 && r != ERR_MISSING)
        tell_failure(&addr, lease.link, err);
    r = nl_route_del(&route, err);
    if (r < 0 && r != ERR_MISSING)
        tell_failure(&addr, lease.link, err);
    if (nat_leased(c->interface, &addr, false, err) < 0)
        tell_failure(&addr, lease.link, err);
}

void host_leased_down(struct host *h, const struct config *c, const struct prefix *addr)
{
    int at = find(h, addr);
    if (at >= 0)
        drop(h, c, (unsigned)at);
}

void host_leased_sweep(struct host *h, const struct config *c)
{
    for (unsigned i = h->n_leased; i-- > 0;)
        if (h->leases[i].stale)
            drop(h, c, i);
}

bool host_leases_on(const struct host *h, const char *link)
{
    for (unsigned i = 0; i < h->n_leased; i++)
        if (strcmp(h->leases[i].link, link) == 0)
            return true;
    return false;
}

/* ---- while it lives ---- */

static void count(void *ctx, const struct prefix *addr)
{
    unsigned *n = ctx;
    (void)addr;
    ++*n;
}

static void check_link(const struct host *h, const char *link, unsigned want)
{
    char err[256] = "";
    unsigned there = 0;
    if (ether_proxies(link, count, &there) < 0 || there >= want)
        return; /* or the link is away: when it comes again */
    event(EV_LAN_PROXIES_LOST, NULL, F_TEXT("interface", link), F_NUM("missing", want - there));
    for (unsigned i = 0; i < h->n_leased; i++) {
        int r = strcmp(h->leases[i].link, link) == 0 ? ether_proxy(link, &h->leased[i], true, err) : 0;
        if (r < 0 && r != ERR_DUPLICATE)
            tell_failure(&h->leased[i], link, err);
    }
}

void host_leased_check(struct host *h)
{
    for (unsigned i = 0; i < h->n_leased; i++) {
        unsigned want = 0;
        bool before = false;
        for (unsigned k = 0; k < h->n_leased; k++) {
            bool same = strcmp(h->leases[k].link, h->leases[i].link) == 0;
            before |= same && k < i;
            want += same;
            if (before)
                break;
        }
        if (!before)
            check_link(h, h->leases[i].link, want);
    }
}

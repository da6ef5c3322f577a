/* See host.h. */
#include "server/host_parts.h"

#include "events/events.h"
#include "net/dns.h"
#include "net/link.h"
#include "net/sysctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOREIGN_EVERY = 15 }; /* of master's looks, which are two seconds apart: large firewalls take long to read */

void host_init(struct host *h)
{
    *h = (struct host){ .steer = -1, .steer_program = -1, .way = -1 };
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

static void close_queues(struct host *h)
{
    for (unsigned i = 0; i < TUN_QUEUES_MAX; i++) {
        if (h->queues[i] >= 0)
            close(h->queues[i]);
        h->queues[i] = -1;
    }
}

/* Workers answer packets that do not fit with the server's own address in the tunnel (dp/stream_odd), which Linux would not
 * believe to a packet that comes in from outside. Nobody else can send it: the gate lets pass a session's own alone. */
static void accept_own_answers(const char *interface)
{
    char path[64];
    snprintf(path, sizeof(path), "net/ipv4/conf/%s/accept_local", interface);
    (void)!sysctl_write(path, "1"); /* it goes with the interface; without it the answers are lost */
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
    r = tun_create_growing(c->interface, queues, h->queues, err);
    if (r < 0)
        return r;
    h->n_queues = queues;
    h->offload = tun_offload(h->queues[0], c->debug.offload ? TUN_OFFLOADS : 0);
    h->index = nl_link_index(c->interface);
    r = nl_link_queue(c->interface, TUN_QUEUE_PACKETS, err);
    accept_own_answers(c->interface);
    if (r == 0)
        r = nl_link_up(c->interface, c->mtu, err); /* routes need it */
    if (r == 0)
        r = host_nets_again(h, c, err);
    return r < 0 ? r : host_nets_add(h, c, err);
}

static bool set_up_interface(struct host *h, const struct config *c, unsigned queues)
{
    char err[256] = "";
    if (make_interface(h, c, queues, err) < 0) {
        if (!h->told_lost)
            event(EV_INTERFACE_FAILED, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
        h->told_lost = true; /* once: it is tried again and again */
        close_queues(h);
        return false;
    }
    h->told_lost = false;
    event(EV_INTERFACE_UP, NULL, F_TEXT("interface", c->interface), F_NUM("queues", queues), F_NUM("mtu", c->mtu));
    return true;
}

static void set_up_steering(struct host *h, const struct config *c)
{
    char err[256] = "steering = false";
    bool one = h->n_queues < 2; /* nothing to choose from; an upgrade adds more, when the right to load is given up */
    if (c->steering && steer_attach(h->queues[0], &h->steer, &h->steer_program, err) == 0) {
        if (!one)
            event(EV_STEERING_ON, NULL, F_TEXT("interface", c->interface));
        return;
    }
    h->steer = -1;
    if (!one)
        event(EV_STEERING_OFF, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
}

/* The interfaces to the outside. */
struct ways {
    char ipv4[16], ipv6[16];
};

/* The configured one, or that of the default route; "" if there is none. IPv6 goes where IPv4 does if it has no route of its
 * own. */
static struct ways find_ways(const struct config *c, bool ipv6)
{
    struct ways w = { "", "" };
    struct nl_route route;
    snprintf(w.ipv4, sizeof(w.ipv4), "%s", c->outer);
    if (!w.ipv4[0] && nl_route_default(4, &route) == 0)
        snprintf(w.ipv4, sizeof(w.ipv4), "%s", route.dev);
    snprintf(w.ipv6, sizeof(w.ipv6), "%s", w.ipv4);
    if (ipv6 && !c->outer[0] && nl_route_default(6, &route) == 0)
        snprintf(w.ipv6, sizeof(w.ipv6), "%s", route.dev);
    return w;
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

bool host_link(struct host *h, const char *link)
{
    return forward(h, link);
}

/* Each interface is named once. */
static void tell_nat(const struct nat_conf *nat)
{
    for (unsigned i = 0; i < nat->n_pools; i++) {
        unsigned k = 0;
        while (strcmp(nat->pools[k].outer, nat->pools[i].outer) != 0)
            k++;
        if (nat->pools[i].outer[0] && k == i)
            event(EV_NAT_UP, NULL, F_TEXT("interface", nat->pools[i].outer));
    }
}

static bool set_up_nat(struct host *h, const struct config *c)
{
    char err[256];
    struct nat_conf nat;
    struct prefix *routed = calloc(h->n_routed + 1, sizeof(*routed));
    if (!routed)
        return false;
    host_nat_conf(h, c, routed, &nat);
    int r = nat_up(h->undo, &nat, err);
    free(routed);
    if (r < 0) {
        event(EV_NAT_FAILED, NULL, F_TEXT("cause", err));
        return false;
    }
    free(h->table);
    h->table = nat_table_text(c->interface);
    host_limits_sync(h, c);
    tell_nat(&nat);
    return true;
}

/* Forwarding where packets come in by, NAT where they leave. */
static bool set_up_ways_out(struct host *h, const struct config *c, const struct ways *w)
{
    snprintf(h->outer, sizeof(h->outer), "%s", w->ipv4);
    snprintf(h->outer6, sizeof(h->outer6), "%s", w->ipv6);
    h->outer_index = w->ipv4[0] ? nl_link_index(w->ipv4) : 0;
    h->outer6_index = w->ipv6[0] ? nl_link_index(w->ipv6) : 0;
    if (w->ipv4[0] && !forward(h, w->ipv4))
        return false;
    for (unsigned i = 0; i < c->n_pools; i++)
        if (c->pools[i].outer[0] && !forward(h, c->pools[i].outer))
            return false;
    return host_forward6(h, c) && set_up_nat(h, c);
}

bool host_up(struct host *h, const struct config *c, unsigned queues)
{
    if (!open_journal(h, c))
        return false;
    if (set_up_interface(h, c, queues)) {
        set_up_steering(h, c);
        struct ways w = find_ways(c, host_has_ipv6(h));
        if (!w.ipv4[0] && !w.ipv6[0])
            event(EV_OUTER_NONE, NULL);
        if (forward(h, c->interface) && set_up_ways_out(h, c, &w)) {
            host_look_foreign(h, c, false);
            return true;
        }
    }
    (void)host_down(h);
    return false;
}

bool host_adopt(struct host *h, const struct config *c, int journal)
{
    char err[256];
    if (undo_adopt(c->state_dir, c->interface, journal, &h->undo, err) < 0) {
        event(EV_START_FAILED, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
        return false;
    }
    h->table = nat_table_text(c->interface);
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool host_down(struct host *h)
{
    unsigned failed = 0;
    close_queues(h);
    close_fd(&h->steer);
    close_fd(&h->steer_program);
    free(h->table);
    h->table = NULL;
    free(h->limits);
    h->limits = NULL;
    h->n_limits = 0;
    free(h->routed);
    h->routed = NULL;
    h->n_routed = 0;
    free(h->leased);
    free(h->leases);
    h->leased = NULL;
    h->leases = NULL;
    h->n_leased = 0;
    if (h->undo) {
        failed = undo_all(h->undo);
        tell_report(h->undo);
        undo_free(h->undo);
    }
    h->undo = NULL;
    return failed == 0;
}

/* ---- while it lives ---- */

bool host_reload(struct host *h, const struct config *c)
{
    char err[256];
    if (host_nets_add(h, c, err) < 0) {
        event(EV_INTERFACE_FAILED, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
        return false;
    }
    struct ways w = find_ways(c, host_has_ipv6(h));
    return set_up_ways_out(h, c, &w);
}

/* Somebody deleted it: the same again, with all addresses; the queues are new. */
static bool check_interface(struct host *h, const struct config *c)
{
    char err[256];
    int index = nl_link_index(c->interface);
    if (index && index == h->index)
        return false;
    if (!h->told_lost)
        event(EV_INTERFACE_LOST, NULL, F_TEXT("interface", c->interface));
    close_queues(h);
    if (!set_up_interface(h, c, h->n_queues))
        return false;
    host_queues_again(h);
    (void)forward(h, c->interface);
    if (h->steer_program >= 0 && steer_again(h->queues[0], h->steer_program, err) < 0)
        event(EV_STEERING_OFF, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
    return true;
}

/* Flushed or edited by hand, or by a firewall's restart: ours is ours. */
static void check_table(struct host *h, const struct config *c)
{
    char *now = nat_table_text(c->interface);
    if (h->table && (!now || strcmp(now, h->table) != 0)) {
        event(EV_NAT_LOST, NULL, F_TEXT("interface", c->interface), F_TEXT("table", now ? "changed" : "gone"));
        (void)set_up_nat(h, c);
    }
    free(now);
}

static bool forwards(const char *path)
{
    char now[16];
    return sysctl_read(path, now, sizeof(now)) < 0 || strcmp(now, "0") != 0;
}

/* Of the interface alone where Linux knows that (net/forward6.c), or of all. */
static bool forwards6(const char *dev)
{
    char path[64], now[16];
    snprintf(path, sizeof(path), "net/ipv6/conf/%s/force_forwarding", dev);
    return (sysctl_read(path, now, sizeof(now)) == 0 && strcmp(now, "1") == 0) ||
           forwards("net/ipv6/conf/all/forwarding");
}

static void check_forwarding_of(struct host *h, const char *dev)
{
    char path[64];
    snprintf(path, sizeof(path), "net/ipv4/conf/%s/forwarding", dev);
    if (!dev[0] || forwards(path))
        return;
    event(EV_FORWARDING_LOST, NULL, F_TEXT("interface", dev));
    (void)forward(h, dev);
}

/* By hand, by another program's end, or by another server with a state_dir of its own, which cannot know of us. */
static void check_forwarding(struct host *h, const struct config *c)
{
    check_forwarding_of(h, c->interface);
    check_forwarding_of(h, h->outer);
    for (unsigned i = 0; i < c->n_pools; i++) {
        check_forwarding_of(h, c->pools[i].outer);
        check_forwarding_of(h, c->pools[i].dhcp);
    }
    if (!h->forwards6 || forwards6(c->interface))
        return;
    event(EV_FORWARDING_LOST, NULL, F_TEXT("interface", c->interface), F_TEXT("family", "IPv6"));
    h->forwards6 = false;
    (void)!host_forward6(h, c);
}

/* Is the way another one, or the same interface come back? No route at all: the old one may come back. */
static bool moved(const char *way, const char *before, int index_before)
{
    int index = way[0] ? nl_link_index(way) : 0;
    return index != 0 && (index != index_before || strcmp(way, before) != 0);
}

/* Forwarding is a setting of the new interface. The address does not matter, masquerading takes the one that is there. */
static void check_outer(struct host *h, const struct config *c)
{
    struct ways w = find_ways(c, host_has_ipv6(h));
    bool m4 = moved(w.ipv4, h->outer, h->outer_index), m6 = moved(w.ipv6, h->outer6, h->outer6_index);
    if (!m4 && !m6)
        return;
    event(EV_OUTER_CHANGED, NULL, F_TEXT("before", m4 ? h->outer : h->outer6),
          F_TEXT("interface", m4 ? w.ipv4 : w.ipv6));
    if (!m4)
        snprintf(w.ipv4, sizeof(w.ipv4), "%s", h->outer);
    if (!m6)
        snprintf(w.ipv6, sizeof(w.ipv6), "%s", h->outer6);
    (void)set_up_ways_out(h, c, &w); /* said once: what it tried is what it has */
}

void host_check(struct host *h, const struct config *c, bool *ret_new_queues)
{
    *ret_new_queues = check_interface(h, c);
    check_table(h, c);
    check_outer(h, c);
    check_forwarding(h, c);
    host_leased_check(h);
    if (h->looks-- == 0) {
        h->looks = FOREIGN_EVERY;
        host_look_foreign(h, c, false);
    }
}

void host_resolvers(struct config *c)
{
    struct prefix found[16];
    char text[PREFIX_TEXT];
    unsigned n = c->dns_system ? dns_system(found, 16) : 0;
    for (unsigned i = 0; i < n && c->n_dns < CONFIG_DNS; i++)
        c->dns[c->n_dns++] = found[i];
    for (unsigned i = 0; i < c->n_dns; i++)
        event(EV_DNS_CHOSEN, NULL, F_TEXT("server", prefix_text(&c->dns[i], text)));
    if (c->n_dns == 0)
        event(EV_DNS_NONE, NULL);
}

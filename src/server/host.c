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

void host_init(struct host *h)
{
    *h = (struct host){ .steer = -1, .steer_program = -1 };
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

/* The interface to the outside: the configured one, or that of the default route; "" if there is none. */
static void find_outer(const struct config *c, char outer[16])
{
    struct nl_route route;
    snprintf(outer, 16, "%s", c->outer);
    if (!outer[0] && nl_route_default(4, &route) == 0)
        snprintf(outer, 16, "%s", route.dev);
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

static bool set_up_nat(struct host *h, const struct config *c, const char *outer)
{
    char err[256];
    struct nat_conf nat;
    struct prefix *routed = calloc(h->n_routed + 1, sizeof(*routed));
    if (!routed)
        return false;
    host_nat_conf(h, c, outer, routed, &nat);
    int r = nat_up(h->undo, &nat, err);
    free(routed);
    if (r < 0) {
        event(EV_NAT_FAILED, NULL, F_TEXT("cause", err));
        return false;
    }
    free(h->table);
    h->table = nat_table_text(c->interface);
    if (nat.outer)
        event(EV_NAT_UP, NULL, F_TEXT("interface", nat.outer));
    return true;
}

/* Forwarding where packets come in by, NAT where they leave. */
static bool set_up_ways_out(struct host *h, const struct config *c, const char *outer)
{
    if (outer[0] && !forward(h, outer))
        return false;
    for (unsigned i = 0; i < c->n_pools; i++)
        if (c->pools[i].outer[0] && !forward(h, c->pools[i].outer))
            return false;
    if (!host_forward6(h, c, outer))
        return false;
    if (!set_up_nat(h, c, outer))
        return false;
    snprintf(h->outer, sizeof(h->outer), "%s", outer);
    h->outer_index = outer[0] ? nl_link_index(outer) : 0;
    return true;
}

bool host_up(struct host *h, const struct config *c, unsigned queues)
{
    char outer[16];
    if (!open_journal(h, c))
        return false;
    if (set_up_interface(h, c, queues)) {
        set_up_steering(h, c);
        find_outer(c, outer);
        if (!outer[0])
            event(EV_OUTER_NONE, NULL);
        if (forward(h, c->interface) && set_up_ways_out(h, c, outer))
            return true;
    }
    (void)host_down(h);
    return false;
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
    free(h->routed);
    h->routed = NULL;
    h->n_routed = 0;
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
    char err[256], outer[16];
    if (host_nets_add(h, c, err) < 0) {
        event(EV_INTERFACE_FAILED, NULL, F_TEXT("interface", c->interface), F_TEXT("cause", err));
        return false;
    }
    find_outer(c, outer);
    return set_up_ways_out(h, c, outer);
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
        (void)set_up_nat(h, c, h->outer);
    }
    free(now);
}

static bool forwards(const char *path)
{
    char now[16];
    return sysctl_read(path, now, sizeof(now)) < 0 || strcmp(now, "0") != 0;
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
    for (unsigned i = 0; i < c->n_pools; i++)
        check_forwarding_of(h, c->pools[i].outer);
    if (!h->forwards6 || forwards("net/ipv6/conf/all/forwarding"))
        return;
    event(EV_FORWARDING_LOST, NULL, F_TEXT("interface", c->interface), F_TEXT("family", "IPv6"));
    h->forwards6 = false;
    (void)!host_forward6(h, c, h->outer);
}

/* Another default route, or the same interface come back: forwarding is a setting of the new one. No route at all: the old
 * one may come back. The address does not matter, masquerading takes the one that is there. */
static void check_outer(struct host *h, const struct config *c)
{
    char outer[16];
    find_outer(c, outer);
    int index = outer[0] ? nl_link_index(outer) : 0;
    if (index == 0 || (index == h->outer_index && strcmp(outer, h->outer) == 0))
        return;
    event(EV_OUTER_CHANGED, NULL, F_TEXT("before", h->outer), F_TEXT("interface", outer));
    if (!set_up_ways_out(h, c, outer))
        h->outer_index = index; /* said once */
}

void host_check(struct host *h, const struct config *c, bool *ret_new_queues)
{
    *ret_new_queues = check_interface(h, c);
    check_table(h, c);
    check_outer(h, c);
    check_forwarding(h, c);
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

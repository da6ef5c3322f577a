/* Routes of the tunnel: what is wanted and not there is added, what is there and not wanted goes; see up.h. */
#include <stdio.h>

#include "client/up_parts.h"
#include "events/events.h"
#include "net/link.h"

static bool is_loopback(const struct prefix *p)
{
    static const uint8_t loopback6[16] = { [15] = 1 };
    return p->family == 4 ? prefix_v4_addr(p) >> 24 == 127 : memcmp(p->addr, loopback6, sizeof loopback6) == 0;
}

/* The server itself stays reachable outside the tunnel; event 14 when it cannot be. */
static int pin_server(struct up *u, char err[256])
{
    struct nl_route now;
    char text[PREFIX_TEXT];
    if (is_loopback(&u->server))
        return 0;
    int n = nl_route_get(&u->server, &now, err);
    if (n == 0) {
        struct nl_route pin = { .dst = u->server, .via = now.via };
        memcpy(pin.dev, now.dev, sizeof pin.dev);
        n = undo_route(u->undo, &pin, err);
    }
    /* A host route that is there already does what ours would, and is not ours to take away. */
    if (n == 0 || n == ERR_DUPLICATE)
        return 0;
    event(EV_CLIENT_SERVER_ROUTE_FAILED, u->call, F_TEXT("server", prefix_text(&u->server, text)),
          F_TEXT("cause", err));
    return n;
}

static struct nl_route route_of(const struct up *u, const struct want_route *w)
{
    struct nl_route r = { .dst = w->to };
    r.unreachable = w->origin == WANT_BLOCK || w->origin == WANT_DELEGATION;
    r.metric = w->origin == WANT_BLOCK ? WANT_BLOCK_METRIC : w->origin == WANT_DELEGATION ? WANT_LAST_METRIC : 0;
    snprintf(r.dev, sizeof r.dev, "%s", r.unreachable ? "lo" : u->opt->interface);
    return r;
}

/* One event a default route: for its first half. */
static void say_set(const struct up *u, const struct want_route *w)
{
    char text[PREFIX_TEXT], server[PREFIX_TEXT];
    switch (w->origin) {
    case WANT_BY_USER:
    case WANT_BY_SERVER:
        event(EV_CLIENT_ROUTES_SET, u->call, F_TEXT("route", prefix_text(&w->to, text)));
        break;
    case WANT_DEFAULT:
        if (w->to.addr[w->to.family == 4 ? 12 : 0] == 0)
            event(EV_CLIENT_ROUTES_SET, u->call, F_TEXT("route", w->to.family == 4 ? "default" : "default (IPv6)"),
                  F_TEXT("server", prefix_text(&u->server, server)));
        break;
    case WANT_BLOCK:
    case WANT_DELEGATION:
        break;
    }
}

/* *ret_set: it is there and ours. */
static int add(struct up *u, const struct want_route *w, bool *ret_set, char err[256])
{
    char text[PREFIX_TEXT];
    struct nl_route r = route_of(u, w), there;
    int n = undo_route(u->undo, &r, err);
    *ret_set = n == 0;
    /* The peer's own address is routed already; any other twin of the route goes somewhere else. */
    if (n == ERR_DUPLICATE && w->to.len == (w->to.family == 4 ? 32 : 128) && nl_route_get(&w->to, &there, err) == 0 &&
        strcmp(there.dev, r.dev) == 0)
        n = 0;
    if (n == 0)
        say_set(u, w);
    else
        event(EV_ROUTE_FAILED, u->call, F_TEXT("route", prefix_text(&w->to, text)), F_TEXT("cause", err));
    return n;
}

static void take_away(struct up *u, const struct want_route *w)
{
    char text[PREFIX_TEXT];
    struct nl_route r = route_of(u, w);
    if (undo_route_back(u->undo, &r) < 0)
        event(EV_ROUTE_FAILED, u->call, F_TEXT("route", prefix_text(&w->to, text)),
              F_TEXT("cause", "it cannot be taken away"));
    else
        event(EV_CLIENT_ROUTE_GONE, u->call, F_TEXT("route", prefix_text(&w->to, text)));
}

static int find(const struct want *w, const struct want_route *r)
{
    for (unsigned i = 0; i < w->n_routes; i++)
        if (prefix_eq(&w->routes[i].to, &r->to) && (w->routes[i].origin == WANT_BLOCK) == (r->origin == WANT_BLOCK) &&
            (w->routes[i].origin == WANT_DELEGATION) == (r->origin == WANT_DELEGATION))
            return (int)i;
    return -1;
}

/* What the user asked for and the tunnel cannot carry is said once. */
static void say_missing(const struct up *u)
{
    char text[PREFIX_TEXT];
    for (unsigned i = 0; i < u->opt->n_routes; i++) {
        bool four = u->opt->routes[i].family == 4;
        if (four ? u->net.ipv4 : u->net.ipv6)
            continue;
        event(EV_CLIENT_NO_ROUTE, u->call, F_TEXT("route", prefix_text(&u->opt->routes[i], text)),
              F_TEXT("cause", four ? "the tunnel carries IPv6 only" : "the tunnel carries IPv4 only"));
    }
}

int up_routes(struct up *u, const struct want *next, bool *set, bool first, char err[256])
{
    int n = first && next->pin ? pin_server(u, err) : 0;
    if (n < 0)
        return n;
    if (first)
        say_missing(u);
    for (unsigned i = 0; i < next->n_routes; i++) {
        int there = first ? -1 : find(&u->now, &next->routes[i]);
        if (there >= 0) {
            set[i] = u->set[there];
            continue;
        }
        n = add(u, &next->routes[i], &set[i], err);
        if (n < 0 && first && next->routes[i].origin != WANT_BY_SERVER && next->routes[i].origin != WANT_DELEGATION)
            return n;
    }
    for (unsigned i = 0; !first && i < u->now.n_routes; i++)
        if (u->set[i] && find(next, &u->now.routes[i]) < 0)
            take_away(u, &u->now.routes[i]);
    return 0;
}

static void drop_block(struct want *w)
{
    unsigned n = 0;
    for (unsigned i = 0; i < w->n_routes; i++)
        if (w->routes[i].origin != WANT_BLOCK)
            w->routes[n++] = w->routes[i];
    w->n_routes = n;
}

/* This host's IPv6 would go around a tunnel whose default route is IPv4's alone. */
void up_check_block(struct up *u, struct want *next)
{
    struct nl_route there;
    if (!next->block6)
        return;
    if (nl_route_default(6, &there) < 0) {
        drop_block(next);
        return;
    }
    if (u->opt->allow_ipv6_outside) {
        if (!u->told_outside)
            event(EV_CLIENT_IPV6_OUTSIDE, u->call, F_TEXT("interface", there.dev));
        u->told_outside = true;
        return;
    }
    if (!u->told_block)
        event(EV_CLIENT_IPV6_BLOCKED, u->call, F_TEXT("interface", there.dev));
    u->told_block = true;
}

/* Bringing the tunnel up on this host; see up.h. Undoing is the journal's business. */
#include "client/up.h"

#include <stdio.h>
#include <unistd.h>

#include "events/events.h"
#include "net/dns.h"
#include "net/link.h"
#include "net/tun.h"

static int make_interface(struct undo *u, const struct up_conf *c, char err[256])
{
    const char *name = c->opt->interface;
    struct prefix our = prefix_v4(c->net.our_addr, 32), peer = prefix_v4(c->net.peer_addr, 32);
    int fd;
    if (nl_link_index(name)) {
        snprintf(err, 256, "an interface %s is there already; choose another name with --interface", name);
        return ERR_DUPLICATE;
    }
    if (undo_note(u, &(struct undo_entry){ .kind = UNDO_INTERFACE, .name = name }) < 0) {
        snprintf(err, 256, "the undo journal in %s cannot be written", c->opt->state_dir);
        return ERR_SYSTEM;
    }
    int n = tun_create(name, 1, &fd, err);
    if (n < 0)
        return n;
    n = nl_link_up(name, c->net.mtu, err);
    /* Some servers give no address of their own, or 1.0.0.1: the peer address is only a label on a point-to-point link. */
    if (n == 0)
        n = nl_addr_add(name, &our, c->net.peer_addr ? &peer : NULL, err);
    if (n < 0) {
        close(fd);
        return n;
    }
    return fd;
}

/* The server itself stays reachable outside the tunnel; event 14 when it cannot be. */
static int pin_server(struct undo *u, const struct up_conf *c, char err[256])
{
    struct nl_route now;
    static const uint8_t loopback6[16] = { [15] = 1 };
    bool loopback = c->server.family == 4 ? prefix_v4_addr(&c->server) >> 24 == 127
                                          : memcmp(c->server.addr, loopback6, sizeof loopback6) == 0;
    if (loopback)
        return 0;
    int n = nl_route_get(&c->server, &now, err);
    if (n < 0)
        return n;
    struct nl_route pin = { .dst = c->server, .via = now.via };
    memcpy(pin.dev, now.dev, sizeof pin.dev);
    n = undo_route(u, &pin, err);
    /* A host route that is there already does what ours would, and is not ours to take away. */
    return n == ERR_DUPLICATE ? 0 : n;
}

/* A /1 pair beats the default route without touching it. */
static int default_route(struct undo *u, const char *dev, char err[256])
{
    for (uint32_t half = 0; half < 2; half++) {
        struct nl_route r = { .dst = prefix_v4(half << 31, 1) };
        snprintf(r.dev, sizeof r.dev, "%s", dev);
        int n = undo_route(u, &r, err);
        if (n < 0)
            return n;
    }
    return 0;
}

/* This host's IPv6 would go around a tunnel that carries IPv4 only: unreachable, but for the server and the local links. */
static int block_ipv6(struct undo *u, const struct up_conf *c, char err[256])
{
    struct nl_route there;
    if (nl_route_default(6, &there) < 0)
        return 0;
    if (c->opt->allow_ipv6_outside) {
        event(EV_CLIENT_IPV6_OUTSIDE, c->call, F_TEXT("interface", there.dev));
        return 0;
    }
    for (unsigned half = 0; half < 2; half++) {
        uint8_t a[16] = { (uint8_t)(half << 7) };
        struct nl_route r = { .dst = prefix_v6(a, 1), .unreachable = true, .dev = "lo" };
        int n = undo_route(u, &r, err);
        if (n < 0)
            return n;
    }
    event(EV_CLIENT_IPV6_BLOCKED, c->call, F_TEXT("interface", there.dev));
    return 0;
}

/* One route that the user asked for. */
static int user_route(struct undo *u, const struct up_conf *c, const struct prefix *dst, char err[256])
{
    char text[PREFIX_TEXT];
    struct nl_route r = { .dst = *dst }, there;
    snprintf(r.dev, sizeof r.dev, "%s", c->opt->interface);
    if (dst->family != 4) {
        event(EV_CLIENT_NO_ROUTE, c->call, F_TEXT("route", prefix_text(dst, text)),
              F_TEXT("cause", "the tunnel carries IPv4 only"));
        return 0;
    }
    int n = undo_route(u, &r, err);
    /* The peer's own address is routed already; any other twin of the route goes somewhere else. */
    if (n == ERR_DUPLICATE && nl_route_get(dst, &there, err) == 0 && strcmp(there.dev, r.dev) == 0)
        n = 0;
    if (n < 0)
        event(EV_ROUTE_FAILED, c->call, F_TEXT("route", prefix_text(dst, text)), F_TEXT("cause", err));
    else
        event(EV_CLIENT_ROUTES_SET, c->call, F_TEXT("route", prefix_text(dst, text)));
    return n;
}

static int set_routes(struct undo *u, const struct up_conf *c, char err[256])
{
    const struct options *o = c->opt;
    char text[PREFIX_TEXT];
    if (o->no_route)
        return 0;
    int n = pin_server(u, c, err);
    if (n < 0) {
        event(EV_CLIENT_SERVER_ROUTE_FAILED, c->call, F_TEXT("server", prefix_text(&c->server, text)),
              F_TEXT("cause", err));
        return n;
    }
    for (unsigned i = 0; n == 0 && i < o->n_routes; i++)
        n = user_route(u, c, &o->routes[i], err);
    if (o->n_routes || n < 0)
        return n;
    n = default_route(u, o->interface, err);
    if (n == 0)
        n = block_ipv6(u, c, err);
    if (n == 0)
        event(EV_CLIENT_ROUTES_SET, c->call, F_TEXT("route", "default"),
              F_TEXT("server", prefix_text(&c->server, text)));
    return n;
}

static void set_dns(struct undo *u, const struct up_conf *c)
{
    struct prefix servers[2];
    unsigned n = 0;
    const char *how = "";
    char err[256], text[PREFIX_TEXT];
    for (unsigned i = 0; i < 2; i++)
        if (c->net.dns[i])
            servers[n++] = prefix_v4(c->net.dns[i], 32);
    if (c->opt->no_dns || n == 0)
        return;
    if (dns_apply(u, c->opt->interface, servers, n, &how, err) < 0)
        event(EV_CLIENT_DNS_FAILED, c->call, F_TEXT("cause", err));
    else
        event(EV_CLIENT_DNS_SET, c->call, F_TEXT("by", how), F_TEXT("first", prefix_text(&servers[0], text)));
}

int up_host(struct undo *u, const struct up_conf *c, unsigned *ret_offload)
{
    char err[256] = "", our[PREFIX_TEXT], peer[PREFIX_TEXT];
    struct prefix a = prefix_v4(c->net.our_addr, 32), b = prefix_v4(c->net.peer_addr, 32);
    int fd = make_interface(u, c, err);
    if (fd < 0) {
        event(EV_INTERFACE_FAILED, c->call, F_TEXT("interface", c->opt->interface), F_TEXT("cause", err));
        return fd;
    }
    int n = set_routes(u, c, err);
    if (n < 0) {
        event(EV_CLIENT_SETUP_FAILED, c->call, F_TEXT("cause", err));
        close(fd);
        return n;
    }
    set_dns(u, c);
    *ret_offload = tun_offload(fd, TUN_OFFLOADS);
    event(EV_CLIENT_INTERFACE_UP, c->call, F_TEXT("interface", c->opt->interface),
          F_TEXT("address", prefix_text(&a, our)), F_TEXT("peer", prefix_text(&b, peer)), F_NUM("mtu", c->net.mtu));
    return fd;
}

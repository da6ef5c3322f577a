/* Bringing the tunnel up on this host, and following what the server says; see up.h. Undoing is the journal's business. */
#include "client/up.h"

#include <stdio.h>
#include <unistd.h>

#include "client/up_parts.h"
#include "events/events.h"
#include "net/dns.h"
#include "net/keep.h"
#include "net/link.h"
#include "net/sysctl.h"
#include "net/tun.h"

/* Our own interface, which goes with all of its settings: the kernel makes no addresses of its own there and takes no
 * advertisements, because the engine does (RFC 4862 over an interface identifier that is not the kernel's). */
static void quiet_ipv6(const char *name)
{
    static const char *const settings[][2] = {
        { "disable_ipv6", "0" },
        { "addr_gen_mode", "1" },
        { "accept_ra", "0" },
        { "autoconf", "0" },
    };
    char path[96];
    for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        snprintf(path, sizeof path, "net/ipv6/conf/%s/%s", name, settings[i][0]);
        if (sysctl_write(path, settings[i][1]) < 0)
            return; /* a kernel without IPv6: giving it an address will say so */
    }
}

static int make_interface(struct up *u, unsigned mtu, char err[256])
{
    const char *name = u->opt->interface;
    int fd;
    if (nl_link_index(name)) {
        snprintf(err, 256, "an interface %s is there already; choose another name with --interface", name);
        return ERR_DUPLICATE;
    }
    if (undo_note(u->undo, &(struct undo_entry){ .kind = UNDO_INTERFACE, .name = name }) < 0) {
        snprintf(err, 256, "the undo journal in %s cannot be written", u->opt->state_dir);
        return ERR_SYSTEM;
    }
    int n = tun_create(name, 1, &fd, err);
    if (n < 0)
        return n;
    quiet_ipv6(name);
    n = nl_link_queue(name, TUN_QUEUE_PACKETS, err);
    if (n == 0)
        n = nl_link_up(name, mtu, err);
    if (n < 0) {
        close(fd);
        return n;
    }
    return fd;
}

static bool has_address(const struct want *w, const struct prefix *p)
{
    for (unsigned i = 0; i < w->n_addr6; i++)
        if (prefix_eq(&w->addr6[i].p, p))
            return true;
    return false;
}

static bool same_address(const struct want *w, const struct net_address *a)
{
    for (unsigned i = 0; i < w->n_addr6; i++)
        if (prefix_eq(&w->addr6[i].p, &a->p) && w->addr6[i].deprecated == a->deprecated)
            return true;
    return false;
}

static int addresses6(struct up *u, const struct want *next, char err[256])
{
    const char *name = u->opt->interface;
    int worst = 0;
    for (unsigned i = 0; i < u->now.n_addr6; i++)
        if (!has_address(next, &u->now.addr6[i].p) && nl_addr_del(name, &u->now.addr6[i].p, err) == ERR_SYSTEM)
            worst = ERR_SYSTEM;
    for (unsigned i = 0; i < next->n_addr6; i++) {
        const struct net_address *a = &next->addr6[i];
        if (!same_address(&u->now, a) && nl_addr_put(name, &a->p, a->deprecated, err) < 0)
            worst = ERR_SYSTEM;
    }
    return worst;
}

static int addresses(struct up *u, const struct want *next, char err[256])
{
    const char *name = u->opt->interface;
    bool same4 = prefix_eq(&next->addr4, &u->now.addr4) && prefix_eq(&next->peer4, &u->now.peer4);
    char text[32];
    int n = 0;
    if (!same4 && u->now.addr4.family)
        n = nl_addr_del(name, &u->now.addr4, err) == ERR_SYSTEM ? ERR_SYSTEM : 0;
    if (n == 0 && !same4 && next->addr4.family)
        n = nl_addr_add(name, &next->addr4, &next->peer4, err);
    if (n < 0)
        return n;
    n = addresses6(u, next, err);
    if (next->mtu6 && next->mtu6 != u->now.mtu6) {
        char path[96];
        snprintf(path, sizeof path, "net/ipv6/conf/%s/mtu", name);
        snprintf(text, sizeof text, "%u", next->mtu6);
        if (sysctl_write(path, text) < 0)
            return snprintf(err, 256, "the MTU of IPv6 cannot be set"), ERR_SYSTEM;
    }
    return n;
}

static bool same_names(const struct want *a, const struct want *b)
{
    bool same = a->n_dns == b->n_dns && a->n_search == b->n_search && a->split == b->split;
    for (unsigned i = 0; same && i < a->n_dns; i++)
        same = prefix_eq(&a->dns[i], &b->dns[i]);
    for (unsigned i = 0; same && i < a->n_search; i++)
        same = strcmp(a->search[i].text, b->search[i].text) == 0;
    return same;
}

static void names(struct up *u, const struct want *next)
{
    const char *search[DNS_NAMES_MAX], *how = "";
    char err[256], text[PREFIX_TEXT];
    struct dns_wish w = { next->dns, next->n_dns, search, next->n_search, next->split };
    if (next->n_dns == 0 || (u->dns_set && same_names(&u->now, next)))
        return; /* resolvers that are gone are not taken away: without any there are no names at all */
    for (unsigned i = 0; i < next->n_search; i++)
        search[i] = next->search[i].text;
    if (dns_set(u->undo, u->opt->interface, &w, &how, err) < 0) {
        event(EV_CLIENT_DNS_FAILED, u->call, F_TEXT("cause", err));
        return;
    }
    u->dns_set = true;
    event(EV_CLIENT_DNS_SET, u->call, F_TEXT("by", how), F_TEXT("first", prefix_text(&next->dns[0], text)),
          F_TEXT("search", next->n_search ? next->search[0].text : NULL),
          F_TEXT("names", next->split ? "split" : "all"));
}

static bool same_delegated(const struct want *a, const struct want *b)
{
    bool same = a->n_delegated == b->n_delegated;
    for (unsigned i = 0; same && i < a->n_delegated; i++)
        same = prefix_eq(&a->delegated[i], &b->delegated[i]);
    return same;
}

/* Said, and written where the user wants it: one prefix a line, an empty file when there is none any more. */
static void delegation(struct up *u, const struct want *next)
{
    char file[NET_DELEGATED * (PREFIX_TEXT + 1)] = "", text[PREFIX_TEXT], err[256];
    if (!u->opt->delegate || same_delegated(&u->now, next))
        return;
    for (unsigned i = 0; i < next->n_delegated; i++) {
        size_t at = strlen(file);
        snprintf(file + at, sizeof file - at, "%s\n", prefix_text(&next->delegated[i], text));
        event(EV_CLIENT_DELEGATED, u->call, F_TEXT("prefix", text));
    }
    if (next->n_delegated == 0)
        event(EV_CLIENT_DELEGATED, u->call, F_TEXT("prefix", "none"));
    if (!u->opt->delegate_file)
        return;
    struct undo_entry e = { .kind = UNDO_FILE, .name = u->opt->delegate_file };
    int n = undo_noted(u->undo, &e) ? undo_take_back(u->undo, &e) : 0;
    if (n == 0)
        n = keep_replace(u->undo, u->opt->delegate_file, slice_str(file), err);
    else
        snprintf(err, sizeof err, "what was written before cannot be taken back");
    if (n < 0)
        event(EV_CLIENT_DELEGATED_FILE, u->call, F_TEXT("file", u->opt->delegate_file), F_TEXT("cause", err));
}

static int settle(struct up *u, bool first, char err[256])
{
    static struct want next;
    static bool set[WANT_ROUTES];
    want_make(u->opt, &u->net, &u->offer, &u->server, &next);
    up_check_block(u, &next);
    memset(set, 0, sizeof set);
    int n = addresses(u, &next, err);
    if (n < 0 && first)
        return n;
    if (n < 0)
        event(EV_CLIENT_SETUP_FAILED, u->call, F_TEXT("cause", err));
    n = up_routes(u, &next, set, first, err);
    if (n < 0)
        return n;
    names(u, &next);
    delegation(u, &next);
    u->now = next;
    memcpy(u->set, set, sizeof set);
    return 0;
}

/* The first address that others may see: for the log. */
static const struct prefix *best6(const struct want *w)
{
    return w->n_addr6 > 1 ? &w->addr6[1].p : w->n_addr6 ? &w->addr6[0].p : NULL;
}

static const char *address_text(const struct prefix *p, char buf[PREFIX_TEXT])
{
    struct prefix bare;
    if (!p || !p->family)
        return NULL;
    bare = *p;
    bare.len = p->family == 4 ? 32 : 128;
    return prefix_text(&bare, buf);
}

int up_host(struct up *u, unsigned *ret_offload)
{
    char err[256] = "", our[PREFIX_TEXT], peer[PREFIX_TEXT], six[PREFIX_TEXT];
    int fd = make_interface(u, u->net.mtu, err);
    if (fd < 0) {
        event(EV_INTERFACE_FAILED, u->call, F_TEXT("interface", u->opt->interface), F_TEXT("cause", err));
        return fd;
    }
    int n = settle(u, true, err);
    if (n < 0) {
        event(EV_CLIENT_SETUP_FAILED, u->call, F_TEXT("cause", err));
        close(fd);
        return n;
    }
    u->made = true;
    *ret_offload = tun_offload(fd, u->opt->no_offload ? 0 : TUN_OFFLOADS);
    event(EV_CLIENT_INTERFACE_UP, u->call, F_TEXT("interface", u->opt->interface),
          F_TEXT("address", address_text(&u->now.addr4, our)), F_TEXT("peer", address_text(&u->now.peer4, peer)),
          F_TEXT("address6", address_text(best6(&u->now), six)), F_NUM("mtu", u->net.mtu));
    return fd;
}

void up_change(struct up *u)
{
    char err[256] = "", text[PREFIX_TEXT];
    const struct prefix *six = best6(&u->now);
    struct prefix before = six ? *six : (struct prefix){ 0 };
    if (settle(u, false, err) < 0)
        event(EV_CLIENT_SETUP_FAILED, u->call, F_TEXT("cause", err));
    six = best6(&u->now);
    if (six && !prefix_eq(six, &before))
        event(EV_CLIENT_ADDRESS, u->call, F_TEXT("address6", address_text(six, text)));
}

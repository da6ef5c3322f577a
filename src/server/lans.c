/* Master's part in pools whose addresses the network's own DHCP server leases: it opens packet sockets on their interfaces
 * and lends them to authd, which has no rights of its own; it looks whether the interfaces are still there; and it does to
 * the host what authd says of leases (host_leased.c). */
#include "server/master_parts.h"

#include "events/events.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct master_lan *named(struct master *m, const char *name)
{
    for (unsigned i = 0; i < m->n_lans; i++)
        if (strcmp(m->lans[i].name, name) == 0)
            return &m->lans[i];
    return NULL;
}

static bool wanted(const struct master *m, const char *name)
{
    for (unsigned i = 0; i < m->config.n_pools; i++)
        if (strcmp(m->config.pools[i].dhcp, name) == 0)
            return true;
    return host_leases_on(&m->host, name); /* of a pool that is no more: those leases are still renewed */
}

static void say(struct role *authd, const struct master_lan *l)
{
    uint8_t buf[64];
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_lan body = { .own = l->is.own.family ? prefix_v4_addr(&l->is.own) : 0 };
    if (!master_running(authd))
        return; /* its successor is told all */
    snprintf(body.name, sizeof(body.name), "%s", l->name);
    memcpy(body.mac, l->is.mac, sizeof(body.mac));
    role_put_lan(&w, &body);
    struct imsg msg = { .type = ROLE_LAN, .body = wr_slice(&w) };
    if (l->there) {
        memcpy(msg.fds, l->fds, sizeof(l->fds));
        msg.n_fds = ETHER_FDS;
    }
    chan_send(authd->chan, &msg);
}

static void close_lan(struct master_lan *l)
{
    for (unsigned i = 0; l->there && i < ETHER_FDS; i++)
        close(l->fds[i]);
    l->there = false;
}

static void gone(struct master *m, struct master_lan *l, const char *why)
{
    if (l->there || !l->told)
        event(EV_LAN_AWAY, NULL, F_TEXT("interface", l->name), F_TEXT("cause", why));
    l->told = true;
    if (!l->there)
        return;
    close_lan(l);
    say(&m->roles[0], l);
}

static bool same(const struct ether *a, const struct ether *b)
{
    return a->index == b->index && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && prefix_eq(&a->own, &b->own);
}

static void look_at(struct master *m, struct master_lan *l)
{
    char err[256] = "";
    struct ether is;
    if (ether_look(l->name, &is, err) < 0) {
        gone(m, l, err);
        return;
    }
    if (l->there && same(&is, &l->is))
        return;
    close_lan(l);
    if (!host_link(&m->host, l->name) || ether_open(&is, l->fds, err) < 0) {
        gone(m, l, err);
        return;
    }
    l->is = is;
    l->there = true;
    l->told = false;
    event(EV_LAN_READY, NULL, F_TEXT("interface", l->name));
    say(&m->roles[0], l);
}

void lans_look(struct master *m)
{
    for (unsigned i = 0; i < m->config.n_pools; i++) {
        const char *name = m->config.pools[i].dhcp;
        if (!name[0] || named(m, name) || m->n_lans == sizeof(m->lans) / sizeof(m->lans[0]))
            continue;
        struct master_lan l = { .there = false };
        memcpy(l.name, name, sizeof(l.name));
        m->lans[m->n_lans++] = l;
    }
    for (unsigned i = 0; i < m->n_lans; i++) {
        struct master_lan *l = &m->lans[i];
        if (wanted(m, l->name)) {
            look_at(m, l);
            continue;
        }
        event(EV_LAN_ENDED, NULL, F_TEXT("interface", l->name));
        close_lan(l);
        say(&m->roles[0], l);
        m->lans[i--] = m->lans[--m->n_lans];
    }
}

void lans_lend(struct master *m, struct role *authd)
{
    for (unsigned i = 0; i < m->n_lans; i++)
        if (m->lans[i].there)
            say(authd, &m->lans[i]);
}

void lans_close(struct master *m)
{
    for (unsigned i = 0; i < m->n_lans; i++)
        close_lan(&m->lans[i]);
    m->n_lans = 0;
}

void lans_lease(struct role *r, const struct imsg *msg)
{
    struct master *m = r->master;
    struct role_lease l;
    if (r->kind != ROLE_KIND_AUTHD || m->stopping)
        return; /* at the end the journal takes back all at once */
    if (role_get_lease(msg->body, &l) < 0 || !named(m, l.link))
        event(EV_ROLE_REFUSED, NULL, F_TEXT("from", "authd"), F_TEXT("cause", "a malformed lease"));
    else if (msg->id)
        host_leased_up(&m->host, &m->config, &l.addr, l.link);
    else
        host_leased_down(&m->host, &m->config, &l.addr);
}

/* The listening sockets: opened by master at the start and with a reload, lent to the workers by their slots. */
#include "server/master_parts.h"

#include "events/events.h"
#include "net/sock.h"
#include "server/roles.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* The roles of a server that was killed need a moment to be gone: a taken port is tried again for a second. */
static int listen_on(const struct config_listen *l, char err[256])
{
    static const struct timespec pause = { .tv_nsec = 50000000 };
    int fd = sock_listen(&l->addr, l->port, 0, err);
    for (unsigned i = 0; fd == ERR_DUPLICATE && i < 20; i++) {
        nanosleep(&pause, NULL);
        fd = sock_listen(&l->addr, l->port, 0, err);
    }
    return fd;
}

/* Binding to [::] works where IPv6 is switched off; only nobody can come. */
static bool switched_off(const struct config_listen *l)
{
    int fd = l->addr.family == 6 ? open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_RDONLY | O_CLOEXEC) : -1;
    char c = '0';
    if (fd < 0)
        return false;
    bool off = read(fd, &c, 1) == 1 && c == '1';
    close(fd);
    return off;
}

/* A host without IPv6 still serves IPv4 (true, and no descriptor); anything else that cannot be had is an error. */
static bool open_one(const struct config_listen *l, struct listening *ret)
{
    char err[256] = "";
    int fd = switched_off(l) ? ERR_MISSING : listen_on(l, err);
    *ret = (struct listening){ .fd = -1, .conf = *l };
    if (fd == ERR_MISSING && l->addr.family == 6) {
        event(EV_LISTEN_NO_IPV6, NULL, F_TEXT("listen", l->text), F_TEXT("cause", err));
        return true;
    }
    if (fd < 0) {
        event(EV_LISTEN_FAILED, NULL, F_TEXT("listen", l->text), F_TEXT("cause", err));
        return false;
    }
    ret->fd = fd;
    event(EV_LISTENING, NULL, F_TEXT("listen", l->text));
    return true;
}

static bool same(const struct config_listen *a, const struct config_listen *b)
{
    return a->port == b->port && prefix_eq(&a->addr, &b->addr);
}

static bool open_already(const struct master *m, const struct config_listen *l)
{
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        if (m->listeners[i].fd >= 0 && same(&m->listeners[i].conf, l))
            return true;
    return false;
}

static bool named(const struct config *c, const struct config_listen *l)
{
    for (unsigned i = 0; i < c->n_listens; i++)
        if (same(&c->listens[i], l))
            return true;
    return false;
}

void listeners_discard(struct listening opened[CONFIG_LISTENS])
{
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        if (opened[i].fd >= 0)
            close(opened[i].fd);
        opened[i].fd = -1;
    }
}

bool listeners_prepare(const struct master *m, const struct config *c, struct listening opened[CONFIG_LISTENS])
{
    unsigned usable = 0;
    bool good = true;
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        opened[i].fd = -1;
    for (unsigned i = 0; good && i < c->n_listens; i++) {
        bool there = open_already(m, &c->listens[i]);
        good = there || open_one(&c->listens[i], &opened[i]);
        usable += there || opened[i].fd >= 0;
    }
    if (good && !usable)
        event(EV_LISTEN_FAILED, NULL, F_TEXT("cause", "no address is left to listen on"));
    if (!good || !usable)
        listeners_discard(opened);
    return good && usable;
}

static void tell_workers(struct master *m, enum role_msg type, uint32_t slot, int fd)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (!master_serving(r))
            continue;
        if (fd >= 0)
            master_lend(r, type, slot, fd);
        else
            master_say(r, type, slot, slice_of(NULL, 0));
    }
}

static void close_unnamed(struct master *m, const struct config *c)
{
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        struct listening *l = &m->listeners[i];
        if (l->fd < 0 || named(c, &l->conf))
            continue;
        tell_workers(m, ROLE_UNLISTEN, i, -1);
        close(l->fd);
        l->fd = -1;
        event(EV_LISTENER_CLOSED, NULL, F_TEXT("listen", l->conf.text));
    }
}

void listeners_swap(struct master *m, const struct config *c, struct listening opened[CONFIG_LISTENS])
{
    close_unnamed(m, c);
    for (unsigned i = 0, slot = 0; i < CONFIG_LISTENS; i++) {
        if (opened[i].fd < 0)
            continue;
        while (m->listeners[slot].fd >= 0)
            slot++; /* there are as many slots as listens */
        m->listeners[slot] = opened[i];
        opened[i].fd = -1;
        tell_workers(m, ROLE_LISTEN, slot, m->listeners[slot].fd);
    }
}

bool listeners_open(struct master *m)
{
    struct listening opened[CONFIG_LISTENS];
    if (!listeners_prepare(m, &m->config, opened))
        return false;
    listeners_swap(m, &m->config, opened);
    return true;
}

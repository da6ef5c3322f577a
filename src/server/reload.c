/* A new configuration without throwing anybody off.
 *
 * Read and checked whole, with its files, certificate and new listening sockets: until all of that has succeeded nothing is
 * changed. Then host, authd and workers get the new snapshot; what cannot change while the server runs is named and keeps
 * its old value. Connections that are there keep the snapshot they began with (snapshot.h). */
#include "server/master_parts.h"

#include "events/events.h"
#include "priv/notify.h"
#include "server/role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t monotonic_usec(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- checking ---- */

bool reload_read(const struct master *m, struct config *ret_c, char first[256])
{
    char *words = NULL, *rest, *line;
    size_t n = 0;
    FILE *f = open_memstream(&words, &n);
    if (!f)
        return false;
    int r = config_reread(m->config.path, m->config.interface, ret_c, f);
    if (fclose(f) != 0)
        r = 2;
    first[0] = 0;
    for (line = words ? strtok_r(words, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest)) {
        if (!first[0])
            snprintf(first, 256, "%s", line);
        event(r ? EV_CONFIG_ERROR : EV_DEBUG, NULL, F_TEXT("cause", line));
    }
    free(words);
    return r == 0;
}

static void needs_restart(const char *key)
{
    event(EV_RELOAD_NEEDS_RESTART, NULL, F_TEXT("key", key));
}

static void keep_text(const char *key, char *now, const char *old, size_t n)
{
    if (strcmp(now, old) != 0)
        needs_restart(key);
    memcpy(now, old, n);
}

/* What is made once: names each that changed, and puts the old value into c. */
void reload_keep_fixed(const struct master *m, struct config *c)
{
    const struct config *old = &m->config;
    keep_text("interface", c->interface, old->interface, sizeof(c->interface));
    keep_text("user", c->user, old->user, sizeof(c->user));
    keep_text("state_dir", c->state_dir, old->state_dir, sizeof(c->state_dir));
    keep_text("debug { sandbox }", c->sandbox, old->sandbox, sizeof(c->sandbox));
    keep_text("control", c->control, old->control, sizeof(c->control));
    keep_text("admin_group", c->admin_group, old->admin_group, sizeof(c->admin_group));
    keep_text("users", c->users, old->users, sizeof(c->users));
    if (c->workers != m->workers_asked)
        needs_restart("workers");
    if (c->steering != old->steering)
        needs_restart("steering");
    if (c->mtu != old->mtu)
        needs_restart("mtu");
    c->workers = old->workers;
    c->steering = old->steering;
    c->mtu = old->mtu;
    if (c->limit.sessions + c->limit.half_open > m->files_for)
        needs_restart("limits { sessions }, for more open files than the workers were started with");
}

static bool has_pool(const struct config *c, const struct prefix *net)
{
    for (unsigned i = 0; i < c->n_pools; i++)
        if (prefix_eq(&c->pools[i].ipv4, net))
            return true;
    return false;
}

static void tell_retired(const struct config *old, const struct config *c)
{
    char text[PREFIX_TEXT];
    for (unsigned i = 0; i < old->n_pools; i++)
        if (old->pools[i].ipv4.family && !has_pool(c, &old->pools[i].ipv4))
            event(EV_POOL_RETIRED, NULL, F_TEXT("pool", old->pools[i].name),
                  F_TEXT("network", prefix_text(&old->pools[i].ipv4, text)));
}

/* ---- putting to use ---- */

static void tell_roles(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        struct role *r = &m->roles[i];
        if (!master_running(r))
            continue; /* its successor is started with the new one */
        if (r->retiring)
            continue; /* it takes no new connections, and may not understand another program's configuration */
        if (r->kind == ROLE_KIND_ADMIN) {
            master_say(r, ROLE_LEVEL, events_level(), slice_of(NULL, 0));
            continue;
        }
        if ((r->kind == ROLE_KIND_WORKER && !master_send_certificate(m, r)) || !master_send_config(m, r))
            event(EV_NO_MEMORY, NULL, F_TEXT("for", "the new configuration"), F_TEXT("role", role_kind_name(r->kind)));
    }
}

static bool host_differs(const struct config *a, const struct config *b)
{
    bool differs = host_limits_differ(a, b) || a->nat != b->nat || a->nat66 != b->nat66 ||
                   strcmp(a->outer, b->outer) != 0 || a->n_pools != b->n_pools;
    for (unsigned i = 0; !differs && i < a->n_pools; i++) {
        const struct config_pool *x = &a->pools[i], *y = &b->pools[i];
        differs = strcmp(x->dhcp, y->dhcp) != 0 || !prefix_eq(&x->ipv4, &y->ipv4) || !prefix_eq(&x->ipv6, &y->ipv6) ||
                  !prefix_eq(&x->delegate_from, &y->delegate_from) || x->nat != y->nat || x->nat66 != y->nat66 ||
                  strcmp(x->outer, y->outer) != 0 || x->ipv6_shared != y->ipv6_shared ||
                  strcmp(x->ndp_proxy, y->ndp_proxy) != 0 || !prefix_eq(&x->nat_to[0], &y->nat_to[0]) ||
                  !prefix_eq(&x->nat_to[1], &y->nat_to[1]);
    }
    return differs;
}

static void put_to_use(struct master *m, const struct config *c, struct cert_files *cert,
                       struct listening opened[CONFIG_LISTENS])
{
    tell_retired(&m->config, c);
    cert_files_free(&m->cert);
    m->cert = *cert;
    m->config = *c;
    role_log_level(&m->config);
    tell_roles(m);
    neighbours_tend(m);
    lans_look(m);
    host_limits_sync(&m->host, &m->config); /* with the resolvers of now */
    listeners_swap(m, &m->config, opened);  /* last: who comes by a new one meets the new configuration */
    host_look_foreign(&m->host, &m->config, true);
    event(EV_RELOADED, NULL, F_TEXT("file", c->path), F_NUM("snapshot", c->number));
}

/* Everything that can fail, before anything is changed. */
static bool prepare(struct master *m, struct config *c, struct cert_files *ret_cert,
                    struct listening opened[CONFIG_LISTENS])
{
    char first[256];
    if (!reload_read(m, c, first))
        return false;
    reload_keep_fixed(m, c);
    c->number = m->config.number + 1;
    if (!cert_files_read(c, ret_cert))
        return false;
    if (!listeners_prepare(m, c, opened)) {
        cert_files_free(ret_cert);
        return false;
    }
    if (!host_differs(&m->config, c) || host_reload(&m->host, c))
        return true;
    listeners_discard(opened);
    cert_files_free(ret_cert);
    return false;
}

bool master_reload(struct master *m)
{
    static struct config c; /* large, and one thread */
    struct cert_files cert;
    struct listening opened[CONFIG_LISTENS];
    if (m->stopping || m->draining || !m->started || m->upgrade.phase != UPGRADE_NONE)
        return false;
    (void)notify_reloading(monotonic_usec());
    bool good = prepare(m, &c, &cert, opened);
    if (good) {
        host_resolvers(&c);
        put_to_use(m, &c, &cert, opened);
    } else {
        event(EV_RELOAD_FAILED, NULL, F_TEXT("file", m->config.path));
    }
    (void)notify_ready();
    return good;
}

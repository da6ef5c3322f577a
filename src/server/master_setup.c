/* What master makes and lends: listeners, interface, certificate, limits, channels; and starting the roles with it. */
#include "server/master_parts.h"

#include "base/secret.h"
#include "dp/handover.h"
#include "events/events.h"
#include "priv/proc.h"
#include "server/authd.h"
#include "server/roles.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef ADIT_VERSION
#define ADIT_VERSION "0.1.0"
#endif

const char *role_kind_name(enum role_kind k)
{
    static const char *const names[] = {
        [ROLE_KIND_AUTHD] = "authd", [ROLE_KIND_WORKER] = "worker", [ROLE_KIND_ADMIN] = "admin"
    };
    return names[k];
}

void master_parts_init(struct master *m, const struct config *c)
{
    *m = (struct master){
        .users_folder = -1, .limits = -1, .control = { .fd = -1 }, .upgrade = { .old_program = -1, .journal = -1 }
    };
    m->config = *c;
    host_init(&m->host);
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        m->listeners[i].fd = -1;
}

/* ---- what is opened ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool master_open(struct master *m)
{
    m->user = roles_user(&m->config);
    if (!m->user || !cert_files_read(&m->config, &m->cert) || !listeners_open(m))
        return false;
    m->users_folder = users_folder_open(&m->config, m->user);
    if (m->users_folder < 0)
        return false;
    m->limits = limits_create();
    if (m->limits < 0 || limits_open(&m->counts, m->limits, 0) < 0) {
        event(EV_SYSTEM_ERROR, NULL, F_TEXT("cause", strerror(errno)));
        return false;
    }
    host_resolvers(&m->config);
    if (!host_up(&m->host, &m->config, m->config.workers))
        return false;
    (void)neighbours_look(m);
    lans_look(m);
    (void)!control_open(m); /* a server without it still serves */
    return true;
}

static void reap(struct master *m)
{
    for (unsigned i = 0; i < m->n_roles; i++) {
        chan_free(m->roles[i].chan);
        m->roles[i].chan = NULL;
        if (m->roles[i].pid > 0)
            waitpid(m->roles[i].pid, NULL, 0);
        m->roles[i].pid = 0;
    }
}

bool master_close(struct master *m)
{
    reap(m);
    control_close(m);
    neighbours_close(m);
    lans_close(m);
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        close_fd(&m->listeners[i].fd);
    close_fd(&m->users_folder);
    close_fd(&m->limits);
    limits_close(&m->counts);
    cert_files_free(&m->cert);
    return host_down(&m->host);
}

/* ---- the roles ---- */

static bool spawn(struct master *m, struct role *r, enum role_kind kind, unsigned index)
{
    char number[16], files[16], title[32];
    const char *args[] = {
        "--user", m->user, "--index", number, "--nofile", files, "--sandbox", m->config.sandbox, NULL
    };
    struct proc_start s = { .role = role_kind_name(kind), .title = title, .args = args };
    int chan;
    /* Each worker may have to carry all: the kernel spreads connections as it likes. */
    unsigned nofile = kind == ROLE_KIND_WORKER ? m->files_for + 256 : 1024;
    snprintf(number, sizeof(number), "%u", index);
    snprintf(files, sizeof(files), "%u", nofile);
    if (kind == ROLE_KIND_WORKER)
        snprintf(title, sizeof(title), "aditd: worker %u", index);
    else
        snprintf(title, sizeof(title), "aditd: %s", role_kind_name(kind));
    if (kind == ROLE_KIND_AUTHD) {
        s.fds = &m->users_folder;
        s.n_fds = 1;
    }
    r->kind = kind;
    r->index = index;
    r->born = loop_now(m->loop);
    r->unanswered = 0;
    r->ready = false;
    r->fd = -1;
    if (proc_spawn(&s, &r->pid, &chan) < 0) {
        event(EV_START_FAILED, NULL, F_TEXT("role", s.role), F_TEXT("cause", strerror(errno)));
        return false;
    }
    snprintf(r->version, sizeof(r->version), "%s", ADIT_VERSION);
    event(EV_ROLE_STARTED, NULL, F_TEXT("role", s.role), F_NUM("index", index), F_NUM("pid", r->pid));
    return master_watch_role(m, r, chan);
}

void master_say(struct role *r, enum role_msg type, uint32_t id, struct slice body)
{
    chan_send(r->chan, &(struct imsg){ .type = type, .id = id, .body = body });
}

/* The channel duplicates a descriptor or sends it at once: ours stays ours. */
void master_lend(struct role *r, enum role_msg type, uint32_t id, int fd)
{
    chan_send(r->chan, &(struct imsg){ .type = type, .id = id, .fds = { fd }, .n_fds = 1 });
}

bool master_send_config(struct master *m, struct role *r)
{
    uint8_t *buf = malloc(CONFIG_ENCODED_MAX);
    size_t n = buf ? config_encode(&m->config, buf, CONFIG_ENCODED_MAX) : 0;
    if (n)
        master_say(r, ROLE_CONFIG, 0, slice_of(buf, n));
    else
        event(EV_INTERNAL, NULL, F_TEXT("cause", "the configuration does not fit into a message"));
    free(buf);
    return n > 0;
}

bool master_send_certificate(struct master *m, struct role *r)
{
    uint8_t *buf = malloc(IMSG_MAX);
    struct wr w = wr_of(buf, buf ? IMSG_MAX : 0);
    struct role_cert c = master_cert(m);
    role_put_cert(&w, &c);
    if (wr_ok(&w))
        master_say(r, ROLE_CERTIFICATE, 0, wr_slice(&w));
    else
        event(EV_INTERNAL, NULL, F_TEXT("cause", "the certificate does not fit into a message"));
    if (buf)
        secret_wipe(buf, IMSG_MAX);
    free(buf);
    return wr_ok(&w);
}

/* A pair between two roles: each end goes to one of them, under the other's number. */
static bool join(struct role *a, enum role_msg to_a, uint32_t id_a, struct role *b, enum role_msg to_b, uint32_t id_b,
                 bool packets)
{
    int fds[2];
    if ((packets ? handover_pair(fds) : imsg_pair(fds)) < 0) {
        event(EV_SYSTEM_ERROR, NULL, F_TEXT("cause", strerror(errno)));
        return false;
    }
    master_lend(a, to_a, id_a, fds[0]);
    master_lend(b, to_b, id_b, fds[1]);
    close(fds[0]);
    close(fds[1]);
    return true;
}

bool master_running(const struct role *r)
{
    return r->pid > 0 && r->chan;
}

static bool running_worker(const struct role *r)
{
    return r->kind == ROLE_KIND_WORKER && master_running(r);
}

bool master_serving(const struct role *r)
{
    return running_worker(r) && !r->retiring;
}

static bool join_authd(struct role *authd, struct role *w)
{
    return join(authd, ROLE_WORKER, w->index, w, ROLE_AUTHD, 0, false);
}

static bool join_admin(struct role *admin, struct role *w)
{
    return join(admin, ROLE_WORKER, w->index, w, ROLE_ADMIN, 0, false);
}

/* A worker's channels to authd and admin, and its ways to all workers that run: those that come later meet it in their
 * turn. */
static bool join_worker(struct master *m, struct role *w)
{
    if (master_running(&m->roles[0]) && !join_authd(&m->roles[0], w))
        return false;
    for (unsigned i = 1; i < m->n_roles; i++) {
        struct role *other = &m->roles[i];
        if (other == w || !master_running(other))
            continue;
        if (other->kind == ROLE_KIND_ADMIN ? !join_admin(other, w)
                                           : !join(w, ROLE_PEER, other->index, other, ROLE_PEER, w->index, true))
            return false;
    }
    return true;
}

static void lend_to_worker(struct master *m, struct role *w)
{
    for (unsigned i = 0; i < CONFIG_LISTENS && !w->fresh; i++)
        if (m->listeners[i].fd >= 0)
            master_lend(w, ROLE_LISTEN, i, m->listeners[i].fd);
    master_lend(w, ROLE_TUN, m->host.offload, m->host.queues[w->index]);
    if (m->host.steer >= 0)
        master_lend(w, ROLE_STEER, 0, m->host.steer);
    master_lend(w, ROLE_LIMITS, 0, m->limits);
    neighbours_lend(m, w);
}

static bool start_worker(struct master *m, struct role *r, unsigned index)
{
    if (!spawn(m, r, ROLE_KIND_WORKER, index) || !master_send_certificate(m, r) || !master_send_config(m, r))
        return false;
    lend_to_worker(m, r);
    if (!join_worker(m, r))
        return false;
    master_say(r, ROLE_START, 0, slice_of(NULL, 0));
    return true;
}

/* It is ready before the first worker asks, and knows how many have something to report. */
static bool start_authd(struct master *m, struct role *r)
{
    unsigned workers = 0;
    host_tell_again(&m->host);
    if (!spawn(m, r, ROLE_KIND_AUTHD, 0) || !master_send_config(m, r))
        return false;
    lans_lend(m, r);
    for (unsigned i = 1; i < m->n_roles; i++)
        workers += running_worker(&m->roles[i]);
    master_say(r, ROLE_START, workers, slice_of(NULL, 0));
    for (unsigned i = 1; i < m->n_roles; i++)
        if (running_worker(&m->roles[i]) && !join_authd(r, &m->roles[i]))
            return false;
    return true;
}

static bool start_admin(struct master *m, struct role *r)
{
    if (!spawn(m, r, ROLE_KIND_ADMIN, 0))
        return false;
    master_lend(r, ROLE_CONTROL, m->control.gid, m->control.fd);
    master_say(r, ROLE_LEVEL, events_level(), slice_of(NULL, 0));
    master_say(r, ROLE_START, 0, slice_of(NULL, 0));
    for (unsigned i = 1; i < m->n_roles; i++)
        if (running_worker(&m->roles[i]) && !join_admin(r, &m->roles[i]))
            return false;
    return true;
}

bool master_start_role(struct role *r)
{
    switch (r->kind) {
    case ROLE_KIND_AUTHD:
        return start_authd(r->master, r);
    case ROLE_KIND_WORKER:
        return start_worker(r->master, r, r->index);
    case ROLE_KIND_ADMIN:
        return start_admin(r->master, r);
    }
    return false;
}

bool master_start_again(struct role *r)
{
    r->restarts++;
    if (master_start_role(r))
        return true;
    if (r->pid > 0)
        kill(r->pid, SIGKILL); /* half made: its end brings the next try */
    return false;
}

bool master_start_roles(struct master *m)
{
    if (!start_authd(m, &m->roles[m->n_roles++]))
        return false;
    for (unsigned i = 0; i < m->config.workers; i++)
        if (!start_worker(m, &m->roles[m->n_roles++], i))
            return false;
    return m->control.fd < 0 || start_admin(m, &m->roles[m->n_roles++]);
}

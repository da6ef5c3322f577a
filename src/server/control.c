/* Master's part of the administration: the socket, made and taken away; what was logged lately; answers and orders.
 *
 * HTTP and JSON are the admin role's business (admin_role.c): what comes here are typed messages without a byte of a
 * caller's in them. Whoever got through there may do what can be asked here. */
#include "server/master_parts.h"

#include "server/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef ADIT_VERSION
#define ADIT_VERSION "0.1.0"
#endif

enum { BACKLOG = 64 };

/* ---- the socket ---- */

static bool control_failed(const struct master *m, const char *cause)
{
    event(EV_CONTROL_FAILED, NULL, F_TEXT("socket", m->config.control), F_TEXT("cause", cause));
    return false;
}

/* A socket that a killed server left is taken away; one behind which somebody listens is not. False: it stays. */
static bool clear_way(const struct sockaddr_un *a)
{
    struct stat st;
    if (lstat(a->sun_path, &st) < 0)
        return errno == ENOENT;
    errno = EEXIST;
    if (!S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool dead = connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 && errno == ECONNREFUSED;
    close(fd);
    errno = EADDRINUSE;
    return dead && unlink(a->sun_path) == 0;
}

/* Nobody but root gets in between bind() and the change of group: the socket is made with mode 0600. */
static bool bind_socket(int fd, const struct sockaddr_un *a, uint32_t gid)
{
    mode_t old = umask(0177);
    bool bound = bind(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;
    umask(old);
    if (!bound)
        return false;
    if (gid != ROLE_NO_GROUP && chown(a->sun_path, (uid_t)-1, gid) < 0)
        return false;
    return chmod(a->sun_path, 0660) == 0 && listen(fd, BACKLOG) == 0;
}

bool control_open(struct master *m)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct group *g = m->config.admin_group[0] ? getgrnam(m->config.admin_group) : NULL;
    if (strlen(m->config.control) >= sizeof(a.sun_path))
        return control_failed(m, "the path is too long");
    if (m->config.admin_group[0] && !g)
        return control_failed(m, "there is no such admin_group");
    memcpy(a.sun_path, m->config.control, strlen(m->config.control) + 1);
    m->control.gid = g ? g->gr_gid : ROLE_NO_GROUP;
    if (!clear_way(&a))
        return control_failed(m, errno == EADDRINUSE ? "another server listens there" : strerror(errno));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !bind_socket(fd, &a, m->control.gid)) {
        control_failed(m, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    m->control.fd = fd;
    event(EV_CONTROL_OPEN, NULL, F_TEXT("socket", a.sun_path), F_TEXT("group", g ? m->config.admin_group : NULL));
    return true;
}

void control_close(struct master *m)
{
    if (m->control.fd < 0)
        return;
    close(m->control.fd);
    m->control.fd = -1;
    (void)unlink(m->config.control);
}

/* ---- what was logged lately ---- */

void control_event(struct master *m, struct slice line)
{
    struct control *c = &m->control;
    size_t n = line.n < ADMIN_LINE ? line.n : ADMIN_LINE;
    memcpy(c->lines[c->next_line].text, line.p, n);
    c->lines[c->next_line].n = (uint16_t)n;
    c->next_line = (c->next_line + 1) % ADMIN_LINES;
    c->n_lines += c->n_lines < ADMIN_LINES;
}

static void put_lines(struct wr *w, const struct control *c)
{
    unsigned first = (c->next_line + ADMIN_LINES - c->n_lines) % ADMIN_LINES;
    for (unsigned i = 0; i < c->n_lines; i++) {
        unsigned k = (first + i) % ADMIN_LINES;
        admin_put_line(w, slice_of(c->lines[k].text, c->lines[k].n));
    }
}

/* ---- answers ---- */

/* Resident memory of a process of ours, from proc_pid_statm(5); 0: not to be had. */
static uint64_t memory_of(pid_t pid)
{
    char path[32], text[128];
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *resident = strchr(text, ' ');
    return resident ? strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void add_role(struct admin_status *s, const char *kind, const struct role *r, pid_t pid, msec age)
{
    struct admin_role *a = &s->roles[s->n_roles++];
    snprintf(a->kind, sizeof(a->kind), "%s", kind);
    a->index = r ? r->index : 0;
    a->restarts = r ? r->restarts : 0;
    a->pid = (uint32_t)pid;
    a->memory = pid > 0 ? memory_of(pid) : 0;
    a->age_ms = age;
    snprintf(a->version, sizeof(a->version), "%s", r ? r->version : ADIT_VERSION);
    a->retiring = r && r->retiring;
}

static void fill_status(const struct master *m, struct admin_status *s)
{
    msec now = loop_now(m->loop);
    *s = (struct admin_status){ .snapshot = m->config.number, .uptime_ms = now - m->began, .draining = m->draining };
    snprintf(s->version, sizeof(s->version), "%s", ADIT_VERSION);
    snprintf(s->config, sizeof(s->config), "%s", m->config.path);
    snprintf(s->interface, sizeof(s->interface), "%s", m->config.interface);
    snprintf(s->log_level, sizeof(s->log_level), "%s", event_level_name(events_level()));
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        if (m->listeners[i].fd >= 0)
            snprintf(s->listens[s->n_listens++], sizeof(s->listens[0]), "%s", m->listeners[i].conf.text);
    add_role(s, "master", NULL, getpid(), s->uptime_ms);
    for (unsigned i = 0; i < m->n_roles; i++) {
        const struct role *r = &m->roles[i];
        if (role_vacant(r))
            continue;
        add_role(s, role_kind_name(r->kind), r, r->pid, r->pid > 0 ? now - r->born : 0);
        if (r->retiring && r->retire_by > now)
            s->roles[s->n_roles - 1].left_ms = r->retire_by - now;
    }
}

static void answer(const struct role *r, enum admin_msg type, uint32_t id, const struct wr *body)
{
    if (!wr_ok(body))
        event(EV_INTERNAL, NULL, F_TEXT("cause", "an answer to admin did not fit"), F_NUM("type", type));
    else if (r->chan)
        chan_send(r->chan, &(struct imsg){ .type = type, .id = id, .body = wr_slice(body) });
}

static void tell_status(const struct role *r, uint32_t id)
{
    static struct admin_status s;
    static uint8_t buf[IMSG_MAX];
    struct wr w = wr_of(buf, sizeof(buf)), lines = wr_of(buf, sizeof(buf));
    fill_status(r->master, &s);
    admin_put_status(&w, &s);
    answer(r, ADMIN_STATUS, id, &w);
    put_lines(&lines, &r->master->control);
    answer(r, ADMIN_EVENTS, id, &lines);
}

void control_done(const struct role *r, uint32_t id, enum admin_outcome outcome, const char *words)
{
    uint8_t buf[520];
    struct wr w = wr_of(buf, sizeof(buf));
    admin_put_done(&w, outcome, words);
    answer(r, ADMIN_DONE, id, &w);
}

/* ---- orders ---- */

static void drain(const struct role *r, uint32_t id)
{
    struct master *m = r->master;
    if (m->stopping || m->upgrade.phase != UPGRADE_NONE) {
        control_done(r, id, ADMIN_OUTCOME_REFUSED,
                     m->stopping ? "the server is stopping" : "the server is being upgraded");
        return;
    }
    control_done(r, id, ADMIN_OUTCOME_DONE, m->draining ? "the server drains already" : "");
    master_drain(m);
}

/* What was wrong stands in the log, line by line, as with SIGHUP; whoever asked can read the last events. */
static void reload(struct role *r, uint32_t id)
{
    struct master *m = r->master;
    if (m->draining || m->stopping)
        control_done(r, id, ADMIN_OUTCOME_REFUSED, "the server takes no new connections any more");
    else if (m->upgrade.phase != UPGRADE_NONE)
        control_done(r, id, ADMIN_OUTCOME_REFUSED, "the server is being upgraded");
    else if (!master_reload(m))
        control_done(r, id, ADMIN_OUTCOME_REFUSED,
                     "the new configuration cannot be used, nothing was changed; the log says why, and aditd --check");
    else
        control_done(r, id, ADMIN_OUTCOME_DONE, "");
}

static void set_level(const struct role *r, const struct imsg *msg)
{
    uint32_t level;
    if (admin_get_count(msg->body, &level) < 0 || level > EVENT_DEBUG) {
        control_done(r, msg->id, ADMIN_OUTCOME_REFUSED, "there is no such level");
        return;
    }
    master_log_level(r->master, (enum event_level)level);
    event(EV_LOG_LEVEL, NULL, F_TEXT("level", event_level_name((enum event_level)level)));
    control_done(r, msg->id, ADMIN_OUTCOME_DONE, "");
}

void control_asked(struct role *r, const struct imsg *msg)
{
    if (msg->type == ADMIN_ASK_STATUS)
        tell_status(r, msg->id);
    else if (msg->type == ADMIN_DRAIN)
        drain(r, msg->id);
    else if (msg->type == ADMIN_LOG_LEVEL)
        set_level(r, msg);
    else if (msg->type == ADMIN_RELOAD)
        reload(r, msg->id);
    else if (msg->type == ADMIN_UPGRADE)
        upgrade_begin(r->master, r, msg->id);
}

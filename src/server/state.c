/* See state.h. The reader believes nothing: a state that does not fit exactly is refused whole. */
#include "server/state.h"

#include "base/secret.h"
#include "net/write.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_MAGIC = 0x61646975, OWN_MAX = CONFIG_ENCODED_MAX + IMSG_MAX, ROUTED_MAX = 1 << 16, LEASED_MAX = 1 << 16 };

#ifndef ADIT_VERSION
#define ADIT_VERSION "0.1.0"
#endif

/* ---- parts ---- */

static void put_fd(struct wr *w, int fd)
{
    wr_u32(w, fd < 0 ? UINT32_MAX : (uint32_t)fd);
}

static int get_fd(struct rd *r)
{
    uint32_t n = rd_u32(r);
    r->bad |= n != UINT32_MAX && (n < 3 || n > 1 << 20);
    return n == UINT32_MAX || r->bad ? -1 : (int)n;
}

static unsigned get_count(struct rd *r, unsigned max)
{
    unsigned n = rd_u32(r);
    r->bad |= n > max;
    return r->bad ? 0 : n;
}

/* What is made once, and named if the new configuration wants it otherwise (reload_keep_fixed). */
static void put_fixed(struct wr *w, const struct master *m)
{
    const struct config *c = &m->config;
    wr_text(w, c->path, sizeof(c->path));
    wr_text(w, c->interface, sizeof(c->interface));
    wr_text(w, c->user, sizeof(c->user));
    wr_text(w, c->state_dir, sizeof(c->state_dir));
    wr_text(w, c->sandbox, sizeof(c->sandbox));
    wr_text(w, c->control, sizeof(c->control));
    wr_text(w, c->admin_group, sizeof(c->admin_group));
    wr_text(w, c->users, sizeof(c->users));
    wr_u32(w, c->workers);
    wr_u32(w, m->workers_asked);
    wr_u8(w, c->steering);
    wr_u16(w, c->mtu);
    wr_u32(w, c->number);
    wr_u32(w, m->files_for);
    wr_u64(w, m->began);
}

static void get_fixed(struct rd *r, struct master *m)
{
    struct config *c = &m->config;
    rd_text(r, c->path, sizeof(c->path));
    rd_text(r, c->interface, sizeof(c->interface));
    rd_text(r, c->user, sizeof(c->user));
    rd_text(r, c->state_dir, sizeof(c->state_dir));
    rd_text(r, c->sandbox, sizeof(c->sandbox));
    rd_text(r, c->control, sizeof(c->control));
    rd_text(r, c->admin_group, sizeof(c->admin_group));
    rd_text(r, c->users, sizeof(c->users));
    c->workers = get_count(r, TUN_QUEUES_MAX);
    m->workers_asked = rd_u32(r);
    c->steering = rd_bool(r);
    c->mtu = rd_u16(r);
    c->number = rd_u32(r);
    m->files_for = rd_u32(r);
    m->began = rd_u64(r);
}

static void put_listeners(struct wr *w, const struct master *m)
{
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        const struct listening *l = &m->listeners[i];
        put_fd(w, l->fd);
        if (l->fd < 0)
            continue;
        wr_text(w, l->conf.text, sizeof(l->conf.text));
        prefix_put(w, &l->conf.addr);
        wr_u16(w, l->conf.port);
    }
}

static void get_listeners(struct rd *r, struct master *m)
{
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        struct listening *l = &m->listeners[i];
        l->fd = get_fd(r);
        if (l->fd < 0)
            continue;
        rd_text(r, l->conf.text, sizeof(l->conf.text));
        prefix_get(r, &l->conf.addr);
        l->conf.port = rd_u16(r);
    }
}

/* ---- roles ---- */

static void put_role(struct wr *w, const struct role *p)
{
    wr_u8(w, (unsigned)p->kind);
    wr_u32(w, p->index);
    wr_u32(w, (uint32_t)p->pid);
    put_fd(w, p->chan ? chan_fd(p->chan) : p->fd);
    wr_u8(w, p->ready);
    wr_u64(w, p->born);
    wr_u32(w, p->deaths);
    wr_u32(w, p->restarts);
    wr_text(w, p->version, sizeof(p->version));
    wr_u8(w, p->retiring);
    wr_u8(w, p->cut);
    wr_u64(w, p->retire_by);
}

static void get_role(struct rd *r, struct role *p)
{
    unsigned kind = rd_u8(r);
    r->bad |= kind > ROLE_KIND_ADMIN;
    p->kind = (enum role_kind)kind;
    p->index = get_count(r, TUN_QUEUES_MAX - 1);
    p->pid = (pid_t)get_count(r, INT32_MAX);
    p->fd = get_fd(r);
    p->ready = rd_bool(r);
    p->born = rd_u64(r);
    p->deaths = rd_u32(r);
    p->restarts = rd_u32(r);
    rd_text(r, p->version, sizeof(p->version));
    p->retiring = rd_bool(r);
    p->cut = rd_bool(r);
    p->retire_by = rd_u64(r);
}

static bool kept(const struct role *p)
{
    return !role_vacant(p) && !p->fresh;
}

static void put_roles(struct wr *w, const struct master *m)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < m->n_roles; i++)
        n += kept(&m->roles[i]);
    wr_u32(w, n);
    for (unsigned i = 0; i < m->n_roles; i++)
        if (kept(&m->roles[i]))
            put_role(w, &m->roles[i]);
}

static void get_roles(struct rd *r, struct master *m)
{
    m->n_roles = get_count(r, sizeof(m->roles) / sizeof(m->roles[0]));
    for (unsigned i = 0; rd_ok(r) && i < m->n_roles; i++) {
        get_role(r, &m->roles[i]);
        m->roles[i].master = m;
        r->bad |= (i == 0) != (m->roles[i].kind == ROLE_KIND_AUTHD);
    }
}

/* ---- the host ---- */

static void put_routed(struct wr *w, const struct host *h)
{
    wr_u32(w, h->n_routed);
    for (unsigned i = 0; i < h->n_routed; i++) {
        prefix_put(w, &h->routed[i].net);
        wr_u32(w, h->routed[i].worker);
        wr_u64(w, h->routed[i].session);
        wr_u8(w, h->routed[i].led);
    }
}

static void get_routed(struct rd *r, struct host *h)
{
    unsigned n = get_count(r, ROUTED_MAX);
    h->routed = n ? calloc(n, sizeof(*h->routed)) : NULL;
    r->bad |= n && !h->routed;
    for (unsigned i = 0; rd_ok(r) && i < n; i++) {
        prefix_get(r, &h->routed[i].net);
        h->routed[i].worker = rd_u32(r);
        h->routed[i].session = rd_u64(r);
        h->routed[i].led = rd_bool(r);
        h->n_routed = i + 1;
    }
}

static void put_limits(struct wr *w, const struct host *h)
{
    wr_u32(w, h->n_limits);
    for (unsigned i = 0; i < h->n_limits; i++) {
        struct role_limit l = { .own = h->limits[i].own, .scope = h->limits[i].scope };
        memcpy(l.name, h->limits[i].name, sizeof(l.name));
        size_t at = wr_mark_u16(w), before = wr_len(w);
        role_put_limit(w, &l);
        wr_patch_u16(w, at, (unsigned)(wr_len(w) - before));
    }
}

static void get_limits(struct rd *r, struct host *h)
{
    unsigned n = get_count(r, ROUTED_MAX);
    h->limits = n ? calloc(n, sizeof(*h->limits)) : NULL;
    r->bad |= n && !h->limits;
    for (unsigned i = 0; rd_ok(r) && i < n; i++) {
        struct role_limit l;
        r->bad |= role_get_limit(rd_take(r, rd_u16(r)), &l) < 0;
        if (!rd_ok(r))
            return;
        h->limits[i] = (struct host_limit){ .own = l.own, .scope = l.scope };
        memcpy(h->limits[i].name, l.name, sizeof(l.name));
        h->n_limits = i + 1;
    }
}

static void put_leased(struct wr *w, const struct host *h)
{
    wr_u32(w, h->n_leased);
    for (unsigned i = 0; i < h->n_leased; i++) {
        prefix_put(w, &h->leased[i]);
        wr_text(w, h->leases[i].link, sizeof(h->leases[i].link));
    }
}

static void get_leased(struct rd *r, struct host *h)
{
    unsigned n = get_count(r, LEASED_MAX);
    h->leased = n ? calloc(n, sizeof(*h->leased)) : NULL;
    h->leases = n ? calloc(n, sizeof(*h->leases)) : NULL;
    r->bad |= n && (!h->leased || !h->leases);
    for (unsigned i = 0; rd_ok(r) && i < n; i++) {
        prefix_get(r, &h->leased[i]);
        rd_text(r, h->leases[i].link, sizeof(h->leases[i].link));
        h->n_leased = i + 1;
    }
}

static void put_host(struct wr *w, const struct master *m)
{
    const struct host *h = &m->host;
    put_fd(w, h->undo ? undo_fd(h->undo) : m->upgrade.journal);
    wr_u32(w, h->n_queues);
    for (unsigned i = 0; i < h->n_queues; i++) {
        put_fd(w, h->queues[i]);
        wr_u8(w, h->parked[i]);
    }
    wr_u32(w, h->offload);
    put_fd(w, h->steer);
    put_fd(w, h->steer_program);
    wr_u32(w, (uint32_t)(h->way + 1));
    wr_u32(w, (uint32_t)h->index);
    wr_text(w, h->outer, sizeof(h->outer));
    wr_u32(w, (uint32_t)h->outer_index);
    wr_text(w, h->outer6, sizeof(h->outer6));
    wr_u32(w, (uint32_t)h->outer6_index);
    wr_u32(w, h->n_nets);
    for (unsigned i = 0; i < h->n_nets; i++)
        prefix_put(w, &h->nets[i]);
    put_routed(w, h);
    put_leased(w, h);
    put_limits(w, h);
    wr_u8(w, h->forwards6);
}

static void get_host(struct rd *r, struct master *m)
{
    struct host *h = &m->host;
    m->upgrade.journal = get_fd(r);
    h->n_queues = get_count(r, TUN_QUEUES_MAX);
    for (unsigned i = 0; i < h->n_queues; i++) {
        h->queues[i] = get_fd(r);
        h->parked[i] = rd_bool(r);
    }
    h->offload = get_count(r, TUN_OFFLOADS);
    h->steer = get_fd(r);
    h->steer_program = get_fd(r);
    h->way = (int)get_count(r, TUN_QUEUES_MAX) - 1;
    h->index = (int)get_count(r, INT32_MAX);
    rd_text(r, h->outer, sizeof(h->outer));
    h->outer_index = (int)get_count(r, INT32_MAX);
    rd_text(r, h->outer6, sizeof(h->outer6));
    h->outer6_index = (int)get_count(r, INT32_MAX);
    h->n_nets = get_count(r, NAT_POOLS_MAX);
    for (unsigned i = 0; i < h->n_nets; i++)
        prefix_get(r, &h->nets[i]);
    get_routed(r, h);
    get_leased(r, h);
    get_limits(r, h);
    h->forwards6 = rd_bool(r);
}

/* ---- the rest ---- */

static void put_lines(struct wr *w, const struct control *c)
{
    unsigned first = (c->next_line + ADMIN_LINES - c->n_lines) % ADMIN_LINES;
    put_fd(w, c->fd);
    wr_u32(w, c->gid);
    wr_u32(w, c->n_lines);
    for (unsigned i = 0; i < c->n_lines; i++) {
        unsigned k = (first + i) % ADMIN_LINES;
        wr_u16(w, c->lines[k].n);
        wr_bytes(w, c->lines[k].text, c->lines[k].n);
    }
}

static void get_lines(struct rd *r, struct master *m)
{
    m->control.fd = get_fd(r);
    m->control.gid = rd_u32(r);
    unsigned n = get_count(r, ADMIN_LINES);
    for (unsigned i = 0; rd_ok(r) && i < n; i++) {
        struct slice line = rd_take(r, rd_u16(r));
        r->bad |= line.n > ADMIN_LINE;
        if (rd_ok(r))
            control_event(m, line);
    }
}

static void put_upgrade(struct wr *w, const struct upgrade *u)
{
    wr_text(w, u->program, sizeof(u->program));
    put_fd(w, u->old_program);
    wr_u8(w, u->back);
    wr_u8(w, u->asked);
    wr_u32(w, u->ask);
    wr_text(w, u->words, sizeof(u->words));
    wr_u32(w, (uint32_t)u->own_n);
    wr_bytes(w, u->own, u->own_n);
}

static void get_upgrade(struct rd *r, struct upgrade *u)
{
    rd_text(r, u->program, sizeof(u->program));
    u->old_program = get_fd(r);
    u->back = rd_bool(r);
    u->asked = rd_bool(r);
    u->ask = rd_u32(r);
    rd_text(r, u->words, sizeof(u->words));
    struct slice own = rd_take(r, get_count(r, OWN_MAX));
    u->own = rd_ok(r) && own.n ? malloc(own.n) : NULL;
    r->bad |= own.n && !u->own;
    if (u->own)
        memcpy(u->own, own.p, own.n);
    u->own_n = u->own ? own.n : 0;
}

void state_put(struct wr *w, const struct master *m)
{
    wr_u32(w, STATE_MAGIC);
    wr_u64(w, state_fingerprint());
    wr_text(w, ADIT_VERSION, sizeof(m->upgrade.from));
    state_put_body(w, m);
}

void state_put_body(struct wr *w, const struct master *m)
{
    put_fixed(w, m);
    put_listeners(w, m);
    put_fd(w, m->users_folder);
    put_fd(w, m->limits);
    put_host(w, m);
    put_roles(w, m);
    put_lines(w, &m->control);
    put_upgrade(w, &m->upgrade);
}

static void get_all(struct rd *r, struct master *m)
{
    get_fixed(r, m);
    get_listeners(r, m);
    m->users_folder = get_fd(r);
    m->limits = get_fd(r);
    get_host(r, m);
    get_roles(r, m);
    get_lines(r, m);
    get_upgrade(r, &m->upgrade);
}

int state_get(struct slice bytes, struct master *m)
{
    struct rd r = rd_slice(bytes);
    if (rd_u32(&r) != STATE_MAGIC)
        return ERR_VALUE;
    uint64_t fingerprint = rd_u64(&r);
    rd_text(&r, m->upgrade.from, sizeof(m->upgrade.from));
    if (rd_ok(&r) && fingerprint != state_fingerprint())
        return ERR_VERSION;
    get_all(&r, m);
    if (rd_finish(&r) == 0 && m->n_roles > 0)
        return 0;
    free(m->host.routed);
    free(m->host.leased);
    free(m->host.leases);
    free(m->host.limits);
    m->host.limits = NULL;
    m->host.n_limits = m->host.n_routed = 0;
    m->host.leased = NULL;
    m->host.leases = NULL;
    m->host.n_leased = 0;
    free(m->upgrade.own);
    m->host.routed = NULL;
    m->upgrade.own = NULL;
    return rd_finish(&r) < 0 ? rd_finish(&r) : ERR_VALUE;
}

/* ---- what only its writer reads ---- */

int state_put_own(struct master *m)
{
    uint8_t *buf = malloc(OWN_MAX);
    struct wr w = wr_of(buf, buf ? OWN_MAX : 0);
    size_t n = buf ? config_encode(&m->config, buf + 4, CONFIG_ENCODED_MAX) : 0;
    struct role_cert cert = master_cert(m);
    wr_u32(&w, (uint32_t)n);
    (void)wr_room(&w, n); /* it is there already */
    role_put_cert(&w, &cert);
    if (n && wr_ok(&w)) {
        free(m->upgrade.own);
        m->upgrade.own = buf;
        m->upgrade.own_n = wr_len(&w);
        return 0;
    }
    free(buf);
    return buf ? ERR_NOBUF : ERR_NOMEM;
}

static int copy(struct slice s, uint8_t **ret, size_t *ret_n)
{
    *ret = s.n ? malloc(s.n) : NULL;
    if (!*ret)
        return s.n ? ERR_NOMEM : ERR_VALUE;
    memcpy(*ret, s.p, s.n);
    *ret_n = s.n;
    return 0;
}

int state_get_own(struct master *m)
{
    static struct config c; /* large, and one thread */
    struct rd r = rd_of(m->upgrade.own, m->upgrade.own_n);
    struct role_cert cert;
    struct cert_files files = { 0 };
    int e = config_decode(rd_take(&r, rd_u32(&r)), &c);
    if (e == 0)
        e = role_get_cert(rd_rest(&r), &cert);
    if (e == 0)
        e = copy(cert.chain, &files.chain, &files.chain_len);
    if (e == 0)
        e = copy(cert.key, &files.key, &files.key_len);
    if (e < 0) {
        cert_files_free(&files);
        return e;
    }
    m->config = c;
    m->cert = files;
    return 0;
}

/* ---- the memfd ---- */

int state_write(const struct master *m)
{
    uint8_t *buf = malloc(STATE_MAX);
    struct wr w = wr_of(buf, buf ? STATE_MAX : 0);
    state_put(&w, m);
    int fd = wr_ok(&w) ? memfd_create("adit-state", MFD_CLOEXEC) : ERR_NOBUF;
    if (fd >= 0 && (write_all(fd, wr_slice(&w)) < 0 || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        fd = ERR_SYSTEM;
    }
    if (buf)
        secret_wipe(buf, STATE_MAX); /* the certificate's key */
    free(buf);
    return fd < 0 && fd != ERR_NOBUF ? ERR_SYSTEM : fd;
}

int state_read(int fd, struct master *m)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > STATE_MAX)
        return ERR_VALUE;
    size_t n = (size_t)st.st_size;
    uint8_t *buf = malloc(n);
    int r = !buf ? ERR_NOMEM : pread(fd, buf, n, 0) == (ssize_t)n ? state_get(slice_of(buf, n), m) : ERR_SYSTEM;
    if (buf)
        secret_wipe(buf, n);
    free(buf);
    return r;
}

void state_each_fd(const struct master *m, void (*fn)(void *ctx, int fd), void *ctx)
{
    const struct host *h = &m->host;
    const int single[] = { m->users_folder,
                           m->limits,
                           m->control.fd,
                           m->upgrade.old_program,
                           h->steer,
                           h->steer_program,
                           h->undo ? undo_fd(h->undo) : m->upgrade.journal };
    for (unsigned i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        fn(ctx, single[i]);
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        fn(ctx, m->listeners[i].fd);
    for (unsigned i = 0; i < h->n_queues; i++)
        fn(ctx, h->queues[i]);
    for (unsigned i = 0; i < m->n_roles; i++)
        if (kept(&m->roles[i]))
            fn(ctx, m->roles[i].chan ? chan_fd(m->roles[i].chan) : m->roles[i].fd);
}

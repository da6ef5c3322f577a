/* See msgs.h. The receivers are confined roles, the senders too: nothing is believed that does not fit exactly. */
#include "admin/msgs.h"

#define N(rules) (sizeof(rules) / sizeof((rules)[0]))

enum { WORKER_BYTES = 3 * 4 + 9 * 8, END_MIN = 8 + 2, USER_MIN = 2 + 2 };

/* clang-format off */
static const struct imsg_rule to_worker[] = {
    /* type            phase  min           max                            fds */
    { ADMIN_LIST,       1,    4,            4,                             0, "list of sessions" },
    { ADMIN_ONE,        1,    8,            8,                             0, "one session" },
    { ADMIN_NUMBERS,    1,    0,            0,                             0, "numbers" },
    { ADMIN_END,        1,    END_MIN,      END_MIN + ADMIN_REASON,        0, "end of a session" },
    { ADMIN_END_USER,   1,    USER_MIN,     USER_MIN + AUTH_NAME_MAX + ADMIN_REASON, 0, "end of a user's sessions" },
};
static const struct imsg_rule from_worker[] = {
    { ADMIN_SESSIONS,   1,    6,            IMSG_MAX,                      0, "sessions" },
    { ADMIN_WORKER,     1,    WORKER_BYTES, WORKER_BYTES,                  0, "a worker's numbers" },
    { ADMIN_ENDED,      1,    4,            4,                             0, "number of sessions ended" },
};
static const struct imsg_rule to_master[] = {
    { ADMIN_ASK_STATUS, 1,    0,            0,                             0, "question for the status" },
    { ADMIN_DRAIN,      1,    0,            0,                             0, "order to drain" },
    { ADMIN_RELOAD,     1,    0,            0,                             0, "order to reload" },
    { ADMIN_UPGRADE,    1,    0,            0,                             0, "order to upgrade" },
    { ADMIN_LOG_LEVEL,  1,    4,            4,                             0, "log level" },
};
static const struct imsg_rule from_master[] = {
    { ADMIN_STATUS,     1,    16,           IMSG_MAX,                      0, "status" },
    { ADMIN_EVENTS,     1,    0,            IMSG_MAX,                      0, "events" },
    { ADMIN_DONE,       1,    3,            520,                           0, "how an order went" },
};
/* clang-format on */

const struct admin_rules admin_to_worker = { to_worker, N(to_worker) };
const struct admin_rules worker_to_admin = { from_worker, N(from_worker) };
const struct admin_rules admin_to_master = { to_master, N(to_master) };
const struct admin_rules master_to_admin = { from_master, N(from_master) };

/* ---- questions and orders ---- */

void admin_put_cursor(struct wr *w, uint32_t cursor)
{
    wr_u32(w, cursor);
}

int admin_get_cursor(struct slice body, uint32_t *ret_cursor)
{
    struct rd r = rd_slice(body);
    uint32_t v = rd_u32(&r);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_cursor = v;
    return 0;
}

void admin_put_handle(struct wr *w, uint64_t handle)
{
    wr_u64(w, handle);
}

int admin_get_handle(struct slice body, uint64_t *ret_handle)
{
    struct rd r = rd_slice(body);
    uint64_t v = rd_u64(&r);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_handle = v;
    return 0;
}

void admin_put_end(struct wr *w, uint64_t handle, const char *reason)
{
    wr_u64(w, handle);
    wr_text(w, reason, ADMIN_REASON);
}

int admin_get_end(struct slice body, uint64_t *ret_handle, char reason[ADMIN_REASON])
{
    struct rd r = rd_slice(body);
    char text[ADMIN_REASON];
    uint64_t handle = rd_u64(&r);
    rd_text(&r, text, sizeof(text));
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_handle = handle;
    memcpy(reason, text, sizeof(text));
    return 0;
}

void admin_put_end_user(struct wr *w, const char *user, const char *reason)
{
    wr_text(w, user, AUTH_NAME_MAX);
    wr_text(w, reason, ADMIN_REASON);
}

int admin_get_end_user(struct slice body, char user[AUTH_NAME_MAX], char reason[ADMIN_REASON])
{
    struct rd r = rd_slice(body);
    char name[AUTH_NAME_MAX], text[ADMIN_REASON];
    rd_text(&r, name, sizeof(name));
    rd_text(&r, text, sizeof(text));
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    if (!name[0])
        return ERR_VALUE;
    memcpy(user, name, sizeof(name));
    memcpy(reason, text, sizeof(text));
    return 0;
}

void admin_put_count(struct wr *w, uint32_t n)
{
    wr_u32(w, n);
}

int admin_get_count(struct slice body, uint32_t *ret_n)
{
    return admin_get_cursor(body, ret_n);
}

/* ---- sessions ---- */

void admin_begin_sessions(struct wr *w)
{
    wr_zero(w, 6);
}

/* The head's place was left free by admin_begin_sessions(). */
void admin_end_sessions(struct wr *w, uint32_t next, unsigned n)
{
    wr_patch_u16(w, 0, next >> 16);
    wr_patch_u16(w, 2, next & 0xffff);
    wr_patch_u16(w, 4, n);
}

int admin_get_sessions(struct slice body, struct rd *ret_r, uint32_t *ret_next, unsigned *ret_n)
{
    struct rd r = rd_slice(body);
    uint32_t next = rd_u32(&r);
    unsigned n = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    *ret_r = r;
    *ret_next = next;
    *ret_n = n;
    return 0;
}

void admin_put_session(struct wr *w, const struct admin_session *s)
{
    wr_u64(w, s->handle);
    wr_text(w, s->user, sizeof(s->user));
    wr_text(w, s->call, sizeof(s->call));
    wr_text(w, s->peer, sizeof(s->peer));
    wr_text(w, s->local, sizeof(s->local));
    wr_text(w, s->method, sizeof(s->method));
    wr_text(w, s->tls, sizeof(s->tls));
    wr_text(w, s->cipher, sizeof(s->cipher));
    wr_text(w, s->hash, sizeof(s->hash));
    wr_text(w, s->ident, sizeof(s->ident));
    wr_u8(w, s->n_prefixes);
    for (unsigned i = 0; i < s->n_prefixes; i++)
        prefix_put(w, &s->prefixes[i]);
    wr_u16(w, s->mtu);
    wr_u16(w, s->mru);
    wr_u32(w, s->snapshot);
    const uint64_t n[] = { s->age_ms,      s->bytes_in, s->bytes_out, s->packets_in,
                           s->packets_out, s->drops,    s->rate_in,   s->rate_out };
    for (unsigned i = 0; i < N(n); i++)
        wr_u64(w, n[i]);
}

static void get_session_texts(struct rd *r, struct admin_session *s)
{
    rd_text(r, s->user, sizeof(s->user));
    rd_text(r, s->call, sizeof(s->call));
    rd_text(r, s->peer, sizeof(s->peer));
    rd_text(r, s->local, sizeof(s->local));
    rd_text(r, s->method, sizeof(s->method));
    rd_text(r, s->tls, sizeof(s->tls));
    rd_text(r, s->cipher, sizeof(s->cipher));
    rd_text(r, s->hash, sizeof(s->hash));
    rd_text(r, s->ident, sizeof(s->ident));
}

int admin_next_session(struct rd *r, struct admin_session *ret_s)
{
    struct admin_session s = { .handle = rd_u64(r) };
    get_session_texts(r, &s);
    s.n_prefixes = rd_u8(r);
    r->bad |= s.n_prefixes > ADMIN_PREFIXES;
    for (unsigned i = 0; rd_ok(r) && i < s.n_prefixes; i++)
        prefix_get(r, &s.prefixes[i]);
    s.mtu = rd_u16(r);
    s.mru = rd_u16(r);
    s.snapshot = rd_u32(r);
    uint64_t *const n[] = { &s.age_ms,      &s.bytes_in, &s.bytes_out, &s.packets_in,
                            &s.packets_out, &s.drops,    &s.rate_in,   &s.rate_out };
    for (unsigned i = 0; i < N(n); i++)
        *n[i] = rd_u64(r);
    if (!rd_ok(r))
        return ERR_TRUNCATED;
    *ret_s = s;
    return 0;
}

/* ---- numbers ---- */

void admin_put_worker(struct wr *w, const struct admin_worker *n)
{
    const uint64_t large[] = { n->bytes_in, n->bytes_out, n->packets_in, n->packets_out, n->drops,
                               n->rate_in,  n->rate_out,  n->accepted,   n->ended };
    wr_u32(w, n->sessions);
    wr_u32(w, n->connections);
    wr_u32(w, n->half_open);
    for (unsigned i = 0; i < N(large); i++)
        wr_u64(w, large[i]);
}

int admin_get_worker(struct slice body, struct admin_worker *ret_n)
{
    struct rd r = rd_slice(body);
    struct admin_worker n;
    uint64_t *const large[] = { &n.bytes_in, &n.bytes_out, &n.packets_in, &n.packets_out, &n.drops,
                                &n.rate_in,  &n.rate_out,  &n.accepted,   &n.ended };
    n.sessions = rd_u32(&r);
    n.connections = rd_u32(&r);
    n.half_open = rd_u32(&r);
    for (unsigned i = 0; i < N(large); i++)
        *large[i] = rd_u64(&r);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_n = n;
    return 0;
}

/* ---- status ---- */

static void put_role(struct wr *w, const struct admin_role *p)
{
    wr_text(w, p->kind, sizeof(p->kind));
    wr_u32(w, p->index);
    wr_u32(w, p->pid);
    wr_u32(w, p->restarts);
    wr_u64(w, p->memory);
    wr_u64(w, p->age_ms);
    wr_text(w, p->version, sizeof(p->version));
    wr_u8(w, p->retiring);
    wr_u64(w, p->left_ms);
}

static void get_role(struct rd *r, struct admin_role *p)
{
    rd_text(r, p->kind, sizeof(p->kind));
    p->index = rd_u32(r);
    p->pid = rd_u32(r);
    p->restarts = rd_u32(r);
    p->memory = rd_u64(r);
    p->age_ms = rd_u64(r);
    rd_text(r, p->version, sizeof(p->version));
    p->retiring = rd_bool(r);
    p->left_ms = rd_u64(r);
}

void admin_put_status(struct wr *w, const struct admin_status *s)
{
    wr_text(w, s->version, sizeof(s->version));
    wr_text(w, s->config, sizeof(s->config));
    wr_text(w, s->interface, sizeof(s->interface));
    wr_text(w, s->log_level, sizeof(s->log_level));
    wr_u32(w, s->snapshot);
    wr_u64(w, s->uptime_ms);
    wr_u8(w, s->draining);
    wr_u8(w, s->n_listens);
    for (unsigned i = 0; i < s->n_listens; i++)
        wr_text(w, s->listens[i], sizeof(s->listens[i]));
    wr_u16(w, s->n_roles);
    for (unsigned i = 0; i < s->n_roles; i++)
        put_role(w, &s->roles[i]);
}

int admin_get_status(struct slice body, struct admin_status *ret_s)
{
    struct rd r = rd_slice(body);
    static struct admin_status s; /* large, and nothing runs beside us */
    memset(&s, 0, sizeof(s));
    rd_text(&r, s.version, sizeof(s.version));
    rd_text(&r, s.config, sizeof(s.config));
    rd_text(&r, s.interface, sizeof(s.interface));
    rd_text(&r, s.log_level, sizeof(s.log_level));
    s.snapshot = rd_u32(&r);
    s.uptime_ms = rd_u64(&r);
    s.draining = rd_bool(&r);
    s.n_listens = rd_u8(&r);
    r.bad |= s.n_listens > ADMIN_LISTENS;
    for (unsigned i = 0; rd_ok(&r) && i < s.n_listens; i++)
        rd_text(&r, s.listens[i], sizeof(s.listens[i]));
    s.n_roles = rd_u16(&r);
    r.bad |= s.n_roles > ADMIN_ROLES;
    for (unsigned i = 0; rd_ok(&r) && i < s.n_roles; i++)
        get_role(&r, &s.roles[i]);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_s = s;
    return 0;
}

void admin_put_line(struct wr *w, struct slice line)
{
    size_t n = line.n < ADMIN_LINE ? line.n : ADMIN_LINE;
    wr_u16(w, (unsigned)n);
    wr_bytes(w, line.p, n);
}

int admin_next_line(struct rd *r, struct slice *ret_line)
{
    if (rd_end(r))
        return 0;
    struct slice line = rd_take(r, rd_u16(r));
    if (!rd_ok(r) || line.n > ADMIN_LINE)
        return ERR_TRUNCATED;
    *ret_line = line;
    return 1;
}

void admin_put_done(struct wr *w, enum admin_outcome outcome, const char *words)
{
    wr_u8(w, (unsigned)outcome);
    wr_text(w, words, sizeof(((struct admin_done *)0)->words));
}

int admin_get_done(struct slice body, struct admin_done *ret_d)
{
    struct rd r = rd_slice(body);
    struct admin_done d;
    unsigned outcome = rd_u8(&r);
    rd_text(&r, d.words, sizeof(d.words));
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    if (outcome > ADMIN_OUTCOME_MISSING)
        return ERR_VALUE;
    d.outcome = (enum admin_outcome)outcome;
    *ret_d = d;
    return 0;
}

/* A worker's answers to admin: its sessions in parts, its numbers, and ending sessions at an administrator's word.
 *
 * No answer costs more than a part of the table of connections or one short walk over it. admin is not believed to be
 * well: what it says wrongly ends the channel, not the worker. */
#include "server/conn.h"

#include "admin/msgs.h"
#include "crypto/binding.h"
#include "events/events.h"
#include "ppp/link.h"

#include <stdio.h>

enum {
    SAMPLE = 2000,      /* ms between two samples */
    PART_SESSIONS = 54, /* in one message */
    PART_SLOTS = 4096,  /* looked at for one message */
};

/* ---- samples ---- */

static void count_add(struct stream_count *sum, const struct stream_count *n)
{
    sum->bytes_in += n->bytes_in;
    sum->bytes_out += n->bytes_out;
    sum->packets_in += n->packets_in;
    sum->packets_out += n->packets_out;
    for (unsigned i = 0; i < DROP_REASONS; i++)
        sum->drops.n[i] += n->drops.n[i];
}

void conn_count_gone(const struct conn *c)
{
    if (!c->up)
        return;
    c->w->stats.ended++;
    count_add(&c->w->stats.gone, &c->stream.count);
}

struct sample {
    msec passed;
    uint64_t rate_in, rate_out;
};

static void sample_one(void *ctx, void *thing)
{
    struct sample *s = ctx;
    struct conn *c = thing;
    const struct stream_count *n = &c->stream.count;
    c->rate_in = (n->bytes_in - c->seen_in) * 1000 / s->passed;
    c->rate_out = (n->bytes_out - c->seen_out) * 1000 / s->passed;
    c->seen_in = n->bytes_in;
    c->seen_out = n->bytes_out;
    s->rate_in += c->rate_in;
    s->rate_out += c->rate_out;
}

static void on_sample(void *ctx)
{
    struct worker *w = ctx;
    msec now = loop_now(w->loop);
    struct sample s = { .passed = now > w->stats.sampled ? now - w->stats.sampled : 1 };
    slab_each(&w->conns, sample_one, &s);
    w->stats.sampled = now;
    w->stats.rate_in = s.rate_in;
    w->stats.rate_out = s.rate_out;
    timer_set(w->stats.timer, now + SAMPLE);
}

int worker_stats_start(struct worker *w)
{
    w->stats.timer = timer_new(w->loop, on_sample, w);
    if (!w->stats.timer)
        return ERR_NOMEM;
    w->stats.sampled = loop_now(w->loop);
    timer_set(w->stats.timer, w->stats.sampled + SAMPLE);
    return 0;
}

/* ---- answers ---- */

static void answer(struct worker *w, enum admin_msg type, uint32_t id, const struct wr *body)
{
    if (!wr_ok(body))
        event(EV_INTERNAL, NULL, F_TEXT("cause", "an answer to admin did not fit"), F_NUM("type", type));
    else if (w->admin)
        chan_send(w->admin, &(struct imsg){ .type = type, .id = id, .body = wr_slice(body) });
}

static bool is_session(const struct conn *c)
{
    return c->up && !c->over;
}

static void describe(const struct conn *c, struct admin_session *s)
{
    const struct stream_count *n = &c->stream.count;
    *s = (struct admin_session){ .handle = c->handle,
                                 .mtu = c->mtu,
                                 .mru = link_peer_mru(&c->stream.tunnel.link),
                                 .snapshot = c->params.snapshot,
                                 .age_ms = loop_now(c->w->loop) - c->up_at,
                                 .bytes_in = n->bytes_in,
                                 .bytes_out = n->bytes_out,
                                 .packets_in = n->packets_in,
                                 .packets_out = n->packets_out,
                                 .drops = drops_sum(&n->drops),
                                 .rate_in = c->rate_in,
                                 .rate_out = c->rate_out };
    snprintf(s->user, sizeof(s->user), "%s", conn_user(c));
    snprintf(s->call, sizeof(s->call), "%s", c->call);
    snprintf(s->peer, sizeof(s->peer), "%s", c->peer_text);
    snprintf(s->local, sizeof(s->local), "%s", c->local_text);
    snprintf(s->method, sizeof(s->method), "%s", auth_method_name(c->method));
    snprintf(s->tls, sizeof(s->tls), "%s", tls_version(stream_tls(&c->stream)));
    snprintf(s->cipher, sizeof(s->cipher), "%s", tls_cipher(stream_tls(&c->stream)));
    snprintf(s->hash, sizeof(s->hash), "%s", c->hash == BINDING_SHA256 ? "SHA-256" : "SHA-1");
    snprintf(s->ident, sizeof(s->ident), "%s", c->ident);
    s->n_prefixes = c->params.n_prefixes < ADMIN_PREFIXES ? c->params.n_prefixes : ADMIN_PREFIXES;
    for (unsigned i = 0; i < s->n_prefixes; i++)
        s->prefixes[i] = c->params.prefixes[i];
}

static void put_conn(struct wr *w, const struct conn *c)
{
    struct admin_session s;
    describe(c, &s);
    admin_put_session(w, &s);
}

static uint8_t part[PART_SESSIONS * ADMIN_SESSION + 6];
_Static_assert(sizeof(part) <= IMSG_MAX, "a part fits into a message");

static void tell_part(struct worker *w, uint32_t id, uint32_t cursor)
{
    struct wr body = wr_of(part, sizeof(part));
    uint32_t slots = w->conns.n, at = cursor, n = 0;
    admin_begin_sessions(&body);
    for (uint32_t seen = 0; at < slots && n < PART_SESSIONS && seen < PART_SLOTS; at++, seen++) {
        const struct conn *c = w->conns.slots[at].thing;
        if (!c || !is_session(c))
            continue;
        put_conn(&body, c);
        n++;
    }
    admin_end_sessions(&body, at < slots ? at : 0, n);
    answer(w, ADMIN_SESSIONS, id, &body);
}

static void tell_one(struct worker *w, uint32_t id, uint64_t handle)
{
    struct wr body = wr_of(part, sizeof(part));
    const struct conn *c = conn_get(w, handle);
    bool there = c && is_session(c);
    admin_begin_sessions(&body);
    if (there)
        put_conn(&body, c);
    admin_end_sessions(&body, 0, there);
    answer(w, ADMIN_SESSIONS, id, &body);
}

struct tally {
    struct admin_worker n;
    struct stream_count count;
};

static void tally_one(void *ctx, void *thing)
{
    struct tally *t = ctx;
    const struct conn *c = thing;
    t->n.connections++;
    t->n.half_open += c->half_open;
    t->n.sessions += is_session(c);
    if (c->up)
        count_add(&t->count, &c->stream.count);
}

static void tell_numbers(struct worker *w, uint32_t id)
{
    uint8_t buf[128];
    struct wr body = wr_of(buf, sizeof(buf));
    struct tally t = { .count = w->stats.gone };
    slab_each(&w->conns, tally_one, &t);
    t.n.bytes_in = t.count.bytes_in;
    t.n.bytes_out = t.count.bytes_out;
    t.n.packets_in = t.count.packets_in;
    t.n.packets_out = t.count.packets_out;
    t.n.drops = drops_sum(&t.count.drops) + drops_sum(&w->plane.drops);
    t.n.rate_in = w->stats.rate_in;
    t.n.rate_out = w->stats.rate_out;
    t.n.accepted = w->stats.accepted;
    t.n.ended = w->stats.ended;
    admin_put_worker(&body, &t.n);
    answer(w, ADMIN_WORKER, id, &body);
}

/* ---- ends ---- */

static void end_conn(struct conn *c, const char *reason)
{
    const char *words = reason[0] ? reason : "ended by an administrator";
    event(EV_SESSION_ENDED, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text),
          F_TEXT("reason", words));
    conn_end(c, words);
}

static void tell_ended(struct worker *w, uint32_t id, uint32_t n)
{
    uint8_t buf[4];
    struct wr body = wr_of(buf, sizeof(buf));
    admin_put_count(&body, n);
    answer(w, ADMIN_ENDED, id, &body);
}

static int end_one(struct worker *w, const struct imsg *m)
{
    uint64_t handle;
    char reason[ADMIN_REASON];
    int r = admin_get_end(m->body, &handle, reason);
    if (r < 0)
        return r;
    struct conn *c = conn_get(w, handle);
    bool there = c && is_session(c);
    if (there)
        end_conn(c, reason);
    tell_ended(w, m->id, there);
    return 0;
}

struct user_end {
    const char *user, *reason;
    uint32_t n;
};

/* Names are equal without case (ASCII), as in the database. Calls that are still being made end as well. */
static void end_if_users(void *ctx, void *thing)
{
    struct user_end *e = ctx;
    struct conn *c = thing;
    if (c->over || !c->user || strcasecmp(c->user, e->user) != 0)
        return;
    e->n += c->up;
    end_conn(c, e->reason);
}

static int end_user(struct worker *w, const struct imsg *m)
{
    char user[AUTH_NAME_MAX], reason[ADMIN_REASON];
    int r = admin_get_end_user(m->body, user, reason);
    if (r < 0)
        return r;
    struct user_end e = { user, reason, 0 };
    slab_each(&w->conns, end_if_users, &e);
    tell_ended(w, m->id, e.n);
    return 0;
}

/* ---- the channel ---- */

static int obey(struct worker *w, const struct imsg *m)
{
    uint32_t cursor;
    uint64_t handle;
    int r = 0;
    if (m->type == ADMIN_LIST) {
        r = admin_get_cursor(m->body, &cursor);
        if (r == 0)
            tell_part(w, m->id, cursor);
    } else if (m->type == ADMIN_ONE) {
        r = admin_get_handle(m->body, &handle);
        if (r == 0)
            tell_one(w, m->id, handle);
    } else if (m->type == ADMIN_NUMBERS) {
        tell_numbers(w, m->id);
    } else if (m->type == ADMIN_END) {
        r = end_one(w, m);
    } else if (m->type == ADMIN_END_USER) {
        r = end_user(w, m);
    }
    return r;
}

static void on_admin_lost(void *ctx, int err)
{
    struct worker *w = ctx;
    (void)err;
    chan_free(w->admin);
    w->admin = NULL;
}

static void on_admin(void *ctx, struct imsg *m)
{
    struct worker *w = ctx;
    const char *why = imsg_check(admin_to_worker.rules, admin_to_worker.n, ADMIN_PHASE, m);
    int r = why ? 0 : obey(w, m);
    if (r < 0)
        why = err_str(r);
    if (!why)
        return;
    event(EV_ROLE_REFUSED, NULL, F_TEXT("from", "admin"), F_TEXT("cause", why));
    on_admin_lost(w, ERR_VALUE);
}

int worker_meet_admin(struct worker *w, int fd)
{
    chan_free(w->admin);
    w->admin = chan_new(w->loop, fd, on_admin, on_admin_lost, w);
    return w->admin ? 0 : ERR_NOMEM;
}

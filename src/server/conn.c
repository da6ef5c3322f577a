/* The life of a connection: accept, what drives it (socket, timer, TUN, authd), the end. See conn.h; what the stream
 * says is handled in conn_event.c. */
#include "server/conn.h"

#include "events/events.h"
#include "tls/prim_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    USER_TIMEOUT = 120000, /* ms that the kernel waits for an acknowledgement; the hello timer is sooner */
    FAR = 10000,
    GRAIN = 500, /* ms, likewise */
};

struct conn *conn_get(struct worker *w, uint64_t handle)
{
    return slab_get(&w->conns, handle);
}

/* A correlation id as Windows makes them (RFC 9562 5.4), until the client sends its own. */
static void make_call_id(char call[CONN_CALL])
{
    uint8_t b[16];
    prim_random(NULL, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(call, CONN_CALL, "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", b[0], b[1], b[2],
             b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static void conn_free(struct conn *c)
{
    struct worker *w = c->w;
    turns_remove(&w->turns, &c->turn);
    slab_remove(&w->conns, c->handle);
    if (c->asked && !c->over)
        conn_report(c, ROLE_DOWN, "cut");
    if (c->up)
        plane_disown(&w->plane, c->handle, &c->params);
    conn_count_gone(c);
    if (c->half_open)
        limits_settle(&w->limits, &c->peer);
    limits_end(&w->limits);
    watch_free(c->watch);
    timer_free(c->timer);
    stream_done(&c->stream);
    conn_forget_question(c);
    conn_inform_free(c);
    snapshot_leave(c->snapshot);
    free(c->user);
    free(c->end_reason);
    free(c);
    worker_conn_gone(w);
}

/* Deadlines that are far off may be late by GRAIN: sessions that are idle wake the worker together, not each for itself. */
static msec together(msec due, msec now)
{
    if (due < now + FAR || due > NEVER - GRAIN)
        return due;
    return (due + GRAIN - 1) / GRAIN * GRAIN;
}

void conn_settle(struct conn *c)
{
    msec now = loop_now(c->w->loop);
    struct stream_event ev;
    bool any;
    do {
        any = false;
        conn_inform_turn(c);
        (void)stream_turn(&c->stream, 0, now); /* its packets wait for their turn */
        while (stream_event(&c->stream, &ev, now)) {
            any = true;
            conn_on_event(c, &ev);
        }
    } while (any);
    if (c->stream.state == STREAM_DEAD) {
        conn_free(c);
        return;
    }
    watch_set(c->watch, stream_wants(&c->stream));
    /* A timer that fires too early costs less than moving it with every packet. */
    msec due = together(tick_min(stream_due(&c->stream), conn_inform_due(c)), now);
    if (due < c->armed) {
        c->armed = due;
        timer_set(c->timer, due);
    }
}

static void on_timer(void *ctx)
{
    struct conn *c = ctx;
    c->armed = NEVER;
    if (stream_due(&c->stream) <= loop_now(c->w->loop))
        stream_tick(&c->stream, loop_now(c->w->loop));
    if (!fq_empty(&c->stream.queue))
        conn_wait_turn(c);
    conn_settle(c);
}

/* Packets of a session go to the host only while it is up: before that the tunnel gives none out. */
static void packets_in(struct conn *c, struct batch *b)
{
    if (!b->n || !c->up || c->evicted)
        return;
    conn_inform_take(c, b);
    enum drop why = plane_from_session(&c->w->plane, b, &c->params, &c->rules, &c->stream.count.drops);
    if (why != DROP_SPOOFED || conn_claim_sources(c, b) || c->told_spoof)
        return;
    c->told_spoof = true; /* once a session: the number is in its last line */
    event(EV_SPOOFED_SOURCE, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text));
}

static void on_socket(void *ctx, int events)
{
    struct conn *c = ctx;
    msec now = loop_now(c->w->loop);
    bool more = events & LOOP_READ;
    while (more) {
        struct batch b;
        struct stream_event ev;
        batch_clear(&b);
        more = stream_readable(&c->stream, &b, now);
        packets_in(c, &b);
        while (stream_event(&c->stream, &ev, now))
            conn_on_event(c, &ev);
    }
    if (events & LOOP_WRITE && !fq_empty(&c->stream.queue))
        conn_wait_turn(c);
    conn_settle(c);
}

static struct conn *conn_new(struct worker *w, int fd, const struct sockaddr *peer)
{
    struct sockaddr_storage local = { 0 };
    socklen_t len = sizeof(local);
    struct conn *c = malloc(sizeof(*c));
    if (!c)
        return NULL;
    memset(c, 0, offsetof(struct conn, stream)); /* the stream looks after its own, and leaves most of it untouched */
    c->w = w;
    c->snapshot = snapshot_enter(w->now);
    c->armed = NEVER;
    c->env = (struct env){ .ctx = c, .random = prim_random, .note = conn_note, .prim = &prim_host };
    sock_text(peer, c->peer_text);
    (void)getsockname(fd, (struct sockaddr *)&local, &len);
    sock_text((struct sockaddr *)&local, c->local_text);
    make_call_id(c->call);
    return c;
}

/* False: what was made is gone again, fd too. */
static bool conn_start(struct conn *c, int fd)
{
    struct worker *w = c->w;
    struct stream_conf conf = c->snapshot->stream_conf;
    conf.env = &c->env;
    if (sock_session_setup(fd, USER_TIMEOUT) < 0) {
        close(fd);
        return false;
    }
    stream_init(&c->stream, &conf, &w->bench, fd, loop_now(w->loop));
    c->handle = slab_add(&w->conns, c);
    c->watch = watch_new(w->loop, fd, LOOP_READ, on_socket, c);
    c->timer = timer_new(w->loop, on_timer, c);
    if (c->handle && c->watch && c->timer)
        return true;
    slab_remove(&w->conns, c->handle);
    watch_free(c->watch);
    timer_free(c->timer);
    stream_done(&c->stream);
    return false;
}

static bool within_limits(struct worker *w, const struct prefix *addr, const struct sockaddr *peer)
{
    char text[SOCK_TEXT];
    enum limits_verdict v = limits_begin(&w->limits, addr);
    switch (v) {
    case LIMITS_OK:
        return true;
    case LIMITS_ADDRESS:
    case LIMITS_HALF_OPEN:
        event(EV_HALF_OPEN_LIMIT, NULL, F_TEXT("peer", sock_text(peer, text)),
              F_TEXT("limit", v == LIMITS_ADDRESS ? "half_open_address" : "half_open"));
        return false;
    case LIMITS_SESSIONS:
        event(EV_SESSION_LIMIT, NULL, F_TEXT("peer", sock_text(peer, text)));
        return false;
    }
    return false;
}

void conn_accept(struct worker *w, int fd, const struct sockaddr *peer)
{
    struct prefix addr;
    uint16_t port;
    if (w->phase != ROLE_RUN || sock_prefix(peer, &addr, &port) < 0 || !within_limits(w, &addr, peer)) {
        close(fd);
        return;
    }
    struct conn *c = conn_new(w, fd, peer);
    if (!c)
        close(fd);
    if (!c || !conn_start(c, fd)) {
        event(EV_NO_MEMORY, NULL, F_TEXT("for", "a connection"));
        limits_settle(&w->limits, &addr);
        limits_end(&w->limits);
        if (c)
            snapshot_leave(c->snapshot);
        free(c);
        return;
    }
    c->peer = addr;
    c->half_open = true;
    w->stats.accepted++;
    event(EV_CONNECTION, c->call, F_TEXT("peer", c->peer_text), F_TEXT("local", c->local_text));
    conn_settle(c);
}

void conn_renew(struct conn *c)
{
    conn_inform_renew(c, c->w->now);
    conn_settle(c);
}

void conn_send(struct conn *c, const struct batch *packets, bool queue)
{
    if (queue || turns_others(&c->w->turns, &c->turn)) {
        stream_queue(&c->stream, packets, loop_now(c->w->loop));
        watch_set(c->watch, stream_wants(&c->stream));
        if (stream_ready(&c->stream))
            conn_wait_turn(c);
        return;
    }
    stream_send(&c->stream, packets, loop_now(c->w->loop));
    conn_settle(c);
}

void conn_verdict(struct conn *c, uint32_t ask, const struct role_verdict *v)
{
    if (c->waiting && c->waiting->ask == ask)
        conn_forget_question(c);
    c->talking = v->verdict.kind == VERDICT_MORE;
    if (v->verdict.kind == VERDICT_ACCEPT) {
        c->accepted = true;
        c->params = v->params;
        free(c->user);
        c->user = strdup(v->user);
        if (!c->user)
            stream_abort(&c->stream, STREAM_CAUSE_MEMORY);
    }
    stream_answer(&c->stream, ask, &v->verdict, &v->params, loop_now(c->w->loop));
    conn_settle(c);
}

void conn_end(struct conn *c, const char *reason)
{
    msec now = loop_now(c->w->loop);
    free(c->end_reason);
    c->end_reason = strndup(reason, ROLE_REASON - 1);
    if (c->half_open)
        stream_abort(&c->stream, STREAM_CAUSE_ABORT);
    else
        stream_close(&c->stream, TUNNEL_CAUSE_LOCAL, 0, now);
    conn_settle(c);
}

void conn_evict(struct conn *c, const char *reason)
{
    c->evicted = true;
    plane_disown(&c->w->plane, c->handle, &c->params);
    if (c->asked)
        conn_report(c, ROLE_DOWN, reason);
    c->asked = false; /* for authd it is over */
    conn_end(c, reason);
}

void conn_cut(struct conn *c)
{
    stream_abort(&c->stream, STREAM_CAUSE_ABORT);
    conn_settle(c);
}

void conn_report(struct conn *c, enum role_msg type, const char *cause)
{
    uint8_t buf[256];
    struct wr w = wr_of(buf, sizeof(buf));
    const struct stream_count *n = &c->stream.count;
    struct role_counters r = { .session = c->handle,
                               .bytes_in = n->bytes_in,
                               .bytes_out = n->bytes_out,
                               .packets_in = n->packets_in,
                               .packets_out = n->packets_out,
                               .drops = drops_sum(&n->drops) };
    snprintf(r.cause, sizeof(r.cause), "%s", cause);
    role_put_counters(&w, &r);
    worker_tell_authd(c->w, type, 0, &w);
}

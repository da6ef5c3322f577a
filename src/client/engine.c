/* The engine's loop: dial, TLS, tunnel, and packets between the tunnel and the TUN queue; see engine.h.
 *
 * It waits for its plan, dials, runs the stream, reports the address that won and what the tunnel gave, gets the TUN
 * queue for it, and carries packets until somebody ends the call. When its parent is gone it ends at once. */
#include "client/engine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "client/asker.h"
#include "client/confine.h"
#include "client/dial.h"
#include "client/msgs.h"
#include "client/outcome.h"
#include "dp/stream.h"
#include "dp/tunq.h"
#include "events/events.h"
#include "net/sock.h"
#include "tls/prim_host.h"

enum {
    PEER_SILENT = 90000 /* ms without an acknowledgement */,
    CA_MAX = 4 << 20,
};

struct engine {
    struct loop *loop;
    struct chan *parent;
    struct plan plan;
    struct slice ca; /* owned */
    struct tls_ctx *tls;
    struct dial *dial;
    struct stream_bench bench;
    struct stream *stream; /* NULL before the connection is made */
    struct watch *socket, *tun;
    struct timer *timer;
    struct tunq queue;
    struct asker asker;
    struct arena arena;
    struct env env;
    struct tunnel_conf conf;
    char correlation[48];
    enum sandbox_mode sandbox;
    bool was_up, tun_lost, ended;
    enum exit_code code;
};

static void turn(struct engine *e);

static struct outcome outcome(const struct engine *e)
{
    return (struct outcome){ e->plan.call, e->plan.host_header, e->was_up };
}

/* Tells the parent how it ended, once, and leaves the loop when that is on its way. */
static void leave(struct engine *e, enum exit_code code)
{
    uint8_t body[1] = { (uint8_t)code };
    if (e->ended)
        return;
    e->ended = true;
    e->code = code;
    chan_send(e->parent, &(struct imsg){ .type = CM_DOWN, .body = slice_of(body, 1) });
    loop_stop(e->loop, code);
}

static void watch_all(struct engine *e)
{
    if (!e->stream || e->ended)
        return;
    watch_set(e->socket, stream_wants(e->stream));
    timer_set(e->timer, tick_min(stream_due(e->stream), asker_due(&e->asker)));
}

/* A full or vanished interface drops, as every link may. */
static void write_tun(struct engine *e, const struct batch *b)
{
    if (e->tun && b->n)
        tunq_write(&e->queue, b, &e->stream->count.drops);
}

/* Answers of the stream to packets that do not fit: somebody has changed the interface's MTU. */
static void to_host(void *ctx, const struct batch *b)
{
    write_tun(ctx, b);
}

static void on_secure(struct engine *e)
{
    const struct tls *t = stream_tls(e->stream);
    event(EV_CLIENT_VERIFIED, e->plan.call, F_TEXT("server", e->plan.host_header), F_TEXT("tls", tls_version(t)),
          F_TEXT("cipher", tls_cipher(t)), F_TEXT("pin", tls_peer_pin(t)));
}

static void on_tunnel(struct engine *e, const struct tunnel_event *ev)
{
    struct outcome o = outcome(e);
    switch (ev->kind) {
    case TUNNEL_EV_AUTHENTICATED:
        event(EV_CLIENT_AUTHENTICATED, e->plan.call, F_TEXT("user", e->plan.user),
              F_TEXT("method", auth_method_name(e->stream->tunnel.method)));
        break;
    case TUNNEL_EV_UP:
        asker_up(&e->asker, ev, loop_now(e->loop));
        break;
    case TUNNEL_EV_IDENT:
        event(EV_LCP_IDENT, e->plan.call, F_BYTES("text", ev->text));
        break;
    case TUNNEL_EV_DOWN:
        e->code = outcome_tunnel(&o, ev, &e->stream->leaf);
        break;
    case TUNNEL_EV_NONE:
    case TUNNEL_EV_UPGRADED:
    case TUNNEL_EV_ASK:
    case TUNNEL_EV_CONNECTED:
        break;
    }
}

static void on_dead(struct engine *e, const struct stream_event *ev)
{
    struct outcome o = outcome(e);
    switch (ev->cause) {
    case STREAM_CAUSE_NONE: /* said when the tunnel came down */
        break;
    case STREAM_CAUSE_TLS:
        e->code = outcome_tls(&o, stream_tls(e->stream), ev->text);
        break;
    case STREAM_CAUSE_MEMORY:
        event(EV_NO_MEMORY, e->plan.call, F_TEXT("for", "the connection"));
        break;
    case STREAM_CAUSE_ABORT:
    case STREAM_CAUSE_DEADLINE:
    case STREAM_CAUSE_LOST:
    case STREAM_CAUSE_FLOOD:
    case STREAM_CAUSE_OURS:
        if (e->code == EXIT_FAILED)
            e->code = outcome_lost(&o, stream_cause_text(ev->cause));
        break;
    }
    leave(e, e->tun_lost ? EXIT_FAILED : e->code);
}

static void take_events(struct engine *e)
{
    struct stream_event ev;
    while (!e->ended && stream_event(e->stream, &ev, loop_now(e->loop))) {
        switch (ev.kind) {
        case STREAM_EV_SECURE:
            on_secure(e);
            break;
        case STREAM_EV_TUNNEL:
            on_tunnel(e, &ev.tunnel);
            break;
        case STREAM_EV_DEAD:
            on_dead(e, &ev);
            break;
        case STREAM_EV_NONE:
            break;
        }
    }
}

static void turn(struct engine *e)
{
    take_events(e);
    if (!e->ended) {
        asker_turn(&e->asker, e->stream, e->parent, loop_now(e->loop));
        stream_flush(e->stream, loop_now(e->loop));
        take_events(e);
    }
    watch_all(e);
}

static void on_socket(void *ctx, int events)
{
    struct engine *e = ctx;
    static struct batch b;
    msec now = loop_now(e->loop);
    bool more = events & LOOP_READ;
    /* To the end of the run, which the stream bounds: what is left in its buffer makes no socket readable. */
    while (more && !e->ended) {
        batch_clear(&b);
        more = stream_readable(e->stream, &b, now);
        asker_take(&e->asker, &b, now);
        write_tun(e, &b);
        take_events(e);
    }
    if (!e->ended)
        turn(e);
}

/* Somebody has removed the interface: without it the session is of no use, and its descriptor stays readable for ever. */
static void tun_gone(struct engine *e)
{
    event(EV_INTERFACE_FAILED, e->plan.call, F_TEXT("cause", "it was taken away from us"));
    watch_set(e->tun, 0);
    e->tun_lost = true;
    stream_close(e->stream, TUNNEL_CAUSE_LOCAL, 0, loop_now(e->loop));
}

static void on_tun(void *ctx, int events)
{
    struct engine *e = ctx;
    static struct batch b;
    bool more = true;
    msec now = loop_now(e->loop);
    (void)events;
    bool stands = tunq_stands(&e->queue, now);
    for (unsigned i = 0, most = stands ? TUNQ_TURN_STANDING : TUNQ_TURN; more && i < most; i++) {
        int n = tunq_read(&e->queue, &e->arena, &b, &more);
        if (n < 0)
            tun_gone(e);
        if (n <= 0)
            break;
        if (stands)
            stream_queue(e->stream, &b, now);
        else
            stream_send(e->stream, &b, now);
    }
    tunq_note(&e->queue, more, now);
    turn(e);
}

static void on_timer(void *ctx)
{
    struct engine *e = ctx;
    stream_tick(e->stream, loop_now(e->loop));
    turn(e);
}

static void configure(struct engine *e)
{
    struct tunnel_conf *c = &e->conf;
    tunnel_conf_default(c, TUNNEL_CLIENT);
    snprintf(e->correlation, sizeof e->correlation, "{%s}", e->plan.call);
    c->http.host = e->plan.host_header;
    c->http.correlation = e->correlation;
    memcpy(c->methods, e->plan.methods, sizeof c->methods);
    c->n_methods = e->plan.n_methods;
    c->user = slice_str(e->plan.user);
    c->password = slice_of(e->plan.password, e->plan.password_len);
    c->want_dns = e->plan.want_dns;
    c->mtu = UINT16_MAX; /* as much as fits */
    c->link.ipv6 = e->plan.want_ipv6;
    memcpy(c->interface_id, e->plan.interface_id, sizeof c->interface_id);
    e->env = (struct env){ .random = prim_random, .prim = &prim_host };
    asker_init(&e->asker, &e->plan, &e->env);
}

static void on_dialled(void *ctx, int fd, const struct prefix *at, const char *why)
{
    struct engine *e = ctx;
    uint8_t body[32];
    char text[PREFIX_TEXT], err[256];
    if (fd < 0) {
        event(EV_CLIENT_CONNECT_FAILED, e->plan.call, F_TEXT("server", e->plan.host_header), F_TEXT("cause", why));
        leave(e, EXIT_NETWORK);
        return;
    }
    event(EV_CLIENT_CONNECTED, e->plan.call, F_TEXT("address", prefix_text(at, text)), F_NUM("port", e->plan.port));
    if (sandbox_connected(e->sandbox, err) < 0) {
        event(EV_ROLE_CONFINE_FAILED, e->plan.call, F_TEXT("role", "engine"), F_TEXT("cause", err));
        close(fd);
        leave(e, EXIT_FAILED);
        return;
    }
    chan_send(e->parent,
              &(struct imsg){ .type = CM_PEER, .body = slice_of(body, address_encode(at, body, sizeof body)) });
    struct stream_conf sc = { .tls = e->tls,
                              .tunnel = &e->conf,
                              .env = &e->env,
                              .tls_timeout = SECONDS(30),
                              .flush_timeout = SECONDS(5),
                              .linger_timeout = SECONDS(1) };
    e->stream = calloc(1, sizeof *e->stream);
    if (!e->stream || sock_session_setup(fd, PEER_SILENT) < 0) {
        close(fd);
        free(e->stream);
        e->stream = NULL;
        leave(e, EXIT_FAILED);
        return;
    }
    stream_init(e->stream, &sc, &e->bench, fd, loop_now(e->loop));
    e->socket = watch_new(e->loop, fd, LOOP_READ, on_socket, e);
    e->timer = timer_new(e->loop, on_timer, e);
    if (!e->socket || !e->timer) {
        leave(e, EXIT_FAILED);
        return;
    }
    turn(e);
}

static bool make_tls(struct engine *e)
{
    char err[TLS_ERR_TEXT];
    struct tls_verify v = {
        .name = e->plan.host_is_ip ? NULL : e->plan.host,
        .ip = e->plan.host_is_ip ? e->plan.host : NULL,
        .ca_pem = e->ca,
        .pins = slice_of(e->plan.pins, 32 * e->plan.n_pins),
    };
    (void)tls_wide_gcm(e->plan.wide_gcm); /* where there is none, OpenSSL has its own */
    if (!e->ca.n && !e->plan.n_pins)      /* the library would look for the system's, and there are no files here */
        snprintf(err, sizeof err, "the file of trusted certificates is empty");
    else
        e->tls = tls_ctx_client(&v, err);
    if (!e->tls)
        event(EV_CLIENT_REQUEST_NOT_SENT, e->plan.call, F_TEXT("server", e->plan.host_header), F_TEXT("cause", err));
    return e->tls;
}

static void on_plan(struct engine *e, const struct imsg *m)
{
    if (e->dial || plan_decode(m->body, &e->plan) < 0) {
        leave(e, EXIT_FAILED);
        return;
    }
    events_set_level(e->plan.verbose ? EVENT_DEBUG : EVENT_INFO);
    events_set_plain(e->plan.verbose ? NULL : "adit");
    configure(e);
    if (!make_tls(e)) {
        leave(e, EXIT_USAGE); /* a CA file without certificates, or none at all on this system */
        return;
    }
    event(EV_CLIENT_CONNECTING, e->plan.call, F_TEXT("server", e->plan.host_header));
    e->dial = dial_new(e->loop, e->plan.addresses, e->plan.n_addresses, e->plan.port, e->plan.call, on_dialled, e);
    if (!e->dial)
        leave(e, EXIT_FAILED);
}

static void on_parent(void *ctx, struct imsg *m)
{
    struct engine *e = ctx;
    if (client_msg_check(CM_FROM_PARENT, m)) {
        leave(e, EXIT_FAILED);
        return;
    }
    switch ((enum client_msg)m->type) {
    case CM_PLAN:
        on_plan(e, m);
        break;
    case CM_TUN:
        if (!e->stream || e->tun)
            break;
        tunq_init(&e->queue, m->fds[0], m->id & TUN_OFFLOADS);
        e->bench.fq.conf.plain = m->id & CM_TUN_PLAIN;
        m->fds[0] = -1;
        e->was_up = true;
        e->tun = watch_new(e->loop, e->queue.fd, LOOP_READ, on_tun, e);
        break;
    case CM_STOP:
        if (e->stream) {
            asker_stop(&e->asker, e->stream, loop_now(e->loop));
            stream_close(e->stream, TUNNEL_CAUSE_LOCAL, 0, loop_now(e->loop));
            turn(e);
        } else {
            leave(e, EXIT_OK);
        }
        break;
    case CM_PING:
        chan_send(e->parent, &(struct imsg){ .type = CM_PONG });
        break;
    case CM_LOOKUP:
    case CM_ADDRESSES:
    case CM_PEER:
    case CM_UP:
    case CM_OFFER:
    case CM_DOWN:
    case CM_PONG:
        break;
    }
}

/* Without a parent nobody would put the host back: end, so that the next start finds a dead owner. */
static void on_orphaned(void *ctx, int err)
{
    struct engine *e = ctx;
    (void)err;
    e->ended = true;
    loop_stop(e->loop, EXIT_FAILED);
}

static bool read_ca(struct engine *e)
{
    uint8_t *all = malloc(CA_MAX);
    size_t n = 0;
    for (ssize_t got; all && n < CA_MAX && (got = read(PLAN_CA_FD, all + n, CA_MAX - n)) > 0;)
        n += (size_t)got;
    close(PLAN_CA_FD);
    e->ca = slice_of(all, n);
    return all;
}

static void end(struct engine *e)
{
    watch_free(e->socket); /* before the descriptors are closed */
    watch_free(e->tun);
    timer_free(e->timer);
    if (e->stream)
        stream_done(e->stream);
    free(e->stream);
    dial_free(e->dial);
    tls_ctx_free(e->tls);
    if (e->queue.fd >= 0)
        close(e->queue.fd);
    chan_free(e->parent);
    arena_done(&e->arena);
    stream_bench_done(&e->bench);
    free((void *)(uintptr_t)e->ca.p);
    secret_wipe(&e->plan, sizeof e->plan);
    loop_free(e->loop);
}

int engine_main(const char *user, const char *sandbox)
{
    static struct engine e = { .queue.fd = -1, .code = EXIT_FAILED };
    struct proc_confine c = { .user = user, .root_fd = -1, .empty_root = true, .allow_net = true };
    if (!read_ca(&e) || !confine_role("engine", &c, SANDBOX_ENGINE, sandbox, &e.sandbox))
        return EXIT_FAILED;
    e.loop = loop_new();
    if (!e.loop || stream_bench_init(&e.bench) < 0 || arena_init(&e.arena, TUNQ_ARENA) < 0)
        return EXIT_FAILED;
    e.bench.to_host = to_host;
    e.bench.host = &e;
    e.parent = chan_new(e.loop, PROC_CHANNEL_FD, on_parent, on_orphaned, &e);
    if (!e.parent)
        return EXIT_FAILED;
    int code = loop_run(e.loop);
    end(&e);
    return code;
}

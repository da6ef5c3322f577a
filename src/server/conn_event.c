/* What a stream says, put into practice: questions to authd, the session's place in the data plane, its end. */
#include "server/conn.h"

#include "base/secret.h"
#include "events/events.h"

#include <stdio.h>

/* [MS-SSTP] 3.2.4.1: the client's correlation id names the call on both sides; braces were taken off. */
static void upgraded(struct conn *c, const struct tunnel_event *ev)
{
    if (ev->text.n && ev->text.n < sizeof(c->call)) {
        char ours[CONN_CALL];
        memcpy(ours, c->call, sizeof(ours));
        memcpy(c->call, ev->text.p, ev->text.n);
        c->call[ev->text.n] = 0;
        event(EV_CALL_STATE, c->call, F_TEXT("before", ours), F_TEXT("peer", c->peer_text), F_BYTES("host", ev->host));
    }
}

void conn_who(const struct conn *c, struct judge_who *who)
{
    *who = (struct judge_who){ .session = c->handle };
    snprintf(who->call, sizeof(who->call), "%s", c->call);
    snprintf(who->peer, sizeof(who->peer), "%s", c->peer_text);
    snprintf(who->local, sizeof(who->local), "%s", c->local_text);
    snprintf(who->ident, sizeof(who->ident), "%s", c->ident);
    memcpy(who->cert_sha256, c->stream.leaf.sha256, sizeof(who->cert_sha256));
}

static void ask(struct conn *c, const struct tunnel_event *ev)
{
    static uint8_t buf[8192]; /* one thread; not on the stack of every session's turn */
    struct wr w = wr_of(buf, sizeof(buf));
    struct role_ask a = { .question = ev->question };
    conn_who(c, &a.who);
    role_put_ask(&w, &a);
    c->asked = true;
    c->method = ev->question.method;
    if (!wr_ok(&w))
        event(EV_INTERNAL, c->call, F_TEXT("cause", "a question did not fit"));
    else if (conn_keep_question(c, ev->ask, wr_slice(&w)))
        conn_ask(c);
    else
        stream_abort(&c->stream, STREAM_CAUSE_MEMORY);
    secret_wipe(buf, sizeof(buf));
}

/* What is printable of the first Identification that is text; Windows sends a binary one as well ([CAP]). */
static void identified(struct conn *c, struct slice text)
{
    size_t n = 0;
    bool first = !c->ident[0];
    for (size_t i = 0; first && i < text.n && n + 1 < sizeof(c->ident); i++)
        if (text.p[i] >= 0x20 && text.p[i] < 0x7f)
            c->ident[n++] = (char)text.p[i];
    if (n)
        c->ident[n] = 0;
    event(EV_LCP_IDENT, c->call, F_BYTES("ident", text));
}

/* Before anything else hears of it, packets find the way: table and steering first. */
static void session_up(struct conn *c, const struct tunnel_event *ev)
{
    uint8_t buf[8];
    struct wr w = wr_of(buf, sizeof(buf));
    bool first = !c->up; /* else another network protocol of the same session */
    c->mtu = ev->mtu;
    bool told = conn_inform_up(c, ev);
    if (told && !first)
        return;
    if (!told || plane_own(&c->w->plane, c->handle, &c->params) < 0) {
        stream_abort(&c->stream, STREAM_CAUSE_MEMORY);
        return;
    }
    c->up = true;
    c->up_at = loop_now(c->w->loop);
    role_put_session(&w, c->handle);
    worker_tell_authd(c->w, ROLE_UP, 0, &w);
    conn_log_up(c, ev);
}

static void settle_limits(struct conn *c)
{
    if (c->half_open)
        limits_settle(&c->w->limits, &c->peer);
    c->half_open = false;
}

/* The end is made known once, whichever of tunnel and stream says it first. */
static void session_over(struct conn *c, const char *cause)
{
    c->over = true;
    conn_forget_question(c);
    if (c->up)
        plane_disown(&c->w->plane, c->handle, &c->params);
    if (c->asked)
        conn_report(c, ROLE_DOWN, cause);
}

static void on_tunnel(struct conn *c, struct tunnel_event *ev)
{
    switch (ev->kind) {
    case TUNNEL_EV_NONE:
    case TUNNEL_EV_AUTHENTICATED: /* authd has said it */
        break;
    case TUNNEL_EV_UPGRADED:
        upgraded(c, ev);
        break;
    case TUNNEL_EV_ASK:
        ask(c, ev);
        break;
    case TUNNEL_EV_CONNECTED:
        c->hash = ev->hash;
        settle_limits(c);
        break;
    case TUNNEL_EV_UP:
        session_up(c, ev);
        break;
    case TUNNEL_EV_IDENT:
        identified(c, ev->text);
        break;
    case TUNNEL_EV_DOWN:
        conn_log_down(c, ev);
        session_over(c, tunnel_cause_text(ev->cause));
        break;
    }
}

void conn_on_event(struct conn *c, struct stream_event *ev)
{
    switch (ev->kind) {
    case STREAM_EV_NONE:
        break;
    case STREAM_EV_SECURE:
        event(EV_TLS_OPEN, c->call, F_TEXT("peer", c->peer_text), F_TEXT("tls", tls_version(stream_tls(&c->stream))),
              F_TEXT("cipher", tls_cipher(stream_tls(&c->stream))));
        break;
    case STREAM_EV_TUNNEL:
        on_tunnel(c, &ev->tunnel);
        break;
    case STREAM_EV_DEAD:
        if (!c->over) {
            conn_log_dead(c, ev);
            session_over(c, stream_cause_text(ev->cause));
        }
        break;
    }
}

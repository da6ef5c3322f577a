/* A connection's lines in the log: what the pure machines note, and how it went up and down. Nothing is decided here. */
#include "server/conn.h"

#include "events/events.h"

#include <stdio.h>

enum { PREFIXES_TEXT = PARAMS_PREFIXES * (PREFIX_TEXT + 1) };

static void prefixes_text(const struct params *p, char out[PREFIXES_TEXT])
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; i < p->n_prefixes; i++) {
        char one[PREFIX_TEXT];
        int k = snprintf(out + n, PREFIXES_TEXT - n, "%s%s", i ? "," : "", prefix_text(&p->prefixes[i], one));
        if (k < 0 || (size_t)k >= PREFIXES_TEXT - n)
            return;
        n += (size_t)k;
    }
}

/* [MS-SSTP] 3.3.5.2.3: each check of the crypto binding fails under its own name. */
static void binding_failed(const struct conn *c, uint32_t check)
{
    static const enum event_id ids[] = {
        [BINDING_MISSING] = EV_BINDING_MISSING,
        [BINDING_REPEATED] = EV_BINDING_REPEATED,
        [BINDING_HASH_PROTOCOL] = EV_BINDING_HASH_PROTOCOL,
        [BINDING_NONCE] = EV_BINDING_NONCE,
        [BINDING_CERTIFICATE] = EV_BINDING_CERTIFICATE,
        [BINDING_MAC] = EV_BINDING_MAC,
    };
    enum event_id id = check > BINDING_OK && check <= BINDING_MAC ? ids[check] : EV_SECURITY_CHECK_FAILED;
    event(id, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text));
}

static void note_sstp(struct conn *c, const struct note *n)
{
    if (n->id == NOTE_CALL_STATE) {
        event(EV_CALL_STATE, c->call, F_TEXT("from", call_state_name((enum call_state)n->a)),
              F_TEXT("to", call_state_name((enum call_state)n->b)));
    } else if (n->id == NOTE_CALL_BINDING_FAILED) {
        binding_failed(c, n->a);
    } else if (n->id == NOTE_CALL_DEFERRED) {
        event(EV_CALL_DEFERRED, c->call);
    } else if (n->id == NOTE_CALL_DATA_EARLY) {
        if (!c->told_early)
            event(EV_CALL_DATA_EARLY, c->call, F_TEXT("peer", c->peer_text));
        c->told_early = true;
    } else {
        enum event_id id = n->id == NOTE_CALL_NAK_SENT         ? EV_SSTP_NAK_SENT
                           : n->id == NOTE_CALL_ABORT_SENT     ? EV_SSTP_ABORT_SENT
                           : n->id == NOTE_CALL_ABORT_RECEIVED ? EV_SSTP_ABORT_RECEIVED
                                                               : EV_SSTP_NAK_RECEIVED;
        event(id, c->call, F_TEXT("peer", c->peer_text), F_NUM("attribute", n->a), F_NUM("status", n->b));
    }
}

static void note_ppp(const struct conn *c, const struct note *n)
{
    if (n->id == NOTE_LCP_TIME_REMAINING)
        event(EV_LCP_TIME_REMAINING, c->call, F_NUM("seconds", n->a));
    else if (n->id == NOTE_LCP_LOOP)
        event(EV_LCP_LOOP, c->call, F_TEXT("peer", c->peer_text));
    else if (n->id == NOTE_LCP_TERM_RECEIVED && n->a)
        event(EV_LCP_TERMINATED, c->call, F_NUM("error", n->b), F_TEXT("meaning", event_ras_text(n->b)));
    else if (n->id == NOTE_LCP_TERM_RECEIVED)
        event(EV_LCP_TERMINATED, c->call, F_BYTES("text", n->text));
    else if (n->id == NOTE_LCP_PROTO_REJECTED)
        event(EV_PPP_REJECTED_BY_PEER, c->call, F_NUM("protocol", n->a));
    else if (n->id == NOTE_LCP_PROTO_UNKNOWN)
        event(EV_PPP_PROTOCOL_REJECTED, c->call, F_NUM("protocol", n->a));
    else if (n->id == NOTE_LCP_AUTH_NO_COMMON)
        event(EV_AUTH_NO_COMMON_METHOD, c->call, F_TEXT("peer", c->peer_text), F_NUM("protocol", n->a),
              F_NUM("algorithm", n->b));
    else if (n->id == NOTE_NCP_NO_ADDRESS)
        event(EV_PPP_NO_ADDRESS, c->call, F_TEXT("peer", c->peer_text));
}

static void note_auth(const struct conn *c, const struct note *n)
{
    if (n->id == NOTE_AUTH_RETRY)
        event(EV_AUTH_RETRY, c->call, F_NUM("attempt", n->a));
    else if (n->id == NOTE_AUTH_BAD_PACKET)
        event(EV_AUTH_BAD_PACKET, c->call, F_TEXT("peer", c->peer_text), F_NUM("protocol", n->a),
              F_TEXT("error", err_str(-(int)n->b)));
    else
        event(EV_AUTH_CODE, c->call, F_TEXT("cause", "accepted without a key for the crypto binding; refused"));
}

void conn_note(void *ctx, const struct note *n)
{
    struct conn *c = ctx;
    switch (n->id) {
    case NOTE_NONE:
    case NOTE_LCP_IDENT:            /* comes as an event as well */
    case NOTE_AUTH_SERVER_UNPROVEN: /* a client's */
        break;
    case NOTE_HTTP_REFUSED:
        /* 401 is the answer to the probes of load balancers and to browsers. */
        event(n->a == 401 ? EV_HTTP_PROBE : EV_HTTP_REFUSED, c->call, F_TEXT("peer", c->peer_text),
              F_NUM("status", n->a), F_BYTES("request", n->text));
        break;
    case NOTE_CALL_STATE:
    case NOTE_CALL_NAK_SENT:
    case NOTE_CALL_NAK_RECEIVED:
    case NOTE_CALL_ABORT_SENT:
    case NOTE_CALL_ABORT_RECEIVED:
    case NOTE_CALL_BINDING_FAILED:
    case NOTE_CALL_DEFERRED:
    case NOTE_CALL_DATA_EARLY:
        note_sstp(c, n);
        break;
    case NOTE_LCP_TIME_REMAINING:
    case NOTE_LCP_LOOP:
    case NOTE_LCP_TERM_RECEIVED:
    case NOTE_LCP_PROTO_REJECTED:
    case NOTE_LCP_PROTO_UNKNOWN:
    case NOTE_LCP_AUTH_NO_COMMON:
    case NOTE_NCP_NO_ADDRESS:
        note_ppp(c, n);
        break;
    case NOTE_AUTH_RETRY:
    case NOTE_AUTH_BAD_PACKET:
    case NOTE_AUTH_NO_KEYS:
    case NOTE_TUNNEL_NO_KEY:
        note_auth(c, n);
        break;
    }
}

void conn_log_up(const struct conn *c, const struct tunnel_event *ev)
{
    char prefixes[PREFIXES_TEXT];
    prefixes_text(&c->params, prefixes);
    event(EV_SESSION_UP, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text),
          F_TEXT("address", prefixes), F_TEXT("method", auth_method_name(c->method)),
          F_TEXT("tls", tls_version(stream_tls(&c->stream))), F_TEXT("cipher", tls_cipher(stream_tls(&c->stream))),
          F_TEXT("hash", c->hash == BINDING_SHA256 ? "SHA-256" : "SHA-1"), F_NUM("mtu", ev->mtu),
          F_NUM("worker", c->w->index), F_BYTES("client", slice_str(c->ident)));
}

/* One word a cause, for those who search the log or count. */
static const char *cause_word(enum tunnel_cause cause)
{
    static const char *const words[] = {
        [TUNNEL_CAUSE_NONE] = "none",
        [TUNNEL_CAUSE_LOCAL] = "local",
        [TUNNEL_CAUSE_PEER] = "peer",
        [TUNNEL_CAUSE_LOST] = "lost",
        [TUNNEL_CAUSE_HTTP_TIMEOUT] = "http-timeout",
        [TUNNEL_CAUSE_HTTP_REFUSED] = "http-refused",
        [TUNNEL_CAUSE_HTTP_VERSION] = "http-version",
        [TUNNEL_CAUSE_SSTP] = "sstp",
        [TUNNEL_CAUSE_SSTP_ABORTED] = "sstp-aborted",
        [TUNNEL_CAUSE_BINDING] = "binding",
        [TUNNEL_CAUSE_NEGOTIATION_TIMEOUT] = "negotiation-timeout",
        [TUNNEL_CAUSE_HELLO_TIMEOUT] = "hello-timeout",
        [TUNNEL_CAUSE_GARBAGE] = "garbage",
        [TUNNEL_CAUSE_LCP] = "lcp",
        [TUNNEL_CAUSE_NO_AUTH_METHOD] = "no-auth-method",
        [TUNNEL_CAUSE_AUTH_REFUSED] = "auth-refused",
        [TUNNEL_CAUSE_AUTH_TIMEOUT] = "auth-timeout",
        [TUNNEL_CAUSE_SERVER_UNPROVEN] = "server-unproven",
        [TUNNEL_CAUSE_NO_NETWORK] = "no-network",
        [TUNNEL_CAUSE_NO_ADDRESS] = "no-address",
    };
    return cause <= TUNNEL_CAUSE_NO_ADDRESS ? words[cause] : "unknown";
}

static void log_session_end(const struct conn *c, const char *cause, const char *reason, uint32_t detail,
                            struct slice words)
{
    const struct stream_count *n = &c->stream.count;
    char prefixes[PREFIXES_TEXT];
    prefixes_text(&c->params, prefixes);
    event(EV_SESSION_DOWN, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text),
          F_TEXT("address", prefixes), F_TEXT("method", auth_method_name(c->method)),
          F_TEXT("tls", tls_version(stream_tls(&c->stream))),
          F_NUM("seconds", (loop_now(c->w->loop) - c->up_at) / 1000), F_NUM("bytes_in", n->bytes_in),
          F_NUM("bytes_out", n->bytes_out), F_NUM("packets_in", n->packets_in), F_NUM("packets_out", n->packets_out),
          F_NUM("drops", drops_sum(&n->drops)), F_NUM("drops_spoofed", n->drops.n[DROP_SPOOFED]),
          F_NUM("drops_queue", n->drops.n[DROP_QUEUE]), F_TEXT("cause", cause), F_TEXT("reason", reason),
          F_NUM("detail", detail), F_BYTES("words", words), F_NUM("worker", c->w->index));
}

/* The event that belongs to a cause, where it has one of its own beside the last line of the call. */
static void log_cause(const struct conn *c, const struct tunnel_event *ev)
{
    switch (ev->cause) {
    case TUNNEL_CAUSE_HELLO_TIMEOUT:
        event(EV_HELLO_TIMEOUT, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text));
        break;
    case TUNNEL_CAUSE_HTTP_TIMEOUT:
        event(EV_DEADLINE, c->call, F_TEXT("peer", c->peer_text), F_TEXT("limit", "http"));
        break;
    case TUNNEL_CAUSE_NEGOTIATION_TIMEOUT:
        event(EV_DEADLINE, c->call, F_TEXT("peer", c->peer_text), F_TEXT("limit", "request"));
        break;
    case TUNNEL_CAUSE_AUTH_TIMEOUT:
        event(EV_AUTH_TIMED_OUT, c->call, F_TEXT("peer", c->peer_text));
        break;
    case TUNNEL_CAUSE_LOST:
        event(EV_CONNECTION_LOST, c->call, F_TEXT("peer", c->peer_text),
              F_TEXT("cause", stream_cause_text(c->stream.cause)));
        break;
    case TUNNEL_CAUSE_GARBAGE:
        event(EV_SSTP_MALFORMED, c->call, F_TEXT("peer", c->peer_text));
        break;
    case TUNNEL_CAUSE_LCP:
    case TUNNEL_CAUSE_NO_NETWORK:
        event(EV_PPP_TIMED_OUT, c->call, F_TEXT("peer", c->peer_text), F_TEXT("cause", tunnel_cause_text(ev->cause)));
        break;
    case TUNNEL_CAUSE_NO_ADDRESS:
        event(EV_POOL_EXHAUSTED, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text));
        break;
    case TUNNEL_CAUSE_NONE:
    case TUNNEL_CAUSE_LOCAL:
    case TUNNEL_CAUSE_PEER:
    case TUNNEL_CAUSE_HTTP_REFUSED:
    case TUNNEL_CAUSE_HTTP_VERSION:
    case TUNNEL_CAUSE_SSTP:
    case TUNNEL_CAUSE_SSTP_ABORTED:
    case TUNNEL_CAUSE_BINDING:
    case TUNNEL_CAUSE_NO_AUTH_METHOD:
    case TUNNEL_CAUSE_AUTH_REFUSED:
    case TUNNEL_CAUSE_SERVER_UNPROVEN:
        break; /* a note, or authd, has told it */
    }
}

static void log_memory(const struct conn *c)
{
    if (c->stream.cause == STREAM_CAUSE_MEMORY)
        event(EV_NO_MEMORY, c->call, F_TEXT("for", c->up ? "a session" : "a connection"), F_TEXT("peer", c->peer_text));
}

void conn_log_down(const struct conn *c, const struct tunnel_event *ev)
{
    bool ours = ev->cause == TUNNEL_CAUSE_LOCAL && c->end_reason && c->end_reason[0];
    const char *reason = ours ? c->end_reason : tunnel_cause_text(ev->cause);
    log_cause(c, ev);
    log_memory(c);
    if (c->up)
        log_session_end(c, cause_word(ev->cause), reason, ev->detail, ev->text);
    else if (ev->cause != TUNNEL_CAUSE_HTTP_REFUSED)
        event(EV_CALL_ENDED, c->call, F_BYTES("user", slice_str(conn_user(c))), F_TEXT("peer", c->peer_text),
              F_TEXT("cause", cause_word(ev->cause)), F_TEXT("reason", reason), F_NUM("detail", ev->detail),
              F_BYTES("words", ev->text));
}

void conn_log_dead(const struct conn *c, const struct stream_event *ev)
{
    log_memory(c);
    if (c->up) {
        log_session_end(c, "cut", stream_cause_text(ev->cause), 0, slice_of(NULL, 0));
        return;
    }
    switch (ev->cause) {
    case STREAM_CAUSE_TLS:
        event(EV_TLS_HANDSHAKE_FAILED, c->call, F_TEXT("peer", c->peer_text), F_TEXT("cause", ev->text));
        break;
    case STREAM_CAUSE_DEADLINE:
        event(EV_DEADLINE, c->call, F_TEXT("peer", c->peer_text), F_TEXT("limit", "tls"));
        break;
    case STREAM_CAUSE_NONE:
    case STREAM_CAUSE_LOST:
    case STREAM_CAUSE_FLOOD:
    case STREAM_CAUSE_ABORT:
    case STREAM_CAUSE_MEMORY:
    case STREAM_CAUSE_OURS:
        event(EV_CALL_ENDED, c->call, F_TEXT("peer", c->peer_text), F_TEXT("reason", stream_cause_text(ev->cause)));
        break;
    }
}

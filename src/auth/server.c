/* The authenticator's network half: its verbs, states and clock; see server.h. */
#include "auth/server.h"

#include "auth/server_int.h"
#include "base/secret.h"

static const struct server_proto *const protos[AUTH_METHODS] = {
    [AUTH_PAP] = &server_pap,
    [AUTH_CHAP_MD5] = &server_chap,
    [AUTH_MSCHAPV2] = &server_chap,
    [AUTH_EAP_MSCHAPV2] = &server_eap,
};

static const struct server_proto *proto_of(const struct auth_server *a)
{
    return protos[a->conf.method];
}

/* How long a state may last. Lateness: see auth_server_tick(). */
static msec limit_of(const struct auth_server *a, enum auth_server_state s)
{
    switch (s) {
    case AUTH_SERVER_WAIT_PEER:
        return a->resend ? a->conf.retransmit : AUTH_SERVER_PATIENCE;
    case AUTH_SERVER_WAIT_VERDICT:
        return AUTH_SERVER_PATIENCE;
    case AUTH_SERVER_IDLE:
    case AUTH_SERVER_DONE:
        break;
    }
    return NEVER;
}

void server_enter(struct auth_server *a, enum auth_server_state s, msec now)
{
    if (s == AUTH_SERVER_WAIT_PEER)
        a->sent = 1;
    if (s != AUTH_SERVER_WAIT_VERDICT)
        a->ask = 0; /* no question is open: whatever verdict comes is late */
    a->state = s;
    a->due = tick_after(now, limit_of(a, s));
}

static void leave_event(struct auth_server *a, enum auth_server_ev_kind kind)
{
    a->ev = (struct auth_server_event){ .kind = kind };
    a->ev_set = true;
}

void server_ask(struct auth_server *a, const struct auth_question *q, msec now)
{
    server_enter(a, AUTH_SERVER_WAIT_VERDICT, now);
    a->ask = a->next_ask++;
    leave_event(a, AUTH_SERVER_EV_ASK);
    a->ev.ask = a->ask;
    a->ev.question = *q;
}

void server_accepted(struct auth_server *a, const struct auth_verdict *v, msec now)
{
    secret_wipe(a->in, sizeof(a->in)); /* a PAP password is of no more use */
    a->in_len = 0;
    a->accepted = true;
    a->out_ready = true;
    server_enter(a, AUTH_SERVER_DONE, now);
    leave_event(a, AUTH_SERVER_EV_ACCEPTED);
    a->ev.keyed = v->keyed;
    if (v->keyed)
        memcpy(a->ev.hlak, v->hlak, HLAK_LEN);
}

void server_refused(struct auth_server *a, msec now)
{
    secret_wipe(a->in, sizeof(a->in));
    a->in_len = 0;
    a->out_ready = a->out_len > 0;
    server_enter(a, AUTH_SERVER_DONE, now);
    leave_event(a, AUTH_SERVER_EV_REFUSED);
}

bool server_keep(struct auth_server *a, struct slice frame)
{
    if (frame.n > sizeof(a->in))
        return false;
    memcpy(a->in, frame.p, frame.n);
    a->in_len = frame.n;
    return true;
}

bool server_may_retry(struct auth_server *a, const struct auth_verdict *v)
{
    a->attempts++;
    if (!v->retry || a->attempts >= a->conf.attempts_max)
        return false;
    env_note(a->env, NOTE_AUTH_RETRY, a->attempts, 0, (struct slice){ 0 });
    return true;
}

struct slice server_cut(struct slice s, size_t n)
{
    return slice_of(s.p, s.n < n ? s.n : n);
}

void auth_server_init(struct auth_server *a, const struct auth_server_conf *conf, const struct env *env, msec now)
{
    memset(a, 0, sizeof(*a));
    a->conf = *conf;
    a->env = env;
    a->due = NEVER;
    a->next_ask = 1;
    if (proto_of(a))
        proto_of(a)->start(a, now);
}

int auth_server_feed(struct auth_server *a, struct rd *in, msec now)
{
    if (a->ev_set)
        return FED_EVENT;
    if (rd_left(in) == 0 || !proto_of(a))
        return FED_MORE;
    int err = proto_of(a)->got(a, rd_rest(in), now);
    if (err < 0)
        env_note(a->env, NOTE_AUTH_BAD_PACKET, proto_of(a)->protocol, (uint32_t)-err, (struct slice){ 0 });
    return a->ev_set ? FED_EVENT : FED_TOOK;
}

size_t auth_server_pull(struct auth_server *a, uint8_t *dst, size_t cap)
{
    if (!a->out_ready || cap < a->out_len)
        return 0;
    memcpy(dst, a->out, a->out_len);
    a->out_ready = false;
    return a->out_len;
}

bool auth_server_event(struct auth_server *a, struct auth_server_event *out)
{
    if (!a->ev_set)
        return false;
    *out = a->ev;
    secret_wipe(a->ev.hlak, sizeof(a->ev.hlak));
    a->ev_set = false;
    return true;
}

/* Is there anything in the key? (A key of zeros is what a missing one looks like.) */
static bool has_key(const struct auth_verdict *v)
{
    static const uint8_t zeros[HLAK_LEN];

    return v->keyed && !secret_eq(v->hlak, zeros, HLAK_LEN);
}

void auth_server_answer(struct auth_server *a, uint32_t ask, const struct auth_verdict *v, msec now)
{
    if (ask == 0 || ask != a->ask || a->ev_set)
        return;
    a->ask = 0;
    /* [MS-SSTP] 3.2.5.2.2: zeros are the key of PAP and CHAP only. Were they taken for another method, then whoever
     * relays somebody else's authentication, and so has no key, could bind it to his own TLS session. */
    if (v->kind == VERDICT_ACCEPT && auth_method_keyed(a->conf.method) && !has_key(v)) {
        env_note(a->env, NOTE_AUTH_NO_KEYS, a->conf.method, 0, (struct slice){ 0 });
        proto_of(a)->refuse(a, a->id, "The server got no keys for this authentication", now);
        return;
    }
    proto_of(a)->verdict(a, v, now);
}

void auth_server_tick(struct auth_server *a, msec now)
{
    if (now < a->due || a->ev_set)
        return;
    if (a->state == AUTH_SERVER_WAIT_VERDICT) {
        proto_of(a)->refuse(a, a->id, "No decision was made in time", now);
        return;
    }
    /* RFC 1994 2 (4.1), RFC 3748 4.1: an unanswered request is sent again, unchanged. */
    if (a->resend && a->sent <= a->conf.retransmit_max) {
        a->sent++;
        a->out_ready = true;
        a->due = tick_after(now, a->conf.retransmit);
        return;
    }
    server_enter(a, AUTH_SERVER_DONE, now);
    leave_event(a, AUTH_SERVER_EV_TIMEOUT);
}

msec auth_server_due(const struct auth_server *a)
{
    return a->due;
}

void auth_server_done(struct auth_server *a)
{
    secret_wipe(a, sizeof(*a));
    a->due = NEVER;
}

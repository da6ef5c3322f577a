/* The peer that proves who it is: its verbs, states and clock; see client.h. */
#include "auth/client.h"

#include "auth/client_int.h"
#include "base/secret.h"

static const struct client_proto *const protos[AUTH_METHODS] = {
    [AUTH_PAP] = &client_pap,
    [AUTH_CHAP_MD5] = &client_chap,
    [AUTH_MSCHAPV2] = &client_chap,
    [AUTH_EAP_MSCHAPV2] = &client_eap,
};

static const struct client_proto *proto_of(const struct auth_client *a)
{
    return protos[a->conf.method];
}

/* When a state that begins now must be over. PAP repeats its Request (RFC 1334 2.2.1); with CHAP and EAP, where the
 * authenticator repeats (RFC 1994 4.1, RFC 3748 4.1), one deadline spans the conversation, so that a server cannot keep
 * us by asking for ever. What lateness does is the protocol's `late`. */
static msec deadline_of(const struct auth_client *a, enum auth_client_state s, msec now)
{
    switch (s) {
    case AUTH_CLIENT_IDLE:
        return tick_after(now, AUTH_CLIENT_LIMIT);
    case AUTH_CLIENT_SENT:
        if (a->conf.method == AUTH_PAP)
            return tick_after(now, a->conf.retransmit);
        return a->state == AUTH_CLIENT_DONE ? tick_after(now, AUTH_CLIENT_LIMIT) : a->due;
    case AUTH_CLIENT_EAP_WAIT:
        return a->state == AUTH_CLIENT_IDLE ? tick_after(now, AUTH_CLIENT_LIMIT) : a->due;
    case AUTH_CLIENT_EAP_PROVEN:
        return a->due;
    case AUTH_CLIENT_EAP_FAILED:
        return tick_min(a->due, tick_after(now, a->conf.retransmit));
    case AUTH_CLIENT_DONE:
        break;
    }
    return NEVER;
}

void client_enter(struct auth_client *a, enum auth_client_state s, msec now)
{
    a->due = deadline_of(a, s, now);
    a->state = s;
}

void client_end(struct auth_client *a, enum auth_client_ev_kind kind, struct slice text, msec now)
{
    size_t n = text.n < sizeof(a->text) ? text.n : sizeof(a->text);

    if (n > 0)
        memmove(a->text, text.p, n);
    if (kind == AUTH_CLIENT_EV_UNPROVEN)
        env_note(a->env, NOTE_AUTH_SERVER_UNPROVEN, 0, 0, (struct slice){ 0 });
    client_enter(a, AUTH_CLIENT_DONE, now);
    a->accepted = false;
    a->ev = (struct auth_client_event){ .kind = kind, .text = slice_of(a->text, n) };
    a->ev_set = true;
}

void client_accepted(struct auth_client *a, const uint8_t *hlak, msec now)
{
    client_enter(a, AUTH_CLIENT_DONE, now);
    if (a->accepted)
        return;
    a->accepted = true;
    a->ev = (struct auth_client_event){ .kind = AUTH_CLIENT_EV_ACCEPTED, .keyed = hlak != NULL };
    if (hlak)
        memcpy(a->ev.hlak, hlak, HLAK_LEN);
    a->ev_set = true;
}

void auth_client_init(struct auth_client *a, const struct auth_client_conf *conf, const struct env *env, msec now)
{
    memset(a, 0, sizeof(*a));
    a->conf = *conf;
    a->env = env;
    a->due = NEVER;
    if (!proto_of(a))
        return;
    client_enter(a, AUTH_CLIENT_IDLE, now);
    if (conf->user.n > AUTH_NAME_MAX) {
        client_end(a, AUTH_CLIENT_EV_UNUSABLE, slice_str("the user name is longer than 256 bytes"), now);
        return;
    }
    proto_of(a)->start(a, now);
}

int auth_client_feed(struct auth_client *a, struct rd *in, msec now)
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

size_t auth_client_pull(struct auth_client *a, uint8_t *dst, size_t cap)
{
    if (!a->out_ready || cap < a->out_len)
        return 0;
    memcpy(dst, a->out, a->out_len);
    a->out_ready = false;
    return a->out_len;
}

bool auth_client_event(struct auth_client *a, struct auth_client_event *out)
{
    if (!a->ev_set)
        return false;
    *out = a->ev;
    secret_wipe(a->ev.hlak, sizeof(a->ev.hlak));
    a->ev_set = false;
    return true;
}

void auth_client_tick(struct auth_client *a, msec now)
{
    if (now < a->due || a->ev_set)
        return;
    proto_of(a)->late(a, now);
}

msec auth_client_due(const struct auth_client *a)
{
    return a->due;
}

void auth_client_done(struct auth_client *a)
{
    secret_wipe(a, sizeof(*a));
    a->due = NEVER;
}

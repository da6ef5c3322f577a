/* Events of the tunnel in the words of the public API, and the server's judging of answers. */
#include "lib/session.h"

#include <stdio.h>

#include "auth/verify.h"
#include "base/secret.h"
#include "crypto/mschap.h"
#include "tls/prim_host.h"

/* --- events -------------------------------------------------------------------------------------------------- */

static void describe(const struct tunnel_event *e, struct adit_event *ret)
{
    *ret = (struct adit_event){
        .text = e->text.p,
        .text_len = e->text.n,
        .has_ipv4 = e->ipv4,
        .has_ipv6 = e->ipv6,
        .our_ipv4 = e->ip.our_addr,
        .peer_ipv4 = e->ip.peer_addr,
        .dns = { e->ip.dns[0], e->ip.dns[1] },
        .mtu = e->mtu,
        .cause = (enum adit_cause)e->cause,
        .detail = e->detail,
    };
    memcpy(ret->our_id, e->ip6.our_id, 8);
    memcpy(ret->peer_id, e->ip6.peer_id, 8);
}

/* True: *ret is an event for outside. */
static bool translate(adit_session *s, const struct tunnel_event *e, struct adit_event *ret)
{
    describe(e, ret);
    switch (e->kind) {
    case TUNNEL_EV_NONE:
        return false;
    case TUNNEL_EV_UPGRADED:
        ret->kind = ADIT_EV_UPGRADED;
        return true;
    case TUNNEL_EV_ASK:
        return lib_ask(s, e, ret);
    case TUNNEL_EV_AUTHENTICATED:
        ret->kind = ADIT_EV_AUTHENTICATED;
        return true;
    case TUNNEL_EV_CONNECTED:
        ret->kind = ADIT_EV_CONNECTED;
        return true;
    case TUNNEL_EV_UP:
        ret->kind = ADIT_EV_UP;
        return true;
    case TUNNEL_EV_IDENT:
        ret->kind = ADIT_EV_IDENT;
        return true;
    case TUNNEL_EV_DOWN:
        ret->kind = ADIT_EV_DOWN;
        s->question.ask = 0;
        return true;
    }
    return false;
}

int adit_session_event(adit_session *s, struct adit_event *ret_event)
{
    struct tunnel_event e;
    struct adit_event out;
    while (tunnel_event(&s->tunnel, &e))
        if (translate(s, &e, &out)) {
            *ret_event = out;
            return 1;
        }
    return 0;
}

/* --- questions ----------------------------------------------------------------------------------------------- */

static size_t copy(uint8_t *dst, size_t cap, struct slice s)
{
    size_t n = s.n < cap ? s.n : cap;
    if (n)
        memcpy(dst, s.p, n);
    return n;
}

/* The EAP server took a packet: either it needs to know who somebody is, or the tunnel gets its answer. */
static bool eap_turn(adit_session *s, struct adit_event *ret_event, const struct params *params, msec now)
{
    struct eap_server_event e;
    struct lib_question *q = &s->question;
    if (!eap_server_event(&s->eap, &e))
        return false;
    if (e.kind == EAP_SERVER_EV_USER && ret_event) {
        q->name_len = copy(q->name, sizeof q->name, e.name);
        return true;
    }
    struct auth_verdict v = { .kind = VERDICT_MORE, .eap = e.packet };
    char text[16];
    if (e.kind == EAP_SERVER_EV_ACCEPTED) {
        v.kind = VERDICT_ACCEPT;
        v.keyed = true;
        memcpy(v.hlak, e.hlak, HLAK_LEN);
    } else if (e.kind == EAP_SERVER_EV_REFUSED) {
        v.kind = VERDICT_REFUSE;
        v.text = slice_of(text, (size_t)snprintf(text, sizeof text, "E=%u", e.code));
    }
    uint32_t ask = q->ask;
    q->ask = 0;
    tunnel_answer(&s->tunnel, ask, &v, params, now);
    secret_wipe(&v, sizeof v);
    secret_wipe(&e, sizeof e);
    return false;
}

static bool eap_ask(adit_session *s, struct slice packet, struct adit_event *ret_event)
{
    msec now = s->tunnel.now;
    if (packet.n == 0) {
        struct eap_server_conf c = { .server_name = s->config.name, .attempts_max = 3 };
        eap_server_init(&s->eap, &c, &s->env, now);
        s->eap_on = true;
    } else {
        struct rd r = rd_slice(packet);
        if (eap_server_feed(&s->eap, &r, now) < 0)
            return false;
    }
    return eap_turn(s, ret_event, &s->granted, now);
}

bool lib_ask(adit_session *s, const struct tunnel_event *e, struct adit_event *ret_event)
{
    const struct auth_question *in = &e->question;
    struct lib_question *q = &s->question;
    *q = (struct lib_question){ .ask = e->ask, .method = in->method, .id = in->id };
    if (in->method == AUTH_EAP_MSCHAPV2) {
        if (!eap_ask(s, in->eap, ret_event))
            return false;
    } else {
        q->name_len = copy(q->name, sizeof q->name, in->name);
        q->password_len = copy(q->password, sizeof q->password, in->password);
        q->challenge_len = copy(q->challenge, sizeof q->challenge, in->challenge);
        q->response_len = copy(q->response, sizeof q->response, in->response);
    }
    ret_event->kind = ADIT_EV_WHO;
    ret_event->who = q->ask;
    ret_event->method = (enum adit_method)in->method;
    ret_event->text = q->name;
    ret_event->text_len = q->name_len;
    return true;
}

/* --- answers ------------------------------------------------------------------------------------------------- */

static struct params params_of(const struct adit_grant *g)
{
    struct params p = { .server_ipv4 = g->server_ipv4, .dns = { g->dns[0], g->dns[1] }, .mtu = g->mtu };
    if (g->ipv4)
        p.prefixes[p.n_prefixes++] = prefix_v4(g->ipv4, 32);
    if (g->ipv6)
        p.prefixes[p.n_prefixes++] = prefix_v6(g->ipv6_prefix, 64);
    return p;
}

/* The hash to verify with; a password that cannot be hashed has none. */
static bool nt_hash_of(const struct adit_user *u, uint8_t hash[16])
{
    if (u->password)
        return mschap_nt_hash(&prim_host, slice_str(u->password), hash) == 0;
    memcpy(hash, u->nt_hash, 16);
    return true;
}

/* PAP: by the password if it is known, else by its hash. */
static bool pap_right(const struct lib_question *q, const struct adit_user *u)
{
    uint8_t sent[16], ours[16];
    struct slice password = slice_of(q->password, q->password_len);
    bool right = nt_hash_of(u, ours) && mschap_nt_hash(&prim_host, password, sent) == 0 && secret_eq(sent, ours, 16);
    secret_wipe(sent, sizeof sent);
    secret_wipe(ours, sizeof ours);
    return right;
}

/* Is the answer right? Fills the verdict's key and success text where the method has them. */
static bool judge(const struct lib_question *q, const struct adit_user *u, struct auth_verdict *v, char success[43])
{
    struct slice name = slice_of(q->name, q->name_len), challenge = slice_of(q->challenge, q->challenge_len);
    struct slice response = slice_of(q->response, q->response_len);
    uint8_t hash[16];
    bool right = false;
    switch (q->method) {
    case AUTH_PAP:
        return pap_right(q, u);
    case AUTH_CHAP_MD5:
        return u->password && verify_chap_md5(&prim_host, q->id, slice_str(u->password), challenge, response);
    case AUTH_MSCHAPV2:
        right = nt_hash_of(u, hash) && verify_mschapv2(&prim_host, hash, name, challenge, response, success, v->hlak);
        v->keyed = right;
        v->text = slice_str(success);
        secret_wipe(hash, sizeof hash);
        return right;
    case AUTH_NONE:
    case AUTH_EAP_MSCHAPV2:
    case AUTH_METHODS:
        break;
    }
    return false;
}

static void answer_eap(adit_session *s, const struct adit_user *user, msec now)
{
    struct eap_server_user u = { .known = user->known != 0, .refuse_code = user->refuse };
    if (!nt_hash_of(user, u.nt_hash))
        u.known = false;
    eap_server_user(&s->eap, &u, now);
    secret_wipe(&u, sizeof u);
    (void)eap_turn(s, NULL, &s->granted, now);
}

int adit_session_answer(adit_session *s, uint32_t who, const struct adit_user *user, const struct adit_grant *grant,
                        uint64_t now)
{
    static const uint8_t no_challenge[16];
    struct lib_question *q = &s->question;
    if (who == 0 || who != q->ask)
        return ADIT_ERR_STATE;
    s->granted = params_of(grant);
    if (q->method == AUTH_EAP_MSCHAPV2) {
        answer_eap(s, user, now);
        return ADIT_OK;
    }
    char success[43] = { 0 }, failure[AUTH_TEXT_MAX];
    struct auth_verdict v = { .kind = VERDICT_ACCEPT };
    bool right = judge(q, user, &v, success) && user->known;
    if (!right || user->refuse) {
        unsigned code = right ? user->refuse : 691;
        secret_wipe(&v, sizeof v);
        v.kind = VERDICT_REFUSE;
        v.text = slice_of(failure, verify_failure_text(failure, sizeof failure, code, false, no_challenge, "Refused"));
    }
    q->ask = 0;
    tunnel_answer(&s->tunnel, who, &v, &s->granted, now);
    secret_wipe(&v, sizeof v);
    secret_wipe(q, sizeof *q);
    return ADIT_OK;
}

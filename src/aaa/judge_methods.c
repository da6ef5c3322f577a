/* Who is right: one question of each method against the user's record.
 *
 * On the wire an unknown user is like a known one with a wrong password: the same packets after the same work. A locked
 * user learns that only with the right password. */
#include "aaa/judge_priv.h"

#include "aaa/password.h"
#include "auth/verify.h"
#include "base/secret.h"
#include "crypto/mschap.h"
#include "events/events.h"

#include <stdio.h>
#include <stdlib.h>

/* The record of a name as sent, `DOMAIN\user` included. False: there is none, or it cannot be read (said in the
 * log). */
static bool find_user(struct judge *j, struct sess *s, struct slice name, struct user *ret)
{
    struct slice account = mschap_account(name);
    memset(ret, 0, sizeof(*ret));
    int found = users_find(j->users, account, ret);
    if (found < 0)
        event(EV_USERS_ERROR, s->who.call, F_TEXT("cause", users_error(j->users)));
    s->unreadable = found < 0;
    s->known = found == 1;
    s->locked = s->known && ret->locked;
    judge_entitle(j, ret, &s->want);
    struct slice shown = s->known ? slice_str(ret->name) : name;
    size_t n = 0; /* a name in the verdict is a C string: it ends where the peer put a NUL */
    while (n < shown.n && n < sizeof(s->user) - 1 && shown.p[n])
        n++;
    if (n)
        memcpy(s->user, shown.p, n);
    s->user[n] = '\0';
    return s->known;
}

/* Does the record serve the method? Says so in the log if not: the administrator must do something. */
static bool serves(struct sess *s, const struct user *u, enum auth_method m)
{
    s->served = s->known && user_serves(u, m);
    if (s->known && !s->served)
        event(EV_AUTH_NO_RECORD, s->who.call, F_BYTES("user", slice_str(s->user)),
              F_TEXT("method", auth_method_name(m)));
    return s->served;
}

static const char *why(const struct sess *s)
{
    if (s->unreadable)
        return "the users' database cannot be read";
    return !s->known ? "unknown user" : !s->served ? "no record for this method" : "wrong password";
}

/* The end of every method but EAP: right or wrong, locked or not. */
static void conclude(struct judge *j, struct sess *s, bool right, const char *wrong_reason, msec now)
{
    if (right && s->locked) {
        judge_refuse(j, s, E_ACCT_DISABLED, false, "locked");
    } else if (right) {
        judge_grant(j, s, now);
    } else {
        s->attempts++;
        /* RFC 2759 6: a retry needs no new Challenge packet. RFC 1994 4.2, RFC 1334 2.2.1: CHAP and PAP have none. */
        bool retry = s->method == AUTH_MSCHAPV2 && s->attempts < JUDGE_ATTEMPTS;
        judge_refuse(j, s, E_AUTHENTICATION_FAILURE, retry, wrong_reason);
    }
}

static void ask_mschapv2(struct judge *j, struct sess *s, const struct auth_question *q, msec now)
{
    struct user u;
    uint8_t hlak[HLAK_LEN];
    char success[43];
    (void)find_user(j, s, q->name, &u);
    bool served = serves(s, &u, AUTH_MSCHAPV2);
    bool right = verify_mschapv2(j->env->prim, served ? u.nt_hash : j->fake_nt_hash, q->name, q->challenge, q->response,
                                 success, hlak) &&
                 served;
    if (right) {
        s->keyed = true;
        memcpy(s->hlak, hlak, sizeof(hlak));
        memcpy(s->text, success, sizeof(success));
    }
    secret_wipe(hlak, sizeof(hlak));
    user_wipe(&u);
    conclude(j, s, right, why(s), now);
}

static void ask_chap_md5(struct judge *j, struct sess *s, const struct auth_question *q, msec now)
{
    struct user u;
    (void)find_user(j, s, q->name, &u);
    bool served = serves(s, &u, AUTH_CHAP_MD5);
    struct slice secret = served ? slice_str(u.clear) : slice_of(j->fake_secret, sizeof(j->fake_secret));
    bool right = verify_chap_md5(j->env->prim, q->id, secret, q->challenge, q->response) && served;
    user_wipe(&u);
    conclude(j, s, right, why(s), now);
}

/* PAP against what the record has besides a slow hash. */
static bool pap_fast(const struct judge *j, const struct user *u, struct slice password)
{
    uint8_t got[16];
    bool right = false;
    if (u->has_nt && mschap_nt_hash(j->env->prim, password, got) == 0)
        right = secret_eq(got, u->nt_hash, sizeof(got));
    else if (!u->has_nt && u->has_clear && password.n == strlen(u->clear))
        right = secret_eq(password.p, u->clear, password.n);
    secret_wipe(got, sizeof(got));
    return right;
}

/* Of several workers none may fill the queue; what was asked and then overtaken counts until it is computed. */
static unsigned hashes_for_one(const struct judge *j)
{
    return j->c.workers > 1 ? JUDGE_SLOW_BOUND * 3 / 4 : JUDGE_SLOW_BOUND;
}

/* If any record has a slow hash, every answer pays for one: else the time would say who exists. */
static void ask_pap(struct judge *j, struct sess *s, const struct auth_question *q, msec now)
{
    struct user u;
    struct slow_job job = { .n = q->password.n };
    (void)find_user(j, s, q->name, &u);
    bool served = serves(s, &u, AUTH_PAP);
    s->slow_decides = served && u.has_slow && !u.has_nt && !u.has_clear;
    s->slow_verdict = served && !s->slow_decides && pap_fast(j, &u, q->password);
    if (s->slow_decides)
        job.want = u.slow;
    else
        slow_default_cost(&job.want);
    user_wipe(&u);
    if (q->password.n > sizeof(job.password)) {
        conclude(j, s, false, "password too long", now);
        return;
    }
    if (!j->any_slow && !s->slow_decides) {
        conclude(j, s, s->slow_verdict, why(s), now);
        return;
    }
    if (job.n)
        memcpy(job.password, q->password.p, job.n);
    job.ticket = s->ticket = ++j->next_ticket;
    job.owner = s->who.worker % JUDGE_WORKERS;
    int e = j->hashes[job.owner] < hashes_for_one(j) ? slow_give(j->slow, &job) : ERR_NOBUF;
    j->hashes[job.owner] += e == 0;
    secret_wipe(&job, sizeof(job));
    if (e < 0) {
        event(EV_AUTH_BUSY, s->who.call, F_BYTES("user", slice_str(s->user)), F_TEXT("peer", s->who.peer));
        judge_refuse(j, s, E_AUTHENTICATION_FAILURE, false, "busy");
        return;
    }
    judge_enter(j, s, SESS_SLOW, now);
}

void judge_slow_done(struct judge *j, struct sess *s, bool right, msec now)
{
    judge_enter(j, s, SESS_TALKING, now);
    conclude(j, s, s->slow_decides ? right : s->slow_verdict, why(s), now);
}

static void keep_packet(struct sess *s, struct slice packet)
{
    s->packet_len = packet.n >= EAP_END ? EAP_END : 0;
    memcpy(s->packet, packet.p, s->packet_len);
}

static void eap_user(struct judge *j, struct sess *s, struct slice name, msec now)
{
    struct user u;
    struct eap_server_user eu = { 0 };
    (void)find_user(j, s, name, &u);
    if (serves(s, &u, AUTH_EAP_MSCHAPV2)) {
        eu.known = true;
        eu.refuse_code = s->locked ? E_ACCT_DISABLED : 0;
        memcpy(eu.nt_hash, u.nt_hash, sizeof(eu.nt_hash));
    }
    eap_server_user(s->eap, &eu, now);
    secret_wipe(&eu, sizeof(eu));
    user_wipe(&u);
}

static void eap_send(struct judge *j, struct sess *s, const struct eap_server_event *ev)
{
    struct judge_result r = { .verdict = { .kind = VERDICT_MORE, .eap = ev->packet } };
    judge_say(j, s, &r);
}

/* The EAP server knows a record that does not serve it as an unknown user; the log is to know better. */
static const char *eap_reason(const struct sess *s, const struct eap_server_event *ev)
{
    if (ev->code == E_ACCT_DISABLED)
        return "locked";
    if ((s->unreadable || (s->known && !s->served)) && ev->reason && strcmp(ev->reason, "unknown user") == 0)
        return why(s);
    return ev->reason ? ev->reason : "refused";
}

/* What the EAP server says after each packet, until it wants the next one. */
static void eap_events(struct judge *j, struct sess *s, msec now)
{
    struct eap_server_event ev;
    while (s->eap && eap_server_event(s->eap, &ev)) {
        switch (ev.kind) {
        case EAP_SERVER_EV_NONE:
            break;
        case EAP_SERVER_EV_USER:
            eap_user(j, s, ev.name, now);
            break;
        case EAP_SERVER_EV_SEND:
            eap_send(j, s, &ev);
            return;
        case EAP_SERVER_EV_ACCEPTED:
            keep_packet(s, ev.packet);
            s->keyed = true;
            memcpy(s->hlak, ev.hlak, sizeof(s->hlak));
            secret_wipe(ev.hlak, sizeof(ev.hlak));
            judge_grant(j, s, now);
            return;
        case EAP_SERVER_EV_REFUSED:
            keep_packet(s, ev.packet);
            judge_refuse(j, s, ev.code, false, eap_reason(s, &ev));
            return;
        }
    }
}

static void ask_eap(struct judge *j, struct sess *s, const struct auth_question *q, msec now)
{
    static const struct eap_server_conf conf = { .server_name = "adit", .attempts_max = JUDGE_ATTEMPTS };
    if (q->eap.n == 0) { /* round 0, also after LCP was renegotiated */
        if (!s->eap)
            s->eap = malloc(sizeof(*s->eap));
        if (!s->eap) {
            judge_refuse(j, s, E_AUTHENTICATION_FAILURE, false, "out of memory");
            return;
        }
        eap_server_init(s->eap, &conf, j->env, now);
    } else if (!s->eap) {
        judge_refuse(j, s, E_AUTHENTICATION_FAILURE, false, "EAP without a beginning");
        return;
    } else {
        struct rd r = rd_slice(q->eap);
        if (eap_server_feed(s->eap, &r, now) < 0) {
            judge_refuse(j, s, E_AUTHENTICATION_FAILURE, false, "malformed EAP");
            return;
        }
    }
    eap_events(j, s, now);
}

void judge_question(struct judge *j, struct sess *s, const struct auth_question *q, msec now)
{
    bool configured = false;
    for (unsigned i = 0; i < j->c.n_methods; i++)
        configured |= j->c.methods[i] == q->method;
    s->method = q->method;
    if (!configured) { /* a worker that asks this is faulty or no longer ours */
        judge_refuse(j, s, E_AUTHENTICATION_FAILURE, false, "the method is not configured");
        return;
    }
    switch (q->method) {
    case AUTH_PAP:
        ask_pap(j, s, q, now);
        break;
    case AUTH_CHAP_MD5:
        ask_chap_md5(j, s, q, now);
        break;
    case AUTH_MSCHAPV2:
        ask_mschapv2(j, s, q, now);
        break;
    case AUTH_EAP_MSCHAPV2:
        ask_eap(j, s, q, now);
        break;
    case AUTH_NONE:
    case AUTH_METHODS:
        break;
    }
}

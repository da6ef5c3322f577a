/* What a session gets once its user is proven: an address and the rest of its parameters; and how a refusal is
 * worded. */
#include "aaa/judge_priv.h"

#include "auth/verify.h"
#include "base/secret.h"
#include "events/events.h"

/* RFC 3748 4.2: Failure, with the identifier of what it answers. */
static void eap_failure(struct sess *s)
{
    uint8_t id = s->packet_len >= 4 ? s->packet[1] : 0;
    const uint8_t failure[4] = { 4, id, 0, 4 };
    memcpy(s->packet, failure, sizeof(failure));
    s->packet_len = sizeof(failure);
}

void judge_refuse(struct judge *j, struct sess *s, unsigned code, bool retry, const char *reason)
{
    static const char *const texts[] = { "Authentication failed", "Access denied" };
    char text[128];
    struct judge_result r = { .verdict = { .kind = VERDICT_REFUSE, .retry = retry }, .reason = reason, .code = code };
    if (s->method == AUTH_MSCHAPV2) {
        /* RFC 2759 6: "C=" is there also without a retry. */
        j->env->random(j->env->ctx, r.verdict.challenge, sizeof(r.verdict.challenge));
        size_t n = verify_failure_text(text, sizeof(text), code, retry, r.verdict.challenge,
                                       texts[code == E_AUTHENTICATION_FAILURE ? 0 : 1]);
        r.verdict.text = slice_of(text, n);
    } else if (s->method == AUTH_EAP_MSCHAPV2) {
        if (s->packet_len == 0 || s->packet[0] != 4)
            eap_failure(s);
        r.verdict.eap = slice_of(s->packet, s->packet_len);
    } else {
        r.verdict.text = slice_str(texts[0]);
    }
    r.no_address = code == E_NO_DIALIN_PERMISSION;
    judge_say(j, s, &r);
}

static void fill_params(const struct judge *j, const struct sess *s, struct params *p)
{
    memset(p, 0, sizeof(*p));
    p->prefixes[0] = prefix_v4(s->leased, 32);
    p->n_prefixes = 1;
    p->server_ipv4 = pool_server_of(j->pool, s->leased);
    for (unsigned i = 0, n = 0; i < j->c.n_dns && n < 2; i++)
        if (j->c.dns[i].family == 4)
            p->dns[n++] = prefix_v4_addr(&j->c.dns[i]);
    for (unsigned i = 0; i < j->c.n_nbns && i < 2; i++)
        p->nbns[i] = prefix_v4_addr(&j->c.nbns[i]);
    p->mtu = j->c.mtu;
    p->snapshot = j->c.number;
}

/* The session has its lease: the verdict. */
static void accept(struct judge *j, struct sess *s, msec now)
{
    struct judge_result r = { .verdict = { .kind = VERDICT_ACCEPT, .keyed = s->keyed } };
    judge_enter(j, s, SESS_ACCEPTED, now);
    memcpy(r.verdict.hlak, s->hlak, HLAK_LEN);
    r.verdict.text = slice_str(s->text);
    r.verdict.eap = slice_of(s->packet, s->packet_len);
    fill_params(j, s, &r.params);
    judge_say(j, s, &r);
    secret_wipe(&r.verdict, sizeof(r.verdict));
    secret_wipe(s->hlak, sizeof(s->hlak));
}

static void no_address(struct judge *j, struct sess *s, const char *reason)
{
    secret_wipe(s->hlak, sizeof(s->hlak));
    judge_refuse(j, s, E_NO_DIALIN_PERMISSION, false, reason);
}

static void grant_any(struct judge *j, struct sess *s, msec now)
{
    uint32_t ipv4;
    if (pool_lease(j->pool, slice_str(s->user), &ipv4) < 0) {
        event(EV_POOL_EXHAUSTED, s->who.call, F_BYTES("user", slice_str(s->user)));
        no_address(j, s, "no address is free");
        return;
    }
    judge_set_lease(j, s, ipv4);
    s->lease_is_fixed = false;
    accept(j, s, now);
}

/* Only the newest of those who wait for an address gets it. */
static void refuse_other_waiters(struct judge *j, const struct sess *s, msec now)
{
    for (struct sess *o = j->replacing.oldest, *newer; o; o = newer) {
        newer = o->newer;
        if (o == s || o->fixed != s->fixed)
            continue;
        judge_enter(j, o, SESS_TALKING, now);
        no_address(j, o, "replaced by a newer login");
    }
}

void judge_take_over(struct judge *j, struct sess *s, msec now)
{
    struct sess *holder = judge_holder(j, s->fixed);
    if (holder)
        judge_set_lease(j, holder, 0);
    if (pool_take(j->pool, s->fixed) < 0) {
        event(EV_FIXED_ADDRESS_UNUSABLE, s->who.call, F_BYTES("user", slice_str(s->user)));
        judge_enter(j, s, SESS_TALKING, now);
        no_address(j, s, "the fixed address cannot be given");
        return;
    }
    judge_set_lease(j, s, s->fixed);
    s->lease_is_fixed = true;
    accept(j, s, now);
}

static void grant_fixed(struct judge *j, struct sess *s, msec now)
{
    const char *fault = pool_fixed_fault(&j->c, s->fixed);
    if (fault) {
        char text[PREFIX_TEXT];
        struct prefix p = prefix_v4(s->fixed, 32);
        event(EV_FIXED_ADDRESS_UNUSABLE, s->who.call, F_BYTES("user", slice_str(s->user)),
              F_TEXT("address", prefix_text(&p, text)), F_TEXT("cause", fault));
        no_address(j, s, "the fixed address cannot be given");
        return;
    }
    refuse_other_waiters(j, s, now);
    struct sess *holder = judge_holder(j, s->fixed);
    if (!holder) {
        judge_take_over(j, s, now);
        return;
    }
    judge_enter(j, s, SESS_REPLACES, now);
    j->end(j->ctx, holder->who.worker, holder->who.session, "replaced by a newer login");
}

void judge_grant(struct judge *j, struct sess *s, msec now)
{
    /* A second authentication of the same session: it keeps what it has, unless that is no longer right; then the old
     * lease goes back when the new one is there. */
    if (s->leased && (s->fixed ? s->fixed == s->leased : !s->lease_is_fixed)) {
        accept(j, s, now);
        return;
    }
    if (s->fixed)
        grant_fixed(j, s, now);
    else
        grant_any(j, s, now);
}

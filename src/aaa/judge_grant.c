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
    r.not_leased = s->not_leased;
    judge_say(j, s, &r);
}

static void fill_names(const struct config *c, struct params *p)
{
    struct config_told t;
    unsigned n = 0;
    config_tell(c, p->pool, p->group, p->user, &t);
    for (unsigned i = 0; i < t.n_dns; i++) {
        if (t.dns[i].family == 4 && n < 2) /* what IPCP can carry (RFC 1877) */
            p->dns[n++] = prefix_v4_addr(&t.dns[i]);
        else if (t.dns[i].family == 6 && p->n_dns6 < PARAMS_DNS)
            p->dns6[p->n_dns6++] = t.dns[i];
    }
    for (unsigned i = 0, k = 0; i < t.n_nbns && k < 2; i++)
        if (t.nbns[i].family == 4)
            p->nbns[k++] = prefix_v4_addr(&t.nbns[i]);
}

/* What the network's DHCP server says of servers, where the configuration says nothing. */
static void fill_given(const struct lan_given *g, const struct config_pool *pool, struct params *p)
{
    if (!p->dns[0] && !(pool && pool->net.dns_set))
        memcpy(p->dns, g->dns, sizeof(p->dns));
    if (!p->nbns[0] && !(pool && pool->net.nbns_set))
        memcpy(p->nbns, g->nbns, sizeof(p->nbns));
}

static void fill_params(const struct judge *j, const struct sess *s, struct params *p)
{
    const struct config_pool *pool =
        s->lease.pool && s->lease.pool <= j->c.n_pools ? &j->c.pools[s->lease.pool - 1] : NULL;
    memset(p, 0, sizeof(*p));
    memcpy(p->prefixes, s->held, sizeof(p->prefixes));
    p->n_prefixes = s->n_held;
    p->n_routed = s->n_routed;
    p->server_ipv4 = pool && pool->ipv4.family ? prefix_v4_addr(&pool->ipv4) + 1 : s->given.server;
    p->link6 = s->lease.link6;
    p->delegated6 = s->lease.delegated6;
    p->pool = (uint8_t)s->lease.pool;
    p->group = (uint8_t)s->has.group;
    p->user = (uint8_t)(s->known ? config_user_named(&j->c, slice_str(s->user)) : 0);
    fill_names(&j->c, p);
    fill_given(&s->given, pool, p);
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

static void exhausted(struct judge *j, struct sess *s)
{
    event(EV_POOL_EXHAUSTED, s->who.call, F_BYTES("user", slice_str(s->user)));
    no_address(j, s, "no address is free");
}

static void out_of_memory(struct judge *j, struct sess *s)
{
    event(EV_NO_MEMORY, s->who.call, F_TEXT("for", "a lease"));
    no_address(j, s, "no address is free");
}

/* Without an IPv4 address from a LAN, if the pool's come from there: the session holds the rest meanwhile. */
static void ask_lan(struct judge *j, struct sess *s, const char *link, msec now)
{
    struct lan_who who = { .worker = s->who.worker, .session = s->who.session, .call = s->who.call, .user = s->user };
    s->leased = false;
    judge_enter(j, s, SESS_LEASING, now);
    int r = j->lan ? lan_ask(j->lan, &who, link, now) : ERR_MISSING;
    if (r == 0)
        return;
    judge_leased(j, s->who.worker, s->who.session, NULL,
                 r == ERR_MISSING ? "the interface of its pool's DHCP server is not there" : "too many leases", now);
}

void judge_leased(struct judge *j, uint32_t worker, uint64_t session, const struct lan_given *given, const char *why,
                  msec now)
{
    struct sess *s = judge_find(j, worker, session);
    j->now = now;
    if (!s || s->state != SESS_LEASING) {
        if (given)
            lan_give_back(j->lan, worker, session, now); /* nobody waits for it any more */
        return;
    }
    judge_enter(j, s, SESS_TALKING, now);
    int r = given ? judge_add_given(j, s, given) : ERR_REFUSED;
    if (r == 0) {
        s->leased = true;
        accept(j, s, now);
        return;
    }
    judge_release(j, s);
    s->not_leased = true;
    no_address(j, s, given ? "its DHCP server gave an address that another session has" : why);
}

/* All that the pool gives, and what only the user has. */
static void grant_lease(struct judge *j, struct sess *s, const struct pool_lease *l, msec now)
{
    const char *link = judge_lease_on(j, l);
    if (judge_set_lease(j, s, l) < 0)
        out_of_memory(j, s);
    else if (link)
        ask_lan(j, s, link, now);
    else
        accept(j, s, now);
}

static void grant_any(struct judge *j, struct sess *s, msec now)
{
    static const struct pool_lease none;
    struct pool_lease l;
    if (pool_lease(j->pool, judge_pools_for(j, s->want.group), &none, slice_str(s->user), &l) < 0)
        exhausted(j, s);
    else
        grant_lease(j, s, &l, now);
}

/* Only the newest of those who wait for the same gets it. */
static void refuse_other_waiters(struct judge *j, const struct sess *s, msec now)
{
    for (struct sess *o = j->replacing.oldest, *newer; o; o = newer) {
        newer = o->newer;
        if (o == s || !judge_same_claim(o, s))
            continue;
        judge_enter(j, o, SESS_TALKING, now);
        no_address(j, o, "replaced by a newer login");
    }
}

static void unusable(struct judge *j, struct sess *s, const struct prefix *fixed, const char *fault)
{
    char text[PREFIX_TEXT];
    event(EV_FIXED_ADDRESS_UNUSABLE, s->who.call, F_BYTES("user", slice_str(s->user)),
          F_TEXT("address", prefix_text(fixed, text)), F_TEXT("cause", fault));
    no_address(j, s, "the fixed address cannot be given");
}

/* Both fixed ones, or none. A /64 beyond what the pool keeps count of is nobody else's. */
static const struct prefix *take_fixed(struct judge *j, const struct entitled *want, struct pool_lease *l)
{
    *l = (struct pool_lease){ .ipv4 = want->fixed[0], .link6 = want->fixed[1] };
    if (l->ipv4.family && pool_take(j->pool, &l->ipv4) < 0)
        return &want->fixed[0];
    if (!l->link6.family || pool_take(j->pool, &l->link6) != ERR_STATE)
        return NULL;
    (void)pool_give_back(j->pool, &l->ipv4);
    return &want->fixed[1];
}

void judge_take_over(struct judge *j, struct sess *s, msec now)
{
    struct pool_lease fixed, l;
    struct sess *holder;
    unsigned at = 0;
    while ((holder = judge_holder(j, s, &at)) != NULL)
        judge_release(j, holder);
    judge_release(j, s);
    judge_enter(j, s, SESS_TALKING, now);
    const struct prefix *bad = take_fixed(j, &s->want, &fixed);
    if (bad) {
        unusable(j, s, bad, "somebody else has it");
        return;
    }
    if (pool_lease(j->pool, judge_pools_for(j, s->want.group), &fixed, slice_str(s->user), &l) < 0) {
        (void)pool_give_back(j->pool, &fixed.ipv4);
        (void)pool_give_back(j->pool, &fixed.link6);
        exhausted(j, s);
    } else {
        grant_lease(j, s, &l, now);
    }
}

static bool networks_clash(struct judge *j, struct sess *s)
{
    const struct sess *other = judge_clash(j, s);
    if (!other)
        return false;
    event(EV_ROUTED_OVERLAP, s->who.call, F_BYTES("user", slice_str(s->user)),
          F_BYTES("other", slice_str(other->user)));
    no_address(j, s, "a network behind the client is another's already");
    return true;
}

/* What only one session can have. */
static void grant_claims(struct judge *j, struct sess *s, msec now)
{
    for (unsigned i = 0; i < 2; i++) {
        const char *fault = s->want.fixed[i].family ? pool_fixed_fault(&j->c, &s->want.fixed[i]) : NULL;
        if (fault) {
            unusable(j, s, &s->want.fixed[i], fault);
            return;
        }
    }
    if (networks_clash(j, s))
        return;
    refuse_other_waiters(j, s, now);
    if (!judge_held_up(j, s)) {
        judge_take_over(j, s, now);
        return;
    }
    judge_enter(j, s, SESS_REPLACES, now);
    struct sess *o, *last = NULL;
    unsigned at = 0;
    while ((o = judge_holder(j, s, &at)) != NULL) {
        if (o != last) /* what one session has stands together; another word to the same does no harm */
            j->end(j->ctx, o->who.worker, o->who.session, "replaced by a newer login");
        last = o;
    }
}

void judge_grant(struct judge *j, struct sess *s, msec now)
{
    /* A second authentication of the same session: it keeps what it has, unless that is no longer right. */
    if (s->leased && memcmp(&s->want, &s->has, sizeof(s->want)) == 0)
        accept(j, s, now);
    else if (judge_claims(s))
        grant_claims(j, s, now);
    else
        grant_any(j, s, now);
}

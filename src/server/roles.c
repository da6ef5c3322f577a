/* Bodies of messages between roles. See roles.h; who may say what is in rules.c. */
#include "server/roles.h"

static void put_bytes(struct wr *w, struct slice s)
{
    wr_u32(w, (uint32_t)s.n);
    wr_put(w, s);
}

static struct slice get_bytes(struct rd *r)
{
    return rd_take(r, rd_u32(r));
}

static void put_prefixes(struct wr *w, const struct prefix *p, unsigned n)
{
    wr_u8(w, n);
    for (unsigned i = 0; i < n; i++)
        prefix_put(w, &p[i]);
}

static unsigned get_prefixes(struct rd *r, struct prefix *p, unsigned max)
{
    unsigned n = rd_u8(r);
    if (n > max) {
        r->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < n; i++)
        prefix_get(r, &p[i]);
    return n;
}

void role_put_cert(struct wr *w, const struct role_cert *c)
{
    put_bytes(w, c->chain);
    put_bytes(w, c->key);
    wr_u8(w, c->wide_gcm);
}

int role_get_cert(struct slice body, struct role_cert *ret_c)
{
    struct rd r = rd_slice(body);
    struct role_cert c;
    c.chain = get_bytes(&r);
    c.key = get_bytes(&r);
    c.wide_gcm = rd_bool(&r);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_c = c;
    return 0;
}

static void put_who(struct wr *w, const struct judge_who *who)
{
    wr_u64(w, who->session);
    wr_text(w, who->call, sizeof(who->call));
    wr_text(w, who->peer, sizeof(who->peer));
    wr_text(w, who->local, sizeof(who->local));
    wr_bytes(w, who->cert_sha256, sizeof(who->cert_sha256));
    wr_text(w, who->ident, sizeof(who->ident));
}

static void get_who(struct rd *r, struct judge_who *who)
{
    who->session = rd_u64(r);
    rd_text(r, who->call, sizeof(who->call));
    rd_text(r, who->peer, sizeof(who->peer));
    rd_text(r, who->local, sizeof(who->local));
    rd_copy(r, who->cert_sha256, sizeof(who->cert_sha256));
    rd_text(r, who->ident, sizeof(who->ident));
}

void role_put_ask(struct wr *w, const struct role_ask *a)
{
    const struct auth_question *q = &a->question;
    put_who(w, &a->who);
    wr_u8(w, (unsigned)q->method);
    wr_u8(w, q->id);
    put_bytes(w, q->name);
    put_bytes(w, q->password);
    put_bytes(w, q->challenge);
    put_bytes(w, q->response);
    put_bytes(w, q->eap);
}

int role_get_ask(struct slice body, struct role_ask *ret_a)
{
    struct rd r = rd_slice(body);
    struct role_ask a = { 0 };
    struct auth_question *q = &a.question;
    get_who(&r, &a.who);
    unsigned method = rd_u8(&r);
    q->id = rd_u8(&r);
    q->name = get_bytes(&r);
    q->password = get_bytes(&r);
    q->challenge = get_bytes(&r);
    q->response = get_bytes(&r);
    q->eap = get_bytes(&r);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    if (method == AUTH_NONE || method >= AUTH_METHODS || q->name.n >= AUTH_NAME_MAX ||
        q->password.n > AUTH_PASSWORD_BYTES || q->challenge.n > 64 || q->response.n > 64 || q->eap.n > AUTH_EAP_MAX)
        return ERR_VALUE;
    q->method = (enum auth_method)method;
    *ret_a = a;
    return 0;
}

static void put_params(struct wr *w, const struct params *p)
{
    put_prefixes(w, p->prefixes, p->n_prefixes);
    wr_u8(w, p->n_routed);
    wr_u32(w, p->server_ipv4);
    for (unsigned i = 0; i < 2; i++) {
        wr_u32(w, p->dns[i]);
        wr_u32(w, p->nbns[i]);
    }
    put_prefixes(w, p->dns6, p->n_dns6);
    prefix_put_maybe(w, &p->link6);
    prefix_put_maybe(w, &p->delegated6);
    wr_u8(w, p->pool);
    wr_u8(w, p->group);
    wr_u8(w, p->user);
    wr_u16(w, p->mtu);
    wr_u32(w, p->session_timeout);
    wr_u32(w, p->idle_timeout);
    wr_u32(w, p->snapshot);
}

static void get_params(struct rd *r, struct params *p)
{
    p->n_prefixes = get_prefixes(r, p->prefixes, PARAMS_PREFIXES);
    p->n_routed = rd_u8(r);
    r->bad |= p->n_routed > p->n_prefixes;
    p->server_ipv4 = rd_u32(r);
    for (unsigned i = 0; i < 2; i++) {
        p->dns[i] = rd_u32(r);
        p->nbns[i] = rd_u32(r);
    }
    p->n_dns6 = get_prefixes(r, p->dns6, PARAMS_DNS);
    prefix_get_maybe(r, &p->link6);
    prefix_get_maybe(r, &p->delegated6);
    p->pool = rd_u8(r);
    p->group = rd_u8(r);
    p->user = rd_u8(r);
    p->mtu = rd_u16(r);
    p->session_timeout = rd_u32(r);
    p->idle_timeout = rd_u32(r);
    p->snapshot = rd_u32(r);
}

void role_put_verdict(struct wr *w, const struct role_verdict *v)
{
    wr_u64(w, v->session);
    wr_u8(w, (unsigned)v->verdict.kind);
    wr_u8(w, v->verdict.retry);
    wr_u8(w, v->verdict.keyed);
    wr_u8(w, v->no_address);
    wr_bytes(w, v->verdict.challenge, sizeof(v->verdict.challenge));
    wr_bytes(w, v->verdict.hlak, sizeof(v->verdict.hlak));
    put_bytes(w, v->verdict.eap);
    put_bytes(w, v->verdict.text);
    wr_text(w, v->user, sizeof(v->user));
    wr_text(w, v->reason, sizeof(v->reason));
    put_params(w, &v->params);
}

int role_get_verdict(struct slice body, struct role_verdict *ret_v)
{
    struct rd r = rd_slice(body);
    struct role_verdict v = { 0 };
    v.session = rd_u64(&r);
    unsigned kind = rd_u8(&r);
    v.verdict.retry = rd_u8(&r) != 0;
    v.verdict.keyed = rd_u8(&r) != 0;
    v.no_address = rd_u8(&r) != 0;
    rd_copy(&r, v.verdict.challenge, sizeof(v.verdict.challenge));
    rd_copy(&r, v.verdict.hlak, sizeof(v.verdict.hlak));
    v.verdict.eap = get_bytes(&r);
    v.verdict.text = get_bytes(&r);
    rd_text(&r, v.user, sizeof(v.user));
    rd_text(&r, v.reason, sizeof(v.reason));
    get_params(&r, &v.params);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    if (kind > VERDICT_REFUSE || v.verdict.eap.n > AUTH_EAP_MAX || v.verdict.text.n > AUTH_TEXT_MAX)
        return ERR_VALUE;
    v.verdict.kind = (enum auth_verdict_kind)kind;
    *ret_v = v;
    return 0;
}

void role_put_held(struct wr *w, const struct role_held *h)
{
    put_who(w, &h->who);
    wr_text(w, h->user, sizeof(h->user));
    wr_u8(w, h->up);
    wr_u8(w, h->pool);
    wr_u8(w, h->group);
    put_prefixes(w, h->prefixes, h->n_prefixes);
    wr_u8(w, h->n_routed);
}

int role_get_held(struct slice body, struct role_held *ret_h)
{
    struct rd r = rd_slice(body);
    struct role_held h = { 0 };
    get_who(&r, &h.who);
    rd_text(&r, h.user, sizeof(h.user));
    h.up = rd_u8(&r) != 0;
    h.pool = rd_u8(&r);
    h.group = rd_u8(&r);
    h.n_prefixes = get_prefixes(&r, h.prefixes, PARAMS_PREFIXES);
    h.n_routed = rd_u8(&r);
    r.bad |= h.n_routed > h.n_prefixes;
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_h = h;
    return 0;
}

void role_put_session(struct wr *w, uint64_t session)
{
    wr_u64(w, session);
}

int role_get_session(struct slice body, uint64_t *ret_session)
{
    struct rd r = rd_slice(body);
    uint64_t session = rd_u64(&r);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_session = session;
    return 0;
}

void role_put_counters(struct wr *w, const struct role_counters *c)
{
    wr_u64(w, c->session);
    wr_u64(w, c->bytes_in);
    wr_u64(w, c->bytes_out);
    wr_u64(w, c->packets_in);
    wr_u64(w, c->packets_out);
    wr_u64(w, c->drops);
    wr_text(w, c->cause, sizeof(c->cause));
}

int role_get_counters(struct slice body, struct role_counters *ret_c)
{
    struct rd r = rd_slice(body);
    struct role_counters c = { .session = rd_u64(&r) };
    c.bytes_in = rd_u64(&r);
    c.bytes_out = rd_u64(&r);
    c.packets_in = rd_u64(&r);
    c.packets_out = rd_u64(&r);
    c.drops = rd_u64(&r);
    rd_text(&r, c.cause, sizeof(c.cause));
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_c = c;
    return 0;
}

void role_put_end(struct wr *w, uint64_t session, const char *reason)
{
    wr_u64(w, session);
    wr_text(w, reason, ROLE_REASON);
}

int role_get_end(struct slice body, uint64_t *ret_session, char reason[ROLE_REASON])
{
    struct rd r = rd_slice(body);
    char text[ROLE_REASON];
    uint64_t session = rd_u64(&r);
    rd_text(&r, text, sizeof(text));
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_session = session;
    memcpy(reason, text, sizeof(text));
    return 0;
}

void role_put_own(struct wr *w, const struct role_own *o)
{
    wr_u32(w, o->worker);
    wr_u64(w, o->session);
    put_prefixes(w, o->prefixes, o->n_prefixes);
}

int role_get_own(struct slice body, struct role_own *ret_o)
{
    struct rd r = rd_slice(body);
    struct role_own o = { 0 };
    o.worker = rd_u32(&r);
    o.session = rd_u64(&r);
    o.n_prefixes = get_prefixes(&r, o.prefixes, PARAMS_PREFIXES);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_o = o;
    return 0;
}

void role_put_claim(struct wr *w, const struct role_claim *c)
{
    wr_u64(w, c->session);
    prefix_put(w, &c->addr);
    wr_u8(w, c->asked);
    wr_u8(w, c->granted);
    prefix_put_maybe(w, &c->gone);
}

static bool is_address6(const struct prefix *p)
{
    return p->family == 6 && p->len == 128;
}

int role_get_claim(struct slice body, struct role_claim *ret_c)
{
    struct rd r = rd_slice(body);
    struct role_claim c = { .session = rd_u64(&r) };
    prefix_get(&r, &c.addr);
    c.asked = rd_bool(&r);
    c.granted = rd_bool(&r);
    prefix_get_maybe(&r, &c.gone);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    if (!is_address6(&c.addr) || (c.gone.family && !is_address6(&c.gone)))
        return ERR_VALUE;
    *ret_c = c;
    return 0;
}

void role_put_ndp(struct wr *w, const struct role_ndp *n)
{
    put_prefixes(w, n->nets, n->n_nets);
    put_prefixes(w, n->own, n->n_own);
}

int role_get_ndp(struct slice body, struct role_ndp *ret_n)
{
    struct rd r = rd_slice(body);
    struct role_ndp n = { 0 };
    n.n_nets = get_prefixes(&r, n.nets, ROLE_NDP_NETS);
    n.n_own = get_prefixes(&r, n.own, ROLE_NDP_OWN);
    for (unsigned i = 0; i < n.n_nets; i++)
        r.bad |= n.nets[i].family != 6;
    for (unsigned i = 0; i < n.n_own; i++)
        r.bad |= !is_address6(&n.own[i]);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_n = n;
    return 0;
}

void role_put_lan(struct wr *w, const struct role_lan *l)
{
    wr_text(w, l->name, sizeof(l->name));
    wr_bytes(w, l->mac, sizeof(l->mac));
    wr_u32(w, l->own);
}

int role_get_lan(struct slice body, struct role_lan *ret_l)
{
    struct rd r = rd_slice(body);
    struct role_lan l = { 0 };
    rd_text(&r, l.name, sizeof(l.name));
    rd_copy(&r, l.mac, sizeof(l.mac));
    l.own = rd_u32(&r);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    if (!l.name[0])
        return ERR_VALUE;
    *ret_l = l;
    return 0;
}

void role_put_lease(struct wr *w, const struct role_lease *l)
{
    wr_text(w, l->link, sizeof(l->link));
    prefix_put(w, &l->addr);
}

int role_get_lease(struct slice body, struct role_lease *ret_l)
{
    struct rd r = rd_slice(body);
    struct role_lease l = { 0 };
    rd_text(&r, l.link, sizeof(l.link));
    prefix_get(&r, &l.addr);
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    if (!l.link[0] || l.addr.family != 4 || l.addr.len != 32)
        return ERR_VALUE;
    *ret_l = l;
    return 0;
}

void role_put_limit(struct wr *w, const struct role_limit *l)
{
    wr_u32(w, l->own.worker);
    wr_u64(w, l->own.session);
    wr_u8(w, l->scope);
    wr_text(w, l->name, sizeof(l->name));
    put_prefixes(w, l->own.prefixes, l->own.n_prefixes);
}

int role_get_limit(struct slice body, struct role_limit *ret_l)
{
    struct rd r = rd_slice(body);
    struct role_limit l = { 0 };
    l.own.worker = rd_u32(&r);
    l.own.session = rd_u64(&r);
    l.scope = (uint8_t)rd_u8(&r);
    rd_text(&r, l.name, sizeof(l.name));
    l.own.n_prefixes = get_prefixes(&r, l.own.prefixes, PARAMS_PREFIXES);
    r.bad |= l.scope > CONFIG_SCOPE_GROUP;
    if (rd_finish(&r) < 0)
        return rd_finish(&r);
    *ret_l = l;
    return 0;
}

/* The snapshot as bytes, between our own processes.
 *
 * One walk over the fields serves both directions, so that what is written is what is read. The reader believes
 * nothing: counts, enumerations, texts and prefixes are checked, and leftover bytes are an error. */
#include "config/config.h"

enum { CODEC_VERSION = 3 };

struct codec {
    struct wr *w; /* writing, if not NULL */
    struct rd *r;
    bool bad; /* reading: a value that is not allowed */
};

static void code_number(struct codec *k, uint64_t *v, uint64_t max)
{
    if (k->w) {
        wr_u64(k->w, *v);
        return;
    }
    uint64_t got = rd_u64(k->r);
    k->bad |= got > max;
    *v = got > max ? 0 : got;
}

static void code_unsigned(struct codec *k, unsigned *v, unsigned max)
{
    uint64_t n = *v;
    code_number(k, &n, max);
    *v = (unsigned)n;
}

static void code_u16(struct codec *k, uint16_t *v)
{
    uint64_t n = *v;
    code_number(k, &n, UINT16_MAX);
    *v = (uint16_t)n;
}

static void code_bool(struct codec *k, bool *v)
{
    uint64_t n = *v;
    code_number(k, &n, 1);
    *v = n == 1;
}

static void code_text(struct codec *k, char *v, size_t cap)
{
    if (k->w) {
        size_t n = strnlen(v, cap - 1);
        wr_u16(k->w, (unsigned)n);
        wr_bytes(k->w, v, n);
        return;
    }
    size_t n = rd_u16(k->r);
    if (n >= cap) {
        k->bad = true;
        return;
    }
    rd_copy(k->r, v, n);
    v[n] = '\0';
    k->bad |= strlen(v) != n;
}

static void code_prefix(struct codec *k, struct prefix *v)
{
    if (k->w) {
        wr_bytes(k->w, v->addr, sizeof(v->addr));
        wr_u8(k->w, v->family);
        wr_u8(k->w, v->len);
        return;
    }
    rd_copy(k->r, v->addr, sizeof(v->addr));
    v->family = rd_u8(k->r);
    v->len = rd_u8(k->r);
    k->bad |= v->family != 0 && v->family != 4 && v->family != 6;
    k->bad |= v->len > (v->family == 6 ? 128 : v->family == 4 ? 32 : 0);
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    k->bad |= v->family == 4 && memcmp(v->addr, mapped, sizeof(mapped)) != 0;
}

/* ---- pools, groups, users ---- */

static void code_list(struct codec *k, struct config_list *l, unsigned table)
{
    unsigned at = l->at, n = l->n;
    code_unsigned(k, &at, table);
    code_unsigned(k, &n, table - at);
    l->at = (uint16_t)at;
    l->n = (uint16_t)n;
    code_bool(k, &l->set);
}

static void code_switch(struct codec *k, enum config_switch *v)
{
    unsigned n = (unsigned)*v;
    code_unsigned(k, &n, CONFIG_YES);
    *v = (enum config_switch)n;
}

static void code_prefixes(struct codec *k, struct prefix *at, unsigned *n, unsigned max)
{
    code_unsigned(k, n, max);
    for (unsigned i = 0; i < *n; i++)
        code_prefix(k, &at[i]);
}

static void code_net(struct codec *k, struct config_net *n)
{
    code_list(k, &n->routes, CONFIG_NETS);
    code_list(k, &n->allow, CONFIG_NETS);
    code_list(k, &n->domain, CONFIG_NAMES);
    code_list(k, &n->search, CONFIG_NAMES);
    code_text(k, n->wpad, sizeof(n->wpad));
    code_prefixes(k, n->dns, &n->n_dns, CONFIG_NET_DNS);
    code_bool(k, &n->dns_set);
    code_prefixes(k, n->nbns, &n->n_nbns, 2);
    code_bool(k, &n->nbns_set);
    code_switch(k, &n->default_route);
    code_switch(k, &n->isolate);
}

static void code_pool(struct codec *k, struct config_pool *p)
{
    code_text(k, p->name, sizeof(p->name));
    code_prefix(k, &p->ipv4);
    code_prefix(k, &p->ipv6);
    code_bool(k, &p->ipv6_shared);
    code_text(k, p->ndp_proxy, sizeof(p->ndp_proxy));
    code_text(k, p->dhcp, sizeof(p->dhcp));
    code_list(k, &p->ranges, CONFIG_RANGES);
    code_list(k, &p->exclude, CONFIG_RANGES);
    code_prefix(k, &p->delegate_from);
    code_unsigned(k, &p->delegate, 64);
    code_switch(k, &p->nat);
    code_switch(k, &p->nat66);
    code_text(k, p->outer, sizeof(p->outer));
    code_prefix(k, &p->nat_to[0]);
    code_prefix(k, &p->nat_to[1]);
    code_net(k, &p->net);
    k->bad |= p->dhcp[0] && p->ipv4.family;
    k->bad |= p->ipv4.family == 6 || p->ipv6.family == 4 || p->delegate_from.family == 4 || p->nat_to[0].family == 6 ||
              p->nat_to[1].family == 4;
}

static void code_user(struct codec *k, struct config_user *u)
{
    code_text(k, u->name, sizeof(u->name));
    code_unsigned(k, &u->group, CONFIG_GROUPS);
    code_prefix(k, &u->ipv4);
    code_prefix(k, &u->ipv6);
    code_list(k, &u->routed, CONFIG_NETS);
    code_list(k, &u->routes, CONFIG_NETS);
    code_switch(k, &u->default_route);
    k->bad |= u->ipv4.family == 6 || u->ipv6.family == 4 || u->routed.n > CONFIG_ROUTED;
}

/* The tables that the lists are parts of. */
static void code_tables(struct codec *k, struct config *c)
{
    code_prefixes(k, c->nets, &c->n_nets, CONFIG_NETS);
    code_unsigned(k, &c->n_names, CONFIG_NAMES);
    for (unsigned i = 0; i < c->n_names; i++) {
        code_text(k, c->names[i].text, sizeof(c->names[i].text));
        k->bad |= !dns_name_ok(c->names[i].text);
    }
    code_unsigned(k, &c->n_ranges, CONFIG_RANGES);
    for (unsigned i = 0; i < c->n_ranges; i++) {
        uint64_t first = c->ranges[i].first, last = c->ranges[i].last;
        code_number(k, &first, UINT32_MAX);
        code_number(k, &last, UINT32_MAX);
        c->ranges[i] = (struct config_range){ (uint32_t)first, (uint32_t)last };
        k->bad |= last < first;
    }
}

static void code_lists(struct codec *k, struct config *c)
{
    code_unsigned(k, &c->n_listens, CONFIG_LISTENS);
    for (unsigned i = 0; i < c->n_listens; i++) {
        code_text(k, c->listens[i].text, sizeof(c->listens[i].text));
        code_prefix(k, &c->listens[i].addr);
        code_u16(k, &c->listens[i].port);
    }
    code_unsigned(k, &c->n_methods, AUTH_METHODS);
    for (unsigned i = 0; i < c->n_methods; i++) {
        unsigned m = c->methods[i];
        code_unsigned(k, &m, AUTH_METHODS - 1);
        k->bad |= m == AUTH_NONE;
        c->methods[i] = (enum auth_method)m;
    }
    code_unsigned(k, &c->n_pools, CONFIG_POOLS);
    for (unsigned i = 0; i < c->n_pools; i++)
        code_pool(k, &c->pools[i]);
    code_unsigned(k, &c->n_groups, CONFIG_GROUPS);
    for (unsigned i = 0; i < c->n_groups; i++) {
        code_text(k, c->groups[i].name, sizeof(c->groups[i].name));
        code_unsigned(k, &c->groups[i].pool, CONFIG_POOLS);
        code_net(k, &c->groups[i].net);
    }
    code_unsigned(k, &c->n_user_blocks, CONFIG_USERS);
    for (unsigned i = 0; i < c->n_user_blocks; i++)
        code_user(k, &c->user_blocks[i]);
    code_net(k, &c->net);
    code_unsigned(k, &c->n_dns, CONFIG_DNS);
    for (unsigned i = 0; i < c->n_dns; i++)
        code_prefix(k, &c->dns[i]);
    code_unsigned(k, &c->n_nbns, 2);
    for (unsigned i = 0; i < c->n_nbns; i++)
        code_prefix(k, &c->nbns[i]);
}

static void code_texts(struct codec *k, struct config *c)
{
    code_text(k, c->path, sizeof(c->path));
    code_text(k, c->certificate.name, sizeof(c->certificate.name));
    code_text(k, c->certificate.chain, sizeof(c->certificate.chain));
    code_text(k, c->certificate.key, sizeof(c->certificate.key));
    code_text(k, c->users, sizeof(c->users));
    code_text(k, c->interface, sizeof(c->interface));
    code_text(k, c->outer, sizeof(c->outer));
    code_text(k, c->user, sizeof(c->user));
    code_text(k, c->state_dir, sizeof(c->state_dir));
    code_text(k, c->control, sizeof(c->control));
    code_text(k, c->admin_group, sizeof(c->admin_group));
    code_text(k, c->sandbox, sizeof(c->sandbox));
    code_text(k, c->log_level, sizeof(c->log_level));
}

static void code_numbers(struct codec *k, struct config *c)
{
    uint64_t number = c->number;
    code_number(k, &number, UINT32_MAX);
    c->number = (uint32_t)number;
    code_bool(k, &c->dns_system);
    code_bool(k, &c->nat);
    code_bool(k, &c->steering);
    code_bool(k, &c->debug.offload);
    code_bool(k, &c->debug.fq);
    code_bool(k, &c->debug.wide_gcm);
    code_bool(k, &c->nat66);
    unsigned binding = c->binding_mask;
    code_unsigned(k, &binding, CONFIG_SHA1 | CONFIG_SHA256);
    c->binding_mask = (uint8_t)binding;
    code_unsigned(k, &c->workers, 256);
    code_u16(k, &c->mtu);
    code_number(k, &c->upgrade_deadline, NEVER);
    code_number(k, &c->limit.tls, NEVER);
    code_number(k, &c->limit.http, NEVER);
    code_number(k, &c->limit.request, NEVER);
    code_number(k, &c->limit.auth, NEVER);
    code_number(k, &c->limit.ncp, NEVER);
    code_number(k, &c->limit.hello, NEVER);
    code_number(k, &c->limit.watchdog, NEVER);
    code_unsigned(k, &c->limit.half_open_address, UINT32_MAX);
    code_unsigned(k, &c->limit.half_open, UINT32_MAX);
    code_unsigned(k, &c->limit.sessions, UINT32_MAX);
}

static void code_all(struct codec *k, struct config *c)
{
    code_numbers(k, c);
    code_texts(k, c);
    code_lists(k, c);
    code_tables(k, c);
}

size_t config_encode(const struct config *c, uint8_t *dst, size_t cap)
{
    struct wr w = wr_of(dst, cap);
    struct codec k = { .w = &w };
    struct config copy = *c; /* the walk is the same for both directions, so it takes something that it could write */
    wr_u16(&w, CODEC_VERSION);
    code_all(&k, &copy);
    return wr_len(&w);
}

int config_decode(struct slice bytes, struct config *ret_c)
{
    struct rd r = rd_slice(bytes);
    struct codec k = { .r = &r };
    struct config c;
    memset(&c, 0, sizeof(c));
    if (rd_u16(&r) != CODEC_VERSION)
        return rd_ok(&r) ? ERR_VERSION : ERR_TRUNCATED;
    code_all(&k, &c);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (k.bad)
        return ERR_VALUE;
    if (!rd_end(&r))
        return ERR_TRAILING;
    *ret_c = c;
    return 0;
}

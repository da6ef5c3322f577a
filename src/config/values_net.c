/* Settings of pools, groups and users: networks, names, ranges, and references between the blocks. See values.c. */
#include "config/values_parts.h"

#include <strings.h>

/* ---- the tables that lists live in ---- */

/* Room for one more element at the end of a table; the list is moved there if another one has come behind it. Returns the
 * index, or -1 after a complaint. */
static int list_grow(struct build *b, const struct entry *e, struct config_list *l, void *table, size_t size,
                     unsigned *n, unsigned cap)
{
    unsigned need = l->n && l->at + l->n != *n ? l->n + 1u : 1;
    if (*n + need > cap) {
        value_wrong(b, e, "is one too many in all the lists of this kind");
        return -1;
    }
    if (need > 1) {
        memcpy((char *)table + *n * size, (char *)table + l->at * size, l->n * size);
        l->at = (uint16_t)*n;
        *n += l->n;
    }
    if (l->n == 0)
        l->at = (uint16_t)*n;
    l->n++;
    return (int)(*n)++;
}

/* The first value of a list empties it; "none" leaves it so. False: there is nothing to add. */
static bool list_begin(const struct entry *e, struct config_list *l)
{
    if (e->first)
        *l = (struct config_list){ .set = true };
    return !e->first || strcmp(e->value, "none") != 0;
}

/* ---- networks ---- */

static void add_net(struct build *b, const struct entry *e, struct config_list *l, unsigned most)
{
    struct prefix p;
    bool routed = e->opt->kind == OPT_ROUTED;
    if (!list_begin(e, l))
        return;
    if (prefix_parse(e->value, true, &p) < 0) {
        value_wrong(b, e, "is not a network such as 10.0.0.0/8 or fd00:7::/56");
    } else if (prefix_parse(e->value, false, &p) < 0) {
        value_wrong(b, e, "has bits set behind its length");
    } else if (routed && p.len < 8) {
        value_wrong(b, e, "is too large: /8 is the largest");
    } else if (l->n == most) {
        value_wrong(b, e, "is one too many");
    } else {
        for (unsigned i = 0; i < l->n; i++)
            if (prefix_eq(&b->c.nets[l->at + i], &p)) {
                value_wrong(b, e, "is named twice");
                return;
            }
        int at = list_grow(b, e, l, b->c.nets, sizeof(b->c.nets[0]), &b->c.n_nets, CONFIG_NETS);
        if (at >= 0)
            b->c.nets[at] = p;
    }
}

/* fe80::/10 and ff00::/8, ::/8 and 2002::/16 lead nowhere. */
static bool for_hosts(const struct prefix *p)
{
    return p->addr[0] != 0 && p->addr[0] != 0xff && !(p->addr[0] == 0xfe && (p->addr[1] & 0xc0) == 0x80);
}

/* A user's: a /64, or an address of one that a pool shares out. */
static void set_prefix6(struct build *b, const struct entry *e, struct prefix *to)
{
    struct prefix p;
    if (prefix_parse(e->value, true, &p) < 0 || p.family != 6 || (p.len != 64 && p.len != 128))
        value_wrong(b, e, "is not a /64, nor an IPv6 address");
    else if (prefix_parse(e->value, false, &p) < 0)
        value_wrong(b, e, "has bits set behind its length");
    else if (!for_hosts(&p))
        value_wrong(b, e, "is no network for hosts");
    else
        *to = p;
}

static void set_net6(struct build *b, const struct entry *e, struct prefix *to, unsigned from, unsigned until)
{
    struct prefix p;
    char words[80];
    if (prefix_parse(e->value, true, &p) < 0 || p.family != 6 || !strchr(e->value, '/')) {
        value_wrong(b, e, "is not an IPv6 network such as fd00:80::/48");
    } else if (prefix_parse(e->value, false, &p) < 0) {
        value_wrong(b, e, "has bits set behind its length");
    } else if (p.len < from || p.len > until) {
        snprintf(words, sizeof(words), "is not between /%u and /%u", from, until);
        value_wrong(b, e, words);
    } else if (!for_hosts(&p)) {
        value_wrong(b, e, "is no network for hosts");
    } else {
        *to = p;
    }
}

static void set_address4(struct build *b, const struct entry *e, struct prefix *to)
{
    struct prefix p;
    if (!value_address(b, e, &p))
        return;
    if (p.family != 4)
        value_wrong(b, e, "is not an IPv4 address");
    else
        *to = p;
}

/* ---- ranges ---- */

static bool one_end(const char *s, size_t n, uint32_t *ret)
{
    char text[40];
    struct prefix p;
    if (n == 0 || n >= sizeof(text))
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    if (prefix_parse(text, true, &p) < 0 || p.family != 4 || strchr(text, '/'))
        return false;
    *ret = prefix_v4_addr(&p);
    return true;
}

static void add_range(struct build *b, const struct entry *e, struct config_list *l)
{
    struct config_range r;
    struct prefix p;
    const char *dash = strchr(e->value, '-');
    size_t n = dash ? (size_t)(dash - e->value) : strlen(e->value);
    if (e->first)
        *l = (struct config_list){ .set = true };
    if (!dash && strchr(e->value, '/') && prefix_parse(e->value, false, &p) == 0 && p.family == 4 && p.len > 0) {
        r.first = prefix_v4_addr(&p);
        r.last = r.first + (p.len == 32 ? 0 : 0xffffffffu >> p.len);
    } else if (!one_end(e->value, n, &r.first) ||
               !(dash ? one_end(dash + 1, strlen(dash + 1), &r.last) : one_end(e->value, n, &r.last))) {
        value_wrong(b, e, "is not a range such as 10.80.0.10-10.80.0.99");
        return;
    }
    if (r.last < r.first) {
        value_wrong(b, e, "ends before it begins");
        return;
    }
    int at = list_grow(b, e, l, b->c.ranges, sizeof(r), &b->c.n_ranges, CONFIG_RANGES);
    if (at >= 0)
        b->c.ranges[at] = r;
}

/* ---- names ---- */

static void add_name(struct build *b, const struct entry *e, struct config_list *l)
{
    if (!list_begin(e, l))
        return;
    if (!dns_name_ok(e->value)) {
        value_wrong(b, e, "is not a domain name");
        return;
    }
    int at = list_grow(b, e, l, b->c.names, sizeof(b->c.names[0]), &b->c.n_names, CONFIG_NAMES);
    if (at >= 0)
        value_copy(b->c.names[at].text, sizeof(b->c.names[at].text), e->value);
}

static void set_url(struct build *b, const struct entry *e, char *to)
{
    bool http = strncmp(e->value, "http://", 7) == 0 || strncmp(e->value, "https://", 8) == 0;
    if (!http)
        value_wrong(b, e, "does not begin with http:// or https://");
    else if (strlen(e->value) >= CONFIG_WPAD)
        value_wrong(b, e, "is longer than 127 characters");
    else
        value_copy(to, CONFIG_WPAD, e->value);
}

static void add_net_dns(struct build *b, const struct entry *e, struct config_net *net)
{
    net->dns_set = true;
    if (strcmp(e->value, "none") == 0 && e->first)
        net->n_dns = 0;
    else
        value_add_address(b, e, net->dns, &net->n_dns, CONFIG_NET_DNS);
}

static void add_net_nbns(struct build *b, const struct entry *e, struct config_net *net)
{
    net->nbns_set = true;
    if (strcmp(e->value, "none") == 0 && e->first)
        net->n_nbns = 0;
    else
        value_add_address(b, e, net->nbns, &net->n_nbns, 2);
}

static void set_nat_to(struct build *b, const struct entry *e, struct prefix to[2])
{
    struct prefix p;
    if (e->first)
        to[0].family = to[1].family = 0;
    if (!value_address(b, e, &p))
        return;
    unsigned at = p.family == 6;
    if (to[at].family)
        value_wrong(b, e, "is a second one of its family");
    else
        to[at] = p;
}

bool set_net_value(struct build *b, const struct entry *e, void *to)
{
    bool on;
    enum option_kind kind = e->opt->kind;
    bool delegate = strcmp(e->opt->name, "ipv6_delegate") == 0;
    if (kind == OPT_POOL6)
        set_net6(b, e, to, delegate ? 24 : 32, delegate ? 64 : 112);
    else if (kind == OPT_PREFIX6)
        set_prefix6(b, e, to);
    else if (kind == OPT_ADDRESS4)
        set_address4(b, e, to);
    else if (kind == OPT_SWITCH && value_bool(b, e, &on))
        *(enum config_switch *)to = on ? CONFIG_YES : CONFIG_NO;
    else if (kind == OPT_NETS || kind == OPT_ROUTED)
        add_net(b, e, to, kind == OPT_ROUTED ? CONFIG_ROUTED : CONFIG_LIST);
    else if (kind == OPT_RANGES)
        add_range(b, e, to);
    else if (kind == OPT_NAMES || kind == OPT_DOMAIN)
        add_name(b, e, to);
    else if (kind == OPT_URL)
        set_url(b, e, to);
    else if (kind == OPT_NAT_TO)
        set_nat_to(b, e, to);
    else if (kind == OPT_NET_DNS)
        add_net_dns(b, e, to);
    else if (kind == OPT_NET_NBNS)
        add_net_nbns(b, e, to);
    else if (kind == OPT_IN_POOL || kind == OPT_IN_GROUP)
        *(const struct entry **)to = e;
    else
        return kind == OPT_SWITCH;
    return true;
}

/* ---- blocks ---- */

static bool title_fits(struct build *b, const struct entry *e)
{
    bool fits = e->value[0] && strlen(e->value) < CONFIG_TITLE;
    if (!fits)
        value_wrong(b, e, "is not a name of 1 to 63 characters");
    return fits;
}

static bool is_new(struct build *b, const struct entry *e, bool there, bool full)
{
    if (there)
        value_wrong(b, e, "is there twice");
    else if (full)
        value_wrong(b, e, "is one too many");
    return !there && !full;
}

void begin_pool(struct build *b, const struct entry *e)
{
    struct config *c = &b->c;
    b->skip_block =
        !title_fits(b, e) || !is_new(b, e, config_pool_named(c, slice_str(e->value)) != 0, c->n_pools == CONFIG_POOLS);
    if (b->skip_block)
        return;
    b->pool_line[c->n_pools] = e->line;
    value_copy(c->pools[c->n_pools++].name, CONFIG_TITLE, e->value);
}

void begin_group(struct build *b, const struct entry *e)
{
    struct config *c = &b->c;
    b->skip_block = !title_fits(b, e) ||
                    !is_new(b, e, config_group_named(c, slice_str(e->value)) != 0, c->n_groups == CONFIG_GROUPS);
    if (!b->skip_block)
        value_copy(c->groups[c->n_groups++].name, CONFIG_TITLE, e->value);
}

void begin_user(struct build *b, const struct entry *e)
{
    struct config *c = &b->c;
    b->skip_block = !title_fits(b, e) ||
                    !is_new(b, e, config_user_block(c, slice_str(e->value)) != NULL, c->n_user_blocks == CONFIG_USERS);
    if (b->skip_block)
        return;
    b->user_line[c->n_user_blocks] = e->line;
    value_copy(c->user_blocks[c->n_user_blocks++].name, CONFIG_TITLE, e->value);
}

void *value_place(struct build *b, const struct option *o)
{
    struct config *c = &b->c;
    bool skip = b->skip_block;
    if (o->kind == OPT_IN_POOL)
        return skip ? &b->no_reference : &b->group_pool[c->n_groups - 1];
    if (o->kind == OPT_IN_GROUP)
        return skip ? &b->no_reference : &b->user_group[c->n_user_blocks - 1];
    if (strcmp(o->block, "pool") == 0)
        return (char *)(skip ? &b->no_pool : &c->pools[c->n_pools - 1]) + o->at;
    if (strcmp(o->block, "group") == 0)
        return (char *)(skip ? &b->no_group : &c->groups[c->n_groups - 1]) + o->at;
    if (strcmp(o->block, "user") == 0)
        return (char *)(skip ? &b->no_user : &c->user_blocks[c->n_user_blocks - 1]) + o->at;
    return NULL;
}

void values_resolve(struct build *b)
{
    struct config *c = &b->c;
    for (unsigned i = 0; i < c->n_groups; i++) {
        const struct entry *e = b->group_pool[i];
        c->groups[i].pool = e ? config_pool_named(c, slice_str(e->value)) : 0;
        if (e && !c->groups[i].pool)
            value_wrong(b, e, "is no pool of this file");
    }
    for (unsigned i = 0; i < c->n_user_blocks; i++) {
        const struct entry *e = b->user_group[i];
        c->user_blocks[i].group = e ? config_group_named(c, slice_str(e->value)) : 0;
        if (e && !c->user_blocks[i].group)
            value_wrong(b, e, "is no group of this file");
    }
}

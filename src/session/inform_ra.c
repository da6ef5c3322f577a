/* Router advertisements of the server (RFC 4861 6.2), and which neighbours it answers.
 *
 * A tunnel has one host, so the rules that spare a shared link are relaxed: an answer to a solicitation is not delayed
 * at random, and comes within a second rather than three (RFC 4861 6.2.6). */
#include "session/inform_parts.h"

enum {
    EARLY = 3,        /* RFC 4861 10, MAX_INITIAL_RTR_ADVERTISEMENTS; beside the one at once */
    EARLY_GAP = 3000, /* Windows may not listen yet when IPV6CP has just opened */
    ANSWER_GAP = 1000,
    INTERVAL_MIN = 150000,              /* RFC 4861 6.2.1: MinRtrAdvInterval, at most 0.75 of the greatest */
    INTERVAL_MAX = 250000,              /* MaxRtrAdvInterval */
    LIFETIME = 3 * INTERVAL_MAX / 1000, /* seconds; RFC 4861 6.2.1, RFC 8106 5.1: three times the greatest interval */
    HOP_LIMIT = 64,
    IP6_MTU_MIN = 1280,
};

static msec random_interval(struct inform *i)
{
    uint8_t bytes[4];
    i->env->random(i->env->ctx, bytes, sizeof bytes);
    struct rd r = rd_of(bytes, sizeof bytes);
    return INTERVAL_MIN + rd_u32(&r) % (INTERVAL_MAX - INTERVAL_MIN + 1);
}

static void send_ra(struct inform *i, const uint8_t to[16], msec now)
{
    i->ra_wanted = true;
    i->ra_names_wanted = false;
    memcpy(i->ra_to, to, sizeof i->ra_to);
    i->ra_soonest = tick_after(now, ANSWER_GAP);
    i->rs_due = NEVER;
}

void inform_ra_start(struct inform *i, msec now)
{
    i->ra_early = EARLY;
    i->rs_due = NEVER;
    i->ra_due = now;
    inform_ra_tick(i, now);
}

void inform_ra_tick(struct inform *i, msec now)
{
    if (i->rs_due <= now)
        send_ra(i, i->rs_from, now);
    if (i->ra_due > now)
        return;
    send_ra(i, inform_all_nodes, now);
    /* RFC 4861 6.2.4: the first few come quicker */
    i->ra_due = tick_after(now, i->ra_early ? EARLY_GAP : random_interval(i));
    i->ra_early -= i->ra_early > 0;
}

/* RFC 4861 6.2.6: an answer may go to the solicitor alone if it has an address. */
static void solicited(struct inform *i, const struct ip_view *ip, msec now)
{
    bool known = inform_is_link_local(ip->src);
    memcpy(i->rs_from, known ? ip->src.p : inform_all_nodes, sizeof i->rs_from);
    i->rs_due = now > i->ra_soonest ? now : i->ra_soonest;
    inform_ra_tick(i, now);
}

static bool is_ours(const struct inform *i, const uint8_t target[16])
{
    static const uint8_t none[16];
    struct slice t = slice_of(target, 16);
    if (inform_addr_is(t, i->our_ll))
        return true;
    return !inform_addr_is(t, none) && inform_addr_is(t, i->conf.router6);
}

static void neighbour(struct inform *i, const struct ip_view *ip)
{
    static const uint8_t unspecified[16];
    uint8_t target[16];
    inform_nd_target(ip, target);
    if (is_ours(i, target)) {
        inform_nd_ask(ip, &i->na);
    } else if (i->conf.shared && inform_addr_is(ip->src, unspecified) && prefix_has(&i->conf.prefix, target)) {
        memcpy(i->claimed, target, sizeof i->claimed);
        i->claims = true;
    }
}

bool inform_claim(struct inform *i, uint8_t ret_addr[16])
{
    bool any = i->claims;
    if (any)
        memcpy(ret_addr, i->claimed, sizeof i->claimed);
    i->claims = false;
    return any;
}

/* RFC 4862 5.4.4, RFC 4861 7.2.4: on behalf of somebody who is not on this link. */
void inform_defend(struct inform *i, const uint8_t addr[16])
{
    i->na = (struct inform_ask_nd){ .wanted = true };
    memcpy(i->na.to, inform_all_nodes, sizeof i->na.to);
    memcpy(i->na.target, addr, sizeof i->na.target);
}

/* Everything of the link's own is swallowed, understood or not: it must not leave the link. */
bool inform_nd_packet(struct inform *i, const struct ip_view *ip, msec now)
{
    uint8_t type;
    if (!inform_nd_is(ip, &type))
        return false;
    if (type == ND_RS)
        solicited(i, ip, now);
    else if (type == ND_NS)
        neighbour(i, ip);
    return true; /* advertisements and redirects of a client, who is no router for us, count for nothing */
}

static size_t begin_ra(const struct inform *i, struct wr *w, const uint8_t to[16])
{
    struct nd_ra ra = { .hop_limit = HOP_LIMIT, .other = i->conf.duid.n != 0 };
    ra.lifetime = i->conf.default_route ? LIFETIME : 0;
    w->cap = w->len + INFORM_IP6_MAX < w->cap ? w->len + INFORM_IP6_MAX : w->cap;
    size_t start = nd_begin(w, ND_RA, i->our_ll, to);
    nd_put_ra(w, &ra);
    return start;
}

/* As many as fit. Returns false, and writes nothing, if that is not all. */
static bool put_names(const struct inform *i, struct wr *w, bool all_or_none)
{
    for (unsigned n = i->conf.n_search; n; n--) {
        struct wr tried = *w;
        nd_put_dnssl(&tried, i->conf.search, n, LIFETIME);
        if (wr_ok(&tried)) {
            *w = tried;
            return true;
        }
        if (all_or_none)
            return false;
    }
    return true;
}

static void put_routes(const struct inform *i, struct wr *w)
{
    unsigned n = 0;
    for (unsigned k = 0; k < i->conf.n_routes && n < ND_ROUTES; k++) {
        struct nd_route r = { i->conf.routes[k], ND_MEDIUM, LIFETIME };
        if (r.p.family != 6)
            continue;
        nd_put_route(w, &r);
        n++;
    }
}

void inform_ra_put(const struct inform *i, struct wr *w, bool *ret_more)
{
    const struct inform_conf *c = &i->conf;
    size_t start = begin_ra(i, w, i->ra_to);
    if (c->prefix.family == 6) {
        /* RFC 4862 5.5.3: autonomous, so that the client makes its address of it */
        struct nd_prefix p = { c->prefix, c->on_link, true, c->valid, c->preferred };
        nd_put_prefix(w, &p);
    }
    if (c->mtu >= IP6_MTU_MIN)
        nd_put_mtu(w, c->mtu);
    if (c->n_dns6)
        nd_put_rdnss(w, c->dns6, c->n_dns6, LIFETIME);
    put_routes(i, w);
    /* RFC 4861 6.2.3: what does not fit into one advertisement goes into another. */
    *ret_more = !put_names(i, w, true);
    nd_end(w, start);
}

void inform_ra_put_names(const struct inform *i, struct wr *w)
{
    size_t start = begin_ra(i, w, i->ra_to);
    put_names(i, w, false);
    nd_end(w, start);
}

static bool has_route(const struct inform_conf *c, const struct prefix *p)
{
    for (unsigned k = 0; k < c->n_routes; k++)
        if (prefix_eq(&c->routes[k], p))
            return true;
    return false;
}

static bool has_dns(const struct inform_conf *c, const struct prefix *p)
{
    for (unsigned k = 0; k < c->n_dns6; k++)
        if (prefix_eq(&c->dns6[k], p))
            return true;
    return false;
}

static bool has_name(const struct inform_conf *c, const struct dns_name *d)
{
    for (unsigned k = 0; k < c->n_search; k++)
        if (slice_eq(slice_str(c->search[k].text), slice_str(d->text)))
            return true;
    return false;
}

/* Each option by itself, as long as they fit. Returns how many there were. */
static unsigned put_gone(const struct inform_conf *now, const struct inform_conf *old, struct wr *w)
{
    unsigned n = 0;
    for (unsigned k = 0; k < old->n_routes; k++) {
        struct nd_route r = { old->routes[k], ND_MEDIUM, 0 };
        struct wr tried = *w;
        if (r.p.family != 6 || has_route(now, &r.p))
            continue;
        nd_put_route(&tried, &r);
        *w = wr_ok(&tried) ? tried : *w;
        n++;
    }
    for (unsigned k = 0; k < old->n_dns6; k++) {
        struct wr tried = *w;
        if (has_dns(now, &old->dns6[k]))
            continue;
        nd_put_rdnss(&tried, &old->dns6[k], 1, 0);
        *w = wr_ok(&tried) ? tried : *w;
        n++;
    }
    for (unsigned k = 0; k < old->n_search; k++) {
        struct wr tried = *w;
        if (has_name(now, &old->search[k]))
            continue;
        nd_put_dnssl(&tried, &old->search[k], 1, 0);
        *w = wr_ok(&tried) ? tried : *w;
        n++;
    }
    return n;
}

size_t inform_withdraw(const struct inform *i, const struct inform_conf *old, uint8_t *dst, size_t cap)
{
    if (!i->ipv6 || cap < INFORM_PACKET_MAX)
        return 0;
    struct wr w = wr_of(dst, INFORM_PACKET_MAX);
    size_t start = begin_ra(i, &w, inform_all_nodes);
    if (put_gone(&i->conf, old, &w) == 0)
        return 0;
    nd_end(&w, start);
    return wr_len(&w);
}

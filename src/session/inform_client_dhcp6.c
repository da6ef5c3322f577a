/* DHCPv6 of the client (RFC 8415 18.2): an Information-Request for names, and a conversation about an address (where
 * the router's M flag says so) and a prefix (where the configuration says so).
 *
 * The first server that offers something is taken, without waiting for better ones (18.2.1): a tunnel has one. */
#include "session/inform_client_parts.h"

enum {
    INF_TIMEOUT = 1000,
    INF_MAX = 3600000,      /* RFC 8415 7.6 */
    LEASE_TIME_MIN = 10000, /* no renewal sooner, whatever the server says */
    REFRESH_DEFAULT = 86400,
    REFRESH_MIN = 600, /* seconds; RFC 8415 21.23 */
};

/* One row a state: the message that is repeated in it, how often, and what follows when nobody answers. */
struct lease_row {
    uint8_t type;
    msec first, greatest;
    unsigned tries; /* 0: no limit */
    enum inform_lease_state late;
};

/* RFC 8415 7.6. BOUND sends nothing and is left at T1; RENEW is left at T2 and REBIND when nothing is valid any more.
 * SOL_MAX_RT and INF_MAX_RT (21.24, 21.25) are not asked for: they spare servers with many clients on a link. */
static const struct lease_row rows[] = {
    [INFORM_LEASE_OFF] = { 0, 0, 0, 0, INFORM_LEASE_OFF },
    [INFORM_LEASE_SOLICIT] = { DHCP6_SOLICIT, 1000, 3600000, 0, INFORM_LEASE_SOLICIT },
    [INFORM_LEASE_REQUEST] = { DHCP6_REQUEST, 1000, 30000, 10, INFORM_LEASE_SOLICIT },
    [INFORM_LEASE_BOUND] = { 0, 0, 0, 0, INFORM_LEASE_RENEW },
    [INFORM_LEASE_RENEW] = { DHCP6_RENEW, 10000, 600000, 0, INFORM_LEASE_REBIND },
    [INFORM_LEASE_REBIND] = { DHCP6_REBIND, 10000, 600000, 0, INFORM_LEASE_SOLICIT },
    [INFORM_LEASE_RELEASE] = { DHCP6_RELEASE, 1000, 8000, 4, INFORM_LEASE_OFF },
};

/* RFC 8415 15: a tenth more or less. */
static msec spread(const struct env *env, msec t)
{
    return t - t / 10 + inform_random(env) % (t / 5 + 1);
}

/* The gap after this one. */
static msec longer(const struct env *env, msec gap, msec greatest)
{
    return spread(env, gap < greatest / 2 ? gap * 2 : greatest);
}

static msec last_valid(const struct inform_client *c)
{
    msec t = 0;
    for (unsigned n = 0; n < c->dhcp6.n_leases; n++)
        if (c->dhcp6.leases[n].valid > t)
            t = c->dhcp6.leases[n].valid;
    return t;
}

/* When a state ends however often is asked in it. */
static msec state_end(const struct inform_client *c, enum inform_lease_state s)
{
    switch (s) {
    case INFORM_LEASE_OFF:
    case INFORM_LEASE_SOLICIT:
    case INFORM_LEASE_REQUEST:
    case INFORM_LEASE_RELEASE:
        return NEVER;
    case INFORM_LEASE_BOUND:
        return tick_min(c->dhcp6.t1, last_valid(c));
    case INFORM_LEASE_RENEW:
        return tick_min(c->dhcp6.t2, last_valid(c));
    case INFORM_LEASE_REBIND:
        return last_valid(c);
    }
    return NEVER;
}

static void enter(struct inform_client *c, enum inform_lease_state s, msec now)
{
    const struct lease_row *row = &rows[s];
    c->lease_state = s;
    inform_ask_close(&c->ask_lease);
    if (row->type)
        inform_ask_open(&c->ask_lease, c->env, spread(c->env, row->first), now);
    c->ask_lease.due = tick_min(c->ask_lease.due, state_end(c, s));
    if (s == INFORM_LEASE_SOLICIT || s == INFORM_LEASE_OFF)
        c->dhcp6.n_leases = 0;
}

static bool wants_leases(const struct inform_client *c)
{
    return c->conf.duid.n >= DHCP6_DUID_MIN && (c->conf.want_prefix || c->ra.managed);
}

void inform_client_dhcp6_start(struct inform_client *c, msec now)
{
    /* RFC 4861 4.2: O (and M, which makes it redundant) says that there is more to learn. A router that gives no DNS
     * servers itself is asked in any case. */
    bool info = c->ra.other || c->ra.managed || c->ra.n_dns == 0;
    if (info && !c->ask_info.open)
        inform_ask_open(&c->ask_info, c->env, spread(c->env, INF_TIMEOUT), now);
    if (wants_leases(c) && c->lease_state == INFORM_LEASE_OFF)
        enter(c, INFORM_LEASE_SOLICIT, now);
}

void inform_client_info_again(struct inform_client *c, msec now)
{
    if (c->ask_info.open && c->ask_info.tries == 0)
        inform_ask_open(&c->ask_info, c->env, spread(c->env, INF_TIMEOUT), now);
}

/* RFC 8415 18.2.7. Nothing that is only asked for is left open either. */
void inform_client_dhcp6_stop(struct inform_client *c, msec now)
{
    enum inform_lease_state s = c->lease_state;
    bool bound = s == INFORM_LEASE_BOUND || s == INFORM_LEASE_RENEW || s == INFORM_LEASE_REBIND;
    enter(c, bound && c->dhcp6.n_leases ? INFORM_LEASE_RELEASE : INFORM_LEASE_OFF, now);
}

/* After an answer the question stays open, to be asked anew when the answer is old: RFC 8415 18.2.6. */
static void tick_info(struct inform_client *c, msec now)
{
    struct inform_ask *a = &c->ask_info;
    if (!a->open || now < a->due)
        return;
    if (a->tries == 0) {
        inform_ask_open(a, c->env, spread(c->env, INF_TIMEOUT), now);
        return;
    }
    a->tries++;
    a->wanted = true;
    a->gap = longer(c->env, a->gap, INF_MAX);
    a->due = tick_after(now, a->gap);
}

static void tick_lease(struct inform_client *c, msec now)
{
    const struct lease_row *row = &rows[c->lease_state];
    struct inform_ask *a = &c->ask_lease;
    msec end = state_end(c, c->lease_state);
    if (c->lease_state == INFORM_LEASE_OFF || now < a->due)
        return;
    if (now >= end || (row->tries && a->tries == row->tries)) {
        enter(c, row->late, now);
        return;
    }
    a->tries++;
    a->wanted = true;
    a->gap = longer(c->env, a->gap, row->greatest);
    a->due = tick_min(tick_after(now, a->gap), end);
}

void inform_client_dhcp6_tick(struct inform_client *c, msec now)
{
    tick_info(c, now);
    tick_lease(c, now);
}

static size_t begin(const struct inform_client *c, struct wr *w, uint8_t type, const struct inform_ask *a, msec now)
{
    msec hundredths = (now - a->began) / 10;
    size_t start = inform_udp6_begin(w, c->ll, inform_all_dhcp6, DHCP6_CLIENT_PORT, DHCP6_SERVER_PORT);
    dhcp6_put_head(w, type, a->xid);
    if (c->conf.duid.n >= DHCP6_DUID_MIN)
        dhcp6_put(w, DHCP6_OPT_CLIENT_ID, c->conf.duid);
    dhcp6_put_u16(w, DHCP6_OPT_ELAPSED, hundredths < UINT16_MAX ? (uint16_t)hundredths : UINT16_MAX); /* 21.9 */
    return start;
}

void inform_client_info_put(const struct inform_client *c, struct wr *w, msec now)
{
    static const uint16_t asked[] = { DHCP6_OPT_DNS, DHCP6_OPT_DOMAINS, DHCP6_OPT_REFRESH };
    size_t start = begin(c, w, DHCP6_INFORMATION_REQUEST, &c->ask_info, now);
    dhcp6_put_oro(w, asked, 3);
    inform_udp_end(w, start);
}

/* One identity association of each kind; stable over restarts because there are no others (RFC 8415 12). */
static uint32_t iaid(bool pd)
{
    return pd ? 2 : 1;
}

static bool holds(const struct inform_client *c, bool pd)
{
    for (unsigned n = 0; n < c->dhcp6.n_leases; n++)
        if (c->dhcp6.leases[n].pd == pd)
            return true;
    return false;
}

static bool wants(const struct inform_client *c, bool pd)
{
    return pd ? c->conf.want_prefix : c->ra.managed;
}

/* Our identity association of a kind, with what we hold or were offered of it. */
static void put_ia(const struct inform_client *c, struct wr *w, bool pd)
{
    struct dhcp6_ia ia = { .pd = pd, .iaid = iaid(pd) };
    for (unsigned n = 0; n < c->dhcp6.n_leases; n++) {
        const struct inform_held_lease *l = &c->dhcp6.leases[n];
        if (l->pd == pd)
            ia.leases[ia.n_leases++] = (struct dhcp6_lease){ l->p, l->preferred_s, l->valid_s };
    }
    dhcp6_put_ia(w, &ia);
}

void inform_client_lease_put(const struct inform_client *c, struct wr *w, msec now)
{
    static const uint16_t asked[] = { DHCP6_OPT_DNS, DHCP6_OPT_DOMAINS };
    enum inform_lease_state s = c->lease_state;
    size_t start = begin(c, w, rows[s].type, &c->ask_lease, now);
    if (s == INFORM_LEASE_REQUEST || s == INFORM_LEASE_RENEW || s == INFORM_LEASE_RELEASE)
        dhcp6_put(w, DHCP6_OPT_SERVER_ID, slice_of(c->dhcp6.server_id, c->dhcp6.server_id_len));
    if (s == INFORM_LEASE_SOLICIT)
        dhcp6_put(w, DHCP6_OPT_RAPID_COMMIT, slice_of(NULL, 0));
    if (s != INFORM_LEASE_RELEASE)
        dhcp6_put_oro(w, asked, 2);
    for (unsigned pd = 0; pd < 2; pd++)
        if (s == INFORM_LEASE_RELEASE ? holds(c, pd) : wants(c, pd))
            put_ia(c, w, pd);
    inform_udp_end(w, start);
}

static void take_names(struct inform_held6 *h, const struct dhcp6 *m)
{
    h->heard = true;
    if (m->dns.n) {
        struct rd r = rd_slice(m->dns);
        for (h->n_dns = 0; rd_left(&r) && h->n_dns < ND_DNS; h->n_dns++)
            h->dns[h->n_dns] = prefix_v6(rd_take(&r, 16).p, 128);
    }
    if (m->domains.n && dns_names_read(m->domains, false, h->search, DNS_NAMES_MAX, &h->n_search) < 0)
        h->n_search = 0;
}

static void take_info(struct inform_client *c, const struct dhcp6 *m, msec now)
{
    struct inform_ask *a = &c->ask_info;
    uint32_t refresh = m->has_refresh ? m->refresh : REFRESH_DEFAULT;
    take_names(&c->dhcp6, m);
    inform_ask_close(a);
    a->open = true;
    a->due = inform_until(refresh < REFRESH_MIN ? REFRESH_MIN : refresh, now);
}

/* Whether a lease of ours may be: an address, or a prefix that can be cut into links. */
static bool usable(const struct dhcp6_lease *l)
{
    bool odd = l->p.addr[0] == 0xff || (l->p.addr[0] == 0xfe && (l->p.addr[1] & 0xc0) == 0x80);
    return l->valid > 0 && l->p.len > 0 && !odd;
}

/* The leases of one answer: at most one of each identity association. */
struct lease_set {
    struct inform_held_lease leases[INFORM_LEASES];
    unsigned n;
    msec t1, t2;
    bool ended; /* something that we hold was given a lifetime of 0 */
};

/* RFC 8415 14.2: a time of 0 leaves it to us. */
static uint32_t time_or(uint32_t told, uint32_t preferred, unsigned tenths)
{
    if (told || preferred == UINT32_MAX)
        return told ? told : UINT32_MAX;
    return (uint32_t)((uint64_t)preferred * tenths / 10);
}

static void add_lease(struct lease_set *set, const struct dhcp6_ia *ia, const struct dhcp6_lease *l, msec now)
{
    msec soonest = now + LEASE_TIME_MIN;
    msec t1 = inform_until(time_or(ia->t1, l->preferred, 5), now);
    msec t2 = inform_until(time_or(ia->t2, l->preferred, 8), now);
    set->leases[set->n++] = (struct inform_held_lease){
        ia->pd, l->p, l->preferred, l->valid, inform_until(l->preferred, now), inform_until(l->valid, now)
    };
    set->t1 = tick_min(set->t1, t1 > soonest ? t1 : soonest);
    set->t2 = tick_min(set->t2, t2 > soonest ? t2 : soonest);
}

static bool is_held(const struct inform_client *c, const struct prefix *p)
{
    for (unsigned n = 0; n < c->dhcp6.n_leases; n++)
        if (prefix_eq(&c->dhcp6.leases[n].p, p))
            return true;
    return false;
}

static struct lease_set find_leases(const struct inform_client *c, const struct dhcp6 *m, msec now)
{
    struct lease_set set = { .t1 = NEVER, .t2 = NEVER };
    for (unsigned n = 0; n < m->n_ias && set.n < INFORM_LEASES; n++) {
        const struct dhcp6_ia *ia = &m->ias[n];
        bool ours = ia->iaid == iaid(ia->pd) && wants(c, ia->pd);
        bool found = false;
        for (unsigned k = 0; ours && k < ia->n_leases; k++) {
            const struct dhcp6_lease *l = &ia->leases[k];
            if (l->valid == 0 && is_held(c, &l->p))
                set.ended = true;
            if (usable(l) && !found)
                add_lease(&set, ia, l, now);
            found = found || usable(l);
        }
    }
    if (set.t2 < set.t1)
        set.t2 = set.t1;
    return set;
}

static void keep_leases(struct inform_client *c, const struct dhcp6 *m, const struct lease_set *set)
{
    struct inform_held6 *h = &c->dhcp6;
    memcpy(h->leases, set->leases, sizeof h->leases);
    h->n_leases = set->n;
    h->t1 = set->t1;
    h->t2 = set->t2;
    struct wr w = wr_of(h->server_id, sizeof h->server_id);
    wr_put(&w, m->server_id);
    h->server_id_len = wr_len(&w);
}

/* RFC 8415 18.2.10: an answer without a lease changes nothing: the question is repeated, ever more slowly. */
static void take_lease(struct inform_client *c, const struct dhcp6 *m, msec now)
{
    bool bind = m->type == DHCP6_REPLY;
    switch (c->lease_state) {
    case INFORM_LEASE_OFF:
    case INFORM_LEASE_BOUND:
        return;
    case INFORM_LEASE_RELEASE: /* 18.2.10.2: whatever the status says, it is over */
        if (bind)
            enter(c, INFORM_LEASE_OFF, now);
        return;
    case INFORM_LEASE_SOLICIT: /* 18.2.9, 18.2.1: an advertisement, or a reply if it is the rapid commit asked for */
        if (bind ? !m->rapid_commit : m->type != DHCP6_ADVERTISE)
            return;
        break;
    case INFORM_LEASE_REQUEST:
    case INFORM_LEASE_RENEW:
    case INFORM_LEASE_REBIND:
        if (!bind)
            return;
        break;
    }
    struct lease_set set = find_leases(c, m, now);
    if (set.n == 0 && !set.ended)
        return;
    keep_leases(c, m, &set);
    if (bind)
        take_names(&c->dhcp6, m);
    if (set.n == 0) /* taken back: begin anew, but not at once, lest the two of us go round in circles */
        c->ask_lease.due = tick_min(c->ask_lease.due, tick_after(now, LEASE_TIME_MIN));
    else
        enter(c, bind ? INFORM_LEASE_BOUND : INFORM_LEASE_REQUEST, now);
}

/* RFC 8415 16.3, 16.10: both identifiers, and the client's is ours. */
static bool ids_ok(const struct inform_client *c, const struct dhcp6 *m)
{
    bool have_id = c->conf.duid.n >= DHCP6_DUID_MIN;
    return m->server_id.n && (have_id ? slice_eq(m->client_id, c->conf.duid) : m->client_id.n == 0);
}

bool inform_client_dhcp6_packet(struct inform_client *c, const struct ip_view *ip, msec now)
{
    struct udp_view udp;
    struct dhcp6 m;
    if (ip->proto != IP_UDP || ip->fragment || udp_parse(ip->payload, &udp) < 0)
        return false;
    if (udp.dst_port != DHCP6_CLIENT_PORT || !inform_addr_is(ip->dst, c->ll))
        return false;
    if (inform_udp_read(ip, &udp) < 0 || dhcp6_decode(udp.payload, &m) < 0 || !ids_ok(c, &m))
        return true;
    if (m.type == DHCP6_REPLY && c->ask_info.open && c->ask_info.tries && m.xid == (c->ask_info.xid & 0xffffff))
        take_info(c, &m, now);
    else if (c->ask_lease.open && m.xid == (c->ask_lease.xid & 0xffffff))
        take_lease(c, &m, now);
    return true;
}

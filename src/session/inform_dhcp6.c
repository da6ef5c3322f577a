/* DHCPv6 of the server (RFC 8415): DNS and search list for whoever asks, and the session's delegated prefix for a
 * router. Addresses are not leased: a client makes its own out of the advertised prefix. */
#include "session/inform_parts.h"

enum { REFRESH = 3600, PREFERENCE = 255 }; /* seconds; there is no other server to wait for (RFC 8415 18.2.1) */

/* Which identifiers a message must and must not have: RFC 8415 16.2, 16.4 to 16.12. */
static bool ids_ok(const struct inform *i, const struct dhcp6 *m)
{
    bool ours = slice_eq(m->server_id, i->conf.duid);
    switch ((enum dhcp6_type)m->type) {
    case DHCP6_SOLICIT:
    case DHCP6_CONFIRM:
    case DHCP6_REBIND:
        return m->client_id.n && !m->server_id.n;
    case DHCP6_REQUEST:
    case DHCP6_RENEW:
    case DHCP6_RELEASE:
    case DHCP6_DECLINE:
        return m->client_id.n && ours;
    case DHCP6_INFORMATION_REQUEST: /* 16.12: with an identity association it is discarded */
        return (!m->server_id.n || ours) && m->n_ias == 0;
    case DHCP6_ADVERTISE: /* a server's */
    case DHCP6_REPLY:
    case DHCP6_RECONFIGURE:
        return false;
    }
    return false;
}

/* What the client believes to have and has not. */
static void note_ia(const struct inform *i, const struct dhcp6_ia *ia, struct inform_ask_ia *ask)
{
    *ask = (struct inform_ask_ia){ .pd = ia->pd, .iaid = ia->iaid };
    for (unsigned n = 0; n < ia->n_leases && ask->n_stale < INFORM_STALE; n++)
        if (!ia->pd || !prefix_eq(&ia->leases[n].p, &i->conf.delegated))
            ask->stale[ask->n_stale++] = ia->leases[n].p;
}

/* RFC 8415 18.3.3: are these addresses right for this link? Without any there is nothing to say. */
static bool confirm(const struct inform *i, const struct dhcp6 *m, uint16_t *ret_status)
{
    unsigned n = 0, right = 0;
    for (unsigned k = 0; k < m->n_ias; k++)
        for (unsigned l = 0; !m->ias[k].pd && l < m->ias[k].n_leases; l++, n++)
            right += i->conf.prefix.family == 6 && prefix_has(&i->conf.prefix, m->ias[k].leases[l].p.addr);
    *ret_status = right == n ? DHCP6_SUCCESS : DHCP6_NOT_ON_LINK;
    return n > 0;
}

/* Shall it be answered? RFC 8415 16: of what comes to our own address, messages to one server are told to come to all
 * servers (18.4: we have given nobody leave to do otherwise), the rest is discarded. */
static bool answerable(const struct inform *i, const struct dhcp6 *m, bool multicast, uint16_t *ret_status)
{
    *ret_status = DHCP6_SUCCESS;
    if (!ids_ok(i, m))
        return false;
    if (!multicast) {
        *ret_status = DHCP6_USE_MULTICAST;
        return m->type != DHCP6_INFORMATION_REQUEST && m->server_id.n;
    }
    return m->type != DHCP6_CONFIRM || confirm(i, m, ret_status);
}

bool inform_dhcp6_packet(struct inform *i, const struct ip_view *ip)
{
    struct udp_view udp;
    struct dhcp6 m;
    uint16_t status;
    bool multicast = inform_addr_is(ip->dst, inform_all_dhcp6);
    if (ip->proto != IP_UDP || ip->fragment || udp_parse(ip->payload, &udp) < 0)
        return false;
    if (udp.dst_port != DHCP6_SERVER_PORT || (!multicast && !inform_addr_is(ip->dst, i->our_ll)))
        return false;
    /* RFC 8415 18.2: clients send from a link-local address. */
    if (i->conf.duid.n == 0 || !inform_is_link_local(ip->src))
        return true;
    if (inform_udp_read(ip, &udp) < 0 || dhcp6_decode(udp.payload, &m) < 0 || !answerable(i, &m, multicast, &status))
        return true;
    struct inform_ask6 a = {
        .wanted = true, .type = m.type, .xid = m.xid, .client_id_len = m.client_id.n, .status = status
    };
    struct wr id = wr_of(a.client_id, sizeof a.client_id);
    wr_put(&id, m.client_id);
    memcpy(a.from, ip->src.p, sizeof a.from);
    a.rapid_commit = m.rapid_commit;
    a.refresh = dhcp6_asks(&m, DHCP6_OPT_REFRESH);
    a.n_ias = m.n_ias;
    for (unsigned n = 0; n < m.n_ias; n++)
        note_ia(i, &m.ias[n], &a.ias[n]);
    i->ask6 = a;
    return true;
}

/* The first IA_PD gets the prefix: two bindings of one prefix would be two networks with the same addresses. */
static bool gets_prefix(const struct inform *i, unsigned n)
{
    const struct inform_ask6 *a = &i->ask6;
    if (i->conf.delegated.family != 6 || !a->ias[n].pd)
        return false;
    while (n--)
        if (a->ias[n].pd)
            return false;
    return true;
}

static uint32_t part_of(uint32_t seconds, unsigned tenths)
{
    return seconds == UINT32_MAX ? seconds : (uint32_t)((uint64_t)seconds * tenths / 10);
}

/* One identity association of an answer. */
static void put_ia(const struct inform *i, struct wr *w, unsigned n)
{
    const struct inform_ask_ia *ask = &i->ask6.ias[n];
    bool renewal = i->ask6.type == DHCP6_RENEW || i->ask6.type == DHCP6_REBIND;
    struct dhcp6_ia ia = { .pd = ask->pd, .iaid = ask->iaid };
    if (gets_prefix(i, n)) {
        /* RFC 8415 14.2: T1 and T2 are half and four fifths of the preferred lifetime */
        ia.t1 = part_of(i->conf.preferred, 5);
        ia.t2 = part_of(i->conf.preferred, 8);
        ia.leases[ia.n_leases++] = (struct dhcp6_lease){ i->conf.delegated, i->conf.preferred, i->conf.valid };
    } else {
        ia.has_status = true;
        /* RFC 8415 18.3.4 for renewals, 18.3.2 and 18.3.9 for new ones */
        ia.status = renewal ? DHCP6_NO_BINDING : ask->pd ? DHCP6_NO_PREFIX_AVAIL : DHCP6_NO_ADDRS_AVAIL;
    }
    if (renewal) /* RFC 8415 18.3.4: what is not theirs comes back with lifetimes of 0 */
        for (unsigned k = 0; k < ask->n_stale; k++)
            ia.leases[ia.n_leases++] = (struct dhcp6_lease){ ask->stale[k], 0, 0 };
    dhcp6_put_ia(w, &ia);
}

static bool any_prefix(const struct inform *i)
{
    for (unsigned n = 0; n < i->ask6.n_ias; n++)
        if (gets_prefix(i, n))
            return true;
    return false;
}

/* What goes into every answer that is more than a status; names as many as fit. */
static void put_names(const struct inform *i, struct wr *w)
{
    const struct inform_conf *c = &i->conf;
    if (c->n_dns6)
        dhcp6_put_dns(w, c->dns6, c->n_dns6);
    if (i->ask6.type == DHCP6_INFORMATION_REQUEST && i->ask6.refresh) /* RFC 8415 21.23 */
        dhcp6_put_u32(w, DHCP6_OPT_REFRESH, REFRESH);
    for (unsigned n = c->n_search; n; n--) {
        struct wr tried = *w;
        dhcp6_put_domains(&tried, c->search, n);
        if (wr_ok(&tried)) {
            *w = tried;
            return;
        }
    }
}

/* RFC 8415 18.3.7, 18.3.8: whatever is given back or declined, the answer is success; a binding that never was is said
 * to be none. The prefix stays the session's. */
static void put_given_back(const struct inform *i, struct wr *w)
{
    dhcp6_put_status(w, DHCP6_SUCCESS, "");
    for (unsigned n = 0; n < i->ask6.n_ias; n++) {
        const struct inform_ask_ia *ask = &i->ask6.ias[n];
        struct dhcp6_ia ia = { .pd = ask->pd, .iaid = ask->iaid, .has_status = true, .status = DHCP6_NO_BINDING };
        if (!gets_prefix(i, n))
            dhcp6_put_ia(w, &ia);
    }
}

void inform_dhcp6_put(const struct inform *i, struct wr *w)
{
    const struct inform_ask6 *a = &i->ask6;
    bool solicit = a->type == DHCP6_SOLICIT;
    /* RFC 8415 18.3.1: rapid commit is for bindings that are made; without one there is only an advertisement. */
    bool rapid = solicit && a->rapid_commit && any_prefix(i);
    w->cap = w->len + INFORM_IP6_MAX < w->cap ? w->len + INFORM_IP6_MAX : w->cap;
    size_t start = inform_udp6_begin(w, i->our_ll, a->from, DHCP6_SERVER_PORT, DHCP6_CLIENT_PORT);
    dhcp6_put_head(w, solicit && !rapid ? DHCP6_ADVERTISE : DHCP6_REPLY, a->xid);
    dhcp6_put(w, DHCP6_OPT_SERVER_ID, i->conf.duid);
    if (a->client_id_len)
        dhcp6_put(w, DHCP6_OPT_CLIENT_ID, slice_of(a->client_id, a->client_id_len));
    if (rapid)
        dhcp6_put(w, DHCP6_OPT_RAPID_COMMIT, slice_of(NULL, 0));
    if (solicit && !rapid)
        dhcp6_put(w, DHCP6_OPT_PREFERENCE, slice_of((const uint8_t[]){ PREFERENCE }, 1));
    if (a->type == DHCP6_CONFIRM || a->status == DHCP6_USE_MULTICAST) {
        dhcp6_put_status(w, a->status, "");
    } else if (a->type == DHCP6_RELEASE || a->type == DHCP6_DECLINE) {
        put_given_back(i, w);
    } else {
        for (unsigned n = 0; n < a->n_ias; n++)
            put_ia(i, w, n);
        put_names(i, w);
    }
    inform_udp_end(w, start);
}

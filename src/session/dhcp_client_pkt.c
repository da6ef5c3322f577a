/* The frames of the DHCP client: Ethernet, ARP, and which fields and options each message has; see dhcp_client.h. */
#include "session/dhcp_client_parts.h"
#include "session/inform_pkt.h"

enum {
    ETHER_HEAD = 14,
    ETHER_IPV4 = 0x0800,
    ETHER_ARP = 0x0806,
    HTYPE_ETHERNET = 1, /* RFC 826, RFC 1700 */
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
    ARP_LENGTH = 28,
    ETHER_MIN = 60,
    FLAG_BROADCAST = 0x8000, /* RFC 2131 2, figure 2 */
    OUR_SIZE = 1500,
    SECONDS_MIN = 4, /* a lease for less could be renewed only in a storm */
};

static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* ---- in ---- */

/* RFC 826 */
static int hear_arp(struct rd *r, struct dhcp_heard *h)
{
    unsigned hard = rd_u16(r), proto = rd_u16(r), lens = rd_u16(r), op = rd_u16(r);
    rd_copy(r, h->mac, sizeof(h->mac));
    h->from = rd_u32(r);
    (void)rd_take(r, 6);
    h->target = rd_u32(r);
    h->arp = true;
    if (!rd_ok(r))
        return ERR_TRUNCATED;
    return hard == HTYPE_ETHERNET && proto == ETHER_IPV4 && lens == 0x0604 && (op == ARP_REQUEST || op == ARP_REPLY)
               ? 0
               : ERR_UNKNOWN;
}

/* The checksum of a datagram that never left this machine may not be there yet. */
static int read_udp(const struct ip_view *ip, bool summed, struct udp_view *ret_udp)
{
    if (summed)
        return inform_udp_read(ip, ret_udp);
    return ip->version != 4 || ip->proto != IP_UDP || ip->fragment ? ERR_UNKNOWN : udp_parse(ip->payload, ret_udp);
}

static int hear_dhcp(struct slice packet, bool summed, struct dhcp_heard *h)
{
    struct ip_view ip;
    struct udp_view udp;
    int e = ip_parse(packet, &ip);
    if (e == 0)
        e = read_udp(&ip, summed, &udp);
    if (e < 0)
        return e;
    if (ip.version != 4 || udp.src_port != DHCP4_SERVER_PORT || udp.dst_port != DHCP4_CLIENT_PORT)
        return ERR_UNKNOWN;
    e = dhcp4_decode(udp.payload, &h->m);
    if (e < 0)
        return e;
    h->xid = h->m.xid;
    return h->m.op == DHCP4_BOOTREPLY ? 0 : ERR_UNKNOWN;
}

int dhcp_client_hear(struct slice frame, bool summed, struct dhcp_heard *ret_h)
{
    struct dhcp_heard h = { 0 };
    struct rd r = rd_slice(frame);
    (void)rd_take(&r, 6);
    rd_copy(&r, h.mac, sizeof(h.mac));
    unsigned type = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    int e = type == ETHER_ARP    ? hear_arp(&r, &h)
            : type == ETHER_IPV4 ? hear_dhcp(rd_rest(&r), summed, &h)
                                 : ERR_UNKNOWN;
    if (e == 0)
        *ret_h = h;
    return e;
}

/* ---- what is granted ---- */

/* The first `max` addresses of an option; 0 for what is not there. */
static unsigned addrs_of(const struct dhcp4 *m, uint8_t option, uint32_t *addrs, unsigned max)
{
    uint8_t value[DHCP4_OPTION_MAX];
    size_t n;
    unsigned got = 0;
    if (dhcp4_get(m, option, value, sizeof(value), &n) < 0 || dhcp4_addrs(slice_of(value, n), addrs, max, &got) < 0)
        return 0;
    return got;
}

/* An option of 32 bits has the shape of one address. */
static uint32_t number_of(const struct dhcp4 *m, uint8_t option)
{
    uint32_t v = 0;
    return addrs_of(m, option, &v, 1) == 1 ? v : 0;
}

/* A host's: not 0/8, 127/8, multicast or beyond. */
static bool for_a_host(uint32_t addr)
{
    uint32_t net = addr >> 24;
    return net != 0 && net != 127 && net < 224;
}

/* RFC 2131 4.4.5: T1 is half of the time, T2 seven eighths, unless they are told; and T1 < T2 < end. */
static void times(struct dhcp_lease *l, uint32_t t1, uint32_t t2)
{
    bool told = t1 && t1 < t2 && t2 < l->seconds;
    l->t1 = told ? t1 : l->seconds / 2;
    l->t2 = told ? t2 : l->seconds - l->seconds / 8 - (l->seconds < 8);
}

bool dhcp_client_read(const struct dhcp_heard *h, struct dhcp_lease *l)
{
    const struct dhcp4 *m = &h->m;
    struct dhcp_lease got = { .addr = m->yiaddr };
    got.seconds = number_of(m, DHCP4_OPT_LEASE_TIME);
    got.server = number_of(m, DHCP4_OPT_SERVER_ID);
    got.mask = number_of(m, DHCP4_OPT_MASK);
    got.router = number_of(m, DHCP4_OPT_ROUTER);
    /* RFC 2131 4.3.1, table 3: lease time and server identifier MUST be there. */
    if (!for_a_host(got.addr) || got.seconds < SECONDS_MIN || !for_a_host(got.server))
        return false;
    memcpy(got.server_mac, h->mac, sizeof(got.server_mac));
    times(&got, number_of(m, DHCP4_OPT_T1), number_of(m, DHCP4_OPT_T2));
    (void)addrs_of(m, DHCP4_OPT_DNS, got.dns, DHCP_CLIENT_DNS);
    (void)addrs_of(m, DHCP4_OPT_NBNS, got.nbns, 2);
    *l = got;
    return true;
}

/* ---- out ---- */

static void put_ether(struct wr *w, const uint8_t to[6], const uint8_t from[6], unsigned type)
{
    wr_bytes(w, to, 6);
    wr_bytes(w, from, 6);
    wr_u16(w, type);
}

void dhcp_client_put_probe(const struct dhcp_client *c, struct wr *w)
{
    put_ether(w, everybody, c->mac, ETHER_ARP);
    wr_u16(w, HTYPE_ETHERNET);
    wr_u16(w, ETHER_IPV4);
    wr_u16(w, 0x0604);
    wr_u16(w, ARP_REQUEST);
    wr_bytes(w, c->mac, sizeof(c->mac));
    wr_u32(w, 0); /* RFC 5227 2.1.1: so that nobody's table is spoilt */
    wr_zero(w, 6);
    wr_u32(w, c->lease.addr);
    wr_zero(w, ETHER_MIN - ETHER_HEAD - ARP_LENGTH);
}

/* RFC 2131 4.4.1, table 5: which options a message must and must not have. */
static void put_options(const struct dhcp_client *c, struct wr *w)
{
    static const uint8_t asked[] = { DHCP4_OPT_MASK,       DHCP4_OPT_ROUTER, DHCP4_OPT_DNS, DHCP4_OPT_NBNS,
                                     DHCP4_OPT_LEASE_TIME, DHCP4_OPT_T1,     DHCP4_OPT_T2 };
    static const uint8_t size[2] = { OUR_SIZE >> 8, OUR_SIZE & 0xff };
    bool ends = c->send == DHCP4_DECLINE || c->send == DHCP4_RELEASE;
    bool requesting = c->send == DHCP4_REQUEST && c->state == DHCP_CLIENT_REQUESTING;
    bool rebooting = c->send == DHCP4_REQUEST && c->state == DHCP_CLIENT_REBOOTING;
    uint32_t addr = c->send == DHCP4_DISCOVER ? c->wish : requesting ? c->offer.addr : c->lease.addr;
    dhcp4_put(w, DHCP4_OPT_CLIENT_ID, slice_of(c->id, c->n_id));
    if (addr && (requesting || rebooting || c->send == DHCP4_DISCOVER || c->send == DHCP4_DECLINE))
        dhcp4_put_addrs(w, DHCP4_OPT_ADDRESS, &addr, 1);
    if (requesting || ends)
        dhcp4_put_addrs(w, DHCP4_OPT_SERVER_ID, requesting ? &c->offer.server : &c->lease.server, 1);
    if (ends)
        return;
    dhcp4_put(w, DHCP4_OPT_SIZE, slice_of(size, sizeof(size)));
    dhcp4_put(w, DHCP4_OPT_ASKED, slice_of(asked, sizeof(asked)));
    if (c->host[0])
        dhcp4_put(w, DHCP4_OPT_HOST_NAME, slice_str(c->host));
}

void dhcp_client_put(const struct dhcp_client *c, struct wr *w, msec now)
{
    struct dhcp4 m = { .op = DHCP4_BOOTREQUEST, .htype = HTYPE_ETHERNET, .hlen = 6, .xid = c->xid, .type = c->send };
    bool release = c->send == DHCP4_RELEASE;
    bool extending = c->send == DHCP4_REQUEST && dhcp_client_has(c);
    bool unicast = release || (extending && c->state == DHCP_CLIENT_RENEWING);
    memcpy(m.chaddr, c->mac, sizeof(c->mac));
    /* RFC 2131 table 5: ciaddr only where the address is ours; secs not in the last two. */
    m.ciaddr = release || extending ? c->lease.addr : 0;
    if (!release && c->send != DHCP4_DECLINE) {
        msec secs = (now - c->began) / 1000;
        m.secs = secs < UINT16_MAX ? (uint16_t)secs : UINT16_MAX;
    }
    if (m.ciaddr == 0 && c->send != DHCP4_DECLINE)
        m.flags = FLAG_BROADCAST;
    put_ether(w, unicast ? c->lease.server_mac : everybody, c->mac, ETHER_IPV4);
    size_t start =
        inform_udp4_begin(w, m.ciaddr, unicast ? c->lease.server : UINT32_MAX, DHCP4_CLIENT_PORT, DHCP4_SERVER_PORT);
    size_t at = w->len;
    dhcp4_put_head(w, &m);
    put_options(c, w);
    dhcp4_put_end(w, at);
    inform_udp_end(w, start);
}

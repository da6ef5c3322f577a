/* What the played Windows client sends once it has addresses: DHCPINFORM and its repetition, router solicitation,
 * Information-Request, pings, and the noise that nobody answers. And what it prints of the answers. */
#include <stdio.h>

#include "base/prefix.h"
#include "tls/prim_host.h"
#include "win.h"
#include "wire/dhcp4.h"
#include "wire/dhcp6.h"
#include "wire/ip.h"
#include "wire/nd.h"

static const uint8_t all_routers[16] = { 0xff, 2, [15] = 2 }, all_dhcp6[16] = { 0xff, 2, [13] = 1, [15] = 2 };

static const char *text4(uint32_t a)
{
    static char buf[4][PREFIX_TEXT];
    static unsigned n;
    struct prefix p = prefix_v4(a, 32);
    return prefix_text(&p, buf[n++ % 4]);
}

static const char *text6(const uint8_t a[16], unsigned len)
{
    static char buf[4][PREFIX_TEXT];
    static unsigned n;
    struct prefix p = prefix_v6(a, len);
    return prefix_text(&p, buf[n++ % 4]);
}

/* ---- packets ---- */

static void begin4(struct wr *o, uint32_t src, uint32_t dst, uint8_t proto, uint8_t ttl)
{
    wr_u32(o, 0x45000000);
    wr_u32(o, 0);
    wr_u8(o, ttl);
    wr_u8(o, proto);
    wr_u16(o, 0);
    wr_u32(o, src);
    wr_u32(o, dst);
}

static void begin6(struct wr *o, const uint8_t src[16], const uint8_t dst[16], uint8_t proto, uint8_t hops)
{
    wr_u32(o, 0x60000000);
    wr_u16(o, 0);
    wr_u8(o, proto);
    wr_u8(o, hops);
    wr_bytes(o, src, 16);
    wr_bytes(o, dst, 16);
}

static void begin_udp(struct wr *o, uint16_t from, uint16_t to)
{
    wr_u16(o, from);
    wr_u16(o, to);
    wr_u32(o, 0);
}

/* Lengths and checksums of a packet that begins the writer; then it is sent. `check_at`: in the transport header. */
static void end_ip(struct win *w, struct wr *o, size_t check_at)
{
    struct ip_view ip;
    const uint8_t *p = wr_slice(o).p;
    size_t n = wr_len(o), head = p[0] >> 4 == 4 ? 20 : 40;
    bool udp = (head == 20 ? p[9] : p[6]) == IP_UDP;
    if (!wr_ok(o))
        bad("a packet of ours is too long");
    wr_patch_u16(o, head == 20 ? 2 : 4, (unsigned)(head == 20 ? n : n - 40));
    if (udp)
        wr_patch_u16(o, head + 4, (unsigned)(n - head));
    if (head == 20)
        wr_patch_u16(o, 10, csum_fold(csum_add(0, slice_of(p, 20))));
    if (ip_parse(slice_of(p, n), &ip) < 0)
        bad("a packet of ours is malformed");
    wr_patch_u16(o, head + check_at, csum_transport(&ip, check_at));
    send_ip(w, slice_of(p, n));
}

static void udp4(struct win *w, uint32_t dst, uint16_t from, uint16_t to, struct slice data)
{
    uint8_t bytes[1400];
    struct wr o = wr_of(bytes, sizeof bytes);
    begin4(&o, w->addr, dst, IP_UDP, 128);
    begin_udp(&o, from, to);
    wr_put(&o, data);
    end_ip(w, &o, 6);
}

/* [CAP]: htype 8, hlen 0, flags 0, seconds written the wrong way round, and these options in this order. Newer ones ask
 * for both kinds of routes, and for more that nobody has. */
static void inform(struct win *w, unsigned seconds)
{
    static const uint8_t asked[] = { 55, 6, 6, 44, 43, 1, 249, 15, 255 };
    static const uint8_t asked_newer[] = { 55, 14, 1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252, 255 };
    struct slice options = w->wish.newer ? slice_of(asked_newer, sizeof asked_newer) : slice_of(asked, sizeof asked);
    uint8_t bytes[400];
    struct wr o = wr_of(bytes, sizeof bytes);
    wr_u32(&o, 0x01080000);
    wr_u32(&o, w->xid);
    wr_u8(&o, seconds);
    wr_u8(&o, 0);
    wr_u16(&o, 0);
    wr_u32(&o, w->addr);
    wr_zero(&o, 4 + 4 + 4 + 16 + 64 + 128);
    wr_u32(&o, 0x63825363);
    wr_u8(&o, 53), wr_u8(&o, 1), wr_u8(&o, 8);
    wr_u8(&o, 61), wr_u8(&o, 17), wr_u8(&o, 0), wr_bytes(&o, w->guid, 16);
    wr_u8(&o, 12), wr_u8(&o, 11), wr_str(&o, "PLAYED-WIN7");
    wr_u8(&o, 60), wr_u8(&o, 8), wr_str(&o, "MSFT 5.0");
    wr_put(&o, options);
    udp4(w, 0xffffffff, 68, 67, wr_slice(&o));
    w->informs++;
}

static void solicit(struct win *w)
{
    uint8_t bytes[128];
    struct wr o = wr_of(bytes, sizeof bytes);
    size_t start = nd_begin(&o, ND_RS, w->ll, all_routers);
    nd_put_rs(&o);
    nd_end(&o, start);
    send_ip(w, wr_slice(&o));
}

/* Where is the router? (RFC 4861 7.2.2; to the address itself, as neighbour unreachability detection does, 7.3.) */
static void look_for_router(struct win *w)
{
    uint8_t bytes[128];
    struct nd_neighbour n = { .router = false };
    struct wr o = wr_of(bytes, sizeof bytes);
    memcpy(n.target, w->router, 16);
    size_t start = nd_begin(&o, ND_NS, w->ll, w->router);
    nd_put_neighbour(&o, ND_NS, &n);
    nd_end(&o, start);
    send_ip(w, wr_slice(&o));
}

/* RFC 4862 5.4.2: is it free? From nowhere, to the group of the address (RFC 4291 2.7.1). */
static void is_free(struct win *w, const uint8_t addr[16])
{
    static const uint8_t unspecified[16];
    uint8_t bytes[128], group[16] = { 0xff, 2, [11] = 1, [12] = 0xff };
    struct nd_neighbour n = { .router = false };
    struct wr o = wr_of(bytes, sizeof bytes);
    memcpy(group + 13, addr + 13, 3);
    memcpy(n.target, addr, 16);
    size_t start = nd_begin(&o, ND_NS, unspecified, group);
    nd_put_neighbour(&o, ND_NS, &n);
    nd_end(&o, start);
    send_ip(w, wr_slice(&o));
}

/* An address by DHCPv6, though the advertisement does not say so (RFC 8415 18.2.1). */
static void ask_address(struct win *w)
{
    uint8_t bytes[256], duid[14] = { 0, 1, 0, 1, 0x13, 0x37, 1, 2, 2, 0 };
    struct dhcp6_ia ia = { .iaid = 0x0e000000 };
    struct wr o = wr_of(bytes, sizeof bytes);
    memcpy(duid + 8, w->guid, 6);
    begin6(&o, w->ll, all_dhcp6, IP_UDP, 1);
    begin_udp(&o, 546, 547);
    dhcp6_put_head(&o, DHCP6_SOLICIT, w->xid_ia);
    dhcp6_put_u16(&o, DHCP6_OPT_ELAPSED, 0);
    dhcp6_put(&o, DHCP6_OPT_CLIENT_ID, slice_of(duid, sizeof duid));
    dhcp6_put_ia(&o, &ia);
    end_ip(w, &o, 6);
}

/* Stateless: names only (RFC 8415 18.2.6), as the advertisement's O flag says. */
static void ask_dhcp6(struct win *w)
{
    static const uint16_t asked[] = { 17, DHCP6_OPT_DNS, DHCP6_OPT_DOMAINS, DHCP6_OPT_REFRESH };
    uint8_t bytes[256], duid[14] = { 0, 1, 0, 1, 0x13, 0x37, 1, 2, 2, 0 };
    struct wr o = wr_of(bytes, sizeof bytes);
    memcpy(duid + 8, w->guid, 6);
    begin6(&o, w->ll, all_dhcp6, IP_UDP, 1);
    begin_udp(&o, 546, 547);
    dhcp6_put_head(&o, DHCP6_INFORMATION_REQUEST, w->xid6);
    dhcp6_put_u16(&o, DHCP6_OPT_ELAPSED, 0);
    dhcp6_put(&o, DHCP6_OPT_CLIENT_ID, slice_of(duid, sizeof duid));
    dhcp6_put_oro(&o, asked, 4);
    end_ip(w, &o, 6);
}

static void put_ping(struct win *w, struct wr *o, bool six)
{
    wr_u32(o, six ? 0x80000000 : 0x08000000);
    wr_u32(o, 0x02000100);
    wr_str(o, "abcdefghijklmnopqrstuvwabcdefghi");
    end_ip(w, o, 2);
}

static void ping4(struct win *w)
{
    uint8_t bytes[128];
    struct wr o = wr_of(bytes, sizeof bytes);
    begin4(&o, w->addr, w->wish.ping4, IP_ICMP, 128);
    put_ping(w, &o, false);
}

static void ping6(struct win *w, const uint8_t src[16], const uint8_t dst[16])
{
    uint8_t bytes[128];
    struct wr o = wr_of(bytes, sizeof bytes);
    begin6(&o, src, dst, IP_ICMP6, 128);
    put_ping(w, &o, true);
}

/* NetBIOS and LLMNR names, IGMP, SSDP: [CAP] and what newer ones add. Nobody answers. */
static void noise(struct win *w)
{
    static const uint8_t netbios[] = { 0xb1, 0xae, 0x29, 0x10, 0, 1, 0, 0, 0, 0, 0, 1 };
    static const uint8_t llmnr[] = { 0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 'w', 'p', 'a', 'd', 0, 0, 1, 0, 1 };
    static const uint8_t igmp[] = { 0x22, 0, 0xf9, 0x02, 0, 0, 0, 1, 4, 0, 0, 0, 0xe0, 0, 0, 0xfc };
    uint8_t bytes[128];
    struct wr o = wr_of(bytes, sizeof bytes);
    for (unsigned i = 0; i < 3; i++)
        udp4(w, 0xffffffff, 137, 137, slice_of(netbios, sizeof netbios));
    udp4(w, 0xe00000fc, 5355, 5355, slice_of(llmnr, sizeof llmnr));
    udp4(w, 0xeffffffa, 1900, 1900, slice_str("M-SEARCH * HTTP/1.1\r\n\r\n"));
    begin4(&o, w->addr, 0xe0000016, IP_IGMP, 1);
    wr_bytes(&o, igmp, sizeof igmp);
    end_ip(w, &o, 2);
}

/* ---- answers ---- */

/* [MS-DHCPE] 2.2.9: Windows does not join instances of an option, it reads on in options 250. */
static void check_parts(const struct dhcp4 *m, uint8_t option)
{
    struct rd r = rd_slice(m->areas[0]);
    unsigned parts = 0;
    while (rd_left(&r)) {
        parts += rd_u8(&r) == option;
        rd_take(&r, rd_u8(&r));
    }
    if (parts > 1)
        bad("option %u is there %u times", option, parts);
}

static void print_routes(const struct dhcp4 *m, uint8_t option)
{
    uint8_t buf[1024];
    struct dhcp4_route routes[64];
    char text[PREFIX_TEXT];
    size_t len;
    unsigned n;
    check_parts(m, option);
    if (dhcp4_get(m, option, buf, sizeof buf, &len) < 0)
        return;
    if (dhcp4_routes(slice_of(buf, len), routes, 64, &n) < 0)
        bad("malformed routes in option %u", option);
    for (unsigned i = 0; i < n; i++)
        tell("route%u=%s via %s", option, prefix_text(&routes[i].to, text), text4(routes[i].router));
}

static void print_addresses(const struct dhcp4 *m, uint8_t option, const char *key)
{
    uint8_t buf[256];
    uint32_t a[8];
    size_t len;
    unsigned n;
    if (dhcp4_get(m, option, buf, sizeof buf, &len) < 0)
        return;
    if (dhcp4_addrs(slice_of(buf, len), a, 8, &n) < 0)
        bad("malformed addresses in option %u", option);
    for (unsigned i = 0; i < n && i < 8; i++)
        tell("%s=%s", key, text4(a[i]));
}

/* RFC 3397 */
static void print_search(const struct dhcp4 *m)
{
    uint8_t buf[512];
    struct dns_name names[8];
    size_t len;
    unsigned n;
    if (dhcp4_get(m, DHCP4_OPT_SEARCH, buf, sizeof buf, &len) < 0)
        return;
    if (dns_names_read(slice_of(buf, len), true, names, 8, &n) < 0)
        bad("a malformed search list");
    for (unsigned i = 0; i < n && i < 8; i++)
        tell("dhcp_search=%s", names[i].text);
}

/* RFC 2131 4.3.5: to ciaddr, no yiaddr, no lease time, a server identifier. */
static void on_dhcp4(struct win *w, const struct ip_view *ip, struct slice payload)
{
    struct dhcp4 m;
    uint8_t buf[512];
    char text[256];
    size_t n;
    if (dhcp4_decode(payload, &m) < 0)
        bad("a malformed DHCP message");
    if (m.op != 2 || m.type != DHCP4_ACK || m.xid != w->xid || m.yiaddr || m.ciaddr != w->addr)
        bad("a DHCPACK that is not of our DHCPINFORM");
    if (m.htype != 8 || m.hlen != 0)
        bad("a DHCPACK with hardware type %u, length %u", m.htype, m.hlen);
    if (dhcp4_get(&m, DHCP4_OPT_LEASE_TIME, buf, sizeof buf, &n) == 0)
        bad("a lease time for DHCPINFORM");
    if (dhcp4_get(&m, DHCP4_OPT_SERVER_ID, buf, sizeof buf, &n) < 0 || n != 4 || memcmp(buf, ip->src.p, 4) != 0)
        bad("no server identifier, or another one than the sender's address");
    /* RFC 3442's own number is not asked for, or it is and goes before Microsoft's. */
    if (!w->wish.newer && dhcp4_get(&m, DHCP4_OPT_ROUTES, buf, sizeof buf, &n) == 0)
        bad("option 121 was not asked for");
    if (w->wish.newer && dhcp4_get(&m, DHCP4_OPT_MS_ROUTES, buf, sizeof buf, &n) == 0)
        bad("option 249 beside 121");
    if (w->informed || (w->wish.deaf && w->informs == 1))
        return;
    w->informed = true;
    tell("informs=%u", w->informs);
    print_addresses(&m, DHCP4_OPT_DNS, "dhcp_dns");
    print_addresses(&m, DHCP4_OPT_NBNS, "dhcp_nbns");
    print_routes(&m, w->wish.newer ? DHCP4_OPT_ROUTES : DHCP4_OPT_MS_ROUTES);
    print_search(&m);
    if (dhcp4_get(&m, DHCP4_OPT_WPAD, buf, sizeof buf, &n) == 0 && dhcp4_text(slice_of(buf, n), text, sizeof text) == 0)
        tell("wpad=%s", text);
    if (dhcp4_get(&m, DHCP4_OPT_DOMAIN, buf, sizeof buf, &n) == 0 &&
        dhcp4_text(slice_of(buf, n), text, sizeof text) == 0)
        tell("domain=%s", text);
}

static void on_ra(struct win *w, const struct ip_view *ip)
{
    struct nd_ra ra;
    nd_read_ra(ip, &ra);
    memcpy(w->router, ip->src.p, 16);
    w->router_answered = w->router_answered || memcmp(ip->dst.p, w->ll, 16) == 0;
    if (w->advertised)
        return;
    w->advertised = true;
    w->other = ra.other;
    tell("router=%s", text6(w->router, 128));
    tell("router_lifetime=%u", ra.lifetime);
    tell("managed=%d other=%d", ra.managed, ra.other);
    tell("mtu6=%u", ra.mtu);
    for (unsigned i = 0; i < ra.n_prefixes; i++) {
        const struct nd_prefix *p = &ra.prefixes[i];
        tell("prefix=%s", text6(p->p.addr, p->p.len));
        if (!p->autonomous || p->p.len != 64)
            continue;
        memcpy(w->addr6, p->p.addr, 8);
        memcpy(w->addr6 + 8, w->id6, 8);
        memcpy(w->addr_private, p->p.addr, 8);
        prim_random(NULL, w->addr_private + 8, 8); /* RFC 8981 3.3.1 */
        tell("on_link=%d", p->on_link);
        tell("private6=%s", text6(w->addr_private, 128));
        tell("address6=%s", text6(w->addr6, 128));
    }
    for (unsigned i = 0; i < ra.n_dns; i++)
        tell("rdnss=%s", text6(ra.dns[i].addr, 128));
    for (unsigned i = 0; i < ra.n_domains; i++)
        tell("dnssl=%s", ra.domains[i].name.text);
    for (unsigned i = 0; i < ra.n_routes; i++)
        tell("route6=%s", text6(ra.routes[i].p.addr, ra.routes[i].p.len));
}

static void on_dhcp6(struct win *w, struct slice payload)
{
    struct dhcp6 m;
    struct dns_name names[8];
    unsigned n = 0;
    if (dhcp6_decode(payload, &m) < 0)
        bad("a malformed DHCPv6 message");
    if (w->wish.stateful && m.xid == w->xid_ia) { /* RFC 8415 18.3.9 */
        if (m.type != DHCP6_ADVERTISE || m.n_ias != 1 || m.ias[0].status != DHCP6_NO_ADDRS_AVAIL || m.ias[0].n_leases)
            bad("a Solicit was not answered by: no addresses");
        w->no_addresses = true;
        return;
    }
    if (m.type != DHCP6_REPLY || m.xid != w->xid6 || !m.server_id.n || m.n_ias)
        bad("a DHCPv6 message that does not answer our Information-Request");
    if (w->told6)
        return;
    w->told6 = true;
    for (size_t at = 0; at + 16 <= m.dns.n; at += 16)
        tell("dhcp6_dns=%s", text6(m.dns.p + at, 128));
    if (m.domains.n && dns_names_read(m.domains, false, names, 8, &n) < 0)
        bad("malformed domains in DHCPv6");
    for (unsigned i = 0; i < n && i < 8; i++)
        tell("dhcp6_search=%s", names[i].text);
}

/* RFC 4862 5.4.4: an answer to all, for an address that we asked about, says that somebody has it. */
static void on_na(struct win *w, const struct ip_view *ip)
{
    struct nd_neighbour n;
    nd_read_neighbour(ip, &n);
    if (memcmp(n.target, w->router, 16) == 0)
        w->link_found = memcmp(ip->src.p, w->router, 16) == 0;
    else if (memcmp(n.target, w->addr_private, 16) == 0)
        w->private_taken = true;
    else if (memcmp(n.target, w->wish.wants, 16) == 0 && ip->dst.p[0] == 0xff && !n.solicited)
        w->wants_denied = true;
}

static void on_ip6(struct win *w, const struct ip_view *ip)
{
    struct udp_view udp;
    uint8_t type = 0;
    if (nd_is(ip)) {
        if (nd_check(ip, &type) < 0)
            bad("a malformed message of neighbour discovery");
        if (type == ND_RA)
            on_ra(w, ip);
        if (type == ND_NA)
            on_na(w, ip);
    } else if (ip->proto == IP_ICMP6 && ip->payload.n > 8 && ip->payload.p[0] == 129) {
        w->pinged_private = w->pinged_private || memcmp(ip->dst.p, w->addr_private, 16) == 0;
        w->pinged6 = w->pinged6 || memcmp(ip->src.p, w->wish.ping6, 16) == 0;
        w->link_pinged = w->link_pinged || memcmp(ip->src.p, w->router, 16) == 0;
    } else if (ip->proto == IP_UDP && udp_parse(ip->payload, &udp) == 0 && udp.dst_port == 546) {
        on_dhcp6(w, udp.payload);
    }
}

void on_ip(struct win *w, struct slice packet)
{
    struct ip_view ip;
    struct udp_view udp;
    if (ip_parse(packet, &ip) < 0)
        bad("a malformed packet");
    if (ip.version == 6) {
        if (!w->six.acked)
            bad("an IPv6 packet before IPV6CP is open");
        on_ip6(w, &ip);
        return;
    }
    if (!w->ipcp.acked)
        bad("an IPv4 packet before IPCP is open");
    if (ip.proto == IP_UDP && udp_parse(ip.payload, &udp) == 0 && udp.dst_port == 68)
        on_dhcp4(w, &ip, udp.payload);
    else if (ip.proto == IP_ICMP && ip.payload.n > 8 && ip.payload.p[0] == 0)
        w->pinged4 = true;
}

/* ---- the course of it ---- */

static bool never(const struct win *w)
{
    (void)w;
    return false;
}

static bool served4(const struct win *w)
{
    return !w->ipcp.acked || ((w->informed || !w->wish.want_inform) && (w->pinged4 || !w->wish.has_ping4));
}

static bool served6(const struct win *w)
{
    bool told = w->advertised && w->router_answered && (w->told6 || !w->other);
    bool link = w->link_pinged && w->link_found;
    return !w->six.acked || ((told || !w->wish.want_six) && (w->pinged6 || !w->wish.has_ping6) &&
                             (w->pinged_private || !w->wish.private) && (w->wants_denied || !w->wish.has_wants) &&
                             (link || !w->wish.neighbours) && (w->no_addresses || !w->wish.stateful));
}

static bool served(const struct win *w)
{
    return served4(w) && served6(w);
}

/* The first DHCPINFORM comes 0.33 s after IPCP, another 3 s later ([CAP]): steps of a third of a second. Who is not deaf sends
 * no other one: the first must be answered, however late. */
static void step4(struct win *w, unsigned step)
{
    if (!w->wish.quiet && (step == 1 || (step == 10 && w->wish.deaf && !w->informed)))
        inform(w, step == 1 ? 6 : 9);
    if (w->wish.has_ping4 && step % 3 == 0 && !w->pinged4)
        ping4(w);
}

/* Asks once, waits a second (RFC 4861 10: RETRANS_TIMER), then uses it. */
static void live_privately(struct win *w)
{
    if (w->private_taken)
        bad("an address that nobody has was said to be taken");
    if (w->asked_private++ == 0)
        is_free(w, w->addr_private);
    else if (w->asked_private > 4 && !w->pinged_private)
        ping6(w, w->addr_private, w->wish.ping6);
}

static void step6(struct win *w, unsigned step)
{
    if (step % 12 == 0 && !w->router_answered)
        solicit(w);
    if (!w->advertised)
        return;
    if (w->other && !w->told6 && step % 3 == 1)
        ask_dhcp6(w);
    if (w->wish.has_ping6 && step % 3 == 0 && !w->pinged6)
        ping6(w, w->addr6, w->wish.ping6);
    if (w->wish.private)
        live_privately(w);
    if (w->wish.has_wants && !w->wants_denied && step % 3 == 1)
        is_free(w, w->wish.wants);
    if (w->wish.neighbours && !w->link_pinged)
        ping6(w, w->ll, w->router);
    if (w->wish.neighbours && !w->link_found)
        look_for_router(w);
    if (w->wish.stateful && !w->no_addresses && step % 3 == 1)
        ask_address(w);
}

void network(struct win *w)
{
    prim_random(NULL, (uint8_t *)&w->xid, sizeof w->xid);
    w->xid6 = 0x00133700 | w->guid[0];
    w->xid_ia = 0x00424200 | w->guid[1];
    if (w->ipcp.acked)
        noise(w);
    for (unsigned step = 0; step < 90 && !(step && served(w)); step++) {
        if (w->ipcp.acked)
            step4(w, step);
        if (w->six.acked)
            step6(w, step);
        run(w, step ? served : never, now_ms() + 330);
    }
    if (!served(w))
        bad("not served: informed=%d advertised=%d answered=%d dhcp6=%d ping=%d ping6=%d link=%d %d stateful=%d "
            "private=%d denied=%d",
            w->informed, w->advertised, w->router_answered, w->told6, w->pinged4, w->pinged6, w->link_pinged,
            w->link_found, w->no_addresses, w->pinged_private, w->wants_denied);
}

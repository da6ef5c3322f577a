/* UDP in IP, whole packets; see inform_pkt.h. */
#include "session/inform_pkt.h"

enum {
    HOPS = 64,
    DONT_FRAGMENT = 0x4000,
    IP4_LENGTH_AT = 2,
    IP4_CHECK_AT = 10,
    IP6_LENGTH_AT = 4,
    UDP_LENGTH_AT = 4,
    UDP_CHECK_AT = 6,
};

const uint8_t inform_all_nodes[16] = { 0xff, 2, [15] = 1 };
const uint8_t inform_all_routers[16] = { 0xff, 2, [15] = 2 };
const uint8_t inform_all_dhcp6[16] = { 0xff, 2, [13] = 1, [15] = 2 };

void inform_link_local(const uint8_t id[8], uint8_t out[16])
{
    struct wr w = wr_of(out, 16);
    wr_u16(&w, 0xfe80);
    wr_zero(&w, 6);
    wr_bytes(&w, id, 8);
}

bool inform_is_link_local(struct slice addr)
{
    return addr.n == 16 && addr.p[0] == 0xfe && (addr.p[1] & 0xc0) == 0x80;
}

bool inform_addr_is(struct slice addr, const uint8_t addr16[16])
{
    return slice_eq(addr, slice_of(addr16, 16));
}

uint32_t inform_addr4(struct slice addr)
{
    struct rd r = rd_slice(addr);
    return rd_u32(&r);
}

static void udp_head(struct wr *w, uint16_t src_port, uint16_t dst_port)
{
    wr_u16(w, src_port);
    wr_u16(w, dst_port);
    wr_u32(w, 0); /* length and checksum */
}

size_t inform_udp4_begin(struct wr *w, uint32_t src, uint32_t dst, uint16_t src_port, uint16_t dst_port)
{
    size_t start = w->len;
    wr_u16(w, 0x4500);
    wr_u16(w, 0); /* total length */
    wr_u16(w, 0); /* RFC 6864 4.1: never fragmented, so the identification may be anything */
    wr_u16(w, DONT_FRAGMENT);
    wr_u8(w, HOPS);
    wr_u8(w, IP_UDP);
    wr_u16(w, 0); /* checksum */
    wr_u32(w, src);
    wr_u32(w, dst);
    udp_head(w, src_port, dst_port);
    return start;
}

size_t inform_udp6_begin(struct wr *w, const uint8_t src[16], const uint8_t dst[16], uint16_t src_port,
                         uint16_t dst_port)
{
    size_t start = w->len;
    wr_u32(w, 6u << 28);
    wr_u16(w, 0); /* payload length */
    wr_u8(w, IP_UDP);
    wr_u8(w, HOPS);
    wr_bytes(w, src, 16);
    wr_bytes(w, dst, 16);
    udp_head(w, src_port, dst_port);
    return start;
}

void inform_udp_end(struct wr *w, size_t start)
{
    if (!wr_ok(w))
        return;
    size_t n = w->len - start;
    bool v4 = w->buf[start] >> 4 == 4;
    size_t udp = start + (v4 ? IP4_HEAD : IP6_HEAD);
    wr_patch_u16(w, udp + UDP_LENGTH_AT, (unsigned)(w->len - udp));
    if (v4) {
        wr_patch_u16(w, start + IP4_LENGTH_AT, (unsigned)n);
        wr_patch_u16(w, start + IP4_CHECK_AT, csum_fold(csum_add(0, slice_of(w->buf + start, IP4_HEAD))));
    } else {
        wr_patch_u16(w, start + IP6_LENGTH_AT, (unsigned)(n - IP6_HEAD));
    }
    struct ip_view ip;
    if (ip_parse(slice_of(w->buf + start, n), &ip) < 0)
        w->bad = true;
    else
        wr_patch_u16(w, udp + UDP_CHECK_AT, csum_transport(&ip, UDP_CHECK_AT));
}

int inform_udp_read(const struct ip_view *ip, struct udp_view *ret_udp)
{
    struct udp_view u;
    if (ip->proto != IP_UDP || ip->fragment)
        return ERR_UNKNOWN;
    int e = udp_parse(ip->payload, &u);
    if (e < 0)
        return e;
    if (ip->version == 4 && csum_fold(csum_add(0, ip->head)) != 0) /* RFC 1122 3.2.1.2 */
        return ERR_SECURITY;
    /* RFC 768: 0 says that there is none; RFC 8200 8.1: not so in IPv6. */
    if ((u.check != 0 || ip->version == 6) && u.check != csum_transport(ip, UDP_CHECK_AT))
        return ERR_SECURITY;
    *ret_udp = u;
    return 0;
}

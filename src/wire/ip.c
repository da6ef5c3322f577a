/* Views of IP packets, and what is done with Internet checksums; see ip.h. The summing itself is csum.c. */
#include "wire/ip.h"

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static int parse_v4(struct slice packet, struct ip_view *ret_ip)
{
    struct rd r = rd_slice(packet);
    unsigned head_len = (rd_u8(&r) & 0xfu) * 4;
    struct ip_view ip = { .version = 4 };
    ip.tos = rd_u8(&r);
    size_t total = rd_u16(&r);
    ip.frag_id = rd_u16(&r);
    unsigned frag = rd_u16(&r);
    ip.ttl = rd_u8(&r);
    ip.proto = rd_u8(&r);
    rd_skip(&r, 2); /* header checksum */
    ip.src = rd_take(&r, 4);
    ip.dst = rd_take(&r, 4);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    /* RFC 791 3.1: the minimum value of IHL is 5; the total length includes the header. */
    if (head_len < IP4_HEAD || total < head_len)
        return ERR_LENGTH;
    if (total > packet.n)
        return ERR_TRUNCATED;
    ip.dont_fragment = frag & 0x4000;
    ip.frag_offset = (uint16_t)((frag & 0x1fff) * 8);
    ip.fragment = (frag & 0x3fff) != 0;
    ip.first = ip.frag_offset == 0;
    ip.whole = slice_of(packet.p, total);
    ip.head = slice_of(packet.p, head_len);
    ip.payload = slice_of(packet.p + head_len, total - head_len);
    *ret_ip = ip;
    return 0;
}

static bool is_extension(uint8_t proto)
{
    return proto == IP_HOP_BY_HOP || proto == IP_ROUTING || proto == IP_FRAGMENT || proto == IP_AH ||
           proto == IP_DEST_OPTIONS;
}

/* One extension header off `r`; RFC 8200 4.2 to 4.6, RFC 4302 2.2. */
static void take_extension(struct rd *r, struct ip_view *ip)
{
    uint8_t kind = ip->proto;
    ip->proto = rd_u8(r);
    unsigned len = rd_u8(r);
    if (kind == IP_FRAGMENT) {
        unsigned field = rd_u16(r);
        ip->frag_id = rd_u32(r);
        ip->frag_offset = field & 0xfff8;
        ip->fragment = (field & 0xfff9) != 0; /* RFC 6946: offset 0 and no more fragments is a whole packet */
        ip->first = ip->frag_offset == 0;
    } else if (kind == IP_AH) {
        rd_skip(r, (size_t)(len + 2) * 4 - 2); /* in words, minus two */
    } else {
        rd_skip(r, (size_t)(len + 1) * 8 - 2); /* in 8 bytes, not counting the first */
    }
}

static int parse_v6(struct slice packet, struct ip_view *ret_ip)
{
    struct rd r = rd_slice(packet);
    struct ip_view ip = { .version = 6, .dont_fragment = true, .first = true };
    ip.tos = (uint8_t)(rd_u32(&r) >> 20);
    size_t total = IP6_HEAD + (size_t)rd_u16(&r);
    ip.proto = rd_u8(&r);
    ip.ttl = rd_u8(&r);
    ip.src = rd_take(&r, 16);
    ip.dst = rd_take(&r, 16);
    if (!rd_ok(&r) || total > packet.n)
        return ERR_TRUNCATED;
    struct rd body = rd_sub(&r, total - IP6_HEAD);
    /* What follows a fragment that is not the first is data of the transport, whatever its header says. */
    for (unsigned i = 0; ip.first && is_extension(ip.proto); i++) {
        if (i == IP6_EXTENSIONS_MAX)
            return ERR_VALUE;
        take_extension(&body, &ip);
        if (!rd_ok(&body))
            return ERR_LENGTH;
    }
    ip.payload = rd_rest(&body);
    ip.whole = slice_of(packet.p, total);
    ip.head = slice_of(packet.p, total - ip.payload.n);
    *ret_ip = ip;
    return 0;
}

int ip_parse(struct slice packet, struct ip_view *ret_ip)
{
    struct rd r = rd_slice(packet);
    unsigned version = rd_u8(&r) >> 4;
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (version == 4)
        return parse_v4(packet, ret_ip);
    return version == 6 ? parse_v6(packet, ret_ip) : ERR_VERSION;
}

int tcp_parse(struct slice bytes, struct tcp_view *ret_tcp)
{
    struct rd r = rd_slice(bytes);
    struct tcp_view t = { 0 };
    t.src_port = rd_u16(&r);
    t.dst_port = rd_u16(&r);
    t.seq = rd_u32(&r);
    t.ack = rd_u32(&r);
    unsigned head_len = (unsigned)(rd_u8(&r) >> 4) * 4;
    t.flags = rd_u8(&r);
    t.window = rd_u16(&r);
    t.check = rd_u16(&r);
    t.urgent = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (head_len < TCP_HEAD || head_len > bytes.n)
        return ERR_LENGTH;
    t.options = rd_take(&r, head_len - TCP_HEAD);
    t.payload = rd_rest(&r);
    *ret_tcp = t;
    return 0;
}

int tcp_mss(struct slice bytes, uint16_t *ret_mss, size_t *ret_at)
{
    struct tcp_view t;
    int e = tcp_parse(bytes, &t);
    if (e < 0)
        return e;
    struct rd r = rd_slice(t.options);
    while (rd_left(&r)) {
        uint8_t kind = rd_u8(&r);
        if (kind == 0) /* RFC 9293 3.2: end of the list */
            break;
        if (kind == 1) /* no operation */
            continue;
        unsigned len = rd_u8(&r);
        if (!rd_ok(&r) || len < 2)
            return ERR_LENGTH;
        struct rd value = rd_sub(&r, len - 2);
        if (!rd_ok(&r))
            return ERR_LENGTH;
        if (kind != 2)
            continue;
        if (len != 4) /* RFC 9293 3.7.1 */
            return ERR_LENGTH;
        *ret_at = (size_t)(value.p - bytes.p);
        *ret_mss = rd_u16(&value);
        return 0;
    }
    return ERR_MISSING;
}

int udp_parse(struct slice bytes, struct udp_view *ret_udp)
{
    struct rd r = rd_slice(bytes);
    struct udp_view u = { 0 };
    u.src_port = rd_u16(&r);
    u.dst_port = rd_u16(&r);
    size_t len = rd_u16(&r);
    u.check = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (len < UDP_HEAD || len > bytes.n)
        return ERR_LENGTH;
    u.payload = rd_take(&r, len - UDP_HEAD);
    *ret_udp = u;
    return 0;
}

int icmp_parse(struct slice bytes, struct icmp_view *ret_icmp)
{
    struct rd r = rd_slice(bytes);
    struct icmp_view i = { 0 };
    i.type = rd_u8(&r);
    i.code = rd_u8(&r);
    i.check = rd_u16(&r);
    i.rest = rd_u32(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    i.payload = rd_rest(&r);
    *ret_icmp = i;
    return 0;
}

static bool address16(struct slice packet, size_t at4, size_t at6, uint8_t out[16])
{
    struct rd r = rd_slice(packet);
    unsigned version = rd_peek(&r, 0) >> 4;
    if (version != 4 && version != 6)
        return false;
    rd_skip(&r, version == 4 ? at4 : at6);
    struct slice a = rd_take(&r, version == 4 ? 4 : 16);
    if (!rd_ok(&r))
        return false;
    if (version == 6) {
        memcpy(out, a.p, 16);
        return true;
    }
    memcpy(out, v4_mapped, sizeof v4_mapped);
    memcpy(out + 12, a.p, 4);
    return true;
}

bool ip_source16(struct slice packet, uint8_t out[16])
{
    return address16(packet, 12, 8, out);
}

bool ip_dest16(struct slice packet, uint8_t out[16])
{
    return address16(packet, 16, 24, out);
}

static bool is_mapped(const uint8_t addr16[16])
{
    return memcmp(addr16, v4_mapped, sizeof v4_mapped) == 0;
}

bool ip_is_multicast(const uint8_t addr16[16])
{
    return is_mapped(addr16) ? (addr16[12] & 0xf0) == 0xe0 : addr16[0] == 0xff;
}

bool ip_is_broadcast(const uint8_t addr16[16])
{
    static const uint8_t all[4] = { 255, 255, 255, 255 };
    return is_mapped(addr16) && memcmp(addr16 + 12, all, 4) == 0;
}

uint16_t csum_fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

uint64_t csum_pseudo(const struct ip_view *ip, uint8_t proto, uint32_t len)
{
    return csum_add(csum_add((uint64_t)proto + len, ip->src), ip->dst);
}

uint16_t csum_update16(uint16_t check, uint16_t old_word, uint16_t new_word)
{
    /* RFC 1624 3: HC' = ~(~HC + ~m + m') */
    return csum_fold((uint64_t)(uint16_t)~check + (uint16_t)~old_word + new_word);
}

uint16_t csum_transport(const struct ip_view *ip, size_t check_at)
{
    bool pseudo = ip->proto != IP_ICMP && ip->proto != IP_IGMP;
    uint64_t sum = pseudo ? csum_pseudo(ip, ip->proto, (uint32_t)ip->payload.n) : 0;
    struct rd r = rd_slice(ip->payload);
    sum = csum_add(sum, rd_take(&r, check_at));
    rd_skip(&r, 2);
    sum = csum_add(sum, rd_rest(&r));
    uint16_t c = csum_fold(sum);
    return ip->proto == IP_UDP && c == 0 ? 0xffff : c;
}

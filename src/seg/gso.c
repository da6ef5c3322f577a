/* Cutting super-packets; see gso.h. What each packet differs in from the next follows Linux: tcp_gso_segment(),
 * __udp_gso_segment(), inet_gso_segment() and skb_checksum_help(). */
#include "seg/gso.h"

#include "seg/head.h"

/* One packet: as it is, or with a checksum to complete. */
static int init_one(struct gso *g, const struct vnet *v, struct slice packet)
{
    bool sum = v->flags & VNET_NEEDS_CSUM;
    size_t check_at = (size_t)v->csum_start + v->csum_offset;
    if (packet.n == 0)
        return ERR_TRUNCATED;
    if (packet.n > UINT16_MAX)
        return ERR_LENGTH;
    /* Virtio 1.2, 5.1.6.2: the checksum field lies within the packet. */
    if (sum && check_at + 2 > packet.n)
        return ERR_VALUE;
    *g = (struct gso){
        .kind = sum ? GSO_CHECKSUM : GSO_PLAIN,
        .size = (uint16_t)packet.n,
        .transport = v->csum_start,
        .check_at = (uint16_t)check_at,
        .rest = packet,
    };
    return 0;
}

/* The transport header of a super-packet: its length, or an error. */
static int transport_len(const struct ip_view *ip, const struct vnet *v)
{
    struct tcp_view tcp;
    struct udp_view udp;
    bool is_udp = v->gso_type == VNET_GSO_UDP_L4;
    if (ip->proto != (is_udp ? IP_UDP : IP_TCP))
        return ERR_VERSION;
    if (v->flags & VNET_NEEDS_CSUM &&
        (v->csum_start != ip->head.n || v->csum_offset != (is_udp ? UDP_CHECK : TCP_CHECK)))
        return ERR_VALUE;
    int e = is_udp ? udp_parse(ip->payload, &udp) : tcp_parse(ip->payload, &tcp);
    if (e < 0)
        return e;
    size_t payload = is_udp ? udp.payload.n : tcp.payload.n;
    size_t len = is_udp ? UDP_HEAD : TCP_HEAD + tcp.options.n;
    return payload == 0 || len + payload != ip->payload.n ? ERR_LENGTH : (int)len;
}

static int check_super(const struct vnet *v, struct slice packet, struct ip_view *ret_ip)
{
    unsigned type = v->gso_type & ~(unsigned)VNET_GSO_ECN;
    bool ecn = v->gso_type & VNET_GSO_ECN;
    if (type != VNET_GSO_TCPV4 && type != VNET_GSO_TCPV6 && (type != VNET_GSO_UDP_L4 || ecn))
        return ERR_UNKNOWN;
    struct ip_view ip;
    int e = ip_parse(packet, &ip);
    if (e < 0)
        return e;
    if ((type == VNET_GSO_TCPV4 && ip.version != 4) || (type == VNET_GSO_TCPV6 && ip.version != 6))
        return ERR_VERSION;
    if (v->gso_size == 0 || !head_repeats(&ip))
        return ERR_VALUE;
    if (ip.whole.n != packet.n)
        return ERR_LENGTH;
    *ret_ip = ip;
    return 0;
}

/* The pseudo header without its length. A kernel that left the checksum to us has put its sum into the field (only it
 * knows the last destination of a routing header, RFC 8200 8.1). */
static uint64_t pseudo_sum(const struct ip_view *ip, const struct vnet *v, size_t check)
{
    if (!(v->flags & VNET_NEEDS_CSUM))
        return csum_pseudo(ip, ip->proto, 0);
    return (uint64_t)get16(ip->payload.p + check) + (uint16_t)~ip->payload.n;
}

/* Sums of what all packets have in common. */
static void init_sums(struct gso *g, const struct ip_view *ip, const struct vnet *v)
{
    const uint8_t *t = ip->payload.p;
    uint64_t sum = csum_add(0, slice_of(t, (size_t)(g->head_len - g->transport)));
    if (g->kind == GSO_TCP) {
        g->seq = get32(t + TCP_SEQ);
        g->tcp_flags = t[TCP_FLAGS];
        sum += (uint64_t)(uint32_t)~g->seq + (uint16_t)~get16(t + TCP_OFFSET) + (uint16_t)~get16(t + TCP_CHECK);
        g->transport_sum = sum + pseudo_sum(ip, v, TCP_CHECK);
    } else {
        sum += (uint64_t)(uint16_t)~get16(t + UDP_LEN) + (uint16_t)~get16(t + UDP_CHECK);
        g->transport_sum = sum + pseudo_sum(ip, v, UDP_CHECK);
    }
    if (g->version == 4) {
        const uint8_t *h = g->head;
        g->id = get16(h + IP4_ID);
        g->ip_sum = csum_add(0, ip->head) + (uint16_t)~get16(h + IP4_TOTAL) + (uint16_t)~g->id +
                    (uint16_t)~get16(h + IP4_CHECK);
    }
}

int gso_init(struct gso *g, const uint8_t vnet[VNET_HDR], struct slice packet)
{
    struct vnet v = vnet_read(vnet);
    if (v.gso_type == VNET_GSO_NONE)
        return init_one(g, &v, packet);
    struct ip_view ip;
    int e = check_super(&v, packet, &ip);
    if (e < 0)
        return e;
    int len = transport_len(&ip, &v);
    if (len < 0)
        return len;
    size_t head_len = ip.head.n + (size_t)len;
    *g = (struct gso){
        .kind = ip.proto == IP_TCP ? GSO_TCP : GSO_UDP,
        .version = ip.version,
        .first = true,
        .head_len = (uint16_t)head_len,
        .transport = (uint16_t)ip.head.n,
        .size = v.gso_size,
        .head = packet.p,
        .rest = slice_of(packet.p + head_len, packet.n - head_len),
    };
    init_sums(g, &ip, &v);
    return 0;
}

static size_t next_one(struct gso *g, uint8_t *dst)
{
    struct slice p = g->rest;
    g->rest = slice_of(p.p + p.n, 0);
    if (g->kind == GSO_PLAIN) {
        memcpy(dst, p.p, p.n);
        return p.n;
    }
    memcpy(dst, p.p, g->transport);
    uint16_t check = csum_fold(csum_copy(0, dst + g->transport, slice_of(p.p + g->transport, p.n - g->transport)));
    /* 0 would say "no checksum" in UDP (RFC 768); as Linux does, 0xffff for everyone, which verifies the same. */
    put16(dst + g->check_at, check ? check : 0xffff);
    return p.n;
}

/* RFC 791 3.1: every datagram has an identification of its own. */
static void write_ip(struct gso *g, uint8_t *ip, size_t whole)
{
    if (g->version == 6) {
        put_ip6_total(ip, whole);
        return;
    }
    put16(ip + IP4_TOTAL, (unsigned)whole);
    put16(ip + IP4_ID, g->id);
    put16(ip + IP4_CHECK, csum_fold(g->ip_sum + whole + g->id));
    g->id++;
}

static void write_tcp(struct gso *g, uint8_t *tcp, size_t payload, uint64_t sum, bool last)
{
    uint8_t flags = g->tcp_flags;
    if (!last)
        flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (!g->first)
        flags &= (uint8_t)~TCP_CWR; /* RFC 3168 6.1.2: CWR is set in the first new packet only */
    tcp[TCP_FLAGS] = flags;
    put32(tcp + TCP_SEQ, g->seq);
    size_t len = (size_t)(g->head_len - g->transport) + payload;
    put16(tcp + TCP_CHECK, csum_fold(g->transport_sum + sum + g->seq + get16(tcp + TCP_OFFSET) + len));
    g->seq += (uint32_t)payload;
}

static void write_udp(const struct gso *g, uint8_t *udp, size_t payload, uint64_t sum)
{
    size_t len = UDP_HEAD + payload;
    put16(udp + UDP_LEN, (unsigned)len);
    uint16_t check = csum_fold(g->transport_sum + sum + 2 * len); /* the length is in the pseudo header, too */
    put16(udp + UDP_CHECK, check ? check : 0xffff);
}

size_t gso_next(struct gso *g, uint8_t *dst)
{
    size_t payload = g->rest.n < g->size ? g->rest.n : g->size;
    if (payload == 0)
        return 0;
    if (g->kind == GSO_PLAIN || g->kind == GSO_CHECKSUM)
        return next_one(g, dst);
    struct slice bytes = slice_of(g->rest.p, payload);
    g->rest = slice_of(g->rest.p + payload, g->rest.n - payload);
    memcpy(dst, g->head, g->head_len);
    uint64_t sum = csum_copy(0, dst + g->head_len, bytes);
    write_ip(g, dst, g->head_len + payload);
    if (g->kind == GSO_TCP)
        write_tcp(g, dst + g->transport, payload, sum, g->rest.n == 0);
    else
        write_udp(g, dst + g->transport, payload, sum);
    g->first = false;
    return g->head_len + payload;
}

void gso_skip(struct gso *g, uint32_t end)
{
    if (end == 0)
        return;
    if (g->kind == GSO_PLAIN || g->kind == GSO_CHECKSUM) {
        g->rest = slice_of(g->rest.p + g->rest.n, 0);
        return;
    }
    size_t n = end > g->head_len ? end - g->head_len : 0;
    n = n < g->rest.n ? n : g->rest.n;
    g->seq += (uint32_t)n;
    g->id = (uint16_t)(g->id + (n + g->size - 1) / g->size);
    g->rest = slice_of(g->rest.p + n, g->rest.n - n);
    g->first = g->first && n == 0;
}

void gso_pass(struct gso *g)
{
    size_t payload = g->rest.n < g->size ? g->rest.n : g->size;
    g->rest = slice_of(g->rest.p + payload, g->rest.n - payload);
    g->seq += (uint32_t)payload;
    g->id++;
    g->first = false;
}

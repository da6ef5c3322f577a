/* Joining packets; see gro.h. */
#include "seg/gro.h"

#include "seg/head.h"

enum { PROBES = 8 }; /* buckets that are tried for a flow; a flow that finds none is not joined */

/* How a packet stands to flows. */
enum kin {
    KIN_NONE,    /* no flow that could be joined: passes alone */
    KIN_UNKNOWN, /* may belong to any flow (fragments, what does not parse): nothing may pass it */
    KIN_MEMBER,  /* belongs to a flow and passes alone: ends what is being joined */
    KIN_DATA,    /* may be joined */
};

/* A packet of TCP or UDP, as far as joining is concerned. */
struct seen {
    struct ip_view ip;
    const uint8_t *t; /* transport header */
    size_t head_len;
    size_t payload;
};

void gro_init(struct gro *g, unsigned flags)
{
    g->flags = flags;
    g->packets = 0;
    g->joins = 0;
    memset(g->bucket, 0, sizeof g->bucket);
}

/* A TCP segment that may stand in a join, apart from its checksum. */
static bool tcp_joins(const struct seen *s, const struct tcp_view *tcp)
{
    enum { ALLOWED = TCP_ACK | TCP_PSH | TCP_ECE };
    /* 0xffff as a checksum is right where 0 is, but cutting would make it 0. */
    return s->payload > 0 && (tcp->flags & ~ALLOWED) == 0 && tcp->flags & TCP_ACK && tcp->check != 0xffff;
}

/* The same for a datagram. Without a checksum it could not be verified, and cutting would add one. */
static bool udp_joins(const struct gro *g, const struct seen *s, const struct udp_view *udp)
{
    return g->flags & GRO_UDP && s->payload > 0 && udp->check != 0 && UDP_HEAD + s->payload == s->ip.payload.n;
}

static bool ip_joins(const struct seen *s, struct slice packet)
{
    const uint8_t *h = s->ip.whole.p;
    if (s->ip.whole.n != packet.n || s->head_len > GRO_HEAD || !head_repeats(&s->ip))
        return false;
    /* As Linux: no IPv4 options; the reserved bit would be lost with the offset it stands beside. */
    return s->ip.version == 6 || (s->ip.head.n == IP4_HEAD && !(get16(h + IP4_FRAG) & IP4_RESERVED));
}

/* What the packet is. *s is filled for KIN_MEMBER and KIN_DATA only. */
static enum kin look(const struct gro *g, struct slice packet, struct seen *s)
{
    struct tcp_view tcp;
    struct udp_view udp;
    bool joins;
    if (ip_parse(packet, &s->ip) < 0 || s->ip.fragment)
        return KIN_UNKNOWN;
    s->t = s->ip.payload.p;
    if (s->ip.proto == IP_TCP && tcp_parse(s->ip.payload, &tcp) == 0) {
        s->payload = tcp.payload.n;
        s->head_len = s->ip.whole.n - s->payload;
        joins = tcp_joins(s, &tcp);
    } else if (s->ip.proto == IP_UDP && udp_parse(s->ip.payload, &udp) == 0) {
        s->payload = udp.payload.n;
        s->head_len = s->ip.head.n + UDP_HEAD;
        joins = udp_joins(g, s, &udp);
    } else {
        return s->ip.proto == IP_TCP || s->ip.proto == IP_UDP ? KIN_UNKNOWN : KIN_NONE;
    }
    return joins && ip_joins(s, packet) ? KIN_DATA : KIN_MEMBER;
}

static uint32_t mix(uint32_t h, const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return (h ^ v) * 0x9e3779b1u;
}

static unsigned hash(const struct seen *s)
{
    uint32_t h = mix(s->ip.proto, s->t); /* the ports */
    const uint8_t *a = s->ip.src.p;      /* the destination follows it */
    for (size_t i = 0; i < 2 * s->ip.src.n; i += 4)
        h = mix(h ^ h >> 15, a + i);
    return (h ^ h >> 16) % GRO_BUCKETS;
}

static bool same_flow(const struct gro *g, const struct gro_join *j, const struct seen *s)
{
    const uint8_t *first = g->packet[j->first].whole.p;
    size_t at = s->ip.version == 4 ? IP4_SRC : IP6_SRC;
    return j->version == s->ip.version && j->proto == s->ip.proto &&
           memcmp(first + at, s->ip.src.p, 2 * s->ip.src.n) == 0 && memcmp(first + j->transport, s->t, 4) == 0;
}

/* Where the newest join of this flow is noted, or the place for one; NULL: there is none near. */
static uint8_t *bucket_of(struct gro *g, const struct seen *s)
{
    unsigned at = hash(s);
    for (unsigned i = 0; i < PROBES; i++) {
        uint8_t *b = &g->bucket[(at + i) % GRO_BUCKETS];
        if (*b == 0 || same_flow(g, &g->join[*b - 1], s))
            return b;
    }
    return NULL;
}

static bool checksums_hold(const uint8_t *h, size_t transport, size_t whole, unsigned version, unsigned proto)
{
    size_t addr = version == 4 ? IP4_SRC : IP6_SRC, addr_end = version == 4 ? IP4_HEAD : IP6_HEAD;
    if (version == 4 && (get16(h + IP4_CHECK) == 0xffff || csum_fold(csum_add(0, slice_of(h, transport))) != 0))
        return false;
    uint64_t sum = proto + (whole - transport);
    if (transport == addr_end) /* addresses and transport side by side: one walk */
        return csum_fold(csum_add(sum, slice_of(h + addr, whole - addr))) == 0;
    sum = csum_add(sum, slice_of(h + addr, addr_end - addr));
    return csum_fold(csum_add(sum, slice_of(h + transport, whole - transport))) == 0;
}

static bool ip_matches(const struct gro *g, struct gro_join *j, const struct seen *s)
{
    const uint8_t *a = g->packet[j->first].whole.p, *b = s->ip.whole.p;
    if (j->version == 6) /* version, traffic class and flow label; next header and hop limit; extension headers */
        return memcmp(a, b, IP6_PAYLOAD) == 0 && memcmp(a + IP6_NEXT, b + IP6_NEXT, 2) == 0 &&
               memcmp(a + IP6_HEAD, b + IP6_HEAD, j->transport - (size_t)IP6_HEAD) == 0;
    if (a[IP4_TOS] != b[IP4_TOS] || a[IP4_TTL] != b[IP4_TTL] || get16(a + IP4_FRAG) != get16(b + IP4_FRAG))
        return false;
    /* As Linux: counted up by one, or (told by the second packet) all the same with DF. */
    uint16_t behind = (uint16_t)(get16(b + IP4_ID) - j->id);
    if (j->count == 1) {
        bool fixed = behind == 0 && g->flags & GRO_FIXED_ID && get16(a + IP4_FRAG) & IP4_DF;
        j->id_step = fixed ? 0 : 1;
    }
    return behind == j->count * j->id_step;
}

static bool tcp_matches(const struct gro *g, const struct gro_join *j, const struct seen *s)
{
    const uint8_t *a = g->packet[j->first].whole.p + j->transport, *b = s->t;
    size_t len = s->head_len - s->ip.head.n;
    /* RFC 7323 3.2: equal options mean equal timestamps. The flags but PSH are equal, so is the window. */
    return get32(b + TCP_SEQ) == j->seq && memcmp(a + TCP_ACK_SEQ, b + TCP_ACK_SEQ, 5) == 0 &&
           ((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & ~TCP_PSH) == 0 && memcmp(a + TCP_WINDOW, b + TCP_WINDOW, 2) == 0 &&
           memcmp(a + TCP_URGENT, b + TCP_URGENT, len - TCP_URGENT) == 0;
}

/* May this packet follow those in the join, apart from checksums? */
static bool matches(const struct gro *g, struct gro_join *j, const struct seen *s)
{
    if (s->payload > j->size || s->head_len != g->packet[j->first].head_len || s->ip.head.n != j->transport ||
        j->bytes + s->payload > UINT16_MAX)
        return false;
    return ip_matches(g, j, s) && (j->proto == IP_UDP || tcp_matches(g, j, s));
}

static unsigned put_packet(struct gro *g, struct slice packet, size_t head_len)
{
    g->packet[g->packets] = (struct gro_packet){ .whole = packet, .head_len = (uint16_t)head_len };
    return g->packets++;
}

static bool ends_at_psh(const struct gro *g, const struct gro_join *j)
{
    return j->psh && !(g->flags & GRO_COLLAPSE_PSH);
}

/* A write of its own; it may grow if `open`. Returns its number. */
static unsigned begin(struct gro *g, struct slice packet, const struct seen *s, bool open)
{
    struct gro_join *j = &g->join[g->joins];
    unsigned p = put_packet(g, packet, s ? s->head_len : 0);
    *j = (struct gro_join){ .first = (uint8_t)p, .last = (uint8_t)p, .count = 1, .open = open };
    if (s) {
        j->proto = s->ip.proto;
        j->version = s->ip.version;
        j->transport = (uint16_t)s->ip.head.n;
        j->size = (uint16_t)s->payload;
        j->bytes = (uint32_t)packet.n;
    }
    if (open && s->ip.version == 4)
        j->id = get16(packet.p + IP4_ID);
    if (open && s->ip.proto == IP_TCP) {
        j->seq = get32(s->t + TCP_SEQ) + (uint32_t)s->payload;
        j->psh = s->t[TCP_FLAGS] & TCP_PSH;
        j->open = !ends_at_psh(g, j);
    }
    return g->joins++;
}

/* The packet becomes the last of the join. */
static void append(struct gro *g, struct gro_join *j, struct slice packet, const struct seen *s)
{
    unsigned p = put_packet(g, packet, s->head_len);
    g->packet[j->last].next = (uint8_t)p;
    j->last = (uint8_t)p;
    j->count++;
    j->bytes += (uint32_t)s->payload;
    j->seq += (uint32_t)s->payload;
    if (j->proto == IP_TCP)
        j->psh |= s->t[TCP_FLAGS] & TCP_PSH;
    j->open = s->payload == j->size && !ends_at_psh(g, j) && (j->proto != IP_UDP || j->count < GRO_UDP_SEGMENTS);
}

/* Joins the packet to those of its flow; false: it may not be. */
static bool join(struct gro *g, struct gro_join *j, struct slice packet, const struct seen *s)
{
    if (!j->open || !matches(g, j, s) || !checksums_hold(packet.p, s->ip.head.n, packet.n, s->ip.version, s->ip.proto))
        return false;
    /* A flow's first packet is verified when a second comes: many flows have but one packet in a batch. */
    struct slice first = g->packet[j->first].whole;
    if (!j->verified && !checksums_hold(first.p, j->transport, first.n, j->version, j->proto))
        return false;
    j->verified = true;
    append(g, j, packet, s);
    return true;
}

bool gro_add(struct gro *g, struct slice packet)
{
    struct seen s;
    if (g->packets == GRO_PACKETS)
        return false;
    enum kin kin = look(g, packet, &s);
    if (kin == KIN_UNKNOWN)
        memset(g->bucket, 0, sizeof g->bucket);
    uint8_t *b = kin == KIN_MEMBER || kin == KIN_DATA ? bucket_of(g, &s) : NULL;
    if (!b) {
        begin(g, packet, NULL, false);
        return true;
    }
    if (*b && kin == KIN_DATA && join(g, &g->join[*b - 1], packet, &s))
        return true;
    /* What follows in this flow may not pass this packet, so the older join is complete. */
    *b = (uint8_t)(1 + begin(g, packet, &s, kin == KIN_DATA));
    return true;
}

static void make_head(struct gro *g, const struct gro_join *j, uint8_t *dst)
{
    const struct gro_packet *first = &g->packet[j->first];
    bool tcp = j->proto == IP_TCP;
    struct vnet v = {
        .flags = VNET_NEEDS_CSUM,
        .gso_type = !tcp              ? VNET_GSO_UDP_L4
                    : j->version == 4 ? VNET_GSO_TCPV4
                                      : VNET_GSO_TCPV6,
        .hdr_len = first->head_len,
        .gso_size = j->size,
        .csum_start = j->transport,
        .csum_offset = tcp ? TCP_CHECK : UDP_CHECK,
    };
    vnet_write(dst, &v);
    uint8_t *h = dst + VNET_HDR, *t = h + j->transport;
    memcpy(h, first->whole.p, first->head_len);
    if (j->version == 4)
        put_ip4_total(h, j->transport, j->bytes);
    else
        put_ip6_total(h, j->bytes);
    size_t len = j->bytes - j->transport;
    if (tcp)
        t[TCP_FLAGS] |= j->psh;
    else
        put16(t + UDP_LEN, (unsigned)len);
    size_t addr = j->version == 4 ? IP4_SRC : IP6_SRC;
    uint64_t pseudo = csum_add(j->proto + len, slice_of(h + addr, j->version == 4 ? 8 : 32));
    put16(t + v.csum_offset,
          (uint16_t)~csum_fold(pseudo)); /* Virtio 1.2, 5.1.6.2: the sum itself, not its complement */
}

unsigned gro_finish(struct gro *g)
{
    for (unsigned i = 0; i < g->joins; i++)
        if (g->join[i].count > 1)
            make_head(g, &g->join[i], g->head[i]);
    return g->joins;
}

unsigned gro_slices(const struct gro *g, unsigned i, struct slice out[GRO_SLICES])
{
    static const uint8_t alone[VNET_HDR];
    const struct gro_join *j = &g->join[i];
    const struct gro_packet *p = &g->packet[j->first];
    if (j->count == 1) {
        out[0] = slice_of(alone, sizeof alone);
        out[1] = p->whole;
        return 2;
    }
    out[0] = slice_of(g->head[i], VNET_HDR + (size_t)p->head_len);
    unsigned n = 1;
    for (unsigned at = j->first; n <= j->count; at = p->next) {
        p = &g->packet[at];
        out[n++] = slice_of(p->whole.p + p->head_len, p->whole.n - p->head_len);
    }
    return n;
}

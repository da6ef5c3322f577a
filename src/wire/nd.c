/* Neighbour discovery, read and checked; see nd.h. Written in nd_put.c. */
#include "wire/nd.h"
#include "wire/nd_opt.h"

static uint16_t min_length(uint8_t type)
{
    switch ((enum nd_type)type) {
    case ND_RS:
        return 8;
    case ND_RA:
        return 16;
    case ND_NS:
    case ND_NA:
        return 24;
    case ND_REDIRECT:
        return 40;
    }
    return 0;
}

bool nd_is(const struct ip_view *ip)
{
    struct rd r = rd_slice(ip->payload);
    return ip->version == 6 && ip->proto == IP_ICMP6 && ip->first && min_length(rd_peek(&r, 0)) != 0;
}

static bool is_link_local(struct slice addr)
{
    return addr.n == 16 && addr.p[0] == 0xfe && (addr.p[1] & 0xc0) == 0x80;
}

static bool is_unspecified(struct slice addr)
{
    static const uint8_t zero[16];
    return slice_eq(addr, slice_of(zero, sizeof zero));
}

/* ff02::1:ff00:0/104 (RFC 4291 2.7.1) */
static bool is_solicited_node(struct slice addr)
{
    static const uint8_t begin[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
    return addr.n == 16 && slice_eq(slice_of(addr.p, sizeof begin), slice_of(begin, sizeof begin));
}

/* What RFC 4861 says of addresses and flags, per type. `body` stands behind the checksum. */
static bool addresses_ok(const struct ip_view *ip, uint8_t type, struct rd body)
{
    unsigned flags = rd_u8(&body);
    rd_skip(&body, 3);
    unsigned target = rd_peek(&body, 0);
    switch ((enum nd_type)type) {
    case ND_RS:
        return true;
    case ND_RA:       /* 6.1.2 */
    case ND_REDIRECT: /* 8.1 */
        return is_link_local(ip->src);
    case ND_NS: /* 7.1.1: the target is not multicast; from nowhere only to the solicited-node address */
        return target != 0xff && (!is_unspecified(ip->src) || is_solicited_node(ip->dst));
    case ND_NA: /* 7.1.2: nobody solicits for many */
        return target != 0xff && !(ip->dst.p[0] == 0xff && flags & ND_FLAG_SOLICITED);
    }
    return false;
}

/* RFC 4861 6.1.1: "All included options have a length that is greater than zero." */
static bool options_ok(struct rd options)
{
    while (rd_left(&options)) {
        rd_skip(&options, 1);
        size_t n = rd_u8(&options);
        rd_skip(&options, n * 8 - 2); /* length 0 wraps around and cannot be there either */
        if (!rd_ok(&options))
            return false;
    }
    return true;
}

int nd_check(const struct ip_view *ip, uint8_t *ret_type)
{
    if (!nd_is(ip))
        return ERR_UNKNOWN;
    if (ip->ttl != ND_HOP_LIMIT || ip->fragment) /* RFC 4861 6.1.1 …, RFC 6980 5 */
        return ERR_STATE;
    struct rd r = rd_slice(ip->payload);
    uint8_t type = rd_u8(&r);
    uint8_t code = rd_u8(&r);
    uint16_t check = rd_u16(&r);
    if (ip->payload.n < min_length(type))
        return ERR_TRUNCATED;
    if (check != csum_transport(ip, 2))
        return ERR_SECURITY;
    if (code != 0 || !addresses_ok(ip, type, r))
        return ERR_VALUE;
    rd_skip(&r, min_length(type) - 4u);
    if (!options_ok(r))
        return ERR_LENGTH;
    *ret_type = type;
    return 0;
}

void nd_read_neighbour(const struct ip_view *ip, struct nd_neighbour *ret_n)
{
    struct rd r = rd_slice(ip->payload);
    struct nd_neighbour n = { .router = false };
    rd_skip(&r, 4);
    unsigned flags = rd_u8(&r);
    rd_skip(&r, 3);
    rd_copy(&r, n.target, sizeof n.target);
    n.router = flags & ND_FLAG_ROUTER;
    n.solicited = flags & ND_FLAG_SOLICITED;
    n.override = flags & ND_FLAG_OVERRIDE;
    *ret_n = n;
}

/* RFC 4191 2.1: two bits, signed; 10 is reserved and means medium for a router. */
static int8_t preference(unsigned bits)
{
    static const int8_t of[] = { ND_MEDIUM, ND_HIGH, ND_MEDIUM, ND_LOW };
    return of[bits & 3];
}

/* The prefix with its host bits cleared. */
static struct prefix clear_host_bits(const uint8_t addr[16], unsigned len)
{
    struct prefix p = prefix_v6(addr, len);
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = len > i * 8 ? len - i * 8 : 0;
        if (keep < 8)
            p.addr[i] &= (uint8_t)(0xff00u >> keep);
    }
    return p;
}

static void read_prefix(struct rd *r, struct nd_ra *ra)
{
    uint8_t addr[16];
    struct nd_prefix p = { .valid = 0 };
    unsigned len = rd_u8(r);
    unsigned flags = rd_u8(r);
    p.valid = rd_u32(r);
    p.preferred = rd_u32(r);
    rd_skip(r, 4);
    rd_copy(r, addr, sizeof addr);
    if (!rd_end(r) || len > 128 || ra->n_prefixes == ND_PREFIXES)
        return;
    p.p = clear_host_bits(addr, len);
    p.on_link = flags & ND_FLAG_ON_LINK;
    p.autonomous = flags & ND_FLAG_AUTONOMOUS;
    /* RFC 4862 5.5.3 c: ignore one whose preferred lifetime is greater than its valid one. */
    if (p.preferred <= p.valid)
        ra->prefixes[ra->n_prefixes++] = p;
}

/* RFC 4191 2.3: 8, 16 or 24 bytes, as many as the prefix needs or more. */
static void read_route(struct rd *r, struct nd_ra *ra)
{
    uint8_t addr[16] = { 0 };
    struct nd_route route = { .preference = ND_MEDIUM };
    unsigned len = rd_u8(r);
    unsigned flags = rd_u8(r);
    route.lifetime = rd_u32(r);
    size_t n = rd_left(r);
    if (!rd_ok(r) || n > 16 || len > n * 8 || (flags >> 3 & 3) == 2 || ra->n_routes == ND_ROUTES)
        return; /* a reserved preference: "the Route Information Option MUST be ignored" */
    rd_copy(r, addr, n);
    route.p = clear_host_bits(addr, len);
    route.preference = preference(flags >> 3);
    ra->routes[ra->n_routes++] = route;
}

/* RFC 8106 5.1 */
static void read_rdnss(struct rd *r, struct nd_ra *ra)
{
    rd_skip(r, 2);
    uint32_t lifetime = rd_u32(r);
    while (rd_left(r) >= 16 && ra->n_dns < ND_DNS) {
        struct nd_dns *d = &ra->dns[ra->n_dns++];
        rd_copy(r, d->addr, sizeof d->addr);
        d->lifetime = lifetime;
    }
}

/* RFC 8106 5.2: names, then zeros up to a multiple of eight. */
static void read_dnssl(struct rd *r, struct nd_ra *ra)
{
    rd_skip(r, 2);
    uint32_t lifetime = rd_u32(r);
    while (rd_left(r) && ra->n_domains < ND_DOMAINS) {
        struct nd_domain d = { .lifetime = lifetime };
        if (dns_name_read(r, slice_of(NULL, 0), &d.name) < 0 || !d.name.text[0])
            return;
        ra->domains[ra->n_domains++] = d;
    }
}

static void read_option(uint8_t kind, struct rd *value, struct nd_ra *ra)
{
    switch ((enum nd_option)kind) {
    case ND_OPT_TARGET_LINK: /* not of an advertisement of routers */
        break;
    case ND_OPT_PREFIX:
        read_prefix(value, ra);
        break;
    case ND_OPT_MTU:
        rd_skip(value, 2);
        uint32_t mtu = rd_u32(value);
        if (rd_end(value))
            ra->mtu = mtu;
        break;
    case ND_OPT_ROUTE:
        read_route(value, ra);
        break;
    case ND_OPT_RDNSS:
        read_rdnss(value, ra);
        break;
    case ND_OPT_DNSSL:
        read_dnssl(value, ra);
        break;
    }
}

void nd_read_ra(const struct ip_view *ip, struct nd_ra *ret_ra)
{
    struct rd r = rd_slice(ip->payload);
    struct nd_ra ra = { .preference = ND_MEDIUM };
    rd_skip(&r, 4);
    ra.hop_limit = rd_u8(&r);
    unsigned flags = rd_u8(&r);
    ra.lifetime = rd_u16(&r);
    ra.reachable = rd_u32(&r);
    ra.retrans = rd_u32(&r);
    ra.managed = flags & ND_FLAG_MANAGED;
    ra.other = flags & ND_FLAG_OTHER;
    ra.preference = preference(flags >> 3);
    while (rd_left(&r)) {
        uint8_t kind = rd_u8(&r);
        size_t n = rd_u8(&r);
        struct rd value = rd_sub(&r, n * 8 - 2);
        if (!rd_ok(&r)) /* cannot be: nd_check() saw it */
            break;
        read_option(kind, &value, &ra);
    }
    *ret_ra = ra;
}

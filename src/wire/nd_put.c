/* Neighbour discovery, written; see nd.h. */
#include "wire/nd.h"
#include "wire/nd_opt.h"

enum { PAYLOAD_LENGTH_AT = 4, CHECK_AT = IP6_HEAD + 2 };

size_t nd_begin(struct wr *w, uint8_t type, const uint8_t src[16], const uint8_t dst[16])
{
    size_t start = w->len;
    wr_u32(w, 6u << 28);
    wr_u16(w, 0); /* payload length */
    wr_u8(w, IP_ICMP6);
    wr_u8(w, ND_HOP_LIMIT);
    wr_bytes(w, src, 16);
    wr_bytes(w, dst, 16);
    wr_u8(w, type);
    wr_u8(w, 0);  /* code */
    wr_u16(w, 0); /* checksum */
    return start;
}

void nd_end(struct wr *w, size_t start)
{
    wr_patch_u16(w, start + PAYLOAD_LENGTH_AT, (unsigned)(w->len - start - IP6_HEAD));
    struct ip_view ip;
    if (!wr_ok(w) || ip_parse(slice_of(w->buf + start, w->len - start), &ip) < 0)
        w->bad = true;
    else
        wr_patch_u16(w, start + CHECK_AT, csum_transport(&ip, 2));
}

void nd_put_rs(struct wr *w)
{
    wr_zero(w, 4);
}

static unsigned preference_bits(int8_t preference)
{
    return (unsigned)(preference & 3) << 3; /* RFC 4191 2.1 */
}

void nd_put_ra(struct wr *w, const struct nd_ra *ra)
{
    wr_u8(w, ra->hop_limit);
    wr_u8(w, (ra->managed ? ND_FLAG_MANAGED : 0u) | (ra->other ? ND_FLAG_OTHER : 0u) |
                 /* RFC 4191 2.2: with a lifetime of 0 the preference is medium */
                 (ra->lifetime ? preference_bits(ra->preference) : 0u));
    wr_u16(w, ra->lifetime);
    wr_u32(w, ra->reachable);
    wr_u32(w, ra->retrans);
}

void nd_put_neighbour(struct wr *w, uint8_t type, const struct nd_neighbour *n)
{
    unsigned flags = (n->router ? ND_FLAG_ROUTER : 0u) | (n->solicited ? ND_FLAG_SOLICITED : 0u) |
                     (n->override ? ND_FLAG_OVERRIDE : 0u);
    wr_u8(w, type == ND_NA ? flags : 0);
    wr_zero(w, 3);
    wr_bytes(w, n->target, sizeof n->target);
}

/* Kind, and length in units of eight bytes. */
static void put_kind(struct wr *w, enum nd_option kind, size_t bytes)
{
    if (bytes % 8 || bytes / 8 > 255)
        w->bad = true;
    wr_u8(w, kind);
    wr_u8(w, (unsigned)(bytes / 8));
}

void nd_put_target_link(struct wr *w, const uint8_t mac[6])
{
    put_kind(w, ND_OPT_TARGET_LINK, 8);
    wr_bytes(w, mac, 6);
}

void nd_put_prefix(struct wr *w, const struct nd_prefix *p)
{
    put_kind(w, ND_OPT_PREFIX, 32);
    wr_u8(w, p->p.len);
    wr_u8(w, (p->on_link ? ND_FLAG_ON_LINK : 0u) | (p->autonomous ? ND_FLAG_AUTONOMOUS : 0u));
    wr_u32(w, p->valid);
    wr_u32(w, p->preferred);
    wr_u32(w, 0);
    wr_bytes(w, p->p.addr, sizeof p->p.addr);
}

void nd_put_mtu(struct wr *w, uint32_t mtu)
{
    put_kind(w, ND_OPT_MTU, 8);
    wr_u16(w, 0);
    wr_u32(w, mtu);
}

void nd_put_rdnss(struct wr *w, const struct prefix *dns, unsigned n, uint32_t lifetime)
{
    put_kind(w, ND_OPT_RDNSS, 8 + (size_t)n * 16);
    wr_u16(w, 0);
    wr_u32(w, lifetime);
    for (unsigned i = 0; i < n && wr_ok(w); i++)
        wr_bytes(w, dns[i].addr, sizeof dns[i].addr);
}

void nd_put_dnssl(struct wr *w, const struct dns_name *names, unsigned n, uint32_t lifetime)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += strlen(names[i].text) + 2;
    size_t padded = (bytes + 7) & ~(size_t)7;
    put_kind(w, ND_OPT_DNSSL, 8 + padded);
    wr_u16(w, 0);
    wr_u32(w, lifetime);
    for (unsigned i = 0; i < n; i++)
        dns_name_put(w, names[i].text);
    wr_zero(w, padded - bytes);
}

void nd_put_route(struct wr *w, const struct nd_route *r)
{
    size_t n = r->p.len > 64 ? 16 : r->p.len > 0 ? 8 : 0; /* RFC 4191 2.3 */
    put_kind(w, ND_OPT_ROUTE, 8 + n);
    wr_u8(w, r->p.len);
    wr_u8(w, preference_bits(r->preference));
    wr_u32(w, r->lifetime);
    wr_bytes(w, r->p.addr, n);
}

/* See gate.h. */
#include "dp/gate.h"

#include "wire/ip.h"

static bool in_any(const struct prefix *own, unsigned n_own, const uint8_t addr16[16])
{
    for (unsigned i = 0; i < n_own; i++)
        if (own[i].family && prefix_has(&own[i], addr16))
            return true;
    return false;
}

static uint32_t v4_of(const uint8_t addr16[16])
{
    return (uint32_t)addr16[12] << 24 | (uint32_t)addr16[13] << 16 | (uint32_t)addr16[14] << 8 | addr16[15];
}

/* All host bits set. Networks of 31 and 32 bits have no broadcast (RFC 3021 2.1). */
static bool directed_broadcast(const struct gate_nets *nets, const uint8_t addr16[16])
{
    for (unsigned i = 0; i < nets->n; i++) {
        const struct prefix *net = &nets->nets[i];
        if (net->family != 4 || net->len > 30 || !prefix_has(net, addr16))
            continue;
        uint32_t host = net->len ? 0xffffffffu >> net->len : 0xffffffffu;
        if ((v4_of(addr16) & host) == host)
            return true;
    }
    return false;
}

static bool link_local6(const uint8_t addr16[16])
{
    return addr16[0] == 0xfe && (addr16[1] & 0xc0) == 0x80;
}

static bool unspecified6(const uint8_t addr16[16])
{
    static const uint8_t none[16];
    return memcmp(addr16, none, sizeof(none)) == 0;
}

enum drop gate_from_session(const struct packet *p, const struct prefix *own, unsigned n_own,
                            const struct gate_nets *nets)
{
    uint8_t from[16], to[16];
    struct slice bytes = slice_of(p->p, p->n);
    if (!ip_source16(bytes, from) || !ip_dest16(bytes, to))
        return DROP_MALFORMED;
    /* Talk of the link itself: what of it is for us has been taken out before. Not worth a word about spoofing. */
    if (link_local6(from) || link_local6(to))
        return DROP_MULTICAST;
    if (!in_any(own, n_own, from))
        return unspecified6(from) && ip_is_multicast(to) ? DROP_MULTICAST : DROP_SPOOFED; /* RFC 4862 5.4.2 */
    if (ip_is_multicast(to) || ip_is_broadcast(to) || directed_broadcast(nets, to))
        return DROP_MULTICAST;
    return DROP_NONE;
}

/* What the files of this folder share; see head.h. */
#include "seg/head.h"

bool head_repeats(const struct ip_view *ip)
{
    if (ip->fragment)
        return false;
    if (ip->version == 4 || ip->head.n == IP6_HEAD)
        return true;
    struct rd r = rd_slice(ip->head);
    unsigned next = rd_peek(&r, IP6_NEXT);
    rd_skip(&r, IP6_HEAD);
    while (rd_left(&r)) {
        if (next != IP_HOP_BY_HOP && next != IP_ROUTING && next != IP_DEST_OPTIONS)
            return false;
        next = rd_u8(&r);
        rd_skip(&r, (size_t)(rd_u8(&r) + 1) * 8 - 2); /* RFC 8200 4.2: in 8 bytes, not counting the first */
    }
    return rd_ok(&r);
}

void put_ip4_total(uint8_t *ip, size_t head_len, size_t whole)
{
    put16(ip + IP4_TOTAL, (unsigned)whole);
    put16(ip + IP4_CHECK, 0);
    put16(ip + IP4_CHECK, csum_fold(csum_add(0, slice_of(ip, head_len))));
}

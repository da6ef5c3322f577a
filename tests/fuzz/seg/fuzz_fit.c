/* What is done with a packet that does not fit: MSS clamped, ICMP answered, fragments made. The first two bytes are the
 * MTU, the rest is the packet. */
#include <stdlib.h>

#include "fuzz.h"
#include "seg/frag.h"
#include "seg/icmp.h"
#include "seg/mss.h"
#include "wire/ip.h"

static uint8_t out[65536 + 1];

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A checksum that was right stays right, a wrong one wrong; the MSS is what fits. */
static void clamp(struct slice packet, unsigned mtu)
{
    uint8_t *p = malloc(packet.n ? packet.n : 1);
    struct ip_view before, after;
    uint16_t mss;
    size_t at;
    check(p != NULL);
    memcpy(p, packet.p, packet.n);
    if (mss_clamp(p, packet.n, mtu, false)) {
        check(ip_parse(packet, &before) == 0 && ip_parse(slice_of(p, packet.n), &after) == 0);
        check(tcp_mss(after.payload, &mss, &at) == 0 && mss == mtu - (after.version == 4 ? 40 : 60));
        uint64_t old = csum_add(csum_pseudo(&before, IP_TCP, (uint32_t)before.payload.n), before.payload);
        uint64_t new = csum_add(csum_pseudo(&after, IP_TCP, (uint32_t)after.payload.n), after.payload);
        check(csum_fold(old) == csum_fold(new));
        check(!mss_clamp(p, packet.n, mtu, false));
    } else {
        check(memcmp(p, packet.p, packet.n) == 0);
    }
    free(p);
}

static void answer(struct slice packet, unsigned mtu)
{
    static const uint8_t own[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
    struct ip_view ip, quoted;
    size_t n = icmp_too_big(out, ICMP6_ANSWER_MAX, packet, mtu, own);
    if (n == 0)
        return;
    check(ip_parse(packet, &quoted) == 0 && ip_parse(slice_of(out, n), &ip) == 0 && ip.whole.n == n);
    check(ip.payload.n > ICMP_HEAD && n <= (ip.version == 4 ? 576 : 1280) && ip.version == quoted.version);
    check(csum_transport(&ip, 2) == (ip.payload.p[2] << 8 | ip.payload.p[3]));
    check(icmp_too_big(out + n, sizeof out - n, slice_of(out, n), mtu, own) == 0); /* never about itself */
}

static void fragment(struct slice packet, unsigned mtu)
{
    struct frag f;
    struct ip_view ip, piece = { 0 };
    size_t n, data = 0;
    if (frag_init(&f, packet, mtu) < 0)
        return;
    check(ip_parse(packet, &ip) == 0);
    while ((n = frag_next_len(&f)) != 0) {
        check(n <= mtu && n <= sizeof out - 1);
        out[n] = 0xee;
        check(frag_next(&f, out) == n && out[n] == 0xee);
        check(ip_parse(slice_of(out, n), &piece) == 0 && piece.whole.n == n && csum_fold(csum_add(0, piece.head)) == 0);
        check(piece.frag_offset == ip.frag_offset + data && piece.frag_id == ip.frag_id);
        check(memcmp(piece.payload.p, ip.payload.p + data, piece.payload.n) == 0);
        data += piece.payload.n;
        check(f.rest.n == 0 || (piece.payload.n > 0 && piece.payload.n % 8 == 0 && piece.fragment));
    }
    check(data == ip.payload.n);
    FUZZ_REACHED();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_of(data, size);
    unsigned mtu = rd_u16(&r);
    struct slice packet = rd_rest(&r);
    clamp(packet, mtu);
    answer(packet, mtu);
    fragment(packet, mtu);
    return 0;
}

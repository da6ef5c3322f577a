/* Any virtio_net_hdr before any packet: what gso accepts, it cuts into packets that are whole, add up to the input, and
 * have right checksums; each is as long as it was announced. */
#include <stdlib.h>

#include "fuzz.h"
#include "seg/gso.h"
#include "wire/ip.h"

static uint8_t out[65536 + 1];

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A packet off a super-packet parses, has a right IPv4 header, and its payload is the next of the input. */
static size_t check_packet(const struct gso *g, size_t n, struct slice rest, bool partial)
{
    struct ip_view ip;
    check(ip_parse(slice_of(out, n), &ip) == 0 && ip.whole.n == n && !ip.fragment);
    check(ip.version == 6 || csum_fold(csum_add(0, ip.head)) == 0);
    size_t check_at = ip.proto == IP_TCP ? 16 : 6;
    uint16_t sum = (uint16_t)(ip.payload.p[check_at] << 8 | ip.payload.p[check_at + 1]);
    check(partial || sum == csum_transport(&ip, check_at));
    size_t payload = n - g->head_len;
    check(payload <= rest.n && memcmp(out + g->head_len, rest.p, payload) == 0);
    return payload;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gso g;
    if (size < VNET_HDR || gso_init(&g, data, slice_of(data + VNET_HDR, size - VNET_HDR)) < 0)
        return 0;
    bool partial = data[0] & VNET_NEEDS_CSUM;
    size_t left = gso_left(&g), n;
    check(left > 0 && left <= 65535);
    while ((n = gso_next_len(&g)) != 0) {
        struct slice rest = g.rest;
        enum gso_kind kind = g.kind;
        check(n <= 65535);
        out[n] = 0xee;
        check(gso_next(&g, out) == n && out[n] == 0xee);
        check(gso_left(&g) == --left);
        if (kind == GSO_TCP || kind == GSO_UDP) {
            size_t payload = check_packet(&g, n, rest, partial);
            check(g.rest.n == rest.n - payload);
        } else {
            check(n == size - VNET_HDR && left == 0);
        }
        if (left == 0 && kind == GSO_TCP)
            FUZZ_REACHED();
    }
    check(left == 0 && gso_next(&g, out) == 0);
    return 0;
}

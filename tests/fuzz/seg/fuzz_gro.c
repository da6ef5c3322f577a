/* A sequence of packets, each behind a 16-bit length (the first byte of the input: flags): whatever is joined is cut
 * again into what came in, everything comes out once, and packets of one write are in their order. */
#include <stdlib.h>

#include "fuzz.h"
#include "seg/gro.h"
#include "seg/gso.h"
#include "seg/head.h"
#include "wire/ip.h"

static uint8_t joined[70000], piece[70000], came_in[70000];
static struct gro gro;

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* An IPv4 identification that was the same in all packets (GRO_FIXED_ID) is counted up by cutting. */
static bool same_packet(const uint8_t *made, struct slice whole, bool fixed)
{
    if (memcmp(made, whole.p, whole.n) == 0)
        return true;
    return fixed && whole.p[0] == 0x45 && memcmp(made, whole.p, 4) == 0 && memcmp(made + 6, whole.p + 6, 4) == 0 &&
           memcmp(made + 12, whole.p + 12, whole.n - 12) == 0;
}

/* What came in, as it is to go out where PSH is collapsed: none but at the end, where it is if any packet had it. The
 * checksum of what goes out is right then, whatever it was: what came in wrong was not joined. */
static void collapse(uint8_t *p, size_t n, const uint8_t *made, bool psh)
{
    struct ip_view ip;
    check(ip_parse(slice_of(made, n), &ip) == 0);
    if (ip.proto != IP_TCP)
        return;
    uint16_t sum = csum_transport(&ip, TCP_CHECK);
    uint8_t *t = p + ip.head.n;
    check(memcmp(made + ip.head.n + TCP_CHECK, (uint8_t[]){ (uint8_t)(sum >> 8), (uint8_t)sum }, 2) == 0);
    memcpy(t + TCP_CHECK, made + ip.head.n + TCP_CHECK, 2);
    t[TCP_FLAGS] = (uint8_t)((t[TCP_FLAGS] & ~TCP_PSH) | (psh ? TCP_PSH : 0));
}

static bool any_psh(unsigned i)
{
    uint8_t flags = 0;
    unsigned at = gro.join[i].first;
    for (unsigned k = 0; k < gro_count(&gro, i); k++, at = gro.packet[at].next)
        flags |= gro.packet[at].whole.p[gro.join[i].transport + TCP_FLAGS];
    return flags & TCP_PSH;
}

static void check_join(unsigned i, const struct slice *s, unsigned n, unsigned flags)
{
    size_t len = 0;
    struct gso g;
    for (unsigned k = 0; k < n; k++) {
        check(len + s[k].n <= sizeof joined);
        memcpy(joined + len, s[k].p, s[k].n);
        len += s[k].n;
    }
    check(len - VNET_HDR <= 65535);
    check(gso_init(&g, joined, slice_of(joined + VNET_HDR, len - VNET_HDR)) == 0 && gso_left(&g) == gro_count(&gro, i));
    unsigned at = gro.join[i].first;
    for (unsigned k = 1; k < n; k++, at = gro.packet[at].next) {
        struct slice whole = gro.packet[at].whole;
        check(k == 1 || whole.p > s[k - 1].p);
        check(gso_next_len(&g) == whole.n && gso_next(&g, piece) == whole.n);
        memcpy(came_in, whole.p, whole.n);
        if (flags & GRO_COLLAPSE_PSH)
            collapse(came_in, whole.n, piece, k + 1 == n && any_psh(i));
        check(same_packet(piece, slice_of(came_in, whole.n), flags & GRO_FIXED_ID));
    }
    FUZZ_REACHED();
}

static void flush(unsigned flags, unsigned came)
{
    static const uint8_t zero[VNET_HDR];
    struct slice s[GRO_SLICES];
    unsigned writes = gro_finish(&gro), packets = 0;
    for (unsigned i = 0; i < writes; i++) {
        unsigned n = gro_slices(&gro, i, s);
        check(n == gro_count(&gro, i) + 1);
        packets += n - 1;
        if (n == 2)
            check(s[0].n == VNET_HDR && memcmp(s[0].p, zero, VNET_HDR) == 0);
        else
            check_join(i, s, n, flags);
    }
    check(packets == came);
    gro_init(&gro, flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_of(data, size);
    unsigned flags = rd_u8(&r) & 7, came = 0;
    gro_init(&gro, flags);
    while (rd_left(&r)) {
        size_t n = rd_u16(&r);
        struct slice packet = rd_take(&r, n < rd_left(&r) ? n : rd_left(&r));
        if (!gro_add(&gro, packet)) {
            check(came == GRO_PACKETS);
            flush(flags, came);
            check(gro_add(&gro, packet));
            came = 0;
        }
        came++;
    }
    flush(flags, came);
    return 0;
}

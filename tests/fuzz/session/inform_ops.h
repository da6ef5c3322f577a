/* What fuzz_inform and fuzz_inform_client share: addresses, and packets of the other end whose heads and checksums are
 * right, so that the fuzzer need not find them. */
#ifndef ADIT_TESTS_INFORM_OPS_H
#define ADIT_TESTS_INFORM_OPS_H

#include "session/inform_pkt.h"
#include "wire/dhcp4.h"
#include "wire/dhcp6.h"
#include "wire/nd.h"

enum { OPS_SERVER4 = 0x0a500001, OPS_CLIENT4 = 0x0a500007, OPS_ROUTES = 40, OPS_NAMES = 12 };

static const uint8_t ops_server_ll[16] = { 0xfe, 0x80, [8] = 0x5e, [15] = 1 };
static const uint8_t ops_client_ll[16] = { 0xfe, 0x80, [8] = 0xc1, [15] = 2 };
static const uint8_t ops_server_duid[] = { 0, 3, 's', 'r', 'v' };
static const uint8_t ops_client_duid[] = { 0, 3, 'c', 'l', 'i' };

static inline void ops_random(void *ctx, uint8_t *dst, size_t n)
{
    uint32_t *dice = ctx;
    while (n--) {
        *dice = *dice * 1664525 + 1013904223;
        *dst++ = (uint8_t)(*dice >> 24);
    }
}

static inline unsigned ops_routes(struct prefix *routes, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        routes[k] = k & 1 ? prefix_v6(ops_server_ll, 128 - k) : prefix_v4(k << 8, 32);
    return n;
}

static inline unsigned ops_names(struct dns_name *names, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        memset(names[k].text, 'a' + (int)k, n > 2 ? 60 : 5);
    return n;
}

/* A length, and as many bytes as there are up to it. */
static inline struct slice ops_bytes(struct rd *in)
{
    size_t n = rd_u8(in);
    return rd_take(in, n < rd_left(in) ? n : rd_left(in));
}

/* op & 7: 0 DHCP with type and options; 1 DHCPv6 with type and options; 2 neighbour discovery with type and body; 3 the
 * same from nowhere; 4, 5 the payload of a UDP packet as it is, IPv4 and IPv6; 6 a packet as it is. */
static inline void ops_packet(struct wr *w, unsigned op, bool to_server, uint32_t xid, struct rd *in)
{
    static const uint8_t nowhere[16];
    static const struct {
        uint16_t port4, port6;
    } ports[] = { { 68, 546 }, { 67, 547 } };
    const uint8_t *src = to_server ? ops_client_ll : ops_server_ll;
    const uint8_t *dst = to_server ? inform_all_dhcp6 : ops_client_ll;
    uint32_t src4 = to_server ? OPS_CLIENT4 : OPS_SERVER4, dst4 = to_server ? UINT32_MAX : OPS_CLIENT4;
    struct dhcp4 m = { .op = to_server ? 1 : 2, .xid = xid, .ciaddr = OPS_CLIENT4 };
    size_t at = 0;
    switch (op & 7) {
    case 0:
    case 4:
        at = inform_udp4_begin(w, src4, dst4, ports[!to_server].port4, ports[to_server].port4);
        if ((op & 7) == 0) {
            m.type = rd_u8(in);
            dhcp4_put_head(w, &m);
        }
        wr_put(w, ops_bytes(in));
        if ((op & 7) == 0)
            wr_u8(w, DHCP4_OPT_END);
        inform_udp_end(w, at);
        break;
    case 1:
    case 5:
        at = inform_udp6_begin(w, src, dst, ports[!to_server].port6, ports[to_server].port6);
        if ((op & 7) == 1) {
            dhcp6_put_head(w, rd_u8(in), xid);
            dhcp6_put(w, DHCP6_OPT_CLIENT_ID, slice_of(ops_client_duid, sizeof ops_client_duid));
            if (op & 8)
                dhcp6_put(w, DHCP6_OPT_SERVER_ID, slice_of(ops_server_duid, sizeof ops_server_duid));
        }
        wr_put(w, ops_bytes(in));
        inform_udp_end(w, at);
        break;
    case 2:
    case 3:
        at = nd_begin(w, rd_u8(in), (op & 7) == 3 ? nowhere : src, op & 8 ? ops_server_ll : inform_all_nodes);
        wr_put(w, ops_bytes(in));
        nd_end(w, at);
        break;
    default:
        wr_put(w, ops_bytes(in));
    }
}

#endif

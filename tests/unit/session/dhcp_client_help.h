/* A DHCP client in a bed: virtual time, dice that are none, what it sent taken apart, and a server made by hand. */
#ifndef DHCP_CLIENT_HELP_H
#define DHCP_CLIENT_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/dhcp_client.h"
#include "session/inform_pkt.h"

enum { ADDR = 0x0a010042, SERVER = 0x0a010001, MASK = (int)0xffffff00, PATIENCE = 20000, BEGIN = 5000 };
static const uint8_t own_mac[6] = { 2, 0, 0, 0, 0, 1 }, server_mac[6] = { 2, 0, 0, 0, 0, 0xfe };
static const uint8_t other_mac[6] = { 2, 0, 0, 0, 0, 0x77 };

struct bed {
    struct dhcp_client c;
    struct env env;
    struct dhcp_client_conf conf;
    msec now;
    /* what was pulled last */
    uint8_t frame[DHCP_CLIENT_FRAME];
    size_t n;
    struct ip_view ip;
    struct udp_view udp;
    struct dhcp4 m;
    struct dhcp_client_event ev;
};

/* The middle of its range: no jitter. */
static inline void no_dice(void *ctx, uint8_t *dst, size_t n)
{
    uint32_t *count = ctx, v = 1000 + 2001 * (*count)++;
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static inline void prepare(struct bed *b)
{
    static uint32_t count;
    count = 0;
    memset(b, 0, sizeof(*b));
    b->now = BEGIN;
    b->env = (struct env){ .ctx = &count, .random = no_dice };
    b->conf = (struct dhcp_client_conf){ .id = slice_str("\1alice"), .host = "vpn-alice", .patience = PATIENCE };
    memcpy(b->conf.mac, own_mac, 6);
}

static inline void start(struct bed *b)
{
    prepare(b);
    dhcp_client_init(&b->c, &b->conf, &b->env, b->now);
}

static inline bool pull(struct bed *b)
{
    b->n = dhcp_client_pull(&b->c, b->frame, sizeof(b->frame), b->now);
    return b->n > 0;
}

/* A message of DHCP goes out; its type, 0 for none or ARP. */
static inline unsigned sent(struct bed *b)
{
    if (!pull(b) || b->frame[12] != 8 || b->frame[13] != 0)
        return 0;
    assert_memory_equal(b->frame + 6, own_mac, 6);
    assert_int_equal(ip_parse(slice_of(b->frame + 14, b->n - 14), &b->ip), 0);
    assert_int_equal(inform_udp_read(&b->ip, &b->udp), 0);
    assert_int_equal(b->udp.src_port, 68);
    assert_int_equal(b->udp.dst_port, 67);
    assert_int_equal(dhcp4_decode(b->udp.payload, &b->m), 0);
    assert_int_equal(b->m.op, DHCP4_BOOTREQUEST);
    assert_memory_equal(b->m.chaddr, own_mac, 6);
    return b->m.type;
}

static inline bool has(const struct bed *b, uint8_t option)
{
    uint8_t value[300];
    size_t n;
    return dhcp4_get(&b->m, option, value, sizeof(value), &n) == 0;
}

static inline uint32_t number(const struct bed *b, uint8_t option)
{
    uint8_t value[300];
    size_t n;
    unsigned got;
    uint32_t v = 0;
    assert_int_equal(dhcp4_get(&b->m, option, value, sizeof(value), &n), 0);
    assert_int_equal(dhcp4_addrs(slice_of(value, n), &v, 1, &got), 0);
    return v;
}

/* What a server says; 0: that option is left out. */
struct answer {
    uint8_t type;
    uint32_t addr, server, seconds, t1, t2, xid_off;
    const uint8_t *chaddr, *from;
    uint8_t op;
};
#define OFFER                                                                                                          \
    {                                                                                                                  \
        .type = DHCP4_OFFER, .addr = ADDR, .server = SERVER, .seconds = 1000                                           \
    }
#define ACK                                                                                                            \
    {                                                                                                                  \
        .type = DHCP4_ACK, .addr = ADDR, .server = SERVER, .seconds = 1000                                             \
    }
#define NAK                                                                                                            \
    {                                                                                                                  \
        .type = DHCP4_NAK, .server = SERVER                                                                            \
    }

static inline void put_number(struct wr *w, uint8_t option, uint32_t v)
{
    if (v)
        dhcp4_put_addrs(w, option, &v, 1);
}

static inline struct slice make(const struct bed *b, const struct answer *a, uint8_t buf[DHCP_CLIENT_FRAME])
{
    struct wr w = wr_of(buf, DHCP_CLIENT_FRAME);
    struct dhcp4 m = { .op = a->op ? a->op : DHCP4_BOOTREPLY,
                       .htype = 1,
                       .hlen = 6,
                       .xid = b->c.xid + a->xid_off,
                       .yiaddr = a->addr,
                       .type = a->type };
    const uint32_t dns[] = { 0x0a010035, 0x0a010036, 0x0a010037 };
    memcpy(m.chaddr, a->chaddr ? a->chaddr : own_mac, 6);
    wr_bytes(&w, own_mac, 6);
    wr_bytes(&w, a->from ? a->from : server_mac, 6);
    wr_u16(&w, 0x800);
    size_t start = inform_udp4_begin(&w, SERVER, UINT32_MAX, 67, 68), at = w.len;
    dhcp4_put_head(&w, &m);
    put_number(&w, DHCP4_OPT_SERVER_ID, a->server);
    put_number(&w, DHCP4_OPT_LEASE_TIME, a->seconds);
    put_number(&w, DHCP4_OPT_T1, a->t1);
    put_number(&w, DHCP4_OPT_T2, a->t2);
    put_number(&w, DHCP4_OPT_MASK, (uint32_t)MASK);
    dhcp4_put_addrs(&w, DHCP4_OPT_DNS, dns, 3);
    dhcp4_put_end(&w, at);
    inform_udp_end(&w, start);
    assert_true(wr_ok(&w));
    return wr_slice(&w);
}

/* True: the client heeded it. */
static inline bool say(struct bed *b, struct answer a)
{
    uint8_t buf[DHCP_CLIENT_FRAME];
    struct dhcp_heard h;
    if (dhcp_client_hear(make(b, &a, buf), true, &h) < 0)
        return false;
    return dhcp_client_feed(&b->c, &h, b->now);
}

static inline bool arp(struct bed *b, const uint8_t mac[6], uint32_t from, uint32_t target)
{
    uint8_t buf[60] = { 0 };
    struct wr w = wr_of(buf, sizeof(buf));
    struct dhcp_heard h;
    wr_bytes(&w, own_mac, 6);
    wr_bytes(&w, mac, 6);
    wr_u16(&w, 0x806);
    wr_u16(&w, 1);
    wr_u16(&w, 0x800);
    wr_u16(&w, 0x604);
    wr_u16(&w, 2);
    wr_bytes(&w, mac, 6);
    wr_u32(&w, from);
    wr_zero(&w, 6);
    wr_u32(&w, target);
    return dhcp_client_hear(slice_of(buf, sizeof(buf)), true, &h) == 0 && dhcp_client_feed(&b->c, &h, b->now);
}

static inline bool happened(struct bed *b)
{
    return dhcp_client_event(&b->c, &b->ev);
}

/* To the next time at which it wants to do something. */
static inline void tick_due(struct bed *b)
{
    assert_true(dhcp_client_due(&b->c) != NEVER);
    assert_true(dhcp_client_due(&b->c) >= b->now);
    b->now = dhcp_client_due(&b->c);
    dhcp_client_tick(&b->c, b->now);
}

/* A lease of 1000 s, from BEGIN. */
static inline void get(struct bed *b, struct answer ack)
{
    start(b);
    assert_int_equal(sent(b), DHCP4_DISCOVER);
    assert_true(say(b, (struct answer)OFFER));
    assert_int_equal(sent(b), DHCP4_REQUEST);
    assert_true(say(b, ack));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(pull(b)); /* probes */
        tick_due(b);
    }
    assert_true(happened(b));
    assert_int_equal(b->ev.what, DHCP_CLIENT_GOT);
    assert_int_equal(b->c.state, DHCP_CLIENT_BOUND);
    assert_false(pull(b));
}

#endif

/* A bench for one link: hex in, hex out, a virtual clock, random bytes that count up from a1. */
#ifndef ADIT_TESTS_PPP_TEST_H
#define ADIT_TESTS_PPP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ppp/link.h"
#include "wire/ppp_frame.h"

struct bench {
    struct link l;
    uint8_t out[CP_PORT_OUT];
    struct env env;
    msec now;
    uint8_t dice;
    unsigned notes[64]; /* how often each was emitted */
};

static inline void bench_random(void *ctx, uint8_t *dst, size_t n)
{
    struct bench *b = ctx;
    for (size_t i = 0; i < n; i++)
        dst[i] = b->dice++;
}

static inline void bench_note(void *ctx, const struct note *n)
{
    struct bench *b = ctx;
    assert_true(n->id < 64);
    b->notes[n->id]++;
}

/* Hex with blanks into dst; ".." leaves 0 and, if mask is given, clears mask[i]. Returns how many bytes. */
static inline size_t hex_read(const char *hex, uint8_t *dst, uint8_t *mask, size_t cap)
{
    size_t n = 0;
    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        assert_true(n < cap && hex[1]);
        bool any = hex[0] == '.';
        dst[n] = (uint8_t)(any ? 0 : hex_digit((uint8_t)hex[0]) << 4 | hex_digit((uint8_t)hex[1]));
        if (mask)
            mask[n] = (uint8_t)(any ? 0 : 0xff);
        n++;
        hex += 2;
    }
    return n;
}

static inline void bench_open(struct bench *b, const struct link_conf *c)
{
    memset(b, 0, sizeof *b);
    b->dice = 0xa1;
    b->env = (struct env){ .ctx = b, .random = bench_random, .note = bench_note };
    b->now = 1000;
    link_init(&b->l, b->out, c, &b->env, b->now);
}

static inline int bench_feed_bytes(struct bench *b, const uint8_t *p, size_t n)
{
    /* An exact heap copy, so that a read beyond the frame is seen. */
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    if (n)
        memcpy(copy, p, n);
    struct rd r = rd_of(copy, n);
    int fed = link_feed(&b->l, &r, b->now);
    for (unsigned i = 0; i < b->l.n_ev; i++)
        if (b->l.ev[i].kind == LINK_EV_AUTH_PACKET)
            b->l.ev[i].packet.p = NULL; /* the borrowed bytes go away now */
    free(copy);
    return fed;
}

static inline int bench_feed(struct bench *b, const char *hex)
{
    uint8_t buf[4200];
    size_t n = hex_read(hex, buf, NULL, sizeof buf);
    return bench_feed_bytes(b, buf, n);
}

static inline size_t cp_frame(uint8_t *dst, uint16_t proto, uint8_t code, uint8_t id, const uint8_t *data, size_t n)
{
    struct wr w = wr_of(dst, 4200);
    wr_u16(&w, 0xff03);
    wr_u16(&w, proto);
    struct cp_pkt p = { code, id, slice_of(data, n) };
    cp_pkt_encode(&w, &p);
    return wr_len(&w);
}

/* Feeds a control packet: protocol, code, identifier, data; the length is made. */
static inline int bench_cp(struct bench *b, uint16_t proto, uint8_t code, uint8_t id, const char *hex)
{
    uint8_t data[4200], frame[4300];
    size_t n = hex_read(hex, data, NULL, sizeof data);
    n = cp_frame(frame, proto, code, id, data, n);
    return bench_feed_bytes(b, frame, n);
}

/* The next frame to be sent is a control packet of this protocol, whatever its header looks like. */
static inline struct cp_pkt bench_sent(struct bench *b, uint16_t proto, uint8_t code)
{
    static uint8_t buf[4200];
    size_t n = link_pull(&b->l, buf, sizeof buf);
    assert_true(n > 0);
    struct ppp_frame f;
    struct cp_pkt p;
    assert_int_equal(ppp_frame_read(buf, n, &f), 0);
    struct rd r = rd_slice(f.info);
    assert_int_equal(cp_pkt_decode(&r, &p), 0);
    assert_int_equal(f.proto, proto);
    assert_int_equal(p.code, code);
    return p;
}

/* … with these data; ".." is any byte. Returns its identifier. */
static inline uint8_t bench_expect(struct bench *b, uint16_t proto, uint8_t code, const char *hex)
{
    uint8_t data[4200], mask[4200];
    size_t n = hex_read(hex, data, mask, sizeof data);
    struct cp_pkt p = bench_sent(b, proto, code);
    assert_int_equal(p.data.n, n);
    for (size_t i = 0; i < n; i++)
        if (mask[i])
            assert_int_equal(p.data.p[i], data[i]);
    return p.id;
}

/* The next frame to be sent, byte for byte. */
static inline void bench_expect_frame(struct bench *b, const char *hex)
{
    uint8_t want[4200], got[4200];
    size_t n = hex_read(hex, want, NULL, sizeof want);
    assert_int_equal(link_pull(&b->l, got, sizeof got), n);
    assert_memory_equal(got, want, n);
}

static inline void bench_silent(struct bench *b)
{
    uint8_t buf[4200];
    assert_int_equal(link_pull(&b->l, buf, sizeof buf), 0);
}

static inline struct link_event bench_event(struct bench *b, enum link_ev_kind kind)
{
    struct link_event ev = { 0 };
    assert_true(link_event(&b->l, &ev));
    assert_int_equal(ev.kind, kind);
    return ev;
}

static inline void bench_quiet(struct bench *b)
{
    struct link_event ev;
    assert_false(link_event(&b->l, &ev));
}

/* Time passes; ticks as they fall due. */
static inline void bench_after(struct bench *b, msec t)
{
    msec until = b->now + t;
    for (unsigned i = 0; link_due(&b->l) <= until; i++) {
        assert_true(i < 1000);
        if (link_due(&b->l) > b->now)
            b->now = link_due(&b->l);
        link_tick(&b->l, b->now);
    }
    b->now = until;
}

/* -- whole conversations -- */

enum { LCP = PPP_PROTO_LCP, IPCP = PPP_PROTO_IPCP, IP6CP = PPP_PROTO_IPV6CP };

static const struct lcp_auth MSCHAP2 = { PPP_PROTO_CHAP, 0x81 };
static const struct lcp_auth EAP = { PPP_PROTO_EAP, 0 };
static const struct lcp_auth PAP = { PPP_PROTO_PAP, 0 };

static inline struct link_conf bench_conf(enum link_role role)
{
    struct link_conf c;
    link_conf_default(&c, role);
    c.auth[0] = MSCHAP2;
    c.n_auth = 1;
    c.ident = NULL;
    return c;
}

/* A server link to LCP Opened with MS-CHAPv2; all taken. */
static inline void bench_server_lcp(struct bench *b, const struct link_conf *c)
{
    bench_open(b, c);
    bench_cp(b, LCP, CP_CONF_REQ, 9, "0104 0ffb 0506 11223344");
    struct cp_pkt req = bench_sent(b, LCP, CP_CONF_REQ);
    uint8_t id = req.id, opts[64];
    size_t n = req.data.n;
    memcpy(opts, req.data.p, n);
    bench_sent(b, LCP, CP_CONF_ACK);
    uint8_t frame[128];
    bench_feed_bytes(b, frame, cp_frame(frame, LCP, CP_CONF_ACK, id, opts, n));
    assert_int_equal(b->l.phase, LINK_AUTHENTICATE);
    bench_event(b, LINK_EV_AUTH_START);
    bench_quiet(b);
}

/* A client link to LCP Opened with MS-CHAPv2; all taken. */
static inline void bench_client_lcp(struct bench *b, const struct link_conf *c)
{
    bench_open(b, c);
    struct cp_pkt req = bench_sent(b, LCP, CP_CONF_REQ);
    uint8_t frame[128];
    bench_feed_bytes(b, frame, cp_frame(frame, LCP, CP_CONF_ACK, req.id, req.data.p, req.data.n));
    bench_cp(b, LCP, CP_CONF_REQ, 7, "0305 c223 81 0506 11223344");
    bench_sent(b, LCP, CP_CONF_ACK);
    assert_int_equal(b->l.phase, LINK_AUTHENTICATE);
    bench_event(b, LINK_EV_AUTH_START);
    bench_quiet(b);
}

#define ADDR(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static inline struct link_net bench_server_net(void)
{
    struct link_net n = { .ipcp = { .server = true,
                                    .our_addr = ADDR(10, 80, 0, 1),
                                    .peer_addr = ADDR(10, 80, 0, 7),
                                    .dns = { ADDR(9, 9, 9, 9), ADDR(1, 1, 1, 1) } } };
    return n;
}

static inline struct link_net bench_client_net(void)
{
    struct link_net n = { .ipcp = { .want_dns = true } };
    return n;
}

#endif

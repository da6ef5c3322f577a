/* Drives a link with feeds, ticks and verbs taken from the input, and checks after each what must always hold:
 * frames are well formed and few, no NCP speaks before LCP is open, whoever waits has a deadline, a deadline that is
 * served moves on, and a dead link stays dead and silent. */
#include "fuzz_link.h"
#include "fuzz.h"
#include "wire/ppp_frame.h"

#include <stdlib.h>

enum { FRAME = 4095, OPERATIONS = 2000 };

struct ask { /* our last Configure-Request of a protocol */
    uint8_t id;
    uint8_t opts[CP_ASK_MAX];
    size_t n;
};

struct bed {
    struct link l;
    uint8_t out[CP_PORT_OUT];
    struct env env;
    msec now;
    uint32_t dice;
    bool down;
    struct ask lcp, ipcp, ip6cp;
};

static void random_bytes(void *ctx, uint8_t *dst, size_t n)
{
    struct bed *b = ctx;
    while (n--) {
        b->dice = b->dice * 1664525 + 1013904223;
        *dst++ = (uint8_t)(b->dice >> 24);
    }
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct ask *ask_of(struct bed *b, uint16_t proto)
{
    if (proto == PPP_PROTO_LCP)
        return &b->lcp;
    if (proto == PPP_PROTO_IPCP)
        return &b->ipcp;
    return proto == PPP_PROTO_IPV6CP ? &b->ip6cp : NULL;
}

static void check_frame(struct bed *b, const uint8_t *p, size_t n)
{
    struct ppp_frame f;
    struct cp_pkt pkt;
    must(n <= 8192 && ppp_frame_read(p, n, &f) == 0);
    must(ask_of(b, f.proto) != NULL);
    must(f.proto != PPP_PROTO_LCP || (!f.acfc && !f.pfc));
    struct rd r = rd_slice(f.info);
    must(cp_pkt_decode(&r, &pkt) == 0 && pkt.data.n + CP_PKT_HEAD == f.info.n);
    if (pkt.code <= CP_CONF_REJ)
        must(cp_opt_check(pkt.data) == 0);
    if (pkt.code != CP_CONF_REQ)
        return;
    struct ask *a = ask_of(b, f.proto);
    must(pkt.data.n <= sizeof a->opts);
    a->id = pkt.id;
    a->n = pkt.data.n;
    if (a->n)
        memcpy(a->opts, pkt.data.p, a->n);
}

static void check_event(struct bed *b, const struct link_event *ev)
{
    must(!b->down);
    must(ev->kind > LINK_EV_NONE && ev->kind <= LINK_EV_DOWN);
    if (ev->kind == LINK_EV_IPV4_UP || ev->kind == LINK_EV_IPV6_UP) {
        must(b->l.conf.role == LINK_SERVER || ev->kind == LINK_EV_IPV6_UP || ev->ipv4.our_addr != 0);
        FUZZ_REACHED();
    }
    if (ev->kind == LINK_EV_AUTH_START)
        must(ev->auth.proto != 0); /* both roles insist on authentication here */
    b->down = ev->kind == LINK_EV_DOWN;
}

/* Takes all that the last call left. */
static void settle(struct bed *b)
{
    static uint8_t frame[8192];
    struct link_event ev;
    unsigned frames = 0;
    size_t n;
    while ((n = link_pull(&b->l, frame, sizeof frame))) {
        must(++frames <= 8);
        check_frame(b, frame, n);
    }
    while (link_event(&b->l, &ev))
        check_event(b, &ev);
    must(b->down == (b->l.phase == LINK_DEAD));
    enum cp_state s = b->l.lcp.cp.state;
    if (b->down)
        must(link_due(&b->l) == NEVER);
    else if (s != CP_OPENED)
        must(link_due(&b->l) != NEVER);
    must(b->l.phase != LINK_NETWORK || s == CP_OPENED);
}

static void feed(struct bed *b, const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    must(copy != NULL);
    if (n)
        memcpy(copy, p, n);
    struct rd r = rd_of(copy, n);
    int fed = link_feed(&b->l, &r, b->now);
    must(fed == FED_TOOK || fed == FED_EVENT);
    must(rd_left(&r) == 0);
    free(copy);
}

/* A packet of the peer's, with the right length, so that the fuzzer need not find it. */
static void feed_packet(struct bed *b, uint16_t proto, uint8_t code, uint8_t id, const uint8_t *data, size_t n)
{
    uint8_t frame[600];
    struct wr w = wr_of(frame, sizeof frame);
    struct cp_pkt p = { code, id, slice_of(data, n) };
    wr_u16(&w, 0xff03);
    wr_u16(&w, proto);
    cp_pkt_encode(&w, &p);
    feed(b, frame, wr_len(&w));
}

/* Time passes, and what falls due is served; serving must move the deadline. */
static void pass(struct bed *b, msec t)
{
    msec until = b->now + t;
    while (link_due(&b->l) <= until) {
        if (link_due(&b->l) > b->now)
            b->now = link_due(&b->l);
        link_tick(&b->l, b->now);
        settle(b);
        must(link_due(&b->l) > b->now);
    }
    b->now = until;
}

static void authenticated(struct bed *b, uint8_t with)
{
    struct link_net net = { .ipcp = { .server = b->l.conf.role == LINK_SERVER,
                                      .our_addr = with & 1 ? 0x0a500001 : 0,
                                      .peer_addr = with & 2 ? 0x0a500007 : 0,
                                      .dns = { 0x09090909 },
                                      .want_dns = with & 4 },
                            .ip6cp = { .on = with & 8 } };
    link_authenticated(&b->l, &net, b->now);
}

/* One operation: a kind and its operands. */
static void operate(struct bed *b, struct rd *in)
{
    static const uint16_t protos[] = { PPP_PROTO_LCP, PPP_PROTO_IPCP, PPP_PROTO_IPV6CP, PPP_PROTO_CCP };
    uint8_t kind = rd_u8(in);
    uint16_t proto = protos[kind >> 4 & 3];
    const struct ask *a = ask_of(b, proto);
    switch (kind & 7) {
    case 0: { /* a whole frame */
        size_t n = rd_u16(in) % (FRAME + 1);
        struct slice s = rd_take(in, n < rd_left(in) ? n : rd_left(in));
        feed(b, s.p, s.n);
        break;
    }
    case 1:
    case 2: { /* a packet with code, identifier and data */
        uint8_t code = rd_u8(in), id = rd_u8(in), n = rd_u8(in);
        struct slice s = rd_take(in, n < rd_left(in) ? n : rd_left(in));
        feed_packet(b, proto, code, id, s.p, s.n);
        break;
    }
    case 3: /* the peer agrees with what we asked for */
        if (a)
            feed_packet(b, proto, CP_CONF_ACK, a->id, a->opts, a->n);
        break;
    case 4: { /* Nak or Reject of our last request, with the fuzzer's options */
        uint8_t n = rd_u8(in) & 63;
        struct slice s = rd_take(in, n < rd_left(in) ? n : rd_left(in));
        if (a)
            feed_packet(b, proto, kind & 8 ? CP_CONF_REJ : CP_CONF_NAK, a->id, s.p, s.n);
        break;
    }
    case 5:
        pass(b, rd_u16(in));
        break;
    case 6:
        authenticated(b, rd_u8(in));
        break;
    default:
        if (rd_u8(in) & 0x80)
            link_close(&b->l, (int)(kind >> 3) - 1, b->now);
        else
            link_tick(&b->l, b->now);
    }
}

int fuzz_link(enum link_role role, const uint8_t *data, size_t size)
{
    static struct bed b;
    struct rd in = rd_of(data, size);
    struct link_conf c;
    b = (struct bed){ .now = 1000, .dice = 7 };
    b.env = (struct env){ .ctx = &b, .random = random_bytes };
    uint8_t flags = rd_u8(&in);
    link_conf_default(&c, role);
    c.auth[0] = (struct lcp_auth){ PPP_PROTO_CHAP, 0x81 };
    c.auth[1] = (struct lcp_auth){ PPP_PROTO_EAP, 0 };
    c.n_auth = flags & 1 ? 2 : 1;
    c.compress = flags & 2;
    c.lcp_echo = flags & 4 ? 20000 : 0;
    c.ident = flags & 8 ? "ADIT-1" : NULL;
    link_init(&b.l, b.out, &c, &b.env, b.now);
    settle(&b);
    for (unsigned i = 0; i < OPERATIONS && rd_left(&in); i++) {
        operate(&b, &in);
        settle(&b);
    }
    /* Whatever happened: a closed link ends. */
    link_close(&b.l, -1, b.now);
    settle(&b);
    pass(&b, 60000);
    must(b.down);
    return 0;
}

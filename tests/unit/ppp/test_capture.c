/* [CAP]: Windows 7 against Server 2008 R2, tests/vectors/windows7-rras2008r2.txt. Every control packet survives
 * decoding and encoding; and each side of the conversation is replayed against our link in the other's place.
 *
 * Where we refuse what they agreed on (callback), the replayed side leaves it out, as Windows 10 does when refused. */
#include "ppp_test.h"

#include <stdio.h>

struct captured {
    msec at; /* since the first byte */
    char side;
    uint8_t raw[512]; /* the PPP frame */
    size_t n;
    struct ppp_frame f;
    struct cp_pkt p; /* if it is of a control protocol */
};

static struct captured cap[200];
static size_t n_cap;

static bool is_cp(uint16_t proto)
{
    return proto == LCP || proto == IPCP || proto == IP6CP || proto == PPP_PROTO_CCP;
}

static void add_line(char *line)
{
    char side = 0, kind[8] = "", hex[2048] = "";
    double at = 0;
    if (sscanf(line, "%lf %c %7s %2047s", &at, &side, kind, hex) != 4 || strcmp(kind, "sstp") != 0)
        return;
    if (strncmp(hex, "1000", 4) != 0) /* an SSTP control packet */
        return;
    assert_true(n_cap < sizeof cap / sizeof cap[0]);
    struct captured *c = &cap[n_cap++];
    c->at = (msec)(at * 1000);
    c->side = side;
    c->n = hex_read(hex + 8, c->raw, NULL, sizeof c->raw);
    assert_int_equal(ppp_frame_read(c->raw, c->n, &c->f), 0);
    if (is_cp(c->f.proto)) {
        struct rd r = rd_slice(c->f.info);
        assert_int_equal(cp_pkt_decode(&r, &c->p), 0);
    }
}

static int load(void **state)
{
    (void)state;
    char line[4096];
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        add_line(line);
    fclose(f);
    return n_cap > 80 ? 0 : -1;
}

/* The captured packet of that side, protocol, code and identifier. */
static const struct captured *find(char side, uint16_t proto, uint8_t code, uint8_t id)
{
    for (size_t i = 0; i < n_cap; i++)
        if (cap[i].side == side && cap[i].f.proto == proto && cap[i].p.code == code && cap[i].p.id == id)
            return &cap[i];
    fail_msg("not in the capture: %c %04x %u %u", side, proto, code, id);
    return NULL;
}

static const struct captured *find_auth(char side, uint8_t code)
{
    for (size_t i = 0; i < n_cap; i++)
        if (cap[i].side == side && cap[i].f.proto == PPP_PROTO_CHAP && cap[i].f.info.p[0] == code)
            return &cap[i];
    fail_msg("not in the capture");
    return NULL;
}

/* -- decoding and encoding -- */

static void encode_options(struct wr *w, struct slice options)
{
    struct rd r = rd_slice(options);
    struct cp_opt o;
    while (rd_left(&r)) {
        assert_int_equal(cp_opt_next(&r, &o), 0);
        cp_opt_put(w, &o);
    }
}

/* The packet's data, taken apart as its code says and put together again. */
static void encode_data(struct wr *w, const struct cp_pkt *p)
{
    struct cp_proto_rej rej;
    struct cp_magic m;
    struct cp_term_ms t;
    if (p->code <= CP_CONF_REJ) {
        encode_options(w, p->data);
    } else if (p->code == CP_TERM_REQ || p->code == CP_TERM_ACK) {
        assert_int_equal(cp_term_ms_decode(p->data, &t), 0);
        cp_term_ms_encode(w, &t);
    } else if (p->code == LCP_PROTO_REJ) {
        assert_int_equal(cp_proto_rej_decode(p->data, &rej), 0);
        wr_u16(w, rej.proto);
        wr_put(w, rej.info);
    } else {
        assert_int_equal(p->code, LCP_IDENTIFICATION);
        assert_int_equal(cp_magic_decode(p->data, &m), 0);
        wr_u32(w, m.magic);
        wr_put(w, m.rest);
    }
}

static void every_control_packet_survives(void **state)
{
    (void)state;
    unsigned count = 0;
    for (size_t i = 0; i < n_cap; i++) {
        uint8_t data[512], info[512], frame[512];
        struct wr w = wr_of(frame, sizeof frame);
        struct ppp_frame f = cap[i].f;
        if (is_cp(f.proto)) {
            struct wr wd = wr_of(data, sizeof data), wi = wr_of(info, sizeof info);
            encode_data(&wd, &cap[i].p);
            struct cp_pkt p = { cap[i].p.code, cap[i].p.id, wr_slice(&wd) };
            cp_pkt_encode(&wi, &p);
            f.info = wr_slice(&wi);
            count++;
        }
        ppp_frame_encode(&w, &f);
        assert_int_equal(wr_len(&w), cap[i].n);
        assert_memory_equal(frame, cap[i].raw, cap[i].n);
    }
    assert_int_equal(count, 25);
}

/* -- replay -- */

static void at(struct bench *b, msec t)
{
    if (b->now < t)
        bench_after(b, t - b->now);
}

static int replay(struct bench *b, const struct captured *c)
{
    at(b, c->at);
    return bench_feed_bytes(b, c->raw, c->n);
}

/* Replays a packet with another identifier and other data, in the captured frame form. */
static int replay_as(struct bench *b, const struct captured *c, uint8_t id, struct slice data)
{
    uint8_t info[512], frame[512];
    struct wr wi = wr_of(info, sizeof info), w = wr_of(frame, sizeof frame);
    struct cp_pkt p = { c->p.code, id, data };
    cp_pkt_encode(&wi, &p);
    struct ppp_frame f = c->f;
    f.info = wr_slice(&wi);
    ppp_frame_encode(&w, &f);
    at(b, c->at);
    return bench_feed_bytes(b, frame, wr_len(&w));
}

static bool has_option(struct slice options, uint8_t type)
{
    struct rd r = rd_slice(options);
    struct cp_opt o;
    while (rd_left(&r) && cp_opt_next(&r, &o) == 0)
        if (o.type == type)
            return true;
    return false;
}

/* The captured options without those of `leave_out`, and only those of `keep` if that has any. */
static struct slice options_of(const struct captured *c, struct slice leave_out, struct slice keep)
{
    static uint8_t buf[512];
    struct wr w = wr_of(buf, sizeof buf);
    struct rd r = rd_slice(c->p.data);
    struct cp_opt o;
    while (rd_left(&r)) {
        assert_int_equal(cp_opt_next(&r, &o), 0);
        if (!has_option(leave_out, o.type) && (keep.n == 0 || has_option(keep, o.type)))
            cp_opt_put(&w, &o);
    }
    return wr_slice(&w);
}

static const struct slice none = { NULL, 0 };

/* What we sent is what the other side sent in our place, but for magic number and identifier. */
static struct cp_pkt expect_like(struct bench *b, const struct captured *c, struct slice leave_out)
{
    struct slice want = options_of(c, leave_out, none);
    struct cp_pkt p = bench_sent(b, c->f.proto, c->p.code);
    struct rd r = rd_slice(want), mine = rd_slice(p.data);
    struct cp_opt o, m;
    while (rd_left(&r)) {
        assert_int_equal(cp_opt_next(&r, &o), 0);
        assert_int_equal(cp_opt_next(&mine, &m), 0);
        assert_int_equal(m.type, o.type);
        assert_int_equal(m.data.n, o.data.n);
        if (!(c->f.proto == LCP && o.type == LCP_OPT_MAGIC))
            assert_memory_equal(m.data.p, o.data.p, o.data.n);
    }
    assert_true(rd_end(&mine));
    return p;
}

static void expect_data(struct bench *b, const struct captured *c)
{
    struct cp_pkt p = bench_sent(b, c->f.proto, c->p.code);
    assert_int_equal(p.data.n, c->p.data.n);
    assert_memory_equal(p.data.p, c->p.data.p, p.data.n);
}

static void expect_verbatim(struct bench *b, const struct captured *c)
{
    uint8_t buf[512];
    assert_int_equal(link_pull(&b->l, buf, sizeof buf), c->n);
    assert_memory_equal(buf, c->raw, c->n);
}

static const uint8_t callback[] = { LCP_OPT_CALLBACK, 3, 6 };

static void server_side_lcp(struct bench *b)
{
    struct link_conf c = bench_conf(LINK_SERVER);
    struct slice no_callback = slice_of(callback, sizeof callback);
    c.auth[0] = EAP;
    c.auth[1] = MSCHAP2;
    c.n_auth = 2;
    bench_open(b, &c);
    b->now = 54;
    b->l.silent_until = 1054;
    const struct captured *req = find('C', LCP, CP_CONF_REQ, 0);
    replay(b, req);
    uint8_t id = expect_like(b, find('S', LCP, CP_CONF_REQ, 1), no_callback).id;
    bench_expect(b, LCP, CP_CONF_REJ, "0d03 06");
    replay_as(b, req, 1, options_of(req, no_callback, none));
    bench_sent(b, LCP, CP_CONF_ACK);
    replay_as(b, find('C', LCP, CP_CONF_NAK, 1), id, find('C', LCP, CP_CONF_NAK, 1)->p.data);
    struct cp_pkt ours = expect_like(b, find('S', LCP, CP_CONF_REQ, 2), no_callback);
    replay_as(b, find('C', LCP, CP_CONF_ACK, 2), ours.id, ours.data);
    assert_int_equal(bench_event(b, LINK_EV_AUTH_START).auth.alg, 0x81);
}

static void server_side_network(struct bench *b)
{
    struct link_net net = { .ipcp = { .server = true,
                                      .our_addr = 0xc0a86464,
                                      .peer_addr = 0xc0a86465,
                                      .dns = { 0xc0a80001, 0xc0a882f5 },
                                      .nbns = { 0xc0a882e5, 0xc0a882f5 } } };
    link_authenticated(&b->l, &net, b->now);
    struct cp_pkt ours = bench_sent(b, IPCP, CP_CONF_REQ);
    assert_memory_equal(ours.data.p, find('S', IPCP, CP_CONF_REQ, 5)->p.data.p, 6);
    uint8_t id = ours.id;
    replay(b, find('C', IP6CP, CP_CONF_REQ, 4));
    bench_sent(b, LCP, LCP_PROTO_REJ);
    replay(b, find('C', IPCP, CP_CONF_REQ, 5));
    expect_data(b, find('S', IPCP, CP_CONF_NAK, 6));
    replay(b, find('C', IPCP, CP_CONF_REQ, 6));
    expect_verbatim(b, find('S', IPCP, CP_CONF_NAK, 6));
    replay(b, find('C', IP6CP, CP_CONF_REQ, 7));
    expect_data(b, find('S', LCP, LCP_PROTO_REJ, 6));
    bench_after(b, 1200); /* RRAS asks only at 3.688: the client's Ack comes late for us, and we ask twice */
    assert_int_equal(bench_sent(b, IPCP, CP_CONF_REQ).id, id);
    replay_as(b, find('C', IPCP, CP_CONF_ACK, 5), id, find('C', IPCP, CP_CONF_ACK, 5)->p.data);
    replay(b, find('C', IPCP, CP_CONF_REQ, 9));
    expect_verbatim(b, find('S', IPCP, CP_CONF_ACK, 9));
}

static void the_windows_client_against_our_server(void **state)
{
    (void)state;
    struct bench b;
    server_side_lcp(&b);
    for (uint8_t id = 1; id <= 3; id++) {
        replay(&b, find('C', LCP, LCP_IDENTIFICATION, id));
        bench_event(&b, LINK_EV_IDENT);
    }
    replay(&b, find_auth('C', 2));
    assert_int_equal(bench_event(&b, LINK_EV_AUTH_PACKET).packet.n, 70);
    at(&b, 226);
    server_side_network(&b);
    struct link_event ev = bench_event(&b, LINK_EV_IPV4_UP);
    assert_int_equal(ev.ipv4.our_addr, 0xc0a86464);
    assert_int_equal(ev.ipv4.peer_addr, 0xc0a86465);
    bench_silent(&b);
    replay(&b, find('C', LCP, CP_TERM_REQ, 10));
    expect_verbatim(&b, find('S', LCP, CP_TERM_ACK, 10));
    bench_event(&b, LINK_EV_IPV4_DOWN);
    bench_after(&b, 3000);
    ev = bench_event(&b, LINK_EV_DOWN);
    assert_int_equal(ev.cause, LINK_CAUSE_PEER);
    assert_true(ev.has_ras_error);
    assert_int_equal(ev.ras_error, 0);
    bench_silent(&b);
}

static void client_side_lcp(struct bench *b)
{
    struct link_conf c = bench_conf(LINK_CLIENT);
    struct slice no_callback = slice_of(callback, sizeof callback);
    bench_open(b, &c);
    b->now = 86;
    struct cp_pkt ours = expect_like(b, find('C', LCP, CP_CONF_REQ, 0), no_callback);
    uint8_t id = ours.id, opts[64];
    size_t n = ours.data.n;
    memcpy(opts, ours.data.p, n);
    replay(b, find('S', LCP, CP_CONF_REQ, 0));
    bench_expect(b, LCP, CP_CONF_REJ, "0d03 06 1104 064e 1317 01fb630ee6acca46aa853b78be65c5c79300000000");
    replay_as(b, find('S', LCP, CP_CONF_ACK, 0), id, slice_of(opts, n));
    const struct captured *req = find('S', LCP, CP_CONF_REQ, 1);
    replay_as(b, req, 1, options_of(req, no_callback, none));
    expect_verbatim(b, find('C', LCP, CP_CONF_NAK, 1));
    req = find('S', LCP, CP_CONF_REQ, 2);
    replay_as(b, req, 2, options_of(req, no_callback, none));
    bench_sent(b, LCP, CP_CONF_ACK);
    assert_int_equal(bench_event(b, LINK_EV_AUTH_START).auth.alg, 0x81);
}

/* Our IPCP request so far: identifier and options. */
static struct slice take_request(struct bench *b, uint8_t *id)
{
    static uint8_t opts[64];
    struct cp_pkt p = bench_sent(b, IPCP, CP_CONF_REQ);
    memcpy(opts, p.data.p, p.data.n);
    *id = p.id;
    return slice_of(opts, p.data.n);
}

static void client_side_network(struct bench *b)
{
    struct link_net net = bench_client_net();
    net.ip6cp.on = true;
    link_authenticated(&b->l, &net, b->now);
    uint8_t id;
    struct slice asked = take_request(b, &id);
    bench_sent(b, IP6CP, CP_CONF_REQ);
    at(b, 3600);
    take_request(b, &id); /* after 3 s, as the server is slow */
    bench_sent(b, IP6CP, CP_CONF_REQ);
    replay(b, find('S', PPP_PROTO_CCP, CP_CONF_REQ, 4));
    expect_data(b, find('C', LCP, LCP_PROTO_REJ, 8));
    replay(b, find('S', IPCP, CP_CONF_REQ, 5));
    expect_verbatim(b, find('C', IPCP, CP_CONF_ACK, 5));
    const struct captured *nak = find('S', IPCP, CP_CONF_NAK, 6);
    replay_as(b, nak, id, options_of(nak, none, asked));
    asked = take_request(b, &id);
    assert_int_equal(asked.n, 18);
    replay(b, find('S', LCP, LCP_PROTO_REJ, 6));
    assert_false(b->l.ip6cp_on);
    replay_as(b, find('S', IPCP, CP_CONF_ACK, 9), id, asked);
}

static void our_client_against_the_windows_server(void **state)
{
    (void)state;
    struct bench b;
    client_side_lcp(&b);
    replay(&b, find_auth('S', 1));
    assert_int_equal(bench_event(&b, LINK_EV_AUTH_PACKET).packet.n, 29);
    replay(&b, find_auth('S', 3));
    bench_event(&b, LINK_EV_AUTH_PACKET);
    client_side_network(&b);
    struct link_event ev = bench_event(&b, LINK_EV_IPV4_UP);
    assert_int_equal(ev.ipv4.our_addr, 0xc0a86465);
    assert_int_equal(ev.ipv4.peer_addr, 0xc0a86464);
    assert_int_equal(ev.ipv4.dns[0], 0xc0a80001);
    assert_int_equal(ev.ipv4.dns[1], 0xc0a882f5);
    at(&b, 13377);
    link_close(&b.l, 0, b.now);
    bench_event(&b, LINK_EV_IPV4_DOWN);
    struct cp_pkt term = bench_sent(&b, LCP, CP_TERM_REQ);
    const struct captured *theirs = find('C', LCP, CP_TERM_REQ, 10);
    assert_int_equal(term.data.n, theirs->p.data.n);
    assert_memory_equal(term.data.p + 4, theirs->p.data.p + 4, 8);
    replay_as(&b, find('S', LCP, CP_TERM_ACK, 10), term.id, term.data);
    assert_int_equal(bench_event(&b, LINK_EV_DOWN).cause, LINK_CAUSE_LOCAL);
    bench_silent(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_control_packet_survives),
        cmocka_unit_test(the_windows_client_against_our_server),
        cmocka_unit_test(our_client_against_the_windows_server),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}

/* The client's end and a server made by hand, for the tests of session/inform_client. */
#ifndef ADIT_TESTS_INFORM_CLIENT_HELP_H
#define ADIT_TESTS_INFORM_CLIENT_HELP_H

#include "inform_help.h"
#include "session/inform_client.h"

static uint64_t dice;
static const struct env env = { .ctx = &dice, .random = help_random };

struct bed {
    struct inform_client c;
    struct inform_client_conf conf;
    struct out out;
    struct net_offer offer;
    msec now;
    uint8_t server_ll[16], client_ll[16];
};

static inline void start(struct bed *b)
{
    memset(b, 0, sizeof *b);
    dice = 3;
    b->now = 5000;
    b->conf.duid = slice_of(client_duid, sizeof client_duid);
    inform_link_local(server_id, b->server_ll);
    inform_link_local(client_id, b->client_ll);
    inform_client_init(&b->c, &b->conf, &env);
    assert_int_equal(inform_client_due(&b->c), NEVER);
}

static inline bool pull(struct bed *b)
{
    assert_int_equal(inform_client_pull(&b->c, b->out.bytes, INFORM_PACKET_MAX - 1, b->now), 0);
    b->out.n = inform_client_pull(&b->c, b->out.bytes, sizeof b->out.bytes, b->now);
    if (b->out.n)
        help_look(&b->out);
    return b->out.n != 0;
}

static inline bool feed(struct bed *b, const struct wr *w)
{
    assert_true(wr_ok(w));
    uint8_t *copy = malloc(wr_len(w));
    assert_non_null(copy);
    memcpy(copy, w->buf, wr_len(w));
    bool maybe = inform_client_maybe(slice_of(copy, wr_len(w)));
    bool taken = inform_client_packet(&b->c, slice_of(copy, wr_len(w)), b->now);
    assert_true(maybe || !taken);
    free(copy);
    return taken;
}

static inline bool offered(struct bed *b)
{
    bool is = inform_client_event(&b->c, &b->offer);
    struct net_offer again;
    assert_false(inform_client_event(&b->c, &again));
    return is;
}

static inline void tick_due(struct bed *b)
{
    msec due = inform_client_due(&b->c);
    assert_true(due != NEVER);
    if (due > b->now)
        b->now = due;
    inform_client_tick(&b->c, b->now);
}

static inline void up6(struct bed *b)
{
    inform_client_ipv6_up(&b->c, client_id, b->now);
    assert_true(pull(b));
    assert_int_equal(b->out.ip.payload.p[0], ND_RS);
    assert_true(inform_addr_is(b->out.ip.src, b->client_ll));
    assert_true(inform_addr_is(b->out.ip.dst, inform_all_routers));
}

static inline size_t begin_ra(struct bed *b, struct wr *w, uint16_t lifetime, bool managed)
{
    struct nd_ra ra = { .lifetime = lifetime, .managed = managed };
    size_t at = nd_begin(w, ND_RA, b->server_ll, inform_all_nodes);
    nd_put_ra(w, &ra);
    return at;
}

/* One advertisement with a prefix, a server, a name and a route that all last that long. */
static inline void hear(struct bed *b, uint16_t lifetime, uint32_t preferred, uint32_t valid, uint32_t others)
{
    uint8_t p[600];
    static const struct dns_name name = { "corp.example.com" };
    struct prefix dns = p6("fd00:80::35");
    struct wr w = wr_of(p, sizeof p);
    struct nd_prefix prefix = { p6("fd00:80:0:7::/64"), true, true, valid, preferred };
    struct nd_route route = { p6("2001:db8::/32"), ND_HIGH, others };
    size_t at = begin_ra(b, &w, lifetime, false);
    nd_put_prefix(&w, &prefix);
    nd_put_mtu(&w, 1400);
    nd_put_rdnss(&w, &dns, 1, others);
    nd_put_dnssl(&w, &name, 1, others);
    nd_put_route(&w, &route);
    nd_end(&w, at);
    assert_true(feed(b, &w));
}

#endif

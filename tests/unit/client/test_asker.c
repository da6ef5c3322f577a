/* The engine's talk with the server beside PPP: when the parent is told, what is taken out of the stream, what is asked,
 * and what is not. The stream and the channel to the parent are replaced (--wrap); the server is session/inform, or nobody. */
#include "../session/inform_help.h"
#include "client/asker.h"

enum { START = 1000000, TOLD = 16 };

static struct {
    uint64_t dice;
    struct env env;
    struct plan plan;
    struct asker asker;
    struct stream stream; /* only its tunnel's link is looked at */
    struct inform server;
    struct inform_conf conf;
    msec now;
    bool deaf; /* nothing reaches the server */
    unsigned sent;
    uint8_t last[INFORM_PACKET_MAX]; /* of what was sent */
    size_t last_n;
    uint32_t told[TOLD]; /* types of messages to the parent */
    unsigned n_told;
    struct up_net up; /* the last of each */
    struct net_offer offer;
} t;

void __wrap_stream_send(struct stream *s, const struct batch *packets, msec now);
void __wrap_chan_send(struct chan *c, const struct imsg *m);

void __wrap_stream_send(struct stream *s, const struct batch *packets, msec now)
{
    assert_ptr_equal(s, &t.stream);
    assert_int_equal(now, t.now);
    for (unsigned k = 0; k < packets->n; k++) {
        t.sent++;
        t.last_n = packets->at[k].n;
        memcpy(t.last, packets->at[k].p, t.last_n);
        if (!t.deaf)
            assert_true(help_feed(&t.server, packets->at[k].p, packets->at[k].n, now));
    }
}

void __wrap_chan_send(struct chan *c, const struct imsg *m)
{
    assert_ptr_equal(c, &t);
    assert_true(t.n_told < TOLD);
    assert_int_equal(m->n_fds, 0);
    t.told[t.n_told++] = m->type;
    if (m->type == CM_UP)
        assert_int_equal(up_decode(m->body, &t.up), 0);
    else if (m->type == CM_OFFER)
        assert_int_equal(offer_decode(m->body, &t.offer), 0);
    else
        fail_msg("message %u", m->type);
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.now = START;
    t.env = (struct env){ .ctx = &t.dice, .random = help_random };
    t.plan.want_prefix = true;
    memcpy(t.plan.duid, client_duid, sizeof client_duid);
    t.conf = help_conf();
    inform_init(&t.server, &t.conf, &t.env);
    asker_init(&t.asker, &t.plan, &t.env);
    t.stream.tunnel.link.ipcp_on = t.stream.tunnel.link.ip6cp_on = true;
    return 0;
}

static void turn(void)
{
    asker_turn(&t.asker, &t.stream, (struct chan *)&t, t.now);
}

/* What the server has to say, through the stream, as engine.c does it. Returns how many packets it was. */
static unsigned hear(void)
{
    struct out o;
    struct batch b;
    unsigned n = 0;
    while (help_pull(&t.server, &o)) {
        batch_clear(&b);
        batch_add(&b, o.bytes, o.n);
        asker_take(&t.asker, &b, t.now);
        assert_int_equal(b.n, 0);
        n++;
    }
    return n;
}

static void up(bool ipv4, bool ipv6)
{
    struct tunnel_event ev = { .kind = TUNNEL_EV_UP, .ipv4 = ipv4, .ipv6 = ipv6, .mtu = 1400 };
    ev.ip.our_addr = CLIENT4;
    ev.ip.peer_addr = SERVER4;
    ev.ip.dns[0] = 0x08080808;
    memcpy(ev.ip6.our_id, client_id, sizeof client_id);
    memcpy(ev.ip6.peer_id, server_id, sizeof server_id);
    if (ipv4)
        inform_ipv4_up(&t.server, CLIENT4);
    if (ipv6)
        inform_ipv6_up(&t.server, server_id, t.now);
    asker_up(&t.asker, &ev, t.now);
}

/* Turns and answers until nobody has anything to say. */
static void settle(void)
{
    do
        turn();
    while (hear() > 0);
    turn();
}

static void expect_told(unsigned n, const uint32_t *types)
{
    assert_int_equal(t.n_told, n);
    for (unsigned k = 0; k < n; k++)
        assert_int_equal(t.told[k], types[k]);
    t.n_told = 0;
}
#define EXPECT_TOLD(...)                                                                                               \
    do {                                                                                                               \
        static const uint32_t types[] = { __VA_ARGS__ };                                                               \
        expect_told(sizeof types / sizeof types[0], types);                                                            \
    } while (0)

/* Both families answered: told at once, the offer first, so that it is there when the host is set up. */
static void test_at_once(void **state)
{
    (void)state;
    up(true, true);
    settle();
    assert_true(t.n_told >= 2);
    assert_int_equal(t.told[0], CM_OFFER);
    assert_int_equal(t.told[1], CM_UP);
    for (unsigned k = 2; k < t.n_told; k++)
        assert_int_equal(t.told[k], CM_OFFER); /* what came behind: the delegated prefix, say */
    assert_true(t.up.ipv4 && t.up.ipv6);
    assert_int_equal(t.up.our_addr, CLIENT4);
    assert_int_equal(t.up.peer_addr, SERVER4);
    assert_int_equal(t.up.dns[0], 0x08080808);
    assert_memory_equal(t.up.our_id, client_id, 8);
    assert_memory_equal(t.up.peer_id, server_id, 8);
    assert_int_equal(t.up.mtu, 1400);
    assert_true(t.offer.dhcp4 && t.offer.ra);
    assert_int_equal(t.offer.n_delegated, 1);
    /* later advertisements say the same: nothing to tell */
    t.n_told = 0;
    for (unsigned k = 0; k < 20; k++) {
        t.now = asker_due(&t.asker) < inform_due(&t.server) ? asker_due(&t.asker) : inform_due(&t.server);
        inform_tick(&t.server, t.now);
        settle();
    }
    assert_int_equal(t.n_told, 0);
}

/* A server that answers nothing costs the patience, once, and no more. */
static void test_nobody_answers(void **state)
{
    (void)state;
    t.deaf = true;
    up(true, true);
    turn();
    assert_int_equal(t.sent, 2); /* DHCPINFORM, router solicitation */
    assert_int_equal(asker_due(&t.asker), START + ASKER_PATIENCE);
    t.now = START + ASKER_PATIENCE - 1;
    turn();
    assert_int_equal(t.n_told, 0);
    t.now++;
    turn();
    EXPECT_TOLD(CM_UP); /* and no offer: there is none */
    assert_int_equal(t.sent, 2);
    for (unsigned k = 0; k < 30 && asker_due(&t.asker) != NEVER; k++) {
        msec due = asker_due(&t.asker);
        assert_true(due > t.now);
        t.now = due;
        turn();
    }
    assert_int_equal(asker_due(&t.asker), NEVER); /* four and three times, then it is quiet */
    assert_int_equal(t.sent, 4 + 3);
    assert_int_equal(t.n_told, 0);
}

/* The second family comes later: within the patience it is waited for, behind it the parent hears of it anew. */
static void test_second_family(void **state)
{
    (void)state;
    up(true, false);
    settle();
    assert_int_equal(t.n_told, 0); /* DHCP has answered, but IPV6CP is still at work */
    t.now += ASKER_PATIENCE - 1;
    turn();
    assert_int_equal(t.n_told, 0);
    t.now++;
    turn();
    EXPECT_TOLD(CM_OFFER, CM_UP);
    assert_true(t.up.ipv4 && !t.up.ipv6);
    t.now += 5000;
    t.plan.want_prefix = false;
    up(true, true);
    turn();
    assert_true(t.n_told >= 1);
    assert_int_equal(t.told[t.n_told - 1], CM_UP); /* no patience a second time */
    assert_true(t.up.ipv4 && t.up.ipv6);
    t.n_told = 0;
    settle();
    assert_true(t.n_told >= 1);
    for (unsigned k = 0; k < t.n_told; k++)
        assert_int_equal(t.told[k], CM_OFFER);
    assert_int_equal(t.offer.n_addresses, 1);
}

/* A family that was rejected is not waited for; and one that goes is told. */
static void test_one_family(void **state)
{
    (void)state;
    t.stream.tunnel.link.ip6cp_on = false;
    up(true, false);
    settle();
    EXPECT_TOLD(CM_OFFER, CM_UP);
    assert_true(t.up.ipv4 && !t.up.ipv6 && !t.offer.ra);
    setup(NULL);
    t.stream.tunnel.link.ipcp_on = false;
    up(false, true);
    settle();
    assert_true(t.n_told >= 2);
    assert_int_equal(t.told[1], CM_UP);
    assert_true(!t.up.ipv4 && t.up.ipv6 && !t.offer.dhcp4);
    assert_int_equal(t.up.our_addr, 0);
    setup(NULL);
    up(true, true);
    settle();
    t.n_told = 0;
    up(true, false);
    turn();
    assert_true(t.n_told >= 1);
    assert_int_equal(t.told[t.n_told - 1], CM_UP);
    assert_true(t.up.ipv4 && !t.up.ipv6);
}

static size_t echo(uint8_t *dst, uint8_t mark)
{
    struct wr w = wr_of(dst, 100);
    size_t at = inform_udp4_begin(&w, SERVER4, CLIENT4, 53, 4000);
    wr_u8(&w, mark);
    inform_udp_end(&w, at);
    return wr_len(&w);
}

/* Ours are taken out of the batch wherever they stand; the others stay, in order and unchanged. Before anything is up,
 * nothing is ours. */
static void test_take(void **state)
{
    (void)state;
    uint8_t user[3][100];
    struct out ours[3];
    struct batch b;
    batch_clear(&b);
    for (unsigned k = 0; k < 3; k++)
        batch_add(&b, user[k], echo(user[k], (uint8_t)k));
    asker_take(&t.asker, &b, t.now);
    assert_int_equal(b.n, 3);
    up(true, true);
    turn();
    batch_clear(&b);
    for (unsigned k = 0; k < 3; k++) {
        assert_int_equal(help_pull(&t.server, &ours[k]), k < 2);
        if (k < 2)
            batch_add(&b, ours[k].bytes, ours[k].n);
        batch_add(&b, user[k], echo(user[k], (uint8_t)k));
    }
    asker_take(&t.asker, &b, t.now);
    assert_int_equal(b.n, 3);
    for (unsigned k = 0; k < 3; k++) {
        assert_ptr_equal(b.at[k].p, user[k]);
        assert_int_equal(user[k][28], k);
    }
    turn();
    assert_true(t.asker.offer.dhcp4 && t.asker.offer.ra);
    batch_clear(&b);
    asker_take(&t.asker, &b, t.now);
    assert_int_equal(b.n, 0);
}

/* Answers to nobody's question, cut and bent ones: no offer comes of them, and what is not ours goes on. */
static void test_bad_answers(void **state)
{
    (void)state;
    struct out o;
    struct batch b;
    up(true, false);
    turn();
    t.server.ask4.xid ^= 1;
    assert_true(help_pull(&t.server, &o));
    batch_clear(&b);
    batch_add(&b, o.bytes, o.n);
    asker_take(&t.asker, &b, t.now);
    assert_int_equal(b.n, 0); /* swallowed, and no more */
    for (size_t n = 0; n < o.n; n++) {
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, o.bytes, n);
        batch_clear(&b);
        batch_add(&b, cut, n);
        asker_take(&t.asker, &b, t.now);
        assert_int_equal(b.n, 1); /* not even IP */
        free(cut);
    }
    turn();
    assert_int_equal(t.n_told, 0);
    assert_false(t.asker.offer.dhcp4);
    /* an advertisement without IPV6CP is a packet like any other */
    inform_ipv6_up(&t.server, server_id, t.now);
    assert_true(help_pull(&t.server, &o));
    batch_clear(&b);
    batch_add(&b, o.bytes, o.n);
    asker_take(&t.asker, &b, t.now);
    assert_int_equal(b.n, 1);
}

/* The server changes its mind: an offer, and the interface stays. */
static void test_change(void **state)
{
    (void)state;
    static struct prefix routes[1];
    up(true, true);
    settle();
    t.n_told = 0;
    t.now += 10000;
    routes[0] = p4("10.77.0.0/16");
    t.conf.routes = routes;
    t.conf.n_routes = 1;
    t.conf.default_route = false;
    inform_update(&t.server, &t.conf, t.now);
    settle();
    assert_true(t.n_told >= 1);
    for (unsigned k = 0; k < t.n_told; k++)
        assert_int_equal(t.told[k], CM_OFFER);
    assert_true(prefix_eq(&t.offer.routes[0].to, &routes[0]));
}

/* Before anything is up it does nothing and is never due. */
static void test_idle(void **state)
{
    (void)state;
    assert_int_equal(asker_due(&t.asker), NEVER);
    turn();
    asker_stop(&t.asker, &t.stream, t.now);
    assert_int_equal(t.sent + t.n_told, 0);
}

/* Hanging up gives a leased prefix back, and asks nothing more. */
static void test_stop(void **state)
{
    (void)state;
    struct ip_view ip;
    struct udp_view udp;
    struct dhcp6 m;
    for (unsigned leased = 0; leased < 2; leased++) {
        setup(NULL);
        if (!leased)
            t.conf.delegated.family = 0;
        inform_init(&t.server, &t.conf, &t.env);
        up(true, true);
        settle();
        t.sent = 0;
        t.n_told = 0;
        asker_stop(&t.asker, &t.stream, t.now);
        assert_int_equal(t.sent, leased);
        assert_int_equal(t.n_told, 0);
        if (!leased)
            continue;
        assert_int_equal(ip_parse(slice_of(t.last, t.last_n), &ip), 0);
        assert_int_equal(inform_udp_read(&ip, &udp), 0);
        assert_int_equal(dhcp6_decode(udp.payload, &m), 0);
        assert_int_equal(m.type, DHCP6_RELEASE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_at_once, setup),       cmocka_unit_test_setup(test_nobody_answers, setup),
        cmocka_unit_test_setup(test_second_family, setup), cmocka_unit_test_setup(test_one_family, setup),
        cmocka_unit_test_setup(test_take, setup),          cmocka_unit_test_setup(test_bad_answers, setup),
        cmocka_unit_test_setup(test_change, setup),        cmocka_unit_test_setup(test_idle, setup),
        cmocka_unit_test_setup(test_stop, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Our server and our client against each other in memory, both families: all that is configured arrives; with lost
 * packets it arrives later; and what changes on one end changes on the other. */
#include "inform_help.h"
#include "session/inform_client.h"

struct twin {
    uint64_t dice, server_dice, client_dice;
    struct env server_env, client_env;
    struct inform server;
    struct inform_conf conf;
    struct inform_client client;
    struct net_offer offer;
    unsigned offers, packets, loss; /* per cent */
    msec now;
};

static unsigned roll(struct twin *t)
{
    uint8_t b[2];
    help_random(&t->dice, b, 2);
    return (b[0] << 8 | b[1]) % 100;
}

static void start(struct twin *t, uint64_t seed, unsigned loss, bool want_prefix)
{
    struct inform_client_conf conf = { want_prefix, slice_of(client_duid, sizeof client_duid) };
    memset(t, 0, sizeof *t);
    t->dice = seed;
    t->server_dice = seed ^ 0x55;
    t->client_dice = seed ^ 0xaa;
    t->loss = loss;
    t->now = 1000000;
    t->server_env = (struct env){ .ctx = &t->server_dice, .random = help_random };
    t->client_env = (struct env){ .ctx = &t->client_dice, .random = help_random };
    t->conf = help_conf();
    inform_init(&t->server, &t->conf, &t->server_env);
    inform_client_init(&t->client, &conf, &t->client_env);
}

/* Carries packets both ways until there are none. */
static void settle(struct twin *t)
{
    struct out o;
    bool any = true;
    for (unsigned rounds = 0; any; rounds++) {
        any = false;
        assert_true(rounds < 20); /* they do not talk in circles */
        while ((o.n = inform_client_pull(&t->client, o.bytes, sizeof o.bytes, t->now))) {
            help_look(&o);
            any = true;
            t->packets++;
            if (roll(t) >= t->loss)
                assert_true(help_feed(&t->server, o.bytes, o.n, t->now));
        }
        while (help_pull(&t->server, &o)) {
            any = true;
            t->packets++;
            if (roll(t) >= t->loss)
                assert_true(inform_client_packet(&t->client, slice_of(o.bytes, o.n), t->now));
        }
        while (inform_client_event(&t->client, &t->offer))
            t->offers++;
    }
}

/* Time passes; what falls due is served. */
static void pass(struct twin *t, msec ms)
{
    msec until = t->now + ms;
    for (;;) {
        msec due = tick_min(inform_due(&t->server), inform_client_due(&t->client));
        if (due > until)
            break;
        t->now = due > t->now ? due : t->now;
        inform_tick(&t->server, t->now);
        inform_client_tick(&t->client, t->now);
        settle(t);
        assert_true(inform_due(&t->server) > t->now);
    }
    t->now = until;
}

static void up(struct twin *t)
{
    inform_ipv4_up(&t->server, CLIENT4);
    inform_client_ipv4_up(&t->client, CLIENT4, t->now);
    inform_ipv6_up(&t->server, server_id, t->now);
    inform_client_ipv6_up(&t->client, client_id, t->now);
    settle(t);
}

static bool has_route(const struct net_offer *o, const struct prefix *to)
{
    for (unsigned n = 0; n < o->n_routes; n++)
        if (prefix_eq(&o->routes[n].to, to))
            return true;
    return false;
}

static void expect_ipv4(const struct twin *t)
{
    const struct net_offer *o = &t->offer;
    struct prefix dns = prefix_v4(t->conf.dns[0], 32);
    assert_true(o->dhcp4 && o->routes4);
    for (unsigned n = 0; n < t->conf.n_routes; n++)
        assert_true(t->conf.routes[n].family == 6 || has_route(o, &t->conf.routes[n]));
    assert_true(prefix_eq(&o->dns[0], &dns));
    assert_int_equal(o->n_nbns, 1);
    assert_string_equal(o->domain.text, t->conf.domain);
    assert_string_equal(o->wpad, t->conf.wpad);
    assert_int_equal(o->n_search, 2);
}

static void expect_ipv6(const struct twin *t, bool delegated)
{
    const struct net_offer *o = &t->offer;
    static const uint8_t zero[16];
    struct prefix all = prefix_v6(zero, 0);
    assert_true(o->ra && o->dhcp6);
    assert_int_equal(o->n_addresses, 1);
    assert_true(prefix_has(&t->conf.prefix, o->addresses[0].p.addr));
    assert_memory_equal(o->addresses[0].p.addr + 8, client_id, 8);
    assert_false(o->addresses[0].deprecated);
    assert_true(has_route(o, &all));
    for (unsigned n = 0; n < t->conf.n_routes; n++)
        assert_true(t->conf.routes[n].family == 4 || has_route(o, &t->conf.routes[n]));
    assert_int_equal(o->mtu6, 1400);
    assert_int_equal(o->n_delegated, delegated);
    if (delegated)
        assert_true(prefix_eq(&o->delegated[0], &t->conf.delegated));
}

/* Nothing is lost: all is there without any time passing. */
static void test_at_once(void **state)
{
    (void)state;
    for (unsigned with = 0; with < 2; with++) {
        struct twin t;
        start(&t, 1, 0, with);
        up(&t);
        expect_ipv4(&t);
        expect_ipv6(&t, with);
        assert_int_equal(t.offer.n_dns, 4); /* two of each family, none twice */
        assert_int_equal(t.offer.n_routes, 3 + 2 + 1);
    }
}

/* A day: everything stays, little is said. */
static void test_day(void **state)
{
    (void)state;
    struct twin t;
    start(&t, 2, 0, true);
    up(&t);
    unsigned offers = t.offers, packets = t.packets;
    pass(&t, SECONDS(86400));
    assert_int_equal(t.offers, offers);
    assert_true(t.packets - packets < 86400 / 150 + 2 * 86400 / 600 + 200); /* advertisements, DHCPINFORM, DHCPv6 */
    expect_ipv4(&t);
    expect_ipv6(&t, true);
}

/* One family alone. */
static void test_one_family(void **state)
{
    (void)state;
    struct twin t;
    start(&t, 3, 0, false);
    inform_ipv4_up(&t.server, CLIENT4);
    inform_client_ipv4_up(&t.client, CLIENT4, t.now);
    settle(&t);
    pass(&t, SECONDS(1000));
    expect_ipv4(&t);
    assert_false(t.offer.ra);
    start(&t, 3, 0, false);
    inform_ipv6_up(&t.server, server_id, t.now);
    inform_client_ipv6_up(&t.client, client_id, t.now);
    settle(&t);
    pass(&t, SECONDS(1000));
    expect_ipv6(&t, false);
    assert_false(t.offer.dhcp4);
}

/* A third of all packets is lost for a while, and so may be all the advertisements of one lifetime; but IPv6 repeats
 * itself for ever. DHCPINFORM is tried four times. */
static void test_loss(void **state)
{
    (void)state;
    enum { RUNS = 200 };
    unsigned informed = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        struct twin t;
        start(&t, seed * 7919, 33, seed & 1);
        up(&t);
        pass(&t, SECONDS(3000));
        if (t.offer.dhcp4)
            expect_ipv4(&t);
        informed += t.offer.dhcp4;
        assert_true(t.offer.ra && t.offer.dhcp6);
        t.loss = 0;
        pass(&t, SECONDS(300));
        expect_ipv6(&t, seed & 1);
    }
    assert_true(informed > RUNS * 8 / 10); /* 1 - (1 - 0.67 * 0.67)^4 is 0.91 */
}

/* DNS of the host changes, the default route is taken away, the delegated prefix is another. */
static void test_change(void **state)
{
    (void)state;
    struct twin t;
    static const uint8_t zero[16];
    struct prefix all = prefix_v6(zero, 0);
    start(&t, 4, 0, true);
    up(&t);
    pass(&t, SECONDS(100));
    struct prefix fresh = p6("fd00:80::77"), other = p6("fd00:80:5500::/56");
    t.conf.dns6[0] = fresh;
    t.conf.default_route = false;
    t.conf.delegated = other;
    inform_update(&t.server, &t.conf, t.now);
    settle(&t);
    assert_false(has_route(&t.offer, &all));
    bool found = false;
    for (unsigned n = 0; n < t.offer.n_dns; n++)
        found = found || prefix_eq(&t.offer.dns[n], &fresh);
    assert_true(found);
    pass(&t, SECONDS(7200)); /* T1 */
    assert_int_equal(t.offer.n_delegated, 1);
    assert_true(prefix_eq(&t.offer.delegated[0], &other));
}

/* Another configuration at the server, as conn_inform has it: told, then what is gone is withdrawn. */
static void update(struct twin *t, const struct inform_conf *conf)
{
    struct inform_conf old = t->server.conf;
    struct out o;
    t->conf = *conf;
    inform_update(&t->server, &t->conf, t->now);
    settle(t);
    assert_int_equal(inform_withdraw(&t->server, &old, o.bytes, INFORM_PACKET_MAX - 1), 0);
    o.n = inform_withdraw(&t->server, &old, o.bytes, sizeof o.bytes);
    if (o.n) {
        help_look(&o);
        t->packets++;
        assert_true(inform_client_packet(&t->client, slice_of(o.bytes, o.n), t->now));
        settle(t);
    }
}

static struct inform_conf other_conf(void)
{
    static struct prefix routes[2];
    static const struct dns_name search[] = { { "new.example" } };
    struct inform_conf c = help_conf();
    routes[0] = p4("10.9.0.0/16");
    routes[1] = p6("fd00:9::/32");
    c.routes = routes;
    c.n_routes = 2;
    c.search = search;
    c.n_search = 1;
    c.domain = "new.example";
    c.dns[0] = 0x0a500099;
    c.dns[2] = 0;
    c.dns6[0] = p6("fd00:80::99");
    c.n_dns6 = 1;
    return c;
}

/* Everything that was told is another now: the client has all of the new and nothing of the old, at once. */
static void test_all_changes(void **state)
{
    (void)state;
    struct twin t;
    start(&t, 6, 0, true);
    struct inform_conf first = t.conf, then = other_conf();
    up(&t);
    pass(&t, SECONDS(100));
    for (unsigned k = 0; k < 4; k++) {
        const struct inform_conf *c = k & 1 ? &first : &then;
        update(&t, c);
        assert_int_equal(t.offer.n_routes, c->n_routes + 1); /* the default route of IPv6 */
        for (unsigned n = 0; n < c->n_routes; n++)
            assert_true(has_route(&t.offer, &c->routes[n]));
        assert_int_equal(t.offer.n_dns, k & 1 ? 4 : 2);
        assert_int_equal(t.offer.n_search, c->n_search);
        assert_string_equal(t.offer.search[0].text, c->search[0].text);
        assert_string_equal(t.offer.domain.text, c->domain);
        pass(&t, SECONDS(10));
    }
    unsigned offers = t.offers, packets = t.packets;
    update(&t, &first); /* nothing new: told again, as every advertisement is, and nothing follows */
    assert_int_equal(t.offers, offers);
    assert_int_equal(t.packets, packets + 1);
}

/* Without IPv6 nobody says that there is something new: it is seen when DHCPINFORM is sent again. */
static void test_change_of_ipv4(void **state)
{
    (void)state;
    struct twin t;
    start(&t, 7, 0, false);
    struct inform_conf then = other_conf();
    inform_ipv4_up(&t.server, CLIENT4);
    inform_client_ipv4_up(&t.client, CLIENT4, t.now);
    settle(&t);
    update(&t, &then);
    assert_int_equal(t.offer.n_routes, 3);
    pass(&t, SECONDS(601));
    assert_int_equal(t.offer.n_routes, 1);
    assert_true(has_route(&t.offer, &then.routes[0]));
    assert_int_equal(t.offer.n_dns, 1);
}

/* More is gone than one advertisement holds: as much as fits, and never more. */
static void test_much_is_gone(void **state)
{
    (void)state;
    static struct prefix routes[80];
    static struct dns_name search[DNS_NAMES_MAX];
    struct twin t;
    struct out o;
    start(&t, 8, 0, false);
    for (unsigned k = 0; k < 80; k++) {
        routes[k] = p6("fd00:5::/128");
        routes[k].addr[15] = (uint8_t)k;
    }
    for (unsigned k = 0; k < DNS_NAMES_MAX; k++)
        memset(search[k].text, 'a' + (int)k, 60);
    struct inform_conf old = t.conf;
    old.routes = routes;
    old.n_routes = 80;
    old.search = search;
    old.n_search = DNS_NAMES_MAX;
    assert_int_equal(inform_withdraw(&t.server, &old, o.bytes, sizeof o.bytes), 0); /* IPv6 is not up */
    up(&t);
    o.n = inform_withdraw(&t.server, &old, o.bytes, sizeof o.bytes);
    assert_true(o.n > 1200 && o.n <= INFORM_IP6_MAX);
    help_look(&o);
    assert_int_equal(inform_withdraw(&t.server, &t.conf, o.bytes, sizeof o.bytes), 0); /* nothing is gone */
}

/* The server falls silent: what it told is forgotten in time, the addresses last. */
static void test_silence(void **state)
{
    (void)state;
    struct twin t;
    start(&t, 5, 0, true);
    up(&t);
    pass(&t, SECONDS(100));
    t.loss = 100;
    pass(&t, SECONDS(1000));
    assert_int_equal(t.offer.n_routes, 3); /* of DHCP, which has no lifetimes here */
    assert_int_equal(t.offer.n_addresses, 1);
    assert_int_equal(t.offer.n_delegated, 1);
    pass(&t, SECONDS(90000));
    assert_int_equal(t.offer.n_addresses, 0);
    assert_int_equal(t.offer.n_delegated, 0);
    t.loss = 0;
    pass(&t, SECONDS(4000));
    expect_ipv6(&t, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),      cmocka_unit_test(test_day),
        cmocka_unit_test(test_one_family),   cmocka_unit_test(test_loss),
        cmocka_unit_test(test_change),       cmocka_unit_test(test_silence),
        cmocka_unit_test(test_all_changes),  cmocka_unit_test(test_change_of_ipv4),
        cmocka_unit_test(test_much_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

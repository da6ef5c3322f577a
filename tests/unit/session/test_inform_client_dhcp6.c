/* The client's DHCPv6: names, an address and a prefix, from Solicit to the end of what was leased. */
#include "inform_client_help.h"

/* Our router hands out addresses (M), we want a prefix too, and the first message is a Solicit. */
static void solicit(struct bed *b, struct dhcp6 *m)
{
    uint8_t p[300];
    start(b);
    b->conf.want_prefix = true;
    inform_client_init(&b->c, &b->conf, &env);
    up6(b);
    struct wr w = wr_of(p, sizeof p);
    size_t at = begin_ra(b, &w, 750, true);
    nd_end(&w, at);
    assert_true(feed(b, &w));
    assert_true(offered(b));
    assert_true(pull(b)); /* Information-Request */
    assert_true(pull(b));
    assert_int_equal(dhcp6_decode(b->out.udp.payload, m), 0);
    assert_int_equal(m->type, DHCP6_SOLICIT);
    assert_true(m->rapid_commit);
    assert_int_equal(m->n_ias, 2);
    assert_true(slice_eq(m->client_id, b->conf.duid));
    assert_true(inform_addr_is(b->out.ip.dst, inform_all_dhcp6));
    assert_false(pull(b));
}

/* A server's message with both leases. */
static void answer(struct bed *b, uint8_t type, uint32_t xid, uint32_t preferred, uint32_t valid, bool rapid)
{
    uint8_t p[400];
    struct wr w = wr_of(p, sizeof p);
    struct dhcp6_ia na = { .iaid = 1, .n_leases = 1 }, pd = { .pd = true, .iaid = 2, .n_leases = 1 };
    na.leases[0] = (struct dhcp6_lease){ p6("fd00:80::99"), preferred, valid };
    pd.leases[0] = (struct dhcp6_lease){ p6("fd00:80:7700::/56"), preferred, valid };
    size_t at = inform_udp6_begin(&w, b->server_ll, b->client_ll, DHCP6_SERVER_PORT, DHCP6_CLIENT_PORT);
    dhcp6_put_head(&w, type, xid);
    dhcp6_put(&w, DHCP6_OPT_CLIENT_ID, b->conf.duid);
    dhcp6_put(&w, DHCP6_OPT_SERVER_ID, slice_of(server_duid, sizeof server_duid));
    if (rapid)
        dhcp6_put(&w, DHCP6_OPT_RAPID_COMMIT, slice_of(NULL, 0));
    dhcp6_put_ia(&w, &na);
    dhcp6_put_ia(&w, &pd);
    inform_udp_end(&w, at);
    assert_true(feed(b, &w));
}

/* Ticks until a message of that type is pulled. */
static void await(struct bed *b, uint8_t type, struct dhcp6 *m)
{
    for (unsigned k = 0; k < 200; k++) {
        while (pull(b))
            if (b->out.ip.proto == IP_UDP && dhcp6_decode(b->out.udp.payload, m) == 0 && m->type == type)
                return;
        tick_due(b);
    }
    fail_msg("no message of type %u", type);
}

static void test_lease_life(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    solicit(&b, &m);
    answer(&b, DHCP6_ADVERTISE, m.xid, 1000, 2000, false);
    assert_false(offered(&b)); /* only advertised */
    await(&b, DHCP6_REQUEST, &m);
    assert_true(slice_eq(m.server_id, slice_of(server_duid, sizeof server_duid)));
    assert_int_equal(m.ias[1].n_leases, 1);
    answer(&b, DHCP6_REPLY, m.xid, 1000, 2000, false);
    assert_true(offered(&b));
    assert_true(b.offer.dhcp6);
    assert_int_equal(b.offer.n_addresses, 1);
    assert_int_equal(b.offer.addresses[0].p.len, 128);
    assert_int_equal(b.offer.n_delegated, 1);
    struct prefix delegated = p6("fd00:80:7700::/56");
    assert_true(prefix_eq(&b.offer.delegated[0], &delegated));
    msec bound = b.now;
    await(&b, DHCP6_RENEW, &m);
    assert_int_equal(b.now - bound, 500000); /* T1: half of the preferred lifetime */
    answer(&b, DHCP6_REPLY, m.xid, 1000, 2000, false);
    assert_int_equal(b.c.lease_state, INFORM_LEASE_BOUND);
    bound = b.now;
    await(&b, DHCP6_REBIND, &m);
    assert_int_equal(b.now - bound, 800000);
    assert_int_equal(m.server_id.n, 0);
    await(&b, DHCP6_SOLICIT, &m);
    assert_int_equal(b.now - bound, 2000000);
    while (offered(&b))
        ;
    assert_int_equal(b.offer.n_addresses + b.offer.n_delegated, 0);
}

static void test_rapid_commit(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    solicit(&b, &m);
    answer(&b, DHCP6_REPLY, m.xid, 1000, 2000, false); /* without the option it is no answer to a Solicit */
    assert_false(offered(&b));
    answer(&b, DHCP6_REPLY, m.xid, 1000, 2000, true);
    assert_true(offered(&b));
    assert_int_equal(b.offer.n_delegated, 1);
    await(&b, DHCP6_RENEW, &m);
    answer(&b, DHCP6_REPLY, m.xid, 0, 0, false); /* taken back */
    assert_true(offered(&b));
    assert_int_equal(b.offer.n_delegated, 0);
    msec then = b.now;
    await(&b, DHCP6_SOLICIT, &m);
    assert_int_equal(b.now - then, 10000);
}

/* RFC 8415 18.2.7: what is held is given back to the server that gave it, four times at most; without a lease nothing is
 * said; and afterwards there is silence. */
static void test_release(void **state)
{
    (void)state;
    static const uint32_t after[] = { 0, 500001, 800001 }; /* bound, renewing, rebinding */
    struct bed b;
    struct dhcp6 m;
    for (unsigned k = 0; k < 3; k++) {
        solicit(&b, &m);
        answer(&b, DHCP6_REPLY, m.xid, 1000, 2000, true);
        assert_true(offered(&b));
        while (k && inform_client_due(&b.c) < b.now + after[k] && b.c.lease_state < INFORM_LEASE_BOUND + k)
            tick_due(&b);
        assert_int_equal(b.c.lease_state, INFORM_LEASE_BOUND + k);
        while (pull(&b))
            ;
        inform_client_stop(&b.c, b.now);
        assert_true(pull(&b));
        assert_int_equal(dhcp6_decode(b.out.udp.payload, &m), 0);
        assert_int_equal(m.type, DHCP6_RELEASE);
        assert_true(slice_eq(m.server_id, slice_of(server_duid, sizeof server_duid)));
        assert_true(slice_eq(m.client_id, b.conf.duid));
        assert_int_equal(m.n_ias, 2);
        assert_int_equal(m.ias[0].n_leases + m.ias[1].n_leases, 2);
        assert_int_equal(m.oro.n, 0);
        assert_false(pull(&b));
        if (k == 2)
            continue;
        answer(&b, k ? DHCP6_ADVERTISE : DHCP6_REPLY, m.xid, 0, 0, false);
        assert_int_equal(b.c.lease_state, k ? INFORM_LEASE_RELEASE : INFORM_LEASE_OFF);
    }
    for (unsigned n = 1; n < 4; n++)
        await(&b, DHCP6_RELEASE, &m);
    tick_due(&b);
    assert_int_equal(b.c.lease_state, INFORM_LEASE_OFF);
    assert_false(pull(&b));
}

static void test_nothing_to_release(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    solicit(&b, &m);
    answer(&b, DHCP6_ADVERTISE, m.xid, 1000, 2000, false); /* only offered */
    await(&b, DHCP6_REQUEST, &m);
    inform_client_stop(&b.c, b.now);
    assert_false(pull(&b));
    answer(&b, DHCP6_REPLY, m.xid, 1000, 2000, false); /* too late */
    assert_int_equal(b.c.lease_state, INFORM_LEASE_OFF);
    tick_due(&b); /* the advertised default route ends */
    assert_false(pull(&b));
    assert_int_equal(inform_client_due(&b.c), NEVER);
    start(&b);
    inform_client_stop(&b.c, b.now); /* nothing is up */
    assert_false(pull(&b));
    assert_int_equal(inform_client_due(&b.c), NEVER);
}

static void test_bad_dhcp6(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    solicit(&b, &m);
    uint32_t xid = m.xid;
    answer(&b, DHCP6_ADVERTISE, xid + 1, 1000, 2000, false);
    answer(&b, DHCP6_ADVERTISE, xid, 0, 0, false); /* nothing offered */
    answer(&b, DHCP6_RENEW, xid, 1000, 2000, false);
    b.conf.duid = slice_of(server_duid, sizeof server_duid); /* for another client */
    answer(&b, DHCP6_ADVERTISE, xid, 1000, 2000, false);
    assert_int_equal(b.c.lease_state, INFORM_LEASE_SOLICIT);
    assert_false(offered(&b));
    await(&b, DHCP6_SOLICIT, &m);
    assert_int_equal(m.xid, xid); /* the same question again */
}

/* RFC 8415 15: from one second, doubling, a tenth more or less. Without answers there is no end, but little noise. */
static void test_information_times(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp6 m;
    msec last, gap = 1000;
    start(&b);
    up6(&b);
    hear(&b, 750, 1, 1, UINT32_MAX);
    assert_false(b.c.ask_info.open); /* it gave DNS servers, and no O flag */
    start(&b);
    up6(&b);
    uint8_t p[300];
    struct wr w = wr_of(p, sizeof p);
    size_t at = begin_ra(&b, &w, UINT16_MAX, false);
    nd_end(&w, at);
    assert_true(feed(&b, &w));
    await(&b, DHCP6_INFORMATION_REQUEST, &m);
    last = b.now;
    for (unsigned k = 0; k < 8; k++) {
        await(&b, DHCP6_INFORMATION_REQUEST, &m);
        assert_true(b.now - last >= gap * 9 / 10 && b.now - last <= gap * 11 / 10);
        gap = (b.now - last) * 2;
        last = b.now;
    }
    w = wr_of(p, sizeof p);
    at = inform_udp6_begin(&w, b.server_ll, b.client_ll, DHCP6_SERVER_PORT, DHCP6_CLIENT_PORT);
    dhcp6_put_head(&w, DHCP6_REPLY, m.xid);
    dhcp6_put(&w, DHCP6_OPT_CLIENT_ID, b.conf.duid);
    dhcp6_put(&w, DHCP6_OPT_SERVER_ID, slice_of(server_duid, sizeof server_duid));
    struct prefix dns = p6("fd00::53");
    dhcp6_put_dns(&w, &dns, 1);
    dhcp6_put_u32(&w, DHCP6_OPT_REFRESH, 1); /* RFC 8415 21.23: at least 600 */
    inform_udp_end(&w, at);
    assert_true(offered(&b));
    assert_true(feed(&b, &w));
    assert_true(offered(&b));
    assert_true(prefix_eq(&b.offer.dns[0], &dns));
    assert_true(feed(&b, &w)); /* once is enough */
    assert_false(offered(&b));
    last = b.now;
    await(&b, DHCP6_INFORMATION_REQUEST, &m);
    assert_int_equal(b.now - last, 600000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease_life), cmocka_unit_test(test_rapid_commit),
        cmocka_unit_test(test_release),    cmocka_unit_test(test_nothing_to_release),
        cmocka_unit_test(test_bad_dhcp6),  cmocka_unit_test(test_information_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

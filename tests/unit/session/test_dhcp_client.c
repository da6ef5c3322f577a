/* The DHCP client's states: what is said when, which answers count, when a lease is over. What stands in its frames is
 * test_dhcp_client_pkt.c's. Lease: 1000 s, so T1 is 500 and T2 875. */
#include "dhcp_client_help.h"

static void test_gets(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer)ACK);
    assert_int_equal(b.c.lease.addr, ADDR);
    assert_int_equal(b.c.lease.mask, (uint32_t)MASK);
    assert_int_equal(b.c.lease.dns[1], 0x0a010036);
    assert_int_equal(b.now, BEGIN + 600);
    assert_int_equal(dhcp_client_due(&b.c), BEGIN + 500000); /* from the request, not from the end of the check */
    assert_int_equal(dhcp_lease_ends(&b.c.lease), BEGIN + 1000000);
}

/* RFC 2131 4.1: 4, 8, 16 seconds; no longer than a login waits. */
static void test_silence(void **state)
{
    (void)state;
    static const msec at[] = { 0, 4000, 12000, 20000 };
    struct bed b;
    start(&b);
    uint32_t xid = b.c.xid;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(b.now - BEGIN, at[i]);
        assert_int_equal(sent(&b), DHCP4_DISCOVER);
        assert_int_equal(b.m.xid, xid);
        assert_int_equal(b.m.secs, at[i] / 1000);
        assert_false(pull(&b));
        tick_due(&b);
    }
    assert_int_equal(b.now - BEGIN, at[3]);
    assert_true(happened(&b));
    assert_int_equal(b.ev.what, DHCP_CLIENT_NOT_GOT);
    assert_int_equal(b.ev.why, DHCP_WHY_SILENCE);
    assert_false(pull(&b));
    assert_int_equal(dhcp_client_due(&b.c), NEVER);
    assert_false(say(&b, (struct answer)OFFER));
}

static void test_jitter(void **state)
{
    (void)state;
    struct bed b;
    prepare(&b);
    for (uint32_t k = 0; k < 100; k++) {
        uint32_t count = 0x9e3779b9u * k;
        b.env.ctx = &count;
        dhcp_client_init(&b.c, &b.conf, &b.env, b.now);
        assert_in_range(dhcp_client_due(&b.c) - b.now, 3000, 5000);
    }
}

static void test_offers_that_are_none(void **state)
{
    (void)state;
    const struct answer bad[] = {
        { .type = DHCP4_OFFER, .addr = 0, .server = SERVER, .seconds = 1000 },
        { .type = DHCP4_OFFER, .addr = 0x7f000001, .server = SERVER, .seconds = 1000 },
        { .type = DHCP4_OFFER, .addr = 0xe0000001, .server = SERVER, .seconds = 1000 },
        { .type = DHCP4_OFFER, .addr = UINT32_MAX, .server = SERVER, .seconds = 1000 },
        { .type = DHCP4_OFFER, .addr = ADDR, .server = 0, .seconds = 1000 },
        { .type = DHCP4_OFFER, .addr = ADDR, .server = UINT32_MAX, .seconds = 1000 },
        { .type = DHCP4_OFFER, .addr = ADDR, .server = SERVER, .seconds = 0 },
        { .type = DHCP4_OFFER, .addr = ADDR, .server = SERVER, .seconds = 3 },
    };
    const struct answer not_for_us[] = {
        { .type = DHCP4_OFFER, .addr = ADDR, .server = SERVER, .seconds = 1000, .xid_off = 1 },
        { .type = DHCP4_OFFER, .addr = ADDR, .server = SERVER, .seconds = 1000, .chaddr = other_mac },
        { .type = DHCP4_OFFER, .addr = ADDR, .server = SERVER, .seconds = 1000, .op = DHCP4_BOOTREQUEST },
        ACK,
        NAK,
        { .type = DHCP4_DISCOVER, .addr = ADDR, .server = SERVER, .seconds = 1000 },
        { .type = DHCP4_INFORM, .addr = ADDR, .server = SERVER, .seconds = 1000 },
    };
    struct bed b;
    start(&b);
    assert_int_equal(sent(&b), DHCP4_DISCOVER);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        (void)say(&b, bad[i]);
    for (size_t i = 0; i < sizeof(not_for_us) / sizeof(not_for_us[0]); i++)
        assert_false(say(&b, not_for_us[i]));
    assert_int_equal(b.c.state, DHCP_CLIENT_SELECTING);
    assert_false(pull(&b));
    assert_true(say(&b, (struct answer){ .type = DHCP4_OFFER, .addr = ADDR, .server = SERVER, .seconds = 4 }));
    assert_int_equal(b.c.state, DHCP_CLIENT_REQUESTING);
}

/* Another address than was offered is not what was asked for. */
static void test_acks_that_are_none(void **state)
{
    (void)state;
    const struct answer bad[] = {
        { .type = DHCP4_ACK, .addr = ADDR + 1, .server = SERVER, .seconds = 1000 },
        { .type = DHCP4_ACK, .addr = ADDR, .server = SERVER },
        { .type = DHCP4_ACK, .addr = ADDR, .server = SERVER, .seconds = 1000, .xid_off = 9 },
        { .type = DHCP4_NAK, .server = SERVER, .xid_off = 9 },
        OFFER,
    };
    struct bed b;
    start(&b);
    assert_int_equal(sent(&b), DHCP4_DISCOVER);
    assert_true(say(&b, (struct answer)OFFER));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        (void)say(&b, bad[i]);
    assert_int_equal(b.c.state, DHCP_CLIENT_REQUESTING);
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    for (unsigned i = 0; i < 2; i++) { /* it is asked three times, then another server */
        tick_due(&b);
        if (b.c.state == DHCP_CLIENT_ENDED)
            break;
        assert_int_equal(sent(&b), DHCP4_REQUEST);
    }
    tick_due(&b);
    assert_true(happened(&b));
    assert_int_equal(b.ev.why, DHCP_WHY_SILENCE);
}

static void test_nak_begins_anew(void **state)
{
    (void)state;
    struct bed b;
    start(&b);
    assert_int_equal(sent(&b), DHCP4_DISCOVER);
    uint32_t xid = b.c.xid;
    assert_true(say(&b, (struct answer)OFFER));
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    assert_true(say(&b, (struct answer)NAK));
    assert_false(pull(&b));
    assert_false(say(&b, (struct answer)OFFER));
    tick_due(&b);
    assert_int_equal(b.now, BEGIN + 1000); /* not at once: no storm of refusals */
    assert_int_equal(sent(&b), DHCP4_DISCOVER);
    assert_int_not_equal(b.m.xid, xid);
    while (!happened(&b)) {
        if (b.c.state == DHCP_CLIENT_SELECTING && say(&b, (struct answer)OFFER))
            assert_true(say(&b, (struct answer)NAK));
        tick_due(&b);
    }
    assert_int_equal(b.now, BEGIN + PATIENCE);
    assert_int_equal(b.ev.what, DHCP_CLIENT_NOT_GOT);
    assert_int_equal(b.ev.why, DHCP_WHY_REFUSED);
}

/* ---- somebody has it ---- */

static void check(struct bed *b)
{
    start(b);
    assert_int_equal(sent(b), DHCP4_DISCOVER);
    assert_true(say(b, (struct answer)OFFER));
    assert_int_equal(sent(b), DHCP4_REQUEST);
    assert_false(arp(b, other_mac, ADDR, ADDR)); /* not ours yet: the server may still refuse */
    assert_true(say(b, (struct answer)ACK));
    assert_true(pull(b));
}

static void test_conflict(void **state)
{
    (void)state;
    struct bed b;
    for (unsigned probes = 0; probes < 2; probes++) { /* it answers, or it probes as we do */
        check(&b);
        assert_false(arp(&b, other_mac, ADDR + 1, ADDR));
        assert_false(arp(&b, other_mac, 0, ADDR + 1));
        assert_false(arp(&b, own_mac, ADDR, ADDR));
        assert_true(arp(&b, other_mac, probes ? 0 : ADDR, probes ? ADDR : 0x0a010001));
        assert_true(happened(&b));
        assert_int_equal(b.ev.what, DHCP_CLIENT_CONFLICT);
        assert_memory_equal(b.ev.mac, other_mac, 6);
        assert_int_equal(sent(&b), DHCP4_DECLINE);
        assert_int_equal(number(&b, DHCP4_OPT_ADDRESS), ADDR);
        assert_int_equal(number(&b, DHCP4_OPT_SERVER_ID), SERVER);
        assert_int_equal(b.m.ciaddr, 0);
        assert_false(has(&b, DHCP4_OPT_ASKED));
        tick_due(&b);
        assert_int_equal(b.now, BEGIN + 10000); /* RFC 2131 3.1, 5 */
        assert_int_equal(sent(&b), DHCP4_DISCOVER);
        assert_false(has(&b, DHCP4_OPT_ADDRESS));
    }
    tick_due(&b);
    while (!happened(&b))
        tick_due(&b);
    assert_int_equal(b.ev.why, DHCP_WHY_CONFLICT);
}

/* ---- keeping it ---- */

static void test_renews(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer)ACK);
    for (unsigned i = 0; i < 3; i++) {
        tick_due(&b);
        assert_int_equal(b.now, BEGIN + 500000 * (i + 1));
        assert_int_equal(b.c.state, DHCP_CLIENT_RENEWING);
        assert_int_equal(sent(&b), DHCP4_REQUEST);
        assert_int_equal(b.m.ciaddr, ADDR);
        assert_int_equal(inform_addr4(b.ip.src), ADDR);
        assert_int_equal(inform_addr4(b.ip.dst), SERVER);
        assert_memory_equal(b.frame, server_mac, 6);
        assert_false(has(&b, DHCP4_OPT_ADDRESS));
        assert_false(has(&b, DHCP4_OPT_SERVER_ID));
        assert_false(arp(&b, other_mac, ADDR, ADDR)); /* nobody is thrown off by a gratuitous ARP */
        assert_true(say(&b, (struct answer)ACK));
        assert_true(happened(&b));
        assert_int_equal(b.ev.what, DHCP_CLIENT_RENEWED);
    }
}

/* The time counts from when the request left, however late the answer is. */
static void test_renewed_late(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer)ACK);
    tick_due(&b);
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    tick_due(&b);
    assert_int_equal(b.now, BEGIN + 500000 + 187500); /* half of what is left until T2 */
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    b.now += 30000;
    assert_true(say(&b, (struct answer)ACK));
    assert_int_equal(dhcp_lease_ends(&b.c.lease), BEGIN + 687500 + 1000000);
}

static void test_rebinds_then_expires(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer)ACK);
    while (b.c.state != DHCP_CLIENT_REBINDING)
        tick_due(&b);
    assert_int_equal(b.now, BEGIN + 875000);
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    assert_int_equal(b.m.ciaddr, ADDR);
    assert_int_equal(inform_addr4(b.ip.dst), UINT32_MAX);
    assert_int_equal(b.frame[0], 0xff);
    unsigned n = 0;
    while (dhcp_client_has(&b.c)) {
        tick_due(&b);
        n += sent(&b) == DHCP4_REQUEST;
    }
    assert_int_equal(n, 2); /* after half of what is left, but no oftener than a minute */
    assert_int_equal(b.now, BEGIN + 1000000);
    assert_true(happened(&b));
    assert_int_equal(b.ev.what, DHCP_CLIENT_LOST);
    assert_int_equal(b.ev.why, DHCP_WHY_EXPIRED);
    assert_false(say(&b, (struct answer)ACK));
}

/* Another server may extend it (RFC 2131 4.4.5); then that one is renewed with. */
static void test_rebound(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer)ACK);
    while (b.c.state != DHCP_CLIENT_REBINDING)
        tick_due(&b);
    assert_true(say(
        &b,
        (struct answer){ .type = DHCP4_ACK, .addr = ADDR, .server = SERVER + 1, .seconds = 100, .from = other_mac }));
    assert_true(happened(&b));
    assert_int_equal(b.ev.what, DHCP_CLIENT_RENEWED);
    tick_due(&b);
    assert_int_equal(b.now, BEGIN + 875000 + 50000);
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    assert_int_equal(inform_addr4(b.ip.dst), SERVER + 1);
    assert_memory_equal(b.frame, other_mac, 6);
}

static void test_lost(void **state)
{
    (void)state;
    static const struct {
        struct answer say;
        enum dhcp_client_why why;
    } t[] = { { NAK, DHCP_WHY_REFUSED },
              { { .type = DHCP4_ACK, .addr = ADDR + 1, .server = SERVER, .seconds = 9 }, DHCP_WHY_CHANGED } };
    for (unsigned i = 0; i < 2; i++) {
        struct bed b;
        get(&b, (struct answer)ACK);
        assert_false(say(&b, t[i].say)); /* BOUND: nothing was asked */
        tick_due(&b);
        assert_true(say(&b, t[i].say));
        assert_true(happened(&b));
        assert_int_equal(b.ev.what, DHCP_CLIENT_LOST);
        assert_int_equal(b.ev.why, t[i].why);
        assert_false(pull(&b));
        assert_int_equal(dhcp_client_due(&b.c), NEVER);
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        uint32_t seconds, t1, t2, want_t1, want_t2;
    } t[] = {
        { 1000, 0, 0, 500, 875 },
        { 1000, 100, 200, 100, 200 },
        { 1000, 200, 100, 500, 875 },
        { 1000, 100, 1000, 500, 875 },
        { 1000, 200, 200, 500, 875 },
        { 10, 5, 8, 5, 8 },
        { 4, 0, 0, 2, 3 },
        { 7, 0, 0, 3, 6 },
        { 8, 0, 0, 4, 7 },
        { UINT32_MAX - 1, 0, 0, UINT32_MAX / 2, UINT32_MAX - 1 - UINT32_MAX / 8 },
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct bed b;
        get(&b, (struct answer){ .type = DHCP4_ACK,
                                 .addr = ADDR,
                                 .server = SERVER,
                                 .seconds = t[i].seconds,
                                 .t1 = t[i].t1,
                                 .t2 = t[i].t2 });
        assert_int_equal(b.c.lease.t1, t[i].want_t1);
        assert_int_equal(b.c.lease.t2, t[i].want_t2);
    }
}

/* A server so slow that the lease is over when it comes. */
static void test_over_already(void **state)
{
    (void)state;
    const struct answer brief = { .type = DHCP4_ACK, .addr = ADDR, .server = SERVER, .seconds = 10 };
    struct bed b;
    start(&b);
    assert_int_equal(sent(&b), DHCP4_DISCOVER);
    assert_true(say(&b, (struct answer)OFFER));
    b.now += 9400;
    (void)say(&b, brief);
    assert_int_equal(b.c.state, DHCP_CLIENT_REQUESTING);
    get(&b, (struct answer)ACK);
    tick_due(&b);
    b.now += 10000;
    (void)say(&b, brief);
    assert_int_equal(b.c.state, DHCP_CLIENT_RENEWING);
    assert_int_equal(dhcp_lease_ends(&b.c.lease), BEGIN + 1000000);
}

static void test_for_ever(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer){ .type = DHCP4_ACK, .addr = ADDR, .server = SERVER, .seconds = UINT32_MAX });
    assert_int_equal(dhcp_client_due(&b.c), NEVER);
}

/* ---- giving it back, having had it before ---- */

static void test_release(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer)ACK);
    dhcp_client_release(&b.c, b.now);
    assert_int_equal(sent(&b), DHCP4_RELEASE);
    assert_int_equal(b.m.ciaddr, ADDR);
    assert_int_equal(b.m.flags, 0);
    assert_int_equal(inform_addr4(b.ip.dst), SERVER);
    assert_int_equal(number(&b, DHCP4_OPT_SERVER_ID), SERVER);
    assert_true(has(&b, DHCP4_OPT_CLIENT_ID));
    assert_false(has(&b, DHCP4_OPT_ADDRESS));
    assert_false(pull(&b));
    assert_int_equal(dhcp_client_due(&b.c), NEVER);
    check(&b); /* granted, though not yet checked */
    dhcp_client_release(&b.c, b.now);
    assert_int_equal(sent(&b), DHCP4_RELEASE);
    start(&b); /* nothing to give back */
    dhcp_client_release(&b.c, b.now);
    assert_false(pull(&b));
}

static void test_resume(void **state)
{
    (void)state;
    struct bed b;
    prepare(&b);
    struct dhcp_lease l = { .addr = ADDR, .server = SERVER, .seconds = 1000, .t1 = 500, .t2 = 875, .since = 1000 };
    memcpy(l.server_mac, server_mac, 6);
    b.now = 401000;
    dhcp_client_resume(&b.c, &b.conf, &l, &b.env, b.now);
    assert_true(dhcp_client_has(&b.c));
    assert_false(pull(&b));
    tick_due(&b);
    assert_int_equal(b.now, 501000);
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    assert_int_equal(inform_addr4(b.ip.dst), SERVER);
}

/* RFC 2131 4.3.2, INIT-REBOOT: the times are not known, or over. */
static void test_reboot(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp_lease l = { .addr = ADDR };
    for (unsigned i = 0; i < 3; i++) {
        prepare(&b);
        dhcp_client_resume(&b.c, &b.conf, &l, &b.env, b.now);
        assert_false(dhcp_client_has(&b.c));
        assert_int_equal(sent(&b), DHCP4_REQUEST);
        assert_int_equal(number(&b, DHCP4_OPT_ADDRESS), ADDR);
        assert_false(has(&b, DHCP4_OPT_SERVER_ID));
        assert_int_equal(b.m.ciaddr, 0);
        assert_int_equal(b.m.flags, 0x8000);
        if (i == 0)
            assert_true(say(&b, (struct answer)ACK));
        else if (i == 1)
            assert_true(say(&b, (struct answer)NAK));
        else
            for (unsigned k = 0; k < 3; k++)
                tick_due(&b);
        assert_true(happened(&b));
        assert_int_equal(b.ev.what, i == 0 ? DHCP_CLIENT_GOT : DHCP_CLIENT_LOST);
    }
}

/* While an event waits nothing is taken. */
static void test_event_waits(void **state)
{
    (void)state;
    struct bed b;
    get(&b, (struct answer)ACK);
    tick_due(&b);
    assert_true(say(&b, (struct answer)ACK));
    b.now = dhcp_client_due(&b.c);
    dhcp_client_tick(&b.c, b.now);
    assert_int_equal(b.c.state, DHCP_CLIENT_BOUND);
    assert_false(say(&b, (struct answer)NAK));
    assert_true(happened(&b));
    assert_false(happened(&b));
    dhcp_client_tick(&b.c, b.now);
    assert_int_equal(b.c.state, DHCP_CLIENT_RENEWING);
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= DHCP_CLIENT_ENDED; i++)
        assert_non_null(dhcp_client_state_name((enum dhcp_client_state)i));
    for (unsigned i = 0; i <= DHCP_WHY_CHANGED; i++)
        assert_non_null(dhcp_client_why_text((enum dhcp_client_why)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gets),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_offers_that_are_none),
        cmocka_unit_test(test_acks_that_are_none),
        cmocka_unit_test(test_nak_begins_anew),
        cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_renews),
        cmocka_unit_test(test_renewed_late),
        cmocka_unit_test(test_rebinds_then_expires),
        cmocka_unit_test(test_rebound),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_over_already),
        cmocka_unit_test(test_for_ever),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_reboot),
        cmocka_unit_test(test_event_waits),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The DHCP client's frames: which are heard at all, at every length, and what stands in ours. */
#include "dhcp_client_help.h"

static int hear(struct slice frame, bool summed)
{
    struct dhcp_heard h = { .xid = 77 };
    uint8_t copy[DHCP_CLIENT_FRAME];
    memcpy(copy, frame.p, frame.n);
    int e = dhcp_client_hear(slice_of(copy, frame.n), summed, &h);
    if (e < 0)
        assert_int_equal(h.xid, 77); /* untouched */
    return e;
}

static void test_cut(void **state)
{
    (void)state;
    struct bed b;
    uint8_t buf[DHCP_CLIENT_FRAME];
    const struct answer a = ACK;
    start(&b);
    struct slice f = make(&b, &a, buf);
    assert_int_equal(hear(f, true), 0);
    for (size_t n = 0; n < f.n; n++)
        assert_true(hear(slice_of(f.p, n), true) < 0);
}

/* One byte wrong: the checksums of IP and UDP see it, but for the Ethernet head. */
static void test_checksums(void **state)
{
    (void)state;
    struct bed b;
    uint8_t buf[DHCP_CLIENT_FRAME];
    const struct answer a = ACK;
    start(&b);
    struct slice f = make(&b, &a, buf);
    for (size_t i = 14; i < f.n; i++) {
        buf[i] ^= 1;
        assert_true(hear(f, true) < 0);
        buf[i] ^= 1;
    }
    buf[14 + 20 + 6] ^= 0xff; /* the checksum of UDP, which a virtual cable leaves to nobody */
    assert_true(hear(f, true) < 0);
    assert_int_equal(hear(f, false), 0);
}

static void test_others(void **state)
{
    (void)state;
    static const struct {
        uint16_t from, to;
        bool ok;
    } t[] = { { 67, 68, true }, { 68, 67, false }, { 67, 67, false }, { 68, 68, false }, { 53, 68, false } };
    struct bed b;
    uint8_t buf[DHCP_CLIENT_FRAME];
    const struct answer a = ACK;
    start(&b);
    struct slice f = make(&b, &a, buf);
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct wr w = wr_of(buf + 14 + 20, 4);
        wr_u16(&w, t[i].from);
        wr_u16(&w, t[i].to);
        assert_int_equal(hear(f, false) == 0, t[i].ok);
    }
    f = make(&b, &a, buf);
    for (unsigned i = 0; i < 3; i++) {
        static const uint8_t types[3][2] = { { 0x86, 0xdd }, { 0x81, 0x00 }, { 0x08, 0x05 } };
        memcpy(buf + 12, types[i], 2);
        assert_int_equal(hear(f, true), ERR_UNKNOWN);
    }
    f = make(&b, &a, buf);
    buf[14 + 6] = 0x20; /* more fragments */
    assert_int_equal(hear(f, false), ERR_UNKNOWN);
}

static void test_arp(void **state)
{
    (void)state;
    static const uint8_t good[42] = { 2, 0, 0, 0, 0, 1, 2, 0,  0, 0, 0,  9, 8, 6, 0, 1, 8, 0,  6, 4, 0,
                                      2, 2, 0, 0, 0, 0, 9, 10, 1, 0, 66, 2, 0, 0, 0, 0, 1, 10, 1, 0, 1 };
    static const struct {
        uint8_t at, value;
    } bad[] = { { 15, 6 }, { 16, 9 }, { 18, 8 }, { 19, 16 }, { 21, 3 }, { 21, 0 }, { 20, 1 } };
    struct dhcp_heard h;
    uint8_t f[42];
    assert_int_equal(dhcp_client_hear(slice_of(good, 42), true, &h), 0);
    assert_true(h.arp);
    assert_int_equal(h.from, ADDR);
    assert_int_equal(h.target, 0x0a010001);
    for (size_t n = 0; n < 42; n++)
        assert_true(dhcp_client_hear(slice_of(good, n), true, &h) < 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(f, good, sizeof(f));
        f[bad[i].at] = bad[i].value;
        assert_int_equal(dhcp_client_hear(slice_of(f, 42), true, &h), ERR_UNKNOWN);
    }
}

/* RFC 2131 table 5, DHCPDISCOVER and DHCPREQUEST of SELECTING. */
static void test_discover(void **state)
{
    (void)state;
    struct bed b;
    uint8_t value[64];
    size_t n;
    prepare(&b);
    b.conf.wish = ADDR;
    dhcp_client_init(&b.c, &b.conf, &b.env, b.now);
    assert_int_equal(dhcp_client_pull(&b.c, b.frame, DHCP_CLIENT_FRAME - 1, b.now), 0);
    assert_int_equal(sent(&b), DHCP4_DISCOVER);
    assert_int_equal(b.m.flags, 0x8000);
    assert_int_equal(b.m.htype, 1);
    assert_int_equal(b.m.hlen, 6);
    assert_int_equal(b.m.ciaddr | b.m.yiaddr | b.m.giaddr, 0);
    assert_int_equal(inform_addr4(b.ip.src), 0);
    assert_int_equal(inform_addr4(b.ip.dst), UINT32_MAX);
    assert_int_equal(number(&b, DHCP4_OPT_ADDRESS), ADDR);
    assert_false(has(&b, DHCP4_OPT_SERVER_ID));
    assert_int_equal(dhcp4_get(&b.m, DHCP4_OPT_CLIENT_ID, value, sizeof(value), &n), 0);
    assert_true(slice_eq(slice_of(value, n), slice_str("\1alice")));
    assert_int_equal(dhcp4_get(&b.m, DHCP4_OPT_HOST_NAME, value, sizeof(value), &n), 0);
    assert_true(slice_eq(slice_of(value, n), slice_str("vpn-alice")));
    assert_int_equal(dhcp4_get(&b.m, DHCP4_OPT_SIZE, value, sizeof(value), &n), 0);
    assert_int_equal(value[0] << 8 | value[1], 1500);
    assert_true(say(&b, (struct answer)OFFER));
    assert_int_equal(sent(&b), DHCP4_REQUEST);
    assert_int_equal(number(&b, DHCP4_OPT_ADDRESS), ADDR);
    assert_int_equal(number(&b, DHCP4_OPT_SERVER_ID), SERVER);
    assert_int_equal(b.m.ciaddr, 0);
    assert_int_equal(b.m.flags, 0x8000);
}

/* RFC 5227 2.1.1 */
static void test_probe(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp_heard h;
    start(&b);
    (void)sent(&b);
    assert_true(say(&b, (struct answer)OFFER));
    (void)sent(&b);
    assert_true(say(&b, (struct answer)ACK));
    assert_true(pull(&b));
    assert_int_equal(b.n, 60);
    assert_int_equal(dhcp_client_hear(slice_of(b.frame, b.n), true, &h), 0);
    assert_true(h.arp);
    assert_int_equal(h.from, 0);
    assert_int_equal(h.target, ADDR);
    assert_false(dhcp_client_feed(&b.c, &h, b.now)); /* our own, come back */
}

/* Longer than it may be: cut, never past the end. */
static void test_long_id(void **state)
{
    (void)state;
    struct bed b;
    uint8_t id[DHCP_CLIENT_ID + 1] = { 0 }, value[64];
    char host[DHCP_CLIENT_HOST + 1];
    size_t n;
    memset(host, 'a', sizeof(host) - 1);
    host[sizeof(host) - 1] = 0;
    prepare(&b);
    b.conf.id = slice_of(id, sizeof(id));
    b.conf.host = host;
    dhcp_client_init(&b.c, &b.conf, &b.env, b.now);
    assert_int_equal(sent(&b), DHCP4_DISCOVER);
    assert_int_equal(dhcp4_get(&b.m, DHCP4_OPT_CLIENT_ID, value, sizeof(value), &n), 0);
    assert_int_equal(n, DHCP_CLIENT_ID);
    assert_false(has(&b, DHCP4_OPT_HOST_NAME));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_checksums), cmocka_unit_test(test_others),
        cmocka_unit_test(test_arp),     cmocka_unit_test(test_discover),  cmocka_unit_test(test_probe),
        cmocka_unit_test(test_long_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The server's answers to DHCPINFORM: the captured Windows client, the rules of options 121
 * and 249, and who is not answered. IPv6: test_inform_ipv6.c. */
#include "inform_help.h"

static uint64_t dice;
static const struct env env = { .ctx = &dice, .random = help_random };

struct bed {
    struct inform i;
    struct inform_conf conf;
    struct out out;
    msec now;
};

static void start(struct bed *b)
{
    memset(b, 0, sizeof *b);
    dice = 1;
    b->now = 5000;
    b->conf = help_conf();
    inform_init(&b->i, &b->conf, &env);
    assert_int_equal(inform_due(&b->i), NEVER);
}

/* --- DHCPINFORM ----------------------------------------------------------------------------------------------- */

struct ask {
    uint32_t src, dst, ciaddr;
    uint8_t type, op;
    const char *asked;
    unsigned size; /* option 57; 0: none */
    uint32_t giaddr;
    const char *class; /* option 60 */
};

static const struct ask windows = { CLIENT4, UINT32_MAX, CLIENT4, DHCP4_INFORM, DHCP4_BOOTREQUEST, "\6\54\53\1\371\17",
                                    0,       0,          NULL };

static size_t put_ask(uint8_t *dst, size_t cap, const struct ask *a)
{
    struct dhcp4 m = {
        .op = a->op, .htype = 8, .xid = 0xabad1dea, .secs = 0x0600, .ciaddr = a->ciaddr, .type = a->type
    };
    struct wr w = wr_of(dst, cap);
    m.giaddr = a->giaddr;
    m.chaddr[3] = 0x33;
    size_t at = inform_udp4_begin(&w, a->src, a->dst, DHCP4_CLIENT_PORT, DHCP4_SERVER_PORT);
    size_t message = w.len;
    dhcp4_put_head(&w, &m);
    if (a->asked)
        dhcp4_put(&w, DHCP4_OPT_ASKED, slice_str(a->asked));
    if (a->class)
        dhcp4_put(&w, DHCP4_OPT_VENDOR_CLASS, slice_str(a->class));
    if (a->size)
        dhcp4_put(&w, DHCP4_OPT_SIZE, slice_of((uint8_t[]){ (uint8_t)(a->size >> 8), (uint8_t)a->size }, 2));
    dhcp4_put_end(&w, message);
    inform_udp_end(&w, at);
    assert_true(wr_ok(&w));
    return wr_len(&w);
}

/* Asks, and decodes the answer. False: taken, but not answered. */
static bool ask(struct bed *b, const struct ask *a, struct dhcp4 *m)
{
    uint8_t p[600];
    assert_true(help_feed(&b->i, p, put_ask(p, sizeof p, a), b->now));
    if (!help_pull(&b->i, &b->out))
        return false;
    assert_int_equal(inform_addr4(b->out.ip.src), SERVER4);
    assert_int_equal(inform_addr4(b->out.ip.dst), CLIENT4);
    assert_int_equal(b->out.udp.src_port, 67);
    assert_int_equal(b->out.udp.dst_port, 68);
    assert_true(b->out.udp.payload.n >= 300);
    assert_int_equal(dhcp4_decode(b->out.udp.payload, m), 0);
    struct out more;
    assert_false(help_pull(&b->i, &more));
    return true;
}

static void expect_option(const struct dhcp4 *m, uint8_t option, const void *value, size_t n)
{
    uint8_t buf[DHCP4_OPTION_MAX];
    size_t got = 0;
    assert_int_equal(dhcp4_get(m, option, buf, sizeof buf, &got), 0);
    assert_int_equal(got, n);
    assert_memory_equal(buf, value, n);
}

static void expect_none(const struct dhcp4 *m, uint8_t option)
{
    uint8_t buf[1];
    size_t n;
    assert_int_equal(dhcp4_get(m, option, buf, sizeof buf, &n), ERR_MISSING);
}

static const uint8_t routes_value[] = { 8, 10, 10, 80,  0,  1, 24,  192, 168, 5, 10, 80,
                                        0, 1,  25, 172, 16, 1, 128, 10,  80,  0, 1 };

/* [CAP]: the client of the capture, as it came; its address is the session's. */
static void test_capture(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp4 m;
    uint8_t p[400];
    char line[4096];
    unsigned answered = 0;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    assert_non_null(f);
    start(&b);
    inform_ipv4_up(&b.i, 0xc0a86465);
    while (fgets(line, sizeof line, f)) {
        const char *hex = strstr(line, " C sstp 1000");
        if (!hex || strncmp(hex + 16, "21", 2) != 0)
            continue;
        size_t n = 0;
        for (hex += 18; hex[0] && hex[1] && hex[0] != '\n' && n < sizeof p; hex += 2) {
            unsigned v = 0;
            assert_int_equal(sscanf(hex, "%2x", &v), 1);
            p[n++] = (uint8_t)v;
        }
        if (!help_feed(&b.i, p, n, b.now))
            continue;
        answered++;
        assert_true(help_pull(&b.i, &b.out));
        assert_int_equal(dhcp4_decode(b.out.udp.payload, &m), 0);
        assert_int_equal(m.xid, 0x0ea55ec3);
        assert_int_equal(m.htype, 8);
        assert_int_equal(m.hlen, 0);
        assert_int_equal(m.ciaddr, 0xc0a86465);
        expect_option(&m, 249, routes_value, sizeof routes_value);
    }
    fclose(f);
    assert_int_equal(answered, 2); /* of 61 packets: nothing else is taken */
}

static void test_ack(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp4 m;
    start(&b);
    inform_ipv4_up(&b.i, CLIENT4);
    assert_true(ask(&b, &windows, &m));
    assert_int_equal(m.op, DHCP4_BOOTREPLY);
    assert_int_equal(m.type, DHCP4_ACK);
    assert_int_equal(m.xid, 0xabad1dea);
    assert_int_equal(m.htype, 8);
    assert_int_equal(m.hlen, 0);
    assert_int_equal(m.chaddr[3], 0x33);
    assert_int_equal(m.ciaddr, CLIENT4);
    assert_int_equal(m.yiaddr | m.siaddr | m.giaddr, 0);
    expect_none(&m, DHCP4_OPT_LEASE_TIME);
    expect_option(&m, DHCP4_OPT_SERVER_ID, "\x0a\x50\x00\x01", 4);
    expect_option(&m, DHCP4_OPT_DNS, "\x0a\x50\x00\x35\x0a\x50\x00\x36", 8);
    expect_option(&m, DHCP4_OPT_NBNS, "\x0a\x50\x00\x89", 4);
    expect_option(&m, DHCP4_OPT_DOMAIN, "corp.example.com", 16);
    expect_option(&m, DHCP4_OPT_MS_ROUTES, routes_value, sizeof routes_value);
    expect_none(&m, DHCP4_OPT_ROUTES); /* not asked for */
    expect_none(&m, DHCP4_OPT_MASK);
    expect_none(&m, DHCP4_OPT_VENDOR);
    expect_none(&m, DHCP4_OPT_SEARCH);
    expect_none(&m, DHCP4_OPT_WPAD);
    /* in the order in which it was asked for, after type and server */
    static const uint8_t order[] = { 53, 54, 6, 44, 249, 15 };
    struct rd r = rd_slice(m.areas[0]);
    for (unsigned k = 0; k < sizeof order; k++) {
        assert_int_equal(rd_u8(&r), order[k]);
        rd_skip(&r, rd_u8(&r));
    }
    assert_true(rd_end(&r));
}

static void test_routes_rule(void **state)
{
    (void)state;
    static const struct {
        const char *asked;
        bool has121, has249;
    } rules[] = {
        { "\171", true, false },     { "\371", false, true },     { "\171\371", true, false },
        { "\371\171", true, false }, { "\371\371", false, true }, { "\6", false, false },
    };
    for (unsigned k = 0; k < sizeof rules / sizeof rules[0]; k++) {
        struct bed b;
        struct dhcp4 m;
        struct ask a = windows;
        start(&b);
        inform_ipv4_up(&b.i, CLIENT4);
        a.asked = rules[k].asked;
        assert_true(ask(&b, &a, &m));
        if (rules[k].has121)
            expect_option(&m, 121, routes_value, sizeof routes_value);
        else
            expect_none(&m, 121);
        if (rules[k].has249)
            expect_option(&m, 249, routes_value, sizeof routes_value);
        else
            expect_none(&m, 249);
    }
}

static void test_search_and_wpad(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp4 m;
    struct ask a = windows;
    uint8_t buf[200];
    size_t got = 0;
    struct dns_name names[4];
    unsigned n = 0;
    start(&b);
    inform_ipv4_up(&b.i, CLIENT4);
    a.asked = "\167\374";
    assert_true(ask(&b, &a, &m));
    expect_option(&m, DHCP4_OPT_WPAD, b.conf.wpad, strlen(b.conf.wpad));
    assert_int_equal(dhcp4_get(&m, DHCP4_OPT_SEARCH, buf, sizeof buf, &got), 0);
    assert_int_equal(dns_names_read(slice_of(buf, got), true, names, 4, &n), 0);
    assert_int_equal(n, 2);
    assert_string_equal(names[1].text, "example.com");
}

/* Who says not what it wants gets what every client can use; who wants what we have not gets an empty answer. */
static void test_asks_nothing(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp4 m;
    struct ask a = windows;
    start(&b);
    inform_ipv4_up(&b.i, CLIENT4);
    a.asked = NULL;
    assert_true(ask(&b, &a, &m));
    expect_option(&m, DHCP4_OPT_DOMAIN, "corp.example.com", 16);
    expect_none(&m, 121);
    a.asked = "\1\3\53\63";
    assert_true(ask(&b, &a, &m));
    assert_int_equal(m.areas[0].n, 3 + 6);
    b.conf = (struct inform_conf){ .server_ipv4 = SERVER4 };
    inform_update(&b.i, &b.conf, b.now);
    a.asked = "\6\17\54\167\171\371\374";
    assert_true(ask(&b, &a, &m));
    assert_int_equal(m.areas[0].n, 3 + 6);
}

static void test_not_answered(void **state)
{
    (void)state;
    struct bed b;
    struct dhcp4 m;
    start(&b);
    inform_ipv4_up(&b.i, CLIENT4);
    for (unsigned type = 1; type < 20; type++) { /* everything but an INFORM is swallowed */
        struct ask a = windows;
        a.type = (uint8_t)type;
        assert_int_equal(ask(&b, &a, &m), type == DHCP4_INFORM);
    }
    struct ask a = windows;
    a.src = CLIENT4 + 1; /* somebody else's address */
    assert_false(ask(&b, &a, &m));
    a = windows;
    a.src = 0;
    assert_false(ask(&b, &a, &m));
    a = windows;
    a.ciaddr = CLIENT4 + 1;
    assert_false(ask(&b, &a, &m));
    a = windows;
    a.op = DHCP4_BOOTREPLY;
    assert_false(ask(&b, &a, &m));
    a = windows;
    a.giaddr = 1;
    assert_false(ask(&b, &a, &m));
    a = windows;
    a.ciaddr = 0; /* a client that forgot it is known by its source */
    assert_true(ask(&b, &a, &m));
    assert_int_equal(m.ciaddr, 0);
    a = windows;
    a.dst = SERVER4;
    assert_true(ask(&b, &a, &m));
}

static void test_not_ours(void **state)
{
    (void)state;
    struct bed b;
    struct ask a = windows;
    uint8_t p[600];
    start(&b);
    size_t n = put_ask(p, sizeof p, &a);
    assert_true(n > 28);
    size_t last = n ? n - 1 : 0;                /* gcc does not know what assert_true() means */
    assert_false(help_feed(&b.i, p, n, b.now)); /* IPCP is not open */
    inform_ipv4_up(&b.i, CLIENT4);
    assert_true(help_feed(&b.i, p, n, b.now));
    assert_true(help_pull(&b.i, &b.out));
    for (size_t cut = 0; cut < n; cut++) /* no longer whole: not taken */
        assert_false(help_feed(&b.i, p, cut, b.now));
    p[last] ^= 1; /* taken, but its checksum is wrong */
    assert_true(help_feed(&b.i, p, n, b.now));
    assert_false(help_pull(&b.i, &b.out));
    p[last] ^= 1;
    p[6] = 0x20; /* a fragment */
    assert_false(help_feed(&b.i, p, n, b.now));
    p[6] = 0x40;
    p[10] ^= 1; /* checksum of the IP head */
    assert_true(help_feed(&b.i, p, n, b.now));
    assert_false(help_pull(&b.i, &b.out));
    a.dst = 0x0a010101; /* a DHCP server somewhere else */
    assert_false(help_feed(&b.i, p, put_ask(p, sizeof p, &a), b.now));
    inform_ipv4_up(&b.i, 0); /* no address: no answers */
    a = windows;
    assert_false(help_feed(&b.i, p, put_ask(p, sizeof p, &a), b.now));
}

static unsigned instances(const struct dhcp4 *m, uint8_t option)
{
    unsigned n = 0;
    struct rd r = rd_slice(m->areas[0]);
    while (rd_left(&r)) {
        n += rd_u8(&r) == option;
        rd_take(&r, rd_u8(&r));
    }
    assert_true(rd_ok(&r));
    return n;
}

/* A Microsoft client reads option 250 and no second instance; everybody else the other way round. */
static void test_long_answers_to_microsoft(void **state)
{
    (void)state;
    static const struct {
        const char *class;
        bool microsoft;
    } classes[] = { { "MSFT 5.0", true }, { "MSFT", true }, { NULL, false }, { "MSF", false }, { "anaconda", false } };
    static struct prefix routes[32];
    for (unsigned k = 0; k < 32; k++)
        routes[k] = prefix_v4(0x0a000000 + (k << 8), 32);
    for (unsigned k = 0; k < sizeof classes / sizeof classes[0]; k++) {
        struct bed b;
        struct dhcp4 m;
        struct ask a = windows;
        uint8_t buf[DHCP4_OPTION_MAX];
        size_t n;
        start(&b);
        b.conf.routes = routes;
        b.conf.n_routes = 32;
        inform_init(&b.i, &b.conf, &env);
        inform_ipv4_up(&b.i, CLIENT4);
        a.class = classes[k].class;
        assert_true(ask(&b, &a, &m));
        assert_int_equal(instances(&m, 249), classes[k].microsoft ? 1 : 2);
        assert_int_equal(instances(&m, 250), classes[k].microsoft ? 1 : 0);
        assert_int_equal(dhcp4_get(&m, 249, buf, sizeof buf, &n), 0);
        assert_int_equal(n, 288);
    }
}

/* 32 routes are 288 bytes: RFC 3396 splits them; and what does not fit into what the client can take is left out. */
static void test_long_answers(void **state)
{
    (void)state;
    static struct prefix routes[40];
    static struct dns_name search[3];
    static const struct {
        unsigned size;
        const char *asked;
        unsigned routes;
        bool search, domain;
    } sizes[] = {
        { 0, "\171\167\17", 32, true, true },     { 1400, "\171\167\17", 32, true, true },
        { 65535, "\171\167\17", 32, true, true }, { 576, "\171\167\17", 32, false, false },
        { 1, "\171\167\17", 32, false, false },   { 576, "\167\171\17", 12, true, false },
        { 576, "\167\17\171", 10, true, true },
    };
    for (unsigned k = 0; k < 40; k++)
        routes[k] = prefix_v4(0x0a000000 + (k << 8), 32);
    for (unsigned k = 0; k < 3; k++)
        memset(search[k].text, 'a' + (int)k, 60);
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct bed b;
        struct dhcp4 m;
        struct ask a = windows;
        uint8_t buf[DHCP4_OPTION_MAX];
        size_t n = 0;
        struct dhcp4_route got[40];
        unsigned n_got = 0;
        start(&b);
        b.conf.routes = routes;
        b.conf.n_routes = 40;
        b.conf.search = search;
        b.conf.n_search = 3;
        inform_init(&b.i, &b.conf, &env);
        inform_ipv4_up(&b.i, CLIENT4);
        a.asked = sizes[s].asked;
        a.size = sizes[s].size;
        assert_true(ask(&b, &a, &m));
        if (a.size)
            assert_true(b.out.n <= (a.size < 576 ? 576 : a.size));
        assert_int_equal(dhcp4_get(&m, 121, buf, sizeof buf, &n), 0);
        assert_int_equal(dhcp4_routes(slice_of(buf, n), got, 40, &n_got), 0);
        assert_int_equal(n_got, sizes[s].routes);
        for (unsigned k = 0; k < n_got; k++)
            assert_true(prefix_eq(&got[k].to, &routes[k]) && got[k].router == SERVER4);
        int e = dhcp4_get(&m, DHCP4_OPT_SEARCH, buf, sizeof buf, &n);
        assert_int_equal(e, sizes[s].search ? 0 : ERR_MISSING);
        e = dhcp4_get(&m, DHCP4_OPT_DOMAIN, buf, sizeof buf, &n);
        assert_int_equal(e, sizes[s].domain ? 0 : ERR_MISSING);
    }
}

/* A question in a hurry overtakes one that was not pulled: one answer, to the last. */
static void test_one_slot(void **state)
{
    (void)state;
    struct bed b;
    struct ask a = windows;
    struct dhcp4 m;
    uint8_t p[600];
    start(&b);
    inform_ipv4_up(&b.i, CLIENT4);
    for (unsigned k = 0; k < 100; k++)
        assert_true(help_feed(&b.i, p, put_ask(p, sizeof p, &a), b.now));
    a.asked = "\17";
    assert_true(ask(&b, &a, &m));
    expect_none(&m, DHCP4_OPT_DNS);
    assert_int_equal(inform_due(&b.i), NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capture),
        cmocka_unit_test(test_ack),
        cmocka_unit_test(test_routes_rule),
        cmocka_unit_test(test_search_and_wpad),
        cmocka_unit_test(test_asks_nothing),
        cmocka_unit_test(test_not_answered),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_long_answers),
        cmocka_unit_test(test_long_answers_to_microsoft),
        cmocka_unit_test(test_one_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Pings of the server's link-local address: which are answered, how, and how often. */
#include "inform_help.h"

static uint64_t dice;
static const struct env env = { .ctx = &dice, .random = help_random };

struct bed {
    struct inform i;
    struct inform_conf conf;
    struct out out;
    msec now;
    uint8_t server_ll[16], client_ll[16];
    uint8_t packet[1500];
    size_t n;
};

static void start(struct bed *b)
{
    memset(b, 0, sizeof *b);
    b->now = 5000;
    b->conf = help_conf();
    inform_link_local(server_id, b->server_ll);
    inform_link_local(client_id, b->client_ll);
    inform_init(&b->i, &b->conf, &env);
    inform_ipv6_up(&b->i, server_id, b->now);
    assert_true(help_pull(&b->i, &b->out)); /* the first advertisement */
}

/* An echo request with so many bytes behind identifier and sequence number. */
static void make(struct bed *b, const uint8_t *src, const uint8_t *dst, size_t data)
{
    struct wr w = wr_of(b->packet, sizeof b->packet);
    size_t at = nd_begin(&w, 128, src, dst);
    wr_u32(&w, 0x12340007);
    for (size_t k = 0; k < data; k++)
        wr_u8(&w, (uint8_t)(k * 7));
    nd_end(&w, at);
    assert_true(wr_ok(&w));
    b->n = wr_len(&w);
}

/* Whether there is an answer; every one must be the request turned round. */
static bool answered(struct bed *b)
{
    b->now += 50;
    assert_true(help_feed(&b->i, b->packet, b->n, b->now));
    if (!help_pull(&b->i, &b->out))
        return false;
    assert_int_equal(b->out.n, b->n);
    assert_int_equal(b->out.ip.payload.p[0], 129);
    assert_int_equal(b->out.ip.payload.p[1], 0);
    assert_memory_equal(b->out.ip.payload.p + 4, b->packet + 44, b->n - 44);
    assert_true(inform_addr_is(b->out.ip.src, b->server_ll));
    assert_memory_equal(b->out.ip.dst.p, b->packet + 8, 16);
    assert_false(help_pull(&b->i, &b->out));
    return true;
}

static void test_answered(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 32, 56, INFORM_ECHO_MAX - 4 };
    struct bed b;
    start(&b);
    for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        make(&b, b.client_ll, b.server_ll, sizes[k]);
        assert_true(answered(&b));
    }
    make(&b, b.client_ll, inform_all_nodes, 56);
    assert_true(answered(&b));
    make(&b, b.client_ll, inform_all_routers, 56);
    assert_true(answered(&b));
    uint8_t global[16];
    memcpy(global, b.conf.prefix.addr, 16);
    global[15] = 9;
    make(&b, global, b.server_ll, 56);
    assert_true(answered(&b));
}

static void test_unanswered(void **state)
{
    (void)state;
    static const uint8_t unspecified[16];
    struct bed b;
    start(&b);
    make(&b, b.client_ll, b.server_ll, INFORM_ECHO_MAX - 3);
    assert_false(answered(&b));
    make(&b, unspecified, b.server_ll, 8);
    assert_false(answered(&b));
    make(&b, inform_all_nodes, b.server_ll, 8);
    assert_false(answered(&b));
    make(&b, b.client_ll, b.server_ll, 8);
    b.packet[41] = 1; /* code */
    assert_false(answered(&b));
    b.packet[41] = 0;
    b.packet[50] ^= 1; /* the checksum does not hold */
    assert_false(answered(&b));
    b.packet[50] ^= 1;
    assert_true(answered(&b));
}

/* Not for us: it goes the way of every packet. */
static void test_not_ours(void **state)
{
    (void)state;
    struct bed b;
    uint8_t other[16];
    start(&b);
    memcpy(other, b.client_ll, 16);
    other[15] ^= 1;
    make(&b, b.client_ll, other, 8);
    assert_false(help_feed(&b.i, b.packet, b.n, b.now));
    make(&b, b.client_ll, b.conf.router6, 8); /* the interface's own address */
    assert_false(help_feed(&b.i, b.packet, b.n, b.now));
    make(&b, b.client_ll, b.server_ll, 8);
    b.packet[40] = 129; /* a reply */
    assert_false(help_feed(&b.i, b.packet, b.n, b.now));
    for (size_t cut = 0; cut < b.n; cut++)
        assert_false(help_feed(&b.i, b.packet, cut, b.now));
    assert_false(help_pull(&b.i, &b.out));
}

/* RFC 4443 leaves a router free not to answer a flood: one answer in 50 ms. */
static void test_flood(void **state)
{
    (void)state;
    struct bed b;
    unsigned answers = 0;
    start(&b);
    make(&b, b.client_ll, b.server_ll, 56);
    b.now = 10000;
    for (unsigned k = 0; k < 1000; k++, b.now++) {
        assert_true(help_feed(&b.i, b.packet, b.n, b.now));
        answers += help_pull(&b.i, &b.out);
    }
    assert_int_equal(answers, 20);
    assert_true(inform_due(&b.i) != NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answered),
        cmocka_unit_test(test_unanswered),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

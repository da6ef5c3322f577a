/* What a session may send to the host, packet by packet. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/gate.h"

static struct prefix own[2], nets[2];
static const struct gate_nets gate = { nets, 2 };

static int set_up(void **state)
{
    static const uint8_t six[16] = { 0xfd, 0, 0, 0x80, 0, 0, 0, 7 };
    (void)state;
    own[0] = prefix_v4(0x0a500002, 32);
    own[1] = prefix_v6(six, 64);
    nets[0] = prefix_v4(0x0a500000, 24);
    nets[1] = prefix_v4(0x0a510000, 31);
    return 0;
}

static uint8_t bytes[60];

static struct packet ip4(uint32_t from, uint32_t to)
{
    memset(bytes, 0, sizeof(bytes));
    bytes[0] = 0x45;
    bytes[3] = 20;
    for (unsigned i = 0; i < 4; i++) {
        bytes[12 + i] = (uint8_t)(from >> (24 - 8 * i));
        bytes[16 + i] = (uint8_t)(to >> (24 - 8 * i));
    }
    return (struct packet){ .p = bytes, .n = 20 };
}

static struct packet ip6(uint8_t net, uint8_t to)
{
    memset(bytes, 0, sizeof(bytes));
    bytes[0] = 0x60;
    bytes[8] = 0xfd;
    bytes[11] = 0x80;
    bytes[15] = net;
    bytes[24] = to;
    return (struct packet){ .p = bytes, .n = 40 };
}

static enum drop judge(struct packet p)
{
    return gate_from_session(&p, own, 2, &gate);
}

static void own_sources_pass(void **state)
{
    (void)state;
    assert_int_equal(judge(ip4(0x0a500002, 0x0a500001)), DROP_NONE);
    assert_int_equal(judge(ip4(0x0a500002, 0x08080808)), DROP_NONE);
    assert_int_equal(judge(ip6(7, 0x20)), DROP_NONE);
}

static void other_sources_do_not(void **state)
{
    (void)state;
    assert_int_equal(judge(ip4(0x0a500003, 0x0a500001)), DROP_SPOOFED);
    assert_int_equal(judge(ip4(0, 0x0a500001)), DROP_SPOOFED);
    assert_int_equal(judge(ip4(0x7f000001, 0x0a500001)), DROP_SPOOFED);
    assert_int_equal(judge(ip6(8, 0x20)), DROP_SPOOFED);
    struct packet p = ip4(0x0a500002, 0x0a500001);
    assert_int_equal(gate_from_session(&p, own, 0, &gate), DROP_SPOOFED);
}

static void broadcast_and_multicast_do_not(void **state)
{
    (void)state;
    assert_int_equal(judge(ip4(0x0a500002, 0xffffffff)), DROP_MULTICAST);
    assert_int_equal(judge(ip4(0x0a500002, 0xe00000fb)), DROP_MULTICAST);
    assert_int_equal(judge(ip4(0x0a500002, 0xefffffff)), DROP_MULTICAST);
    assert_int_equal(judge(ip4(0x0a500002, 0x0a5000ff)), DROP_MULTICAST); /* of the first pool */
    assert_int_equal(judge(ip4(0x0a500002, 0x0a510001)), DROP_NONE);      /* a /31 has none */
    assert_int_equal(judge(ip4(0x0a500002, 0x0a5001ff)), DROP_NONE);      /* another network */
    assert_int_equal(judge(ip6(7, 0xff)), DROP_MULTICAST);
}

/* Talk of the link is no attempt to spoof: a client without an address asks for one, and says who it is. */
static void the_links_own_talk_does_not(void **state)
{
    struct packet p = ip6(7, 0x20);
    (void)state;
    p.p[8] = 0xfe;
    assert_int_equal((p.p[9] = 0x80, gate_from_session(&p, own, 2, &gate)), DROP_MULTICAST);
    assert_int_equal((p.p[9] = 0xbf, gate_from_session(&p, own, 2, &gate)), DROP_MULTICAST);
    assert_int_equal((p.p[9] = 0xc0, gate_from_session(&p, own, 2, &gate)), DROP_SPOOFED);
    p = ip6(7, 0xfe);
    p.p[25] = 0x80;
    assert_int_equal(gate_from_session(&p, own, 2, &gate), DROP_MULTICAST);
    p = ip6(0, 0xff); /* duplicate address detection */
    memset(p.p + 8, 0, 16);
    assert_int_equal(gate_from_session(&p, own, 2, &gate), DROP_MULTICAST);
    p.p[24] = 0x20;
    assert_int_equal(gate_from_session(&p, own, 2, &gate), DROP_SPOOFED);
}

static void malformed_does_not(void **state)
{
    (void)state;
    struct packet p = ip4(0x0a500002, 0x0a500001);
    for (uint32_t n = 0; n < 20; n++) {
        p.n = n;
        assert_int_equal(judge(p), DROP_MALFORMED);
    }
    p = ip6(7, 0x20);
    for (uint32_t n = 0; n < 40; n++) {
        p.n = n;
        assert_int_equal(judge(p), DROP_MALFORMED);
    }
    p = ip4(0x0a500002, 0x0a500001);
    bytes[0] = 0x55;
    assert_int_equal(judge(p), DROP_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_sources_pass),
        cmocka_unit_test(other_sources_do_not),
        cmocka_unit_test(broadcast_and_multicast_do_not),
        cmocka_unit_test(malformed_does_not),
        cmocka_unit_test(the_links_own_talk_does_not),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}

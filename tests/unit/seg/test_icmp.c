/* ICMP errors about packets that are too big: what they say, to whom, and what gets no answer. */
#include "made.h"

#include "seg/icmp.h"

static const uint8_t own4[16] = { [10] = 0xff, 0xff, 10, 80, 0, 1 };
static const uint8_t own6[16] = { 0xfd, 0, 0, 0x80, [15] = 1 };
static uint8_t data[9000], packet[MADE_MAX], out[ICMP6_ANSWER_MAX];

static size_t answer(size_t n)
{
    memset(out, 0xee, sizeof out);
    return icmp_too_big(out, sizeof out, slice_of(packet, n), 1400, (packet[0] >> 4) == 4 ? own4 : own6);
}

static void test_v4(void **state)
{
    (void)state;
    for (size_t len = 0; len < 1600; len++) {
        struct made m = made_udp(4, data, len);
        m.tos = 0xb9;
        size_t n = made_packet(&m, packet, false), quote = n < 548 ? n : 548;
        assert_int_equal(answer(n), 28 + quote);
        assert_int_equal(out[0], 0x45);
        assert_int_equal(out[1], 0xd8); /* control precedence, type of service kept, not ECN capable */
        assert_int_equal(out[2] << 8 | out[3], 28 + quote);
        assert_int_equal(out[9], 1);
        assert_memory_equal(out + 12, own4 + 12, 4);
        assert_memory_equal(out + 16, packet + 12, 4);
        assert_int_equal(made_sum(0, out, 20), 0xffff);
        assert_int_equal(made_sum(0, out + 20, 8 + quote), 0xffff);
        static const uint8_t says[] = { 3, 4 }, mtu[] = { 0, 0, 1400 >> 8, 1400 & 0xff };
        assert_memory_equal(out + 20, says, 2);
        assert_memory_equal(out + 24, mtu, 4);
        assert_memory_equal(out + 28, packet, quote);
    }
}

static void test_v6(void **state)
{
    (void)state;
    for (size_t len = 0; len < 1600; len++) {
        struct made m = made_tcp(6, data, len);
        size_t n = made_packet(&m, packet, false), quote = n < 1232 ? n : 1232;
        assert_int_equal(answer(n), 48 + quote);
        static const uint8_t head[] = { 0x60, 0, 0, 0 }, says[] = { 2, 0 }, mtu[] = { 0, 0, 1400 >> 8, 1400 & 0xff };
        assert_memory_equal(out, head, 4);
        assert_int_equal(out[4] << 8 | out[5], 8 + quote);
        assert_int_equal(out[6], 58);
        assert_memory_equal(out + 8, own6, 16);
        assert_memory_equal(out + 24, packet + 8, 16);
        assert_memory_equal(out + 40, says, 2);
        assert_memory_equal(out + 44, mtu, 4);
        assert_memory_equal(out + 48, packet, quote);
        struct made icmp = { .version = 6, .proto = 58 };
        assert_int_equal(made_sum(made_pseudo(&icmp, out, 8 + quote), out + 40, 8 + quote), 0xffff);
    }
}

static size_t v4(uint8_t type)
{
    struct made m = made_udp(4, data, 1500);
    size_t n = made_packet(&m, packet, false);
    if (type != 0xff) {
        packet[9] = 1;
        packet[20] = type;
    }
    return n;
}

static void test_v4_silent(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 255; type++) {
        bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        size_t n = v4((uint8_t)type);
        assert_int_equal(answer(n) == 0, error);
    }
    size_t n = v4(0xff);
    packet[6] = 0; /* no DF: fragment it */
    assert_int_equal(answer(n), 0);
    packet[6] = 0x60;
    assert_int_not_equal(answer(n), 0); /* a first fragment */
    packet[7] = 1;
    assert_int_equal(answer(n), 0); /* another one */
    static const uint8_t sources[][4] = { { 0, 0, 0, 0 },   { 0, 1, 2, 3 },   { 127, 0, 0, 1 },
                                          { 224, 0, 0, 1 }, { 240, 0, 0, 1 }, { 255, 255, 255, 255 } };
    static const uint8_t dests[][4] = { { 224, 0, 0, 1 }, { 239, 1, 2, 3 }, { 255, 255, 255, 255 } };
    for (size_t i = 0; i < sizeof sources / 4; i++) {
        n = v4(0xff);
        memcpy(packet + 12, sources[i], 4);
        assert_int_equal(answer(n), 0);
    }
    for (size_t i = 0; i < sizeof dests / 4; i++) {
        n = v4(0xff);
        memcpy(packet + 16, dests[i], 4);
        assert_int_equal(answer(n), 0);
    }
    packet[2] = packet[3] = 0; /* an ICMP error cannot be told from a packet that ends too early */
    assert_int_equal(answer(n), 0);
    struct made m = made_udp(4, data, 0);
    n = made_packet(&m, packet, false);
    packet[9] = 1;
    made_u16(packet + 2, 20);
    assert_int_equal(answer(n), 0);
}

static void test_v6_silent(void **state)
{
    (void)state;
    struct made m = made_udp(6, data, 1500);
    for (unsigned type = 0; type < 256; type++) {
        size_t n = made_packet(&m, packet, false);
        packet[6] = 58;
        packet[40] = (uint8_t)type;
        assert_int_equal(answer(n) == 0, type < 128 || type == 137);
    }
    size_t n = made_packet(&m, packet, false);
    packet[8] = 0xff; /* multicast source */
    assert_int_equal(answer(n), 0);
    memset(packet + 8, 0, 16);
    assert_int_equal(answer(n), 0);
    packet[23] = 1;
    assert_int_equal(answer(n), 0);
    n = made_packet(&m, packet, false);
    packet[24] = 0xff; /* a multicast destination is answered: path MTU discovery works for it (RFC 4443 2.4) */
    assert_int_not_equal(answer(n), 0);
    m.extensions = 1;
    n = made_packet(&m, packet, false);
    packet[6] = 44;
    memcpy(packet + 42, (uint8_t[]){ 0, 8 }, 2); /* a fragment that is not the first */
    assert_int_equal(answer(n), 0);
    packet[43] = 1; /* the first */
    assert_int_not_equal(answer(n), 0);
}

static void test_no_room(void **state)
{
    (void)state;
    for (int version = 4; version <= 6; version += 2) {
        struct made m = made_udp(version, data, 1500);
        size_t n = made_packet(&m, packet, false), whole = answer(n);
        const uint8_t *own = version == 4 ? own4 : own6;
        assert_int_equal(icmp_too_big(out, whole, slice_of(packet, n), 1400, own), whole);
        memset(out, 0xee, sizeof out);
        for (size_t cap = 0; cap < whole; cap++)
            assert_int_equal(icmp_too_big(out, cap, slice_of(packet, n), 1400, own), 0);
        assert_int_equal(out[0], 0xee);
        for (size_t cut = 0; cut < n; cut++)
            assert_int_equal(icmp_too_big(out, sizeof out, slice_of(packet, cut), 1400, own), 0);
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v4),        cmocka_unit_test(test_v6),      cmocka_unit_test(test_v4_silent),
        cmocka_unit_test(test_v6_silent), cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

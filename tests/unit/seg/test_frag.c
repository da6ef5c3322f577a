/* Fragments put together again by a slow receiver give the packet back; options, lengths, fragments of fragments. */
#include "made.h"

#include "base/err.h"
#include "seg/frag.h"

static uint8_t data[65536], packet[MADE_MAX], got[MADE_MAX], again[MADE_MAX];

/* Cuts `packet` and puts it together as RFC 791 3.2 says; returns the number of fragments. */
static unsigned round_trip(size_t n, unsigned mtu, size_t options_after_first)
{
    struct frag f;
    size_t head = (packet[0] & 15u) * 4, total = head;
    unsigned before = (packet[6] << 8 | packet[7]) & 0x1fff, count = 0;
    bool more = true, had_more = packet[6] & 0x20;
    need(frag_init(&f, slice_of(packet, n), mtu) == 0);
    for (size_t len; (len = frag_next_len(&f)) != 0; count++) {
        need(more || count == 0);
        memset(got, 0xee, len + 1);
        need(frag_next(&f, got) == len && len <= mtu && got[len] == 0xee);
        size_t own = (got[0] & 15u) * 4, at = ((got[6] << 8 | got[7]) & 0x1fffu) - before;
        need(own == (count ? 20 + options_after_first : head));
        need((size_t)(got[2] << 8 | got[3]) == len && made_sum(0, got, own) == 0xffff);
        more = got[6] & 0x20;
        need(!(more && (len - own) % 8));
        need(8 * at == total - head);
        need(got[1] == packet[1] && memcmp(got + 4, packet + 4, 2) == 0 && memcmp(got + 8, packet + 8, 2) == 0 &&
             memcmp(got + 12, packet + 12, 8) == 0);
        if (count == 0)
            need(memcmp(got + 20, packet + 20, head - 20) == 0);
        memcpy(again + total, got + own, len - own);
        total += len - own;
    }
    need(more == had_more && total == n && memcmp(again + head, packet + head, n - head) == 0);
    need(frag_next(&f, got) == 0);
    return count;
}

static struct made plain(size_t n)
{
    struct made m = made_udp(4, data, n);
    m.df = false;
    return m;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 3000; seed++) {
        made_start(seed);
        struct made m = plain(made_random(made_random(2) ? 65500 - 40 : 3000));
        m.ip_options = (uint8_t)(4 * made_random(11));
        m.reserved = made_random(2);
        m.tos = (uint8_t)made_random(256);
        m.mf = made_random(2);
        if (m.mf)
            m.n &= ~(size_t)7;
        size_t n = made_packet(&m, packet, false);
        unsigned offset = made_random((uint32_t)((65535 - n) / 8 + 1));
        packet[6] |= (uint8_t)(offset >> 8);
        packet[7] = (uint8_t)offset;
        round_trip(n, made_random(20) ? 68 + made_random(1500) : 65536, 0); /* no operation is not copied */
    }
}

static void test_fits(void **state)
{
    (void)state;
    made_start(0);
    struct made m = plain(1372);
    size_t n = made_packet(&m, packet, false);
    assert_int_equal(n, 1400);
    assert_int_equal(round_trip(n, 1400, 0), 1);
    assert_memory_equal(got, packet, n);
    assert_int_equal(round_trip(n, 1399, 0), 2);
    assert_int_equal(round_trip(n, 28, 0), 173);
}

/* RFC 791 3.1: the copied flag. Security (130, copied), record route (7, not), stream identifier (136, copied). */
static void test_options(void **state)
{
    (void)state;
    made_start(0);
    struct made m = plain(4000);
    m.ip_options = 24;
    size_t n = made_packet(&m, packet, false);
    static const uint8_t options[24] = { 1, 130, 11, 1, 2, 3, 4, 5,   6, 7,    8,    9,
                                         7, 7,   4,  0, 0, 0, 0, 136, 4, 0xab, 0xcd, 0 };
    memcpy(packet + 20, options, 24);
    memset(packet + 10, 0, 2);
    made_u16(packet + 10, ~made_sum(0, packet, 44));
    assert_int_equal(round_trip(n, 1400, 16), 3);
    static const uint8_t copied[16] = { 130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 136, 4, 0xab, 0xcd, 0 };
    assert_memory_equal(got + 20, copied, 16);
    struct frag f = { .mtu = 77 };
    static const uint8_t bad[][4] = { { 130, 0, 0, 0 }, { 130, 1, 0, 0 }, { 130, 40, 0, 0 }, { 1, 1, 1, 130 } };
    for (size_t i = 0; i < sizeof bad / 4; i++) {
        m.ip_options = 4;
        n = made_packet(&m, packet, false);
        memcpy(packet + 20, bad[i], 4);
        assert_int_equal(frag_init(&f, slice_of(packet, n), 1400), ERR_LENGTH);
        assert_int_equal(f.mtu, 77);
    }
}

static void test_refused(void **state)
{
    (void)state;
    struct frag f = { .mtu = 77 };
    struct made m = plain(100);
    size_t n = made_packet(&m, packet, false);
    for (unsigned mtu = 0; mtu < 28; mtu++)
        assert_int_equal(frag_init(&f, slice_of(packet, n), mtu), ERR_LENGTH);
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(frag_init(&f, slice_of(packet, cut), 1400), ERR_TRUNCATED);
    m.df = true;
    n = made_packet(&m, packet, false);
    assert_int_equal(frag_init(&f, slice_of(packet, n), 1400), ERR_STATE);
    m = made_udp(6, data, 100);
    n = made_packet(&m, packet, false);
    assert_int_equal(frag_init(&f, slice_of(packet, n), 1400), ERR_VERSION);
    m = plain(101 - 8); /* a fragment in the middle of 101 bytes */
    m.mf = true;
    n = made_packet(&m, packet, false);
    assert_int_equal(frag_init(&f, slice_of(packet, n), 1400), ERR_LENGTH);
    m = plain(92); /* one that ends behind 65535 */
    n = made_packet(&m, packet, false);
    made_u16(packet + 6, 0x1fff);
    assert_int_equal(frag_init(&f, slice_of(packet, n), 1400), ERR_LENGTH);
    assert_int_equal(f.mtu, 77);
}

int main(void)
{
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Clamping the MSS: every alignment of the option, both families, whole and partial checksums; what stays as it is. */
#include "made.h"

#include "seg/mss.h"

static uint8_t data[100], packet[4096], want[4096];

/* A SYN whose MSS option stands behind `nops` NOPs. */
static struct made syn(int version, unsigned nops, unsigned mss)
{
    struct made m = made_tcp(version, data, 0);
    m.flags = 0x02;
    memset(m.tcp_options, 1, sizeof m.tcp_options);
    memcpy(m.tcp_options + nops, (uint8_t[]){ 2, 4, (uint8_t)(mss >> 8), (uint8_t)mss }, 4);
    m.tcp_options_len = (uint8_t)((nops + 4 + 3) / 4 * 4);
    return m;
}

static void clamped(const struct made *from, const struct made *to, unsigned mtu, bool partial)
{
    size_t n = made_packet(from, packet, partial);
    assert_int_equal(made_packet(to, want, partial), n);
    assert_int_equal(mss_clamp(packet, n, mtu, partial), memcmp(packet, want, n) != 0);
    assert_memory_equal(packet, want, n);
}

static void test_every_place(void **state)
{
    (void)state;
    for (unsigned nops = 0; nops <= 36; nops++)
        for (int version = 4; version <= 6; version += 2)
            for (int partial = 0; partial < 2; partial++)
                for (unsigned mss = 1300; mss < 9000; mss += 61) {
                    unsigned most = version == 4 ? 1360 : 1340;
                    struct made from = syn(version, nops, mss), to = syn(version, nops, mss < most ? mss : most);
                    from.flags = to.flags = nops & 1 ? 0x02 : 0x12; /* SYN, SYN-ACK */
                    clamped(&from, &to, 1400, partial);
                }
}

static void test_with_other_headers(void **state)
{
    (void)state;
    struct made from = syn(4, 3, 1460), to = syn(4, 3, 1360);
    from.ip_options = to.ip_options = 40;
    clamped(&from, &to, 1400, false);
    from = syn(6, 3, 1460), to = syn(6, 3, 1340);
    from.extensions = to.extensions = 3;
    clamped(&from, &to, 1400, false);
    from = syn(4, 0, 65535), to = syn(4, 0, 4047); /* TCP Fast Open: data in a SYN, even a super-packet of it */
    from.n = to.n = 100;
    from.data = to.data = data;
    clamped(&from, &to, 4087, true);
}

/* A wrong checksum is as wrong afterwards: the receiver has to see it. */
static void test_wrong_stays_wrong(void **state)
{
    (void)state;
    struct made from = syn(4, 1, 1460), to = syn(4, 1, 1360);
    size_t n = made_packet(&from, packet, false);
    made_packet(&to, want, false);
    packet[37] ^= 0x10;
    assert_true(mss_clamp(packet, n, 1400, false));
    uint32_t sum = made_sum(made_pseudo(&to, packet, n - 20), packet + 20, n - 20);
    assert_int_not_equal(sum, 0xffff);
    assert_int_not_equal(packet[36] << 8 | packet[37], want[36] << 8 | want[37]);
}

static void untouched(const struct made *m, unsigned mtu)
{
    clamped(m, m, mtu, false);
}

static void test_left_alone(void **state)
{
    (void)state;
    struct made m = syn(4, 0, 1460);
    untouched(&m, 1500);
    untouched(&m, 40); /* no room for anything */
    untouched(&m, 0);
    m.flags = 0x10;
    untouched(&m, 1400);
    m = syn(4, 0, 1460);
    m.tcp_options_len = 0;
    untouched(&m, 1400);
    m = syn(4, 0, 1460);
    m.tcp_options[0] = 3; /* another option of that length */
    untouched(&m, 1400);
    m = syn(4, 0, 1460);
    m.tcp_options[0] = 0; /* the list ends before it */
    untouched(&m, 1400);
    for (unsigned len = 0; len < 256; len++) {
        m = syn(4, 0, 1460);
        m.tcp_options[1] = (uint8_t)len;
        struct made to = m;
        if (len == 4)
            to = syn(4, 0, 1360);
        clamped(&m, &to, 1400, false);
    }
    m = syn(4, 0, 1460);
    m.proto = 17;
    untouched(&m, 1400);
    size_t n = made_packet(&m, packet, false);
    packet[9] = 17;
    assert_false(mss_clamp(packet, n, 1400, false));
}

/* Cut anywhere, and fragments: nothing is read or written behind the end. */
static void test_cut(void **state)
{
    (void)state;
    for (int version = 4; version <= 6; version += 2) {
        struct made m = syn(version, 0, 1460);
        size_t whole = made_packet(&m, packet, false);
        for (size_t n = 0; n < whole; n++) {
            uint8_t *exact = malloc(n ? n : 1);
            assert_non_null(exact);
            memcpy(exact, packet, n);
            assert_false(mss_clamp(exact, n, 1400, false));
            assert_memory_equal(exact, packet, n);
            free(exact);
        }
    }
    struct made m = syn(4, 0, 1460);
    size_t n = made_packet(&m, packet, false);
    packet[7] = 1; /* a fragment that is not the first: these are no TCP headers */
    assert_false(mss_clamp(packet, n, 1400, false));
    packet[7] = 0;
    packet[6] = 0x20; /* the first one has them */
    assert_true(mss_clamp(packet, n, 1400, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_place), cmocka_unit_test(test_with_other_headers),
        cmocka_unit_test(test_left_alone),  cmocka_unit_test(test_wrong_stays_wrong),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

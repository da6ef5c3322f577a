/* Cutting: against packets made one by one, for every kind of header; and what must be refused. */
#include "made.h"

#include "base/err.h"
#include "seg/gso.h"

static uint8_t data[65536], packet[MADE_MAX], want[MADE_MAX], got[MADE_MAX];

/* A cut that was interrupted before packet i goes on with it, whether the others were skipped or passed over. */
static void resume(const struct gso *passed, const uint8_t vnet[10], size_t whole, uint32_t end, size_t n)
{
    struct gso g, p = *passed;
    need(gso_init(&g, vnet, slice_of(packet, whole)) == 0);
    gso_skip(&g, end);
    need(gso_next(&g, got) == n && memcmp(got, want, n) == 0);
    need(gso_next(&p, got) == n && memcmp(got, want, n) == 0);
    need(gso_end(&g, (uint32_t)whole) == gso_end(&p, (uint32_t)whole));
}

/* Cuts what m describes and compares every packet with its reference. */
static void cut(const struct made *m, size_t size)
{
    uint8_t vnet[10];
    struct made piece;
    struct gso g, passed;
    made_vnet(m, size, vnet);
    size_t whole = made_packet(m, packet, true), i = 0;
    need(gso_init(&g, vnet, slice_of(packet, whole)) == 0);
    need(gso_left(&g) == (m->n + size - 1) / size);
    need(gso_init(&passed, vnet, slice_of(packet, whole)) == 0);
    for (; made_piece(m, size, i, &piece); i++, gso_pass(&passed)) {
        size_t n = made_packet(&piece, want, false);
        need(gso_next_len(&g) == n);
        if (i < 3 || i % 61 == 0)
            resume(i ? &passed : &g, vnet, whole, gso_end(&g, (uint32_t)whole), n);
        memset(got, 0xee, n + 1);
        need(gso_next(&g, got) == n);
        need(memcmp(got, want, n) == 0);
        need(got[n] == 0xee);
    }
    need(gso_next_len(&g) == 0 && gso_left(&g) == 0 && gso_next(&g, got) == 0);
}

static void random_options(struct made *m)
{
    if (made_random(2))
        m->ip_options = m->version == 4 ? (uint8_t)(4 * made_random(11)) : 0;
    if (made_random(2))
        m->extensions = m->version == 6 ? (uint8_t)made_random(4) : 0;
    if (made_random(2))
        m->tcp_options_len = (uint8_t)(4 * made_random(11));
    for (unsigned i = 0; i < m->tcp_options_len; i++)
        m->tcp_options[i] = (uint8_t)made_random(256);
}

static void test_random_flows(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 2000; seed++) {
        made_start(seed);
        size_t size = 1 + made_random(made_random(2) ? 100 : 9000);
        size_t n = 1 + made_random((uint32_t)(size * 50 < 60000 ? size * 50 : 60000));
        struct made m = made_tcp(made_random(2) ? 4 : 6, data + made_random(1000), n);
        m.proto = made_random(3) ? 6 : 17;
        m.tos = (uint8_t)made_random(256);
        m.ttl = (uint8_t)made_random(256);
        m.df = made_random(2);
        m.id = (uint16_t)(made_random(2) ? made_random(65536) : 65530);
        m.label = made_random(1 << 20);
        m.sport = (uint16_t)made_random(65536);
        m.seq = made_random(2) ? made_random(UINT32_MAX) : UINT32_MAX - made_random(3000);
        m.ack = made_random(UINT32_MAX);
        m.flags = (uint8_t)made_random(256);
        m.tcp_low = (uint8_t)made_random(16);
        m.window = (uint16_t)made_random(65536);
        m.urgent = (uint16_t)made_random(65536);
        random_options(&m);
        cut(&m, size);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static const size_t payloads[] = { 1, 2, 1359, 1360, 1361, 2719, 2720, 2721, 61200 };
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
        for (int version = 4; version <= 6; version += 2) {
            struct made tcp = made_tcp(version, data, payloads[i]), udp = made_udp(version, data, payloads[i]);
            cut(&tcp, 1360);
            cut(&udp, 1360);
        }
    struct made largest4 = made_tcp(4, data, 65535 - 40), largest6 = made_tcp(6, data, 65535 - 60);
    cut(&largest4, 1360);
    cut(&largest6, 65535 - 60);
    cut(&largest4, 1);
}

static void test_flags(void **state)
{
    (void)state;
    struct made m = made_tcp(4, data, 3000);
    m.flags = 0x10 | 0x08 | 0x01 | 0x80 | 0x40;
    cut(&m, 1000);
    static const uint8_t flags[] = { 0x10 | 0x80 | 0x40, 0x10 | 0x40, 0x10 | 0x08 | 0x01 | 0x40 };
    uint8_t vnet[10];
    struct gso g;
    made_vnet(&m, 1000, vnet);
    assert_int_equal(gso_init(&g, vnet, slice_of(packet, made_packet(&m, packet, true))), 0);
    for (int i = 0; i < 3; i++) {
        gso_next(&g, got);
        assert_int_equal(got[33], flags[i]);
    }
}

/* RFC 791: the identification goes round; RFC 9293 3.4: so does the sequence number. */
static void test_wraps(void **state)
{
    (void)state;
    struct made m = made_tcp(4, data, 5000);
    m.id = 65534;
    m.seq = UINT32_MAX - 1500;
    cut(&m, 1000);
    assert_int_equal(got[4] << 8 | got[5], 2);
    assert_int_equal((uint32_t)got[24] << 24 | (uint32_t)got[25] << 16 | (uint32_t)got[26] << 8 | got[27], 2499);
}

/* Without NEEDS_CSUM the whole checksum is there, or rubbish: it is made anew. */
static void test_without_partial_checksum(void **state)
{
    (void)state;
    for (int proto = 6; proto <= 17; proto += 11) {
        struct made m = made_tcp(4, data, 2500), piece;
        m.proto = (uint8_t)proto;
        uint8_t vnet[10];
        struct gso g;
        made_vnet(&m, 1200, vnet);
        memset(vnet + 6, 0xff, 4);
        vnet[0] = 0;
        assert_int_equal(gso_init(&g, vnet, slice_of(packet, made_packet(&m, packet, false))), 0);
        for (size_t i = 0; made_piece(&m, 1200, i, &piece); i++) {
            assert_int_equal(gso_next(&g, got), made_packet(&piece, want, false));
            assert_memory_equal(got, want, made_head_len(&m) + piece.n);
        }
    }
}

/* A routing header hides the destination that the checksum covers; only the kernel's partial sum knows it. */
static void test_routing_header(void **state)
{
    (void)state;
    struct made m = made_tcp(6, data, 2000), piece;
    m.extensions = 1;
    uint8_t vnet[10];
    struct gso g;
    made_vnet(&m, 1000, vnet);
    size_t n = made_packet(&m, packet, true);
    packet[6] = 43; /* as if the address in the header were the next hop only, ... */
    packet[39] ^= 9;
    assert_int_equal(gso_init(&g, vnet, slice_of(packet, n)), 0);
    for (size_t i = 0; made_piece(&m, 1000, i, &piece); i++) {
        n = made_packet(&piece, want, false);
        want[6] = 43; /* ... but the checksum is that of the address before */
        want[39] ^= 9;
        assert_int_equal(gso_next(&g, got), n);
        assert_memory_equal(got, want, n);
    }
}

static void one(uint8_t flags, uint16_t start, uint16_t offset, uint8_t vnet[10])
{
    uint16_t v[4] = { 0, 0, start, offset };
    memset(vnet, 0, 10);
    vnet[0] = flags;
    memcpy(vnet + 2, v, 8);
}

static void test_one_packet(void **state)
{
    (void)state;
    uint8_t vnet[10];
    struct gso g;
    for (size_t n = 0; n < 300; n++)
        for (int kind = 0; kind < 4; kind++) {
            struct made m = made_tcp(kind & 1 ? 4 : 6, data + n, n);
            m.proto = kind & 2 ? 6 : 17;
            size_t whole = made_packet(&m, packet, true);
            made_packet(&m, want, false);
            one(1, (uint16_t)made_ip_len(&m), m.proto == 6 ? 16 : 6, vnet);
            assert_int_equal(gso_init(&g, vnet, slice_of(packet, whole)), 0);
            assert_int_equal(gso_next_len(&g), whole);
            assert_int_equal(gso_left(&g), 1);
            assert_int_equal(gso_next(&g, got), whole);
            assert_memory_equal(got, want, whole);
            assert_int_equal(gso_next_len(&g), 0);
            assert_int_equal(gso_next(&g, got), 0);
            /* Nothing to do: as it is, whatever it is. */
            one(2, 0xffff, 0xffff, vnet);
            assert_int_equal(gso_init(&g, vnet, slice_of(packet, whole)), 0);
            assert_int_equal(gso_next(&g, got), whole);
            assert_memory_equal(got, packet, whole);
        }
}

/* A sum of zero is sent as 0xffff: UDP would say "none" (RFC 768), and Linux does so for TCP. */
static void test_zero_checksum(void **state)
{
    (void)state;
    uint8_t vnet[10], two[2];
    struct gso g;
    struct made m = made_udp(4, two, 2);
    memset(two, 0, 2);
    made_packet(&m, packet, false);
    memcpy(two, packet + 26, 2); /* adding the checksum as data makes the new one zero */
    size_t n = made_packet(&m, packet, true);
    one(1, 20, 6, vnet);
    assert_int_equal(gso_init(&g, vnet, slice_of(packet, n)), 0);
    assert_int_equal(gso_next(&g, got), n);
    assert_int_equal(got[26] << 8 | got[27], 0xffff);
    made_vnet(&m, 2, vnet);
    assert_int_equal(gso_init(&g, vnet, slice_of(packet, n)), 0);
    assert_int_equal(gso_next(&g, got), n);
    assert_int_equal(got[26] << 8 | got[27], 0xffff);
}

static void refused(int error, const uint8_t vnet[10], size_t n)
{
    struct gso g = { .size = 77 };
    assert_int_equal(gso_init(&g, vnet, slice_of(packet, n)), error);
    assert_int_equal(g.size, 77);
}

static void test_refused_places(void **state)
{
    (void)state;
    uint8_t vnet[10];
    struct made m = made_tcp(4, data, 100);
    size_t n = made_packet(&m, packet, true);
    one(0, 0, 0, vnet);
    refused(ERR_TRUNCATED, vnet, 0);
    one(1, (uint16_t)(n - 18), 16, vnet); /* the last place there is */
    struct gso g;
    assert_int_equal(gso_init(&g, vnet, slice_of(packet, n)), 0);
    gso_next(&g, got);
    one(1, (uint16_t)(n - 17), 16, vnet);
    refused(ERR_VALUE, vnet, n);
    one(1, 0xffff, 0xffff, vnet);
    refused(ERR_VALUE, vnet, n);
    made_vnet(&m, 50, vnet);
    vnet[6] ^= 4; /* csum_start */
    refused(ERR_VALUE, vnet, n);
    made_vnet(&m, 50, vnet);
    vnet[8] = 6; /* csum_offset */
    refused(ERR_VALUE, vnet, n);
    made_vnet(&m, 0, vnet);
    refused(ERR_VALUE, vnet, n);
}

static void test_refused_types(void **state)
{
    (void)state;
    uint8_t vnet[10];
    for (int version = 4; version <= 6; version += 2)
        for (int proto = 6; proto <= 17; proto += 11)
            for (unsigned type = 1; type < 256; type++) {
                struct made m = made_tcp(version, data, 100);
                m.proto = (uint8_t)proto;
                size_t n = made_packet(&m, packet, true);
                made_vnet(&m, 50, vnet);
                unsigned right = vnet[1];
                vnet[1] = (uint8_t)type;
                struct gso g;
                bool known = type == 1 || type == 4 || type == 5 || type == 0x81 || type == 0x84;
                bool good = type == right || (proto == 6 && type == (right | 0x80));
                int e = gso_init(&g, vnet, slice_of(packet, n));
                assert_int_equal(e, good ? 0 : known ? ERR_VERSION : ERR_UNKNOWN);
            }
}

static void test_refused_lengths(void **state)
{
    (void)state;
    uint8_t vnet[10];
    struct gso g;
    struct made m = made_tcp(4, data, 100);
    made_vnet(&m, 50, vnet);
    for (size_t n = 0; n < 140; n++) {
        made_packet(&m, packet, true);
        assert_true(gso_init(&g, vnet, slice_of(packet, n)) < 0);
    }
    made_packet(&m, packet, true);
    refused(ERR_LENGTH, vnet, 141); /* bytes behind the total length */
    packet[32] = 0x40;              /* TCP header of 16 bytes */
    refused(ERR_LENGTH, vnet, 140);
    m.n = 0;
    made_packet(&m, packet, true);
    refused(ERR_LENGTH, vnet, 40); /* nothing to cut */
    struct made u = made_udp(6, data, 100);
    made_vnet(&u, 50, vnet);
    for (int off = -100; off <= 10; off++) {
        made_packet(&u, packet, true);
        made_u16(packet + 44, (unsigned)(108 + off));
        assert_int_equal(gso_init(&g, vnet, slice_of(packet, 148)), off ? ERR_LENGTH : 0);
    }
}

static void test_refused_fragments(void **state)
{
    (void)state;
    uint8_t vnet[10];
    struct made m = made_tcp(4, data, 100);
    made_vnet(&m, 50, vnet);
    m.mf = true;
    refused(ERR_VALUE, vnet, made_packet(&m, packet, true));
    struct made six = made_tcp(6, data, 100);
    six.extensions = 1;
    made_vnet(&six, 50, vnet);
    size_t n = made_packet(&six, packet, true);
    static const uint8_t bad[] = { 44, 51 }; /* Fragment (whole, RFC 6946) and AH cannot be repeated */
    for (size_t i = 0; i < sizeof bad; i++) {
        packet[6] = bad[i];
        memset(packet + 42, 0, 6);
        refused(ERR_VALUE, vnet, n);
    }
    packet[6] = 0; /* hop-by-hop can */
    struct gso g;
    assert_int_equal(gso_init(&g, vnet, slice_of(packet, n)), 0);
}

int main(void)
{
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_flows),    cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_flags),           cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_routing_header),  cmocka_unit_test(test_without_partial_checksum),
        cmocka_unit_test(test_one_packet),      cmocka_unit_test(test_zero_checksum),
        cmocka_unit_test(test_refused_places),  cmocka_unit_test(test_refused_types),
        cmocka_unit_test(test_refused_lengths), cmocka_unit_test(test_refused_fragments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

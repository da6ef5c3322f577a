/* Packets of unusual size in a stream: super-packets that are cut on the way out, and those that do not fit. */
#include "stream_ends.h"

#include "seg/gso.h"

enum { SUPERS = 12, SUPER = 60040, SUPER_SIZE = 1360 };

/* A TCP super-packet of IPv4 as a TUN queue gives it out: 44 full packets and a short one. */
static void make_super(uint8_t *p, struct packet *out, unsigned k)
{
    struct vnet v = { .flags = VNET_NEEDS_CSUM,
                      .gso_type = VNET_GSO_TCPV4,
                      .hdr_len = 40,
                      .gso_size = SUPER_SIZE,
                      .csum_start = 20,
                      .csum_offset = 16 };
    memset(p, 0, 40);
    p[0] = 0x45;
    p[2] = SUPER >> 8;
    p[3] = SUPER & 0xff;
    p[9] = 6;
    p[15] = 1;
    p[19] = 2;
    p[24] = (uint8_t)k; /* sequence number */
    p[32] = 0x50;
    p[33] = 0x10;
    for (size_t i = 40; i < SUPER; i++)
        p[i] = (uint8_t)(i * 7 + k);
    *out = (struct packet){ .p = p, .n = SUPER };
    vnet_write(out->vnet, &v);
}

static void super_packets_are_cut(bool deaf)
{
    static uint8_t supers[SUPERS][SUPER], got[SUPERS * (SUPER + 45 * 40)], want[sizeof(got)];
    struct batch b = { .n = SUPERS };
    size_t n = 0;
    bring_up();
    client.raw = got;
    client.deaf = deaf;
    for (unsigned k = 0; k < SUPERS; k++) {
        struct gso g;
        make_super(supers[k], &b.at[k], k);
        assert_int_equal(gso_init(&g, b.at[k].vnet, slice_of(supers[k], SUPER)), 0);
        while (gso_next_len(&g))
            n += gso_next(&g, want + n);
    }
    for (unsigned k = 0, step = deaf ? 6 : 2; k < SUPERS; k += step) {
        struct batch some = { .n = step };
        memcpy(some.at, b.at + k, step * sizeof(b.at[0]));
        stream_send(&server.s, &some, now);
        assert_int_equal(!fq_empty(&server.s.queue), deaf);
        if (deaf && k == 0)
            assert_true(server.s.count.packets_out % 45); /* the socket was full in the middle of one */
        client.deaf = false;
        turns(60, 0);
        client.deaf = deaf;
    }
    assert_int_equal(client.got, SUPERS * 45);
    assert_int_equal(server.s.count.packets_out, SUPERS * 45);
    assert_int_equal(client.raw_n, n);
    assert_memory_equal(got, want, n);
    assert_null(server.s.queue.table);
}

static void super_packets_are_cut_at_once(void **state)
{
    int size = 200000; /* what anybody may have */
    (void)state;
    assert_int_equal(setsockopt(server.s.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    super_packets_are_cut(false);
}

static void super_packets_are_cut_behind_a_full_socket(void **state)
{
    (void)state;
    super_packets_are_cut(true);
}

static struct {
    unsigned n;
    uint8_t bytes[1500];
    uint32_t len;
} told;

static void to_host(void *host, const struct batch *b)
{
    assert_ptr_equal(host, &told);
    assert_int_equal(b->n, 1);
    told.n++;
    told.len = b->at[0].n;
    memcpy(told.bytes, b->at[0].p, told.len);
}

/* RFC 1191 4: who sent a packet with DF that does not fit is told what does; at most so many times a second. */
static void what_does_not_fit_is_answered(void **state)
{
    uint8_t p[1401] = { 0x45, 0, 1401 >> 8, 1401 & 0xff, 0, 1, 0x40, 0, 64, 17 };
    struct batch b = { 0 };
    (void)state;
    bring_up();
    assert_int_equal(server.s.mtu, 1400);
    memcpy(p + 12, (uint8_t[]){ 10, 1, 2, 3, 10, 80, 0, 2 }, 8);
    told.n = 0;
    server.bench.to_host = to_host;
    server.bench.host = &told;
    for (unsigned i = 0; i < BATCH_MAX; i++)
        batch_add(&b, p, sizeof(p));
    stream_send(&server.s, &b, now);
    server.bench.to_host = NULL;
    assert_int_equal(server.s.count.drops.n[DROP_TOO_BIG], BATCH_MAX);
    assert_in_range(told.n, 1, 50);
    assert_int_equal(told.bytes[20] << 8 | told.bytes[21], 0x0304); /* fragmentation needed */
    assert_int_equal(told.bytes[26] << 8 | told.bytes[27], 1400);
    assert_memory_equal(told.bytes + 12, ((uint8_t[]){ 10, 80, 0, 1 }),
                        4); /* from the server's address in the tunnel */
    assert_memory_equal(told.bytes + 16, p + 12, 4);
}

/* RFC 4443 2.2: the same in IPv6; where the address is not known, from where the packet was going. */
static void what_does_not_fit_is_answered6(void **state)
{
    static const uint8_t own[16] = { 0xfd, 0, 0, 0x80, [15] = 1 };
    uint8_t p[1401] = { 0x60, [4] = (1401 - 40) >> 8, [5] = (1401 - 40) & 0xff, [6] = 17, [7] = 64 };
    struct batch b = { 0 };
    (void)state;
    bring_up();
    memcpy(p + 8, (uint8_t[16]){ 0xfd, 0, 0, 0x18, [15] = 2 }, 16);
    memcpy(p + 24, (uint8_t[16]){ 0xfd, 0, 0, 0x80, [7] = 1, [15] = 9 }, 16);
    server.bench.to_host = to_host;
    server.bench.host = &told;
    batch_add(&b, p, sizeof(p));
    now += 1000; /* the answers of the test before are forgotten */
    for (unsigned i = 0; i < 2; i++) {
        told.n = 0;
        stream_send(&server.s, &b, now);
        assert_int_equal(told.n, 1);
        assert_int_equal(told.bytes[40] << 8 | told.bytes[41], 0x0200); /* packet too big */
        assert_int_equal(told.bytes[46] << 8 | told.bytes[47], 1400);
        assert_memory_equal(told.bytes + 8, i ? own : p + 24, 16);
        assert_memory_equal(told.bytes + 24, p + 8, 16);
        memcpy(server.s.tunnel6, own, sizeof(own));
    }
    server.bench.to_host = NULL;
}

static void without_df_it_goes_in_fragments(void **state)
{
    static uint8_t p[4000] = { 0x45, 0, 4000 >> 8, 4000 & 0xff, 0, 1, 0, 0, 64, 17 }, got[8192];
    struct batch b = { 0 };
    size_t at = 0, payload = 0;
    (void)state;
    bring_up();
    client.raw = got;
    batch_add(&b, p, sizeof(p));
    stream_send(&server.s, &b, now);
    turns(3, 0);
    assert_int_equal(client.got, 3);
    for (unsigned i = 0; i < 3; i++) {
        size_t n = (size_t)got[at + 2] << 8 | got[at + 3];
        assert_true(n <= 1400);
        assert_int_equal(((got[at + 6] & 0x1f) << 8 | got[at + 7]) * 8, payload);
        assert_int_equal(got[at + 6] >> 5, i < 2 ? 1 : 0); /* more fragments */
        payload += n - 20;
        at += n;
    }
    assert_int_equal(at, client.raw_n);
    assert_int_equal(payload, 4000 - 20);
}

/* In both directions, so that it does not matter who of the two knows better. */
static void the_mss_is_lowered_on_both_ways(void **state)
{
    static uint8_t p[44] = { 0x45, 0, 0, 44, 0, 1, 0x40, 0, 64, 6 }, got[256];
    struct batch b = { 0 };
    (void)state;
    bring_up();
    memcpy(p + 20, (uint8_t[24]){ 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 2, 0, 0, 0, 0, 0, 0, 2, 4, 0x23, 0x28 },
           24);
    client.raw = got;
    batch_add(&b, p, sizeof(p));
    server.s.mtu = 4087; /* one that lets it pass, and one that does not */
    stream_send(&server.s, &b, now);
    turns(3, 0);
    assert_int_equal(client.got, 1);
    assert_int_equal(got[42] << 8 | got[43], 1360);
    client.s.mtu = 4087;
    server.s.mtu = 1300;
    stream_send(&server.s, &b, now);
    turns(3, 0);
    assert_int_equal(client.got, 2);
    assert_int_equal(got[44 + 42] << 8 | got[44 + 43], 1260);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(super_packets_are_cut_at_once),   T(super_packets_are_cut_behind_a_full_socket),
        T(what_does_not_fit_is_answered),   T(what_does_not_fit_is_answered6),
        T(without_df_it_goes_in_fragments), T(the_mss_is_lowered_on_both_ways),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}

/* Two streams, client and server, over a socketpair with real TLS: up, packets, a reader that stalls, every kind of end.
 *
 * The clock is ours; nothing sleeps. PAP keeps authentication to one question, which the test answers itself. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/stream.h"
#include "seg/gso.h"
#include "tls/cert.h"
#include "tls/prim_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET = 1400 };

struct end {
    struct stream s;
    struct stream_bench bench;
    struct tunnel_conf conf;
    struct tls_ctx *tls;
    bool secure, up, down, dead;
    enum tunnel_cause why;
    enum stream_cause cause;
    uint64_t got;  /* packets received */
    uint32_t last; /* number in the last one: they must rise */
    bool deaf;     /* does not read its socket */
    uint8_t *raw;  /* if set, packets are collected here, one behind the other, and not looked at */
    size_t raw_n;
};

static struct end server, client;
static const struct env env = { .random = prim_random, .prim = &prim_host };
static msec now;

static uint8_t *slurp(const char *path, size_t *n)
{
    uint8_t *buf = malloc(16384);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    *n = fread(buf, 1, 16384, f);
    fclose(f);
    return buf;
}

static void make_tls(void)
{
    char dir[] = "/tmp/adit-stream-XXXXXX", cert[64], key[64], err[TLS_ERR_TEXT];
    const char *names[] = { "vpn.test" };
    size_t cert_n, key_n;
    assert_non_null(mkdtemp(dir));
    snprintf(cert, sizeof(cert), "%s/cert", dir);
    snprintf(key, sizeof(key), "%s/key", dir);
    assert_int_equal(cert_self_signed(names, 1, cert, key, err), 0);
    uint8_t *c = slurp(cert, &cert_n), *k = slurp(key, &key_n);
    struct tls_verify v = { .name = "vpn.test", .ca_pem = slice_of(c, cert_n) };
    server.tls = tls_ctx_server(slice_of(c, cert_n), slice_of(k, key_n), err);
    client.tls = tls_ctx_client(&v, err);
    assert_non_null(server.tls);
    assert_non_null(client.tls);
    free(c);
    free(k);
    unlink(cert);
    unlink(key);
    rmdir(dir);
}

static int set_up_all(void **state)
{
    (void)state;
    make_tls();
    tunnel_conf_default(&server.conf, TUNNEL_SERVER);
    tunnel_conf_default(&client.conf, TUNNEL_CLIENT);
    server.conf.methods[0] = client.conf.methods[0] = AUTH_PAP;
    server.conf.n_methods = client.conf.n_methods = 1;
    server.conf.link.ipv4 = client.conf.link.ipv4 = true;
    client.conf.http.host = "vpn.test";
    client.conf.http.correlation = "{48B82435-099A-4158-A987-052E7570CFAA}";
    client.conf.user = slice_str("alice");
    client.conf.password = slice_str("wonderland");
    return stream_bench_init(&server.bench) | stream_bench_init(&client.bench);
}

static int tear_down_all(void **state)
{
    (void)state;
    tls_ctx_free(server.tls);
    tls_ctx_free(client.tls);
    stream_bench_done(&server.bench);
    stream_bench_done(&client.bench);
    return 0;
}

static void start_end(struct end *e, int fd)
{
    struct stream_conf c = { .tls = e->tls,
                             .tunnel = &e->conf,
                             .env = &env,
                             .tls_timeout = 10000,
                             .flush_timeout = 5000,
                             .linger_timeout = 2000 };
    e->secure = e->up = e->down = e->dead = e->deaf = false;
    e->got = e->last = 0;
    e->raw = NULL;
    e->raw_n = 0;
    stream_init(&e->s, &c, &e->bench, fd, now);
}

static int fds[2];

static int set_up(void **state)
{
    int size = 65536;
    (void)state;
    now = 1000000;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    start_end(&server, fds[0]);
    start_end(&client, fds[1]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stream_done(&server.s);
    stream_done(&client.s);
    assert_null(server.s.out.block);
    assert_null(server.s.queue.table);
    assert_null(server.s.carry.block);
    return 0;
}

static void answer(struct end *e, uint32_t ask)
{
    struct auth_verdict v = { .kind = VERDICT_ACCEPT };
    struct params p = { .prefixes = { prefix_v4(0x0a500002, 32) }, .n_prefixes = 1, .server_ipv4 = 0x0a500001 };
    stream_answer(&e->s, ask, &v, &p, now);
}

static void take_events(struct end *e)
{
    struct stream_event ev;
    while (stream_event(&e->s, &ev, now)) {
        assert_false(e->dead); /* nothing comes after DEAD */
        e->secure |= ev.kind == STREAM_EV_SECURE;
        if (ev.kind == STREAM_EV_TUNNEL && ev.tunnel.kind == TUNNEL_EV_ASK)
            answer(e, ev.tunnel.ask);
        e->up |= ev.kind == STREAM_EV_TUNNEL && ev.tunnel.kind == TUNNEL_EV_UP;
        if (ev.kind == STREAM_EV_TUNNEL && ev.tunnel.kind == TUNNEL_EV_DOWN) {
            assert_false(e->down);
            e->down = true;
            e->why = ev.tunnel.cause;
        }
        if (ev.kind == STREAM_EV_DEAD) {
            e->dead = true;
            e->cause = ev.cause;
        }
    }
}

/* Packets carry a number: none may come twice, none out of order, none changed. */
static void check_packets(struct end *e, const struct batch *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        const uint8_t *p = b->at[i].p;
        if (e->raw) {
            memcpy(e->raw + e->raw_n, p, b->at[i].n);
            e->raw_n += b->at[i].n;
            e->got++;
            continue;
        }
        uint32_t number = (uint32_t)p[20] << 24 | (uint32_t)p[21] << 16 | (uint32_t)p[22] << 8 | p[23];
        assert_true(number > e->last);
        e->last = number;
        e->got++;
        assert_int_equal(p[0], 0x45);
        for (uint32_t k = 24; k < b->at[i].n; k++)
            assert_int_equal(p[k], (uint8_t)(number + k));
    }
}

/* One turn of a loop for one end. */
static void turn(struct end *e)
{
    bool more = (stream_wants(&e->s) & LOOP_READ) && !e->deaf;
    while (more) {
        struct batch b = { 0 };
        more = stream_readable(&e->s, &b, now);
        check_packets(e, &b);
        take_events(e);
    }
    if (stream_due(&e->s) <= now)
        stream_tick(&e->s, now);
    take_events(e);
    stream_flush(&e->s, now);
    take_events(e);
}

static void turns(unsigned n, msec step)
{
    for (unsigned i = 0; i < n; i++, now += step) {
        turn(&client);
        turn(&server);
    }
}

static void bring_up(void)
{
    for (unsigned i = 0; i < 200 && !(server.up && client.up); i++)
        turns(1, 20);
    assert_true(server.up && client.up);
    assert_true(server.secure && client.secure);
}

static uint8_t packet_bytes[BATCH_MAX][PACKET];

static void send_numbered(struct end *e, uint32_t first, unsigned n, uint32_t size)
{
    struct batch b = { 0 };
    for (unsigned i = 0; i < n; i++) {
        uint8_t *p = packet_bytes[i];
        uint32_t number = first + i;
        memset(p, 0, 24);
        p[0] = 0x45;
        p[2] = (uint8_t)(size >> 8);
        p[3] = (uint8_t)size;
        for (unsigned k = 0; k < 4; k++)
            p[20 + k] = (uint8_t)(number >> (24 - 8 * k));
        for (uint32_t k = 24; k < size; k++)
            p[k] = (uint8_t)(number + k);
        batch_add(&b, p, size);
    }
    stream_send(&e->s, &b, now);
}

static void packets_flow_both_ways(void **state)
{
    static const uint32_t sizes[] = { 24, 25, 64, 576, 1399, 1400 };
    uint32_t number = 1;
    (void)state;
    bring_up();
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (unsigned n = 1; n <= 40; n += 13, number += 40) {
            send_numbered(&client, number, n, sizes[i]);
            send_numbered(&server, number, n, sizes[i]);
            turns(4, 0);
        }
    assert_int_equal(server.got, client.got);
    assert_int_equal(server.got, 6 * (1 + 14 + 27 + 40));
    assert_int_equal(server.s.count.packets_in, server.got);
    assert_int_equal(server.s.count.packets_out, client.got);
    assert_int_equal(drops_sum(&server.s.count.drops) + drops_sum(&client.s.count.drops), 0);
    assert_null(server.s.out.block); /* nothing is held when there is nothing to hold */
    assert_null(server.s.carry.block);
    assert_null(server.s.queue.table);
}

/* Carries what one end sent to the other, `chunk` bytes at a time. */
static void carry(int from, int to, size_t chunk)
{
    uint8_t buf[4096];
    ssize_t n = recv(from, buf, chunk < sizeof(buf) ? chunk : sizeof(buf), MSG_DONTWAIT);
    if (n > 0)
        assert_int_equal(send(to, buf, (size_t)n, 0), n);
}

static void any_chunk_size_will_do(void **state)
{
    static const size_t chunks[] = { 1, 2, 3, 7, 61, 1000, 4096 };
    (void)state;
    for (unsigned c = 0; c < sizeof(chunks) / sizeof(chunks[0]); c++) {
        int a[2], b[2];
        tear_down(NULL);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b), 0);
        start_end(&server, a[0]);
        start_end(&client, b[0]);
        bool sent = false;
        for (unsigned i = 0; i < 60000 && client.got + server.got < 20; i++) {
            carry(a[1], b[1], chunks[c]);
            carry(b[1], a[1], chunks[c]);
            turns(1, i % 100 == 0);
            if (server.up && client.up && !sent) {
                sent = true;
                send_numbered(&server, 1, 10, PACKET);
                send_numbered(&client, 1, 10, 100);
            }
        }
        assert_int_equal(client.got, 10);
        assert_int_equal(server.got, 10);
        close(a[1]);
        close(b[1]);
    }
}

static void nothing_is_sent_before_it_is_up(void **state)
{
    (void)state;
    send_numbered(&server, 1, 3, 100);
    assert_int_equal(server.s.count.drops.n[DROP_NOT_UP], 3);
    assert_int_equal(server.s.count.packets_out, 0);
    bring_up();
    assert_int_equal(client.got, 0);
}

static void too_long_packets_are_dropped(void **state)
{
    static uint8_t large[5000] = { 0x45 };
    struct batch b = { 0 };
    (void)state;
    bring_up();
    batch_add(&b, large, 4092);
    batch_add(&b, large, 5000);
    batch_add(&b, large, 0);
    stream_send(&server.s, &b, now);
    turns(3, 0);
    assert_int_equal(client.got, 0);
    assert_int_equal(drops_sum(&server.s.count.drops), 3);
}

/* The issue: a client that stops reading costs under 256 KiB, and packets are dropped before TLS, never in the stream. */
static void a_stalled_reader_costs_three_blocks(void **state)
{
    uint32_t number = 1;
    (void)state;
    bring_up();
    client.deaf = true;
    for (unsigned i = 0; i < 300; i++, number += 32, now++) { /* 13 MB */
        send_numbered(&server, number, 32, PACKET);
        turn(&server);
    }
    assert_true(server.s.count.drops.n[DROP_QUEUE] > 9000);
    assert_non_null(server.s.out.block);
    assert_true(fq_memory(&server.s.queue, &server.bench.fq) + STREAM_OUT + STREAM_CARRY < 262144);
    assert_true(stream_wants(&server.s) & LOOP_WRITE);
    client.deaf = false;
    turns(50, 0);
    assert_int_equal(client.got + server.s.count.drops.n[DROP_QUEUE], 9600);
    assert_int_equal(client.got, server.s.count.packets_out);
    assert_null(server.s.out.block);
    assert_null(server.s.queue.table);
    assert_false(stream_wants(&server.s) & LOOP_WRITE);
    uint64_t before = client.got;
    send_numbered(&server, number, 32, PACKET); /* the stream is whole */
    turns(30, 10);
    assert_int_equal(client.got, before + 32);
}

static void an_orderly_end_is_told_to_both(void **state)
{
    (void)state;
    bring_up();
    stream_close(&server.s, TUNNEL_CAUSE_LOCAL, 0, now);
    turns(200, 50);
    assert_true(server.down && client.down);
    assert_int_equal(server.why, TUNNEL_CAUSE_LOCAL);
    assert_int_equal(client.why, TUNNEL_CAUSE_PEER);
    assert_true(server.dead && client.dead);
    assert_int_equal(server.cause, STREAM_CAUSE_NONE);
    assert_int_equal(stream_wants(&server.s), 0);
    assert_true(stream_due(&server.s) == NEVER);
}

static void an_end_towards_a_stalled_peer_is_bounded(void **state)
{
    (void)state;
    bring_up();
    client.deaf = true;
    for (uint32_t i = 0; i < 20; i++)
        send_numbered(&server, 1 + i * 32, 32, PACKET);
    stream_close(&server.s, TUNNEL_CAUSE_LOCAL, 0, now);
    for (unsigned i = 0; i < 400 && !server.dead; i++, now += 50)
        turn(&server);
    assert_true(server.down && server.dead);
}

static void a_lost_peer_ends_it(void **state)
{
    (void)state;
    bring_up();
    assert_int_equal(shutdown(client.s.fd, SHUT_RDWR), 0);
    turn(&server);
    assert_true(server.down && server.dead);
    assert_int_equal(server.why, TUNNEL_CAUSE_LOST);
    assert_int_equal(server.cause, STREAM_CAUSE_LOST);
}

static void sending_to_a_lost_peer_ends_it(void **state)
{
    (void)state;
    bring_up();
    assert_int_equal(shutdown(client.s.fd, SHUT_RDWR), 0);
    send_numbered(&server, 1, 32, PACKET);
    send_numbered(&server, 33, 32, PACKET);
    take_events(&server);
    assert_true(server.down && server.dead);
    send_numbered(&server, 65, 32, PACKET); /* harmless */
    assert_int_equal(server.s.count.drops.n[DROP_NOT_UP] >= 32, 1);
}

static void a_silent_peer_meets_the_deadline(void **state)
{
    (void)state;
    turn(&server);
    assert_true(stream_due(&server.s) == now + 10000);
    now += 9999;
    turn(&server);
    assert_false(server.dead);
    now += 1;
    turn(&server);
    assert_true(server.dead && !server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_DEADLINE);
    assert_null(server.s.tls); /* a connection that says nothing costs no TLS */
}

static void garbage_instead_of_tls_ends_it(void **state)
{
    static const char junk[] = "SSH-2.0-OpenSSH_9.2p1 Debian\r\n";
    (void)state;
    assert_int_equal(send(client.s.fd, junk, sizeof(junk), 0), sizeof(junk));
    turn(&server);
    assert_true(server.dead && !server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_TLS);
}

static void damaged_ciphertext_ends_it(void **state)
{
    static uint8_t junk[100] = { 23, 3, 3, 0, 95 };
    (void)state;
    bring_up();
    assert_int_equal(send(client.s.fd, junk, sizeof(junk), 0), sizeof(junk));
    turn(&server);
    assert_true(server.dead && server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_TLS);
    assert_int_equal(server.why, TUNNEL_CAUSE_LOST);
}

static void abort_is_at_once(void **state)
{
    (void)state;
    bring_up();
    stream_abort(&server.s, STREAM_CAUSE_ABORT);
    take_events(&server);
    assert_true(server.dead && !server.down);
    assert_int_equal(server.cause, STREAM_CAUSE_ABORT);
}

static void closing_during_the_handshake_is_at_once(void **state)
{
    (void)state;
    stream_close(&server.s, TUNNEL_CAUSE_LOCAL, 0, now);
    take_events(&server);
    assert_true(server.dead && !server.down);
}

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
    assert_memory_equal(told.bytes + 12, p + 16, 4); /* from where it was going */
    assert_memory_equal(told.bytes + 16, p + 12, 4);
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

/* Keys may change at any time (RFC 8446 4.6.3), in both directions, and nothing is lost. */
static void new_keys_lose_nothing(void **state)
{
    uint32_t number = 1;
    (void)state;
    bring_up();
    for (unsigned i = 0; i < 300; i++, number += 20) {
        if (i % 3 == 0)
            assert_int_equal(tls_key_update(i % 2 ? server.s.tls : client.s.tls, i % 4 != 0), 0);
        send_numbered(&client, number, 20, PACKET);
        send_numbered(&server, number, 20, PACKET);
        turns(2, 0);
    }
    turns(4, 0);
    assert_int_equal(server.got, 6000);
    assert_int_equal(client.got, 6000);
    assert_int_equal(drops_sum(&server.s.count.drops) + drops_sum(&client.s.count.drops), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(packets_flow_both_ways),
        T(any_chunk_size_will_do),
        T(nothing_is_sent_before_it_is_up),
        T(too_long_packets_are_dropped),
        T(super_packets_are_cut_at_once),
        T(super_packets_are_cut_behind_a_full_socket),
        T(new_keys_lose_nothing),
        T(what_does_not_fit_is_answered),
        T(without_df_it_goes_in_fragments),
        T(the_mss_is_lowered_on_both_ways),
        T(a_stalled_reader_costs_three_blocks),
        T(an_orderly_end_is_told_to_both),
        T(an_end_towards_a_stalled_peer_is_bounded),
        T(a_lost_peer_ends_it),
        T(sending_to_a_lost_peer_ends_it),
        T(a_silent_peer_meets_the_deadline),
        T(garbage_instead_of_tls_ends_it),
        T(damaged_ciphertext_ends_it),
        T(abort_is_at_once),
        T(closing_during_the_handshake_is_at_once),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}

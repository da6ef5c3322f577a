/* Two streams over a socketpair with real TLS, for the tests of src/dp/stream*.c. The clock is ours; nothing sleeps. */
#ifndef ADIT_TESTS_STREAM_ENDS_H
#define ADIT_TESTS_STREAM_ENDS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dp/stream.h"
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

static inline uint8_t *slurp(const char *path, size_t *n)
{
    uint8_t *buf = malloc(16384);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    *n = fread(buf, 1, 16384, f);
    fclose(f);
    return buf;
}

static inline void make_tls(void)
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

static inline int set_up_all(void **state)
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

static inline int tear_down_all(void **state)
{
    (void)state;
    tls_ctx_free(server.tls);
    tls_ctx_free(client.tls);
    stream_bench_done(&server.bench);
    stream_bench_done(&client.bench);
    return 0;
}

static inline void start_end(struct end *e, int fd)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    (void)state;
    stream_done(&server.s);
    stream_done(&client.s);
    assert_null(server.s.out.block);
    assert_null(server.s.queue.table);
    assert_null(server.s.carry.block);
    return 0;
}

static inline void answer(struct end *e, uint32_t ask)
{
    struct auth_verdict v = { .kind = VERDICT_ACCEPT };
    struct params p = { .prefixes = { prefix_v4(0x0a500002, 32) }, .n_prefixes = 1, .server_ipv4 = 0x0a500001 };
    stream_answer(&e->s, ask, &v, &p, now);
}

static inline void take_events(struct end *e)
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
static inline void check_packets(struct end *e, const struct batch *b)
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
static inline void turn(struct end *e)
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

static inline void turns(unsigned n, msec step)
{
    for (unsigned i = 0; i < n; i++, now += step) {
        turn(&client);
        turn(&server);
    }
}

static inline void bring_up(void)
{
    for (unsigned i = 0; i < 200 && !(server.up && client.up); i++)
        turns(1, 20);
    assert_true(server.up && client.up);
    assert_true(server.secure && client.secure);
}

static uint8_t packet_bytes[BATCH_MAX][PACKET];

static inline struct batch numbered(uint32_t first, unsigned n, uint32_t size)
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
    return b;
}

static inline void send_numbered(struct end *e, uint32_t first, unsigned n, uint32_t size)
{
    struct batch b = numbered(first, n, size);
    stream_send(&e->s, &b, now);
}

#endif

/* A client session without a TUN; see member.h. */
#include "member.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/sock.h"
#include "tls/prim_host.h"

enum { IP_HEAD = 20, ICMP_HEAD = 8, ECHO_MAX = 1400, ICMP_ECHO = 8, ICMP_REPLY = 0, PEER_SILENT = 90000 };

int64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool make_tls(struct crowd *c, const char *pin)
{
    struct base64_decode_ctx b;
    uint8_t raw[BASE64_DECODE_LENGTH(44)];
    char err[TLS_ERR_TEXT];
    size_t n = 0;
    base64_decode_init(&b);
    if (strncmp(pin, "sha256//", 8) != 0 || !base64_decode_update(&b, &n, raw, strlen(pin + 8), pin + 8) || n != 32)
        return false;
    struct tls_verify v = { .name = "bench.test", .pins = slice_of(raw, 32) };
    (void)tls_wide_gcm(true); /* as the client */
    c->tls = tls_ctx_client(&v, err);
    return c->tls;
}

bool crowd_init(struct crowd *c, char **argv)
{
    c->server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])) };
    c->sources = (unsigned)atoi(argv[5]);
    tls_prepare(); /* as adit does */
    c->loop = loop_new();
    if (!c->loop || inet_pton(AF_INET, argv[0], &c->server.sin_addr) != 1 || !c->sources || !make_tls(c, argv[4]) ||
        stream_bench_init(&c->bench) < 0) {
        fprintf(stderr, "bad address, sources or pin\n");
        return false;
    }
    tunnel_conf_default(&c->conf, TUNNEL_CLIENT);
    c->conf.http.host = "bench.test";
    c->conf.http.correlation = "{00000000-0000-4000-8000-000000000001}";
    c->conf.user = slice_str(argv[2]);
    c->conf.password = slice_str(argv[3]);
    c->conf.methods[0] = AUTH_MSCHAPV2;
    c->conf.n_methods = 1;
    c->env = (struct env){ .random = prim_random, .prim = &prim_host };
    return true;
}

static void gone(struct member *m, bool in_order, const char *why)
{
    m->open = false;
    watch_free(m->watch); /* before the descriptor is closed */
    timer_free(m->timer);
    m->watch = NULL;
    m->timer = NULL;
    if (m->dialling)
        close(m->fd);
    else
        stream_done(&m->stream);
    m->crowd->on(m, MEMBER_GONE, in_order, why);
}

static void on_tunnel(struct member *m, const struct tunnel_event *ev, const char **why)
{
    if (ev->kind == TUNNEL_EV_DOWN && !m->closing)
        *why = tunnel_cause_text(ev->cause);
    if (ev->kind != TUNNEL_EV_UP || !ev->ipv4 || m->up)
        return;
    m->up = true;
    m->address = ev->ip.our_addr;
    m->peer = ev->ip.peer_addr;
    m->crowd->on(m, MEMBER_UP, 1, NULL);
}

/* TLS was all that was wanted: end as a client does that goes away after it. The server's end of it follows. */
static void on_secure(struct member *m)
{
    m->secure = true;
    m->crowd->on(m, MEMBER_SECURE, 1, NULL);
    if (m->only_handshake)
        (void)shutdown(m->stream.fd, SHUT_WR);
}

/* Returns false when the member has gone. */
static bool take_events(struct member *m)
{
    struct stream_event ev;
    const char *why = NULL;
    while (stream_event(&m->stream, &ev, loop_now(m->crowd->loop))) {
        switch (ev.kind) {
        case STREAM_EV_SECURE:
            on_secure(m);
            break;
        case STREAM_EV_TUNNEL:
            on_tunnel(m, &ev.tunnel, &why);
            break;
        case STREAM_EV_DEAD:
            if (!why && ev.cause != STREAM_CAUSE_NONE)
                why = *ev.text ? ev.text : stream_cause_text(ev.cause);
            gone(m, !why, why);
            return false;
        case STREAM_EV_NONE:
            break;
        }
    }
    return true;
}

static void turn(struct member *m)
{
    for (int round = 0; round < 2; round++) {
        if (!take_events(m))
            return;
        if (!(m->only_handshake && m->secure))
            stream_flush(&m->stream, loop_now(m->crowd->loop));
    }
    watch_set(m->watch, m->stalled ? 0 : stream_wants(&m->stream));
    timer_set(m->timer, m->stalled ? NEVER : stream_due(&m->stream));
}

/* An answer to one of ours? Header, identifier and length are checked, the payload is zeros. */
static bool is_pong(struct member *m, const struct packet *p)
{
    const uint8_t *b = p->p;
    if (p->n < IP_HEAD + ICMP_HEAD || b[0] != 0x45 || b[9] != IPPROTO_ICMP || b[IP_HEAD] != ICMP_REPLY)
        return false;
    if ((uint16_t)(b[IP_HEAD + 4] << 8 | b[IP_HEAD + 5]) != (uint16_t)m->index)
        return false;
    if ((uint16_t)(b[IP_HEAD + 6] << 8 | b[IP_HEAD + 7]) == m->seq)
        m->rtt = nanoseconds() - m->pinged;
    return true;
}

static void connected(struct member *m)
{
    struct crowd *c = m->crowd;
    struct stream_conf conf = { .tls = c->tls,
                                .tunnel = &c->conf,
                                .env = &c->env,
                                .tls_timeout = SECONDS(30),
                                .flush_timeout = SECONDS(5),
                                .linger_timeout = SECONDS(2) };
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err || sock_session_setup(m->fd, PEER_SILENT) < 0) {
        gone(m, false, err ? strerror(err) : "socket options");
        return;
    }
    m->dialling = false;
    stream_init(&m->stream, &conf, &c->bench, m->fd, loop_now(c->loop));
    turn(m);
}

static void on_socket(void *ctx, int events)
{
    struct member *m = ctx;
    static struct batch b;
    bool more = events & LOOP_READ;
    if (m->dialling) {
        connected(m);
        return;
    }
    for (int i = 0; more && i < 8; i++) {
        unsigned n = 0;
        batch_clear(&b);
        more = stream_readable(&m->stream, &b, loop_now(m->crowd->loop));
        for (unsigned k = 0; k < b.n; k++)
            n += is_pong(m, &b.at[k]);
        m->pongs += n;
        if (n && m->up)
            m->crowd->on(m, MEMBER_PONGS, n, NULL);
        if (more && !take_events(m))
            return;
    }
    turn(m);
}

static void on_timer(void *ctx)
{
    struct member *m = ctx;
    if (m->dialling)
        return;
    stream_tick(&m->stream, loop_now(m->crowd->loop));
    turn(m);
}

static int dial(const struct crowd *c, unsigned index)
{
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc6130001u + index % c->sources) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) == 0 &&
        (connect(fd, (const struct sockaddr *)&c->server, sizeof c->server) == 0 || errno == EINPROGRESS))
        return fd;
    close(fd);
    return -1;
}

bool member_start(struct crowd *c, struct member *m, unsigned index)
{
    bool only_handshake = m->only_handshake;
    int fd = dial(c, index);
    if (fd < 0)
        return false;
    memset((uint8_t *)m + sizeof m->stream, 0, sizeof *m - sizeof m->stream);
    m->only_handshake = only_handshake;
    m->crowd = c;
    m->index = index;
    m->open = m->dialling = true;
    m->fd = fd;
    m->started = nanoseconds();
    m->watch = watch_new(c->loop, fd, LOOP_WRITE, on_socket, m);
    m->timer = timer_new(c->loop, on_timer, m);
    return m->watch && m->timer;
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

/* RFC 1071, over an even number of bytes. */
static unsigned checksum(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* RFC 791, RFC 792: an echo request from our address in the tunnel to the server's. The payload is zeros. */
static void build_echo(struct member *m, uint8_t *p, size_t bytes)
{
    memset(p, 0, IP_HEAD + ICMP_HEAD);
    p[0] = 0x45;
    put16(p + 2, (unsigned)bytes);
    p[8] = 64;
    p[9] = IPPROTO_ICMP;
    put32(p + 12, m->address);
    put32(p + 16, m->peer);
    put16(p + 10, checksum(p, IP_HEAD));
    p[IP_HEAD] = ICMP_ECHO;
    put16(p + IP_HEAD + 4, (uint16_t)m->index);
    put16(p + IP_HEAD + 6, ++m->seq);
    put16(p + IP_HEAD + 2, checksum(p + IP_HEAD, ICMP_HEAD));
}

void member_echo(struct member *m, unsigned n, size_t bytes)
{
    static uint8_t mem[BATCH_MAX][PACKET_HEAD + ECHO_MAX];
    static struct batch b;
    bytes = bytes > ECHO_MAX ? ECHO_MAX : bytes & ~(size_t)1;
    m->pinged = nanoseconds();
    while (n) {
        batch_clear(&b);
        for (; n && !batch_full(&b); n--) {
            uint8_t *p = mem[b.n] + PACKET_HEAD;
            build_echo(m, p, bytes);
            batch_add(&b, p, bytes);
        }
        stream_send(&m->stream, &b, loop_now(m->crowd->loop));
    }
    watch_set(m->watch, m->stalled ? 0 : stream_wants(&m->stream));
}

void member_stall(struct member *m, bool stalled)
{
    m->stalled = stalled;
    watch_set(m->watch, stalled ? 0 : stream_wants(&m->stream));
    timer_set(m->timer, stalled ? NEVER : stream_due(&m->stream));
}

/* The owner may call this from MEMBER_PONGS: nothing is taken or freed here. */
void member_close(struct member *m)
{
    msec now = loop_now(m->crowd->loop);
    m->closing = true;
    stream_close(&m->stream, TUNNEL_CAUSE_LOCAL, 0, now);
    timer_set(m->timer, now);
}

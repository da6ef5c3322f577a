/* A swarm of client sessions in one process, for tests that need a thousand: no TUN, packets received are counted only.
 *
 * swarm SERVER PORT USER PASSWORD PIN N SOURCES [STALL]: N sessions from the first SOURCES addresses of 198.19.0.0/16
 * (198.19.0.1, 198.19.0.2, …), 32 set-ups at a time. With STALL = k every k-th session stops reading once it is up.
 * N = 0: one at a time, each for a line on standard input: it ends once it is up (`up`), or cannot be (`failed WHY`), and
 * `down` says that it is over; a line that comes before that cuts it short.
 * Prints `stalled ADDRESS` for those, `all up` when every session is up, `failed WHY` for one that is not, `all down`
 * when the last has ended. SIGUSR1 prints `count PACKETS`. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <nettle/base64.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dp/stream.h"
#include "loop/loop.h"
#include "net/sock.h"
#include "tls/prim_host.h"
#include "tls/tls.h"

enum { PARALLEL = 32 };

struct member {
    struct stream stream;
    struct watch *watch;
    struct timer *timer;
    struct swarm *swarm;
    unsigned index;
    bool open, up, stalled;
};

struct swarm {
    struct loop *loop;
    struct stream_bench bench;
    struct tls_ctx *tls;
    struct tunnel_conf conf;
    struct env env;
    struct member **members;
    struct sockaddr_in server;
    unsigned n, started, n_up, n_down, sources, stall;
    uint64_t packets;
};

static void start_more(struct swarm *s);

static void say(const char *word, const char *what)
{
    printf("%s%s%s\n", word, *what ? " " : "", what);
    fflush(stdout);
}

static void drop_member(struct member *m)
{
    struct swarm *s = m->swarm;
    if (!m->open)
        return;
    m->open = false;
    watch_free(m->watch); /* before the descriptor is closed */
    timer_free(m->timer);
    stream_done(&m->stream);
    if (s->n == 0) {
        say("down", "");
        return;
    }
    s->n_down++;
    if (!m->up)
        start_more(s);
    if (s->n_down == s->n)
        say("all down", "");
}

static void went_up(struct member *m, const struct tunnel_event *ev)
{
    struct swarm *s = m->swarm;
    char text[PREFIX_TEXT];
    struct prefix a = prefix_v4(ev->ip.our_addr, 32);
    if (m->up || !ev->ipv4)
        return;
    m->up = true;
    if (s->n == 0) {
        say("up", "");
        stream_close(&m->stream, TUNNEL_CAUSE_LOCAL, 0, loop_now(s->loop));
        return;
    }
    s->n_up++;
    m->stalled = s->stall && m->index % s->stall == 0;
    if (m->stalled)
        say("stalled", prefix_text(&a, text));
    if (s->n_up == s->n)
        say("all up", "");
    start_more(s);
}

static void turn(struct member *m)
{
    struct stream_event ev;
    msec now = loop_now(m->swarm->loop);
    for (int round = 0; round < 2; round++) {
        while (stream_event(&m->stream, &ev, now)) {
            if (ev.kind == STREAM_EV_TUNNEL && ev.tunnel.kind == TUNNEL_EV_UP)
                went_up(m, &ev.tunnel);
            if (ev.kind == STREAM_EV_TUNNEL && ev.tunnel.kind == TUNNEL_EV_DOWN && !m->up)
                say("failed", tunnel_cause_text(ev.tunnel.cause));
            if (ev.kind == STREAM_EV_DEAD) {
                if (!m->up && ev.cause != STREAM_CAUSE_NONE)
                    say("failed", stream_cause_text(ev.cause));
                drop_member(m);
                return;
            }
        }
        stream_flush(&m->stream, now);
    }
    watch_set(m->watch, m->stalled ? 0 : stream_wants(&m->stream));
    timer_set(m->timer, m->stalled ? NEVER : stream_due(&m->stream));
}

static void on_socket(void *ctx, int events)
{
    struct member *m = ctx;
    static struct batch b;
    bool more = events & LOOP_READ;
    for (int i = 0; more && i < 8; i++) {
        batch_clear(&b);
        more = stream_readable(&m->stream, &b, loop_now(m->swarm->loop));
        m->swarm->packets += b.n;
        if (more)
            turn(m);
        if (!m->open)
            return;
    }
    turn(m);
}

static void on_timer(void *ctx)
{
    struct member *m = ctx;
    stream_tick(&m->stream, loop_now(m->swarm->loop));
    turn(m);
}

static int dial(struct swarm *s, unsigned index)
{
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc6130001u + index % s->sources) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0 ||
        connect(fd, (struct sockaddr *)&s->server, sizeof s->server) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        say("failed", strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

static void start_one(struct swarm *s, unsigned index)
{
    free(s->members[index]);
    struct member *m = calloc(1, sizeof *m);
    struct stream_conf c = { .tls = s->tls,
                             .tunnel = &s->conf,
                             .env = &s->env,
                             .tls_timeout = SECONDS(30),
                             .flush_timeout = SECONDS(5),
                             .linger_timeout = SECONDS(1) };
    int fd = dial(s, index);
    if (!m || fd < 0 || sock_session_setup(fd, 90000) < 0)
        exit(1);
    stream_init(&m->stream, &c, &s->bench, fd, loop_now(s->loop));
    s->members[index] = m;
    m->swarm = s;
    m->index = index;
    m->open = true;
    m->watch = watch_new(s->loop, fd, LOOP_READ, on_socket, m);
    m->timer = timer_new(s->loop, on_timer, m);
    if (!m->watch || !m->timer)
        exit(1);
    turn(m);
}

static void start_more(struct swarm *s)
{
    while (s->started < s->n && s->started - s->n_up < PARALLEL)
        start_one(s, s->started++);
}

static void on_order(void *ctx, int events)
{
    struct swarm *s = ctx;
    char line[64];
    (void)events;
    if (read(STDIN_FILENO, line, sizeof line) <= 0) {
        loop_stop(s->loop, 0);
    } else if (s->members[0] && s->members[0]->open) {
        stream_abort(&s->members[0]->stream, STREAM_CAUSE_ABORT);
        turn(s->members[0]);
    } else {
        start_one(s, 0);
    }
}

static void on_signal(void *ctx, int signo)
{
    struct swarm *s = ctx;
    char text[32];
    if (signo == SIGUSR1) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)s->packets);
        say("count", text);
        return;
    }
    loop_stop(s->loop, 0);
}

static bool make_tls(struct swarm *s, const char *pin)
{
    struct base64_decode_ctx c;
    uint8_t raw[BASE64_DECODE_LENGTH(44)];
    char err[TLS_ERR_TEXT];
    size_t n = 0;
    base64_decode_init(&c);
    if (strncmp(pin, "sha256//", 8) != 0 || !base64_decode_update(&c, &n, raw, strlen(pin + 8), pin + 8) || n != 32)
        return false;
    struct tls_verify v = { .name = "swarm.test", .pins = slice_of(raw, 32) };
    s->tls = tls_ctx_client(&v, err);
    return s->tls;
}

int main(int argc, char **argv)
{
    static struct swarm s;
    if (argc < 8) {
        fprintf(stderr, "usage: swarm SERVER PORT USER PASSWORD PIN N SOURCES [STALL]\n");
        return 2;
    }
    s.server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])) };
    s.n = (unsigned)atoi(argv[6]);
    s.sources = (unsigned)atoi(argv[7]);
    s.stall = argc > 8 ? (unsigned)atoi(argv[8]) : 0;
    s.loop = loop_new();
    s.members = calloc(s.n ? s.n : 1, sizeof(struct member *));
    if (!s.loop || !s.members || inet_pton(AF_INET, argv[1], &s.server.sin_addr) != 1 || !s.sources ||
        !make_tls(&s, argv[5]) || stream_bench_init(&s.bench) < 0)
        return 2;
    tunnel_conf_default(&s.conf, TUNNEL_CLIENT);
    s.conf.http.host = "swarm.test";
    s.conf.http.correlation = "{00000000-0000-4000-8000-000000000001}";
    s.conf.user = slice_str(argv[3]);
    s.conf.password = slice_str(argv[4]);
    s.env = (struct env){ .random = prim_random, .prim = &prim_host };
    if (loop_signal(s.loop, SIGTERM, on_signal, &s) < 0 || loop_signal(s.loop, SIGUSR1, on_signal, &s) < 0)
        return 2;
    if (s.n == 0 && !watch_new(s.loop, STDIN_FILENO, LOOP_READ, on_order, &s))
        return 2;
    start_more(&s);
    return loop_run(s.loop);
}

/* A small SSTP server for tests of the client: takes anybody with the password, tells what its command line says, and
 * changes its mind at SIGUSR1. No TUN: it answers every ping itself, whomever it is for.
 *
 * teller PORT CHAIN KEY PASSWORD [WORD…] [then WORD…]: what stands behind `then` holds after SIGUSR1.
 *   ipv4 ipv6             families (none named: both)
 *   default6              a default router for IPv6
 *   route=CIDR            a network behind the server; may repeat, both families
 *   dns=A.B.C.D dns6=ADDR search=NAME prefix=CIDR delegate=CIDR mtu=N
 * Prints `ready`, `up ADDRESS`, `packet SOURCE DESTINATION` once for each pair, `released` when the client gives back a
 * lease, `down CAUSE`. One call at a time. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/verify.h"
#include "crypto/mschap.h"
#include "dp/stream.h"
#include "net/sock.h"
#include "session/inform.h"
#include "tls/prim_host.h"

enum { ROUTES = 64, PAIRS = 64, FILE_MAX_BYTES = 65536 };

struct story {
    struct inform_conf inform;
    struct prefix routes[ROUTES];
    struct dns_name search[DNS_NAMES_MAX];
    uint32_t dns;
    bool ipv4, ipv6;
};

struct teller {
    struct loop *loop;
    struct stream_bench bench;
    struct tls_ctx *tls;
    struct tunnel_conf conf;
    struct env env;
    struct story now, then;
    const char *password;
    struct stream *stream;
    struct watch *watch, *listener;
    struct timer *timer;
    struct inform inform;
    int listen_fd;
    char pairs[PAIRS][2 * PREFIX_TEXT];
    unsigned n_pairs;
};

static void turn(struct teller *t);

static void say(const char *word, const char *what)
{
    printf("%s%s%s\n", word, *what ? " " : "", what);
    fflush(stdout);
}

static void drop_stream(struct teller *t)
{
    watch_free(t->watch); /* before the descriptor is closed */
    t->watch = NULL;
    timer_set(t->timer, NEVER);
    stream_done(t->stream);
    free(t->stream);
    t->stream = NULL;
}

static void judge(struct teller *t, const struct tunnel_event *ev)
{
    struct auth_verdict v = { .kind = VERDICT_REFUSE,
                              .text = slice_str("E=691 R=0 C=00000000000000000000000000000000 V=3 M=no") };
    struct params p = { .server_ipv4 = 0x0a500001, .dns = { t->now.dns } };
    uint8_t hash[16];
    char text[43];
    if (mschap_nt_hash(&prim_host, slice_str(t->password), hash) == 0 &&
        verify_mschapv2(&prim_host, hash, ev->question.name, ev->question.challenge, ev->question.response, text,
                        v.hlak)) {
        v.kind = VERDICT_ACCEPT;
        v.keyed = true;
        v.text = slice_of(text, 42);
    }
    if (t->now.ipv4)
        p.prefixes[p.n_prefixes++] = prefix_v4(0x0a500002, 32);
    if (t->now.ipv6)
        p.prefixes[p.n_prefixes++] = t->now.inform.prefix;
    tunnel_answer(&t->stream->tunnel, ev->ask, &v, &p, loop_now(t->loop));
}

static void went_up(struct teller *t, const struct tunnel_event *ev)
{
    char text[PREFIX_TEXT];
    struct prefix a = prefix_v4(ev->ip.peer_addr, 32);
    if (ev->ipv4)
        inform_ipv4_up(&t->inform, ev->ip.peer_addr);
    if (ev->ipv6)
        inform_ipv6_up(&t->inform, ev->ip6.our_id, loop_now(t->loop));
    say("up", ev->ipv4 ? prefix_text(&a, text) : "IPv6");
}

static void on_event(struct teller *t, const struct tunnel_event *ev)
{
    if (ev->kind == TUNNEL_EV_ASK)
        judge(t, ev);
    if (ev->kind == TUNNEL_EV_UP)
        went_up(t, ev);
    if (ev->kind == TUNNEL_EV_DOWN)
        say("down", tunnel_cause_text(ev->cause));
}

static void send_one(struct teller *t, uint8_t *p, size_t n)
{
    struct batch b;
    batch_clear(&b);
    batch_add(&b, p, n);
    stream_send(t->stream, &b, loop_now(t->loop));
}

static void note_pair(struct teller *t, const struct ip_view *ip)
{
    char text[2 * PREFIX_TEXT], a[PREFIX_TEXT], b[PREFIX_TEXT];
    uint8_t from[16], to[16];
    if (!ip_source16(ip->whole, from) || !ip_dest16(ip->whole, to) || t->n_pairs == PAIRS)
        return;
    struct prefix src = { .family = ip->version, .len = ip->version == 4 ? 32 : 128 }, dst = src;
    memcpy(src.addr, from, 16);
    memcpy(dst.addr, to, 16);
    snprintf(text, sizeof text, "%s %s", prefix_text(&src, a), prefix_text(&dst, b));
    for (unsigned i = 0; i < t->n_pairs; i++)
        if (strcmp(t->pairs[i], text) == 0)
            return;
    memcpy(t->pairs[t->n_pairs++], text, sizeof text);
    say("packet", text);
}

/* An echo request becomes its reply in place: addresses change places, and the type. */
static void answer_ping(struct teller *t, struct packet *p)
{
    struct ip_view ip;
    if (ip_parse(slice_of(p->p, p->n), &ip) < 0)
        return;
    note_pair(t, &ip);
    size_t at = ip.head.n, n = ip.version == 4 ? 4 : 16, src = ip.version == 4 ? 12 : 8;
    uint8_t request = ip.version == 4 ? 8 : 128, reply = ip.version == 4 ? 0 : 129, swap[16];
    if (ip.proto != (ip.version == 4 ? IP_ICMP : IP_ICMP6) || ip.payload.n < ICMP_HEAD || p->p[at] != request)
        return;
    memcpy(swap, p->p + src, n);
    memcpy(p->p + src, p->p + src + n, n);
    memcpy(p->p + src + n, swap, n);
    uint16_t old = (uint16_t)(p->p[at + 2] << 8 | p->p[at + 3]);
    uint16_t sum = csum_update16(old, (uint16_t)(request << 8), (uint16_t)(reply << 8));
    p->p[at] = reply;
    p->p[at + 2] = (uint8_t)(sum >> 8);
    p->p[at + 3] = (uint8_t)sum;
    send_one(t, p->p, p->n);
}

/* The client gives back what it leased. */
static void look_for_release(struct slice packet)
{
    struct ip_view ip;
    struct udp_view udp;
    struct dhcp6 m;
    if (ip_parse(packet, &ip) == 0 && ip.version == 6 && inform_udp_read(&ip, &udp) == 0 &&
        udp.dst_port == DHCP6_SERVER_PORT && dhcp6_decode(udp.payload, &m) == 0 && m.type == DHCP6_RELEASE)
        say("released", "");
}

static void on_packets(struct teller *t, struct batch *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        struct slice s = slice_of(b->at[i].p, b->at[i].n);
        look_for_release(s);
        if (!inform_maybe(s) || !inform_packet(&t->inform, s, loop_now(t->loop)))
            answer_ping(t, &b->at[i]);
    }
}

static void tell(struct teller *t)
{
    uint8_t room[PACKET_HEAD + INFORM_PACKET_MAX];
    size_t n;
    if (loop_now(t->loop) >= inform_due(&t->inform))
        inform_tick(&t->inform, loop_now(t->loop));
    while ((n = inform_pull(&t->inform, room + PACKET_HEAD, INFORM_PACKET_MAX)) > 0)
        send_one(t, room + PACKET_HEAD, n);
}

static void turn(struct teller *t)
{
    struct stream_event ev;
    for (int round = 0; t->stream && round < 2; round++) {
        while (t->stream && stream_event(t->stream, &ev, loop_now(t->loop))) {
            if (ev.kind == STREAM_EV_TUNNEL)
                on_event(t, &ev.tunnel);
            if (ev.kind == STREAM_EV_DEAD)
                drop_stream(t);
        }
        if (t->stream) {
            tell(t);
            stream_flush(t->stream, loop_now(t->loop));
        }
    }
    if (t->stream) {
        watch_set(t->watch, stream_wants(t->stream));
        timer_set(t->timer, tick_min(stream_due(t->stream), inform_due(&t->inform)));
    }
}

static void on_socket(void *ctx, int events)
{
    struct teller *t = ctx;
    static struct batch b;
    bool more = events & LOOP_READ;
    for (int i = 0; t->stream && more && i < 8; i++) {
        batch_clear(&b);
        more = stream_readable(t->stream, &b, loop_now(t->loop));
        on_packets(t, &b);
        turn(t);
    }
    turn(t);
}

static void on_timer(void *ctx)
{
    struct teller *t = ctx;
    if (t->stream)
        stream_tick(t->stream, loop_now(t->loop));
    turn(t);
}

static void on_accept(void *ctx, int events)
{
    struct teller *t = ctx;
    struct stream_conf c = { .tls = t->tls,
                             .tunnel = &t->conf,
                             .env = &t->env,
                             .tls_timeout = SECONDS(30),
                             .flush_timeout = SECONDS(5),
                             .linger_timeout = SECONDS(1) };
    int fd = accept4(t->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    (void)events;
    if (fd < 0)
        return;
    if (t->stream || sock_session_setup(fd, 90000) < 0) {
        close(fd);
        return;
    }
    t->stream = calloc(1, sizeof *t->stream);
    if (!t->stream)
        exit(1);
    inform_init(&t->inform, &t->now.inform, &t->env);
    stream_init(t->stream, &c, &t->bench, fd, loop_now(t->loop));
    t->watch = watch_new(t->loop, fd, LOOP_READ, on_socket, t);
    turn(t);
}

static void on_signal(void *ctx, int signo)
{
    struct teller *t = ctx;
    if (signo == SIGUSR1) {
        t->now = t->then;
        inform_update(&t->inform, &t->now.inform, loop_now(t->loop));
        say("changed", "");
        turn(t);
        return;
    }
    loop_stop(t->loop, 0);
}

static bool value(const char *word, const char *key, const char **ret)
{
    size_t n = strlen(key);
    *ret = word + n;
    return strncmp(word, key, n) == 0;
}

static bool read_word(struct story *s, const char *word)
{
    struct inform_conf *c = &s->inform;
    struct prefix p = { 0 };
    const char *v;
    if (strcmp(word, "ipv4") == 0)
        return (s->ipv4 = true);
    if (strcmp(word, "ipv6") == 0)
        return (s->ipv6 = true);
    if (strcmp(word, "default6") == 0)
        return (c->default_route = true);
    if (value(word, "mtu=", &v))
        return (c->mtu = (uint16_t)atoi(v)) > 0;
    if (value(word, "search=", &v) && c->n_search < DNS_NAMES_MAX)
        return snprintf(s->search[c->n_search++].text, DNS_NAME_TEXT, "%s", v) > 0;
    v = strchr(word, '=');
    if (!v || prefix_parse(v + 1, false, &p) < 0)
        return false;
    if (value(word, "route=", &v) && c->n_routes < ROUTES)
        s->routes[c->n_routes++] = p;
    else if (value(word, "dns=", &v))
        s->dns = c->dns[0] = prefix_v4_addr(&p);
    else if (value(word, "dns6=", &v) && c->n_dns6 < INFORM_DNS6)
        c->dns6[c->n_dns6++] = p;
    else if (value(word, "prefix=", &v))
        c->prefix = p;
    else if (value(word, "delegate=", &v))
        c->delegated = p;
    else
        return false;
    return true;
}

/* Words up to `then`; returns how many were taken, < 0 for a bad one. */
static int read_story(struct story *s, char **words, int n)
{
    static const uint8_t link[16] = { 0xfd, 0, 0, 0x80, 0, 0, 0, 1 }, duid[] = { 0, 4, 1, 2, 3, 4, 5, 6, 7, 8 };
    int i = 0;
    memset(s, 0, sizeof *s);
    s->inform.server_ipv4 = 0x0a500001;
    s->inform.prefix = prefix_v6(link, 64);
    s->inform.duid = slice_of(duid, sizeof duid);
    for (; i < n && strcmp(words[i], "then") != 0; i++)
        if (!read_word(s, words[i])) {
            fprintf(stderr, "teller: %s?\n", words[i]);
            return -1;
        }
    if (!s->ipv4 && !s->ipv6)
        s->ipv4 = s->ipv6 = true;
    return i;
}

/* The pointers of a story point into it. */
static void settle(struct story *s)
{
    s->inform.routes = s->routes;
    s->inform.search = s->search;
}

static struct slice read_file(const char *path)
{
    uint8_t *p = malloc(FILE_MAX_BYTES);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 || !p ? -1 : read(fd, p, FILE_MAX_BYTES);
    if (n < 0)
        exit(2);
    close(fd);
    return slice_of(p, (size_t)n);
}

static bool start(struct teller *t, uint16_t port, const char *chain, const char *key)
{
    static const enum auth_method method[] = { AUTH_MSCHAPV2 };
    struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    char err[TLS_ERR_TEXT];
    int off = 0, on = 1;
    t->tls = tls_ctx_server(read_file(chain), read_file(key), err);
    t->listen_fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(t->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(t->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!t->tls || bind(t->listen_fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(t->listen_fd, 4) < 0)
        return false;
    tunnel_conf_default(&t->conf, TUNNEL_SERVER);
    memcpy(t->conf.methods, method, sizeof method);
    t->conf.n_methods = 1;
    t->conf.server_name = "teller";
    t->env = (struct env){ .random = prim_random, .prim = &prim_host };
    t->listener = watch_new(t->loop, t->listen_fd, LOOP_READ, on_accept, t);
    t->timer = timer_new(t->loop, on_timer, t);
    return t->listener && t->timer;
}

int main(int argc, char **argv)
{
    static struct teller t;
    t.loop = loop_new();
    if (argc < 5 || !t.loop || stream_bench_init(&t.bench) < 0)
        return 2;
    t.password = argv[4];
    int n = read_story(&t.now, argv + 5, argc - 5);
    t.then = t.now;
    if (n < 0 || (5 + n < argc && read_story(&t.then, argv + 6 + n, argc - 6 - n) < 0))
        return 2;
    settle(&t.now);
    settle(&t.then);
    if (!start(&t, (uint16_t)atoi(argv[1]), argv[2], argv[3]) || loop_signal(t.loop, SIGTERM, on_signal, &t) < 0 ||
        loop_signal(t.loop, SIGUSR1, on_signal, &t) < 0)
        return 2;
    say("ready", "");
    return loop_run(t.loop);
}

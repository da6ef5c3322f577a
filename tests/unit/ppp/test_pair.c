/* Our client link against our server link, in memory, over a line that keeps the order but neither time nor rhythm:
 * frames wait, ticks come late and in any order, the clock jumps. Authentication is two frames, in band. The seed of a
 * failing run is printed. */
#include "ppp_test.h"

#include <stdio.h>

enum { QUEUE = 64, FRAME = 4100 };

struct line {
    uint8_t frame[QUEUE][FRAME];
    size_t len[QUEUE];
    unsigned head, n;
};

struct end {
    struct bench b;
    struct line out; /* what it has sent and the other has not got yet */
    bool started, v4, v6, down;
    struct link_event up4, up6, last;
};

struct pair {
    struct end client, server;
    uint64_t seed;
    msec now;
    bool ipv6;
    unsigned lose; /* one frame in so many is lost; 0: none */
};

static unsigned dice(struct pair *p, unsigned sides)
{
    p->seed = p->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(p->seed >> 33) % sides;
}

static void put(struct line *q, const uint8_t *frame, size_t n)
{
    assert_true(q->n < QUEUE);
    unsigned at = (q->head + q->n++) % QUEUE;
    memcpy(q->frame[at], frame, n);
    q->len[at] = n;
}

static void send_auth(struct end *e, uint8_t code)
{
    uint8_t frame[16] = { 0 };
    size_t n = link_head(&e->b.l, PPP_PROTO_CHAP, frame);
    frame[n] = code;
    put(&e->out, frame, n + 1);
}

static void authenticated(struct pair *p, struct end *e)
{
    bool server = e == &p->server;
    struct link_net net = server ? bench_server_net() : bench_client_net();
    net.ip6cp.on = p->ipv6;
    link_authenticated(&e->b.l, &net, p->now);
}

/* Challenge (1) from the server, Response (2), Success (3). */
static void on_auth(struct pair *p, struct end *e, uint8_t code)
{
    if (e == &p->client && code == 1)
        send_auth(e, 2);
    if (e == &p->server && code == 2 && e->b.l.phase == LINK_AUTHENTICATE) {
        send_auth(e, 3);
        authenticated(p, e);
    }
    if (e == &p->client && code == 3)
        authenticated(p, e);
}

static void on_event(struct pair *p, struct end *e, const struct link_event *ev)
{
    e->last = *ev;
    if (ev->kind == LINK_EV_AUTH_START && e == &p->server)
        send_auth(e, 1);
    if (ev->kind == LINK_EV_AUTH_PACKET)
        on_auth(p, e, ev->packet.p[0]);
    if (ev->kind == LINK_EV_IPV4_UP || ev->kind == LINK_EV_IPV4_DOWN)
        e->v4 = ev->kind == LINK_EV_IPV4_UP;
    if (ev->kind == LINK_EV_IPV4_UP)
        e->up4 = *ev;
    if (ev->kind == LINK_EV_IPV6_UP || ev->kind == LINK_EV_IPV6_DOWN)
        e->v6 = ev->kind == LINK_EV_IPV6_UP;
    if (ev->kind == LINK_EV_IPV6_UP)
        e->up6 = *ev;
    e->down |= ev->kind == LINK_EV_DOWN;
}

static void drain(struct pair *p, struct end *e)
{
    uint8_t frame[FRAME];
    struct link_event ev;
    size_t n;
    do {
        while ((n = link_pull(&e->b.l, frame, sizeof frame)))
            put(&e->out, frame, n);
    } while (link_event(&e->b.l, &ev) && (on_event(p, e, &ev), true));
    /* Whoever is under way has a deadline. */
    enum cp_state s = e->b.l.lcp.cp.state;
    if (s >= CP_CLOSING && s <= CP_ACK_SENT)
        assert_int_not_equal(link_due(&e->b.l), NEVER);
}

static void deliver(struct pair *p, struct line *q, struct end *to)
{
    if (q->n == 0)
        return;
    unsigned at = q->head;
    q->head = (q->head + 1) % QUEUE;
    q->n--;
    if (p->lose && dice(p, p->lose) == 0)
        return;
    struct rd r = rd_of(q->frame[at], q->len[at]);
    assert_true(link_feed(&to->b.l, &r, p->now) >= FED_TOOK);
    drain(p, to);
}

static void tick(struct pair *p, struct end *e)
{
    link_tick(&e->b.l, p->now);
    drain(p, e);
}

/* One random step. */
static void step(struct pair *p)
{
    switch (dice(p, 8)) {
    case 0:
    case 1:
        deliver(p, &p->client.out, &p->server);
        break;
    case 2:
    case 3:
        deliver(p, &p->server.out, &p->client);
        break;
    case 4:
        tick(p, &p->client);
        break;
    case 5:
        tick(p, &p->server);
        break;
    case 6:
        p->now += dice(p, 50);
        break;
    default:
        if (dice(p, 10) == 0)
            p->now += dice(p, 1500); /* lost time */
    }
}

static void open_pair(struct pair *p, uint64_t seed, bool ipv6, unsigned lose)
{
    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->now = 1000;
    p->ipv6 = ipv6;
    p->lose = lose;
    struct link_conf c = bench_conf(LINK_CLIENT), s = bench_conf(LINK_SERVER);
    c.compress = seed & 1;
    s.compress = seed & 2;
    c.ident = s.ident = "ADIT-1";
    s.auth[0] = seed & 4 ? EAP : MSCHAP2;
    s.auth[1] = MSCHAP2;
    s.n_auth = 2;
    bench_open(&p->client.b, &c);
    bench_open(&p->server.b, &s);
    p->server.b.dice = 0x51;
    link_init(&p->server.b.l, p->server.b.out, &s, &p->server.b.env, p->now);
    drain(p, &p->client);
    drain(p, &p->server);
}

static bool is_up(const struct pair *p)
{
    bool v6 = !p->ipv6 || (p->client.v6 && p->server.v6);
    return p->client.v4 && p->server.v4 && v6;
}

static void run_until_up(struct pair *p, unsigned limit)
{
    uint64_t seed = p->seed;
    for (unsigned i = 0; i < limit && !is_up(p); i++) {
        step(p);
        if (p->client.down || p->server.down)
            break;
    }
    if (!is_up(p))
        fail_msg("seed %llu: not up; client cause %d, server cause %d", (unsigned long long)seed,
                 (int)p->client.last.cause, (int)p->server.last.cause);
}

static void check_up(const struct pair *p)
{
    assert_int_equal(p->client.up4.ipv4.our_addr, ADDR(10, 80, 0, 7));
    assert_int_equal(p->client.up4.ipv4.peer_addr, ADDR(10, 80, 0, 1));
    assert_int_equal(p->client.up4.ipv4.dns[0], ADDR(9, 9, 9, 9));
    assert_int_equal(p->client.up4.ipv4.dns[1], ADDR(1, 1, 1, 1));
    assert_int_equal(p->server.up4.ipv4.our_addr, ADDR(10, 80, 0, 1));
    assert_int_equal(p->server.up4.ipv4.peer_addr, ADDR(10, 80, 0, 7));
    assert_int_equal(link_peer_mru(&p->client.b.l), 4087);
    assert_int_equal(link_peer_mru(&p->server.b.l), 4087);
    if (!p->ipv6)
        return;
    assert_memory_equal(p->client.up6.ipv6.our_id, p->server.up6.ipv6.peer_id, 8);
    assert_memory_equal(p->client.up6.ipv6.peer_id, p->server.up6.ipv6.our_id, 8);
    assert_memory_not_equal(p->client.up6.ipv6.our_id, p->server.up6.ipv6.our_id, 8);
}

static void close_one_end(struct pair *p)
{
    struct end *first = dice(p, 2) ? &p->client : &p->server;
    struct end *other = first == &p->client ? &p->server : &p->client;
    link_close(&first->b.l, 0, p->now);
    drain(p, first);
    for (unsigned i = 0; i < 100000 && !(p->client.down && p->server.down); i++)
        step(p);
    assert_int_equal(first->last.cause, LINK_CAUSE_LOCAL);
    assert_int_equal(other->last.cause, LINK_CAUSE_PEER);
    assert_true(other->last.has_ras_error);
    assert_false(p->client.v4 || p->server.v4 || p->client.v6 || p->server.v6);
}

static struct pair pair; /* half a megabyte of frames */

static void both_come_up_whatever_the_rhythm(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        open_pair(&pair, seed, seed % 3 == 0, 0);
        run_until_up(&pair, 20000);
        check_up(&pair);
        close_one_end(&pair);
    }
}

static void both_know_that_they_are_adit(void **state)
{
    (void)state;
    open_pair(&pair, 5, true, 0);
    run_until_up(&pair, 20000);
    assert_true(pair.client.b.l.peer_adit);
    assert_true(pair.server.b.l.peer_adit);
}

/* TLS loses nothing; RFC 1661 copes all the same, but for our two frames of authentication. */
static void negotiation_survives_lost_frames(void **state)
{
    (void)state;
    unsigned opened = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        open_pair(&pair, seed, false, 6);
        for (unsigned i = 0; i < 20000 && pair.server.b.l.phase == LINK_ESTABLISH; i++)
            step(&pair);
        opened += pair.server.b.l.phase == LINK_AUTHENTICATE || pair.server.b.l.phase == LINK_NETWORK;
    }
    assert_int_equal(opened, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_come_up_whatever_the_rhythm),
        cmocka_unit_test(both_know_that_they_are_adit),
        cmocka_unit_test(negotiation_survives_lost_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

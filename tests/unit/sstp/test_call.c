/* The call as a machine: our client against our server in memory, secrets, buffers, and a long random walk.
 *
 * What each message means in each state is told by the scripts in tests/scenario/call. */
#include "sstp/call.h"
#include "tls/prim_host.h"
#include "wire/sstp_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint32_t seed;

static uint32_t dice(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static void random_bytes(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)dice();
}

static unsigned notes[64];

static void note(void *ctx, const struct note *n)
{
    (void)ctx;
    notes[n->id]++;
}

static struct env env = { .random = random_bytes, .note = note };
static const uint8_t hlak[32] = { 1, 2, 3 };
static struct call_conf client_conf, server_conf;
static struct call client, server;

static int setup(void **state)
{
    (void)state;
    env.prim = &prim_host;
    memset(notes, 0, sizeof notes);
    call_conf_default(&client_conf, CALL_CLIENT);
    call_conf_default(&server_conf, CALL_SERVER);
    memset(&client_conf.certs[0], 0xc1, sizeof client_conf.certs[0]);
    server_conf.certs[0] = client_conf.certs[0];
    client_conf.n_certs = server_conf.n_certs = 1;
    return 0;
}

static uint8_t client_out[CALL_OUT], server_out[CALL_OUT];

static void start(void)
{
    call_init(&client, client_out, &client_conf, &env, 0);
    call_init(&server, server_out, &server_conf, &env, 0);
}

static void feed(struct call *c, const void *bytes, size_t n, int want)
{
    struct rd r = rd_of(bytes, n);
    assert_int_equal(call_feed(c, &r, 0), want);
}

/* Carries what one has to say to the other; returns the kind of the event that came of it. */
static enum call_ev_kind carry(struct call *from, struct call *to, struct call_event *ev)
{
    uint8_t buf[1024];
    size_t n = call_pull(from, buf, sizeof buf);
    assert_true(n > 0);
    struct rd r = rd_of(buf, n);
    assert_true(call_feed(to, &r, 0) > 0);
    assert_true(rd_end(&r));
    memset(ev, 0, sizeof *ev);
    return call_event(to, ev) ? ev->kind : CALL_EV_NONE;
}

static bool all_zero(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((const uint8_t *)p)[i])
            return false;
    return true;
}

static void negotiate(struct call_event *ev)
{
    start();
    assert_int_equal(carry(&client, &server, ev), CALL_EV_LINK_UP);
    assert_int_equal(carry(&server, &client, ev), CALL_EV_LINK_UP);
    call_authenticated(&client, hlak, 0);
    assert_true(call_event(&client, ev));
    assert_int_equal(ev->kind, CALL_EV_CONNECTED);
}

static void connect_both(void)
{
    struct call_event ev;
    negotiate(&ev);
    call_authenticated(&server, hlak, 0);
    assert_int_equal(carry(&client, &server, &ev), CALL_EV_CONNECTED);
}

/* [MS-SSTP] 2.2.6: for every pair of masks, the strongest hash that both have. */
static void hash_is_the_best_of_both(void **state)
{
    (void)state;
    for (uint8_t c = 1; c <= 3; c++) {
        for (uint8_t s = 1; s <= 3; s++) {
            struct call_event ev;
            client_conf.hash_mask = c;
            server_conf.hash_mask = s;
            if (!(c & s)) {
                start();
                assert_int_equal(carry(&client, &server, &ev), CALL_EV_LINK_UP);
                assert_int_equal(carry(&server, &client, &ev), CALL_EV_ENDING);
                assert_int_equal(ev.cause, CALL_CAUSE_PROTOCOL);
                continue;
            }
            uint8_t want = c & s & BINDING_SHA256 ? BINDING_SHA256 : BINDING_SHA1;
            negotiate(&ev);
            assert_int_equal(ev.hash, want);
            call_authenticated(&server, hlak, 0);
            assert_int_equal(carry(&client, &server, &ev), CALL_EV_CONNECTED);
            assert_int_equal(ev.hash, want);
        }
    }
}

static void other_keys_do_not_bind(void **state)
{
    (void)state;
    struct call_event ev;
    uint8_t other[32];
    memcpy(other, hlak, sizeof other);
    other[31] ^= 1;
    for (uint8_t mask = 1; mask <= 2; mask++) {
        client_conf.hash_mask = mask;
        negotiate(&ev);
        call_authenticated(&server, other, 0);
        assert_int_equal(carry(&client, &server, &ev), CALL_EV_ENDING);
        assert_int_equal(ev.cause, CALL_CAUSE_BINDING);
        assert_int_equal(ev.check, BINDING_MAC);
        assert_false(call_relays_data(&server));
    }
    assert_int_equal(notes[NOTE_CALL_BINDING_FAILED], 2);
}

/* Each single bit of Call Connected matters, but for the padding of a SHA-1 MAC: that is ignored on receipt. */
static void every_bit_of_call_connected_matters(void **state)
{
    (void)state;
    for (uint8_t mask = 1; mask <= 2; mask++) {
        struct call_event ev;
        uint8_t msg[SSTP_CONNECTED_LEN];
        client_conf.hash_mask = mask;
        negotiate(&ev);
        assert_int_equal(call_pull(&client, msg, sizeof msg), sizeof msg);
        for (unsigned bit = 0; bit < 8 * sizeof msg; bit++) {
            struct call s = server;
            call_authenticated(&s, hlak, 0);
            msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
            struct rd r = rd_of(msg, sizeof msg);
            int got = call_feed(&s, &r, 0);
            bool connected = call_relays_data(&s);
            bool padding = mask == BINDING_SHA1 && bit / 8 >= 100;
            if (connected != padding)
                fail_msg("hash %u, byte %u, bit %u: state %s, feed %d", mask, bit / 8, bit % 8,
                         call_state_name(s.state), got);
            msg[bit / 8] ^= (uint8_t)(1u << bit % 8);
            call_done(&s);
        }
    }
}

static void nonce_is_fresh_for_each_call(void **state)
{
    (void)state;
    struct call_event ev;
    uint8_t first[32];
    start();
    assert_int_equal(carry(&client, &server, &ev), CALL_EV_LINK_UP);
    memcpy(first, server.nonce, sizeof first);
    assert_false(all_zero(first, sizeof first));
    start();
    assert_int_equal(carry(&client, &server, &ev), CALL_EV_LINK_UP);
    assert_memory_not_equal(first, server.nonce, sizeof first);
}

static void secrets_are_wiped_when_they_have_served(void **state)
{
    (void)state;
    struct call_event ev;
    connect_both();
    assert_true(all_zero(client.hlak, 32) && all_zero(client.nonce, 32));
    assert_true(all_zero(server.hlak, 32) && all_zero(server.nonce, 32));
    /* A deferred message and a key, when the call ends before they are used. */
    negotiate(&ev);
    assert_int_equal(carry(&client, &server, &ev), CALL_EV_NONE);
    assert_false(all_zero(server.deferred, sizeof server.deferred));
    call_lost(&server, 0);
    assert_true(all_zero(server.deferred, sizeof server.deferred) && all_zero(server.nonce, 32));
    negotiate(&ev);
    call_authenticated(&server, hlak, 0);
    call_disconnect(&server, 0);
    assert_true(all_zero(server.hlak, 32));
    negotiate(&ev);
    call_authenticated(&server, hlak, 0);
    call_done(&server);
    assert_true(all_zero(server.hlak, 32));
}

static void feed_waits_until_the_event_is_taken(void **state)
{
    (void)state;
    static const char frames[] = "\x10\x00\x00\x05\x21\x10\x00\x00\x05\x57";
    struct call_event ev;
    connect_both();
    struct rd r = rd_of(frames, sizeof frames - 1);
    assert_int_equal(call_feed(&server, &r, 0), FED_EVENT);
    assert_int_equal(rd_left(&r), 5);
    assert_int_equal(call_feed(&server, &r, 0), FED_EVENT);
    assert_int_equal(rd_left(&r), 5);
    assert_true(call_event(&server, &ev));
    assert_int_equal(ev.frame.p[0], 0x21);
    assert_int_equal(call_feed(&server, &r, 0), FED_EVENT);
    assert_true(call_event(&server, &ev));
    assert_int_equal(ev.frame.p[0], 0x57);
    assert_false(call_event(&server, &ev));
    assert_int_equal(call_feed(&server, &r, 0), FED_MORE);
}

static void a_dead_call_takes_nothing(void **state)
{
    (void)state;
    struct call_event ev;
    connect_both();
    call_lost(&server, 0);
    assert_true(call_event(&server, &ev));
    struct rd r = rd_of("\x10\x00\x00\x05\x21", 5);
    assert_int_equal(call_feed(&server, &r, 0), ERR_STATE);
    assert_int_equal(rd_left(&r), 5);
    call_tick(&server, NEVER);
    call_heard(&server, 0);
    assert_true(call_due(&server) == NEVER);
    assert_false(call_event(&server, &ev));
}

/* [MS-SSTP] 3.1.7.2: "without any over-the-wire interaction", not even with what was waiting to be sent. */
static void a_lost_call_sends_nothing_more(void **state)
{
    (void)state;
    uint8_t buf[64];
    connect_both();
    feed(&server, "\x10\x01\x00\x08\x00\x08\x00\x00", 8, FED_TOOK);
    call_lost(&server, 0);
    assert_int_equal(call_pull(&server, buf, sizeof buf), 0);
}

/* A peer that asks without end, and nobody fetches the answers: bounded, and an Abort still fits. */
static void echo_flood_is_bounded(void **state)
{
    (void)state;
    uint8_t buf[2048];
    connect_both();
    for (int i = 0; i < 1000; i++)
        feed(&server, "\x10\x01\x00\x08\x00\x08\x00\x00", 8, FED_TOOK);
    feed(&server, "\x10\x01\x00\x08\x00\x07\x00\x00", 8, FED_EVENT);
    size_t n = call_pull(&server, buf, sizeof buf);
    assert_true(n <= CALL_OUT);
    assert_memory_equal(buf + n - 20, "\x10\x01\x00\x14\x00\x05\x00\x01", 8);
}

static void pulls_in_small_pieces(void **state)
{
    (void)state;
    uint8_t buf[64];
    size_t n = 0;
    start();
    assert_int_equal(call_pull(&client, buf, 0), 0);
    while (call_pull(&client, buf + n, 1) == 1)
        n++;
    assert_int_equal(n, 14);
    assert_memory_equal(buf, "\x10\x01\x00\x0e\x00\x01\x00\x01\x00\x01\x00\x06\x00\x01", 14);
}

static void early_data_is_noted_once(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 5; i++)
        feed(&server, "\x10\x00\x00\x05\x21", 5, FED_TOOK);
    assert_int_equal(notes[NOTE_CALL_DATA_EARLY], 1);
    feed(&server, "\x10\x00\x00\x06\xc0\x21", 6, FED_TOOK); /* control is no user data */
    assert_int_equal(notes[NOTE_CALL_DATA_EARLY], 1);
}

/* Frames that are no PPP are dropped even in a connected call. */
static void what_is_no_ppp_is_dropped(void **state)
{
    (void)state;
    connect_both();
    feed(&server, "\x10\x00\x00\x04", 4, FED_TOOK);
    feed(&server, "\x10\x00\x00\x05\xff", 5, FED_TOOK);
    feed(&server, "\x10\x00\x00\x06\xff\x03", 6, FED_TOOK);
    feed(&server, "\x10\x00\x00\x05\x00", 5, FED_TOOK);
    feed(&server, "\x10\x00\x00\x06\x00\x20", 6, FED_TOOK); /* an even protocol */
}

/* What brings the call on, half of the time; otherwise anything. */
static enum sstp_type likely_type(const struct call *c)
{
    if (dice() % 2)
        return (enum sstp_type)(1 + dice() % 9);
    if (c->state == CALL_CLIENT_CONNECT_REQUEST_SENT)
        return SSTP_CALL_CONNECT_ACK;
    if (c->state == CALL_SERVER_CONNECT_REQUEST_PENDING)
        return SSTP_CALL_CONNECT_REQUEST;
    return c->state == CALL_SERVER_CALL_CONNECTED_PENDING ? SSTP_CALL_CONNECTED : SSTP_ECHO_REQUEST;
}

/* One packet of a random walk: mostly messages that exist, sometimes garbage. */
static size_t random_packet(uint8_t *buf, size_t cap, const struct call *c)
{
    struct sstp_msg m = { .type = likely_type(c) };
    struct wr w = wr_of(buf, cap);
    if (dice() % 8 == 0) {
        size_t n = 4 + dice() % 12;
        random_bytes(NULL, buf, n);
        buf[0] = dice() % 8 ? 0x10 : buf[0];
        buf[1] &= 1;
        buf[2] = 0;
        buf[3] = (uint8_t)n;
        return n;
    }
    if (dice() % 6 == 0) {
        memcpy(buf, dice() % 2 ? "\x10\x00\x00\x06\xc0\x21" : "\x10\x00\x00\x06\x00\x21", 6);
        return 6;
    }
    m.has_protocol = dice() % 8 != 0;
    m.protocol = dice() % 3 ? 1 : 2;
    m.has_binding_req = m.has_binding = true;
    m.hash_mask = (uint8_t)(dice() % 4);
    m.hash = (uint8_t)(dice() % 4 ? BINDING_SHA256 : dice() % 4);
    m.n_status = dice() % 3;
    m.status[0].attrib = (uint8_t)(dice() % 6);
    m.status[0].status = dice() % 14;
    memcpy(m.nonce, c->nonce, sizeof m.nonce);
    if (dice() % 4)
        memset(m.cert_hash, 0xc1, sizeof m.cert_hash);
    if (m.type == SSTP_CALL_CONNECTED && dice() % 4) {
        uint8_t msg[SSTP_CONNECTED_LEN];
        struct wr first = wr_of(msg, sizeof msg);
        sstp_msg_encode(&first, &m);
        binding_mac(&prim_host, m.hash, hlak, msg, m.mac);
    }
    sstp_msg_encode(&w, &m);
    return wr_len(&w);
}

static unsigned visits[CALL_STATES];

static void check(const struct call *c, msec now)
{
    visits[c->state]++;
    if ((c->state == CALL_DISCONNECTED) != (call_due(c) == NEVER))
        fail_msg("seed %u: %s without a deadline, or the reverse", seed, call_state_name(c->state));
    if (c->state != CALL_DISCONNECTED && call_due(c) > now + SECONDS(60))
        fail_msg("seed %u: %s has too much time", seed, call_state_name(c->state));
    assert_true(c->out_len <= CALL_OUT);
    assert_true(!call_relays_data(c) || call_relays_control(c));
}

static void take_events(struct call *c, unsigned *endings, unsigned *downs)
{
    struct call_event ev;
    while (call_event(c, &ev)) {
        assert_int_not_equal(ev.kind, CALL_EV_NONE);
        assert_int_equal(*downs, 0); /* nothing comes after DOWN */
        bool last = ev.kind == CALL_EV_ENDING || ev.kind == CALL_EV_DOWN;
        assert_int_equal(last, ev.cause != CALL_CAUSE_NONE);
        assert_true(last || *endings == 0);
        *endings += ev.kind == CALL_EV_ENDING;
        *downs += ev.kind == CALL_EV_DOWN;
    }
}

static void one_walk(enum call_role role)
{
    static uint8_t buf[2048], out[CALL_OUT];
    static struct call c;
    const struct call_conf *conf = role == CALL_CLIENT ? &client_conf : &server_conf;
    msec now = dice();
    unsigned endings = 0, downs = 0;
    call_init(&c, out, conf, &env, now);
    check(&c, now);
    for (int step = 0; step < 60 && downs == 0; step++) {
        now += dice() % 20000;
        unsigned what = dice() % 16;
        if (what == 0) {
            call_disconnect(&c, now);
        } else if (what == 1 && dice() % 4 == 0) {
            call_lost(&c, now);
        } else if (what <= 3) {
            call_authenticated(&c, hlak, now);
        } else if (what <= 5) {
            call_tick(&c, now);
        } else {
            struct rd r = rd_of(buf, random_packet(buf, sizeof buf, &c));
            assert_true(call_feed(&c, &r, now) != FED_MORE || rd_left(&r) > 0);
        }
        take_events(&c, &endings, &downs);
        check(&c, now);
        if (dice() % 2)
            call_pull(&c, buf, sizeof buf);
    }
    /* Left alone, every call comes to its end, and says so once. */
    for (int i = 0; i < 6 && downs == 0; i++) {
        now = call_due(&c);
        call_tick(&c, now);
        take_events(&c, &endings, &downs);
        check(&c, now);
    }
    assert_int_equal(downs, 1);
    assert_true(endings <= 1);
    assert_int_equal(c.state, CALL_DISCONNECTED);
}

static void random_walks_end_well(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        seed = i * 2654435761u;
        one_walk(i % 2 ? CALL_CLIENT : CALL_SERVER);
    }
    for (int s = 0; s < CALL_STATES; s++)
        if (visits[s] < 100)
            fail_msg("the walks hardly came to %s: %u", call_state_name((enum call_state)s), visits[s]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hash_is_the_best_of_both, setup),
        cmocka_unit_test_setup(other_keys_do_not_bind, setup),
        cmocka_unit_test_setup(every_bit_of_call_connected_matters, setup),
        cmocka_unit_test_setup(nonce_is_fresh_for_each_call, setup),
        cmocka_unit_test_setup(secrets_are_wiped_when_they_have_served, setup),
        cmocka_unit_test_setup(feed_waits_until_the_event_is_taken, setup),
        cmocka_unit_test_setup(a_dead_call_takes_nothing, setup),
        cmocka_unit_test_setup(a_lost_call_sends_nothing_more, setup),
        cmocka_unit_test_setup(echo_flood_is_bounded, setup),
        cmocka_unit_test_setup(pulls_in_small_pieces, setup),
        cmocka_unit_test_setup(early_data_is_noted_once, setup),
        cmocka_unit_test_setup(what_is_no_ppp_is_dropped, setup),
        cmocka_unit_test_setup(random_walks_end_well, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

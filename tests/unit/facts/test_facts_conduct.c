/* Facts 5, 6 and 11 to 13: who may say what and when. The bytes are those of the Windows capture and of [MS-SSTP] 4.7; where
 * the order or the time is ours because nobody recorded such a case, the test says so. See docs/FACTS.md. */
#include "facts.h"

#include "wire/ppp_frame.h"

static void feed(struct bench *b, const struct packet *p, msec now)
{
    bench_feed(b, p->bytes, p->n, now);
}

/* The call of V1, connected at `now`. */
static void connected(struct bench *b, msec now)
{
    bench_server(b, "V1");
    call_authenticated(&b->call, b->v.hlak, now);
    bench_feed(b, b->v.msg, sizeof b->v.msg, now);
    assert_int_equal(b->last.kind, CALL_EV_CONNECTED);
}

/* Negotiation passes, user packets vanish, and the call does not mind. */
static void nothing_passes(struct bench *b)
{
    enum call_state before = b->call.state;
    assert_true(call_relays_control(&b->call));
    assert_false(call_relays_data(&b->call));
    feed(b, &cap_c.sstp[C_IPCP], 10);
    assert_int_equal(b->ppp, 1);
    for (unsigned i = C_DATA; i < C_TERMINATE; i++) {
        feed(b, &cap_c.sstp[i], 10);
        assert_int_equal(b->last.kind, CALL_EV_NONE);
        assert_int_equal(b->n_sent, 0);
        assert_int_equal(b->call.state, before);
    }
}

static void fact_05_no_user_data_before_call_connected(void **state)
{
    (void)state;
    struct bench b;
    bench_server(&b, "V1");
    nothing_passes(&b);
    call_authenticated(&b.call, b.v.hlak, 20); /* authenticated is not enough */
    bench_take(&b);
    nothing_passes(&b);
    bench_feed(&b, b.v.msg, sizeof b.v.msg, 30);
    assert_int_equal(b.last.kind, CALL_EV_CONNECTED);
    assert_true(call_relays_data(&b.call));
    feed(&b, &cap_c.sstp[C_DATA], 40);
    assert_int_equal(b.ppp, 1);
    call_done(&b.call);

    bench_client(&b, "V1");
    nothing_passes(&b);
    call_authenticated(&b.call, b.v.hlak, 20);
    feed(&b, &cap_c.sstp[C_DATA], 40);
    assert_int_equal(b.ppp, 1);
    call_done(&b.call);
}

static void fact_06_call_connected_may_come_early(void **state)
{
    (void)state;
    /* [CAP]: Windows sends it before it answers CBCP and before any NCP */
    assert_int_equal(cap_c.sstp[C_CONNECTED].bytes[5], 4);
    for (unsigned i = 0; i < C_CONNECTED; i++) {
        const uint8_t *p = cap_c.sstp[i].bytes;
        assert_true(p[1] || p[4] == 0xff || p[4] == 0xc0 || p[4] == 0xc2);
        assert_false(!p[1] && p[4] == 0xc0 && p[5] == 0x29);
    }
    /* The message is the specification's; that it overtakes our own verdict was never recorded, so the order is ours. */
    struct bench b;
    bench_server(&b, "V1");
    bench_feed(&b, b.v.msg, sizeof b.v.msg, 10);
    assert_int_equal(b.last.kind, CALL_EV_NONE);
    assert_int_equal(b.n_sent, 0);
    assert_int_equal(b.call.state, CALL_SERVER_CALL_CONNECTED_PENDING);
    call_authenticated(&b.call, b.v.hlak, 500);
    bench_take(&b);
    assert_int_equal(b.last.kind, CALL_EV_CONNECTED);
    call_done(&b.call);

    bench_server(&b, "V1"); /* a second one is too many */
    bench_feed(&b, b.v.msg, sizeof b.v.msg, 10);
    bench_feed(&b, b.v.msg, sizeof b.v.msg, 20);
    assert_int_equal(b.last.kind, CALL_EV_ENDING);
    assert_int_equal(b.last.status, 5); /* UNACCEPTED_FRAME_RECEIVED */
    call_done(&b.call);
}

/* --- when LCP begins ----------------------------------------------------------------------------------------- */

static unsigned lcp_requests, connect_acks, connect_requests;

static void count(const struct heard *h)
{
    connect_acks += h->control && h->whole[5] == 2;
    connect_requests += h->control && h->whole[5] == 1;
    lcp_requests += !h->control && h->proto == PPP_PROTO_LCP && h->code == 1;
}

static void windows_has_the_ack(void)
{
    static const enum auth_method one[] = { AUTH_MSCHAPV2 };
    uint8_t reply[2048];
    lcp_requests = connect_acks = connect_requests = 0;
    open_ours(TUNNEL_SERVER, one, 1);
    to_us(cap_c.http, strlen(cap_c.http));
    assert_true(tunnel_pull(&our.t, reply, sizeof reply) > 0);
    replay(&cap_c.sstp[C_REQUEST]);
    pass(0, count);
    assert_int_equal(connect_acks, 1);
}

static void fact_11_no_lcp_with_the_connect_ack(void **state)
{
    (void)state;
    windows_has_the_ack();
    pass(32, count); /* [CAP]: Windows' first LCP packet comes 32 ms after the Ack */
    assert_int_equal(lcp_requests, 0);
    replay(&cap_c.sstp[C_LCP]);
    pass(0, count);
    assert_int_equal(lcp_requests, 1); /* [CAP]: RRAS answers with its own request */
    tunnel_done(&our.t);

    /* A client that waits for the server was never captured: the time is ours. */
    windows_has_the_ack();
    pass(990, count);
    assert_int_equal(lcp_requests, 0);
    pass(20, count);
    assert_int_equal(lcp_requests, 1);
    tunnel_done(&our.t);

    /* Our client speaks at once: servers such as SoftEther wait for it. */
    static const enum auth_method one[] = { AUTH_MSCHAPV2 };
    uint8_t request[2048];
    lcp_requests = connect_requests = 0;
    open_ours(TUNNEL_CLIENT, one, 1);
    assert_true(tunnel_pull(&our.t, request, sizeof request) > 0);
    to_us(cap_s.http, strlen(cap_s.http));
    pass(0, count);
    assert_int_equal(connect_requests, 1);
    assert_int_equal(lcp_requests, 0);
    replay(&cap_s.sstp[S_ACK]);
    pass(0, count);
    assert_int_equal(lcp_requests, 1);
    tunnel_done(&our.t);
}

/* --- what is rejected ---------------------------------------------------------------------------------------- */

static struct link link;
static uint8_t link_out[CP_PORT_OUT];
static unsigned auth_starts;
static uint8_t dice;

static void random_bytes(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    while (n--)
        *dst++ = dice++;
}

static const struct env env = { .random = random_bytes };

static void link_take(const uint8_t *frame, size_t n)
{
    struct rd in = rd_of(frame, n);
    struct link_event e;
    assert_int_not_equal(link_feed(&link, &in, 100), FED_MORE);
    while (link_event(&link, &e))
        auth_starts += e.kind == LINK_EV_AUTH_START;
}

/* The next LCP packet of that code that our end sends: without ff 03 and protocol. */
static size_t link_sent(uint8_t code, uint8_t dst[256])
{
    uint8_t buf[4096];
    size_t n;
    while ((n = link_pull(&link, buf, sizeof buf)) > 0) {
        struct ppp_frame f = { 0 };
        assert_int_equal(ppp_frame_read(buf, n, &f), 0);
        if (f.proto != PPP_PROTO_LCP || f.info.p[0] != code)
            continue;
        assert_true(f.info.n <= 256);
        memcpy(dst, f.info.p, f.info.n);
        return f.info.n;
    }
    return 0;
}

/* A Configure-Request of the capture without its callback option. */
static void request_without_callback(const struct packet *p)
{
    uint8_t frame[256];
    memcpy(frame, p->bytes + 4, 8);
    size_t n = 8 + without(slice_of(p->bytes + 12, p->n - 12), 13, frame + 8);
    frame[7] = (uint8_t)(n - 4);
    link_take(frame, n);
}

static void open_link(enum link_role role)
{
    struct link_conf c;
    link_conf_default(&c, role);
    c.auth[0] = (struct lcp_auth){ 0xc223, 0x81 };
    c.n_auth = 1;
    c.ipv6 = false;
    auth_starts = 0;
    link_init(&link, link_out, &c, &env, 0);
}

/* The peer acks what our end asks for. */
static void ack_ours(void)
{
    uint8_t ours[256 + 4] = { 0xff, 3, 0xc0, 0x21 };
    size_t n = link_sent(1, ours + 4);
    assert_true(n > 4);
    ours[4] = 2;
    link_take(ours, n + 4);
}

/* The rejected packet, and how the capture's peer rejected it: the same but for the identifier. */
static void rejected_like(const struct packet *rejected, const struct packet *theirs)
{
    uint8_t sent[256];
    link_take(rejected->bytes + 4, rejected->n - 4);
    size_t n = link_sent(8, sent);
    assert_int_equal(n, theirs->n - 6);
    sent[1] = theirs->bytes[7];
    assert_memory_equal(sent, theirs->bytes + 6, n);
}

static void fact_12_reject_callback_mrru_endpoint_ccp(void **state)
{
    (void)state;
    static const uint8_t callback[] = { 13, 3, 6 };
    uint8_t sent[256];
    struct link_net net = { .ipcp = { .our_addr = 1, .peer_addr = 2 } };

    open_link(LINK_CLIENT);
    ack_ours();
    link_take(cap_s.sstp[S_LCP].bytes + 4, cap_s.sstp[S_LCP].n - 4);
    const struct packet *rej = &cap_c.sstp[C_LCP_REJ];
    assert_int_equal(link_sent(4, sent), 4 + 3 + rej->n - 12);
    assert_memory_equal(sent + 4, callback,
                        3); /* [CAP]: Windows ran CBCP instead; MRRU and endpoint as it rejected them: */
    assert_memory_equal(sent + 7, rej->bytes + 12, rej->n - 12);
    request_without_callback(&cap_s.sstp[S_LCP_3]);
    assert_int_equal(auth_starts, 1);
    link_authenticated(&link, &net, 200);
    rejected_like(&cap_s.sstp[S_CCP], &cap_c.sstp[C_REJECT_CCP]);

    open_link(LINK_SERVER);
    link_take(cap_c.sstp[C_LCP].bytes + 4, cap_c.sstp[C_LCP].n - 4);
    assert_int_equal(link_sent(4, sent), 7);
    assert_memory_equal(sent + 4, callback, 3);
    link_tick(&link, link_due(&link)); /* our request again, for ack_ours() */
    ack_ours();
    request_without_callback(&cap_c.sstp[C_LCP]);
    assert_int_equal(auth_starts, 1);
    link_authenticated(&link, &net, 200);
    rejected_like(&cap_c.sstp[C_IPV6CP_2], &cap_s.sstp[S_REJECT_IPV6CP]);
}

/* --- the end, and silence ------------------------------------------------------------------------------------ */

static void sent_is(const struct bench *b, const void *bytes, size_t n)
{
    assert_int_equal(b->n_sent, n);
    assert_memory_equal(b->sent, bytes, n);
}

static void tick(struct bench *b, msec now)
{
    b->n_sent = 0;
    b->last = (struct call_event){ 0 };
    call_tick(&b->call, now);
    bench_take(b);
}

static void fact_13_abort_disconnect_and_silence(void **state)
{
    (void)state;
    static const uint8_t echo[] = { 0x10, 1, 0, 8, 0, 8, 0, 0 };
    struct bench b;
    const struct packet *bye = &cap_c.sstp[C_DISCONNECT], *ack = &cap_s.sstp[S_DISCONNECT_ACK];

    /* [CAP]: Disconnect is answered with Disconnect-Ack, then one second */
    connected(&b, 0);
    feed(&b, bye, 1000);
    sent_is(&b, ack->bytes, ack->n);
    assert_int_equal(call_due(&b.call), 2000);
    tick(&b, 2000);
    assert_int_equal(b.last.kind, CALL_EV_DOWN);
    call_done(&b.call);

    /* ours is Windows', waits five seconds, and is over with the Ack */
    connected(&b, 0);
    b.n_sent = 0;
    call_disconnect(&b.call, 1000);
    bench_take(&b);
    sent_is(&b, bye->bytes, bye->n);
    assert_int_equal(call_due(&b.call), 6000);
    feed(&b, ack, 1100);
    assert_int_equal(b.last.kind, CALL_EV_DOWN);
    call_done(&b.call);

    /* No Abort of a foreign peer was ever printed or captured: this one is built by [MS-SSTP] 2.2.13. */
    static const uint8_t bare[] = { 0x10, 1, 0, 8, 0, 5, 0, 0 };
    connected(&b, 0);
    bench_feed(&b, bare, sizeof bare, 1000);
    assert_int_equal(b.sent[5], 5);
    assert_int_equal(call_due(&b.call), 2000);
    call_done(&b.call);
    connected(&b, 0);
    bench_feed(&b, cap_c.sstp[C_REQUEST].bytes, cap_c.sstp[C_REQUEST].n,
               1000); /* out of place: we abort, three seconds */
    assert_int_equal(b.sent[5], 5);
    assert_int_equal(call_due(&b.call), 4000);
    call_done(&b.call);

    /* Nor was silence ever captured. User data puts the hello off; after its second expiry not a byte is sent. */
    connected(&b, 0);
    assert_int_equal(call_due(&b.call), 60000);
    feed(&b, &cap_c.sstp[C_DATA], 59000);
    assert_int_equal(call_due(&b.call), 119000);
    tick(&b, 119000);
    sent_is(&b, echo, sizeof echo);
    assert_int_equal(call_due(&b.call), 179000);
    tick(&b, 179000);
    assert_int_equal(b.last.kind, CALL_EV_DOWN);
    assert_int_equal(b.last.cause, CALL_CAUSE_HELLO_TIMEOUT);
    assert_int_equal(b.n_sent, 0);
    call_done(&b.call);
}

/* SoftEther, which never answers an Echo Request, sends its own every few seconds: that is enough for us. Built bytes. */
static void runner_up_echoes_need_no_answer(void **state)
{
    (void)state;
    static const uint8_t theirs[] = { 0x10, 1, 0, 8, 0, 8, 0, 0 };
    struct bench b;
    connected(&b, 0);
    for (msec now = 2500; now < SECONDS(600); now += 2500) {
        tick(&b, now);
        assert_int_equal(b.n_sent, 0);
        bench_feed(&b, theirs, sizeof theirs, now);
        assert_int_equal(b.sent[5], 9);
        assert_int_equal(b.call.state, CALL_SERVER_CALL_CONNECTED);
    }
    call_done(&b.call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fact_05_no_user_data_before_call_connected),
        cmocka_unit_test(fact_06_call_connected_may_come_early),
        cmocka_unit_test(fact_11_no_lcp_with_the_connect_ack),
        cmocka_unit_test(fact_12_reject_callback_mrru_endpoint_ccp),
        cmocka_unit_test(fact_13_abort_disconnect_and_silence),
        cmocka_unit_test(runner_up_echoes_need_no_answer),
    };
    return cmocka_run_group_tests(tests, capture_load, NULL);
}

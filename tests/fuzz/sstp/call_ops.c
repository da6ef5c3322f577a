/* The operations on a call, and its invariants; see call_ops.h. */
#include "call_ops.h"
#include "fuzz.h"
#include "tls/prim_host.h"
#include "wire/sstp_msg.h"

#include <stdlib.h>

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void random_bytes(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    memset(dst, 0x5a, n);
}

static const uint8_t hlak[32] = { 1 };

static struct run {
    struct call c;
    msec now;
    bool ending, down;
    uint8_t in[8192]; /* bytes that have come and were not taken */
    size_t n_in;
} run;

static void take_events(void)
{
    struct call_event ev;
    while (call_event(&run.c, &ev)) {
        must(!run.down);
        must(ev.kind != CALL_EV_NONE);
        must(ev.kind != CALL_EV_PPP || (ev.frame.n > 0 && ev.frame.n <= CALL_PAYLOAD_MAX));
        must(!run.ending || ev.kind == CALL_EV_DOWN);
        if (ev.kind == CALL_EV_CONNECTED)
            FUZZ_REACHED();
        run.ending |= ev.kind == CALL_EV_ENDING;
        run.down |= ev.kind == CALL_EV_DOWN;
        must(!(run.ending || run.down) || ev.cause != CALL_CAUSE_NONE);
    }
}

static void check(void)
{
    const struct call *c = &run.c;
    must((c->state == CALL_DISCONNECTED) == run.down);
    must((call_due(c) == NEVER) == run.down);
    must(run.down || call_due(c) <= run.now + SECONDS(60));
    must(c->out_len <= CALL_OUT);
    must(!call_relays_data(c) || call_relays_control(c));
}

static void feed(const void *bytes, size_t n)
{
    if (n > sizeof run.in - run.n_in)
        return;
    memcpy(run.in + run.n_in, bytes, n);
    run.n_in += n;
    size_t taken = 0;
    for (;;) {
        struct rd r = rd_of(run.in + taken, run.n_in - taken);
        int got = call_feed(&run.c, &r, run.now);
        size_t left = rd_left(&r);
        must(got != FED_TOOK || left < run.n_in - taken);  /* progress */
        must(got != FED_MORE || left == run.n_in - taken); /* nothing taken */
        must(got != FED_MORE || left < CALL_FRAME_MAX);    /* a whole packet is never waited for */
        must(got >= 0 || run.down);
        take_events();
        taken = run.n_in - left;
        if (got <= 0)
            break;
    }
    memmove(run.in, run.in + taken, run.n_in - taken);
    run.n_in -= taken;
    if (run.down)
        run.n_in = 0;
}

static void feed_right_connected(void)
{
    uint8_t bytes[SSTP_CONNECTED_LEN];
    struct sstp_msg m = { .type = SSTP_CALL_CONNECTED, .has_binding = true, .hash = BINDING_SHA256 };
    memcpy(m.nonce, run.c.nonce, sizeof m.nonce);
    memcpy(m.cert_hash, run.c.conf->certs[0].sha256, sizeof m.cert_hash);
    for (int pass = 0; pass < 2; pass++) {
        struct wr w = wr_of(bytes, sizeof bytes);
        sstp_msg_encode(&w, &m);
        binding_mac(&prim_host, m.hash, hlak, bytes, m.mac);
    }
    if (run.n_in == 0)
        feed(bytes, sizeof bytes);
}

static void other_op(uint8_t op)
{
    uint8_t out[CALL_OUT];
    if (op == 0xa0)
        call_authenticated(&run.c, hlak, run.now);
    else if (op == 0xa1)
        call_disconnect(&run.c, run.now);
    else if (op == 0xa2)
        call_lost(&run.c, run.now);
    else if (op == 0xa3)
        call_heard(&run.c, run.now);
    else if (op == 0xa4)
        must(call_pull(&run.c, out, sizeof out) <= sizeof out);
    else if (op == 0xa5 && !run.down)
        run.now = call_due(&run.c) > run.now ? call_due(&run.c) : run.now;
    else if (op == 0xa6 && run.c.conf->role == CALL_SERVER)
        feed_right_connected();
    if (op == 0xa5)
        call_tick(&run.c, run.now);
    take_events();
}

static void pass_time(msec by)
{
    run.now += by;
    while (!run.down && call_due(&run.c) <= run.now) {
        call_tick(&run.c, run.now);
        take_events();
    }
}

void call_ops_run(enum call_role role, const uint8_t *data, size_t size)
{
    static const struct env env = { .random = random_bytes, .prim = &prim_host };
    static uint8_t out[CALL_OUT];
    struct call_conf conf;
    struct rd in = rd_of(data, size);
    call_conf_default(&conf, role);
    memset(conf.certs[0].sha256, 0xc1, sizeof conf.certs[0].sha256);
    conf.n_certs = 1;
    run = (struct run){ .now = 1000 };
    call_init(&run.c, out, &conf, &env, run.now);
    check();
    while (rd_left(&in) > 0) {
        uint8_t op = rd_u8(&in);
        if (op < 0x80) {
            size_t n = op < rd_left(&in) ? op : rd_left(&in);
            struct slice s = rd_take(&in, n);
            feed(s.p, s.n);
        } else if (op < 0xa0) {
            pass_time(SECONDS(4) * (op - 0x80u));
        } else {
            other_op(op);
        }
        check();
    }
    call_done(&run.c);
}

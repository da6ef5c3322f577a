/* The operations on a tunnel, and its invariants; see tunnel_ops.h. */
#include "tunnel_ops.h"

#include <stdlib.h>

#include "fuzz.h"
#include "twin.h"

static struct twin w;
static struct twin_end *us;
static unsigned downs;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void take_events(void)
{
    struct tunnel_event e;
    while (tunnel_event(&us->t, &e)) {
        must(downs == 0); /* nothing after DOWN */
        must(e.kind != TUNNEL_EV_NONE);
        if (e.kind == TUNNEL_EV_ASK)
            twin_judge_ask(&w.judge, &e, w.now);
        if (e.kind == TUNNEL_EV_UP) {
            must(us->t.connected && us->t.authenticated && (e.ipv4 || e.ipv6));
            must(e.mtu <= e.mtu_max && e.mtu_max <= 4090);
            FUZZ_REACHED();
        }
        if (e.kind == TUNNEL_EV_DOWN) {
            must(e.cause != TUNNEL_CAUSE_NONE && tunnel_due(&us->t) == NEVER);
            downs++;
        }
    }
}

static void pull(void)
{
    uint8_t buf[8192];
    size_t n, total = 0;
    while ((n = tunnel_pull(&us->t, buf, sizeof buf)) > 0) {
        total += n;
        must(n <= sizeof buf && total < 65536);
    }
}

static void check(void)
{
    const struct tunnel *t = &us->t;
    uint8_t head[8];
    must(t->out_len <= TUNNEL_OUT_MAX);
    must((t->phase == TUNNEL_OVER) == (downs == 1));
    /* no state waits for ever */
    must(t->phase == TUNNEL_OVER || tunnel_due(t) <= w.now + SECONDS(60));
    size_t n = tunnel_data_head(t, 4, 1400, head);
    must(n == 0 || (n >= 5 && n <= 8 && t->connected && t->authenticated && t->ipv4_up && t->phase == TUNNEL_SSTP));
    must(!t->connected || t->authenticated);
}

/* What was not taken stays in us->in for the next bytes, as in a real buffer. */
static void feed(struct slice s, bool walk)
{
    if (s.n > sizeof us->in - us->in_len)
        return;
    if (s.n)
        memcpy(us->in + us->in_len, s.p, s.n);
    us->in_len += s.n;
    for (int fed = FED_TOOK; fed != FED_MORE;) {
        struct rd r = rd_of(us->in, us->in_len);
        struct tunnel_packet out[4];
        size_t n = walk ? tunnel_walk(&us->t, &r, out, 4, &fed, w.now) : 0;
        if (!walk)
            fed = tunnel_feed(&us->t, &r, w.now);
        must(fed >= 0 && n <= 4);
        for (size_t i = 0; i < n; i++) {
            must(out[i].p >= us->in && out[i].p + out[i].n <= us->in + us->in_len && out[i].n > 0);
            must(us->t.authenticated); /* connected it was: the call may have ended further on in the same bytes */
        }
        size_t taken = us->in_len - rd_left(&r);
        must(fed != FED_TOOK || taken > 0);
        take_events();
        us->in_len -= taken;
        memmove(us->in, us->in + taken, us->in_len);
    }
}

static void step(enum tape_op op, struct rd *in)
{
    struct tunnel *t = &us->t;
    struct auth_verdict no = { .kind = VERDICT_REFUSE, .text = slice_str("E=691 R=0") };
    size_t n;
    switch (op) {
    case TAPE_FEED:
    case TAPE_WALK:
        n = rd_u16(in);
        feed(rd_take(in, n < rd_left(in) ? n : rd_left(in)), op == TAPE_WALK);
        break;
    case TAPE_TICK:
        w.now += (msec)rd_u16(in) * 4;
        tunnel_tick(t, w.now);
        break;
    case TAPE_ANSWER:
        tunnel_answer(t, w.judge.ask, &w.judge.verdict, &w.params, w.now);
        break;
    case TAPE_REFUSE:
        tunnel_answer(t, w.judge.ask, &no, NULL, w.now);
        break;
    case TAPE_CLOSE:
        tunnel_close(t, TUNNEL_CAUSE_LOCAL, 0, w.now);
        break;
    case TAPE_LOST:
        tunnel_lost(t, w.now);
        break;
    case TAPE_PULL:
        break;
    case TAPE_OPS:
        abort();
    }
}

void tunnel_ops_run(enum tunnel_role role, const uint8_t *data, size_t size)
{
    struct rd in = rd_of(data, size);
    enum auth_method method = (enum auth_method)(1 + (rd_u8(&in) + AUTH_METHODS - 2u) % (AUTH_METHODS - 1u));
    downs = 0;
    twin_init(&w, method, 42);
    us = role == TUNNEL_CLIENT ? &w.client : &w.server;
    tunnel_init(&us->t, &us->work, role == TUNNEL_CLIENT ? &w.client_conf : &w.server_conf, &us->env, w.now);
    pull();
    while (rd_left(&in)) {
        step((enum tape_op)(rd_u8(&in) % TAPE_OPS), &in);
        take_events();
        /* a program ticks when it is due, however late */
        for (unsigned i = 0; tunnel_due(&us->t) <= w.now; i++) {
            must(i < 64);
            tunnel_tick(&us->t, w.now);
            take_events();
        }
        pull();
        check();
    }
    tunnel_done(&us->t);
    if (w.judge.eap.env)
        eap_server_done(&w.judge.eap);
}

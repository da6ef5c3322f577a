/* Connects a second: sessions are brought up, verified and closed in order, PARALLEL at a time, for some seconds.
 *
 * connects full SERVER PORT USER PASSWORD PIN SOURCES PARALLEL SECONDS: each connect is TCP, TLS, HTTP, SSTP, LCP,
 * MS-CHAPv2 and IPCP from one of SOURCES addresses (198.19.0.1 and on). It counts when the address given is nobody
 * else's, one ping through the tunnel was answered (so the crypto binding was accepted: before it the server passes no
 * data), and the session was closed in order by both ends.
 * connects handshakes … SECONDS [RATE]: TCP and TLS only; with RATE so many a second are begun, else as fast as it goes.
 * Prints `done N SECONDS failed N P50_MS P99_MS addresses N`, and `failed WHY` for the first few that were. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"

enum { ADDRESSES = 1 << 16, TICK_MS = 2, GRACE_MS = 8000, TOLD_MAX = 5, TIMES_MAX = 1 << 20 };

struct run {
    struct crowd crowd;
    struct member *members;
    struct timer *tick;
    unsigned parallel, open, next, done, failed, n_times, addresses;
    double span, rate;
    bool handshakes, over;
    int64_t begun, ended;
    uint8_t in_use[ADDRESSES / 8], ever[ADDRESSES / 8];
    float *times; /* ms */
};

static struct run run;

enum { DIALLED, PINGED, VERIFIED };

static bool bit(const uint8_t *set, uint32_t address)
{
    return set[(address & (ADDRESSES - 1)) / 8] & 1u << address % 8;
}

static void set_bit(uint8_t *set, uint32_t address, bool on)
{
    uint8_t *p = &set[(address & (ADDRESSES - 1)) / 8];
    *p = (uint8_t)(on ? *p | 1u << address % 8 : *p & ~(1u << address % 8));
}

static void fail(const char *why)
{
    if (run.failed++ < TOLD_MAX) {
        printf("failed %s\n", why);
        fflush(stdout);
    }
}

static void succeed(const struct member *m)
{
    if (run.over)
        return;
    run.done++;
    if (run.n_times < TIMES_MAX)
        run.times[run.n_times++] = (float)((double)(nanoseconds() - m->started) / 1e6);
}

static void begin(struct member *m)
{
    m->only_handshake = run.handshakes;
    if (!member_start(&run.crowd, m, run.next++)) {
        fail("dial");
        return;
    }
    run.open++;
}

static void begin_again(void *ctx)
{
    if (!run.over)
        begin(ctx);
}

static void on_gone(struct member *m, bool in_order, const char *why)
{
    run.open--;
    if (m->up)
        set_bit(run.in_use, m->address, false);
    if (run.handshakes ? m->secure : in_order && m->stage == VERIFIED)
        succeed(m);
    else
        fail(why ? why : "closed before the ping was answered");
    if (run.rate <= 0)
        loop_defer(run.crowd.loop, begin_again, m);
}

static void on_member(struct member *m, enum member_ev ev, unsigned n, const char *why)
{
    switch (ev) {
    case MEMBER_SECURE:
        break;
    case MEMBER_UP:
        if (bit(run.in_use, m->address))
            fail("an address was given twice");
        run.addresses += !bit(run.ever, m->address);
        set_bit(run.in_use, m->address, true);
        set_bit(run.ever, m->address, true);
        m->stage = PINGED;
        member_echo(m, 1, 84);
        break;
    case MEMBER_PONGS:
        if (m->stage == PINGED) {
            m->stage = VERIFIED;
            member_close(m);
        }
        break;
    case MEMBER_GONE:
        on_gone(m, n, why);
        break;
    }
}

/* With a rate: begins what is owed by now. Always: sees when time is up and all have ended. */
static void on_tick(void *ctx)
{
    (void)ctx;
    double t = (double)(nanoseconds() - run.begun) / 1e9;
    unsigned owed = run.rate > 0 ? (unsigned)(run.rate * t) : 0;
    for (unsigned i = 0; !run.over && run.next < owed && i < run.parallel; i++)
        if (!run.members[i].open)
            begin(&run.members[i]);
    if (!run.over && t >= run.span) {
        run.over = true;
        run.ended = nanoseconds();
    }
    if (run.over && (!run.open || t > run.span + GRACE_MS / 1e3)) {
        loop_stop(run.crowd.loop, run.open != 0);
        return;
    }
    timer_set(run.tick, loop_now(run.crowd.loop) + TICK_MS);
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void report(void)
{
    qsort(run.times, run.n_times, sizeof *run.times, by_size);
    double p50 = run.n_times ? (double)run.times[run.n_times / 2] : 0;
    double p99 = run.n_times ? (double)run.times[run.n_times - 1 - run.n_times / 100] : 0;
    printf("done %u %.3f failed %u %.2f %.2f addresses %u\n", run.done, (double)(run.ended - run.begun) / 1e9,
           run.failed, p50, p99, run.addresses);
}

int main(int argc, char **argv)
{
    if (argc < 10 || (strcmp(argv[1], "full") != 0 && strcmp(argv[1], "handshakes") != 0)) {
        fprintf(stderr,
                "usage: connects full|handshakes SERVER PORT USER PASSWORD PIN SOURCES PARALLEL SECONDS [RATE]\n");
        return 2;
    }
    run.handshakes = argv[1][0] == 'h';
    run.parallel = (unsigned)atoi(argv[8]);
    run.span = atof(argv[9]);
    run.rate = argc > 10 ? atof(argv[10]) : 0;
    run.members = calloc(run.parallel, sizeof *run.members);
    run.times = calloc(TIMES_MAX, sizeof *run.times);
    run.crowd.on = on_member;
    if (!run.members || !run.times || !crowd_init(&run.crowd, argv + 2))
        return 2;
    run.tick = timer_new(run.crowd.loop, on_tick, NULL);
    if (!run.tick)
        return 2;
    run.begun = nanoseconds();
    for (unsigned i = 0; run.rate <= 0 && i < run.parallel; i++)
        begin(&run.members[i]);
    timer_set(run.tick, loop_now(run.crowd.loop) + TICK_MS);
    int code = loop_run(run.crowd.loop);
    report();
    return code;
}

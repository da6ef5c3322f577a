/* Many sessions at once, in one process: brings them up, moves bytes through each, lets them idle, measures, ends them.
 *
 * sessions SERVER PORT USER PASSWORD PIN SOURCES N: does what the lines of its standard input say, one after another:
 *   up                    all N, 64 at a time      -> `up N SECONDS`
 *   move BYTES PARALLEL   each sends BYTES in echoes of 1400 bytes and gets them back, PARALLEL sessions at a time; half
 *                         way each stops reading for a second with a burst on its way -> `moved BYTES SECONDS LOST`
 *   rtt COUNT             one echo through COUNT random ones, one after another -> `rtt COUNT LOST P50_US P99_US MAX_US`
 *   down                  all of them, in order, 64 at a time -> `down N SECONDS`
 * and `failed WHY` for what was not as it should be. Ends with the input. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "member.h"

enum { PARALLEL = 64, ECHO = 1400, WINDOW = 32, BURST = 256, STALL_MS = 1000, WATCH_MS = 100, QUIET_MS = 400 };
enum { LINE = 256, RTT_MAX = 100000, RTT_WAIT_MS = 1000 };

enum job { IDLE, UP, MOVE, RTT, DOWN };
enum { RESTING, MOVING, STALLED, AFTER }; /* a member's stage */

struct run {
    struct crowd crowd;
    struct member **members;
    struct timer *tick;
    enum job job;
    unsigned n, next, busy, done, parallel, failed, lost, rtt_sent, rtt_lost;
    uint64_t bytes;
    int64_t begun;
    int64_t *heard; /* ns: when each last heard something, or was stalled */
    int64_t *rtts;
    struct member *asked;
    char line[LINE];
    size_t len;
};

static struct run run;

static void go_on(void);

static double took(void)
{
    return (double)(nanoseconds() - run.begun) / 1e9;
}

static void answer(const char *line)
{
    puts(line);
    fflush(stdout);
    run.job = IDLE;
    timer_set(run.tick, NEVER);
}

static void fail(const char *why)
{
    if (run.failed++ < 10) {
        printf("failed %s\n", why);
        fflush(stdout);
    }
}

/* ---- moving ---- */

static void push(struct member *m, unsigned n)
{
    run.heard[m->index] = nanoseconds();
    member_echo(m, n, ECHO);
}

static void on_pongs(struct member *m, unsigned n)
{
    run.heard[m->index] = nanoseconds();
    if (m->stage == RESTING)
        return;
    m->moved += (uint64_t)n * ECHO;
    if (m->stage == MOVING && m->moved >= run.bytes / 2) {
        m->stage = STALLED;
        push(m, BURST);
        member_stall(m, true);
        return;
    }
    if (m->moved < run.bytes) {
        member_echo(m, n < WINDOW ? n : WINDOW, ECHO);
        return;
    }
    m->stage = RESTING;
    run.busy--;
    run.done++;
}

/* A reader that has stalled long enough goes on; one that hears nothing has lost its window. */
static void look_after(struct member *m)
{
    int64_t silent = (nanoseconds() - run.heard[m->index]) / 1000000;
    if (m->stage == STALLED && silent >= STALL_MS) {
        m->stage = AFTER;
        run.heard[m->index] = nanoseconds();
        member_stall(m, false);
    } else if ((m->stage == MOVING || m->stage == AFTER) && silent >= QUIET_MS) {
        run.lost++;
        push(m, WINDOW);
    }
}

static void move_more(void)
{
    char line[LINE];
    for (unsigned i = 0; i < run.next; i++)
        if (run.members[i]->stage != RESTING)
            look_after(run.members[i]);
    for (; run.next < run.n && run.busy < run.parallel; run.next++) {
        struct member *m = run.members[run.next];
        if (!m->up)
            continue;
        run.busy++;
        m->stage = MOVING;
        m->moved = 0;
        push(m, WINDOW);
    }
    if (run.next == run.n && !run.busy) {
        snprintf(line, sizeof line, "moved %llu %.3f %u", (unsigned long long)run.done * run.bytes, took(), run.lost);
        answer(line);
    }
}

/* ---- round trips ---- */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void rtt_report(void)
{
    char line[LINE];
    unsigned n = run.done;
    qsort(run.rtts, n, sizeof *run.rtts, by_size);
    snprintf(line, sizeof line, "rtt %u %u %.1f %.1f %.1f", run.rtt_sent, run.rtt_lost,
             n ? (double)run.rtts[n / 2] / 1e3 : 0, n ? (double)run.rtts[n - 1 - n / 100] / 1e3 : 0,
             n ? (double)run.rtts[n - 1] / 1e3 : 0);
    answer(line);
}

static void rtt_next(void)
{
    if (run.asked && (nanoseconds() - run.asked->pinged) / 1000000 >= RTT_WAIT_MS) {
        run.rtt_lost++;
        run.asked = NULL;
    }
    if (run.asked)
        return;
    if (run.rtt_sent == run.bytes) {
        rtt_report();
        return;
    }
    for (unsigned tries = 0; !run.asked && tries < run.n; tries++) {
        struct member *m = run.members[(unsigned)random() % run.n];
        run.asked = m->up ? m : NULL;
    }
    if (!run.asked) {
        rtt_report();
        return;
    }
    run.rtt_sent++;
    member_echo(run.asked, 1, 84);
}

/* ---- up and down ---- */

static void count_done(const char *word)
{
    char line[LINE];
    if (run.busy || run.next < run.n)
        return;
    snprintf(line, sizeof line, "%s %u %.3f", word, run.done, took());
    answer(line);
}

static void up_more(void)
{
    for (; run.next < run.n && run.busy < PARALLEL; run.next++) {
        run.busy++;
        if (!member_start(&run.crowd, run.members[run.next], run.next)) {
            fail(strerror(errno));
            run.busy--;
        }
    }
    count_done("up");
}

static void down_more(void)
{
    for (; run.next < run.n && run.busy < PARALLEL; run.next++) {
        if (!run.members[run.next]->open)
            continue;
        run.busy++;
        member_close(run.members[run.next]);
    }
    count_done("down");
}

static void go_on(void)
{
    switch (run.job) {
    case IDLE:
        break;
    case UP:
        up_more();
        break;
    case MOVE:
        move_more();
        break;
    case RTT:
        rtt_next();
        break;
    case DOWN:
        down_more();
        break;
    }
}

static void on_tick(void *ctx)
{
    (void)ctx;
    timer_set(run.tick, loop_now(run.crowd.loop) + WATCH_MS);
    go_on();
}

static void on_deferred(void *ctx)
{
    (void)ctx;
    go_on();
}

static void on_gone(struct member *m, bool in_order, const char *why)
{
    if (!m->closing || !in_order)
        fail(why ? why : "ended by the server");
    if (m->stage != RESTING || (run.job == UP && !m->up) || run.job == DOWN)
        run.busy--;
    run.done += run.job == DOWN && in_order;
    m->stage = RESTING;
    m->up = false;
}

static void on_member(struct member *m, enum member_ev ev, unsigned n, const char *why)
{
    switch (ev) {
    case MEMBER_SECURE:
        return;
    case MEMBER_UP:
        run.busy--;
        run.done++;
        break;
    case MEMBER_PONGS:
        on_pongs(m, n);
        if (m == run.asked) {
            run.rtts[run.done++] = m->rtt;
            run.asked = NULL;
        }
        break;
    case MEMBER_GONE:
        on_gone(m, n, why);
        break;
    }
    /* Not from within a member: the next one may be the same. */
    if (run.job == UP || run.job == DOWN || (run.job == RTT && !run.asked) ||
        (run.job == MOVE && m->stage == RESTING)) {
        loop_undefer(run.crowd.loop, &run);
        loop_defer(run.crowd.loop, on_deferred, &run);
    }
}

static void command(const char *line)
{
    unsigned long long a = 0;
    unsigned b = 0;
    char word[16];
    if (sscanf(line, "%15s %llu %u", word, &a, &b) < 1 || run.job != IDLE)
        return;
    run.job = !strcmp(word, "up")                         ? UP
              : !strcmp(word, "move") && b                ? MOVE
              : !strcmp(word, "rtt") && a && a <= RTT_MAX ? RTT
              : !strcmp(word, "down")                     ? DOWN
                                                          : IDLE;
    run.next = run.busy = run.done = run.lost = run.rtt_sent = run.rtt_lost = 0;
    run.bytes = a;
    run.parallel = b;
    run.begun = nanoseconds();
    timer_set(run.tick, loop_now(run.crowd.loop) + WATCH_MS);
    go_on();
}

static void on_input(void *ctx, int events)
{
    (void)ctx;
    (void)events;
    ssize_t n = read(0, run.line + run.len, sizeof run.line - 1 - run.len);
    if (n <= 0 || (size_t)n == sizeof run.line - 1 - run.len) {
        loop_stop(run.crowd.loop, 0);
        return;
    }
    run.len += (size_t)n;
    run.line[run.len] = 0;
    char *end = strchr(run.line, '\n');
    if (!end)
        return;
    *end = 0;
    command(run.line);
    run.len = 0; /* one line at a time: the next is written once this one is answered */
}

static bool make_members(void)
{
    struct rlimit files = { run.n + 256, run.n + 256 };
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return false;
    run.members = calloc(run.n, sizeof *run.members);
    run.heard = calloc(run.n, sizeof *run.heard);
    run.rtts = calloc(RTT_MAX, sizeof *run.rtts);
    for (unsigned i = 0; run.members && i < run.n; i++)
        if (!(run.members[i] = calloc(1, sizeof **run.members)))
            return false;
    return run.members && run.heard && run.rtts;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: sessions SERVER PORT USER PASSWORD PIN SOURCES N\n");
        return 2;
    }
    run.n = (unsigned)atoi(argv[7]);
    run.crowd.on = on_member;
    if (!run.n || !make_members() || !crowd_init(&run.crowd, argv + 1)) {
        perror("sessions");
        return 2;
    }
    run.tick = timer_new(run.crowd.loop, on_tick, NULL);
    if (!run.tick || !watch_new(run.crowd.loop, 0, LOOP_READ, on_input, NULL))
        return 2;
    puts("ready");
    fflush(stdout);
    return loop_run(run.crowd.loop);
}

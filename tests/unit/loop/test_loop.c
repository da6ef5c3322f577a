/* The loop: things freed inside callbacks, numbers used again in one turn, timers set anew, deferred work, signals.
 *
 * Time passes for real here (libuv owns the clock), a few milliseconds at most. */
#include "loop/loop.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
    struct loop *l;
    struct watch *w;
    struct side *other;
    struct timer *t, *t2;
    int fd, peer, calls, events;
    int pair[2];
    msec last;
};

static void pair(int p[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
}

struct countdown {
    struct loop *l;
    struct timer *t;
    msec turns;
};

static void count_down(void *ctx)
{
    struct countdown *c = ctx;
    if (c->turns-- == 0)
        loop_stop(c->l, 42);
    else
        timer_set(c->t, loop_now(c->l) + 1);
}

/* Ends the loop after so many milliseconds and turns, each with its poll, however slow the machine is: what should
 * happen, and what should not, has had its chance. */
static void run_for(struct side *s, msec ms)
{
    struct countdown c = { .l = s->l, .turns = ms };
    c.t = timer_new(s->l, count_down, &c);
    timer_set(c.t, loop_now(s->l) + 1);
    assert_int_equal(loop_run(s->l), 42);
    timer_free(c.t);
}

static void on_read(void *ctx, int events)
{
    struct side *s = ctx;
    char c;
    s->calls++;
    s->events = events;
    if (events & LOOP_READ)
        (void)!read(s->fd, &c, 1);
}

static void reads_and_pauses(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    int p[2];
    pair(p);
    s.fd = p[0];
    s.w = watch_new(s.l, p[0], LOOP_READ, on_read, &s);
    assert_non_null(s.w);
    assert_int_equal(write(p[1], "abc", 3), 3);
    run_for(&s, 5);
    assert_int_equal(s.calls, 3);
    assert_int_equal(s.events, LOOP_READ);
    watch_set(s.w, 0);
    assert_int_equal(write(p[1], "de", 2), 2);
    run_for(&s, 5);
    assert_int_equal(s.calls, 3);
    watch_set(s.w, LOOP_READ);
    run_for(&s, 5);
    assert_int_equal(s.calls, 5);
    watch_free(s.w);
    close(p[0]);
    close(p[1]);
    loop_free(s.l);
}

static void count_write(void *ctx, int events)
{
    struct side *s = ctx;
    s->events |= events;
    if (++s->calls == 3)
        watch_set(s->w, 0);
}

static void write_interest(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    int p[2];
    pair(p);
    s.w = watch_new(s.l, p[0], LOOP_READ | LOOP_WRITE, count_write, &s);
    run_for(&s, 5);
    assert_int_equal(s.calls, 3);
    assert_int_equal(s.events, LOOP_WRITE);
    watch_free(s.w);
    close(p[0]);
    close(p[1]);
    loop_free(s.l);
}

static void free_own(void *ctx, int events)
{
    struct side *s = ctx;
    (void)events;
    s->calls++;
    watch_free(s->w);
    s->w = NULL;
}

static void freed_in_own_callback(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    int p[2];
    pair(p);
    s.w = watch_new(s.l, p[0], LOOP_READ, free_own, &s);
    assert_int_equal(write(p[1], "abc", 3), 3);
    run_for(&s, 5);
    assert_int_equal(s.calls, 1);
    close(p[0]);
    close(p[1]);
    loop_free(s.l);
}

/* Whichever of the two runs first frees the other, closes its descriptor and uses the number again. */
static void kill_other(void *ctx, int events)
{
    struct side *s = ctx;
    struct side *o = s->other;
    (void)events;
    s->calls++;
    if (!o->w)
        return;
    watch_free(o->w);
    o->w = NULL;
    int was = o->fd;
    close(o->fd);
    pair(o->pair);
    assert_true(o->pair[0] == was || o->pair[1] == was);
    o->fd = was;
    o->w = watch_new(o->l, was, LOOP_READ, kill_other, o); /* nothing to read on the new one */
    assert_non_null(o->w);
    char c;
    (void)!read(s->fd, &c, 1);
}

static void other_freed_and_number_reused(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct side a = { .l = l }, b = { .l = l };
    a.other = &b;
    b.other = &a;
    int p[2], q[2];
    pair(p);
    pair(q);
    a.fd = p[0];
    b.fd = q[0];
    a.w = watch_new(l, a.fd, LOOP_READ, kill_other, &a);
    b.w = watch_new(l, b.fd, LOOP_READ, kill_other, &b);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(write(q[1], "x", 1), 1);
    run_for(&a, 10);
    assert_int_equal(a.calls + b.calls, 1); /* the other's event of this turn must not reach the new descriptor */
    struct side *killed = a.calls ? &b : &a;
    int other_end = killed->pair[0] == killed->fd ? killed->pair[1] : killed->pair[0];
    struct side *killer = a.calls ? &a : &b;
    watch_free(killer->w);
    killer->w = NULL;
    assert_int_equal(write(other_end, "y", 1), 1); /* and the new watch works */
    run_for(&a, 5);
    assert_true(killed->calls > 0);
    watch_free(killed->w);
    close(other_end);
    close(a.fd);
    close(b.fd);
    close(p[1]);
    close(q[1]);
    loop_free(l);
}

static void on_error(void *ctx, int events)
{
    struct side *s = ctx;
    char c[8];
    s->calls++;
    s->events |= events;
    if (read(s->fd, c, sizeof c) <= 0 && s->calls >= 3)
        loop_stop(s->l, 7);
}

static void hang_up_is_reported(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    int p[2];
    pair(p);
    s.fd = p[0];
    s.w = watch_new(s.l, p[0], LOOP_READ, on_error, &s);
    assert_int_equal(write(p[0], "unread", 6), 6); /* makes the close a reset: an error condition on p[0] */
    close(p[1]);
    assert_int_equal(loop_run(s.l), 7); /* reported again and again until the owner acts, never lost */
    assert_int_equal(s.events, LOOP_READ);
    watch_free(s.w);
    close(p[0]);
    loop_free(s.l);
}

static void not_pollable(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct side s = { .l = l };
    int p[2];
    pair(p);
    assert_null(watch_new(l, 999, LOOP_READ, on_read, &s));
    int file = open("/etc/passwd", O_RDONLY);
    assert_null(watch_new(l, file, LOOP_READ, on_read, &s));
    struct watch *w = watch_new(l, p[0], LOOP_READ, on_read, &s);
    assert_null(watch_new(l, p[0], LOOP_READ, on_read, &s));
    watch_free(w);
    w = watch_new(l, p[0], LOOP_READ, on_read, &s); /* at once again, before libuv has finished the first */
    assert_non_null(w);
    watch_free(w);
    watch_free(NULL);
    close(file);
    close(p[0]);
    close(p[1]);
    loop_free(l);
}

/* ---- timers ---- */

static void again_now(void *ctx)
{
    struct side *s = ctx;
    s->calls++;
    assert_true(s->calls < 1000);
    timer_set(s->t, loop_now(s->l)); /* overdue at once: must let the loop breathe */
}

static void overdue_timer_does_not_starve(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    int p[2];
    pair(p);
    s.fd = p[0];
    struct side r = { .l = s.l, .fd = p[0] };
    s.t = timer_new(s.l, again_now, &s);
    r.w = watch_new(s.l, p[0], LOOP_READ, on_read, &r);
    timer_set(s.t, 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    run_for(&s, 10);
    assert_true(s.calls >= 2);
    assert_int_equal(r.calls, 1);
    timer_free(s.t);
    watch_free(r.w);
    close(p[0]);
    close(p[1]);
    loop_free(s.l);
}

static void note_time(void *ctx)
{
    struct side *s = ctx;
    s->calls++;
    s->last = loop_now(s->l);
}

static void timers_keep_their_time(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    s.t = timer_new(s.l, note_time, &s);
    msec due = loop_now(s.l) + 6;
    timer_set(s.t, due + 1000);
    timer_set(s.t, due); /* moved */
    timer_set(s.t, due); /* unchanged */
    run_for(&s, 12);
    assert_int_equal(s.calls, 1);
    assert_true(s.last >= due);
    timer_set(s.t, loop_now(s.l) + 2);
    timer_set(s.t, NEVER);
    run_for(&s, 6);
    assert_int_equal(s.calls, 1);
    timer_set(s.t, due); /* long past, and equal to what once was set: fires */
    run_for(&s, 2);
    assert_int_equal(s.calls, 2);
    timer_free(s.t);
    timer_free(NULL);
    loop_free(s.l);
}

static void free_both(void *ctx)
{
    struct side *s = ctx;
    s->calls++;
    timer_free(s->t);
    timer_free(s->t2);
}

static void timers_freed_in_callback(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    s.t = timer_new(s.l, free_both, &s);
    s.t2 = timer_new(s.l, free_both, &s);
    timer_set(s.t, loop_now(s.l));
    timer_set(s.t2, loop_now(s.l)); /* same turn: must not run */
    run_for(&s, 4);
    assert_int_equal(s.calls, 1);
    loop_free(s.l);
}

/* ---- deferred ---- */

static char order[16];

static void say_a(void *ctx)
{
    (void)ctx;
    strcat(order, "a");
}

static void say_b_and_again(void *ctx)
{
    struct side *s = ctx;
    strcat(order, "b");
    if (++s->calls < 3)
        loop_defer(s->l, say_b_and_again, s);
}

static void defer_from_watch(void *ctx, int events)
{
    struct side *s = ctx;
    on_read(ctx, events);
    loop_defer(s->l, say_a, s->pair);
    strcat(order, "w");
}

static void deferred_runs_after_the_callback(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    int p[2];
    pair(p);
    s.fd = p[0];
    order[0] = '\0';
    s.w = watch_new(s.l, p[0], LOOP_READ, defer_from_watch, &s);
    assert_int_equal(write(p[1], "x", 1), 1);
    run_for(&s, 4);
    assert_string_equal(order, "wa");
    s.calls = 0;
    order[0] = '\0';
    loop_defer(s.l, say_b_and_again, &s); /* before the loop runs; and again from itself */
    run_for(&s, 4);
    assert_string_equal(order, "bbb");
    watch_free(s.w);
    close(p[0]);
    close(p[1]);
    loop_free(s.l);
}

static void undefer_other(void *ctx)
{
    struct side *s = ctx;
    strcat(order, "u");
    loop_undefer(s->l, s->pair); /* was deferred later in the same turn */
}

static void undeferred_never_runs(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    order[0] = '\0';
    loop_defer(s.l, undefer_other, &s);
    loop_defer(s.l, say_a, s.pair);
    run_for(&s, 3);
    assert_string_equal(order, "u");
    for (int i = 0; i < 100; i++)
        loop_defer(s.l, say_a, &s);
    loop_undefer(s.l, &s);
    run_for(&s, 3);
    assert_string_equal(order, "u");
    loop_free(s.l);
}

/* ---- signals, stop ---- */

static void on_signal(void *ctx, int signo)
{
    struct side *s = ctx;
    s->events = signo;
    loop_stop(s->l, 3);
    loop_stop(s->l, 4); /* the first one counts */
}

static void signals(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    assert_int_equal(loop_signal(s.l, SIGUSR1, on_signal, &s), 0);
    assert_int_equal(loop_signal(s.l, SIGKILL, on_signal, &s), ERR_SYSTEM);
    raise(SIGUSR1);
    assert_int_equal(loop_run(s.l), 3);
    assert_int_equal(s.events, SIGUSR1);
    raise(SIGUSR1);
    assert_int_equal(loop_run(s.l), 3); /* runs again after a stop */
    loop_free(s.l);
}

static void stop_before_run_and_free_with_leftovers(void **state)
{
    (void)state;
    struct side s = { .l = loop_new() };
    int p[2];
    pair(p);
    loop_stop(s.l, 9);
    assert_int_equal(loop_run(s.l), 9);
    assert_non_null(watch_new(s.l, p[0], LOOP_READ, on_read, &s));
    assert_non_null(timer_new(s.l, note_time, &s));
    loop_defer(s.l, say_a, &s);
    loop_stop(s.l, 9);
    loop_free(s.l); /* the leak checker watches */
    loop_free(NULL);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_pauses),
        cmocka_unit_test(write_interest),
        cmocka_unit_test(freed_in_own_callback),
        cmocka_unit_test(other_freed_and_number_reused),
        cmocka_unit_test(hang_up_is_reported),
        cmocka_unit_test(not_pollable),
        cmocka_unit_test(overdue_timer_does_not_starve),
        cmocka_unit_test(timers_keep_their_time),
        cmocka_unit_test(timers_freed_in_callback),
        cmocka_unit_test(deferred_runs_after_the_callback),
        cmocka_unit_test(undeferred_never_runs),
        cmocka_unit_test(signals),
        cmocka_unit_test(stop_before_run_and_free_with_leftovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

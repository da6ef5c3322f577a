/* Channels: order under back-pressure, descriptors that survive the queue, the bound, fairness, ends. */
#include "loop/loop.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct end {
    struct loop *l;
    struct chan *c;
    uint32_t next;    /* id expected next */
    uint32_t stop_at; /* stop when so many came; 0: never */
    unsigned in_turn, most_in_turn;
    int lost, lost_err;
    bool free_in_callback, echo;
    ino_t inode;
    int taken;
};

static uint8_t body[IMSG_MAX + 1];

static int open_count(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void new_turn(void *ctx)
{
    struct end *e = ctx;
    e->in_turn = 0;
}

static void on_msg(void *ctx, struct imsg *m)
{
    struct end *e = ctx;
    assert_int_equal(m->id, e->next++);
    if (!e->in_turn++)
        loop_defer(e->l, new_turn, e);
    if (e->in_turn > e->most_in_turn)
        e->most_in_turn = e->in_turn;
    if (m->n_fds) {
        struct stat st;
        assert_int_equal(fstat(m->fds[0], &st), 0);
        assert_int_equal(st.st_ino, e->inode);
        e->taken++;
    }
    if (e->echo)
        chan_send(e->c, m);
    if (e->free_in_callback) {
        chan_free(e->c);
        e->c = NULL;
    }
    if (e->next == e->stop_at)
        loop_stop(e->l, 1);
}

static void on_lost(void *ctx, int err)
{
    struct end *e = ctx;
    e->lost++;
    e->lost_err = err;
    loop_stop(e->l, 2);
}

/* Ends the loop after so many turns of a millisecond or more, each with its poll, however slow the machine is: what should
 * happen, and what should not, has had its chance. */
struct countdown {
    struct loop *l;
    struct timer *t;
    unsigned turns;
};

static void count_down(void *ctx)
{
    struct countdown *c = ctx;
    if (c->turns-- == 0)
        loop_stop(c->l, 3);
    else
        timer_set(c->t, loop_now(c->l) + 1);
}

static int run(struct loop *l, unsigned turns)
{
    struct countdown c = { .l = l, .turns = turns };
    c.t = timer_new(l, count_down, &c);
    timer_set(c.t, loop_now(l) + 1);
    int r = loop_run(l);
    timer_free(c.t);
    return r;
}

static void open_pair(struct loop *l, struct end *a, struct end *b)
{
    int p[2];
    assert_int_equal(imsg_pair(p), 0);
    a->l = b->l = l;
    a->c = chan_new(l, p[0], on_msg, on_lost, a);
    b->c = chan_new(l, p[1], on_msg, on_lost, b);
    assert_non_null(a->c);
    assert_non_null(b->c);
}

static void close_pair(struct end *a, struct end *b)
{
    chan_free(a->c);
    chan_free(b->c);
    loop_undefer(a->l, a);
    loop_undefer(b->l, b);
}

static void order_is_kept_through_the_queue(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 }, b = { .stop_at = 2000 };
    open_pair(l, &a, &b);
    for (uint32_t i = 0; i < 2000; i++)
        chan_send(a.c, &(struct imsg){ .type = 1, .id = i, .body = { body, i } });
    assert_true(chan_queued(a.c) > 100000);
    assert_int_equal(run(l, 10000), 1);
    assert_int_equal(chan_queued(a.c), 0);
    assert_true(b.most_in_turn <= CHAN_PER_TURN);
    assert_true(b.most_in_turn > 1);
    close_pair(&a, &b);
    loop_free(l);
}

static void descriptors_are_duplicated_when_queued(void **state)
{
    (void)state;
    int before = open_count();
    struct loop *l = loop_new();
    struct end a = { 0 }, b = { .stop_at = 303 };
    open_pair(l, &a, &b);
    uint32_t id = 0;
    for (; id < 300; id++)
        chan_send(a.c, &(struct imsg){ .type = 1, .id = id, .body = { body, 5000 } });
    int fd = open("/etc/passwd", O_RDONLY);
    struct stat st;
    fstat(fd, &st);
    b.inode = st.st_ino;
    for (; id < 303; id++)
        chan_send(a.c, &(struct imsg){ .type = 1, .id = id, .n_fds = 2, .fds = { fd, fd } });
    close(fd);
    assert_int_equal(run(l, 10000), 1);
    assert_int_equal(b.taken, 3);
    close_pair(&a, &b);
    loop_free(l);
    assert_int_equal(open_count(), before); /* also those that the receiver did not take */
}

static void queued_descriptors_do_not_leak(void **state)
{
    (void)state;
    int before = open_count();
    struct loop *l = loop_new();
    struct end a = { 0 }, b = { 0 };
    open_pair(l, &a, &b);
    for (uint32_t i = 0; i < 400; i++)
        chan_send(a.c, &(struct imsg){ .id = i, .body = { body, 5000 }, .n_fds = 1, .fds = { 0 } });
    assert_true(open_count() > before + 100);
    close_pair(&a, &b);
    loop_free(l);
    assert_int_equal(open_count(), before);
}

static void queue_is_bounded(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 };
    int p[2];
    assert_int_equal(imsg_pair(p), 0);
    a.l = l;
    a.c = chan_new(l, p[0], on_msg, on_lost, &a);
    size_t most = 0;
    for (unsigned i = 0; i < 2 * CHAN_QUEUE_MAX / IMSG_MAX; i++) {
        chan_send(a.c, &(struct imsg){ .body = { body, IMSG_MAX } });
        if (chan_queued(a.c) > most)
            most = chan_queued(a.c);
        assert_int_equal(a.lost, 0); /* never from within chan_send */
    }
    assert_true(most <= CHAN_QUEUE_MAX && most > CHAN_QUEUE_MAX - 2 * IMSG_MAX);
    assert_int_equal(chan_queued(a.c), 0);
    assert_int_equal(run(l, 10000), 2);
    assert_int_equal(a.lost_err, ERR_NOBUF);
    assert_int_equal(run(l, 3), 3);
    assert_int_equal(a.lost, 1);
    chan_free(a.c);
    close(p[1]);
    loop_free(l);
}

static void last_words_are_heard(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 };
    int p[2];
    assert_int_equal(imsg_pair(p), 0);
    a.l = l;
    a.c = chan_new(l, p[0], on_msg, on_lost, &a);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(imsg_send(p[1], &(struct imsg){ .id = i }), 0);
    chan_send(a.c, &(struct imsg){ .type = 1 }); /* unread at the peer: its close becomes a reset */
    close(p[1]);
    for (int i = 0; i < 3; i++)
        chan_send(a.c, &(struct imsg){ .type = 1 }); /* finds nobody */
    assert_int_equal(run(l, 10000), 2);
    assert_int_equal(a.next, 100);
    assert_int_equal(a.lost, 1);
    assert_int_equal(a.lost_err, ERR_LOST);
    chan_free(a.c);
    loop_free(l);
}

static void malformed_ends_the_channel(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 };
    int p[2];
    assert_int_equal(imsg_pair(p), 0);
    a.l = l;
    a.c = chan_new(l, p[0], on_msg, on_lost, &a);
    assert_int_equal(imsg_send(p[1], &(struct imsg){ .id = 0 }), 0);
    assert_int_equal(write(p[1], "rubbish that is no message", 26), 26);
    assert_int_equal(imsg_send(p[1], &(struct imsg){ .id = 1 }), 0);
    assert_int_equal(run(l, 10000), 2);
    assert_int_equal(a.lost_err, ERR_VALUE);
    assert_int_equal(a.next, 1); /* nothing after it */
    assert_int_equal(run(l, 3), 3);
    assert_int_equal(a.lost, 1);
    chan_free(a.c);
    close(p[1]);
    loop_free(l);
}

static void too_large_is_our_bug_and_ends_it(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 }, b = { 0 };
    open_pair(l, &a, &b);
    chan_send(a.c, &(struct imsg){ .body = { body, IMSG_MAX + 1 } });
    assert_int_equal(run(l, 10000), 2);
    assert_int_equal(a.lost_err, ERR_LENGTH);
    close_pair(&a, &b);
    loop_free(l);
}

static void freed_in_callback(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 }, b = { .free_in_callback = true, .echo = true };
    open_pair(l, &a, &b);
    for (uint32_t i = 0; i < 10; i++)
        chan_send(a.c, &(struct imsg){ .id = i, .n_fds = 0 });
    assert_int_equal(run(l, 10000), 2); /* a sees its peer go */
    assert_int_equal(b.next, 1);
    assert_int_equal(a.next, 1); /* the echo was heard */
    assert_int_equal(b.lost, 0);
    close_pair(&a, &b);
    chan_free(NULL);
    loop_free(l);
}

static void freed_before_loss_is_told(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 }, b = { 0 };
    open_pair(l, &a, &b);
    chan_send(a.c, &(struct imsg){ .body = { body, IMSG_MAX + 1 } });
    close_pair(&a, &b);
    assert_int_equal(run(l, 3), 3);
    assert_int_equal(a.lost, 0);
    loop_free(l);
}

/* What comes meanwhile waits, in order; what is sent goes. */
static void paused(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { 0 }, b = { .stop_at = 100, .echo = true };
    open_pair(l, &a, &b);
    chan_pause(b.c, true);
    for (uint32_t i = 0; i < 100; i++)
        chan_send(a.c, &(struct imsg){ .type = 1, .id = i });
    chan_send(b.c, &(struct imsg){ .type = 1, .id = 0 });
    assert_int_equal(run(l, 50), 3);
    assert_int_equal(b.next, 0);
    assert_int_equal(a.next, 1);
    a.next = 0; /* the echoes begin anew */
    chan_pause(b.c, false);
    assert_int_equal(run(l, 10000), 1);
    close_pair(&a, &b);
    loop_free(l);
}

static void ping_pong(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct end a = { .stop_at = 500 }, b = { .echo = true };
    open_pair(l, &a, &b);
    for (uint32_t i = 0; i < 500; i++)
        chan_send(a.c, &(struct imsg){ .id = i, .body = { body, 3000 } });
    assert_int_equal(run(l, 10000), 1);
    assert_int_equal(b.next, 500);
    close_pair(&a, &b);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_kept_through_the_queue),
        cmocka_unit_test(descriptors_are_duplicated_when_queued),
        cmocka_unit_test(queued_descriptors_do_not_leak),
        cmocka_unit_test(queue_is_bounded),
        cmocka_unit_test(last_words_are_heard),
        cmocka_unit_test(malformed_ends_the_channel),
        cmocka_unit_test(too_large_is_our_bug_and_ends_it),
        cmocka_unit_test(freed_in_callback),
        cmocka_unit_test(freed_before_loss_is_told),
        cmocka_unit_test(ping_pong),
        cmocka_unit_test(paused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

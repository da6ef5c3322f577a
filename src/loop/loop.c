/* The loop over libuv: why each thing here is not just the call below it.
 *
 * - uv handles must stay in memory until their close callback, owners want them gone at once: so each is a heap object
 *   whose callback is cleared by *_free() and whose memory goes in the close callback.
 * - uv_poll stops itself when the descriptor has an error; we start it again and tell the owner to look.
 * - a timer set to "now" in a timer callback would run again in the same turn, for ever; it waits a millisecond.
 * - libuv ends when nothing is watched; ours ends when told to, so a prepare handle stays active. */
#include "loop/loop.h"

#include "loop/loop_impl.h"

#include <stdlib.h>
#include <uv.h>

struct deferred {
    timer_fn *fn;
    void *ctx;
};

struct defer_list {
    struct deferred *v;
    size_t n, cap;
};

struct sig {
    uv_signal_t uv;
    signal_fn *fn;
    void *ctx;
};

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare; /* after timers, before the poll */
    uv_check_t check;     /* after the poll */
    uv_idle_t idle;       /* active while something is deferred: then the poll does not wait */
    struct defer_list next, running;
    uint8_t *msg_buf;
    bool in_timer, stopped;
    int code;
};

struct watch {
    uv_poll_t uv;
    watch_fn *fn;
    void *ctx;
    int events;
};

struct timer {
    uv_timer_t uv;
    timer_fn *fn;
    void *ctx;
    msec due;
};

/* ---- deferred calls ---- */

static void on_idle(uv_idle_t *h)
{
    (void)h;
}

static void run_deferred(struct loop *l)
{
    if (!l->next.n)
        return;
    struct defer_list now = l->next;
    l->next = l->running;
    l->running = now;
    uv_idle_stop(&l->idle);
    for (size_t i = 0; i < l->running.n; i++) {
        struct deferred d = l->running.v[i];
        if (d.fn)
            d.fn(d.ctx);
    }
    l->running.n = 0;
}

static void on_prepare(uv_prepare_t *h)
{
    run_deferred(h->data);
}

static void on_check(uv_check_t *h)
{
    run_deferred(h->data);
}

void loop_defer(struct loop *l, timer_fn *fn, void *ctx)
{
    struct defer_list *q = &l->next;
    if (q->n == q->cap) {
        size_t cap = q->cap ? q->cap * 2 : 16;
        struct deferred *v = reallocarray(q->v, cap, sizeof *v);
        if (!v) {
            loop_stop(l, ERR_NOMEM);
            return;
        }
        q->v = v;
        q->cap = cap;
    }
    q->v[q->n++] = (struct deferred){ fn, ctx };
    uv_idle_start(&l->idle, on_idle);
}

void loop_undefer(struct loop *l, const void *ctx)
{
    struct defer_list *both[] = { &l->next, &l->running };
    for (unsigned k = 0; k < 2; k++)
        for (size_t i = 0; i < both[k]->n; i++)
            if (both[k]->v[i].ctx == ctx)
                both[k]->v[i].fn = NULL;
}

/* ---- the loop ---- */

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    if (uv_loop_init(&l->uv) < 0) {
        free(l);
        return NULL;
    }
    l->uv.data = l;
    uv_prepare_init(&l->uv, &l->prepare);
    uv_check_init(&l->uv, &l->check);
    uv_idle_init(&l->uv, &l->idle);
    l->prepare.data = l->check.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    uv_check_start(&l->check, on_check);
    return l;
}

static void free_memory(uv_handle_t *h)
{
    free(h->data);
}

static void close_left(uv_handle_t *h, void *loop)
{
    struct loop *l = loop;
    if (uv_is_closing(h))
        return;
    bool ours = h == (uv_handle_t *)&l->prepare || h == (uv_handle_t *)&l->check || h == (uv_handle_t *)&l->idle;
    uv_close(h, ours ? NULL : free_memory);
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    uv_walk(&l->uv, close_left, l);
    while (uv_loop_close(&l->uv) == UV_EBUSY)
        uv_run(&l->uv, UV_RUN_DEFAULT); /* only close callbacks are left */
    free(l->next.v);
    free(l->running.v);
    free(l->msg_buf);
    free(l);
}

int loop_run(struct loop *l)
{
    while (!l->stopped)
        uv_run(&l->uv, UV_RUN_DEFAULT);
    l->stopped = false;
    return l->code;
}

void loop_stop(struct loop *l, int code)
{
    if (l->stopped)
        return;
    l->stopped = true;
    l->code = code;
    uv_stop(&l->uv);
}

msec loop_now(const struct loop *l)
{
    return uv_now(&l->uv); /* libuv's copy of the clock, refreshed by it after each poll */
}

uint8_t *loop_msg_buf(struct loop *l)
{
    if (!l->msg_buf)
        l->msg_buf = malloc(IMSG_MAX);
    return l->msg_buf;
}

/* ---- descriptors ---- */

static int to_uv(int events)
{
    return (events & LOOP_READ ? UV_READABLE : 0) | (events & LOOP_WRITE ? UV_WRITABLE : 0);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct watch *w = h->data;
    int got = (events & UV_READABLE ? LOOP_READ : 0) | (events & UV_WRITABLE ? LOOP_WRITE : 0);
    if (status < 0) {
        got = w->events;
        uv_poll_start(h, to_uv(w->events), on_poll);
    }
    got &= w->events;
    if (got && w->fn)
        w->fn(w->ctx, got);
}

struct watch *watch_new(struct loop *l, int fd, int events, watch_fn *fn, void *ctx)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    if (uv_poll_init(&l->uv, &w->uv, fd) < 0) {
        free(w);
        return NULL;
    }
    w->fn = fn;
    w->ctx = ctx;
    w->uv.data = w;
    watch_set(w, events);
    return w;
}

void watch_set(struct watch *w, int events)
{
    if (events == w->events)
        return;
    w->events = events;
    if (events)
        uv_poll_start(&w->uv, to_uv(events), on_poll);
    else
        uv_poll_stop(&w->uv);
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    w->fn = NULL;
    w->events = 0;
    uv_poll_stop(&w->uv); /* also forgets what this turn's poll has already brought for the descriptor */
    uv_close((uv_handle_t *)&w->uv, free_memory);
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *h)
{
    struct timer *t = h->data;
    struct loop *l = h->loop->data;
    t->due = NEVER;
    if (!t->fn)
        return;
    l->in_timer = true;
    t->fn(t->ctx);
    l->in_timer = false;
}

struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx)
{
    struct timer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    uv_timer_init(&l->uv, &t->uv);
    t->uv.data = t;
    t->fn = fn;
    t->ctx = ctx;
    t->due = NEVER;
    return t;
}

void timer_set(struct timer *t, msec due)
{
    struct loop *l = t->uv.loop->data;
    if (due == t->due)
        return;
    t->due = due;
    if (due == NEVER) {
        uv_timer_stop(&t->uv);
        return;
    }
    msec now = loop_now(l), wait = due > now ? due - now : 0;
    if (l->in_timer && wait == 0)
        wait = 1;
    uv_timer_start(&t->uv, on_timer, wait, 0);
}

void timer_free(struct timer *t)
{
    if (!t)
        return;
    t->fn = NULL;
    uv_timer_stop(&t->uv);
    uv_close((uv_handle_t *)&t->uv, free_memory);
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *h, int signo)
{
    struct sig *s = h->data;
    s->fn(s->ctx, signo);
}

int loop_signal(struct loop *l, int signo, signal_fn *fn, void *ctx)
{
    struct sig *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    if (uv_signal_init(&l->uv, &s->uv) < 0) {
        free(s);
        return ERR_SYSTEM;
    }
    s->fn = fn;
    s->ctx = ctx;
    s->uv.data = s;
    if (uv_signal_start(&s->uv, on_signal, signo) < 0) {
        uv_close((uv_handle_t *)&s->uv, free_memory);
        return ERR_SYSTEM;
    }
    return 0;
}

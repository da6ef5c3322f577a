/* Happy eyeballs: staggered attempts, first connected socket wins; see dial.h. */
#include "client/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "events/events.h"

struct attempt {
    struct dial *dial;
    struct watch *watch;
    int fd;
};

struct dial {
    struct loop *loop;
    struct prefix addrs[DIAL_MAX];
    struct attempt tries[DIAL_MAX];
    unsigned n, started, open;
    uint16_t port;
    const char *call;
    msec deadline;
    struct timer *timer;
    dial_fn *fn;
    void *ctx;
    char why[256];
    bool over;
};

static void next(struct dial *d);

static void note_failure(struct dial *d, const struct prefix *a, int error)
{
    char text[PREFIX_TEXT];
    size_t used = strlen(d->why);
    snprintf(d->why + used, sizeof d->why - used, "%s%s: %s", used ? ", " : "", prefix_text(a, text), strerror(error));
}

static void drop(struct attempt *t)
{
    watch_free(t->watch);
    t->watch = NULL;
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

/* The end, told once: a descriptor or the reasons. */
static void finish(struct dial *d, struct attempt *won)
{
    int fd = -1;
    struct prefix at = { 0 };
    if (won) {
        fd = won->fd;
        won->fd = -1;
        at = d->addrs[won - d->tries];
    }
    for (unsigned i = 0; i < d->started; i++)
        drop(&d->tries[i]);
    timer_set(d->timer, NEVER);
    d->over = true;
    d->fn(d->ctx, fd, &at, fd < 0 ? d->why : "");
}

static void on_ready(void *ctx, int events)
{
    struct attempt *t = ctx;
    struct dial *d = t->dial;
    int error = 0;
    socklen_t len = sizeof error;
    (void)events;
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (!error) {
        finish(d, t);
        return;
    }
    note_failure(d, &d->addrs[t - d->tries], error);
    drop(t);
    d->open--;
    next(d);
}

static int begin(const struct prefix *a, uint16_t port)
{
    struct sockaddr_in s4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 s6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    bool four = a->family == 4;
    int fd = socket(four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (four)
        s4.sin_addr.s_addr = htonl(prefix_v4_addr(a));
    else
        memcpy(s6.sin6_addr.s6_addr, a->addr, 16);
    const struct sockaddr *to = four ? (const struct sockaddr *)&s4 : (const struct sockaddr *)&s6;
    if (connect(fd, to, four ? sizeof s4 : sizeof s6) == 0 || errno == EINPROGRESS)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

/* Starts the next attempt; none left and none open: the end. */
static void next(struct dial *d)
{
    while (d->started < d->n) {
        struct attempt *t = &d->tries[d->started];
        const struct prefix *a = &d->addrs[d->started++];
        char text[PREFIX_TEXT];
        t->dial = d;
        event(EV_CLIENT_TRYING, d->call, F_TEXT("address", prefix_text(a, text)), F_NUM("port", d->port));
        t->fd = begin(a, d->port);
        t->watch = t->fd < 0 ? NULL : watch_new(d->loop, t->fd, LOOP_WRITE, on_ready, t);
        if (!t->watch) {
            note_failure(d, a, errno);
            drop(t);
            continue;
        }
        d->open++;
        timer_set(d->timer,
                  tick_min(d->deadline, loop_now(d->loop) + (d->started < d->n ? DIAL_STAGGER : DIAL_TIMEOUT)));
        return;
    }
    if (d->open == 0)
        finish(d, NULL);
    else
        timer_set(d->timer, d->deadline);
}

static void on_timer(void *ctx)
{
    struct dial *d = ctx;
    if (d->over)
        return;
    if (loop_now(d->loop) >= d->deadline) {
        size_t used = strlen(d->why);
        snprintf(d->why + used, sizeof d->why - used, "%sno answer in %d s", used ? ", " : "", DIAL_TIMEOUT / 1000);
        finish(d, NULL);
        return;
    }
    next(d);
}

struct dial *dial_new(struct loop *l, const struct prefix *addrs, unsigned n, uint16_t port, const char *call,
                      dial_fn *fn, void *ctx)
{
    struct dial *d = calloc(1, sizeof *d);
    if (!d || n == 0 || n > DIAL_MAX) {
        free(d);
        return NULL;
    }
    *d = (struct dial){ .loop = l, .n = n, .port = port, .call = call, .fn = fn, .ctx = ctx };
    memcpy(d->addrs, addrs, n * sizeof *addrs);
    for (unsigned i = 0; i < DIAL_MAX; i++)
        d->tries[i].fd = -1;
    d->deadline = loop_now(l) + DIAL_TIMEOUT;
    d->timer = timer_new(l, on_timer, d);
    if (!d->timer) {
        free(d);
        return NULL;
    }
    /* The first attempt begins in the timer, so that the callback never comes before dial_new() has returned. */
    timer_set(d->timer, loop_now(l));
    return d;
}

void dial_free(struct dial *d)
{
    if (!d)
        return;
    for (unsigned i = 0; i < d->started; i++)
        drop(&d->tries[i]);
    timer_free(d->timer);
    free(d);
}

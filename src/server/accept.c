/* Taking connections: several a turn, none when there are too many, and a pause when descriptors run out.
 *
 * The listening sockets are shared by all workers; whoever is awake takes what is there. See worker.h. */
#include "server/conn.h"

#include "events/events.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    ACCEPT_TURN = 8, /* connections a turn: other workers and the sessions get theirs */
    ACCEPT_PAUSE_MS = 200,
    ACCEPT_LAST = 4096, /* the longest queue that Linux makes of itself (net.core.somaxconn) */
};

static void set_all(struct worker *w, int events)
{
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        if (w->listeners[i].watch)
            watch_set(w->listeners[i].watch, events);
}

/* No descriptors or no memory: a readable listener would keep the loop spinning. */
static void pause_accepting(struct worker *w, int why)
{
    if (!w->accept_paused)
        event(EV_ACCEPT_FAILED, NULL, F_TEXT("cause", strerror(why)), F_NUM("pause_ms", ACCEPT_PAUSE_MS));
    w->accept_paused = true;
    set_all(w, 0);
    timer_set(w->accept_again, loop_now(w->loop) + ACCEPT_PAUSE_MS);
}

static void on_again(void *ctx)
{
    struct worker *w = ctx;
    set_all(w, LOOP_READ);
}

/* 1: go on; 0: nothing there, or not now. */
static int accept_one(struct listener *l)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        l->w->accept_paused = false;
        conn_accept(l->w, fd, (struct sockaddr *)&peer);
        return 1;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
        pause_accepting(l->w, errno);
    return errno == ECONNABORTED || errno == EINTR || errno == EPROTO; /* that one is gone; accept(2) */
}

static void on_listener(void *ctx, int events)
{
    (void)events;
    for (unsigned i = 0; i < ACCEPT_TURN; i++)
        if (!accept_one(ctx))
            return;
}

static int watch_listener(struct worker *w, struct listener *l)
{
    l->w = w;
    l->watch = watch_new(w->loop, l->fd, LOOP_READ, on_listener, l);
    return l->watch ? 0 : ERR_NOMEM;
}

int accept_start(struct worker *w)
{
    w->accept_again = timer_new(w->loop, on_again, w);
    if (!w->accept_again)
        return ERR_NOMEM;
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        if (w->listeners[i].fd >= 0 && watch_listener(w, &w->listeners[i]) < 0)
            return ERR_NOMEM;
    return 0;
}

int accept_add(struct worker *w, uint32_t slot, int fd)
{
    if (slot >= CONFIG_LISTENS || w->listeners[slot].fd >= 0) {
        close(fd);
        return ERR_VALUE;
    }
    w->listeners[slot].fd = fd;
    return w->phase == ROLE_RUN ? watch_listener(w, &w->listeners[slot]) : 0;
}

static void close_listener(struct listener *l)
{
    watch_free(l->watch);
    l->watch = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

void accept_remove(struct worker *w, uint32_t slot)
{
    struct listener *l = slot < CONFIG_LISTENS ? &w->listeners[slot] : NULL;
    if (!l || l->fd < 0)
        return;
    /* Their handshake is done: they were promised a server. But whoever goes on connecting does not keep us here. */
    for (unsigned i = 0; i < ACCEPT_LAST && accept_one(l) == 1; i++)
        ;
    close_listener(l);
}

void accept_stop(struct worker *w)
{
    timer_free(w->accept_again);
    w->accept_again = NULL;
    for (unsigned i = 0; i < CONFIG_LISTENS; i++)
        close_listener(&w->listeners[i]);
}

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

static void on_listener(void *ctx, int events)
{
    struct listener *l = ctx;
    struct worker *w = l->w;
    (void)events;
    for (unsigned i = 0; i < ACCEPT_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof(peer);
        int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            w->accept_paused = false;
            conn_accept(w, fd, (struct sockaddr *)&peer);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            pause_accepting(w, errno);
        if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO)
            continue; /* that one is gone; accept(2) */
        return;
    }
}

int accept_start(struct worker *w)
{
    w->accept_again = timer_new(w->loop, on_again, w);
    if (!w->accept_again)
        return ERR_NOMEM;
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        struct listener *l = &w->listeners[i];
        if (l->fd < 0)
            continue;
        l->w = w;
        l->watch = watch_new(w->loop, l->fd, LOOP_READ, on_listener, l);
        if (!l->watch)
            return ERR_NOMEM;
    }
    return 0;
}

void accept_stop(struct worker *w)
{
    timer_free(w->accept_again);
    w->accept_again = NULL;
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        watch_free(w->listeners[i].watch);
        w->listeners[i].watch = NULL;
        if (w->listeners[i].fd >= 0)
            close(w->listeners[i].fd);
        w->listeners[i].fd = -1;
    }
}

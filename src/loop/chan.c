/* Channels between our processes: imsg on the loop, with a bounded queue in front of a full socket.
 *
 * Nothing here calls the owner from within chan_send(): a channel that breaks while sending says so from the loop.
 * A send that finds the peer gone only stops the sending; what the peer said before it went is still read, and the end
 * comes from the reading side. */
#include "loop/loop.h"

#include "loop/loop_impl.h"

#include "base/secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct queued {
    struct queued *next;
    uint32_t type, id;
    size_t n;
    unsigned n_fds;
    int fds[IMSG_FDS];
    uint8_t body[];
};

struct chan {
    struct loop *loop;
    struct watch *watch;
    int fd;
    chan_fn *fn;
    chan_lost_fn *lost;
    void *ctx;
    struct queued *head, **tail;
    size_t queued;
    int err;         /* why it is lost; 0: it is not */
    bool mute;       /* the peer does not listen any more: sending is pointless */
    bool paused;     /* nothing is read */
    bool busy, dead; /* in a callback; freed during it */
};

static void free_queued(struct queued *q)
{
    for (unsigned i = 0; i < q->n_fds; i++)
        close(q->fds[i]);
    secret_wipe(q->body, q->n);
    free(q);
}

static struct queued *pop(struct chan *c)
{
    struct queued *q = c->head;
    c->head = q->next;
    if (!c->head)
        c->tail = &c->head;
    c->queued -= sizeof *q + q->n;
    return q;
}

static int wants(const struct chan *c)
{
    return (c->paused ? 0 : LOOP_READ) | (c->head ? LOOP_WRITE : 0);
}

static void drop_queue(struct chan *c)
{
    while (c->head)
        free_queued(pop(c));
}

static void report_lost(void *ctx)
{
    struct chan *c = ctx;
    c->lost(c->ctx, c->err);
}

/* From here on nothing is read or sent; the owner hears of it once, after this turn's callbacks. */
static void set_lost(struct chan *c, int err)
{
    if (c->err)
        return;
    c->err = err;
    watch_set(c->watch, 0);
    drop_queue(c);
    loop_defer(c->loop, report_lost, c);
}

static void send_failed(struct chan *c, int err)
{
    if (err != ERR_LOST) {
        set_lost(c, err);
        return;
    }
    c->mute = true;
    drop_queue(c);
}

static void flush(struct chan *c)
{
    while (c->head) {
        struct queued *q = c->head;
        struct imsg m = { .type = q->type, .id = q->id, .body = { q->body, q->n }, .n_fds = q->n_fds };
        memcpy(m.fds, q->fds, sizeof m.fds);
        int e = imsg_send(c->fd, &m);
        if (e == ERR_NOBUF)
            return;
        if (e) {
            send_failed(c, e);
            return;
        }
        free_queued(pop(c));
    }
}

static int enqueue(struct chan *c, const struct imsg *m)
{
    if (c->queued + sizeof(struct queued) + m->body.n > CHAN_QUEUE_MAX)
        return ERR_NOBUF;
    struct queued *q = malloc(sizeof *q + m->body.n);
    if (!q)
        return ERR_NOMEM;
    *q = (struct queued){ .type = m->type, .id = m->id, .n = m->body.n };
    if (m->body.n)
        memcpy(q->body, m->body.p, m->body.n);
    for (unsigned i = 0; i < m->n_fds; i++) {
        int fd = fcntl(m->fds[i], F_DUPFD_CLOEXEC, 3);
        if (fd < 0) {
            free_queued(q);
            return ERR_SYSTEM;
        }
        q->fds[q->n_fds++] = fd;
    }
    *c->tail = q;
    c->tail = &q->next;
    c->queued += sizeof *q + q->n;
    return 0;
}

void chan_send(struct chan *c, const struct imsg *m)
{
    if (c->err || c->mute)
        return;
    if (m->body.n > IMSG_MAX || m->n_fds > IMSG_FDS) {
        set_lost(c, ERR_LENGTH);
        return;
    }
    int e = c->head ? ERR_NOBUF : imsg_send(c->fd, m);
    if (e == ERR_NOBUF) {
        e = enqueue(c, m);
        if (!e)
            watch_set(c->watch, wants(c));
    }
    if (e)
        send_failed(c, e);
}

void chan_pause(struct chan *c, bool paused)
{
    c->paused = paused;
    if (!c->err)
        watch_set(c->watch, wants(c));
}

size_t chan_queued(const struct chan *c)
{
    return c->queued;
}

int chan_fd(const struct chan *c)
{
    return c->fd;
}

/* At most CHAN_PER_TURN messages, so that one busy process does not starve the others; the rest keeps the descriptor
 * readable for the next turn. */
static void receive(struct chan *c)
{
    uint8_t *buf = loop_msg_buf(c->loop);
    if (!buf) {
        set_lost(c, ERR_NOMEM);
        return;
    }
    for (unsigned n = 0; n < CHAN_PER_TURN && !c->err && !c->dead && !c->paused; n++) {
        struct imsg m;
        int r = imsg_recv(c->fd, buf, IMSG_MAX, &m);
        if (r < 0)
            set_lost(c, r);
        if (r <= 0)
            return;
        size_t len = m.body.n; /* the callback may free the channel, and take the message apart */
        c->fn(c->ctx, &m);
        secret_wipe(buf, len); /* passwords, keys and hashes of passwords go this way */
        imsg_drop_fds(&m);
    }
}

static void on_ready(void *ctx, int events)
{
    struct chan *c = ctx;
    c->busy = true;
    if (events & LOOP_WRITE)
        flush(c);
    if (events & LOOP_READ && !c->err)
        receive(c);
    c->busy = false;
    if (c->dead)
        free(c);
    else if (!c->err)
        watch_set(c->watch, wants(c));
}

void chan_drain(struct chan *c)
{
    on_ready(c, LOOP_READ);
}

struct chan *chan_new(struct loop *l, int fd, chan_fn *fn, chan_lost_fn *lost, void *ctx)
{
    struct chan *c = calloc(1, sizeof *c);
    if (c)
        *c = (struct chan){ .loop = l, .fd = fd, .fn = fn, .lost = lost, .ctx = ctx };
    if (!c || !(c->watch = watch_new(l, fd, LOOP_READ, on_ready, c))) {
        free(c);
        close(fd);
        return NULL;
    }
    c->tail = &c->head;
    return c;
}

void chan_free(struct chan *c)
{
    if (!c)
        return;
    loop_undefer(c->loop, c);
    watch_free(c->watch);
    drop_queue(c);
    close(c->fd);
    if (c->busy)
        c->dead = true;
    else
        free(c);
}

/* The way out: packets and control messages into TLS records, records into the socket, and what waits when it is full.
 * See stream.h. */
#include "dp/stream_priv.h"

#include <errno.h>
#include <sys/socket.h>

/* What the socket takes of `bytes`. */
static size_t send_some(struct stream *s, const uint8_t *bytes, size_t n, msec now)
{
    ssize_t sent = send(s->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
        return (size_t)sent;
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ENOBUFS)
        stream_break(s, STREAM_CAUSE_LOST, now);
    return 0;
}

static void keep_out(struct stream *s, const uint8_t *bytes, size_t n, msec now)
{
    if (!s->out.block)
        s->out.block = blocks_get(&s->bench->outs);
    if (!s->out.block || STREAM_OUT - wait_left(&s->out) < n) {
        stream_break(s, s->out.block ? STREAM_CAUSE_FLOOD : STREAM_CAUSE_OURS, now);
        return;
    }
    if (STREAM_OUT - s->out.to < n) {
        memmove(s->out.block, s->out.block + s->out.from, wait_left(&s->out));
        s->out.to -= s->out.from;
        s->out.from = 0;
    }
    memcpy(s->out.block + s->out.to, bytes, n);
    s->out.to += (uint32_t)n;
}

void stream_ship(struct stream *s, msec now)
{
    struct tls_io *io = &s->bench->io;
    size_t sent = 0, n = io->out_len;
    io->out_len = 0;
    if (!n || s->broken)
        return;
    if (!wait_left(&s->out))
        sent = send_some(s, io->out, n, now);
    if (sent < n && !s->broken)
        keep_out(s, io->out + sent, n - sent, now);
}

bool stream_unblock(struct stream *s, msec now)
{
    size_t n = wait_left(&s->out);
    if (n && !s->broken)
        s->out.from += (uint32_t)send_some(s, s->out.block + s->out.from, n, now);
    wait_release(&s->out, &s->bench->outs);
    return !s->broken && !wait_left(&s->out);
}

/* One record; the socket is asked once a burst has come together. */
static void seal(struct stream *s, const uint8_t *bytes, size_t n, msec now)
{
    if (!n || s->broken)
        return;
    if (tls_write(s->tls, bytes, n) < 0)
        stream_break(s, STREAM_CAUSE_TLS, now);
    else if (s->bench->io.out_len >= STREAM_BURST)
        stream_ship(s, now);
}

/* Control messages of the tunnel: always before packets. */
static void send_control(struct stream *s, msec now)
{
    uint8_t *record = s->bench->record;
    size_t fill = 0;
    for (;;) {
        size_t n = tunnel_pull(&s->tunnel, record + fill, STREAM_RECORD - fill);
        fill += n;
        if (n && STREAM_RECORD - fill >= CALL_FRAME_MAX)
            continue;
        seal(s, record, fill, now);
        fill = 0;
        if (!n || s->broken || wait_left(&s->out))
            return;
    }
}

/* Whole frames at the front of the queue, at most one record of them. The lengths are our own ([MS-SSTP] 2.2.2). */
static size_t queued_record(const struct stream *s)
{
    const uint8_t *p = s->queue.block + s->queue.from;
    size_t left = wait_left(&s->queue), n = 0;
    while (left - n >= 4) {
        size_t frame = (size_t)(p[n + 2] & 0x0f) << 8 | p[n + 3];
        if (n + frame > STREAM_RECORD)
            break;
        n += frame;
    }
    return n;
}

static void send_queue(struct stream *s, msec now)
{
    while (wait_left(&s->queue) && !wait_left(&s->out) && !s->broken) {
        size_t n = queued_record(s);
        if (!n) {
            stream_break(s, STREAM_CAUSE_OURS, now);
            return;
        }
        seal(s, s->queue.block + s->queue.from, n, now);
        s->queue.from += (uint32_t)n;
    }
    wait_release(&s->queue, &s->bench->queues);
}

/* False: there is no room, the packet is dropped. */
static bool enqueue(struct stream *s, struct slice head, const struct packet *p)
{
    struct stream_wait *q = &s->queue;
    size_t n = head.n + p->n;
    if (!q->block)
        q->block = blocks_get(&s->bench->queues);
    if (!q->block || STREAM_QUEUE - wait_left(q) < n) {
        wait_release(q, &s->bench->queues);
        return false;
    }
    if (STREAM_QUEUE - q->to < n) {
        memmove(q->block, q->block + q->from, wait_left(q));
        q->to -= q->from;
        q->from = 0;
    }
    memcpy(q->block + q->to, head.p, head.n);
    memcpy(q->block + q->to + head.n, p->p, p->n);
    q->to += (uint32_t)n;
    return true;
}

/* One packet into the record that is being filled, or into the queue when the socket is full. */
static enum drop put_packet(struct stream *s, const struct packet *p, size_t *fill, msec now)
{
    uint8_t head[8];
    if (!s->tunnel.connected)
        return DROP_NOT_UP; /* [MS-SSTP] 3.3.7: no user data before Call Connected */
    size_t h = tunnel_data_head(&s->tunnel, p->n ? p->p[0] >> 4 : 0, p->n, head);
    if (!h)
        return p->n > link_peer_mru(&s->tunnel.link) ? DROP_TOO_BIG : DROP_NOT_UP;
    if (wait_left(&s->out))
        return enqueue(s, slice_of(head, h), p) ? DROP_NONE : DROP_QUEUE;
    if (*fill + h + p->n > STREAM_RECORD) {
        seal(s, s->bench->record, *fill, now);
        *fill = 0;
        if (wait_left(&s->out))
            return enqueue(s, slice_of(head, h), p) ? DROP_NONE : DROP_QUEUE;
    }
    memcpy(s->bench->record + *fill, head, h);
    memcpy(s->bench->record + *fill + h, p->p, p->n);
    *fill += h + p->n;
    return DROP_NONE;
}

void stream_send(struct stream *s, const struct batch *packets, msec now)
{
    size_t fill = 0;
    stream_flush(s, now);
    for (unsigned i = 0; i < packets->n; i++) {
        const struct packet *p = &packets->at[i];
        enum drop why = DROP_NOT_UP;
        if (s->state == STREAM_TUNNEL && !s->broken)
            why = put_packet(s, p, &fill, now);
        if (why != DROP_NONE) {
            drop_count(&s->count.drops, why);
            continue;
        }
        s->count.packets_out++;
        s->count.bytes_out += p->n;
    }
    seal(s, s->bench->record, fill, now);
    stream_ship(s, now);
}

/* The end of it: close_notify behind the last message, then our half of the connection is shut. */
static void finish(struct stream *s, msec now)
{
    if (!s->said_goodbye) {
        s->said_goodbye = true;
        tls_close(s->tls);
        stream_ship(s, now);
    }
    if (s->broken || wait_left(&s->out))
        return;
    (void)shutdown(s->fd, SHUT_WR);
    stream_enter(s, STREAM_LINGER, now);
    if (s->eof)
        stream_enter(s, STREAM_DEAD, now);
}

void stream_flush(struct stream *s, msec now)
{
    if (s->state == STREAM_DEAD || s->broken || !stream_unblock(s, now))
        return;
    if (s->state == STREAM_HANDSHAKE && s->conf.tunnel->role == TUNNEL_CLIENT && !s->tls)
        (void)stream_shake(s, now); /* the client speaks first */
    if (s->state == STREAM_TUNNEL || s->state == STREAM_FLUSH) {
        send_control(s, now);
        stream_ship(s, now);
    }
    if (s->state == STREAM_TUNNEL) {
        send_queue(s, now);
        stream_ship(s, now);
    }
    if (s->state == STREAM_FLUSH && !s->broken && !wait_left(&s->out))
        finish(s, now);
}

/* The way out: packets and control messages into TLS records, records into the socket, and what waits when it is full.
 * See stream.h. */
#include "dp/stream_priv.h"

#include "net/sock.h"
#include "seg/mss.h"

#include <errno.h>
#include <sys/socket.h>

/* What the socket took; where that changes how much the kernel may hold unsent, it is told. */
static void measure_pace(struct stream *s, size_t sent, bool refused, msec now)
{
    uint32_t before = s->pace.unsent;
    if (pace_sent(&s->pace, (uint32_t)sent, refused, now) && s->pace.unsent != before)
        sock_set_unsent(s->fd, s->pace.unsent);
}

/* How much lies in the socket, and whether that is enough. */
static void look(struct stream *s, msec now)
{
    struct limit *l = &s->limit;
    uint32_t queued, rtt, min_rtt;
    s->held = NEVER;
    if (sock_queued(s->fd, &queued) < 0)
        return;
    if (limit_look(l, queued, now) && sock_rtt(s->fd, &rtt, &min_rtt) == 0) {
        limit_not_before(l, s->pace.rising);
        limit_judge(l, queued, rtt, min_rtt, now);
        s->pace.rtt = min_rtt;
    }
    msec wait = limit_wait(l, queued);
    if (wait)
        s->held = tick_after(now, wait);
}

/* What the socket takes of `bytes`. `more`: 0 or MSG_MORE. */
static size_t send_some(struct stream *s, const uint8_t *bytes, size_t n, int more, msec now)
{
    ssize_t sent = send(s->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT | more);
    int why = errno;
    measure_pace(s, sent > 0 ? (size_t)sent : 0, sent < (ssize_t)n, now);
    if (sent > 0)
        s->moved = now;
    if (sent > 0 && !s->bench->fq.conf.plain && limit_given(&s->limit, (uint64_t)sent))
        look(s, now);
    if (sent >= 0)
        return (size_t)sent;
    if (why != EAGAIN && why != EWOULDBLOCK && why != EINTR && why != ENOBUFS)
        stream_break(s, STREAM_CAUSE_LOST, now);
    return 0;
}

static void keep_out(struct stream *s, const uint8_t *bytes, size_t n, msec now)
{
    if (!s->out.block)
        s->out.block = blocks_get(&s->bench->outs);
    if (!s->out.block || STREAM_OUT - wait_left(&s->out) < n) {
        stream_break(s, s->out.block ? STREAM_CAUSE_FLOOD : STREAM_CAUSE_MEMORY, now);
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

static void ship(struct stream *s, int more, msec now)
{
    struct tls_io *io = &s->bench->io;
    size_t sent = 0, n = io->out_len;
    s->bench->shipped += n;
    io->out_len = 0;
    if (!n || s->broken)
        return;
    if (!wait_left(&s->out))
        sent = send_some(s, io->out, n, more, now);
    if (sent < n && !s->broken)
        keep_out(s, io->out + sent, n - sent, now);
}

void stream_ship(struct stream *s, msec now)
{
    ship(s, 0, now);
}

void stream_ship_more(struct stream *s, msec now)
{
    ship(s, MSG_MORE, now);
}

bool stream_unblock(struct stream *s, msec now)
{
    size_t n = wait_left(&s->out);
    if (n && !s->broken)
        s->out.from += (uint32_t)send_some(s, s->out.block + s->out.from, n, 0, now);
    wait_release(&s->out, &s->bench->outs);
    return !s->broken && !wait_left(&s->out);
}

/* One record; the socket is asked once a burst has come together. */
static void seal(struct stream *s, const uint8_t *bytes, size_t n, msec now)
{
    if (!n || s->broken)
        return;
    int r = tls_write(s->tls, bytes, n);
    if (r < 0)
        stream_break(s, r == ERR_NOMEM ? STREAM_CAUSE_MEMORY : STREAM_CAUSE_TLS, now);
    else if (s->bench->io.out_len >= s->pace.burst)
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

void stream_seal(struct stream *s, msec now)
{
    size_t n = s->bench->fill;
    s->bench->fill = 0;
    seal(s, s->bench->record, n, now);
}

static bool blocked(const struct stream *s)
{
    return s->broken || wait_left(&s->out) || s->held != NEVER;
}

/* Packets of a (super-)packet into records, until all are, about `share` bytes are, or the socket is full. A packet that
 * a network protocol is not up for is passed over. */
static void cut(struct stream *s, struct gso *g, uint8_t version, uint32_t share, msec now)
{
    struct stream_bench *b = s->bench;
    for (size_t n, done = 0; done < share && (n = gso_next_len(g)) != 0; done += n) {
        if (b->fill + STREAM_HEAD + n > STREAM_RECORD) {
            stream_seal(s, now);
            if (blocked(s))
                return;
        }
        uint8_t *at = b->record + b->fill;
        if (n > s->mtu && s->mtu) {
            stream_odd(s, g, now);
            continue;
        }
        size_t head = tunnel_data_head(&s->tunnel, version, n, at);
        if (!head) {
            drop_count(&s->count.drops, DROP_NOT_UP);
            gso_pass(g);
            continue;
        }
        b->fill += head + gso_next(g, at + head);
        s->count.packets_out++;
        s->count.bytes_out += n;
    }
}

/* The first byte says which family. */
static uint8_t version_of(const struct packet *p)
{
    return p->n ? p->p[0] >> 4 : 0;
}

/* The queue's clock is the loop's: fine enough beside a target of 5 ms. */
static usec queue_time(msec now)
{
    return now * 1000;
}

/* While the socket takes bytes a long queue is CoDel's business; a peer that has stopped reading is not worth much. */
static uint32_t queue_limit(const struct stream *s, msec now)
{
    msec trip = pace_trip(&s->pace) / 1000;
    return now - s->moved < STREAM_STALLED + 2 * trip ? pace_queue(&s->pace, now) : STREAM_QUEUE_STALLED;
}

/* Drops inside the queue are the session's. */
static void count_queue(struct stream *s)
{
    s->count.drops.n[DROP_QUEUE] = s->queue.dropped + s->queue.overflowed;
}

/* The bench's queue conditions are those of whoever uses it now. */
static struct fq_bench *borrow_queue(const struct stream *s, msec now)
{
    struct fq_bench *fq = &s->bench->fq;
    fq->conf.bytes = queue_limit(s, now);
    fq->conf.quantum = s->pace.turn;
    fq->conf.codel = pace_codel(&s->pace, now);
    return fq;
}

static uint64_t send_queue(struct stream *s, uint32_t share, msec now)
{
    struct fq_bench *fq = borrow_queue(s, now);
    struct fq_turn t;
    usec at = queue_time(now);
    uint64_t sent = 0;
    if (pace_slow(&s->pace) && share > s->pace.burst)
        share = s->pace.burst; /* a bit, and the socket is asked again */
    while (sent < share && !blocked(s) && fq_next(&s->queue, fq, at, &t)) {
        struct gso g;
        uint32_t end = t.packet.n;
        if (gso_init(&g, t.packet.vnet, slice_of(t.packet.p, end)) < 0) {
            drop_count(&s->count.drops, DROP_MALFORMED);
        } else {
            gso_skip(&g, t.sent);
            cut(s, &g, version_of(&t.packet), t.share, now);
            end = gso_end(&g, t.packet.n);
        }
        sent += end - t.sent;
        fq_sent(&s->queue, fq, end);
    }
    stream_seal(s, now);
    count_queue(s);
    return sent;
}

/* A packet that the socket did not take, or not all of; `end` bytes of it have gone. */
static void enqueue(struct stream *s, const struct packet *p, uint32_t end, msec now)
{
    struct fq_bench *fq = borrow_queue(s, now);
    struct fq_turn t;
    usec at = queue_time(now);
    if (fq_push(&s->queue, fq, p, at) && end && fq_next(&s->queue, fq, at, &t))
        fq_sent(&s->queue, fq, end); /* it is the only one in the queue, see put_packet() */
}

/* One packet into the record that is being filled, or into the queue when the socket is full (or `queue` says so). */
static void put_packet(struct stream *s, const struct packet *p, bool queue, msec now)
{
    struct gso g;
    if (s->state != STREAM_TUNNEL || s->broken || !s->tunnel.connected || !s->mtu) {
        drop_count(&s->count.drops, DROP_NOT_UP); /* [MS-SSTP] 3.3.7: no user data before Call Connected */
        return;
    }
    if (vnet_read(p->vnet).gso_type == VNET_GSO_NONE)
        (void)mss_clamp(p->p, p->n, s->mtu, vnet_read(p->vnet).flags & VNET_NEEDS_CSUM);
    if (queue || blocked(s) || pace_slow(&s->pace) || !fq_empty(&s->queue)) {
        enqueue(s, p, 0, now);
        return;
    }
    if (gso_init(&g, p->vnet, slice_of(p->p, p->n)) < 0) {
        drop_count(&s->count.drops, DROP_MALFORMED);
        return;
    }
    cut(s, &g, version_of(p), UINT32_MAX, now);
    if (gso_next_len(&g) && !s->broken)
        enqueue(s, p, gso_end(&g, p->n), now);
}

void stream_send(struct stream *s, const struct batch *packets, msec now)
{
    stream_flush(s, now);
    for (unsigned i = 0; i < packets->n; i++)
        put_packet(s, &packets->at[i], false, now);
    if (pace_slow(&s->pace) && !blocked(s))
        (void)send_queue(s, STREAM_SHARE, now);
    stream_seal(s, now);
    stream_ship(s, now);
    count_queue(s);
}

void stream_queue(struct stream *s, const struct batch *packets, msec now)
{
    for (unsigned i = 0; i < packets->n; i++)
        put_packet(s, &packets->at[i], true, now);
    count_queue(s);
}

/* The end of it: close_notify behind the last message, then our half of the connection is shut. */
static void finish(struct stream *s, msec now)
{
    if (!s->said_goodbye) {
        s->said_goodbye = true;
        tls_close(s->tls);
        stream_ship_more(s, now);
    }
    if (s->broken || wait_left(&s->out))
        return;
    (void)shutdown(s->fd, SHUT_WR);
    stream_enter(s, STREAM_LINGER, now);
    if (s->eof)
        stream_enter(s, STREAM_DEAD, now);
}

bool stream_ready(const struct stream *s)
{
    return s->state == STREAM_TUNNEL && !fq_empty(&s->queue) && !blocked(s) && !pace_slow(&s->pace);
}

uint64_t stream_turn(struct stream *s, uint32_t share, msec now)
{
    uint64_t sent = 0;
    if (s->state == STREAM_DEAD || s->broken || !stream_unblock(s, now))
        return 0;
    if (s->held <= now)
        look(s, now);
    if (s->state == STREAM_HANDSHAKE && s->conf.tunnel->role == TUNNEL_CLIENT && !s->tls)
        (void)stream_shake(s, now); /* the client speaks first */
    if ((s->state == STREAM_TUNNEL || s->state == STREAM_FLUSH) && stream_lend(s, now)) {
        send_control(s, now);
        stream_ship(s, now);
    }
    if (s->state == STREAM_TUNNEL && share && !fq_empty(&s->queue)) {
        sent = send_queue(s, share, now);
        stream_ship(s, now);
    }
    if (s->state == STREAM_FLUSH && !s->broken && !wait_left(&s->out))
        finish(s, now);
    stream_unlend(s);
    return sent;
}

void stream_flush(struct stream *s, msec now)
{
    (void)stream_turn(s, STREAM_SHARE, now);
}

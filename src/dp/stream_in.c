/* The way in: socket, TLS, tunnel, packets. Runs over the worker's shared buffers; only a partial frame is kept.
 * See stream.h. */
#include "dp/stream_priv.h"

#include "net/sock.h"
#include "seg/mss.h"

#include <errno.h>
#include <sys/socket.h>

/* What was kept of the last run comes back to the front of the shared buffer. */
static void take_carry(struct stream *s)
{
    size_t n = wait_left(&s->carry);
    if (!n)
        return;
    memcpy(s->bench->plain, s->carry.block + s->carry.from, n);
    s->plain = rd_of(s->bench->plain, n);
    s->carry.from = s->carry.to = 0;
    wait_release(&s->carry, &s->bench->carries);
}

/* The end of a run: a partial frame or head is kept in a block of the stream. */
static void keep_carry(struct stream *s, msec now)
{
    size_t n = rd_left(&s->plain);
    s->turns = 0;
    s->drained = false;
    s->bench->io.in = (struct slice){ 0 };
    if (n && s->state == STREAM_TUNNEL && !s->broken) {
        s->carry.block = n <= STREAM_CARRY ? blocks_get(&s->bench->carries) : NULL;
        if (s->carry.block) {
            memcpy(s->carry.block, s->plain.p, n);
            s->carry.to = (uint32_t)n;
        } else {
            stream_break(s, n <= STREAM_CARRY ? STREAM_CAUSE_MEMORY : STREAM_CAUSE_OURS, now);
        }
    }
    s->plain = rd_of(NULL, 0);
}

/* What one read found, and whether the socket may hold more from here on. */
static void measure_intake(struct stream *s, uint32_t n, msec now)
{
    uint32_t rtt, min_rtt;
    if (intake_read(&s->intake, n, now) && sock_rtt(s->fd, &rtt, &min_rtt) == 0 &&
        intake_judge(&s->intake, min_rtt, now))
        sock_free_unread(s->fd);
}

/* Ciphertext from the socket into the shared buffer. False: nothing there now. */
static bool receive(struct stream *s, msec now)
{
    if (s->eof || s->drained || s->turns >= STREAM_TURNS)
        return false;
    s->turns++;
    ssize_t n = recv(s->fd, s->bench->cipher, STREAM_RECV, MSG_DONTWAIT);
    if (n > 0) {
        s->drained = n < STREAM_RECV;
        s->bench->io.in = slice_of(s->bench->cipher, (size_t)n);
        measure_intake(s, (uint32_t)n, now);
        return true;
    }
    if (n == 0)
        s->eof = true;
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        stream_break(s, STREAM_CAUSE_LOST, now);
    return false;
}

/* More plaintext behind what is left of it: as many records as are there and fit. False: none came. */
static bool decrypt(struct stream *s, msec now)
{
    struct stream_bench *b = s->bench;
    size_t had = rd_left(&s->plain), fill = had;
    if (had)
        memmove(b->plain, s->plain.p, had);
    while (STREAM_PLAIN - fill >= STREAM_RECORD) {
        long n = tls_read(s->tls, b->plain + fill, STREAM_PLAIN - fill);
        if (n > 0)
            fill += (size_t)n;
        if (n == ERR_NOBUF)
            stream_ship(s, now); /* answers to KeyUpdates have filled it */
        if (n > 0 || (n == ERR_NOBUF && !s->broken))
            continue;
        if (n == ERR_ENDED)
            s->eof = true;
        else if (n < 0)
            stream_break(s, n == ERR_NOMEM ? STREAM_CAUSE_MEMORY : STREAM_CAUSE_TLS, now);
        if (n < 0)
            b->io.in = (struct slice){ 0 };
        break;
    }
    s->plain = rd_of(b->plain, fill);
    if (b->io.out_len)
        stream_ship(s, now); /* a KeyUpdate's answer, an alert */
    return fill > had;
}

/* Walks frames; packets go into the batch. Returns what the tunnel said last (enum fed, or an error). */
static int walk(struct stream *s, struct batch *out, msec now)
{
    if (!stream_lend(s, now))
        return ERR_NOMEM;
    struct tunnel_packet found[BATCH_MAX];
    uint8_t *base = s->bench->plain;
    int fed = FED_TOOK;
    while (fed == FED_TOOK && !batch_full(out)) {
        if (s->tunnel.phase != TUNNEL_SSTP) {
            fed = tunnel_feed(&s->tunnel, &s->plain, now);
            continue;
        }
        size_t n = tunnel_walk(&s->tunnel, &s->plain, found, BATCH_MAX - out->n, &fed, now);
        for (size_t i = 0; i < n; i++) {
            uint8_t *p = base + (found[i].p - base); /* the bytes are the bench's: writable */
            (void)mss_clamp(p, found[i].n, s->mtu, false);
            batch_add(out, p, found[i].n);
            s->count.bytes_in += found[i].n;
        }
        s->count.packets_in += n;
    }
    return fed;
}

/* After the tunnel is down: what still comes is thrown away, until the peer closes. */
static void discard(struct stream *s, msec now)
{
    s->turns = 0;
    s->drained = false;
    while (receive(s, now))
        s->bench->io.in = (struct slice){ 0 };
    s->turns = 0;
    s->drained = false;
    if (s->eof && s->state == STREAM_LINGER)
        stream_enter(s, STREAM_DEAD, now);
}

/* All that came is walked. Gets more: true if there is some, false if the run is over. */
static bool refill(struct stream *s, msec now)
{
    if (s->bench->io.in.n && s->state == STREAM_TUNNEL && decrypt(s, now))
        return true;
    if (s->broken || !receive(s, now))
        return false;
    if (s->state == STREAM_HANDSHAKE && !stream_shake(s, now))
        return !s->broken && !s->drained;
    (void)decrypt(s, now);
    return !s->broken;
}

bool stream_readable(struct stream *s, struct batch *out, msec now)
{
    if (s->turns == 0 && s->state == STREAM_TUNNEL && stream_lend(s, now))
        take_carry(s);
    while (s->state == STREAM_HANDSHAKE || s->state == STREAM_TUNNEL) {
        int fed = s->state == STREAM_TUNNEL ? walk(s, out, now) : FED_MORE;
        if (fed == FED_EVENT || batch_full(out))
            return true; /* the run goes on after the event has been taken */
        if (fed < 0) {
            stream_break(s, fed == ERR_NOMEM ? STREAM_CAUSE_MEMORY : STREAM_CAUSE_OURS,
                         now); /* the tunnel says DOWN by itself for all that a peer does */
            break;
        }
        bool more = s->bench->io.in.n || !(s->eof || s->drained || s->turns >= STREAM_TURNS);
        if (out->n && more)
            return true; /* the batch borrows what refilling overwrites */
        if (refill(s, now))
            continue;
        if (s->eof && !s->broken)
            stream_break(s, STREAM_CAUSE_LOST, now);
        break;
    }
    if (s->state == STREAM_FLUSH || s->state == STREAM_LINGER)
        discard(s, now);
    keep_carry(s, now);
    return false;
}

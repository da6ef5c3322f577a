/* The life of a stream: states, deadlines, events, the end. The way in and the way out are in stream_in.c and
 * stream_out.c. See stream.h. */
#include "dp/stream_priv.h"

#include "net/sock.h"
#include "seg/icmp.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEEP_BLOCKS = 64, KEEP_OUTS = 16, KEEP_QUEUE = PACE_QUEUE / FQ_BLOCK };

static const char *const cause_texts[] = {
    [STREAM_CAUSE_NONE] = "closed in order",
    [STREAM_CAUSE_TLS] = "TLS failed",
    [STREAM_CAUSE_DEADLINE] = "TLS was not open in time",
    [STREAM_CAUSE_LOST] = "the peer closed the connection",
    [STREAM_CAUSE_FLOOD] = "the peer does not read our answers",
    [STREAM_CAUSE_ABORT] = "closed by us",
    [STREAM_CAUSE_MEMORY] = "out of memory",
    [STREAM_CAUSE_OURS] = "internal error",
};

const char *stream_cause_text(enum stream_cause c)
{
    return cause_texts[c];
}

int stream_bench_init(struct stream_bench *b)
{
    uint64_t seed = 0; /* who shares a queue's bucket with whom: nobody may know */
    *b = (struct stream_bench){ 0 };
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        return ERR_SYSTEM;
    b->io.out = malloc(STREAM_OUT);
    b->io.out_cap = STREAM_OUT;
    b->cipher = malloc(STREAM_RECV);
    b->plain_block = malloc(PACKET_HEAD + STREAM_PLAIN);
    b->plain = b->plain_block ? b->plain_block + PACKET_HEAD : NULL;
    b->record = malloc(STREAM_RECORD);
    b->odd = malloc(PACKET_MAX + PACKET_HEAD + ICMP6_ANSWER_MAX);
    blocks_init(&b->outs, STREAM_OUT, KEEP_OUTS);
    blocks_init(&b->carries, STREAM_CARRY, KEEP_BLOCKS);
    blocks_init(&b->works, sizeof(struct tunnel_work), KEEP_OUTS);
    fq_bench_init(&b->fq, &fq_defaults, seed, KEEP_QUEUE);
    if (b->io.out && b->cipher && b->plain && b->record && b->odd)
        return 0;
    stream_bench_done(b);
    return ERR_NOMEM;
}

void stream_bench_tidy(struct stream_bench *b)
{
    blocks_done(&b->outs);
    blocks_done(&b->carries);
    blocks_done(&b->works);
    fq_bench_done(&b->fq);
}

void stream_bench_done(struct stream_bench *b)
{
    free(b->io.out);
    free(b->cipher);
    free(b->plain_block);
    free(b->record);
    free(b->odd);
    blocks_done(&b->outs);
    blocks_done(&b->carries);
    blocks_done(&b->works);
    fq_bench_done(&b->fq);
    *b = (struct stream_bench){ 0 };
}

void wait_release(struct stream_wait *w, struct blocks *from)
{
    if (wait_left(w) || !w->block)
        return;
    blocks_put(from, w->block);
    *w = (struct stream_wait){ 0 };
}

void stream_init(struct stream *s, const struct stream_conf *conf, struct stream_bench *bench, int fd, msec now)
{
    /* The tunnel, most of the struct, is set up when TLS is open: a silent connection never touches those pages. */
    memset(s, 0, offsetof(struct stream, tunnel));
    s->conf = *conf;
    s->bench = bench;
    s->fd = fd;
    s->moved = now;
    pace_init(&s->pace, now);
    s->limit.since = now;
    s->held = NEVER;
    stream_enter(s, STREAM_HANDSHAKE, now);
}

bool stream_lend(struct stream *s, msec now)
{
    if (!s->tunnel_on)
        return false;
    if (!tunnel_needs_work(&s->tunnel))
        return true;
    struct tunnel_work *w = (struct tunnel_work *)(void *)blocks_get(&s->bench->works);
    if (w)
        tunnel_lend(&s->tunnel, w);
    else if (s->state == STREAM_TUNNEL && !s->broken)
        s->cause = STREAM_CAUSE_MEMORY;
    s->broken |= !w;
    (void)now;
    return w;
}

void stream_unlend(struct stream *s)
{
    if (s->tunnel_on && !tunnel_needs_work(&s->tunnel))
        blocks_put(&s->bench->works, (uint8_t *)tunnel_spare(&s->tunnel));
}

/* What the peer did not take until the end must not live on in the kernel: the close will throw it away. */
static void forget_unsent(struct stream *s)
{
    int unsent = 0;
    bool all_sent = s->state == STREAM_LINGER && ioctl(s->fd, SIOCOUTQ, &unsent) == 0 && unsent == 0;
    struct linger off = { 1, 0 };
    if (!all_sent && !s->broken)
        (void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
}

static void drop_waiting(struct stream *s)
{
    s->out.from = s->out.to = s->carry.from = s->carry.to = 0;
    wait_release(&s->out, &s->bench->outs);
    wait_release(&s->carry, &s->bench->carries);
    fq_done(&s->queue, &s->bench->fq);
    s->plain = rd_of(NULL, 0);
    s->bench->io.in = (struct slice){ 0 };
    s->bench->io.out_len = 0;
}

void stream_enter(struct stream *s, enum stream_state next, msec now)
{
    switch (next) {
    case STREAM_HANDSHAKE:
        s->due = tick_after(now, s->conf.tls_timeout);
        break;
    case STREAM_TUNNEL:
        s->due = NEVER; /* the tunnel has its own deadlines */
        break;
    case STREAM_FLUSH:
        s->due = tick_after(now, s->conf.flush_timeout);
        break;
    case STREAM_LINGER:
        s->due = tick_after(now, s->conf.linger_timeout);
        break;
    case STREAM_DEAD:
        drop_waiting(s);
        forget_unsent(s);
        s->due = NEVER;
        break;
    }
    s->state = next;
}

void stream_break(struct stream *s, enum stream_cause cause, msec now)
{
    if (s->broken || s->state == STREAM_DEAD)
        return;
    s->broken = true;
    if (s->state == STREAM_HANDSHAKE || s->state == STREAM_TUNNEL)
        s->cause = cause; /* after that the tunnel is down already, and why is known */
    if (s->state == STREAM_TUNNEL && stream_lend(s, now))
        tunnel_lost(&s->tunnel, now);
}

void stream_secure(struct stream *s, msec now)
{
    struct tunnel_conf conf = *s->conf.tunnel;
    uint32_t rtt, min_rtt;
    int r = tls_leaf_hash(s->tls, &s->leaf);
    if (r < 0) {
        stream_break(s, r == ERR_NOMEM ? STREAM_CAUSE_MEMORY : STREAM_CAUSE_OURS, now);
        return;
    }
    /* [MS-SSTP] 3.2.5.2, 3.3.5.2.3: the binding is to the certificate of this very handshake. */
    memcpy(conf.call.certs[0].sha1, s->leaf.sha1, sizeof(s->leaf.sha1));
    memcpy(conf.call.certs[0].sha256, s->leaf.sha256, sizeof(s->leaf.sha256));
    conf.call.n_certs = 1;
    conf.http.cert_sha1 = s->leaf.sha1;
    conf.http.cert_sha256 = s->leaf.sha256;
    struct tunnel_work *work = (struct tunnel_work *)(void *)blocks_get(&s->bench->works);
    if (!work) {
        stream_break(s, STREAM_CAUSE_MEMORY, now);
        return;
    }
    tunnel_init(&s->tunnel, work, &conf, s->conf.env, now);
    s->tunnel_on = true;
    if (sock_rtt(s->fd, &rtt, &min_rtt) == 0)
        s->pace.rtt = min_rtt;
    if (s->pace.rtt < INTAKE_LONG)
        sock_limit_unread(s->fd, INTAKE_BYTES);
    else
        s->intake.free = true;
    stream_enter(s, STREAM_TUNNEL, now);
}

bool stream_shake(struct stream *s, msec now)
{
    if (!s->tls)
        s->tls = tls_new(s->conf.tls, &s->bench->io);
    if (!s->tls) {
        stream_break(s, STREAM_CAUSE_MEMORY, now);
        return false;
    }
    int r;
    do {
        r = tls_handshake(s->tls);
        if (r == 1 && s->conf.tunnel->role == TUNNEL_CLIENT)
            stream_ship_more(s, now); /* our Finished: the HTTP request comes with it */
        else
            stream_ship(s, now); /* an alert too, when it failed */
    } while (r == ERR_NOBUF && !s->broken);
    if (r < 0)
        stream_break(s, r == ERR_NOMEM ? STREAM_CAUSE_MEMORY : STREAM_CAUSE_TLS, now);
    else if (r == 1)
        stream_secure(s, now);
    return r == 1 && !s->broken;
}

void stream_tick(struct stream *s, msec now)
{
    if (s->state == STREAM_TUNNEL && tunnel_due(&s->tunnel) <= now && stream_lend(s, now))
        tunnel_tick(&s->tunnel, now);
    if (s->due > now)
        return;
    if (s->state == STREAM_HANDSHAKE)
        stream_break(s, STREAM_CAUSE_DEADLINE, now);
    else
        stream_enter(s, STREAM_DEAD, now); /* in order, as far as the peer let us */
}

msec stream_due(const struct stream *s)
{
    return s->state == STREAM_TUNNEL ? tick_min(tunnel_due(&s->tunnel), s->held) : s->due;
}

int stream_wants(const struct stream *s)
{
    if (s->state == STREAM_DEAD || s->broken)
        return 0;
    bool waits = wait_left(&s->out) || (!fq_empty(&s->queue) && s->held == NEVER);
    return (s->eof ? 0 : LOOP_READ) | (waits ? LOOP_WRITE : 0);
}

static void up(struct stream *s, const struct tunnel_event *ev)
{
    bool server = s->conf.tunnel->role == TUNNEL_SERVER;
    s->mtu = ev->mtu;
    if (ev->ipv4)
        s->tunnel4 = server ? ev->ip.our_addr : ev->ip.peer_addr;
}

bool stream_event(struct stream *s, struct stream_event *out, msec now)
{
    if (s->tunnel_on && !s->secure_told) {
        s->secure_told = true;
        *out = (struct stream_event){ .kind = STREAM_EV_SECURE, .text = "" };
        return true;
    }
    if (s->state == STREAM_TUNNEL && stream_lend(s, now) && tunnel_event(&s->tunnel, &out->tunnel)) {
        out->kind = STREAM_EV_TUNNEL;
        if (out->tunnel.kind == TUNNEL_EV_UP)
            up(s, &out->tunnel);
        if (out->tunnel.kind == TUNNEL_EV_DOWN)
            stream_enter(s, s->broken ? STREAM_DEAD : STREAM_FLUSH, now);
        return true;
    }
    stream_unlend(s);
    if (s->broken && s->state != STREAM_DEAD)
        stream_enter(s, STREAM_DEAD, now);
    if (s->state != STREAM_DEAD || s->dead_told)
        return false;
    s->dead_told = true;
    const char *why = s->cause == STREAM_CAUSE_TLS && s->tls ? tls_fail_text(s->tls) : "";
    *out = (struct stream_event){ .kind = STREAM_EV_DEAD, .cause = s->cause, .text = why };
    return true;
}

void stream_close(struct stream *s, enum tunnel_cause cause, uint32_t detail, msec now)
{
    if (s->state == STREAM_HANDSHAKE)
        stream_abort(s, STREAM_CAUSE_ABORT);
    else if (s->state == STREAM_TUNNEL && stream_lend(s, now))
        tunnel_close(&s->tunnel, cause, detail, now);
}

void stream_answer(struct stream *s, uint32_t ask, const struct auth_verdict *v, const struct params *params, msec now)
{
    if (s->state == STREAM_TUNNEL && stream_lend(s, now))
        tunnel_answer(&s->tunnel, ask, v, params, now);
}

void stream_abort(struct stream *s, enum stream_cause cause)
{
    if (s->state == STREAM_DEAD)
        return;
    s->cause = cause;
    stream_enter(s, STREAM_DEAD, 0);
}

void stream_done(struct stream *s)
{
    if (s->state != STREAM_DEAD)
        stream_abort(s, STREAM_CAUSE_ABORT);
    if (s->tunnel_on) {
        tunnel_done(&s->tunnel);
        blocks_put(&s->bench->works, (uint8_t *)s->tunnel.work);
    }
    s->tunnel_on = false;
    tls_free(s->tls);
    s->tls = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

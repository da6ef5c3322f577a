/* One TLS connection that carries one tunnel over a non-blocking TCP socket; both roles.
 *
 * It joins socket, TLS and tunnel and knows nothing of sessions, users or TUN queues: packets come out of
 * stream_readable() as a batch, go in by stream_send(), and what happens is taken as events. The owner watches the
 * socket (stream_wants), calls stream_tick() when stream_due() has come, and takes all events after every call.
 *
 * Large buffers belong to the worker (struct stream_bench) and are lent for the length of a call. What must outlive a
 * call waits in blocks that a stream holds only while it has something to keep: ciphertext that the socket did not take,
 * a frame or head of which the end has not come, and packets that are not encrypted yet, in a queue of their own with
 * byte-fair turns between flows and CoDel (dp/fq.h). Packets are dropped there, before TLS, never inside the stream. So a
 * peer that stops reading costs two blocks, the queue's limit, and TCP_NOTSENT_LOWAT in the socket.
 *
 * The socket gets no more than the path needs (dp/limit.h): while that is reached, packets wait in the queue, and the
 * stream asks to be called again by a deadline (stream_due), not by the socket.
 *
 * Each stream has its own MTU. Packets that do not fit are answered towards the host or cut into fragments, and the MSS of
 * TCP connections is lowered to it in both directions.
 *
 * A super-packet (seg/gso.h) is cut where it leaves: each of its packets is written straight behind the SSTP and PPP head
 * of its frame, in the record that is being filled.
 *
 *   init -> [TLS] -> SECURE event -> tunnel events ... -> tunnel DOWN -> flush, close_notify, shutdown -> DEAD event
 *
 * After DEAD nothing more happens: free the watch, then call stream_done(). stream_abort() leads to DEAD at once. */
#ifndef ADIT_DP_STREAM_H
#define ADIT_DP_STREAM_H

#include "dp/buf.h"
#include "dp/drops.h"
#include "dp/fq.h"
#include "dp/intake.h"
#include "dp/limit.h"
#include "dp/pace.h"
#include "loop/loop.h"
#include "session/tunnel.h"
#include "tls/tls.h"

enum {
    STREAM_RECV = 262144,               /* ciphertext taken from the socket at once */
    STREAM_CARRY = HTTP_HEAD_MAX + 512, /* a partial frame or head is never longer */
    STREAM_PLAIN = STREAM_CARRY + STREAM_RECV,
    STREAM_RECORD = 16384,     /* plaintext of one TLS record (RFC 8446 5.1) */
    STREAM_BURST = PACE_BURST, /* ciphertext that comes together before the socket is asked to take it */
    STREAM_OUT = STREAM_BURST + 2 * STREAM_RECORD, /* a burst, a handshake flight, or what waits for the socket */
    STREAM_SHARE = 4 * STREAM_BURST,               /* bytes of the queue that one stream_flush() sends: others wait */
    STREAM_QUEUE_STALLED = 32768,                  /* of the queue before a socket that has taken none for */
    STREAM_STALLED = 100,                          /* ms and two round trips */
    STREAM_TURNS = 4,                              /* times that one stream_readable() asks the socket: others wait */
};

/* What a worker lends to all of its streams. */
struct stream_bench {
    struct tls_io io; /* hand this one to tls_new() */
    uint8_t *cipher;  /* STREAM_RECV */
    uint8_t *plain_block,
        *plain;       /* STREAM_PLAIN, with PACKET_HEAD bytes before it for the first packet's vnet header */
    uint8_t *record;  /* STREAM_RECORD, being filled */
    size_t fill;      /* bytes of it that are; 0 between calls */
    uint8_t *odd;     /* a packet that does not fit, and the answer to it */
    unsigned answers; /* that may be given now */
    msec answers_at;
    void (*to_host)(void *host, const struct batch *packets); /* NULL, or set by the owner: takes answers to its TUN */
    void *host;
    uint64_t shipped; /* bytes of ciphertext, ever */
    struct blocks outs, carries, works;
    struct fq_bench fq;
};

int stream_bench_init(struct stream_bench *b) MUST_CHECK; /* ERR_NOMEM, ERR_SYSTEM */
void stream_bench_done(struct stream_bench *b);
/* Gives back blocks that are kept for the next congestion. */
void stream_bench_tidy(struct stream_bench *b);

enum stream_state {
    STREAM_HANDSHAKE, /* TLS */
    STREAM_TUNNEL,    /* the tunnel speaks */
    STREAM_FLUSH,     /* the tunnel is down: what is left, then close_notify */
    STREAM_LINGER,    /* everything sent and shut down: waits for the peer's end */
    STREAM_DEAD,
};

enum stream_cause {
    STREAM_CAUSE_NONE,     /* the tunnel came down and the connection was closed in order */
    STREAM_CAUSE_TLS,      /* handshake or record layer; `text` of the event says what */
    STREAM_CAUSE_DEADLINE, /* TLS was not open in time */
    STREAM_CAUSE_LOST,     /* the peer closed or reset the connection before the tunnel was down */
    STREAM_CAUSE_FLOOD,    /* the peer made us answer more than it reads */
    STREAM_CAUSE_ABORT,    /* stream_abort() */
    STREAM_CAUSE_MEMORY,   /* there was none for something that the stream cannot do without */
    STREAM_CAUSE_OURS,     /* a bug */
};

const char *stream_cause_text(enum stream_cause c);

enum stream_ev_kind {
    STREAM_EV_NONE,
    STREAM_EV_SECURE, /* TLS is open: stream_tls() may be asked for version, cipher, leaf */
    STREAM_EV_TUNNEL, /* `tunnel` holds the tunnel's event */
    STREAM_EV_DEAD,   /* cause, text; close and forget */
};

struct stream_event {
    enum stream_ev_kind kind;
    struct tunnel_event tunnel; /* its slices are borrowed until the next call */
    enum stream_cause cause;
    const char *text; /* DEAD by TLS: a sentence; else "" */
};

struct stream_conf {
    struct tls_ctx *tls; /* referenced while the handshake lasts */
    const struct tunnel_conf
        *tunnel;           /* certificates are filled in from this handshake; not owned, must outlive the stream */
    const struct env *env; /* not owned, must outlive the stream */
    msec tls_timeout;      /* from init to an open TLS connection */
    msec flush_timeout;    /* 5000: how long a peer may take to read what is left at the end */
    msec linger_timeout;   /* 2000: how long we wait for the peer to close */
};

struct stream_count {
    uint64_t packets_in, packets_out, bytes_in, bytes_out; /* IP packets as carried; in: from the peer */
    struct drops drops;
};

/* Bytes that wait in a block; block is NULL while there are none. */
struct stream_wait {
    uint8_t *block;
    uint32_t from, to;
};

struct stream {
    struct stream_conf conf;
    struct stream_bench *bench;
    int fd; /* owned, closed by stream_done() */
    enum stream_state state;
    enum stream_cause cause;
    msec due;   /* of the state */
    msec moved; /* when the socket took something last */
    bool secure_told, dead_told;
    bool tunnel_on;            /* `tunnel` is set up */
    bool eof;                  /* the peer sends nothing more */
    bool broken;               /* nothing can be sent or read any more: DEAD as soon as the tunnel has said DOWN */
    bool said_goodbye;         /* close_notify was written */
    bool drained;              /* the last read took all that the socket had */
    unsigned turns;            /* reads in this run of stream_readable() calls */
    struct tls *tls;           /* made when the first byte comes (client: at once) */
    struct tls_cert_hash leaf; /* of this handshake */
    struct stream_wait out;    /* (a) ciphertext that the socket did not take */
    struct stream_wait carry;  /* (b) a partial frame or head */
    uint16_t mtu;              /* of packets to the peer; 0 before the tunnel is up */
    uint32_t tunnel4;    /* the server's addresses in the tunnel, from which answers to packets that do not fit come; */
    uint8_t tunnel6[16]; /* zero: not known. tunnel6 is the owner's to set */
    struct pace pace;
    struct limit limit;
    struct intake intake;
    msec held;       /* the socket holds enough: packets wait until then; NEVER: they do not */
    struct fq queue; /* (c) packets not yet encrypted */
    struct rd plain; /* decrypted and not yet walked; only inside a run of stream_readable() calls */
    struct stream_count count;
    struct tunnel tunnel; /* last: most of the struct; its memory for control messages comes and goes */
};

/* Takes over `fd`: a connected, non-blocking stream socket, its options set already (net/sock.h, sock_session_setup: how
 * much the kernel may hold unsent is part of what a peer that does not read may cost). A client's first flight is sent by
 * the first stream_flush(). */
void stream_init(struct stream *s, const struct stream_conf *conf, struct stream_bench *bench, int fd, msec now);

/* The socket can be read. Takes what is there, decrypts, walks; user packets are added to `out` (its bytes live until the
 * next call into any stream of the bench). Returns true if it must be called again, after the events have been taken and
 * the batch has been emptied; false when there is nothing more now. */
bool stream_readable(struct stream *s, struct batch *out, msec now) MUST_CHECK;

/* Sends IP packets and super-packets, or queues what the socket does not take now. Full records go out at once, the last
 * partial record too (nothing is held back when the socket takes it). */
void stream_send(struct stream *s, const struct batch *packets, msec now);

/* Puts them all into the queue; stream_flush() sends them. */
void stream_queue(struct stream *s, const struct batch *packets, msec now);

/* Sends what waits: ciphertext, control messages, queued packets. Call it when the socket can be written, and once after
 * events have been answered. */
void stream_flush(struct stream *s, msec now);
/* The same with about `share` bytes of queued packets, 0: none of them. Returns how many. */
uint64_t stream_turn(struct stream *s, uint32_t share, msec now);
/* Packets wait, and the socket takes them. Not so for one that refuses now and then: it is asked before each turn. */
bool stream_ready(const struct stream *s);

void stream_tick(struct stream *s, msec now);
msec stream_due(const struct stream *s);
/* LOOP_READ | LOOP_WRITE, or 0. */
int stream_wants(const struct stream *s);
bool stream_event(struct stream *s, struct stream_event *out, msec now);

/* tunnel_answer() for the stream's tunnel; ignored when it is too late. */
void stream_answer(struct stream *s, uint32_t ask, const struct auth_verdict *v, const struct params *params, msec now);
/* Orderly end: the tunnel says goodbye first; during the handshake the connection is simply closed. */
void stream_close(struct stream *s, enum tunnel_cause cause, uint32_t detail, msec now);
/* The end without a word; DEAD follows as an event. */
void stream_abort(struct stream *s, enum stream_cause cause);
/* Closes what is open, wipes, gives blocks back. Free the watch of the socket first. */
void stream_done(struct stream *s);

static inline const struct tls *stream_tls(const struct stream *s)
{
    return s->tls;
}

#endif

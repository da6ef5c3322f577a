/* What the three parts of a stream share: life (stream.c), the way in (stream_in.c), the way out (stream_out.c). */
#ifndef ADIT_DP_STREAM_PRIV_H
#define ADIT_DP_STREAM_PRIV_H

#include "dp/stream.h"
#include "seg/gso.h"

enum { STREAM_HEAD = 8 /* SSTP and PPP */ };

static inline size_t wait_left(const struct stream_wait *w)
{
    return w->to - w->from;
}

/* Gives the block back once nothing waits in it. */
void wait_release(struct stream_wait *w, struct blocks *from);

/* Lends the tunnel memory for control messages, before any of its verbs. False: there is none, and the stream is broken
 * (or the tunnel not there yet). */
bool stream_lend(struct stream *s, msec now);
/* Takes it back where nothing is in it. */
void stream_unlend(struct stream *s);

/* The one place where the state changes; sets the deadline. */
void stream_enter(struct stream *s, enum stream_state next, msec now);
/* The connection is of no use any more; the tunnel, if there is one, is told and gets to say DOWN before DEAD. */
void stream_break(struct stream *s, enum stream_cause cause, msec now);
/* TLS has just opened: the tunnel begins. */
void stream_secure(struct stream *s, msec now);
/* One step of the handshake with what io->in holds. False: no further progress now (or broken). */
bool stream_shake(struct stream *s, msec now);

/* Encrypts what has come together in the record. */
void stream_seal(struct stream *s, msec now);
/* The next packet of `g`, which is longer than s->mtu. */
void stream_odd(struct stream *s, struct gso *g, msec now);
/* Hands io->out to the socket; keeps what it does not take. */
void stream_ship(struct stream *s, msec now);
/* The same, where more follows at once, or the end of our half: both go in one segment. */
void stream_ship_more(struct stream *s, msec now);
/* Sends ciphertext that waits. True: none is left. */
bool stream_unblock(struct stream *s, msec now);

#endif

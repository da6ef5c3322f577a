/* The queues between two ends, and the turns. */
#include "pair.h"

#include <assert.h>
#include <stdlib.h>

void end_open(struct tls_end *e, struct tls_ctx *c, size_t out_cap)
{
    memset(&e->io, 0, sizeof e->io);
    e->in = malloc(PIPE_CAP);
    e->in_len = 0;
    e->io.out = e->out;
    e->io.out_cap = out_cap ? out_cap : sizeof e->out;
    assert(e->io.out_cap <= sizeof e->out);
    e->t = tls_new(c, &e->io);
    assert(e->t && e->in);
}

void end_close(struct tls_end *e)
{
    tls_free(e->t);
    free(e->in);
    e->t = NULL;
}

void end_ship(struct tls_end *from, struct tls_end *to)
{
    assert(to->in_len + from->io.out_len <= PIPE_CAP);
    memcpy(to->in + to->in_len, from->io.out, from->io.out_len);
    to->in_len += from->io.out_len;
    from->io.out_len = 0;
}

static size_t lend(struct tls_end *e, size_t chunk)
{
    size_t n = e->in_len < chunk ? e->in_len : chunk;
    /* A copy of exactly this size, so that reading past it is seen. */
    uint8_t *p = malloc(n ? n : 1);
    memcpy(p, e->in, n);
    e->io.in = slice_of(p, n);
    return n;
}

static void take_back(struct tls_end *e, const uint8_t *start, size_t lent)
{
    size_t used = lent - e->io.in.n;
    memmove(e->in, e->in + used, e->in_len - used);
    e->in_len -= used;
    e->io.in = (struct slice){ 0 };
    free((void *)(uintptr_t)start);
}

int end_handshake(struct tls_end *e, size_t chunk)
{
    size_t n = lend(e, chunk);
    const uint8_t *start = e->io.in.p;
    int r = tls_handshake(e->t);
    take_back(e, start, n);
    return r;
}

long end_read(struct tls_end *e, uint8_t *dst, size_t cap, size_t chunk)
{
    size_t n = lend(e, chunk);
    const uint8_t *start = e->io.in.p;
    long r = tls_read(e->t, dst, cap);
    take_back(e, start, n);
    return r;
}

int pair_handshake(struct tls_end *a, struct tls_end *b, size_t chunk)
{
    for (int i = 0; i < 40000; i++) {
        int ra = end_handshake(a, chunk);
        end_ship(a, b);
        int rb = end_handshake(b, chunk);
        end_ship(b, a);
        if (ra < 0 && ra != ERR_NOBUF) {
            (void)!end_handshake(b, PIPE_CAP); /* hears the alert */
            return ra;
        }
        if (rb < 0 && rb != ERR_NOBUF) {
            end_ship(b, a);
            (void)!end_handshake(a, PIPE_CAP);
            return rb;
        }
        if (ra == 1 && rb == 1)
            return 0;
    }
    return ERR_TIMEOUT;
}

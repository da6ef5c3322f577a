/* See tunq.h. */
#include "dp/tunq.h"

_Static_assert((int)GRO_SLICES <= (int)TUN_PIECES, "one write of joined packets");
_Static_assert((int)VNET_HDR == (int)TUN_VNET_HDR, "the same header");

void tunq_init(struct tunq *q, int fd, unsigned offload)
{
    q->fd = fd;
    q->offload = offload;
    q->standing = NEVER;
}

bool tunq_stands(const struct tunq *q, msec now)
{
    return q->standing != NEVER && now - q->standing >= TUNQ_STANDING;
}

void tunq_note(struct tunq *q, bool more, msec now)
{
    if (!more)
        q->standing = NEVER;
    else if (q->standing == NEVER)
        q->standing = now;
}

int tunq_read(struct tunq *q, struct arena *arena, struct batch *out, bool *ret_more)
{
    arena_clear(arena);
    batch_clear(out);
    *ret_more = true;
    while (!batch_full(out)) {
        uint8_t *p = arena_room(arena, PACKET_MAX);
        if (!p)
            break;
        long n = tun_read(q->fd, p - TUN_VNET_HDR, PACKET_MAX + TUN_VNET_HDR);
        if (n <= 0)
            *ret_more = false;
        if (n == 0)
            break;
        if (n < 0)
            return out->n ? (int)out->n : ERR_SYSTEM;
        if (n <= TUN_VNET_HDR)
            continue;
        batch_add(out, p, (size_t)n - TUN_VNET_HDR);
        memcpy(out->at[out->n - 1].vnet, p - TUN_VNET_HDR, TUN_VNET_HDR);
        arena_take(arena, (size_t)n - TUN_VNET_HDR);
    }
    return (int)out->n;
}

static void write_alone(struct tunq *q, const struct batch *packets, struct drops *drops)
{
    static const uint8_t none[TUN_VNET_HDR];
    for (unsigned i = 0; i < packets->n; i++) {
        const struct packet *p = &packets->at[i];
        struct slice pieces[] = { slice_of(none, sizeof(none)), slice_of(p->p, p->n) };
        if (tun_writev(q->fd, pieces, 2) <= 0) /* 0: its queue is full */
            drop_count(drops, DROP_TUN);
    }
}

static void write_joined(struct tunq *q, struct drops *drops)
{
    struct slice pieces[GRO_SLICES];
    unsigned writes = gro_finish(&q->gro);
    for (unsigned i = 0; i < writes; i++) {
        unsigned n = gro_slices(&q->gro, i, pieces);
        if (tun_writev(q->fd, pieces, n) <= 0)
            drops->n[DROP_TUN] += gro_count(&q->gro, i);
    }
}

void tunq_write(struct tunq *q, const struct batch *packets, struct drops *drops)
{
    if (!(q->offload & TUN_TSO) || packets->n == 1) {
        write_alone(q, packets, drops);
        return;
    }
    /* RFC 6864 4.1: where nothing may be fragmented the identification means nothing. Linux sends 0 from UDP sockets that
     * are not connected (QUIC servers), macOS from TCP. */
    unsigned flags = GRO_FIXED_ID | GRO_COLLAPSE_PSH | (q->offload & TUN_USO ? GRO_UDP : 0);
    gro_init(&q->gro, flags);
    for (unsigned i = 0; i < packets->n; i++) {
        struct slice p = slice_of(packets->at[i].p, packets->at[i].n);
        if (gro_add(&q->gro, p))
            continue;
        write_joined(q, drops);
        gro_init(&q->gro, flags);
        (void)gro_add(&q->gro, p); /* an empty one takes it */
    }
    write_joined(q, drops);
}

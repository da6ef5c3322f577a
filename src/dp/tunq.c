/* One packet a call today; with offloads a packet may be 64 KB and the signatures stay. See tunq.h. */
#include "dp/tunq.h"

int tunq_read(int fd, struct arena *arena, struct batch *out)
{
    arena_clear(arena);
    batch_clear(out);
    while (!batch_full(out)) {
        uint8_t *buf = arena_room(arena, PACKET_MAX);
        if (!buf)
            break;
        long n = tun_read(fd, buf, PACKET_MAX);
        if (n == 0)
            break;
        if (n < 0)
            return out->n ? (int)out->n : ERR_SYSTEM;
        if (n <= TUN_VNET_HDR)
            continue;
        arena_take(arena, (size_t)n);
        batch_add(out, buf + TUN_VNET_HDR, (size_t)n - TUN_VNET_HDR);
        memcpy(out->at[out->n - 1].vnet, buf, TUN_VNET_HDR);
    }
    return (int)out->n;
}

void tunq_write(int fd, const struct batch *packets, struct drops *drops)
{
    for (unsigned i = 0; i < packets->n; i++) {
        const struct packet *p = &packets->at[i];
        uint8_t *start = p->p - TUN_VNET_HDR;
        memcpy(start, p->vnet, TUN_VNET_HDR);
        if (tun_write(fd, start, p->n + TUN_VNET_HDR) <= 0) /* 0: its queue is full */
            drop_count(drops, DROP_TUN);
    }
}

/* See handover.h. */
#include "dp/handover.h"

#include "base/rd.h"
#include "base/wr.h"

#include <errno.h>
#include <sys/socket.h>

enum { PAIR_BUFFER = 1 << 20 };

int handover_pair(int fds[2])
{
    int size = PAIR_BUFFER;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
        return ERR_SYSTEM;
    for (int i = 0; i < 2; i++)
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)); /* less is slower, not wrong */
    return 0;
}

static void flush(int fd, struct wr *w, unsigned n, struct drops *drops)
{
    struct slice s = wr_slice(w);
    if (n && send(fd, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        drops->n[DROP_HANDOVER] += n;
    w->len = 0;
}

void handover_send(int fd, const struct batch *packets, uint8_t *buf, struct drops *drops)
{
    struct wr w = wr_of(buf, HANDOVER_MAX);
    unsigned n = 0;
    for (unsigned i = 0; i < packets->n; i++) {
        const struct packet *p = &packets->at[i];
        if (w.cap - w.len < 4 + TUN_VNET_HDR + p->n) {
            flush(fd, &w, n, drops);
            n = 0;
        }
        if (w.cap < 4 + TUN_VNET_HDR + p->n) {
            drop_count(drops, DROP_HANDOVER);
            continue;
        }
        wr_u32(&w, p->n);
        wr_bytes(&w, p->vnet, TUN_VNET_HDR);
        wr_bytes(&w, p->p, p->n);
        n++;
    }
    flush(fd, &w, n, drops);
}

int handover_recv(int fd, uint8_t *buf, struct batch *out)
{
    batch_clear(out);
    ssize_t got = recv(fd, buf, HANDOVER_MAX, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : ERR_LOST;
    if (got > HANDOVER_MAX)
        return ERR_LENGTH;
    struct rd r = rd_of(buf, (size_t)got);
    while (rd_left(&r) && !batch_full(out)) {
        uint8_t vnet[TUN_VNET_HDR];
        uint32_t n = rd_u32(&r);
        rd_copy(&r, vnet, sizeof(vnet));
        struct slice s = rd_take(&r, n);
        if (!rd_ok(&r) || !s.n)
            break;
        batch_add(out, buf + (s.p - buf), s.n);
        memcpy(out->at[out->n - 1].vnet, vnet, sizeof(vnet));
    }
    if (rd_end(&r))
        return (int)out->n;
    batch_clear(out);
    return ERR_LENGTH;
}

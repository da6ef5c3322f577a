/* Messages over SOCK_SEQPACKET: a head of four numbers, a body, descriptors as SCM_RIGHTS.
 *
 * What this is not: it does not queue (loop/chan does) and does not know any message's meaning. A datagram
 * that is not exactly what its head says is an error of the sender, who is one of ours and therefore
 * either broken or taken over; either way the caller ends it. */
#include "priv/imsg.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char buf[CMSG_SPACE(IMSG_FDS * sizeof(int))];
};

int imsg_pair(int fds[2])
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return ERR_SYSTEM;
    fds[0] = pair[0];
    fds[1] = pair[1];
    return 0;
}

static int send_error(void)
{
    switch (errno) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
    case ETOOMANYREFS: /* too many descriptors under way: passes when the peer reads */
        return ERR_NOBUF;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
        return ERR_LOST;
    case EMSGSIZE:
        return ERR_LENGTH;
    default:
        return ERR_SYSTEM;
    }
}

int imsg_send(int fd, const struct imsg *m)
{
    if (m->body.n > IMSG_MAX || m->n_fds > IMSG_FDS)
        return ERR_LENGTH;
    uint8_t head[IMSG_HEAD];
    struct wr w = wr_of(head, sizeof head);
    wr_u32(&w, IMSG_MAGIC);
    wr_u32(&w, m->type);
    wr_u32(&w, m->id);
    wr_u32(&w, (uint32_t)m->body.n);

    struct iovec iov[2] = { { head, sizeof head }, { (void *)(uintptr_t)m->body.p, m->body.n } };
    struct msghdr h = { .msg_iov = iov, .msg_iovlen = m->body.n ? 2 : 1 };
    union control c;
    if (m->n_fds) {
        memset(&c, 0, sizeof c);
        h.msg_control = c.buf;
        h.msg_controllen = CMSG_SPACE(m->n_fds * sizeof(int));
        struct cmsghdr *cm = CMSG_FIRSTHDR(&h);
        cm->cmsg_level = SOL_SOCKET;
        cm->cmsg_type = SCM_RIGHTS;
        cm->cmsg_len = CMSG_LEN(m->n_fds * sizeof(int));
        memcpy(CMSG_DATA(cm), m->fds, m->n_fds * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? send_error() : 0;
}

/* Collects the descriptors that came, of however many control messages; closes those beyond the limit. */
static int take_fds(struct msghdr *h, struct imsg *m)
{
    bool too_many = false;
    for (struct cmsghdr *cm = CMSG_FIRSTHDR(h); cm; cm = CMSG_NXTHDR(h, cm)) {
        if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(cm) + i * sizeof fd, sizeof fd);
            if (m->n_fds < IMSG_FDS) {
                m->fds[m->n_fds++] = fd;
            } else {
                close(fd);
                too_many = true;
            }
        }
    }
    /* A cut list (sender passed too many, or our own limit of descriptors is reached): what came is useless. */
    return too_many || (h->msg_flags & MSG_CTRUNC) ? ERR_LENGTH : 0;
}

static int parse_head(const uint8_t *head, size_t got, int flags, struct imsg *m)
{
    if (flags & MSG_TRUNC)
        return ERR_LENGTH;
    struct rd r = rd_of(head, got < IMSG_HEAD ? got : IMSG_HEAD);
    uint32_t magic = rd_u32(&r);
    m->type = rd_u32(&r);
    m->id = rd_u32(&r);
    uint32_t len = rd_u32(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (magic != IMSG_MAGIC)
        return ERR_VALUE;
    if (len != got - IMSG_HEAD)
        return ERR_LENGTH;
    m->body.n = len;
    return 0;
}

/* One datagram; < 0: an error, 0: nothing there, else its length. */
static ssize_t receive(int fd, struct msghdr *h)
{
    struct msghdr clean = *h;
    bool reset = false;
    for (;;) {
        *h = clean;
        ssize_t n = recvmsg(fd, h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n > 0)
            return n;
        if (n == 0)
            return ERR_LOST; /* we never send an empty datagram, so this is the end */
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN)
            return 0;
        /* A peer that closed without reading all we sent leaves this error, once, in front of its last words. */
        if (errno == ECONNRESET && !reset) {
            reset = true;
            continue;
        }
        return errno == ECONNRESET || errno == ENOTCONN ? ERR_LOST : ERR_SYSTEM;
    }
}

int imsg_recv(int fd, uint8_t *buf, size_t cap, struct imsg *out)
{
    uint8_t head[IMSG_HEAD];
    union control c;
    struct iovec iov[2] = { { head, sizeof head }, { buf, cap < IMSG_MAX ? cap : IMSG_MAX } };
    struct msghdr h = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = c.buf, .msg_controllen = sizeof c.buf };
    ssize_t got = receive(fd, &h);
    if (got <= 0)
        return (int)got;

    struct imsg m = { .body = { buf, 0 } };
    for (unsigned i = 0; i < IMSG_FDS; i++)
        m.fds[i] = -1;
    int e = take_fds(&h, &m);
    if (!e)
        e = parse_head(head, (size_t)got, h.msg_flags, &m);
    if (e) {
        imsg_drop_fds(&m);
        return e;
    }
    *out = m;
    return 1;
}

void imsg_drop_fds(struct imsg *m)
{
    for (unsigned i = 0; i < m->n_fds && i < IMSG_FDS; i++) {
        if (m->fds[i] >= 0)
            close(m->fds[i]);
        m->fds[i] = -1;
    }
    m->n_fds = 0;
}

static const char *refusal(const struct imsg_rule *r, uint32_t phase, const struct imsg *m)
{
    if (!(r->phases & phase))
        return "message not allowed in this phase";
    if (m->body.n < r->min)
        return "message too short";
    if (m->body.n > r->max)
        return "message too long";
    if (m->n_fds != r->fds)
        return "message with the wrong number of descriptors";
    return NULL;
}

const char *imsg_check(const struct imsg_rule *rules, size_t n, uint32_t phase, const struct imsg *m)
{
    const char *why = "message of unknown type";
    for (size_t i = 0; i < n; i++) {
        if (rules[i].type != m->type)
            continue;
        why = refusal(&rules[i], phase, m);
        if (!why)
            return NULL;
    }
    return why;
}

const char *imsg_name(const struct imsg_rule *rules, size_t n, uint32_t type)
{
    for (size_t i = 0; i < n; i++)
        if (rules[i].type == type)
            return rules[i].name;
    return "unknown";
}

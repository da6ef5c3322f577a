/* Messages between processes: any datagram with any number of descriptors, through a real socketpair, then the
 * monitor's table. Input: number of descriptors, phase, then the datagram. Nothing may leak or be accepted that a row
 * does not allow. */
#include "priv/imsg.h"

#include "fuzz.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct imsg_rule rules[] = {
    { 1, 1, 0, 0, 0, "hello" },    { 2, 1 | 2, 4, 64, 0, "ask" }, { 3, 2, 0, IMSG_MAX, 1, "socket" },
    { 4, 2 | 4, 1, 1, 2, "pair" }, { 4, 8, 2, 2, 0, "pair" },     { 5, 15, 0, 16, IMSG_FDS, "many" },
};

static bool send_raw(int fd, const uint8_t *p, size_t n, unsigned n_fds)
{
    char c[CMSG_SPACE(16 * sizeof(int))] = { 0 };
    struct iovec iov = { (void *)(uintptr_t)p, n };
    struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (n_fds) {
        h.msg_control = c;
        h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *cm = CMSG_FIRSTHDR(&h);
        cm->cmsg_level = SOL_SOCKET;
        cm->cmsg_type = SCM_RIGHTS;
        cm->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        for (unsigned i = 0; i < n_fds; i++)
            memcpy(CMSG_DATA(cm) + i * sizeof(int), &fd, sizeof fd);
    }
    return sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
}

static void judge(struct imsg *m, uint32_t phase)
{
    if (imsg_check(rules, sizeof rules / sizeof rules[0], phase, m))
        return;
    FUZZ_REACHED();
    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].type == m->type && rules[i].phases & phase && m->body.n >= rules[i].min &&
            m->body.n <= rules[i].max && m->n_fds == rules[i].fds)
            return;
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[IMSG_MAX];
    struct rd r = rd_of(data, size);
    unsigned n_fds = rd_u8(&r) & 15;
    uint32_t phase = 1u << (rd_u8(&r) & 3);
    struct slice raw = rd_rest(&r);
    int p[2], probe;
    if (imsg_pair(p) < 0)
        return 0;
    if (raw.n && send_raw(p[0], raw.p, raw.n, n_fds)) {
        struct imsg m;
        int got = imsg_recv(p[1], buf, sizeof buf, &m);
        if (got == 0)
            abort();
        if (got == 1) {
            judge(&m, phase);
            imsg_drop_fds(&m);
        }
    }
    close(p[0]);
    close(p[1]);
    probe = dup(0);
    if (probe > 64)
        abort(); /* descriptors pile up */
    close(probe);
    return 0;
}

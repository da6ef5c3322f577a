/* The io_uring trial: a tunnel without TLS and PPP, its system calls made one by one (epoll), or by io_uring.
 *
 * uring epoll|uring [-o|-w] NETNS_A DEV_A NETNS_B DEV_B ADDRESS PORT: two processes, each with a TUN in its namespace and one
 * end of a TCP connection to ADDRESS (NETNS_A's). A packet read goes, behind four bytes of length, into the connection,
 * and what comes out of it is written to the TUN: the system calls of a session of Adit, without its work. With `epoll` a
 * system call a packet and a burst; with `uring` a turn of the loop is one io_uring_enter() that reads up to 32 packets and
 * the socket, and sends and writes what the turn before has read. -o: TSO and USO on both TUNs. -w: the same, and all
 * bytes are encrypted once at each end (and thrown away), for the work of TLS. bench/io-uring compares them;
 * docs/decisions has the result. Ends when it is ended. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    HEAD = 4,
    BURST = 32,
    SLOT = 66000,
    RECV = 1 << 17,
    IN = RECV + SLOT,
    RECORD = 16384,
    WRITES = 256,
    ENTRIES = 512
};
enum { USO = 0x20 | 0x40 }; /* TUN_F_USO4, TUN_F_USO6: newer than the headers of Debian 12 */
enum { OP_READ = 1, OP_RECV, OP_SEND, OP_WRITE, OP_POLL_TUN, OP_POLL_SOCK, OP_POLL_OUT };

/* Packets that go out: HEAD and packet in a slot each. */
struct burst {
    uint8_t *slots;
    struct iovec v[BURST];
    unsigned n, i; /* i: those before it have gone */
};

/* Bytes that came in, and the packets found in them. */
struct input {
    uint8_t *buf;
    size_t have, at; /* at: frames before it have been written */
    struct iovec v[WRITES];
    unsigned n;
};

struct ring {
    int fd;
    unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
    unsigned queued, expected;
};

struct end {
    int tun, sock;
    struct burst out[2];
    struct input in[2];
    struct ring ring;
    struct msghdr msg;
};

static struct end end;
static size_t slot = 2048; /* bytes of one; SLOT with offloads */

static EVP_CIPHER_CTX *cipher; /* -w */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- making the ends ---- */

static void enter_ns(const char *ns)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", ns);
    int n = open(path, O_RDONLY | O_CLOEXEC);
    if (n < 0 || setns(n, CLONE_NEWNET) < 0)
        die(path);
    close(n);
}

static int tun(const char *dev, bool offloads)
{
    const unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    snprintf(r.ifr_name, IFNAMSIZ, "%s", dev);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
        die(dev);
    if (offloads && ioctl(fd, TUNSETOFFLOAD, tso | USO) < 0 && ioctl(fd, TUNSETOFFLOAD, tso) < 0)
        die("TUNSETOFFLOAD");
    return fd;
}

static struct sockaddr_in address(char **argv)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])) };
    if (inet_pton(AF_INET, argv[0], &a.sin_addr) != 1)
        die(argv[0]);
    return a;
}

static int listening(struct sockaddr_in a)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1) < 0)
        die("listen");
    return fd;
}

/* As Adit sets up its sockets. */
static void set_up(int fd)
{
    int one = 1, unsent = 32768;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        die("socket");
    end.sock = fd;
    for (int i = 0; i < 2; i++) {
        end.out[i].slots = malloc((size_t)BURST * SLOT);
        end.in[i].buf = malloc(IN);
        if (!end.out[i].slots || !end.in[i].buf)
            die("malloc");
    }
}

/* ---- packets and frames ---- */

static void work(const uint8_t *p, size_t n)
{
    static const uint8_t key[28];
    static uint8_t out[RECORD + 32];
    for (size_t part; cipher && n; p += part, n -= part) {
        int len;
        part = n < RECORD ? n : RECORD;
        if (EVP_EncryptInit_ex(cipher, NULL, NULL, key, key + 16) != 1 ||
            EVP_EncryptUpdate(cipher, out, &len, p, (int)part) != 1 ||
            EVP_EncryptFinal_ex(cipher, out + len, &len) != 1)
            die("cipher");
    }
}

static void took(struct burst *b, unsigned i, size_t n)
{
    uint8_t *at = b->slots + i * slot;
    uint32_t len = (uint32_t)n;
    memcpy(at, &len, HEAD);
    work(at, HEAD + n);
    b->v[b->n++] = (struct iovec){ at, HEAD + n };
}

/* n bytes of the burst have gone. */
static void sent(struct burst *b, size_t n)
{
    while (n && b->i < b->n) {
        struct iovec *v = &b->v[b->i];
        size_t part = n < v->iov_len ? n : v->iov_len;
        v->iov_base = (uint8_t *)v->iov_base + part;
        v->iov_len -= part;
        n -= part;
        b->i += v->iov_len == 0;
    }
    if (b->i == b->n)
        b->n = b->i = 0;
}

/* The next packets that are there whole, WRITES at most. */
static void find(struct input *in)
{
    uint32_t len;
    in->n = 0;
    while (in->n < WRITES && in->have - in->at >= HEAD) {
        memcpy(&len, in->buf + in->at, HEAD);
        if (len > SLOT) {
            fprintf(stderr, "a frame of %u bytes\n", len);
            exit(1);
        }
        if (in->have - in->at - HEAD < len)
            break;
        in->v[in->n++] = (struct iovec){ in->buf + in->at + HEAD, len };
        in->at += HEAD + len;
    }
}

/* What is left of one becomes the beginning of the other, which may be the same. */
static void carry(struct input *from, struct input *to)
{
    size_t left = from->have - from->at;
    memmove(to->buf, from->buf + from->at, left);
    from->have = from->at = 0;
    to->have = left;
    to->at = 0;
}

/* ---- one by one ---- */

/* False: the socket is full. */
static bool plain_send(struct burst *b)
{
    struct msghdr m = { .msg_iov = b->v + b->i, .msg_iovlen = b->n - b->i };
    ssize_t n = sendmsg(end.sock, &m, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        die("sendmsg");
    sent(b, n > 0 ? (size_t)n : 0);
    return b->n == 0;
}

/* Returns whether there may be more. */
static bool plain_out(struct burst *b)
{
    for (unsigned i = 0; i < BURST; i++) {
        ssize_t n = read(end.tun, b->slots + i * slot + HEAD, slot - HEAD);
        if (n <= 0)
            break;
        took(b, i, (size_t)n);
    }
    return b->n == BURST;
}

static bool plain_in(void)
{
    struct input *in = &end.in[0];
    ssize_t n = recv(end.sock, in->buf + in->have, RECV, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        exit(0);
    if (n > 0)
        work(in->buf + in->have, (size_t)n);
    in->have += n > 0 ? (size_t)n : 0;
    do {
        find(in);
        for (unsigned i = 0; i < in->n; i++)
            (void)!write(end.tun, in->v[i].iov_base, in->v[i].iov_len);
    } while (in->n);
    carry(in, in);
    return n == RECV;
}

/* As with io_uring, a turn looks at everything that may be ready, nothing waits while something is, and a burst is read
 * while another waits for the socket. */
_Noreturn static void run_epoll(void)
{
    int ep = epoll_create1(0);
    struct epoll_event t = { .events = EPOLLIN | EPOLLET, .data.fd = end.tun }, got[2];
    struct epoll_event s = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = end.sock };
    struct burst *out = &end.out[0], *fresh = &end.out[1], *swap;
    bool tun_ready = true, sock_ready = true, full = false;
    if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, end.tun, &t) < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, end.sock, &s) < 0)
        die("epoll");
    for (;;) {
        int n = epoll_wait(ep, got, 2, sock_ready || (tun_ready && !fresh->n) ? 0 : -1);
        for (int i = 0; i < n; i++) {
            tun_ready |= got[i].data.fd == end.tun;
            sock_ready |= got[i].data.fd == end.sock && got[i].events & EPOLLIN;
            full &= !(got[i].data.fd == end.sock && got[i].events & EPOLLOUT);
        }
        if (sock_ready)
            sock_ready = plain_in();
        if (tun_ready && !fresh->n)
            tun_ready = plain_out(fresh);
        if (!full && out->n)
            full = !plain_send(out);
        if (!out->n && fresh->n) {
            swap = out, out = fresh, fresh = swap;
            full = !plain_send(out);
        }
    }
}

/* ---- by io_uring ---- */

static void ring_init(struct ring *r)
{
    struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
                                 .cq_entries = 2 * ENTRIES };
    r->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
    if (r->fd < 0)
        die("io_uring_setup");
    size_t sq = p.sq_off.array + p.sq_entries * sizeof(unsigned), cq = p.cq_off.cqes + p.cq_entries * sizeof *r->cqes;
    uint8_t *m =
        mmap(NULL, sq > cq ? sq : cq, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
    r->sqes = mmap(NULL, p.sq_entries * sizeof *r->sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
                   IORING_OFF_SQES);
    if (m == MAP_FAILED || r->sqes == MAP_FAILED)
        die("mmap");
    r->sq_tail = (unsigned *)(void *)(m + p.sq_off.tail);
    r->sq_mask = (unsigned *)(void *)(m + p.sq_off.ring_mask);
    r->sq_array = (unsigned *)(void *)(m + p.sq_off.array);
    r->cq_head = (unsigned *)(void *)(m + p.cq_off.head);
    r->cq_tail = (unsigned *)(void *)(m + p.cq_off.tail);
    r->cq_mask = (unsigned *)(void *)(m + p.cq_off.ring_mask);
    r->cqes = (struct io_uring_cqe *)(void *)(m + p.cq_off.cqes);
}

static void queue(struct ring *r, unsigned op, unsigned index, uint8_t opcode, int fd, const void *p, size_t n)
{
    unsigned i = *r->sq_tail & *r->sq_mask;
    r->sqes[i] = (struct io_uring_sqe){
        .opcode = opcode, .fd = fd, .addr = (uintptr_t)p, .len = (unsigned)n, .user_data = (uint64_t)op << 32 | index
    };
    if (opcode == IORING_OP_POLL_ADD)
        r->sqes[i] = (struct io_uring_sqe){
            .opcode = opcode, .fd = fd, .poll32_events = index, .user_data = (uint64_t)op << 32
        };
    if (opcode == IORING_OP_READ || opcode == IORING_OP_WRITE) { /* O_NONBLOCK alone would wait by itself */
        r->sqes[i].off = UINT64_MAX;
        r->sqes[i].rw_flags = RWF_NOWAIT;
    }
    if (opcode == IORING_OP_RECV || opcode == IORING_OP_SENDMSG)
        r->sqes[i].msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    r->sq_array[i] = i;
    __atomic_store_n(r->sq_tail, *r->sq_tail + 1, __ATOMIC_RELEASE);
    r->queued++;
    r->expected += op < OP_POLL_TUN;
}

/* What is known of the world between two turns. */
struct turn {
    struct burst *out, *fresh; /* being sent, being read */
    struct input *now, *next;
    unsigned reads; /* asked for at once */
    bool tun_ready, sock_ready, sock_full;
    bool tun_polled, sock_polled, out_polled;
    bool reading, all; /* this turn: the TUN is read; all of `now` is written */
    unsigned got;
    size_t lens[BURST];
};

static void complete(struct turn *t, const struct io_uring_cqe *c)
{
    unsigned op = (unsigned)(c->user_data >> 32), i = (unsigned)c->user_data;
    int n = c->res;
    if (op == OP_READ) {
        t->lens[i] = n > 0 ? (size_t)n : 0;
        t->got += n > 0;
    } else if (op == OP_RECV) {
        if (n == 0 || (n < 0 && n != -EAGAIN))
            exit(0);
        if (n > 0)
            work(t->next->buf + t->next->have, (size_t)n);
        t->next->have += n > 0 ? (size_t)n : 0;
        t->sock_ready = n == RECV;
    } else if (op == OP_SEND) {
        if (n < 0 && n != -EAGAIN)
            exit(0);
        sent(t->out, n > 0 ? (size_t)n : 0);
        t->sock_full = t->out->n != 0;
    } else if (op == OP_POLL_TUN) {
        t->tun_polled = false;
        t->tun_ready = true;
    } else if (op == OP_POLL_SOCK) {
        t->sock_polled = false;
        t->sock_ready = true;
    } else if (op == OP_POLL_OUT) {
        t->out_polled = t->sock_full = false;
    }
}

/* Submits, waits for all but the polls (or for a poll, if there is nothing else). */
static void go(struct ring *r, struct turn *t)
{
    unsigned seen = 0, want = r->expected ? r->expected : 1;
    while (seen < want) {
        long n = syscall(SYS_io_uring_enter, r->fd, r->queued, want - seen, IORING_ENTER_GETEVENTS, NULL, 0);
        if (n < 0 && errno != EINTR)
            die("io_uring_enter");
        r->queued -= n > 0 ? (unsigned)n : 0;
        unsigned head = *r->cq_head, tail = __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE);
        for (; head != tail; head++) {
            const struct io_uring_cqe *c = &r->cqes[head & *r->cq_mask];
            seen += !r->expected || (c->user_data >> 32) < OP_POLL_TUN;
            complete(t, c);
        }
        __atomic_store_n(r->cq_head, head, __ATOMIC_RELEASE);
    }
    r->expected = 0;
}

static void ask(struct ring *r, struct turn *t)
{
    find(t->now);
    for (unsigned i = 0; i < t->now->n; i++)
        queue(r, OP_WRITE, i, IORING_OP_WRITE, end.tun, t->now->v[i].iov_base, t->now->v[i].iov_len);
    t->all = t->now->n < WRITES;
    if (t->all)
        carry(t->now, t->next);
    if (t->all && t->sock_ready)
        queue(r, OP_RECV, 0, IORING_OP_RECV, end.sock, t->next->buf + t->next->have, RECV);
    if (t->out->n && !t->sock_full) {
        end.msg = (struct msghdr){ .msg_iov = t->out->v + t->out->i, .msg_iovlen = t->out->n - t->out->i };
        queue(r, OP_SEND, 0, IORING_OP_SENDMSG, end.sock, &end.msg, 1);
    }
    t->reading = t->tun_ready && !t->sock_full && !t->fresh->n;
    for (unsigned i = 0; t->reading && i < t->reads; i++)
        queue(r, OP_READ, i, IORING_OP_READ, end.tun, t->fresh->slots + i * slot + HEAD, slot - HEAD);
}

static void arm(struct ring *r, struct turn *t)
{
    if (!t->tun_ready && !t->tun_polled)
        queue(r, OP_POLL_TUN, POLLIN, IORING_OP_POLL_ADD, end.tun, NULL, 0);
    if (!t->sock_ready && !t->sock_polled)
        queue(r, OP_POLL_SOCK, POLLIN, IORING_OP_POLL_ADD, end.sock, NULL, 0);
    if (t->sock_full && !t->out_polled)
        queue(r, OP_POLL_OUT, POLLOUT, IORING_OP_POLL_ADD, end.sock, NULL, 0);
    t->tun_polled |= !t->tun_ready;
    t->sock_polled |= !t->sock_ready;
    t->out_polled |= t->sock_full;
}

static void settle(struct turn *t)
{
    struct input *in = t->now;
    struct burst *out = t->out;
    if (t->reading) {
        for (unsigned i = 0; i < t->reads; i++)
            if (t->lens[i])
                took(t->fresh, i, t->lens[i]);
        t->tun_ready = t->got == t->reads;
        t->reads = t->tun_ready ? (2 * t->reads < BURST ? 2 * t->reads : BURST) : t->got + 1;
    }
    if (t->all) {
        t->now = t->next;
        t->next = in;
    }
    if (!out->n) {
        t->out = t->fresh;
        t->fresh = out;
    }
}

_Noreturn static void run_uring(void)
{
    struct turn t = { .out = &end.out[0],
                      .fresh = &end.out[1],
                      .now = &end.in[0],
                      .next = &end.in[1],
                      .reads = 1,
                      .tun_ready = true,
                      .sock_ready = true };
    ring_init(&end.ring);
    for (;;) {
        t.got = 0;
        ask(&end.ring, &t);
        arm(&end.ring, &t);
        go(&end.ring, &t);
        settle(&t);
    }
}

int main(int argc, char **argv)
{
    bool uring = argc > 1 && strcmp(argv[1], "uring") == 0, works = argc > 2 && strcmp(argv[2], "-w") == 0;
    bool offloads = works || (argc > 2 && strcmp(argv[2], "-o") == 0);
    char **a = argv + 2 + offloads;
    if (argc != 8 + offloads || (!uring && strcmp(argv[1], "epoll") != 0)) {
        fprintf(stderr, "usage: uring epoll|uring [-o|-w] NETNS_A DEV_A NETNS_B DEV_B ADDRESS PORT\n");
        return 2;
    }
    struct sockaddr_in to = address(a + 4);
    enter_ns(a[0]);
    int l = listening(to);
    bool first = fork() != 0;
    if (!first) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        enter_ns(a[2]);
    }
    end.tun = tun(a[first ? 1 : 3], offloads);
    int fd = first ? accept(l, NULL, NULL) : socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || (!first && connect(fd, (struct sockaddr *)&to, sizeof to) < 0))
        die("connection");
    slot = offloads ? SLOT : slot;
    if (works &&
        (!(cipher = EVP_CIPHER_CTX_new()) || EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, NULL, NULL) != 1))
        die("cipher");
    set_up(fd);
    if (first) {
        puts("ready");
        fflush(stdout);
    }
    if (uring)
        run_uring();
    run_epoll();
}

/* UDP at a given rate, and a sink that counts what arrived: for packets a second without loss.
 *
 * udpgen send ADDRESS PORT RATE BYTES SECONDS: sends IPv4 packets of BYTES bytes in all (64: 36 of payload), numbered,
 * RATE a second, up to 32 at once by sendmmsg; prints `sent RUN N SECONDS`, where RUN is larger in every later run.
 * udpgen sink ADDRESS PORT: takes them by recvmmsg; whenever none has come for 200 ms prints `got RUN N LATE TWICE` (LATE:
 * not in order; TWICE: seen before). Packets of an earlier run, which a queue kept back, are not counted. Ends when it is
 * ended. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { HEADS = 28, BURST = 32, TAKE = 64, PAYLOAD_MAX = 1472, SEQ_MAX = 1 << 24, QUIET_MS = 200, RCVBUF = 8 << 20 };

struct head {
    uint32_t run, seq;
};

static uint8_t seen[SEQ_MAX / 8];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int sock(const char *addr, const char *port, bool server)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    int fd = socket(AF_INET, SOCK_DGRAM, 0), big = RCVBUF;
    if (fd < 0 || inet_pton(AF_INET, addr, &a.sin_addr) != 1)
        die(addr);
    if (setsockopt(fd, SOL_SOCKET, server ? SO_RCVBUFFORCE : SO_SNDBUFFORCE, &big, sizeof big) < 0)
        die("buffer size");
    if ((server ? bind(fd, (struct sockaddr *)&a, sizeof a) : connect(fd, (struct sockaddr *)&a, sizeof a)) < 0)
        die(addr);
    return fd;
}

/* Packets first .. first + n - 1; how many the kernel took. */
static unsigned send_some(int fd, uint32_t run, uint32_t first, unsigned n, size_t payload)
{
    static uint8_t data[BURST][PAYLOAD_MAX];
    struct iovec iov[BURST];
    struct mmsghdr m[BURST] = { 0 };
    for (unsigned i = 0; i < n; i++) {
        struct head h = { run, first + i };
        memcpy(data[i], &h, sizeof h);
        iov[i] = (struct iovec){ data[i], payload };
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    int sent = sendmmsg(fd, m, n, 0);
    if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
        die("sendmmsg");
    return sent < 0 ? 0 : (unsigned)sent;
}

static int do_send(char **argv)
{
    double rate = atof(argv[4]), span = atof(argv[6]), start;
    size_t bytes = (size_t)atoi(argv[5]);
    uint32_t sent = 0, run;
    int fd = sock(argv[2], argv[3], false);
    if (bytes < HEADS + sizeof(struct head) || bytes > HEADS + PAYLOAD_MAX || rate < 1)
        return 2;
    prctl(PR_SET_TIMERSLACK, 1UL);
    start = seconds();
    run = (uint32_t)(start * 1000);
    for (;;) {
        double t = seconds() - start;
        double owed = (t < span ? t : span) * rate - (double)sent;
        if (owed >= 1 && sent < SEQ_MAX - BURST) {
            sent += send_some(fd, run, sent, owed > BURST ? BURST : (unsigned)owed, bytes - HEADS);
            if (t < span + 0.5)
                continue;
        }
        if (t >= span)
            break;
        nanosleep(&(struct timespec){ 0, 20000 }, NULL);
    }
    printf("sent %u %u %.6f\n", run, sent, seconds() - start);
    return 0;
}

struct tally {
    uint32_t run, got, late, twice, next;
    bool told;
};

static void count(struct tally *t, struct head h)
{
    uint32_t seq = h.seq;
    if (h.run > t->run) {
        *t = (struct tally){ .run = h.run };
        memset(seen, 0, sizeof seen);
    }
    if (h.run < t->run || seq >= SEQ_MAX)
        return;
    t->told = false;
    if (seen[seq / 8] & 1u << seq % 8) {
        t->twice++;
        return;
    }
    seen[seq / 8] |= (uint8_t)(1u << seq % 8);
    t->got++;
    t->late += seq < t->next;
    if (seq >= t->next)
        t->next = seq + 1;
}

static void take(int fd, struct tally *t)
{
    static uint8_t data[TAKE][64]; /* the number is enough: the rest is cut */
    struct iovec iov[TAKE];
    struct mmsghdr m[TAKE] = { 0 };
    for (unsigned i = 0; i < TAKE; i++) {
        iov[i] = (struct iovec){ data[i], sizeof data[i] };
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    int n = recvmmsg(fd, m, TAKE, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        struct head h;
        memcpy(&h, data[i], sizeof h);
        count(t, h);
    }
}

_Noreturn static void do_sink(char **argv)
{
    struct tally t = { .told = true };
    struct pollfd p = { .fd = sock(argv[2], argv[3], true), .events = POLLIN };
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (poll(&p, 1, t.told ? -1 : QUIET_MS) > 0) {
            take(p.fd, &t);
            continue;
        }
        printf("got %u %u %u %u\n", t.run, t.got, t.late, t.twice);
        fflush(stdout);
        t.told = true;
    }
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "send") == 0)
        return do_send(argv);
    if (argc == 4 && strcmp(argv[1], "sink") == 0)
        do_sink(argv);
    fprintf(stderr, "usage: udpgen send ADDRESS PORT RATE BYTES SECONDS | udpgen sink ADDRESS PORT\n");
    return 2;
}

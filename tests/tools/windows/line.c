/* The line of the played Windows client: a TCP connection with TLS, blocking with limits. */
#include <errno.h>
#include <netdb.h>
#include <nettle/base64.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "win.h"

static int dial(const char *address, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST }, *a = NULL;
    if (getaddrinfo(address, port, &hints, &a))
        bad("no address: %s", address);
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, a->ai_addr, a->ai_addrlen) < 0)
        bad("cannot connect: %s", strerror(errno));
    freeaddrinfo(a);
    return fd;
}

static void send_out(struct line *l)
{
    size_t at = 0;
    while (at < l->io.out_len) {
        ssize_t n = send(l->fd, l->io.out + at, l->io.out_len - at, MSG_NOSIGNAL);
        if (n <= 0) {
            l->over = true;
            break;
        }
        at += (size_t)n;
    }
    l->io.out_len = 0;
}

/* Ciphertext into io.in; false: none until then. */
static bool receive(struct line *l, uint64_t until)
{
    uint64_t now = now_ms();
    struct pollfd p = { .fd = l->fd, .events = POLLIN };
    if (l->over || poll(&p, 1, until > now ? (int)(until - now) : 0) <= 0)
        return false;
    ssize_t n = recv(l->fd, l->cipher, sizeof l->cipher, 0);
    if (n <= 0) {
        l->over = true;
        return false;
    }
    l->io.in = slice_of(l->cipher, (size_t)n);
    return true;
}

static struct tls_ctx *trust(const char *name, const char *pin)
{
    struct base64_decode_ctx c;
    uint8_t raw[BASE64_DECODE_LENGTH(44)];
    char err[TLS_ERR_TEXT];
    size_t n = 0;
    base64_decode_init(&c);
    if (strncmp(pin, "sha256//", 8) != 0 || strlen(pin) != 52 || !base64_decode_update(&c, &n, raw, 44, pin + 8) ||
        n != 32)
        bad("a pin is sha256//BASE64");
    struct tls_verify v = { .name = name, .pins = slice_of(raw, 32) };
    struct tls_ctx *ctx = tls_ctx_client(&v, err);
    if (!ctx)
        bad("%s", err);
    return ctx;
}

void line_open(struct line *l, const char *address, const char *port, const char *name, const char *pin)
{
    uint64_t until = now_ms() + PATIENCE;
    l->fd = dial(address, port);
    l->ctx = trust(name, pin);
    l->io = (struct tls_io){ .out = l->out, .out_cap = sizeof l->out };
    l->tls = tls_new(l->ctx, &l->io);
    for (int r = 0; r != 1;) {
        r = tls_handshake(l->tls);
        send_out(l);
        if (r < 0)
            bad("TLS: %s", err_str(r));
        if (r == 0 && !receive(l, until))
            bad("TLS: no answer");
    }
}

void line_send(struct line *l, const void *p, size_t n)
{
    if (tls_write(l->tls, p, n) < 0)
        bad("cannot write");
    send_out(l);
}

bool line_wait(struct line *l, uint64_t until)
{
    size_t before = l->n;
    do {
        if (l->io.in.n == 0 && !receive(l, until))
            return false;
        long n;
        while ((n = tls_read(l->tls, l->plain + l->n, sizeof l->plain - l->n)) > 0)
            l->n += (size_t)n;
        if (n < 0)
            l->over = true;
        send_out(l);
    } while (l->n == before && !l->over);
    return l->n > before;
}

void line_drop(struct line *l, size_t n)
{
    memmove(l->plain, l->plain + n, l->n - n);
    l->n -= n;
}

void line_reset(struct line *l)
{
    struct linger now = { 1, 0 };
    setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(l->fd);
}

void line_close(struct line *l)
{
    tls_close(l->tls);
    send_out(l);
    close(l->fd);
}

/* TCP sockets: listening, options of a session, addresses as text. Who holds a port is in sock_owner.c. */
#include "net/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/text.h"

enum { BACKLOG = 1024 };

socklen_t sock_addr(const struct prefix *addr, uint16_t port, struct sockaddr_storage *ret_sa)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    memset(ret_sa, 0, sizeof(*ret_sa));
    if (addr->family == 4) {
        memcpy(&in.sin_addr, addr->addr + 12, 4);
        memcpy(ret_sa, &in, sizeof(in));
        return sizeof(in);
    }
    memcpy(&in6.sin6_addr, addr->addr, 16);
    memcpy(ret_sa, &in6, sizeof(in6));
    return sizeof(in6);
}

int sock_prefix(const struct sockaddr *sa, struct prefix *ret_p, uint16_t *ret_port)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (sa->sa_family == AF_INET) {
        memcpy(&in, sa, sizeof(in));
        *ret_p = prefix_v4(ntohl(in.sin_addr.s_addr), 32);
        *ret_port = ntohs(in.sin_port);
        return 0;
    }
    if (sa->sa_family != AF_INET6)
        return ERR_VALUE;
    memcpy(&in6, sa, sizeof(in6));
    *ret_p = prefix_v6(in6.sin6_addr.s6_addr, 128);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) { /* the bytes are those of our own form already */
        ret_p->family = 4;
        ret_p->len = 32;
    }
    *ret_port = ntohs(in6.sin6_port);
    return 0;
}

const char *sock_text(const struct sockaddr *sa, char text[SOCK_TEXT])
{
    char addr[PREFIX_TEXT];
    struct prefix p;
    uint16_t port;

    if (sock_prefix(sa, &p, &port) < 0)
        return "?";
    prefix_text(&p, addr);
    return net_print(text, SOCK_TEXT, p.family == 4 ? "%s:%u" : "[%s]:%u", addr, port) ? text : "?";
}

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* Says why binding or listening failed. */
static int listen_error(const struct sockaddr *sa, uint16_t port, char err[256])
{
    char text[SOCK_TEXT], owner[256];
    int e = errno;
    const char *where = sock_text(sa, text);

    if (e == EADDRINUSE && sock_port_owner(port, owner) == 0)
        return net_fail(err, ERR_DUPLICATE, "cannot listen on %s: %.150s has the port", where, owner);
    if (e == EADDRINUSE)
        return net_fail(err, ERR_DUPLICATE, "cannot listen on %s: another process has the port", where);
    if (e == EADDRNOTAVAIL || e == EAFNOSUPPORT)
        return net_fail(err, ERR_MISSING, "cannot listen on %s: %s", where, strerror(e));
    return net_fail(err, ERR_SYSTEM, "cannot listen on %s: %s", where, strerror(e));
}

int sock_listen(const struct prefix *addr, uint16_t port, unsigned defer_s, char err[256])
{
    struct sockaddr_storage ss;
    socklen_t n = sock_addr(addr, port, &ss);
    const struct sockaddr *sa = (const struct sockaddr *)&ss;
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return listen_error(sa, port, err);
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
        (addr->family == 4 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
        (defer_s == 0 || set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, (int)defer_s)) && bind(fd, sa, n) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int r = listen_error(sa, port, err);
    close(fd);
    return r;
}

int sock_session_setup(int fd, unsigned user_timeout_ms)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return ERR_SYSTEM;
    bool ok = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
              /* What waits in the kernel cannot be dropped any more; keep it short and the choice ours. */
              set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, SOCK_UNSENT) &&
              set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)user_timeout_ms) &&
              set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    return ok ? 0 : ERR_SYSTEM;
}

void sock_set_unsent(int fd, unsigned bytes)
{
    (void)set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, (int)bytes); /* the old one is worse, not wrong */
}

/* The kernel counts what its buffers take, about twice the bytes in them; SO_RCVBUF is in bytes. */
void sock_limit_unread(int fd, unsigned bytes)
{
    int locked;
    socklen_t n = sizeof(locked);

    if (getsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &locked, &n) == 0) /* without it there is no way back */
        (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, (int)bytes);
}

void sock_free_unread(int fd)
{
    (void)set_option(fd, SOL_SOCKET, SO_BUF_LOCK, 0);
}

int sock_queued(int fd, uint32_t *ret_bytes)
{
    int n = 0;

    if (ioctl(fd, SIOCOUTQ, &n) < 0 || n < 0)
        return ERR_SYSTEM;
    *ret_bytes = (uint32_t)n;
    return 0;
}

int sock_rtt(int fd, uint32_t *ret_rtt, uint32_t *ret_min)
{
    struct tcp_info info = { 0 }; /* the kernel's, with all its fields: glibc's ends before the least round trip */
    socklen_t n = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0 ||
        n < offsetof(struct tcp_info, tcpi_min_rtt) + sizeof(info.tcpi_min_rtt))
        return ERR_SYSTEM;
    *ret_rtt = info.tcpi_rtt;
    *ret_min = info.tcpi_min_rtt;
    return 0;
}

/* Listening sockets, who holds a port, options of a session's socket; on the loopback interface of a namespace. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>

#include "net/sock.h"

static char err[256];

static struct prefix px(const char *s)
{
    struct prefix p;

    if (prefix_parse(s, true, &p) < 0)
        abort();
    return p;
}

static int option(int fd, int level, int name)
{
    int v = -1;
    socklen_t n = sizeof(v);

    return getsockopt(fd, level, name, &v, &n) == 0 ? v : -1;
}

static int dial(const char *to, uint16_t port)
{
    struct prefix p = px(to);
    struct sockaddr_storage ss;
    socklen_t n = sock_addr(&p, port, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (void *)&ss, n) == 0)
        return fd;
    close(fd);
    return -1;
}

static void test_listen(void)
{
    struct prefix any4 = px("0.0.0.0"), any6 = px("::"), own = px("127.0.0.1"), alien = px("192.0.2.1");
    int four = sock_listen(&any4, 4430, 0, err);
    int six = sock_listen(&any6, 4430, 0, err);

    ok_why(four >= 0 && six >= 0, "listen: both families on one port", err);
    ok((fcntl(four, F_GETFD) & FD_CLOEXEC) && (fcntl(four, F_GETFL) & O_NONBLOCK),
       "listen: close-on-exec, non-blocking");
    ok(option(six, IPPROTO_IPV6, IPV6_V6ONLY) == 1, "listen: IPv6 takes no IPv4");
    int a = dial("127.0.0.1", 4430), b = dial("::1", 4430);
    ok(a >= 0 && b >= 0 && readable(four, SURELY) && readable(six, SURELY), "listen: both are reached");
    int c = accept(four, NULL, NULL);
    close(a), close(b);
    close(c);
    close(four), close(six);
    four = sock_listen(&any4, 4430, 0, err);
    ok_why(four >= 0, "listen: again at once after a connection was closed", err);
    ok(sock_listen(&own, 4430, 0, err) == ERR_DUPLICATE, "listen: a port that is taken");
    close(four);
    ok(sock_listen(&alien, 4430, 0, err) == ERR_MISSING && strstr(err, "192.0.2.1:4430"),
       "listen: an address that is not ours");
    must("echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6");
    struct prefix local6 = px("fd00::1");
    ok(sock_listen(&local6, 4430, 0, err) == ERR_MISSING && strstr(err, "[fd00::1]:4430"),
       "listen: IPv6 where there is none");
    must("echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6");
}

static void test_defer(void)
{
    struct prefix own = px("127.0.0.1");
    int l = sock_listen(&own, 4431, 60, err), d = dial("127.0.0.1", 4431);

    ok(l >= 0 && d >= 0 && !readable(l, 100), "defer: a silent connection is not seen");
    ok(write(d, "x", 1) == 1 && readable(l, SURELY), "defer: one that has spoken is");
    close(l), close(d);
}

/* Another process holds the port under a name that tries to colour our terminal. */
static void test_owner(void)
{
    struct prefix any6 = px("::"), any4 = px("0.0.0.0");
    int ready[2], go[2];
    char byte = 0, text[256], want[64];

    if (pipe(ready) < 0 || pipe(go) < 0)
        exit(99);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        prctl(PR_SET_NAME, "ngi\033nx x)");
        int l = socket(AF_INET6, SOCK_STREAM, 0);
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4432) };
        if (bind(l, (void *)&in6, sizeof(in6)) < 0 || listen(l, 1) < 0 || write(ready[1], &byte, 1) != 1)
            _exit(99);
        _exit(read(go[0], &byte, 1) < 0);
    }
    if (read(ready[0], &byte, 1) != 1)
        exit(99);
    snprintf(want, sizeof(want), "ngi?nx x) (process %d)", (int)child);
    ok_why(sock_port_owner(4432, text) == 0 && strcmp(text, want) == 0, "owner: name and process", text);
    ok(sock_listen(&any6, 4432, 0, err) == ERR_DUPLICATE && strstr(err, want) && strstr(err, "[::]:4432"),
       "owner: named when the port is taken");
    ok(sock_listen(&any4, 4432, 0, err) == ERR_DUPLICATE && strstr(err, want),
       "owner: also by a socket of both families");
    close(go[1]);
    waitpid(child, NULL, 0);
    ok(sock_port_owner(4432, text) == ERR_MISSING, "owner: nobody");
    int d = dial("127.0.0.1", 4432);
    ok(d < 0 && sock_port_owner(443, text) == ERR_MISSING, "owner: nobody on 443");
}

static void test_session(void)
{
    struct prefix own = px("127.0.0.1");
    int l = sock_listen(&own, 4433, 0, err), d = dial("127.0.0.1", 4433);

    ok(sock_session_setup(d, 30000) == 0, "session: options are set");
    ok(option(d, IPPROTO_TCP, TCP_NODELAY) == 1 && option(d, IPPROTO_TCP, TCP_NOTSENT_LOWAT) == 32768 &&
           option(d, IPPROTO_TCP, TCP_USER_TIMEOUT) == 30000 && option(d, SOL_SOCKET, SO_KEEPALIVE) == 1,
       "session: no delay, 32 KiB unsent, user timeout, keepalive");
    ok((fcntl(d, F_GETFL) & O_NONBLOCK) && (fcntl(d, F_GETFD) & FD_CLOEXEC), "session: non-blocking, close-on-exec");
    int p[2];
    ok(pipe(p) == 0 && sock_session_setup(p[0], 1) == ERR_SYSTEM, "session: a pipe is none");
    close(l), close(d), close(p[0]), close(p[1]);
}

int main(void)
{
    enter_check();
    must("sleep 0");
    test_listen();
    test_defer();
    test_owner();
    test_session();
    return done();
}

/* Bare TLS accepts: what OpenSSL alone does with the same handshakes that `connects` brings to aditd.
 *
 * accepts ADDRESS PORT CERT KEY PROCESSES: that many processes accept from one socket; each makes a handshake with the
 * settings of aditd (TLS 1.3, no tickets, no cache), waits for the client to close, and counts. On SIGTERM each prints
 * `accepted N failed M`. A process has one connection at a time: give it a few processes a core, so that none is idle
 * while a client thinks. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 1024, PROCESSES_MAX = 64, TIMEOUT_S = 5 };

static volatile sig_atomic_t ended;

static void on_term(int signo)
{
    (void)signo;
    ended = 1;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listening(char **argv)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || inet_pton(AF_INET, argv[1], &a.sin_addr) != 1)
        die(argv[1]);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, BACKLOG) < 0)
        die("listen");
    return fd;
}

static SSL_CTX *make(char **argv)
{
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (!c || SSL_CTX_use_certificate_chain_file(c, argv[3]) != 1 ||
        SSL_CTX_use_PrivateKey_file(c, argv[4], SSL_FILETYPE_PEM) != 1)
        die("certificate");
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    return c;
}

static bool one_client(SSL_CTX *c, int fd)
{
    struct timeval t = { .tv_sec = TIMEOUT_S };
    int one = 1;
    char rest[4096];
    SSL *s = SSL_new(c);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    bool ok = s && SSL_set_fd(s, fd) == 1 && SSL_accept(s) == 1;
    while (ok && recv(fd, rest, sizeof rest, 0) > 0)
        continue;
    SSL_free(s);
    close(fd);
    return ok;
}

static int serve(char **argv, int listener)
{
    SSL_CTX *c = make(argv);
    struct sigaction a = { .sa_handler = on_term }; /* no SA_RESTART: accept() returns */
    unsigned long accepted = 0, failed = 0;
    sigaction(SIGTERM, &a, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    while (!ended) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (one_client(c, fd))
            accepted++;
        else
            failed++;
    }
    printf("accepted %lu failed %lu\n", accepted, failed);
    return 0;
}

int main(int argc, char **argv)
{
    int n = argc == 6 ? atoi(argv[5]) : 0;
    pid_t pids[PROCESSES_MAX];
    struct sigaction a = { .sa_handler = on_term };
    if (n < 1 || n > PROCESSES_MAX) {
        fprintf(stderr, "usage: accepts ADDRESS PORT CERT KEY PROCESSES\n");
        return 2;
    }
    int fd = listening(argv);
    for (int i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            die("fork");
        if (pids[i] == 0)
            return serve(argv, fd);
    }
    sigaction(SIGTERM, &a, NULL);
    puts("ready");
    fflush(stdout);
    while (!ended)
        pause();
    for (int i = 0; i < n; i++)
        kill(pids[i], SIGTERM);
    while (wait(NULL) > 0 || errno == EINTR)
        continue;
    return 0;
}

/* The bare TLS pump: what two processes can push through one TLS 1.3 connection, and nothing else.
 *
 * pump send ADDRESS PORT SECONDS: connects and writes 16 KB records; pump recv ADDRESS PORT CERT KEY: accepts one
 * connection, reads until its end, prints bytes and seconds. TLS_AES_128_GCM_SHA256 only. The upper bound for a tunnel that
 * keeps a core busy an end: larger reads (64 KB, 256 KB), SO_RCVLOWAT and pinning were tried and make it no faster. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 16384 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in address(char **argv)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3])) };
    if (inet_pton(AF_INET, argv[2], &a.sin_addr) != 1)
        die(argv[2]);
    return a;
}

static SSL *make(SSL_CTX *c, int fd)
{
    SSL *s = NULL;
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_read_ahead(c, 1);
    if (SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256") == 1)
        s = SSL_new(c);
    if (!s || SSL_set_fd(s, fd) != 1)
        die("SSL");
    return s;
}

static int do_send(char **argv)
{
    static char buf[RECORD];
    struct sockaddr_in a = address(argv);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        die("connect");
    SSL *s = make(SSL_CTX_new(TLS_client_method()), fd);
    if (SSL_connect(s) != 1)
        die("SSL_connect");
    for (double end = seconds() + atof(argv[4]); seconds() < end;)
        if (SSL_write(s, buf, RECORD) != RECORD)
            die("SSL_write");
    SSL_shutdown(s);
    close(fd);
    return 0;
}

static int do_recv(char **argv)
{
    static char buf[RECORD * 4];
    struct sockaddr_in a = address(argv);
    int one = 1, l = socket(AF_INET, SOCK_STREAM, 0), fd;
    if (l < 0 || setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(l, (struct sockaddr *)&a, sizeof a) < 0 || listen(l, 1) < 0)
        die("listen");
    puts("ready");
    fflush(stdout);
    if ((fd = accept(l, NULL, NULL)) < 0)
        die("accept");
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(c, argv[4]) != 1 ||
        SSL_CTX_use_PrivateKey_file(c, argv[5], SSL_FILETYPE_PEM) != 1)
        die("certificate");
    SSL *s = make(c, fd);
    if (SSL_accept(s) != 1)
        die("SSL_accept");
    double start = seconds();
    unsigned long long total = 0;
    for (int n; (n = SSL_read(s, buf, sizeof buf)) > 0;)
        total += (unsigned long long)n;
    printf("%llu %.6f\n", total, seconds() - start);
    return total ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "send") == 0)
        return do_send(argv);
    if (argc == 6 && strcmp(argv[1], "recv") == 0)
        return do_recv(argv);
    fprintf(stderr, "usage: pump send ADDRESS PORT SECONDS | pump recv ADDRESS PORT CERT KEY\n");
    return 2;
}

/* HTTP on a unix socket: who may call, requests whole and in pieces, answers at once and later, and its end while
 * requests wait. Server and client are one process with one loop; the socket has no name in the file system. */
#include "admin_help.h"

#include "admin/httpd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct loop *loop;
static struct httpd *httpd;
static struct sockaddr_un address;
static socklen_t address_len;
static struct httpd_request *waiting;
static struct timer *timer;
static bool later;
static unsigned asked;
static char method[16], path[256], body[HTTPD_BODY_MAX + 1], word[64];

static void answer(struct httpd_request *r, const char *text)
{
    httpd_answer(r, 200, NULL, strdup(text), strlen(text));
}

static void on_request(void *ctx, struct httpd_request *r)
{
    assert_ptr_equal(ctx, &asked);
    const char *q = httpd_query(r, "word");
    struct slice b = httpd_body(r);
    asked++;
    snprintf(method, sizeof(method), "%s", httpd_method(r));
    snprintf(path, sizeof(path), "%s", httpd_path(r));
    snprintf(word, sizeof(word), "%s", q ? q : "");
    memcpy(body, b.p, b.n);
    body[b.n] = 0;
    if (later)
        waiting = r;
    else
        answer(r, "at once");
}

static void on_timer(void *ctx)
{
    (void)ctx;
    loop_stop(loop, 0);
}

/* The loop for some milliseconds: everything is local, and nothing is waited for but the machine. */
static void turn(msec ms)
{
    timer_set(timer, loop_now(loop) + ms);
    loop_run(loop);
}

static int start(void **state)
{
    (void)state;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    address_len = sizeof(sa_family_t); /* the kernel chooses an abstract name */
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, address_len) < 0 || listen(fd, 16) < 0)
        return -1;
    address_len = sizeof(address);
    getsockname(fd, (struct sockaddr *)&address, &address_len);
    loop = loop_new();
    timer = timer_new(loop, on_timer, NULL);
    later = false;
    asked = 0;
    waiting = NULL;
    /* Whoever runs the tests may call: root, or a member of his own group. */
    httpd = httpd_new(loop, fd, (struct httpd_rights){ true, getgid() }, on_request, &asked);
    return httpd ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    httpd_free(httpd);
    timer_free(timer);
    loop_free(loop);
    return 0;
}

static int dial(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, address_len), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has come, after some turns of the loop. */
static const char *hear(int fd)
{
    static char buf[8192];
    size_t n = 0;
    for (unsigned i = 0; i < 40 && !(n && strstr(buf, "\r\n\r\n")); i++) {
        turn(5);
        ssize_t k = recv(fd, buf + n, sizeof(buf) - 1 - n, 0);
        if (k > 0)
            n += (size_t)k;
        buf[n] = 0;
    }
    return buf;
}

static void test_at_once(void **state)
{
    (void)state;
    int fd = dial();
    say(fd, "GET /v1/a%20b?word=x%26y HTTP/1.1\r\nHost: adit\r\n\r\n");
    const char *text = hear(fd);
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nat once"));
    assert_string_equal(method, "GET");
    assert_string_equal(path, "/v1/a b");
    assert_string_equal(word, "x&y");
    close(fd);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    static const char request[] = "PUT /x HTTP/1.1\r\nHost: adit\r\nContent-Length: 11\r\n\r\nhello world";
    int fd = dial();
    for (size_t i = 0; i + 1 < sizeof(request); i++) {
        assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
        turn(1);
    }
    assert_non_null(strstr(hear(fd), "at once"));
    assert_int_equal(asked, 1);
    assert_string_equal(body, "hello world");
    close(fd);
}

static void test_a_large_body_is_cut(void **state)
{
    (void)state;
    static char text[10000];
    int fd = dial();
    say(fd, "POST /x HTTP/1.1\r\nHost: adit\r\nContent-Length: 9999\r\n\r\n");
    memset(text, 'b', 9999);
    say(fd, text);
    assert_non_null(strstr(hear(fd), "at once"));
    assert_int_equal(strlen(body), HTTPD_BODY_MAX); /* one more than the API takes: it sees that it is too much */
    close(fd);
}

static void test_later(void **state)
{
    (void)state;
    later = true;
    int fd = dial();
    say(fd, "GET / HTTP/1.1\r\nHost: adit\r\n\r\n");
    turn(20);
    assert_non_null(waiting);
    answer(waiting, "later");
    assert_non_null(strstr(hear(fd), "\r\n\r\nlater"));
    /* The connection goes on. */
    later = false;
    say(fd, "GET / HTTP/1.1\r\nHost: adit\r\n\r\n");
    assert_non_null(strstr(hear(fd), "at once"));
    assert_int_equal(asked, 2);
    close(fd);
}

/* The caller does not wait; another one is served. */
static void test_caller_gone(void **state)
{
    (void)state;
    later = true;
    int fd = dial();
    say(fd, "GET / HTTP/1.1\r\nHost: adit\r\n\r\n");
    turn(20);
    assert_non_null(waiting);
    close(fd);
    turn(20);
    answer(waiting, "nobody hears it");
    turn(20);
    later = false;
    fd = dial();
    say(fd, "GET / HTTP/1.1\r\nHost: adit\r\n\r\n");
    assert_non_null(strstr(hear(fd), "at once"));
    close(fd);
}

static void test_end_while_waiting(void **state)
{
    (void)state;
    later = true;
    int fd = dial();
    say(fd, "GET / HTTP/1.1\r\nHost: adit\r\n\r\n");
    turn(20);
    assert_non_null(waiting); /* stop() frees it, and the sanitizers look */
    close(fd);
}

static void test_garbage(void **state)
{
    (void)state;
    static const char *const junk[] = { "\r\n\r\n\r\n",
                                        "GET\r\n\r\n",
                                        "GET / HTTP/7.7\r\n\r\n",
                                        "\x16\x03\x01\x02\x00\x01",
                                        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                                        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" };
    for (unsigned i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        int fd = dial();
        say(fd, junk[i]);
        turn(10);
        close(fd);
        turn(5);
    }
    int fd = dial();
    asked = 0;
    say(fd, "GET / HTTP/1.1\r\nHost: adit\r\n\r\n");
    assert_non_null(strstr(hear(fd), "at once"));
    assert_int_equal(asked, 1);
    close(fd);
}

static void test_rights(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    bool root = geteuid() == 0;
    assert_int_equal(httpd_peer_allowed(fds[0], (struct httpd_rights){ false, 0 }), root);
    assert_int_equal(httpd_peer_allowed(fds[0], (struct httpd_rights){ true, getgid() }), 1);
    assert_int_equal(httpd_peer_allowed(fds[0], (struct httpd_rights){ true, 0x7ffffff0 }), root);
    close(fds[0]);
    close(fds[1]);
    assert_true(httpd_peer_allowed(fds[0], (struct httpd_rights){ false, 0 }) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_at_once, start, stop),
        cmocka_unit_test_setup_teardown(test_byte_by_byte, start, stop),
        cmocka_unit_test_setup_teardown(test_a_large_body_is_cut, start, stop),
        cmocka_unit_test_setup_teardown(test_later, start, stop),
        cmocka_unit_test_setup_teardown(test_caller_gone, start, stop),
        cmocka_unit_test_setup_teardown(test_end_while_waiting, start, stop),
        cmocka_unit_test_setup_teardown(test_garbage, start, stop),
        cmocka_unit_test(test_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

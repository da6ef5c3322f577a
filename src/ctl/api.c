/* One call of the server's API: HTTP over its unix socket. A request a connection, so the end of the answer is the end of
 * the stream; nothing of a peer's comes this way but what the admin role has made JSON of. */
#include "ctl/ctl.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 << 20, ANSWER_TIME = 15 };

static void say_why_not(const char *socket, int e)
{
    if (e == ENOENT || e == ECONNREFUSED)
        fail("the server does not run: nobody listens at %s", socket);
    else if (e == EACCES || e == EPERM)
        fail("%s: you may not use it; root may, and members of admin_group if the configuration names one", socket);
    else
        fail("%s: %s", socket, strerror(e));
}

int api_open(const char *path, bool quiet)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct timeval limit = { .tv_sec = ANSWER_TIME };
    if (strlen(path) >= sizeof(a.sun_path)) {
        if (!quiet)
            fail("%s: this path is too long for a socket", path);
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0)
        return fd;
    if (!quiet)
        say_why_not(path, errno);
    if (fd >= 0)
        close(fd);
    return -1;
}

void api_patience(int fd, unsigned seconds)
{
    struct timeval limit = { .tv_sec = seconds };
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

static bool send_all(int fd, const char *s, size_t n)
{
    while (n) {
        ssize_t k = send(fd, s, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        s += k;
        n -= (size_t)k;
    }
    return true;
}

/* Everything until the end; NULL: an error, or more than is reasonable. */
static char *receive_all(int fd, size_t *ret_n)
{
    size_t n = 0, cap = 65536;
    char *buf = malloc(cap + 1);
    while (buf) {
        ssize_t k = recv(fd, buf + n, cap - n, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            if (k == 0)
                break;
            free(buf);
            return NULL;
        }
        n += (size_t)k;
        if (n < cap)
            continue;
        char *bigger = cap < ANSWER_MAX ? realloc(buf, 2 * cap + 1) : NULL;
        if (!bigger) {
            free(buf);
            return NULL;
        }
        buf = bigger;
        cap *= 2;
    }
    if (buf)
        buf[n] = 0;
    *ret_n = n;
    return buf;
}

/* The head goes, the body stays. */
static bool cut_head(char *text, size_t n, struct reply *r)
{
    char *end = strstr(text, "\r\n\r\n");
    if (n < 12 || memcmp(text, "HTTP/1.", 7) != 0 || !end)
        return false;
    r->status = (unsigned)strtoul(text + 8, NULL, 10);
    r->n = n - (size_t)(end + 4 - text);
    r->body = text;
    memmove(text, end + 4, r->n + 1);
    return true;
}

bool api_call(int fd, const char *method, const char *path, const char *body, bool quiet, struct reply *ret_r)
{
    char *head = NULL, *text = NULL;
    size_t n = 0, body_n = body ? strlen(body) : 0;
    int k = asprintf(&head, "%s %s HTTP/1.1\r\nHost: adit\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", method,
                     path, body_n);
    bool good = k > 0 && send_all(fd, head, (size_t)k) && (!body_n || send_all(fd, body, body_n));
    if (good)
        text = receive_all(fd, &n);
    good = text && cut_head(text, n, ret_r);
    if (!good && !quiet)
        fail("the server gave no answer");
    if (!good)
        free(text);
    if (k > 0)
        free(head);
    close(fd);
    return good;
}

void api_user_path(const char *name, char *dst, size_t cap)
{
    size_t n = (size_t)snprintf(dst, cap, "/v1/users/");
    for (const unsigned char *s = (const unsigned char *)name; *s && n + 16 < cap; s++) {
        bool plain = (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z');
        n += (size_t)snprintf(dst + n, cap - n, plain ? "%c" : "%%%02X", *s);
    }
    snprintf(dst + n, cap - n, "/disconnect");
}

const char *api_message(const struct reply *r, char *buf, size_t cap)
{
    json_t *j = json_loadb(r->body, r->n, 0, NULL);
    const char *words = json_string_value(json_object_get(json_object_get(j, "error"), "message"));
    if (words)
        snprintf(buf, cap, "%s", words);
    else
        snprintf(buf, cap, "the server answered with status %u", r->status);
    json_decref(j);
    return buf;
}

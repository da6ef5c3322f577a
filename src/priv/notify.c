/* The service manager's datagrams; see notify.h. A socket is made for each message: there are few, and none is left
 * open for a role to inherit. */
#include "priv/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { STATUS_MAX = 255, MESSAGE_MAX = 320 };

/* The length of the address; 0: there is none that we know. sd_notify(3): '/' begins a path, '@' an abstract name,
 * which has no terminator. */
static socklen_t find_socket(struct sockaddr_un *ret)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t n = name ? strlen(name) : 0;
    if (n < 2 || n >= sizeof(ret->sun_path) || (name[0] != '/' && name[0] != '@'))
        return 0;
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(ret->sun_path, name, n);
    if (name[0] == '@')
        ret->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'));
}

static bool deliver(int fd, const struct sockaddr_un *to, socklen_t to_len, const char *text, bool wait)
{
    struct timeval second = { .tv_sec = 1 };
    ssize_t n;
    if (wait && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second)) < 0)
        return false;
    do
        n = sendto(fd, text, strlen(text), MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT), (const struct sockaddr *)to,
                   to_len);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)strlen(text);
}

static bool say(const char *text, bool wait)
{
    struct sockaddr_un to;
    socklen_t to_len = find_socket(&to);
    int fd = to_len ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return false;
    bool done = deliver(fd, &to, to_len, text, wait);
    close(fd);
    return done;
}

bool notify_ready(void)
{
    return say("READY=1", true);
}

bool notify_reloading(uint64_t now_usec)
{
    char text[MESSAGE_MAX];
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_usec);
    return say(text, true);
}

bool notify_stopping(void)
{
    return say("STOPPING=1", true);
}

/* At most STATUS_MAX bytes, without half a UTF-8 character at the end: the manager refuses such a text. */
static int status_length(const char *text)
{
    size_t n = strnlen(text, STATUS_MAX + 1);
    if (n <= STATUS_MAX)
        return (int)n;
    n = STATUS_MAX;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return (int)n;
}

bool notify_status(const char *text)
{
    char line[MESSAGE_MAX];
    snprintf(line, sizeof(line), "STATUS=%.*s", status_length(text), text);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' '; /* a newline would begin another message */
    return say(line, false);
}

bool notify_main_pid(pid_t pid)
{
    char text[MESSAGE_MAX];
    snprintf(text, sizeof(text), "MAINPID=%ld", (long)pid);
    return say(text, false);
}

bool notify_watchdog(void)
{
    return say("WATCHDOG=1", false);
}

/* A decimal number without sign, blanks or anything behind it; false for anything else. */
static bool read_number(const char *text, uint64_t *ret)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end)
        return false;
    *ret = v;
    return true;
}

msec notify_watchdog_interval(void)
{
    const char *whose = getenv("WATCHDOG_PID");
    uint64_t usec, pid;
    if (!read_number(getenv("WATCHDOG_USEC"), &usec) || usec == 0 || usec == UINT64_MAX)
        return 0;
    if (whose && (!read_number(whose, &pid) || pid != (uint64_t)getpid()))
        return 0;
    return usec / 2000 ? usec / 2000 : 1;
}

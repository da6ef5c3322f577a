/* What the namespace tests of src/net share: "ok NAME" lines, shell commands, sockets in other namespaces.
 *
 * The tests run as root inside namespaces of their own, made by tests/netns/net/run: network, mounts and processes
 * end with them, however they end. They refuse to run outside (enter_check). */
#ifndef ADIT_NETNS_CHECK_H
#define ADIT_NETNS_CHECK_H

#include <stdbool.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned check_failed, check_passed;

/* Prints the line; `why` (may be NULL) is shown when it failed. */
static inline bool ok_why(bool good, const char *name, const char *why)
{
    printf("%s %s%s%s\n", good ? "ok" : "not ok", name, good || !why ? "" : ": ", good || !why ? "" : why);
    fflush(stdout);
    if (good)
        check_passed++;
    else
        check_failed++;
    return good;
}

static inline bool ok(bool good, const char *name)
{
    return ok_why(good, name, NULL);
}

static inline int done(void)
{
    fprintf(stderr, "%u passed, %u failed\n", check_passed, check_failed);
    return check_failed || !check_passed ? 1 : 0;
}

/* Runs a command line, quietly; true if its status is 0. */
__attribute__((format(printf, 1, 2))) static inline bool sh(const char *fmt, ...)
{
    char cmd[1024] = "exec >/dev/null 2>&1; ";
    size_t at = strlen(cmd);
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(cmd + at, sizeof(cmd) - at, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= (int)(sizeof(cmd) - at))
        abort();
    return system(cmd) == 0;
}

/* As sh(), for what a test cannot go on without. */
#define must(...)                                                                                                      \
    do {                                                                                                               \
        if (!sh(__VA_ARGS__)) {                                                                                        \
            fprintf(stderr, "%s:%d: set-up failed\n", __FILE__, __LINE__);                                             \
            exit(99);                                                                                                  \
        }                                                                                                              \
    } while (0)

/* The first line that a command prints. */
static inline void sh_line(const char *cmd, char line[256])
{
    FILE *f = popen(cmd, "r");

    line[0] = 0;
    if (f && fgets(line, 256, f))
        line[strcspn(line, "\n")] = 0;
    if (f)
        pclose(f);
}

/* Ends the program unless it runs inside the namespaces that `run` makes, whose only interface at first is lo. */
static inline void enter_check(void)
{
    if (!getenv("ADIT_NETNS") || sh("ip -o link | grep -qv ' lo:'")) {
        fprintf(stderr, "start this through tests/netns/net/run\n");
        exit(99);
    }
    must("ip link set lo up");
}

/* A socket that lives in another namespace (made with ip netns add). */
static inline int socket_in(const char *ns, int family, int type)
{
    char path[64];

    snprintf(path, sizeof(path), "/run/netns/%s", ns);
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(path, O_RDONLY | O_CLOEXEC);
    if (here < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
        exit(99);
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (setns(here, CLONE_NEWNET) < 0 || fd < 0)
        exit(99);
    close(here);
    close(there);
    return fd;
}

/* How long to wait for what must come: it comes at once, unless the machine stands still. */
enum { SURELY = 20000 /* ms */ };

static inline bool readable(int fd, int ms)
{
    struct pollfd p = { fd, POLLIN, 0 };

    return poll(&p, 1, ms) == 1;
}

#endif

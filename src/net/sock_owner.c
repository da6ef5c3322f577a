/* Who holds a TCP port: the socket's inode from /proc/net/tcp, then the process that has it open from /proc/PID/fd. */
#include "net/sock.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/text.h"

enum { INODES_MAX = 16, STATE_LISTEN = 10 };

struct inodes {
    unsigned long at[INODES_MAX];
    unsigned n;
};

/* proc(5), /proc/net/tcp: "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …". */
static void find_inodes(const char *path, uint16_t port, struct inodes *in)
{
    FILE *f = fopen(path, "re");
    char line[512];

    while (f && in->n < INODES_MAX && fgets(line, sizeof(line), f)) {
        unsigned local, state;
        unsigned long inode;
        int got = sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", &local, &state,
                         &inode);
        if (got == 3 && local == port && state == STATE_LISTEN && inode != 0)
            in->at[in->n++] = inode;
    }
    if (f)
        fclose(f);
}

static bool is_wanted(const char *link, const struct inodes *in)
{
    unsigned long inode;

    if (sscanf(link, "socket:[%lu]", &inode) != 1)
        return false;
    for (unsigned i = 0; i < in->n; i++)
        if (in->at[i] == inode)
            return true;
    return false;
}

/* Does this process have one of the sockets open? */
static bool holds(const char *pid, const struct inodes *in)
{
    char path[64], link[64];
    bool found = false;
    struct dirent *e;

    if (!net_print(path, sizeof(path), "/proc/%.20s/fd", pid))
        return false;
    DIR *d = opendir(path);
    while (d && !found && (e = readdir(d))) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
        if (n > 0) {
            link[n] = 0;
            found = is_wanted(link, in);
        }
    }
    if (d)
        closedir(d);
    return found;
}

static bool name_of(const char *pid, char text[256])
{
    char path[64], name[64] = "?";

    if (!net_print(path, sizeof(path), "/proc/%.20s/comm", pid))
        return false;
    FILE *f = fopen(path, "re");
    if (f && fgets(name, sizeof(name), f))
        name[strcspn(name, "\n")] = 0;
    if (f)
        fclose(f);
    for (char *c = name; *c; c++) /* a process chooses its name itself */
        if (*c < ' ' || *c > '~')
            *c = '?';
    return net_print(text, 256, "%s (process %.20s)", name, pid);
}

int sock_port_owner(uint16_t port, char text[256])
{
    struct inodes in = { .n = 0 };
    struct dirent *e;
    bool found = false;

    find_inodes("/proc/net/tcp", port, &in);
    find_inodes("/proc/net/tcp6", port, &in);
    DIR *d = in.n ? opendir("/proc") : NULL;
    while (d && !found && (e = readdir(d)))
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && holds(e->d_name, &in))
            found = name_of(e->d_name, text);
    if (d)
        closedir(d);
    return found ? 0 : ERR_MISSING;
}

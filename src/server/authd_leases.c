/* Who had which address last, kept in a file beside the users' database: a server that starts anew, or an authd, gives its
 * users the addresses that they had. What is in use now it learns from the workers, not from here. */
#include "server/authd_parts.h"

#include "aaa/pool.h"
#include "events/events.h"
#include "net/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEASES_PATH = 48 };

/* In our root folder; two servers may have one database, and so one folder. */
static void name_files(const struct authd *a, char path[LEASES_PATH], char fresh[LEASES_PATH])
{
    snprintf(path, LEASES_PATH, "/leases.%s", a->config.interface);
    snprintf(fresh, LEASES_PATH, "/leases.%s.new", a->config.interface);
}

static ssize_t read_all(int fd, uint8_t *buf, size_t cap)
{
    size_t n = 0;
    ssize_t got;
    while (n < cap && (got = read(fd, buf + n, cap - n)) > 0)
        n += (size_t)got;
    return n < cap ? (ssize_t)n : -1;
}

void leases_load(struct authd *a)
{
    char path[LEASES_PATH], fresh[LEASES_PATH];
    uint8_t *buf = malloc(POOL_STATE_MAX);
    name_files(a, path, fresh);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = buf && fd >= 0 ? read_all(fd, buf, POOL_STATE_MAX) : -1;
    int r = n >= 0 ? pool_get(judge_pool(a->judge), slice_of(buf, (size_t)n)) : 0;
    if (r < 0 || (fd < 0 && errno != ENOENT))
        event(EV_LEASES_UNREADABLE, NULL, F_TEXT("cause", r < 0 ? err_str(r) : strerror(errno)));
    if (fd >= 0)
        close(fd);
    free(buf);
    a->leases_saved = pool_version(judge_pool(a->judge));
}

/* Whole or not at all; after a crash of the machine an older one does as well. */
static bool write_file(const struct authd *a, struct slice bytes)
{
    char path[LEASES_PATH], fresh[LEASES_PATH];
    name_files(a, path, fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, bytes) == 0;
    ok = close(fd) == 0 && ok;
    return ok && rename(fresh, path) == 0;
}

void leases_save(struct authd *a)
{
    struct pool *pool = a->judge ? judge_pool(a->judge) : NULL;
    if (!pool || pool_version(pool) == a->leases_saved)
        return;
    uint8_t *buf = malloc(POOL_STATE_MAX);
    struct wr w = wr_of(buf, buf ? POOL_STATE_MAX : 0);
    if (pool_put(pool, &w) < 0 || !write_file(a, wr_slice(&w))) {
        if (!a->leases_told)
            event(EV_LEASES_UNWRITABLE, NULL, F_TEXT("cause", strerror(errno)));
        a->leases_told = true; /* once */
    }
    a->leases_saved = pool_version(pool);
    free(buf);
}

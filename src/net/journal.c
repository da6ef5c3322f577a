/* The journal as a file. */
#include "net/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/text.h"

static const char header[] = "adit-undo 1 ";

void lines_clear(struct lines *l)
{
    while (l->n > 0)
        free(l->at[--l->n]);
}

int lines_add(struct lines *l, const char *line)
{
    if (l->n == UNDO_ENTRIES_MAX)
        return ERR_NOBUF;
    char *copy = strdup(line);
    if (!copy)
        return ERR_NOMEM;
    l->at[l->n++] = copy;
    return 0;
}

/* One line (its newline, if any, still there) into t. */
static int read_line(char *line, bool first, struct journal_text *t)
{
    size_t n = strlen(line);

    t->partial = n == 0 || line[n - 1] != '\n';
    if (t->partial)
        return 0;
    line[n - 1] = 0;
    if (first && strncmp(line, header, sizeof(header) - 1) == 0) {
        t->pid = strtol(line + sizeof(header) - 1, NULL, 10);
        return 0;
    }
    return lines_add(&t->entries, line);
}

int journal_read(int folder, const char *name, struct journal_text *ret_t)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT ? ERR_MISSING : ERR_SYSTEM;
    FILE *f = fdopen(fd, "r");
    if (!f) {
        close(fd);
        return ERR_NOMEM;
    }
    char *line = NULL;
    size_t cap = 0;
    int r = 0;
    memset(ret_t, 0, sizeof(*ret_t));
    for (bool first = true; r == 0 && getline(&line, &cap, f) > 0; first = false)
        r = read_line(line, first, ret_t);
    if (r == ERR_NOBUF) {
        ret_t->too_long = true;
        r = 0;
    }
    free(line);
    fclose(f);
    if (r < 0)
        lines_clear(&ret_t->entries);
    return r;
}

bool journal_held(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

int journal_append(int fd, struct slice line)
{
    /* One write: a crash leaves a whole line, or one without a newline, which the reader leaves out. */
    off_t before = lseek(fd, 0, SEEK_END);
    ssize_t n = write(fd, line.p, line.n);

    if (n == (ssize_t)line.n && fsync(fd) == 0)
        return 0;
    /* No half line may stay in front of the next one. */
    int saved = errno;
    if (before >= 0 && ftruncate(fd, before) < 0)
        saved = errno;
    errno = saved;
    return ERR_SYSTEM;
}

static int write_all(int fd, const struct lines *l)
{
    char text[UNDO_LINE_MAX];

    if (!net_print(text, sizeof(text), "%s%ld\n", header, (long)getpid()))
        return ERR_BUG;
    int r = journal_append(fd, slice_str(text));
    for (unsigned i = 0; r == 0 && i < l->n; i++)
        if (net_print(text, sizeof(text), "%s\n", l->at[i]))
            r = journal_append(fd, slice_str(text));
    return r;
}

int journal_make(int folder, const char *name, const struct lines *l)
{
    char fresh[64];

    if (!net_print(fresh, sizeof(fresh), "%s.new", name))
        return ERR_VALUE;
    if (unlinkat(folder, fresh, 0) < 0 && errno != ENOENT)
        return ERR_SYSTEM;
    int fd = openat(folder, fresh, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ERR_SYSTEM;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || write_all(fd, l) < 0 || renameat(folder, fresh, folder, name) < 0 ||
        fsync(folder) < 0) {
        int saved = errno;
        unlinkat(folder, fresh, 0);
        close(fd);
        errno = saved;
        return ERR_SYSTEM;
    }
    return fd;
}

/* Replacing a file of the host and putting it back. */
#include "net/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/text.h"
#include "net/write.h"

enum { KEPT_MAX = 64 };

void keep_digest(struct slice bytes, char text[KEEP_DIGEST])
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a, 64 bits */

    for (size_t i = 0; i < bytes.n; i++)
        h = (h ^ bytes.p[i]) * 0x100000001b3u;
    if (!net_print(text, KEEP_DIGEST, "%zu-%016llx", bytes.n, (unsigned long long)h))
        text[0] = 0;
}

static long read_fd(int fd, char dst[KEEP_FILE_MAX])
{
    size_t have = 0;
    ssize_t n = 1;

    while (have < KEEP_FILE_MAX && n > 0) {
        n = read(fd, dst + have, KEEP_FILE_MAX - have);
        if (n < 0)
            return ERR_SYSTEM;
        have += (size_t)n;
    }
    if (have == KEEP_FILE_MAX)
        return ERR_NOBUF;
    dst[have] = 0;
    return (long)have;
}

long keep_read(const char *path, char dst[KEEP_FILE_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT ? ERR_MISSING : ERR_SYSTEM;
    long n = read_fd(fd, dst);
    close(fd);
    return n;
}

static int write_durably(int fd, struct slice s)
{
    return write_all(fd, s) == 0 && fsync(fd) == 0 ? 0 : ERR_SYSTEM;
}

/* A new file with these bytes; nothing stays on failure. `like` NULL: mode 0644 and our own owner. */
static int write_new(const char *path, struct slice s, const struct stat *like)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return ERR_SYSTEM;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ERR_SYSTEM;
    int r = write_durably(fd, s);
    /* Without CAP_CHOWN it becomes ours; better so than not at all. */
    if (r == 0 && like && fchown(fd, like->st_uid, like->st_gid) < 0 && errno != EPERM)
        r = ERR_SYSTEM;
    if (r == 0 && fchmod(fd, like ? like->st_mode & 07777 : 0644) < 0)
        r = ERR_SYSTEM;
    int saved = errno;
    close(fd);
    if (r < 0)
        unlink(path);
    errno = saved;
    return r;
}

static int write_in_place(const char *path, struct slice s)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return ERR_SYSTEM;
    int r = write_durably(fd, s);
    int saved = errno;
    close(fd);
    errno = saved;
    return r;
}

/* Where the new one is made before it takes the place of `path`. Each process has a name of its own: two clients may begin
 * or end at one moment. */
static bool beside_name(char beside[PATH_MAX], const char *path)
{
    return net_print(beside, PATH_MAX, "%s.adit-%ld", path, (long)getpid());
}

/* Puts a file with these bytes at `path` in one step, or in place where renaming cannot be. */
static int put_file(const char *path, struct slice s, const struct stat *like)
{
    char beside[PATH_MAX];

    if (!beside_name(beside, path))
        return ERR_NOBUF;
    int r = write_new(beside, s, like);
    if (r == 0 && rename(beside, path) == 0)
        return 0;
    int saved = errno;
    unlink(beside);
    errno = saved;
    /* EBUSY: `path` is a mount point of its own (ip netns exec, containers). EROFS, EACCES: so is its folder not ours
     * to write in, but the file may be. */
    if (errno == EBUSY || errno == EROFS || errno == EACCES || errno == EXDEV)
        return write_in_place(path, s);
    return ERR_SYSTEM;
}

static int put_link(const char *path, const char *target)
{
    char beside[PATH_MAX];

    if (!beside_name(beside, path))
        return ERR_NOBUF;
    if (unlink(beside) < 0 && errno != ENOENT)
        return ERR_SYSTEM;
    if (symlink(target, beside) < 0)
        return ERR_SYSTEM;
    if (rename(beside, path) == 0)
        return 0;
    int saved = errno;
    unlink(beside);
    errno = saved;
    return ERR_SYSTEM;
}

/* The target of a link; false if it is none. */
static bool link_target(const char *path, char target[PATH_MAX])
{
    ssize_t n = readlink(path, target, PATH_MAX - 1);

    if (n <= 0)
        return false;
    target[n] = 0;
    return true;
}

/* The file or link at `from` as a file or link at `to`, replaced in one step. ERR_MISSING: nothing is there. */
static int copy(const char *from, const char *to)
{
    char target[PATH_MAX];
    struct stat st;

    if (lstat(from, &st) < 0)
        return errno == ENOENT ? ERR_MISSING : ERR_SYSTEM;
    if (S_ISLNK(st.st_mode))
        return link_target(from, target) ? put_link(to, target) : ERR_SYSTEM;
    if (!S_ISREG(st.st_mode))
        return ERR_VALUE;
    char *bytes = malloc(KEEP_FILE_MAX);
    if (!bytes)
        return ERR_NOMEM;
    long n = keep_read(from, bytes);
    int r = n < 0 ? (int)n : put_file(to, slice_of(bytes, (size_t)n), &st);
    free(bytes);
    return r;
}

/* A name for the kept copy that is free: the same file may be replaced twice before it is put back. */
static bool kept_name(const struct undo *u, const char *path, char kept[PATH_MAX])
{
    const char *base = strrchr(path, '/');
    struct stat st;

    for (unsigned i = 0; base && i < KEPT_MAX; i++) {
        if (!net_print(kept, PATH_MAX, "%s/%s.%s.kept%u", undo_dir(u), undo_instance(u), base + 1, i))
            return false;
        if (lstat(kept, &st) < 0 && errno == ENOENT)
            return true;
    }
    return false;
}

int keep_replace(struct undo *u, const char *path, struct slice contents, char err[256])
{
    char kept[PATH_MAX], digest[KEEP_DIGEST];

    if (path[0] != '/' || !kept_name(u, path, kept))
        return net_fail(err, ERR_VALUE, "no place in %.100s to keep %.100s", undo_dir(u), path);
    errno = 0;
    int r = copy(path, kept);
    if (r < 0 && r != ERR_MISSING)
        return net_fail(err, r, "cannot keep a copy of %s: %s", path, errno ? strerror(errno) : err_str(r));
    keep_digest(contents, digest);
    const struct undo_entry e = {
        .kind = UNDO_FILE, .name = path, .old = r == ERR_MISSING ? "" : kept, .ours = digest
    };
    r = undo_note(u, &e);
    if (r < 0)
        return net_fail(err, r, "cannot write down that %s is to be replaced: %s", path, err_str(r));
    r = put_file(path, contents, NULL);
    if (r < 0)
        return net_fail(err, r, "cannot replace %s: %s", path, strerror(errno));
    return 0;
}

/* `path` is a plain file with this digest? A link is somebody else's: we put a file there. */
static bool still_ours(const char *path, const char *digest)
{
    char now[KEEP_DIGEST] = "";
    struct stat st;
    char *bytes = malloc(KEEP_FILE_MAX);

    if (bytes && lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        long n = keep_read(path, bytes);
        if (n >= 0)
            keep_digest(slice_of(bytes, (size_t)n), now);
    }
    free(bytes);
    return now[0] && strcmp(now, digest) == 0;
}

enum keep_result keep_restore(const char *path, const char *kept, const char *digest, char err[256])
{
    int r = 0;

    if (!still_ours(path, digest)) {
        if (kept[0])
            unlink(kept);
        return KEEP_NOT_OURS;
    }
    errno = 0;
    if (kept[0])
        r = copy(kept, path);
    else if (unlink(path) < 0)
        r = ERR_SYSTEM;
    if (r < 0) {
        net_fail(err, ERR_SYSTEM, "cannot put %s back: %s", path, errno ? strerror(errno) : err_str(r));
        return KEEP_FAILED;
    }
    if (kept[0])
        unlink(kept);
    return KEEP_BACK;
}

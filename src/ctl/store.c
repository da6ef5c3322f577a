/* Opening the users' database the way authd does: in its folder as root folder, as its owner.
 *
 * The folder may lie below one that the owner cannot enter (a checkout in somebody's home); so, as root, we go there
 * first and change the root folder, and only then the user. SQLite's journal then has the right owner, too. */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the database lies and whose it is (to be). */
struct place {
    char folder[CONFIG_PATH];
    const char *file;
    uid_t uid;
    gid_t gid;
};

static bool split(const struct config *c, struct place *p)
{
    const char *slash = strrchr(c->users, '/');
    if (!slash || !slash[1]) {
        fail("users: %s is not the path of a file", c->users);
        return false;
    }
    size_t n = slash == c->users ? 1 : (size_t)(slash - c->users);
    memcpy(p->folder, c->users, n);
    p->folder[n] = '\0';
    p->file = slash + 1;
    return true;
}

/* As root: the configured user. Else: ourselves. */
static bool find_owner(const struct config *c, struct place *p)
{
    p->uid = geteuid();
    p->gid = getegid();
    if (p->uid != 0)
        return true;
    struct passwd *pw = getpwnam(c->user);
    if (!pw) {
        fail("there is no user \"%s\" on this host; see user in the configuration", c->user);
        return false;
    }
    p->uid = pw->pw_uid;
    p->gid = pw->pw_gid;
    return true;
}

static int make_folder(const struct place *p)
{
    if (mkdir(p->folder, 0700) < 0)
        return -1;
    return geteuid() == 0 ? chown(p->folder, p->uid, p->gid) : 0;
}

/* The folder, open and ours (the owner's); -1 after a complaint. */
static int open_folder(const struct place *p, bool create)
{
    struct stat st;
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = open(p->folder, flags);
    if (fd < 0 && errno == ENOENT && create && make_folder(p) == 0)
        fd = open(p->folder, flags);
    if (fd < 0 && errno == ENOENT && !create) {
        fail("there are no users yet (no folder %s); add one: aditctl user add NAME", p->folder);
    } else if (fd < 0 && errno == EACCES) {
        fail("%s: %s; the users are the server's: try sudo aditctl", p->folder, strerror(EACCES));
    } else if (fd < 0 || fstat(fd, &st) < 0) {
        fail("%s: %s", p->folder, strerror(errno));
    } else if (st.st_uid != p->uid) {
        struct passwd *pw = getpwuid(p->uid);
        fail("%s must belong to %s, so that the database's journal can be written there: chown it, or name another "
             "folder with users in the configuration",
             p->folder, pw ? pw->pw_name : "the configured user");
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool become_owner(int folder, const struct place *p)
{
    if (fchdir(folder) < 0) {
        fail("%s: %s", p->folder, strerror(errno));
        return false;
    }
    if (geteuid() != 0)
        return true;
    if (chroot(".") < 0 || setgroups(0, NULL) < 0 || setresgid(p->gid, p->gid, p->gid) < 0 ||
        setresuid(p->uid, p->uid, p->uid) < 0) {
        fail("cannot become the database's owner: %s", strerror(errno));
        return false;
    }
    return true;
}

struct users *store_open(const struct config *c, bool create)
{
    struct place p;
    char path[CONFIG_PATH + 2], err[USERS_ERR];
    if (!split(c, &p) || !find_owner(c, &p))
        return NULL;
    bool root = geteuid() == 0;
    int folder = open_folder(&p, create);
    if (folder < 0)
        return NULL;
    bool ok = become_owner(folder, &p);
    close(folder);
    if (!ok)
        return NULL;
    snprintf(path, sizeof(path), "%s%s", root ? "/" : "./", p.file);
    umask(077);
    struct users *d = users_open(path, create, err);
    if (!d)
        fail("%s: %s", c->users, err);
    return d;
}

/* Taking rights away, and looking afterwards whether they are gone.
 *
 * The order matters: what needs a right comes before that right is given up. The user is looked up before the
 * chroot, the bounding set is cut before the user is changed, and the user's change clears the parent-death
 * signal, which is therefore set again. */
#include "priv/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXT = 256, CAP_WORDS = 2, CAP_LIMIT = 64 };

struct target {
    uid_t uid;
    gid_t gid;
    bool change;
    bool from_root; /* we began as root */
};

__attribute__((format(printf, 2, 3))) static int refuse(char *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err, TEXT, fmt, ap);
    va_end(ap);
    return ERR_SYSTEM;
}

static int find_user(const char *name, struct target *t, char *err)
{
    *t = (struct target){ .uid = getuid(), .gid = getgid(), .from_root = geteuid() == 0 };
    if (!name)
        return 0;
    char buf[4096];
    struct passwd pw, *found = NULL;
    int e = getpwnam_r(name, &pw, buf, sizeof buf, &found);
    if (!found)
        return refuse(err, "no user \"%s\"%s%s", name, e ? ": " : "", e ? strerror(e) : "");
    t->uid = pw.pw_uid;
    t->gid = pw.pw_gid;
    t->change = true;
    return 0;
}

static int set_limits(const struct proc_confine *c, char *err)
{
    struct rlimit none = { 0, 0 };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return refuse(err, "cannot refuse new privileges: %s", strerror(errno));
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return refuse(err, "cannot forbid core dumps: %s", strerror(errno));
    if (!c->nofile)
        return 0;
    struct rlimit want = { c->nofile, c->nofile };
    if (setrlimit(RLIMIT_NOFILE, &want) == 0)
        return 0;
    struct rlimit now;
    if (errno != EPERM || getrlimit(RLIMIT_NOFILE, &now) < 0)
        return refuse(err, "cannot set the limit of open files to %u: %s", c->nofile, strerror(errno));
    want = (struct rlimit){ now.rlim_max, now.rlim_max }; /* more than we may have: as many as we may */
    if (setrlimit(RLIMIT_NOFILE, &want) < 0)
        return refuse(err, "cannot set the limit of open files: %s", strerror(errno));
    refuse(err, "open files are limited to %llu, %u were asked for", (unsigned long long)now.rlim_max, c->nofile);
    return 0;
}

/* A folder that nobody else can reach: it has no name any more, and nothing can be created in it. */
static int empty_folder(void)
{
    static const char *const where[] = { "/run/adit-XXXXXX", "/tmp/adit-XXXXXX", "/var/tmp/adit-XXXXXX" };
    for (unsigned i = 0; i < sizeof where / sizeof where[0]; i++) {
        char path[32];
        snprintf(path, sizeof path, "%s", where[i]);
        if (!mkdtemp(path))
            continue;
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int e = errno;
        if (rmdir(path) < 0 && fd >= 0) {
            e = errno;
            close(fd);
            fd = -1;
        }
        errno = e;
        return fd;
    }
    return -1;
}

static int change_root(const struct proc_confine *c, char *err)
{
    if (c->root_fd < 0 && !c->empty_root)
        return 0;
    int fd = c->root_fd >= 0 ? c->root_fd : empty_folder();
    if (fd < 0)
        return refuse(err, "cannot make an empty folder: %s", strerror(errno));
    int bad = fchdir(fd) < 0 || chroot(".") < 0;
    if (bad)
        refuse(err, "cannot change the root folder: %s", strerror(errno));
    else if ((bad = chdir("/") < 0))
        refuse(err, "cannot enter the new root folder: %s", strerror(errno));
    close(fd);
    return bad ? ERR_SYSTEM : 0;
}

/* A role without business on the network gets one without interfaces. Where we may not make one (a container
 * without CAP_SYS_ADMIN), the role runs all the same: it has no code that uses the network. */
static int leave_network(const struct proc_confine *c, char *err)
{
    if (c->allow_net || unshare(CLONE_NEWNET) == 0)
        return 0;
    if (errno == EPERM || errno == ENOSYS || errno == EINVAL || errno == ENOSPC)
        return 0;
    return refuse(err, "cannot leave the network: %s", strerror(errno));
}

static int cut_bounding_set(const struct target *t, uint64_t keep, char *err)
{
    for (unsigned long cap = 0; cap < CAP_LIMIT; cap++) {
        int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
        if (has < 0)
            break; /* past the last that this kernel knows */
        if (!has || keep >> cap & 1)
            continue;
        /* Without CAP_SETPCAP (started by an ordinary user) there is nothing to take from anyway. */
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && !(errno == EPERM && !t->from_root))
            return refuse(err, "cannot drop capability %lu from the bounding set: %s", cap, strerror(errno));
    }
    return 0;
}

static int change_user(const struct target *t, unsigned long keep, char *err)
{
    if (!t->change)
        return 0;
    if (keep && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return refuse(err, "cannot keep capabilities: %s", strerror(errno));
    if (setgroups(0, NULL) < 0)
        return refuse(err, "cannot drop the supplementary groups: %s", strerror(errno));
    if (setresgid(t->gid, t->gid, t->gid) < 0)
        return refuse(err, "cannot change to group %u: %s", (unsigned)t->gid, strerror(errno));
    if (setresuid(t->uid, t->uid, t->uid) < 0)
        return refuse(err, "cannot change to user %u: %s", (unsigned)t->uid, strerror(errno));
    return 0;
}

static int set_caps(uint64_t keep, char *err)
{
    struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct d[CAP_WORDS] = { 0 };
    for (unsigned i = 0; i < CAP_WORDS; i++)
        d[i].effective = d[i].permitted = (uint32_t)(keep >> 32 * i);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* not there: nothing to clear */
    if (syscall(SYS_capset, &h, d) < 0)
        return refuse(err, "cannot keep just the capabilities 0x%llx: %s", (unsigned long long)keep, strerror(errno));
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
        return refuse(err, "cannot end keeping capabilities: %s", strerror(errno));
    return 0;
}

static int verify_ids(const struct target *t, unsigned long keep, char *err)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;
    if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
        return refuse(err, "cannot read who we are: %s", strerror(errno));
    if (r != t->uid || e != t->uid || s != t->uid || rg != t->gid || eg != t->gid || sg != t->gid)
        return refuse(err, "the user was not changed");
    if (!t->change)
        return 0;
    if (getgroups(0, NULL) != 0)
        return refuse(err, "supplementary groups are left");
    if (t->uid == 0 || keep & (1ul << CAP_SETUID | 1ul << CAP_SETGID))
        return 0;
    if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) == 0)
        return refuse(err, "root can be regained");
    return 0;
}

static int verify_caps(const struct target *t, uint64_t keep, char *err)
{
    struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct d[CAP_WORDS] = { 0 };
    if (syscall(SYS_capget, &h, d) < 0)
        return refuse(err, "cannot read the capabilities: %s", strerror(errno));
    for (unsigned i = 0; i < CAP_WORDS; i++) {
        uint32_t want = (uint32_t)(keep >> 32 * i);
        if (d[i].effective != want || d[i].permitted != want || d[i].inheritable)
            return refuse(err, "the capabilities are not those asked for");
    }
    for (unsigned long cap = 0; cap < CAP_LIMIT; cap++) {
        int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
        if (has == 1 && !(keep >> cap & 1) && t->from_root)
            return refuse(err, "capability %lu is left in the bounding set", cap);
    }
    return 0;
}

static int verify_rest(const struct proc_confine *c, char *err)
{
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return refuse(err, "new privileges or dumps are still allowed");
    struct stat st;
    if (c->root_fd < 0 && c->empty_root && (stat("/etc", &st) == 0 || mkdir("/x", 0700) == 0))
        return refuse(err, "the root folder is not empty");
    return 0;
}

/* Last: not dumpable (a change of user may have set it anew), and dying with the parent. */
static int seal(int death_signal, pid_t parent, char *err)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return refuse(err, "cannot forbid tracing: %s", strerror(errno));
    if (!death_signal)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, death_signal) < 0)
        return refuse(err, "cannot ask to die with the parent: %s", strerror(errno));
    return getppid() == parent ? 0 : refuse(err, "the parent is gone");
}

int proc_confine(const struct proc_confine *c, char err[256])
{
    struct target t;
    int death_signal = 0;
    pid_t parent = getppid();
    err[0] = '\0';
    int e = prctl(PR_GET_PDEATHSIG, &death_signal) < 0 ? refuse(err, "prctl: %s", strerror(errno)) : 0;
    if (!e)
        e = find_user(c->user, &t, err);
    if (!e)
        e = set_limits(c, err);
    if (!e)
        e = leave_network(c, err);
    if (!e)
        e = change_root(c, err);
    if (!e)
        e = cut_bounding_set(&t, c->keep_caps, err);
    if (!e)
        e = change_user(&t, c->keep_caps, err);
    if (!e)
        e = set_caps(c->keep_caps, err);
    if (!e)
        e = seal(death_signal, parent, err);
    if (!e)
        e = verify_ids(&t, c->keep_caps, err);
    if (!e)
        e = verify_caps(&t, c->keep_caps, err);
    return e ? e : verify_rest(c, err);
}

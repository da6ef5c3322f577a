/* Roles: fork and exec of the same binary, dropping what a role does not need.
 *
 * The parent (master) starts a role with a channel on descriptor 3 and the named extra descriptors after it; nothing
 * else is inherited. The role's first act is proc_confine(). */
#ifndef ADIT_PRIV_PROC_H
#define ADIT_PRIV_PROC_H

#include "base/err.h"
#include <stdbool.h>
#include <sys/types.h>

enum { PROC_CHANNEL_FD = 3 };

struct proc_start {
    const char *role;         /* argv[1]: "--role=worker"; the binary is /proc/self/exe */
    const char *title;        /* argv[0] */
    const char *const *args;  /* further arguments, NULL-terminated; may be NULL */
    const int *fds;           /* become 4, 5, … in this order */
    unsigned n_fds;
};

/* Starts the role; *ret_fd is our end of its channel. The child dies with its parent (PDEATHSIG). */
int proc_spawn(const struct proc_start *s, pid_t *ret_pid, int *ret_fd) MUST_CHECK;

struct proc_confine {
    const char *user;         /* drop to this user and its group; NULL: stay */
    int root_fd;              /* >= 0: fchdir + chroot there first */
    bool empty_root;          /* else: chroot into an empty, unlinked private folder */
    unsigned long keep_caps;  /* bit mask of CAP_* to keep (ambient not set); 0: none */
    bool allow_net;           /* may create sockets */
    unsigned nofile;          /* RLIMIT_NOFILE; 0: leave */
};
/* No new privileges, no core, not dumpable, chroot, user, capabilities. < 0 and text: refuse to run. */
int proc_confine(const struct proc_confine *c, char err[256]) MUST_CHECK;

#endif

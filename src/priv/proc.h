/* Roles: fork and exec of the same binary, dropping what a role does not need.
 *
 * The parent (master) starts a role with a channel on descriptor 3 and the named extra descriptors after it; nothing
 * else is inherited. The role's first act is proc_confine(). System call filters are not here yet. */
#ifndef ADIT_PRIV_PROC_H
#define ADIT_PRIV_PROC_H

#include "base/err.h"
#include <stdbool.h>
#include <sys/types.h>

enum { PROC_CHANNEL_FD = 3, PROC_FDS = 256 };

struct proc_start {
    const char *role;        /* argv[1]: "--role=worker" */
    const char *title;       /* argv[0] */
    const char *const *args; /* further arguments, NULL-terminated; may be NULL; at most 64 */
    const int *fds;          /* become 4, 5, … in this order; stay open in the caller */
    unsigned n_fds;          /* at most PROC_FDS */
    const char *program;     /* NULL: our own, /proc/self/exe */
};

/* Starts the role; *ret_fd is our end of its channel (non-blocking, close-on-exec). The child dies with the thread that
 * called this (PDEATHSIG), has /dev/null as standard input, our standard output and error, default signals, and an
 * environment of PATH and TZ. ERR_LENGTH: too many arguments or descriptors; ERR_SYSTEM with errno, also when the
 * exec failed. The caller reaps the child. */
int proc_spawn(const struct proc_start *s, pid_t *ret_pid, int *ret_fd) MUST_CHECK;

/* Set every field that matters; note that root_fd counts from 0, so "none" is -1. */
struct proc_confine {
    const char *user;        /* drop to this user and its group; NULL: stay */
    int root_fd;             /* >= 0: fchdir + chroot there first (and the descriptor is closed) */
    bool empty_root;         /* else: chroot into an empty, unlinked private folder */
    unsigned long keep_caps; /* bit mask of CAP_* to keep (1ul << CAP_X; ambient not set); 0: none */
    bool allow_net;          /* false: into a network namespace of its own, where that is permitted */
    unsigned nofile;         /* RLIMIT_NOFILE; 0: leave; no more than the hard limit where that cannot be raised */
};

/* No new privileges, no core, not dumpable, chroot, user, capabilities; then looks whether all of that is so. < 0 and
 * text: refuse to run (the process is then half confined and must exit). 0: done, and err holds a warning or "". Must
 * run before any thread is started: capabilities are a thread's. */
int proc_confine(const struct proc_confine *c, char err[256]) MUST_CHECK;

/* Was this process started as a role by its parent (the channel is there), and not by hand? */
bool proc_has_channel(void);

#endif

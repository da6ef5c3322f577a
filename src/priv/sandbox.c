/* See sandbox.h. The table is the documentation: who may call what, and why. */
#include "priv/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the table ---- */

enum {
    W = 1 << SANDBOX_WORKER,
    D = 1 << SANDBOX_AUTHD,
    A = 1 << SANDBOX_ADMIN,
    E = 1 << SANDBOX_ENGINE,
    R = 1 << SANDBOX_RESOLVER,
    ALL = W | D | A | E | R,
    LOOP = W | D | A | E, /* those with a loop (libuv) */
};

/* A condition on an argument: it must be `value` in the bits of `mask`. mask 0: none. */
struct call {
    int nr;
    unsigned roles;
    const char *why;
    unsigned arg;
    uint64_t mask, value;
};

#define C(name) SCMP_SYS(name)
#define ANY     0, 0, 0

/* clang-format off */
static const struct call calls[] = {
    /* memory */
    { C(brk),             ALL,  "malloc", ANY },
    { C(mmap),            ALL & ~R, "malloc; never executable", 2, PROT_EXEC, 0 },
    { C(mmap),            R,    "malloc, and the libraries of the name service", ANY },
    { C(mprotect),        ALL & ~R, "malloc's arenas; never executable", 2, PROT_EXEC, 0 },
    { C(mprotect),        R,    "the libraries of the name service", ANY },
    { C(munmap),          ALL,  "malloc", ANY },
    { C(mremap),          ALL,  "realloc", ANY },
    { C(madvise),         ALL,  "free", ANY },
    /* ourselves */
    { C(exit_group),      ALL,  "the end", ANY },
    { C(exit),            D,    "the end of a thread", ANY },
    { C(rt_sigreturn),    ALL,  "back from a signal's handler", ANY },
    { C(rt_sigaction),    ALL,  "signals are set up by libuv and libc", ANY },
    { C(rt_sigprocmask),  ALL,  "the same", ANY },
    { C(restart_syscall), ALL,  "the kernel's own, after SIGSTOP", ANY },
    { C(getpid),          ALL,  "libuv and SQLite look for a fork", ANY },
    { C(gettid),          ALL,  "abort() and threads", ANY },
    { C(tgkill),          ALL,  "abort()", ANY },
    { C(getuid),          ALL,  "libc asks before it reads its environment", ANY },
    { C(geteuid),         ALL,  "the same; SQLite too", ANY },
    { C(getgid),          ALL,  "the same", ANY },
    { C(getegid),         ALL,  "the same", ANY },
    { C(uname),           R,    "the resolver's own name", ANY },
    { C(sysinfo),         ALL,  "qsort() asks for the size of memory", ANY },
    { C(prlimit64),       ALL,  "libc reads limits for stacks; libuv for descriptors", ANY },
    { C(sched_getaffinity), ALL, "malloc counts cores", ANY },
    { C(sched_yield),     ALL,  "locks", ANY },
    { C(futex),           ALL,  "locks, threads", ANY },
    /* time and dice */
    { C(clock_gettime),   ALL,  "where there is no vDSO", ANY },
    { C(gettimeofday),    ALL,  "the same", ANY },
    { C(time),            ALL,  "the same", ANY },
    { C(clock_nanosleep), D,    "SQLite waits for a lock", ANY },
    { C(nanosleep),       D,    "the same", ANY },
    { C(getrandom),       ALL,  "keys, nonces, hash seeds", ANY },
    /* the loop */
    { C(epoll_create1),   LOOP, "libuv; microhttpd", ANY },
    { C(epoll_ctl),       LOOP, "the same", ANY },
    { C(epoll_wait),      LOOP, "the same", ANY },
    { C(epoll_pwait),     LOOP, "the same", ANY },
    { C(epoll_pwait2),    LOOP, "the same", ANY },
    { C(eventfd2),        LOOP, "wakes the loop", ANY },
    { C(pipe2),           LOOP, "the same", ANY },
    { C(poll),            ALL,  "libuv checks that a descriptor can be polled; waits of the resolver", ANY },
    { C(ppoll),           ALL,  "the same", ANY },
    { C(timerfd_create),  LOOP, "libuv's timers, where it uses them", ANY },
    { C(timerfd_settime), LOOP, "the same", ANY },
    { C(ioctl),           LOOP, "libuv sets descriptors to non-blocking", 1, UINT32_MAX, FIONBIO },
    { C(ioctl),           W | E, "SIOCOUTQ: what the peer has not taken yet", 1, UINT32_MAX, TIOCOUTQ },
    { C(ioctl),           R,    "the same", 1, UINT32_MAX, FIONBIO },
    { C(ioctl),           R,    "how long an answer is", 1, UINT32_MAX, FIONREAD },
    /* descriptors that we have */
    { C(read),            ALL,  "sockets, TUN queues, files of authd", ANY },
    { C(readv),           ALL,  "the same", ANY },
    { C(write),           ALL,  "the same; the log", ANY },
    { C(writev),          ALL,  "the same", ANY },
    { C(close),           ALL,  "all of them", ANY },
    { C(fcntl),           ALL,  "flags; copies for messages that wait; SQLite's locks", ANY },
    { C(dup),             LOOP, "copies of descriptors", ANY },
    { C(lseek),           D | R, "files", ANY },
    { C(recvmsg),         ALL,  "messages between our processes", ANY },
    { C(sendmsg),         ALL,  "the same", ANY },
    { C(recvfrom),        ALL,  "sessions; names", ANY },
    { C(sendto),          ALL,  "the same", ANY },
    { C(recvmmsg),        R,    "names", ANY },
    { C(sendmmsg),        R,    "names: both families at once", ANY },
    { C(shutdown),        W | A | E, "the end of a session", ANY },
    { C(getsockopt),      LOOP | R, "errors of sockets; who calls the admin API", ANY },
    { C(setsockopt),      W | A | E | R, "no delay, keep-alive, how much the kernel may hold", ANY },
    { C(getsockname),     W | A | E | R, "which of our addresses a client came to", ANY },
    { C(getpeername),     W | A | E | R, "who it is", ANY },
    /* new descriptors */
    { C(accept4),         W | A, "connections that come", ANY },
    { C(socket),          E,    "one connection to the server: TCP only", 1, 0xf, 1 /* SOCK_STREAM */ },
    { C(socket),          R,    "questions to resolvers", ANY },
    { C(connect),         E | R, "the same", ANY },
    { C(seccomp),         E,    "sandbox_connected(): a further filter, which can only take away", 0, UINT32_MAX, 1 /* SET_MODE_FILTER */ },
    { C(bind),            R,    "netlink: which addresses we have (RFC 6724)", ANY },
    { C(bpf),             W,    "the steering map: which queue serves an address; the kernel refuses all else to this user", ANY },
    /* files: authd in its folder (chroot), the resolver reading the host's settings */
    { C(openat),          D,    "the users' database", ANY },
    { C(openat),          R,    "/etc/resolv.conf, hosts, the libraries of the name service: reading only", 2, O_ACCMODE, O_RDONLY },
    { C(newfstatat),      W | A | E, "fstat() of libc: no paths", 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
    { C(newfstatat),      D | R, "SQLite looks for its journal; libc's settings", ANY },
    { C(fstat),           ALL,  "the same", ANY },
    { C(statx),           D | R, "the same", ANY },
    { C(pread64),         D | R, "database pages; libraries", ANY },
    { C(pwrite64),        D,    "database pages", ANY },
    { C(ftruncate),       D,    "SQLite's journal", ANY },
    { C(fsync),           D,    "the same", ANY },
    { C(fdatasync),       D,    "the same", ANY },
    { C(rename),          D,    "the last leases: written beside, then put in place", ANY },
    { C(renameat2),       D,    "the same", ANY },
    { C(unlink),          D,    "the same", ANY },
    { C(access),          D | R, "the same; libc's settings", ANY },
    { C(faccessat),       R,    "the same, where there is no access()", ANY },
    { C(faccessat2),      R,    "the same", ANY },
    { C(readlink),        D | R, "SQLite resolves the path", ANY },
    { C(readlinkat),      R,    "name services follow links of /etc and /run", ANY },
    { C(getdents64),      R,    "the same: folders with further settings", ANY },
    { C(statfs),          R,    "the same: is it the real /proc and /sys", ANY },
    { C(fstatfs),         R,    "the same", ANY },
    { C(getcwd),          D,    "the same", ANY },
    { C(fchmod),          D,    "the journal is as closed as the database", ANY },
    { C(fchown),          D,    "the same", ANY },
    { C(umask),           D,    "the same", ANY },
    /* threads of authd: slow hashes */
    { C(clone),           D,    "threads; never processes", 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM },
    { C(set_robust_list), D,    "threads", ANY },
    { C(rseq),            D,    "threads", ANY },
    { C(sched_setscheduler), D, "threads", ANY },
    { C(sched_getparam),  D,    "threads", ANY },
    { C(sched_getscheduler), D, "threads", ANY },
};
/* clang-format on */
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

bool sandbox_allows(enum sandbox_role role, int call)
{
    for (unsigned i = 0; i < CALLS; i++)
        if (calls[i].nr == call && calls[i].roles & 1u << role)
            return true;
    return false;
}

/* ---- modes ---- */

static const char *const modes[] = { [SANDBOX_KILL] = "kill", [SANDBOX_LOG] = "log", [SANDBOX_OFF] = "off" };

bool sandbox_mode_from(const char *text, enum sandbox_mode *ret_mode)
{
    for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(text, modes[i]) != 0)
            continue;
        *ret_mode = (enum sandbox_mode)i;
        return true;
    }
    return false;
}

const char *sandbox_mode_name(enum sandbox_mode mode)
{
    return modes[mode];
}

/* ---- Landlock ---- */

enum { PATH_MAX_RIGHTS = 13 };

/* What landlock(7) knows of, up to what this kernel does; executing is left out where the libraries of the name service are
 * loaded: mapping them counts as that on some kernels. */
static uint64_t handled_rights(enum sandbox_role role, long abi)
{
    uint64_t all = (1u << PATH_MAX_RIGHTS) - 1;
    if (abi >= 2)
        all |= 1u << 13; /* LANDLOCK_ACCESS_FS_REFER */
    if (abi >= 3)
        all |= 1u << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE */
    if (role == SANDBOX_RESOLVER)
        all &= ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
    return all;
}

static int open_folder(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = open(path, O_PATH | O_CLOEXEC) };
    if (rule.parent_fd < 0)
        return -1;
    int r = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return r;
}

enum { READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR };

/* Where hosts, resolv.conf and the libraries of the name service lie, and where its daemons have their sockets and maps;
 * the last two are NixOS's and Guix's. One that this host has not is left out. */
static int open_name_service(int ruleset)
{
    static const char *const paths[] = { "/etc",           "/usr",       "/lib",      "/lib64",
                                         "/run",           "/var/run",   "/var/lib",  "/var/cache/nscd",
                                         "/sys/class/net", "/nix/store", "/gnu/store" };
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (open_folder(ruleset, paths[i], READING) < 0 && errno != ENOENT)
            return -1;
    return 0;
}

/* What a role may open. authd's root folder is that of the database. */
static int open_own_folders(enum sandbox_role role, int ruleset, long abi)
{
    if (role == SANDBOX_RESOLVER)
        return open_name_service(ruleset);
    if (role != SANDBOX_AUTHD)
        return 0;
    return open_folder(ruleset, "/",
                       READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                           LANDLOCK_ACCESS_FS_REMOVE_FILE | (abi >= 3 ? 1u << 14 : 0u));
}

/* A kernel without it: the list of calls has to do. */
static int forbid_files(enum sandbox_role role, char *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);
    if (abi < 1)
        return 0;
    struct landlock_ruleset_attr attr = { .handled_access_fs = handled_rights(role, abi) };
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
    bool good = fd >= 0 && open_own_folders(role, fd, abi) == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    if (!good)
        snprintf(err, 256, "Landlock: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return good ? 0 : ERR_SYSTEM;
}

/* ---- seccomp ---- */

static int add_call(scmp_filter_ctx ctx, const struct call *c)
{
    if (c->nr < 0)
        return 0; /* not there on this machine's architecture */
    if (!c->mask)
        return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, c->nr, 0);
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, c->nr, 1, SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value));
}

static int load_filter(enum sandbox_role role, enum sandbox_mode mode, char *err)
{
    scmp_filter_ctx ctx = seccomp_init(mode == SANDBOX_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS);
    int r = ctx ? 0 : -ENOMEM;
    for (unsigned i = 0; r == 0 && i < CALLS; i++)
        if (calls[i].roles & 1u << role)
            r = add_call(ctx, &calls[i]);
    /* Its arguments cannot be looked at: libc falls back to clone(2), whose can. */
    if (r == 0 && role == SANDBOX_AUTHD)
        r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (r == 0)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    if (r < 0)
        snprintf(err, 256, "the filter of system calls: %s", strerror(-r));
    return r < 0 ? ERR_SYSTEM : 0;
}

/* The calls that made the connection, and the one that this takes. Written out, since libseccomp allocates here and dies when it
 * gets none; other architectures' numbers the first filter has ended long since. The privilege bit is set. */
static int forbid_connections(enum sandbox_mode mode, char *err)
{
    unsigned act = mode == SANDBOX_LOG ? SECCOMP_RET_LOG : SECCOMP_RET_KILL_PROCESS;
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, act),
    };
    struct sock_fprog filter = { sizeof(steps) / sizeof(steps[0]), steps };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0)
        return 0;
    snprintf(err, 256, "the second filter of system calls: %s", strerror(errno));
    return ERR_SYSTEM;
}

int sandbox_connected(enum sandbox_mode mode, char err[256])
{
    err[0] = 0;
#if defined(__SANITIZE_ADDRESS__)
    (void)mode;
    (void)forbid_connections;
    return 0;
#else
    return mode == SANDBOX_OFF ? 0 : forbid_connections(mode, err);
#endif
}

int sandbox_enter(enum sandbox_role role, enum sandbox_mode mode, char err[256])
{
    err[0] = 0;
#if defined(__SANITIZE_ADDRESS__)
    snprintf(err, 256, "built with sanitizers: no filter of system calls");
    (void)role;
    (void)mode;
    (void)forbid_files;
    (void)load_filter;
    return 0;
#else
    if (mode == SANDBOX_OFF) {
        snprintf(err, 256, "switched off in the configuration");
        return 0;
    }
    int r = mode == SANDBOX_KILL ? forbid_files(role, err) : 0;
    return r < 0 ? r : load_filter(role, mode, err);
#endif
}

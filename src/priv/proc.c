/* Starting a role: fork, then exec of the same binary, with exactly the descriptors that were named.
 *
 * Between fork and exec only async-signal-safe calls are made (authd has threads): everything that allocates is
 * prepared before. A failure up to and including the exec comes back to the parent through a pipe that the exec
 * closes. Taking rights away is the role's own first act: see confine.c. */
#include "priv/proc.h"

#include "priv/imsg.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGS = 64, MAX_ENV = 8, FIRST_EXTRA_FD = PROC_CHANNEL_FD + 1 };

struct launch {
    char *argv[MAX_ARGS + 3];
    char *envp[MAX_ENV + 1];
    char role[64];
    const char *program;
    int src[PROC_FDS + 2]; /* channel, extras, error pipe: in the order of their new numbers from 3 on */
    unsigned n_src;
    int null;
    pid_t parent;
};

/* Variables that reach a role. The sanitizers' own are for test builds: without them a role that may not be
 * traced could not even report. */
static const char *const kept_env[] = {
    "TZ",
#if defined(__SANITIZE_ADDRESS__)
    "ASAN_OPTIONS",
    "LSAN_OPTIONS",
    "UBSAN_OPTIONS",
#endif
};

static void build_env(struct launch *l)
{
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    unsigned n = 0;
    l->envp[n++] = path;
    extern char **environ;
    for (unsigned k = 0; k < sizeof kept_env / sizeof kept_env[0]; k++) {
        size_t len = strlen(kept_env[k]);
        for (char **e = environ; e && *e; e++)
            if (!strncmp(*e, kept_env[k], len) && (*e)[len] == '=') {
                l->envp[n++] = *e;
                break;
            }
    }
    l->envp[n] = NULL;
}

static int build_argv(struct launch *l, const struct proc_start *s)
{
    int len = snprintf(l->role, sizeof l->role, "--role=%s", s->role);
    if (len < 0 || (size_t)len >= sizeof l->role)
        return ERR_LENGTH;
    unsigned n = 0;
    l->argv[n++] = (char *)(uintptr_t)s->title;
    l->argv[n++] = l->role;
    for (unsigned i = 0; s->args && s->args[i]; i++) {
        if (i == MAX_ARGS)
            return ERR_LENGTH;
        l->argv[n++] = (char *)(uintptr_t)s->args[i];
    }
    l->argv[n] = NULL;
    return 0;
}

/* In the child: source i becomes descriptor 3 + i. First all are copied out of the way of the targets. */
static int place_fds(struct launch *l)
{
    int base = PROC_CHANNEL_FD + (int)l->n_src;
    for (unsigned i = 0; i < l->n_src; i++) {
        l->src[i] = fcntl(l->src[i], F_DUPFD_CLOEXEC, base);
        if (l->src[i] < 0)
            return -1;
    }
    int null = fcntl(l->null, F_DUPFD_CLOEXEC, base);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        return -1;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && dup2(null, fd) < 0)
            return -1;
    for (unsigned i = 0; i < l->n_src; i++) {
        int flags = i + 1 == l->n_src ? O_CLOEXEC : 0; /* the last is the error pipe */
        int fd = PROC_CHANNEL_FD + (int)i;
        if (dup3(l->src[i], fd, flags) < 0)
            return -1;
        l->src[i] = fd;
    }
    return (int)syscall(SYS_close_range, (unsigned)base, ~0u, 0u);
}

static void reset_signals(void)
{
    struct sigaction dfl = { .sa_handler = SIG_DFL };
    for (int i = 1; i <= SIGRTMAX; i++)
        (void)sigaction(i, &dfl, NULL); /* fails for SIGKILL, SIGSTOP and libc's own: as it should */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void child(struct launch *l)
{
    int report = l->src[l->n_src - 1];
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == l->parent && place_fds(l) == 0) {
        report = l->src[l->n_src - 1];
        reset_signals();
        execve(l->program, l->argv, l->envp);
    }
    int e = errno;
    (void)!write(report, &e, sizeof e);
    _exit(127);
}

/* The child's word on how it went: 0 if the exec closed the pipe. */
static int await_exec(int pipe_fd, pid_t pid)
{
    int e = 0;
    ssize_t n;
    do
        n = read(pipe_fd, &e, sizeof e);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    errno = n == sizeof e ? e : EIO;
    return ERR_SYSTEM;
}

static pid_t fork_quiet(struct launch *l)
{
    /* Our handlers (libuv's write into the parent's loop) must not run in the child. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    l->parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child(l);
    int e = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = e;
    return pid;
}

static void close_fd(int fd)
{
    int e = errno;
    if (fd >= 0)
        close(fd);
    errno = e;
}

static int launch(struct launch *l, const struct proc_start *s, pid_t *ret_pid)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return ERR_SYSTEM;
    for (unsigned i = 0; i < s->n_fds; i++)
        l->src[l->n_src++] = s->fds[i];
    l->src[l->n_src++] = pipe_fds[1];
    pid_t pid = fork_quiet(l);
    close_fd(pipe_fds[1]);
    int e = pid < 0 ? ERR_SYSTEM : await_exec(pipe_fds[0], pid);
    close_fd(pipe_fds[0]);
    if (!e)
        *ret_pid = pid;
    return e;
}

int proc_spawn(const struct proc_start *s, pid_t *ret_pid, int *ret_fd)
{
    struct launch l = { .null = -1, .program = s->program ? s->program : "/proc/self/exe" };
    if (s->n_fds > PROC_FDS)
        return ERR_LENGTH;
    int e = build_argv(&l, s);
    if (e)
        return e;
    build_env(&l);
    int chan[2];
    e = imsg_pair(chan);
    if (e)
        return e;
    l.src[l.n_src++] = chan[1];
    l.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    e = l.null < 0 ? ERR_SYSTEM : launch(&l, s, ret_pid);
    close_fd(l.null);
    close_fd(chan[1]);
    if (e)
        close_fd(chan[0]);
    else
        *ret_fd = chan[0];
    return e;
}

bool proc_has_channel(void)
{
    int type = 0;
    socklen_t n = sizeof(type);
    return getsockopt(PROC_CHANNEL_FD, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET;
}

/* The filter of system calls: for each role, what it must be able to do still works, and each forbidden act ends it with
 * SIGSYS. Every case is a process of its own. Built with sanitizers there is no filter, and the test says so. */
#include "priv/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int act_fn(void);

static const char *const names[] = { "worker", "authd", "admin", "engine", "resolver" };

/* The status of a child that enters the sandbox and acts: its exit status is the act's result. */
static int run(enum sandbox_role role, enum sandbox_mode mode, act_fn *act)
{
    char err[256];
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        (void)!chdir("/");
        if (sandbox_enter(role, mode, err) < 0)
            _exit(99);
        _exit(act());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool no_filter(void)
{
    char err[256] = "";
#if defined(__SANITIZE_ADDRESS__)
    assert_int_equal(sandbox_enter(SANDBOX_WORKER, SANDBOX_KILL, err), 0);
    assert_non_null(strstr(err, "sanitizers"));
#endif
    return err[0] != 0;
}

/* ---- acts ---- */

static int open_file(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static int make_file(void)
{
    return open("/tmp", O_WRONLY | O_TMPFILE, 0600) >= 0;
}

static int make_folder(void)
{
    return mkdir("/tmp/adit-test-sandbox-d", 0700) == 0;
}

static int listen_there(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return listen(fd, 1) == 0;
}

static int connect_out(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)!connect(fd, (struct sockaddr *)&a, sizeof(a));
    return 0;
}

static int raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0;
}

static int execute(void)
{
    char *argv[] = { (char *)(uintptr_t) "/bin/true", NULL };
    return execv(argv[0], argv);
}

static int fork_one(void)
{
    return (int)syscall(SYS_fork) < 0;
}

static int vfork_one(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0;
}

static int trace(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0;
}

static int signal_another(void)
{
    return kill(getppid(), 0) == 0;
}

static int executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static int other_ioctl(void)
{
    char c = 'x';
    return ioctl(0, 0x5412 /* TIOCSTI */, &c) == 0;
}

static int change_limits(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int look_at_a_path(void)
{
    struct stat st;
    return stat("/etc", &st);
}

enum {
    W = 1 << SANDBOX_WORKER,
    D = 1 << SANDBOX_AUTHD,
    A = 1 << SANDBOX_ADMIN,
    E = 1 << SANDBOX_ENGINE,
    R = 1 << SANDBOX_RESOLVER,
};

/* Who is ended by what. */
static const struct {
    const char *name;
    act_fn *act;
    unsigned ends;
} forbidden[] = {
    { "open a file", open_file, W | A | E },
    { "make a file", make_file, W | A | E | R },
    { "make a folder", make_folder, W | D | A | E | R },
    { "look at a path", look_at_a_path, W | A | E },
    { "connect out", connect_out, W | D | A },
    { "listen", listen_there, W | D | A | E | R },
    { "a raw socket", raw_socket, W | D | A | E },
    { "execute", execute, W | D | A | E | R },
    { "fork", fork_one, W | D | A | E | R },
    { "clone a process", vfork_one, W | D | A | E | R },
    { "trace", trace, W | D | A | E | R },
    { "signal another", signal_another, W | D | A | E | R },
    { "executable memory", executable_memory, W | D | A | E },
    { "make memory executable", make_executable, W | D | A | E },
    { "another ioctl", other_ioctl, W | D | A | E | R },
    { "change what was confined", change_limits, W | D | A | E | R },
};

static void test_forbidden(void **state)
{
    (void)state;
    if (no_filter())
        skip();
    for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        for (unsigned role = 0; role < SANDBOX_ROLES; role++) {
            int status = run((enum sandbox_role)role, SANDBOX_KILL, forbidden[i].act);
            bool ended = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
            if (ended != !!(forbidden[i].ends & 1u << role))
                fail_msg("%s, %s: status %x", names[role], forbidden[i].name, status);
        }
    }
}

/* In log mode nothing is ended, and the acts do what they always do. */
static void test_log(void **state)
{
    (void)state;
    if (no_filter())
        skip();
    for (unsigned role = 0; role < SANDBOX_ROLES; role++) {
        assert_int_equal(run((enum sandbox_role)role, SANDBOX_LOG, open_file), 1 << 8);
        assert_int_equal(run((enum sandbox_role)role, SANDBOX_OFF, open_file), 1 << 8);
    }
}

/* ---- what must work ---- */

static int ordinary(void)
{
    char *p = malloc(1 << 20), *q = p ? realloc(p, 8 << 20) : NULL;
    int fds[2], one = 1;
    struct stat st;
    if (!q || pipe(fds) < 0)
        return 1;
    memset(q, 1, 8 << 20);
    free(q);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = { .events = EPOLLIN }, out;
    return ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev) < 0 || write(fds[1], "x", 1) != 1 ||
           epoll_wait(ep, &out, 1, 1000) != 1 || ioctl(fds[0], FIONBIO, &one) < 0 || fstat(fds[0], &st) < 0 ||
           fcntl(fds[0], F_SETFD, FD_CLOEXEC) < 0 || close(ep) < 0;
}

/* The engine's second filter: what it has goes on, another connection ends it, and so does changing the filter again. */
static int connected(void)
{
    char err[256];
    int fds[2];
    return sandbox_connected(SANDBOX_KILL, err) < 0 || pipe(fds) < 0 || write(fds[1], "x", 1) != 1;
}

static int connected_then_socket(void)
{
    return connected() ? 98 : connect_out();
}

static int connected_twice(void)
{
    return connected() ? 98 : connected();
}

static int connected_log(void)
{
    char err[256];
    return sandbox_connected(SANDBOX_LOG, err) < 0 ? 98 : connect_out();
}

static int no_home(void)
{
    return open("/root", O_RDONLY | O_DIRECTORY) >= 0 || open("/proc/self/status", O_RDONLY) >= 0 ||
           open("/tmp", O_RDONLY | O_DIRECTORY) >= 0;
}

static void *on_thread(void *arg)
{
    return arg;
}

static int threads(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, on_thread, NULL) != 0 || pthread_join(t, NULL) != 0;
}

static void test_allowed(void **state)
{
    (void)state;
    if (no_filter())
        skip();
    for (unsigned role = 0; role <= SANDBOX_ENGINE; role++)
        if (run((enum sandbox_role)role, SANDBOX_KILL, ordinary) != 0)
            fail_msg("%s cannot do its ordinary work", names[role]);
    assert_int_equal(run(SANDBOX_AUTHD, SANDBOX_KILL, threads), 0);
    assert_int_equal(run(SANDBOX_ENGINE, SANDBOX_KILL, connect_out), 0);
    assert_int_equal(run(SANDBOX_RESOLVER, SANDBOX_KILL, open_file), 1 << 8);
    int status = run(SANDBOX_WORKER, SANDBOX_KILL, threads);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void test_connected(void **state)
{
    (void)state;
    if (no_filter())
        skip();
    assert_int_equal(run(SANDBOX_ENGINE, SANDBOX_KILL, connected), 0);
    assert_int_equal(run(SANDBOX_ENGINE, SANDBOX_LOG, connected_log), 0);
    act_fn *const ends[] = { connected_then_socket, connected_twice };
    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        int status = run(SANDBOX_ENGINE, SANDBOX_KILL, ends[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
    /* The resolver reads the settings of names (test_allowed), and nothing else where the kernel has Landlock. */
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1)
        assert_int_equal(run(SANDBOX_RESOLVER, SANDBOX_KILL, no_home), 0);
}

static void test_modes(void **state)
{
    (void)state;
    enum sandbox_mode m;
    for (int i = SANDBOX_KILL; i <= SANDBOX_OFF; i++) {
        assert_true(sandbox_mode_from(sandbox_mode_name((enum sandbox_mode)i), &m));
        assert_int_equal(m, i);
    }
    assert_false(sandbox_mode_from("", &m));
    assert_false(sandbox_mode_from("KILL", &m));
}

static void test_lists(void **state)
{
    (void)state;
    assert_true(sandbox_allows(SANDBOX_WORKER, SYS_bpf));
    assert_false(sandbox_allows(SANDBOX_ADMIN, SYS_bpf));
    for (unsigned role = 0; role < SANDBOX_ROLES; role++) {
        static const int never[] = {
            SYS_execve, SYS_execveat,       SYS_ptrace, SYS_fork,        SYS_vfork,
            SYS_kill,   SYS_mount,          SYS_setuid, SYS_init_module, SYS_unshare,
            SYS_setns,  SYS_io_uring_setup, SYS_keyctl, SYS_prctl,       SYS_process_vm_writev
        };
        for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
            assert_false(sandbox_allows((enum sandbox_role)role, never[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden), cmocka_unit_test(test_log),   cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_modes),     cmocka_unit_test(test_lists), cmocka_unit_test(test_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

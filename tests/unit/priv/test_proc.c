/* Roles: this program starts itself again as a role, which reports over its channel what it is and what it may do.
 *
 * The confinement tests need root (they give rights up); without it they are skipped and say so. */
#include "priv/imsg.h"
#include "priv/proc.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the role's side ---- */

static void say(const char *what, long value)
{
    char text[128];
    int n = snprintf(text, sizeof text, "%s=%ld", what, value);
    struct imsg m = { .type = 1, .body = slice_of(text, (size_t)n) };
    if (imsg_send(PROC_CHANNEL_FD, &m) < 0)
        _exit(99);
}

static long highest_fd(void)
{
    long top = -1;
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            top = fd;
    return top;
}

static long same_inode(int fd, const char *path)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static long ignored_or_blocked(int signo)
{
    struct sigaction sa;
    sigset_t set;
    sigaction(signo, NULL, &sa);
    sigprocmask(SIG_SETMASK, NULL, &set);
    return sa.sa_handler != SIG_DFL || sigismember(&set, signo);
}

static int role_report(int argc, char **argv)
{
    extern char **environ;
    long env = 0;
    while (environ[env])
        env++;
    int death = 0;
    prctl(PR_GET_PDEATHSIG, &death);
    say("argc", argc);
    say("arg2", argc > 2 && !strcmp(argv[2], "one two"));
    say("title", !strcmp(argv[0], "adit-test-role"));
    say("highest_fd", highest_fd());
    say("null_stdin", same_inode(0, "/dev/null"));
    say("fd4_is_root", same_inode(4, "/"));
    say("fd5_is_tmp", same_inode(5, "/tmp"));
    say("sigpipe", ignored_or_blocked(SIGPIPE));
    say("sigterm", ignored_or_blocked(SIGTERM));
    say("death", death);
    say("secret", getenv("ADIT_TEST_SECRET") != NULL);
    say("few_env", env <= 5);
    return 0;
}

static long eff_caps(int word)
{
    struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct d[2] = { 0 };
    extern int capget(cap_user_header_t, cap_user_data_t);
    capget(&h, d);
    return d[word].effective;
}

/* A network namespace of its own has a loopback interface that is down. */
static long loopback_up(void)
{
    struct ifreq r = { .ifr_name = "lo" };
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return s >= 0 && ioctl(s, SIOCGIFFLAGS, &r) == 0 && r.ifr_flags & IFF_UP;
}

static void say_what_fails(void)
{
    struct rlimit core, files;
    int death = 0;
    prctl(PR_GET_PDEATHSIG, &death);
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &files);
    say("uid", getuid());
    say("gid", getgid());
    say("groups", getgroups(0, NULL));
    say("caps0", eff_caps(0));
    say("caps1", eff_caps(1));
    say("death", death);
    say("core", (long)core.rlim_max);
    say("nofile", (long)files.rlim_max);
    say("dumpable", prctl(PR_GET_DUMPABLE));
    say("setuid0", setuid(0) == 0);
    say("setgroups", setgroups(0, NULL) == 0);
    say("open_passwd", open("/etc/passwd", O_RDONLY) >= 0);
    say("open_up", open("../../../../etc/passwd", O_RDONLY) >= 0);
    say("create", open("/new", O_WRONLY | O_CREAT, 0600) >= 0);
    say("marker", open("/marker", O_RDONLY) >= 0);
    say("chroot", chroot("/") == 0);
    say("ptrace_parent", ptrace(PTRACE_SEIZE, getppid(), 0, 0) == 0);
    say("kill_parent", kill(getppid(), 0) == 0);
    say("raw_socket", socket(AF_INET, SOCK_RAW, 1) >= 0);
    say("lo_up", loopback_up());
}

static int role_confined(const char *kind)
{
    char err[256];
    struct proc_confine c = { .user = "nobody", .root_fd = -1, .empty_root = true, .nofile = 64 };
    if (!strcmp(kind, "chroot")) {
        c.root_fd = 4;
        c.allow_net = true;
    }
    if (!strcmp(kind, "netraw"))
        c.keep_caps = 1ul << CAP_NET_RAW;
    if (!strcmp(kind, "stayroot"))
        c.user = NULL;
    if (!strcmp(kind, "nouser"))
        c.user = "adit-no-such-user";
    if (!strcmp(kind, "badroot"))
        c.root_fd = 77;
    int e = proc_confine(&c, err);
    say("confine", e);
    if (e) {
        say(err, 0);
        return 0;
    }
    say_what_fails();
    return 0;
}

static int role_sleep(void)
{
    say("pid", getpid());
    pause();
    return 0;
}

/* A role that starts a sleeper and is then killed: the sleeper must die with it. */
static int role_parent(void)
{
    struct proc_start s = { .role = "sleep", .title = "adit-test-role" };
    pid_t pid;
    int fd;
    if (proc_spawn(&s, &pid, &fd) < 0)
        return 1;
    say("child", pid);
    pause();
    return 0;
}

static int role_main(int argc, char **argv)
{
    const char *role = argv[1] + strlen("--role=");
    if (!strcmp(role, "report"))
        return role_report(argc, argv);
    if (!strcmp(role, "confined"))
        return role_confined(argv[2]);
    if (!strcmp(role, "sleep"))
        return role_sleep();
    return role_parent();
}

/* ---- the parent's side ---- */

static char heard[8192];

static bool next_word(int fd, int wait_ms)
{
    static uint8_t buf[IMSG_MAX];
    struct imsg m;
    struct pollfd p = { .fd = fd, .events = POLLIN };
    if (poll(&p, 1, wait_ms) <= 0 || imsg_recv(fd, buf, sizeof buf, &m) != 1)
        return false;
    size_t at = strlen(heard);
    assert_true(at + m.body.n + 2 < sizeof heard);
    memcpy(heard + at, m.body.p, m.body.n);
    memcpy(heard + at + m.body.n, "\n", 2);
    return true;
}

static int run(const char *role, const char *arg, const int *fds, unsigned n_fds)
{
    const char *args[] = { arg, NULL };
    struct proc_start s = {
        .role = role, .title = "adit-test-role", .args = arg ? args : NULL, .fds = fds, .n_fds = n_fds
    };
    pid_t pid;
    int fd, status;
    strcpy(heard, "\n");
    assert_int_equal(proc_spawn(&s, &pid, &fd), 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    while (next_word(fd, 10000))
        ;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(fd);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect(const char *what, long value)
{
    char line[128];
    snprintf(line, sizeof line, "\n%s=%ld\n", what, value);
    if (!strstr(heard, line))
        fail_msg("expected %s=%ld; the role said:%s", what, value, heard);
}

static void spawn_passes_only_what_is_named(void **state)
{
    (void)state;
    setenv("ADIT_TEST_SECRET", "x", 1);
    signal(SIGPIPE, SIG_IGN);
    sigset_t term, old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &old);
    int fds[2] = { open("/", O_PATH), open("/tmp", O_PATH) }; /* without close-on-exec, on purpose */
    int stray = open("/", O_PATH);
    assert_int_equal(run("report", "one two", fds, 2), 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(fds[0]);
    close(fds[1]);
    close(stray);
    expect("argc", 3);
    expect("arg2", 1);
    expect("title", 1);
    expect("highest_fd", 5);
    expect("null_stdin", 1);
    expect("fd4_is_root", 1);
    expect("fd5_is_tmp", 1);
    expect("sigpipe", 0);
    expect("sigterm", 0);
    expect("death", SIGKILL);
    expect("secret", 0);
    expect("few_env", 1);
}

/* The sources sit on the targets' numbers, crossed: no copy may overwrite one that is still needed. */
static void spawn_crossed_descriptors(void **state)
{
    (void)state;
    int root = open("/", O_PATH), tmp = open("/tmp", O_PATH);
    int r = fcntl(root, F_DUPFD, 40), t = fcntl(tmp, F_DUPFD, 40);
    close(root);
    close(tmp);
    assert_int_equal(dup2(t, 4), 4);
    assert_int_equal(dup2(r, 5), 5);
    close(t);
    close(r);
    int fds[2] = { 5, 4 };
    assert_int_equal(run("report", NULL, fds, 2), 0);
    close(4);
    close(5);
    expect("argc", 2);
    expect("highest_fd", 5);
    expect("fd4_is_root", 1);
    expect("fd5_is_tmp", 1);
}

static void spawn_errors(void **state)
{
    (void)state;
    pid_t pid = -5;
    int fd = -5, bad = 900, many[PROC_FDS + 1] = { 0 };
    struct proc_start s = { .role = "report", .title = "x", .fds = &bad, .n_fds = 1 };
    assert_int_equal(proc_spawn(&s, &pid, &fd), ERR_SYSTEM);
    assert_int_equal(errno, EBADF);
    s = (struct proc_start){ .role = "report", .title = "x", .fds = many, .n_fds = PROC_FDS + 1 };
    assert_int_equal(proc_spawn(&s, &pid, &fd), ERR_LENGTH);
    char role[100];
    memset(role, 'r', 99);
    role[99] = '\0';
    s = (struct proc_start){ .role = role, .title = "x" };
    assert_int_equal(proc_spawn(&s, &pid, &fd), ERR_LENGTH);
    assert_int_equal(pid, -5);
    assert_int_equal(fd, -5);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left behind */
    assert_int_equal(errno, ECHILD);
}

static void dies_with_parent(void **state)
{
    (void)state;
    struct proc_start s = { .role = "parent", .title = "adit-test-role" };
    pid_t pid, child = 0;
    int fd;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    strcpy(heard, "\n");
    assert_int_equal(proc_spawn(&s, &pid, &fd), 0);
    assert_true(next_word(fd, 10000));
    assert_int_equal(sscanf(heard, "\nchild=%d", &child), 1);
    kill(pid, SIGKILL);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(waitpid(child, &status, 0), child); /* would wait for ever if it lived on */
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(fd);
}

static void need_root(void)
{
    if (geteuid()) {
        print_message("skipped: confinement needs root\n");
        skip();
    }
}

/* Whether we may make network namespaces at all, tried in a child. */
static bool may_unshare(void)
{
    int status = 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWNET) != 0);
    waitpid(pid, &status, 0);
    return status == 0;
}

static void expect_powerless(void)
{
    expect("confine", 0);
    expect("caps1", 0);
    expect("death", SIGKILL);
    expect("core", 0);
    expect("nofile", 64);
    expect("dumpable", 0);
    expect("open_passwd", 0);
    expect("open_up", 0);
    expect("create", 0);
    expect("chroot", 0);
    expect("ptrace_parent", 0);
    expect("setgroups", 0);
}

static void confined_user(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(run("confined", "plain", NULL, 0), 0);
    expect_powerless();
    expect("uid", 65534);
    expect("gid", 65534);
    expect("groups", 0);
    expect("caps0", 0);
    expect("setuid0", 0);
    expect("kill_parent", 0);
    expect("raw_socket", 0);
    expect("marker", 0);
    if (may_unshare())
        expect("lo_up", 0);
}

static void confined_keeps_named_capability(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(run("confined", "netraw", NULL, 0), 0);
    expect_powerless();
    expect("uid", 65534);
    expect("caps0", 1 << CAP_NET_RAW);
    expect("raw_socket", 1);
    expect("setuid0", 0);
}

static void confined_root_is_powerless(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(run("confined", "stayroot", NULL, 0), 0);
    expect_powerless();
    expect("uid", 0);
    expect("caps0", 0);
    expect("raw_socket", 0);
}

static void confined_to_folder(void **state)
{
    (void)state;
    need_root();
    char dir[] = "/tmp/adit-test-XXXXXX", file[64];
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/marker", dir);
    close(open(file, O_CREAT | O_WRONLY, 0644));
    chmod(dir, 0755);
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    int r = run("confined", "chroot", &fd, 1);
    close(fd);
    unlink(file);
    rmdir(dir);
    assert_int_equal(r, 0);
    expect_powerless();
    expect("marker", 1);
}

static void confine_refuses(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(run("confined", "nouser", NULL, 0), 0);
    expect("confine", ERR_SYSTEM);
    assert_non_null(strstr(heard, "no user \"adit-no-such-user\""));
    assert_int_equal(run("confined", "badroot", NULL, 0), 0);
    expect("confine", ERR_SYSTEM);
    assert_non_null(strstr(heard, "cannot change the root folder"));
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strncmp(argv[1], "--role=", 7))
        _exit(role_main(argc, argv));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spawn_passes_only_what_is_named),
        cmocka_unit_test(spawn_crossed_descriptors),
        cmocka_unit_test(spawn_errors),
        cmocka_unit_test(dies_with_parent),
        cmocka_unit_test(confined_user),
        cmocka_unit_test(confined_keeps_named_capability),
        cmocka_unit_test(confined_root_is_powerless),
        cmocka_unit_test(confined_to_folder),
        cmocka_unit_test(confine_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

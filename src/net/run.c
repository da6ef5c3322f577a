/* Running one of the host's own tools: no shell, absolute path, clean environment. */
#include "net/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/text.h"

enum { TOOL_WAIT_MS = 10000, TURN_MS = 10, INPUT_MAX = 4096 /* what fits into a pipe for sure */ };

bool run_find(const char *tool, char path[64])
{
    static const char *const folders[] = { "/usr/bin", "/usr/sbin", "/bin", "/sbin" };

    for (unsigned i = 0; !strchr(tool, '/') && i < sizeof(folders) / sizeof(folders[0]); i++)
        if (net_print(path, 64, "%s/%s", folders[i], tool) && access(path, X_OK) == 0)
            return true;
    return false;
}

static int start(const char *path, const char *const argv[], int in, int out, pid_t *ret_pid)
{
    static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&fa) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&at) != 0) {
        posix_spawn_file_actions_destroy(&fa);
        return ENOMEM;
    }
    posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&at, &none);
    posix_spawnattr_setsigdefault(&at, &all);
    posix_spawnattr_setpgroup(&at, 0); /* a Ctrl-C meant for us does not stop our cleaning up */
    int r = posix_spawn_file_actions_adddup2(&fa, in, 0);
    r = r ? r : posix_spawn_file_actions_adddup2(&fa, out, 1);
    r = r ? r : posix_spawn_file_actions_adddup2(&fa, out, 2);
    r = r ? r : posix_spawn(ret_pid, path, &fa, &at, (char *const *)argv, environment);
    posix_spawnattr_destroy(&at);
    posix_spawn_file_actions_destroy(&fa);
    return r;
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What a tool said first, made printable. */
struct said {
    char text[128];
    size_t n;
};

/* Reads what is there, waiting at most wait_ms; false once there will be no more. */
static bool listen_to(int fd, int wait_ms, struct said *s)
{
    char buf[512];
    struct pollfd p = { fd, POLLIN, 0 };

    if (poll(&p, 1, wait_ms) <= 0)
        return true;
    ssize_t n = read(fd, buf, sizeof(buf));
    for (ssize_t i = 0; i < n && s->n < sizeof(s->text) - 1; i++)
        s->text[s->n++] = buf[i] >= ' ' && buf[i] < 0x7f ? buf[i] : ' ';
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Listens until the tool has ended, whoever else may keep its output open. Returns its status; 128: it was killed; -1:
 * time is up, and it has been killed for that. */
static int attend(pid_t pid, int fd, struct said *s)
{
    long end = now_ms() + TOOL_WAIT_MS;
    bool more = true;
    int status = 0;
    pid_t r = 0;

    while (r == 0 && now_ms() < end) {
        if (more)
            more = listen_to(fd, TURN_MS, s);
        else
            poll(NULL, 0, TURN_MS);
        r = waitpid(pid, &status, WNOHANG);
    }
    bool late = r == 0;
    if (late) {
        kill(-pid, SIGKILL); /* its process group: the tool and its helpers */
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    while (more && !late && s->n < sizeof(s->text) - 1) {
        size_t before = s->n;
        more = listen_to(fd, 0, s) && s->n > before;
    }
    while (s->n > 0 && s->text[s->n - 1] == ' ')
        s->n--;
    s->text[s->n] = 0;
    return late ? -1 : r == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int run_tool(const char *const argv[], const char *input, char err[256])
{
    char path[64];
    struct said said = { .n = 0 };
    int in[2], out[2];
    pid_t pid = 0;
    size_t n = input ? strlen(input) : 0;

    if (!run_find(argv[0], path))
        return net_fail(err, ERR_MISSING, "%s is not installed", argv[0]);
    if (n > INPUT_MAX)
        return net_fail(err, ERR_NOBUF, "too much input for %s", argv[0]);
    if (pipe2(in, O_CLOEXEC) < 0)
        return net_fail(err, ERR_SYSTEM, "cannot run %s: %s", path, strerror(errno));
    if (pipe2(out, O_CLOEXEC) < 0) {
        net_fail(err, ERR_SYSTEM, "cannot run %s: %s", path, strerror(errno));
        close(in[0]);
        close(in[1]);
        return ERR_SYSTEM;
    }
    bool fed = n == 0 || write(in[1], input, n) == (ssize_t)n; /* before the start: it fits, and no SIGPIPE */
    int r = fed ? start(path, argv, in[0], out[1], &pid) : EIO;
    close(in[0]);
    close(in[1]);
    close(out[1]);
    if (r != 0) {
        close(out[0]);
        return net_fail(err, ERR_SYSTEM, "cannot run %s: %s", path, strerror(r));
    }
    int status = attend(pid, out[0], &said);
    close(out[0]);
    if (status < 0)
        return net_fail(err, ERR_TIMEOUT, "%s did not end in %d s", path, TOOL_WAIT_MS / 1000);
    if (status != 0)
        return net_fail(err, ERR_REFUSED, "%s ended with status %d: %s", path, status, said.text);
    return 0;
}

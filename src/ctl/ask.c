/* Reading a password: from the terminal without echo, twice, or the first line of standard input. */
#include "ctl/ctl.h"

#include "base/secret.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int signo)
{
    caught = signo;
}

/* One line without its end; false: end of file before a line, a signal, or longer than the buffer (said). With `mask`,
 * which signals are blocked outside of the waiting, none can slip in between a look at `caught` and the read. */
static bool read_line(const sigset_t *mask, char *buf, size_t cap, size_t *ret_n)
{
    struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
    size_t n = 0;
    for (;;) {
        char c;
        if (mask && ppoll(&p, 1, NULL, mask) < 0 && errno == EINTR && !caught)
            continue;
        if (caught)
            return false;
        ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR && !caught)
            continue;
        if (got < 0 || (got == 0 && n == 0) || (got > 0 && n == cap)) {
            if (got > 0)
                fail("the password has more than 256 characters, which MS-CHAPv2 cannot carry");
            else if (!caught)
                fail("no password was given");
            return false;
        }
        if (got == 0 || c == '\n')
            break;
        buf[n++] = c;
    }
    if (n && buf[n - 1] == '\r')
        n--;
    *ret_n = n;
    return true;
}

static bool prompt_line(const sigset_t *mask, const char *prompt, const char *name, char *buf, size_t cap,
                        size_t *ret_n)
{
    fprintf(stderr, "%s for %s: ", prompt, name);
    fflush(stderr);
    bool ok = read_line(mask, buf, cap, ret_n);
    fputc('\n', stderr);
    return ok;
}

static bool ask_twice(const sigset_t *mask, const char *name, char *buf, size_t cap, size_t *ret_n)
{
    char again[AUTH_PASSWORD_BYTES];
    size_t n = 0, m = 0;
    bool ok = prompt_line(mask, "Password", name, buf, cap, &n) &&
              prompt_line(mask, "The same again", name, again, sizeof(again), &m);
    if (ok && (n != m || !secret_eq(buf, again, n))) {
        fail("the two are not the same");
        ok = false;
    }
    secret_wipe(again, sizeof(again));
    *ret_n = n;
    return ok;
}

/* The terminal gets its echo back whatever happens in between. */
static bool ask_terminal(const char *name, char *buf, size_t cap, size_t *ret_n)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
    struct sigaction quiet = { .sa_handler = on_signal }, old[5];
    struct termios before, silent;
    sigset_t blocked, mask;
    if (tcgetattr(STDIN_FILENO, &before) < 0) {
        fail("the terminal cannot be used: %s", strerror(errno));
        return false;
    }
    sigemptyset(&blocked);
    for (size_t i = 0; i < 5; i++)
        sigaddset(&blocked, signals[i]);
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    for (size_t i = 0; i < 5; i++)
        sigaction(signals[i], &quiet, &old[i]);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    bool ok = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 && ask_twice(&mask, name, buf, cap, ret_n);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    for (size_t i = 0; i < 5; i++)
        sigaction(signals[i], &old[i], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (caught)
        raise(caught);
    return ok && !caught;
}

bool ask_password(const char *name, char *buf, size_t cap, size_t *ret_n)
{
    return isatty(STDIN_FILENO) ? ask_terminal(name, buf, cap, ret_n) : read_line(NULL, buf, cap, ret_n);
}

/* Reading a password; see ask.h. Read byte by byte, so that no buffer of stdio keeps a copy. */
#include "client/ask.h"

#include <errno.h>
#include <fcntl.h>
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

/* One line without its end; NULs, empty and over-long lines are refused. With `mask`, which signals are blocked outside of
 * the waiting, none can slip in between a look at `caught` and the read. */
static int read_line(int fd, const sigset_t *mask, uint8_t *dst, size_t cap, size_t *ret_n)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    size_t n = 0;
    for (;;) {
        uint8_t c;
        p.revents = 0;
        if (mask && ppoll(&p, 1, NULL, mask) < 0 && errno != EINTR)
            return ERR_SYSTEM;
        if (caught)
            return ERR_SYSTEM;
        if (mask && !p.revents)
            continue;
        ssize_t got = read(fd, &c, 1);
        if (got < 0)
            return ERR_SYSTEM;
        if (got == 0 || c == '\n')
            break;
        if (n == cap || c == 0)
            return ERR_LENGTH;
        dst[n++] = c;
    }
    if (n && dst[n - 1] == '\r')
        n--;
    *ret_n = n;
    return n ? 0 : ERR_MISSING;
}

static int prompt(int tty, const sigset_t *mask, const char *user, const char *host, uint8_t *dst, size_t cap,
                  size_t *ret_n)
{
    dprintf(tty, "Password of %s at %s: ", user, host);
    int r = read_line(tty, mask, dst, cap, ret_n);
    dprintf(tty, "\n");
    return r;
}

int ask_terminal(const char *user, const char *host, uint8_t *dst, size_t cap, size_t *ret_n)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
    struct sigaction ours = { .sa_handler = on_signal }, old[5];
    struct termios before, quiet;
    sigset_t block, mask;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 || tcgetattr(tty, &before) < 0) {
        if (tty >= 0)
            close(tty);
        fprintf(stderr, "adit: there is no terminal to ask for the password; use --password-file FILE\n");
        return ERR_SYSTEM;
    }
    caught = 0;
    sigemptyset(&block);
    for (unsigned i = 0; i < 5; i++) {
        sigaddset(&block, signals[i]);
        sigaction(signals[i], &ours, &old[i]);
    }
    sigprocmask(SIG_BLOCK, &block, &mask);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    int r = prompt(tty, &mask, user, host, dst, cap, ret_n);
    tcsetattr(tty, TCSAFLUSH, &before);
    for (unsigned i = 0; i < 5; i++)
        sigaction(signals[i], &old[i], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(tty);
    if (caught)
        raise(caught);
    else if (r < 0)
        fprintf(stderr, "adit: a password has 1 to %zu bytes\n", cap);
    return caught ? ERR_SYSTEM : r;
}

int ask_file(const char *path, uint8_t *dst, size_t cap, size_t *ret_n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int r = fd < 0 ? ERR_SYSTEM : read_line(fd, NULL, dst, cap, ret_n), e = errno;
    if (fd >= 0)
        close(fd);
    if (r == ERR_SYSTEM)
        fprintf(stderr, "adit: the password file %s cannot be read: %s\n", path, strerror(e));
    else if (r < 0)
        fprintf(stderr, "adit: the first line of %s is not a password of 1 to %zu bytes\n", path, cap);
    return r;
}

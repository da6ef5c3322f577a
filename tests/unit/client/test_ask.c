/* The password from a file, and from a terminal of the test's own: never echoed, and the echo is back whatever happens. */
#include "client/ask.h"

#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

enum { CAP = 16, GOT_IT = 40, REFUSED = 41 };

/* What a process says that asks on a terminal where `typed` is typed; *ret_status as of waitpid(). */
static const char *asked(const char *typed, int *ret_status)
{
    static char said[1024];
    struct termios t;
    int tty;
    pid_t pid = forkpty(&tty, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0) {
        uint8_t password[CAP];
        size_t n = 0;
        int r = ask_terminal("alice", "vpn.example.com", password, CAP, &n);
        _exit(r == 0 && n == 10 && memcmp(password, "wonderland", 10) == 0 ? GOT_IT : REFUSED);
    }
    size_t n = 0;
    while (n < sizeof said - 1 && (n < 2 || memcmp(said + n - 2, ": ", 2) != 0)) {
        ssize_t got = read(tty, said + n, 1);
        assert_true(got == 1);
        n++;
    }
    assert_int_equal(tcgetattr(tty, &t), 0);
    assert_false(t.c_lflag & ECHO);
    assert_int_equal(write(tty, typed, strlen(typed)), strlen(typed));
    for (ssize_t got; n < sizeof said - 1 && (got = read(tty, said + n, sizeof said - 1 - n)) > 0;)
        n += (size_t)got;
    said[n] = '\0';
    assert_int_equal(tcgetattr(tty, &t), 0);
    assert_true(t.c_lflag & ECHO);
    assert_int_equal(waitpid(pid, ret_status, 0), pid);
    close(tty);
    return said;
}

static void test_terminal(void **state)
{
    (void)state;
    int status;
    const char *said = asked("wonderland\n", &status);
    assert_non_null(strstr(said, "Password of alice at vpn.example.com: "));
    assert_null(strstr(said, "wonder"));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == GOT_IT);
    said = asked("\n", &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == REFUSED);
    assert_non_null(strstr(said, "a password has 1 to 16 bytes"));
    asked("seventeen letters\n", &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == REFUSED);
}

/* Ctrl-C at the prompt: ends as by the signal, but with the echo back (which asked() looks at). */
static void test_interrupted(void **state)
{
    (void)state;
    int status;
    const char *said = asked("wonder\x03", &status);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    assert_null(strstr(said, "a password has"));
}

static void test_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        int result; /* length, or < 0 */
    } rows[] = {
        { "wonderland\n", 11, 10 },
        { "wonderland", 10, 10 },
        { "wonderland\r\n", 12, 10 },
        { "a b\nsecond\n", 11, 3 },
        { "p\xc3\xa4ss", 5, 5 },
        { "sixteen letters.\n", 17, 16 },
        { "seventeen letters", 17, ERR_LENGTH },
        { "", 0, ERR_MISSING },
        { "\nsecond", 7, ERR_MISSING },
        { "a\0b\n", 4, ERR_LENGTH },
        { "\r\n", 2, ERR_MISSING },
    };
    char path[] = "/tmp/adit-ask-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t got[CAP];
        size_t n = 99;
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, rows[i].text, rows[i].n, 0), rows[i].n);
        int r = ask_file(path, got, CAP, &n);
        assert_int_equal(r, rows[i].result < 0 ? rows[i].result : 0);
        if (r == 0) {
            assert_int_equal(n, rows[i].result);
            assert_memory_equal(got, rows[i].text, n);
        }
    }
    close(fd);
    unlink(path);
    uint8_t got[CAP];
    size_t n;
    assert_int_equal(ask_file(path, got, CAP, &n), ERR_SYSTEM);
    assert_int_equal(ask_file("/tmp", got, CAP, &n), ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The service manager's messages, received on real sockets: a path in a folder of the test's own, and an abstract name. */
#include "priv/notify.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct manager {
    char folder[64], path[96];
    int fd;
};

static int receiver(const struct sockaddr_un *at, size_t name)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name)),
                     0);
    return fd;
}

static int set_up(void **state)
{
    static struct manager m;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    strcpy(m.folder, "/tmp/adit-notify-XXXXXX");
    if (!mkdtemp(m.folder))
        return -1;
    snprintf(m.path, sizeof m.path, "%s/socket", m.folder);
    strcpy(at.sun_path, m.path);
    m.fd = receiver(&at, strlen(m.path) + 1);
    setenv("NOTIFY_SOCKET", m.path, 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    *state = &m;
    return 0;
}

static int tear_down(void **state)
{
    struct manager *m = *state;
    close(m->fd);
    unlink(m->path);
    unsetenv("NOTIFY_SOCKET");
    return rmdir(m->folder);
}

/* What came, or "" if nothing is waiting. */
static const char *received(int fd)
{
    static char text[1024];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void each_message(void **state)
{
    struct manager *m = *state;
    assert_true(notify_ready());
    assert_string_equal(received(m->fd), "READY=1");
    assert_true(notify_stopping());
    assert_string_equal(received(m->fd), "STOPPING=1");
    assert_true(notify_watchdog());
    assert_string_equal(received(m->fd), "WATCHDOG=1");
    assert_true(notify_status("3 sessions"));
    assert_string_equal(received(m->fd), "STATUS=3 sessions");
    assert_true(notify_main_pid(4711));
    assert_string_equal(received(m->fd), "MAINPID=4711");
    assert_true(notify_reloading(12345678901ull));
    assert_string_equal(received(m->fd), "RELOADING=1\nMONOTONIC_USEC=12345678901");
    assert_string_equal(received(m->fd), "");
}

static void abstract_socket(void **state)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char name[64];
    (void)state;
    int n = snprintf(name, sizeof name, "@adit-notify-test-%ld", (long)getpid());
    memcpy(at.sun_path + 1, name + 1, (size_t)n - 1);
    int fd = receiver(&at, (size_t)n);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(notify_ready());
    assert_string_equal(received(fd), "READY=1");
    close(fd);
    assert_false(notify_ready()); /* nobody listens any more */
}

/* A text that holds a newline must not become a message of its own. */
static void status_is_one_line(void **state)
{
    struct manager *m = *state;
    char text[1000];
    assert_true(notify_status("bob\nREADY=1\r\x1b[2J\x7f"));
    assert_string_equal(received(m->fd), "STATUS=bob READY=1  [2J ");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_true(notify_status(text));
    assert_int_equal(strlen(received(m->fd)), strlen("STATUS=") + 255);
    memcpy(text + 253, "\xe2\x82\xac", 3); /* the cut would go through the euro sign */
    assert_true(notify_status(text));
    assert_int_equal(strlen(received(m->fd)), strlen("STATUS=") + 253);
    memcpy(text + 252, "\xe2\x82\xac", 3);
    text[255] = 'x';
    assert_true(notify_status(text));
    assert_int_equal(strlen(received(m->fd)), strlen("STATUS=") + 255);
    assert_true(notify_status(""));
    assert_string_equal(received(m->fd), "STATUS=");
}

/* One address less than what fits, what fits, one more; names that are none. */
static void silent_without_a_socket(void **state)
{
    struct manager *m = *state;
    char name[200];
    static const char *const none[] = { "", "/", "@", "socket", "vsock:2:9999", "/nowhere/at/all" };
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        setenv("NOTIFY_SOCKET", none[i], 1);
        assert_false(notify_ready());
        assert_false(notify_watchdog());
    }
    memset(name, 'a', sizeof name);
    name[0] = '/';
    for (size_t n = sizeof(((struct sockaddr_un *)0)->sun_path) - 1; n < sizeof name; n += 13) {
        char c = name[n];
        name[n] = '\0';
        setenv("NOTIFY_SOCKET", name, 1);
        assert_false(notify_stopping());
        name[n] = c;
    }
    unsetenv("NOTIFY_SOCKET");
    assert_false(notify_ready());
    assert_false(notify_status("x"));
    assert_string_equal(received(m->fd), "");
}

static void longest_abstract_name(void **state)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char name[sizeof at.sun_path + 2];
    (void)state;
    memset(name, 'n', sizeof name);
    snprintf(name, 32, "@adit-%ld", (long)getpid());
    name[strlen(name)] = '-';
    name[sizeof at.sun_path - 1] = '\0';
    memcpy(at.sun_path + 1, name + 1, sizeof at.sun_path - 2);
    int fd = receiver(&at, sizeof at.sun_path - 1);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(notify_ready());
    assert_string_equal(received(fd), "READY=1");
    name[sizeof at.sun_path - 1] = 'n';
    name[sizeof at.sun_path] = '\0';
    setenv("NOTIFY_SOCKET", name, 1);
    assert_false(notify_ready());
    assert_string_equal(received(fd), "");
    close(fd);
}

/* A manager that does not read: what may be lost does not wait, and no descriptor is left. */
static void full_queue_does_not_block(void **state)
{
    struct manager *m = *state;
    unsigned sent = 0;
    int before = dup(0);
    close(before);
    while (sent < 100000 && notify_watchdog())
        sent++;
    assert_true(sent > 0 && sent < 100000);
    assert_false(notify_status("late"));
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
    while (*received(m->fd))
        ;
    assert_true(notify_watchdog());
}

static void watchdog_interval(void **state)
{
    char pid[32], other[32];
    (void)state;
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    snprintf(other, sizeof other, "%ld", (long)getppid());
    const struct {
        const char *usec, *pid;
        msec want;
    } rows[] = {
        { NULL, NULL, 0 },
        { "30000000", NULL, 15000 },
        { "30000000", pid, 15000 },
        { "30000000", other, 0 },
        { "30000000", "", 0 },
        { "30000000", "1x", 0 },
        { "0", pid, 0 },
        { "1", pid, 1 }, /* never 0, which would mean "not asked" */
        { "1999", NULL, 1 },
        { "4000", NULL, 2 },
        { "", NULL, 0 },
        { "-30000000", NULL, 0 },
        { " 30000000", NULL, 0 },
        { "30000000s", NULL, 0 },
        { "18446744073709551614", NULL, 9223372036854775 },
        { "18446744073709551615", NULL, 0 }, /* systemd's word for "infinity" */
        { "18446744073709551616", NULL, 0 },
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rows[i].usec ? setenv("WATCHDOG_USEC", rows[i].usec, 1) : unsetenv("WATCHDOG_USEC");
        rows[i].pid ? setenv("WATCHDOG_PID", rows[i].pid, 1) : unsetenv("WATCHDOG_PID");
        if (notify_watchdog_interval() != rows[i].want)
            fail_msg("row %u: %llu", i, (unsigned long long)notify_watchdog_interval());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(abstract_socket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(status_is_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silent_without_a_socket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(longest_abstract_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_queue_does_not_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(watchdog_interval, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

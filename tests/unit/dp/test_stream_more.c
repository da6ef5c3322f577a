/* What follows at once goes in the same TCP segment: the socket is told (MSG_MORE), and it is true what it is told.
 *
 * send(2) and shutdown(2) are ours here, so that the test sees with which flags and in which order they are called. */
#include "stream_ends.h"

struct said {
    int fd;
    bool more, end;
};

static struct said said[256];
static unsigned n_said;

static void note(int fd, bool more, bool end)
{
    if (n_said < sizeof(said) / sizeof(said[0]))
        said[n_said++] = (struct said){ fd, more, end };
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    note(fd, flags & MSG_MORE, false);
    return sendto(fd, bytes, n, flags, NULL, 0);
}

int shutdown(int fd, int how)
{
    (void)how;
    note(fd, false, true);
    return 0; /* the close that follows says the same */
}

/* How often `fd` spoke of more, from the i-th entry on; each time the next entry has to be its, or nothing is kept back. */
static unsigned announced(int fd, unsigned i)
{
    unsigned n = 0;
    for (; i < n_said; i++)
        if (said[i].fd == fd && said[i].more) {
            n++;
            assert_true(i + 1 < n_said);
            assert_int_equal(said[i + 1].fd, fd);
            assert_false(said[i + 1].more);
        }
    return n;
}

static void the_first_request_comes_with_finished(void **state)
{
    (void)state;
    n_said = 0;
    bring_up();
    assert_int_equal(announced(fds[1], 0), 1);
    assert_true(said[1].fd == fds[0] && said[2].fd == fds[1] &&
                said[2].more); /* hello, the server's flight, Finished */
    assert_int_equal(announced(fds[0], 0), 0);
}

static void the_last_word_comes_with_the_end(void **state)
{
    (void)state;
    bring_up();
    unsigned before = n_said;
    stream_close(&client.s, TUNNEL_CAUSE_LOCAL, 0, now);
    for (unsigned i = 0; i < 50 && !client.down; i++)
        turns(1, 0);
    assert_true(client.down);
    assert_int_equal(announced(fds[1], before), 1);
    bool ended = false;
    for (unsigned i = before; i + 1 < n_said; i++)
        ended |= said[i].fd == fds[1] && said[i].more && said[i + 1].end;
    assert_true(ended);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_first_request_comes_with_finished),
        T(the_last_word_comes_with_the_end),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}

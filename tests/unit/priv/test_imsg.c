/* Messages between our processes: every violation of length, type, phase and number of descriptors, over real
 * socketpairs. */
#include "priv/imsg.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static uint8_t buf[IMSG_MAX];
static uint8_t big[IMSG_MAX + 1];

static void raw_send_fds(int fd, const void *p, size_t n, const int *fds, unsigned n_fds)
{
    char c[CMSG_SPACE(32 * sizeof(int))] = { 0 };
    struct iovec iov = { (void *)(uintptr_t)p, n };
    struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (n_fds) {
        h.msg_control = c;
        h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *cm = CMSG_FIRSTHDR(&h);
        cm->cmsg_level = SOL_SOCKET;
        cm->cmsg_type = SCM_RIGHTS;
        cm->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(cm), fds, n_fds * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &h, 0), (ssize_t)n);
}

static size_t raw_message(uint8_t *p, uint32_t magic, uint32_t len, size_t body)
{
    struct wr w = wr_of(p, IMSG_HEAD + body);
    wr_u32(&w, magic);
    wr_u32(&w, 7);
    wr_u32(&w, 8);
    wr_u32(&w, len);
    wr_zero(&w, body);
    return wr_len(&w);
}

static int open_count(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void pair(int p[2])
{
    assert_int_equal(imsg_pair(p), 0);
    assert_true(fcntl(p[0], F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(p[1], F_GETFD) & FD_CLOEXEC);
}

static void unpair(int p[2])
{
    close(p[0]);
    close(p[1]);
}

static void round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 4096, IMSG_MAX - 1, IMSG_MAX };
    int p[2];
    pair(p);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct imsg m = { .type = 0xfffffff0 + (uint32_t)i, .id = (uint32_t)i, .body = { big, sizes[i] } }, got;
        assert_int_equal(imsg_send(p[0], &m), 0);
        assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), 1);
        assert_int_equal(got.type, m.type);
        assert_int_equal(got.id, m.id);
        assert_int_equal(got.n_fds, 0);
        assert_true(slice_eq(got.body, m.body));
        for (unsigned k = 0; k < IMSG_FDS; k++)
            assert_int_equal(got.fds[k], -1);
        assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), 0);
    }
    unpair(p);
}

static void too_large_to_send(void **state)
{
    (void)state;
    int p[2];
    pair(p);
    struct imsg m = { .body = { big, IMSG_MAX + 1 } }, got;
    assert_int_equal(imsg_send(p[0], &m), ERR_LENGTH);
    m = (struct imsg){ .n_fds = IMSG_FDS + 1 };
    assert_int_equal(imsg_send(p[0], &m), ERR_LENGTH);
    m = (struct imsg){ .n_fds = 1, .fds = { -1 } };
    assert_int_equal(imsg_send(p[0], &m), ERR_SYSTEM);
    assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), 0);
    unpair(p);
}

static void descriptors_pass(void **state)
{
    (void)state;
    int p[2], before = open_count();
    pair(p);
    for (unsigned n = 0; n <= IMSG_FDS; n++) {
        struct imsg m = { .type = 1, .n_fds = n }, got;
        for (unsigned i = 0; i < n; i++)
            m.fds[i] = p[0];
        assert_int_equal(imsg_send(p[0], &m), 0);
        assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), 1);
        assert_int_equal(got.n_fds, n);
        for (unsigned i = 0; i < n; i++)
            assert_true(fcntl(got.fds[i], F_GETFD) & FD_CLOEXEC);
        if (n > 2) { /* one is taken by the receiver */
            close(got.fds[1]);
            got.fds[1] = -1;
        }
        imsg_drop_fds(&got);
        assert_int_equal(got.n_fds, 0);
    }
    unpair(p);
    assert_int_equal(open_count(), before);
}

static void cut_descriptors_are_closed(void **state)
{
    (void)state;
    int p[2], before = open_count(), fds[32];
    pair(p);
    for (unsigned i = 0; i < 32; i++)
        fds[i] = p[0];
    uint8_t raw[IMSG_HEAD];
    struct imsg got = { .type = 99 };
    for (unsigned n = IMSG_FDS + 1; n <= 32; n++) {
        size_t len = raw_message(raw, IMSG_MAGIC, 0, 0);
        raw_send_fds(p[0], raw, len, fds, n);
        assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), ERR_LENGTH);
        assert_int_equal(got.type, 99); /* untouched */
    }
    unpair(p);
    assert_int_equal(open_count(), before);
}

static void malformed_head(void **state)
{
    (void)state;
    int p[2], before = open_count();
    pair(p);
    static const struct {
        uint32_t magic, len;
        size_t body, send;
        int want;
    } t[] = {
        { IMSG_MAGIC, 0, 0, 1, ERR_TRUNCATED },
        { IMSG_MAGIC, 0, 0, IMSG_HEAD - 1, ERR_TRUNCATED },
        { IMSG_MAGIC, 0, 0, IMSG_HEAD, 1 },
        { IMSG_MAGIC, 0, 1, IMSG_HEAD + 1, ERR_LENGTH },
        { IMSG_MAGIC, 1, 0, IMSG_HEAD, ERR_LENGTH },
        { IMSG_MAGIC, 15, 16, IMSG_HEAD + 16, ERR_LENGTH },
        { IMSG_MAGIC, 17, 16, IMSG_HEAD + 16, ERR_LENGTH },
        { IMSG_MAGIC, 16, 16, IMSG_HEAD + 16, 1 },
        { IMSG_MAGIC, UINT32_MAX, 16, IMSG_HEAD + 16, ERR_LENGTH },
        { IMSG_MAGIC, IMSG_MAX, IMSG_MAX, IMSG_HEAD + IMSG_MAX, 1 },
        { IMSG_MAGIC, IMSG_MAX + 1, IMSG_MAX + 1, IMSG_HEAD + IMSG_MAX + 1, ERR_LENGTH },
        { IMSG_MAGIC ^ 1, 16, 16, IMSG_HEAD + 16, ERR_VALUE },
        { 0, 0, 0, IMSG_HEAD, ERR_VALUE },
    };
    static uint8_t raw[IMSG_HEAD + IMSG_MAX + 1];
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct imsg got = { .type = 99 };
        raw_message(raw, t[i].magic, t[i].len, t[i].body);
        raw_send_fds(p[0], raw, t[i].send, p, 2); /* with descriptors that must not leak */
        int r = imsg_recv(p[1], buf, sizeof buf, &got);
        assert_int_equal(r, t[i].want);
        assert_int_equal(got.type, r == 1 ? 7 : 99);
        if (r == 1)
            imsg_drop_fds(&got);
    }
    unpair(p);
    assert_int_equal(open_count(), before);
}

static void small_buffer(void **state)
{
    (void)state;
    int p[2];
    pair(p);
    struct imsg m = { .type = 1, .body = { big, 33 } }, got;
    assert_int_equal(imsg_send(p[0], &m), 0);
    assert_int_equal(imsg_recv(p[1], buf, 32, &got), ERR_LENGTH);
    assert_int_equal(imsg_send(p[0], &m), 0);
    assert_int_equal(imsg_recv(p[1], buf, 33, &got), 1);
    unpair(p);
}

static void full_then_drained(void **state)
{
    (void)state;
    int p[2], sent = 0, got_n = 0, r;
    pair(p);
    struct imsg m = { .type = 1, .body = { big, 1000 } }, got;
    while ((r = imsg_send(p[0], &m)) == 0)
        m.id = (uint32_t)++sent;
    assert_int_equal(r, ERR_NOBUF);
    assert_true(sent > 2);
    while (imsg_recv(p[1], buf, sizeof buf, &got) == 1)
        assert_int_equal(got.id, got_n++);
    assert_int_equal(got_n, sent);
    assert_int_equal(imsg_send(p[0], &m), 0);
    unpair(p);
}

static void peer_gone(void **state)
{
    (void)state;
    int p[2];
    pair(p);
    struct imsg m = { .type = 1 }, got;
    assert_int_equal(imsg_send(p[0], &m), 0);
    close(p[0]);
    assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), 1);
    assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), ERR_LOST);
    assert_int_equal(imsg_send(p[1], &m), ERR_LOST);
    close(p[1]);
}

/* The peer closes with our message unread: the kernel then says "reset" once, in front of its last words. */
static void last_words_after_reset(void **state)
{
    (void)state;
    int p[2];
    pair(p);
    struct imsg m = { .type = 5 }, got;
    assert_int_equal(imsg_send(p[1], &m), 0);
    assert_int_equal(imsg_send(p[0], &m), 0);
    assert_int_equal(imsg_send(p[0], &m), 0);
    close(p[0]);
    assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), 1);
    assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), 1);
    assert_int_equal(imsg_recv(p[1], buf, sizeof buf, &got), ERR_LOST);
    close(p[1]);
}

enum { PHASE_A = 1, PHASE_B = 2 };
static const struct imsg_rule rules[] = {
    { 10, PHASE_A, 4, 8, 0, "ten" },
    { 11, PHASE_A | PHASE_B, 0, 0, 2, "eleven" },
    { 12, PHASE_A, 1, 1, 0, "twelve" },
    { 12, PHASE_B, 2, 2, 0, "twelve" },
};
enum { N_RULES = sizeof rules / sizeof rules[0] };

static const char *check(uint32_t phase, uint32_t type, size_t len, unsigned fds)
{
    struct imsg m = { .type = type, .body = { big, len }, .n_fds = fds };
    return imsg_check(rules, N_RULES, phase, &m);
}

static void monitor(void **state)
{
    (void)state;
    static const struct {
        uint32_t phase, type;
        size_t len;
        unsigned fds;
        bool ok;
    } t[] = {
        { PHASE_A, 10, 3, 0, false }, { PHASE_A, 10, 4, 0, true },          { PHASE_A, 10, 8, 0, true },
        { PHASE_A, 10, 9, 0, false }, { PHASE_A, 10, 0, 0, false },         { PHASE_A, 10, IMSG_MAX, 0, false },
        { PHASE_A, 10, 4, 1, false }, { PHASE_B, 10, 4, 0, false },         { 0, 10, 4, 0, false },
        { PHASE_B, 11, 0, 2, true },  { PHASE_A, 11, 0, 2, true },          { PHASE_A, 11, 0, 1, false },
        { PHASE_A, 11, 0, 3, false }, { PHASE_A, 11, 0, 0, false },         { PHASE_A, 11, 1, 2, false },
        { PHASE_A, 12, 1, 0, true },  { PHASE_A, 12, 2, 0, false },         { PHASE_B, 12, 2, 0, true },
        { PHASE_B, 12, 1, 0, false }, { PHASE_A, 9, 4, 0, false },          { PHASE_A, 13, 4, 0, false },
        { PHASE_A, 0, 0, 0, false },  { PHASE_A, UINT32_MAX, 0, 0, false },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const char *why = check(t[i].phase, t[i].type, t[i].len, t[i].fds);
        assert_int_equal(why == NULL, t[i].ok);
    }
    assert_string_equal(check(PHASE_A, 13, 4, 0), "message of unknown type");
    assert_string_equal(check(PHASE_B, 10, 4, 0), "message not allowed in this phase");
    assert_string_equal(check(PHASE_A, 10, 3, 0), "message too short");
    assert_string_equal(check(PHASE_A, 10, 9, 0), "message too long");
    assert_string_equal(check(PHASE_A, 10, 4, 1), "message with the wrong number of descriptors");
    assert_string_equal(imsg_name(rules, N_RULES, 11), "eleven");
    assert_string_equal(imsg_name(rules, N_RULES, 99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(too_large_to_send),
        cmocka_unit_test(descriptors_pass),
        cmocka_unit_test(cut_descriptors_are_closed),
        cmocka_unit_test(malformed_head),
        cmocka_unit_test(small_buffer),
        cmocka_unit_test(full_then_drained),
        cmocka_unit_test(peer_gone),
        cmocka_unit_test(last_words_after_reset),
        cmocka_unit_test(monitor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

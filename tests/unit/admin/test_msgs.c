/* Messages between admin, master and workers: there and back, cut anywhere, every length of the tables. */
#include "admin_help.h"

static uint8_t buf[IMSG_MAX], other[IMSG_MAX];
static struct admin_status status, status_back;

static void test_sessions_come_back(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    struct admin_session a = a_session(), b = a_full_session(), got;
    struct rd r;
    uint32_t next;
    unsigned n;
    admin_begin_sessions(&w);
    admin_put_session(&w, &a);
    admin_put_session(&w, &b);
    admin_end_sessions(&w, 0xfedcba98, 2);
    assert_true(wr_ok(&w));
    assert_int_equal(admin_get_sessions(wr_slice(&w), &r, &next, &n), 0);
    assert_int_equal(next, 0xfedcba98);
    assert_int_equal(n, 2);
    assert_int_equal(admin_next_session(&r, &got), 0);
    assert_int_equal(got.handle, a.handle);
    assert_string_equal(got.user, "alice");
    assert_string_equal(got.ident, a.ident);
    assert_string_equal(got.hash, "SHA-256");
    assert_int_equal(got.rate_out, UINT64_MAX);
    assert_int_equal(got.mru, 4087);
    assert_int_equal(got.n_prefixes, 2);
    assert_true(prefix_eq(&got.prefixes[1], &a.prefixes[1]));
    assert_int_equal(admin_next_session(&r, &got), 0);
    assert_string_equal(got.user, b.user);
    assert_true(rd_end(&r));
}

static void test_a_full_session_fits(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    struct admin_session s = a_full_session();
    admin_put_session(&w, &s);
    assert_true(wr_ok(&w) && wr_len(&w) <= ADMIN_SESSION);
}

static void test_a_session_cut_anywhere(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    struct admin_session s = a_session(), got;
    admin_put_session(&w, &s);
    for (size_t i = 0; i < wr_len(&w); i++) {
        struct rd r = rd_of(buf, i);
        memset(&got, 0x55, sizeof(got));
        assert_true(admin_next_session(&r, &got) < 0);
        assert_int_equal(got.mtu, 0x5555); /* untouched */
    }
}

/* A text one byte too long for its field, one with a NUL, nine prefixes, a prefix of no family. */
static void test_wrong_values(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    struct admin_session s = a_session(), got;
    admin_put_session(&w, &s);
    size_t n = wr_len(&w);
    struct rd r;
    memcpy(other, buf, n);
    other[10] = 0; /* inside "alice" */
    r = rd_of(other, n);
    assert_true(admin_next_session(&r, &got) < 0);
    struct wr v = wr_of(other, sizeof(other));
    wr_u64(&v, 1);
    wr_u16(&v, AUTH_NAME_MAX);
    wr_zero(&v, 4000);
    memset(other + 10, 'a', AUTH_NAME_MAX);
    r = rd_of(other, wr_len(&v));
    assert_true(admin_next_session(&r, &got) < 0);
    s.n_prefixes = 0;
    w = wr_of(buf, sizeof(buf));
    admin_put_session(&w, &s);
    size_t at = wr_len(&w) - 8 * 8 - 4 - 2 - 2 - 1; /* the number of prefixes */
    assert_int_equal(buf[at], 0);
    buf[at] = ADMIN_PREFIXES + 1;
    r = rd_of(buf, sizeof(buf));
    assert_true(admin_next_session(&r, &got) < 0);
    buf[at] = 1; /* its family is 5 then */
    buf[at + 1] = 5;
    r = rd_of(buf, sizeof(buf));
    assert_true(admin_next_session(&r, &got) < 0);
}

static void test_numbers_come_back(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    struct admin_worker a = a_worker(), b;
    admin_put_worker(&w, &a);
    assert_int_equal(admin_get_worker(wr_slice(&w), &b), 0);
    uint8_t again[256]; /* the bytes are compared: the structs have padding */
    struct wr v = wr_of(again, sizeof(again));
    admin_put_worker(&v, &b);
    assert_true(wr_len(&v) > 0 && slice_eq(wr_slice(&v), wr_slice(&w)));
    assert_null(imsg_check(worker_to_admin.rules, worker_to_admin.n, ADMIN_PHASE,
                           &(struct imsg){ .type = ADMIN_WORKER, .body = wr_slice(&w) }));
    for (size_t i = 0; i < wr_len(&w); i++)
        assert_true(admin_get_worker(slice_of(buf, i), &b) < 0);
    assert_int_equal(admin_get_worker(slice_of(buf, wr_len(&w) + 1), &b), ERR_TRAILING);
}

static void test_status_comes_back(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    a_status(&status);
    admin_put_status(&w, &status);
    assert_true(wr_ok(&w));
    assert_int_equal(admin_get_status(wr_slice(&w), &status_back), 0);
    assert_string_equal(status_back.config, status.config);
    assert_string_equal(status_back.listens[1], "[::]:443");
    assert_int_equal(status_back.roles[1].restarts, 2);
    assert_int_equal(status_back.roles[2].memory, 4000);
    for (size_t i = 0; i < wr_len(&w); i++)
        assert_true(admin_get_status(slice_of(buf, i), &status_back) < 0);
    assert_int_equal(admin_get_status(slice_of(buf, wr_len(&w) + 1), &status_back), ERR_TRAILING);
}

static void test_the_largest_status_fits(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    a_status(&status);
    memset(status.config, 'c', sizeof(status.config) - 1);
    status.n_listens = ADMIN_LISTENS;
    for (unsigned i = 0; i < ADMIN_LISTENS; i++)
        memset(status.listens[i], 'l', sizeof(status.listens[i]) - 1);
    status.n_roles = ADMIN_ROLES;
    for (unsigned i = 0; i < ADMIN_ROLES; i++)
        memset(status.roles[i].kind, 'k', sizeof(status.roles[i].kind) - 1);
    admin_put_status(&w, &status);
    assert_true(wr_ok(&w));
    assert_int_equal(admin_get_status(wr_slice(&w), &status_back), 0);
    assert_int_equal(status_back.n_roles, ADMIN_ROLES);
}

static void test_lines(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    static char text[ADMIN_LINE + 20];
    memset(text, 'e', sizeof(text));
    for (unsigned i = 0; i < ADMIN_LINES; i++)
        admin_put_line(&w, slice_of(text, sizeof(text))); /* cut */
    assert_true(wr_ok(&w));
    struct rd r = rd_slice(wr_slice(&w));
    struct slice line;
    unsigned n = 0;
    while (admin_next_line(&r, &line) == 1) {
        assert_int_equal(line.n, ADMIN_LINE);
        n++;
    }
    assert_int_equal(n, ADMIN_LINES);
    r = rd_of(buf, 1);
    assert_true(admin_next_line(&r, &line) < 0);
    r = rd_of(buf, ADMIN_LINE + 1);
    assert_true(admin_next_line(&r, &line) < 0);
    struct wr v = wr_of(other, sizeof(other));
    wr_u16(&v, ADMIN_LINE + 1);
    wr_zero(&v, ADMIN_LINE + 1);
    r = rd_slice(wr_slice(&v));
    assert_true(admin_next_line(&r, &line) < 0);
}

static void test_orders(void **state)
{
    (void)state;
    struct wr w = wr_of(buf, sizeof(buf));
    uint64_t handle = 0;
    uint32_t n = 0;
    char user[AUTH_NAME_MAX], reason[ADMIN_REASON];
    admin_put_end(&w, 5, "because");
    assert_int_equal(admin_get_end(wr_slice(&w), &handle, reason), 0);
    assert_int_equal(handle, 5);
    assert_string_equal(reason, "because");
    for (size_t i = 0; i < wr_len(&w); i++)
        assert_true(admin_get_end(slice_of(buf, i), &handle, reason) < 0);
    w = wr_of(buf, sizeof(buf));
    admin_put_end_user(&w, "bob", "");
    assert_int_equal(admin_get_end_user(wr_slice(&w), user, reason), 0);
    assert_string_equal(user, "bob");
    assert_string_equal(reason, "");
    w = wr_of(buf, sizeof(buf));
    admin_put_end_user(&w, "", "nobody");
    assert_int_equal(admin_get_end_user(wr_slice(&w), user, reason), ERR_VALUE);
    w = wr_of(buf, sizeof(buf));
    admin_put_handle(&w, 0xfedcba9876543210u);
    assert_int_equal(admin_get_handle(wr_slice(&w), &handle), 0);
    assert_int_equal(handle, 0xfedcba9876543210u);
    assert_int_equal(admin_get_handle(slice_of(buf, 7), &handle), ERR_TRUNCATED);
    w = wr_of(buf, sizeof(buf));
    admin_put_cursor(&w, 77);
    assert_int_equal(admin_get_cursor(wr_slice(&w), &n), 0);
    assert_int_equal(n, 77);
    assert_int_equal(admin_get_count(slice_of(buf, 5), &n), ERR_TRAILING);
}

static void test_done(void **state)
{
    (void)state;
    struct admin_done d;
    char longer[600];
    for (int k = 0; k <= ADMIN_OUTCOME_MISSING; k++) {
        struct wr w = wr_of(buf, sizeof(buf));
        admin_put_done(&w, (enum admin_outcome)k, "words");
        assert_int_equal(admin_get_done(wr_slice(&w), &d), 0);
        assert_int_equal(d.outcome, k);
        assert_string_equal(d.words, "words");
    }
    buf[0] = ADMIN_OUTCOME_MISSING + 1;
    assert_int_equal(admin_get_done(slice_of(buf, 8), &d), ERR_VALUE);
    memset(longer, 'w', sizeof(longer));
    longer[599] = 0;
    struct wr w = wr_of(buf, sizeof(buf));
    admin_put_done(&w, ADMIN_OUTCOME_REFUSED, longer); /* cut, and within what the table lets pass */
    assert_int_equal(admin_get_done(wr_slice(&w), &d), 0);
    assert_int_equal(strlen(d.words), sizeof(d.words) - 1);
    assert_null(imsg_check(master_to_admin.rules, master_to_admin.n, ADMIN_PHASE,
                           &(struct imsg){ .type = ADMIN_DONE, .body = wr_slice(&w) }));
}

/* Each rule: its bounds are allowed, one beyond them is not, nor a descriptor, nor the type on another channel. */
static void test_tables(void **state)
{
    (void)state;
    const struct admin_rules *all[] = { &admin_to_worker, &worker_to_admin, &admin_to_master, &master_to_admin };
    for (unsigned t = 0; t < 4; t++) {
        for (size_t i = 0; i < all[t]->n; i++) {
            const struct imsg_rule *rule = &all[t]->rules[i];
            struct imsg m = { .type = rule->type, .body = slice_of(buf, rule->min) };
            assert_null(imsg_check(all[t]->rules, all[t]->n, ADMIN_PHASE, &m));
            m.n_fds = 1;
            assert_non_null(imsg_check(all[t]->rules, all[t]->n, ADMIN_PHASE, &m));
            m.n_fds = 0;
            m.body.n = rule->max;
            assert_null(imsg_check(all[t]->rules, all[t]->n, ADMIN_PHASE, &m));
            m.body.n = rule->max + 1;
            assert_non_null(imsg_check(all[t]->rules, all[t]->n, ADMIN_PHASE, &m));
            m.body.n = rule->min - 1;
            if (rule->min)
                assert_non_null(imsg_check(all[t]->rules, all[t]->n, ADMIN_PHASE, &m));
            m.body.n = rule->min;
            for (unsigned u = 0; u < 4; u++)
                if (u != t)
                    assert_non_null(imsg_check(all[u]->rules, all[u]->n, ADMIN_PHASE, &m));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions_come_back),
        cmocka_unit_test(test_a_full_session_fits),
        cmocka_unit_test(test_a_session_cut_anywhere),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_numbers_come_back),
        cmocka_unit_test(test_status_comes_back),
        cmocka_unit_test(test_the_largest_status_fits),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The users' database: records there and back, names without case, fixed addresses, and files that are refused. */
#include "aaa_help.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

static char err[USERS_ERR];

static int setup(void **state)
{
    (void)state;
    help_folder_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    help_folder_drop();
    return 0;
}

static struct users *open_new(void)
{
    struct users *d = users_open(help_db, true, err);
    if (!d)
        fail_msg("%s", err);
    return d;
}

static void put(struct users *d, const char *name, enum password_kind kind, uint32_t ipv4)
{
    struct user u;
    help_user(&u, name, "clientPass", kind);
    u.ipv4 = ipv4;
    assert_int_equal(users_add(d, &u), 0);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(help_db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* RFC 2759 9.2: the hash of "clientPass". */
static const uint8_t nt_of_clientpass[16] = { 0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6,
                                              0x11, 0x47, 0x44, 0x11, 0xf5, 0x69, 0x89, 0xae };

static void test_there_and_back(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct stat st;
    struct user u;
    put(d, "User", PASSWORD_NT, 0x0a500009);
    put(d, "pap", PASSWORD_PAP_ONLY, 0);
    put(d, "chap", PASSWORD_REVERSIBLE, 0);
    users_close(d);
    assert_int_equal(stat(help_db, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    d = users_open(help_db, false, err);
    assert_non_null(d);
    assert_int_equal(users_find(d, slice_str("uSER"), &u), 1);
    assert_string_equal(u.name, "User");
    assert_true(u.has_nt && !u.has_slow && !u.has_clear && !u.locked);
    assert_memory_equal(u.nt_hash, nt_of_clientpass, 16);
    assert_int_equal(u.ipv4, 0x0a500009);
    assert_true(u.created > 1000000000 && u.changed == u.created);
    assert_int_equal(users_find(d, slice_str("pap"), &u), 1);
    assert_true(!u.has_nt && u.has_slow && !u.has_clear);
    uint8_t hash[SLOW_HASH_LEN];
    assert_int_equal(slow_compute(&u.slow, slice_str("clientPass"), hash), 0);
    assert_memory_equal(hash, u.slow.hash, sizeof(hash));
    assert_int_equal(slow_compute(&u.slow, slice_str("clientpass"), hash), 0);
    assert_memory_not_equal(hash, u.slow.hash, sizeof(hash));
    assert_int_equal(users_find(d, slice_str("chap"), &u), 1);
    assert_true(u.has_nt && !u.has_slow && u.has_clear);
    assert_string_equal(u.clear, "clientPass");
    assert_int_equal(users_slow_count(d), 1);
    users_close(d);
}

static void test_not_found(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct user u, untouched;
    char longest[AUTH_NAME_MAX + 1];
    put(d, "User", PASSWORD_NT, 0);
    memset(&u, 0x77, sizeof(u));
    memset(&untouched, 0x77, sizeof(untouched));
    memset(longest, 'x', sizeof(longest));
    static const char *const names[] = { "", "Use", "User ", "Users", "' OR 1=1 --", "%", "User\\", "\xff" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(users_find(d, slice_str(names[i]), &u), 0);
    assert_int_equal(users_find(d, slice_of("User\0x", 6), &u), 0);
    assert_int_equal(users_find(d, slice_of("User\0", 5), &u), 0);
    assert_int_equal(users_find(d, slice_of(longest, AUTH_NAME_MAX - 1), &u), 0);
    assert_int_equal(users_find(d, slice_of(longest, AUTH_NAME_MAX + 1), &u), 0);
    assert_memory_equal(&u, &untouched, sizeof(u));
    users_close(d);
}

static void test_duplicates(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct user u;
    put(d, "User", PASSWORD_NT, 5);
    help_user(&u, "USER", "clientPass", PASSWORD_NT);
    assert_int_equal(users_add(d, &u), ERR_DUPLICATE);
    assert_string_equal(users_error(d), "there is such a user already");
    help_user(&u, "other", "clientPass", PASSWORD_NT);
    u.ipv4 = 5;
    assert_int_equal(users_add(d, &u), ERR_DUPLICATE);
    assert_string_equal(users_error(d), "another user has this fixed address");
    put(d, "third", PASSWORD_NT, 0);
    put(d, "fourth", PASSWORD_NT, 0); /* no address is not an address */
    users_close(d);
}

static void test_changes(void **state)
{
    (void)state;
    struct users *d = open_new(), *other = users_open(help_db, false, err);
    struct user u;
    put(d, "User", PASSWORD_REVERSIBLE, 7);
    uint64_t version = users_version(other);
    assert_int_equal(users_set_locked(d, slice_str("uSER"), true), 0);
    assert_int_not_equal(users_version(other), version);
    assert_int_equal(users_find(other, slice_str("User"), &u), 1);
    assert_true(u.locked);
    assert_int_equal(users_set_locked(d, slice_str("User"), false), 0);
    help_user(&u, "USER", "another one", PASSWORD_PAP_ONLY);
    assert_int_equal(users_set_password(d, &u), 0);
    assert_int_equal(users_find(other, slice_str("User"), &u), 1);
    assert_string_equal(u.name, "User");
    assert_true(!u.locked && u.has_slow && !u.has_nt && !u.has_clear);
    assert_int_equal(u.clear[0], 0);
    assert_int_equal(u.ipv4, 7);
    assert_int_equal(users_delete(d, slice_str("uSeR")), 0);
    assert_int_equal(users_find(other, slice_str("User"), &u), 0);
    assert_int_equal(users_delete(d, slice_str("User")), ERR_MISSING);
    assert_int_equal(users_set_locked(d, slice_str("User"), true), ERR_MISSING);
    help_user(&u, "User", "another one", PASSWORD_NT);
    assert_int_equal(users_set_password(d, &u), ERR_MISSING);
    assert_string_equal(users_error(d), "there is no such user");
    users_close(d);
    users_close(other);
}

static void collect(void *ctx, const struct user *u)
{
    strcat(ctx, u->name);
    strcat(ctx, " ");
}

static void test_each(void **state)
{
    (void)state;
    struct users *d = open_new();
    char names[100] = "";
    assert_int_equal(users_each(d, collect, names), 0);
    assert_string_equal(names, "");
    put(d, "b", PASSWORD_NT, 0);
    put(d, "C", PASSWORD_NT, 0);
    put(d, "a", PASSWORD_NT, 0);
    assert_int_equal(users_each(d, collect, names), 0);
    assert_string_equal(names, "a b C ");
    users_close(d);
}

static void refused(const char *words)
{
    struct users *d = users_open(help_db, false, err);
    assert_null(d);
    if (!strstr(err, words))
        fail_msg("\"%s\" is not in \"%s\"", words, err);
}

static void test_files_refused(void **state)
{
    (void)state;
    refused("there is no such file");
    users_close(open_new());
    assert_int_equal(chmod(help_db, 0640), 0);
    refused("others may read or write it (mode 640)");
    chmod(help_db, 0600);
    run_sql("PRAGMA user_version = 3");
    refused("it has version 3, this program knows 2 only");
    run_sql("PRAGMA application_id = 5");
    refused("it is not a users' database of Adit");
    unlink(help_db);

    int fd = open(help_db, O_CREAT | O_WRONLY, 0600); /* empty: not ours unless it may be made */
    close(fd);
    refused("it is not a users' database of Adit");
    fd = open(help_db, O_WRONLY);
    for (int i = 0; i < 500; i++)
        assert_int_equal(write(fd, "this is not a database, really. ", 32), 32);
    close(fd);
    refused("file is not a database");
    assert_null(users_open(help_db, true, err));
    unlink(help_db);
    assert_int_equal(mkdir(help_db, 0700), 0);
    refused("Is a directory");
    rmdir(help_db);
    assert_int_equal(symlink("/etc/passwd", help_db), 0);
    refused("symbolic links");
    unlink(help_db);
}

/* Pages of a real database overwritten: refused at opening, or read without harm; never a crash. */
static void test_damaged(void **state)
{
    (void)state;
    unsigned refusals = 0;
    for (unsigned round = 0; round < 60; round++) {
        struct users *d = open_new();
        struct user u;
        put(d, "User", PASSWORD_NT, 0);
        put(d, "other", PASSWORD_REVERSIBLE, 9);
        users_close(d);
        int fd = open(help_db, O_RDWR);
        off_t size = lseek(fd, 0, SEEK_END);
        for (int i = 0; i < 40; i++) {
            uint8_t b = (uint8_t)help_random32();
            assert_int_equal(pwrite(fd, &b, 1, (off_t)(help_random32() % (uint32_t)size)), 1);
        }
        close(fd);
        d = users_open(help_db, false, err);
        if (d) {
            if (users_find(d, slice_str("User"), &u) == 1)
                assert_true(strlen(u.name) < sizeof(u.name));
        } else {
            assert_true(err[0] != 0);
            refusals++;
        }
        users_close(d);
        unlink(help_db);
    }
    assert_true(refusals > 0);
}

/* Columns that nobody of ours would write: no such hash, rather than a wrong one; no unbounded cost. */
static void test_odd_columns(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct user u;
    put(d, "User", PASSWORD_PAP_ONLY, 0);
    run_sql("UPDATE users SET nt_hash = x'00', clear = x''");
    assert_int_equal(users_find(d, slice_str("User"), &u), 1);
    assert_true(!u.has_nt && !u.has_clear && u.has_slow);
    static const char *const costs[] = { "slow_n = 2097152", "slow_n = 32767",    "slow_n = 0",
                                         "slow_n = 1",       "slow_n = -2",       "slow_n = 4294967296",
                                         "slow_r = 33",      "slow_r = 0",        "slow_p = 17",
                                         "slow_p = 0",       "slow_hash = x'11'", "slow_salt = NULL" };
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        char sql[100];
        run_sql("UPDATE users SET slow_n = 32768, slow_r = 8, slow_p = 1, slow_hash = zeroblob(32),"
                " slow_salt = zeroblob(16)");
        assert_int_equal(users_find(d, slice_str("User"), &u), 1);
        assert_true(u.has_slow);
        snprintf(sql, sizeof(sql), "UPDATE users SET %s", costs[i]);
        run_sql(sql);
        assert_int_equal(users_find(d, slice_str("User"), &u), 1);
        assert_false(u.has_slow);
    }
    run_sql("UPDATE users SET ipv4 = 4294967296");
    assert_int_equal(users_find(d, slice_str("User"), &u), 1);
    assert_int_equal(u.ipv4, 0);
    run_sql("UPDATE users SET clear = zeroblob(1025)");
    assert_int_equal(users_find(d, slice_str("User"), &u), 1);
    assert_false(u.has_clear);
    users_close(d);
}

static void test_serves(void **state)
{
    (void)state;
    static const struct {
        bool nt, slow, clear, pap, chap, mschap;
    } rows[] = {
        { false, false, false, false, false, false }, { true, false, false, true, false, true },
        { false, true, false, true, false, false },   { true, false, true, true, true, true },
        { false, false, true, true, true, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct user u = { .has_nt = rows[i].nt, .has_slow = rows[i].slow, .has_clear = rows[i].clear };
        assert_int_equal(user_serves(&u, AUTH_PAP), rows[i].pap);
        assert_int_equal(user_serves(&u, AUTH_CHAP_MD5), rows[i].chap);
        assert_int_equal(user_serves(&u, AUTH_MSCHAPV2), rows[i].mschap);
        assert_int_equal(user_serves(&u, AUTH_EAP_MSCHAPV2), rows[i].mschap);
        assert_false(user_serves(&u, AUTH_NONE));
        assert_false(user_serves_any(&u, NULL, 0));
    }
}

static struct prefix net(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, false, &p), 0);
    return p;
}

static void test_networks(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct user u, got;
    char words[USERS_ERR];
    help_user(&u, "site", "clientPass", PASSWORD_NT);
    u.ipv6 = net("fd00:80:0:7::/64");
    snprintf(u.group, sizeof(u.group), "staff");
    for (unsigned i = 0; i < USER_ROUTED; i++) {
        u.routed[i] = net("fd00:1234:5678:9abc:def0:1234:5678:9a00/120");
        u.routed[i].addr[13] = (uint8_t)i;
    }
    u.n_routed = USER_ROUTED;
    assert_int_equal(users_add(d, &u), 0);
    assert_int_equal(users_find(d, slice_str("site"), &got), 1);
    assert_true(prefix_eq(&got.ipv6, &u.ipv6));
    assert_string_equal(got.group, "staff");
    assert_int_equal(got.n_routed, USER_ROUTED);
    assert_memory_equal(got.routed, u.routed, sizeof(u.routed));
    help_user(&u, "other", "clientPass", PASSWORD_NT);
    u.ipv6 = net("fd00:80:0:7::/64");
    assert_int_equal(users_add(d, &u), ERR_DUPLICATE);
    u.ipv6.family = 0;
    u.routed[u.n_routed++] = net("fd00::/16");
    assert_int_equal(users_net_clash(d, &u, words), 1);
    assert_non_null(strstr(words, "fd00::/16 overlaps fd00:1234:5678:9abc:def0:"));
    assert_non_null(strstr(words, "which is behind user site"));
    u.routed[0] = net("10.0.0.0/8");
    assert_int_equal(users_net_clash(d, &u, words), 0);
    assert_int_equal(users_set_net(d, &u), ERR_MISSING);
    assert_int_equal(users_add(d, &u), 0);
    u.ipv6 = net("fd00:80:0:7::/64");
    assert_int_equal(users_set_net(d, &u), ERR_DUPLICATE);
    u.ipv6 = (struct prefix){ 0 };
    u.n_routed = 0;
    u.ipv4 = 0x0a500007;
    assert_int_equal(users_set_net(d, &u), 0);
    assert_int_equal(users_find(d, slice_str("OTHER"), &got), 1);
    assert_int_equal(got.ipv4, 0x0a500007);
    assert_int_equal(got.n_routed + got.ipv6.family + strlen(got.group), 0);
    assert_int_equal(users_net_clash(d, &got, words), 0);
    users_close(d);
    /* What another program wrote there is not believed. */
    run_sql("UPDATE users SET ipv6='fd00::/60', routed='x 10.0.0.1/8 0.0.0.0/0  10.7.0.0/16' WHERE name='other'");
    d = open_new();
    assert_int_equal(users_find(d, slice_str("other"), &got), 1);
    assert_int_equal(got.ipv6.family, 0);
    assert_int_equal(got.n_routed, 1);
    users_close(d);
}

static int try_sql(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(help_db, &db), SQLITE_OK);
    int r = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return r;
}

static void test_one_look_for_all_that_is_asked(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct user u;
    put(d, "User", PASSWORD_NT, 0);
    users_end(d); /* nothing was begun */
    uint64_t version = users_begin(d);
    assert_int_not_equal(version, 0);
    assert_int_equal(users_find(d, slice_str("user"), &u), 1);
    assert_int_equal(try_sql("UPDATE users SET locked = 1"), SQLITE_BUSY);
    assert_int_equal(users_find(d, slice_str("user"), &u), 1);
    assert_false(u.locked);
    users_end(d);
    users_end(d);
    assert_int_equal(try_sql("UPDATE users SET locked = 1"), SQLITE_OK); /* nothing holds it any more */
    assert_int_not_equal(users_begin(d), version);
    assert_int_equal(users_find(d, slice_str("user"), &u), 1);
    assert_true(u.locked);
    version = users_begin(d); /* again, without an end: as after one */
    users_end(d);
    assert_int_equal(try_sql("UPDATE users SET locked = 0"), SQLITE_OK);
    assert_int_not_equal(users_version(d), version);
    users_close(d);
}

/* The statement that finds is kept from one connect to the next: it must see what others wrote, and hinder nobody. */
static void test_others_write_meanwhile(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct user u;
    put(d, "User", PASSWORD_NT, 0);
    uint64_t version = users_version(d);
    assert_int_equal(users_find(d, slice_str("user"), &u), 1);
    assert_false(u.locked);
    run_sql("UPDATE users SET locked = 1");
    assert_int_not_equal(users_version(d), version);
    assert_int_equal(users_find(d, slice_str("user"), &u), 1);
    assert_true(u.locked);
    assert_int_equal(users_find(d, slice_str("nobody"), &u), 0);
    run_sql("ALTER TABLE users ADD COLUMN later TEXT"); /* another layout: prepared anew */
    assert_int_equal(users_find(d, slice_str("user"), &u), 1);
    run_sql("BEGIN EXCLUSIVE; DELETE FROM users; COMMIT");
    assert_int_equal(users_find(d, slice_str("user"), &u), 0);
    run_sql("DROP TABLE users");
    assert_int_equal(users_find(d, slice_str("user"), &u), ERR_SYSTEM);
    assert_int_equal(users_find(d, slice_str("user"), &u), ERR_SYSTEM);
    users_close(d);
}

static void test_older_version(void **state)
{
    (void)state;
    struct users *d = open_new();
    struct user u;
    put(d, "old", PASSWORD_NT, 0x0a500009);
    users_close(d);
    run_sql("DROP INDEX users_ipv6; ALTER TABLE users DROP COLUMN ipv6; ALTER TABLE users DROP COLUMN group_name;"
            "ALTER TABLE users DROP COLUMN routed; PRAGMA user_version = 1");
    d = users_open(help_db, false, err);
    if (!d)
        fail_msg("%s", err);
    assert_int_equal(users_find(d, slice_str("old"), &u), 1);
    assert_int_equal(u.ipv4, 0x0a500009);
    u.ipv6 = net("fd00:80:0:7::/64");
    assert_int_equal(users_set_net(d, &u), 0);
    users_close(d);
    d = users_open(help_db, false, err);
    assert_int_equal(users_find(d, slice_str("old"), &u), 1);
    assert_int_equal(u.ipv6.family, 6);
    users_close(d);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_there_and_back),
        T(test_not_found),
        T(test_duplicates),
        T(test_changes),
        T(test_each),
        T(test_files_refused),
        T(test_damaged),
        T(test_odd_columns),
        T(test_one_look_for_all_that_is_asked),
        T(test_serves),
        T(test_networks),
        T(test_older_version),
        T(test_others_write_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

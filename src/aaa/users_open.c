/* Opening the users' database, and refusing what is not one of ours in good order. */
#include "aaa/users_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x41444954, /* "ADIT", in the file's header */
    SCHEMA_VERSION = 2,
    BUSY_MS = 2000, /* aditctl's transactions take milliseconds */
    BUSY_STEP_MS = 10,
};

static const char schema[] =
    "BEGIN;"
    "CREATE TABLE users ("
    " name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,"
    " nt_hash BLOB, slow_n INTEGER, slow_r INTEGER, slow_p INTEGER, slow_salt BLOB, slow_hash BLOB, clear BLOB,"
    " locked INTEGER NOT NULL DEFAULT 0, ipv4 INTEGER UNIQUE,"
    " created INTEGER NOT NULL, changed INTEGER NOT NULL, ipv6 TEXT, group_name TEXT, routed TEXT) STRICT;"
    "CREATE UNIQUE INDEX users_ipv6 ON users (ipv6);"
    "PRAGMA application_id = 1094994260;"
    "PRAGMA user_version = 2;"
    "COMMIT;";
/* From version 1, which knew no networks. */
static const char upgrade[] = "BEGIN IMMEDIATE;"
                              "ALTER TABLE users ADD COLUMN ipv6 TEXT;"
                              "ALTER TABLE users ADD COLUMN group_name TEXT;"
                              "ALTER TABLE users ADD COLUMN routed TEXT;"
                              "CREATE UNIQUE INDEX users_ipv6 ON users (ipv6);"
                              "PRAGMA user_version = 2;"
                              "COMMIT;";
_Static_assert(APPLICATION_ID == 1094994260 && SCHEMA_VERSION == 2, "the schema says the same");

/* The file itself: there, a file, ours alone. A new one is made empty, so that it never has other rights than 0600. */
static bool prepare_file(const char *path, bool create, char *err)
{
    struct stat st;
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags);
    if (fd < 0 && errno == ENOENT && create)
        fd = open(path, flags | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || fstat(fd, &st) < 0) {
        snprintf(err, USERS_ERR, "%s", errno == ENOENT ? "there is no such file" : strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    close(fd);
    if (!S_ISREG(st.st_mode))
        snprintf(err, USERS_ERR, "it is not a file");
    else if (st.st_mode & 077)
        snprintf(err, USERS_ERR, "others may read or write it (mode %03o): chmod 600, and check who has read it",
                 (unsigned)st.st_mode & 0777);
    else
        return true;
    return false;
}

/* The single number that a PRAGMA answers with; -1 on error. */
static int64_t pragma_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t v = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        v = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return v;
}

static bool sound(sqlite3 *db)
{
    sqlite3_stmt *s = NULL;
    bool ok = false;
    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(s, 0);
        ok = text && strcmp((const char *)text, "ok") == 0;
    }
    sqlite3_finalize(s);
    return ok;
}

static bool check_schema(struct users *d, bool create, char *err)
{
    int64_t tables = pragma_number(d->db, "SELECT count(*) FROM sqlite_schema");
    if (tables < 0) {
        snprintf(err, USERS_ERR, "it cannot be read: %s", sqlite3_errmsg(d->db));
        return false;
    }
    if (tables == 0 && create && sqlite3_exec(d->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        /* Another aditctl may have been faster. */
        snprintf(err, USERS_ERR, "it cannot be made: %s", sqlite3_errmsg(d->db));
        (void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
    }
    int64_t id = pragma_number(d->db, "PRAGMA application_id"), version = pragma_number(d->db, "PRAGMA user_version");
    if (id != APPLICATION_ID) {
        if (!err[0])
            snprintf(err, USERS_ERR, "it is not a users' database of Adit");
        return false;
    }
    err[0] = '\0';
    if (version == 1) { /* another process may do it at the same time */
        if (sqlite3_exec(d->db, upgrade, NULL, NULL, NULL) != SQLITE_OK)
            (void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
        version = pragma_number(d->db, "PRAGMA user_version");
    }
    if (version != SCHEMA_VERSION)
        snprintf(err, USERS_ERR, "it has version %lld, this program knows %d only", (long long)version, SCHEMA_VERSION);
    else if (!sound(d->db))
        snprintf(err, USERS_ERR, "it is damaged (a copy is kept beside it): restore it from a backup");
    return !err[0];
}

/* Waiting for somebody else's lock is bounded over all questions, not for each: with a lock that stays, the first login
 * waits and the others are refused at once, until one succeeds again. The loop must turn. */
static int on_busy(void *ctx, int n)
{
    struct users *d = ctx;
    (void)n;
    if (d->waited >= BUSY_MS)
        return 0;
    d->waited += BUSY_STEP_MS;
    sqlite3_sleep(BUSY_STEP_MS);
    return 1;
}

bool users_is_damaged(const struct users *d)
{
    int e = sqlite3_errcode(d->db) & 0xff;
    return e == SQLITE_CORRUPT || e == SQLITE_NOTADB;
}

void users_keep_damaged(const char *path)
{
    char to[4096], buf[8192];
    ssize_t n = 0;
    snprintf(to, sizeof(to), "%s.damaged", path);
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (out >= 0 && (n = read(in, buf, sizeof(buf))) > 0 && write(out, buf, (size_t)n) == n)
        ;
    if (out >= 0 && (n != 0 || close(out) < 0))
        (void)unlink(to); /* half a copy is worse than none */
    if (in >= 0)
        close(in);
}

struct users *users_open(const char *path, bool create, char err[USERS_ERR])
{
    /* Temporary tables stay in memory: there is no /tmp in the chroot. No foreign function or view is trusted. */
    static const char setup[] = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                                "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;";
    err[0] = '\0';
    if (!prepare_file(path, create, err))
        return NULL;
    struct users *d = calloc(1, sizeof(*d));
    if (d)
        d->path = strdup(path);
    if (!d || !d->path) {
        free(d);
        snprintf(err, USERS_ERR, "out of memory");
        return NULL;
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &d->db, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_handler(d->db, on_busy, d) != SQLITE_OK ||
        sqlite3_exec(d->db, setup, NULL, NULL, NULL) != SQLITE_OK)
        snprintf(err, USERS_ERR, "it cannot be read: %s", d->db ? sqlite3_errmsg(d->db) : "out of memory");
    else if (check_schema(d, create, err))
        return d;
    if (d->db && (users_is_damaged(d) || strncmp(err, "it is damaged", 13) == 0))
        users_keep_damaged(path);
    users_close(d);
    return NULL;
}

void users_close(struct users *d)
{
    if (!d)
        return;
    sqlite3_finalize(d->find);
    sqlite3_finalize(d->version);
    sqlite3_close(d->db);
    free(d->path);
    free(d);
}

uint64_t users_begin(struct users *d)
{
    users_end(d);
    if (!d->version &&
        sqlite3_prepare_v3(d->db, "PRAGMA data_version", -1, SQLITE_PREPARE_PERSISTENT, &d->version, NULL) != SQLITE_OK)
        return 0;
    if (sqlite3_step(d->version) != SQLITE_ROW) {
        users_end(d);
        return 0;
    }
    d->waited = 0;
    return (uint64_t)sqlite3_column_int64(d->version, 0);
}

/* The statement stood at its row, and with it a transaction that reads. */
void users_end(struct users *d)
{
    (void)sqlite3_reset(d->version);
}

uint64_t users_version(struct users *d)
{
    uint64_t v = users_begin(d);
    users_end(d);
    return v;
}

uint64_t users_slow_count(struct users *d)
{
    int64_t v = pragma_number(d->db, "SELECT count(*) FROM users WHERE slow_hash IS NOT NULL");
    return v < 0 ? 0 : (uint64_t)v;
}

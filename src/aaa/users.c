/* Records in and out of the users' database. What is read is checked as if a stranger had written it. */
#include "aaa/users_priv.h"

#include "base/secret.h"

#include <stdio.h>
#include <time.h>

#define COLUMNS                                                                                                        \
    "name, nt_hash, slow_n, slow_r, slow_p, slow_salt, slow_hash, clear, locked, ipv4, created, changed, ipv6,"        \
    " group_name, routed"

void user_wipe(struct user *u)
{
    secret_wipe(u, sizeof(*u));
}

bool user_serves(const struct user *u, enum auth_method m)
{
    switch (m) {
    case AUTH_PAP:
        return u->has_nt || u->has_slow || u->has_clear;
    case AUTH_CHAP_MD5:
        return u->has_clear;
    case AUTH_MSCHAPV2:
    case AUTH_EAP_MSCHAPV2:
        return u->has_nt;
    case AUTH_NONE:
    case AUTH_METHODS:
        break;
    }
    return false;
}

bool user_serves_any(const struct user *u, const enum auth_method *methods, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (user_serves(u, methods[i]))
            return true;
    return false;
}

const char *users_error(const struct users *d)
{
    return d->error[0] ? d->error : "no error";
}

int users_failed(struct users *d)
{
    bool damaged = users_is_damaged(d);
    snprintf(d->error, sizeof(d->error), "%s%s", sqlite3_errmsg(d->db),
             damaged ? "; a copy of the damaged file is kept beside it" : "");
    if (damaged)
        users_keep_damaged(d->path);
    return ERR_SYSTEM;
}

int users_missing(struct users *d)
{
    snprintf(d->error, sizeof(d->error), "there is no such user");
    return ERR_MISSING;
}

/* A BLOB of exactly n bytes; false if the column is NULL or anything else. */
static bool blob(sqlite3_stmt *s, int column, void *dst, size_t n)
{
    if (sqlite3_column_type(s, column) != SQLITE_BLOB || sqlite3_column_bytes(s, column) != (int)n)
        return false;
    memcpy(dst, sqlite3_column_blob(s, column), n);
    return true;
}

/* A number of the row that fits; 0 if it does not. */
static uint32_t number(sqlite3_stmt *s, int column)
{
    int64_t v = sqlite3_column_int64(s, column);
    return v < 0 || v > UINT32_MAX ? 0 : (uint32_t)v;
}

/* The cost is bounded: a row must not make authd eat all memory. */
static bool slow_from_row(sqlite3_stmt *s, struct slow_hash *h)
{
    h->n = number(s, 2);
    h->r = number(s, 3);
    h->p = number(s, 4);
    return blob(s, 5, h->salt, sizeof(h->salt)) && blob(s, 6, h->hash, sizeof(h->hash)) && h->n >= 2 &&
           h->n <= 1u << 20 && (h->n & (h->n - 1)) == 0 && h->r >= 1 && h->r <= 32 && h->p >= 1 && h->p <= 16;
}

static bool user_from_row(sqlite3_stmt *s, struct user *u)
{
    memset(u, 0, sizeof(*u));
    const unsigned char *name = sqlite3_column_text(s, 0);
    int n = sqlite3_column_bytes(s, 0), clear = sqlite3_column_bytes(s, 7);
    if (!name || n < 1 || n >= AUTH_NAME_MAX || strlen((const char *)name) != (size_t)n)
        return false;
    memcpy(u->name, name, (size_t)n);
    u->has_nt = blob(s, 1, u->nt_hash, sizeof(u->nt_hash));
    u->has_slow = slow_from_row(s, &u->slow);
    u->has_clear = clear > 0 && clear <= AUTH_PASSWORD_BYTES && blob(s, 7, u->clear, (size_t)clear);
    u->locked = sqlite3_column_int(s, 8) != 0;
    u->ipv4 = number(s, 9);
    u->created = sqlite3_column_int64(s, 10);
    u->changed = sqlite3_column_int64(s, 11);
    user_net_read(u, (const char *)sqlite3_column_text(s, 12), (const char *)sqlite3_column_text(s, 14));
    const unsigned char *group = sqlite3_column_text(s, 13);
    if (group && strlen((const char *)group) < sizeof(u->group))
        memcpy(u->group, group, strlen((const char *)group) + 1);
    return true;
}

static void bind_text(sqlite3_stmt *s, int at, struct slice text)
{
    /* An allocation that fails leaves NULL, which no column that matters accepts. */
    (void)sqlite3_bind_text(s, at, (const char *)text.p, (int)text.n, SQLITE_STATIC);
}

static void bind_blob(sqlite3_stmt *s, int at, bool there, const void *p, size_t n)
{
    if (there)
        (void)sqlite3_bind_blob(s, at, p, (int)n, SQLITE_STATIC);
    else
        (void)sqlite3_bind_null(s, at);
}

int users_find(struct users *d, struct slice name, struct user *ret_u)
{
    struct user u;
    if (name.n == 0 || name.n >= AUTH_NAME_MAX || memchr(name.p, 0, name.n))
        return 0;
    if (!d->find && sqlite3_prepare_v3(d->db, "SELECT " COLUMNS " FROM users WHERE name = ?", -1,
                                       SQLITE_PREPARE_PERSISTENT, &d->find, NULL) != SQLITE_OK)
        return users_failed(d);
    sqlite3_stmt *s = d->find;
    bind_text(s, 1, name);
    int step = sqlite3_step(s), result = 0;
    if (step == SQLITE_ROW) {
        if (user_from_row(s, &u)) {
            *ret_u = u;
            result = 1;
        }
        user_wipe(&u);
    } else if (step != SQLITE_DONE) {
        result = users_failed(d);
    }
    (void)sqlite3_reset(s); /* says what the step said */
    (void)sqlite3_clear_bindings(s);
    return result;
}

int users_each(struct users *d, users_fn *fn, void *ctx)
{
    sqlite3_stmt *s = NULL;
    struct user u;
    int step;
    if (sqlite3_prepare_v2(d->db, "SELECT " COLUMNS " FROM users ORDER BY name", -1, &s, NULL) != SQLITE_OK)
        return users_failed(d);
    while ((step = sqlite3_step(s)) == SQLITE_ROW) {
        if (user_from_row(s, &u))
            fn(ctx, &u);
        user_wipe(&u);
    }
    int result = step == SQLITE_DONE ? 0 : users_failed(d);
    sqlite3_finalize(s);
    return result;
}

/* Parameters 2 to 8 of both statements that write a password. */
static void bind_password(sqlite3_stmt *s, const struct user *u)
{
    bind_blob(s, 2, u->has_nt, u->nt_hash, sizeof(u->nt_hash));
    for (int i = 0; i < 3; i++) {
        const uint32_t cost[] = { u->slow.n, u->slow.r, u->slow.p };
        if (u->has_slow)
            (void)sqlite3_bind_int64(s, 3 + i, cost[i]);
    }
    bind_blob(s, 6, u->has_slow, u->slow.salt, sizeof(u->slow.salt));
    bind_blob(s, 7, u->has_slow, u->slow.hash, sizeof(u->slow.hash));
    bind_blob(s, 8, u->has_clear, u->clear, strlen(u->clear));
    (void)sqlite3_bind_int64(s, 9, (sqlite3_int64)time(NULL));
}

int users_run(struct users *d, sqlite3_stmt *s, int *ret_changed)
{
    int step = sqlite3_step(s), result = 0;
    if (step == SQLITE_DONE) {
        *ret_changed = sqlite3_changes(d->db);
    } else if (step == SQLITE_CONSTRAINT_PRIMARYKEY) {
        snprintf(d->error, sizeof(d->error), "there is such a user already");
        result = ERR_DUPLICATE;
    } else if (step == SQLITE_CONSTRAINT_UNIQUE) {
        snprintf(d->error, sizeof(d->error), "another user has this fixed address");
        result = ERR_DUPLICATE;
    } else {
        result = users_failed(d);
    }
    sqlite3_finalize(s);
    return result;
}

int users_add(struct users *d, const struct user *u)
{
    static const char sql[] = "INSERT INTO users (name, nt_hash, slow_n, slow_r, slow_p, slow_salt, slow_hash, clear,"
                              " changed, created, locked, ipv4, ipv6, group_name, routed)"
                              " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?9,?10,?11,?12,?13,?14)";
    char ipv6[PREFIX_TEXT], routed[USER_ROUTED_TEXT];
    sqlite3_stmt *s = NULL;
    int changed;
    if (sqlite3_prepare_v2(d->db, sql, -1, &s, NULL) != SQLITE_OK)
        return users_failed(d);
    bind_text(s, 1, slice_str(u->name));
    bind_password(s, u);
    (void)sqlite3_bind_int(s, 10, u->locked);
    user_net_text(u, ipv6, routed);
    user_net_bind(s, 11, u, ipv6, routed);
    return users_run(d, s, &changed);
}

int users_set_password(struct users *d, const struct user *u)
{
    static const char sql[] = "UPDATE users SET nt_hash=?2, slow_n=?3, slow_r=?4, slow_p=?5, slow_salt=?6,"
                              " slow_hash=?7, clear=?8, changed=?9 WHERE name = ?1";
    sqlite3_stmt *s = NULL;
    int changed = 0;
    if (sqlite3_prepare_v2(d->db, sql, -1, &s, NULL) != SQLITE_OK)
        return users_failed(d);
    bind_text(s, 1, slice_str(u->name));
    bind_password(s, u);
    int result = users_run(d, s, &changed);
    return result == 0 && changed == 0 ? users_missing(d) : result;
}

int users_set_locked(struct users *d, struct slice name, bool locked)
{
    sqlite3_stmt *s = NULL;
    int changed = 0;
    if (sqlite3_prepare_v2(d->db, "UPDATE users SET locked=?2, changed=?3 WHERE name = ?1", -1, &s, NULL) != SQLITE_OK)
        return users_failed(d);
    bind_text(s, 1, name);
    (void)sqlite3_bind_int(s, 2, locked);
    (void)sqlite3_bind_int64(s, 3, (sqlite3_int64)time(NULL));
    int result = users_run(d, s, &changed);
    return result == 0 && changed == 0 ? users_missing(d) : result;
}

int users_delete(struct users *d, struct slice name)
{
    sqlite3_stmt *s = NULL;
    int changed = 0;
    if (sqlite3_prepare_v2(d->db, "DELETE FROM users WHERE name = ?1", -1, &s, NULL) != SQLITE_OK)
        return users_failed(d);
    bind_text(s, 1, name);
    int result = users_run(d, s, &changed);
    return result == 0 && changed == 0 ? users_missing(d) : result;
}

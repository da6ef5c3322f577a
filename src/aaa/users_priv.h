/* The open database, shared by users_open.c and users.c. */
#ifndef ADIT_AAA_USERS_PRIV_H
#define ADIT_AAA_USERS_PRIV_H

#include "aaa/users.h"

#include <sqlite3.h>

struct users {
    sqlite3 *db;
    sqlite3_stmt *find,
        *version; /* every connect asks them: prepared once, reset after use (users_end()), so that they hold no lock */
    char error[USERS_ERR];
    char *path;
    unsigned waited; /* ms for somebody else's lock, since a read last succeeded */
};

/* users.c: runs a statement that writes and finalizes it; *ret_changed is how many rows it touched. */
int users_run(struct users *d, sqlite3_stmt *s, int *ret_changed) MUST_CHECK;
int users_failed(struct users *d);
int users_missing(struct users *d);

/* users_net.c: what is text in a row. What cannot be read is left out. */
enum { USER_ROUTED_TEXT = USER_ROUTED * (PREFIX_TEXT + 1) };
void user_net_text(const struct user *u, char ipv6[PREFIX_TEXT], char routed[USER_ROUTED_TEXT]);
void user_net_read(struct user *u, const char *ipv6, const char *routed);
/* Parameters `at` to at + 3 of a statement: ipv4, ipv6, group, routed. The texts must live until it is run. */
void user_net_bind(sqlite3_stmt *s, int at, const struct user *u, const char *ipv6, const char *routed);

/* Damaged files are kept as they are, beside, before anybody repairs them: path.damaged. Only the first one; an older copy is
 * left alone. Nothing can be done where it fails. */
void users_keep_damaged(const char *path);
/* Is that what the last error of this database was? */
bool users_is_damaged(const struct users *d);

#endif

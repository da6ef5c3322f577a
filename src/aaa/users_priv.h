/* The open database, shared by users_open.c and users.c. */
#ifndef ADIT_AAA_USERS_PRIV_H
#define ADIT_AAA_USERS_PRIV_H

#include "aaa/users.h"

#include <sqlite3.h>

struct users {
    sqlite3 *db;
    char error[USERS_ERR];
    char *path;
    unsigned waited; /* ms for somebody else's lock, since a read last succeeded */
};

/* Damaged files are kept as they are, beside, before anybody repairs them: path.damaged. Only the first one; an older copy is
 * left alone. Nothing can be done where it fails. */
void users_keep_damaged(const char *path);
/* Is that what the last error of this database was? */
bool users_is_damaged(const struct users *d);

#endif

/* The open database, shared by users_open.c and users.c. */
#ifndef ADIT_AAA_USERS_PRIV_H
#define ADIT_AAA_USERS_PRIV_H

#include "aaa/users.h"

#include <sqlite3.h>

struct users {
    sqlite3 *db;
    char error[USERS_ERR];
};

#endif

/* The files that master opens for its roles: certificate and key, and the folder of the users' database. */
#ifndef ADIT_SERVER_FILES_H
#define ADIT_SERVER_FILES_H

#include "config/config.h"

/* Chain and key as they stand in their files: the one place where certificates are loaded. */
struct cert_files {
    uint8_t *chain, *key; /* heap; wiped by cert_files_free() */
    size_t chain_len, key_len;
};

/* Reads both and checks that a server can be made of them. False: said why. */
bool cert_files_read(const struct config *c, struct cert_files *ret_f) MUST_CHECK;
void cert_files_free(struct cert_files *f);

/* Opens the folder of the users' database, gives the database to `user` if it is root's, and looks whether the user can
 * get at it. Returns the descriptor, or ERR_SYSTEM after saying why. */
int users_folder_open(const struct config *c, const char *user) MUST_CHECK;

/* The user of the roles: the configured one, else "nobody" with a warning; NULL if neither exists (said). */
const char *roles_user(const struct config *c);

#endif

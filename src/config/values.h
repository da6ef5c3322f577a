/* Settings into the snapshot. Inside of src/config. */
#ifndef ADIT_CONFIG_VALUES_H
#define ADIT_CONFIG_VALUES_H

#include "config/parse.h"

/* The snapshot being made, and where in the file its parts stand. */
struct build {
    struct reader *r;
    struct config c;
    const char *own_interface; /* of the server that reads its file again; "": none */
    char folder[CONFIG_PATH];  /* of the file; relative paths begin there */
    unsigned block;            /* number of the block that we are in, from 1; 0: none yet */
    bool skip_block;           /* too many of them, or its title is wrong: its settings go nowhere */
    struct {
        unsigned line, block;
    } seen[160]; /* where each option of the table was set last */
    unsigned pool_line[CONFIG_POOLS], listen_line[CONFIG_LISTENS], user_line[CONFIG_USERS];
    const struct entry *group_pool[CONFIG_GROUPS], *user_group[CONFIG_USERS],
        *no_reference; /* names not yet resolved */
    unsigned n_certificates;
    char scratch[CONFIG_PATH]; /* what is set in a skipped block */
    struct config_pool no_pool;
    struct config_group no_group;
    struct config_user no_user;
};

/* folder/path, or path alone if it is absolute; false (and `to` untouched) if it is too long. */
bool path_join(const char *folder, const char *path, char to[CONFIG_PATH]);

/* The defaults of the table, through the same converters. */
void values_defaults(struct build *b);
/* Every setting of the file, in its order; complains about each that is wrong. */
void values_apply(struct build *b);
/* What must hold between settings. */
void values_check(struct build *b);
/* What must exist on this host. */
void values_check_host(struct build *b);

#endif

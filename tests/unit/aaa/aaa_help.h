/* What the tests of src/aaa share: a database in a folder of its own under /tmp, repeatable dice, the host's
 * primitives. */
#ifndef ADIT_TESTS_AAA_HELP_H
#define ADIT_TESTS_AAA_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aaa/password.h"
#include "tls/prim_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char help_folder[64], help_db[96];

static inline void help_folder_new(void)
{
    snprintf(help_folder, sizeof(help_folder), "/tmp/adit-aaa-XXXXXX");
    assert_non_null(mkdtemp(help_folder));
    snprintf(help_db, sizeof(help_db), "%s/users.db", help_folder);
}

static inline void help_folder_drop(void)
{
    char journal[128];
    snprintf(journal, sizeof(journal), "%s-journal", help_db);
    unlink(help_db);
    unlink(journal);
    rmdir(help_folder);
}

/* xorshift64*: the same numbers in every run. */
static uint64_t help_seed = 0x9e3779b97f4a7c15u;

static inline uint32_t help_random32(void)
{
    help_seed ^= help_seed >> 12;
    help_seed ^= help_seed << 25;
    help_seed ^= help_seed >> 27;
    return (uint32_t)((help_seed * 0x2545f4914f6cdd1du) >> 32);
}

static inline void help_random(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        dst[i] = (uint8_t)help_random32();
}

static const struct env help_env = { .random = help_random, .prim = &prim_host };

/* A record with this password. */
static inline void help_user(struct user *u, const char *name, const char *password, enum password_kind kind)
{
    memset(u, 0, sizeof(*u));
    snprintf(u->name, sizeof(u->name), "%s", name);
    assert_int_equal(password_store(&help_env, slice_str(password), kind, u), 0);
}

#endif

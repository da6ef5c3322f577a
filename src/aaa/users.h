/* The users' database: one SQLite file, one table, one row a user.
 *
 * authd opens it as its owner inside its chroot and reads; aditctl opens it as the same owner and writes, while the
 * server runs or not. The rollback journal is used, since it needs no file beside the database between two
 * transactions; waiting for the other side is bounded. Names are unique without case (ASCII); as typed is kept. */
#ifndef ADIT_AAA_USERS_H
#define ADIT_AAA_USERS_H

#include "auth/method.h"
#include "base/err.h"
#include "base/prefix.h"
#include "base/slice.h"

enum { USERS_ERR = 256, USER_GROUP = 64, USER_ROUTED = 8, SLOW_SALT_LEN = 16, SLOW_HASH_LEN = 32 };

/* A salted slow hash (scrypt, RFC 7914) and its cost. */
struct slow_hash {
    uint32_t n, r, p; /* n: a power of two */
    uint8_t salt[SLOW_SALT_LEN];
    uint8_t hash[SLOW_HASH_LEN];
};

/* A record. Holds secrets: wiped with user_wipe(). */
struct user {
    char name[AUTH_NAME_MAX]; /* as typed by the administrator */
    bool has_nt, has_slow, has_clear;
    uint8_t nt_hash[16];
    struct slow_hash slow;
    char clear[AUTH_PASSWORD_BYTES + 1];
    bool locked;
    uint32_t ipv4;                     /* fixed address, host order; 0: none */
    struct prefix ipv6;                /* fixed: a /64, or an address of a shared one; family 0: none */
    char group[USER_GROUP];            /* "": none */
    struct prefix routed[USER_ROUTED]; /* networks behind the client */
    unsigned n_routed;
    int64_t created, changed; /* seconds of the Unix clock */
};

void user_wipe(struct user *u);

/* What the record can prove with this method. */
bool user_serves(const struct user *u, enum auth_method m);
/* Any of the n methods. */
bool user_serves_any(const struct user *u, const enum auth_method *methods, unsigned n);

struct users;

/* Opens (with `create`: makes, 0600) the database. NULL and words in err: not there, not ours, damaged, made by a
 * newer version, readable by others. */
struct users *users_open(const char *path, bool create, char err[USERS_ERR]) MUST_CHECK;
void users_close(struct users *d);
/* Words for the last error that a function below returned. */
const char *users_error(const struct users *d);

/* 1 and the record (wipe it), 0: no such user, < 0: ERR_SYSTEM. */
int users_find(struct users *d, struct slice name, struct user *ret_u) MUST_CHECK;
/* Adds a new user (times are set here). ERR_DUPLICATE: the name, or the fixed address, is taken (users_error() says
 * which). */
int users_add(struct users *d, const struct user *u) MUST_CHECK;
/* Replaces the password parts of an existing record. ERR_MISSING: no such user. */
int users_set_password(struct users *d, const struct user *u) MUST_CHECK;
int users_set_locked(struct users *d, struct slice name, bool locked) MUST_CHECK;
/* Replaces group, fixed addresses and routed networks of an existing record. ERR_MISSING; ERR_DUPLICATE: a fixed address is
 * taken. */
int users_set_net(struct users *d, const struct user *u) MUST_CHECK;
/* Another user's network that overlaps one of u's: 1 and words, 0: none, < 0: ERR_SYSTEM. */
int users_net_clash(struct users *d, const struct user *u, char words[USERS_ERR]) MUST_CHECK;
int users_delete(struct users *d, struct slice name) MUST_CHECK;

/* Calls fn for each user, by name. fn must not write to the database. */
typedef void users_fn(void *ctx, const struct user *u);
int users_each(struct users *d, users_fn *fn, void *ctx) MUST_CHECK;

/* A number that changes whenever somebody else has written. 0 on error. */
uint64_t users_version(struct users *d);
/* The same, and until users_end() all that is found is of this version, and the file is locked and looked at once for all of
 * it. Nobody else can write meanwhile: keep it short. After 0 each question asks for itself, as without it. */
uint64_t users_begin(struct users *d);
void users_end(struct users *d); /* also where nothing was begun */
/* How many records have a slow hash. 0 on error. */
uint64_t users_slow_count(struct users *d);

#endif

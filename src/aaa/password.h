/* Passwords: which are taken, what is stored of them, and checking one against a record. */
#ifndef ADIT_AAA_PASSWORD_H
#define ADIT_AAA_PASSWORD_H

#include "aaa/users.h"
#include "base/env.h"

/* What of a password is stored. */
enum password_kind {
    PASSWORD_NT,         /* the NT hash: EAP-MSCHAPv2, MS-CHAPv2, PAP */
    PASSWORD_PAP_ONLY,   /* a salted slow hash: PAP alone */
    PASSWORD_REVERSIBLE, /* the NT hash, and the password itself for CHAP */
};

enum { PASSWORD_GOOD = 8 }; /* characters; fewer are weak */

/* A name that may be stored: 1 to 63 bytes, UTF-8, no control character, space at an end, backslash, quote or slash.
 * NULL, or why not. */
const char *name_fault(struct slice name);
/* A password that may be stored: UTF-8, 1 to 256 characters, no control characters. NULL, or why not in words. */
const char *password_fault(struct slice password);
/* What is to be said of a password that may be stored and should not be: short, one of the first that anybody tries,
 * one character over and over, the user's name. NULL, or words. People migrate with the passwords that they have. */
const char *password_weakness(struct slice password, struct slice name);

/* Fills the password parts of u (and clears those not wanted). The password has no fault. ERR_SYSTEM if scrypt
 * fails. */
int password_store(const struct env *env, struct slice password, enum password_kind kind, struct user *u) MUST_CHECK;

/* scrypt with the cost and salt of h. Blocks for tens of milliseconds; any thread. */
int slow_compute(const struct slow_hash *h, struct slice password, uint8_t out[SLOW_HASH_LEN]) MUST_CHECK;
/* Cost for new records and for those that do not exist: 32 MB, about 100 ms. */
void slow_default_cost(struct slow_hash *h);

#endif

/* aditctl's parts: what was asked for, the password, the database opened as its owner, the verbs. */
#ifndef ADIT_CTL_CTL_H
#define ADIT_CTL_CTL_H

#include "aaa/users.h"
#include "config/config.h"

enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 }; /* exit status */

enum verb { VERB_NONE, VERB_ADD, VERB_PASSWD, VERB_DEL, VERB_LIST, VERB_LOCK, VERB_UNLOCK };

/* The command line. */
struct request {
    const char *config;
    enum verb verb;
    const char *name; /* NULL with list */
    uint32_t ipv4;    /* --ip, host order; 0: none */
    bool pap_only, reversible, json;
    bool help, version;
};

/* CTL_OK, or CTL_USAGE after a line on stderr. */
int args_parse(int argc, char **argv, struct request *ret) MUST_CHECK;

/* The password for `name` from the terminal (without echo, twice) or, if standard input is none, its first line.
 * Writes it with its length into buf; false after a line on stderr. */
bool ask_password(const char *name, char *buf, size_t cap, size_t *ret_n) MUST_CHECK;

/* The database of the configuration, opened as its owner. With `create` it is made, and its folder. As root the process
 * has then changed its root folder and effective user for good. NULL after a line on stderr. */
struct users *store_open(const struct config *c, bool create) MUST_CHECK;

/* Does what was asked for; the exit status. */
int run_verb(const struct request *q, const struct config *c);

/* "aditctl: words" on stderr; returns CTL_FAILED. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

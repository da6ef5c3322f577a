/* aditctl's parts: what was asked for, the password, the database opened as its owner, the verbs. */
#ifndef ADIT_CTL_CTL_H
#define ADIT_CTL_CTL_H

#include "aaa/users.h"
#include "config/config.h"

enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 }; /* exit status */

enum verb {
    VERB_NONE,
    /* of the users' database */
    VERB_ADD,
    VERB_PASSWD,
    VERB_SET,
    VERB_DEL,
    VERB_LIST,
    VERB_LOCK,
    VERB_UNLOCK,
    /* of the running server */
    VERB_STATUS,
    VERB_SESSIONS,
    VERB_SESSION,
    VERB_DISCONNECT,
    VERB_DRAIN,
    VERB_RELOAD,
    VERB_UPGRADE,
    VERB_LOG_LEVEL,
};

/* What user add and user set are told of networks. */
struct request_net {
    bool has_ipv4, has_ipv6, has_routed; /* the option was there, maybe with "none" */
    uint32_t ipv4;                       /* --ip, host order; 0: none */
    struct prefix ipv6;                  /* --ipv6; family 0: none */
    const char *group;                   /* --group; "": none, NULL: the option was not there */
    struct prefix routed[USER_ROUTED];   /* --routed */
    unsigned n_routed;
};

/* The command line. */
struct request {
    const char *config;
    enum verb verb;
    const char *name; /* NULL with list */
    struct request_net net;
    bool pap_only, reversible, json, watch;
    const char *socket;        /* --socket; NULL: that of the configuration */
    const char *user, *reason; /* of disconnect; NULL: not given */
    const char *word;          /* session's or disconnect's ID, log-level's LEVEL; NULL: none */
    bool help, version;
};

/* CTL_OK, or CTL_USAGE after a line on stderr. */
int args_parse(int argc, char **argv, struct request *ret) MUST_CHECK;

/* "aditctl: words; see aditctl --help" on stderr; returns CTL_USAGE. */
int args_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* args_net.c: one of these options. CTL_OK, or CTL_USAGE after a line on stderr. */
enum net_option { NET_IP, NET_IPV6, NET_GROUP, NET_ROUTED };
int args_net(enum net_option o, const char *text, struct request_net *n) MUST_CHECK;
bool request_net_any(const struct request_net *n);

/* nets.c: may this user have that, by the configuration and the host? And, among the users of the database? CTL_OK, or
 * CTL_FAILED after a line on stderr. */
int nets_check(const struct config *c, const char *name, const struct request_net *n) MUST_CHECK;
int nets_free(struct users *d, const struct user *u) MUST_CHECK;
/* Puts what was given into the record. */
void nets_fill(const struct request_net *n, struct user *u);
/* user set. */
int nets_set(const struct request *q, struct users *d);

/* The password for `name` from the terminal (without echo, twice) or, if standard input is none, its first line.
 * Writes it with its length into buf; false after a line on stderr. */
bool ask_password(const char *name, char *buf, size_t cap, size_t *ret_n) MUST_CHECK;

/* The database of the configuration, opened as its owner. With `create` it is made, and its folder. As root the process
 * has then changed its root folder and effective user for good. NULL after a line on stderr. */
struct users *store_open(const struct config *c, bool create) MUST_CHECK;

/* Does what was asked for; the exit status. */
int run_verb(const struct request *q, const struct config *c);
/* The same for the verbs that ask the running server at this socket. */
int run_live(const struct request *q, const char *socket);
bool verb_is_live(enum verb v);

/* api.c: the server's API, adit-api(7). A connection, or -1; `quiet` leaves out the words on stderr. */
int api_open(const char *socket, bool quiet) MUST_CHECK;
struct reply {
    unsigned status; /* of HTTP */
    char *body;      /* malloc'd, with a NUL behind it */
    size_t n;
};
/* How long its answer may take, in seconds; 15 without this. */
void api_patience(int fd, unsigned seconds);
/* One call; the connection is closed by it. `body` may be NULL. False after words on stderr (unless quiet): no answer. */
bool api_call(int fd, const char *method, const char *path, const char *body, bool quiet,
              struct reply *ret_r) MUST_CHECK;
/* "/v1/users/NAME/disconnect" with NAME encoded. */
void api_user_path(const char *name, char *dst, size_t cap);
/* The message of an error document, or of anything else the status; in buf. */
const char *api_message(const struct reply *r, char *buf, size_t cap);

/* tables.c: the API's documents for people. False: not what was expected. */
bool table_status(const char *text, size_t n) MUST_CHECK;
bool table_sessions(const char *text, size_t n) MUST_CHECK;
bool table_session(const char *text, size_t n) MUST_CHECK;

/* "aditctl: words" on stderr; returns CTL_FAILED. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

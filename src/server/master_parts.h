/* The parts of master: its state, and setting up what it lends to the roles (master_setup.c). Its life is in master.c. */
#ifndef ADIT_SERVER_MASTER_PARTS_H
#define ADIT_SERVER_MASTER_PARTS_H

#include "loop/loop.h"
#include "server/files.h"
#include "server/host.h"
#include "server/limits.h"

#include <sys/types.h>

struct master;

enum role_kind { ROLE_KIND_AUTHD, ROLE_KIND_WORKER };
const char *role_kind_name(enum role_kind k);

struct role {
    struct master *master;
    enum role_kind kind;
    unsigned index; /* of a worker */
    pid_t pid;      /* 0: not running */
    struct chan *chan;
    bool ready;
};

struct master {
    struct config config;
    const char *user; /* of the roles */
    struct loop *loop;
    struct timer *deadline;
    struct host host;
    struct cert_files cert;
    int listeners[CONFIG_LISTENS];         /* -1: none */
    struct limits counts;                  /* the page behind `limits`, to clear the row of a worker that died */
    int users_folder, limits;              /* -1: none */
    struct role roles[1 + TUN_QUEUES_MAX]; /* [0] is authd */
    unsigned n_roles;
    bool started, stopping, authd_told;
    msec deaths_since; /* a minute in which `deaths` workers died */
    unsigned deaths;
    int status;
};

void master_parts_init(struct master *m, const struct config *c);
/* Opens and makes everything that the roles need. False: said why; master_close() takes it back. */
bool master_open(struct master *m) MUST_CHECK;
bool master_start_roles(struct master *m) MUST_CHECK;
/* Starts a worker in a role's place (a new one, or that of one which died): same queue, same listeners. */
bool master_start_worker(struct master *m, struct role *r, unsigned index) MUST_CHECK;
/* Closes everything and puts the host back; false: not wholly. */
bool master_close(struct master *m);

/* master.c */
void master_stop(struct master *m, int status);
bool master_watch_role(struct master *m, struct role *r, int fd) MUST_CHECK; /* takes fd */

#endif

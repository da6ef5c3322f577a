/* The parts of master: its state, and setting up what it lends to the roles (master_setup.c). Its life is in master.c. */
#ifndef ADIT_SERVER_MASTER_PARTS_H
#define ADIT_SERVER_MASTER_PARTS_H

#include "admin/msgs.h"
#include "loop/loop.h"
#include "events/events.h"
#include "server/files.h"
#include "server/host.h"
#include "server/limits.h"
#include "server/roles.h"

#include <sys/types.h>

struct master;

enum role_kind { ROLE_KIND_AUTHD, ROLE_KIND_WORKER, ROLE_KIND_ADMIN };
const char *role_kind_name(enum role_kind k);

struct role {
    struct master *master;
    enum role_kind kind;
    unsigned index; /* of a worker */
    pid_t pid;      /* 0: not running */
    struct chan *chan;
    bool ready;
    msec born;           /* when it was started */
    unsigned deaths;     /* not yet forgiven: see respawn.c */
    struct timer *again; /* starts it anew */
    unsigned unanswered; /* pings since it last spoke */
    unsigned restarts;
};

/* control.c: what master has to do with the admin API: its socket, and what was logged lately. */
struct control {
    int fd;       /* -1: none */
    uint32_t gid; /* or ROLE_NO_GROUP */
    struct {
        uint16_t n;
        char text[ADMIN_LINE];
    } lines[ADMIN_LINES]; /* a ring */
    unsigned n_lines, next_line;
};

struct listening {
    int fd; /* -1: none */
    struct config_listen conf;
};

/* The outer interfaces that neighbours are answered on. Compared as bytes. */
struct neighbours {
    struct neighbours_link {
        char dev[16];
        int index; /* 0: it is not there */
        struct role_ndp nets;
    } at[CONFIG_POOLS];
    unsigned n;
};

struct master {
    struct config config;
    const char *user; /* of the roles */
    struct loop *loop;
    struct timer *deadline;
    struct host host;
    struct cert_files cert;
    struct listening listeners[CONFIG_LISTENS]; /* by slot */
    unsigned files_for;                         /* connections that the workers' limit of open files has room for */
    unsigned workers_asked;                     /* as configured: 0 is one a core */
    struct limits counts;                       /* the page behind `limits`, to clear the row of a worker that died */
    struct neighbours neighbours;               /* neighbours.c; fds: -1: none */
    int neighbour_fds[CONFIG_POOLS];
    int users_folder, limits;              /* -1: none */
    struct role roles[2 + TUN_QUEUES_MAX]; /* [0] is authd, then the workers, then admin */
    unsigned n_roles;
    struct control control;
    msec began;
    bool started, stopping, draining, authd_told, killed;
    msec stopping_since;
    struct timer *ping; /* watchdog.c */
    msec ping_every;
    struct timer *look; /* tend.c */
    int status;
};

void master_parts_init(struct master *m, const struct config *c);
/* Opens and makes everything that the roles need. False: said why; master_close() takes it back. */
bool master_open(struct master *m) MUST_CHECK;
bool master_start_roles(struct master *m) MUST_CHECK;
/* Starts a role in the place of one which died: a worker on the same queue and listeners, authd with what the workers
 * hold. False: said why; it is dead again then. */
bool master_start_again(struct role *r) MUST_CHECK;
/* Closes everything and puts the host back; false: not wholly. */
bool master_close(struct master *m);

bool master_running(const struct role *r);
void master_say(struct role *r, enum role_msg type, uint32_t id, struct slice body);
/* The channel duplicates a descriptor or sends it at once: ours stays ours. */
void master_lend(struct role *r, enum role_msg type, uint32_t id, int fd);
bool master_send_config(struct master *m, struct role *r) MUST_CHECK;
bool master_send_certificate(struct master *m, struct role *r) MUST_CHECK;

/* listeners.c: all of the configuration, at the start. False: said why. */
bool listeners_open(struct master *m) MUST_CHECK;
/* Opens what c has and we have not. False: said why, and nothing is left open. Then one of the two others. */
bool listeners_prepare(const struct master *m, const struct config *c,
                       struct listening opened[CONFIG_LISTENS]) MUST_CHECK;
void listeners_discard(struct listening opened[CONFIG_LISTENS]);
/* Closes what c has not, takes over what was opened, and tells the workers. */
void listeners_swap(struct master *m, const struct config *c, struct listening opened[CONFIG_LISTENS]);

/* reload.c: reads the configuration's file again, checks all of it, and puts it to use. False: said why; nothing was
 * changed. */
bool master_reload(struct master *m);

/* neighbours.c: opens the sockets by which hosts of outer networks are told where clients are; true: others than before. Lends
 * them to the worker, if it is the one. Looks again, and tells it. */
bool neighbours_look(struct master *m);
void neighbours_lend(struct master *m, struct role *worker);
void neighbours_tend(struct master *m);
void neighbours_close(struct master *m);

/* tend.c: authd says which networks there are behind clients. */
void master_net(struct role *r, const struct imsg *msg);
/* tend.c: looks every few seconds whether the host is still as we made it. False: no memory. */
bool tend_start(struct master *m) MUST_CHECK;
void tend_stop(struct master *m);

/* respawn.c: it died unasked, `born` ago: starts another one at once or, the oftener it dies, the later. */
void respawn(struct role *r);
void respawn_cancel(struct master *m);
msec respawn_delay(unsigned deaths); /* for tests */

/* watchdog.c: from now on every role must turn its loop. False: no memory. */
bool watchdog_start(struct master *m) MUST_CHECK;
void watchdog_stop(struct master *m);
/* Is every role alive, or on its way out or in? Else the service manager does not hear from us. */
bool watchdog_content(const struct master *m);
/* It has said something. */
void watchdog_heard(struct role *r);

/* control.c: makes the socket of the admin API. False: said why; the server can do without. */
bool control_open(struct master *m) MUST_CHECK;
void control_close(struct master *m);
/* A line of the log, of us or of a role, is kept. */
void control_event(struct master *m, struct slice line);
/* A question or an order of the admin role, checked already. */
void control_asked(struct role *r, const struct imsg *msg);

/* master.c */
void master_stop(struct master *m, int status);
/* No new connections; the server ends with its last session. */
void master_drain(struct master *m);
/* Every role, and we, log so much from now on. */
void master_log_level(struct master *m, enum event_level level);
bool master_watch_role(struct master *m, struct role *r, int fd) MUST_CHECK; /* takes fd */

#endif

/* The parts of master: its state, and setting up what it lends to the roles (master_setup.c). Its life is in master.c. */
#ifndef ADIT_SERVER_MASTER_PARTS_H
#define ADIT_SERVER_MASTER_PARTS_H

#include "admin/msgs.h"
#include "loop/loop.h"
#include "events/events.h"
#include "net/ether.h"
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
    /* upgrades: adopt.c, retire.c */
    char version[32]; /* of the program that it runs */
    bool fresh;       /* of a new program that has not taken over yet: it has no listeners */
    bool replaced;    /* told to end; its successor starts then */
    bool
        retiring; /* of an older program: no new connections, ends with its last session. Its place is free after that */
    bool cut;     /* retiring, and its time is over */
    msec retire_by;
    int fd; /* of the channel, between state_get() and master_watch_role() */
};

struct listening {
    int fd; /* -1: none */
    struct config_listen conf;
};

/* Becoming another program (docs/decisions/0012-upgrade.md). The old one: CHECK, QUIET, then exec; the new one: WORKERS,
 * AUTHD. */
enum upgrade_phase {
    UPGRADE_NONE,
    UPGRADE_CHECK,   /* the new program looks at what it would get */
    UPGRADE_QUIET,   /* until nothing is under way to the roles */
    UPGRADE_WORKERS, /* the new workers start */
    UPGRADE_AUTHD, /* the old authd ends, the new one starts and hears what the workers hold; then it has taken over */
};

struct upgrade {
    enum upgrade_phase phase;
    char program[CONFIG_PATH]; /* the file that is started; whoever replaces it replaces us */
    struct timer *timer;
    bool asked; /* by the admin role; `ask` is its question */
    uint32_t ask;
    /* CHECK and QUIET */
    msec quiet_by;
    pid_t pid;
    struct chan *chan;
    bool good;
    char words[512]; /* why not */
    /* the new one */
    bool back;       /* it is the old one again: the new one could not do it, `words` says why */
    char from[32];   /* version of the program before */
    int old_program; /* its file, to go back; -1: none */
    int journal;     /* of host.undo, between state_get() and host_adopt() */
    uint8_t *own;    /* what only the program that wrote it can read: its configuration and certificate; heap */
    size_t own_n;
    unsigned first, queues_before; /* index of the first new worker; queues that there were */
    struct listening *opened;      /* listeners of the new configuration; heap */
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

/* lans.c: an Ethernet on which sessions lease addresses. */
struct master_lan {
    char name[16];
    struct ether is; /* as authd was told */
    int fds[ETHER_FDS];
    bool there, told; /* told: that it is not */
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
    struct role roles[2 + TUN_QUEUES_MAX]; /* [0] is authd; workers and admin in any order */
    unsigned n_roles;
    struct control control;
    struct master_lan lans[2 * CONFIG_POOLS];
    unsigned n_lans;
    msec began;
    bool started, stopping, draining, authd_told, killed;
    msec stopping_since;
    struct timer *ping; /* watchdog.c */
    msec ping_every;
    struct timer *look, *sync; /* tend.c */
    bool syncing;              /* sync is set */
    struct timer *retire;
    struct upgrade upgrade;
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

/* Starts the role that is in its place: kind and index say which. False: said why. */
bool master_start_role(struct role *r) MUST_CHECK;
bool master_running(const struct role *r);
/* A worker of the program that runs now, or that is about to: it gets configurations and listeners. */
bool master_serving(const struct role *r);
void master_say(struct role *r, enum role_msg type, uint32_t id, struct slice body);
/* The channel duplicates a descriptor or sends it at once: ours stays ours. */
void master_lend(struct role *r, enum role_msg type, uint32_t id, int fd);
bool master_send_config(struct master *m, struct role *r) MUST_CHECK;
bool master_send_certificate(struct master *m, struct role *r) MUST_CHECK;
/* What a worker, and the next program, is told of the certificate; the bytes are m's. */
static inline struct role_cert master_cert(const struct master *m)
{
    return (struct role_cert){ slice_of(m->cert.chain, m->cert.chain_len), slice_of(m->cert.key, m->cert.key_len),
                               m->config.debug.wide_gcm };
}

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
/* Other workers serve now. */
void neighbours_move(struct master *m);
void neighbours_close(struct master *m);

/* Reads the configuration's file again and checks it; each complaint is a line of the log, the first also in `first`
 * ("": none). What cannot change while the server runs is named and keeps the value of m->config. */
bool reload_read(const struct master *m, struct config *ret_c, char first[256]) MUST_CHECK;
void reload_keep_fixed(const struct master *m, struct config *c);

/* upgrade.c: an administrator wants the program at m->upgrade.program to take over; his answer comes through
 * control_done() when it is decided. `asker`: NULL for nobody. */
void upgrade_begin(struct master *m, struct role *asker, uint32_t ask);
/* The same end for all that can go wrong before the exec: we go on. */
void upgrade_refuse(struct master *m, const char *words);
/* A child that is no role ended: true if it was the one that looked. */
bool upgrade_child(struct master *m, pid_t pid, int status);
/* The server stops: nothing of it goes on. */
void upgrade_cancel(struct master *m);
/* Becomes the program at `path`, with everything that state.c keeps. Returns only if that cannot be; errno says why. */
void upgrade_become(struct master *m, const char *path);

/* adopt.c: the new program, with the state in `fd`. Exit status as of master_main(). */
int master_adopt(int fd);
/* A role is ready, authd has heard what all workers hold, a role has died (true: nothing else is to be done about it). */
void adopt_ready(struct role *r);
void adopt_authd_open(struct master *m);
bool adopt_gone(struct role *r);

/* retire.c: all workers that serve now take no new connections and end with their last session, or when their time is
 * over. */
void retire_all(struct master *m);
void retire_arm(struct master *m);
/* A retiring worker has ended: its place is free. */
void retire_gone(struct role *r);
/* A place that nobody has: n workers from index *ret_first on. False: there are too many already. */
bool retire_room(const struct master *m, unsigned n, unsigned *ret_first) MUST_CHECK;
/* Nobody is in it. */
bool role_vacant(const struct role *r);
struct role *role_place(struct master *m) MUST_CHECK; /* for one more; NULL: none */

/* lans.c: the interfaces of pools { dhcp }: those that have come, gone or changed, and tells authd. */
void lans_look(struct master *m);
/* All of them, for an authd that has just been started. */
void lans_lend(struct master *m, struct role *authd);
void lans_close(struct master *m);
/* lans.c: authd says which addresses there are sessions'. */
void lans_lease(struct role *r, const struct imsg *msg);

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
/* The answer to an order. */
void control_done(const struct role *r, uint32_t ask, enum admin_outcome outcome, const char *words);

/* master.c */
void master_stop(struct master *m, int status);
/* No new connections; the server ends with its last session. */
void master_drain(struct master *m);
/* Every role, and we, log so much from now on. */
void master_log_level(struct master *m, enum event_level level);
bool master_watch_role(struct master *m, struct role *r, int fd) MUST_CHECK; /* takes fd */
void master_tell(struct role *r, enum role_msg type, uint32_t id);           /* if it runs */
enum { MASTER_GRACE = 6000, MASTER_CUT = 8000 }; /* for sessions to say goodbye; then their worker is killed */
/* The loop and its signals; what is kept of our rights; ends of children that have come already. */
bool master_prepare(struct master *m) MUST_CHECK;
bool master_give_up_rights(void) MUST_CHECK;
void master_reap(struct master *m);
void master_own_line(void *ctx, const char *line, size_t n); /* ctx is the master: a line of ours is kept */
/* Runs, if `started`, until the end, and takes all of it apart. Exit status. */
int master_run(struct master *m, bool started);

#endif

/* Our client against our server, in memory, under a virtual clock: two tunnels, two byte pipes, and somebody who knows
 * the users. Nothing here waits or listens; a run with the same seed is the same run. */
#ifndef ADIT_TESTS_TWIN_H
#define ADIT_TESTS_TWIN_H

#include "auth/eap_server.h"
#include "session/tunnel.h"

enum { TWIN_PIPE = 262144, TWIN_IN = 16384, TWIN_LOG = 64 };
enum { TWIN_ALL = 0, TWIN_RANDOM = -1 }; /* twin.chunk: everything at once; 1 to 4096 bytes, drawn */

/* Who answers the server's questions, in authd's place. */
struct twin_judge {
    struct env env;
    const char *user, *password; /* the one user there is */
    unsigned refuse_code;        /* != 0: the account may not log in */
    bool no_key;                 /* forget the binding key, as a RADIUS server without MPPE keys does */
    bool no_address;             /* accept, but with nothing to hand out */
    bool silent;                 /* never answer */
    msec after;                  /* answer only so much later */
    struct eap_server eap;
    /* the answer under way */
    bool pending;
    uint32_t ask;
    msec due;
    struct auth_verdict verdict;
    uint8_t bytes[AUTH_EAP_MAX];
    char text[AUTH_TEXT_MAX];
    unsigned asked;
};

/* What reached one end, as operations that a fuzz target replays: see tests/fuzz/session/tunnel_ops.h. */
enum tape_op { TAPE_FEED, TAPE_WALK, TAPE_TICK, TAPE_ANSWER, TAPE_REFUSE, TAPE_CLOSE, TAPE_LOST, TAPE_PULL, TAPE_OPS };
struct tape {
    uint8_t bytes[65536];
    size_t n;
};

/* One end and what it reported. `log` has a letter for each event: U pgraded, Q uestion, A uthenticated, C onnected,
 * N etwork up, I dentification, D own. */
struct twin_end {
    struct tunnel t;
    struct tunnel_work work;
    struct env env;
    uint64_t dice;
    char log[TWIN_LOG];
    size_t log_len;
    struct tunnel_event up, down; /* the last of each; slices are gone */
    char down_text[256], ident[128], host[128], correlation[64];
    uint8_t hash;
    uint8_t in[TWIN_IN]; /* arrived, not taken yet */
    size_t in_len;
    bool gone;            /* closed its side: what arrives is lost */
    uint64_t packets;     /* user packets received */
    uint8_t packet[4096]; /* the last one */
    size_t packet_len;
    struct tape *tape; /* NULL: not recorded */
};

struct twin_pipe {
    uint8_t bytes[TWIN_PIPE];
    size_t head, len;
    uint64_t total;
};

struct twin {
    struct tunnel_conf client_conf, server_conf;
    struct params params;
    struct twin_end client, server;
    struct twin_pipe up, down; /* client to server, server to client */
    struct twin_judge judge;
    int chunk;
    bool feed_only; /* tunnel_feed() instead of tunnel_walk() */
    uint64_t dice;
    msec now;
};

/* Right on both sides: user "alice", password "correct horse", one certificate, one IPv4 address; to be bent by the test. */
void twin_init(struct twin *w, enum auth_method method, uint64_t seed);
/* Initialises both tunnels with the configurations as they are now. */
void twin_start(struct twin *w);
/* Until nothing moves any more at this instant. */
void twin_settle(struct twin *w);
/* Settles, then lets the time pass, stopping at each deadline on the way. */
void twin_run(struct twin *w, msec ms);
/* One turn only: pull both, deliver one chunk each way. False: nothing moved. */
bool twin_turn(struct twin *w);
/* Sends an IP packet of n bytes, filled with a pattern; false: tunnel_data_head() said no. */
bool twin_send(struct twin *w, struct twin_end *from, int family, size_t n);
/* Both connections are cut. */
void twin_cut(struct twin *w);
void twin_done(struct twin *w);
/* A generator for struct env: the same numbers for the same seed. ctx is a uint64_t. */
void twin_random(void *ctx, uint8_t *dst, size_t n);
/* Judges an ASK event: the verdict is left in `j`. */
void twin_judge_ask(struct twin_judge *j, const struct tunnel_event *e, msec now);

#endif

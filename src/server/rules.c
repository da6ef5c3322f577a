/* The monitor's tables: who may say what to whom, in which phase, how long, with how many descriptors.
 * What stands in no row may not be said; imsg_check() ends the sender. */
#include "server/roles.h"

#include "net/ether.h"

#define SETUP    ROLE_SETUP
#define RUN      ROLE_RUN
#define LIVE     (ROLE_RUN | ROLE_ENDING)
#define ALWAYS   (ROLE_SETUP | ROLE_RUN | ROLE_ENDING)
#define N(rules) (sizeof(rules) / sizeof((rules)[0]))

enum { COUNTERS_MIN = 6 * 8 + 2, COUNTERS_MAX = COUNTERS_MIN + ROLE_REASON };
/* A name of 1 to 15 bytes with its length, then hardware and own address; or a prefix. */
enum { LAN_MIN = 2 + 1 + 6 + 4, LAN_MAX = LAN_MIN + 14, LEASE_MIN = 2 + 1 + 18, LEASE_MAX = LEASE_MIN + 14 };
/* Four texts and their lengths, the hash, the user's name, whether it is up, pool and group, the prefixes, how many of them
 * are routed. */
enum {
    HELD_MIN = 8 + 4 * 2 + 32 + 2 + 1 + 2 + 1 + 1,
    HELD_MAX = HELD_MIN + 40 + 64 + 64 + 64 + AUTH_NAME_MAX + 18 * PARAMS_PREFIXES
};

/* clang-format off */
static const struct imsg_rule master_to_worker[] = {
    /* type            phases        min  max       fds */
    { ROLE_CONFIG,      SETUP | RUN,  1,   IMSG_MAX, 0, "configuration" },
    { ROLE_CERTIFICATE, SETUP | RUN,      8,   IMSG_MAX, 0, "certificate" },
    { ROLE_LISTEN,      SETUP | RUN,  0,   0,        1, "listening socket" },
    { ROLE_UNLISTEN,    RUN,          0,   0,        0, "listening socket gone" },
    { ROLE_TUN,         SETUP | RUN,      0,   0,        1, "TUN queue" },
    { ROLE_STEER,       SETUP | RUN,      0,   0,        1, "steering map" },
    { ROLE_LIMITS,      SETUP,        0,   0,        1, "limits" },
    { ROLE_AUTHD,       ALWAYS,       0,   0,        1, "channel to authd" },
    { ROLE_PEER,        SETUP | RUN,  0,   0,        1, "way to another worker" },
    { ROLE_ADMIN,       ALWAYS,       0,   0,        1, "channel to admin" },
    { ROLE_NDP_NONE,    SETUP | RUN,  0,   0,        0, "no neighbours" },
    { ROLE_NDP,         SETUP | RUN,  20,  ROLE_NDP_MAX, 1, "neighbours of clients" },
    { ROLE_START,       SETUP,        0,   0,        0, "start" },
    { ROLE_PING,        ALWAYS,       0,   0,        0, "ping" },
    { ROLE_DRAIN,       SETUP | RUN,  0,   0,        0, "drain" },
    { ROLE_LEVEL,       ALWAYS,       0,   0,        0, "log level" },
    { ROLE_CHANGE,      ALWAYS,       0,   0,        0, "change of authd" },
    { ROLE_STOP,        ALWAYS,       0,   0,        0, "stop" },
};
static const struct imsg_rule master_to_authd[] = {
    { ROLE_CONFIG,      SETUP | RUN,  1,   IMSG_MAX, 0, "configuration" },
    { ROLE_LAN,         SETUP | RUN,  LAN_MIN, LAN_MAX, ETHER_FDS, "LAN" },
    { ROLE_LAN,         SETUP | RUN,  LAN_MIN, LAN_MAX, 0, "LAN gone" },
    { ROLE_WORKER,      RUN,          0,   0,        1, "channel to a worker" },
    { ROLE_START,       SETUP,        0,   0,        0, "start" },
    { ROLE_PING,        ALWAYS,       0,   0,        0, "ping" },
    { ROLE_LEVEL,       ALWAYS,       0,   0,        0, "log level" },
    { ROLE_STOP,        ALWAYS,       0,   0,        0, "stop" },
};
/* Answers to what admin asks master are in admin/msgs.c. */
static const struct imsg_rule master_to_admin_[] = {
    { ROLE_CONTROL,     SETUP,        0,   0,        1, "listening socket of the API" },
    { ROLE_WORKER,      SETUP | RUN,  0,   0,        1, "channel to a worker" },
    { ROLE_START,       SETUP,        0,   0,        0, "start" },
    { ROLE_PING,        ALWAYS,       0,   0,        0, "ping" },
    { ROLE_LEVEL,       ALWAYS,       0,   0,        0, "log level" },
    { ROLE_STOP,        ALWAYS,       0,   0,        0, "stop" },
};
static const struct imsg_rule to_master[] = {
    { ROLE_READY,       SETUP,        0,   0,        0, "ready" },
    { ROLE_PONG,        ALWAYS,       0,   0,        0, "pong" },
    { ROLE_EVENT,       ALWAYS,       1,   ROLE_LINE, 0, "line of the log" },
    { ROLE_NET_UP,      ALWAYS,         13,  ROLE_OWN_MAX,  0, "networks behind a client" },
    { ROLE_NET_DOWN,    ALWAYS,         13,  ROLE_OWN_MAX,  0, "networks behind a client gone" },
    { ROLE_NET_LIMIT,   ALWAYS,         16,  ROLE_LIMIT_MAX,  0, "allowed destinations of a session" },
    { ROLE_NET_ALL,     ALWAYS,         0,   0,        0, "end of networks behind clients" },
    { ROLE_ACCUSE,      ALWAYS,       0,   0,        0, "accusation" },
    { ROLE_LEASE,       ALWAYS,       LEASE_MIN, LEASE_MAX, 0, "leased address" },
};
static const struct imsg_rule worker_to_authd[] = {
    { ROLE_HELD,        RUN,          HELD_MIN, HELD_MAX, 0, "session held" },
    { ROLE_HELD_END,    RUN,          0,   0,        0, "end of sessions held" },
    { ROLE_ASK,         RUN,          70,  8192,     0, "question" },
    { ROLE_UP,          RUN,          8,   8,        0, "session up" },
    { ROLE_CLAIM,       LIVE,         29,  46,       0, "address that a client uses" },
    { ROLE_PROBED,      LIVE,         18,  18,       0, "address asked for" },
    { ROLE_COUNTERS,    LIVE,         COUNTERS_MIN, COUNTERS_MAX, 0, "counters" },
    { ROLE_DOWN,        LIVE,         COUNTERS_MIN, COUNTERS_MAX, 0, "session down" },
};
static const struct imsg_rule authd_to_worker[] = {
    { ROLE_OPEN,        ALWAYS,       0,   0,        0, "open" },
    { ROLE_VERDICT,     ALWAYS,       109, 8192,     0, "verdict" },
    { ROLE_END,         ALWAYS,       10,  10 + ROLE_REASON, 0, "end of a session" },
    { ROLE_OWN,         ALWAYS,       13,  ROLE_OWN_MAX,  0, "owner" },
    { ROLE_DISOWN,      ALWAYS,       13,  ROLE_OWN_MAX,  0, "owner gone" },
    { ROLE_CLAIMED,     ALWAYS,       29,  46,       0, "answer to a claim" },
    { ROLE_PROBE,       ALWAYS,       18,  18,       0, "address to ask for" },
    { ROLE_ASSERT,      ALWAYS,       8,   8,        0, "steering entries" },
};
/* clang-format on */

const struct role_rules role_master_to_worker = { master_to_worker, N(master_to_worker) };
const struct role_rules role_master_to_authd = { master_to_authd, N(master_to_authd) };
const struct role_rules role_master_to_admin = { master_to_admin_, N(master_to_admin_) };
const struct role_rules role_to_master = { to_master, N(to_master) };
const struct role_rules role_worker_to_authd = { worker_to_authd, N(worker_to_authd) };
const struct role_rules role_authd_to_worker = { authd_to_worker, N(authd_to_worker) };

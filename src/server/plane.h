/* A worker's data plane: between its TUN queue, its sessions, and the other workers.
 *
 * Out of the TUN: the owner of the destination gets the packet, here or, over the bounded datagram pair, on another
 * worker; what has no owner is dropped and counted. Into the TUN: what the gate lets pass. The steering map of the kernel
 * is kept equal to the table of owners: set before a session counts as up, cleared only while it is still ours. */
#ifndef ADIT_SERVER_PLANE_H
#define ADIT_SERVER_PLANE_H

#include "config/config.h"
#include "dp/gate.h"
#include "dp/handover.h"
#include "dp/owner.h"
#include "dp/tunq.h"
#include "loop/loop.h"
#include "session/params.h"

enum { PLANE_NETS = 4 * CONFIG_POOLS };

struct plane;

/* Where packets for a session of this worker go; `queue`: not at once. False: there is no such session. */
typedef bool plane_deliver_fn(void *ctx, uint64_t session, const struct batch *packets, bool queue);

/* What a session may do beside sending from its own addresses; all zero: everything. */
struct plane_rules {
    bool isolate;                     /* nothing to or from another session */
    bool limited;                     /* only to `allow`, to us, and to the resolvers that it was told */
    const struct prefix *allow, *dns; /* borrowed */
    unsigned n_allow, n_dns;
};

struct plane_peer {
    struct plane *plane;
    int fd; /* -1: none */
    struct watch *watch;
};

struct plane {
    struct loop *loop;
    uint32_t worker;
    struct tunq tun;
    int steer; /* -1: none */
    struct watch *watch;
    struct arena arena;
    uint8_t *datagram;    /* HANDOVER_MAX */
    struct owners owners; /* all sessions of all workers */
    struct owners fresh;  /* between plane_others_begin() and _end(): what the new authd has told of the others */
    struct plane_peer peers[TUN_QUEUES_MAX];
    struct prefix nets[PLANE_NETS];
    struct gate_nets gate;
    bool renewing;
    bool queue;         /* the TUN queue stands: what is read of it waits in the sessions' */
    struct drops drops; /* of packets that belong to no session */
    plane_deliver_fn *deliver;
    void *ctx;
};

int plane_init(struct plane *p, struct loop *l, uint32_t worker, plane_deliver_fn *deliver, void *ctx) MUST_CHECK;
void plane_done(struct plane *p);
/* Descriptors are taken over. */
/* offload: what tun_offload() switched on. Also while it runs: the interface was made anew. ERR_NOMEM. */
int plane_set_tun(struct plane *p, int fd, unsigned offload) MUST_CHECK;
void plane_set_steer(struct plane *p, int fd);
void plane_set_peer(struct plane *p, uint32_t worker, int fd); /* replaces an older one */
/* The networks of the pools, for their broadcast addresses and ours. Those that were there before stay, after the new ones, as
 * far as there is room: sessions may still have their addresses. */
void plane_set_nets(struct plane *p, const struct config_pool *pools, unsigned n);
/* Everything is there: packets may flow. ERR_NOMEM. */
int plane_start(struct plane *p) MUST_CHECK;

/* A session of this worker is up: table and steering. 0 or an error (then nothing is left behind). */
int plane_own(struct plane *p, uint64_t session, const struct params *params) MUST_CHECK;
/* It is over; what is somebody else's by now is left alone. */
void plane_disown(struct plane *p, uint64_t session, const struct params *params);
/* Sets the steering entries of a session again, where they are ours. */
void plane_assert(struct plane *p, uint64_t session, const struct params *params);
/* Sessions of other workers come and go. */
void plane_other_own(struct plane *p, struct owner who, const struct prefix *prefixes, unsigned n);
void plane_other_disown(struct plane *p, struct owner who, const struct prefix *prefixes, unsigned n);

/* A new authd tells everything again: what it has not told by the end is no longer so. */
void plane_others_begin(struct plane *p);
void plane_others_end(struct plane *p);

/* Is it the first address of a pool, which is ours? */
bool plane_is_own(const struct plane *p, const uint8_t addr16[16]);
/* Packets from a session to the host; drops are counted in the session's set. Returns the first reason for a drop. */
enum drop plane_from_session(struct plane *p, const struct batch *packets, const struct params *params,
                             const struct plane_rules *rules, struct drops *drops);
/* Packets for an isolated session: takes those of other sessions out. */
void plane_to_isolated(const struct plane *p, struct batch *packets, struct drops *drops);

#endif

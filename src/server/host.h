/* What the server does to its host, and how it is undone: interface, addresses, steering, forwarding, NAT.
 *
 * Everything is written into the undo journal before it is done. Only master calls this, with its rights. */
#ifndef ADIT_SERVER_HOST_H
#define ADIT_SERVER_HOST_H

#include "config/config.h"
#include "net/nat.h"
#include "net/tun.h"
#include "net/undo.h"
#include "server/roles.h"

/* An address of a LAN that is a session's. */
struct host_leased {
    char link[16];
    bool stale;
};

/* A network behind a client, or an address of its own that lies beside the pools. */
struct host_routed {
    struct prefix net;
    uint32_t worker;
    uint64_t session;
    bool led;   /* the route is there; false: the host does not allow it, and it was said */
    bool stale; /* an authd that has died said so; its successor has not yet */
};

/* A session that may reach listed destinations only. */
struct host_limit {
    struct role_own own;
    uint8_t scope; /* enum config_scope: where the list stands */
    char name[CONFIG_TITLE];
    bool stale;
};

struct host {
    struct undo *undo;
    int queues[TUN_QUEUES_MAX]; /* -1: none */
    unsigned n_queues;
    unsigned offload;            /* TUN_TSO, TUN_USO: what the interface has */
    bool parked[TUN_QUEUES_MAX]; /* the kernel gives it no packets */
    int steer, steer_program;    /* map; -1: packets are handed over */
    int way;                     /* queue of packets that no entry of the map is for; -1: by their hash */
    int index;                   /* of the interface */
    char outer[16], outer6[16];  /* where packets leave, IPv4 and IPv6; "": no way out yet */
    int outer_index, outer6_index;
    struct prefix nets[NAT_POOLS_MAX]; /* pools whose first address the interface has: also those of sessions that began
                                          with an older configuration */
    unsigned n_nets;
    struct host_routed *routed; /* heap */
    unsigned n_routed;
    struct prefix *leased; /* heap; and beside each: */
    struct host_leased *leases;
    unsigned n_leased;
    bool forwards6;
    struct host_limit *limits; /* heap */
    unsigned n_limits;
    uint64_t foreign; /* what was found in other firewalls; 0: nothing that is in the way */
    unsigned looks;   /* host_check() calls until they are looked at again */
    char *table;      /* the table of NAT and guard as it was made; NULL: cannot be read */
    bool told_lost;   /* that the interface cannot be made anew */
};

void host_init(struct host *h);
/* After an exec: the undo journal is taken over by its descriptor, the rest of h is as it was. Nothing on the host changes.
 * False: said why. */
bool host_adopt(struct host *h, const struct config *c, int journal) MUST_CHECK;
/* Puts back what a killed run left, then sets up for `queues` workers. False: said why, and undone again. */
bool host_up(struct host *h, const struct config *c, unsigned queues) MUST_CHECK;
/* The host is as it was; false: something could not be undone, and it was said. */
bool host_down(struct host *h);
/* Another configuration: addresses of new pools, NAT. False: said why; the host is as it was, but for addresses. */
bool host_reload(struct host *h, const struct config *c) MUST_CHECK;
/* Is everything still there? What others took away is made anew, with an event: the interface (its addresses go to new
 * queues, *ret_new_queues: lend them again), the table of NAT and guard; and the way out is looked for again. */
void host_check(struct host *h, const struct config *c, bool *ret_new_queues);
/* host_queues.c, for an upgrade. Queues number first to first + n - 1 are there for new workers: made anew and parked, or
 * those of workers that have gone. False: said why, and there are as many queues as before. */
bool host_queues_ready(struct host *h, const struct config *c, unsigned first, unsigned n) MUST_CHECK;
/* The kernel gives them packets, and the first one those that are nobody's. False: said why; take them back. */
bool host_queues_use(struct host *h, const struct config *c, unsigned first, unsigned n) MUST_CHECK;
/* There are `before` queues again, and those from `first` on are nobody's. */
void host_queues_back(struct host *h, unsigned before, unsigned first, unsigned n);
/* The worker of this queue has died: nothing is steered to it. Gone for good: no packets without steering either. */
void host_queue_clear(struct host *h, unsigned queue);
void host_queue_leave(struct host *h, unsigned queue);
/* The interface was made anew: those that were parked are again. */
void host_queues_again(struct host *h);

/* host_limits.c: what authd says of a session's destinations; host_limits_sync() puts it into the table. */
void host_limit(struct host *h, const struct role_limit *told);
void host_limits_sync(struct host *h, const struct config *c);
/* Do the two have other lists? */
bool host_limits_differ(const struct config *a, const struct config *b) MUST_CHECK;
/* Says which other firewalls are in the way of clients: if that has changed, or `again`. */
void host_look_foreign(struct host *h, const struct config *c, bool again);
/* Networks behind a client come with its session and go with it, or before it (drop); so do addresses that it made in a /64 of
 * which its pool has a part only. What is said twice is done once. */
void host_routed_up(struct host *h, const struct config *c, const struct prefix *nets, unsigned n, uint32_t worker,
                    uint64_t session);
void host_routed_drop(struct host *h, const struct config *c, const struct prefix *nets, unsigned n, uint32_t worker,
                      uint64_t session);
void host_routed_down(struct host *h, const struct config *c, uint32_t worker, uint64_t session);
/* The host answers ARP for the address on the link, and leads it into the tunnel; or no more. */
void host_leased_up(struct host *h, const struct config *c, const struct prefix *addr, const char *link);
void host_leased_down(struct host *h, const struct config *c, const struct prefix *addr);
/* Is any of them on this link? */
bool host_leases_on(const struct host *h, const char *link);
/* The link is there, perhaps anew: forwarding of what comes in there. False: said why. */
bool host_link(struct host *h, const char *link) MUST_CHECK;
/* authd is another one: begin, then what it says of networks and leases, then end. What was not said again goes. */
void host_tell_again(struct host *h);
void host_told_all(struct host *h, const struct config *c);
/* Have the host's own resolvers changed, which clients are told? Then they are in c->dns now. */
bool host_resolvers_changed(struct config *c);
/* The resolvers that clients are told: those of the configuration, or the host's own; fills c->dns. */
void host_resolvers(struct config *c);

#endif

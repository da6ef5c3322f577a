/* What a session tells its client beside PPP (session/inform.h), and what it may do: from its pool and group. */
#ifndef ADIT_SERVER_CONN_INFORM_H
#define ADIT_SERVER_CONN_INFORM_H

#include "server/plane.h"
#include "server/snapshot.h"
#include "session/inform.h"
#include "session/tunnel.h"

struct conn;

/* Heap: only sessions that are up have one. */
struct conn_inform {
    struct snapshot *snapshot; /* whose lists are told: the newest that was told */
    struct inform machine;
    bool ipv4, ipv6; /* it knows of the network protocol */
    bool work;       /* something may have to be sent */
    struct config_told told;
    uint8_t duid[18];
    struct prefix *routes; /* heap, as many as there are */
    uint8_t claimed[16];   /* conn_claim.c: asked for last, and when */
    msec claimed_at, claims_until;
};

/* A network protocol is up, or down. False: no memory. */
bool conn_inform_up(struct conn *c, const struct tunnel_event *ev) MUST_CHECK;
/* Takes what is for us out of the batch. */
void conn_inform_take(struct conn *c, struct batch *b);
/* conn_claim.c: the client begins to use an address of the /64 that it shares; `asked`: it has asked whether it is free. */
void conn_claim(struct conn *c, const uint8_t addr[16], bool asked);
/* The same for every packet that came from such an address and may not pass yet. False: there was none. */
bool conn_claim_sources(struct conn *c, const struct batch *b);
/* What is due, and what is to be sent. */
void conn_inform_turn(struct conn *c);
msec conn_inform_due(const struct conn *c);
/* Another configuration: the client is told of other resolvers, routes and names. */
void conn_inform_renew(struct conn *c, struct snapshot *s);
void conn_inform_free(struct conn *c);

#endif

/* The engine's talk with the server beside PPP (session/inform_client): its packets are taken out of the stream and put
 * into it here, and the parent is told what came of it. The first word to the parent waits a moment for the second
 * network protocol and for the first offer, so that the host is set up once and as the server wants it. */
#ifndef ADIT_CLIENT_ASKER_H
#define ADIT_CLIENT_ASKER_H

#include "client/msgs.h"
#include "dp/stream.h"
#include "loop/loop.h"
#include "session/inform_client.h"

enum { ASKER_PATIENCE = 500 }; /* ms; a server that tells nothing beside PPP costs this once a call */

struct asker {
    struct inform_client inform;
    struct up_net net;
    bool started, told; /* told: CM_UP was sent since `net` changed last */
    bool offered;       /* an offer waits to be sent */
    struct net_offer offer;
    msec patience; /* until when the first CM_UP may wait */
    bool first_told;
};

/* `plan` and `env` are kept. */
void asker_init(struct asker *a, const struct plan *plan, const struct env *env);
/* A network protocol is up. */
void asker_up(struct asker *a, const struct tunnel_event *ev, msec now);
/* Takes the packets that are for us out of the batch. */
void asker_take(struct asker *a, struct batch *b, msec now);
/* Time: asks what is to be asked, tells the parent what there is to tell. After every turn. */
void asker_turn(struct asker *a, struct stream *s, struct chan *parent, msec now);
/* We hang up: the server is told that its leases are free. It is not waited for: that the tunnel ends says the same. */
void asker_stop(struct asker *a, struct stream *s, msec now);
msec asker_due(const struct asker *a);

#endif

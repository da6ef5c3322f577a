/* What the parts of the authenticator's network half share: server.c has the verbs, the states and the clock;
 * server_pap.c, server_chap.c and server_eap.c each have one protocol's packets. Nobody else includes this. */
#ifndef ADIT_AUTH_SERVER_INT_H
#define ADIT_AUTH_SERVER_INT_H

#include "auth/server.h"

/* One protocol. All four leave the machine in the state that follows. */
struct server_proto {
    uint16_t protocol;
    void (*start)(struct auth_server *a, msec now);
    /* One packet: a borrowed information field. < 0: dropped, for this reason. */
    int (*got)(struct auth_server *a, struct slice frame, msec now);
    /* The verdict on the open question. */
    void (*verdict)(struct auth_server *a, const struct auth_verdict *v, msec now);
    /* Refuses for good, in our own words, answering the peer's packet `id`. */
    void (*refuse)(struct auth_server *a, uint8_t id, const char *why, msec now);
};

extern const struct server_proto server_pap;
extern const struct server_proto server_chap;
extern const struct server_proto server_eap;

/* The only place where the state changes; sets the deadline. */
void server_enter(struct auth_server *a, enum auth_server_state s, msec now);

/* Leaves `q` as an ASK event with a new number and waits for the verdict. */
void server_ask(struct auth_server *a, const struct auth_question *q, msec now);

/* Marks `out` as ready and leaves ACCEPTED (with the verdict's key, if it has one) or REFUSED. */
void server_accepted(struct auth_server *a, const struct auth_verdict *v, msec now);
void server_refused(struct auth_server *a, msec now);

/* Keeps the peer's packet, so that the question can borrow from it; false if it is too long. */
bool server_keep(struct auth_server *a, struct slice frame);

/* Counts a wrong answer; may the peer try again? */
bool server_may_retry(struct auth_server *a, const struct auth_verdict *v);

/* At most n bytes of s. */
struct slice server_cut(struct slice s, size_t n);

#endif

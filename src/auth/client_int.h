/* What the parts of the peer's side share: client.c has the verbs, the states and the clock; client_pap.c,
 * client_chap.c and client_eap.c each have one protocol's packets; client_mschap.c has the arithmetic that CHAP
 * and EAP both carry. Nobody else includes this. */
#ifndef ADIT_AUTH_CLIENT_INT_H
#define ADIT_AUTH_CLIENT_INT_H

#include "auth/client.h"

struct client_proto {
    uint16_t protocol;
    void (*start)(struct auth_client *a, msec now);
    /* One packet: a borrowed information field. < 0: dropped, for this reason. */
    int (*got)(struct auth_client *a, struct slice frame, msec now);
    /* The state's deadline has passed. */
    void (*late)(struct auth_client *a, msec now);
};

extern const struct client_proto client_pap;
extern const struct client_proto client_chap;
extern const struct client_proto client_eap;

/* The only place where the state changes; sets the deadline. */
void client_enter(struct auth_client *a, enum auth_client_state s, msec now);

/* Ends the conversation with an event. Text is copied and cut to AUTH_TEXT_MAX. */
void client_end(struct auth_client *a, enum auth_client_ev_kind kind, struct slice text, msec now);

/* Ends it well. `hlak` is NULL for a method without keys. A second time (the server challenged again during the
 * call) it only ends the round. */
void client_accepted(struct auth_client *a, const uint8_t *hlak, msec now);

/* MS-CHAPv2. */

/* Can the password be hashed at all? Otherwise ends with UNUSABLE. */
bool client_mschap_usable(struct auth_client *a, msec now);

/* Answers a challenge of 16 bytes: fills the 49 bytes of the response value and remembers what proofs need. */
void client_mschap_answer(struct auth_client *a, const uint8_t challenge[16], uint8_t value[49]);

/* Does this Success text prove that the server knows the password, for the answer we gave last? */
bool client_mschap_proven(struct auth_client *a, struct slice text);

/* The binding key of the answer we gave last. The caller wipes. */
void client_mschap_hlak(const struct auth_client *a, uint8_t hlak[HLAK_LEN]);

/* Puts a Failure text into the event fields: code, retry and the words for the user, which borrow from `text`. */
struct slice client_mschap_failure(struct slice text, unsigned *code, bool *retry);

#endif

/* Neighbour discovery of the session's link as both of its ends treat it: which messages are worth a look, and answers
 * to neighbours who ask for an address of ours (RFC 4861 7.2). Routers and prefixes are not here: who tells and who is
 * told differ (inform_ra.c, inform_client_nd.c). */
#ifndef ADIT_SESSION_INFORM_ND_H
#define ADIT_SESSION_INFORM_ND_H

#include "session/inform_pkt.h"
#include "wire/nd.h"

/* A neighbour solicitation to be answered: the last one counts. */
struct inform_ask_nd {
    bool wanted;
    bool solicited; /* it came from somebody's address; else from one who is about to take the target */
    uint8_t to[16], target[16];
};

/* Is the packet neighbour discovery? Then it must not leave the link, understood or not. *ret_type: enum nd_type, or 0
 * for a message that is not as RFC 4861 wants it and must be ignored. */
bool inform_nd_is(const struct ip_view *ip, uint8_t *ret_type);
/* For a packet of type ND_NS: the address that is asked for. */
void inform_nd_target(const struct ip_view *ip, uint8_t out[16]);
/* The target of this solicitation is ours: what is to be answered. */
void inform_nd_ask(const struct ip_view *ip, struct inform_ask_nd *ret_a);
/* The neighbour advertisement. */
void inform_nd_answer(const struct inform_ask_nd *a, bool router, struct wr *w);

#endif

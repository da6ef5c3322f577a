/* Configure packets of any control protocol: the reply to the peer's, and whether the peer's reply is one to ours.
 *
 * Internal to ppp/: used by cp.c only. */
#ifndef ADIT_PPP_CP_CONF_H
#define ADIT_PPP_CP_CONF_H

#include "ppp/cp.h"

/* What a Configure-Request deserves. */
struct cp_reply {
    uint8_t code; /* CP_CONF_ACK, CP_CONF_NAK or CP_CONF_REJ */
    size_t len;   /* of `options`; for an Ack 0: the peer's own options go back */
    uint8_t options[CP_REPLY_MAX];
};

/* Judges the options of a Configure-Request. ERR_* if they are malformed: discard the packet. */
int cp_conf_judge(struct cp *cp, struct cp_port *port, struct slice options, struct cp_reply *ret_reply) MUST_CHECK;

/* Is this Ack, Nak or Reject the one answer to our last Configure-Request? */
bool cp_conf_answers(const struct cp *cp, const struct cp_pkt *pkt);

/* Tells the protocol about each option of a Nak or Reject that passed cp_conf_answers(). */
void cp_conf_learn(struct cp *cp, struct cp_port *port, const struct cp_pkt *pkt);

#endif

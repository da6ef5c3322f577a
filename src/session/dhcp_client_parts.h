/* The parts of session/dhcp_client among themselves: its frames (dhcp_client_pkt.c) and its states (dhcp_client.c). */
#ifndef ADIT_SESSION_DHCP_CLIENT_PARTS_H
#define ADIT_SESSION_DHCP_CLIENT_PARTS_H

#include "session/dhcp_client.h"

/* The message c->send. */
void dhcp_client_put(const struct dhcp_client *c, struct wr *w, msec now);
/* RFC 5227 2.1.1: who has it? Asked by nobody. */
void dhcp_client_put_probe(const struct dhcp_client *c, struct wr *w);
/* What an offer or an acknowledgement grants; *l keeps nothing of before. False: it lacks what it must have. */
bool dhcp_client_read(const struct dhcp_heard *h, struct dhcp_lease *l);

#endif

/* The parts of session/inform among themselves: one file each for DHCP, DHCPv6, neighbour discovery and echo. */
#ifndef ADIT_SESSION_INFORM_PARTS_H
#define ADIT_SESSION_INFORM_PARTS_H

#include "session/inform.h"

/* Each takes a packet of its protocol (true: it was for us) and leaves a question; each makes the answer to it. */
bool inform_dhcp4_packet(struct inform *i, const struct ip_view *ip);
void inform_dhcp4_put(const struct inform *i, struct wr *w);
bool inform_dhcp6_packet(struct inform *i, const struct ip_view *ip);
void inform_dhcp6_put(const struct inform *i, struct wr *w);
bool inform_nd_packet(struct inform *i, const struct ip_view *ip, msec now);
bool inform_echo_packet(struct inform *i, const struct ip_view *ip, msec now);
void inform_echo_put(const struct inform *i, struct wr *w);

/* Advertisements begin; tick; one packet. *ret_more: the names did not fit and want one of their own. */
void inform_ra_start(struct inform *i, msec now);
void inform_ra_tick(struct inform *i, msec now);
void inform_ra_put(const struct inform *i, struct wr *w, bool *ret_more);
void inform_ra_put_names(const struct inform *i, struct wr *w);

#endif

/* The parts of session/inform_client among themselves. */
#ifndef ADIT_SESSION_INFORM_CLIENT_PARTS_H
#define ADIT_SESSION_INFORM_CLIENT_PARTS_H

#include "session/inform_client.h"

/* When something told now for that many seconds ends. */
static inline msec inform_until(uint32_t seconds, msec now)
{
    return seconds == UINT32_MAX ? NEVER : tick_after(now, SECONDS(seconds));
}

uint32_t inform_random(const struct env *env);
/* Opens a question with a number of its own; it goes out at once and is due again after `gap`. */
void inform_ask_open(struct inform_ask *a, const struct env *env, msec gap, msec now);
void inform_ask_close(struct inform_ask *a);

/* inform_client_dhcp4.c */
void inform_client_dhcp4_start(struct inform_client *c, msec now);
void inform_client_dhcp4_tick(struct inform_client *c, msec now);
bool inform_client_dhcp4_packet(struct inform_client *c, const struct ip_view *ip, msec now);
void inform_client_dhcp4_put(const struct inform_client *c, struct wr *w, msec now);

/* inform_client_nd.c */
void inform_client_nd_start(struct inform_client *c, msec now);
void inform_client_nd_tick(struct inform_client *c, msec now);
bool inform_client_nd_packet(struct inform_client *c, const struct ip_view *ip, msec now);
void inform_client_rs_put(const struct inform_client *c, struct wr *w);

/* inform_client_dhcp6.c: begins what the router's flags and the configuration ask for */
void inform_client_dhcp6_start(struct inform_client *c, msec now);
/* Names are asked for anew, if they have been answered already. */
void inform_client_info_again(struct inform_client *c, msec now);
void inform_client_dhcp6_stop(struct inform_client *c, msec now);
void inform_client_dhcp6_tick(struct inform_client *c, msec now);
bool inform_client_dhcp6_packet(struct inform_client *c, const struct ip_view *ip, msec now);
void inform_client_info_put(const struct inform_client *c, struct wr *w, msec now);
void inform_client_lease_put(const struct inform_client *c, struct wr *w, msec now);

/* inform_offer.c: forgets what is over, and makes the offer of the rest (after it was forgotten) */
void inform_offer_expire(struct inform_client *c, msec now);
msec inform_offer_due(const struct inform_client *c);
void inform_offer_make(const struct inform_client *c, struct net_offer *ret_offer);
/* Our address in an autonomous /64. */
void inform_offer_address(const struct inform_client *c, const struct prefix *p, uint8_t out[16]);

#endif

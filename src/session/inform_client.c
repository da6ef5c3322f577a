/* The frame of session/inform_client: who takes a packet, what is asked next, when an offer is made. The protocols are
 * in inform_client_dhcp4.c, inform_client_dhcp6.c and inform_client_nd.c, the offer in inform_offer.c. */
#include "session/inform_client_parts.h"

uint32_t inform_random(const struct env *env)
{
    uint8_t bytes[4];
    env->random(env->ctx, bytes, sizeof bytes);
    struct rd r = rd_of(bytes, sizeof bytes);
    return rd_u32(&r);
}

void inform_ask_open(struct inform_ask *a, const struct env *env, msec gap, msec now)
{
    *a = (struct inform_ask){ .open = true, .wanted = true, .xid = inform_random(env), .tries = 1, .began = now };
    a->gap = gap;
    a->due = tick_after(now, gap);
}

void inform_ask_close(struct inform_ask *a)
{
    *a = (struct inform_ask){ .due = NEVER };
}

void inform_client_init(struct inform_client *c, const struct inform_client_conf *conf, const struct env *env)
{
    memset(c, 0, sizeof *c);
    c->conf = *conf;
    c->env = env;
    inform_ask_close(&c->ask4);
    inform_ask_close(&c->ask_rs);
    inform_ask_close(&c->ask_info);
    inform_ask_close(&c->ask_lease);
}

/* An event if what holds now is not what was said last. True: so it is. */
static bool look(struct inform_client *c, msec now)
{
    struct net_offer offer;
    inform_offer_expire(c, now);
    inform_offer_make(c, &offer);
    if (memcmp(&offer, &c->offer, sizeof offer) == 0) /* both were zeroed before they were filled */
        return false;
    memcpy(&c->offer, &offer, sizeof offer);
    c->event_set = true;
    return true;
}

/* An advertisement that says something new tells that the server's mind has changed, perhaps also in what only DHCP
 * says. */
static void ask_again(struct inform_client *c, msec now)
{
    if (c->dhcp4.heard)
        inform_client_dhcp4_start(c, now);
    inform_client_info_again(c, now);
}

void inform_client_ipv4_up(struct inform_client *c, uint32_t addr, msec now)
{
    if (c->ipv4 && c->addr == addr)
        return;
    c->ipv4 = true;
    c->addr = addr;
    memset(&c->dhcp4, 0, sizeof c->dhcp4);
    inform_client_dhcp4_start(c, now);
    look(c, now);
}

void inform_client_ipv6_up(struct inform_client *c, const uint8_t our_id[8], msec now)
{
    if (c->ipv6 && memcmp(c->id, our_id, sizeof c->id) == 0)
        return;
    c->ipv6 = true;
    memcpy(c->id, our_id, sizeof c->id);
    inform_link_local(our_id, c->ll);
    memset(&c->ra, 0, sizeof c->ra);
    memset(&c->dhcp6, 0, sizeof c->dhcp6);
    inform_ask_close(&c->ask_info);
    inform_ask_close(&c->ask_lease);
    c->lease_state = INFORM_LEASE_OFF;
    c->na.wanted = false;
    inform_client_nd_start(c, now);
    look(c, now);
}

void inform_client_stop(struct inform_client *c, msec now)
{
    inform_ask_close(&c->ask4);
    inform_ask_close(&c->ask_rs);
    inform_ask_close(&c->ask_info);
    c->na.wanted = false;
    inform_client_dhcp6_stop(c, now);
}

static bool take(struct inform_client *c, const struct ip_view *ip, msec now)
{
    if (ip->version == 4)
        return c->ipv4 && inform_client_dhcp4_packet(c, ip, now);
    if (!c->ipv6)
        return false;
    return ip->proto == IP_ICMP6 ? inform_client_nd_packet(c, ip, now) : inform_client_dhcp6_packet(c, ip, now);
}

bool inform_client_packet(struct inform_client *c, struct slice packet, msec now)
{
    struct ip_view ip;
    bool had_ra = c->ra.heard;
    if (ip_parse(packet, &ip) < 0 || !take(c, &ip, now))
        return false;
    if (look(c, now) && had_ra && ip.proto == IP_ICMP6)
        ask_again(c, now);
    return true;
}

static bool take_wanted(bool *wanted)
{
    bool was = *wanted;
    *wanted = false;
    return was;
}

size_t inform_client_pull(struct inform_client *c, uint8_t *dst, size_t cap, msec now)
{
    if (cap < INFORM_PACKET_MAX)
        return 0;
    struct wr w = wr_of(dst, INFORM_PACKET_MAX);
    if (take_wanted(&c->ask4.wanted))
        inform_client_dhcp4_put(c, &w, now);
    else if (take_wanted(&c->ask_rs.wanted))
        inform_client_rs_put(c, &w);
    else if (take_wanted(&c->na.wanted))
        inform_nd_answer(&c->na, false, &w);
    else if (take_wanted(&c->ask_info.wanted))
        inform_client_info_put(c, &w, now);
    else if (take_wanted(&c->ask_lease.wanted))
        inform_client_lease_put(c, &w, now);
    return wr_len(&w);
}

bool inform_client_event(struct inform_client *c, struct net_offer *out)
{
    if (!c->event_set)
        return false;
    c->event_set = false;
    *out = c->offer;
    return true;
}

void inform_client_tick(struct inform_client *c, msec now)
{
    inform_client_dhcp4_tick(c, now);
    inform_client_nd_tick(c, now);
    inform_client_dhcp6_tick(c, now);
    look(c, now);
}

msec inform_client_due(const struct inform_client *c)
{
    msec v6 = tick_min(c->ask_rs.due, tick_min(c->ask_info.due, c->ask_lease.due));
    return tick_min(tick_min(c->ask4.due, v6), inform_offer_due(c));
}

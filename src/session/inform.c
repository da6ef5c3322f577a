/* The frame of session/inform: who takes a packet, what is sent next. The protocols are in inform_dhcp4.c,
 * inform_dhcp6.c, inform_ra.c, inform_nd.c and inform_echo.c. */
#include "session/inform_parts.h"

enum { MTU = 1400, VALID = 86400, PREFERRED = 14400 };

static void set_conf(struct inform *i, const struct inform_conf *conf)
{
    i->conf = *conf;
    if (i->conf.mtu == 0)
        i->conf.mtu = MTU;
    if (i->conf.valid == 0) {
        i->conf.valid = VALID;
        i->conf.preferred = PREFERRED;
    }
    if (i->conf.preferred > i->conf.valid)
        i->conf.preferred = i->conf.valid;
    if (i->conf.n_search > DNS_NAMES_MAX)
        i->conf.n_search = DNS_NAMES_MAX;
    if (i->conf.n_dns6 > INFORM_DNS6)
        i->conf.n_dns6 = INFORM_DNS6;
}

void inform_init(struct inform *i, const struct inform_conf *conf, const struct env *env)
{
    *i = (struct inform){ .env = env, .ra_due = NEVER, .rs_due = NEVER };
    set_conf(i, conf);
}

void inform_ipv4_up(struct inform *i, uint32_t client)
{
    i->ipv4 = client != 0 && i->conf.server_ipv4 != 0;
    i->client_ipv4 = client;
    i->ask4.wanted = false;
}

void inform_ipv6_up(struct inform *i, const uint8_t our_id[8], msec now)
{
    i->ipv6 = true;
    inform_link_local(our_id, i->our_ll);
    i->ask6.wanted = i->na.wanted = i->echo.wanted = false;
    inform_ra_start(i, now);
}

void inform_update(struct inform *i, const struct inform_conf *conf, msec now)
{
    set_conf(i, conf);
    if (i->ipv6)
        inform_ra_start(i, now);
}

bool inform_packet(struct inform *i, struct slice packet, msec now)
{
    struct ip_view ip;
    if (ip_parse(packet, &ip) < 0)
        return false;
    if (ip.version == 4)
        return i->ipv4 && inform_dhcp4_packet(i, &ip);
    if (!i->ipv6)
        return false;
    if (ip.proto != IP_ICMP6)
        return inform_dhcp6_packet(i, &ip);
    return inform_nd_packet(i, &ip, now) || inform_echo_packet(i, &ip, now);
}

/* Writes the next answer; nothing if none is wanted. */
static void put_next(struct inform *i, struct wr *w)
{
    if (i->ra_wanted) {
        i->ra_wanted = false;
        inform_ra_put(i, w, &i->ra_names_wanted);
    } else if (i->ra_names_wanted) {
        i->ra_names_wanted = false;
        inform_ra_put_names(i, w);
    } else if (i->na.wanted) {
        i->na.wanted = false;
        inform_nd_answer(&i->na, true, w);
    } else if (i->echo.wanted) {
        i->echo.wanted = false;
        inform_echo_put(i, w);
    } else if (i->ask6.wanted) {
        i->ask6.wanted = false;
        inform_dhcp6_put(i, w);
    } else if (i->ask4.wanted) {
        i->ask4.wanted = false;
        inform_dhcp4_put(i, w);
    }
}

size_t inform_pull(struct inform *i, uint8_t *dst, size_t cap)
{
    if (cap < INFORM_PACKET_MAX)
        return 0;
    struct wr w = wr_of(dst, INFORM_PACKET_MAX);
    put_next(i, &w);
    return wr_len(&w);
}

void inform_tick(struct inform *i, msec now)
{
    inform_ra_tick(i, now);
}

msec inform_due(const struct inform *i)
{
    return tick_min(i->ra_due, i->rs_due);
}

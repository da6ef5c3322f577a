/* The client's inform machine: packets of a server and time, as operations taken from the input. After each, what must
 * always hold: questions are well formed and few, offers are within bounds and differ from the one before, and whoever
 * serves a deadline has a later one. */
#include <stdlib.h>

#include "fuzz.h"
#include "inform_ops.h"
#include "session/inform_client.h"

struct bed {
    struct inform_client c;
    struct env env;
    uint32_t dice;
    msec now;
    struct net_offer last;
    bool had;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_offer(const struct net_offer *o)
{
    must(o->n_addresses <= NET_ADDRESSES && o->n_routes <= NET_ROUTES && o->n_dns <= NET_DNS);
    must(o->n_nbns <= NET_NBNS && o->n_search <= DNS_NAMES_MAX && o->n_delegated <= NET_DELEGATED);
    must(!o->domain.text[0] || dns_name_ok(o->domain.text));
    for (unsigned n = 0; n < o->n_search; n++)
        must(dns_name_ok(o->search[n].text));
    for (unsigned n = 0; n < o->n_routes; n++)
        must(o->routes[n].to.len <= (o->routes[n].to.family == 4 ? 32 : 128));
    must(o->mtu6 == 0 || o->mtu6 >= 1280);
    if (o->n_routes && (o->n_addresses || o->n_delegated))
        FUZZ_REACHED();
}

static void settle(struct bed *b)
{
    static uint8_t buf[INFORM_PACKET_MAX];
    struct net_offer offer;
    unsigned packets = 0;
    size_t n;
    while ((n = inform_client_pull(&b->c, buf, sizeof buf, b->now))) {
        struct ip_view ip;
        struct udp_view udp;
        uint8_t type;
        must(++packets <= 5);
        must(ip_parse(slice_of(buf, n), &ip) == 0 && ip.whole.n == n && n <= INFORM_IP6_MAX);
        must(ip.proto == IP_ICMP6 ? nd_check(&ip, &type) == 0 : inform_udp_read(&ip, &udp) == 0);
    }
    while (inform_client_event(&b->c, &offer)) {
        must(!b->had || memcmp(&offer, &b->last, sizeof offer) != 0);
        check_offer(&offer);
        memcpy(&b->last, &offer, sizeof offer);
        b->had = true;
    }
}

static void feed(struct bed *b, struct slice packet)
{
    uint8_t *copy = malloc(packet.n ? packet.n : 1);
    must(copy != NULL);
    if (packet.n)
        memcpy(copy, packet.p, packet.n);
    bool maybe = inform_client_maybe(slice_of(copy, packet.n));
    bool taken = inform_client_packet(&b->c, slice_of(copy, packet.n), b->now);
    must(maybe || !taken);
    free(copy);
}

static void pass(struct bed *b, msec t)
{
    msec until = b->now + t;
    unsigned still = 0;
    while (inform_client_due(&b->c) <= until) {
        msec before = b->now;
        b->now = inform_client_due(&b->c) > b->now ? inform_client_due(&b->c) : b->now;
        still = b->now == before ? still + 1 : 0;
        must(still < 8); /* Bound, Renew, Rebind, Solicit may follow each other at once, not for ever */
        inform_client_tick(&b->c, b->now);
        settle(b);
    }
    b->now = until;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bed b;
    struct rd in = rd_of(data, size);
    unsigned flags = rd_u8(&in);
    struct inform_client_conf conf = { flags & 1, slice_of(ops_client_duid, flags & 2 ? sizeof ops_client_duid : 0) };
    b = (struct bed){ .now = 1000, .dice = 7 };
    b.env = (struct env){ .ctx = &b.dice, .random = ops_random };
    inform_client_init(&b.c, &conf, &b.env);
    inform_client_ipv4_up(&b.c, OPS_CLIENT4, b.now);
    inform_client_ipv6_up(&b.c, ops_client_ll + 8, b.now);
    settle(&b);
    for (unsigned k = 0; k < 500 && rd_left(&in); k++) {
        static uint8_t buf[2048];
        unsigned op = rd_u8(&in);
        if ((op & 7) == 7) {
            pass(&b, rd_u16(&in) * 100u);
        } else {
            struct wr w = wr_of(buf, sizeof buf);
            uint32_t xid = (op & 7) == 0 ? b.c.ask4.xid : op & 0x20 ? b.c.ask_info.xid : b.c.ask_lease.xid;
            ops_packet(&w, op, false, op & 0x10 ? xid + 1 : xid, &in);
            feed(&b, wr_slice(&w));
        }
        settle(&b);
    }
    return 0;
}

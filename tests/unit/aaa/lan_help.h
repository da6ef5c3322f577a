/* Leases from LANs in a bed: virtual time, a DHCP server made by hand behind struct lan_ops, and what was said last. */
#ifndef ADIT_TESTS_LAN_HELP_H
#define ADIT_TESTS_LAN_HELP_H

#include "aaa/lan.h"
#include "session/dhcp_client.h"
#include "session/inform_pkt.h"

enum { LAN_BOOK_SLOTS = 64, LAN_FIRST = 0x0a090064, LAN_SERVER = 0x0a090001, LAN_SECONDS = 1000 };

static const uint8_t lan_server_mac[6] = { 2, 0, 0, 0, 0, 0xfe };

static struct {
    struct lan *l;
    struct env env;
    uint32_t dice;
    msec now;
    uint64_t wall;
    uint8_t book[LAN_BOOK_SLOTS * LAN_RECORD];
    /* the network */
    bool silent, same;             /* it does not answer; it gives everybody the first address */
    uint8_t nak_type;              /* a request of this kind is refused: see lan_serve() */
    uint8_t ids[16][32], n_id[16]; /* whose address is LAN_FIRST + index */
    unsigned n_ids;
    uint8_t last[DHCP_CLIENT_FRAME];
    size_t n_last;
    unsigned sent[9]; /* by type */
    char link[16];
    /* what was said */
    unsigned n_up, n_down, n_answers, n_refused, n_lost;
    uint32_t up, down;
    struct lan_given given;
    char why[128];
    uint32_t worker;
    uint64_t session;
} lan_bed;

/* A frame goes out: it is kept, for lan_serve(). */
static void lan_bed_send(void *ctx, const char *link, struct slice frame)
{
    struct ip_view ip;
    struct udp_view udp;
    struct dhcp4 m;
    (void)ctx;
    snprintf(lan_bed.link, sizeof(lan_bed.link), "%s", link);
    if (frame.p[13] != 0)
        return; /* ARP */
    assert_int_equal(ip_parse(slice_of(frame.p + 14, frame.n - 14), &ip), 0);
    assert_int_equal(inform_udp_read(&ip, &udp), 0);
    assert_int_equal(dhcp4_decode(udp.payload, &m), 0);
    lan_bed.sent[m.type]++;
    memcpy(lan_bed.last, frame.p, frame.n);
    lan_bed.n_last = frame.n;
}

static void lan_bed_host(void *ctx, bool up, uint32_t addr, const char *link)
{
    (void)ctx;
    (void)link;
    lan_bed.n_up += up;
    lan_bed.n_down += !up;
    *(up ? &lan_bed.up : &lan_bed.down) = addr;
}

static void lan_bed_write(void *ctx, uint32_t slot, const uint8_t record[LAN_RECORD])
{
    (void)ctx;
    assert_true(slot < LAN_BOOK_SLOTS);
    memcpy(lan_bed.book + slot * LAN_RECORD, record, LAN_RECORD);
}

static void lan_bed_answer(void *ctx, uint32_t worker, uint64_t session, const struct lan_given *given, const char *why)
{
    (void)ctx;
    lan_bed.worker = worker;
    lan_bed.session = session;
    lan_bed.n_answers++;
    lan_bed.n_refused += !given;
    if (given)
        lan_bed.given = *given;
    else
        snprintf(lan_bed.why, sizeof(lan_bed.why), "%s", why);
}

static void lan_bed_lost(void *ctx, uint32_t worker, uint64_t session, const char *why)
{
    (void)ctx;
    lan_bed.worker = worker;
    lan_bed.session = session;
    lan_bed.n_lost++;
    snprintf(lan_bed.why, sizeof(lan_bed.why), "%s", why);
}

static uint64_t lan_bed_wall(void *ctx)
{
    (void)ctx;
    return lan_bed.wall + lan_bed.now / 1000;
}

static void lan_bed_dice(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        lan_bed.dice = lan_bed.dice * 1664525u + 1013904223u;
        dst[i] = (uint8_t)(lan_bed.dice >> 24);
    }
}

static const struct lan_ops lan_bed_ops = { .send = lan_bed_send,
                                            .host = lan_bed_host,
                                            .write = lan_bed_write,
                                            .answer = lan_bed_answer,
                                            .lost = lan_bed_lost,
                                            .wall = lan_bed_wall };

/* Another process of the same server: the book and the network stay. */
static inline void lan_bed_again(void)
{
    lan_free(lan_bed.l);
    lan_bed.n_up = lan_bed.n_down = lan_bed.n_answers = lan_bed.n_refused = lan_bed.n_lost = 0;
    memset(lan_bed.sent, 0, sizeof(lan_bed.sent));
    lan_bed.env = (struct env){ .random = lan_bed_dice };
    lan_bed.l = lan_new(&lan_bed.env, &lan_bed_ops);
    assert_non_null(lan_bed.l);
}

static inline void lan_bed_plug(const char *name)
{
    struct lan_link link = { .mac = { 2, 0, 0, 0, 0, 1 }, .own = 0x0a090002 };
    snprintf(link.name, sizeof(link.name), "%s", name);
    assert_int_equal(lan_link_up(lan_bed.l, &link, lan_bed.now), 0);
}

static inline void lan_bed_begin(void)
{
    memset(&lan_bed, 0, sizeof(lan_bed));
    lan_bed.now = 100000000;
    lan_bed.wall = 1700000000;
    lan_bed_again();
    lan_bed_plug("eth1");
}

static inline int lan_bed_end(void **state)
{
    (void)state;
    lan_free(lan_bed.l);
    lan_bed.l = NULL;
    return 0;
}

/* An address of its own for each client identifier. */
static inline uint32_t lan_address(const struct dhcp4 *m)
{
    uint8_t id[32];
    size_t n = 0;
    assert_int_equal(dhcp4_get(m, DHCP4_OPT_CLIENT_ID, id, sizeof(id), &n), 0);
    for (unsigned i = 0; i < lan_bed.n_ids; i++)
        if (lan_bed.n_id[i] == n && memcmp(lan_bed.ids[i], id, n) == 0)
            return LAN_FIRST + (lan_bed.same ? 0 : i);
    assert_true(lan_bed.n_ids < 16);
    memcpy(lan_bed.ids[lan_bed.n_ids], id, n);
    lan_bed.n_id[lan_bed.n_ids] = (uint8_t)n;
    return LAN_FIRST + (lan_bed.same ? 0 : lan_bed.n_ids++);
}

/* The server answers the last frame, if that wants an answer. True: it did. */
static inline bool lan_serve(void)
{
    uint8_t buf[DHCP_CLIENT_FRAME];
    struct ip_view ip;
    struct udp_view udp;
    struct dhcp4 m;
    if (lan_bed.silent || lan_bed.n_last == 0)
        return false;
    assert_int_equal(ip_parse(slice_of(lan_bed.last + 14, lan_bed.n_last - 14), &ip), 0);
    assert_int_equal(inform_udp_read(&ip, &udp), 0);
    assert_int_equal(dhcp4_decode(udp.payload, &m), 0);
    lan_bed.n_last = 0;
    if (m.type != DHCP4_DISCOVER && m.type != DHCP4_REQUEST)
        return false;
    uint8_t kind = m.type == DHCP4_DISCOVER ? DHCP4_OFFER : lan_bed.nak_type ? DHCP4_NAK : DHCP4_ACK;
    const uint32_t addr = lan_address(&m), server = LAN_SERVER, seconds = LAN_SECONDS, dns = 0x0a090035;
    struct dhcp4 a = { .op = DHCP4_BOOTREPLY, .htype = 1, .hlen = 6, .xid = m.xid, .yiaddr = addr, .type = kind };
    struct wr w = wr_of(buf, sizeof(buf));
    memcpy(a.chaddr, m.chaddr, 6);
    wr_bytes(&w, m.chaddr, 6);
    wr_bytes(&w, lan_server_mac, 6);
    wr_u16(&w, 0x800);
    size_t start = inform_udp4_begin(&w, LAN_SERVER, UINT32_MAX, 67, 68), at = w.len;
    dhcp4_put_head(&w, &a);
    dhcp4_put_addrs(&w, DHCP4_OPT_SERVER_ID, &server, 1);
    if (kind != DHCP4_NAK) {
        dhcp4_put_addrs(&w, DHCP4_OPT_LEASE_TIME, &seconds, 1);
        dhcp4_put_addrs(&w, DHCP4_OPT_DNS, &dns, 1);
    }
    dhcp4_put_end(&w, at);
    inform_udp_end(&w, start);
    lan_frame(lan_bed.l, "eth1", wr_slice(&w), true, lan_bed.now);
    return true;
}

/* Time goes on, and the server answers what comes. */
static inline void lan_pass(msec t)
{
    msec until = lan_bed.now + t;
    for (unsigned i = 0; i < 10000; i++) {
        while (lan_serve())
            ;
        if (lan_due(lan_bed.l) > until)
            break;
        lan_bed.now = lan_due(lan_bed.l) > lan_bed.now ? lan_due(lan_bed.l) : lan_bed.now;
        lan_tick(lan_bed.l, lan_bed.now);
    }
    lan_bed.now = until;
}

static inline struct lan_who lan_whose(uint64_t session, const char *user)
{
    return (struct lan_who){ .worker = 1, .session = session, .call = "{T}", .user = user };
}

#endif

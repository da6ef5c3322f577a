/* The DHCP client: answers of a server, ARP, raw frames and time, as operations taken from the input. After each, what must
 * always hold: its frames are well formed and few, a lease is never used past its end, and time moves on. */
#include <stdlib.h>

#include "fuzz.h"
#include "session/dhcp_client.h"
#include "session/inform_pkt.h"

enum { OP_SERVER, OP_ARP, OP_RAW, OP_PASS, OP_RELEASE, OPS };
static const uint8_t own[6] = { 2, 0, 0, 0, 0, 1 };

struct bed {
    struct dhcp_client c;
    struct env env;
    uint32_t dice;
    msec now;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void roll(void *ctx, uint8_t *dst, size_t n)
{
    uint32_t *dice = ctx;
    for (size_t i = 0; i < n; i++) {
        *dice = *dice * 1664525u + 1013904223u;
        dst[i] = (uint8_t)(*dice >> 24);
    }
}

static void settle(struct bed *b)
{
    static uint8_t buf[DHCP_CLIENT_FRAME];
    struct dhcp_client_event ev;
    unsigned frames = 0;
    size_t n;
    while (dhcp_client_event(&b->c, &ev)) {
        must(ev.what != DHCP_CLIENT_GOT || dhcp_client_has(&b->c));
        must((ev.what != DHCP_CLIENT_LOST && ev.what != DHCP_CLIENT_NOT_GOT) || b->c.state == DHCP_CLIENT_ENDED);
        if (ev.what == DHCP_CLIENT_RENEWED)
            FUZZ_REACHED();
    }
    while ((n = dhcp_client_pull(&b->c, buf, sizeof(buf), b->now))) {
        struct ip_view ip;
        struct udp_view udp;
        struct dhcp4 m;
        must(++frames <= 2 && n >= 60);
        if (buf[13] == 6)
            continue;
        must(ip_parse(slice_of(buf + 14, n - 14), &ip) == 0 && inform_udp_read(&ip, &udp) == 0);
        must(dhcp4_decode(udp.payload, &m) == 0 && m.op == DHCP4_BOOTREQUEST && memcmp(m.chaddr, own, 6) == 0);
    }
    must(!dhcp_client_has(&b->c) || b->now < dhcp_lease_ends(&b->c.lease));
    must(b->c.state == DHCP_CLIENT_ENDED || dhcp_client_due(&b->c) != NEVER || b->c.lease.seconds == UINT32_MAX);
}

static void feed(struct bed *b, struct slice frame, bool summed)
{
    struct dhcp_heard h;
    uint8_t *copy = malloc(frame.n ? frame.n : 1);
    must(copy != NULL);
    if (frame.n)
        memcpy(copy, frame.p, frame.n);
    if (dhcp_client_hear(slice_of(copy, frame.n), summed, &h) == 0)
        (void)dhcp_client_feed(&b->c, &h, b->now);
    free(copy);
}

/* A message with the client's own number, and options as they come. */
static void server(struct bed *b, struct rd *in)
{
    static uint8_t buf[DHCP_CLIENT_FRAME];
    struct wr w = wr_of(buf, sizeof(buf));
    struct dhcp4 m = { .op = DHCP4_BOOTREPLY, .htype = 1, .hlen = 6, .xid = b->c.xid };
    m.type = rd_u8(in);
    m.yiaddr = 0x0a010000 | rd_u8(in);
    memcpy(m.chaddr, own, 6);
    wr_bytes(&w, own, 6);
    wr_bytes(&w, own, 6);
    wr_u16(&w, 0x800);
    size_t start = inform_udp4_begin(&w, 0x0a010001, UINT32_MAX, 67, 68), at = w.len;
    dhcp4_put_head(&w, &m);
    wr_put(&w, rd_take(in, rd_u8(in)));
    dhcp4_put_end(&w, at);
    inform_udp_end(&w, start);
    feed(b, wr_slice(&w), true);
}

static void arp(struct bed *b, struct rd *in)
{
    uint8_t buf[42];
    struct wr w = wr_of(buf, sizeof(buf));
    wr_zero(&w, 12);
    wr_u16(&w, 0x806);
    wr_u32(&w, 0x00010800);
    wr_u32(&w, 0x06040002);
    wr_zero(&w, 6);
    wr_u32(&w, 0x0a010000 | rd_u8(in));
    wr_zero(&w, 6);
    wr_u32(&w, 0x0a010000 | rd_u8(in));
    feed(b, wr_slice(&w), true);
}

static void pass(struct bed *b, msec t)
{
    msec until = b->now + t;
    settle(b);
    for (unsigned i = 0; dhcp_client_due(&b->c) <= until; i++) {
        must(i < 20000); /* at most some messages a second */
        b->now = dhcp_client_due(&b->c) > b->now ? dhcp_client_due(&b->c) : b->now;
        dhcp_client_tick(&b->c, b->now);
        settle(b);
        must(dhcp_client_due(&b->c) > b->now);
    }
    b->now = until;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bed b;
    struct dhcp_client_conf conf = { .id = slice_str("\1x"), .host = "h", .patience = 20000 };
    struct rd in = rd_of(data, size);
    unsigned how = rd_u8(&in);
    b = (struct bed){ .now = 1000, .dice = 7 };
    b.env = (struct env){ .ctx = &b.dice, .random = roll };
    memcpy(conf.mac, own, 6);
    conf.wish = how & 1 ? 0x0a010042 : 0;
    struct dhcp_lease l = { .addr = 0x0a010042, .server = 0x0a010001 };
    if (how & 2)
        dhcp_client_resume(&b.c, &conf, &l, &b.env, b.now);
    else
        dhcp_client_init(&b.c, &conf, &b.env, b.now);
    settle(&b);
    for (unsigned k = 0; k < 500 && rd_left(&in); k++) {
        unsigned op = rd_u8(&in);
        if (op % OPS == OP_SERVER)
            server(&b, &in);
        else if (op % OPS == OP_ARP)
            arp(&b, &in);
        else if (op % OPS == OP_RAW)
            feed(&b, rd_take(&in, rd_u8(&in)), op >= 128);
        else if (op % OPS == OP_PASS)
            pass(&b, rd_u16(&in) * 100u);
        else if (op == OP_RELEASE)
            dhcp_client_release(&b.c, b.now);
        if (op < 0xc0) /* else not pulled: the next one may overtake it */
            settle(&b);
    }
    return 0;
}

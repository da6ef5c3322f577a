/* Leases of sessions from LANs: sessions that come and go, a server that says anything, links that go away, and other
 * processes that find the book. Held to: an address is one session's at a time, what was made known to the host is taken
 * back once, nobody is told of an address that the host does not know, and no deadline lies in the past after a tick. */
#include "fuzz.h"

#include "aaa/lan_parts.h"
#include "events/events.h"
#include "session/inform_pkt.h"

#include <fcntl.h>
#include <stdlib.h>

enum { OP_ASK, OP_BACK, OP_SERVER, OP_PASS, OP_LINK, OP_AGAIN, OP_HOLD, OP_DAMAGE, OPS };
enum { SESSIONS = 6, SLOTS = 32, BASE = 0x0a090000 };

static struct {
    struct lan *l;
    struct env env;
    uint32_t dice;
    msec now;
    uint8_t book[SLOTS * LAN_RECORD];
    bool up[256];
    uint32_t holds[SESSIONS]; /* what the session was told; 0: nothing */
    struct dhcp4 last;        /* the client's last message */
    uint8_t mac[6];
    bool any;
} w;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void roll(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        w.dice = w.dice * 1664525u + 1013904223u;
        dst[i] = (uint8_t)(w.dice >> 24);
    }
}

static void on_send(void *ctx, const char *link, struct slice frame)
{
    struct ip_view ip;
    struct udp_view udp;
    (void)ctx;
    must(link[0] == 'e' && frame.n >= 60);
    if (frame.p[13] == 6)
        return;
    must(ip_parse(slice_of(frame.p + 14, frame.n - 14), &ip) == 0 && inform_udp_read(&ip, &udp) == 0);
    must(dhcp4_decode(udp.payload, &w.last) == 0);
    w.any = true;
}

static void on_host(void *ctx, bool up, uint32_t addr, const char *link)
{
    (void)ctx;
    (void)link;
    must(w.up[addr & 0xff] != up); /* once up, once down */
    w.up[addr & 0xff] = up;
}

static void on_write(void *ctx, uint32_t slot, const uint8_t record[LAN_RECORD])
{
    (void)ctx;
    must(slot < SLOTS);
    memcpy(w.book + slot * LAN_RECORD, record, LAN_RECORD);
}

static void on_answer(void *ctx, uint32_t worker, uint64_t session, const struct lan_given *given, const char *why)
{
    (void)ctx;
    must(worker == 1 && session < SESSIONS && !given == !!why);
    if (!given)
        return;
    must(w.up[given->addr & 0xff]);
    for (unsigned i = 0; i < SESSIONS; i++)
        must(i == session || w.holds[i] != given->addr);
    w.holds[session] = given->addr;
    FUZZ_REACHED();
}

static void on_lost(void *ctx, uint32_t worker, uint64_t session, const char *why)
{
    (void)ctx;
    must(worker == 1 && session < SESSIONS && why);
    w.holds[session] = 0;
}

static uint64_t wall(void *ctx)
{
    (void)ctx;
    return 1700000000 + w.now / 1000;
}

static void begin(void)
{
    const struct lan_ops ops = {
        .send = on_send, .host = on_host, .write = on_write, .answer = on_answer, .lost = on_lost, .wall = wall
    };
    lan_free(w.l);
    memset(w.up, 0, sizeof(w.up)); /* master forgets what the new process does not name */
    w.env = (struct env){ .random = roll };
    w.l = lan_new(&w.env, &ops);
    must(w.l != NULL);
}

static void link_up(unsigned which)
{
    struct lan_link link = { .name = "e0", .mac = { 2, 0, 0, 0, 0, 1 }, .own = which & 2 ? 0x0a090002 : 0 };
    link.name[1] = which & 1 ? '1' : '0';
    must(lan_link_up(w.l, &link, w.now) == 0);
}

static void server(struct rd *in)
{
    static uint8_t buf[DHCP_CLIENT_FRAME];
    struct wr f = wr_of(buf, sizeof(buf));
    const uint32_t server_id = 0x0a0900fe;
    struct dhcp4 m = { .op = DHCP4_BOOTREPLY, .htype = 1, .hlen = 6, .xid = w.last.xid };
    m.type = rd_u8(in);
    m.yiaddr = BASE | rd_u8(in);
    uint32_t seconds = rd_u16(in);
    memcpy(m.chaddr, w.last.chaddr, 6);
    wr_bytes(&f, m.chaddr, 6);
    wr_bytes(&f, m.chaddr, 6);
    wr_u16(&f, 0x800);
    size_t start = inform_udp4_begin(&f, server_id, UINT32_MAX, 67, 68), at = f.len;
    dhcp4_put_head(&f, &m);
    dhcp4_put_addrs(&f, DHCP4_OPT_SERVER_ID, &server_id, 1);
    dhcp4_put_addrs(&f, DHCP4_OPT_LEASE_TIME, &seconds, 1);
    dhcp4_put_end(&f, at);
    inform_udp_end(&f, start);
    if (w.any)
        lan_frame(w.l, seconds & 1 ? "e1" : "e0", wr_slice(&f), true, w.now);
}

static void pass(msec t)
{
    msec until = w.now + t;
    for (unsigned i = 0; lan_due(w.l) <= until; i++) {
        must(i < 100000);
        w.now = lan_due(w.l) > w.now ? lan_due(w.l) : w.now;
        lan_tick(w.l, w.now);
        must(lan_due(w.l) > w.now);
    }
    w.now = until;
}

static const char *const users[] = { "alice", "bob", "Alice", "wpad.example" };

static struct lan_who who(unsigned v)
{
    return (struct lan_who){ .worker = 1, .session = v % SESSIONS, .call = "{T}", .user = users[v / SESSIONS % 4] };
}

/* Another process: some sessions still have what they had, the others have gone with the old one. */
static void again(unsigned keep)
{
    begin();
    link_up(keep);
    (void)lan_load(w.l, slice_of(w.book, sizeof(w.book)), w.now);
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct lan_who me = who(i);
        struct lan_given given;
        if (!(keep >> i & 1) || !w.holds[i] || lan_hold(w.l, &me, "e1", w.holds[i], &given, w.now) < 0)
            w.holds[i] = 0;
    }
    lan_settle(w.l, w.now);
}

static void operate(unsigned op, struct rd *in)
{
    unsigned v = rd_u8(in);
    struct lan_who me = who(v);
    struct lan_given given;
    if (op == OP_ASK) {
        w.holds[me.session] = 0; /* what it has is said again */
        (void)!lan_ask(w.l, &me, v & 0x80 ? "e1" : "e0", w.now);
    } else if (op == OP_BACK) {
        lan_give_back(w.l, 1, me.session, w.now);
        w.holds[me.session] = 0;
    } else if (op == OP_SERVER) {
        server(in);
    } else if (op == OP_PASS) {
        pass(v * 1000u);
    } else if (op == OP_LINK && v & 4) {
        link_up(v);
    } else if (op == OP_LINK) {
        lan_link_down(w.l, v & 1 ? "e1" : "e0");
    } else if (op == OP_AGAIN) {
        again(v);
    } else if (op == OP_HOLD && !w.holds[me.session]) {
        lan_give_back(w.l, 1, me.session, w.now); /* it may be asking */
        uint32_t addr = BASE | rd_u8(in);
        if (lan_hold(w.l, &me, "e0", addr, &given, w.now) == 0)
            w.holds[me.session] = addr;
    } else if (op == OP_DAMAGE) {
        w.book[v * 13u % sizeof(w.book)] ^= rd_u8(in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd in = rd_of(data, size);
    events_init("fuzz", EVENT_ERROR);
    static int null = -1;
    if (null < 0)
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    events_set_fd(null);
    lan_free(w.l);
    memset(&w, 0, sizeof(w));
    w.now = 100000000;
    begin();
    link_up(0);
    link_up(1);
    lan_settle(w.l, w.now);
    for (unsigned k = 0; k < 400 && rd_left(&in); k++)
        operate(rd_u8(&in) % OPS, &in);
    return 0;
}

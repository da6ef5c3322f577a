/* Reads the capture and drives our end; see capture.h. */
#include "capture.h"

#include "tls/prim_host.h"
#include "wire/ppp_frame.h"
#include "wire/sstp_frame.h"

struct captured cap_c, cap_s;
struct our_end our;

static size_t unhex(const char *hex, uint8_t *dst, size_t cap)
{
    size_t n = 0;
    unsigned v = 0;
    for (; sscanf(hex, "%2x", &v) == 1; hex += 2) {
        assert_true(n < cap);
        dst[n++] = (uint8_t)v;
    }
    return n;
}

/* 'GET\r\n…' with the escapes undone and the empty line put back. */
static void unquote(const char *from, char *to)
{
    for (from++; *from && *from != '\''; from++) {
        bool cr = strncmp(from, "\\r", 2) == 0, lf = strncmp(from, "\\n", 2) == 0;
        *to++ = cr ? '\r' : lf ? '\n' : *from;
        from += cr || lf;
    }
    memcpy(to, "\r\n\r\n", 5);
}

int capture_load(void **state)
{
    (void)state;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    char line[2048];
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f)) {
        char *p = strchr(line, ' ');
        if (line[0] == '#' || !p)
            continue;
        bool client = p[1] == 'C';
        if (strncmp(p + 3, "http ", 5) == 0)
            unquote(p + 8, client ? cap_c.http : cap_s.http);
        if (strncmp(p + 3, "sstp ", 5) != 0)
            continue;
        struct packet *to = client ? &cap_c.sstp[cap_c.n++] : &cap_s.sstp[cap_s.n++];
        to->n = unhex(p + 8, to->bytes, sizeof to->bytes);
    }
    fclose(f);
    return cap_c.n == C_DISCONNECT + 1 && cap_s.n == S_DISCONNECT_ACK + 1 ? 0 : -1;
}

/* --- our end ------------------------------------------------------------------------------------------------- */

static void counting_dice(void *ctx, uint8_t *dst, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        dst[i] = our.counter++;
}

static void answer(const struct tunnel_event *e)
{
    /* the capture's response, by the capture's user, on our challenge: judged right by the script */
    assert_int_equal(e->question.method, AUTH_MSCHAPV2);
    assert_int_equal(e->question.name.n, 16);
    assert_memory_equal(e->question.name.p, "SSTP-TEST\\Eivind", 16);
    assert_int_equal(e->question.response.n, 49);
    struct auth_verdict v = { .kind = VERDICT_ACCEPT,
                              .keyed = true,
                              .text = slice_str("S=0123456789012345678901234567890123456789") };
    memset(our.hlak, 0x5a, sizeof our.hlak);
    memcpy(v.hlak, our.hlak, sizeof our.hlak);
    struct params p = { .prefixes = { prefix_v4(0xc0a86465, 32) },
                        .n_prefixes = 1,
                        .server_ipv4 = 0xc0a86464,
                        .dns = { 0xc0a80001, 0xc0a882f5 },
                        .nbns = { 0xc0a882e5, 0xc0a882f5 } };
    tunnel_answer(&our.t, e->ask, &v, &p, our.now);
}

static void take_events(void)
{
    static const char letters[] = "?UQACNID";
    struct tunnel_event e;
    while (tunnel_event(&our.t, &e)) {
        assert_true(our.log_len < sizeof our.log - 1);
        our.log[our.log_len++] = letters[e.kind];
        if (e.kind == TUNNEL_EV_ASK)
            answer(&e);
        if (e.kind == TUNNEL_EV_UP)
            our.up = e;
        if (e.kind == TUNNEL_EV_DOWN)
            our.down = e;
        if (e.kind == TUNNEL_EV_IDENT && our.n_idents < 3)
            memcpy(our.idents[our.n_idents++], e.text.p, e.text.n < 64 ? e.text.n : 64);
    }
}

/* Bytes reach our end. User packets that come out are compared with what went in. */
void to_us(const void *bytes, size_t n)
{
    struct rd in = rd_of(bytes, n);
    struct tunnel_packet out[4];
    int fed = FED_TOOK;
    while (fed != FED_MORE) {
        size_t k = tunnel_walk(&our.t, &in, out, 4, &fed, our.now);
        assert_true(fed >= 0);
        for (size_t i = 0; i < k; i++)
            assert_true(out[i].n == n - 5 && memcmp(out[i].p, (const uint8_t *)bytes + 5, out[i].n) == 0);
        assert_true(k == 0 || strchr(our.log, 'N'));
        take_events();
    }
    assert_int_equal(rd_left(&in), 0);
}

void replay(const struct packet *p)
{
    to_us(p->bytes, p->n);
}

/* A PPP frame of the peer: one of the capture with another identifier, and other data if `data` says so. */
void replay_as(const struct packet *p, uint8_t id, struct slice data)
{
    struct packet q = *p;
    size_t at = q.bytes[4] == 0xff ? 8 : 6; /* code */
    q.bytes[at + 1] = id;
    if (data.p) {
        memcpy(q.bytes + at + 4, data.p, data.n);
        q.n = at + 4 + data.n;
        q.bytes[at + 2] = (uint8_t)((4 + data.n) >> 8);
        q.bytes[at + 3] = (uint8_t)(4 + data.n);
        sstp_frame_head(q.bytes, false, q.n - 4);
    }
    replay(&q);
}

/* --- the peer's ears ----------------------------------------------------------------------------------------- */

/* Everything that our end sends, packet by packet, to `peer`, until it has nothing to say. */
static void listen(listen_fn *peer)
{
    static uint8_t buf[16384];
    size_t n;
    while ((n = tunnel_pull(&our.t, buf, sizeof buf)) > 0) {
        struct rd in = rd_of(buf, n);
        struct sstp_frame f = { 0 };
        while (rd_left(&in)) {
            static struct heard h;
            assert_int_equal(sstp_frame_next(&in, &f), 1);
            h = (struct heard){ .control = f.control, .n = f.whole.n };
            memcpy(h.whole, f.whole.p, f.whole.n);
            struct ppp_frame p = { 0 };
            if (!f.control) {
                assert_int_equal(ppp_frame_read(h.whole + 4, h.n - 4, &p), 0);
                h.proto = p.proto;
                h.code = p.info.p[0];
                h.id = p.info.p[1];
                assert_int_equal(p.info.p[2] << 8 | p.info.p[3], p.info.n);
                h.data = slice_of(p.info.p + 4, p.info.n - 4);
            }
            peer(&h);
        }
    }
}

void pass(msec ms, listen_fn *peer)
{
    msec until = our.now + ms;
    for (;;) {
        take_events();
        listen(peer);
        take_events();
        msec due = tunnel_due(&our.t);
        if (due > until)
            break;
        our.now = due > our.now ? due : our.now;
        tunnel_tick(&our.t, our.now);
    }
    our.now = until;
}

/* Option `type` in a list: its value; n 0 if it is not there. */
struct slice option(struct slice list, uint8_t type)
{
    struct rd r = rd_slice(list);
    while (rd_left(&r)) {
        uint8_t t = rd_u8(&r), len = rd_u8(&r);
        struct slice v = rd_take(&r, len - 2u);
        assert_true(rd_ok(&r));
        if (t == type)
            return v;
    }
    return slice_of(NULL, 0);
}

/* The list without one option. */
size_t without(struct slice list, uint8_t type, uint8_t *dst)
{
    struct rd r = rd_slice(list);
    size_t n = 0;
    while (rd_left(&r)) {
        uint8_t t = rd_peek(&r, 0), len = rd_peek(&r, 1);
        struct slice all = rd_take(&r, len);
        if (t != type) {
            memcpy(dst + n, all.p, all.n);
            n += all.n;
        }
    }
    return n;
}

bool same(const struct heard *h, const struct packet *p)
{
    return h->n == p->n && memcmp(h->whole, p->bytes, p->n) == 0;
}

void open_ours(enum tunnel_role role, const enum auth_method *methods, unsigned n)
{
    memset(&our, 0, sizeof our);
    our.now = 77000;
    our.env = (struct env){ .random = counting_dice, .prim = &prim_host };
    struct tunnel_conf c;
    tunnel_conf_default(&c, role);
    memcpy(c.methods, methods, n * sizeof *methods);
    c.n_methods = n;
    c.link.ipv6 = role == TUNNEL_CLIENT;
    c.call.hash_mask = BINDING_SHA256; /* as RRAS offered */
    memcpy(c.call.certs[0].sha256, cap_c.sstp[C_CONNECTED].bytes + 48, 32);
    c.call.n_certs = 1;
    c.http.host = "n3zz-dc1.sstp-test.net";
    c.http.correlation = "{0D528CAC-464E-423A-A399-9470E234BC54}";
    c.user = slice_str("SSTP-TEST\\Eivind");
    c.password = slice_str("unknown");
    c.server_name = "N3ZZ-DC1";
    tunnel_init(&our.t, &our.work, &c, &our.env, our.now);
}

/* SSTP of the played Windows client, and how it frames PPP ([CAP]). */
#include <stdio.h>

#include "crypto/binding.h"
#include "tls/prim_host.h"
#include "win.h"
#include "wire/sstp_frame.h"

void send_control(struct win *w, const void *bytes, size_t n)
{
    line_send(&w->line, bytes, n);
}

/* `plain`: with ff 03 and two bytes of protocol, as before LCP is open and for LCP's codes 1 to 7. */
void send_ppp(struct win *w, uint16_t proto, bool plain, struct slice info)
{
    uint8_t packet[SSTP_FRAME_MAX];
    struct wr o = wr_of(packet, sizeof packet);
    wr_u16(&o, 0x1000);
    size_t length = wr_mark_u16(&o);
    if (plain || !w->acfc)
        wr_u16(&o, 0xff03);
    if (!plain && w->pfc && proto < 0x100)
        wr_u8(&o, proto);
    else
        wr_u16(&o, proto);
    wr_put(&o, info);
    wr_patch_u16(&o, length, (unsigned)wr_len(&o));
    if (!wr_ok(&o))
        bad("a frame of ours is too long");
    line_send(&w->line, packet, wr_len(&o));
}

void send_cp(struct win *w, uint16_t proto, uint8_t code, uint8_t id, struct slice data)
{
    uint8_t bytes[1024];
    struct wr o = wr_of(bytes, sizeof bytes);
    wr_u8(&o, code);
    wr_u8(&o, id);
    wr_u16(&o, (unsigned)(4 + data.n));
    wr_put(&o, data);
    send_ppp(w, proto, proto == PPP_PROTO_LCP && code < 8, wr_slice(&o));
}

void send_ip(struct win *w, struct slice packet)
{
    send_ppp(w, packet.p[0] >> 4 == 4 ? PPP_PROTO_IPV4 : PPP_PROTO_IPV6, false, packet);
}

/* [MS-SSTP] 2.2.12, byte by byte as in [CAP]; SHA-256 where the server takes it. */
void call_connected(struct win *w)
{
    uint8_t m[112], mac[32];
    struct tls_cert_hash leaf;
    struct wr o = wr_of(m, sizeof m);
    bool sha256 = w->hash_mask & 2;
    if (tls_leaf_hash(w->line.tls, &leaf) < 0)
        bad("no certificate");
    wr_u32(&o, 0x10010070);
    wr_u32(&o, 0x00040001);
    wr_u32(&o, 0x00030068);
    wr_u32(&o, sha256 ? 2 : 1);
    wr_bytes(&o, w->nonce, 32);
    wr_bytes(&o, sha256 ? leaf.sha256 : leaf.sha1, sha256 ? 32 : 20);
    wr_zero(&o, 112 - wr_len(&o));
    binding_mac(&prim_host, sha256 ? 2 : 1, w->hlak, m, mac);
    memcpy(m + 80, mac, 32);
    send_control(w, m, sizeof m);
    w->connected = true;
}

static void on_connect_ack(struct win *w, struct slice m)
{
    /* [MS-SSTP] 2.2.10: one Crypto Binding Request, 48 bytes in all */
    if (m.n != 48 || m.p[6] != 0 || m.p[7] != 1 || m.p[9] != 4 || m.p[11] != 0x28)
        bad("a malformed Call Connect Ack");
    w->hash_mask = m.p[15];
    memcpy(w->nonce, m.p + 16, 32);
    w->have_ack = true;
    if (!(w->hash_mask & 3))
        bad("hash mask %02x", w->hash_mask);
}

static void on_control(struct win *w, struct slice m)
{
    static const uint8_t echo[] = { 0x10, 1, 0, 8, 0, 9, 0, 0 }, disconnect_ack[] = { 0x10, 1, 0, 8, 0, 7, 0, 0 };
    switch (m.p[5]) {
    case 2:
        on_connect_ack(w, m);
        break;
    case 6:
        w->hung_up = true;
        send_control(w, disconnect_ack, sizeof disconnect_ack);
        break;
    case 7: /* [CAP]: nothing but the header */
        if (m.n != 8)
            bad("a Call Disconnect Ack of %zu bytes", m.n);
        w->disconnect_acked = true;
        break;
    case 8:
        if (!w->wish.silent)
            send_control(w, echo, sizeof echo);
        break;
    case 9:
        break;
    default: {
        uint32_t status = m.n >= 20 ? (uint32_t)m.p[18] << 8 | m.p[19] : 0;
        if (w->wish.silent && m.p[5] == 5) {
            w->hung_up = true;
            return;
        }
        bad("SSTP message %u, status %u", m.p[5], status);
    }
    }
}

static void on_frame(struct win *w, const struct sstp_frame *f)
{
    struct ppp_frame p;
    if (f->control) {
        on_control(w, f->whole);
        return;
    }
    if (ppp_frame_read(f->payload.p, f->payload.n, &p) < 0)
        bad("a malformed PPP frame");
    if ((p.acfc && !w->acfc) || (p.pfc && !w->pfc))
        bad("protocol %04x came compressed, which was not agreed on", p.proto);
    if (p.proto == PPP_PROTO_LCP && p.acfc && p.info.n && p.info.p[0] < 8)
        bad("LCP code %u came without ff 03 (RFC 1661 6.6)", p.info.p[0]);
    if (p.proto == PPP_PROTO_IPV4 || p.proto == PPP_PROTO_IPV6) {
        if (!w->connected)
            bad("a packet before Call Connected");
        on_ip(w, p.info);
    } else if (!w->wish.silent || !w->up) {
        on_ppp(w, &p);
    }
}

static void take(struct win *w)
{
    struct sstp_frame f;
    struct rd r = rd_of(w->line.plain, w->line.n);
    int got;
    while ((got = sstp_frame_next(&r, &f)) == 1)
        on_frame(w, &f);
    if (got < 0)
        bad("not SSTP");
    line_drop(&w->line, w->line.n - rd_left(&r));
}

bool run(struct win *w, bool (*done)(const struct win *w), uint64_t until)
{
    while (!done(w)) {
        uint64_t now = now_ms(), wake = now + 50;
        if (now >= until || w->line.over)
            return false;
        if (line_wait(&w->line, wake < until ? wake : until))
            take(w);
        ppp_tick(w, now_ms());
    }
    return true;
}

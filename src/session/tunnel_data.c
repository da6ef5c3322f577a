/* The data path: user packets leave the byte stream here without any machine seeing them; see tunnel.h.
 *
 * One cursor, one classifier, both inline. Control frames and everything odd take the slow way through tunnel_feed(). */
#include "session/tunnel_parts.h"
#include "wire/ppp_frame.h"
#include "wire/sstp_frame.h"

/* [MS-SSTP] 3.2.7, 3.3.7: user data passes only in *_Call_Connected; and only what an NCP was opened for. */
static bool flows(const struct tunnel *t)
{
    return t->connected && t->phase == TUNNEL_SSTP && !t->ev_set && (t->ipv4_up || t->ipv6_up);
}

/* A frame of user data: true, and counted in *n if it is for the caller. False: not user data. */
static bool take_user(struct tunnel *t, struct slice payload, struct tunnel_packet *out, size_t *n)
{
    struct ppp_frame f;
    if (ppp_frame_read(payload.p, payload.n, &f) < 0)
        return false;
    bool v4 = f.proto == PPP_PROTO_IPV4;
    if (!v4 && f.proto != PPP_PROTO_IPV6)
        return false;
    struct rd r = rd_slice(f.info);
    if (!(v4 ? t->ipv4_up : t->ipv6_up) || rd_peek(&r, 0) >> 4 != (v4 ? 4 : 6)) {
        t->dropped++;
        return true;
    }
    out[(*n)++] = (struct tunnel_packet){ f.info.p, (uint16_t)f.info.n };
    return true;
}

size_t tunnel_walk(struct tunnel *t, struct rd *in, struct tunnel_packet *out, size_t max, int *ret_fed, msec now)
{
    size_t n = 0;
    bool heard = false;
    int fed = FED_TOOK;
    t->now = now;
    tunnel_pump(t);
    while (fed == FED_TOOK && n < max) {
        struct rd at = *in;
        struct sstp_frame f = { 0 };
        if (flows(t) && sstp_frame_next(&at, &f) == 1 && !f.control && take_user(t, f.payload, out, &n)) {
            *in = at;
            heard = true;
        } else {
            fed = tunnel_feed(t, in, now);
        }
    }
    /* [MS-SSTP] 3.1.6.3: any packet received restarts the hello timer; once a batch is exact enough. */
    if (heard && t->connected)
        call_heard(&t->call, now);
    *ret_fed = fed;
    return n;
}

size_t tunnel_fits(const struct tunnel *t, int family, uint8_t head[4], size_t *ret_head_len)
{
    size_t head_len = link_head(&t->link, family == 4 ? PPP_PROTO_IPV4 : PPP_PROTO_IPV6, head);
    /* [MS-SSTP] 2.2.1 leaves 4091 bytes for the frame: 4087 for the packet, 4090 with both compressions. Not
     * link_peer_mru(), which reckons with the longest header. */
    size_t room = SSTP_PAYLOAD_MAX - head_len, mru = t->link.port.peer_mru;
    *ret_head_len = head_len;
    return mru < room ? mru : room;
}

size_t tunnel_data_head(const struct tunnel *t, int family, size_t n, uint8_t dst[8])
{
    size_t ppp_len = 0;
    bool up = family == 4 ? t->ipv4_up : family == 6 && t->ipv6_up;
    if (!up || !t->connected || t->phase != TUNNEL_SSTP || n > tunnel_fits(t, family, dst + SSTP_HEAD, &ppp_len))
        return 0;
    sstp_frame_head(dst, false, ppp_len + n);
    return SSTP_HEAD + ppp_len;
}

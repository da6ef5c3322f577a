/* The frames that a link has to send, in order, and how they are headed. */
#include "ppp/cp.h"
#include "wire/ppp_frame.h"

size_t cp_port_head(const struct cp_port *port, uint16_t proto, uint8_t dst[4])
{
    /* RFC 1661 6.6: LCP packets are sent with Address and Control even where they may be left out. Microsoft's ends
     * leave them out for codes above 7 ([CAP]); SoftEther and Open-SSTP-Client drop such frames. */
    bool lcp = proto == PPP_PROTO_LCP;
    return ppp_frame_head(proto, port->acfc && !lcp, port->pfc && !lcp, dst);
}

void cp_port_send(struct cp_port *port, uint16_t proto, uint8_t code, uint8_t id, struct slice head, struct slice data)
{
    struct wr w = wr_of(port->out + port->out_len, port->out ? CP_PORT_OUT - port->out_len : 0);
    uint8_t ppp[4];
    size_t mark = wr_mark_u16(&w);
    size_t n = cp_port_head(port, proto, ppp);
    wr_bytes(&w, ppp, n);
    wr_u8(&w, code);
    wr_u8(&w, id);
    wr_u16(&w, (unsigned)(CP_PKT_HEAD + head.n + data.n));
    wr_put(&w, head);
    wr_put(&w, data);
    if (!wr_ok(&w)) {
        port->dropped++;
        return;
    }
    wr_patch_u16(&w, mark, (unsigned)(wr_len(&w) - 2));
    port->out_len += wr_len(&w);
}

size_t cp_port_pull(struct cp_port *port, uint8_t *dst, size_t cap)
{
    struct rd r = rd_of(port->out, port->out_len);
    uint16_t n = rd_u16(&r);
    if (!rd_ok(&r) || n > cap)
        return 0;
    rd_copy(&r, dst, n);
    size_t left = rd_left(&r);
    memmove(port->out, port->out + port->out_len - left, left);
    port->out_len = left;
    return n;
}

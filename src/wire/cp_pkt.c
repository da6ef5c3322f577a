/* Packets of PPP control protocols, read and written. */
#include "wire/cp_pkt.h"

int cp_pkt_decode(struct rd *in, struct cp_pkt *ret_p)
{
    struct rd r = rd_slice(rd_rest(in));
    uint8_t code = rd_u8(&r);
    uint8_t id = rd_u8(&r);
    uint16_t length = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    /* RFC 1661 5: Length includes the header; bytes beyond it are padding, fewer bytes than it are discarded. */
    if (length < CP_PKT_HEAD)
        return ERR_LENGTH;
    struct slice data = rd_take(&r, (size_t)length - CP_PKT_HEAD);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    *ret_p = (struct cp_pkt){ code, id, data };
    return 0;
}

void cp_pkt_encode(struct wr *w, const struct cp_pkt *p)
{
    if (p->data.n > UINT16_MAX - CP_PKT_HEAD) {
        w->bad = true;
        return;
    }
    wr_u8(w, p->code);
    wr_u8(w, p->id);
    wr_u16(w, (unsigned)(CP_PKT_HEAD + p->data.n));
    wr_put(w, p->data);
}

int cp_proto_rej_decode(struct slice data, struct cp_proto_rej *ret_r)
{
    struct rd r = rd_slice(data);
    uint16_t proto = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    *ret_r = (struct cp_proto_rej){ proto, rd_rest(&r) };
    return 0;
}

int cp_magic_decode(struct slice data, struct cp_magic *ret_m)
{
    struct rd r = rd_slice(data);
    uint32_t magic = rd_u32(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    *ret_m = (struct cp_magic){ magic, rd_rest(&r) };
    return 0;
}

int cp_term_ms_decode(struct slice data, struct cp_term_ms *ret_t)
{
    struct rd r = rd_slice(data);
    uint32_t magic = rd_u32(&r);
    uint32_t mark = rd_u32(&r);
    uint32_t ras_error = rd_u32(&r);
    if (!rd_end(&r) || mark != CP_TERM_MS_MARK)
        return ERR_UNKNOWN;
    *ret_t = (struct cp_term_ms){ magic, ras_error };
    return 0;
}

void cp_term_ms_encode(struct wr *w, const struct cp_term_ms *t)
{
    wr_u32(w, t->magic);
    wr_u32(w, CP_TERM_MS_MARK);
    wr_u32(w, t->ras_error);
}

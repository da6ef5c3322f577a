/* PPP frames: the parts that the data path does not inline. */
#include "wire/ppp_frame.h"

int ppp_frame_decode(struct rd *in, struct ppp_frame *ret_f)
{
    struct slice s = rd_rest(in);
    return ppp_frame_read(s.p, s.n, ret_f);
}

size_t ppp_frame_head(uint16_t proto, bool acfc, bool pfc, uint8_t dst[4])
{
    struct wr w = wr_of(dst, 4);
    /* RFC 1661 6.5, 6.6: what may be left out is for the caller to know; only protocols below 100 hex can be one byte. */
    if (!acfc)
        wr_u16(&w, 0xff03);
    if (pfc && proto < 0x100)
        wr_u8(&w, proto);
    else
        wr_u16(&w, proto);
    return wr_len(&w);
}

void ppp_frame_encode(struct wr *w, const struct ppp_frame *f)
{
    uint8_t head[4];
    size_t n = ppp_frame_head(f->proto, f->acfc, f->pfc, head);
    wr_bytes(w, head, n);
    wr_put(w, f->info);
}

/* Configuration options, read and written. */
#include "wire/cp_opt.h"

int cp_opt_next(struct rd *options, struct cp_opt *ret_o)
{
    uint8_t type = rd_u8(options);
    uint8_t length = rd_u8(options);
    if (!rd_ok(options))
        return ERR_TRUNCATED;
    /* RFC 1661 6: Length includes Type and Length. */
    if (length < CP_OPT_HEAD)
        return ERR_LENGTH;
    struct slice data = rd_take(options, (size_t)length - CP_OPT_HEAD);
    if (!rd_ok(options))
        return ERR_TRUNCATED;
    *ret_o = (struct cp_opt){ type, data };
    return 0;
}

int cp_opt_check(struct slice options)
{
    struct rd r = rd_slice(options);
    struct cp_opt o;
    while (rd_left(&r)) {
        int e = cp_opt_next(&r, &o);
        if (e < 0)
            return e;
    }
    return 0;
}

int cp_opt_u16(const struct cp_opt *o, uint16_t *ret_v)
{
    struct rd r = rd_slice(o->data);
    uint16_t v = rd_u16(&r);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_v = v;
    return 0;
}

int cp_opt_u32(const struct cp_opt *o, uint32_t *ret_v)
{
    struct rd r = rd_slice(o->data);
    uint32_t v = rd_u32(&r);
    if (!rd_end(&r))
        return ERR_LENGTH;
    *ret_v = v;
    return 0;
}

void cp_opt_put(struct wr *w, const struct cp_opt *o)
{
    if (o->data.n > CP_OPT_MAX - CP_OPT_HEAD) {
        w->bad = true;
        return;
    }
    wr_u8(w, o->type);
    wr_u8(w, (unsigned)(CP_OPT_HEAD + o->data.n));
    wr_put(w, o->data);
}

void cp_opt_put_flag(struct wr *w, uint8_t type)
{
    wr_u8(w, type);
    wr_u8(w, CP_OPT_HEAD);
}

void cp_opt_put_u16(struct wr *w, uint8_t type, uint16_t v)
{
    wr_u8(w, type);
    wr_u8(w, CP_OPT_HEAD + 2);
    wr_u16(w, v);
}

void cp_opt_put_u32(struct wr *w, uint8_t type, uint32_t v)
{
    wr_u8(w, type);
    wr_u8(w, CP_OPT_HEAD + 4);
    wr_u32(w, v);
}

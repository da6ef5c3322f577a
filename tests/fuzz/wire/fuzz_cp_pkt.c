/* Control packets and their options: what is accepted is written again byte for byte (padding aside). */
#include "fuzz.h"
#include "wire/cp_opt.h"
#include "wire/cp_pkt.h"

#include <stdlib.h>

static uint8_t out[70000];

static void same(const struct wr *w, struct slice want)
{
    if (!slice_eq(wr_slice(w), want))
        abort();
}

static void options(struct slice data)
{
    struct wr w = wr_of(out, sizeof out);
    struct rd r = rd_slice(data);
    struct cp_opt o;
    if (cp_opt_check(data) < 0)
        return;
    while (rd_left(&r)) {
        if (cp_opt_next(&r, &o) < 0)
            abort();
        cp_opt_put(&w, &o);
    }
    same(&w, data);
    FUZZ_REACHED();
}

static void bodies(struct slice data)
{
    struct wr w = wr_of(out, sizeof out);
    struct cp_proto_rej rej;
    struct cp_magic m;
    struct cp_term_ms t;
    if (cp_proto_rej_decode(data, &rej) == 0 && rej.info.n + 2 != data.n)
        abort();
    if (cp_magic_decode(data, &m) == 0 && m.rest.n + 4 != data.n)
        abort();
    if (cp_term_ms_decode(data, &t) < 0)
        return;
    cp_term_ms_encode(&w, &t);
    same(&w, data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd in = rd_of(data, size);
    struct cp_pkt p;
    if (size > UINT16_MAX || cp_pkt_decode(&in, &p) < 0)
        return 0;
    struct wr w = wr_of(out, sizeof out);
    cp_pkt_encode(&w, &p);
    if (wr_len(&w) > size)
        abort();
    same(&w, slice_of(data, wr_len(&w)));
    bodies(p.data);
    if (p.code >= CP_CONF_REQ && p.code <= CP_CONF_REJ)
        options(p.data);
    return 0;
}

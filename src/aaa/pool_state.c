/* What a pool remembers, as bytes: a server that starts anew gives its users the addresses that they had. */
#include "aaa/pool_parts.h"

enum { MAGIC = 0x41444c53, VERSION = 1 };

int pool_put(const struct pool *p, struct wr *w)
{
    wr_u32(w, MAGIC);
    wr_u8(w, VERSION);
    wr_u8(w, p->n_ranges);
    for (unsigned i = 0; i < p->n_ranges; i++) {
        prefix_put_maybe(w, &p->ranges[i].net);
        wr_u8(w, p->ranges[i].unit);
        wr_u32(w, p->ranges[i].cursor);
    }
    for (unsigned i = 0; i < POOL_REMEMBERED; i++) {
        const struct memory *m = &p->memory[i];
        if (!m->user)
            continue;
        wr_u64(w, m->user);
        for (unsigned k = 0; k < POOL_KINDS; k++)
            prefix_put_maybe(w, &m->last[k]);
    }
    return wr_ok(w) ? 0 : ERR_NOBUF;
}

static void get_cursors(struct pool *p, struct rd *r)
{
    unsigned n = rd_u8(r);
    for (unsigned i = 0; i < n && rd_ok(r); i++) {
        struct prefix net;
        prefix_get_maybe(r, &net);
        unsigned unit = rd_u8(r);
        uint32_t cursor = rd_u32(r);
        for (unsigned k = 0; rd_ok(r) && k < p->n_ranges; k++)
            if (prefix_eq(&p->ranges[k].net, &net) && p->ranges[k].unit == unit && cursor <= p->ranges[k].size)
                p->ranges[k].cursor = cursor;
    }
}

static void get_memory(struct pool *p, struct rd *r)
{
    while (rd_ok(r) && rd_left(r)) {
        struct memory m = { .user = rd_u64(r) };
        for (unsigned k = 0; k < POOL_KINDS; k++)
            prefix_get_maybe(r, &m.last[k]);
        if (rd_ok(r) && m.user)
            p->memory[(m.user ^ m.user >> 32) % POOL_REMEMBERED] = m;
    }
}

/* Whoever can write there can do no harm: it is only asked for what is free. */
int pool_get(struct pool *p, struct slice bytes)
{
    struct rd r = rd_slice(bytes);
    if (rd_u32(&r) != MAGIC)
        return rd_ok(&r) ? ERR_VALUE : ERR_TRUNCATED;
    if (rd_u8(&r) != VERSION)
        return rd_ok(&r) ? ERR_VERSION : ERR_TRUNCATED;
    get_cursors(p, &r);
    get_memory(p, &r);
    return rd_ok(&r) ? 0 : ERR_TRUNCATED;
}

/* Fragmentation of IPv4; see frag.h. */
#include "seg/frag.h"

#include "seg/head.h"

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_COPIED = 0x80 };

/* RFC 791 3.1: options with the copied flag go into every fragment, the others into the first only. */
static int copied_options(struct slice options, uint8_t out[FRAG_OPTIONS_MAX], uint8_t *ret_len)
{
    struct rd r = rd_slice(options);
    size_t len = 0;
    while (rd_left(&r)) {
        struct rd from = r;
        uint8_t kind = rd_u8(&r);
        if (kind == OPTION_END)
            break;
        if (kind == OPTION_NOP)
            continue;
        size_t n = rd_u8(&r);
        struct slice whole = rd_take(&from, n);
        if (n < 2 || !rd_ok(&from) || !rd_ok(&r))
            return ERR_LENGTH;
        r = from;
        if (!(kind & OPTION_COPIED))
            continue;
        memcpy(out + len, whole.p, n); /* no more than there were options, which is 40 bytes */
        len += n;
    }
    while (len % 4)
        out[len++] = OPTION_END; /* RFC 791 3.1: the header ends on a 32-bit boundary */
    *ret_len = (uint8_t)len;
    return 0;
}

int frag_init(struct frag *f, struct slice packet, unsigned mtu)
{
    struct ip_view ip;
    int e = ip_parse(packet, &ip);
    if (e < 0)
        return e;
    if (ip.version != 4)
        return ERR_VERSION;
    if (ip.dont_fragment)
        return ERR_STATE;
    struct frag new = {
        .head = ip.head,
        .rest = ip.payload,
        .offset = ip.frag_offset / 8,
        .mtu = (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX),
        .first = true,
        .more = get16(ip.head.p + IP4_FRAG) & IP4_MF,
    };
    e = copied_options(slice_of(ip.head.p + IP4_HEAD, ip.head.n - IP4_HEAD), new.options, &new.options_len);
    if (e < 0)
        return e;
    /* RFC 791 3.2: the data of all fragments but the last is a multiple of 8 bytes. A fragment in the middle whose data
     * is none would lie about where the next one begins; who reassembles it drops it, so may we. */
    bool uneven = new.more &&ip.payload.n % 8;
    if (mtu < ip.head.n + 8 || ip.frag_offset + ip.payload.n > UINT16_MAX || uneven)
        return ERR_LENGTH;
    *f = new;
    return 0;
}

static size_t head_len(const struct frag *f)
{
    return f->first ? f->head.n : IP4_HEAD + (size_t)f->options_len;
}

/* Data of the next fragment. */
static size_t next_data(const struct frag *f)
{
    size_t room = f->mtu - head_len(f);
    return f->rest.n <= room ? f->rest.n : room & ~(size_t)7;
}

size_t frag_next_len(const struct frag *f)
{
    return f->rest.n || f->first ? head_len(f) + next_data(f) : 0;
}

size_t frag_next(struct frag *f, uint8_t *dst)
{
    size_t whole = frag_next_len(f), head = head_len(f), data = next_data(f);
    if (whole == 0)
        return 0;
    bool last = data == f->rest.n;
    memcpy(dst, f->head.p, f->first ? head : IP4_HEAD);
    if (!f->first)
        memcpy(dst + IP4_HEAD, f->options, f->options_len);
    memcpy(dst + head, f->rest.p, data);
    dst[0] = (uint8_t)(0x40 | head / 4);
    unsigned reserved = get16(f->head.p + IP4_FRAG) & IP4_RESERVED;
    put16(dst + IP4_FRAG, reserved | (last && !f->more ? 0 : (unsigned)IP4_MF) | f->offset);
    put_ip4_total(dst, head, whole);
    f->rest = slice_of(f->rest.p + data, f->rest.n - data);
    f->offset = (uint16_t)(f->offset + data / 8);
    f->first = false;
    return whole;
}

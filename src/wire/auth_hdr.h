/* The header that PAP, CHAP and EAP packets share: Code, Identifier, Length (RFC 1334 2.2, RFC 1994 4,
 * RFC 3748 4). Internal to the three codecs. */
#ifndef ADIT_WIRE_AUTH_HDR_H
#define ADIT_WIRE_AUTH_HDR_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum { AUTH_HDR_LEN = 4 };

struct auth_hdr {
    uint8_t code;
    uint8_t id;
    struct slice whole; /* the packet without padding */
};

/* Takes the whole of `in`, the information field of one PPP frame, and leaves a reader over what follows the header.
 * Bytes beyond Length are padding of the link and ignored (RFC 1334 2.2, RFC 1994 4, RFC 3748 4.1). */
static inline int auth_hdr_read(struct rd *in, struct auth_hdr *h, struct rd *body)
{
    struct slice all = rd_rest(in);
    struct rd r = rd_slice(all);

    h->code = rd_u8(&r);
    h->id = rd_u8(&r);
    size_t len = rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    if (len < AUTH_HDR_LEN)
        return ERR_LENGTH;
    if (len > all.n)
        return ERR_TRUNCATED;
    h->whole = slice_of(all.p, len);
    *body = rd_sub(&r, len - AUTH_HDR_LEN);
    return 0;
}

/* Writes the header; returns where the packet begins, for auth_hdr_end(). */
static inline size_t auth_hdr_put(struct wr *w, uint8_t code, uint8_t id)
{
    size_t at = w->len;
    wr_u8(w, code);
    wr_u8(w, id);
    wr_u16(w, 0);
    return at;
}

static inline void auth_hdr_end(struct wr *w, size_t at)
{
    if (w->len - at > UINT16_MAX)
        w->bad = true;
    wr_patch_u16(w, at + 2, (unsigned)(w->len - at));
}

/* A value behind one byte of length; a value that is too long makes the writer bad. */
static inline void auth_hdr_put_short(struct wr *w, struct slice s)
{
    if (s.n > UINT8_MAX)
        w->bad = true;
    wr_u8(w, (unsigned)s.n);
    wr_put(w, s);
}

#endif

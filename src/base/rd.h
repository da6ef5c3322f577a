/* The bounded reader: the only way foreign bytes are looked at.
 *
 * A reader is a cursor over borrowed bytes. Reading past the end yields zeros and sets
 * `bad`, which sticks: a decoder reads everything it expects and asks once at the end.
 * A nested length makes a child reader (rd_sub), which cannot see past its parent.
 * A decoder ends with rd_end(): leftover bytes are an error unless the specification
 * says otherwise. Numbers are big-endian unless the name says `le`. */
#ifndef ADIT_BASE_RD_H
#define ADIT_BASE_RD_H

#include "base/err.h"
#include "base/slice.h"

struct rd {
    const uint8_t *p;
    const uint8_t *end;
    bool bad;
};

static inline struct rd rd_of(const void *p, size_t n)
{
    const uint8_t *b = (const uint8_t *)p;
    return (struct rd){ b, n ? b + n : b, false };
}

static inline struct rd rd_slice(struct slice s)
{
    return rd_of(s.p, s.n);
}

static inline size_t rd_left(const struct rd *r)
{
    return r->p == r->end ? 0 : (size_t)(r->end - r->p);
}

/* True while every read so far was inside the bytes. */
static inline bool rd_ok(const struct rd *r)
{
    return !r->bad;
}

/* True when every read was inside the bytes and none are left. */
static inline bool rd_end(const struct rd *r)
{
    return !r->bad && r->p == r->end;
}

/* Takes n bytes as a slice; an empty slice and `bad` if there are not so many. */
static inline struct slice rd_take(struct rd *r, size_t n)
{
    if (r->bad || rd_left(r) < n) {
        r->bad = true;
        r->p = r->end;
        return (struct slice){ r->end, 0 };
    }
    struct slice s = { r->p, n };
    if (n)
        r->p += n;
    return s;
}

static inline struct slice rd_rest(struct rd *r)
{
    return rd_take(r, rd_left(r));
}

/* A child reader over the next n bytes; a bad, empty child (and a bad parent) if there are fewer. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
    struct slice s = rd_take(r, n);
    struct rd c = rd_slice(s);
    c.bad = r->bad;
    return c;
}

static inline void rd_skip(struct rd *r, size_t n)
{
    (void)rd_take(r, n);
}

static inline uint8_t rd_u8(struct rd *r)
{
    struct slice s = rd_take(r, 1);
    return s.n ? s.p[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
    struct slice s = rd_take(r, 2);
    return s.n ? (uint16_t)((unsigned)s.p[0] << 8 | s.p[1]) : 0;
}

static inline uint32_t rd_u32(struct rd *r)
{
    struct slice s = rd_take(r, 4);
    return s.n ? (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 | s.p[3] : 0;
}

static inline uint64_t rd_u64(struct rd *r)
{
    uint64_t hi = rd_u32(r);
    return hi << 32 | rd_u32(r);
}

/* Copies exactly n bytes to dst; zeros and `bad` if there are fewer. */
static inline void rd_copy(struct rd *r, void *dst, size_t n)
{
    struct slice s = rd_take(r, n);
    if (s.n == n && n)
        memcpy(dst, s.p, n);
    else if (n)
        memset(dst, 0, n);
}

/* Looks at the byte at offset i without taking it; 0 if it is not there (and nothing sticks). */
static inline uint8_t rd_peek(const struct rd *r, size_t i)
{
    return !r->bad && rd_left(r) > i ? r->p[i] : 0;
}

/* ---- what our own processes write to each other (wr.h has the other half) ---- */

/* 0 or 1; anything else is bad. */
static inline bool rd_bool(struct rd *r)
{
    unsigned v = rd_u8(r);
    r->bad |= v > 1;
    return v == 1;
}

/* A text with its length before it, into a field of cap bytes, with a NUL. One that does not fit or has a NUL inside is bad;
 * the field is empty then. */
static inline void rd_text(struct rd *r, char *dst, size_t cap)
{
    struct slice s = rd_take(r, rd_u16(r));
    r->bad |= s.n >= cap;
    for (size_t i = 0; i < s.n; i++)
        r->bad |= s.p[i] == 0;
    size_t n = r->bad ? 0 : s.n;
    if (n)
        memcpy(dst, s.p, n);
    dst[n] = 0;
}

/* How a decoder ends: 0, ERR_TRUNCATED (also for anything else that was bad), or ERR_TRAILING. */
static inline int rd_finish(const struct rd *r)
{
    return rd_end(r) ? 0 : rd_ok(r) ? ERR_TRAILING : ERR_TRUNCATED;
}

#endif

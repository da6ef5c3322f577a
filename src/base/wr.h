/* The bounded writer: the only way outgoing bytes are made.
 *
 * Writing past the end writes nothing and sets `bad`, which sticks; wr_len() is then 0,
 * so that a message which did not fit is never half sent. Length fields are marked when
 * they are passed and patched when the end is known. Numbers are big-endian. */
#ifndef ADIT_BASE_WR_H
#define ADIT_BASE_WR_H

#include "base/slice.h"

struct wr {
    uint8_t *buf;
    size_t len;
    size_t cap;
    bool bad;
};

static inline struct wr wr_of(void *buf, size_t cap)
{
    return (struct wr){ (uint8_t *)buf, 0, cap, false };
}

static inline bool wr_ok(const struct wr *w)
{
    return !w->bad;
}

/* Bytes written; 0 if anything did not fit. */
static inline size_t wr_len(const struct wr *w)
{
    return w->bad ? 0 : w->len;
}

static inline struct slice wr_slice(const struct wr *w)
{
    return slice_of(w->buf, wr_len(w));
}

/* Room for n bytes, to be filled by the caller; NULL and `bad` if there is none. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
    if (w->bad || w->cap - w->len < n) {
        w->bad = true;
        return NULL;
    }
    uint8_t *p = w->buf + w->len;
    w->len += n;
    return p;
}

static inline void wr_bytes(struct wr *w, const void *src, size_t n)
{
    uint8_t *p = wr_room(w, n);
    if (p && n)
        memcpy(p, src, n);
}

static inline void wr_put(struct wr *w, struct slice s)
{
    wr_bytes(w, s.p, s.n);
}

static inline void wr_str(struct wr *w, const char *s)
{
    wr_bytes(w, s, strlen(s));
}

static inline void wr_zero(struct wr *w, size_t n)
{
    uint8_t *p = wr_room(w, n);
    if (p && n)
        memset(p, 0, n);
}

static inline void wr_u8(struct wr *w, unsigned v)
{
    uint8_t *p = wr_room(w, 1);
    if (p)
        p[0] = (uint8_t)v;
}

static inline void wr_u16(struct wr *w, unsigned v)
{
    uint8_t *p = wr_room(w, 2);
    if (p) {
        p[0] = (uint8_t)(v >> 8);
        p[1] = (uint8_t)v;
    }
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
    wr_u16(w, v >> 16);
    wr_u16(w, v & 0xffff);
}

static inline void wr_u64(struct wr *w, uint64_t v)
{
    wr_u32(w, (uint32_t)(v >> 32));
    wr_u32(w, (uint32_t)v);
}

/* Reserves a 16-bit length field; returns where, for wr_patch_u16(). */
static inline size_t wr_mark_u16(struct wr *w)
{
    size_t at = w->len;
    wr_u16(w, 0);
    return at;
}

static inline void wr_patch_u16(struct wr *w, size_t at, unsigned v)
{
    if (w->bad || w->len < 2 || at > w->len - 2)
        return;
    w->buf[at] = (uint8_t)(v >> 8);
    w->buf[at + 1] = (uint8_t)v;
}

/* A text with its length before it, cut to what a field of cap bytes takes: rd_text() reads it. cap is at most 65536. */
static inline void wr_text(struct wr *w, const char *s, size_t cap)
{
    size_t n = 0;
    while (n + 1 < cap && s[n])
        n++;
    wr_u16(w, (unsigned)n);
    wr_bytes(w, s, n);
}

#endif

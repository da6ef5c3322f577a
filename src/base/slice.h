/* A slice: borrowed bytes, a pointer and a length.
 *
 * Whoever hands out a slice keeps owning the bytes; they live until the next call
 * to the thing that handed them out. To keep them, copy them. */
#ifndef ADIT_BASE_SLICE_H
#define ADIT_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *p;
    size_t n;
};

static inline struct slice slice_of(const void *p, size_t n)
{
    return (struct slice){ (const uint8_t *)p, n };
}

/* A C string without its NUL. */
static inline struct slice slice_str(const char *s)
{
    return slice_of(s, strlen(s));
}

/* Not for secrets: see secret_eq(). */
static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif

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

/* The value of a hexadecimal digit in either case; -1 for anything else. */
static inline int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

#endif

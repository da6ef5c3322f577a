/* Test vectors out of tests/vectors: hex, and files of blocks with `key value` lines. Only for tests. */
#ifndef ADIT_TESTS_VEC_H
#define ADIT_TESTS_VEC_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VECTORS
#error "VECTORS is the folder of the vector files"
#endif

static inline int vec_nibble(char c)
{
    const char *digits = "0123456789ABCDEF0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)((at - digits) % 16) : -1;
}

/* Decodes hex of any length up to cap; returns the bytes. Anything else aborts the test program. */
static inline size_t vec_hex(const char *text, uint8_t *dst, size_t cap)
{
    size_t n = strlen(text);
    assert(n % 2 == 0 && n / 2 <= cap);
    for (size_t i = 0; i < n / 2; i++) {
        assert(vec_nibble(text[2 * i]) >= 0 && vec_nibble(text[2 * i + 1]) >= 0);
        dst[i] = (uint8_t)(vec_nibble(text[2 * i]) << 4 | vec_nibble(text[2 * i + 1]));
    }
    return n / 2;
}

/* The text of `key` in [block] of a vector file; static, overwritten by the next call. */
static inline const char *vec_text(const char *file, const char *block, const char *key)
{
    static char line[512];
    char path[512];
    int in_block = 0;

    snprintf(path, sizeof(path), "%s/%s", VECTORS, file);
    FILE *f = fopen(path, "r");
    assert(f);
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\r\n")] = '\0';
        size_t n = strlen(block);
        if (line[0] == '[') {
            in_block = strncmp(line + 1, block, n) == 0 && line[n + 1] == ']';
            continue;
        }
        n = strlen(key);
        if (in_block && strncmp(line, key, n) == 0 && line[n] == ' ') {
            fclose(f);
            return line + n + 1;
        }
    }
    fprintf(stderr, "%s: no %s in [%s]\n", path, key, block);
    abort();
}

static inline void vec_bytes(const char *file, const char *block, const char *key, uint8_t *dst, size_t n)
{
    size_t got = vec_hex(vec_text(file, block, key), dst, n);
    assert(got == n);
    (void)got;
}

#endif

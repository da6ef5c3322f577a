/* The Internet checksum over many bytes, with and without copying them; see ip.h.
 *
 * The sum does not depend on the byte order in which its words are read, only the result does (RFC 1071 2 (B)), so
 * the words are read as they lie in memory, many at a time, and the folded result is turned round at the end. */
#include "wire/ip.h"

/* Four 32-bit sums side by side: what SSE2, NEON and friends do in one instruction; elsewhere the compiler does it in
 * four. Two such sets keep the additions from waiting for each other. */
typedef uint32_t lanes __attribute__((vector_size(16)));

enum {
    LANES = sizeof(lanes),
    STEP = 2 * LANES,
    RUN_MAX = 1 << 18, /* bytes at a time: the halves of a lane then add up to less than 2^29 */
};

static inline lanes load(const uint8_t *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The lower halves of the lanes, added up: `all` was added up with overflow, `high` has the upper halves alone; taking
 * them out of `all` again leaves the lower ones, whose sum is below 2^32 and therefore exact. */
static inline lanes low(lanes all, lanes high)
{
    return all - (high << 16);
}

/* The last bytes, fewer than STEP; an odd one counts as if a zero followed (RFC 1071 1). */
static inline uint64_t sum_tail(const uint8_t *p, size_t n)
{
    uint64_t sum = 0, eight;
    uint32_t four;
    uint16_t two;
    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&eight, p, 8);
        sum += (uint32_t)eight + (eight >> 32);
    }
    if (n & 4) {
        memcpy(&four, p, 4);
        sum += four;
        p += 4;
    }
    if (n & 2) {
        memcpy(&two, p, 2);
        sum += two;
        p += 2;
    }
    if (n & 1) {
        const uint8_t last[2] = { *p, 0 };
        memcpy(&two, last, 2);
        sum += two;
    }
    return sum;
}

/* A sum of words in this machine's order, as one in network order. */
static uint64_t to_network(uint64_t sum)
{
    uint16_t folded = (uint16_t)~csum_fold(sum);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    folded = (uint16_t)(folded << 8 | folded >> 8);
#endif
    return folded;
}

/* Up to RUN_MAX bytes; `dst` may be NULL, which the compiler knows in each of the two uses. */
static inline __attribute__((always_inline)) uint64_t sum_run(uint8_t *dst, const uint8_t *p, size_t n)
{
    lanes all0 = { 0 }, all1 = { 0 }, high0 = { 0 }, high1 = { 0 };
    for (; n >= STEP; p += STEP, n -= STEP) {
        lanes v0 = load(p), v1 = load(p + LANES);
        if (dst) {
            memcpy(dst, &v0, LANES);
            memcpy(dst + LANES, &v1, LANES);
            dst += STEP;
        }
        all0 += v0;
        high0 += v0 >> 16;
        all1 += v1;
        high1 += v1 >> 16;
    }
    if (dst && n)
        memcpy(dst, p, n);
    lanes sum = low(all0, high0) + high0 + low(all1, high1) + high1;
    return (uint64_t)sum[0] + sum[1] + sum[2] + sum[3] + sum_tail(p, n);
}

uint64_t csum_add(uint64_t sum, struct slice bytes)
{
    uint64_t words = 0;
    while (bytes.n > RUN_MAX) {
        words += sum_run(NULL, bytes.p, RUN_MAX);
        bytes = slice_of(bytes.p + RUN_MAX, bytes.n - RUN_MAX);
    }
    /* Headers are short: no need to set up and gather lanes for them. */
    words += bytes.n < STEP ? sum_tail(bytes.p, bytes.n) : sum_run(NULL, bytes.p, bytes.n);
    return sum + to_network(words);
}

uint64_t csum_copy(uint64_t sum, uint8_t *dst, struct slice bytes)
{
    uint64_t words = 0;
    while (bytes.n > RUN_MAX) {
        words += sum_run(dst, bytes.p, RUN_MAX);
        dst += RUN_MAX;
        bytes = slice_of(bytes.p + RUN_MAX, bytes.n - RUN_MAX);
    }
    return sum + to_network(words + sum_run(dst, bytes.p, bytes.n));
}

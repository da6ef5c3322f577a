/* See idset.h. */
#include "aaa/idset.h"

#include <stdlib.h>

static size_t words_at(uint32_t size, unsigned level)
{
    size_t n = size;
    for (unsigned i = 0; i <= level; i++)
        n = (n + 63) / 64;
    return n;
}

int idset_init(struct idset *s, uint32_t size)
{
    struct idset made = { .size = size };
    if (size == 0 || size > IDSET_MAX)
        return ERR_VALUE;
    for (unsigned i = 0; i < IDSET_LEVELS; i++) {
        made.level[i] = calloc(words_at(size, i), sizeof(uint64_t));
        if (!made.level[i]) {
            idset_done(&made);
            return ERR_NOMEM;
        }
    }
    *s = made;
    return 0;
}

void idset_done(struct idset *s)
{
    for (unsigned i = 0; i < IDSET_LEVELS; i++) {
        free(s->level[i]);
        s->level[i] = NULL;
    }
    s->size = 0;
}

bool idset_has(const struct idset *s, uint32_t id)
{
    return id < s->size && (s->level[0][id / 64] >> (id % 64) & 1);
}

void idset_add(struct idset *s, uint32_t id)
{
    if (id >= s->size)
        return;
    for (unsigned i = 0; i < IDSET_LEVELS; i++) {
        s->level[i][id / 64] |= 1ull << (id % 64);
        id /= 64;
    }
}

void idset_remove(struct idset *s, uint32_t id)
{
    if (id >= s->size)
        return;
    for (unsigned i = 0; i < IDSET_LEVELS; i++) {
        s->level[i][id / 64] &= ~(1ull << (id % 64));
        if (s->level[i][id / 64])
            return; /* the word still has members: above it nothing changes */
        id /= 64;
    }
}

/* The least bit >= from in its word of this level; false if the rest of the word is empty. */
static bool next_in_word(const struct idset *s, unsigned level, uint32_t from, uint32_t *ret)
{
    if (from / 64 >= words_at(s->size, level))
        return false;
    uint64_t rest = s->level[level][from / 64] >> (from % 64);
    if (!rest)
        return false;
    *ret = from + (uint32_t)__builtin_ctzll(rest);
    return true;
}

/* The least member >= from. Up until a word has something to the right, then down along the least bits. */
static bool next_from(const struct idset *s, uint32_t from, uint32_t *ret)
{
    for (unsigned i = 0; i < IDSET_LEVELS; i++) {
        uint32_t at;
        if (next_in_word(s, i, from, &at)) {
            for (; i > 0; i--)
                at = at * 64 + (uint32_t)__builtin_ctzll(s->level[i - 1][at]);
            *ret = at;
            return true;
        }
        from = from / 64 + 1;
    }
    return false;
}

bool idset_next(const struct idset *s, uint32_t from, uint32_t *ret)
{
    return (from < s->size && next_from(s, from, ret)) || next_from(s, 0, ret);
}

/* A hash table with open addressing over (family, length, masked address), tried from the longest length in use to the
 * shortest. Keys are addresses that we gave out ourselves, so no peer can choose them to collide. See owner.h. */
#include "dp/owner.h"

#include <stdlib.h>

enum { FIRST_CAP = 64 };

void owners_init(struct owners *o)
{
    *o = (struct owners){ 0 };
}

void owners_done(struct owners *o)
{
    free(o->slots);
    *o = (struct owners){ 0 };
}

static unsigned full_len(uint8_t family)
{
    return family == 4 ? 32 : 128;
}

/* The prefix with its host bits cleared, as it stands in the table. */
static struct prefix key_of(const uint8_t addr16[16], uint8_t family, unsigned len)
{
    struct prefix k = { .family = family, .len = (uint8_t)len };
    unsigned bits = family == 4 ? 96 + len : len;
    memcpy(k.addr, addr16, bits / 8);
    if (bits % 8)
        k.addr[bits / 8] = (uint8_t)(addr16[bits / 8] & (0xff00 >> (bits % 8)));
    return k;
}

/* Every bit of the address must reach the low bits: addresses of one pool differ in the last byte only. */
static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
    return h ^ h >> 32;
}

static uint32_t hash_of(const struct prefix *k)
{
    uint64_t a, b;
    memcpy(&a, k->addr, 8);
    memcpy(&b, k->addr + 8, 8);
    return (uint32_t)mix(mix(a ^ k->len ^ (uint64_t)k->family << 8) ^ b);
}

static bool key_eq(const struct prefix *a, const struct prefix *b)
{
    return a->family == b->family && a->len == b->len && memcmp(a->addr, b->addr, 16) == 0;
}

/* The slot that holds the key, or the free one where it belongs. The table is never full. */
static struct owner_slot *slot_of(const struct owners *o, const struct prefix *k)
{
    uint32_t i = hash_of(k) & (o->cap - 1);
    while (o->slots[i].key.family && !key_eq(&o->slots[i].key, k))
        i = (i + 1) & (o->cap - 1);
    return &o->slots[i];
}

static int grow(struct owners *o)
{
    struct owners bigger = *o;
    bigger.cap = o->cap ? o->cap * 2 : FIRST_CAP;
    bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
    if (!bigger.slots)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < o->cap; i++)
        if (o->slots[i].key.family)
            *slot_of(&bigger, &o->slots[i].key) = o->slots[i];
    free(o->slots);
    *o = bigger;
    return 0;
}

static uint32_t *len_count(struct owners *o, const struct prefix *k)
{
    return k->family == 4 ? &o->lens4[k->len] : &o->lens6[k->len];
}

static bool known(const struct prefix *p)
{
    return (p->family == 4 || p->family == 6) && p->len <= full_len(p->family);
}

int owners_set(struct owners *o, const struct prefix *p, struct owner who)
{
    if (!known(p))
        return ERR_VALUE;
    if ((o->used + 1) * 4 > o->cap * 3 && grow(o) < 0)
        return ERR_NOMEM;
    struct prefix k = key_of(p->addr, p->family, p->len);
    struct owner_slot *s = slot_of(o, &k);
    if (!s->key.family) {
        o->used++;
        ++*len_count(o, &k);
    }
    *s = (struct owner_slot){ k, who };
    return 0;
}

bool owners_get(const struct owners *o, const struct prefix *p, struct owner *ret_who)
{
    if (!o->cap || !known(p))
        return false;
    struct prefix k = key_of(p->addr, p->family, p->len);
    const struct owner_slot *s = slot_of(o, &k);
    if (!s->key.family)
        return false;
    *ret_who = s->value;
    return true;
}

/* Closes the gap, so that no later entry of the same run is lost from sight. */
static void remove_slot(struct owners *o, uint32_t gap)
{
    uint32_t mask = o->cap - 1;
    o->used--;
    --*len_count(o, &o->slots[gap].key);
    for (uint32_t i = (gap + 1) & mask; o->slots[i].key.family; i = (i + 1) & mask) {
        uint32_t home = hash_of(&o->slots[i].key) & mask;
        if (((i - home) & mask) < ((i - gap) & mask))
            continue; /* it may not move before its home */
        o->slots[gap] = o->slots[i];
        gap = i;
    }
    o->slots[gap] = (struct owner_slot){ 0 };
}

bool owners_clear(struct owners *o, const struct prefix *p, struct owner who)
{
    if (!o->cap || !known(p))
        return false;
    struct prefix k = key_of(p->addr, p->family, p->len);
    struct owner_slot *s = slot_of(o, &k);
    if (!s->key.family || !owner_eq(s->value, who))
        return false;
    remove_slot(o, (uint32_t)(s - o->slots));
    return true;
}

bool owners_find(const struct owners *o, const uint8_t addr16[16], struct owner *ret_who)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    uint8_t family = memcmp(addr16, mapped, 12) == 0 ? 4 : 6;
    const uint32_t *lens = family == 4 ? o->lens4 : o->lens6;
    if (!o->used)
        return false;
    for (int len = (int)full_len(family); len >= 0; len--) {
        if (!lens[len])
            continue;
        struct prefix k = key_of(addr16, family, (unsigned)len);
        const struct owner_slot *s = slot_of(o, &k);
        if (s->key.family) {
            *ret_who = s->value;
            return true;
        }
    }
    return false;
}

void owners_sweep(struct owners *o, bool (*keep)(void *ctx, const struct prefix *p, struct owner who), void *ctx)
{
    for (uint32_t i = 0; i < o->cap;) {
        if (!o->slots[i].key.family || keep(ctx, &o->slots[i].key, o->slots[i].value))
            i++;
        else
            remove_slot(o, i); /* another entry may have moved here: look again */
    }
}

void owners_clear_worker(struct owners *o, uint32_t worker, void (*fn)(void *ctx, const struct prefix *p), void *ctx)
{
    for (uint32_t i = 0; i < o->cap;) {
        if (!o->slots[i].key.family || o->slots[i].value.worker != worker) {
            i++;
            continue;
        }
        fn(ctx, &o->slots[i].key);
        remove_slot(o, i); /* another entry may have moved here: look again */
    }
}

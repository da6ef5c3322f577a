/* The reference for joining: the same rules as gro, said again over descriptions of packets, slowly: every packet is
 * compared with every list there is. Uses nothing of src/seg but the flags and limits of its header. */
#ifndef ADIT_TESTS_SEG_GRO_REFERENCE_H
#define ADIT_TESTS_SEG_GRO_REFERENCE_H

#include "made.h"

#include "seg/gro.h"

/* One packet that comes in. */
struct come {
    struct made m;
    bool bad_sum, bad_ip_sum, no_sum; /* no_sum: UDP without a checksum */
    unsigned padding;
    const uint8_t *p;
    size_t n;
};

static struct come come[GRO_PACKETS];

/* Packets that belong into one write. */
struct list {
    unsigned at[GRO_PACKETS], n;
    bool newest; /* of its flow */
};

static struct list lists[GRO_PACKETS];
static unsigned n_lists;

static inline bool may_join(const struct come *c, unsigned flags)
{
    const struct made *m = &c->m;
    if (c->padding || m->mf || m->reserved || m->ip_options || m->n == 0 || made_head_len(m) > 128)
        return false;
    if (m->version == 4 && (c->bad_ip_sum || (c->p[10] == 0xff && c->p[11] == 0xff)))
        return false;
    if (c->bad_sum)
        return false;
    if (m->proto == 17)
        return flags & GRO_UDP && !c->no_sum;
    const uint8_t *check = c->p + made_ip_len(m) + 16;
    return (m->flags & ~(0x10 | 0x08 | 0x40)) == 0 && m->flags & 0x10 && !(check[0] == 0xff && check[1] == 0xff);
}

static inline bool same_flow(const struct made *a, const struct made *b)
{
    return a->version == b->version && a->host == b->host && a->proto == b->proto && a->sport == b->sport &&
           a->dport == b->dport;
}

static inline bool same_head(const struct made *a, const struct made *b)
{
    bool ip = a->tos == b->tos && a->ttl == b->ttl;
    ip = ip && (a->version == 4 ? a->df == b->df : a->label == b->label && a->extensions == b->extensions);
    if (a->proto == 17)
        return ip;
    return ip && a->ack == b->ack && a->window == b->window && a->urgent == b->urgent && a->tcp_low == b->tcp_low &&
           ((a->flags ^ b->flags) & ~0x08) == 0 && a->tcp_options_len == b->tcp_options_len &&
           memcmp(a->tcp_options, b->tcp_options, a->tcp_options_len) == 0;
}

static inline bool id_follows(const struct list *l, const struct made *m, unsigned flags)
{
    const struct made *first = &come[l->at[0]].m;
    if (m->version == 6)
        return true;
    bool may_be_fixed = flags & GRO_FIXED_ID && first->df;
    bool fixed = l->n == 1 ? m->id == first->id : come[l->at[1]].m.id == first->id;
    return may_be_fixed && fixed ? m->id == first->id : m->id == (uint16_t)(first->id + l->n);
}

static inline bool follows(const struct list *l, const struct come *c, unsigned flags)
{
    const struct come *first = &come[l->at[0]], *last = &come[l->at[l->n - 1]];
    size_t total = first->n;
    for (unsigned i = 1; i < l->n; i++)
        total += come[l->at[i]].m.n;
    if (!may_join(first, flags) || !may_join(c, flags) || !same_head(&first->m, &c->m) || total + c->m.n > 65535)
        return false;
    if (last->m.n != first->m.n || c->m.n > first->m.n || !id_follows(l, &c->m, flags))
        return false;
    if (c->m.proto == 17)
        return l->n < 64;
    return (flags & GRO_COLLAPSE_PSH || !(last->m.flags & 0x08)) && c->m.seq == (uint32_t)(last->m.seq + last->m.n);
}

static inline void reference(unsigned n, unsigned flags)
{
    n_lists = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct come *c = &come[i];
        struct list *found = NULL;
        for (unsigned k = 0; k < n_lists; k++) {
            if (c->m.mf)
                lists[k].newest = false;
            else if (lists[k].newest && same_flow(&come[lists[k].at[0]].m, &c->m))
                found = &lists[k];
        }
        if (found && follows(found, c, flags)) {
            found->at[found->n++] = i;
            continue;
        }
        if (found)
            found->newest = false;
        lists[n_lists++] = (struct list){ .at = { i }, .n = 1, .newest = !c->m.mf };
    }
}

#endif

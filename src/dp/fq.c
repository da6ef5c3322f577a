/* Flows that take turns (RFC 8290 4); see fq.h. Packets lie in fq_store, CoDel is fq_codel, flow numbers and ECN are
 * fq_class. */
#include "dp/fq.h"

#include "dp/fq_class.h"

enum { NO_FLOW = FQ_FLOWS };

enum { LIST_NONE, LIST_NEW, LIST_OLD, LISTS };

struct flow {
    uint32_t bytes; /* not sent yet */
    int32_t deficit;
    uint8_t next; /* in its list */
    uint8_t list;
    struct codel codel;
};

/* A list of flows by number. */
struct line {
    uint8_t first, last;
};

/* Exists only while something waits. */
struct fq_table {
    struct fq_store store;
    struct line lines[LISTS];
    uint8_t chosen; /* by fq_next() */
    struct flow flows[FQ_FLOWS];
    struct fq_list packets[FQ_FLOWS];
};

_Static_assert(sizeof(struct fq) <= 64, "ten thousand idle sessions have one each");

const struct fq_conf fq_defaults = {
    .bytes = FQ_BYTES,
    .packets = FQ_PACKETS,
    .quantum = FQ_QUANTUM,
    .ecn = true,
    .block = FQ_BLOCK,
    .codel = { .target = 5000, .interval = 100000, .mtu = FQ_QUANTUM },
};

void fq_bench_init(struct fq_bench *b, const struct fq_conf *conf, uint64_t seed, unsigned keep)
{
    *b = (struct fq_bench){ .conf = *conf, .seed = seed };
    if (b->conf.quantum < FQ_QUANTUM_MIN)
        b->conf.quantum = FQ_QUANTUM_MIN;
    blocks_init(&b->tables, sizeof(struct fq_table), keep);
    blocks_init(&b->blocks, conf->block, keep);
}

void fq_bench_done(struct fq_bench *b)
{
    blocks_done(&b->tables);
    blocks_done(&b->blocks);
}

static void line_add(struct fq_table *t, uint8_t list, uint8_t i)
{
    struct line *l = &t->lines[list];
    t->flows[i].list = list;
    t->flows[i].next = NO_FLOW;
    if (l->first == NO_FLOW)
        l->first = i;
    else
        t->flows[l->last].next = i;
    l->last = i;
}

/* The first flow out of its list. */
static uint8_t line_pop(struct fq_table *t, uint8_t list)
{
    struct line *l = &t->lines[list];
    uint8_t i = l->first;
    l->first = t->flows[i].next;
    t->flows[i].list = LIST_NONE;
    return i;
}

/* The queue holds memory from here on. The flow that ran empty last gets its past back: a single long flow lets the
 * queue run empty between two bursts, and CoDel would have to learn its rate anew each time (RFC 8289 5.5). */
static bool table_open(struct fq *q, struct fq_bench *b)
{
    struct fq_table *t = (struct fq_table *)(void *)blocks_get(&b->tables);
    if (!t)
        return false;
    *t = (struct fq_table){ .chosen = NO_FLOW };
    for (unsigned i = 0; i < LISTS; i++)
        t->lines[i].first = NO_FLOW;
    t->flows[q->past_flow].codel.count = q->past_count;
    t->flows[q->past_flow].codel.drop_next = q->past_next;
    q->table = t;
    return true;
}

static void table_close(struct fq *q, struct fq_bench *b)
{
    fq_store_done(&q->table->store, &b->blocks);
    blocks_put(&b->tables, (uint8_t *)q->table);
    q->table = NULL;
}

void fq_done(struct fq *q, struct fq_bench *b)
{
    if (q->table)
        table_close(q, b);
    q->bytes = q->packets = 0;
}

size_t fq_memory(const struct fq *q, const struct fq_bench *b)
{
    return q->table ? sizeof(struct fq_table) + q->table->store.blocks * b->blocks.size : 0;
}

/* A flow that was hardly signalled does not push out the past of one that was. */
static void remember(struct fq *q, uint8_t i)
{
    const struct codel *c = &q->table->flows[i].codel;
    uint32_t delta = c->count - c->last_count;
    if (delta <= 1 && i != q->past_flow)
        return;
    q->past_flow = i;
    q->past_count = delta;
    q->past_next = c->drop_next;
}

/* The oldest packet of a flow goes: it was sent, or it is dropped. */
static void take_head(struct fq *q, struct fq_bench *b, uint8_t i)
{
    struct fq_table *t = q->table;
    struct flow *f = &t->flows[i];
    struct fq_entry *e = fq_list_pop(&t->packets[i]);
    q->bytes -= e->n - e->sent;
    f->bytes -= e->n - e->sent;
    q->packets--;
    fq_store_drop(&t->store, &b->blocks, e);
    if (t->packets[i].head)
        return;
    codel_empty(&f->codel);
    remember(q, i);
}

/* RFC 8290 4.1: the queue with the largest byte count loses packets from its head. */
static void drop_from_longest(struct fq *q, struct fq_bench *b)
{
    uint8_t longest = 0;
    for (uint8_t i = 1; i < FQ_FLOWS; i++) {
        if (q->table->flows[i].bytes > q->table->flows[longest].bytes)
            longest = i;
    }
    if (!q->table->packets[longest].head) /* only packets without bytes are left */
        for (longest = 0; !q->table->packets[longest].head;)
            longest++;
    take_head(q, b, longest);
    q->overflowed++;
}

static bool refuse(struct fq *q, struct fq_bench *b)
{
    q->overflowed++;
    if (q->table && fq_empty(q))
        table_close(q, b);
    return false;
}

bool fq_push(struct fq *q, struct fq_bench *b, const struct packet *p, usec now)
{
    if (!fq_store_takes(&b->blocks, p->n) || (!q->table && !table_open(q, b)))
        return refuse(q, b);
    struct fq_table *t = q->table;
    t->chosen = NO_FLOW;
    while (q->packets && (q->bytes >= b->conf.bytes || q->packets >= b->conf.packets))
        drop_from_longest(q, b);
    struct fq_entry *e = fq_store_put(&t->store, &b->blocks, p, t->packets, FQ_FLOWS);
    if (!e)
        return refuse(q, b);
    uint8_t i = b->conf.plain ? 0 : (uint8_t)(fq_class(slice_of(p->p, p->n), b->seed) % FQ_FLOWS);
    struct flow *f = &t->flows[i];
    e->at = now;
    fq_list_add(&t->packets[i], e);
    f->bytes += p->n;
    q->bytes += p->n;
    q->packets++;
    if (f->list == LIST_NONE) {
        f->deficit = (int32_t)b->conf.quantum;
        line_add(t, LIST_NEW, i);
    }
    return true;
}

/* CoDel judges the head of a flow, once; true: it is to go next. False: the flow has run empty, or the head was
 * dropped and the next one has to be asked. */
static bool judge(struct fq *q, struct fq_bench *b, uint8_t i, usec now)
{
    struct flow *f = &q->table->flows[i];
    struct fq_entry *e = q->table->packets[i].head;
    usec waited = now > e->at ? now - e->at : 0;
    q->sojourn = waited > UINT32_MAX ? UINT32_MAX : (uint32_t)waited;
    if (e->judged || b->conf.plain ||
        !codel_signal(&f->codel, &b->conf.codel, waited, f->bytes - (e->n - e->sent), now)) {
        e->judged = true;
        return true;
    }
    if (b->conf.ecn && fq_mark(e->bytes, e->n)) {
        e->judged = true;
        q->marked++;
        return true;
    }
    take_head(q, b, i);
    q->dropped++;
    return false;
}

/* RFC 8290 4.2: the flow whose turn it is, new flows first; NO_FLOW: nothing waits. */
static uint8_t choose(struct fq *q, struct fq_bench *b, usec now)
{
    struct fq_table *t = q->table;
    for (;;) {
        uint8_t list = t->lines[LIST_NEW].first != NO_FLOW ? LIST_NEW : LIST_OLD;
        uint8_t i = t->lines[list].first;
        if (i == NO_FLOW)
            return NO_FLOW;
        struct flow *f = &t->flows[i];
        if (f->deficit <= 0) {
            f->deficit += (int32_t)b->conf.quantum;
            line_add(t, LIST_OLD, line_pop(t, list));
            continue;
        }
        while (t->packets[i].head) {
            if (judge(q, b, i, now))
                return i;
        }
        line_pop(t, list);
        /* RFC 8290 4.2: a new flow that ran empty waits behind the old ones once, so that it cannot starve them by
         * coming back. */
        if (list == LIST_NEW && t->lines[LIST_OLD].first != NO_FLOW)
            line_add(t, LIST_OLD, i);
    }
}

/* No other flow is in a list. */
static bool alone(const struct fq_table *t, uint8_t i)
{
    uint8_t other = t->flows[i].list == LIST_NEW ? LIST_OLD : LIST_NEW;
    return t->flows[i].next == NO_FLOW && t->lines[other].first == NO_FLOW;
}

bool fq_next(struct fq *q, struct fq_bench *b, usec now, struct fq_turn *ret_turn)
{
    struct fq_table *t = q->table;
    if (!t)
        return false;
    uint8_t i = choose(q, b, now);
    t->chosen = i;
    if (i == NO_FLOW)
        return false;
    struct fq_entry *e = t->packets[i].head;
    ret_turn->packet = (struct packet){ .p = e->bytes, .n = e->n };
    memcpy(ret_turn->packet.vnet, e->vnet, sizeof(e->vnet));
    ret_turn->sent = e->sent;
    ret_turn->share = alone(t, i) ? UINT32_MAX : (uint32_t)t->flows[i].deficit;
    return true;
}

void fq_sent(struct fq *q, struct fq_bench *b, uint32_t end)
{
    struct fq_table *t = q->table;
    if (!t || t->chosen == NO_FLOW)
        return;
    struct flow *f = &t->flows[t->chosen];
    struct fq_entry *e = t->packets[t->chosen].head;
    end = end > e->n ? e->n : end;
    uint32_t more = end > e->sent ? end - e->sent : 0;
    e->sent += more;
    f->bytes -= more;
    q->bytes -= more;
    f->deficit -= (int32_t)more;
    if (e->sent == e->n)
        take_head(q, b, t->chosen);
    t->chosen = NO_FLOW;
    if (fq_empty(q))
        table_close(q, b);
}

/* Joining: against a slow reference over descriptions of packets; each rule with a pair that must stay apart; and what
 * was joined, cut again, is what came in. */
#include "gro_reference.h"

#include "seg/gso.h"

static uint8_t data[65536], arena[GRO_PACKETS * 9300 + 70000], joined[MADE_MAX], want[MADE_MAX];
static size_t used;
static struct gro gro;

static void put(struct come *c)
{
    uint8_t *p = arena + used;
    size_t ip = made_ip_len(&c->m);
    c->p = p;
    c->n = made_packet(&c->m, p, false);
    if (c->no_sum)
        made_u16(p + ip + 6, 0);
    if (c->bad_sum)
        p[ip + (c->m.proto == 6 ? 16 : 6)] ^= 0x55;
    if (c->bad_ip_sum)
        p[10] ^= 0x55;
    memset(p + c->n, 0, c->padding);
    c->n += c->padding;
    used += c->n;
    assert_true(used <= sizeof arena);
}

/* --- what came out ----------------------------------------------------------------------------------------------- */

/* PSH of the join: of its last packet, or of any where they are collapsed. */
static uint8_t psh_of(const struct list *l)
{
    uint8_t flags = 0;
    for (unsigned i = 0; i < l->n; i++)
        flags |= come[l->at[i]].m.flags;
    return flags & 0x08;
}

/* The header of a join is that of a super-packet made to order. */
static void check_head(const struct list *l, struct slice head)
{
    struct made m = come[l->at[0]].m;
    uint8_t vnet[10];
    m.n = 0;
    for (unsigned i = 0; i < l->n; i++)
        m.n += come[l->at[i]].m.n;
    m.data = data; /* not compared: a partial checksum does not cover it */
    m.flags |= psh_of(l);
    made_vnet(&m, come[l->at[0]].m.n, vnet);
    made_packet(&m, want, true);
    need(head.n == 10 + made_head_len(&m));
    need(memcmp(head.p, vnet, 10) == 0);
    need(memcmp(head.p + 10, want, head.n - 10) == 0);
}

static void check_cut(const struct list *l, const struct slice *slices, unsigned n, unsigned flags)
{
    size_t len = 0;
    for (unsigned i = 0; i < n; i++) {
        memcpy(joined + len, slices[i].p, slices[i].n);
        len += slices[i].n;
    }
    struct gso g;
    need(gso_init(&g, joined, slice_of(joined + 10, len - 10)) == 0);
    for (unsigned i = 0; i < l->n; i++) {
        const struct come *c = &come[l->at[i]];
        struct made m = c->m;
        m.id = (uint16_t)(come[l->at[0]].m.id + i); /* the same, unless it was fixed */
        if (flags & GRO_COLLAPSE_PSH)
            m.flags = (uint8_t)((m.flags & ~0x08) | (i + 1 == l->n ? psh_of(l) : 0));
        size_t n_want = made_packet(&m, want, false);
        need(m.id != c->m.id || m.flags != c->m.flags || memcmp(want, c->p, c->n) == 0);
        need(gso_next_len(&g) == n_want);
        static uint8_t got[MADE_MAX];
        need(gso_next(&g, got) == n_want && memcmp(got, want, n_want) == 0);
    }
    need(gso_left(&g) == 0);
}

static void check(unsigned n, unsigned flags)
{
    static const uint8_t zero[10];
    struct slice s[GRO_SLICES];
    gro_init(&gro, flags);
    for (unsigned i = 0; i < n; i++)
        need(gro_add(&gro, slice_of(come[i].p, come[i].n)));
    unsigned writes = gro_finish(&gro);
    reference(n, flags);
    need(writes == n_lists);
    for (unsigned i = 0; i < writes; i++) {
        const struct list *l = &lists[i];
        unsigned k = gro_slices(&gro, i, s);
        need(k == l->n + 1 && gro_count(&gro, i) == l->n);
        if (l->n == 1) {
            need(s[0].n == 10 && memcmp(s[0].p, zero, 10) == 0);
            need(s[1].p == come[l->at[0]].p && s[1].n == come[l->at[0]].n);
            continue;
        }
        for (unsigned j = 0; j < l->n; j++) {
            const struct come *c = &come[l->at[j]];
            need(s[j + 1].n == c->m.n && s[j + 1].p == c->p + c->n - c->m.n);
        }
        check_head(l, s[0]);
        check_cut(l, s, k, flags);
    }
}

/* --- random flows ------------------------------------------------------------------------------------------------- */

static struct made flow[6];
static size_t flow_size[6];

static void start_flow(unsigned f)
{
    struct made m = made_tcp(made_random(2) ? 4 : 6, data, 0);
    m.proto = made_random(3) ? 6 : 17;
    m.host = (uint8_t)made_random(2);
    m.sport = (uint16_t)(40000 + f);
    m.df = made_random(2);
    m.id = (uint16_t)(made_random(2) ? made_random(65536) : 65530);
    m.seq = made_random(2) ? made_random(UINT32_MAX) : UINT32_MAX - made_random(5000);
    m.extensions = (uint8_t)(m.version == 6 && made_random(4) == 0 ? made_random(3) : 0);
    m.tcp_options_len = (uint8_t)(made_random(3) ? 12 : 4 * made_random(11));
    m.tos = (uint8_t)made_random(4);
    flow[f] = m;
    flow_size[f] = 1 + made_random(made_random(3) ? 1400 : 9000);
}

/* Something about this packet is unlike its flow: `m` is what goes out, `c` how it is spoilt. */
static void odd(struct come *c)
{
    struct made *m = &c->m;
    /* clang-format off */
    switch (made_random(24)) {
    case 0: m->flags |= 0x01; break;
    case 1: m->flags |= 0x02; break;
    case 2: m->flags |= 0x04; break;
    case 3: m->flags |= 0x20; break;
    case 4: m->flags |= 0x80; break;
    case 5: m->flags |= 0x40; break;
    case 6: m->flags = 0; break;
    case 7: c->bad_sum = true; break;
    case 8: c->bad_ip_sum = m->version == 4; break;
    case 9: c->padding = 1 + made_random(9); break;
    case 10: c->no_sum = m->proto == 17; break;
    case 11: m->tos ^= 1; break;
    case 12: m->ttl--; break;
    case 13: m->df = !m->df; break;
    case 14: m->id++; break;
    case 15: m->seq++; break;
    case 16: m->ack++; break;
    case 17: m->window++; break;
    case 18: m->tcp_options[made_random(40)]++; break;
    case 19: m->label++; break;
    case 20: m->mf = m->version == 4; break;
    case 21: m->ip_options = m->version == 4 ? 4 : 0; break;
    case 22: m->urgent++; break;
    case 23: m->tcp_low ^= (uint8_t)(1 + made_random(15)); break;
    }
    /* clang-format on */
}

static void next_packet(struct come *c, unsigned f)
{
    struct made *m = &flow[f];
    *c = (struct come){ .m = *m };
    unsigned dice = made_random(20);
    c->m.n = dice == 0 ? 0 : dice == 1 ? 1 + made_random((uint32_t)flow_size[f]) : flow_size[f];
    if (dice == 2 && flow_size[f] > 1)
        c->m.n = flow_size[f] + 1;
    c->m.data = data + made_random(20000);
    if (m->proto == 6 && made_random(15) == 0)
        c->m.flags |= 0x08;
    if (made_random(12) == 0)
        odd(c);
    m->seq = c->m.seq + (uint32_t)c->m.n;
    m->id = (uint16_t)(c->m.id + (made_random(30) != 0));
    if (made_random(30) == 0) {
        m->ack++;
        m->tcp_options[7]++; /* time goes on */
    }
    put(c);
}

static void test_random_flows(void **state)
{
    (void)state;
    unsigned joins = 0, packets = 0;
    for (unsigned seed = 0; seed < 3000; seed++) {
        made_start(seed);
        unsigned flows = 1 + made_random(6), n = 1 + made_random(GRO_PACKETS), f = 0;
        for (unsigned i = 0; i < flows; i++)
            start_flow(i);
        used = 0;
        for (unsigned i = 0; i < n; i++) {
            if (made_random(4) == 0)
                f = made_random(flows);
            next_packet(&come[i], f);
        }
        check(n, made_random(8));
        joins += gro.joins;
        packets += n;
    }
    assert_true(joins < packets * 3 / 4); /* much was joined, not nothing */
}

/* What gso cuts comes together again as one write, all that fits. */
static void test_cut_then_join(void **state)
{
    (void)state;
    static const size_t sizes[] = { 512, 536, 1000, 1360, 1388, 4047, 9000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 4; kind++) {
            struct made m = made_tcp(kind & 1 ? 4 : 6, data, 64000);
            m.proto = kind & 2 ? 6 : 17;
            m.flags |= 0x08;
            m.n = m.proto == 17 ? sizes[i] * 60 : 64000;
            m.n = m.n < 65000 ? m.n : 65000;
            used = 0;
            unsigned n = 0;
            for (; made_piece(&m, sizes[i], n, &come[n].m); n++)
                put(&come[n]);
            check(n, GRO_UDP);
            assert_int_equal(gro.joins, 1);
        }
}

/* --- rules, one by one -------------------------------------------------------------------------------------------- */

static void pair(int version, int proto)
{
    memset(come, 0, sizeof come);
    used = 0;
    for (unsigned i = 0; i < 3; i++) {
        come[i].m = made_tcp(version, data + 100 * i, 100);
        come[i].m.proto = (uint8_t)proto;
        come[i].m.seq += 100 * i;
        come[i].m.id = (uint16_t)(come[i].m.id + i);
        come[i].m.tcp_options_len = 12;
    }
}

static unsigned writes_of(unsigned n, unsigned flags)
{
    used = 0;
    for (unsigned i = 0; i < n; i++)
        put(&come[i]);
    check(n, flags);
    return gro.joins;
}

#define APART(version, proto, change)                                                                                  \
    do {                                                                                                               \
        pair(version, proto);                                                                                          \
        assert_int_equal(writes_of(2, GRO_UDP), 1);                                                                    \
        struct come *c = &come[1];                                                                                     \
        (void)c;                                                                                                       \
        change;                                                                                                        \
        assert_int_equal(writes_of(2, GRO_UDP), 2);                                                                    \
    } while (0)

static void test_tcp_rules(void **state)
{
    (void)state;
    for (int v = 4; v <= 6; v += 2) {
        APART(v, 6, c->m.seq++);
        APART(v, 6, c->m.seq--);
        APART(v, 6, c->m.ack++);
        APART(v, 6, c->m.window++);
        APART(v, 6, c->m.urgent++);
        APART(v, 6, c->m.tcp_options[11]++);
        APART(v, 6, c->m.tcp_options_len = 8);
        APART(v, 6, c->m.tcp_options_len = 16);
        APART(v, 6, c->m.tcp_low = 1);
        APART(v, 6, c->m.flags |= 0x01);
        APART(v, 6, c->m.flags |= 0x02);
        APART(v, 6, c->m.flags |= 0x04);
        APART(v, 6, c->m.flags |= 0x20);
        APART(v, 6, c->m.flags |= 0x40);
        APART(v, 6, c->m.flags |= 0x80);
        APART(v, 6, c->m.flags = 0x08);
        APART(v, 6, c->m.n = 0);
        APART(v, 6, c->m.n = 101);
        APART(v, 6, come[0].m.flags |= 0x08);
        APART(v, 6, come[0].m.flags |= 0x80);
        APART(v, 6, c->bad_sum = true);
        APART(v, 6, come[0].bad_sum = true);
        APART(v, 6, c->padding = 1);
        APART(v, 6, come[0].padding = 2);
        APART(v, 6, c->m.sport++);
        APART(v, 6, c->m.dport++);
        APART(v, 6, c->m.host++);
        APART(v, 6, c->m.proto = 17);
    }
    for (unsigned flag = 1; flag < 0x100;
         flag <<= 1) { /* in both: still not joined, but for ACK, PSH at the end, ECE */
        pair(4, 6);
        come[0].m.flags |= (uint8_t)flag;
        come[1].m.flags |= (uint8_t)flag;
        assert_int_equal(writes_of(2, 0), flag == 0x10 || flag == 0x40 ? 1 : 2);
    }
    pair(4, 6);
    come[0].m.flags = come[1].m.flags = 0;
    assert_int_equal(writes_of(2, 0), 2);
}

static void test_ip_rules(void **state)
{
    (void)state;
    for (int proto = 6; proto <= 17; proto += 11) {
        APART(4, proto, c->m.ttl--);
        APART(4, proto, c->m.tos ^= 3); /* ECN */
        APART(4, proto, c->m.tos ^= 4); /* DSCP */
        APART(4, proto, c->m.df = false);
        APART(4, proto, c->m.mf = true);
        APART(4, proto, come[0].m.reserved = c->m.reserved = true);
        APART(4, proto, come[0].m.ip_options = c->m.ip_options = 4);
        APART(4, proto, c->m.id++);
        APART(4, proto, c->m.id--); /* fixed, but not asked for */
        APART(4, proto, c->bad_ip_sum = true);
        APART(4, proto, come[0].bad_ip_sum = true);
        APART(6, proto, c->m.ttl--);
        APART(6, proto, c->m.tos ^= 3);
        APART(6, proto, c->m.label++);
        APART(6, proto, c->m.extensions = 1);
        APART(6, proto, c->m.extensions = come[0].m.extensions = 11); /* more than are looked at */
        APART(4, proto, c->m = come[0].m; c->m.version = 6);
    }
    pair(6, 6);
    come[0].m.extensions = come[1].m.extensions = 2;
    assert_int_equal(writes_of(2, 0), 1);
    pair(6, 6);
    come[0].m.extensions = come[1].m.extensions = 7; /* 128 bytes of headers, 132 */
    assert_int_equal(writes_of(2, 0), 1);
    come[0].m.tcp_options_len = come[1].m.tcp_options_len = 16;
    assert_int_equal(writes_of(2, 0), 2);
}

static void test_fixed_id(void **state)
{
    (void)state;
    pair(4, 6);
    come[0].m.id = come[1].m.id = come[2].m.id = 0;
    assert_int_equal(writes_of(3, 0), 3);
    assert_int_equal(writes_of(3, GRO_FIXED_ID), 1);
    come[2].m.id = 2; /* the second packet has told which kind it is */
    assert_int_equal(writes_of(3, GRO_FIXED_ID), 2);
    come[1].m.id = 1;
    come[2].m.id = 0;
    assert_int_equal(writes_of(3, GRO_FIXED_ID), 2);
    for (unsigned i = 0; i < 3; i++) {
        come[i].m.id = 0;
        come[i].m.df = false;
    }
    assert_int_equal(writes_of(3, GRO_FIXED_ID), 3);
}

static void test_collapsed_psh(void **state)
{
    (void)state;
    for (int v = 4; v <= 6; v += 2)
        for (unsigned which = 0; which < 8;
             which++) { /* any of the three has it, or none; check() looks for it in the last */
            pair(v, 6);
            for (unsigned i = 0; i < 3; i++)
                come[i].m.flags |= which & 1u << i ? 0x08 : 0;
            assert_int_equal(writes_of(3, GRO_COLLAPSE_PSH), 1);
            come[2].m.ack++; /* all else still counts */
            assert_int_equal(writes_of(3, GRO_COLLAPSE_PSH), 2);
        }
    pair(4, 6);
    come[1].m.flags |= 0x09; /* and nothing follows a FIN */
    assert_int_equal(writes_of(3, GRO_COLLAPSE_PSH), 3);
}

static void test_udp_rules(void **state)
{
    (void)state;
    for (int v = 4; v <= 6; v += 2) {
        APART(v, 17, c->m.n = 0);
        APART(v, 17, c->m.n = 101);
        APART(v, 17, c->m.sport++);
        APART(v, 17, c->m.dport++);
        APART(v, 17, c->no_sum = true);
        APART(v, 17, c->bad_sum = true);
        APART(v, 17, c->no_sum = come[0].no_sum = true);
        pair(v, 17);
        assert_int_equal(writes_of(3, 0), 3); /* not switched on */
        assert_int_equal(writes_of(3, GRO_UDP), 1);
        come[1].m.n = 99; /* shorter: the last */
        assert_int_equal(writes_of(3, GRO_UDP), 2);
        assert_int_equal(gro_count(&gro, 0), 2);
    }
    memset(come, 0, sizeof come);
    for (unsigned i = 0; i < 70; i++) {
        come[i].m = made_udp(4, data, 20);
        come[i].m.id = (uint16_t)i;
    }
    assert_int_equal(writes_of(70, GRO_UDP), 2);
    assert_int_equal(gro_count(&gro, 0), 64);
}

/* Makes the checksum right for all bytes that there are, whatever the lengths in the packet say. */
static void sum_anew(struct come *c, bool zero_field)
{
    uint8_t *p = arena + (c->p - arena);
    size_t ip = made_ip_len(&c->m), len = c->n - ip, check = ip + (c->m.proto == 6 ? 16 : 6);
    size_t field = zero_field ? c->n - 2 : check; /* the last two bytes of data take part like any others */
    made_u16(p + field, 0);
    made_u16(p + check, 0);
    made_u16(p + field, ~made_sum(made_pseudo(&c->m, p, len), p + ip, len));
}

static unsigned writes_as_they_are(void)
{
    gro_init(&gro, GRO_UDP);
    for (unsigned i = 0; i < 2; i++)
        assert_true(gro_add(&gro, slice_of(come[i].p, come[i].n)));
    return gro_finish(&gro);
}

/* Packets whose checksum is right, but which cutting would not give back. */
static void test_lengths_that_lie(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        pair(4, kind ? 17 : 6);
        if (kind == 0)
            come[0].padding = come[1].padding = 2; /* behind the IP packet */
        writes_of(2, GRO_UDP);
        for (unsigned i = 0; i < 2; i++) {
            if (kind == 2)
                made_u16(arena + (come[i].p - arena) + 24, 106); /* behind the datagram */
            sum_anew(&come[i], kind == 3);                       /* no checksum, and the data adds up to that */
        }
        assert_int_equal(writes_as_they_are(), kind == 1 ? 1 : 2); /* 1: nothing is wrong */
    }
}

static void test_ends(void **state)
{
    (void)state;
    pair(4, 6);
    come[1].m.flags |= 0x08; /* PSH ends a join, and the next begins one */
    assert_int_equal(writes_of(3, 0), 2);
    assert_int_equal(gro_count(&gro, 0), 2);
    pair(4, 6);
    come[1].m.n = 99; /* so does a shorter segment */
    come[2].m.seq--;
    assert_int_equal(writes_of(3, 0), 2);
    assert_int_equal(gro_count(&gro, 0), 2);
    pair(4, 6);
    come[1].m.n = 0; /* a pure ACK passes between, nothing passes it */
    come[2].m.seq -= 100;
    assert_int_equal(writes_of(3, 0), 3);
    pair(4, 6);
    come[1].m.mf = true; /* a fragment may be of any flow */
    come[2].m.seq -= 100;
    come[2].m.id--;
    assert_int_equal(writes_of(3, 0), 3);
    pair(4, 6);
    come[1].m = made_udp(4, data, 10); /* another flow does not matter */
    come[2].m.seq -= 100;
    come[2].m.id--;
    assert_int_equal(writes_of(3, 0), 2);
}

/* 65535 bytes are the most that an IP header can say. */
static void test_largest(void **state)
{
    (void)state;
    for (int v = 4; v <= 6; v += 2)
        for (unsigned over = 0; over < 2; over++) {
            memset(come, 0, sizeof come);
            size_t room = 65535 - (v == 4 ? 40 : 60), at = 0;
            unsigned n = 0;
            for (; at < room; n++) {
                size_t len = room - at < 8000 ? room - at + over : 8000;
                come[n].m = made_tcp(v, data + at, len);
                come[n].m.seq += (uint32_t)at;
                come[n].m.id = (uint16_t)n;
                at += len;
            }
            assert_int_equal(writes_of(n, 0), 1 + over);
        }
}

/* Bytes that are no packet pass as they are. */
static void test_anything(void **state)
{
    (void)state;
    struct slice s[GRO_SLICES];
    uint8_t rubbish[64];
    for (unsigned seed = 0; seed < 20000; seed++) {
        made_start(seed);
        size_t n = made_random(sizeof rubbish + 1);
        for (size_t i = 0; i < n; i++)
            rubbish[i] = (uint8_t)made_random(256);
        if (n && made_random(2))
            rubbish[0] = made_random(2) ? 0x45 : 0x60;
        gro_init(&gro, 3);
        need(gro_add(&gro, slice_of(rubbish, n)) && gro_finish(&gro) == 1 && gro_slices(&gro, 0, s) == 2);
        need(s[1].p == rubbish && s[1].n == n);
    }
}

static void test_full(void **state)
{
    (void)state;
    static uint8_t one[100];
    struct made m = made_tcp(4, data, 1);
    size_t n = made_packet(&m, one, false);
    gro_init(&gro, 0);
    assert_int_equal(gro_finish(&gro), 0);
    for (unsigned i = 0; i < GRO_PACKETS; i++)
        assert_true(gro_add(&gro, slice_of(one, n)));
    assert_false(gro_add(&gro, slice_of(one, n)));
    assert_int_equal(gro_finish(&gro), GRO_PACKETS);
    gro_init(&gro, 0);
    assert_true(gro_add(&gro, slice_of(one, n)));
    assert_int_equal(gro_finish(&gro), 1);
}

/* More flows than buckets are tried for: some are not joined, none is reordered or lost. */
static void test_many_flows(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        made_start(round);
        memset(come, 0, sizeof come);
        used = 0;
        gro_init(&gro, 0);
        for (unsigned i = 0; i < GRO_PACKETS; i++) {
            come[i].m = made_tcp(4, data, 10);
            come[i].m.sport = (uint16_t)(i / 2 + 64 * round);
            come[i].m.seq += 10 * (i % 2);
            come[i].m.id = (uint16_t)(5 + i % 2);
            put(&come[i]);
            need(gro_add(&gro, slice_of(come[i].p, come[i].n)));
        }
        unsigned writes = gro_finish(&gro), packets = 0;
        for (unsigned i = 0; i < writes; i++)
            packets += gro_count(&gro, i);
        need(packets == GRO_PACKETS && writes < GRO_PACKETS * 3 / 4);
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_flows), cmocka_unit_test(test_cut_then_join),
        cmocka_unit_test(test_tcp_rules),    cmocka_unit_test(test_ip_rules),
        cmocka_unit_test(test_fixed_id),     cmocka_unit_test(test_collapsed_psh),
        cmocka_unit_test(test_udp_rules),    cmocka_unit_test(test_lengths_that_lie),
        cmocka_unit_test(test_ends),         cmocka_unit_test(test_largest),
        cmocka_unit_test(test_anything),     cmocka_unit_test(test_full),
        cmocka_unit_test(test_many_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

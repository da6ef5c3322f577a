/* The data plane with datagram pairs in place of TUN queues: who gets which packet, what is handed over, what is dropped.
 *
 * The loop really runs, for some turns a case. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/plane.h"

#include <sys/socket.h>
#include <unistd.h>

struct box {
    struct plane plane;
    int tun;         /* the kernel's end */
    uint64_t refuse; /* a session that is not there */
    unsigned calls, packets;
    uint64_t last_session;
    uint8_t order[BATCH_MAX];
};

static struct loop *loop;
static struct box box[2];

static bool deliver(void *ctx, uint64_t session, const struct batch *b, bool queue)
{
    (void)queue;
    struct box *x = ctx;
    if (session == x->refuse)
        return false;
    x->calls++;
    x->last_session = session;
    for (unsigned i = 0; i < b->n; i++)
        x->order[x->packets++ % BATCH_MAX] = b->at[i].p[5];
    return true;
}

static int set_up(void **state)
{
    int pair[2], tun[2];
    struct config_pool pool = { .ipv4 = prefix_v4(0x0a500000, 24) };
    (void)state;
    loop = loop_new();
    if (handover_pair(pair) < 0)
        return -1;
    for (unsigned i = 0; i < 2; i++) {
        box[i] = (struct box){ 0 };
        if (plane_init(&box[i].plane, loop, i, deliver, &box[i]) < 0 ||
            socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, tun) < 0)
            return -1;
        box[i].tun = tun[1];
        if (plane_set_tun(&box[i].plane, tun[0], 0) < 0)
            return -1;
        plane_set_peer(&box[i].plane, 1 - i, pair[i]);
        plane_set_nets(&box[i].plane, &pool, 1);
        if (plane_start(&box[i].plane) < 0)
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        plane_done(&box[i].plane);
        close(box[i].tun);
    }
    loop_free(loop);
    return 0;
}

/* So many turns of the loop, each with its look at every descriptor, however slow the machine is: from the kernel to one
 * worker and on to the other takes a few. */
enum { TURNS = 15 };

struct countdown {
    struct timer *timer;
    unsigned turns;
};

static void count_down(void *ctx)
{
    struct countdown *c = ctx;
    if (c->turns-- == 0)
        loop_stop(loop, 0);
    else
        timer_set(c->timer, loop_now(loop) + 1);
}

static void run(void)
{
    struct countdown c = { .turns = TURNS };
    c.timer = timer_new(loop, count_down, &c);
    timer_set(c.timer, loop_now(loop) + 1);
    assert_int_equal(loop_run(loop), 0);
    timer_free(c.timer);
}

static size_t make_packet(uint8_t buf[64], uint32_t from, uint32_t to, uint8_t number)
{
    memset(buf, 0, 64);
    uint8_t *ip = buf + TUN_VNET_HDR;
    ip[0] = 0x45;
    ip[3] = 20;
    ip[5] = number;
    for (unsigned i = 0; i < 4; i++) {
        ip[12 + i] = (uint8_t)(from >> (24 - 8 * i));
        ip[16 + i] = (uint8_t)(to >> (24 - 8 * i));
    }
    return TUN_VNET_HDR + 20;
}

static void from_kernel(unsigned queue, uint32_t to, uint8_t number)
{
    uint8_t buf[64];
    size_t n = make_packet(buf, 0x0a500001, to, number);
    assert_int_equal(send(box[queue].tun, buf, n, 0), n);
}

static struct params with(uint32_t address)
{
    struct params p = { .n_prefixes = 1 };
    p.prefixes[0] = prefix_v4(address, 32);
    return p;
}

static void own(unsigned worker, uint64_t session, uint32_t address)
{
    struct params p = with(address);
    assert_int_equal(plane_own(&box[worker].plane, session, &p), 0);
    plane_other_own(&box[1 - worker].plane, (struct owner){ worker, session }, p.prefixes, 1);
}

static void packets_find_their_sessions(void **state)
{
    (void)state;
    own(0, 11, 0x0a500002);
    own(0, 12, 0x0a500003);
    for (uint8_t i = 0; i < 6; i++)
        from_kernel(0, i % 2 ? 0x0a500003 : 0x0a500002, i);
    run();
    assert_int_equal(box[0].packets, 6);
    assert_int_equal(box[0].calls, 2); /* interleaved packets come in one batch a session, in order */
    assert_memory_equal(box[0].order, ((uint8_t[]){ 0, 2, 4, 1, 3, 5 }), 6);
    assert_int_equal(drops_sum(&box[0].plane.drops), 0);
}

static void other_workers_sessions_are_handed_over(void **state)
{
    (void)state;
    own(1, 21, 0x0a500002);
    for (uint8_t i = 0; i < 5; i++)
        from_kernel(0, 0x0a500002, i);
    run();
    assert_int_equal(box[0].packets, 0);
    assert_int_equal(box[1].packets, 5);
    assert_int_equal(box[1].last_session, 21);
    assert_memory_equal(box[1].order, ((uint8_t[]){ 0, 1, 2, 3, 4 }), 5);
}

static void what_nobody_owns_is_counted(void **state)
{
    (void)state;
    from_kernel(0, 0x0a500009, 0);
    from_kernel(0, 0xe0000016, 0); /* what every host says to every interface */
    own(0, 11, 0x0a500002);
    box[0].refuse = 11;
    from_kernel(0, 0x0a500002, 1); /* its session has just gone */
    assert_int_equal(send(box[0].tun, "0123456789junk", 14, 0), 14);
    run();
    assert_int_equal(box[0].packets, 0);
    assert_int_equal(box[0].plane.drops.n[DROP_NO_OWNER], 2);
    assert_int_equal(box[0].plane.drops.n[DROP_MALFORMED], 1);
    assert_int_equal(box[0].plane.drops.n[DROP_MULTICAST], 1);
}

/* Two workers that each believe the other to be the owner must not play ball. */
static void nothing_goes_in_circles(void **state)
{
    struct params p = with(0x0a500002);
    (void)state;
    plane_other_own(&box[0].plane, (struct owner){ 1, 21 }, p.prefixes, 1);
    plane_other_own(&box[1].plane, (struct owner){ 0, 11 }, p.prefixes, 1);
    from_kernel(0, 0x0a500002, 0);
    run();
    assert_int_equal(box[0].packets + box[1].packets, 0);
    assert_int_equal(box[1].plane.drops.n[DROP_HANDOVER], 1);
}

static void a_worker_that_is_not_there_is_counted(void **state)
{
    struct params p = with(0x0a500002);
    (void)state;
    plane_other_own(&box[0].plane, (struct owner){ 63, 1 }, p.prefixes, 1);
    from_kernel(0, 0x0a500002, 0);
    run();
    assert_int_equal(box[0].plane.drops.n[DROP_HANDOVER], 1);
}

static void the_old_session_cannot_take_the_new_ones_place_away(void **state)
{
    struct params p = with(0x0a500002);
    (void)state;
    own(0, 11, 0x0a500002);
    own(1, 21, 0x0a500002); /* replaced */
    plane_disown(&box[0].plane, 11, &p);
    plane_other_disown(&box[1].plane, (struct owner){ 0, 11 }, p.prefixes, 1);
    from_kernel(0, 0x0a500002, 7);
    run();
    assert_int_equal(box[1].packets, 1);
    plane_disown(&box[1].plane, 21, &p);
    plane_other_disown(&box[0].plane, (struct owner){ 1, 21 }, p.prefixes, 1);
    from_kernel(0, 0x0a500002, 8);
    run();
    assert_int_equal(box[1].packets, 1);
    assert_int_equal(box[0].plane.drops.n[DROP_NO_OWNER], 1);
}

static void a_new_way_replaces_the_old_one(void **state)
{
    int pair[2];
    (void)state;
    own(1, 21, 0x0a500002);
    assert_int_equal(handover_pair(pair), 0);
    plane_set_peer(&box[0].plane, 1, pair[0]);
    plane_set_peer(&box[1].plane, 0, pair[1]);
    from_kernel(0, 0x0a500002, 3);
    run();
    assert_int_equal(box[1].packets, 1);
}

/* A new authd: what it does not tell again is no longer so; our own sessions are ours to know. */
static void what_a_new_authd_does_not_tell_is_gone(void **state)
{
    struct prefix kept = prefix_v4(0x0a500002, 32), gone = prefix_v4(0x0a500003, 32), ended = prefix_v4(0x0a500004, 32);
    struct plane *p = &box[0].plane;
    struct owner who;
    (void)state;
    own(0, 11, 0x0a500009);
    plane_other_own(p, (struct owner){ 1, 21 }, &kept, 1);
    plane_other_own(p, (struct owner){ 1, 22 }, &gone, 1);
    plane_other_own(p, (struct owner){ 1, 23 }, &ended, 1);
    plane_others_begin(p);
    plane_other_own(p, (struct owner){ 1, 21 }, &kept, 1);
    plane_other_own(p, (struct owner){ 1, 23 }, &ended, 1);
    plane_other_disown(p, (struct owner){ 1, 23 }, &ended, 1);
    assert_true(owners_get(&p->owners, &gone, &who)); /* until the end it may still come */
    plane_others_end(p);
    assert_true(owners_get(&p->owners, &kept, &who));
    assert_false(owners_get(&p->owners, &gone, &who));
    assert_false(owners_get(&p->owners, &ended, &who));
    from_kernel(0, 0x0a500009, 5);
    run();
    assert_int_equal(box[0].packets, 1);
    plane_others_end(p); /* without a beginning: nothing */
    assert_true(owners_get(&p->owners, &kept, &who));
}

static void only_what_may_pass_reaches_the_kernel(void **state)
{
    uint8_t bytes[4][64], got[64];
    struct batch b = { 0 };
    struct params p = with(0x0a500002);
    struct drops drops = { 0 };
    static const struct plane_rules none;
    (void)state;
    make_packet(bytes[0], 0x0a500002, 0x08080808, 1);
    make_packet(bytes[1], 0x0a500003, 0x08080808, 2); /* not its source */
    make_packet(bytes[2], 0x0a500002, 0x0a5000ff, 3); /* the pool's broadcast */
    make_packet(bytes[3], 0x0a500002, 0x0a500001, 4);
    for (unsigned i = 0; i < 4; i++) {
        memset(bytes[i], 0xee, TUN_VNET_HDR); /* rests of another packet */
        batch_add(&b, bytes[i] + TUN_VNET_HDR, 20);
    }
    assert_int_equal(plane_from_session(&box[0].plane, &b, &p, &none, &drops), DROP_SPOOFED);
    static const uint8_t empty[TUN_VNET_HDR];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(recv(box[0].tun, got, sizeof(got), 0), TUN_VNET_HDR + 20);
        assert_memory_equal(got, empty, TUN_VNET_HDR);
        assert_int_equal(got[TUN_VNET_HDR + 5], i ? 4 : 1);
    }
    assert_true(recv(box[0].tun, got, sizeof(got), 0) < 0);
    assert_int_equal(drops.n[DROP_SPOOFED], 1);
    assert_int_equal(drops.n[DROP_MULTICAST], 1);
}

/* How many of packets from 10.80.0.2 to these addresses pass by the rules. */
static unsigned pass_by(const struct plane_rules *rules, const uint32_t *to, unsigned n)
{
    uint8_t bytes[8][64], got[64];
    struct batch b = { 0 };
    struct params p = with(0x0a500002);
    struct drops drops = { 0 };
    unsigned passed = 0;
    for (unsigned i = 0; i < n; i++) {
        make_packet(bytes[i], 0x0a500002, to[i], (uint8_t)i);
        batch_add(&b, bytes[i] + TUN_VNET_HDR, 20);
    }
    enum drop first = plane_from_session(&box[0].plane, &b, &p, rules, &drops);
    while (recv(box[0].tun, got, sizeof(got), 0) > 0)
        passed++;
    assert_int_equal(drops.n[DROP_FORBIDDEN], n - passed);
    assert_int_equal(first, passed < n ? DROP_FORBIDDEN : DROP_NONE);
    return passed;
}

static void rules_bound_a_session(void **state)
{
    static const uint32_t host = 0x0a500001, self = 0x0a500002, other = 0x0a500009, far = 0x08080808,
                          inside = 0x0a010101;
    const uint32_t all[] = { host, self, other, far, inside };
    struct prefix allowed = prefix_v4(0x0a010000, 16), resolver = prefix_v4(0x08080808, 32);
    struct config_pool pool = { .ipv4 = prefix_v4(0x0a500000, 24) };
    (void)state;
    plane_set_nets(&box[0].plane, &pool, 1);
    own(0, 11, self);
    struct prefix theirs = prefix_v4(other, 32);
    plane_other_own(&box[0].plane, (struct owner){ 1, 21 }, &theirs, 1);
    struct plane_rules rules = { 0 };
    assert_int_equal(pass_by(&rules, all, 5), 5);
    rules.isolate = true;
    assert_int_equal(pass_by(&rules, all, 5), 4);
    assert_int_equal(pass_by(&rules, &other, 1), 0);
    rules = (struct plane_rules){ .limited = true };
    assert_int_equal(pass_by(&rules, all, 5), 2); /* to us, to itself */
    rules.allow = &allowed;
    rules.n_allow = 1;
    assert_int_equal(pass_by(&rules, all, 5), 3);
    assert_int_equal(pass_by(&rules, &inside, 1), 1);
    rules.dns = &resolver;
    rules.n_dns = 1;
    assert_int_equal(pass_by(&rules, all, 5), 4);
    assert_int_equal(pass_by(&rules, &other, 1), 0);
}

static void nothing_of_others_reaches_an_isolated_one(void **state)
{
    uint8_t bytes[3][64];
    struct batch b = { 0 };
    struct drops drops = { 0 };
    struct prefix theirs = prefix_v4(0x0a500009, 32), net = prefix_v4(0xc0a80700, 24);
    (void)state;
    plane_other_own(&box[0].plane, (struct owner){ 1, 21 }, &theirs, 1);
    plane_other_own(&box[0].plane, (struct owner){ 1, 21 }, &net, 1);
    make_packet(bytes[0], 0x0a500009, 0x0a500002, 1);
    make_packet(bytes[1], 0x08080808, 0x0a500002, 2);
    make_packet(bytes[2], 0xc0a80705, 0x0a500002, 3);
    for (unsigned i = 0; i < 3; i++)
        batch_add(&b, bytes[i] + TUN_VNET_HDR, 20);
    plane_to_isolated(&box[0].plane, &b, &drops);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.at[0].p[5], 2);
    assert_int_equal(drops.n[DROP_FORBIDDEN], 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(packets_find_their_sessions),
        T(other_workers_sessions_are_handed_over),
        T(what_nobody_owns_is_counted),
        T(nothing_goes_in_circles),
        T(a_worker_that_is_not_there_is_counted),
        T(the_old_session_cannot_take_the_new_ones_place_away),
        T(a_new_way_replaces_the_old_one),
        T(only_what_may_pass_reaches_the_kernel),
        T(what_a_new_authd_does_not_tell_is_gone),
        T(rules_bound_a_session),
        T(nothing_of_others_reaches_an_isolated_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Neighbour proxying: who is answered, for which address, and how the answer looks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/ndp.h"
#include "wire/nd.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const uint8_t their_mac[6] = { 2, 1, 1, 1, 1, 1 }, our_mac[6] = { 2, 9, 9, 9, 9, 9 };
static struct plane plane;
static struct ndp_link l;
static uint8_t out[128], to[6];
static struct wr w;

static struct prefix net(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, true, &p), 0);
    return p;
}

static int setup(void **state)
{
    (void)state;
    memset(&plane, 0, sizeof(plane));
    owners_init(&plane.owners);
    plane.nets[0] = net("fd00:18:2::a000:0/112");
    plane.gate = (struct gate_nets){ plane.nets, 1 };
    l = (struct ndp_link){ .plane = &plane, .told = { .n_nets = 1 } };
    l.told.nets[0] = net("fd00:18:2::/64");
    memcpy(l.mac, our_mac, 6);
    struct prefix one = net("fd00:18:2::a000:2"), wide = net("fd00:99:0:1::/64");
    assert_int_equal(owners_set(&plane.owners, &one, (struct owner){ 1, 5 }), 0);
    assert_int_equal(owners_set(&plane.owners, &wide, (struct owner){ 0, 6 }), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    owners_done(&plane.owners);
    return 0;
}

/* A solicitation for `target` by `from`, changed at one place (SIZE_MAX: nowhere) after its checksum was made. */
static bool asked(const char *from, const char *target, uint8_t type, size_t at, uint8_t bits)
{
    uint8_t buf[128];
    struct wr ask = wr_of(buf, sizeof(buf));
    struct prefix src = net(from), want = net(target);
    uint8_t group[16] = { 0xff, 2, [11] = 1, [12] = 0xff };
    memcpy(group + 13, want.addr + 13, 3); /* RFC 4291 2.7.1 */
    struct nd_neighbour n = { .router = false };
    memcpy(n.target, want.addr, 16);
    size_t start = nd_begin(&ask, type, src.addr, group);
    nd_put_neighbour(&ask, type, &n);
    nd_end(&ask, start);
    if (at < ask.len)
        buf[at] ^= bits;
    w = wr_of(out, sizeof(out));
    memset(to, 0, sizeof(to));
    return ndp_answer(&l, wr_slice(&ask), their_mac, &w, to);
}

static bool asks(const char *from, const char *target)
{
    return asked(from, target, ND_NS, SIZE_MAX, 0);
}

static void a_session_is_found(void **state)
{
    (void)state;
    struct ip_view ip;
    struct nd_neighbour n;
    uint8_t type;
    struct prefix want = net("fd00:18:2::a000:2"), from = net("fd00:18:2::2");
    assert_true(asks("fd00:18:2::2", "fd00:18:2::a000:2"));
    assert_int_equal(ip_parse(wr_slice(&w), &ip), 0);
    assert_int_equal(nd_check(&ip, &type), 0); /* checksum and hop limit too */
    assert_int_equal(type, ND_NA);
    nd_read_neighbour(&ip, &n);
    assert_memory_equal(n.target, want.addr, 16);
    assert_memory_equal(ip.dst.p, from.addr, 16);
    assert_true(n.solicited && !n.override && !n.router);
    assert_memory_equal(to, their_mac, 6);
    static const uint8_t option[2] = { 2, 1 };
    assert_memory_equal(out + wr_len(&w) - 8, option, 2);
    assert_memory_equal(out + wr_len(&w) - 6, our_mac, 6);
}

/* RFC 4862 5.4.4: who is about to take the address hears of it with all others. */
static void an_address_is_defended(void **state)
{
    (void)state;
    static const uint8_t group[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    struct ip_view ip;
    struct nd_neighbour n;
    assert_true(asks("::", "fd00:18:2::a000:2"));
    assert_int_equal(ip_parse(wr_slice(&w), &ip), 0);
    nd_read_neighbour(&ip, &n);
    assert_false(n.solicited);
    assert_memory_equal(ip.dst.p, net("ff02::1").addr, 16);
    assert_memory_equal(to, group, 6);
}

static void our_own_is_found(void **state)
{
    (void)state;
    assert_true(asks("fd00:18:2::2", "fd00:18:2::a000:1"));
}

static void nobody_else_is(void **state)
{
    (void)state;
    assert_false(asks("fd00:18:2::2", "fd00:18:2::a000:3")); /* free */
    assert_false(asks("fd00:18:2::2", "fd00:18:2::1"));      /* the outer host itself */
    assert_false(asks("fd00:18:2::2", "fd00:99:0:1::7"));    /* a session's, but not of this link */
    l.told.nets[0] = net("fd00:18:3::/64");
    assert_false(asks("fd00:18:2::2", "fd00:18:2::a000:2"));
}

static void what_is_not_a_solicitation_is_not_answered(void **state)
{
    (void)state;
    const char *const from = "fd00:18:2::2", *const target = "fd00:18:2::a000:2";
    assert_false(asked(from, target, ND_NA, SIZE_MAX, 0));
    assert_false(asked(from, target, ND_NS, 7, 1));    /* hop limit */
    assert_false(asked(from, target, ND_NS, 41, 1));   /* code */
    assert_false(asked(from, target, ND_NS, 42, 1));   /* checksum */
    assert_false(asked(from, target, ND_NS, 5, 0xff)); /* length */
    assert_false(asked(from, target, ND_NS, 0, 0x20)); /* version */
    w = wr_of(out, sizeof(out));
    assert_false(ndp_answer(&l, slice_of(NULL, 0), their_mac, &w, to));
}

static struct ndp asking;

/* Has the message, of this kind, by `from` and about `target`, told us that the address is taken? */
static bool heard(const char *from, const char *target, uint8_t type)
{
    uint8_t buf[128];
    struct wr say = wr_of(buf, sizeof(buf));
    struct prefix src = net(from), want = net(target);
    struct nd_neighbour n = { .router = false };
    memset(&asking, 0, sizeof(asking));
    asking.probes[3] = (struct ndp_probe){ .addr = net("fd00:18:2::abcd"), .due = 1 };
    memcpy(n.target, want.addr, 16);
    struct prefix to_all = net("ff02::1"), group = net("ff02::1:ff00:0");
    memcpy(group.addr + 13, want.addr + 13, 3);
    size_t start = nd_begin(&say, type, src.addr, type == ND_NS ? group.addr : to_all.addr);
    nd_put_neighbour(&say, type, &n);
    nd_end(&say, start);
    ndp_heard(&asking, wr_slice(&say));
    return asking.probes[3].taken;
}

static void who_has_it_is_heard(void **state)
{
    (void)state;
    assert_true(heard("fd00:18:2::abcd", "fd00:18:2::abcd", ND_NA));
    assert_true(heard("::", "fd00:18:2::abcd", ND_NS));            /* about to take it, too */
    assert_false(heard("fd00:18:2::2", "fd00:18:2::abcd", ND_NS)); /* looks for it, has it not */
    assert_false(heard("fd00:18:2::abce", "fd00:18:2::abce", ND_NA));
    assert_false(heard("::", "fd00:18:2::abce", ND_NS));
    ndp_heard(&asking, slice_of(NULL, 0));
    asking.probes[3].due = 0; /* nobody waits for it any more */
    asking.probes[3].taken = false;
    assert_false(heard("fe80::1", "ff02::1", ND_NA));
}

static unsigned said;
static bool said_taken;

static void said_of(void *ctx, const struct prefix *addr, bool taken)
{
    (void)ctx, (void)addr;
    said++;
    said_taken = taken;
}

/* Sends it into the socket at `fd`, from an address that reads as one of an Ethernet (sll_pkttype 0, sll_halen 6). */
static void arrives(int fd, const struct sockaddr_un *at, socklen_t at_len, struct slice packet)
{
    struct sockaddr_un from = { .sun_family = AF_UNIX,
                                .sun_path = { 0, 'n', 'd', 'p', 0, 0, 0, 0, 0, 6, 2, 1, 1, 1, 1, 1 } };
    int out_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(from.sun_path + 16, &(int){ getpid() }, sizeof(int));
    assert_true(out_fd >= 0 && fd >= 0);
    assert_int_equal(bind(out_fd, (struct sockaddr *)&from, offsetof(struct sockaddr_un, sun_path) + 20), 0);
    assert_int_equal(sendto(out_fd, packet.p, packet.n, 0, (const struct sockaddr *)at, at_len), (int)packet.n);
    close(out_fd);
}

/* We stood still: the time of the question is over, and the answer is there and not yet read. */
static void an_answer_that_waits_to_be_read_counts(void **state)
{
    (void)state;
    uint8_t buf[128];
    struct wr say = wr_of(buf, sizeof(buf));
    struct prefix addr = net("fd00:18:2::abcd"), to_all = net("ff02::1");
    struct nd_neighbour told = { .router = false };
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    socklen_t at_len = sizeof(at);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(sa_family_t)), 0); /* unix(7): a name is chosen */
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &at_len), 0);
    memset(&asking, 0, sizeof(asking));
    asking.n = 1;
    asking.at[0] = (struct ndp_link){ .ndp = &asking, .plane = &plane, .fd = fd };
    for (unsigned k = 0; k < 2; k++)
        asking.probes[k] = (struct ndp_probe){ .addr = addr, .due = 700 + k, .fn = said_of };
    asking.probes[1].addr = net("fd00:18:2::abce");
    memcpy(told.target, addr.addr, 16);
    size_t start = nd_begin(&say, ND_NA, addr.addr, to_all.addr);
    nd_put_neighbour(&say, ND_NA, &told);
    nd_end(&say, start);
    said = 0;
    assert_int_equal(ndp_tick(&asking, 699), 700);
    assert_int_equal(said, 0);
    arrives(fd, &at, at_len, wr_slice(&say));
    assert_int_equal(ndp_tick(&asking, 700), 701);
    assert_true(said == 1 && said_taken);
    assert_true(ndp_tick(&asking, 5000) == NEVER);
    assert_true(said == 2 && !said_taken);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_is_defended, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_is_found, setup, teardown),
        cmocka_unit_test(who_has_it_is_heard),
        cmocka_unit_test_setup_teardown(an_answer_that_waits_to_be_read_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_is, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_a_solicitation_is_not_answered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Leases of sessions: who gets which, what is said to whom in which order, and what another process makes of the book. The
 * protocol itself is test_dhcp_client.c's. */
#include "aaa_help.h"

#include "lan_help.h"

#include "aaa/lan_parts.h"
#include "events/events.h"

#include <fcntl.h>

static int begin(void **state)
{
    (void)state;
    lan_bed_begin();
    return 0;
}

static int ask(uint64_t session, const char *user)
{
    struct lan_who who = lan_whose(session, user);
    return lan_ask(lan_bed.l, &who, "eth1", lan_bed.now);
}

static int hold(uint64_t session, const char *user, const char *link, uint32_t addr)
{
    struct lan_who who = lan_whose(session, user);
    struct lan_given given;
    return lan_hold(lan_bed.l, &who, link, addr, &given, lan_bed.now);
}

/* A session that has LAN_FIRST. */
static void get(void)
{
    assert_int_equal(ask(7, "alice"), 0);
    lan_pass(2000);
    assert_int_equal(lan_bed.n_answers, 1);
    assert_int_equal(lan_bed.n_refused, 0);
}

static bool book_empty(void)
{
    for (size_t i = 0; i < sizeof(lan_bed.book); i += LAN_RECORD)
        if (lan_bed.book[i])
            return false;
    return true;
}

static void test_given(void **state)
{
    (void)state;
    get();
    assert_int_equal(lan_bed.worker, 1);
    assert_int_equal(lan_bed.session, 7);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST);
    assert_int_equal(lan_bed.given.server, 0x0a090002);
    assert_int_equal(lan_bed.given.dns[0], 0x0a090035);
    assert_int_equal(lan_bed.given.dns[1], 0);
    assert_int_equal(lan_bed.up, LAN_FIRST);
    assert_false(book_empty());
    assert_int_equal(lan_count(lan_bed.l), 1);
    lan_pass(5000000); /* five leases long */
    assert_int_equal(lan_bed.n_answers, 1);
    assert_int_equal(lan_bed.n_lost, 0);
    assert_true(lan_bed.sent[DHCP4_REQUEST] > 5);
    lan_give_back(lan_bed.l, 1, 7, lan_bed.now);
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 1);
    assert_int_equal(lan_bed.n_down, 1);
    assert_int_equal(lan_bed.down, LAN_FIRST);
    assert_true(book_empty());
    assert_int_equal(lan_count(lan_bed.l), 0);
    lan_give_back(lan_bed.l, 1, 7, lan_bed.now); /* nothing, twice */
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 1);
}

/* Never before the book and the host know it. */
static void test_who_gets_what(void **state)
{
    (void)state;
    get();
    assert_int_equal(ask(8, "ALICE"), 0); /* the same user again: a lease of its own */
    lan_pass(2000);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST + 1);
    assert_int_equal(ask(9, "bob"), 0);
    lan_pass(2000);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST + 2);
    lan_give_back(lan_bed.l, 1, 7, lan_bed.now);
    lan_give_back(lan_bed.l, 1, 9, lan_bed.now);
    assert_int_equal(ask(10, "bob"), 0);
    lan_pass(2000);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST + 2);
    assert_int_equal(ask(11, "alice"), 0);
    lan_pass(2000);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST);
}

static void test_no_link(void **state)
{
    (void)state;
    struct lan_who who = lan_whose(7, "alice");
    assert_int_equal(lan_ask(lan_bed.l, &who, "eth9", lan_bed.now), ERR_MISSING);
    lan_link_down(lan_bed.l, "eth1");
    assert_int_equal(ask(7, "alice"), ERR_MISSING);
    assert_int_equal(lan_count(lan_bed.l), 0);
    lan_pass(100000);
    assert_int_equal(lan_bed.n_answers, 0);
    for (unsigned i = 0; i < LAN_LINKS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "e%u", i);
        lan_bed_plug(name);
    }
    assert_int_equal(lan_link_up(lan_bed.l, &(struct lan_link){ .name = "more" }, lan_bed.now), ERR_NOBUF);
}

static void test_silence(void **state)
{
    (void)state;
    lan_bed.silent = true;
    assert_int_equal(ask(7, "alice"), 0);
    lan_pass(LAN_PATIENCE - 1);
    assert_int_equal(lan_bed.n_answers, 0);
    lan_pass(1);
    assert_int_equal(lan_bed.n_refused, 1);
    assert_string_equal(lan_bed.why, "no DHCP server answered");
    assert_int_equal(lan_bed.n_up + lan_bed.n_lost, 0);
    assert_int_equal(lan_count(lan_bed.l), 0);
    assert_int_equal(lan_due(lan_bed.l), NEVER);
}

/* The session went while it was asked for: no answer, and nothing is kept. */
static void test_given_back_early(void **state)
{
    (void)state;
    assert_int_equal(ask(7, "alice"), 0);
    lan_give_back(lan_bed.l, 1, 7, lan_bed.now);
    lan_pass(100000);
    assert_int_equal(lan_bed.n_answers, 0);
    assert_int_equal(lan_bed.n_up, 0);
    assert_true(book_empty());
}

/* Asked again, as a client that repeats itself does: one exchange, one answer; also when it has it. */
static void test_asked_again(void **state)
{
    (void)state;
    assert_int_equal(ask(7, "alice"), 0);
    assert_int_equal(ask(7, "alice"), 0);
    lan_pass(2000);
    assert_int_equal(lan_bed.n_answers, 1);
    assert_int_equal(lan_bed.sent[DHCP4_DISCOVER], 1);
    assert_int_equal(ask(7, "alice"), 0);
    assert_int_equal(lan_bed.n_answers, 1); /* not from within */
    lan_pass(0);
    assert_int_equal(lan_bed.n_answers, 2);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST);
    assert_int_equal(ask(7, "bob"), 0); /* somebody else in the same session */
    lan_pass(2000);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST + 1);
    assert_int_equal(lan_bed.down, LAN_FIRST);
    assert_int_equal(lan_count(lan_bed.l), 1);
}

/* A server that heeds no client identifiers: the one who has the address keeps it. */
static void test_same_address(void **state)
{
    (void)state;
    lan_bed.same = true;
    get();
    assert_int_equal(ask(8, "bob"), 0);
    lan_pass(2000);
    assert_int_equal(lan_bed.n_refused, 1);
    assert_int_equal(lan_bed.session, 8);
    assert_non_null(strstr(lan_bed.why, "another session has"));
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 0); /* it would be the other's */
    assert_int_equal(lan_bed.n_up, 1);
    assert_int_equal(lan_bed.n_down, 0);
    assert_int_equal(lan_count(lan_bed.l), 1);
}

static void test_lost(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        lan_bed_end(NULL);
        lan_bed_begin();
        get();
        lan_bed.silent = i == 0;
        lan_bed.nak_type = i == 1;
        lan_pass(1000000);
        assert_int_equal(lan_bed.n_lost, 1);
        assert_int_equal(lan_bed.session, 7);
        assert_int_equal(lan_bed.n_answers, 1);
        assert_int_equal(lan_bed.down, LAN_FIRST);
        assert_true(book_empty());
        assert_int_equal(lan_count(lan_bed.l), 0);
    }
}

/* ---- another process ---- */

static void test_held(void **state)
{
    (void)state;
    get();
    lan_bed_again();
    lan_bed_plug("eth1");
    assert_int_equal(lan_load(lan_bed.l, slice_of(lan_bed.book, sizeof(lan_bed.book)), lan_bed.now), 1);
    lan_bed.now += 1000;
    assert_int_equal(hold(7, "alice", "eth1", LAN_FIRST), 0);
    assert_int_equal(lan_bed.up, LAN_FIRST);
    lan_settle(lan_bed.l, lan_bed.now);
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 0);
    assert_int_equal(hold(8, "bob", "eth1", LAN_FIRST), ERR_STATE); /* once, and no second time */
    lan_pass(490000);
    assert_int_equal(lan_bed.sent[DHCP4_REQUEST], 0);
    lan_pass(20000); /* T1 counts from when the first process asked */
    assert_int_equal(lan_bed.sent[DHCP4_REQUEST], 1);
    lan_pass(5000000);
    assert_int_equal(lan_bed.n_lost + lan_bed.n_answers, 0);
    assert_int_equal(ask(9, "alice"), 0); /* its number is taken */
    lan_pass(2000);
    assert_int_equal(lan_bed.given.addr, LAN_FIRST + 1);
}

static void test_left_over(void **state)
{
    (void)state;
    get();
    lan_bed_again();
    assert_int_equal(lan_load(lan_bed.l, slice_of(lan_bed.book, sizeof(lan_bed.book)), lan_bed.now), 1);
    lan_settle(lan_bed.l, lan_bed.now);
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 0); /* its link is not there yet */
    lan_bed_plug("eth1");
    assert_int_equal(lan_bed.sent[DHCP4_RELEASE], 1);
    assert_int_equal(lan_bed.n_up + lan_bed.n_down, 0);
    assert_true(book_empty());
    assert_int_equal(lan_count(lan_bed.l), 0);
}

/* A link that never comes: it runs out. */
static void test_left_over_for_good(void **state)
{
    (void)state;
    get();
    lan_bed_again();
    assert_int_equal(lan_load(lan_bed.l, slice_of(lan_bed.book, sizeof(lan_bed.book)), lan_bed.now), 1);
    lan_settle(lan_bed.l, lan_bed.now);
    lan_bed_plug("eth7");
    lan_pass(990000);
    assert_int_equal(lan_count(lan_bed.l), 1);
    lan_pass(10000);
    assert_int_equal(lan_count(lan_bed.l), 0);
    assert_true(book_empty());
}

/* The book does not know it: the server is asked whether it may stay. */
static void test_held_without_book(void **state)
{
    (void)state;
    for (unsigned refuse = 0; refuse < 2; refuse++) {
        lan_bed_end(NULL);
        lan_bed_begin();
        get();
        lan_bed_again();
        lan_bed_plug("eth1");
        lan_bed.nak_type = (uint8_t)refuse;
        assert_int_equal(hold(7, "alice", NULL, LAN_FIRST), ERR_MISSING);
        assert_int_equal(hold(7, "alice", "eth1", LAN_FIRST), 0);
        assert_int_equal(lan_bed.n_up, 1);
        assert_int_equal(lan_bed.sent[DHCP4_REQUEST], 1);
        lan_pass(2000);
        assert_int_equal(lan_bed.n_lost, refuse);
        assert_int_equal(lan_bed.n_answers, 0);
        assert_int_equal(lan_bed.n_down, refuse);
    }
}

/* Its link is away when the process starts, and comes, or does not. */
static void test_held_without_link(void **state)
{
    (void)state;
    for (unsigned comes = 0; comes < 2; comes++) {
        lan_bed_end(NULL);
        lan_bed_begin();
        get();
        lan_bed_again();
        assert_int_equal(lan_load(lan_bed.l, slice_of(lan_bed.book, sizeof(lan_bed.book)), lan_bed.now), 1);
        assert_int_equal(hold(7, "alice", "eth1", LAN_FIRST), 0);
        lan_settle(lan_bed.l, lan_bed.now);
        if (comes)
            lan_bed_plug("eth1");
        lan_pass(2000000);
        assert_int_equal(lan_bed.n_lost, !comes);
        assert_int_equal(lan_count(lan_bed.l), comes);
    }
}

static void test_link_away_and_back(void **state)
{
    (void)state;
    get();
    lan_link_down(lan_bed.l, "eth1");
    lan_pass(600000);
    assert_int_equal(lan_bed.n_lost, 0);
    lan_bed_plug("eth1");
    lan_pass(2000000); /* rebinds */
    assert_int_equal(lan_bed.n_lost, 0);
    assert_int_equal(lan_count(lan_bed.l), 1);
}

/* ---- the book ---- */

static void test_book(void **state)
{
    (void)state;
    struct lan_entry e = { .number = 3, .user_hash = 77 }, back;
    uint8_t record[LAN_RECORD];
    snprintf(e.link, sizeof(e.link), "eth1");
    e.c.lease = (struct dhcp_lease){ .addr = 1,
                                     .mask = 2,
                                     .router = 3,
                                     .server = 4,
                                     .server_mac = { 5 },
                                     .seconds = 100,
                                     .t1 = 50,
                                     .t2 = 80,
                                     .since = 10000,
                                     .dns = { 6, 7 },
                                     .nbns = { 8, 9 } };
    lan_record_put(&e, 5000, 15000, record); /* 5 s old */
    assert_int_equal(lan_record_get(slice_of(record, LAN_RECORD), 5010, 40000, &back), 0);
    assert_string_equal(back.link, "eth1");
    assert_int_equal(back.number, 3);
    assert_int_equal(back.user_hash, 77);
    assert_true(back.orphan);
    assert_int_equal(back.c.lease.since, 40000 - 15000);
    back.c.lease.since = e.c.lease.since;
    assert_memory_equal(&back.c.lease, &e.c.lease, sizeof(e.c.lease));
    /* A clock that was put back: no older than now. One that begins anew with the machine: what is left of it. */
    assert_int_equal(lan_record_get(slice_of(record, LAN_RECORD), 10, 40000, &back), 0);
    assert_int_equal(back.c.lease.since, 40000);
    assert_int_equal(lan_record_get(slice_of(record, LAN_RECORD), 5010, 1000, &back), 0);
    assert_int_equal(back.c.lease.since, 1000);
    assert_int_equal(back.c.lease.seconds, 85);
    assert_int_equal(back.c.lease.t1, 35);
    /* Over. */
    assert_int_equal(lan_record_get(slice_of(record, LAN_RECORD), 5094, 40000, &back), 0);
    assert_int_equal(lan_record_get(slice_of(record, LAN_RECORD), 5095, 40000, &back), ERR_VALUE);
    /* Any byte that is another one. */
    for (size_t i = 0; i < LAN_RECORD; i++) {
        record[i] ^= 1;
        assert_true(lan_record_get(slice_of(record, LAN_RECORD), 5010, 40000, &back) < 0);
        record[i] ^= 1;
    }
    lan_record_put(NULL, 5000, 15000, record);
    assert_int_equal(lan_record_get(slice_of(record, LAN_RECORD), 5010, 40000, &back), ERR_MISSING);
}

/* Damage costs what is damaged. */
static void test_book_damaged(void **state)
{
    (void)state;
    get();
    assert_int_equal(ask(8, "bob"), 0);
    lan_pass(2000);
    lan_bed_again();
    lan_bed.book[20] ^= 1;
    assert_int_equal(lan_load(lan_bed.l, slice_of(lan_bed.book, sizeof(lan_bed.book)), lan_bed.now), 1);
    lan_bed_again();
    assert_int_equal(lan_load(lan_bed.l, slice_of(lan_bed.book, 2 * LAN_RECORD - 1), lan_bed.now), 0);
}

int main(void)
{
    events_init("test", EVENT_DEBUG);
    events_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, lan_bed_end)
        T(test_given),
        T(test_who_gets_what),
        T(test_no_link),
        T(test_silence),
        T(test_given_back_early),
        T(test_asked_again),
        T(test_same_address),
        T(test_lost),
        T(test_held),
        T(test_left_over),
        T(test_left_over_for_good),
        T(test_held_without_book),
        T(test_held_without_link),
        T(test_link_away_and_back),
        T(test_book),
        T(test_book_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What master hands on when it becomes another program: all of it comes back, nothing that does not fit is taken, and who
 * speaks otherwise is told so by the fingerprint. And where new workers find room. */
#include "server/state.h"

#include "base/secret.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct master full, back;
static uint8_t bytes[STATE_MAX];

static void add_role(enum role_kind kind, unsigned index, bool retiring)
{
    struct role *r = &full.roles[full.n_roles++];
    *r = (struct role){
        .master = &full, .kind = kind, .index = index, .pid = (pid_t)(1000 + full.n_roles), .ready = true
    };
    r->fd = 30 + (int)full.n_roles;
    r->born = 77;
    r->deaths = 2;
    r->restarts = 3;
    r->retiring = retiring;
    r->retire_by = retiring ? 123456 : 0;
    snprintf(r->version, sizeof(r->version), "0.%u", index);
}

static void fill_config(struct config *c)
{
    snprintf(c->path, sizeof(c->path), "/etc/adit/aditd.conf");
    snprintf(c->interface, sizeof(c->interface), "adit0");
    snprintf(c->user, sizeof(c->user), "adit");
    snprintf(c->users, sizeof(c->users), "/var/lib/adit/users.db");
    snprintf(c->control, sizeof(c->control), "/run/adit/control");
    c->workers = 2;
    c->steering = true;
    c->mtu = 1400;
    c->number = 9;
}

static void fill_host(struct host *h)
{
    h->n_queues = 3;
    for (int i = 0; i < 3; i++)
        h->queues[i] = 10 + i;
    h->parked[2] = true;
    h->offload = TUN_TSO;
    h->steer = 20;
    h->steer_program = 21;
    h->way = 2;
    h->index = 7;
    snprintf(h->outer, sizeof(h->outer), "eth0");
    h->outer_index = 3;
    h->n_nets = 2;
    h->nets[0] = prefix_v4(0x0a500000, 24);
    h->nets[1] = prefix_v4(0x0a510000, 24);
    h->routed = calloc(1, sizeof(*h->routed));
    h->routed[0] =
        (struct host_routed){ .net = prefix_v4(0xc0a80000, 24), .worker = 1, .session = 0x100000002, .led = true };
    h->n_routed = 1;
    h->limits = calloc(1, sizeof(*h->limits));
    h->limits[0] =
        (struct host_limit){ .own = { .worker = 2, .session = 5, .n_prefixes = 1 }, .scope = 1, .name = "staff" };
    h->limits[0].own.prefixes[0] = prefix_v4(0x0a500002, 32);
    h->n_limits = 1;
    h->leased = calloc(1, sizeof(*h->leased));
    h->leases = calloc(1, sizeof(*h->leases));
    h->leased[0] = prefix_v4(0x0a090064, 32);
    snprintf(h->leases[0].link, sizeof(h->leases[0].link), "eth1");
    h->n_leased = 1;
}

static int set_up(void **state)
{
    static struct config none;
    (void)state;
    master_parts_init(&full, &none);
    fill_config(&full.config);
    fill_host(&full.host);
    full.workers_asked = 0;
    full.files_for = 10999;
    full.began = 1234;
    full.users_folder = 40;
    full.limits = 41;
    full.listeners[1] = (struct listening){ .fd = 42, .conf = { "0.0.0.0:443", prefix_v4(0, 32), 443 } };
    full.control.fd = 43;
    full.control.gid = 44;
    control_event(&full, slice_str("a line"));
    control_event(&full, slice_str("another"));
    add_role(ROLE_KIND_AUTHD, 0, false);
    add_role(ROLE_KIND_WORKER, 2, false);
    add_role(ROLE_KIND_WORKER, 0, true);
    add_role(ROLE_KIND_ADMIN, 0, false);
    snprintf(full.upgrade.program, sizeof(full.upgrade.program), "/usr/sbin/aditd");
    full.upgrade.old_program = 45;
    full.upgrade.journal = 46;
    full.upgrade.asked = true;
    full.upgrade.ask = 47;
    full.upgrade.own = calloc(1, 5);
    full.upgrade.own_n = 5;
    master_parts_init(&back, &none);
    return 0;
}

static void drop(struct master *m)
{
    free(m->host.routed);
    free(m->host.limits);
    m->host.limits = NULL;
    free(m->host.leased);
    free(m->host.leases);
    m->host.leased = NULL;
    m->host.leases = NULL;
    free(m->upgrade.own);
    m->host.routed = NULL;
    m->upgrade.own = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    drop(&full);
    drop(&back);
    return 0;
}

static struct slice encode(void)
{
    struct wr w = wr_of(bytes, sizeof(bytes));
    state_put(&w, &full);
    assert_true(wr_ok(&w));
    return wr_slice(&w);
}

static void all_of_it_comes_back(void **state)
{
    (void)state;
    assert_int_equal(state_get(encode(), &back), 0);
    assert_string_equal(back.config.interface, "adit0");
    assert_string_equal(back.config.users, "/var/lib/adit/users.db");
    assert_int_equal(back.config.number, 9);
    assert_int_equal(back.began, 1234);
    assert_int_equal(back.listeners[0].fd, -1);
    assert_int_equal(back.listeners[1].fd, 42);
    assert_string_equal(back.listeners[1].conf.text, "0.0.0.0:443");
    assert_int_equal(back.host.n_queues, 3);
    assert_int_equal(back.host.queues[2], 12);
    assert_true(back.host.parked[2] && !back.host.parked[1]);
    assert_int_equal(back.host.queues[3], -1);
    assert_int_equal(back.host.way, 2);
    assert_true(back.host.n_routed == 1 && back.host.routed[0].session == 0x100000002 && back.host.routed[0].led);
    assert_true(back.host.n_limits == 1 && back.host.limits[0].own.session == 5 && back.host.limits[0].scope == 1);
    assert_string_equal(back.host.limits[0].name, "staff");
    assert_true(back.host.n_leased == 1 && prefix_v4_addr(&back.host.leased[0]) == 0x0a090064);
    assert_string_equal(back.host.leases[0].link, "eth1");
    assert_int_equal(back.n_roles, 4);
    assert_true(back.roles[2].retiring && back.roles[2].retire_by == 123456 && !back.roles[1].retiring);
    assert_int_equal(back.roles[3].fd, 34);
    assert_string_equal(back.roles[1].version, "0.2");
    assert_int_equal(back.control.n_lines, 2);
    assert_memory_equal(back.control.lines[1].text, "another", 7);
    assert_true(back.upgrade.asked && back.upgrade.ask == 47 && back.upgrade.journal == 46 && back.upgrade.own_n == 5);
    assert_string_equal(back.upgrade.program, "/usr/sbin/aditd");
    /* And once more: what was read is written as it was. */
    static uint8_t again[STATE_MAX];
    struct slice first = encode();
    struct wr w = wr_of(again, sizeof(again));
    state_put(&w, &back);
    assert_int_equal(wr_len(&w), first.n);
    assert_memory_equal(again, first.p, first.n);
}

static void places_that_are_free_stay_behind(void **state)
{
    (void)state;
    full.roles[2].pid = 0;      /* retired and gone */
    full.roles[1].fresh = true; /* of a new program that is not to be */
    assert_int_equal(state_get(encode(), &back), 0);
    assert_int_equal(back.n_roles, 2);
    assert_int_equal(back.roles[1].kind, ROLE_KIND_ADMIN);
}

static void cut_off_anywhere_it_is_refused(void **state)
{
    (void)state;
    struct slice s = encode();
    for (size_t n = 0; n < s.n; n++)
        assert_true(state_get(slice_of(s.p, n), &back) < 0);
    bytes[s.n] = 0;
    assert_int_equal(state_get(slice_of(s.p, s.n + 1), &back), ERR_TRAILING);
}

static void another_fingerprint_is_told(void **state)
{
    (void)state;
    struct slice s = encode();
    bytes[5] ^= 1;
    assert_int_equal(state_get(s, &back), ERR_VERSION);
    assert_true(back.upgrade.from[0] != 0);
    bytes[5] ^= 1;
    bytes[0] ^= 1; /* it is no state at all */
    assert_int_equal(state_get(s, &back), ERR_VALUE);
}

static void the_fingerprint_stays(void **state)
{
    (void)state;
    assert_true(state_fingerprint() != 0);
    assert_int_equal(state_fingerprint(), state_fingerprint());
}

static void numbers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    full.users_folder = 1; /* standard output */
    assert_int_equal(state_get(encode(), &back), ERR_TRUNCATED);
    full.users_folder = 40;
    full.roles[1].index = TUN_QUEUES_MAX;
    assert_int_equal(state_get(encode(), &back), ERR_TRUNCATED);
    full.roles[1].index = 2;
    full.roles[0].kind = ROLE_KIND_WORKER; /* authd is the first, always */
    assert_int_equal(state_get(encode(), &back), ERR_TRUNCATED);
    full.roles[0].kind = ROLE_KIND_AUTHD;
    full.n_roles = 0;
    assert_int_equal(state_get(encode(), &back), ERR_VALUE);
}

static void the_way_back_is_its_writers(void **state)
{
    (void)state;
    uint8_t chain[] = "chain", key[] = "key";
    full.cert = (struct cert_files){ .chain = chain, .chain_len = sizeof(chain), .key = key, .key_len = sizeof(key) };
    full.config.number = 12;
    assert_int_equal(state_put_own(&full), 0);
    int fd = state_write(&full);
    assert_true(fd >= 0);
    assert_int_equal(state_read(fd, &back), 0);
    close(fd);
    back.config.number = 0;
    assert_int_equal(state_get_own(&back), 0);
    assert_int_equal(back.config.number, 12);
    assert_memory_equal(back.cert.key, "key", 4);
    cert_files_free(&back.cert);
    back.upgrade.own_n--;
    assert_true(state_get_own(&back) < 0);
    full.cert = (struct cert_files){ 0 };
}

static void add_fd(void *ctx, int fd)
{
    uint64_t *seen = ctx;
    if (fd >= 0)
        *seen |= 1ull << fd;
}

static void every_descriptor_is_named(void **state)
{
    uint64_t seen = 0, want = 0;
    (void)state;
    state_each_fd(&full, add_fd, &seen);
    for (int fd = 10; fd <= 12; fd++)
        want |= 1ull << fd;
    want |= 1ull << 20 | 1ull << 21;
    for (int fd = 31; fd <= 34; fd++)
        want |= 1ull << fd;
    for (int fd = 40; fd <= 46; fd++)
        want |= fd == 44 ? 0 : 1ull << fd; /* 44 is a group */
    assert_true(seen == want);
}

/* ---- room ---- */

static void room_is_found_behind_and_in_gaps(void **state)
{
    unsigned first = 99;
    (void)state;
    assert_true(retire_room(&full, 1, &first) && first == 1); /* between 0, which retires, and 2 */
    assert_true(retire_room(&full, 2, &first) && first == 3);
    full.roles[2].pid = 0; /* 0 is free now */
    assert_true(retire_room(&full, 2, &first) && first == 0);
    assert_true(retire_room(&full, 61, &first) && first == 3);
    assert_false(retire_room(&full, 62, &first));
}

static void a_free_place_is_used_again(void **state)
{
    (void)state;
    assert_ptr_equal(role_place(&full), &full.roles[4]);
    full.roles[2].pid = 0;
    assert_ptr_equal(role_place(&full), &full.roles[2]);
    full.roles[2].pid = 5;
    full.n_roles = sizeof(full.roles) / sizeof(full.roles[0]);
    for (unsigned i = 5; i < full.n_roles; i++)
        full.roles[i].pid = 7;
    assert_null(role_place(&full));
    full.n_roles = 4;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(all_of_it_comes_back),
        CASE(places_that_are_free_stay_behind),
        CASE(cut_off_anywhere_it_is_refused),
        CASE(another_fingerprint_is_told),
        CASE(the_fingerprint_stays),
        CASE(numbers_that_cannot_be_are_refused),
        CASE(the_way_back_is_its_writers),
        CASE(every_descriptor_is_named),
        CASE(room_is_found_behind_and_in_gaps),
        CASE(a_free_place_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The snapshot as bytes: the same after the way there and back; nothing but what config_encode() makes is believed. */
#include "config_help.h"

static uint8_t bytes[CONFIG_ENCODED_MAX], again[CONFIG_ENCODED_MAX];

static const char full[] =
    "listen \"[2001:db8::1]:8443\" {} listen \"127.0.0.1:1\" {}\n" CERT "auth { methods = {pap, chap, mschapv2} }\n"
    "users = \"/u/users.db\" pool a { ipv4 = 10.0.0.0/8 } pool b { ipv4 = \"192.168.7.0/29\" }\n"
    "dns = {1.1.1.1, \"9.9.9.9\"} nbns = {10.1.1.1} binding = sha256 interface = vpn.1 mtu = 1280 nat = yes outer = "
    "eth0\n"
    "workers = 3 steering = off user = nobody state_dir = run control = ctl admin_group = staff upgrade_deadline = 11 "
    "log { level = debug }\n"
    "debug { offload = no fq = no wide_gcm = no sandbox = log }\n"
    "limits { tls = 1 http = 2 request = 3 auth = 4 ncp = 5 hello = 6 watchdog = 7 half_open = 99 half_open_address = "
    "8\n"
    " sessions = 10 }\n"
    "pool six { ipv6 = \"fd00:80::/48\" ipv6_delegate = \"fd00:8100::/40\" delegate = 56 nat = off outer = eth2\n"
    " nat66 = false nat_to = {\"2001:db8::9\", 192.0.2.9} routes = {10.0.0.0/8} domain = a.example search = "
    "{b.example} wpad = \"http://w/\" }\n"
    "pool r { ipv4 = 172.16.0.0/24 range = \"172.16.0.9-172.16.0.10\" exclude = 172.16.0.10 }\n"
    "group g { pool = r allow = {\"10.0.0.0/9\"} dns = 1.1.1.1 nbns = none isolate = true }\n"
    "user u { group = g ipv4 = 172.16.0.9 ipv6 = \"fd00:80:0:9::/64\" routed = {192.168.9.0/24} }\n"
    "pool lan { dhcp = eth1 ipv6 = \"fd00:90::/48\" }\n"
    "isolate = false default_route = true nat66 = true\n";

static size_t encoded(void)
{
    good(full);
    got.number = 0xfedcba98;
    return config_encode(&got, bytes, sizeof(bytes));
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct config back;
    size_t n = encoded();
    assert_true(n > 100);
    assert_int_equal(config_decode(slice_of(bytes, n), &back), 0);
    assert_int_equal(back.number, 0xfedcba98);
    assert_int_equal(config_encode(&back, again, sizeof(again)), n);
    assert_memory_equal(bytes, again, n);
    /* Every field, also the largest numbers. */
    assert_memory_equal(back.listens, got.listens, sizeof(got.listens));
    assert_memory_equal(back.pools, got.pools, sizeof(got.pools));
    assert_memory_equal(back.groups, got.groups, sizeof(got.groups));
    assert_memory_equal(back.user_blocks, got.user_blocks, sizeof(got.user_blocks));
    assert_memory_equal(&back.net, &got.net, sizeof(got.net));
    assert_memory_equal(back.nets, got.nets, sizeof(got.nets));
    assert_memory_equal(back.names, got.names, sizeof(got.names));
    assert_memory_equal(back.ranges, got.ranges, sizeof(got.ranges));
    assert_int_equal(back.nat66, got.nat66);
    assert_memory_equal(&back.limit, &got.limit, sizeof(got.limit));
    assert_memory_equal(back.dns, got.dns, sizeof(got.dns));
    assert_memory_equal(back.nbns, got.nbns, sizeof(got.nbns));
    assert_memory_equal(back.methods, got.methods, got.n_methods * sizeof(got.methods[0]));
    assert_string_equal(back.path, got.path);
    assert_string_equal(back.certificate.name, got.certificate.name);
    assert_string_equal(back.certificate.chain, got.certificate.chain);
    assert_string_equal(back.certificate.key, got.certificate.key);
    assert_string_equal(back.users, got.users);
    assert_string_equal(back.interface, got.interface);
    assert_string_equal(back.outer, got.outer);
    assert_string_equal(back.user, got.user);
    assert_string_equal(back.state_dir, got.state_dir);
    assert_string_equal(back.control, got.control);
    assert_string_equal(back.admin_group, "staff");
    assert_int_equal(back.upgrade_deadline, 11000);
    assert_string_equal(back.sandbox, "log");
    assert_string_equal(back.log_level, got.log_level);
    assert_int_equal(back.nat, got.nat);
    assert_int_equal(back.steering, got.steering);
    assert_false(back.debug.offload || back.debug.fq || back.debug.wide_gcm);
    assert_int_equal(back.dns_system, got.dns_system);
    assert_int_equal(back.workers, got.workers);
    assert_int_equal(back.binding_mask, got.binding_mask);
    assert_int_equal(back.mtu, got.mtu);
    assert_int_equal(back.n_listens + back.n_pools + back.n_dns + back.n_nbns + back.n_methods,
                     got.n_listens + got.n_pools + got.n_dns + got.n_nbns + got.n_methods);
}

#define FULL(field) memset(field, 'x', sizeof(field) - 1)

static void full_net(struct config_net *n)
{
    FULL(n->wpad);
    n->n_dns = CONFIG_NET_DNS;
    n->n_nbns = 2;
}

static void full_nets(struct config *c)
{
    full_net(&c->net);
    for (unsigned i = 0; i < CONFIG_POOLS; i++) {
        FULL(c->pools[i].name);
        FULL(c->pools[i].outer);
        full_net(&c->pools[i].net);
    }
    c->n_groups = CONFIG_GROUPS;
    for (unsigned i = 0; i < CONFIG_GROUPS; i++) {
        FULL(c->groups[i].name);
        full_net(&c->groups[i].net);
    }
    c->n_user_blocks = CONFIG_USERS;
    for (unsigned i = 0; i < CONFIG_USERS; i++)
        FULL(c->user_blocks[i].name);
    c->n_nets = CONFIG_NETS;
    c->n_ranges = CONFIG_RANGES;
    c->n_names = CONFIG_NAMES;
    for (unsigned i = 0; i < CONFIG_NAMES; i++) {
        FULL(c->names[i].text);
        for (unsigned k = 50; k < sizeof(c->names[i].text) - 1; k += 51)
            c->names[i].text[k] = '.';
    }
}

/* Everything as long and as many as it can be fits into CONFIG_ENCODED_MAX. */
static void test_largest(void **state)
{
    (void)state;
    struct config c, back;
    memset(&c, 0, sizeof(c));
    FULL(c.path);
    FULL(c.certificate.name);
    FULL(c.certificate.chain);
    FULL(c.certificate.key);
    FULL(c.users);
    FULL(c.interface);
    FULL(c.outer);
    FULL(c.user);
    FULL(c.state_dir);
    FULL(c.control);
    FULL(c.admin_group);
    FULL(c.sandbox);
    FULL(c.log_level);
    c.n_listens = CONFIG_LISTENS;
    c.n_pools = CONFIG_POOLS;
    c.n_dns = CONFIG_DNS;
    c.n_nbns = 2;
    c.n_methods = AUTH_METHODS - 1;
    for (unsigned i = 0; i < CONFIG_LISTENS; i++) {
        FULL(c.listens[i].text);
        c.listens[i].addr = prefix_v4(i, 32);
    }
    full_nets(&c);
    for (unsigned i = 0; i < c.n_methods; i++)
        c.methods[i] = (enum auth_method)(i + 1);
    size_t n = config_encode(&c, bytes, sizeof(bytes));
    assert_true(n > 0);
    assert_int_equal(config_decode(slice_of(bytes, n), &back), 0);
    assert_memory_equal(back.path, c.path, sizeof(c.path));
    assert_int_equal(config_encode(&c, bytes, n - 1), 0);
    assert_int_equal(config_encode(&c, bytes, 0), 0);
    assert_int_equal(config_encode(&c, bytes, n), n);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    struct config back, untouched;
    size_t n = encoded();
    memset(&untouched, 0x55, sizeof(untouched));
    memcpy(&back, &untouched, sizeof(back));
    for (size_t i = 0; i < n; i++)
        assert_true(config_decode(slice_of(bytes, i), &back) < 0);
    bytes[n] = 0;
    assert_int_equal(config_decode(slice_of(bytes, n + 1), &back), ERR_TRAILING);
    assert_memory_equal(&back, &untouched, sizeof(back));
}

/* Any byte changed: refused, or a snapshot that encodes to exactly those bytes. */
static void test_changed_bytes(void **state)
{
    (void)state;
    struct config back;
    size_t n = encoded(), accepted = 0;
    for (size_t i = 0; i < n; i++) {
        static const uint8_t changes[] = { 0x01, 0x80, 0xff };
        for (size_t k = 0; k < sizeof(changes); k++) {
            bytes[i] ^= changes[k];
            if (config_decode(slice_of(bytes, n), &back) == 0) {
                accepted++;
                assert_true(back.n_listens <= CONFIG_LISTENS && back.n_pools <= CONFIG_POOLS);
                assert_int_equal(config_encode(&back, again, sizeof(again)), n);
                assert_memory_equal(bytes, again, n);
            }
            bytes[i] ^= changes[k];
        }
    }
    assert_true(accepted > 0 && accepted < 3 * n);
}

static void test_version(void **state)
{
    (void)state;
    struct config back;
    size_t n = encoded();
    bytes[1]++;
    assert_int_equal(config_decode(slice_of(bytes, n), &back), ERR_VERSION);
    assert_int_equal(config_decode(slice_of(bytes, 1), &back), ERR_TRUNCATED);
    assert_int_equal(config_decode(slice_of(NULL, 0), &back), ERR_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_largest), cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_changed_bytes),  cmocka_unit_test(test_version),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(complaints);
    return failed;
}

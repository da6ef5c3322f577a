/* Pools of both families, groups, users, and what holds for a session: what is read, and every fault by its words. */
#include "config_help.h"

#define V6   "pool six { ipv6 = \"fd00:80::/48\" }\n"
#define HEAD LISTEN CERT /* two lines: what follows is line 3 */

static const char *text_of(const struct prefix *p)
{
    static char text[PREFIX_TEXT];
    return prefix_text(p, text);
}

static void test_pool_settings(void **state)
{
    (void)state;
    good(HEAD
         "pool x { ipv4 = \"10.80.0.0/24\" ipv6 = \"fd00:80::/48\" ipv6_delegate = \"fd00:81::/40\" delegate = 56\n"
         " range = {\"10.80.0.10-10.80.0.99\", 10.80.0.200} exclude = {\"10.80.0.16/28\"}\n"
         " routes = {\"10.0.0.0/8\", \"fd00::/8\"} default_route = false domain = corp.example.com\n"
         " search = {corp.example.com, lab.example.com} wpad = \"http://wpad.example.com/p.dat\" isolate = true\n"
         " allow = {\"10.1.0.0/16\"} dns = {10.1.0.53, \"fd00:1::53\"} nbns = 10.1.0.54\n"
         " nat = true nat66 = true outer = eth1 nat_to = {192.0.2.7, \"2001:db8::7\"} }\n");
    const struct config_pool *p = &got.pools[0];
    assert_string_equal(text_of(&p->ipv6), "fd00:80::/48");
    assert_string_equal(text_of(&p->delegate_from), "fd00:81::/40");
    assert_int_equal(p->delegate, 56);
    assert_int_equal(p->ranges.n, 2);
    assert_int_equal(got.ranges[p->ranges.at].first, 0x0a50000a);
    assert_int_equal(got.ranges[p->ranges.at].last, 0x0a500063);
    assert_int_equal(got.ranges[p->ranges.at + 1].last, 0x0a5000c8);
    assert_int_equal(got.ranges[p->exclude.at].first, 0x0a500010);
    assert_int_equal(got.ranges[p->exclude.at].last, 0x0a50001f);
    assert_int_equal(p->net.routes.n, 2);
    assert_string_equal(text_of(&got.nets[p->net.routes.at + 1]), "fd00::/8");
    assert_int_equal(p->net.default_route, CONFIG_NO);
    assert_int_equal(p->net.isolate, CONFIG_YES);
    assert_int_equal(p->net.n_dns, 2);
    assert_int_equal(p->nat, CONFIG_YES);
    assert_string_equal(p->outer, "eth1");
    assert_string_equal(text_of(&p->nat_to[0]), "192.0.2.7");
    assert_string_equal(text_of(&p->nat_to[1]), "2001:db8::7");
    assert_int_equal(p->nat66, CONFIG_YES);
    struct prefix own = config_server_ipv6(p);
    assert_string_equal(text_of(&own), "fd00:80::1");
    good(HEAD "pool x { dhcp = eth1 ipv6 = \"fd00:80::/48\" dns = 10.1.0.53 }\n");
    assert_string_equal(got.pools[0].dhcp, "eth1");
    good(HEAD V6);
    assert_string_equal(got.pools[0].dhcp, "");
    assert_int_equal(got.pools[0].ipv4.family, 0);
    assert_int_equal(config_server_ipv4(&got), 0);
}

struct bad_pool {
    const char *pool, *want;
};

static void bad_pools(const struct bad_pool *cases, size_t n)
{
    char text[500], want[500];
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof(text), HEAD "pool x { %s }\n", cases[i].pool);
        snprintf(want, sizeof(want), "3: %s", cases[i].want);
        bad(text, want);
    }
}

static void test_pool_faults(void **state)
{
    (void)state;
    static const struct bad_pool cases[] = {
        { "ipv6 = \"fd00::1/48\"", "pool { ipv6 }: \"fd00::1/48\" has bits set behind its length" },
        { "ipv6 = \"10.0.0.0/24\"", "pool { ipv6 }: \"10.0.0.0/24\" is not an IPv6 network such as fd00:80::/48" },
        { "ipv6 = \"fd00::/16\"", "pool { ipv6 }: \"fd00::/16\" is not between /32 and /112" },
        { "ipv6 = \"fd00::/113\"", "pool { ipv6 }: \"fd00::/113\" is not between /32 and /112" },
        { "ipv6 = \"fe80::/48\"", "pool { ipv6 }: \"fe80::/48\" is no network for hosts" },
        { "ipv6 = \"ff00::/48\"", "pool { ipv6 }: \"ff00::/48\" is no network for hosts" },
        { "ipv6 = \"fd00::/64\"",
          "pool \"x\": ipv6 has no room for a /64 a session: take a /62 or larger, or ipv6_shared" },
        { "ipv6 = \"fd00::/56\" delegate = 60", "pool \"x\": delegate and ipv6_delegate need each other" },
        { "ipv6 = \"fd00::/56\" ipv6_delegate = \"fd01::/40\"",
          "pool \"x\": delegate and ipv6_delegate need each other" },
        { "ipv6 = \"fd00::/56\" ipv6_delegate = \"fd01::/48\" delegate = 40",
          "pool \"x\": delegate must be as long as ipv6_delegate or up to 20 bits longer" },
        { "ipv6 = \"fd00::/56\" ipv6_delegate = \"fd01::/40\" delegate = 64",
          "pool \"x\": delegate must be as long as ipv6_delegate or up to 20 bits longer" },
        { "ipv4 = 10.0.0.0/24 ipv6_delegate = \"fd01::/40\" delegate = 56",
          "pool \"x\": ipv6_delegate needs ipv6 as well" },
        { "ipv6 = \"fd00::/48\" ipv6_delegate = \"fd00::/40\" delegate = 56",
          "pool \"x\" (fd00::/40) overlaps pool \"x\"" },
        { "ipv4 = 10.0.0.0/24 range = \"10.0.0.9-10.0.0.8\"",
          "pool { range }: \"10.0.0.9-10.0.0.8\" ends before it begins" },
        { "ipv4 = 10.0.0.0/24 range = \"10.0.0.9-\"",
          "pool { range }: \"10.0.0.9-\" is not a range such as 10.80.0.10-10.80.0.99" },
        { "ipv4 = 10.0.0.0/24 range = x", "pool { range }: \"x\" is not a range such as 10.80.0.10-10.80.0.99" },
        { "ipv4 = 10.0.0.0/24 range = \"fd00::1-fd00::2\"",
          "pool { range }: \"fd00::1-fd00::2\" is not a range such as 10.80.0.10-10.80.0.99" },
        { "ipv4 = 10.0.0.0/24 exclude = \"10.0.1.9\"",
          "pool \"x\": exclude 10.0.1.9-10.0.1.9 does not lie in its ipv4" },
        { "ipv4 = 10.0.0.0/24 range = \"10.0.0.9-10.0.1.9\"",
          "pool \"x\": range 10.0.0.9-10.0.1.9 does not lie in its ipv4" },
        { "ipv4 = 10.0.0.0/24 routes = {x}",
          "pool { routes }: \"x\" is not a network such as 10.0.0.0/8 or fd00:7::/56" },
        { "ipv4 = 10.0.0.0/24 routes = {10.1.1.1/8}",
          "pool { routes }: \"10.1.1.1/8\" has bits set behind its length" },
        { "ipv4 = 10.0.0.0/24 routes = {10.0.0.0/8, 10.0.0.0/8}", "pool { routes }: \"10.0.0.0/8\" is named twice" },
        { "ipv4 = 10.0.0.0/24 search = {\"a..b\"}", "pool { search }: \"a..b\" is not a domain name" },
        { "ipv4 = 10.0.0.0/24 wpad = \"ftp://x\"",
          "pool { wpad }: \"ftp://x\" does not begin with http:// or https://" },
        { "ipv4 = 10.0.0.0/24 dns = {\"fe80::1\"}",
          "pool { dns }: \"fe80::1\" is no address that a client could reach" },
        { "ipv4 = 10.0.0.0/24 isolate = perhaps", "pool { isolate }: \"perhaps\" is neither true nor false" },
        { "ipv4 = 10.0.0.0/24 nat_to = \"fe80::1\"",
          "pool { nat_to }: \"fe80::1\" is no address that a client could reach" },
        { "ipv4 = 10.0.0.0/24 nat_to = \"10.9.0.0/24\"", "pool { nat_to }: \"10.9.0.0/24\" is not an IP address" },
        { "ipv4 = 10.0.0.0/24 nat_to = {\"fd00::1\", \"10.9.0.1\", \"fd00::2\"}",
          "pool { nat_to }: \"fd00::2\" is a second one of its family" },
    };
    bad_pools(cases, sizeof(cases) / sizeof(cases[0]));
    bad(HEAD V6 "pool b { ipv6 = \"fd00:80:0:ff00::/56\" }\n",
        "4: pool \"b\" (fd00:80:0:ff00::/56) overlaps pool \"six\"");
}

/* A /64 that sessions share, or a part of one; and a user's address of it. */
static void test_shared(void **state)
{
    (void)state;
    static const struct bad_pool cases[] = {
        { "ipv6 = \"fd00::/80\"",
          "pool \"x\": ipv6 has no room for a /64 a session: take a /62 or larger, or ipv6_shared" },
        { "ipv6 = \"fd00::/63\" ipv6_shared = true",
          "pool \"x\": with ipv6_shared ipv6 is a /64, or a part of one up to a /112" },
        { "ipv4 = \"10.0.0.0/24\" ipv6_shared = true", "pool \"x\": ipv6_shared needs ipv6" },
        { "ipv4 = \"10.0.0.0/24\" ndp_proxy = \"eth0\"", "pool \"x\": ndp_proxy needs ipv6" },
        { "ipv6 = \"fd00::/48\" ndp_proxy = \"adit0\"", "pool \"x\": ndp_proxy is the tunnel's own interface" },
    };
    bad_pools(cases, sizeof(cases) / sizeof(cases[0]));
    good(HEAD "pool x { ipv6 = \"fd00:64::a000:0/112\" ipv6_shared = true }\nuser u { ipv6 = \"fd00:64::a000:9\" }\n");
    struct prefix all = config_pool_ipv6(&got.pools[0]), own = config_server_ipv6(&got.pools[0]);
    char text[PREFIX_TEXT];
    assert_true(got.pools[0].ipv6_shared);
    assert_string_equal(prefix_text(&all, text), "fd00:64::/64");
    assert_string_equal(prefix_text(&own, text), "fd00:64::a000:1");
    assert_int_equal(got.user_blocks[0].ipv6.len, 128);
    bad(HEAD "pool x { ipv6 = \"fd00:64::/64\" ipv6_shared = true }\nuser u { ipv6 = \"fd00:64::/64\" }\n",
        "4: user \"u\": fd00:64::/64 lies in none of the pools");
    bad(HEAD "pool x { ipv6 = \"fd00:64::/48\" }\nuser u { ipv6 = \"fd00:64::9\" }\n",
        "4: user \"u\": fd00:64::9 lies in none of the pools");
}

static void test_dhcp_faults(void **state)
{
    (void)state;
    static const struct bad_pool cases[] = {
        { "ipv4 = 10.0.0.0/24 dhcp = eth1", "pool \"x\" has both ipv4 and dhcp: its addresses come from one of them" },
        { "dhcp = eth1 ipv6 = \"fd00::/48\" range = \"10.0.0.9\"",
          "pool \"x\": range and exclude say nothing with dhcp: its server chooses" },
        { "dhcp = eth1 nat = true",
          "pool \"x\": nat, outer and nat_to say nothing with dhcp: its IPv4 addresses are never translated" },
        { "dhcp = eth1 nat_to = 192.0.2.1",
          "pool \"x\": nat, outer and nat_to say nothing with dhcp: its IPv4 addresses are never translated" },
        { "dhcp = adit0", "pool \"x\": dhcp is the tunnel interface itself" },
        { "dhcp = \"a/b\"",
          "pool { dhcp }: \"a/b\" may hold letters, digits and _ . - only, and begin with none of the last two" },
        { "dhcp = an-interface-of-16", "pool { dhcp }: \"an-interface-of-16\" is not 1 to 15 characters long" },
    };
    bad_pools(cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_lists_share_tables(void **state)
{
    (void)state;
    good(BASE "group a { routes = {10.1.0.0/16} } group b { routes = {10.2.0.0/16} }\n"
              "routes = {10.3.0.0/16} allow = {10.4.0.0/16}\nroutes += {10.5.0.0/16}\n");
    assert_int_equal(got.net.routes.n, 2);
    assert_string_equal(text_of(&got.nets[got.net.routes.at]), "10.3.0.0/16");
    assert_string_equal(text_of(&got.nets[got.net.routes.at + 1]), "10.5.0.0/16");
    assert_string_equal(text_of(&got.nets[got.net.allow.at]), "10.4.0.0/16");
    assert_string_equal(text_of(&got.nets[got.groups[0].net.routes.at]), "10.1.0.0/16");
    assert_string_equal(text_of(&got.nets[got.groups[1].net.routes.at]), "10.2.0.0/16");
    static char many[40000];
    char *at = many;
    size_t left = sizeof(many);
    int n = snprintf(at, left, BASE);
    for (unsigned i = 0; i <= CONFIG_NETS; i++) {
        at += n;
        left -= (size_t)n;
        if (i % 48 == 0)
            n = snprintf(at, left, "%sgroup g%u { routes = {10.%u.0.0/24", i ? "} }\n" : "", i / 48, i / 48);
        else
            n = snprintf(at, left, ", 10.%u.%u.0/24", i / 48, i % 48);
    }
    snprintf(at + n, left - (size_t)n, "} }\n");
    bad(many, "12: group { routes }: \"10.8.0.0/24\" is one too many in all the lists of this kind");
    n = snprintf(many, sizeof(many), BASE "routes = {10.0.0.0/24");
    for (unsigned i = 1; i <= CONFIG_LIST; i++)
        n += snprintf(many + n, sizeof(many) - (size_t)n, ", 10.0.%u.0/24", i);
    snprintf(many + n, sizeof(many) - (size_t)n, "}\n");
    bad(many, "4: routes: \"10.0.64.0/24\" is one too many");
}

static void test_groups_and_users(void **state)
{
    (void)state;
    good("user = nobody\n" BASE V6 "group staff { pool = six isolate = false routes = none }\n"
         "user \"Site\" { group = staff ipv4 = 10.80.0.7 ipv6 = \"fd00:80:0:7::/64\"\n"
         " routed = {\"192.168.7.0/24\", \"fd00:7::/56\"} }\n"
         "user other {\nrouted = 192.168.8.0/24 }\n");
    assert_string_equal(got.user, "nobody");
    assert_int_equal(got.groups[0].pool, 2);
    assert_true(got.groups[0].net.routes.set);
    assert_int_equal(got.groups[0].net.routes.n, 0);
    assert_int_equal(got.n_user_blocks, 2);
    const struct config_user *u = config_user_block(&got, slice_str("sITE"));
    assert_ptr_equal(u, &got.user_blocks[0]);
    assert_int_equal(u->group, 1);
    assert_int_equal(u->routed.n, 2);
    assert_null(config_user_block(&got, slice_str("sit")));
    assert_int_equal(config_group_named(&got, slice_str("staff")), 1);
    assert_int_equal(config_group_named(&got, slice_str("Staff")), 0);
    good(BASE "group g { pool = later }\npool later { ipv4 = 10.9.0.0/24 }\n");
    assert_int_equal(got.groups[0].pool, 2);
    /* Written in any way, the option of the file stays what it is. */
    good(BASE "user=nobody\nusers = x\nuser \"user\" {}\n");
    good(BASE "user # a comment\n = nobody\n");
    assert_int_equal(got.n_user_blocks, 0);
}

static void test_group_and_user_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "group g { pool = deflt }", "group { pool }: \"deflt\" is no pool of this file" },
        { "user u { group = g }", "user { group }: \"g\" is no group of this file" },
        { "group g {} group g {}", "group: \"g\" is there twice" },
        { "user u {} user U {}", "user: \"U\" is there twice" },
        { "user u { ipv4 = 10.81.0.1 }", "user \"u\": 10.81.0.1 lies in none of the pools" },
        { "user u { ipv4 = 10.80.0.9 } user v { ipv4 = 10.80.0.9 }", "user \"v\": 10.80.0.9 is user \"u\"'s" },
        { "user u { ipv6 = \"fd00::/64\" }", "user \"u\": fd00::/64 lies in none of the pools" },
        { "user u { ipv6 = \"fd00::/60\" }", "user { ipv6 }: \"fd00::/60\" is not a /64, nor an IPv6 address" },
        { "user u { routed = 0.0.0.0/0 }", "user { routed }: \"0.0.0.0/0\" is too large: /8 is the largest" },
        { "user u { routed = {10.7.0.0/16, 10.7.9.0/24} }",
          "user \"u\": routed 10.7.9.0/24 overlaps 10.7.0.0/16 of user \"u\"" },
        { "user u { routed = 10.80.0.0/25 }", "user \"u\": routed 10.80.0.0/25 overlaps pool \"default\"" },
        { "user u { routed = 10.7.0.0/16 } user v { routed = 10.7.9.0/24 }",
          "user \"v\": routed 10.7.9.0/24 overlaps 10.7.0.0/16 of user \"u\"" },
        { "user u { search = a.example }", "no option \"search\" in user; it belongs into the file itself" },
        { "user u { routes = 10.7.0.1/16 }", "user { routes }: \"10.7.0.1/16\" has bits set behind its length" },
        { "user u { default_route = maybe }", "user { default_route }: \"maybe\" is neither true nor false" },
        { "user u { routed = {10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,10.4.0.0/16,10.5.0.0/16,10.6.0.0/16,10.7.0.0/16,"
          "10.8.0.0/16,10.9.0.0/16} }",
          "user { routed }: \"10.9.0.0/16\" is one too many" },
    };
    char text[700], want[500];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), BASE "%s\n", cases[i].text);
        snprintf(want, sizeof(want), "4: %s", cases[i].want);
        bad(text, want);
    }
}

static void test_tell(void **state)
{
    (void)state;
    struct config_told t;
    good(BASE "dns = {9.9.9.9} nbns = 10.1.1.1 isolate = true domain = all.example\n"
              "pool p { ipv4 = 10.81.0.0/24 routes = {10.0.0.0/8} dns = none search = {p.example} }\n"
              "group g { routes = {10.9.0.0/16, 10.8.0.0/16} isolate = false default_route = true allow = none }\n"
              "user u { routes = {10.7.0.0/16} }\nuser v { routes = none default_route = false }\n");
    config_tell(&got, 1, 0, 0, &t);
    assert_true(t.isolate && t.default_route && !t.allow_set);
    assert_int_equal(t.n_routes + t.n_search, 0);
    assert_int_equal(t.n_dns, 1);
    assert_int_equal(t.n_nbns, 1);
    assert_string_equal(t.domain, "all.example");
    assert_null(t.wpad);
    config_tell(&got, 2, 0, 0, &t);
    assert_true(t.isolate && !t.default_route); /* routes are listed, nothing else is said */
    assert_int_equal(t.n_routes, 1);
    assert_int_equal(t.n_dns, 0);
    assert_string_equal(t.search[0].text, "p.example");
    config_tell(&got, 2, 1, 0, &t);
    assert_true(!t.isolate && t.default_route && t.allow_set);
    assert_int_equal(t.n_routes, 2);
    assert_int_equal(t.n_allow, 0);
    assert_int_equal(t.n_search, 1);
    config_tell(&got, 2, 1, config_user_named(&got, slice_str("U")), &t); /* the user's own before the group's */
    assert_true(t.default_route && t.allow_set);
    assert_int_equal(t.n_routes, 1);
    assert_int_equal(prefix_v4_addr(&t.routes[0]), 0x0a070000);
    assert_int_equal(t.n_search, 1);
    config_tell(&got, 1, 0, 1, &t);
    assert_false(t.default_route); /* it lists routes */
    config_tell(&got, 2, 1, 2, &t);
    assert_true(!t.default_route && t.n_routes == 0);
    assert_int_equal(config_user_named(&got, slice_str("w")), 0);
    config_tell(&got, 99, 99, 99, &t); /* of another snapshot: what holds for all */
    assert_true(t.isolate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_pool_settings),
        cmocka_unit_test(test_pool_faults),
        cmocka_unit_test(test_dhcp_faults),
        cmocka_unit_test(test_lists_share_tables),
        cmocka_unit_test(test_groups_and_users),
        cmocka_unit_test(test_group_and_user_faults),
        cmocka_unit_test(test_tell),
    };
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    free(complaints);
    return r;
}

/* Which chains of other firewalls are accused of dropping a packet, and which are not: single rules in the JSON of nft(8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE(chain, expr)                                                                                              \
    ",{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"" chain "\",\"handle\":9,\"expr\":[" expr "]}}"
#define META(key, op, value)                                                                                           \
    "{\"match\":{\"op\":\"" op "\",\"left\":{\"meta\":{\"key\":\"" key "\"}},\"right\":" value "}},"
#define STATE(op, value) "{\"match\":{\"op\":\"" op "\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":" value "}},"
#define SADDR(ip, op, value)                                                                                           \
    "{\"match\":{\"op\":\"" op "\",\"left\":{\"payload\":{\"protocol\":\"" ip                                          \
    "\",\"field\":\"saddr\"}},\"right\":" value "}},"
#define NET(addr, len)   "{\"prefix\":{\"addr\":\"" addr "\",\"len\":" #len "}}"
#define DROP             "{\"drop\":null}"
#define ACCEPT           "{\"accept\":null}"
#define TO(word, target) "{\"" word "\":{\"target\":\"" target "\"}}"

static struct foreign_drop found[4];

static int look(const char *rules, const char *policy, const char *hook, const char *family, int version)
{
    static const uint8_t six[16] = { 0xfd, 0, 0, 0x80 };
    struct foreign_packet p = { .in = "adit0", .out = "eth0" };
    char text[4096];
    p.from = version == 4 ? prefix_v4(0x0a500000, 24) : prefix_v6(six, 48);
    snprintf(text, sizeof(text),
             "{\"nftables\":[{\"metainfo\":{\"version\":\"1\"}},{\"chain\":{\"family\":\"%s\",\"table\":\"t\",\"name\":"
             "\"c\",\"handle\":1,"
             "\"type\":\"filter\",\"hook\":\"%s\",\"prio\":-5,\"policy\":\"%s\"}}%s]}",
             family, hook, policy, rules);
    return foreign_find(text, "adit_adit0", &p, found, 4);
}

/* The one rule of a chain with this policy: is IPv4 dropped? */
static bool dropped(const char *rules, const char *policy)
{
    int n = look(rules, policy, "forward", "inet", 4);
    assert_in_range(n, 0, 1);
    return n == 1;
}

static void what_is_certain(void **state)
{
    (void)state;
    static const struct {
        const char *match;
        bool hits;
    } cases[] = {
        { "", true },
        { META("iifname", "==", "\"adit0\""), true },
        { META("iifname", "==", "\"adit1\""), false },
        { META("iifname", "!=", "\"docker0\""), true },
        { META("iifname", "==", "\"adit*\""), true },
        { META("iifname", "==", "\"ad*x\""), false },
        { META("iif", "==", "{\"set\":[\"lo\",\"adit0\"]}"), true },
        { META("iifname", "!=", "{\"set\":[\"lo\",\"adit0\"]}"), false },
        { META("oifname", "==", "\"eth0\""), true },
        { META("oifname", "==", "\"eth1\""), false },
        { META("nfproto", "==", "\"ipv4\""), true },
        { META("nfproto", "==", "\"ipv6\""), false },
        { META("protocol", "==", "\"ip\""), true },
        { STATE("in", "\"new\""), true },
        { STATE("in", "[\"established\",\"new\"]"), true },
        { STATE("in", "[\"established\",\"related\"]"), false },
        { STATE("!=", "\"new\""), false },
        { STATE("==", "\"invalid\""), false },
        { SADDR("ip", "==", NET("10.0.0.0", 8)), true },
        { SADDR("ip", "==", NET("10.80.0.0", 24)), true },
        { SADDR("ip", "==", NET("172.17.0.0", 16)), false },
        { SADDR("ip", "!=", NET("172.17.0.0", 16)), true },
        { SADDR("ip6", "!=", NET("2001:db8::", 32)), false }, /* no such header at all */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char rule[1024];
        snprintf(rule, sizeof(rule), RULE("c", "%s" DROP), cases[i].match);
        if (dropped(rule, "accept") != cases[i].hits)
            fail_msg("drop after %s", cases[i].match);
        snprintf(rule, sizeof(rule), RULE("c", "{\"counter\":{\"packets\":0,\"bytes\":0}},%s" ACCEPT), cases[i].match);
        if (dropped(rule, "drop") == cases[i].hits)
            fail_msg("accept after %s", cases[i].match);
    }
}

/* Neither for a drop nor for an accept. */
static void what_is_not(void **state)
{
    (void)state;
    static const char *const matches[] = {
        SADDR("ip", "==", NET("10.80.0.128", 25)),
        SADDR("ip", "==", "\"10.80.0.9\""),
        SADDR("ip", "!=", "\"10.80.0.9\""),
        SADDR("ip", "==", "\"@known\""),
        SADDR("ip", "==", NET("10.80.0.0", 99)),
        SADDR("ip", "<", "\"10.80.0.9\""),
        META("mark", "==", "7"),
        META("iifname", "==", "7"),
        META("iifname", "&", "\"adit0\""),
        "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":25}},",
        "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":\"daddr\"}},\"right\":7}},",
        "{\"match\":{\"op\":\"==\"}},",
        "{\"match\":7},",
        "{\"limit\":{\"rate\":3,\"per\":\"minute\"}},",
        "{\"xt\":null},",
        "{\"xt\":{\"type\":\"match\",\"name\":\"conntrack\"}},",
        "{\"from the future\":{}},",
        "{},",
        "7,",
    };
    for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
        char rule[1024];
        snprintf(rule, sizeof(rule), RULE("c", "%s" DROP), matches[i]);
        if (dropped(rule, "accept"))
            fail_msg("drop after %s", matches[i]);
        snprintf(rule, sizeof(rule), RULE("c", "%s" ACCEPT), matches[i]);
        if (!dropped(rule, "drop"))
            fail_msg("accept after %s", matches[i]);
    }
    assert_true(dropped(RULE("c", "{\"xt\":{\"type\":\"match\",\"name\":\"comment\"}}," DROP), "accept"));
}

static void jumps_maps_and_ends(void **state)
{
    (void)state;
#define VMAP(key, pairs) "{\"vmap\":{\"key\":" key ",\"data\":{\"set\":[" pairs "]}}}"
    static const struct {
        const char *rules;
        bool drop, accept; /* with policy accept, with policy drop: is it dropped? */
    } cases[] = {
        { "", false, true },
        { RULE("c", TO("jump", "x")) RULE("x", DROP), true, true },
        { RULE("c", TO("jump", "x")) RULE("x", "{\"reject\":null}"), true, true },
        { RULE("c", TO("jump", "x")) RULE("x", ACCEPT), false, false },
        { RULE("c", TO("jump", "x")) RULE("x", "{\"return\":null}") RULE("c", DROP), true, true },
        { RULE("c", TO("jump", "x")) RULE("x", "{\"return\":null}") RULE("x", ACCEPT), false, true },
        { RULE("c", TO("goto", "x")) RULE("c", ACCEPT), false, true }, /* who goes does not come back */
        { RULE("c", TO("jump", "y")) RULE("c", ACCEPT) RULE("y", TO("goto", "x")) RULE("y", DROP), false, false },
        { RULE("c", TO("jump", "nowhere")) RULE("c", ACCEPT), false, false },
        { RULE("c", TO("jump", "c")), false, true }, /* the kernel would not take it; we come back */
        { RULE("c", "{\"return\":null}") RULE("c", ACCEPT), false, true },
        { RULE("c", VMAP("{\"ct\":{\"key\":\"state\"}}", "[\"established\"," ACCEPT "],[\"new\"," DROP "]")), true,
          true },
        { RULE("c", VMAP("{\"ct\":{\"key\":\"state\"}}", "[\"invalid\"," DROP "]")) RULE("c", ACCEPT), false, false },
        { RULE("c", VMAP("{\"meta\":{\"key\":\"iifname\"}}", "[\"lo\"," DROP "],[\"adit0\"," TO("jump", "x") "]"))
              RULE("x", ACCEPT),
          false, false },
        { RULE("c", VMAP("{\"meta\":{\"key\":\"mark\"}}", "[1," DROP "]")), false, true },
        { RULE("c", VMAP("7", "8")) RULE("c", "{\"vmap\":null}"), false, true },
        { RULE("c", ACCEPT) RULE("c", DROP), false, false },
        { RULE("other", DROP), false, true },
        { ",{\"rule\":{\"family\":\"inet\",\"table\":\"u\",\"chain\":\"c\",\"expr\":[" DROP "]}}", false, true },
        { ",{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\"}},7,{},{\"rule\":null}", false, true },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (dropped(cases[i].rules, "accept") != cases[i].drop)
            fail_msg("policy accept: %s", cases[i].rules);
        if (dropped(cases[i].rules, "drop") != cases[i].accept)
            fail_msg("policy drop: %s", cases[i].rules);
    }
}

static void who_is_asked(void **state)
{
    (void)state;
    struct foreign_packet p = { .in = "adit0", .out = "", .from = prefix_v4(0x0a500000, 24) };
    assert_int_equal(look("", "drop", "forward", "ip", 4), 1);
    assert_int_equal(look("", "drop", "forward", "ip", 6), 0);
    assert_int_equal(look("", "drop", "forward", "ip6", 6), 1);
    assert_int_equal(look("", "drop", "postrouting", "inet", 6), 1);
    assert_int_equal(look("", "drop", "input", "inet", 4), 0);
    assert_int_equal(look("", "drop", "output", "inet", 4), 0);
    assert_int_equal(look("", "drop", "ingress", "netdev", 4), 0);
    assert_int_equal(look("", "drop", "forward", "bridge", 4), 0);
    assert_int_equal(look("", "drop", "forward", "inet", 4), 1);
    assert_string_equal(found[0].table, "inet t");
    assert_string_equal(found[0].chain, "c");
    assert_string_equal(found[0].hook, "forward");
    assert_int_equal(found[0].priority, -5);
    assert_int_equal(found[0].kind, FOREIGN_OTHER);
    assert_non_null(strstr(found[0].why, "policy is drop"));
    assert_int_equal(look(RULE("c", DROP), "accept", "forward", "inet", 4), 1);
    assert_string_equal(found[0].why, "a rule of its chain c says drop");
    assert_int_equal(look(",{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"DOCKER-USER\"}}", "drop",
                          "forward", "inet", 4),
                     1);
    assert_int_equal(found[0].kind, FOREIGN_DOCKER);
    assert_int_equal(look(",{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"ufw-user-forward\"}}", "drop",
                          "forward", "inet", 4),
                     1);
    assert_int_equal(found[0].kind, FOREIGN_UFW);
    /* Ours; no text at all; more than asked for. */
    static const char ours[] =
        "{\"nftables\":[{\"chain\":{\"family\":\"inet\",\"table\":\"adit_adit0\",\"name\":\"f\",\"hook\":\"forward\","
        "\"policy\":\"drop\"}}]}";
    assert_int_equal(foreign_find(ours, "adit_adit0", &p, found, 4), 0);
    assert_int_equal(foreign_find(ours, "adit_adit1", &p, found, 4), 1);
    assert_int_equal(foreign_find(ours, "adit_adit1", &p, found, 0), 0);
    assert_int_equal(foreign_find("", "a", &p, found, 4), ERR_VALUE);
    assert_int_equal(foreign_find("[]", "a", &p, found, 4), ERR_VALUE);
    assert_int_equal(foreign_find("{\"nftables\":7}", "a", &p, found, 4), ERR_VALUE);
    assert_int_equal(foreign_find("{\"nftables\":[", "a", &p, found, 4), ERR_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_certain),
        cmocka_unit_test(what_is_not),
        cmocka_unit_test(jumps_maps_and_ends),
        cmocka_unit_test(who_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* IPV6CP: interface identifiers (RFC 5072 4.1). */
#include "ppp_test.h"

static void open_link(struct bench *b, enum link_role role, const struct ip6cp_conf *ip6)
{
    struct link_conf c = bench_conf(role);
    struct link_net net = { .ip6cp = *ip6 };
    c.ipv4 = false;
    if (role == LINK_SERVER)
        bench_server_lcp(b, &c);
    else
        bench_client_lcp(b, &c);
    link_authenticated(&b->l, &net, b->now);
}

static const struct ip6cp_conf given = { true, { 0, 0, 0, 0, 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0, 0, 2 }, false };

static void identifiers_are_exchanged(void **state)
{
    (void)state;
    struct bench b;
    open_link(&b, LINK_SERVER, &given);
    uint8_t id = bench_expect(&b, IP6CP, CP_CONF_REQ, "010a 0000000000000001");
    bench_cp(&b, IP6CP, CP_CONF_REQ, 4, "010a 24bba368e67b35a5"); /* [CAP] */
    bench_expect(&b, IP6CP, CP_CONF_ACK, "010a 24bba368e67b35a5");
    bench_cp(&b, IP6CP, CP_CONF_ACK, id, "010a 0000000000000001");
    struct link_event ev = bench_event(&b, LINK_EV_IPV6_UP);
    assert_memory_equal(ev.ipv6.our_id, "\0\0\0\0\0\0\0\1", 8);
    assert_memory_equal(ev.ipv6.peer_id, "\x24\xbb\xa3\x68\xe6\x7b\x35\xa5", 8);
}

static void unusable_identifiers_are_naked(void **state)
{
    (void)state;
    static const char *const bad[] = { "010a 0000000000000000", "010a 0000000000000001", "0102", "0109 24bba368e67b35",
                                       "" };
    struct bench b;
    open_link(&b, LINK_SERVER, &given);
    bench_sent(&b, IP6CP, CP_CONF_REQ);
    for (uint8_t i = 0; i < 5; i++) {
        bench_cp(&b, IP6CP, CP_CONF_REQ, i, bad[i]);
        bench_expect(&b, IP6CP, CP_CONF_NAK, "010a 0000000000000002");
    }
}

static void other_options_are_rejected(void **state)
{
    (void)state;
    struct bench b;
    open_link(&b, LINK_SERVER, &given);
    bench_sent(&b, IP6CP, CP_CONF_REQ);
    bench_cp(&b, IP6CP, CP_CONF_REQ, 1, "0204 004f 010a 0000000000000009");
    bench_expect(&b, IP6CP, CP_CONF_REJ, "0204 004f");
}

static void identifiers_are_drawn_if_none_is_given(void **state)
{
    (void)state;
    struct bench b;
    struct ip6cp_conf c = { .on = true };
    open_link(&b, LINK_CLIENT, &c);
    /* a5… is what the dice gives after the magic number; the universal bit is clear. */
    bench_expect(&b, IP6CP, CP_CONF_REQ, "010a a5a6a7a8a9aaabac");
    bench_cp(&b, IP6CP, CP_CONF_REQ, 1, "010a 0000000000000000");
    bench_expect(&b, IP6CP, CP_CONF_NAK, "010a adaeafb0b1b2b3b4");
}

static void our_identifier_follows_a_nak(void **state)
{
    (void)state;
    struct bench b;
    open_link(&b, LINK_CLIENT, &given);
    bench_cp(&b, IP6CP, CP_CONF_REQ, 1, "010a 0000000000000009");
    uint8_t id = bench_sent(&b, IP6CP, CP_CONF_REQ).id;
    bench_sent(&b, IP6CP, CP_CONF_ACK);
    bench_cp(&b, IP6CP, CP_CONF_NAK, id, "010a 0000000000000077");
    id = bench_expect(&b, IP6CP, CP_CONF_REQ, "010a 0000000000000077");
    /* Zero, the peer's own, a wrong length: we draw one ourselves. */
    bench_cp(&b, IP6CP, CP_CONF_NAK, id, "010a 0000000000000000");
    id = bench_expect(&b, IP6CP, CP_CONF_REQ, "010a a5a6a7a8a9aaabac");
    bench_cp(&b, IP6CP, CP_CONF_NAK, id, "010a 0000000000000009");
    id = bench_expect(&b, IP6CP, CP_CONF_REQ, "010a adaeafb0b1b2b3b4");
    bench_cp(&b, IP6CP, CP_CONF_NAK, id, "0103 00");
    id = bench_expect(&b, IP6CP, CP_CONF_REQ, "010a b5b6b7b8b9babbbc");
    bench_cp(&b, IP6CP, CP_CONF_REJ, id, "010a b5b6b7b8b9babbbc");
    bench_expect(&b, IP6CP, CP_CONF_REQ, "");
}

static void the_suggestion_never_is_our_own(void **state)
{
    (void)state;
    struct bench b;
    struct ip6cp_conf same = { true, { 0, 0, 0, 0, 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0, 0, 1 }, false };
    open_link(&b, LINK_SERVER, &same);
    bench_sent(&b, IP6CP, CP_CONF_REQ);
    bench_cp(&b, IP6CP, CP_CONF_REQ, 1, "");
    bench_expect(&b, IP6CP, CP_CONF_NAK, "010a a5a6a7a8a9aaabac");
}

static void a_server_may_insist(void **state)
{
    (void)state;
    struct bench b;
    struct ip6cp_conf mine = { true, { 0, 0, 0, 0, 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0, 0, 2 }, true };
    open_link(&b, LINK_SERVER, &mine);
    bench_sent(&b, IP6CP, CP_CONF_REQ);
    for (unsigned i = 0; i < IP6CP_INSIST; i++) {
        bench_cp(&b, IP6CP, CP_CONF_REQ, (uint8_t)(4 + i), "010a 24bba368e67b35a5");
        bench_expect(&b, IP6CP, CP_CONF_NAK, "010a 0000000000000002");
    }
    bench_cp(&b, IP6CP, CP_CONF_REQ, 8, "010a 24bba368e67b35a5"); /* it knows better */
    bench_expect(&b, IP6CP, CP_CONF_ACK, "010a 24bba368e67b35a5");
}

static void who_takes_the_suggestion_is_acknowledged(void **state)
{
    (void)state;
    struct bench b;
    struct ip6cp_conf mine = { true, { 0, 0, 0, 0, 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0, 0, 2 }, true };
    open_link(&b, LINK_SERVER, &mine);
    bench_sent(&b, IP6CP, CP_CONF_REQ);
    bench_cp(&b, IP6CP, CP_CONF_REQ, 4, "010a 24bba368e67b35a5");
    bench_expect(&b, IP6CP, CP_CONF_NAK, "010a 0000000000000002");
    bench_cp(&b, IP6CP, CP_CONF_REQ, 5, "010a 0000000000000002");
    bench_expect(&b, IP6CP, CP_CONF_ACK, "010a 0000000000000002");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_may_insist),          cmocka_unit_test(who_takes_the_suggestion_is_acknowledged),
        cmocka_unit_test(identifiers_are_exchanged),    cmocka_unit_test(unusable_identifiers_are_naked),
        cmocka_unit_test(other_options_are_rejected),   cmocka_unit_test(identifiers_are_drawn_if_none_is_given),
        cmocka_unit_test(our_identifier_follows_a_nak), cmocka_unit_test(the_suggestion_never_is_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the client's processes say to each other: every message there and back, cut, lengthened and bent, and who may say it. */
#include "client/msgs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct plan full;
static uint8_t buf[2 * CM_OFFER_MAX];

static void fill(char *dst, size_t n, char c)
{
    memset(dst, c, n);
    dst[n] = '\0';
}

/* Every list and every text as long as it may be. */
static size_t encode_full(void)
{
    memset(&full, 0, sizeof full);
    fill(full.host, sizeof full.host - 1, 'h');
    fill(full.host_header, sizeof full.host_header - 1, 'H');
    fill(full.call, sizeof full.call - 1, 'c');
    fill(full.user, sizeof full.user - 1, 'u');
    full.host_is_ip = full.want_dns = full.want_ipv6 = full.wide_gcm = true;
    memset(full.interface_id, 0x77, sizeof full.interface_id);
    memset(full.duid, 0x55, sizeof full.duid);
    full.port = 65535;
    full.password_len = sizeof full.password;
    memset(full.password, 0, sizeof full.password); /* a password is bytes */
    full.password[5] = 'p';
    full.n_pins = OPT_PINS;
    memset(full.pins, 0x99, sizeof full.pins);
    full.n_methods = 2;
    full.methods[0] = AUTH_MSCHAPV2;
    full.methods[1] = AUTH_PAP;
    full.n_addresses = PLAN_ADDRESSES;
    for (unsigned i = 0; i < PLAN_ADDRESSES; i++) {
        static const uint8_t six[16] = { 0xfd, [15] = 1 };
        full.addresses[i] = i % 2 ? prefix_v6(six, 128) : prefix_v4(0xc6120000 + i, 32);
    }
    size_t n = plan_encode(&full, buf, sizeof buf);
    assert_true(n > 0);
    return n;
}

static void test_plan(void **state)
{
    (void)state;
    static struct plan got;
    size_t n = encode_full();
    memset(&got, 0xaa, sizeof got);
    assert_int_equal(plan_decode(slice_of(buf, n), &got), 0);
    assert_string_equal(got.host, full.host);
    assert_string_equal(got.host_header, full.host_header);
    assert_string_equal(got.call, full.call);
    assert_string_equal(got.user, full.user);
    assert_int_equal(got.port, 65535);
    assert_true(got.host_is_ip && got.want_dns && got.want_ipv6 && !got.want_prefix && !got.verbose && got.wide_gcm);
    assert_memory_equal(got.interface_id, full.interface_id, sizeof full.interface_id);
    assert_memory_equal(got.duid, full.duid, sizeof full.duid);
    assert_int_equal(got.password_len, sizeof full.password);
    assert_memory_equal(got.password, full.password, sizeof full.password);
    assert_memory_equal(got.pins, full.pins, sizeof full.pins);
    assert_int_equal(got.n_methods, 2);
    assert_int_equal(got.methods[1], AUTH_PAP);
    for (unsigned i = 0; i < PLAN_ADDRESSES; i++)
        assert_true(prefix_eq(&got.addresses[i], &full.addresses[i]));
    struct imsg m = { .type = CM_PLAN, .body = slice_of(buf, n) };
    assert_null(client_msg_check(CM_FROM_PARENT, &m)); /* the largest plan passes the monitor */
}

static void test_plan_cut(void **state)
{
    (void)state;
    static struct plan got, before;
    size_t n = encode_full();
    memset(&got, 0xaa, sizeof got);
    before = got;
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut + 1);
        assert_non_null(exact);
        memcpy(exact, buf, cut);
        assert_true(plan_decode(slice_of(exact, cut), &got) < 0);
        free(exact);
    }
    buf[n] = 0;
    assert_true(plan_decode(slice_of(buf, n + 1), &got) < 0);
    assert_memory_equal(&got, &before, sizeof got); /* untouched on failure */
    assert_int_equal(plan_encode(&full, buf, n - 1), 0);
}

/* Each length and count set to what it must not be: one more than there is room for, and the most that the field holds. */
static void test_plan_lengths(void **state)
{
    (void)state;
    static struct plan got;
    const size_t host = 0, header = 2 + 255 + 3, call = header + 2 + 263, user = call + 2 + 39,
                 password = user + 2 + 256, pins = password + 2 + sizeof full.password,
                 methods = pins + 1 + 32 * OPT_PINS, addresses = methods + 3;
    static const size_t room[] = { OPT_HOST, OPT_HOST + 8, 40, AUTH_NAME_MAX + 1, AUTH_PASSWORD_BYTES + 1 };
    const size_t wide[] = { host, header, call, user, password };
    for (unsigned i = 0; i < 5; i++) {
        size_t n = encode_full();
        assert_int_equal(buf[wide[i]] << 8 | buf[wide[i] + 1], room[i] - 1);
        buf[wide[i]] = (uint8_t)(room[i] >> 8);
        buf[wide[i] + 1] = (uint8_t)room[i];
        assert_true(plan_decode(slice_of(buf, n), &got) < 0);
        memset(buf + wide[i], 0xff, 2);
        assert_true(plan_decode(slice_of(buf, n), &got) < 0);
        memset(buf + wide[i], 0, 2);
        assert_true(plan_decode(slice_of(buf, n), &got) < 0); /* what was the text is now in the way */
    }
    const size_t narrow[] = { pins, methods, addresses };
    static const uint8_t max[] = { OPT_PINS, AUTH_METHODS, PLAN_ADDRESSES };
    for (unsigned i = 0; i < 3; i++) {
        size_t n = encode_full();
        assert_int_equal(buf[narrow[i]], i == 1 ? 2 : max[i]);
        static const uint8_t bad[] = { 0, 1, 0xff };
        for (unsigned k = 0; k < sizeof bad; k++) {
            buf[narrow[i]] = bad[k];
            assert_true(plan_decode(slice_of(buf, n), &got) < 0);
        }
        buf[narrow[i]] = (uint8_t)(max[i] + 1);
        assert_true(plan_decode(slice_of(buf, n), &got) < 0);
    }
    size_t n = encode_full();
    buf[host + 2] = 0; /* a NUL inside a text */
    assert_true(plan_decode(slice_of(buf, n), &got) < 0);
    static const uint8_t ids[] = { AUTH_NONE, AUTH_METHODS, 0xff };
    for (unsigned i = 0; i < sizeof ids; i++) {
        encode_full();
        buf[methods + 1] = ids[i];
        assert_true(plan_decode(slice_of(buf, n), &got) < 0);
    }
}

/* An address is one address: no network, no third family. */
static void test_address(void **state)
{
    (void)state;
    static const uint8_t six[16] = { 0xfd, [15] = 1 };
    struct prefix a = prefix_v4(0xc6120001, 32), b = prefix_v6(six, 128), got;
    assert_int_equal(address_encode(&a, buf, sizeof buf), 18);
    assert_int_equal(address_decode(slice_of(buf, 18), &got), 0);
    assert_true(prefix_eq(&a, &got));
    assert_int_equal(address_encode(&b, buf, sizeof buf), 18);
    assert_int_equal(address_decode(slice_of(buf, 18), &got), 0);
    assert_true(prefix_eq(&b, &got));
    static const uint8_t bad[][2] = { { 4, 0 },  { 4, 31 }, { 4, 33 },  { 4, 128 }, { 6, 0 },
                                      { 6, 64 }, { 6, 32 }, { 6, 129 }, { 0, 32 },  { 5, 32 } };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(buf, bad[i], 2);
        assert_true(address_decode(slice_of(buf, 18), &got) < 0);
    }
    memcpy(buf, (uint8_t[]){ 6, 128 }, 2);
    assert_true(address_decode(slice_of(buf, 17), &got) < 0);
    assert_true(address_decode(slice_of(buf, 19), &got) < 0);
    assert_true(address_decode(slice_of(buf, 0), &got) < 0);
}

static void test_addresses(void **state)
{
    (void)state;
    struct prefix a[PLAN_ADDRESSES], got[PLAN_ADDRESSES];
    char why[256];
    for (unsigned i = 0; i < PLAN_ADDRESSES; i++)
        a[i] = prefix_v4(i, 32);
    for (unsigned n = 0; n <= PLAN_ADDRESSES; n++) {
        size_t len = addresses_encode(a, n, n ? "" : "no such host", buf, sizeof buf);
        assert_int_equal(addresses_decode(slice_of(buf, len), got, PLAN_ADDRESSES, why), n);
        assert_string_equal(why, n ? "" : "no such host");
        for (unsigned i = 0; i < n; i++)
            assert_true(prefix_eq(&a[i], &got[i]));
        for (size_t cut = 0; cut < len; cut++)
            assert_true(addresses_decode(slice_of(buf, cut), got, PLAN_ADDRESSES, why) < 0);
        assert_true(addresses_decode(slice_of(buf, len + 1), got, PLAN_ADDRESSES, why) < 0);
        if (n)
            assert_true(addresses_decode(slice_of(buf, len), got, n - 1, why) < 0);
    }
}

static void test_up(void **state)
{
    (void)state;
    struct up_net u = { true, true, 0x0a500002, 0x0a500001, { 1, 2 }, { 3, 4 }, { 5, 6 }, 1400 }, got;
    size_t n = up_encode(&u, buf, sizeof buf);
    assert_int_equal(n, 36);
    assert_int_equal(up_decode(slice_of(buf, n), &got), 0);
    assert_memory_equal(&got.dns, &u.dns, sizeof u.dns);
    assert_true(got.our_addr == u.our_addr && got.peer_addr == u.peer_addr && got.mtu == 1400);
    for (size_t cut = 0; cut < n; cut++)
        assert_true(up_decode(slice_of(buf, cut), &got) < 0);
    assert_true(up_decode(slice_of(buf, n + 1), &got) < 0);
    assert_memory_equal(got.our_id, u.our_id, sizeof u.our_id);
    assert_memory_equal(got.peer_id, u.peer_id, sizeof u.peer_id);
    buf[0] = buf[1] = 0; /* up with neither family */
    assert_true(up_decode(slice_of(buf, n), &got) < 0);
}

/* Every list as long as it may be. */
static void make_offer(struct net_offer *o)
{
    static const uint8_t six[16] = { 0xfd, [15] = 1 };
    memset(o, 0, sizeof *o);
    o->dhcp4 = o->ra = o->routes4 = true;
    for (o->n_addresses = 0; o->n_addresses < NET_ADDRESSES; o->n_addresses++)
        o->addresses[o->n_addresses] = (struct net_address){ prefix_v6(six, o->n_addresses), 1 };
    for (o->n_routes = 0; o->n_routes < NET_ROUTES; o->n_routes++)
        o->routes[o->n_routes] = (struct net_route){ .to = prefix_v4(o->n_routes << 24, 8), .preference = -1 };
    for (o->n_dns = 0; o->n_dns < NET_DNS; o->n_dns++)
        o->dns[o->n_dns] = prefix_v4(o->n_dns, 32);
    for (o->n_nbns = 0; o->n_nbns < NET_NBNS; o->n_nbns++)
        o->nbns[o->n_nbns] = prefix_v4(o->n_nbns, 32);
    for (o->n_delegated = 0; o->n_delegated < NET_DELEGATED; o->n_delegated++)
        o->delegated[o->n_delegated] = prefix_v6(six, 56);
    for (o->n_search = 0; o->n_search < DNS_NAMES_MAX; o->n_search++)
        for (size_t i = 0; i < DNS_NAME_TEXT - 1; i++)
            o->search[o->n_search].text[i] = i % 10 == 9 ? '.' : (char)('a' + o->n_search);
    o->domain = o->search[0];
    o->mtu6 = 1400;
    memset(o->wpad, 'w', sizeof o->wpad - 1);
}

static void test_offer(void **state)
{
    (void)state;
    static struct net_offer o, got;
    make_offer(&o);
    size_t n = offer_encode(&o, buf, sizeof buf);
    assert_true(n > 0 && n <= CM_OFFER_MAX);
    memset(&got, 0, sizeof got);
    assert_int_equal(offer_decode(slice_of(buf, n), &got), 0);
    size_t again = offer_encode(&got, buf + CM_OFFER_MAX, CM_OFFER_MAX);
    assert_int_equal(again, n);
    assert_memory_equal(buf, buf + CM_OFFER_MAX, n);
    for (size_t cut = 0; cut < n; cut++)
        assert_true(offer_decode(slice_of(buf, cut), &got) < 0);
    assert_true(offer_decode(slice_of(buf, n + 1), &got) < 0);
    memset(&o, 0, sizeof o); /* the shortest passes the monitor too */
    struct imsg m = { .type = CM_OFFER, .body = slice_of(buf, offer_encode(&o, buf, sizeof buf)) };
    assert_null(client_msg_check(CM_FROM_ENGINE, &m));
}

/* What an engine in foreign hands might say. */
static void test_offer_refused(void **state)
{
    (void)state;
    static struct net_offer o, got;
    static const char *const bad[] = { "-x", "a b", "a\nnameserver 192.0.2.1", "a..b", "\xff" };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&o, 0, sizeof o);
        memcpy(o.domain.text, bad[i], strlen(bad[i]));
        assert_true(offer_decode(slice_of(buf, offer_encode(&o, buf, sizeof buf)), &got) < 0);
        o.search[0] = o.domain;
        o.n_search = 1;
        memset(&o.domain, 0, sizeof o.domain);
        assert_true(offer_decode(slice_of(buf, offer_encode(&o, buf, sizeof buf)), &got) < 0);
    }
    memset(&o, 0, sizeof o);
    o.n_routes = 1;
    o.routes[0].to = (struct prefix){ .family = 4, .len = 33 };
    assert_true(offer_decode(slice_of(buf, offer_encode(&o, buf, sizeof buf)), &got) < 0);
    o.routes[0].to = (struct prefix){ .family = 6, .len = 128 };
    assert_int_equal(offer_decode(slice_of(buf, offer_encode(&o, buf, sizeof buf)), &got), 0);
    o.n_routes = 0;
    o.n_dns = 1; /* a resolver is one address */
    o.dns[0] = prefix_v4(0x0a000000, 24);
    assert_true(offer_decode(slice_of(buf, offer_encode(&o, buf, sizeof buf)), &got) < 0);
    o.n_dns = 0;
    o.n_addresses = 1; /* of IPv6 only */
    o.addresses[0].p = prefix_v4(1, 32);
    assert_true(offer_decode(slice_of(buf, offer_encode(&o, buf, sizeof buf)), &got) < 0);
}

/* RFC 1122 3.2.1.3: not every number is a host's. */
static void test_up_judge(void **state)
{
    static const uint32_t bad[] = { 0x00000000, 0x00000001, 0x00ffffff, 0x7f000001, 0x7f000035, 0x7fffffff,
                                    0xe0000000, 0xe00000fb, 0xefffffff, 0xf0000001, 0xffffffff };
    static const uint32_t good[] = {
        0x01000000, 0x01000001, 0x0a500002, 0x7effffff, 0x80000000, 0xa9fe0001, 0xdfffffff
    };
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct up_net our = { .ipv4 = true, .our_addr = bad[i], .mtu = 1400 };
        assert_non_null(up_judge(&our));
        struct up_net u = { .ipv4 = true, .our_addr = 0x0a500002, .peer_addr = bad[i], .dns = { bad[i], 0x08080808 } };
        assert_null(up_judge(&u));
        assert_int_equal(u.peer_addr, 0);
        assert_int_equal(u.dns[0], 0x08080808);
        assert_int_equal(u.dns[1], 0);
    }
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct up_net u = { .ipv4 = true, .our_addr = good[i], .peer_addr = 0x0a500001, .dns = { good[i], good[i] } };
        assert_null(up_judge(&u));
        assert_true(u.our_addr == good[i] && u.peer_addr == 0x0a500001 && u.dns[0] == good[i] && u.dns[1] == good[i]);
    }
    struct up_net six = { .ipv6 = true };
    assert_null(up_judge(&six)); /* no IPv4, no address of it */
    struct up_net same = { .ipv4 = true, .our_addr = 0x0a500002, .peer_addr = 0x0a500002 };
    assert_null(up_judge(&same));
    assert_int_equal(same.peer_addr, 0);
}

/* Only the statuses that adit(1) names: the engine is not trusted with another one. */
static void test_down(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        uint8_t body[2] = { (uint8_t)code, 0 };
        enum exit_code got = (enum exit_code)77;
        assert_int_equal(down_decode(slice_of(body, 1), &got), code <= EXIT_AUTH ? 0 : ERR_VALUE);
        assert_int_equal(got, code <= EXIT_AUTH ? code : 77);
        assert_true(down_decode(slice_of(body, 0), &got) < 0);
        assert_true(down_decode(slice_of(body, 2), &got) < 0);
    }
}

/* Who may say what, and how long it is: below, exactly, above. */
static void test_monitor(void **state)
{
    (void)state;
    static const struct {
        int from;
        uint32_t type;
        size_t min, max;
        unsigned fds;
    } allowed[] = {
        { CM_FROM_ENGINE, CM_PEER, 18, 18, 0 },
        { CM_FROM_ENGINE, CM_UP, 36, 36, 0 },
        { CM_FROM_ENGINE, CM_OFFER, 16, CM_OFFER_MAX, 0 },
        { CM_FROM_ENGINE, CM_DOWN, 1, 1, 0 },
        { CM_FROM_ENGINE, CM_PONG, 0, 0, 0 },
        { CM_FROM_RESOLVER, CM_ADDRESSES, 3, 1024, 0 },
        { CM_FROM_PARENT, CM_LOOKUP, 1, OPT_HOST, 0 },
        { CM_FROM_PARENT, CM_PLAN, 16, 4096, 0 },
        { CM_FROM_PARENT, CM_TUN, 0, 0, 1 },
        { CM_FROM_PARENT, CM_STOP, 0, 0, 0 },
        { CM_FROM_PARENT, CM_PING, 0, 0, 0 },
    };
    for (int from = CM_FROM_ENGINE; from <= CM_FROM_PARENT; from++)
        for (uint32_t type = 0; type < CM_PONG + 2; type++) {
            bool may = false;
            for (unsigned i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
                if (allowed[i].from != from || allowed[i].type != type)
                    continue;
                may = true;
                struct imsg m = { .type = type, .n_fds = allowed[i].fds };
                m.body = slice_of(buf, allowed[i].min);
                assert_null(client_msg_check(from, &m));
                m.body.n = allowed[i].max;
                assert_null(client_msg_check(from, &m));
                m.body.n = allowed[i].max + 1;
                assert_non_null(client_msg_check(from, &m));
                m.body.n = allowed[i].min - 1;
                if (allowed[i].min)
                    assert_non_null(client_msg_check(from, &m));
                m.body.n = allowed[i].min;
                m.n_fds = allowed[i].fds + 1;
                assert_non_null(client_msg_check(from, &m));
            }
            for (size_t n = 0; !may && n < 2000; n++) {
                struct imsg m = { .type = type, .body = slice_of(buf, n) };
                assert_non_null(client_msg_check(from, &m));
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),     cmocka_unit_test(test_plan_cut),  cmocka_unit_test(test_plan_lengths),
        cmocka_unit_test(test_address),  cmocka_unit_test(test_addresses), cmocka_unit_test(test_up),
        cmocka_unit_test(test_up_judge), cmocka_unit_test(test_offer),     cmocka_unit_test(test_offer_refused),
        cmocka_unit_test(test_down),     cmocka_unit_test(test_monitor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

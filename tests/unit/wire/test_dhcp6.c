/* DHCPv6 messages: every option there and back, every length wrong, and messages made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/dhcp6.h"

static const uint8_t addr_a[16] = { 0xfd, 0, 0, 0x80, [15] = 0x35 };
static const uint8_t addr_b[16] = { 0x20, 1, 0x0d, 0xb8, 0, 7 };

static int decode(const uint8_t *p, size_t n, struct dhcp6 *m)
{
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    if (n)
        memcpy(copy, p, n);
    int e = dhcp6_decode(slice_of(copy, n), m);
    free(copy);
    return e;
}

/* One option behind a Reply's head. */
static int decode_one(uint16_t option, const void *value, size_t n, struct dhcp6 *m)
{
    uint8_t buf[600];
    struct wr w = wr_of(buf, sizeof buf);
    dhcp6_put_head(&w, DHCP6_REPLY, 0xabcdef);
    dhcp6_put(&w, option, slice_of(value, n));
    assert_true(wr_ok(&w));
    return decode(buf, wr_len(&w), m);
}

static size_t put_everything(uint8_t *buf, size_t cap)
{
    static const uint16_t oro[] = { 23, 24, 32 };
    static const struct dns_name names[] = { { "corp.example.com" }, { "example.net" } };
    struct prefix dns[2] = { prefix_v6(addr_a, 128), prefix_v6(addr_b, 128) };
    struct dhcp6_ia na = { .iaid = 1, .t1 = 10, .t2 = 20, .n_leases = 1 };
    struct dhcp6_ia pd = { .pd = true, .iaid = 2, .t1 = 11, .t2 = 21, .n_leases = 2 };
    na.leases[0] = (struct dhcp6_lease){ prefix_v6(addr_a, 128), 30, 40 };
    pd.leases[0] = (struct dhcp6_lease){ prefix_v6(addr_b, 48), 31, 41 };
    pd.leases[1] = (struct dhcp6_lease){ prefix_v6(addr_a, 56), 0, 0 };
    pd.has_status = true;
    pd.status = DHCP6_NO_PREFIX_AVAIL;
    struct wr w = wr_of(buf, cap);
    dhcp6_put_head(&w, DHCP6_ADVERTISE, 0xff123456);
    dhcp6_put(&w, DHCP6_OPT_CLIENT_ID, slice_of("\0\3cl", 4));
    dhcp6_put(&w, DHCP6_OPT_SERVER_ID, slice_of("\0\3srv", 5));
    dhcp6_put_ia(&w, &na);
    dhcp6_put_ia(&w, &pd);
    dhcp6_put_oro(&w, oro, 3);
    dhcp6_put(&w, DHCP6_OPT_PREFERENCE, slice_of("\xff", 1));
    dhcp6_put_u16(&w, DHCP6_OPT_ELAPSED, 0x0102);
    dhcp6_put_status(&w, DHCP6_USE_MULTICAST, "no");
    dhcp6_put(&w, DHCP6_OPT_RAPID_COMMIT, slice_of(NULL, 0));
    dhcp6_put(&w, 999, slice_of("whatever", 8));
    dhcp6_put(&w, 999, slice_of("whatever", 8));
    dhcp6_put_dns(&w, dns, 2);
    dhcp6_put_domains(&w, names, 2);
    dhcp6_put_u32(&w, DHCP6_OPT_REFRESH, 3600);
    return wr_len(&w);
}

static void check_ias(const struct dhcp6 *m)
{
    assert_int_equal(m->n_ias, 2);
    assert_false(m->ias[0].pd);
    assert_int_equal(m->ias[0].iaid, 1);
    assert_int_equal(m->ias[0].t1, 10);
    assert_int_equal(m->ias[0].n_leases, 1);
    assert_int_equal(m->ias[0].leases[0].p.len, 128);
    assert_memory_equal(m->ias[0].leases[0].p.addr, addr_a, 16);
    assert_int_equal(m->ias[0].leases[0].preferred, 30);
    assert_int_equal(m->ias[0].leases[0].valid, 40);
    assert_false(m->ias[0].has_status);
    assert_true(m->ias[1].pd);
    assert_int_equal(m->ias[1].t2, 21);
    assert_int_equal(m->ias[1].n_leases, 2);
    assert_int_equal(m->ias[1].leases[0].p.len, 48);
    assert_memory_equal(m->ias[1].leases[0].p.addr, addr_b, 16);
    assert_int_equal(m->ias[1].leases[1].p.len, 56);
    assert_true(m->ias[1].has_status);
    assert_int_equal(m->ias[1].status, DHCP6_NO_PREFIX_AVAIL);
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t buf[600];
    struct dhcp6 m;
    struct dns_name names[2];
    unsigned n = 0;
    size_t size = put_everything(buf, sizeof buf);
    assert_int_not_equal(size, 0);
    assert_int_equal(dhcp6_decode(slice_of(buf, size), &m), 0);
    assert_int_equal(m.type, DHCP6_ADVERTISE);
    assert_int_equal(m.xid, 0x123456);
    assert_true(slice_eq(m.client_id, slice_of("\0\3cl", 4)));
    assert_true(slice_eq(m.server_id, slice_of("\0\3srv", 5)));
    check_ias(&m);
    assert_true(dhcp6_asks(&m, 23) && dhcp6_asks(&m, 24) && dhcp6_asks(&m, 32));
    assert_false(dhcp6_asks(&m, 25));
    assert_int_equal(m.preference, 255);
    assert_int_equal(m.elapsed, 0x0102);
    assert_true(m.has_status);
    assert_int_equal(m.status, DHCP6_USE_MULTICAST);
    assert_true(m.rapid_commit);
    assert_int_equal(m.dns.n, 32);
    assert_memory_equal(m.dns.p + 16, addr_b, 16);
    assert_int_equal(dns_names_read(m.domains, false, names, 2, &n), 0);
    assert_string_equal(names[1].text, "example.net");
    assert_true(m.has_refresh);
    assert_int_equal(m.refresh, 3600);
    for (size_t cap = 0; cap < size; cap++)
        assert_int_equal(put_everything(buf, cap), 0);
}

/* A message that is cut anywhere but between two options is refused. */
static void test_cut(void **state)
{
    (void)state;
    uint8_t buf[600];
    size_t size = put_everything(buf, sizeof buf), good = 4;
    for (size_t n = 0; n < size; n++) {
        struct dhcp6 m = { .xid = 7 };
        int e = decode(buf, n, &m);
        assert_int_equal(e, n == good ? 0 : ERR_TRUNCATED);
        if (n == good)
            good += 4u + buf[good + 3];
        else
            assert_int_equal(m.xid, 7);
    }
}

static void test_types(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        struct dhcp6 m;
        uint8_t head[4] = { (uint8_t)type, 1, 2, 3 };
        assert_int_equal(decode(head, 4, &m), type >= 1 && type <= 11 ? 0 : ERR_UNKNOWN);
    }
}

struct lengths {
    uint16_t option;
    size_t min, max, step;
};

static void test_lengths(void **state)
{
    (void)state;
    static const struct lengths table[] = {
        { DHCP6_OPT_CLIENT_ID, 3, 130, 1 },  { DHCP6_OPT_SERVER_ID, 3, 130, 1 }, { DHCP6_OPT_ORO, 0, 256, 2 },
        { DHCP6_OPT_PREFERENCE, 1, 1, 1 },   { DHCP6_OPT_ELAPSED, 2, 2, 1 },     { DHCP6_OPT_STATUS, 2, 256, 1 },
        { DHCP6_OPT_RAPID_COMMIT, 0, 0, 1 }, { DHCP6_OPT_DNS, 16, 256, 16 },     { DHCP6_OPT_DOMAINS, 1, 256, 1 },
        { DHCP6_OPT_REFRESH, 4, 4, 1 },
    };
    static const uint8_t zeros[256];
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
        for (size_t n = 0; n <= 256; n++) {
            struct dhcp6 m;
            const struct lengths *t = &table[i];
            bool good = n >= t->min && n <= t->max && (n - t->min) % t->step == 0;
            assert_int_equal(decode_one(t->option, zeros, n, &m), good ? 0 : ERR_LENGTH);
        }
}

static void test_ia_lengths(void **state)
{
    (void)state;
    static const uint8_t zeros[256];
    static const uint16_t ias[] = { DHCP6_OPT_IA_NA, DHCP6_OPT_IA_PD };
    for (unsigned i = 0; i < 2; i++) {
        for (size_t n = 0; n < 12; n++) {
            struct dhcp6 m;
            assert_int_equal(decode_one(ias[i], zeros, n, &m), ERR_LENGTH);
        }
        size_t need = i ? 25 : 24;
        uint8_t value[12 + 4 + 40] = { 0 };
        for (size_t n = 0; n <= 40; n++) {
            struct dhcp6 m;
            value[13] = i ? DHCP6_OPT_IAPREFIX : DHCP6_OPT_IAADDR;
            value[15] = (uint8_t)n;
            assert_int_equal(decode_one(ias[i], value, 16 + n, &m), n < need ? ERR_LENGTH : 0);
            if (n) /* the inner option is longer than the outer */
                assert_int_equal(decode_one(ias[i], value, 15 + n, &m), ERR_TRUNCATED);
        }
    }
    struct dhcp6 m;
    uint8_t status[12 + 6] = { [13] = DHCP6_OPT_STATUS, [15] = 1 };
    assert_int_equal(decode_one(DHCP6_OPT_IA_NA, status, 17, &m), ERR_LENGTH);
}

static void test_values(void **state)
{
    (void)state;
    uint8_t value[12 + 4 + 25] = { [13] = DHCP6_OPT_IAPREFIX, [15] = 25 };
    struct dhcp6 m;
    for (unsigned len = 0; len < 256; len++) {
        value[24] = (uint8_t)len;
        assert_int_equal(decode_one(DHCP6_OPT_IA_PD, value, sizeof value, &m), len <= 128 ? 0 : ERR_VALUE);
    }
    /* RFC 8415 21.22: preferred over valid is discarded, and nothing else */
    value[24] = 56;
    value[19] = 2; /* preferred */
    value[23] = 1; /* valid */
    assert_int_equal(decode_one(DHCP6_OPT_IA_PD, value, sizeof value, &m), 0);
    assert_int_equal(m.n_ias, 1);
    assert_int_equal(m.ias[0].n_leases, 0);
    value[23] = 2;
    assert_int_equal(decode_one(DHCP6_OPT_IA_PD, value, sizeof value, &m), 0);
    assert_int_equal(m.ias[0].n_leases, 1);
    /* an address in an IA_PD is an option that has no place there */
    value[13] = DHCP6_OPT_IAADDR;
    assert_int_equal(decode_one(DHCP6_OPT_IA_PD, value, sizeof value, &m), 0);
    assert_int_equal(m.ias[0].n_leases, 0);
}

static void test_twice(void **state)
{
    (void)state;
    static const struct {
        uint16_t option;
        size_t n;
    } once[] = { { 1, 4 },  { 2, 4 },  { 6, 2 },   { 7, 1 },  { 8, 2 },
                 { 13, 2 }, { 14, 0 }, { 23, 16 }, { 24, 3 }, { 32, 4 } };
    static const uint8_t value[16] = { 1, 'a', 0 };
    for (unsigned i = 0; i < sizeof once / sizeof once[0]; i++) {
        uint8_t buf[64];
        struct dhcp6 m;
        struct wr w = wr_of(buf, sizeof buf);
        dhcp6_put_head(&w, DHCP6_REPLY, 1);
        dhcp6_put(&w, once[i].option, slice_of(value, once[i].n));
        assert_int_equal(decode(buf, wr_len(&w), &m), 0);
        dhcp6_put(&w, once[i].option, slice_of(value, once[i].n));
        assert_int_equal(decode(buf, wr_len(&w), &m), ERR_DUPLICATE);
    }
}

/* More than we keep is left out, not written past the end. */
static void test_many(void **state)
{
    (void)state;
    static uint8_t buf[4000];
    struct dhcp6 m;
    struct dhcp6_ia ia = { .pd = true, .n_leases = DHCP6_LEASES };
    for (unsigned k = 0; k < DHCP6_LEASES; k++)
        ia.leases[k] = (struct dhcp6_lease){ prefix_v6(addr_a, 60 + k), 1, 1 };
    struct wr w = wr_of(buf, sizeof buf);
    dhcp6_put_head(&w, DHCP6_SOLICIT, 1);
    for (unsigned k = 0; k < 20; k++) {
        ia.iaid = k;
        dhcp6_put_ia(&w, &ia);
    }
    assert_int_equal(decode(buf, wr_len(&w), &m), 0);
    assert_int_equal(m.n_ias, DHCP6_IAS);
    assert_int_equal(m.ias[DHCP6_IAS - 1].iaid, DHCP6_IAS - 1);
    assert_int_equal(m.ias[0].n_leases, DHCP6_LEASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_cut),        cmocka_unit_test(test_types),
        cmocka_unit_test(test_lengths),    cmocka_unit_test(test_ia_lengths), cmocka_unit_test(test_values),
        cmocka_unit_test(test_twice),      cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

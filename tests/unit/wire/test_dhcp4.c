/* DHCP messages: the two DHCPINFORMs of the capture, options in pieces, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/dhcp4.h"
#include "wire/ip.h"

static size_t unhex(const char *hex, uint8_t *dst, size_t cap)
{
    size_t n = 0;
    for (; hex[0] && hex[1] && hex[0] != '\n'; hex += 2) {
        unsigned v = 0;
        assert_int_equal(sscanf(hex, "%2x", &v), 1);
        assert_true(n < cap);
        dst[n++] = (uint8_t)v;
    }
    return n;
}

static void check_captured(const struct dhcp4 *m, unsigned i)
{
    static const uint8_t asked[] = { 6, 44, 43, 1, 249, 15 };
    static const uint8_t secs[] = { 6, 9 };
    uint8_t buf[64];
    char text[32];
    size_t n = 0;
    assert_int_equal(m->op, DHCP4_BOOTREQUEST);
    assert_int_equal(m->htype, 8);
    assert_int_equal(m->hlen, 0);
    assert_int_equal(m->xid, 0x0ea55ec3);
    assert_int_equal(m->secs, secs[i] << 8); /* little-endian: 6 and 9 seconds */
    assert_int_equal(m->flags, 0);
    assert_int_equal(m->ciaddr, 0xc0a86465);
    assert_int_equal(m->yiaddr | m->siaddr | m->giaddr, 0);
    assert_int_equal(m->type, DHCP4_INFORM);
    assert_int_equal(dhcp4_get(m, DHCP4_OPT_ASKED, buf, sizeof buf, &n), 0);
    assert_int_equal(n, sizeof asked);
    assert_memory_equal(buf, asked, sizeof asked);
    assert_int_equal(dhcp4_get(m, DHCP4_OPT_CLIENT_ID, buf, sizeof buf, &n), 0);
    assert_int_equal(n, 17);
    assert_int_equal(buf[0], 0);
    assert_int_equal(dhcp4_get(m, DHCP4_OPT_VENDOR_CLASS, buf, sizeof buf, &n), 0);
    assert_memory_equal(buf, "MSFT 5.0", 8);
    assert_int_equal(dhcp4_get(m, DHCP4_OPT_HOST_NAME, buf, sizeof buf, &n), 0);
    assert_int_equal(dhcp4_text(slice_of(buf, n), text, sizeof text), 0);
    assert_string_equal(text, "WGSEA11236-WIN7");
    assert_int_equal(dhcp4_get(m, DHCP4_OPT_USER_CLASS, buf, sizeof buf, &n), ERR_MISSING);
}

/* [CAP]: 4.05 s and 7.05 s. */
static void test_capture(void **state)
{
    (void)state;
    FILE *f = fopen(VECTORS "/windows7-rras2008r2.txt", "r");
    assert_non_null(f);
    char line[4096];
    unsigned found = 0;
    while (fgets(line, sizeof line, f)) {
        const char *hex = strstr(line, " C sstp 1000");
        if (!hex || strncmp(hex + 16, "21", 2) != 0)
            continue;
        uint8_t buf[2048];
        struct ip_view ip;
        struct udp_view udp;
        struct dhcp4 m;
        size_t n = unhex(hex + 18, buf, sizeof buf);
        assert_int_equal(ip_parse(slice_of(buf, n), &ip), 0);
        if (ip.proto != IP_UDP || udp_parse(ip.payload, &udp) < 0 || udp.dst_port != DHCP4_SERVER_PORT)
            continue;
        assert_int_equal(dhcp4_decode(udp.payload, &m), 0);
        assert_true(found < 2);
        check_captured(&m, found++);
    }
    fclose(f);
    assert_int_equal(found, 2);
}

/* --- messages made here --------------------------------------------------------------------------------------- */

enum { FIXED = 236, SNAME_AT = 44, FILE_AT = 108 };

struct made {
    uint8_t bytes[2000];
    struct wr w;
};

/* Head with cookie, no option yet. */
static void make(struct made *d)
{
    memset(d, 0, sizeof *d);
    d->w = wr_of(d->bytes, sizeof d->bytes);
    wr_u32(&d->w, 0x02010600);
    wr_u32(&d->w, 0x12345678);
    wr_zero(&d->w, FIXED - 8);
    wr_u32(&d->w, 0x63825363);
}

static void opt(struct made *d, unsigned code, const void *value, size_t n)
{
    wr_u8(&d->w, code);
    wr_u8(&d->w, (unsigned)n);
    wr_bytes(&d->w, value, n);
}

static void type_and_end(struct made *d)
{
    opt(d, 53, "\5", 1);
    wr_u8(&d->w, 255);
}

static int decode(const struct made *d, struct dhcp4 *m)
{
    /* a block of its own, so that the sanitizer sees a read past the end */
    uint8_t *copy = malloc(d->w.len);
    assert_non_null(copy);
    memcpy(copy, d->bytes, d->w.len);
    int e = dhcp4_decode(slice_of(copy, d->w.len), m);
    free(copy);
    return e;
}

static void test_fixed(void **state)
{
    (void)state;
    struct made d;
    struct dhcp4 m = { .xid = 77 };
    make(&d);
    type_and_end(&d);
    assert_int_equal(decode(&d, &m), 0);
    assert_int_equal(m.xid, 0x12345678);
    assert_int_equal(m.type, DHCP4_ACK);
    m.xid = 77;
    size_t all = d.w.len;
    for (d.w.len = 0; d.w.len < FIXED + 4; d.w.len++)
        assert_int_equal(decode(&d, &m), ERR_TRUNCATED);
    /* behind the cookie: no end, then a type that is cut, then no end again */
    static const int errors[] = { ERR_MISSING, ERR_TRUNCATED, ERR_TRUNCATED, ERR_MISSING };
    for (unsigned i = 0; d.w.len < all; d.w.len++, i++)
        assert_int_equal(decode(&d, &m), errors[i]);
    d.bytes[FIXED] ^= 1;
    assert_int_equal(decode(&d, &m), ERR_VERSION);
    d.bytes[FIXED] ^= 1;
    d.bytes[2] = 17;
    assert_int_equal(decode(&d, &m), ERR_LENGTH);
    d.bytes[2] = 16;
    for (unsigned op = 0; op < 256; op++) {
        d.bytes[0] = (uint8_t)op;
        assert_int_equal(decode(&d, &m), op == 1 || op == 2 ? 0 : ERR_VALUE);
    }
}

static void test_type(void **state)
{
    (void)state;
    struct made d;
    struct dhcp4 m = { .xid = 77 };
    make(&d);
    wr_u8(&d.w, 255);
    assert_int_equal(decode(&d, &m), ERR_MISSING);
    make(&d);
    opt(&d, 53, "", 0);
    wr_u8(&d.w, 255);
    assert_int_equal(decode(&d, &m), ERR_LENGTH);
    make(&d);
    opt(&d, 53, "\1\1", 2);
    wr_u8(&d.w, 255);
    assert_int_equal(decode(&d, &m), ERR_LENGTH);
    make(&d);
    opt(&d, 53, "\1", 1); /* two instances are one option of two bytes */
    opt(&d, 53, "\1", 1);
    wr_u8(&d.w, 255);
    assert_int_equal(decode(&d, &m), ERR_LENGTH);
    make(&d);
    opt(&d, 53, "\0", 1);
    wr_u8(&d.w, 255);
    assert_int_equal(decode(&d, &m), ERR_VALUE);
    make(&d);
    wr_zero(&d.w, 9); /* pads before, garbage behind the end */
    type_and_end(&d);
    wr_str(&d.w, "\65\7garbage");
    assert_int_equal(decode(&d, &m), 0);
    assert_int_equal(m.xid, 0x12345678);
}

/* Every length of an option: 0, shorter, right, longer than what is there. */
static void test_option_lengths(void **state)
{
    (void)state;
    for (unsigned len = 0; len < 256; len++) {
        struct made d;
        struct dhcp4 m;
        make(&d);
        wr_u8(&d.w, 60);
        wr_u8(&d.w, len);
        wr_zero(&d.w, 10);
        type_and_end(&d);
        int e = decode(&d, &m);
        if (len <= 10 || len == 13) /* behind it pads and the type; or just the end mark */
            assert_int_equal(e, len == 13 ? ERR_MISSING : 0);
        else
            assert_true(e == ERR_TRUNCATED || e == ERR_MISSING);
    }
}

static void put_area(uint8_t *field, size_t n, unsigned code, const char *value, bool end)
{
    struct wr w = wr_of(field, n);
    wr_u8(&w, code);
    wr_u8(&w, (unsigned)strlen(value));
    wr_str(&w, value);
    if (end)
        wr_u8(&w, 255);
    assert_true(wr_ok(&w));
}

/* RFC 2132 9.3 and RFC 3396 5: file before sname, whatever the overload says. */
static void test_overload(void **state)
{
    (void)state;
    static const char *joined[] = { "A", "AB", "AC", "ABC" };
    for (uint8_t overload = 0; overload < 6; overload++) {
        struct made d;
        struct dhcp4 m;
        uint8_t buf[8];
        size_t n = 0;
        make(&d);
        put_area(d.bytes + FILE_AT, 128, 15, "B", true);
        put_area(d.bytes + SNAME_AT, 64, 15, "C", true);
        if (overload)
            opt(&d, 52, &overload, 1);
        opt(&d, 15, "A", 1);
        type_and_end(&d);
        if (overload > 3) {
            assert_int_equal(decode(&d, &m), ERR_VALUE);
            continue;
        }
        assert_int_equal(dhcp4_decode(wr_slice(&d.w), &m), 0);
        assert_int_equal(dhcp4_get(&m, 15, buf, sizeof buf, &n), 0);
        assert_int_equal(n, strlen(joined[overload]));
        assert_memory_equal(buf, joined[overload], n);
    }
    struct made d;
    struct dhcp4 m;
    make(&d);
    put_area(d.bytes + FILE_AT, 128, 15, "B", false); /* zeros to the end of the field: no end mark */
    opt(&d, 52, "\1", 1);
    type_and_end(&d);
    assert_int_equal(decode(&d, &m), ERR_MISSING);
    d.bytes[FILE_AT + 1] = 127; /* longer than the field: must not run on into the options */
    assert_int_equal(decode(&d, &m), ERR_TRUNCATED);
    make(&d);
    opt(&d, 52, "\1\1", 2);
    type_and_end(&d);
    assert_int_equal(decode(&d, &m), ERR_LENGTH);
    make(&d);
    put_area(d.bytes + FILE_AT, 128, 52, "\2", true); /* an overload in an overloaded field says nothing */
    put_area(d.bytes + SNAME_AT, 64, 15, "C", true);
    opt(&d, 52, "\1", 1);
    type_and_end(&d);
    assert_int_equal(dhcp4_decode(wr_slice(&d.w), &m), 0);
    assert_int_equal(m.areas[2].n, 0);
}

/* RFC 3396: more than 255 bytes, there and back. */
static void test_long_option(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 254, 255, 256, 509, 510, 511, 1200 };
    uint8_t value[1200], back[DHCP4_OPTION_MAX], buf[2000];
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 7);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct dhcp4 m = { .op = DHCP4_BOOTREPLY, .type = DHCP4_ACK };
        struct dhcp4 got;
        size_t n = 99, size = sizes[i];
        struct wr w = wr_of(buf, sizeof buf);
        dhcp4_put_head(&w, &m);
        size_t before = w.len;
        dhcp4_put(&w, 43, slice_of(value, size));
        assert_int_equal(w.len - before, size + 2 * (size ? (size + 254) / 255 : 1));
        dhcp4_put_end(&w, 0);
        assert_int_equal(dhcp4_decode(wr_slice(&w), &got), 0);
        if (size) {
            assert_int_equal(dhcp4_get(&got, 43, back, size - 1, &n), ERR_NOBUF);
            assert_int_equal(n, 99);
        }
        assert_int_equal(dhcp4_get(&got, 43, back, sizeof back, &n), 0);
        assert_int_equal(n, size);
        assert_memory_equal(back, value, size ? size : 1 - 1);
    }
}

/* [MS-DHCPE] 2.2.9: what is behind the first 255 bytes is in options 250; both ways are read. An option 250 that
 * continues nothing is one of its own. */
static void test_long_option_of_microsoft(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 254, 255, 256, 510, 511, 600 };
    uint8_t value[600], back[DHCP4_OPTION_MAX], buf[2000];
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 5);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct dhcp4 m = { .op = DHCP4_BOOTREPLY, .type = DHCP4_ACK }, got;
        size_t n, size = sizes[i];
        struct wr w = wr_of(buf, sizeof buf);
        dhcp4_put_head(&w, &m);
        dhcp4_put(&w, 6, slice_of(value, 4));
        size_t before = w.len;
        dhcp4_put(&w, 249, slice_of(value, size));
        dhcp4_continue_ms(&w, before);
        for (size_t at = before; at < w.len; at += 2u + buf[at + 1])
            assert_int_equal(buf[at], at == before ? 249 : 250);
        dhcp4_put(&w, 15, slice_str("example"));
        dhcp4_put(&w, 250, slice_str("own"));
        dhcp4_put_end(&w, 0);
        assert_int_equal(dhcp4_decode(wr_slice(&w), &got), 0);
        assert_int_equal(dhcp4_get(&got, 249, back, sizeof back, &n), 0);
        assert_int_equal(n, size);
        if (size)
            assert_memory_equal(back, value, size);
        assert_int_equal(dhcp4_get(&got, 15, back, sizeof back, &n), 0);
        assert_int_equal(n, 7);
        assert_int_equal(dhcp4_get(&got, 6, back, sizeof back, &n), 0);
        assert_int_equal(n, 4);
    }
    struct wr small = wr_of(buf, 10);
    wr_zero(&small, 11);
    dhcp4_continue_ms(&small, 0); /* gone bad already: left alone */
    assert_false(wr_ok(&small));
}

static void test_head(void **state)
{
    (void)state;
    struct dhcp4 m = { .op = DHCP4_BOOTREPLY, .htype = 8, .hlen = 6, .hops = 3, .xid = 0xdeadbeef, .secs = 0x0600 };
    struct dhcp4 got;
    uint8_t buf[400];
    m.flags = 0x8000;
    m.ciaddr = 1;
    m.yiaddr = 2;
    m.siaddr = 3;
    m.giaddr = 4;
    m.chaddr[15] = 9;
    m.type = DHCP4_NAK;
    struct wr w = wr_of(buf, sizeof buf);
    wr_zero(&w, 5);
    dhcp4_put_head(&w, &m);
    dhcp4_put_end(&w, 5);
    assert_int_equal(wr_len(&w), 5 + DHCP4_MIN);
    assert_int_equal(dhcp4_decode(slice_of(buf + 5, DHCP4_MIN), &got), 0);
    m.areas[0] = got.areas[0];
    m.areas[1] = got.areas[1];
    m.areas[2] = got.areas[2];
    assert_int_equal(got.xid, m.xid);
    assert_int_equal(got.secs, m.secs);
    assert_int_equal(got.flags, m.flags);
    assert_int_equal(got.giaddr, 4);
    assert_int_equal(got.siaddr, 3);
    assert_int_equal(got.yiaddr, 2);
    assert_int_equal(got.ciaddr, 1);
    assert_int_equal(got.hops, 3);
    assert_memory_equal(got.chaddr, m.chaddr, 16);
    assert_int_equal(got.type, DHCP4_NAK);
}

static void test_addrs(void **state)
{
    (void)state;
    static const uint8_t bytes[12] = { 10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3 };
    uint32_t a[2] = { 0 };
    for (size_t n = 0; n <= 12; n++) {
        unsigned got = 99;
        int e = dhcp4_addrs(slice_of(bytes, n), a, 2, &got);
        bool good = n == 4 || n == 8 || n == 12;
        assert_int_equal(e, good ? 0 : ERR_LENGTH);
        assert_int_equal(got, !good ? 99 : n == 4 ? 1 : 2);
    }
    assert_int_equal(a[0], 0x0a000001);
    assert_int_equal(a[1], 0x0a000002);
}

/* The table of RFC 3442 ("Classless Route Option Format"). */
static void test_rfc3442(void **state)
{
    (void)state;
    static const struct {
        uint32_t net;
        unsigned width;
        uint8_t bytes[5];
        size_t n;
    } table[] = {
        { 0, 0, { 0 }, 1 },
        { 0x0a000000, 8, { 8, 10 }, 2 },
        { 0x0a000000, 24, { 24, 10, 0, 0 }, 4 },
        { 0x0a110000, 16, { 16, 10, 17 }, 3 },
        { 0x0a1b8100, 24, { 24, 10, 27, 129 }, 4 },
        { 0x0ae50080, 25, { 25, 10, 229, 0, 128 }, 5 },
        { 0xc6c7ca01, 32, { 32, 198, 199, 202, 1 }, 5 },
    };
    struct dhcp4_route all[7], back[7];
    uint8_t value[64], buf[400];
    struct wr v = wr_of(value, sizeof value);
    for (unsigned i = 0; i < 7; i++) {
        all[i] = (struct dhcp4_route){ prefix_v4(table[i].net, table[i].width), i ? 0x0a500001 : 0 };
        wr_bytes(&v, table[i].bytes, table[i].n);
        wr_u32(&v, all[i].router);
    }
    struct wr w = wr_of(buf, sizeof buf);
    dhcp4_put_routes(&w, DHCP4_OPT_ROUTES, all, 7);
    assert_int_equal(wr_len(&w), wr_len(&v) + 2);
    assert_int_equal(buf[0], 121);
    assert_memory_equal(buf + 2, value, wr_len(&v));
    unsigned n = 0;
    assert_int_equal(dhcp4_routes(wr_slice(&v), back, 7, &n), 0);
    assert_int_equal(n, 7);
    for (unsigned i = 0; i < 7; i++) {
        assert_true(prefix_eq(&back[i].to, &all[i].to));
        assert_int_equal(back[i].router, all[i].router);
    }
    assert_int_equal(dhcp4_routes(wr_slice(&v), back, 3, &n), 0);
    assert_int_equal(n, 3);
    /* every cut that is not between two routes is refused */
    size_t good = 0, at = 0;
    for (size_t cut = 0; cut < wr_len(&v); cut++) {
        unsigned got = 99;
        bool whole = cut && cut == at;
        if (cut == at)
            at += table[good++].n + 4;
        int e = dhcp4_routes(slice_of(value, cut), back, 7, &got);
        assert_int_equal(e, cut == 0 ? ERR_MISSING : whole ? 0 : ERR_TRUNCATED);
    }
}

static void test_bad_routes(void **state)
{
    (void)state;
    struct dhcp4_route r[2];
    unsigned n = 99;
    uint8_t bytes[9] = { 0 };
    for (unsigned width = 33; width < 256; width++) {
        bytes[0] = (uint8_t)width;
        assert_int_equal(dhcp4_routes(slice_of(bytes, 9), r, 2, &n), ERR_VALUE);
    }
    assert_int_equal(n, 99);
    /* RFC 3442: bits under the mask do not count: 10.1.2.3/17 */
    static const uint8_t dirty[] = { 17, 10, 1, 0xff, 10, 80, 0, 1 };
    assert_int_equal(dhcp4_routes(slice_of(dirty, sizeof dirty), r, 2, &n), 0);
    assert_int_equal(prefix_v4_addr(&r[0].to), 0x0a018000);
    /* a route that cannot be written */
    uint8_t buf[400];
    struct wr w = wr_of(buf, sizeof buf);
    struct dhcp4_route six = { { .family = 6, .len = 32 }, 0 };
    dhcp4_put_routes(&w, 121, &six, 1);
    assert_false(wr_ok(&w));
    w = wr_of(buf, sizeof buf);
    dhcp4_put_routes(&w, 121, &six, 0);
    assert_false(wr_ok(&w));
    w = wr_of(buf, sizeof buf);
    dhcp4_put_search(&w, NULL, 0);
    assert_false(wr_ok(&w));
}

static void test_text(void **state)
{
    (void)state;
    char text[8] = "before";
    assert_int_equal(dhcp4_text(slice_of("", 0), text, 8), ERR_MISSING);
    assert_int_equal(dhcp4_text(slice_of("\0\0", 2), text, 8), ERR_MISSING);
    assert_int_equal(dhcp4_text(slice_of("a b", 3), text, 8), ERR_VALUE);
    assert_int_equal(dhcp4_text(slice_of("a\0b", 3), text, 8), ERR_VALUE);
    assert_int_equal(dhcp4_text(slice_of("a\x7f", 2), text, 8), ERR_VALUE);
    assert_int_equal(dhcp4_text(slice_of("12345678", 8), text, 8), ERR_NOBUF);
    assert_string_equal(text, "before");
    assert_int_equal(dhcp4_text(slice_of("1234567\0", 8), text, 8), 0);
    assert_string_equal(text, "1234567");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capture),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_type),
        cmocka_unit_test(test_option_lengths),
        cmocka_unit_test(test_overload),
        cmocka_unit_test(test_long_option),
        cmocka_unit_test(test_long_option_of_microsoft),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_addrs),
        cmocka_unit_test(test_rfc3442),
        cmocka_unit_test(test_bad_routes),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

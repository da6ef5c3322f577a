/* What our client says first (RFC 8446 4.1.2), read from its bytes: whom it names and whom it must not, and what it never
 * offers. */
#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/rd.h"

enum { EXT_NAME = 0, EXT_ALPN = 16, EXT_TICKET = 35, EXT_PSK = 41, EXT_EARLY_DATA = 42 };

static struct tls_end end;

/* The extensions of the ClientHello that a client with this expectation sends. */
static struct rd hello(const struct tls_verify *v)
{
    static uint8_t message[sizeof end.out];
    char err[TLS_ERR_TEXT];
    struct tls_ctx *c = tls_ctx_client(v, err);
    assert_non_null(c);
    end_open(&end, c, 0);
    assert_int_equal(end_handshake(&end, PIPE_CAP), 0);
    struct rd r = rd_of(end.out, end.io.out_len), body;
    size_t n = 0;
    while (rd_left(&r)) { /* records of type 22 */
        assert_int_equal(rd_u8(&r), 22);
        rd_take(&r, 2);
        struct slice part = rd_take(&r, rd_u16(&r));
        memcpy(message + n, part.p, part.n);
        n += part.n;
    }
    end_close(&end);
    tls_ctx_free(c);
    body = rd_of(message, n);
    assert_int_equal(rd_u8(&body), 1);
    assert_int_equal((size_t)rd_u8(&body) << 16 | rd_u16(&body), n - 4);
    rd_take(&body, 2 + 32);
    rd_take(&body, rd_u8(&body));  /* session */
    rd_take(&body, rd_u16(&body)); /* ciphers */
    rd_take(&body, rd_u8(&body));  /* compression */
    struct slice extensions = rd_take(&body, rd_u16(&body));
    assert_true(rd_ok(&body) && rd_left(&body) == 0 && extensions.n > 0);
    return rd_slice(extensions);
}

/* The bytes of one extension; p NULL: it is not there. */
static struct slice extension(struct rd r, unsigned type)
{
    while (rd_left(&r)) {
        unsigned is = rd_u16(&r);
        struct slice value = rd_take(&r, rd_u16(&r));
        assert_true(rd_ok(&r));
        if (is == type)
            return value;
    }
    return slice_of(NULL, 0);
}

static const uint8_t pin[32] = { 1 };

/* RFC 6066 3: one host_name, as it was dialled. */
static void name_is_told(void **state)
{
    (void)state;
    static const char *const names[] = { "vpn.example.com", "a", "1.example", "192.0.2.1.example.com" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct tls_verify v = { .name = names[i], .pins = slice_of(pin, sizeof pin) };
        struct slice s = extension(hello(&v), EXT_NAME);
        struct rd r = rd_slice(s);
        assert_non_null(s.p);
        assert_int_equal(rd_u16(&r), s.n - 2);
        assert_int_equal(rd_u8(&r), 0);
        assert_int_equal(rd_u16(&r), strlen(names[i]));
        assert_true(slice_eq(rd_rest(&r), slice_str(names[i])));
    }
}

/* RFC 6066 3: "Literal IPv4 and IPv6 addresses are not permitted in HostName." */
static void address_is_not(void **state)
{
    (void)state;
    static const char *const addresses[] = { "192.0.2.1", "127.0.0.1", "2001:db8::1", "::1", "fe80::1%eth0" };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct tls_verify v = { .ip = addresses[i], .pins = slice_of(pin, sizeof pin) };
        struct rd r = hello(&v);
        assert_null(extension(r, EXT_NAME).p);
        assert_non_null(extension(r, EXT_ALPN).p); /* the walk sees the others */
    }
}

/* http/1.1 and nothing else; no ticket, no old session, no early data: the binding hashes the certificate of this handshake. */
static void offers(void **state)
{
    (void)state;
    static const uint8_t http[] = "\0\x09\x08http/1.1";
    static const unsigned never[] = { EXT_TICKET, EXT_PSK, EXT_EARLY_DATA };
    struct tls_verify v = { .name = "vpn.example.com", .pins = slice_of(pin, sizeof pin) };
    struct rd r = hello(&v);
    assert_true(slice_eq(extension(r, EXT_ALPN), slice_of(http, sizeof http - 1)));
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_null(extension(r, never[i]).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_is_told),
        cmocka_unit_test(address_is_not),
        cmocka_unit_test(offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

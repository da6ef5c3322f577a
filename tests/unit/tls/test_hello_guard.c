/* The guard in front of OpenSSL's memory for handshake messages. */
#include "tls/hello_guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static uint8_t stream[70000];
static size_t len;

static void record(uint8_t type, const void *p, size_t n)
{
    uint8_t head[5] = { type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n };
    memcpy(stream + len, head, 5);
    if (n)
        memcpy(stream + len + 5, p, n);
    len += 5 + n;
}

/* A message head that claims `claim` bytes, with `body` of them there. */
static size_t message(uint8_t *p, size_t claim, size_t body)
{
    uint8_t head[4] = { 1, (uint8_t)(claim >> 16), (uint8_t)(claim >> 8), (uint8_t)claim };
    memcpy(p, head, 4);
    memset(p + 4, 0xff, body);
    return 4 + body;
}

static int walk(size_t chunk, bool tls13)
{
    struct hello_guard g = { 0 };
    for (size_t at = 0; at < len; at += chunk)
        if (hello_guard(&g, stream + at, len - at < chunk ? len - at : chunk, tls13))
            return ERR_LENGTH;
    return 0;
}

static void expect(int want, bool tls13)
{
    static const size_t chunks[] = { 1, 2, 3, 5, 7, 100, 70000 };
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++)
        assert_int_equal(walk(chunks[i], tls13), want);
}

static void claims(void **state)
{
    (void)state;
    static const struct {
        size_t claim;
        int want;
    } t[] = { { 0, 0 },
              { 1, 0 },
              { HELLO_MAX - 1, 0 },
              { HELLO_MAX, 0 },
              { HELLO_MAX + 1, ERR_LENGTH },
              { 65536, ERR_LENGTH },
              { 131396, ERR_LENGTH },
              { 0xffffff, ERR_LENGTH } };
    uint8_t m[64];
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        len = 0;
        record(22, m, message(m, t[i].claim, 0));
        expect(t[i].want, false);
        expect(t[i].want, true);
    }
}

static void head_split_over_records(void **state)
{
    (void)state;
    uint8_t m[64];
    message(m, 0x20000, 0);
    for (size_t cut = 1; cut < 4; cut++) {
        len = 0;
        record(22, m, cut);
        record(22, m, 0); /* empty records between */
        record(22, m + cut, 4 - cut);
        expect(ERR_LENGTH, false);
    }
}

static void second_message(void **state)
{
    (void)state;
    uint8_t m[600];
    len = 0;
    size_t n = message(m, 300, 300);
    n += message(m + n, 0x20000, 10);
    record(22, m, n); /* two in one record */
    expect(ERR_LENGTH, false);
    len = 0;
    n = message(m, 300, 100);
    record(22, m, n);
    record(22, m + 4, 200); /* the first goes on */
    record(22, m, message(m, HELLO_MAX, 4));
    expect(0, false);
    len = 0;
    record(22, m, message(m, 5, 5));
    record(22, m, message(m, 0x10000, 4));
    expect(ERR_LENGTH, false);
}

static void other_records_are_passed_by(void **state)
{
    (void)state;
    uint8_t m[64], ff[64];
    memset(ff, 0xff, sizeof ff);
    len = 0;
    record(22, m, message(m, 10, 10));
    record(21, ff, 2);
    record(23, ff, sizeof ff);
    record(22, m, message(m, 10, 10));
    expect(0, false);
}

/* After ChangeCipherSpec TLS 1.2 encrypts handshake records; TLS 1.3 sends one for show, and a second hello may
 * follow. */
static void after_change_cipher_spec(void **state)
{
    (void)state;
    uint8_t m[64], ff[64];
    memset(ff, 0xff, sizeof ff);
    len = 0;
    record(22, m, message(m, 10, 10));
    record(20, "\1", 1);
    record(22, ff, sizeof ff);
    expect(0, false);
    expect(ERR_LENGTH, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims),
        cmocka_unit_test(head_split_over_records),
        cmocka_unit_test(second_message),
        cmocka_unit_test(other_records_are_passed_by),
        cmocka_unit_test(after_change_cipher_spec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

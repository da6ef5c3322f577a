/* The crypto binding, against every line of tests/vectors/binding.txt, and that each byte of the message counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/binding.h"
#include "tls/prim_host.h"
#include "vec.h"

struct vector {
    bool negative;
    uint8_t hash;
    uint8_t hlak[32], nonce[32], cert[32], cmk[32], mac[32];
};

/* name|hash|hlak|nonce|certhash|cmk|mac|origin; short values end in zeros. */
static bool parse_line(char *line, struct vector *v)
{
    char *field[8] = { 0 };

    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '#' || line[0] == '\0')
        return false;
    memset(v, 0, sizeof(*v));
    for (size_t i = 0; i < 8; i++) {
        field[i] = line;
        line = strchr(line, '|');
        if (i == 7)
            break;
        assert_non_null(line);
        *line++ = '\0';
    }
    v->negative = field[0][0] == '!';
    assert_true(strcmp(field[1], "sha1") == 0 || strcmp(field[1], "sha256") == 0);
    v->hash = strcmp(field[1], "sha1") == 0 ? BINDING_SHA1 : BINDING_SHA256;
    size_t len = v->hash == BINDING_SHA1 ? 20 : 32;
    assert_int_equal(vec_hex(field[2], v->hlak, 32), 32);
    assert_int_equal(vec_hex(field[3], v->nonce, 32), 32);
    assert_int_equal(vec_hex(field[4], v->cert, 32), len);
    if (!v->negative)
        assert_int_equal(vec_hex(field[5], v->cmk, 32), len);
    assert_int_equal(vec_hex(field[6], v->mac, 32), len);
    return true;
}

static void build(const struct vector *v, uint8_t msg[112])
{
    vec_hex("10010070000400010003006800000000", msg, 16);
    msg[15] = v->hash;
    memcpy(msg + 16, v->nonce, 32);
    memcpy(msg + 48, v->cert, 32);
    memcpy(msg + 80, v->mac, 32);
}

static void check_vector(const struct vector *v)
{
    uint8_t msg[112], cmk[32], mac[32];

    build(v, msg);
    memset(cmk, 0xee, sizeof(cmk));
    memset(mac, 0xee, sizeof(mac));
    binding_cmk(&prim_host, v->hash, v->hlak, cmk);
    assert_memory_equal(cmk, v->cmk, 32);
    binding_mac(&prim_host, v->hash, v->hlak, msg, mac);
    assert_memory_equal(mac, v->mac, 32);
}

/* The right order does not give the MAC of the wrong order; the wrong one does. */
static void check_negative(const struct vector *v)
{
    uint8_t msg[112], mac[32], swapped[32];

    build(v, msg);
    binding_mac(&prim_host, v->hash, v->hlak, msg, mac);
    assert_memory_not_equal(mac, v->mac, 32);
    memcpy(swapped, v->hlak + 16, 16);
    memcpy(swapped + 16, v->hlak, 16);
    binding_mac(&prim_host, v->hash, swapped, msg, mac);
    assert_memory_equal(mac, v->mac, 32);
}

static void vectors(void **state)
{
    (void)state;
    char line[1024];
    struct vector v;
    unsigned good = 0;
    unsigned bad = 0;
    FILE *f = fopen(VECTORS "/binding.txt", "r");

    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (!parse_line(line, &v))
            continue;
        if (v.negative) {
            check_negative(&v);
            bad++;
        } else {
            check_vector(&v);
            good++;
        }
    }
    fclose(f);
    assert_int_equal(good, 9);
    assert_int_equal(bad, 2);
}

static void first_vector(struct vector *v)
{
    char line[1024];
    FILE *f = fopen(VECTORS "/binding.txt", "r");

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) && !parse_line(line, v))
        continue;
    fclose(f);
}

static void every_byte_counts_but_the_mac(void **state)
{
    (void)state;
    struct vector v;
    uint8_t msg[112], mac[32];

    first_vector(&v);
    build(&v, msg);
    for (size_t i = 0; i < sizeof(msg); i++) {
        msg[i] ^= 0x01;
        binding_mac(&prim_host, v.hash, v.hlak, msg, mac);
        if (i < 80)
            assert_memory_not_equal(mac, v.mac, 32);
        else
            assert_memory_equal(mac, v.mac, 32);
        msg[i] ^= 0x01;
    }
}

static void every_byte_of_the_key_counts(void **state)
{
    (void)state;
    struct vector v;
    uint8_t msg[112], mac[32];

    first_vector(&v);
    build(&v, msg);
    for (size_t i = 0; i < 32; i++) {
        v.hlak[i] ^= 0x80;
        binding_mac(&prim_host, v.hash, v.hlak, msg, mac);
        assert_memory_not_equal(mac, v.mac, 32);
        v.hlak[i] ^= 0x80;
    }
}

static void the_hashes_differ(void **state)
{
    (void)state;
    struct vector v;
    uint8_t msg[112], mac[32];
    static const uint8_t zeros[12];

    first_vector(&v);
    build(&v, msg);
    binding_mac(&prim_host, BINDING_SHA1, v.hlak, msg, mac);
    assert_memory_not_equal(mac, v.mac, 20);
    assert_memory_equal(mac + 20, zeros, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(every_byte_counts_but_the_mac),
        cmocka_unit_test(every_byte_of_the_key_counts),
        cmocka_unit_test(the_hashes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

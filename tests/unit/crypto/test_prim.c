/* The host's primitives, against the vectors of their own RFCs; and that cutting the input into slices changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls/prim_host.h"
#include "vec.h"

typedef void (*digest_fn)(const struct slice *parts, size_t n, uint8_t *out);

static void check(digest_fn fn, size_t len, const char *text, const char *want_hex)
{
    uint8_t want[SHA256_LEN];
    uint8_t got[SHA256_LEN];
    size_t n = strlen(text);

    assert_int_equal(vec_hex(want_hex, want, sizeof(want)), len);
    for (size_t cut = 0; cut <= n; cut++) {
        const struct slice parts[] = { slice_of(text, cut), slice_of(NULL, 0), slice_of(text + cut, n - cut) };
        memset(got, 0xaa, sizeof(got));
        fn(parts, 3, got);
        assert_memory_equal(got, want, len);
        if (len < sizeof(got))
            assert_int_equal(got[len], 0xaa); /* wrote no more than its own length */
    }
}

static void md4(void **state)
{
    (void)state; /* RFC 1320 A.5 */
    check(prim_host.md4, MD4_LEN, "", "31d6cfe0d16ae931b73c59d7e0c089c0");
    check(prim_host.md4, MD4_LEN, "message digest", "d9130a8164549fe818874806e1c7014b");
}

static void md5(void **state)
{
    (void)state; /* RFC 1321 A.5 */
    check(prim_host.md5, MD5_LEN, "", "d41d8cd98f00b204e9800998ecf8427e");
    check(prim_host.md5, MD5_LEN, "message digest", "f96b697d7cb7938d525a2f31aaf161d0");
}

static void sha1(void **state)
{
    (void)state; /* RFC 3174 7.3 */
    check(prim_host.sha1, SHA1_LEN, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    check(prim_host.sha1, SHA1_LEN, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

static void sha256(void **state)
{
    (void)state; /* RFC 6234 8.5 */
    check(prim_host.sha256, SHA256_LEN, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(prim_host.sha256, SHA256_LEN, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void hmacs(void **state)
{
    (void)state;
    uint8_t want[SHA256_LEN];
    uint8_t got[SHA256_LEN];
    const struct slice parts[] = { slice_str("what do ya want "), slice_str("for nothing?") };

    prim_host.hmac_sha1(slice_str("Jefe"), parts, 2, got); /* RFC 2202 3, case 2 */
    vec_hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", want, sizeof(want));
    assert_memory_equal(got, want, SHA1_LEN);
    prim_host.hmac_sha256(slice_str("Jefe"), parts, 2, got); /* RFC 4231 4.3 */
    vec_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", want, sizeof(want));
    assert_memory_equal(got, want, SHA256_LEN);
}

static void hmac_of_a_long_key(void **state)
{
    (void)state;
    uint8_t key[131];
    uint8_t want[SHA256_LEN];
    uint8_t got[SHA256_LEN];
    const struct slice part = slice_str("Test Using Larger Than Block-Size Key - Hash Key First");

    memset(key, 0xaa, sizeof(key)); /* RFC 4231 4.7 */
    prim_host.hmac_sha256(slice_of(key, sizeof(key)), &part, 1, got);
    vec_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", want, sizeof(want));
    assert_memory_equal(got, want, SHA256_LEN);
}

static void des(void **state)
{
    (void)state;
    uint8_t key[8], clear[8], want[8], got[8];

    vec_hex("133457799BBCDFF1", key, sizeof(key)); /* the worked example that textbooks share */
    vec_hex("0123456789ABCDEF", clear, sizeof(clear));
    vec_hex("85E813540F0AB405", want, sizeof(want));
    prim_host.des_encrypt(key, clear, got);
    assert_memory_equal(got, want, 8);
    for (size_t i = 0; i < 8; i++)
        key[i] ^= 1; /* parity does not count */
    prim_host.des_encrypt(key, clear, got);
    assert_memory_equal(got, want, 8);
    memset(key, 0, sizeof(key)); /* a weak key is still a key; NIST SP 800-17 */
    memset(clear, 0, sizeof(clear));
    vec_hex("8CA64DE9C1B123A7", want, sizeof(want));
    prim_host.des_encrypt(key, clear, got);
    assert_memory_equal(got, want, 8);
}

static void dice(void **state)
{
    (void)state;
    uint8_t a[64] = { 0 };
    uint8_t b[64] = { 0 };

    prim_random(NULL, a, sizeof(a));
    prim_random(NULL, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    memset(a, 0x55, sizeof(a));
    prim_random(NULL, a, 0);
    assert_int_equal(a[0], 0x55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md4),    cmocka_unit_test(md5),   cmocka_unit_test(sha1),
        cmocka_unit_test(sha256), cmocka_unit_test(hmacs), cmocka_unit_test(hmac_of_a_long_key),
        cmocka_unit_test(des),    cmocka_unit_test(dice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

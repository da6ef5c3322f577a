/* MS-CHAPv2's arithmetic, against RFC 2759 9.2 and 9.3, and passwords and names that nobody prints vectors for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/mschap.h"
#include "tls/prim_host.h"
#include "vec.h"

#define FILE_ "mschap.txt"
#define RFC   "rfc2759-9.2"

static uint8_t auth_challenge[16], peer_challenge[16], nt_hash[16], nt_response[24];

static int setup(void **state)
{
    (void)state;
    vec_bytes(FILE_, RFC, "auth_challenge", auth_challenge, 16);
    vec_bytes(FILE_, RFC, "peer_challenge", peer_challenge, 16);
    vec_bytes(FILE_, RFC, "nt_hash", nt_hash, 16);
    vec_bytes(FILE_, RFC, "nt_response", nt_response, 24);
    return 0;
}

static struct mschap_exchange exchange(const char *name)
{
    return (struct mschap_exchange){ auth_challenge, peer_challenge, slice_str(name) };
}

static void rfc_vectors(void **state)
{
    (void)state;
    uint8_t got[24], want[24];
    struct mschap_exchange x = exchange("User");

    assert_int_equal(mschap_nt_hash(&prim_host, slice_str(vec_text(FILE_, RFC, "password")), got), 0);
    assert_memory_equal(got, nt_hash, 16);
    mschap_challenge_hash(&prim_host, &x, got);
    vec_bytes(FILE_, RFC, "challenge_hash", want, 8);
    assert_memory_equal(got, want, 8);
    mschap_nt_response(&prim_host, nt_hash, &x, got);
    assert_memory_equal(got, nt_response, 24);
    mschap_auth_response(&prim_host, nt_hash, nt_response, &x, got);
    vec_hex(vec_text(FILE_, RFC, "success") + 2, want, sizeof(want));
    assert_memory_equal(got, want, 20);
    assert_true(mschap_nt_response_ok(&prim_host, nt_hash, &x, nt_response));
    assert_true(mschap_auth_response_ok(&prim_host, nt_hash, nt_response, &x, want));
}

static void one_wrong_bit(void **state)
{
    (void)state;
    uint8_t wrong[24];
    uint8_t right[20];
    struct mschap_exchange x = exchange("User");

    for (size_t bit = 0; bit < 24 * 8; bit++) {
        memcpy(wrong, nt_response, 24);
        wrong[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(mschap_nt_response_ok(&prim_host, nt_hash, &x, wrong));
    }
    mschap_auth_response(&prim_host, nt_hash, nt_response, &x, right);
    for (size_t bit = 0; bit < 20 * 8; bit++) {
        memcpy(wrong, right, 20);
        wrong[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(mschap_auth_response_ok(&prim_host, nt_hash, nt_response, &x, wrong));
    }
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool right;
    } rows[] = {
        { "User", true },        { "DOMAIN\\User", true },
        { "\\User", true },      { "user", false },
        { "User ", false },      { "", false },
        { "User\\", false },     { "User\\DOMAIN", false },
        { "A\\B\\User", false }, /* the first backslash ends the domain: the account would be "B\User" */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mschap_exchange x = exchange(rows[i].name);
        assert_int_equal(mschap_nt_response_ok(&prim_host, nt_hash, &x, nt_response), rows[i].right);
    }
}

/* A primitive that keeps what it is asked to hash, and the keys it is given. */
static uint8_t seen[2048];
static size_t seen_len;
static uint8_t keys[3][8];
static size_t keys_n;

static void spy_md4(const struct slice *parts, size_t n, uint8_t out[MD4_LEN])
{
    seen_len = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(seen_len + parts[i].n <= sizeof(seen));
        if (parts[i].n)
            memcpy(seen + seen_len, parts[i].p, parts[i].n);
        seen_len += parts[i].n;
    }
    memset(out, 0, MD4_LEN);
}

static void spy_des(const uint8_t key[8], const uint8_t in[8], uint8_t out[8])
{
    assert_true(keys_n < 3);
    memcpy(keys[keys_n++], key, 8);
    memcpy(out, in, 8);
}

static void unicode(const char *password, size_t n, const char *want_hex)
{
    uint8_t want[2048], hash[16];
    struct prim spy = prim_host;

    spy.md4 = spy_md4;
    assert_int_equal(mschap_nt_hash(&spy, slice_of(password, n), hash), 0);
    size_t want_len = vec_hex(want_hex, want, sizeof(want));
    assert_int_equal(seen_len, want_len);
    assert_memory_equal(seen, want, want_len);
}

static void passwords_become_utf16(void **state)
{
    (void)state;
    unicode("", 0, "");
    unicode("aZ", 2, "61005A00");
    unicode("\0", 1, "0000");
    unicode("\x7f\xc2\x80\xdf\xbf", 5, "7F008000FF07");
    unicode("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12, "0008FFD700E0FFFF");
    unicode("\xe2\x82\xac", 3, "AC20");                                 /* the euro sign */
    unicode("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, "00D800DCFFDBFFDF"); /* the first and last beyond the BMP */
    unicode("\xf0\x9f\x94\x91", 4, "3DD811DD");                         /* U+1F511, a key */
}

static void not_utf8(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\x80",
        "\xbf",
        "a\xc3",
        "\xc3(",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t hash[16];
        memset(hash, 0x55, sizeof(hash));
        assert_int_equal(mschap_nt_hash(&prim_host, slice_str(rows[i]), hash), ERR_VALUE);
        assert_int_equal(hash[0], 0x55);
        assert_int_equal(hash[15], 0x55);
    }
}

static void a_sequence_ends_at_the_slice(void **state)
{
    (void)state;
    uint8_t hash[16];
    const char euro[] = "\xe2\x82\xac";

    assert_int_equal(mschap_nt_hash(&prim_host, slice_of(euro, 1), hash), ERR_VALUE);
    assert_int_equal(mschap_nt_hash(&prim_host, slice_of(euro, 2), hash), ERR_VALUE);
    assert_int_equal(mschap_nt_hash(&prim_host, slice_of(euro, 3), hash), 0);
}

static void at_most_256_characters(void **state)
{
    (void)state;
    static const struct {
        const char *c;
        size_t utf16;
    } rows[] = { { "x", 2 }, { "\xc3\xa4", 2 }, { "\xe2\x82\xac", 2 }, { "\xf0\x9f\x94\x91", 4 } };
    char password[257 * 4];
    uint8_t hash[16] = { 0 };
    struct prim spy = prim_host;

    spy.md4 = spy_md4;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].c);
        for (size_t k = 0; k < 257; k++)
            memcpy(password + k * n, rows[i].c, n);
        assert_int_equal(mschap_nt_hash(&spy, slice_of(password, 255 * n), hash), 0);
        assert_int_equal(seen_len, 255 * rows[i].utf16);
        assert_int_equal(mschap_nt_hash(&spy, slice_of(password, 256 * n), hash), 0);
        assert_int_equal(seen_len, 256 * rows[i].utf16);
        assert_int_equal(mschap_nt_hash(&spy, slice_of(password, 257 * n), hash), ERR_LENGTH);
    }
}

/* Equal but for the parity bits, which are nobody's business. */
static void same_key(const uint8_t got[8], const uint8_t want[8])
{
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(got[i] & 0xfe, want[i] & 0xfe);
}

static void des_keys(void **state)
{
    (void)state;
    uint8_t hash[16], want[16], out[24];
    struct prim spy = prim_host;
    struct mschap_exchange x = exchange("User");

    vec_bytes(FILE_, "rfc2759-9.3", "nt_hash", want, 16);
    assert_int_equal(mschap_nt_hash(&prim_host, slice_str("MyPw"), hash), 0);
    assert_memory_equal(hash, want, 16);
    spy.des_encrypt = spy_des;
    keys_n = 0;
    mschap_nt_response(&spy, hash, &x, out);
    assert_int_equal(keys_n, 3);
    vec_bytes(FILE_, "rfc2759-9.3", "des_key_1", want, 8);
    same_key(keys[0], want);
    vec_bytes(FILE_, "rfc2759-9.3", "des_key_2", want, 8);
    same_key(keys[1], want);
    /* RFC 2759 8.5: the third piece is the last two bytes of the hash, 4E AC, and five zeros. */
    static const uint8_t third[8] = { 0x4e, 0x56, 0, 0, 0, 0, 0, 0 };
    same_key(keys[2], third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_vectors),
        cmocka_unit_test(one_wrong_bit),
        cmocka_unit_test(names),
        cmocka_unit_test(passwords_become_utf16),
        cmocka_unit_test(not_utf8),
        cmocka_unit_test(a_sequence_ends_at_the_slice),
        cmocka_unit_test(at_most_256_characters),
        cmocka_unit_test(des_keys),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

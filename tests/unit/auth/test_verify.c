/* Judging one answer: RFC 2759 9.2 and RFC 3079 3.5.3 once through, and everything that must not pass. */
#include "auth_test.h"

#include "../crypto/vec.h"

static uint8_t nt_hash[16], challenge[16], response[49], hlak[32];

static int setup(void **state)
{
    (void)state;
    memset(response, 0, sizeof(response));
    vec_bytes("mschap.txt", "rfc2759-9.2", "nt_hash", nt_hash, 16);
    vec_bytes("mschap.txt", "rfc2759-9.2", "auth_challenge", challenge, 16);
    vec_bytes("mschap.txt", "rfc2759-9.2", "peer_challenge", response, 16);
    vec_bytes("mschap.txt", "rfc2759-9.2", "nt_response", response + 24, 24);
    vec_bytes("mschap.txt", "rfc2759-9.2", "k_c2s", hlak, 16);
    vec_bytes("mschap.txt", "rfc2759-9.2", "k_s2c", hlak + 16, 16);
    return 0;
}

static bool judged(const char *name, size_t challenge_len, size_t response_len)
{
    char success[43];
    uint8_t key[32];
    uint8_t longer[64] = { 0 };

    memset(success, 'x', sizeof(success));
    memset(key, 'x', sizeof(key));
    memcpy(longer, response, sizeof(response));
    bool ok = verify_mschapv2(&prim_host, nt_hash, slice_str(name), slice_of(challenge, challenge_len),
                              slice_of(longer, response_len), success, key);
    if (ok) {
        assert_string_equal(success, vec_text("mschap.txt", "rfc2759-9.2", "success"));
        assert_memory_equal(key, hlak, 32);
    } else {
        assert_int_equal(success[0], 'x'); /* untouched */
        assert_int_equal(key[0], 'x');
    }
    return ok;
}

static void mschapv2(void **state)
{
    (void)state;
    assert_true(judged("User", 16, 49));
    assert_true(judged("REDMOND\\User", 16, 49));
    assert_false(judged("user", 16, 49));
    assert_false(judged("", 16, 49));
    for (size_t n = 0; n < 64; n++) {
        if (n != 49)
            assert_false(judged("User", 16, n));
        if (n < 16)
            assert_false(judged("User", n, 49));
    }
}

static void mschapv2_one_wrong_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < 49; i++) {
        response[i] ^= 1;
        /* The reserved bytes and the flags are not looked at (RFC 2759 4); everything else is. */
        assert_int_equal(judged("User", 16, 49), (i >= 16 && i < 24) || i == 48);
        response[i] ^= 1;
    }
    for (size_t i = 0; i < 16; i++) {
        nt_hash[i] ^= 1;
        assert_false(judged("User", 16, 49));
        nt_hash[i] ^= 1;
    }
}

static void chap_md5(void **state)
{
    (void)state;
    uint8_t value[17] = { 0 };
    const uint8_t id = 0x5a;
    const struct slice secret = slice_str("secret");
    const struct slice c = slice_str("challenge of any length");
    /* RFC 1994 4.1: MD5 of "\x5asecretchallenge of any length", in one piece. */
    const struct slice whole = slice_str("\x5a"
                                         "secretchallenge of any length");

    prim_host.md5(&whole, 1, value);
    assert_true(verify_chap_md5(&prim_host, id, secret, c, slice_of(value, 16)));
    assert_false(verify_chap_md5(&prim_host, id + 1, secret, c, slice_of(value, 16)));
    assert_false(verify_chap_md5(&prim_host, id, slice_str("Secret"), c, slice_of(value, 16)));
    assert_false(verify_chap_md5(&prim_host, id, secret, slice_str("challenge"), slice_of(value, 16)));
    assert_false(verify_chap_md5(&prim_host, id, secret, c, slice_of(value, 15)));
    assert_false(verify_chap_md5(&prim_host, id, secret, c, slice_of(value, 17)));
    assert_false(verify_chap_md5(&prim_host, id, secret, c, slice_of(value, 0)));
    value[15] ^= 0x80;
    assert_false(verify_chap_md5(&prim_host, id, secret, c, slice_of(value, 16)));
}

static void failure_text(void **state)
{
    (void)state;
    char buf[128];
    uint8_t c[16];
    static const char want[] = "E=691 R=1 C=F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF V=3 M=Wrong";

    for (unsigned i = 0; i < 16; i++)
        c[i] = (uint8_t)(0xf0 + i);
    assert_int_equal(verify_failure_text(buf, sizeof(buf), 691, true, c, "Wrong"), sizeof(want) - 1);
    assert_string_equal(buf, want);
    assert_int_equal(verify_failure_text(buf, sizeof(want), 691, true, c, "Wrong"), sizeof(want) - 1);
    for (size_t cap = 0; cap < sizeof(want); cap++)
        assert_int_equal(verify_failure_text(buf, cap, 691, true, c, "Wrong"), 0);
    assert_true(verify_failure_text(buf, sizeof(buf), 647, false, c, "") > 0);
    assert_string_equal(buf, "E=647 R=0 C=F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF V=3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mschapv2),
        cmocka_unit_test(mschapv2_one_wrong_bit),
        cmocka_unit_test(chap_md5),
        cmocka_unit_test(failure_text),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

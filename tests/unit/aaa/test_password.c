/* Which names and passwords are taken, and what is stored of them. */
#include "aaa_help.h"

#include "aaa/scrypt.h"

static bool taken(const char *p, size_t n)
{
    return password_fault(slice_of(p, n)) == NULL;
}

static void test_passwords(void **state)
{
    (void)state;
    static const char *const good[] = { "x",
                                        "pass123",
                                        "clientPass",
                                        "pass word",
                                        "J\xc3\xbcrgen-9",
                                        "\xe2\x82\xac\xe2\x82\xac.345678",
                                        "\xf0\x9f\x94\x91 is a key" };
    static const char *const refused[] = { "", "new\nline99", "tab\there99", "del\x7fhere99", "c1\xc2\x80here99" };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(taken(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(taken(refused[i], strlen(refused[i])));
    assert_false(taken("with\0nul99", 10));
}

static void test_weak(void **state)
{
    (void)state;
    static const char *const weak[] = { "x",
                                        "1234567",
                                        "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", /* 4 characters */
                                        "password",
                                        "PASSWORD",
                                        "12345678",
                                        "aaaaaaaaaaaa",
                                        "Alice-in-W" };
    static const char *const fine[] = { "clientPass", "12345679", "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc....", "passwords" };
    for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
        assert_non_null(password_weakness(slice_str(weak[i]), slice_str("alice-in-w")));
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        assert_null(password_weakness(slice_str(fine[i]), slice_str("alice-in-w")));
}

static void test_not_utf8(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "12345678\xff",         "12345678\xc3",         "12345678\xc3\x28",         "12345678\xc0\xaf",
        "12345678\xe0\x80\xaf", "12345678\xed\xa0\x80", "12345678\xf4\x90\x80\x80", "12345678\xf8\x88\x80\x80\x80",
        "\x80-12345678",        "12345678\xe2\x82",     "12345678\xf0\x9f\x94",     "12345678\xf0\x82\x82\xac",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_string_equal(password_fault(slice_str(wrong[i])), "the password is not UTF-8");
}

/* RFC 2759 8.3: at most 256 characters, however many bytes they need. */
static void test_length(void **state)
{
    (void)state;
    char p[4 * 257];
    for (unsigned i = 0; i < 257; i++)
        memcpy(p + 4 * i, i % 2 ? "\xf0\x9f\x94\x91" : "\xf0\x9f\x94\x92", 4);
    assert_true(taken(p, 4 * 256));
    assert_false(taken(p, 4 * 257));
    memset(p, 'x', sizeof(p));
    p[0] = 'y';
    assert_true(taken(p, 256));
    assert_false(taken(p, 257));
    assert_true(taken(p, 1));
    assert_false(taken(p, 0));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = { "a", "alice", "Alice Smith", "a@b.c", "J\xc3\xbcrgen", "x-1" };
    static const char *const refused[] = { "",     " a",   "a ",       "-a",   "a\\b", "a/b",
                                           "a\"b", "a\nb", "a\x1b[2J", "\xff", "a\x7f" };
    char longest[65];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_null(name_fault(slice_str(good[i])));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_non_null(name_fault(slice_str(refused[i])));
    memset(longest, 'n', sizeof(longest));
    assert_null(name_fault(slice_of(longest, 63)));
    assert_non_null(name_fault(slice_of(longest, 64)));
    assert_non_null(name_fault(slice_of("a\0b", 3)));
}

/* What is not wanted any more is gone from the record. */
static void test_store(void **state)
{
    (void)state;
    struct user u;
    static const uint8_t zeros[AUTH_PASSWORD_BYTES];
    help_user(&u, "u", "clientPass", PASSWORD_REVERSIBLE);
    assert_true(u.has_nt && u.has_clear && !u.has_slow);
    assert_int_equal(password_store(&help_env, slice_str("clientPass"), PASSWORD_PAP_ONLY, &u), 0);
    assert_true(!u.has_nt && !u.has_clear && u.has_slow);
    assert_memory_equal(u.nt_hash, zeros, 16);
    assert_memory_equal(u.clear, zeros, sizeof(u.clear) - 1);
    uint8_t salt[SLOW_SALT_LEN];
    memcpy(salt, u.slow.salt, sizeof(salt));
    assert_int_equal(password_store(&help_env, slice_str("clientPass"), PASSWORD_PAP_ONLY, &u), 0);
    assert_memory_not_equal(salt, u.slow.salt, sizeof(salt));
    assert_int_equal(password_store(&help_env, slice_str("clientPass"), PASSWORD_NT, &u), 0);
    assert_true(u.has_nt && !u.has_clear && !u.has_slow);
    assert_memory_equal(u.slow.hash, zeros, sizeof(u.slow.hash));
    assert_true(password_store(&help_env, slice_str("\xff\xff"), PASSWORD_NT, &u) < 0);
}

/* RFC 7914 12: the second and third of its four vectors. */
static void test_scrypt(void **state)
{
    (void)state;
    static const uint8_t second[] = { 0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00,
                                      0x78, 0x56, 0xe7, 0x19, 0x0d, 0x01, 0xe9, 0xfe };
    static const uint8_t third[] = { 0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48,
                                     0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb };
    uint8_t out[64];
    assert_true(scrypt_hash(slice_str("password"), slice_str("NaCl"), 1024, 8, 16, out, sizeof(out)));
    assert_memory_equal(out, second, sizeof(second));
    assert_true(scrypt_hash(slice_str("pleaseletmein"), slice_str("SodiumChloride"), 16384, 8, 1, out, sizeof(out)));
    assert_memory_equal(out, third, sizeof(third));
    assert_false(scrypt_hash(slice_str("p"), slice_str("s"), 1000, 8, 1, out, sizeof(out))); /* no power of two */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passwords), cmocka_unit_test(test_weak),  cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_length),    cmocka_unit_test(test_names), cmocka_unit_test(test_store),
        cmocka_unit_test(test_scrypt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

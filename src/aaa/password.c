/* Passwords: which are taken, and what is stored of them. Nothing of them is kept here. */
#include "aaa/password.h"

#include "aaa/scrypt.h"
#include "base/rd.h"
#include "base/secret.h"
#include "crypto/mschap.h"

/* One character of UTF-8 (RFC 3629: shortest form, no surrogates, to U+10FFFF); false if there is none. */
static bool utf8_next(struct rd *r, uint32_t *ret)
{
    uint8_t b = rd_u8(r);
    unsigned more = b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : b >= 0xc0 ? 1 : 0;
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint32_t c = b < 0x80 ? b : b & (0x3fu >> more);
    if ((b >= 0x80 && b < 0xc0) || b >= 0xf8)
        return false;
    for (unsigned i = 0; i < more; i++) {
        uint8_t next = rd_u8(r);
        if ((next & 0xc0) != 0x80)
            return false;
        c = c << 6 | (next & 0x3f);
    }
    *ret = c;
    return rd_ok(r) && c >= least[more] && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
}

/* Number of characters; -1 if it is not UTF-8, -2 if one is a control character. */
static long count_characters(struct slice s)
{
    struct rd r = rd_slice(s);
    long n = 0;
    while (rd_left(&r)) {
        uint32_t c;
        if (!utf8_next(&r, &c))
            return -1;
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            return -2;
        n++;
    }
    return n;
}

const char *name_fault(struct slice name)
{
    if (name.n == 0)
        return "a user's name may not be empty";
    if (name.n > 63)
        return "a user's name may have at most 63 bytes";
    long n = count_characters(name);
    if (n == -1)
        return "a user's name must be UTF-8";
    if (n == -2)
        return "a user's name may not hold control characters";
    if (name.p[0] == ' ' || name.p[name.n - 1] == ' ')
        return "a user's name may not begin or end with a space";
    if (name.p[0] == '-')
        return "a user's name may not begin with a hyphen";
    if (memchr(name.p, '\\', name.n))
        return "a user's name may not hold a backslash: what stands before it is a domain, which is not stored";
    if (memchr(name.p, '"', name.n) || memchr(name.p, '/', name.n))
        return "a user's name may not hold quotes or slashes";
    return NULL;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool equal_nocase(struct slice a, struct slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

/* What is tried first, all over the world; shorter ones are refused by their length. */
static bool common(struct slice p)
{
    static const char *const tried[] = { "password",  "password1", "password123",   "passw0rd", "p@ssw0rd",
                                         "12345678",  "123456789", "1234567890",    "qwertyui", "qwertyuiop",
                                         "qwerty123", "iloveyou",  "11111111",      "abcd1234", "letmein1",
                                         "welcome1",  "changeme",  "administrator", "sunshine", "princess",
                                         "football",  "1q2w3e4r",  "1qaz2wsx",      "trustno1" };
    for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
        if (equal_nocase(p, slice_str(tried[i])))
            return true;
    return false;
}

static bool one_character(struct slice p)
{
    for (size_t i = 1; i < p.n; i++)
        if (p.p[i] != p.p[0])
            return false;
    return true;
}

const char *password_fault(struct slice password)
{
    long n = count_characters(password);
    if (n == 0)
        return "the password is empty";
    if (n == -1)
        return "the password is not UTF-8";
    if (n == -2)
        return "the password holds a control character";
    /* RFC 2759 8.3: 0 to 256 Unicode characters. */
    return n > AUTH_PASSWORD_MAX ? "the password has more than 256 characters, which MS-CHAPv2 cannot carry" : NULL;
}

const char *password_weakness(struct slice password, struct slice name)
{
    if (count_characters(password) < PASSWORD_GOOD)
        return "the password is short: 8 characters at least are better";
    if (one_character(password) || common(password))
        return "the password is one of the first that anybody would try";
    return equal_nocase(password, name) ? "the password is the user's name" : NULL;
}

void slow_default_cost(struct slow_hash *h)
{
    h->n = 1u << 15;
    h->r = 8;
    h->p = 1;
}

int slow_compute(const struct slow_hash *h, struct slice password, uint8_t out[SLOW_HASH_LEN])
{
    bool ok = scrypt_hash(password, slice_of(h->salt, sizeof(h->salt)), h->n, h->r, h->p, out, SLOW_HASH_LEN);
    return ok ? 0 : ERR_SYSTEM;
}

int password_store(const struct env *env, struct slice password, enum password_kind kind, struct user *u)
{
    u->has_nt = u->has_slow = u->has_clear = false;
    secret_wipe(u->nt_hash, sizeof(u->nt_hash));
    secret_wipe(&u->slow, sizeof(u->slow));
    secret_wipe(u->clear, sizeof(u->clear));
    if (kind == PASSWORD_PAP_ONLY) {
        slow_default_cost(&u->slow);
        env->random(env->ctx, u->slow.salt, sizeof(u->slow.salt));
        if (slow_compute(&u->slow, password, u->slow.hash) < 0)
            return ERR_SYSTEM;
        u->has_slow = true;
        return 0;
    }
    if (mschap_nt_hash(env->prim, password, u->nt_hash) < 0 || password.n > AUTH_PASSWORD_BYTES)
        return ERR_VALUE;
    u->has_nt = true;
    if (kind == PASSWORD_REVERSIBLE) {
        memcpy(u->clear, password.p, password.n);
        u->has_clear = true;
    }
    return 0;
}

/* MS-CHAPv2's arithmetic; see mschap.h. The order below is the one in which the values are made:
 * password, hash, challenge hash, NT-Response, authenticator response. */
#include "crypto/mschap.h"

#include "base/rd.h"
#include "base/secret.h"
#include "base/wr.h"

enum {
    UTF16_MAX = MSCHAP_PASSWORD_CHARS * 4, /* every character may need a surrogate pair */
};

struct slice mschap_account(struct slice name)
{
    /* RFC 2759 4: the NT domain may prefix the account name as "DOMAIN\user". Neither part of an NT name can hold
     * a backslash, so the first one ends the domain. */
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '\\')
            return slice_of(name.p + i + 1, name.n - i - 1);
    return name;
}

/* What the first byte of a UTF-8 sequence says: how many bytes follow, and the smallest character that may be
 * written so long. False: no sequence begins with this byte. */
static bool utf8_head(uint8_t b, unsigned *more, uint32_t *bits, uint32_t *least)
{
    static const struct {
        uint8_t mask, value, more;
        uint32_t least;
    } heads[] = {
        { 0x80, 0x00, 0, 0 },
        { 0xe0, 0xc0, 1, 0x80 },
        { 0xf0, 0xe0, 2, 0x800 },
        { 0xf8, 0xf0, 3, 0x10000 },
    };

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if ((b & heads[i].mask) != heads[i].value)
            continue;
        *more = heads[i].more;
        *least = heads[i].least;
        *bits = b & (uint8_t)~heads[i].mask;
        return true;
    }
    return false;
}

/* Takes one character. False: not UTF-8 (RFC 3629: overlong, surrogates and beyond U+10FFFF are not). */
static bool utf8_take(struct rd *r, uint32_t *ret_c)
{
    unsigned more = 0;
    uint32_t c = 0;
    uint32_t least = 0;

    if (!utf8_head(rd_u8(r), &more, &c, &least))
        return false;
    for (; more > 0; more--) {
        uint8_t b = rd_u8(r);
        if ((b & 0xc0) != 0x80)
            return false;
        c = c << 6 | (b & 0x3f);
    }
    if (!rd_ok(r) || c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return false;
    *ret_c = c;
    return true;
}

static void put_le16(struct wr *w, uint32_t v)
{
    wr_u8(w, v & 0xff);
    wr_u8(w, v >> 8 & 0xff);
}

static void put_utf16le(struct wr *w, uint32_t c)
{
    if (c < 0x10000) {
        put_le16(w, c);
        return;
    }
    put_le16(w, 0xd800 + ((c - 0x10000) >> 10));
    put_le16(w, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

static int to_utf16le(struct slice utf8, struct wr *w)
{
    struct rd r = rd_slice(utf8);
    unsigned chars = 0;

    while (rd_left(&r) > 0) {
        uint32_t c = 0;
        if (!utf8_take(&r, &c))
            return ERR_VALUE;
        if (++chars > MSCHAP_PASSWORD_CHARS)
            return ERR_LENGTH;
        put_utf16le(w, c);
    }
    return wr_ok(w) ? 0 : ERR_BUG;
}

int mschap_nt_hash(const struct prim *p, struct slice password, uint8_t ret_hash[16])
{
    uint8_t utf16[UTF16_MAX];
    struct wr w = wr_of(utf16, sizeof(utf16));

    int err = to_utf16le(password, &w);
    if (err == 0) {
        /* RFC 2759 8.3: MD4 over the password in Unicode, without a terminating NUL. */
        struct slice part = slice_of(utf16, w.len);
        p->md4(&part, 1, ret_hash);
    }
    secret_wipe(utf16, sizeof(utf16));
    return err;
}

void mschap_challenge_hash(const struct prim *p, const struct mschap_exchange *x, uint8_t out[8])
{
    uint8_t digest[SHA1_LEN];
    /* RFC 2759 8.2: only the user name as given by the peer, without any prepended domain. [MS-CHAP] 3.1.5.2: the
     * name is a string of bytes; what character set they are in does not matter here. */
    const struct slice parts[] = {
        slice_of(x->peer_challenge, MSCHAP_CHALLENGE_LEN),
        slice_of(x->auth_challenge, MSCHAP_CHALLENGE_LEN),
        mschap_account(x->name),
    };

    p->sha1(parts, 3, digest);
    memcpy(out, digest, 8);
}

/* RFC 2759 8.6: spreads 7 bytes of key over 8, seven bits in each, and encrypts one block. The low bit of each
 * byte would be its parity; DES ignores it. */
static void des_encrypt_7(const struct prim *p, const uint8_t key7[7], const uint8_t clear[8], uint8_t out[8])
{
    uint8_t key[8];
    uint64_t bits = 0;

    for (unsigned i = 0; i < 7; i++)
        bits = bits << 8 | key7[i];
    for (unsigned i = 0; i < 8; i++)
        key[i] = (uint8_t)((bits >> (49 - 7 * i) & 0x7f) << 1);
    p->des_encrypt(key, clear, out);
    secret_wipe(key, sizeof(key));
    secret_wipe(&bits, sizeof(bits));
}

void mschap_nt_response(const struct prim *p, const uint8_t nt_hash[16], const struct mschap_exchange *x,
                        uint8_t out[24])
{
    uint8_t challenge[8];
    uint8_t key[21] = { 0 };

    /* RFC 2759 8.5: the hash padded with zeros to 21 bytes is three DES keys of 7 bytes. */
    mschap_challenge_hash(p, x, challenge);
    memcpy(key, nt_hash, MSCHAP_NT_HASH_LEN);
    for (unsigned i = 0; i < 3; i++)
        des_encrypt_7(p, key + 7 * i, challenge, out + 8 * i);
    secret_wipe(key, sizeof(key));
}

void mschap_auth_response(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24],
                          const struct mschap_exchange *x, uint8_t out[20])
{
    static const char magic1[] = "Magic server to client signing constant";
    static const char magic2[] = "Pad to make it do more than one iteration";
    uint8_t hash_hash[MD4_LEN];
    uint8_t digest[SHA1_LEN];
    uint8_t challenge[8];
    const struct slice password = slice_of(nt_hash, MSCHAP_NT_HASH_LEN);

    /* RFC 2759 8.7 */
    p->md4(&password, 1, hash_hash);
    const struct slice first[] = {
        slice_of(hash_hash, sizeof(hash_hash)),
        slice_of(nt_response, MSCHAP_NT_RESPONSE_LEN),
        slice_of(magic1, sizeof(magic1) - 1),
    };
    p->sha1(first, 3, digest);
    mschap_challenge_hash(p, x, challenge);
    const struct slice second[] = {
        slice_of(digest, sizeof(digest)),
        slice_of(challenge, sizeof(challenge)),
        slice_of(magic2, sizeof(magic2) - 1),
    };
    p->sha1(second, 3, out);
    secret_wipe(hash_hash, sizeof(hash_hash));
    secret_wipe(digest, sizeof(digest));
}

bool mschap_nt_response_ok(const struct prim *p, const uint8_t nt_hash[16], const struct mschap_exchange *x,
                           const uint8_t nt_response[24])
{
    uint8_t want[MSCHAP_NT_RESPONSE_LEN];

    mschap_nt_response(p, nt_hash, x, want);
    bool ok = secret_eq(want, nt_response, sizeof(want));
    secret_wipe(want, sizeof(want));
    return ok;
}

bool mschap_auth_response_ok(const struct prim *p, const uint8_t nt_hash[16], const uint8_t nt_response[24],
                             const struct mschap_exchange *x, const uint8_t auth_response[20])
{
    uint8_t want[MSCHAP_AUTH_RESPONSE_LEN];

    mschap_auth_response(p, nt_hash, nt_response, x, want);
    bool ok = secret_eq(want, auth_response, sizeof(want));
    secret_wipe(want, sizeof(want));
    return ok;
}

/* HKDF as TLS 1.3 uses it, over Nettle's HMAC: see kdf.h. provider-kdf(7) says what is called, EVP_KDF-TLS13_KDF(7) what the
 * parameters mean. */
#include "tls/kdf.h"

#include "base/secret.h"
#include "base/wr.h"

#include <nettle/hmac.h>
#include <nettle/nettle-meta.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

enum {
    HASH_MAX = SHA384_DIGEST_SIZE,
    LABEL_MAX = 255,                              /* RFC 8446 7.1: with its prefix; the context likewise */
    INFO_MAX = 2 + 1 + LABEL_MAX + 1 + LABEL_MAX, /* HkdfLabel */
    BLOCKS_MAX = 255,                             /* RFC 5869 2.3 */
};

/* The two hashes of the cipher suites that we have, by the names that OpenSSL gives them. */
struct hash {
    const char *name, *short_name;
    const struct nettle_mac *mac;
    const struct nettle_hash *plain;
};

static const struct hash hashes[] = {
    { "SHA2-256", "SHA256", &nettle_hmac_sha256, &nettle_sha256 },
    { "SHA2-384", "SHA384", &nettle_hmac_sha384, &nettle_sha384 },
};

/* What is asked for. */
struct input {
    int mode; /* extract, or expand */
    const struct hash *hash;
    struct slice key, salt, prefix, label, data;
};

/* `key` is as long as a hash. */
static void hmac(const struct nettle_mac *m, const uint8_t *key, const struct slice *parts, size_t n, uint8_t *out)
{
    union {
        struct hmac_sha256_ctx sha256;
        struct hmac_sha384_ctx sha384;
    } c;
    m->set_key(&c, key);
    for (size_t i = 0; i < n; i++)
        m->update(&c, parts[i].n, parts[i].p);
    m->digest(&c, m->digest_size, out);
    secret_wipe(&c, sizeof c);
}

/* RFC 8446 7.1: HKDF-Expand-Label(key, label, context, n); RFC 5869 2.3. */
static bool expand(const struct input *in, struct slice key, struct slice context, uint8_t *out, size_t n)
{
    uint8_t info[INFO_MAX], block[HASH_MAX];
    size_t size = in->hash->mac->digest_size, label = in->prefix.n + in->label.n;
    struct wr w = wr_of(info, sizeof info);
    if (key.n != size || n > BLOCKS_MAX * size || label > LABEL_MAX || context.n > LABEL_MAX)
        return false;
    wr_u16(&w, (unsigned)n);
    wr_u8(&w, (unsigned)label);
    wr_put(&w, in->prefix);
    wr_put(&w, in->label);
    wr_u8(&w, (unsigned)context.n);
    wr_put(&w, context);
    for (uint8_t i = 1; n; i++) {
        struct slice parts[] = { slice_of(block, i > 1 ? size : 0), wr_slice(&w), slice_of(&i, 1) };
        size_t part = n < size ? n : size;
        hmac(in->hash->mac, key.p, parts, 3, block);
        memcpy(out, block, part);
        out += part;
        n -= part;
    }
    secret_wipe(block, sizeof block);
    return wr_ok(&w);
}

/* RFC 8446 7.1: HKDF-Extract of what is new, or of zeros; the salt is Derive-Secret(the last secret, "derived", ""). */
static bool extract(const struct input *in, uint8_t *out, size_t n)
{
    uint8_t zeros[HASH_MAX] = { 0 }, salt[HASH_MAX] = { 0 }, empty[HASH_MAX];
    const struct hash *h = in->hash;
    size_t size = h->mac->digest_size;
    struct slice new = in->key.n ? in->key : slice_of(zeros, size);
    if (n != size)
        return false;
    if (in->salt.n) {
        struct hmac_sha384_ctx room; /* more than a hash needs */
        h->plain->init(&room);
        h->plain->digest(&room, size, empty);
        if (!expand(in, in->salt, slice_of(empty, size), salt, size))
            return false;
    }
    hmac(h->mac, salt, &new, 1, out);
    secret_wipe(salt, sizeof salt);
    return true;
}

/* ---- parameters ---- */

static const struct hash *hash_named(const char *name)
{
    for (unsigned i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (strcmp(name, hashes[i].name) == 0 || strcmp(name, hashes[i].short_name) == 0)
            return &hashes[i];
    return NULL;
}

static bool take_bytes(const OSSL_PARAM *p, struct slice *ret)
{
    *ret = slice_of(p->data, p->data_size);
    return p->data_type == OSSL_PARAM_OCTET_STRING && (p->data || !p->data_size);
}

static bool take(struct input *in, const OSSL_PARAM *p)
{
    if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0)
        return OSSL_PARAM_get_int(p, &in->mode);
    if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0)
        return p->data_type == OSSL_PARAM_UTF8_STRING && (in->hash = hash_named(p->data));
    if (strcmp(p->key, OSSL_KDF_PARAM_KEY) == 0)
        return take_bytes(p, &in->key);
    if (strcmp(p->key, OSSL_KDF_PARAM_SALT) == 0)
        return take_bytes(p, &in->salt);
    if (strcmp(p->key, OSSL_KDF_PARAM_PREFIX) == 0)
        return take_bytes(p, &in->prefix);
    if (strcmp(p->key, OSSL_KDF_PARAM_LABEL) == 0)
        return take_bytes(p, &in->label);
    if (strcmp(p->key, OSSL_KDF_PARAM_DATA) == 0)
        return take_bytes(p, &in->data);
    return true; /* for others, provider-kdf(7) */
}

/* ---- OpenSSL's view ---- */

static void *new_kdf(void *provider)
{
    static int nothing; /* is kept between calls */
    (void)provider;
    return &nothing;
}

static void free_kdf(void *ctx)
{
    (void)ctx;
}

static int derive(void *ctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    struct input in = { .mode = -1 };
    (void)ctx;
    for (const OSSL_PARAM *p = params; p && p->key; p++)
        if (!take(&in, p))
            return 0;
    if (!in.hash || !n)
        return 0;
    if (in.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
        return extract(&in, out, n);
    return in.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && expand(&in, in.key, in.data, out, n);
}

typedef void (*function)(void);

const OSSL_DISPATCH tls_kdf_functions[] = { { OSSL_FUNC_KDF_NEWCTX, (function)new_kdf },
                                            { OSSL_FUNC_KDF_FREECTX, (function)free_kdf },
                                            { OSSL_FUNC_KDF_RESET, (function)free_kdf },
                                            { OSSL_FUNC_KDF_DERIVE, (function)derive },
                                            { 0, NULL } };

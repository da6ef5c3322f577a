/* OpenSSL's view of gcm.h: a provider with two ciphers, AES-128-GCM and AES-256-GCM, and of them what TLS 1.2 and 1.3 ask
 * for and no more: an IV of 12 bytes, a tag of 16, one piece of additional data a message, no message without a new IV.
 *
 * provider-cipher(7) says what is called when; the names of the parameters are in core_names.h. TLS 1.3 sets an IV and
 * additional data for each record; TLS 1.2 announces thirteen bytes about a record and then hands it over whole, with
 * room for the explicit nonce in front and the tag behind. */
#include "tls/gcm.h"
#include "tls/openssl.h"

#include "base/secret.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/provider.h>
#include <string.h>

enum {
    TLS12_SALT = 4,     /* RFC 5288 3: the nonce's first bytes, from the handshake; */
    TLS12_EXPLICIT = 8, /* the rest of it stands before the record */
    TLS12_AAD = 13,     /* RFC 5246 6.2.3.3: number, type, version, length */
    TLS12_LENGTH = 11,  /* where the length stands in it */
    TLS12_ADDED = TLS12_EXPLICIT + GCM_TAG,
};

enum phase {
    PHASE_IDLE,  /* no IV, so no message */
    PHASE_READY, /* an IV that was not used */
    PHASE_DATA,  /* a message is under way */
};

struct cipher {
    struct gcm gcm;
    uint8_t key_len;
    enum phase phase;
    bool encrypt;
    bool has_tag;   /* encrypting: of the last message; decrypting: what it is compared with */
    bool salted;    /* TLS 1.2 has set `iv`'s salt */
    bool announced; /* TLS 1.2 has set `aad`: update takes a whole record */
    uint8_t iv[GCM_IV];
    uint8_t tag[GCM_TAG];
    uint8_t aad[TLS12_AAD];
};

static void *new_cipher(size_t key_len)
{
    struct cipher *c = OPENSSL_zalloc(sizeof(*c));
    if (c)
        c->key_len = (uint8_t)key_len;
    return c;
}

static void *new_128(void *provider)
{
    (void)provider;
    return new_cipher(16);
}

static void *new_256(void *provider)
{
    (void)provider;
    return new_cipher(32);
}

static void free_cipher(void *ctx)
{
    struct cipher *c = ctx;
    if (!c)
        return;
    gcm_forget(&c->gcm);
    OPENSSL_clear_free(c, sizeof(*c));
}

/* Either may come without the other: the key once, an IV for each message. */
static int start(struct cipher *c, bool encrypt, const uint8_t *key, size_t n_key, const uint8_t *iv, size_t n_iv)
{
    if ((key && n_key != c->key_len) || (iv && n_iv != GCM_IV))
        return 0;
    if (key || encrypt != c->encrypt)
        c->has_tag = false;
    c->encrypt = encrypt;
    c->announced = false;
    c->phase = PHASE_IDLE;
    if (key) {
        c->salted = false;
        gcm_key(&c->gcm, key, n_key);
    }
    if (iv) {
        memcpy(c->iv, iv, GCM_IV);
        c->phase = PHASE_READY;
    }
    return 1;
}

static int set_params(void *ctx, const OSSL_PARAM params[]);

static int start_encrypting(void *ctx, const unsigned char *key, size_t n_key, const unsigned char *iv, size_t n_iv,
                            const OSSL_PARAM params[])
{
    return start(ctx, true, key, n_key, iv, n_iv) && set_params(ctx, params);
}

static int start_decrypting(void *ctx, const unsigned char *key, size_t n_key, const unsigned char *iv, size_t n_iv,
                            const OSSL_PARAM params[])
{
    return start(ctx, false, key, n_key, iv, n_iv) && set_params(ctx, params);
}

/* RFC 5288 3, RFC 5246 6.2.3.3: the record `in` of n bytes, explicit nonce and tag included, in its place. Returns the length of
 * what came of it, or -1. The nonce of what we send is the record's number, as RFC 5288 3 proposes. */
static long tls12_record(struct cipher *c, uint8_t *p, size_t n)
{
    uint8_t tag[GCM_TAG], *payload = p + TLS12_EXPLICIT;
    if (n < TLS12_ADDED || !c->salted)
        return -1;
    n -= TLS12_ADDED;
    if (c->encrypt)
        memcpy(p, c->aad, TLS12_EXPLICIT);
    memcpy(c->iv + TLS12_SALT, p, TLS12_EXPLICIT);
    gcm_begin(&c->gcm, c->iv, c->aad, TLS12_AAD);
    gcm_crypt(&c->gcm, c->encrypt, payload, payload, n);
    gcm_end(&c->gcm, tag);
    if (c->encrypt) {
        memcpy(payload + n, tag, GCM_TAG);
        return (long)(n + TLS12_ADDED);
    }
    if (secret_eq(tag, payload + n, GCM_TAG))
        return (long)n;
    secret_wipe(payload, n);
    return -1;
}

/* With `out` NULL `in` is additional data, at most once, before all else. */
static int update(void *ctx, unsigned char *out, size_t *ret_n, size_t room, const unsigned char *in, size_t n)
{
    struct cipher *c = ctx;
    *ret_n = 0;
    if (!c->gcm.number || (out && room < n))
        return 0;
    if (c->announced) {
        c->announced = false;
        long got = out == in && out ? tls12_record(c, out, n) : -1;
        *ret_n = got < 0 ? 0 : (size_t)got;
        return got >= 0;
    }
    if (c->phase == PHASE_IDLE || (!out && c->phase != PHASE_READY))
        return 0;
    if (c->phase == PHASE_READY)
        gcm_begin(&c->gcm, c->iv, out ? NULL : in, out ? 0 : n);
    c->phase = PHASE_DATA;
    if (out && n)
        gcm_crypt(&c->gcm, c->encrypt, out, in, n);
    *ret_n = n;
    return 1;
}

static int final(void *ctx, unsigned char *out, size_t *ret_n, size_t room)
{
    struct cipher *c = ctx;
    uint8_t tag[GCM_TAG];
    (void)out;
    (void)room;
    *ret_n = 0;
    if (!c->gcm.number || c->phase == PHASE_IDLE || (!c->encrypt && !c->has_tag))
        return 0;
    if (c->phase == PHASE_READY)
        gcm_begin(&c->gcm, c->iv, NULL, 0);
    gcm_end(&c->gcm, tag);
    c->phase = PHASE_IDLE;
    if (!c->encrypt) {
        c->has_tag = false;
        return secret_eq(tag, c->tag, GCM_TAG);
    }
    memcpy(c->tag, tag, GCM_TAG);
    c->has_tag = true;
    return 1;
}

static bool octets(const OSSL_PARAM *p, size_t n)
{
    return p->data_type == OSSL_PARAM_OCTET_STRING && p->data && p->data_size == n;
}

/* TLS 1.2's thirteen bytes. They come with the length of all that is handed over; the length that counts is the payload's. */
static bool announce(struct cipher *c, const OSSL_PARAM *p)
{
    if (!octets(p, TLS12_AAD))
        return false;
    memcpy(c->aad, p->data, TLS12_AAD);
    unsigned n = (unsigned)c->aad[TLS12_LENGTH] << 8 | c->aad[TLS12_LENGTH + 1];
    unsigned extra = c->encrypt ? TLS12_EXPLICIT : TLS12_ADDED;
    if (n < extra)
        return false;
    n -= extra;
    c->aad[TLS12_LENGTH] = (uint8_t)(n >> 8);
    c->aad[TLS12_LENGTH + 1] = (uint8_t)n;
    c->announced = true;
    return true;
}

/* Lengths are told, not chosen. */
static bool length_is(const OSSL_PARAM *p, size_t n)
{
    size_t v;
    return OSSL_PARAM_get_size_t(p, &v) && v == n;
}

static bool set_one(struct cipher *c, const OSSL_PARAM *p)
{
    if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_IVLEN) == 0)
        return length_is(p, GCM_IV);
    if (strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN) == 0)
        return length_is(p, c->key_len);
    if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD) == 0)
        return announce(c, p);
    if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED) == 0) {
        if (!octets(p, TLS12_SALT))
            return false;
        memcpy(c->iv, p->data, TLS12_SALT);
        c->salted = true;
    }
    if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG) == 0) {
        if (c->encrypt || !octets(p, GCM_TAG))
            return false;
        memcpy(c->tag, p->data, GCM_TAG);
        c->has_tag = true;
    }
    return true; /* what this does not know is for others, provider-cipher(7) */
}

static int set_params(void *ctx, const OSSL_PARAM params[])
{
    for (const OSSL_PARAM *p = params; p && p->key; p++)
        if (!set_one(ctx, p))
            return 0;
    return 1;
}

/* A number, if it is asked for, in whatever type it is asked for. */
static bool tell(OSSL_PARAM params[], const char *name, size_t value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return !p || OSSL_PARAM_set_size_t(p, value);
}

static bool tell_tag(const struct cipher *c, OSSL_PARAM params[])
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG);
    if (!p)
        return true;
    return c->encrypt && c->has_tag && p->data_size == GCM_TAG && OSSL_PARAM_set_octet_string(p, c->tag, GCM_TAG);
}

static int get_ctx_params(void *ctx, OSSL_PARAM params[])
{
    const struct cipher *c = ctx;
    return tell(params, OSSL_CIPHER_PARAM_KEYLEN, c->key_len) && tell(params, OSSL_CIPHER_PARAM_IVLEN, GCM_IV) &&
           tell(params, OSSL_CIPHER_PARAM_AEAD_TAGLEN, GCM_TAG) &&
           tell(params, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD, GCM_TAG) && tell_tag(c, params);
}

/* What is true of the cipher whoever uses it. */
static int get_params(OSSL_PARAM params[], size_t key_len)
{
    return tell(params, OSSL_CIPHER_PARAM_MODE, EVP_CIPH_GCM_MODE) && tell(params, OSSL_CIPHER_PARAM_AEAD, 1) &&
           tell(params, OSSL_CIPHER_PARAM_CUSTOM_IV, 1) && tell(params, OSSL_CIPHER_PARAM_KEYLEN, key_len) &&
           tell(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1) && tell(params, OSSL_CIPHER_PARAM_IVLEN, GCM_IV);
}

static int get_params_128(OSSL_PARAM params[])
{
    return get_params(params, 16);
}

static int get_params_256(OSSL_PARAM params[])
{
    return get_params(params, 32);
}

typedef void (*function)(void);

/* clang-format off */
#define CIPHER(bits) { \
    { OSSL_FUNC_CIPHER_NEWCTX, (function)new_ ## bits }, \
    { OSSL_FUNC_CIPHER_FREECTX, (function)free_cipher }, \
    { OSSL_FUNC_CIPHER_ENCRYPT_INIT, (function)start_encrypting }, \
    { OSSL_FUNC_CIPHER_DECRYPT_INIT, (function)start_decrypting }, \
    { OSSL_FUNC_CIPHER_UPDATE, (function)update }, \
    { OSSL_FUNC_CIPHER_FINAL, (function)final }, \
    { OSSL_FUNC_CIPHER_GET_PARAMS, (function)get_params_ ## bits }, \
    { OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (function)get_ctx_params }, \
    { OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (function)set_params }, \
    { 0, NULL } }
/* clang-format on */
static const OSSL_DISPATCH aes_128_gcm[] = CIPHER(128), aes_256_gcm[] = CIPHER(256);

static const OSSL_ALGORITHM ciphers[] = {
    { "AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", "provider=" GCM_PROVIDER, aes_128_gcm, "" },
    { "AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", "provider=" GCM_PROVIDER, aes_256_gcm, "" },
    { NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
    (void)provider;
    *ret_no_cache = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **ret_provider)
{
    static const OSSL_DISPATCH functions[] = { { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query }, { 0, NULL } };
    static int nothing;
    (void)handle;
    (void)in;
    *out = functions;
    *ret_provider = &nothing; /* OpenSSL takes NULL for "not set up" */
    return 1;
}

bool gcm_provide(OSSL_LIB_CTX *library)
{
    static OSSL_PROVIDER *provider;
    if (!provider && gcm_open() && OSSL_PROVIDER_add_builtin(library, GCM_PROVIDER, init))
        provider = OSSL_PROVIDER_load(library, GCM_PROVIDER);
    return provider;
}

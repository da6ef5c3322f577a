/* A provider that is OpenSSL's default one seen through a list; see library.h. It has no algorithm of its own: what it
 * gives OpenSSL are the default provider's tables, shortened, and that provider's context with them. provider-base(7) says
 * what is called. */
#include "tls/library.h"

#include "base/slice.h"

#include <openssl/core_dispatch.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <string.h>

#define NARROW "adit-tls"

enum { MOST = 8 }; /* algorithms of an operation */

/* By their first names. What is not here cannot be negotiated, verified or parsed. */
struct operation {
    int id;
    const char *names[MOST];
    const char *needs; /* in the properties; NULL: nothing */
    OSSL_ALGORITHM found[MOST + 1];
};

static struct operation operations[] = {
    { .id = OSSL_OP_DIGEST, .names = { "SHA1", "SHA2-256", "SHA2-384", "SHA2-512" } },
    /* The last two are CBC of Windows 7 in one go with its HMAC, where the processor can. */
    { .id = OSSL_OP_CIPHER,
      .names = { "AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "AES-128-CBC", "AES-256-CBC",
                 "AES-128-CBC-HMAC-SHA1", "AES-256-CBC-HMAC-SHA1" } },
    { .id = OSSL_OP_MAC, .names = { "HMAC" } },
    { .id = OSSL_OP_KDF, .names = { "TLS13-KDF", "TLS1-PRF" } },
    { .id = OSSL_OP_RAND, .names = { "CTR-DRBG", "SEED-SRC" } },
    { .id = OSSL_OP_KEYMGMT, .names = { "RSA", "RSA-PSS", "EC", "X25519", "ED25519", "ED448", "HMAC" } },
    { .id = OSSL_OP_KEYEXCH, .names = { "ECDH", "X25519" } },
    { .id = OSSL_OP_SIGNATURE, .names = { "RSA", "ECDSA", "ED25519", "ED448", "HMAC" } },
    { .id = OSSL_OP_DECODER,
      .names = { "RSA", "RSA-PSS", "EC", "ED25519", "ED448" },
      .needs = "structure=SubjectPublicKeyInfo" },
};

static OSSL_PROVIDER *whole;
static OSSL_LIB_CTX *library;

/* The names of an algorithm stand in one string, with colons between; the first one is OpenSSL's own. */
static bool is_wanted(const struct operation *o, const OSSL_ALGORITHM *a)
{
    struct slice first = slice_of(a->algorithm_names, strcspn(a->algorithm_names, ":"));
    if (o->needs && !strstr(a->property_definition, o->needs))
        return false;
    for (unsigned i = 0; i < MOST && o->names[i]; i++)
        if (slice_eq(first, slice_str(o->names[i])))
            return true;
    return false;
}

static void find(struct operation *o)
{
    int no_cache = 0;
    unsigned n = 0;
    for (const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(whole, o->id, &no_cache); a && a->algorithm_names; a++)
        if (n < MOST && is_wanted(o, a))
            o->found[n++] = *a;
}

static const OSSL_ALGORITHM *query(void *provider, int id, int *ret_no_cache)
{
    (void)provider;
    *ret_no_cache = 0;
    for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (operations[i].id == id)
            return operations[i].found;
    return NULL;
}

/* The groups for key exchange; libssl leaves those out whose keys nobody can make. */
static int get_capabilities(void *provider, const char *name, OSSL_CALLBACK *cb, void *arg)
{
    (void)provider;
    return OSSL_PROVIDER_get_capabilities(whole, name, cb, arg);
}

typedef void (*function)(void);

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **ret_provider)
{
    static const OSSL_DISPATCH functions[] = { { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query },
                                               { OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (function)get_capabilities },
                                               { 0, NULL } };
    (void)handle;
    (void)in;
    *out = functions;
    *ret_provider = OSSL_PROVIDER_get0_provider_ctx(whole); /* its algorithms expect their own */
    return 1;
}

void tls_library_prepare(void)
{
    OSSL_LIB_CTX *l = library ? NULL : OSSL_LIB_CTX_new();
    if (!l)
        return;
    whole = OSSL_PROVIDER_load(NULL, "default");
    for (unsigned i = 0; whole && i < sizeof(operations) / sizeof(operations[0]); i++)
        find(&operations[i]);
    if (whole && OSSL_PROVIDER_add_builtin(l, NARROW, init) && OSSL_PROVIDER_load(l, NARROW))
        library = l;
    else
        OSSL_LIB_CTX_free(l);
    ERR_clear_error();
}

OSSL_LIB_CTX *tls_library(void)
{
    return library;
}

/* OpenSSL's memory, watched: where it gets none, the error that comes of it often speaks of something else ("init fail", or that
 * the peer broke the protocol). Nothing is done about it here; the engine asks afterwards. */
#include "tls/tls_impl.h"

#include "tls/library.h"

#include <stdlib.h>

static _Thread_local bool refused;

bool tls_memory_refused(void)
{
    bool was = refused;
    refused = false;
    return was;
}

static void *take(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    void *p = n ? malloc(n) : NULL;
    refused |= n && !p;
    return p;
}

static void give(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static void *change(void *old, size_t n, const char *file, int line)
{
    if (!old || !n) {
        if (!n)
            give(old, file, line);
        return take(n, file, line);
    }
    void *p = realloc(old, n);
    refused |= !p;
    return p;
}

/* CRYPTO_set_mem_functions(3) refuses once something was allocated: then its own error has to do. */
void tls_prepare(void)
{
    (void)CRYPTO_set_mem_functions(take, change, give);
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    tls_library_prepare();
}

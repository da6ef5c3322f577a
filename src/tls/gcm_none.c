/* A build without the Multi-Buffer library: OpenSSL's own AES-GCM is used everywhere. See gcm.h. */
#include "tls/gcm.h"

bool gcm_provide(OSSL_LIB_CTX *library)
{
    (void)library;
    return false;
}

/* The tests that are linked with this have called tls_prepare(), as our programs do: the engine has its own view of OpenSSL's
 * algorithms (tls/library.h). Without it they run as a program does that uses libadit. */
#include "tls/tls.h"

__attribute__((constructor)) static void prepare(void)
{
    tls_prepare();
}

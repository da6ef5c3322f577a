/* A server's tunnel under any bytes, times and verbs; reaches UP. */
#include "fuzz.h"
#include "tunnel_ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tunnel_ops_run(TUNNEL_SERVER, data, size);
    return 0;
}

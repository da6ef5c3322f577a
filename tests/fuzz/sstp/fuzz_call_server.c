/* The SSTP call as a server; operations and invariants are in call_ops. */
#include "call_ops.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    call_ops_run(CALL_SERVER, data, size);
    return 0;
}

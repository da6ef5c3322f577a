/* The PPP link as client; see fuzz_link.c. */
#include "fuzz.h"
#include "fuzz_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_link(LINK_CLIENT, data, size);
}

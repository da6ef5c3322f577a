/* The snapshot's bytes from a process that is no longer ours: refused, or something that encodes to the same bytes. */
#include "fuzz.h"

#include "config/config.h"

#include <stdlib.h>

static struct config c;
static uint8_t again[CONFIG_ENCODED_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (config_decode(slice_of(data, size), &c) != 0)
        return 0;
    if (c.n_listens > CONFIG_LISTENS || c.n_pools > CONFIG_POOLS || c.n_dns > CONFIG_DNS || c.n_nbns > 2 ||
        c.n_methods > AUTH_METHODS || config_encode(&c, again, sizeof(again)) != size || memcmp(again, data, size) != 0)
        abort();
    FUZZ_REACHED();
    return 0;
}

/* The configuration file as anybody may write it: read or refused with words, and what is read survives the codec. */
#include "fuzz.h"

#include "config/config.h"

#include <stdlib.h>

static struct config c, back;
static uint8_t bytes[CONFIG_ENCODED_MAX], again[CONFIG_ENCODED_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words = NULL;
    size_t n_words = 0;
    FILE *err = open_memstream(&words, &n_words);
    if (!err)
        return 0;
    int r = config_read_text(slice_of(data, size), "/etc/adit/fuzz.conf", &c, err, false);
    fclose(err);
    if ((r == 0) != (n_words == 0)) /* refused without words, or complained and taken */
        abort();
    free(words);
    if (r != 0)
        return 0;
    size_t n = config_encode(&c, bytes, sizeof(bytes));
    if (n == 0 || config_decode(slice_of(bytes, n), &back) != 0 || config_encode(&back, again, sizeof(again)) != n ||
        memcmp(bytes, again, n) != 0)
        abort();
    if (c.n_listens == 0 || c.n_listens > CONFIG_LISTENS || c.n_pools == 0 || c.n_pools > CONFIG_POOLS ||
        c.n_methods == 0)
        abort();
    FUZZ_REACHED();
    return 0;
}

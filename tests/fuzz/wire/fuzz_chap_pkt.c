/* CHAP packets: whatever is accepted encodes to the same bytes. */
#include "fuzz.h"
#include "wire/chap_pkt.h"

#include <stdlib.h>

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[65536];
    struct chap_pkt pkt;
    struct rd r = rd_of(data, size);

    if (chap_pkt_parse(&r, &pkt) < 0)
        return 0;
    FUZZ_REACHED();
    must(rd_left(&r) == 0);
    struct wr w = wr_of(out, sizeof(out));
    chap_pkt_put(&w, &pkt);
    size_t len = (size_t)data[2] << 8 | data[3];
    must(wr_len(&w) == len && memcmp(out, data, len) == 0);
    return 0;
}

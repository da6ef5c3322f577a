/* PAP packets: whatever is accepted encodes, and decodes again to the same. */
#include "fuzz.h"
#include "wire/pap_pkt.h"

#include <stdlib.h>

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[1024];
    struct pap_pkt pkt, again;
    struct rd r = rd_of(data, size);

    if (pap_pkt_parse(&r, &pkt) < 0)
        return 0;
    FUZZ_REACHED();
    must(rd_left(&r) == 0);
    struct wr w = wr_of(out, sizeof(out));
    pap_pkt_put(&w, &pkt);
    must(wr_len(&w) > 0);
    r = rd_slice(wr_slice(&w));
    must(pap_pkt_parse(&r, &again) == 0);
    must(again.code == pkt.code && again.id == pkt.id);
    must(slice_eq(again.name, pkt.name) && slice_eq(again.password, pkt.password) && slice_eq(again.text, pkt.text));
    return 0;
}

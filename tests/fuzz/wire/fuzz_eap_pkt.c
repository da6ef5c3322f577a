/* EAP and EAP-MSCHAPv2 packets: whatever is accepted encodes to the same bytes. */
#include "fuzz.h"
#include "wire/eap_pkt.h"

#include <stdlib.h>

static uint8_t out[65536];

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void mschap(const struct eap_pkt *pkt)
{
    struct eap_mschap m;

    if (eap_mschap_parse(pkt->data, pkt->code, &m) < 0)
        return;
    FUZZ_REACHED();
    struct wr w = wr_of(out, sizeof(out));
    eap_mschap_put(&w, pkt->code, pkt->id, &m);
    must(slice_eq(wr_slice(&w), pkt->whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eap_pkt pkt;
    struct rd r = rd_of(data, size);

    if (eap_pkt_parse(&r, &pkt) < 0)
        return 0;
    must(rd_left(&r) == 0 && pkt.whole.p == data && pkt.whole.n <= size);
    struct wr w = wr_of(out, sizeof(out));
    eap_pkt_put(&w, &pkt);
    must(slice_eq(wr_slice(&w), pkt.whole));
    if (pkt.type == EAP_TYPE_MSCHAPV2)
        mschap(&pkt);
    return 0;
}

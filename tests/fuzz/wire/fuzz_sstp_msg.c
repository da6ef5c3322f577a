/* SSTP packets: whatever is accepted encodes, and decodes again to the same. */
#include "fuzz.h"
#include "wire/sstp_frame.h"
#include "wire/sstp_msg.h"

#include <stdlib.h>
#include <string.h>

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void same_status(const struct sstp_status_info *a, const struct sstp_status_info *b)
{
    must(a->attrib == b->attrib && a->status == b->status && slice_eq(a->value, b->value));
}

static void same(const struct sstp_msg *a, const struct sstp_msg *b)
{
    must(a->type == b->type && a->has_protocol == b->has_protocol && a->protocol == b->protocol);
    must(a->has_binding_req == b->has_binding_req && a->hash_mask == b->hash_mask);
    must(a->has_binding == b->has_binding && a->hash == b->hash && memcmp(a->nonce, b->nonce, sizeof a->nonce) == 0);
    must(memcmp(a->cert_hash, b->cert_hash, sizeof a->cert_hash) == 0 && memcmp(a->mac, b->mac, sizeof a->mac) == 0);
    must(a->n_status == b->n_status);
    for (unsigned i = 0; i < a->n_status; i++)
        same_status(&a->status[i], &b->status[i]);
}

static void one(struct slice payload)
{
    static uint8_t out[SSTP_FRAME_MAX];
    struct sstp_msg m, again;
    if (sstp_msg_decode(payload, &m) < 0)
        return;
    FUZZ_REACHED();
    must(m.n_status <= SSTP_STATUS_MAX && m.n_faults <= SSTP_STATUS_MAX);
    for (unsigned i = 0; i < m.n_faults; i++)
        must(m.faults[i].value.n <= SSTP_VALUE_MAX);

    struct wr w = wr_of(out, SSTP_MSG_MAX);
    sstp_msg_encode(&w, &m);
    must(wr_len(&w) >= SSTP_CONTROL_HEAD && wr_len(&w) <= SSTP_MSG_MAX);
    struct rd r = rd_slice(wr_slice(&w));
    struct sstp_frame f;
    must(sstp_frame_next(&r, &f) == 1 && f.control && rd_end(&r));
    must(sstp_msg_decode(f.payload, &again) == 0);
    must(again.n_faults == 0);
    same(&m, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd in = rd_of(data, size);
    for (;;) {
        struct sstp_frame f;
        size_t before = rd_left(&in);
        int got = sstp_frame_next(&in, &f);
        if (got <= 0) {
            must(rd_left(&in) == before);
            return 0;
        }
        must(f.whole.n == before - rd_left(&in) && f.whole.n == f.payload.n + SSTP_HEAD && f.whole.n <= SSTP_FRAME_MAX);
        if (f.control)
            one(f.payload);
    }
}

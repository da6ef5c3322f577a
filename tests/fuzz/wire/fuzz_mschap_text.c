/* The texts of MS-CHAPv2: whatever is accepted encodes, and decodes again to the same. */
#include "fuzz.h"
#include "wire/mschap_text.h"

#include <stdlib.h>

static uint8_t out[8192];

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Messages that lead with nothing come back as no message: " M=" is written only for one. */
static void success(struct slice text)
{
    struct mschap_success s, again;

    if (mschap_success_parse(text, &s) < 0)
        return;
    FUZZ_REACHED();
    struct wr w = wr_of(out, sizeof(out));
    mschap_success_put(&w, &s);
    must(wr_len(&w) >= MSCHAP_SUCCESS_TEXT_LEN);
    must(mschap_success_parse(wr_slice(&w), &again) == 0);
    must(memcmp(s.auth_response, again.auth_response, sizeof(s.auth_response)) == 0);
    must(slice_eq(s.message, again.message));
}

static void failure(struct slice text)
{
    struct mschap_failure f, again;

    if (mschap_failure_parse(text, &f) < 0)
        return;
    FUZZ_REACHED();
    struct wr w = wr_of(out, sizeof(out));
    mschap_failure_put(&w, &f);
    must(mschap_failure_parse(wr_slice(&w), &again) == 0);
    must(f.error == again.error && f.retry == again.retry && f.version == again.version);
    must(f.has_challenge == again.has_challenge && memcmp(f.challenge, again.challenge, sizeof(f.challenge)) == 0);
    must(slice_eq(f.message, again.message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    success(slice_of(data, size));
    failure(slice_of(data, size));
    return 0;
}

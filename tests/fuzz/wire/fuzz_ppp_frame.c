/* PPP frames: what is accepted is written again byte for byte. */
#include "fuzz.h"
#include "wire/ppp_frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[8192];
    struct ppp_frame f;
    struct rd in = rd_of(data, size);
    if (size > sizeof out || ppp_frame_decode(&in, &f) < 0)
        return 0;
    struct wr w = wr_of(out, sizeof out);
    ppp_frame_encode(&w, &f);
    if (wr_len(&w) != size || memcmp(out, data, size) != 0 || !(f.proto & 1) || (f.proto & 0x100))
        abort();
    FUZZ_REACHED();
    return 0;
}

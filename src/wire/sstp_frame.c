/* The writing half of the SSTP packet header; the reading half is inline in sstp_frame.h. */
#include "wire/sstp_frame.h"
#include "base/wr.h"

void sstp_frame_head(uint8_t dst[SSTP_HEAD], bool control, size_t payload_len)
{
    /* [MS-SSTP] 2.2.1: reserved and R bits MUST be zero when sent. */
    uint32_t length = (uint32_t)(payload_len + SSTP_HEAD) & 0xfff;
    struct wr w = wr_of(dst, SSTP_HEAD);
    wr_u32(&w, (uint32_t)SSTP_VERSION << 24 | (control ? 1u << 16 : 0) | length);
}

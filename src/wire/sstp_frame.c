/* The writing half of the SSTP packet header; the reading half is inline in sstp_frame.h. */
#include "wire/sstp_frame.h"
#include "base/wr.h"

void sstp_frame_head(uint8_t dst[SSTP_HEAD], bool control, size_t payload_len)
{
    struct wr w = wr_of(dst, SSTP_HEAD);
    wr_u8(&w, SSTP_VERSION);
    /* [MS-SSTP] 2.2.1: reserved and R bits MUST be zero when sent. */
    wr_u8(&w, control ? 1 : 0);
    wr_u16(&w, (unsigned)(payload_len + SSTP_HEAD) & 0xfff);
}

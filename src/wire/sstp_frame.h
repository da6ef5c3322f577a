/* The SSTP packet header: where one packet ends and the next begins. [MS-SSTP] 2.2.1.
 *
 *    0        1                2               4
 *   +--------+--------------+-+---------------+----------
 *   |  0x10  | reserved (7) |C| R(4) Length(12)| payload
 *   +--------+--------------+-+---------------+----------
 *
 * A cursor that walks a byte stream packet by packet, inline because the data path calls it for every
 * packet. It looks at the header only: what a control packet says is sstp_msg.h, what a data packet carries
 * is a PPP frame. SSTP packets have no relation to TLS records. */
#ifndef ADIT_WIRE_SSTP_FRAME_H
#define ADIT_WIRE_SSTP_FRAME_H

#include "base/err.h"
#include "base/rd.h"

enum {
    SSTP_VERSION = 0x10,     /* major 1, minor 0 */
    SSTP_HEAD = 4,           /* bytes of the header; Length counts them too */
    SSTP_CONTROL_HEAD = 8,   /* header, message type and number of attributes */
    SSTP_FRAME_MAX = 4095,   /* Length has 12 bits */
    SSTP_PAYLOAD_MAX = 4091, /* SSTP_FRAME_MAX - SSTP_HEAD */
};

struct sstp_frame {
    bool control;         /* the C bit */
    struct slice payload; /* what follows the header; may be empty in a data packet */
    struct slice whole;   /* header and payload, as received: the compound MAC covers both */
};

/* Takes one packet off `in`. Returns
 *   1  taken; *ret_frame borrows from in's bytes;
 *   0  the packet is not complete yet: nothing taken, come back with more bytes;
 *  <0  no packet boundary can be found here any more (ERR_VERSION: not SSTP 1.0; ERR_LENGTH: the length is
 *      smaller than the header that must be there): nothing taken, drop the connection.
 * *ret_frame is untouched unless 1 is returned. */
static inline int MUST_CHECK sstp_frame_next(struct rd *in, struct sstp_frame *ret_frame)
{
    size_t left = in->bad ? 0 : rd_left(in);
    if (left == 0)
        return 0;
    /* [MS-SSTP] 2.2.1: the version byte MUST be 0x10. Known from the first byte, so do not wait for more. */
    if (in->p[0] != SSTP_VERSION)
        return ERR_VERSION;
    if (left < SSTP_HEAD)
        return 0;
    /* [MS-SSTP] 2.2.1: the seven reserved bits and the four R bits MUST be ignored on receipt. */
    bool control = in->p[1] & 1;
    size_t len = ((size_t)in->p[2] << 8 | in->p[3]) & 0xfff;
    if (len < (control ? (size_t)SSTP_CONTROL_HEAD : (size_t)SSTP_HEAD))
        return ERR_LENGTH;
    if (left < len)
        return 0;
    struct slice whole = rd_take(in, len);
    *ret_frame = (struct sstp_frame){
        .control = control,
        .payload = slice_of(whole.p + SSTP_HEAD, len - SSTP_HEAD),
        .whole = whole,
    };
    return 1;
}

/* Writes the header of a packet with payload_len (<= SSTP_PAYLOAD_MAX, the caller's duty) bytes after it. */
void sstp_frame_head(uint8_t dst[SSTP_HEAD], bool control, size_t payload_len);

#endif

/* PPP frames inside SSTP: no flag bytes, no stuffing, no checksum; ff 03, protocol, information.
 *
 * ff 03 may be missing and the protocol may be one byte, whatever was negotiated ([CAP]: Windows leaves ff 03 out
 * even where RFC 1661 forbids it). One classifier for the control path and for the data path, which inlines it. */
#ifndef ADIT_WIRE_PPP_FRAME_H
#define ADIT_WIRE_PPP_FRAME_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

/* PPP protocol numbers that this tree names. Those of authentication stand in auth/method.h. */
enum ppp_proto {
    PPP_PROTO_IPV4 = 0x0021,
    PPP_PROTO_IPV6 = 0x0057,
    PPP_PROTO_COMPRESSED = 0x00fd,
    PPP_PROTO_IPCP = 0x8021,
    PPP_PROTO_IPV6CP = 0x8057,
    PPP_PROTO_CCP = 0x80fd,
    PPP_PROTO_LCP = 0xc021,
    PPP_PROTO_PAP = 0xc023,
    PPP_PROTO_CBCP = 0xc029,
    PPP_PROTO_CHAP = 0xc223,
    PPP_PROTO_EAP = 0xc227,
};

struct ppp_frame {
    uint16_t proto;
    bool acfc; /* came without ff 03 */
    bool pfc;  /* came with a one-byte protocol */
    struct slice info;
};

/* RFC 1661 2: network-layer protocols are 0***-3***, everything that negotiates is 8*** and above
 * (4***-7*** is low-volume data without an NCP: not control either). */
static inline bool ppp_is_control(uint16_t proto)
{
    return proto >= 0x8000;
}

/* Reads a frame out of `n` bytes; info borrows them. ERR_TRUNCATED: no whole protocol field;
 * ERR_VALUE: a protocol whose low byte is even or whose high byte is odd. *ret_f untouched on failure. */
static inline MUST_CHECK int ppp_frame_read(const uint8_t *p, size_t n, struct ppp_frame *ret_f)
{
    struct rd r = rd_of(p, n);
    /* RFC 1661 6.6: protocol 00ff is never assigned, so a leading ff 03 is always Address and Control. */
    bool acfc = rd_left(&r) < 2 || rd_peek(&r, 0) != 0xff || rd_peek(&r, 1) != 0x03;
    if (!acfc)
        rd_skip(&r, 2);
    /* RFC 1661 6.5: the first byte of a two-byte protocol is even, a one-byte protocol is odd. */
    bool pfc = (rd_peek(&r, 0) & 1) != 0;
    uint16_t proto = pfc ? rd_u8(&r) : rd_u16(&r);
    if (!rd_ok(&r))
        return ERR_TRUNCATED;
    /* RFC 1661 2: the low byte is odd, the high byte even (the latter holds by now). 00ff cannot be. */
    if (!(proto & 1) || proto == 0x00ff)
        return ERR_VALUE;
    *ret_f = (struct ppp_frame){ proto, acfc, pfc, rd_rest(&r) };
    return 0;
}

/* The same off a reader: takes all that is left of it. */
int ppp_frame_decode(struct rd *in, struct ppp_frame *ret_f) MUST_CHECK;

/* The header of a frame; `pfc` shortens protocols below 0x100 only. Returns 1 to 4, the bytes written to dst. */
size_t ppp_frame_head(uint16_t proto, bool acfc, bool pfc, uint8_t dst[4]);

/* Writes a frame in the form its flags say. */
void ppp_frame_encode(struct wr *w, const struct ppp_frame *f);

#endif

/* CHAP packets (RFC 1994 section 4), with MD5 and with MS-CHAPv2 (RFC 2759 sections 3 to 7), into structs
 * and back. The texts inside Success and Failure of MS-CHAPv2 are mschap_text's. Decides nothing. */
#ifndef ADIT_WIRE_CHAP_PKT_H
#define ADIT_WIRE_CHAP_PKT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum chap_code {
    CHAP_CHALLENGE = 1,
    CHAP_RESPONSE = 2,
    CHAP_SUCCESS = 3,
    CHAP_FAILURE = 4,
    CHAP_CHANGE_PASSWORD = 7, /* RFC 2759 7 */
};

enum {
    CHAP_MD5_RESPONSE_LEN = 16,
    /* RFC 2759 4: Peer-Challenge 16, reserved 8, NT-Response 24, flags 1 */
    CHAP_MSCHAP2_RESPONSE_LEN = 49,
    CHAP_MSCHAP2_NT_RESPONSE_AT = 24,
};

struct chap_pkt {
    uint8_t code; /* enum chap_code */
    uint8_t id;
    struct slice value; /* Challenge, Response: 1 to 255 bytes */
    struct slice name;  /* Challenge, Response: may be empty */
    struct slice text;  /* Success, Failure: message; Change-Password: all that follows the header. Hostile bytes. */
};

/* Reads one packet: all of `in`, the information field of a PPP frame. Slices borrow from it.
 * ERR_TRUNCATED, ERR_LENGTH, or ERR_UNKNOWN for another code; `ret_pkt` is then untouched. */
int chap_pkt_parse(struct rd *in, struct chap_pkt *ret_pkt) MUST_CHECK;

/* Writes one packet; the writer goes bad if it does not fit or the value has not 1 to 255 bytes. */
void chap_pkt_put(struct wr *w, const struct chap_pkt *pkt);

/* The 49 bytes of an MS-CHAPv2 Response value (RFC 2759 4). */
void chap_mschap2_response_put(struct wr *w, const uint8_t peer_challenge[16], const uint8_t nt_response[24]);

#endif

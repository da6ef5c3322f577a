/* PAP packets (RFC 1334 section 2.2) into structs and back. Decides nothing. */
#ifndef ADIT_WIRE_PAP_PKT_H
#define ADIT_WIRE_PAP_PKT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum pap_code { PAP_REQUEST = 1, PAP_ACK = 2, PAP_NAK = 3 };

enum { PAP_FIELD_MAX = 255 }; /* each field's length is one byte */

struct pap_pkt {
    uint8_t code; /* enum pap_code */
    uint8_t id;
    struct slice name;     /* Request */
    struct slice password; /* Request */
    struct slice text;     /* Ack, Nak; hostile bytes */
};

/* Reads one packet: all of `in`, the information field of a PPP frame. Slices borrow from it.
 * ERR_TRUNCATED, ERR_LENGTH, ERR_TRAILING, or ERR_UNKNOWN for another code; `ret_pkt` is then untouched. */
int pap_pkt_parse(struct rd *in, struct pap_pkt *ret_pkt) MUST_CHECK;

/* Writes one packet; the writer goes bad if it does not fit or a field is longer than PAP_FIELD_MAX. */
void pap_pkt_put(struct wr *w, const struct pap_pkt *pkt);

#endif

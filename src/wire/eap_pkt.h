/* EAP packets (RFC 3748 section 4) and the EAP-MSCHAPv2 packets inside them (draft-kamath-pppext-eap-mschapv2;
 * [MS-CHAP] 2.2) into structs and back. Decides nothing. */
#ifndef ADIT_WIRE_EAP_PKT_H
#define ADIT_WIRE_EAP_PKT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum eap_code { EAP_REQUEST = 1, EAP_RESPONSE = 2, EAP_SUCCESS = 3, EAP_FAILURE = 4 };

enum eap_type {
    EAP_TYPE_IDENTITY = 1,
    EAP_TYPE_NOTIFICATION = 2,
    EAP_TYPE_NAK = 3,
    EAP_TYPE_MD5 = 4,
    EAP_TYPE_TLS = 13,
    EAP_TYPE_PEAP = 25,
    EAP_TYPE_MSCHAPV2 = 26,
    EAP_TYPE_EXPANDED = 254,
};

struct eap_pkt {
    uint8_t code; /* enum eap_code */
    uint8_t id;
    uint8_t type;         /* Request, Response: enum eap_type or another; 0 in Success and Failure */
    uint32_t vendor;      /* Expanded: 24 bits */
    uint32_t vendor_type; /* Expanded */
    struct slice data;    /* type-data; behind Vendor-Type for Expanded */
    struct slice whole;   /* parse only: the packet without padding */
};

/* Reads one packet: all of `in`, the information field of a PPP frame or the value of an EAP-Message. Slices
 * borrow from it. ERR_TRUNCATED, ERR_LENGTH, or ERR_UNKNOWN for another code; `ret_pkt` is then untouched. */
int eap_pkt_parse(struct rd *in, struct eap_pkt *ret_pkt) MUST_CHECK;

/* Writes one packet (`whole` is ignored); the writer goes bad if it does not fit. */
void eap_pkt_put(struct wr *w, const struct eap_pkt *pkt);

/* EAP-MSCHAPv2. OpCodes are CHAP's codes. */
enum eap_mschap_op {
    EAP_MSCHAP_CHALLENGE = 1,
    EAP_MSCHAP_RESPONSE = 2,
    EAP_MSCHAP_SUCCESS = 3,
    EAP_MSCHAP_FAILURE = 4,
    EAP_MSCHAP_CHANGE_PASSWORD = 7,
};

struct eap_mschap {
    uint8_t op;         /* enum eap_mschap_op */
    uint8_t ms_id;      /* MS-CHAPv2-ID; absent (0) from Success and Failure Responses */
    struct slice value; /* Challenge: 16 bytes; Response: 49 bytes */
    struct slice name;  /* Challenge, Response */
    struct slice text;  /* Success and Failure Request: message; Change-Password: the rest */
};

/* Reads the type-data of an EAP packet of type 26. Which OpCodes exist, and how long they are, depends on the
 * direction: `eap_code` is EAP_REQUEST or EAP_RESPONSE. ERR_TRUNCATED, ERR_LENGTH, ERR_TRAILING, or ERR_UNKNOWN for an
 * OpCode that does not exist in this direction; `ret` is then untouched. */
int eap_mschap_parse(struct slice data, uint8_t eap_code, struct eap_mschap *ret) MUST_CHECK;

/* Writes a whole EAP packet of type 26. */
void eap_mschap_put(struct wr *w, uint8_t eap_code, uint8_t eap_id, const struct eap_mschap *m);

#endif

/* SSTP control packets: the nine messages and four attributes of [MS-SSTP] 2.2.2 to 2.2.15.
 *
 * Bytes into a struct and back, for both roles; nothing is decided here. The decoder has two kinds of
 * "wrong": a packet whose structure does not add up is refused whole (the caller aborts the call); a
 * packet that is well built but has attributes it should not have, or in the wrong shape, decodes, and the
 * struct lists the faults with what the peer proposed, because the server answers a faulty Call Connect
 * Request with a list of them ([MS-SSTP] 3.3.5.2.2). Reserved bits are ignored where the text says so. */
#ifndef ADIT_WIRE_SSTP_MSG_H
#define ADIT_WIRE_SSTP_MSG_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

/* [MS-SSTP] 2.2.2. */
enum sstp_type {
    SSTP_CALL_CONNECT_REQUEST = 1,
    SSTP_CALL_CONNECT_ACK,
    SSTP_CALL_CONNECT_NAK,
    SSTP_CALL_CONNECTED,
    SSTP_CALL_ABORT,
    SSTP_CALL_DISCONNECT,
    SSTP_CALL_DISCONNECT_ACK,
    SSTP_ECHO_REQUEST,
    SSTP_ECHO_RESPONSE,
    SSTP_TYPES, /* one past the last */
};

/* [MS-SSTP] 2.2.4. */
enum sstp_attrib {
    SSTP_ATTRIB_NO_ERROR, /* only inside Status Info */
    SSTP_ATTRIB_ENCAPSULATED_PROTOCOL_ID,
    SSTP_ATTRIB_STATUS_INFO,
    SSTP_ATTRIB_CRYPTO_BINDING,
    SSTP_ATTRIB_CRYPTO_BINDING_REQ,
};

/* [MS-SSTP] 2.2.8, ATTRIB_STATUS_*. */
enum sstp_status {
    SSTP_STATUS_NO_ERROR,
    SSTP_STATUS_DUPLICATE_ATTRIBUTE,
    SSTP_STATUS_UNRECOGNIZED_ATTRIBUTE,
    SSTP_STATUS_INVALID_ATTRIB_VALUE_LENGTH,
    SSTP_STATUS_VALUE_NOT_SUPPORTED,
    SSTP_STATUS_UNACCEPTED_FRAME_RECEIVED,
    SSTP_STATUS_RETRY_COUNT_EXCEEDED,
    SSTP_STATUS_INVALID_FRAME_RECEIVED,
    SSTP_STATUS_NEGOTIATION_TIMEOUT,
    SSTP_STATUS_ATTRIB_NOT_SUPPORTED_IN_MSG,
    SSTP_STATUS_REQUIRED_ATTRIBUTE_MISSING,
    SSTP_STATUS_STATUS_INFO_NOT_SUPPORTED_IN_MSG,
};

enum {
    SSTP_PROTOCOL_PPP = 1,
    SSTP_NONCE = 32,
    SSTP_HASH_SLOT = 32,      /* a SHA-1 value fills 20 bytes of it, the other 12 are zero */
    SSTP_VALUE_MAX = 64,      /* bytes of a rejected value that a Status Info repeats */
    SSTP_STATUS_MAX = 8,      /* Status Infos, and faults, kept of one message; what exceeds is left out */
    SSTP_CONNECTED_LEN = 112, /* the whole Call Connected message */
    SSTP_CONNECTED_MAC_AT = 80,
    SSTP_MSG_MAX = 8 + SSTP_STATUS_MAX * (12 + SSTP_VALUE_MAX), /* the largest message the encoder makes */
};

/* One Status Info attribute; also how the decoder lists a fault. */
struct sstp_status_info {
    uint8_t attrib;     /* enum sstp_attrib, or an id nobody knows */
    uint32_t status;    /* enum sstp_status, or a number nobody knows */
    struct slice value; /* what was proposed; at most SSTP_VALUE_MAX bytes */
};

struct sstp_msg {
    enum sstp_type type;

    bool has_protocol; /* Call Connect Request */
    uint16_t protocol;

    bool has_binding_req; /* Call Connect Ack */
    uint8_t hash_mask;    /* bit 0 SHA-1, bit 1 SHA-256, others unknown */

    bool has_binding;                  /* Call Connected */
    uint8_t hash;                      /* 1 SHA-1, 2 SHA-256, others unknown */
    uint8_t cert_hash[SSTP_HASH_SLOT]; /* the whole slot, padding as received */
    uint8_t mac[SSTP_HASH_SLOT];

    uint8_t nonce[SSTP_NONCE]; /* Ack and Connected */

    /* Nak, Abort, Disconnect: the reasons. Values are borrowed from the packet. */
    unsigned n_status;
    struct sstp_status_info status[SSTP_STATUS_MAX];

    /* Decoder only, in the order of the packet: attributes that are unknown (UNRECOGNIZED_ATTRIBUTE, no value),
     * repeated (DUPLICATE_ATTRIBUTE), of a wrong length (INVALID_ATTRIB_VALUE_LENGTH), or known but out of place in
     * this message (ATTRIB_NOT_SUPPORTED_IN_MSG). A Status Info that is out of place and reports "no error" is
     * ignored. */
    unsigned n_faults;
    struct sstp_status_info faults[SSTP_STATUS_MAX];
};

/* Decodes the payload of a control packet (what follows the four header bytes). Returns 0, or
 *   ERR_UNKNOWN   a message type that is not defined;
 *   ERR_TRUNCATED, ERR_LENGTH  attribute lengths do not fit into the packet, or are smaller than their header;
 *   ERR_TRAILING  bytes left over after the attributes that the packet counts.
 * Slices in *ret_msg borrow from the payload. *ret_msg is untouched on failure. */
int sstp_msg_decode(struct slice payload, struct sstp_msg *ret_msg) MUST_CHECK;

/* Appends the whole packet, header included. What the type calls for is written if its has_… is set; status[] is
 * written for Nak, Abort and Disconnect; faults never. The writer is bad if it does not fit. */
void sstp_msg_encode(struct wr *w, const struct sstp_msg *m);

/* An English name for logs and tests: "Call Connect Request"; "?" for a number not in the list. */
const char *sstp_type_name(unsigned type);

#endif

/* Packets of PPP control protocols: code, identifier, length, data (RFC 1661 5; RFC 1570 for LCP's 12 and 13).
 *
 * Bytes and structs only: what a code means for a protocol is decided in ppp/. */
#ifndef ADIT_WIRE_CP_PKT_H
#define ADIT_WIRE_CP_PKT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

enum cp_code {
    CP_CONF_REQ = 1,
    CP_CONF_ACK = 2,
    CP_CONF_NAK = 3,
    CP_CONF_REJ = 4,
    CP_TERM_REQ = 5,
    CP_TERM_ACK = 6,
    CP_CODE_REJ = 7,
    LCP_PROTO_REJ = 8,
    LCP_ECHO_REQ = 9,
    LCP_ECHO_REPLY = 10,
    LCP_DISCARD_REQ = 11,
    LCP_IDENTIFICATION = 12,
    LCP_TIME_REMAINING = 13,
};

enum { CP_PKT_HEAD = 4 };

struct cp_pkt {
    uint8_t code; /* any value: unknown ones are answered with Code-Reject */
    uint8_t id;
    struct slice data;
};

/* Reads one packet; what follows Length is padding and dropped (RFC 1661 5). ERR_TRUNCATED or ERR_LENGTH;
 * *ret_p untouched on failure. Takes all of `in`. */
int cp_pkt_decode(struct rd *in, struct cp_pkt *ret_p) MUST_CHECK;
void cp_pkt_encode(struct wr *w, const struct cp_pkt *p);

/* The data of Protocol-Reject (RFC 1661 5.7). */
struct cp_proto_rej {
    uint16_t proto;
    struct slice info;
};
int cp_proto_rej_decode(struct slice data, struct cp_proto_rej *ret_r) MUST_CHECK;

/* The data of Echo-Request, Echo-Reply, Discard-Request, Identification: magic number and the rest
 * (RFC 1661 5.8, 5.9; RFC 1570 2.1). */
struct cp_magic {
    uint32_t magic;
    struct slice rest;
};
int cp_magic_decode(struct slice data, struct cp_magic *ret_m) MUST_CHECK;

/* [CAP]: the data of a Terminate-Request of Microsoft's: magic number, 00 3c cd 74, RAS error number (0: the user
 * hung up). ERR_UNKNOWN: some other data. */
enum { CP_TERM_MS_MARK = 0x003ccd74, CP_TERM_MS_LEN = 12 };
struct cp_term_ms {
    uint32_t magic;
    uint32_t ras_error;
};
int cp_term_ms_decode(struct slice data, struct cp_term_ms *ret_t) MUST_CHECK;
void cp_term_ms_encode(struct wr *w, const struct cp_term_ms *t);

#endif
